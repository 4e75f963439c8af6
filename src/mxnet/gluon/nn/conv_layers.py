"""Convolution, transposed convolution, pooling and other layers that work on positions."""

from __future__ import annotations

from math import prod
from typing import Any

from mxnet import numpy_extension as npx
from mxnet.base import MXNetError
from mxnet.gluon.block import HybridBlock
from mxnet.gluon.nn._layer import LAYOUTS, OperatorLayer, Size, check_layout, tuple_of
from mxnet.gluon.nn._pooling import (
    AvgPool1D,
    AvgPool2D,
    AvgPool3D,
    GlobalAvgPool1D,
    GlobalAvgPool2D,
    GlobalAvgPool3D,
    GlobalMaxPool1D,
    GlobalMaxPool2D,
    GlobalMaxPool3D,
    MaxPool1D,
    MaxPool2D,
    MaxPool3D,
    _Pooling,  # noqa: F401  (programs ask whether a layer is one, and MXNet has it here)
)
from mxnet.gluon.nn.activations import Activation
from mxnet.gluon.parameter import Parameter
from mxnet.ndarray._array import Array

__all__ = [
    "AvgPool1D",
    "AvgPool2D",
    "AvgPool3D",
    "Conv1D",
    "Conv1DTranspose",
    "Conv2D",
    "Conv2DTranspose",
    "Conv3D",
    "Conv3DTranspose",
    "GlobalAvgPool1D",
    "GlobalAvgPool2D",
    "GlobalAvgPool3D",
    "GlobalMaxPool1D",
    "GlobalMaxPool2D",
    "GlobalMaxPool3D",
    "MaxPool1D",
    "MaxPool2D",
    "MaxPool3D",
    "PixelShuffle1D",
    "PixelShuffle2D",
    "PixelShuffle3D",
    "ReflectionPad2D",
]


class _Conv(OperatorLayer):
    """A convolution of any rank, plain or transposed.

    Parameters
    ----------
    channels : int
        Number of output channels.
    kernel_size : int or tuple of int
    strides, padding, dilation : int or tuple of int
        Defaults 1, 0 and 1.
    output_padding : int or tuple of int, default 0
        Transposed only: added to one side of the output.
    groups : int, default 1
        Groups of channels that are convolved apart.
    layout : str
        Order of the dimensions of the data; the channels second or last.
    activation : str, optional
        As for `Activation`.
    use_bias : bool, default True
    weight_initializer, bias_initializer : Initializer or str, optional
        Default: the network's for the weight, zeros for the bias.
    in_channels : int, default 0
        0: told by the first input.

    Raises
    ------
    AssertionError
        If a tuple has not one number for each dimension, or for another layout.
    """

    _rank = 2
    _transposed = False

    def __init__(
        self,
        channels: int,
        kernel_size: Size,
        strides: Size,
        padding: Size,
        dilation: Size,
        groups: int,
        layout: str,
        activation: str | None,
        use_bias: bool,
        weight_initializer: Any,
        bias_initializer: Any,
        in_channels: int,
        output_padding: Size = 0,
    ) -> None:
        super().__init__()
        rank = self._rank
        check_layout(layout, rank, f"{rank}D convolution")
        self._channels = channels
        self._groups = groups
        self._channels_last = layout.endswith("C")
        self._kernel = tuple_of(kernel_size, rank, "kernel_size")
        self._shown = {
            "kernel_size": self._kernel,
            "stride": tuple_of(strides, rank, "strides"),
            "padding": tuple_of(padding, rank, "padding"),
            "dilation": tuple_of(dilation, rank, "dilation"),
            "groups": groups,
        }
        attributes = {}
        if self._transposed:
            # The workspace changes nothing; MXNet's layer writes another than its operator's default.
            attributes = {"adj": tuple_of(output_padding, rank, "output_padding"), "workspace": 1024}
        self._set_operator(
            "Deconvolution" if self._transposed else "Convolution",
            kernel=self._kernel,
            stride=self._shown["stride"],
            pad=self._shown["padding"],
            dilate=self._shown["dilation"],
            num_filter=channels,
            num_group=groups,
            no_bias=not use_bias,
            layout=layout,
            **attributes,
        )
        self.weight = Parameter(
            "weight", shape=self._weight_shape(in_channels), init=weight_initializer, allow_deferred_init=True
        )
        self.bias = (
            Parameter("bias", shape=(channels,), init=bias_initializer, allow_deferred_init=True) if use_bias else None
        )
        self.act = None if activation is None else Activation(activation)

    def _weight_shape(self, in_channels: int) -> tuple[int, ...]:
        if self._transposed:
            outer, inner = in_channels, self._channels // self._groups
        else:
            outer, inner = self._channels, in_channels // self._groups
        return (outer, *self._kernel, inner) if self._channels_last else (outer, inner, *self._kernel)

    def forward(self, x: Array) -> Any:
        bias = self.bias
        out = self._run(x, self.weight.data_for(x), None if bias is None else bias.data_for(x))
        return out if self.act is None else self.act(out)

    def infer_shape(self, x: Array, *args: Any) -> None:
        if x.ndim != self._rank + 2:
            raise MXNetError(
                f"{type(self).__name__}: input data should be {self._rank + 2}D (batch, channels and {self._rank} "
                f"spatial dimensions), but has shape {x.shape}"
            )
        self.weight.shape = self._weight_shape(x.shape[-1 if self._channels_last else 1])

    def __repr__(self) -> str:
        plain = {"padding": 0, "dilation": 1}
        parts = [self._mapping()]
        for name, value in self._shown.items():
            if name == "groups":
                if value != 1:
                    parts.append(f"groups={value}")
            elif name not in plain or value != (plain[name],) * self._rank:
                parts.append(f"{name}={value}")
        if self.bias is None:
            parts.append("bias=False")
        if self.act is not None:
            parts.append(repr(self.act))
        return f"{type(self).__name__}({', '.join(parts)})"

    def _mapping(self) -> str:
        # As in MXNet the size of the input is shown once the weight exists.
        shape = self.weight.shape
        inner = shape[-1 if self._channels_last else 1]
        if self._transposed:
            return f"{shape[0] if self.weight._replicas else -1} -> {inner}"
        return f"{inner if self.weight._replicas else -1} -> {shape[0]}"


class Conv1D(_Conv):
    """Convolution over ``(N, C, W)``: arguments as in the base class, with ``layout='NCW'``."""

    _rank = 1

    def __init__(
        self,
        channels: int,
        kernel_size: Size,
        strides: Size = 1,
        padding: Size = 0,
        dilation: Size = 1,
        groups: int = 1,
        layout: str = "NCW",
        activation: str | None = None,
        use_bias: bool = True,
        weight_initializer: Any = None,
        bias_initializer: Any = "zeros",
        in_channels: int = 0,
    ) -> None:
        super().__init__(
            channels, kernel_size, strides, padding, dilation, groups, layout, activation, use_bias,
            weight_initializer, bias_initializer, in_channels,
        )  # fmt: skip


class Conv2D(_Conv):
    """Convolution over ``(N, C, H, W)``: arguments as in the base class, with ``layout='NCHW'``.

    Examples
    --------
    >>> conv = mx.gluon.nn.Conv2D(8, kernel_size=3, padding=1)
    >>> conv.initialize()
    >>> conv(mx.np.ones((2, 3, 32, 32))).shape
    (2, 8, 32, 32)
    """

    _rank = 2

    def __init__(
        self,
        channels: int,
        kernel_size: Size,
        strides: Size = (1, 1),
        padding: Size = (0, 0),
        dilation: Size = (1, 1),
        groups: int = 1,
        layout: str = "NCHW",
        activation: str | None = None,
        use_bias: bool = True,
        weight_initializer: Any = None,
        bias_initializer: Any = "zeros",
        in_channels: int = 0,
    ) -> None:
        super().__init__(
            channels, kernel_size, strides, padding, dilation, groups, layout, activation, use_bias,
            weight_initializer, bias_initializer, in_channels,
        )  # fmt: skip


class Conv3D(_Conv):
    """Convolution over ``(N, C, D, H, W)``: arguments as in the base class, with ``layout='NCDHW'``."""

    _rank = 3

    def __init__(
        self,
        channels: int,
        kernel_size: Size,
        strides: Size = (1, 1, 1),
        padding: Size = (0, 0, 0),
        dilation: Size = (1, 1, 1),
        groups: int = 1,
        layout: str = "NCDHW",
        activation: str | None = None,
        use_bias: bool = True,
        weight_initializer: Any = None,
        bias_initializer: Any = "zeros",
        in_channels: int = 0,
    ) -> None:
        super().__init__(
            channels, kernel_size, strides, padding, dilation, groups, layout, activation, use_bias,
            weight_initializer, bias_initializer, in_channels,
        )  # fmt: skip


class _ConvTranspose(_Conv):
    """A transposed convolution: its output is as large as the input of the convolution it is the gradient of."""

    _transposed = True

    def __init__(
        self,
        channels: int,
        kernel_size: Size,
        strides: Size = 1,
        padding: Size = 0,
        output_padding: Size = 0,
        dilation: Size = 1,
        groups: int = 1,
        layout: str | None = None,
        activation: str | None = None,
        use_bias: bool = True,
        weight_initializer: Any = None,
        bias_initializer: Any = "zeros",
        in_channels: int = 0,
    ) -> None:
        super().__init__(
            channels, kernel_size, strides, padding, dilation, groups, layout or LAYOUTS[self._rank][0], activation,
            use_bias, weight_initializer, bias_initializer, in_channels, output_padding,
        )  # fmt: skip


class Conv1DTranspose(_ConvTranspose):
    """Transposed convolution over ``(N, C, W)``; arguments as for the convolutions, and `output_padding`."""

    _rank = 1


class Conv2DTranspose(_ConvTranspose):
    """Transposed convolution over ``(N, C, H, W)``; arguments as for the convolutions, and `output_padding`."""

    _rank = 2


class Conv3DTranspose(_ConvTranspose):
    """Transposed convolution over ``(N, C, D, H, W)``; arguments as for the convolutions, and `output_padding`."""

    _rank = 3


class ReflectionPad2D(OperatorLayer):
    """Pads the last two of four dimensions with their mirror image.

    Parameters
    ----------
    padding : int or tuple of 8 int, default 0
        One width for all sides, or MXNet's pairs (before, after) for each of the four dimensions.
    """

    def __init__(self, padding: int | tuple[int, ...] = 0) -> None:
        super().__init__()
        width = (0, 0, 0, 0, padding, padding, padding, padding) if isinstance(padding, int) else padding
        self._set_operator("Pad", mode="reflect", pad_width=width)


class _PixelShuffle(HybridBlock):
    """Moves blocks of channels into positions (Shi et al. 2016).

    Parameters
    ----------
    factor : int or tuple of int
        How many times larger each dimension gets; the channels must be divisible by their product.
    """

    _rank = 2

    def __init__(self, factor: int | tuple[int, ...]) -> None:
        super().__init__()
        self._factors = tuple_of(factor, self._rank, "factor")

    def forward(self, x: Array) -> Any:
        # Codes instead of sizes: a graph holds for any number of images of any size.
        rank = self._rank
        apart = npx.reshape(x, (-2, -6, -1, prod(self._factors), *[-2] * rank))
        for number in range(rank - 1):
            rest = prod(self._factors[number + 1 :])
            apart = npx.reshape(apart, (*[-2] * (2 + number), -6, self._factors[number], rest, *[-2] * rank))
        order = [0, 1]
        for axis in range(rank):
            order += [2 + rank + axis, 2 + axis]
        return npx.reshape(apart.transpose(*order), (-2, -2, *[-5] * rank))

    def __repr__(self) -> str:
        shown = self._factors if self._rank > 1 else self._factors[0]
        return f"{type(self).__name__}({shown})"


class PixelShuffle1D(_PixelShuffle):
    """``(N, f·C, W)`` to ``(N, C, f·W)``."""

    _rank = 1


class PixelShuffle2D(_PixelShuffle):
    """``(N, f1·f2·C, H, W)`` to ``(N, C, f1·H, f2·W)``."""

    _rank = 2


class PixelShuffle3D(_PixelShuffle):
    """``(N, f1·f2·f3·C, D, H, W)`` to ``(N, C, f1·D, f2·H, f3·W)``."""

    _rank = 3
