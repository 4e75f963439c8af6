"""Shapes of parameters, and how their values lie in memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

__all__ = ["agrees", "empty", "known_sizes", "laid_out", "tensor_of"]

# MKL's product of a vector and a matrix rounds otherwise where the matrix is not aligned so (bytes). In a file it may
# not be, so it is copied unless that is large: a network then gives to the last bit what it gave when it was saved.
_ALIGNED, _COPIED = 16, 32 << 20


def known_sizes(shape: int | Sequence[int] | None) -> tuple[int, ...] | None:
    """A shape as a tuple, with -1 for each size that is not known."""
    if shape is None:
        return None
    sizes = (shape,) if isinstance(shape, (int, np.integer)) else shape
    return tuple(-1 if size in (0, -1) else int(size) for size in sizes)


def agrees(known: tuple[int, ...], new: tuple[int, ...] | None) -> bool:
    """Whether a parameter whose sizes are known in part may have another shape."""
    return new is not None and len(known) == len(new) and all(a in (-1, b) for a, b in zip(known, new, strict=True))


def empty(shape: Sequence[int], dtype: torch.dtype) -> torch.Tensor:
    """Memory for the values of a parameter, on the CPU."""
    with torch.inference_mode(False):  # else it could never be trained, nor its changes be counted
        return torch.empty(shape, dtype=dtype, memory_format=_form(shape))


def laid_out(tensor: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """Values that were loaded, as `empty` would lay them out; in the memory they are in where that allows it."""
    shape = tuple(tensor.shape)
    form = _form(shape)
    with torch.inference_mode(False):
        values = tensor.detach().to(dtype).contiguous(memory_format=form)
        if _is_matrix(shape) and values.data_ptr() % _ALIGNED and values.nbytes <= _COPIED:
            values = values.clone()
        # Where a size is 1 the strides are anything: these are what `empty` makes.
        strides = torch.empty(shape, device="meta", memory_format=form).stride()
        return values.as_strided(shape, strides)


def tensor_of(data: Any) -> torch.Tensor:
    """Values given as a tensor of torch's, or as anything that NumPy takes."""
    # NumPy has no bfloat16, so a tensor does not go through it.
    return data.detach() if isinstance(data, torch.Tensor) else torch.as_tensor(np.asarray(data))


def _form(shape: Sequence[int]) -> torch.memory_format:
    # Four dimensions are a convolution's weight: with the channels last the CPU's and the GPU's kernels are faster, and
    # what they make of the data stays in that layout by itself.
    return torch.channels_last if len(shape) == 4 else torch.contiguous_format


def _is_matrix(shape: Sequence[int]) -> bool:
    """Whether it is the weight of a product, as that of a convolution without extent is."""
    return len(shape) >= 2 and all(size == 1 for size in shape[2:])
