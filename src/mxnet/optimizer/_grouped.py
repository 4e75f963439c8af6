"""Updating all parameters of a step with a handful of torch calls.

Parameters that share rates, count, type and device form a group, and each optimizer says how one group is updated:
with `torch._foreach_*` calls over its lists of tensors, or with one of torch's fused kernels where the formula is
MXNet's. The fused kernels walk plain memory, so everything in a group lies in memory the way its weight does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import torch

from mxnet._modes import modes
from mxnet.base import MXNetError
from mxnet.ndarray._array import Array
from mxnet.optimizer.optimizer import Optimizer

__all__ = ["Group", "GroupedOptimizer", "average", "average_squares", "clipped", "norms", "zeros_like"]

Tensor = torch.Tensor

# On a CPU a group ends at about this many elements, so that what one pass over it leaves in the cache is still
# there in the next, and scratch memory stays small.
_CHUNK = 1 << 20


class Group:
    """Tensors that are updated together.

    Attributes
    ----------
    lr, wd : float
        Learning rate and weight decay.
    count : int
        How many updates they have seen, this one included.
    indices : list
        What tells the parameters apart.
    weights, grads : list of torch.Tensor
    states : list of list of torch.Tensor
        One list for each array that a parameter's state consists of.
    """

    __slots__ = ("count", "grads", "indices", "lr", "size", "states", "wd", "weights")

    def __init__(self, lr: float, wd: float, count: int, states: int) -> None:
        self.lr = lr
        self.wd = wd
        self.count = count
        self.size = 0
        self.indices: list[Any] = []
        self.weights: list[Tensor] = []
        self.grads: list[Tensor] = []
        self.states: list[list[Tensor]] = [[] for _ in range(states)]

    def scaled_grads(self, scale: float, clip: float | None) -> list[Tensor]:
        """The gradients times `scale`, clipped if `clip` is positive; copies unless nothing is to be done."""
        grads = self.grads
        if scale != 1.0:
            grads = torch._foreach_mul(grads, scale)
        return clipped(grads, clip)

    def decayed_grads(self, scale: float, clip: float | None) -> list[Tensor]:
        """`scaled_grads` plus the weight decay."""
        grads = self.scaled_grads(scale, clip)
        if not self.wd:
            return grads
        if grads is self.grads:
            return torch._foreach_add(grads, self.weights, alpha=self.wd)
        torch._foreach_add_(grads, self.weights, alpha=self.wd)
        return grads


class GroupedOptimizer(Optimizer):
    """Base of the optimizers that update whole groups; subclasses define `_update_group`."""

    _takes_all: ClassVar[bool] = True

    def step(self, indices: Sequence[Any], weights: Sequence[Any], grads: Sequence[Any], states: Sequence[Any]) -> None:
        """Update all given weights and states in place.

        Raises
        ------
        MXNetError
            If a gradient or state has not the shape of its weight, or a weight is part of a graph being recorded.
        """
        if modes.recording:
            for weight in weights:
                weight._check_writable()
        layouts: list[tuple[Tensor, Tensor]] = []
        with torch.no_grad():
            rows = list(_rows(weights, grads, states, layouts))
            self._update_count(list(indices))
            for group in self._groups(indices, rows):
                self._update_group(group)
            for tensor, dense in layouts:
                tensor.copy_(dense)

    fused_step = step

    def _update_group(self, group: Group) -> None:
        """Update the weights and states of one group in place."""
        raise NotImplementedError(f"{type(self).__name__} must define _update_group(self, group)")

    def _groups(self, indices: Sequence[Any], rows: list[list[Tensor]]) -> Iterator[Group]:
        counts = self._index_update_count
        groups: dict[Any, Group] = {}
        for index, lr, wd, row in zip(indices, self._get_lrs(indices), self._get_wds(indices), rows, strict=True):
            weight = row[0]
            count = counts[index]
            key = (lr, wd, count, weight.dtype, weight.device, len(row))
            group = groups.get(key)
            if group is None:
                group = groups[key] = Group(lr, wd, count, len(row) - 2)
            group.indices.append(index)
            group.weights.append(weight)
            group.grads.append(row[1])
            for states, state in zip(group.states, row[2:], strict=True):
                states.append(state)
            group.size += weight.numel()
            if group.size >= _CHUNK and weight.device.type == "cpu":
                yield groups.pop(key)
        yield from groups.values()


def clipped(tensors: list[Tensor], clip: float | None) -> list[Tensor]:
    """The tensors clipped to between minus and plus `clip`, as copies; themselves if it is not positive."""
    if clip is None or clip <= 0:
        return tensors
    tensors = torch._foreach_clamp_max(tensors, clip)
    torch._foreach_clamp_min_(tensors, -clip)
    return tensors


def average(means: list[Tensor], values: list[Tensor], beta: float) -> None:
    """Let running means follow new values: ``beta * mean + (1 - beta) * value``, in place."""
    torch._foreach_mul_(means, beta)
    torch._foreach_add_(means, values, alpha=1 - beta)


def average_squares(means: list[Tensor], values: list[Tensor], beta: float) -> None:
    """Let running means follow the squares of new values, in place."""
    torch._foreach_mul_(means, beta)
    torch._foreach_addcmul_(means, values, values, 1 - beta)


def norms(tensors: list[Tensor]) -> Tensor:
    """The Euclidean norm of each tensor, of 16 bits those in float32, as one vector."""
    dtype = torch.float32 if tensors[0].dtype.itemsize == 2 else None
    return torch.stack(torch._foreach_norm(tensors, 2, dtype))


def zeros_like(weight: Array) -> Any:
    """A state of zeros for `weight`, laid out in memory as it is."""
    return weight._like(torch.zeros_like(weight._data))


def _rows(
    weights: Sequence[Any], grads: Sequence[Any], states: Sequence[Any], layouts: list[tuple[Tensor, Tensor]]
) -> Iterator[list[Tensor]]:
    """Weight, gradient and state of each parameter, all of one shape, type and layout.

    `layouts` gets the pairs of a weight that has gaps in memory and the dense copy that stands for it.
    """
    for weight, grad, state in zip(weights, grads, states, strict=True):
        tensor = weight._data
        if not tensor.is_contiguous() and not _is_dense(tensor):
            layouts.append((tensor, tensor.clone(memory_format=torch.contiguous_format)))
            tensor = layouts[-1][1]
        layout = _layout(tensor)
        gradient = grad._data
        if _layout(gradient) != layout:
            gradient = _matching(gradient, tensor, "gradient")
        row = [tensor, gradient]
        if state is not None:
            for array in state if isinstance(state, (tuple, list)) else (state,):
                if array is None:
                    continue
                if _layout(array._data) != layout:
                    array._replace(_matching(array._data, tensor, "state"), weight._tag)
                row.append(array._data)
        if tensor.dim() == 4 and not tensor.is_contiguous():
            # Channels last. Seen in the order of the memory, fused kernels take it as it is instead of copying.
            row = [part.permute(0, 2, 3, 1) for part in row]
        yield row


def _is_dense(tensor: Tensor) -> bool:
    """Whether the elements lie in memory without gaps or overlap, in any order of the dimensions."""
    return tensor.is_contiguous(memory_format=torch.channels_last) if tensor.dim() == 4 else False


def _layout(tensor: Tensor) -> tuple[Any, ...]:
    return tensor.shape, tensor.stride(), tensor.dtype, tensor.device


def _matching(tensor: Tensor, weight: Tensor, what: str) -> Tensor:
    """`tensor` in the layout, type and on the device of `weight`: itself if only its strides are spelled otherwise."""
    if tensor.shape != weight.shape:
        raise MXNetError(f"the {what} of shape {tuple(tensor.shape)} does not fit a weight of {tuple(weight.shape)}")
    strides = zip(tensor.shape, tensor.stride(), weight.stride(), strict=True)
    if (
        tensor.dtype is weight.dtype
        and tensor.device == weight.device
        and all(ours == theirs for size, ours, theirs in strides if size > 1)  # of one element it may be any
    ):
        return tensor
    return torch.empty_like(weight).copy_(tensor)
