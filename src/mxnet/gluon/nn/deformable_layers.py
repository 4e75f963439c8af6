"""Convolutions that learn where to look (Dai et al. 2017, Zhu et al. 2019)."""

from __future__ import annotations

import math
from typing import Any

from mxnet.gluon.nn._layer import OperatorLayer, tuple_of
from mxnet.gluon.nn.activations import Activation
from mxnet.gluon.parameter import Parameter
from mxnet.ndarray._array import Array, run
from mxnet.operators import find

__all__ = ["DeformableConvolution", "ModulatedDeformableConvolution"]


class DeformableConvolution(OperatorLayer):
    """A convolution over ``(N, C, H, W)`` whose kernel elements are moved by offsets that a second one computes.

    Parameters
    ----------
    channels, kernel_size, strides, padding, dilation, groups, use_bias, in_channels, activation
        As for `Conv2D`.
    num_deformable_group : int, default 1
        Groups of channels that share their offsets.
    layout : {'NCHW'}
    weight_initializer, bias_initializer : Initializer or str, optional
        Of the convolution itself.
    offset_weight_initializer, offset_bias_initializer : default 'zeros'
        Of the convolution that computes the offsets; with zeros the layer begins as a plain convolution.
    offset_use_bias : bool, default True

    Raises
    ------
    AssertionError
        For another layout.
    """

    _operator_name = "_npx_deformable_convolution"
    _numbers_per_element = 2  # a row and a column offset

    def __init__(
        self,
        channels: int,
        kernel_size: int | tuple[int, int] = (1, 1),
        strides: int | tuple[int, int] = (1, 1),
        padding: int | tuple[int, int] = (0, 0),
        dilation: int | tuple[int, int] = (1, 1),
        groups: int = 1,
        num_deformable_group: int = 1,
        layout: str = "NCHW",
        use_bias: bool = True,
        in_channels: int = 0,
        activation: str | None = None,
        weight_initializer: Any = None,
        bias_initializer: Any = "zeros",
        offset_weight_initializer: Any = "zeros",
        offset_bias_initializer: Any = "zeros",
        offset_use_bias: bool = True,
    ) -> None:
        super().__init__()
        if layout != "NCHW":
            raise AssertionError(f"{type(self).__name__} takes the layout 'NCHW', not {layout!r}")
        self._groups = groups
        self._kernel = tuple_of(kernel_size, 2, "kernel_size")
        self._offsets = 2 * math.prod(self._kernel) * num_deformable_group
        where = {
            "kernel": self._kernel,
            "stride": tuple_of(strides, 2, "strides"),
            "pad": tuple_of(padding, 2, "padding"),
            "dilate": tuple_of(dilation, 2, "dilation"),
        }
        self._shown = where
        self._set_operator(
            self._operator_name,
            **where,
            num_filter=channels,
            num_group=groups,
            num_deformable_group=num_deformable_group,
            no_bias=not use_bias,
            layout=layout,
        )
        numbers = self._offsets // 2 * self._numbers_per_element
        self._offset_operator = find("Convolution")
        self._offset_attributes = self._offset_operator.canonical(
            {**where, "num_filter": numbers, "no_bias": not offset_use_bias, "layout": layout, "cudnn_off": True}
        )
        self.offset_weight = self._weight("offset_weight", numbers, in_channels, offset_weight_initializer)
        self.offset_bias = _bias("offset_bias", numbers, offset_bias_initializer) if offset_use_bias else None
        self.deformable_conv_weight = self._weight(
            "deformable_conv_weight", channels, in_channels // groups, weight_initializer
        )
        self.deformable_conv_bias = _bias("deformable_conv_bias", channels, bias_initializer) if use_bias else None
        self.act = None if activation is None else Activation(activation)

    def _weight(self, name: str, channels: int, in_channels: int, init: Any) -> Parameter:
        return Parameter(name, shape=(channels, in_channels, *self._kernel), init=init, allow_deferred_init=True)

    def infer_shape(self, x: Array, *args: Any) -> None:
        channels = x.shape[1]
        self.offset_weight.shape = (self.offset_weight.shape[0], channels, *self._kernel)
        weight = self.deformable_conv_weight
        weight.shape = (weight.shape[0], channels // self._groups, *self._kernel)

    def _numbers(self, x: Array) -> Any:
        """What the second convolution makes of the input."""
        bias = self.offset_bias
        inputs = (x, self.offset_weight.data_for(x), None if bias is None else bias.data_for(x))
        return run(self._offset_operator, inputs, self._offset_attributes)

    def _convolve(self, x: Array, *numbers: Array) -> Any:
        bias = self.deformable_conv_bias
        weight = self.deformable_conv_weight.data_for(x)
        out = self._run(x, *numbers, weight, None if bias is None else bias.data_for(x))
        return out if self.act is None else self.act(out)

    def forward(self, x: Array) -> Any:
        return self._convolve(x, self._numbers(x))

    def __repr__(self) -> str:
        weight = self.deformable_conv_weight
        inputs = weight.shape[1] if weight._replicas else -1
        parts = [f"{inputs} -> {weight.shape[0]}"]
        plain = {"pad": (0, 0), "dilate": (1, 1)}
        names = {"kernel": "kernel_size", "pad": "padding", "dilate": "dilation"}
        parts += [f"{names.get(name, name)}={value}" for name, value in self._shown.items() if value != plain.get(name)]
        if self._groups != 1:
            parts.append(f"groups={self._groups}")
        if self.deformable_conv_bias is None:
            parts.append("bias=False")
        if self.act is not None:
            parts.append(repr(self.act))
        return f"{type(self).__name__}({', '.join(parts)})"


class ModulatedDeformableConvolution(DeformableConvolution):
    """As `DeformableConvolution`, with a learned weight between 0 and 2 for each element read (Zhu et al. 2019)."""

    _operator_name = "_npx_modulated_deformable_convolution"
    _numbers_per_element = 3  # and a weight

    def forward(self, x: Array) -> Any:
        from mxnet import numpy_extension as npx

        numbers = self._numbers(x)
        mask = npx.sigmoid(numbers[:, self._offsets :]) * 2
        return self._convolve(x, numbers[:, : self._offsets], mask)


def _bias(name: str, size: int, init: Any) -> Parameter:
    return Parameter(name, shape=(size,), init=init, allow_deferred_init=True)
