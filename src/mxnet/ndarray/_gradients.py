"""Where gradients go: the mark of an array that asks for one, and what lies beyond the ends of torch's graph.

torch's graph ends at an operator without a derivative (a comparison, an index, `stop_gradient`); MXNet's goes on, and
what lies beyond gets gradients of zero. So an array made there keeps its dead ends, the nodes at which torch's
graph ended, and whatever is computed from it keeps them too, until a backward pass asks.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

import torch

if TYPE_CHECKING:
    from mxnet.ndarray._array import Array

__all__ = ["Mark", "clock", "dead_ends_of", "deliveries_beyond", "graph_is_gone", "node_of", "nodes_beyond"]

DeadEnds = frozenset[Any]

clock = itertools.count()
"""Tells which gradients came after which moment; passes run in several threads."""


class _Delivery:
    """What brings a gradient into its buffer.

    It does not know the leaf: torch keeps a leaf's hook where Python's garbage collector cannot see it, so a way from
    the hook back to the leaf would keep both, and their memory, for good.
    """

    __slots__ = ("__weakref__", "_as_array", "_memory", "_owned", "buffer", "fresh", "listener", "request", "time")

    def __init__(self, as_array: partial[Array], buffer: Array | None, request: str) -> None:
        self._as_array = as_array
        self._owned = buffer is None  # its tensor is exchanged for the new gradient instead of being written
        self._memory = 0
        self.buffer = buffer
        self.request = request
        self.fresh = False
        self.listener: Callable[[torch.Tensor], None] | None = None
        self.time = -1  # by `clock`, when a gradient last came

    def from_leaf(self, leaf: torch.Tensor) -> None:
        gradient, leaf.grad = leaf.grad.detach(), None
        self._deliver(gradient)

    def copy(self, gradient: torch.Tensor) -> None:
        self._deliver(gradient.detach().clone())

    def buffer_like(self, data: torch.Tensor) -> Array:
        """The buffer, made of zeros in the form of `data` if there is none yet."""
        if self.buffer is None:
            self.buffer = self._as_array(torch.zeros_like(data, requires_grad=False))
        return self.buffer

    def deliver_zero(self) -> None:
        self._note()
        if self.request != "add" and self.buffer is not None:
            self.buffer._data.zero_()

    def _deliver(self, gradient: torch.Tensor) -> None:
        self._note()
        if self.buffer is None:
            self.buffer = self._as_array(self._unshared(gradient))
        elif self.request == "add":
            self.buffer._data.add_(gradient)
        elif self._owned:
            self.buffer._data = self._unshared(gradient)
        else:
            self.buffer._data.copy_(gradient)
        if self.listener is not None:
            self.listener(self.buffer._data)

    def _note(self) -> None:
        self.fresh = True
        self.time = next(clock)

    def _unshared(self, gradient: torch.Tensor) -> torch.Tensor:
        """`gradient`, or a copy where another buffer has its memory: torch gives two leaves views of one gradient."""
        if _holders.get(self._memory) is self:
            del _holders[self._memory]
        self._memory = gradient.untyped_storage().data_ptr()
        if self._memory in _holders:
            return gradient.clone()
        _holders[self._memory] = self
        return gradient


_holders: WeakValueDictionary[int, _Delivery] = WeakValueDictionary()  # by the address of the memory they hold


class Mark:
    """Where the gradient of one array goes.

    Attributes
    ----------
    leaf : torch.Tensor or None
        The array's memory as a leaf of torch's graph; None for an array in the middle of a graph, and for
        types that have no gradient.
    buffer : Array
        What ``array.grad`` returns; it takes memory once it is asked for or a gradient comes.
    fresh : bool
        Whether a gradient has come since the array was last updated; a Trainer sets it back.

    Parameters
    ----------
    as_array : callable
        Makes an array of the class and on the device of the marked one.
    data : torch.Tensor
        The marked array's values.
    request : str
        ``'write'``, ``'add'`` or ``'null'``.
    buffer : Array, optional
        Gradients are written to it, instead of to a buffer of the mark's own.
    """

    __slots__ = ("_delivery", "_hook", "leaf")

    def __init__(self, as_array: partial[Array], data: torch.Tensor, request: str, buffer: Array | None) -> None:
        self._delivery = delivery = _Delivery(as_array, buffer, request)
        self._hook: Any = None
        self.leaf: torch.Tensor | None = None
        if request == "null" or not data.dtype.is_floating_point:
            delivery.buffer_like(data)
        elif data.requires_grad:
            delivery.buffer_like(data)
            self._hook = data.register_hook(delivery.copy)
        else:
            self.leaf = data.detach().requires_grad_()
            self.leaf._delivery = delivery  # how a leaf that is met in the graph tells where its gradient goes
            self._hook = self.leaf.register_post_accumulate_grad_hook(delivery.from_leaf)

    @property
    def buffer(self) -> Array:
        return self._delivery.buffer_like(self.leaf)

    @property
    def fresh(self) -> bool:
        return self._delivery.fresh

    @fresh.setter
    def fresh(self, fresh: bool) -> None:
        self._delivery.fresh = fresh

    def tell(self, listener: Callable[[torch.Tensor], None]) -> None:
        """Call ``listener(gradient)`` whenever a backward pass has delivered one, and no other listener any more.

        The listener must know neither the array nor what knows it: see `_Delivery`.
        """
        self._delivery.listener = listener

    @property
    def gradient(self) -> torch.Tensor | None:
        """The tensor of the buffer, if it has taken memory."""
        buffer = self._delivery.buffer
        return None if buffer is None else buffer._data

    def release(self) -> None:
        """Stop the delivery of gradients."""
        if self._hook is not None:
            self._hook.remove()


def node_of(tensor: torch.Tensor) -> Any:
    """The node of torch's graph that a tensor comes from, or for a leaf the one that takes its gradient."""
    return tensor.grad_fn or torch.autograd.graph.get_gradient_edge(tensor).node


def dead_ends_of(result: torch.Tensor, inputs: Iterable[Any], known: DeadEnds | None) -> DeadEnds | None:
    """The dead ends of an operator's result: those of its inputs, and the inputs themselves if it has no derivative."""
    if result.requires_grad:
        return known
    ends = [node_of(value) for value in inputs if isinstance(value, torch.Tensor) and value.requires_grad]
    return frozenset(ends).union(known or ()) or None


def nodes_beyond(dead_ends: Iterable[Any]) -> Iterator[Any]:
    """Every node from the dead ends downwards."""
    pending, seen = [*dead_ends], set()
    while pending:
        node = pending.pop()
        if node is not None and node not in seen:
            seen.add(node)
            pending.extend(below for below, _ in node.next_functions)
            yield node


def deliveries_beyond(dead_ends: Iterable[Any]) -> Iterator[_Delivery]:
    """The deliveries of the marked arrays that lie beyond the dead ends."""
    for node in nodes_beyond(dead_ends):
        delivery = getattr(getattr(node, "variable", None), "_delivery", None)
        if delivery is not None:
            yield delivery


def graph_is_gone(node: Any) -> bool:
    """Whether a backward pass has freed the graph at `node`.

    A pass that frees a node frees all below it, so the first node that keeps tensors tells.
    """
    for each in nodes_beyond([node]):
        for name in dir(each):
            if not name.startswith(("_saved_", "saved_tensors")):
                continue
            try:
                value = getattr(each, name)
            except RuntimeError:
                return True
            if isinstance(value, torch.Tensor) or (name == "saved_tensors" and value):
                return False
    return False
