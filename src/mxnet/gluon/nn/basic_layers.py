"""Containers, Dense, Dropout, Embedding and other layers without a family."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from mxnet.gluon._block import indent
from mxnet.gluon.block import Block, HybridBlock
from mxnet.gluon.nn._layer import OperatorLayer
from mxnet.gluon.nn.activations import Activation
from mxnet.gluon.parameter import Parameter
from mxnet.ndarray._array import Array

__all__ = [
    "Concatenate",
    "Dense",
    "Dropout",
    "Embedding",
    "Flatten",
    "HybridConcatenate",
    "HybridLambda",
    "HybridSequential",
    "Identity",
    "Lambda",
    "Sequential",
]


class _Container:
    """Numbered children, called one after the other; mixed into a Block."""

    def add(self, *blocks: Block) -> None:
        """Append blocks.

        Raises
        ------
        TypeError, ValueError
            As `register_child` of this block.
        """
        for block in blocks:
            self.register_child(block)

    def forward(self, x: Any, *args: Any) -> Any:
        for child in self._children.values():
            x = child()(x, *args)
            args = ()
            if isinstance(x, (tuple, list)):
                x, args = x[0], tuple(x[1:])
        return (x, *args) if args else x

    def __repr__(self) -> str:
        children = [f"  ({name}): {indent(repr(child))}" for name, child in self._child_blocks()]
        return f"{type(self).__name__}(\n" + "\n".join(children) + "\n)"

    def __getitem__(self, key: int | slice) -> Any:
        layers = list(self._child_blocks())[key]
        if not isinstance(key, slice):
            return layers[1]
        part = type(self)()
        part.add(*[block for _, block in layers])
        return part

    def __len__(self) -> int:
        return len(self._children)

    def __iter__(self) -> Iterator[Block]:
        return iter([block for _, block in self._child_blocks()])


class Sequential(_Container, Block):
    """Blocks called one after the other, each with the outputs of the one before.

    Examples
    --------
    >>> net = mx.gluon.nn.Sequential()
    >>> net.add(mx.gluon.nn.Dense(8, activation='relu'), mx.gluon.nn.Dense(2))
    >>> net.initialize()
    >>> net(mx.np.ones((4, 3))).shape
    (4, 2)
    """


class HybridSequential(_Container, HybridBlock):
    """As `Sequential`, of HybridBlocks."""


class _Side:
    """Calls every child with the same input and joins the outputs; mixed into a container."""

    axis: int

    def forward(self, x: Any) -> Any:
        from mxnet import numpy

        return numpy.concatenate([child()(x) for child in self._children.values()], axis=self.axis)


class Concatenate(_Side, Sequential):
    """Blocks called side by side on one input, their outputs joined along `axis`."""

    def __init__(self, axis: int = -1) -> None:
        super().__init__()
        self.axis = axis


class HybridConcatenate(_Side, HybridSequential):
    """As `Concatenate`, of HybridBlocks."""

    def __init__(self, axis: int = -1) -> None:
        super().__init__()
        self.axis = axis


class Dense(OperatorLayer):
    """A fully connected layer: ``activation(x · weightᵀ + bias)``.

    Parameters
    ----------
    units : int
        Size of the output.
    activation : str, optional
        As for `Activation`.
    use_bias : bool, default True
    flatten : bool, default True
        Make all dimensions of the input but the first one; otherwise only the last is transformed.
    dtype : default 'float32'
    weight_initializer, bias_initializer : Initializer or str, optional
        Default: the network's for the weight, zeros for the bias.
    in_units : int, default 0
        Size of the input; 0: told by the first one.
    """

    def __init__(
        self,
        units: int,
        activation: str | None = None,
        use_bias: bool = True,
        flatten: bool = True,
        dtype: Any = "float32",
        weight_initializer: Any = None,
        bias_initializer: Any = "zeros",
        in_units: int = 0,
    ) -> None:
        super().__init__()
        self._units = units
        self._in_units = in_units
        self._flatten = flatten
        self._set_operator("FullyConnected", num_hidden=units, no_bias=not use_bias, flatten=flatten)
        self.weight = Parameter(
            "weight", shape=(units, in_units), init=weight_initializer, dtype=dtype, allow_deferred_init=True
        )
        self.bias = (
            Parameter("bias", shape=(units,), init=bias_initializer, dtype=dtype, allow_deferred_init=True)
            if use_bias
            else None
        )
        self.act = None if activation is None else Activation(activation)

    def forward(self, x: Array) -> Any:
        bias = self.bias
        out = self._run(x, self.weight.data_for(x), None if bias is None else bias.data_for(x))
        return out if self.act is None else self.act(out)

    def infer_shape(self, x: Array, *args: Any) -> None:
        size = 1
        for length in x.shape[1:] if self._flatten else x.shape[-1:]:
            size *= length
        self.weight.shape = (self.weight.shape[0], size)

    def __repr__(self) -> str:
        units, inputs = self.weight.shape
        return f"{type(self).__name__}({inputs} -> {units}, {self.act or 'linear'})"


class Dropout(OperatorLayer):
    """In training, sets elements to zero at random and scales the others up to keep the mean.

    Parameters
    ----------
    rate : float
        Fraction that is set to zero.
    axes : tuple of int, default ()
        Axes along which one draw holds for all elements.
    """

    def __init__(self, rate: float, axes: tuple[int, ...] = ()) -> None:
        super().__init__()
        self._rate = rate
        self._axes = axes
        self._set_operator("Dropout", p=rate, axes=axes)

    def forward(self, x: Array) -> Any:
        return self._run(x) if self._rate > 0 else x

    def __repr__(self) -> str:
        return f"{type(self).__name__}(p = {self._rate}, axes={self._axes})"


class Embedding(OperatorLayer):
    """Rows of a table: an index becomes a vector.

    Parameters
    ----------
    input_dim, output_dim : int
        Number of rows and their length. Indices outside are taken as the nearest row.
    dtype : default 'float32'
    weight_initializer : Initializer or str, optional
    sparse_grad : bool, default False
        Accepted; gradients are dense.
    """

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        dtype: Any = "float32",
        weight_initializer: Any = None,
        sparse_grad: bool = False,
    ) -> None:
        super().__init__()
        self._text = f"({input_dim} -> {output_dim}, {dtype})"
        self._set_operator("Embedding", input_dim=input_dim, output_dim=output_dim, dtype=dtype)
        self.weight = Parameter(
            "weight", shape=(input_dim, output_dim), init=weight_initializer, dtype=dtype, allow_deferred_init=True
        )

    def forward(self, x: Array) -> Any:
        return self._run(x, self.weight.data_for(x))

    def __repr__(self) -> str:
        return type(self).__name__ + self._text


class Flatten(OperatorLayer):
    """``(N, a, b, ...)`` to ``(N, a·b·...)``."""

    def __init__(self) -> None:
        super().__init__()
        self._set_operator("Flatten")

    def __repr__(self) -> str:
        return type(self).__name__


class Identity(HybridBlock):
    """The input itself."""

    def forward(self, x: Any) -> Any:
        return x


def _function(function: Callable[..., Any] | str) -> tuple[Callable[..., Any], str]:
    from mxnet import numpy, numpy_extension

    if callable(function):
        return function, getattr(function, "__name__", type(function).__name__)
    if not isinstance(function, str):
        raise ValueError(f"Unrecognized function in lambda: {function} of type {type(function)}")
    found = getattr(numpy, function, None) or getattr(numpy_extension, function, None)
    if found is None:
        raise AttributeError(f"Function name {function} is not found in np/npx.")
    return found, function


class Lambda(Block):
    """A function as a block.

    Parameters
    ----------
    function : callable or str
        Called with the inputs; a string names a function of `mx.np` or `mx.npx`.

    Raises
    ------
    AttributeError
        For a name that neither has.
    ValueError
        For anything else.
    """

    def __init__(self, function: Callable[..., Any] | str) -> None:
        super().__init__()
        self._func, self._func_name = _function(function)

    def forward(self, *args: Any) -> Any:
        return self._func(*args)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._func_name})"


class HybridLambda(HybridBlock):
    """As `Lambda`, for use in hybrid networks."""

    def __init__(self, function: Callable[..., Any] | str) -> None:
        super().__init__()
        self._func, self._func_name = _function(function)

    def forward(self, x: Any, *args: Any) -> Any:
        return self._func(x, *args)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._func_name})"
