"""A symbol and its values: shapes and types that follow from those of the inputs, and running it."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mxnet.base import MXNetError
from mxnet.device import Device
from mxnet.symbol._graph import Entry
from mxnet.symbol._infer import infer_shape, infer_types
from mxnet.symbol._known import shapes_given, types_given

if TYPE_CHECKING:
    import torch

__all__ = ["Bound"]

Inferred = tuple[list[Any] | None, list[Any] | None, list[Any] | None]


class Bound:
    """What a symbol can tell, or compute, from its inputs."""

    __slots__ = ()

    _entries: list[Entry]

    def infer_shape(self, *args: tuple[int, ...] | None, **kwargs: tuple[int, ...]) -> Inferred:
        """The shapes of arguments, outputs and auxiliary states, from some of the arguments' shapes.

        Parameters
        ----------
        *args : tuple of int or None
            In the order of `list_arguments`.
        **kwargs : tuple of int
            Or by name.

        Returns
        -------
        (argument shapes, output shapes, auxiliary shapes), each None, with a warning, if not all can be told.

        Raises
        ------
        MXNetError
            If shapes contradict each other, or there is no variable of a name.
        ValueError
            If shapes are given both ways.
        TypeError
            If one is not a tuple.

        Examples
        --------
        >>> y = mx.sym.FullyConnected(mx.sym.var("x"), num_hidden=3, name="fc")
        >>> y.infer_shape(x=(2, 4))
        ([(2, 4), (3, 4), (3,)], [(2, 3)], [])
        """
        return self._infer_shape(args, kwargs, partial=False)

    def infer_shape_partial(self, *args: tuple[int, ...] | None, **kwargs: tuple[int, ...]) -> Inferred:
        """As `infer_shape`, with what can be told; None for a shape of which nothing is known."""
        return self._infer_shape(args, kwargs, partial=True)

    def infer_type(self, *args: Any, **kwargs: Any) -> Inferred:
        """The types of arguments, outputs and auxiliary states, from some of the arguments' types.

        Parameters and results as those of `infer_shape`, with NumPy types in the place of shapes.

        Examples
        --------
        >>> y = mx.sym.exp(mx.sym.var("x"))
        >>> y.infer_type(x="float16")
        ([<class 'numpy.float16'>], [<class 'numpy.float16'>], [])
        """
        return self._infer_type(args, kwargs, partial=False)

    def infer_type_partial(self, *args: Any, **kwargs: Any) -> Inferred:
        """As `infer_type`, with what can be told; None for the others."""
        return self._infer_type(args, kwargs, partial=True)

    def _infer_shape(self, args: Sequence[Any], kwargs: Mapping[str, Any], partial: bool) -> Inferred:
        return infer_shape(self._entries, shapes_given(self._entries, args, kwargs), partial)

    def _infer_type(self, args: Sequence[Any], kwargs: Mapping[str, Any], partial: bool) -> Inferred:
        return infer_types(self._entries, types_given(self._entries, args, kwargs), partial)

    def bind(
        self,
        ctx: Device | None,
        args: Any,
        args_grad: Any = None,
        grad_req: Any = "write",
        aux_states: Any = None,
        group2ctx: Any = None,
        shared_exec: Any = None,
    ) -> Any:
        """An `Executor` that runs this symbol on given arrays.

        Parameters
        ----------
        ctx : Device
        args : list of NDArray or dict of str to NDArray
            The arguments, in the order of `list_arguments` or by name.
        args_grad : list or dict, optional
            Where their gradients go.
        grad_req : str, list or dict
            ``'write'``, ``'add'`` or ``'null'``, for all or for each.
        aux_states : list or dict, optional
        group2ctx, shared_exec : optional
            Accepted as in MXNet; not used.
        """
        from mxnet import executor

        return executor.bind(self, ctx, args, args_grad, grad_req, aux_states)

    def simple_bind(
        self,
        ctx: Device | None,
        grad_req: Any = "write",
        type_dict: Mapping[str, Any] | None = None,
        stype_dict: Mapping[str, str] | None = None,
        group2ctx: Any = None,
        shared_arg_names: Any = None,
        shared_exec: Any = None,
        shared_buffer: Any = None,
        **kwargs: tuple[int, ...],
    ) -> Any:
        """An `Executor` that runs this symbol on arrays of its own, made for the shapes of the inputs.

        Parameters
        ----------
        ctx : Device
        grad_req : str, list or dict
        type_dict, stype_dict : dict, optional
            Types and storage types by name.
        group2ctx, shared_arg_names, shared_exec, shared_buffer : optional
            Accepted as in MXNet; not used.
        **kwargs : tuple of int
            Shapes by name.
        """
        from mxnet import executor

        return executor.simple_bind(self, ctx, grad_req, type_dict, stype_dict, **kwargs)

    _bind = bind  # what MXNet 2.0 calls them
    _simple_bind = simple_bind

    def eval(self, ctx: Device | None = None, **kwargs: Any) -> list[Any]:
        """The outputs for arrays given by name; `ctx` None is the current device."""
        return self.bind(ctx, kwargs).forward()

    def gradient(self, wrt: Sequence[str]) -> Any:
        """Raises MXNetError: as in MXNet, gradients come from an executor's or `autograd`'s backward pass."""
        raise MXNetError("Symbol.gradient is not implemented: bind the symbol and call backward")

    def get_backend_symbol(self, backend: str) -> Any:
        """This symbol for a backend by name: a copy, since every engine takes the graph as it is.

        Raises
        ------
        MXNetError
            If there is no such backend.
        """
        from mxnet.engines.engine import engine_named

        try:
            engine_named(backend)
        except ValueError as error:
            raise MXNetError(str(error)) from None
        return copy.copy(self)

    def to_torch(
        self, params: Mapping[str, Any], input_names: str | Sequence[str] | None = None, share: bool = False
    ) -> torch.fx.GraphModule:
        """This graph and the values of its variables as a module of PyTorch; see `HybridBlock.to_torch`.

        Parameters
        ----------
        params : dict of str to array
            Values by the names of variables, ``arg:`` or ``aux:`` before them allowed. Auxiliary states become
            buffers, other floating point arrays parameters. What the graph does not need is ignored.
        input_names : str or list of str, optional
            The variables that `forward` is given, in its order. Default: those without a value, but labels that
            only a training loss reads.
        share : bool, default False
            Let the module compute with the memory of `params` instead of copies.

        Returns
        -------
        torch.fx.GraphModule
            In evaluation mode. It returns a tensor, or a tuple of several.

        Raises
        ------
        MXNetError
            If a variable has no value and is no input, or two values, an input is not there, or arrays are on several
            devices.
        TypeError
            If a value is no array.

        Examples
        --------
        >>> import torch
        >>> y = mx.sym.FullyConnected(mx.sym.var("x"), num_hidden=2, no_bias=True, name="fc")
        >>> y.to_torch({"fc_weight": mx.nd.ones((2, 3))})(torch.ones(1, 3)).tolist()
        [[3.0, 3.0]]
        """
        from mxnet.symbol._to_torch import to_torch

        return to_torch(self._entries, params, input_names, share, self.name or type(self).__name__)
