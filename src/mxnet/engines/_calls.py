"""What an operator's body asks torch to do for given shapes, types and attributes: the list of its calls.

A body checks its inputs and works out its arguments before it calls torch, at a cost that a graph run many times
need not pay again and again. So it is run once on tensors without values while every torch function it calls is
written down. A body whose way may hang on more than shapes and types (on devices, memory layout, random
generators, gradients of its own) is left to be called whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import torch
from torch.overrides import TorchFunctionMode

from mxnet.operators._forms import result_of

__all__ = ["Call", "calls_of", "writes"]

Tensor = torch.Tensor

_GETTERS = frozenset(("shape", "dtype", "ndim", "requires_grad", "is_leaf", "grad_fn", "itemsize", "names"))
_QUESTIONS = frozenset(("stride", "is_contiguous", "data_ptr", "untyped_storage", "storage_offset", "storage", "item"))
_CONSTANTS = (
    bool,
    int,
    float,
    complex,
    str,
    type(None),
    type(Ellipsis),
    torch.dtype,
    torch.memory_format,
    torch.layout,
)


class Call(NamedTuple):
    """One call of a torch function."""

    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    result: Any

    @property
    def name(self) -> str:
        return getattr(self.function, "__name__", "")

    @property
    def is_method(self) -> bool:
        """Whether it is a method of tensors."""
        return getattr(Tensor, self.name, None) is self.function


class _Recorder(TorchFunctionMode):
    def __init__(self) -> None:
        super().__init__()
        self.calls: list[Call] = []
        self.opaque = False

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        result = result_of(func, args, kwargs)
        name = getattr(func, "__name__", "")
        if name == "__get__":
            self.opaque |= func.__self__.__name__ not in _GETTERS
        elif name in _QUESTIONS:
            self.opaque = True
        elif result is None or any(True for _ in _tensors(result)):
            self.calls.append(Call(func, args, kwargs, result))
        return result


def calls_of(
    body: Callable[..., Any], inputs: Sequence[Any], attributes: dict[str, Any]
) -> tuple[Any, list[Call] | None]:
    """The result of a body for tensors without values, and its torch calls; None if it must be called whole."""
    with _Recorder() as recorder:
        result = body(*inputs, **attributes)
    if recorder.opaque or not all(_is_plain(call) for call in recorder.calls) or _has_own_gradient(result, inputs):
        return result, None
    return result, recorder.calls


def writes(call: Call) -> bool:
    """Whether a call writes to a tensor it is given."""
    in_place = call.name.endswith("_") and not call.name.endswith("__")
    return in_place or call.name.startswith("__i") or call.result is None or "out" in call.kwargs


def _tensors(value: Any) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, (tuple, list)):
        for item in value:
            yield from _tensors(item)


def _is_plain(call: Call) -> bool:
    """Whether tensors, numbers and the like are all that a call is given."""
    return all(_is_argument(value) for value in (*call.args, *call.kwargs.values()))


def _is_argument(value: Any) -> bool:
    if isinstance(value, (tuple, list)):
        return all(_is_argument(item) for item in value)
    if isinstance(value, slice):
        return all(_is_argument(bound) for bound in (value.start, value.stop, value.step))
    return isinstance(value, (Tensor, *_CONSTANTS))


def _has_own_gradient(result: Any, inputs: Sequence[Any]) -> bool:
    """Whether a `torch.autograd.Function` lies between the inputs and the result: its calls are not the whole of it."""
    below = {value.grad_fn for value in inputs if isinstance(value, Tensor)}
    pending = [tensor.grad_fn for tensor in _tensors(result)]
    seen = set()
    while pending:
        node = pending.pop()
        if node is None or node in below or node in seen:
            continue
        if isinstance(node, torch.autograd.function.BackwardCFunction):
            return True
        seen.add(node)
        pending.extend(next_node for next_node, _ in node.next_functions)
    return False
