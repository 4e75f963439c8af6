"""Results of frequent torch functions on tensors without values, found faster than by torch.

torch's own rules for these are written in Python since 2.13: they take up to half a millisecond a call, and the first
one loads the eight hundred modules of torch's compiler. Here a cheaper function with the same form of results, and
the same inputs that their gradients go to, stands for each.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch.overrides import TorchFunctionMode

__all__ = ["Forms", "result_of"]

Tensor = torch.Tensor
Function = Callable[..., Any]


class Forms(TorchFunctionMode):
    """Inside, `result_of` stands for every torch function."""

    def __torch_function__(
        self, func: Function, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        return result_of(func, args, kwargs or {})


def result_of(func: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The result of a torch function, found another way if it has no values."""
    rule = _RULES.get(func)
    if rule is not None and not kwargs:
        found = rule(*args)
        if found is not None:
            return found
    return func(*args, **kwargs)


def _is_bare(value: Any) -> bool:
    return isinstance(value, Tensor) and value.is_meta and value.is_floating_point()


def _leads(data: Any, others: Sequence[Any]) -> bool:
    """Whether a result that is made of `data` alone has a gradient exactly if one made of all has."""
    if not _is_bare(data):
        return False
    return data.requires_grad or not any(isinstance(each, Tensor) and each.requires_grad for each in others)


# Rules: None leaves it to torch.


def _as_first(data: Any, *others: Any) -> Tensor | None:
    return data.clone() if _leads(data, others) else None


def _as_both(one: Any, other: Any) -> Tensor | None:
    if isinstance(other, (bool, int, float)):
        return one.clone() if _is_bare(one) else None
    if not (_is_bare(one) and _is_bare(other) and one.shape == other.shape and one.dtype is other.dtype):
        return None
    return one.clone() if one.requires_grad or not other.requires_grad else other.clone()


def _clamped(data: Any, *bounds: Any) -> Tensor | None:
    numbers = all(bound is None or isinstance(bound, (int, float)) for bound in bounds)
    return data.clone() if _is_bare(data) and numbers and any(bound is not None for bound in bounds) else None


def _in_place(data: Any, *others: Any) -> Tensor | None:
    return data if _leads(data, others) and not data.requires_grad else None


def _normalized(data: Any, *others: Any) -> tuple[Tensor, Tensor, Tensor] | None:
    if not _leads(data, others) or data.dtype not in (torch.float32, torch.float64):
        return None
    statistic = torch.empty(data.shape[1], dtype=data.dtype, device="meta")
    return data.clone(), statistic, statistic.clone()


def _linear(data: Any, weight: Any, bias: Any = None) -> Tensor | None:
    if not (_is_bare(data) and _is_bare(weight) and data.dim() and weight.dim() == 2 and data.dtype is weight.dtype):
        return None
    if bias is not None:
        fits = _is_bare(bias) and bias.dtype is data.dtype and bias.shape == weight.shape[:1]
        if not fits or (bias.requires_grad and not (data.requires_grad or weight.requires_grad)):
            return None
    return torch.matmul(data, weight.t())


def _softmax(data: Any, dim: Any, dtype: Any = None) -> Tensor | None:
    return data.clone() if _is_bare(data) and dtype is None and isinstance(dim, int) else None


def _mean(data: Any, dims: Any = None, keepdim: bool = False) -> Tensor | None:
    return data.sum(dims, keepdim) if _is_bare(data) and isinstance(dims, (int, tuple, list)) else None


def _whole_mean(dims: tuple[int, ...]) -> Function:
    def rule(data: Any, size: Any) -> Tensor | None:
        is_batch = _is_bare(data) and data.dim() == len(dims) + 2 and 0 not in data.shape
        return data.sum(dims, True) if is_batch and size in (1, (1,) * len(dims)) else None

    return rule


def _joined(tensors: Any, dim: Any = 0) -> Tensor | None:
    if not all(map(_is_bare, tensors)) or not isinstance(dim, int):
        return None
    first, *others = sorted(tensors, key=lambda tensor: not tensor.requires_grad)
    rank = first.dim()
    if not -rank <= dim < rank:
        return None
    dim %= rank
    rest = [size for axis, size in enumerate(first.shape) if axis != dim]
    for other in others:
        fits = other.dtype is first.dtype and other.dim() == rank
        if not fits or [size for axis, size in enumerate(other.shape) if axis != dim] != rest:
            return None
    return F.pad(first, [0, 0] * (rank - 1 - dim) + [0, sum(other.shape[dim] for other in others)])


_UNARY = (
    *(torch.relu, Tensor.relu, F.relu, torch.sigmoid, Tensor.sigmoid, torch.tanh, Tensor.tanh, F.gelu, F.leaky_relu),
    *(torch.exp, Tensor.exp, torch.log, Tensor.log, torch.sqrt, Tensor.sqrt, torch.abs, Tensor.abs, Tensor.square),
    *(torch.neg, Tensor.neg, Tensor.__neg__, F.softplus, F.elu, F.silu, F.softsign),
)
_BINARY = (
    *(torch.add, torch.sub, torch.mul, torch.div, torch.pow, torch.maximum, torch.minimum),
    *(Tensor.add, Tensor.sub, Tensor.mul, Tensor.div, Tensor.pow),
    *(Tensor.__add__, Tensor.__sub__, Tensor.__mul__, Tensor.__truediv__),
)
_RULES: dict[Function, Function] = {
    **dict.fromkeys(_UNARY, _as_first),
    **dict.fromkeys(_BINARY, _as_both),
    **dict.fromkeys((torch.batch_norm, F.layer_norm), _as_first),
    **dict.fromkeys((torch.softmax, torch.log_softmax), _softmax),
    **dict.fromkeys((Tensor.lerp_, Tensor.sub_, Tensor.div_, Tensor.mul_, Tensor.fill_), _in_place),
    torch.clamp: _clamped,
    torch.native_batch_norm: _normalized,
    F.linear: _linear,
    torch.mean: _mean,
    Tensor.mean: _mean,
    F.adaptive_avg_pool1d: _whole_mean((2,)),
    F.adaptive_avg_pool2d: _whole_mean((2, 3)),
    F.adaptive_avg_pool3d: _whole_mean((2, 3, 4)),
    torch.cat: _joined,
}
