"""Sparse arrays of 1.x files made dense. Elements are moved as bytes, so that every dtype works."""

from __future__ import annotations

import math

import torch

__all__ = ["dense_from_csr", "dense_from_rows"]


def dense_from_rows(shape: tuple[int, ...], data: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
    """A row_sparse array: ``data[i]`` is row ``rows[i]``, all others are zero. IndexError for a bad row."""
    return _scatter(shape, shape[0], data, rows, "row")


def dense_from_csr(
    shape: tuple[int, ...], data: torch.Tensor, pointers: torch.Tensor, columns: torch.Tensor
) -> torch.Tensor:
    """A csr matrix: row i holds elements ``pointers[i]`` to ``pointers[i + 1]``. IndexError if it cannot."""
    height, width = shape
    lengths = pointers.diff()
    if len(pointers) != height + 1 or pointers[0] != 0 or pointers[-1] != len(columns) or (lengths < 0).any():
        raise IndexError(f"row pointers do not divide {len(columns)} elements among {height} rows")
    if len(columns) and not 0 <= columns.min() <= columns.max() < width:
        raise IndexError(f"a column is outside 0 to {width - 1}")
    rows = torch.repeat_interleave(torch.arange(height), lengths)
    return _scatter(shape, height * width, data, rows * width + columns, "element")


def _scatter(shape: tuple[int, ...], slots: int, data: torch.Tensor, where: torch.Tensor, what: str) -> torch.Tensor:
    """Zeros of `shape`, seen as `slots` equal pieces of which the pieces `where` are `data`'s."""
    if len(where) and not 0 <= where.min() <= where.max() < slots:
        raise IndexError(f"a {what} number is outside 0 to {slots - 1}")
    dense = torch.zeros(shape, dtype=data.dtype)
    if len(where) and math.prod(shape):
        dense.view(-1).view(torch.uint8).view(slots, -1)[where] = (
            data.reshape(-1).view(torch.uint8).view(len(where), -1)
        )
    return dense
