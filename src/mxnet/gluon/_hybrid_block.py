"""`HybridBlock`: a block that can become a graph."""

from __future__ import annotations

from typing import Any

from mxnet.base import MXNetError
from mxnet.gluon._block import Block
from mxnet.gluon._cached_graph import CachedGraph
from mxnet.gluon._shape_pass import shape_only, shape_pass, without_values
from mxnet.gluon._structure import map_arrays

__all__ = ["HybridBlock"]


class HybridBlock(Block):
    """A `Block` whose shapes follow from its inputs.

    A subclass that owns parameters of unknown shape defines ``infer_shape(self, *inputs)``, which completes them.
    """

    def __init__(self) -> None:
        super().__init__()
        self._active = False
        self._graphs = CachedGraph()

    def register_child(self, block: Block, name: str | None = None) -> None:
        """As `Block.register_child`; the child must be a HybridBlock.

        Raises
        ------
        ValueError
            If it is not.
        """
        if not isinstance(block, HybridBlock):
            raise ValueError(
                f"Children of HybridBlock must also be HybridBlock, but {block} has type {type(block)}. "
                "If you are using Sequential, please try HybridSequential instead."
            )
        super().register_child(block, name)

    def __call__(self, x: Any, *args: Any) -> Any:
        """Run the block, or once it is hybridized its graph; parameters are completed first."""
        if self._active and not shape_pass.active:
            return self._between_hooks(self._run_graph, (x, *args))
        for param in self._reg_params.values():
            if param._replicas is None:
                self._complete(x, *args)
                break
        return super().__call__(x, *args)

    def _run_graph(self, *args: Any) -> Any:
        plan, arrays = self._graphs.plan_for(self, args)
        if plan is not None:
            return plan.run(arrays)
        if any(param._replicas is None for param in self._reg_params.values()):
            self._complete(*args)
        return self.forward(*args)

    def _complete(self, *args: Any) -> None:
        """Give the deferred parameters of this very block their shape and values; in a shape pass all their shape."""
        shapes_only = shape_pass.active
        waiting = [param for param in self._reg_params.values() if shapes_only or param._deferred is not None]
        if not all(param._shape_is_known() for param in waiting):
            self.infer_shape(*args)
        if not shapes_only:
            for param in waiting:
                param._finish_deferred_init()

    def infer_shape(self, *args: Any) -> None:
        """Complete the shapes of all parameters from the inputs, computing nothing.

        Parameters
        ----------
        *args : array
            Inputs as `forward` takes them; only shapes and types matter.

        Raises
        ------
        RuntimeError
            If this block owns parameters of unknown shape and does not define `infer_shape` itself.
        """
        unknown = {name: p.shape for name, p in self._reg_params.items() if not p._shape_is_known()}
        if unknown:
            listed = ", ".join(f"{name} ({shape})" for name, shape in unknown.items())
            kind = type(self).__name__
            raise RuntimeError(
                f"{kind} has parameters with unknown shape. You need to either specify the shape in __init__ or "
                f"implement {kind}.infer_shape to set the parameter shapes based on the first input. "
                f"Parameters with unknown shapes are {listed}"
            )
        if self._children:
            with shape_only():
                self.forward(*map_arrays(args, without_values))

    def hybridize(
        self,
        active: bool = True,
        partition_if_dynamic: bool = True,
        static_alloc: bool = False,
        static_shape: bool = False,
        inline_limit: int = 2,
        forward_bulk_size: int | None = None,
        backward_bulk_size: int | None = None,
    ) -> None:
        """From now on run this block, and all below it, as a graph; with ``active=False`` as it is written.

        The first call with inputs of new shapes or types runs `forward` without values and keeps the graph it
        leaves; later calls run the graph and not the Python of `forward`, so what Python decides is decided
        then. Results, gradients and states are those of the block as it is written.

        Parameters
        ----------
        active : bool, default True
        partition_if_dynamic : bool, default True
            Let a block that no graph can hold (shapes that hang on values, writing to inputs, hooks below it)
            run as it is written, its children as graphs. False makes it an error.
        static_alloc, static_shape : bool, default False
            Accepted as in MXNet; memory and shapes are planned for each form of the inputs in any case.
        inline_limit, forward_bulk_size, backward_bulk_size : int, optional
            Accepted as in MXNet; they tune what this package's graphs do not have.

        Raises
        ------
        MXNetError
            If an option is of the wrong type.
        """
        flags = {
            "active": active,
            "partition_if_dynamic": partition_if_dynamic,
            "static_alloc": static_alloc,
            "static_shape": static_shape,
        }
        for name, value in flags.items():
            if not isinstance(value, (bool, int)):
                raise MXNetError(f"hybridize: {name} must be True or False, not {value!r}")
        self._active = bool(active)
        self._graphs = CachedGraph(bool(partition_if_dynamic))
        super().hybridize(
            active,
            partition_if_dynamic=partition_if_dynamic,
            static_alloc=static_alloc,
            static_shape=static_shape,
            inline_limit=inline_limit,
            forward_bulk_size=forward_bulk_size,
            backward_bulk_size=backward_bulk_size,
        )
