"""`HybridBlock`: a block that can become a graph."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from mxnet import _dtype
from mxnet.autograd import record
from mxnet.base import MXNetError
from mxnet.engines.engine import Engine, check_training, engine_named
from mxnet.gluon._block import Block
from mxnet.gluon._cached_graph import CachedGraph, Trace, trace
from mxnet.gluon._shape_pass import shape_only, shape_pass, without_values
from mxnet.gluon._structure import flatten, map_arrays
from mxnet.ndarray._array import Array
from mxnet.symbol._graph import auxiliary, variables

if TYPE_CHECKING:
    import torch

__all__ = ["HybridBlock"]

OpHook = Callable[[str, str, Any], None]


class HybridBlock(Block):
    """A `Block` whose shapes follow from its inputs.

    A subclass that owns parameters of unknown shape defines ``infer_shape(self, *inputs)``, which completes them.
    """

    def __init__(self) -> None:
        super().__init__()
        self._active = False
        self._graphs = CachedGraph()
        self._op_hooks: list[tuple[OpHook, bool]] = []

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
        if plan is None:
            return self._forward_completed(*args)
        return plan.run(arrays) if not self._op_hooks else plan.run_observed(arrays, self._op_hooks)

    def _forward_completed(self, *args: Any) -> Any:
        """`forward` without a graph, after the parameters are completed."""
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
        *,
        training_engine: str | Engine | None = None,
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
            Both: predict on the engine that is fastest for this graph, input and machine, to 1e-4 of the numbers torch
            gives. The installed ones are tried when a form of inputs first comes; see `mxnet.engines`. One alone
            changes nothing. Training runs torch's calls all the same.
        inline_limit, forward_bulk_size, backward_bulk_size : int, optional
            Accepted as in MXNet; they tune what this package's graphs do not have.
        training_engine : {'inductor'} or Engine, optional
            What compiles passes that are recorded, forward and backward, when a form of inputs first comes: a minute
            for a large network. See `optimize_for`, which does it ahead. Default: torch's calls, without compiling.

        Raises
        ------
        MXNetError
            If an option is of the wrong type, or `training_engine` cannot train or cannot be used here.
        ValueError
            If there is no such `training_engine`; the message lists those registered.
        """
        _check_flags(
            active=active,
            partition_if_dynamic=partition_if_dynamic,
            static_alloc=static_alloc,
            static_shape=static_shape,
        )
        if isinstance(training_engine, str):
            training_engine = _engine(training_engine, {})
        if training_engine is not None:
            if not isinstance(training_engine, Engine):
                raise TypeError(f"training_engine must be the name of an engine or an Engine, not {training_engine!r}")
            check_training(training_engine)
        self._active = bool(active)
        engine = _engine("auto", {}) if static_alloc and static_shape else None
        self._graphs = CachedGraph(bool(partition_if_dynamic), engine, training_engine)
        super().hybridize(
            active,
            partition_if_dynamic=partition_if_dynamic,
            static_alloc=static_alloc,
            static_shape=static_shape,
            inline_limit=inline_limit,
            forward_bulk_size=forward_bulk_size,
            backward_bulk_size=backward_bulk_size,
        )

    def optimize_for(
        self,
        x: Any,
        *args: Any,
        backend: str | None = None,
        clear: bool = False,
        partition_if_dynamic: bool = True,
        static_alloc: bool = False,
        static_shape: bool = False,
        inline_limit: int = 2,
        forward_bulk_size: int | None = None,
        backward_bulk_size: int | None = None,
        training: bool = False,
        **kwargs: Any,
    ) -> None:
        """Hybridize this block for the given inputs and an engine; nothing is computed, unless engines are compared.

        Parameters
        ----------
        x, *args : array
            Inputs as `forward` takes them; only shapes and types matter.
        backend : str, optional
            The engine that is to compile the graph, as `mxnet.engines.engines` lists them; 'auto' is the fastest.
            Default: none, torch's calls run one by one.
        clear : bool, default False
            Forget the graphs of other inputs, and hooks on operators.
        partition_if_dynamic, static_alloc, static_shape, inline_limit, forward_bulk_size, backward_bulk_size
            As for `hybridize`.
        training : bool, default False
            Compile passes that are recorded (`autograd.record`) in place of those that predict, which stay what they
            were: forward and backward for these inputs now, and for others when they come.
        **kwargs
            Options of the engine.

        Raises
        ------
        ValueError
            If there is no such engine; the message lists those registered.
        MXNetError
            If it cannot be used here, for example because its package is not installed, or cannot train. With
            `training` also if the block cannot be one graph.
        TypeError
            If the engine has no such option.

        After any error all blocks are hybridized, or not, as they were.

        Examples
        --------
        >>> net = mx.gluon.nn.Dense(2)
        >>> net.initialize()
        >>> net.optimize_for(mx.np.ones((8, 3)), backend='inductor', training=True)  # doctest: +SKIP
        """
        engine = _engine(backend, kwargs)
        _check_flags(
            clear=clear,
            partition_if_dynamic=partition_if_dynamic,
            static_alloc=static_alloc,
            static_shape=static_shape,
            training=training,
        )
        training_engine = self._graphs.training_engine
        if training:
            if engine is None:
                raise MXNetError("optimize_for: training=True needs a backend that can train, such as 'inductor'")
            training_engine, engine = check_training(engine), self._graphs.engine if self._active else None
        if (training or backend is None) and static_alloc and static_shape:
            engine = _engine("auto", {})
        with self._unchanged_by_failure():
            if clear or not self._active or not self._graphs.is_for(engine, training_engine):
                self.hybridize(
                    True, partition_if_dynamic, static_alloc, static_shape, inline_limit, forward_bulk_size,
                    backward_bulk_size,
                )  # fmt: skip
                self._graphs = CachedGraph(bool(partition_if_dynamic), engine, training_engine)
            with record() if training else nullcontext():
                self._graphs.plan_for(self, (x, *args))
        if clear:
            self._op_hooks.clear()

    @contextmanager
    def _unchanged_by_failure(self) -> Iterator[None]:
        """After an error inside, this block and all below it are hybridized, or not, as they were before."""
        before: list[tuple[HybridBlock, bool, CachedGraph]] = []
        self.apply(lambda each: isinstance(each, HybridBlock) and before.append((each, each._active, each._graphs)))
        try:
            yield
        except BaseException:
            for block, active, graphs in before:
                block._active, block._graphs = active, graphs
            raise

    def engine_report(self) -> list[dict[str, str]]:
        """What engines have compiled of this very block, the graph that was used last at the end.

        Returns
        -------
        list of dict
            For each form of inputs: the engine and what it left to torch, the time it took to compile, the times of
            those that were tried, and with `calibration` how far its results are from float32's. Of training passes
            ``report['pass']`` is ``'training'``.

        Examples
        --------
        >>> net = mx.gluon.nn.Dense(2)
        >>> net.initialize()
        >>> net.optimize_for(mx.np.ones((1, 3)), backend='torch')
        >>> [report] = net.engine_report()
        >>> report['inputs'], report['engine']
        ('(1, 3) float32', 'torch')
        """
        return self._graphs.report()

    def register_op_hook(self, callback: OpHook, monitor_all: bool = False) -> None:
        """Have a function called with every array that the operators of the graph make.

        It is called once the block is hybridized, as is that of every block below that runs a graph of its own.

        Parameters
        ----------
        callback : callable
            ``callback(tensor_name, operator_name, array)``, the array an NDArray, the name as ``node_3_output``.
        monitor_all : bool, default False
            Call it with the inputs of the operators too, as ``node_3_data``.
        """
        self._op_hooks.append((callback, bool(monitor_all)))
        super().register_op_hook(callback, monitor_all)

    def infer_type(self, *args: Any) -> None:
        """Set the types of the parameters to those that inputs of these types ask for.

        Parameters
        ----------
        *args : array
            Inputs as `forward` takes them; only shapes and types matter.
        """
        from mxnet.symbol._infer import infer_types

        with shape_only():
            graph = trace(self, map_arrays(args, self._in_own_type))
        arrays: list[Array] = []
        flatten(args, arrays)
        known = {node.name: array._data.dtype for node, array in zip(graph.inputs, arrays, strict=True)}
        arguments, _, states = infer_types(graph.entries, known, partial=True)
        auxiliaries = auxiliary(graph.entries)
        found = iter(arguments), iter(states)
        for node in variables(graph.entries):
            dtype = next(found[id(node) in auxiliaries])
            if node in graph.parameters and dtype is not None:
                graph.parameters[node].cast(dtype)

    def _in_own_type(self, array: Array) -> Array:
        """An array without values in the type the parameters have now, if it has a floating type at all."""
        dtype = next((_dtype.to_torch(param.dtype) for param in self._unique_params()), None)
        data = without_values(array)
        if dtype is not None and data._data.is_floating_point() and dtype.is_floating_point:
            data._data = data._data.to(dtype)
        return data

    # Files

    def export(
        self,
        path: str | os.PathLike | None,
        epoch: int = 0,
        remove_amp_cast: bool = True,
        *,
        format: str = "mxnet",
        **options: Any,
    ) -> Any:
        """Write the graph as ``path-symbol.json`` and the parameters as ``path-0000.params``, or both as ``path.onnx``.

        MXNet 1.x and 2.0 read the first two files, and `SymbolBlock.imports` does.

        Parameters
        ----------
        path : path or None
            What the names of the files begin with; None returns what would be in them.
        epoch : int, default 0
            The number in the name of the parameter file.
        remove_amp_cast : bool, default True
            Leave out the casts that automatic mixed precision put in.
        format : {'mxnet', 'onnx'}, default 'mxnet'
            With ``'onnx'`` the file takes batches of any size.
        **options
            With ``format='onnx'``: those of `mx.onnx.export_model`.

        Returns
        -------
        (str, str), (Symbol, dict of str to ndarray) or str
            Names of the files; or the graph, whose inputs are named ``data`` or ``data0``, ``data1``, ..., and the
            arrays, ``arg:`` or ``aux:`` before their names.

        Raises
        ------
        RuntimeError
            If the block has not been hybridized and called, or cannot be a graph.
        """
        from mxnet.gluon._export import export, export_onnx

        if format not in ("mxnet", "onnx"):
            raise ValueError(f"export: format must be 'mxnet' or 'onnx', not {format!r}")
        if options and format == "mxnet":
            raise TypeError(f"export: {', '.join(options)} go with format='onnx'")
        named = {id(param): name for name, param in self._named_params("")}
        params = {named[id(param)]: param for param in self._unique_params()}
        if format == "onnx":
            return export_onnx(self._graph_to_export(), params, path, options)
        return export(self._graph_to_export(), params, path, epoch, remove_amp_cast)

    # To PyTorch

    def to_torch(self, *example_inputs: Any, share: bool = False) -> torch.fx.GraphModule:
        """This block as a module of PyTorch: torch trains, compiles, exports and saves it as any of its own.

        Its parameters have the names they have here, running statistics are buffers. It takes torch tensors, of any
        batch size; `train` and `eval` switch the mode of Dropout, BatchNorm and the like. Random numbers are torch's
        own. Copies of convolutions' weights have torch's default layout: for speed, change it as that of any other
        module, with ``.to(memory_format=torch.channels_last)``.

        Parameters
        ----------
        *example_inputs : array
            Inputs as `forward` takes them; only shapes and types matter. They may be left out if the block was
            hybridized and called before.
        share : bool, default False
            Let the module compute with the memory of this block's parameters, so that training one trains the
            other, instead of copying them.

        Returns
        -------
        torch.fx.GraphModule
            In evaluation mode. Nested outputs are nested as here, nested inputs come one after the other.

        Raises
        ------
        MXNetError
            If there are no example inputs, the forward pass cannot be a graph, or parameters are on several devices.
        RuntimeError
            If a parameter is not initialized.

        Examples
        --------
        >>> net = mx.gluon.nn.HybridSequential()
        >>> net.add(mx.gluon.nn.Dense(8, activation='relu'), mx.gluon.nn.Dense(2))
        >>> net.initialize()
        >>> module = net.to_torch(mx.np.ones((1, 4)))
        >>> list(module.state_dict())
        ['0.weight', '0.bias', '1.weight', '1.bias']
        >>> import torch
        >>> module(torch.ones(3, 4)).shape
        torch.Size([3, 2])
        """
        from mxnet.gluon._to_torch import to_torch

        return to_torch(self, example_inputs, share)

    def _graph_to_export(self) -> Trace:
        if self._graphs.latest is not None:
            return self._graphs.latest
        if self._graphs.refusal:
            raise RuntimeError(f"{type(self).__name__} cannot be exported: {self._graphs.refusal}")
        raise RuntimeError(
            "Please first call block.hybridize() and then run forward with this block at least once before "
            "calling export."
        )


def _engine(backend: str | None, options: dict[str, Any]) -> Engine | None:
    if backend is None:
        if options:
            raise TypeError(f"options need a backend that takes them, given {', '.join(options)}")
        return None
    engine = engine_named(backend)
    try:
        return engine(**options)
    except TypeError as error:
        raise TypeError(f"backend {backend!r} does not take the options {', '.join(options)}: {error}") from None


def _check_flags(**flags: Any) -> None:
    for name, value in flags.items():
        if not isinstance(value, (bool, int)):
            raise MXNetError(f"hybridize: {name} must be True or False, not {value!r}")
