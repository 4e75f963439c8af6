"""`Block`: what every layer and network is."""

from __future__ import annotations

import copy
import os
import re
import warnings
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any

import torch

from mxnet._modes import modes
from mxnet.base import NotTraceable
from mxnet.device import Device
from mxnet.gluon import _files
from mxnet.gluon._changes import Changing
from mxnet.gluon._initialization import initializer_of
from mxnet.gluon._predicting import Predicting
from mxnet.gluon._shape_pass import shape_pass
from mxnet.gluon._summary import print_summary
from mxnet.gluon.parameter import Parameter
from mxnet.gluon.utils import HookHandle
from mxnet.initializer import Initializer

__all__ = ["Block", "indent"]


class _Child:
    """A child as `Block._children` holds it; calling it gives the block, as the weak references there do in MXNet."""

    __slots__ = ("_block",)

    def __init__(self, block: Block) -> None:
        self._block = block

    def __call__(self) -> Block:
        return self._block


class Block(Changing, Predicting):
    """A layer or network: parameters, children, and a `forward` written in arrays.

    Blocks and `Parameter`s set as attributes are registered under the attribute's name, and the parameters of a
    network are named by the path to them (``'features.0.weight'``).

    Examples
    --------
    >>> class Net(mx.gluon.Block):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.body = mx.gluon.nn.Dense(8, activation='relu')
    ...         self.head = mx.gluon.nn.Dense(2)
    ...     def forward(self, x):
    ...         return self.head(self.body(x))
    >>> net = Net()
    >>> net.initialize()
    >>> net(mx.np.ones((4, 3))).shape
    (4, 2)
    """

    def __init__(self) -> None:
        self._children: OrderedDict[str, _Child] = OrderedDict()
        self._reg_params: dict[str, Parameter] = {}
        self._forward_hooks: OrderedDict[int, Callable[..., Any]] = OrderedDict()
        self._forward_pre_hooks: OrderedDict[int, Callable[..., Any]] = OrderedDict()

    # Structure

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, (Block, Parameter)) or name in self.__dict__:
            self._check_replacement(name, value)
        if isinstance(value, Block):
            self.register_child(value, name)
        elif isinstance(value, Parameter):
            if "_reg_params" not in self.__dict__:
                raise AttributeError(_NO_SUPER.format(type(self).__name__, name))
            self._reg_params[name] = value
            self._note_change()
        super().__setattr__(name, value)

    def _check_replacement(self, name: str, value: Any) -> None:
        existing = self.__dict__.get(name)
        if isinstance(existing, (Block, Parameter)) and not isinstance(value, type(existing)):
            raise TypeError(
                f"Changing attribute type for {name} from {type(existing)} to {type(value)} is not allowed."
            )

    def __delattr__(self, name: str) -> None:
        super().__delattr__(name)
        self._children.pop(name, None)
        self._reg_params.pop(name, None)
        self._note_change()

    def __repr__(self) -> str:
        children = [
            f"  ({name}): {indent(repr(value))}" for name, value in self.__dict__.items() if isinstance(value, Block)
        ]
        return f"{type(self).__name__}(\n" + "\n".join(children) + "\n)"

    def register_child(self, block: Block, name: str | None = None) -> None:
        """Make `block` a child, under `name` or its number. Setting it as an attribute does the same.

        Raises
        ------
        TypeError
            If it is no Block.
        """
        if "_children" not in self.__dict__:
            raise AttributeError(_NO_SUPER.format(type(self).__name__, name))
        if not isinstance(block, Block):
            raise TypeError(f"a child of {type(self).__name__} must be a Block, not {type(block).__name__}")
        self._children[str(len(self._children)) if name is None else name] = _Child(block)
        self._note_change()

    def _child_blocks(self) -> Iterator[tuple[str, Block]]:
        for name, child in self._children.items():
            yield name, child()

    def apply(self, fn: Callable[[Block], Any]) -> Block:
        """Call `fn` with every block below this one, children first, and with this one; returns this one."""
        for _, child in self._child_blocks():
            child.apply(fn)
        fn(self)
        return self

    # Parameters

    @property
    def params(self) -> dict[str, Parameter]:
        """This block's own parameters, without those of its children; `collect_params` has all."""
        return self._reg_params

    def collect_params(self, select: str | None = None) -> dict[str, Parameter]:
        """The parameters of this block and all below it, by structural name.

        Parameters
        ----------
        select : str, optional
            A regular expression; only parameters whose name it matches from the beginning are returned.

        Examples
        --------
        >>> net = mx.gluon.nn.Dense(2, in_units=3)
        >>> list(net.collect_params('.*weight'))
        ['weight']
        """
        self._warn_of_containers()
        params = dict(self._named_params(""))
        if select is not None:
            pattern = re.compile(select)
            params = {name: param for name, param in params.items() if pattern.match(name)}
        return params

    def _named_params(self, prefix: str) -> Iterator[tuple[str, Parameter]]:
        for name, param in self._reg_params.items():
            yield prefix + name, param
        for name, child in self._child_blocks():
            yield from child._named_params(f"{prefix}{name}.")

    def _unique_params(self) -> list[Parameter]:
        """Every parameter once, however many names it has."""
        return list({id(param): param for _, param in self._named_params("")}.values())

    def _warn_of_containers(self) -> None:
        children = {id(child) for _, child in self._child_blocks()}
        for name, value in self.__dict__.items():
            if name.startswith("_") or not isinstance(value, (list, tuple, dict)):
                continue
            if any(isinstance(item, Block) and id(item) not in children for item in _items(value)):
                warnings.warn(
                    f'"{type(self).__name__}.{name}" is an unregistered container with Blocks. Note that Blocks '
                    "inside the list, tuple or dict will not be registered automatically. Make sure to register "
                    "them using register_child() or switching to nn.Sequential/nn.HybridSequential instead.",
                    stacklevel=3,
                )
        for _, child in self._child_blocks():
            child._warn_of_containers()

    def initialize(
        self,
        init: Any = None,
        device: Device | list[Device] | None = None,
        verbose: bool = False,
        force_reinit: bool = False,
        *,
        ctx: Device | list[Device] | None = None,
    ) -> None:
        """Initialize all parameters; those of unknown shape in the first forward pass.

        Parameters
        ----------
        init : Initializer or str, optional
            For parameters without an initializer of their own; default ``Uniform(0.07)``.
        device : Device or list of Device, optional
            Where the parameters live, one replica on each; default the current device. `ctx` is its older name.
        verbose : bool, default False
            Log what is initialized how.
        force_reinit : bool, default False
            Initialize anew what is initialized already, instead of warning.
        """
        init = initializer_of(init or "uniform")
        if verbose and isinstance(init, Initializer):
            init = copy.copy(init).set_verbosity(True)  # a copy: the user may use the initializer elsewhere
        named = {id(param): (name, param) for name, param in reversed([*self._named_params("")])}
        for name, param in reversed(named.values()):
            param._path = name
            param.initialize(None, device or ctx, init, force_reinit=force_reinit)

    def share_parameters(self, shared: dict[str, Parameter]) -> Block:
        """Use the given parameters in place of this block's own of the same structural names; returns this block.

        Parameters
        ----------
        shared : dict of str to Parameter
            As `collect_params` of another block returns it.

        Raises
        ------
        ValueError
            If `shared` is no dict.
        """
        if not isinstance(shared, dict):
            raise ValueError(f"'shared' should be in type of Dict. Get type {type(shared)}!")
        left = dict(shared)
        self._share(left, "")
        for name in left:
            warnings.warn(f"Parameter name {name} is not in the current model!", stacklevel=2)
        return self

    def _share(self, left: dict[str, Parameter], prefix: str) -> None:
        for name in self._reg_params:
            if prefix + name in left:
                setattr(self, name, left.pop(prefix + name))
        for name, child in self._child_blocks():
            child._share(left, f"{prefix}{name}.")

    def setattr(self, name: str, value: Any) -> None:
        """Set an attribute of all parameters.

        Examples
        --------
        >>> net = mx.gluon.nn.Dense(2, in_units=3)
        >>> net.setattr('grad_req', 'null')
        >>> net.weight.grad_req
        'null'
        """
        for param in self._unique_params():
            setattr(param, name, value)

    def zero_grad(self) -> None:
        """Set the gradients of all parameters to zero."""
        gradients = [gradient for param in self._unique_params() for gradient in param._gradients()]
        if gradients:
            torch._foreach_zero_(gradients)

    def cast(self, dtype: Any) -> None:
        """Change the type of all parameters, and of the data the layers take."""
        for _, child in self._child_blocks():
            child.cast(dtype)
        for param in self._reg_params.values():
            param.cast(dtype)

    def reset_device(self, device: Device | list[Device]) -> None:
        """Move all parameters to other devices."""
        for param in self._unique_params():
            param.reset_device(device)

    def reset_ctx(self, ctx: Device | list[Device]) -> None:
        """Deprecated name of `reset_device`."""
        warnings.warn("Block.reset_ctx has been renamed to Block.reset_device", DeprecationWarning, stacklevel=2)
        self.reset_device(ctx)

    # Files

    def save_parameters(self, filename: str | os.PathLike, deduplicate: bool = False) -> None:
        """Write all parameters to a file, by default in MXNet's binary form that versions 1.x and 2.0 read.

        Parameters
        ----------
        filename : path
            One that ends in ``.safetensors`` or ``.npz`` is written in that format.
        deduplicate : bool, default False
            Write a parameter that has several names once.

        Raises
        ------
        RuntimeError
            If a parameter is not initialized; nothing is written then.
        """
        _files.save(dict(self._named_params("")), filename, deduplicate)

    def load_parameters(
        self,
        filename: str | os.PathLike,
        device: Device | list[Device] | None = None,
        allow_missing: bool = False,
        ignore_extra: bool = False,
        cast_dtype: bool = False,
        dtype_source: str = "current",
        *,
        ctx: Device | list[Device] | None = None,
    ) -> None:
        """Read parameters from a file: MXNet's binary form of any version, npz or safetensors.

        Parameters that are not initialized yet become views of the mapped file, with a copy made of the pages that
        are written to: the file is never changed, and must not be overwritten in place while they are in use.

        Parameters
        ----------
        filename : path
        device : Device or list of Device, optional
            Where parameters that are not initialized yet go; default the current device. `ctx` is its older name.
        allow_missing : bool, default False
            Leave parameters that the file does not have as they are.
        ignore_extra : bool, default False
            Ignore what the file has beyond this block's parameters.
        cast_dtype : bool, default False
            Convert between types instead of refusing.
        dtype_source : {'current', 'saved'}
            Whose type holds after a conversion: the parameter's or the file's.

        Raises
        ------
        AssertionError
            If parameters are missing, or shapes or types do not agree; the block is left as it was.
        ValueError
            If the file has more than this block; likewise.
        MXNetError
            If the file cannot be read.
        """
        saved, release = _files.read(filename)
        source = f"file: {os.fspath(filename)}"
        _files.load(
            dict(self._named_params("")), saved, device or ctx, allow_missing, ignore_extra, cast_dtype,
            dtype_source, source, release,
        )  # fmt: skip

    def load_dict(
        self,
        param_dict: dict[str, Any],
        device: Device | list[Device] | None = None,
        allow_missing: bool = False,
        ignore_extra: bool = False,
        cast_dtype: bool = False,
        dtype_source: str = "current",
        *,
        ctx: Device | list[Device] | None = None,
    ) -> None:
        """As `load_parameters`, from a dict of arrays by structural name (``arg:`` and ``aux:`` before it allowed)."""
        _files.load(
            dict(self._named_params("")), _files.from_arrays(param_dict), device or ctx, allow_missing, ignore_extra,
            cast_dtype, dtype_source, "param_dict",
        )  # fmt: skip

    def save(self, prefix: str | os.PathLike) -> None:
        """Write the parameters, and the graphs that hybridized blocks have, to two files.

        Parameters
        ----------
        prefix : path
            The files are ``<prefix>-model.json`` and ``<prefix>-model.params``. (MXNet 2.0.0b1 writes the second to
            ``MyModel-model.params`` whatever the prefix; `load` reads both.)

        Raises
        ------
        RuntimeError
            If a parameter is not initialized; nothing is written then.
        """
        from mxnet.gluon import _model_files

        _model_files.save(self, prefix)

    def load(self, prefix: str | os.PathLike) -> None:
        """Read what `save` has written: into a network that is built as the saved one was.

        Blocks that had a graph are hybridized and run that graph, without tracing `forward`.

        Raises
        ------
        FileNotFoundError
            If there are no such files.
        MXNetError
            If a file cannot be read, or the network is built otherwise.
        AssertionError, ValueError
            As `load_parameters`.
        """
        from mxnet.gluon import _model_files

        _model_files.load(self, prefix)

    # Running

    def __call__(self, *args: Any) -> Any:
        """Run the block: hooks, and `forward` between them."""
        if shape_pass.active:
            return self._forward_without_values(args)
        if not (self._forward_hooks or self._forward_pre_hooks):
            return self.forward(*args)
        return self._between_hooks(self.forward, args)

    def _between_hooks(self, compute: Callable[..., Any], args: tuple[Any, ...]) -> Any:
        for hook in tuple(self._forward_pre_hooks.values()):
            hook(self, args)
        out = compute(*args)
        for hook in tuple(self._forward_hooks.values()):
            hook(self, args, out)
        return out

    def _forward_without_values(self, args: tuple[Any, ...]) -> Any:
        """`forward` in a shape pass, where no hook is called; in a trace hooks would be lost, so there is none."""
        if modes.tracer is None:
            return self.forward(*args)
        if self._forward_hooks or self._forward_pre_hooks:
            raise NotTraceable(f"{type(self).__name__} has hooks, which are to see every forward pass")
        inside = modes.tracer.inside
        depth = len(inside)
        inside.append(self)
        out = self.forward(*args)
        del inside[depth:]  # after an error the block stays there, to be named
        return out

    def forward(self, *args: Any) -> Any:
        """Compute the output from the inputs; subclasses define it."""
        raise NotImplementedError(f"{type(self).__name__} must define forward(self, ...)")

    def register_forward_pre_hook(self, hook: Callable[[Block, tuple[Any, ...]], None]) -> HookHandle:
        """Have ``hook(block, inputs)`` called before each `forward`; `detach` of the handle ends it."""
        handle = HookHandle()
        handle.attach(self._forward_pre_hooks, hook)
        self._note_change()
        return handle

    def register_forward_hook(self, hook: Callable[[Block, tuple[Any, ...], Any], None]) -> HookHandle:
        """Have ``hook(block, inputs, output)`` called after each `forward`; `detach` of the handle ends it."""
        handle = HookHandle()
        handle.attach(self._forward_hooks, hook)
        self._note_change()
        return handle

    def register_op_hook(self, callback: Callable[[str, str, Any], None], monitor_all: bool = False) -> None:
        """Call `HybridBlock.register_op_hook` of the children."""
        for _, child in self._child_blocks():
            child.register_op_hook(callback, monitor_all)

    def hybridize(self, active: bool = True, **options: Any) -> None:
        """Hybridize the children that can be; see `HybridBlock.hybridize`."""
        for _, child in self._child_blocks():
            child.hybridize(active, **options)

    def summary(self, *inputs: Any) -> None:
        """Print a table of the layers, their output shapes and numbers of parameters for the given inputs.

        Raises
        ------
        AssertionError
            If the block is hybridized.
        """
        print_summary(self, inputs)


_NO_SUPER = "{}.__init__() must call super().__init__() before it sets the block or parameter {!r}"


def indent(text: str) -> str:
    """`text` with every line but the first moved right by two spaces."""
    first, *rest = text.split("\n")
    return "\n".join([first, *["  " + line for line in rest]])


def _items(container: list | tuple | dict) -> Iterator[Any]:
    """The leaves of nested lists, tuples and dicts."""
    for item in container.values() if isinstance(container, dict) else container:
        if isinstance(item, (list, tuple, dict)):
            yield from _items(item)
        else:
            yield item
