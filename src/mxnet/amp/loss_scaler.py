"""`LossScaler`: the factor on a loss that keeps float16 gradients from vanishing, found while training."""

from __future__ import annotations

import logging
import math
import warnings
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import torch

from mxnet.gluon.parameter import Parameter

__all__ = ["LossScaler", "all_finite"]

_HOPELESS = 50
_SMALLEST = 2.0**-126  # of float32: the update divides by the factor, so that it must not come to 0
_log = logging.getLogger(__name__)


class LossScaler:
    """Multiplies losses: by less after gradients that overflowed, by more after a number of steps without.

    A `Trainer` that `amp.init_trainer` gave one asks it before each update, and leaves out the update if a gradient
    is infinite or NaN.

    Parameters
    ----------
    init_scale : float, default 65536
        The factor to begin with.
    scale_window : int, default 2000
        The number of steps without overflow after which the factor grows.
    scale_factor : float, default 2
        What it is multiplied with then, and divided by after an overflow.
    max_scale : float, default 16777216
        It grows no further.
    dynamic : bool, default True
        False leaves the factor as it is and never looks at gradients, which is right for bfloat16.

    Raises
    ------
    ValueError
        If a number is not positive and finite, or `scale_factor` is not above 1.

    Examples
    --------
    >>> scaler = mx.amp.loss_scaler.LossScaler(init_scale=8, scale_window=1)
    >>> scaler.update(overflow=False), scaler.loss_scale
    (None, 16.0)
    >>> scaler.update(overflow=True), scaler.loss_scale
    (None, 8.0)
    """

    def __init__(
        self,
        init_scale: float = 2.0**16,
        scale_window: int = 2000,
        scale_factor: float = 2.0,
        max_scale: float = 2.0**24,
        dynamic: bool = True,
    ) -> None:
        self._unskipped = 0
        self._skipped = 0
        self._set(
            loss_scale=init_scale,
            scale_window=scale_window,
            scale_factor=scale_factor,
            max_scale=max_scale,
            dynamic=dynamic,
        )

    @property
    def loss_scale(self) -> float:
        """The factor on losses; it may be set."""
        return self._loss_scale

    @loss_scale.setter
    def loss_scale(self, value: float) -> None:
        self._loss_scale = _positive("loss_scale", value)

    def has_overflow(self, params: Iterable[Parameter]) -> bool:
        """Whether a gradient of the parameters, on any device, is infinite or NaN; the factor changes accordingly.

        On a GPU this waits until the gradients are computed.
        """
        if not self.dynamic:
            return False
        overflow = not all_finite(
            grad._data for param in params if param.grad_req != "null" for grad in param.list_grad()
        )
        self.update(overflow)
        return overflow

    def update(self, overflow: bool) -> None:
        """Change the factor after a step; `overflow` tells that one had to be left out."""
        if not self.dynamic:
            return
        if overflow:
            self._loss_scale = max(self._loss_scale / self.scale_factor, _SMALLEST)
            self._unskipped = 0
            self._skipped += 1
            _log.info("gradients overflowed: the loss scale is %g from now on", self._loss_scale)
            if self._skipped == _HOPELESS:
                warnings.warn(
                    f"gradients were infinite or NaN in {_HOPELESS} steps one after the other, the last with a loss "
                    f"scale of {self._loss_scale * self.scale_factor:g}: most likely the loss itself is",
                    stacklevel=2,
                )
            return
        self._skipped = 0
        self._unskipped += 1
        if self._unskipped >= self.scale_window:
            self._unskipped = 0
            self._loss_scale = max(self._loss_scale, min(self._loss_scale * self.scale_factor, self.max_scale))

    def state_dict(self) -> dict[str, float]:
        """All there is to know of it, as plain numbers: `load_state_dict` goes on from there.

        Examples
        --------
        >>> mx.amp.loss_scaler.LossScaler().state_dict()["loss_scale"]
        65536.0
        """
        return {
            "loss_scale": self._loss_scale,
            "unskipped": self._unskipped,
            "skipped": self._skipped,
            "scale_window": self.scale_window,
            "scale_factor": self.scale_factor,
            "max_scale": self.max_scale,
            "dynamic": self.dynamic,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict` gave.

        Raises
        ------
        ValueError
            If a number is missing, unknown or out of its range. Nothing has changed then.
        """
        expected = self.state_dict().keys()
        if not isinstance(state, Mapping) or state.keys() != expected:
            raise ValueError(f"the state of a LossScaler has the numbers {', '.join(expected)}, and these are not it")
        counts = {name: _count(name, state[name]) for name in ("unskipped", "skipped")}
        self._set(**{name: value for name, value in state.items() if name not in counts})
        self._unskipped, self._skipped = counts["unskipped"], counts["skipped"]

    def _set(self, loss_scale: Any, scale_window: Any, scale_factor: Any, max_scale: Any, dynamic: Any) -> None:
        loss_scale = _positive("loss_scale", loss_scale)
        max_scale = _positive("max_scale", max_scale)
        if _positive("scale_factor", scale_factor) <= 1:
            raise ValueError(f"LossScaler: scale_factor must be above 1, not {scale_factor!r}")
        if _count("scale_window", scale_window) < 1:
            raise ValueError("LossScaler: scale_window must be at least 1")
        self._loss_scale = loss_scale
        self.scale_window = int(scale_window)
        self.scale_factor = float(scale_factor)
        self.max_scale = max_scale
        self.dynamic = bool(dynamic)

    def __repr__(self) -> str:
        if not self.dynamic:
            return f"LossScaler(loss_scale={self._loss_scale:g}, dynamic=False)"
        return (
            f"LossScaler(loss_scale={self._loss_scale:g}, "
            f"{self._unskipped} of {self.scale_window} steps until it grows)"
        )


def all_finite(tensors: Iterable[torch.Tensor]) -> bool:
    """Whether no element is infinite or NaN: one pass over all of them, and one wait for each device and type."""
    groups = defaultdict(list)
    for tensor in tensors:
        if tensor.numel():
            groups[tensor.device, tensor.dtype].append(tensor)
    largest = [torch.stack(torch._foreach_norm(group, math.inf)) for group in groups.values()]
    return all(bool(norms.isfinite().all()) for norms in largest)


def _positive(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < math.inf:
        raise ValueError(f"LossScaler: {name} must be a positive finite number, not {value!r}")
    return float(value)


def _count(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"LossScaler: {name} must be a whole number from 0 on, not {value!r}")
    return value
