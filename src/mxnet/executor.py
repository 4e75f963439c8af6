"""`Executor`: a graph bound to arrays, run again and again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch

from mxnet import autograd
from mxnet.base import MXNetError, listed
from mxnet.device import Device
from mxnet.ndarray._array import Array, as_device, place, read, wrap
from mxnet.ndarray.ndarray import NDArray
from mxnet.numpy.multiarray import ndarray
from mxnet.symbol._evaluate import Monitor, compute, evaluate
from mxnet.symbol._executor_arguments import (
    Given,
    Requests,
    check_resized,
    in_order,
    of_outputs,
    requests_of,
    resized,
    zeros_for,
)
from mxnet.symbol._graph import Entry, Node
from mxnet.symbol._infer import infer_shape, infer_types
from mxnet.symbol._known import arguments_and_states, types_given

__all__ = ["Executor", "bind", "evaluate", "simple_bind"]


class Executor:
    """A graph and the arrays it runs on: arguments, their gradients, and auxiliary states.

    Arrays that are given share their memory with the executor's own where they are on its device.

    Parameters
    ----------
    sym : Symbol
    device : Device or None
        None is the current device.
    args : list or dict of str to NDArray
        The arguments, in the order of `Symbol.list_arguments` or by name; names the graph does not have are left
        out, and `forward` may bring arguments that are missing.
    args_grad : list or dict of str to NDArray, optional
        Where gradients are written; arguments without one get none.
    grad_req : str, list or dict of str to str
        ``'write'``, ``'add'`` or ``'null'``, for all arguments or for each.
    aux_states : list or dict of str to NDArray, optional
    static_alloc : bool, optional
        Accepted as in MXNet; not used.

    Raises
    ------
    ValueError
        If lists are not as long as the arguments are many, a request is none, or a gradient has another shape.
    TypeError
        If something else is given than arrays in a list or dict.

    Examples
    --------
    >>> y = mx.sym.var("a") * mx.sym.var("b")
    >>> executor = y.simple_bind(mx.cpu(), a=(2,), b=(2,))
    >>> executor.forward(is_train=True, a=mx.nd.array([1, 2]), b=mx.nd.array([3, 4]))[0].asnumpy()
    array([3., 8.], dtype=float32)
    >>> executor.backward(mx.nd.ones(2))
    >>> executor.grad_dict["a"].asnumpy()
    array([3., 4.], dtype=float32)
    """

    def __init__(
        self,
        sym: Any,
        device: Device | None,
        args: Given,
        args_grad: Given,
        grad_req: Requests,
        aux_states: Given = None,
        static_alloc: bool = False,
    ) -> None:
        self._symbol = sym
        self._entries: list[Entry] = sym._entries
        self._device = as_device(device)
        self._class = ndarray if _is_numpy(sym) else NDArray
        self._arguments, self._states = arguments_and_states(self._entries)
        self._monitor: Monitor | None = None
        self._arrays: dict[int, Any] = {}
        self.outputs: list[Any] | None = None
        """The results of the last `forward`; None before."""
        names = [node.name for node in self._arguments]
        self._requests = dict(zip(map(id, self._arguments), requests_of(grad_req, names), strict=True))
        arguments = in_order(args, names, "args")
        states = in_order(aux_states, [node.name for node in self._states], "aux_states")
        gradients = in_order(args_grad, names, "args_grad")
        self._buffers = dict(zip(map(id, self._arguments), gradients, strict=True))
        self._by_name: dict[str, list[Node]] = {}
        for node, array in zip(self._arguments + self._states, arguments + states, strict=True):
            self._by_name.setdefault(node.name, []).append(node)
            if array is not None:
                self._place(node, array)

    def _place(self, node: Node, array: Array) -> None:
        """Take an array for a variable, and ask for its gradient where that is wanted."""
        where, tag = place(self._device)
        mine = wrap(self._class, read(array, recording=False).to(where), tag)
        self._arrays[id(node)] = mine
        buffer = self._buffers.get(id(node))
        if buffer is None or self._requests[id(node)] == "null":
            return
        if buffer.shape != mine.shape:
            raise ValueError(f"args_grad: {node.name!r} has shape {mine.shape}, its gradient {buffer.shape}")
        mine._set_mark(self._requests[id(node)], buffer)

    @property
    def _has_gradients(self) -> bool:
        return any(array._mark is not None for array in self._arrays.values())

    def forward(self, is_train: bool = False, **kwargs: Any) -> list[Any]:
        """Compute the outputs.

        Parameters
        ----------
        is_train : bool, default False
            Whether operators behave as in training. Without it, labels need no values.
        **kwargs : NDArray or numpy.ndarray
            Values to write to arguments and auxiliary states first.

        Raises
        ------
        TypeError
            For a name the graph does not have.
        ValueError
            For a value that is no array or has another shape, or if an argument has no value.
        """
        for name, value in kwargs.items():
            self._write(name, value)
        scope = autograd.record(bool(is_train)) if self._has_gradients else autograd.pause(bool(is_train))
        with scope:
            self.outputs = compute(self._entries, self._arrays, self._device, self._class, self._monitor)
        return self.outputs

    def _write(self, name: str, value: Any) -> None:
        nodes = self._by_name.get(name)
        if nodes is None:
            raise TypeError(f"there is no argument {name!r}; the arguments are {listed(self._by_name)}")
        if not isinstance(value, (Array, np.ndarray)):
            raise ValueError(f"argument {name!r} takes an NDArray or numpy.ndarray, not {type(value).__name__}")
        tensor = read(value, recording=False) if isinstance(value, Array) else torch.from_numpy(np.array(value))
        for node in nodes:
            array = self._arrays.get(id(node))
            if array is None:
                self._place(node, wrap(self._class, tensor.clone()))
            elif array.shape != tuple(tensor.shape):
                raise ValueError(f"argument {name!r} has shape {array.shape}, not {tuple(tensor.shape)}")
            else:
                array._data.copy_(tensor)

    def backward(self, out_grads: Any = None, is_train: bool = True) -> None:
        """Compute the gradients of the arguments; does nothing if none is asked for.

        Parameters
        ----------
        out_grads : NDArray, or list or dict of str to NDArray, optional
            The gradient with regard to each output, in their order or by name; default ones. Outputs that are
            losses, such as ``SoftmaxOutput``, need none.
        is_train : bool, default True
            Accepted as in MXNet; the mode of the forward pass decides.

        Raises
        ------
        AssertionError
            If there are not as many gradients as outputs.
        KeyError
            If one is missing among those given by name.
        TypeError
            If one is no array.
        MXNetError
            If one has another shape than its output, the pass was gone back already, or leads to no argument.
        """
        if not self._has_gradients:
            return
        if self.outputs is None:
            self.forward(is_train)
        gradients = self._head_gradients(out_grads)
        # An output that depends on no argument with a gradient has nothing to give.
        pairs = [pair for pair in zip(self.outputs, gradients, strict=True) if _is_recorded(pair[0])]
        if not pairs:
            raise MXNetError(
                "there is nothing to go back through: call forward before every backward; arguments of integer types "
                "have no gradients"
            )
        autograd.backward([output for output, _ in pairs], [gradient for _, gradient in pairs])

    def _head_gradients(self, given: Any) -> list[Any]:
        arrays = of_outputs(given, self._symbol.list_outputs())
        where, tag = place(self._device)
        return [None if array is None else wrap(self._class, read(array).to(where), tag) for array in arrays]

    @property
    def arg_arrays(self) -> list[Any]:
        """The arguments, in the order of `Symbol.list_arguments`."""
        return [self._arrays.get(id(node)) for node in self._arguments]

    @property
    def grad_arrays(self) -> list[Any]:
        """The gradient of each argument; None for those without."""
        wanted = [node for node in self._arguments if self._requests[id(node)] != "null"]
        found = {id(node): self._buffers[id(node)] for node in wanted}
        return [found.get(id(node)) for node in self._arguments]

    @property
    def aux_arrays(self) -> list[Any]:
        """The auxiliary states, in the order of `Symbol.list_auxiliary_states`."""
        return [self._arrays.get(id(node)) for node in self._states]

    @property
    def arg_dict(self) -> dict[str, Any]:
        """The arguments by name."""
        return dict(zip([node.name for node in self._arguments], self.arg_arrays, strict=True))

    @property
    def grad_dict(self) -> dict[str, Any]:
        """The gradient of each argument by its name; None for those without."""
        return dict(zip([node.name for node in self._arguments], self.grad_arrays, strict=True))

    @property
    def aux_dict(self) -> dict[str, Any]:
        """The auxiliary states by name."""
        return dict(zip([node.name for node in self._states], self.aux_arrays, strict=True))

    @property
    def output_dict(self) -> dict[str, Any]:
        """The outputs of the last `forward` by name."""
        return dict(zip(self._symbol.list_outputs(), self.outputs or [], strict=False))

    def copy_params_from(
        self,
        arg_params: Mapping[str, Array],
        aux_params: Mapping[str, Array] | None = None,
        allow_extra_params: bool = False,
    ) -> None:
        """Write values to arguments and auxiliary states.

        Raises
        ------
        ValueError
            For a name the graph does not have, unless `allow_extra_params`.
        TypeError
            If a value is no array.
        MXNetError
            If a shape differs.
        """
        pairs = []
        for given, mine, what in (
            (arg_params, self.arg_dict, "arguments"),
            (aux_params or {}, self.aux_dict, "auxiliary states"),
        ):
            for name, array in given.items():
                if name in mine:
                    pairs.append((name, mine[name], array))
                elif not allow_extra_params:
                    raise ValueError(f"{name!r} is not among the {what}: {listed(mine)}")
        for name, mine, array in pairs:
            if not isinstance(array, Array):
                raise TypeError(f"{name!r} must be an array, not {type(array).__name__}")
            if mine.shape != array.shape:
                raise MXNetError(f"{name!r} has shape {mine.shape}, the array given for it {array.shape}")
        for _, mine, array in pairs:
            mine._data.copy_(read(array, recording=False))

    def reshape(
        self, partial_shaping: bool = False, allow_up_sizing: bool = False, **kwargs: tuple[int, ...]
    ) -> Executor:
        """An executor of the same graph for other shapes; it shares the memory of this one's arrays.

        Parameters
        ----------
        partial_shaping : bool, default False
            Whether arguments that are not named may change their shape.
        allow_up_sizing : bool, default False
            Whether arguments may take more memory than they have; such ones are made anew, of zeros.
        **kwargs : tuple of int
            Shapes by name.

        Raises
        ------
        MXNetError
            If shapes contradict each other, or change in a way that is not allowed.
        """
        shapes = self._new_shapes(kwargs)
        for node in self._arguments + self._states:
            array = self._arrays.get(id(node))
            may_change = partial_shaping or node.name in kwargs
            check_resized(node.name, array, shapes[id(node)], may_change, allow_up_sizing)
        arguments, states = (
            [resized(self._arrays.get(id(node)), shapes[id(node)]) for node in nodes]
            for nodes in (self._arguments, self._states)
        )
        gradients = [resized(self._buffers[id(node)], shapes[id(node)]) for node in self._arguments]
        new = Executor(self._symbol, self._device, arguments, gradients, list(self._requests.values()), states)
        new._monitor = self._monitor
        return new

    def _new_shapes(self, given: Mapping[str, tuple[int, ...]]) -> dict[int, tuple[int, ...]]:
        """The shapes of all variables by the `id`s of their nodes; what does not follow from those given stays."""
        arguments, _, states = infer_shape(self._entries, given, partial=True)
        found = dict(zip(map(id, self._arguments + self._states), arguments + states, strict=True))
        for key, array in self._arrays.items():
            if not found[key] or min(found[key]) < 1:
                found[key] = array.shape
        return found

    def set_monitor_callback(self, callback: Callable[[str, Any], Any], monitor_all: bool = False) -> None:
        """Let ``callback(name, array)`` be called with each operator's results as `forward` runs.

        Parameters
        ----------
        callback : callable
        monitor_all : bool, default False
            Whether it is called with inputs too.

        Raises
        ------
        TypeError
            If `callback` cannot be called.
        """
        if not callable(callback):
            raise TypeError(f"a monitor is a function of a name and an array, not {type(callback).__name__}")
        self._monitor = Monitor(callback, monitor_all)


def bind(
    symbol: Any,
    device: Device | None,
    args: Given,
    args_grad: Given = None,
    grad_req: Requests = "write",
    aux_states: Given = None,
) -> Executor:
    """An `Executor` of `symbol` on given arrays; parameters are those of `Executor`."""
    return Executor(symbol, device, args, args_grad, grad_req, aux_states)


def simple_bind(
    symbol: Any,
    device: Device | None,
    grad_req: Requests = "write",
    type_dict: Mapping[str, Any] | None = None,
    stype_dict: Mapping[str, str] | None = None,
    **shapes: tuple[int, ...],
) -> Executor:
    """An `Executor` of `symbol` on arrays of zeros, made for given shapes of some arguments.

    Parameters
    ----------
    symbol : Symbol
    device : Device or None
    grad_req : str, list or dict of str to str
        As of `Executor`; gradients are made where they are asked for.
    type_dict : dict of str to type, optional
        Types by name; others follow, or are float32.
    stype_dict : dict of str to str, optional
        Storage types by name: all are ``'default'``.
    **shapes : tuple of int
        By name.

    Raises
    ------
    MXNetError
        If not all shapes follow, or shapes or types contradict each other, or a storage type is sparse.
    """
    entries = symbol._entries
    arguments, states = arguments_and_states(entries)
    argument_shapes, _, state_shapes = infer_shape(entries, shapes, partial=True)
    argument_types, _, state_types = infer_types(entries, types_given(entries, (), type_dict or {}), partial=True)
    requests = requests_of(grad_req, [node.name for node in arguments])
    made = []
    for node, shape, dtype in zip(
        arguments + states, argument_shapes + state_shapes, argument_types + state_types, strict=True
    ):
        made.append(zeros_for(node.name, shape, dtype, device).tostype((stype_dict or {}).get(node.name, "default")))
    count = len(arguments)
    gradients = [None if request == "null" else array.copy() for request, array in zip(requests, made, strict=False)]
    return Executor(symbol, device, made[:count], gradients, requests, made[count:])


def _is_recorded(array: Array) -> bool:
    return read(array, recording=True).requires_grad or array._dead_ends is not None


def _is_numpy(symbol: Any) -> bool:
    """Whether a symbol's results are NumPy's arrays: it was composed by `mx.sym.np`."""
    from mxnet.symbol.numpy import _Symbol

    return isinstance(symbol, _Symbol)
