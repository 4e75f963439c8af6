"""Normalization layers."""

from __future__ import annotations

import warnings
from typing import Any

from mxnet import _dtype
from mxnet._modes import modes
from mxnet._processes import place
from mxnet.gluon.nn._layer import OperatorLayer, affine
from mxnet.ndarray._array import Array, run
from mxnet.operators import find

__all__ = ["BatchNorm", "BatchNormReLU", "GroupNorm", "InstanceNorm", "LayerNorm", "SyncBatchNorm"]


class _Norm(OperatorLayer):
    """A layer with a scale `gamma` and a shift `beta` of one number for each channel on `axis`."""

    def __init__(self, axis: int, in_channels: int, center: bool, scale: bool, beta_init: Any, gamma_init: Any) -> None:
        super().__init__()
        self._axis = axis
        self._in_channels = in_channels
        self._center = center
        self._scale = scale
        self.gamma = affine("gamma", in_channels, gamma_init, trained=scale)
        self.beta = affine("beta", in_channels, beta_init, trained=center)

    def forward(self, x: Array) -> Any:
        return self._run(x, self.gamma.data_for(x), self.beta.data_for(x))

    def infer_shape(self, x: Array, *args: Any) -> None:
        if not -x.ndim <= self._axis < x.ndim:
            raise IndexError(f"{type(self).__name__} works on axis {self._axis}, but its input has shape {x.shape}")
        channels = x.shape[self._axis]
        for param in self._reg_params.values():
            param.shape = (channels,)

    def _repr_with(self, **values: Any) -> str:
        text = ", ".join(f"{name}={value}" for name, value in values.items())
        return f"{type(self).__name__}({text}, in_channels={self.gamma.shape[0]})"


class BatchNorm(_Norm):
    """Normalizes each channel over the batch, and keeps running statistics for prediction (Ioffe and Szegedy 2015).

    Parameters
    ----------
    axis : int, default 1
        The channels.
    momentum : float, default 0.9
        Weight of the old running statistics in the new.
    epsilon : float, default 1e-5
        Added to the variance.
    center, scale : bool, default True
        Whether the shift `beta` and the scale `gamma` are learned; otherwise they stay 0 and 1.
    use_global_stats : bool, default False
        Use the running statistics in training too.
    beta_initializer, gamma_initializer, running_mean_initializer, running_variance_initializer
        Defaults zeros, ones, zeros, ones.
    in_channels : int, default 0
        0: told by the first input.
    """

    _operator_name = "BatchNorm"

    def __init__(
        self,
        axis: int = 1,
        momentum: float = 0.9,
        epsilon: float = 1e-5,
        center: bool = True,
        scale: bool = True,
        use_global_stats: bool = False,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        running_mean_initializer: Any = "zeros",
        running_variance_initializer: Any = "ones",
        in_channels: int = 0,
    ) -> None:
        super().__init__(axis, in_channels, center, scale, beta_initializer, gamma_initializer)
        self._shown = {
            "axis": axis,
            "eps": epsilon,
            "momentum": momentum,
            "fix_gamma": not scale,
            "use_global_stats": use_global_stats,
        }
        self._set_operator(self._operator_name, **self._shown)
        self.running_mean = affine("running_mean", in_channels, running_mean_initializer, trained=False)
        self.running_var = affine("running_var", in_channels, running_variance_initializer, trained=False)

    def forward(self, x: Array) -> Any:
        return self._run(
            x,
            self.gamma.data_for(x),
            self.beta.data_for(x),
            self.running_mean.data_for(x),
            self.running_var.data_for(x),
        )

    def cast(self, dtype: Any) -> None:
        """Change the type; statistics and their companions stay float32 for the 16-bit types."""
        super().cast("float32" if _dtype.to_torch(dtype).itemsize == 2 else dtype)

    def __repr__(self) -> str:
        return self._repr_with(**self._shown)


class BatchNormReLU(BatchNorm):
    """`BatchNorm` followed by a rectifier."""

    _operator_name = "_contrib_BatchNormWithReLU"


class SyncBatchNorm(BatchNorm):
    """`BatchNorm` whose batch, in training, is that of all processes together (see docs/distributed.md).

    Parameters
    ----------
    num_devices : int, optional
        Accepted for programs of MXNet: within one process each device normalizes its own part of the batch.
    in_channels, momentum, ...
        As for `BatchNorm`.
    """

    def __init__(
        self,
        in_channels: int = 0,
        num_devices: int | None = None,
        momentum: float = 0.9,
        epsilon: float = 1e-5,
        center: bool = True,
        scale: bool = True,
        use_global_stats: bool = False,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        running_mean_initializer: Any = "zeros",
        running_variance_initializer: Any = "ones",
    ) -> None:
        super().__init__(
            1,
            momentum,
            epsilon,
            center,
            scale,
            use_global_stats,
            beta_initializer,
            gamma_initializer,
            running_mean_initializer,
            running_variance_initializer,
            in_channels,
        )
        if num_devices is not None and num_devices > 1 and place().world == 1:
            warnings.warn(
                "SyncBatchNorm: within one process each device normalizes its own part of the batch. Statistics are "
                "shared by processes with a device each: torchrun --nproc-per-node "
                f"{num_devices}, with kvstore='dist_sync'",
                stacklevel=2,
            )
        shared = {name: value for name, value in self._shown.items() if name != "axis"}
        self._together = find("_contrib_SyncBatchNorm")
        self._together_attributes = self._together.canonical({**shared, "key": self.gamma._uuid})

    def forward(self, x: Array) -> Any:
        if not modes.training or place().world == 1:
            return super().forward(x)  # the operator that every engine knows
        parameters = (self.gamma, self.beta, self.running_mean, self.running_var)
        return run(self._together, (x, *[each.data_for(x) for each in parameters]), self._together_attributes)


class LayerNorm(_Norm):
    """Normalizes each sample over `axis` (Ba et al. 2016).

    Parameters
    ----------
    axis : int, default -1
    epsilon : float, default 1e-5
        Added to the variance.
    center, scale : bool, default True
        Whether the shift `beta` and the scale `gamma` are learned.
    beta_initializer, gamma_initializer
        Defaults zeros and ones.
    in_channels : int, default 0
        Length of the axis; 0: told by the first input.
    """

    def __init__(
        self,
        axis: int = -1,
        epsilon: float = 1e-5,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        in_channels: int = 0,
    ) -> None:
        super().__init__(axis, in_channels, center, scale, beta_initializer, gamma_initializer)
        self._epsilon = epsilon
        self._set_operator("LayerNorm", axis=axis, eps=epsilon)

    def __repr__(self) -> str:
        return self._repr_with(eps=self._epsilon, axis=self._axis, center=self._center, scale=self._scale)


class InstanceNorm(_Norm):
    """Normalizes each channel of each sample (Ulyanov et al. 2016); parameters as for `LayerNorm`."""

    def __init__(
        self,
        axis: int = 1,
        epsilon: float = 1e-5,
        center: bool = True,
        scale: bool = False,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        in_channels: int = 0,
    ) -> None:
        super().__init__(axis, in_channels, center, scale, beta_initializer, gamma_initializer)
        self._epsilon = epsilon
        self._set_operator("InstanceNorm", eps=epsilon)

    def forward(self, x: Array) -> Any:
        if self._axis in (1, 1 - x.ndim):
            return super().forward(x)
        return super().forward(x.swapaxes(1, self._axis)).swapaxes(1, self._axis)

    def __repr__(self) -> str:
        return self._repr_with(eps=self._epsilon, axis=self._axis, center=self._center, scale=self._scale)


class GroupNorm(_Norm):
    """Normalizes groups of channels of each sample (Wu and He 2018).

    Parameters
    ----------
    num_groups : int, default 1
        Must divide the number of channels (axis 1).
    epsilon, center, scale, beta_initializer, gamma_initializer, in_channels
        As for `LayerNorm`.
    """

    def __init__(
        self,
        num_groups: int = 1,
        epsilon: float = 1e-5,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        in_channels: int = 0,
    ) -> None:
        super().__init__(1, in_channels, center, scale, beta_initializer, gamma_initializer)
        self._epsilon = epsilon
        self._num_groups = num_groups
        self._set_operator("GroupNorm", num_groups=num_groups, eps=epsilon)

    def __repr__(self) -> str:
        return self._repr_with(eps=self._epsilon, num_groups=self._num_groups, center=self._center, scale=self._scale)
