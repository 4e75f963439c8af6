"""The element types that files can hold: torch dtype, MXNet's code in the binary list, NumPy's descr."""

from __future__ import annotations

import torch

__all__ = ["CODE_OF", "DESCR_OF", "DTYPE_OF_CODE", "DTYPE_OF_DESCR", "name_of"]

# MXNet has no NumPy scalar for bfloat16: it writes this structured descr, which every NumPy can open.
BFLOAT16_DESCR = (("bfloat16", "<u2"),)

_TABLE: tuple[tuple[torch.dtype, int, object], ...] = (
    (torch.float32, 0, "<f4"),
    (torch.float64, 1, "<f8"),
    (torch.float16, 2, "<f2"),
    (torch.uint8, 3, "|u1"),
    (torch.int32, 4, "<i4"),
    (torch.int8, 5, "|i1"),
    (torch.int64, 6, "<i8"),
    (torch.bool, 7, "|b1"),
    (torch.int16, 8, "<i2"),
    (torch.uint16, 9, "<u2"),
    (torch.uint32, 10, "<u4"),
    (torch.uint64, 11, "<u8"),
    (torch.bfloat16, 12, BFLOAT16_DESCR),
)

DTYPE_OF_CODE = {code: dtype for dtype, code, _ in _TABLE}
CODE_OF = {dtype: code for dtype, code, _ in _TABLE}
DESCR_OF = {dtype: descr for dtype, _, descr in _TABLE}
# JAX and ml_dtypes save bfloat16 as two raw bytes.
DTYPE_OF_DESCR = {descr: dtype for dtype, _, descr in _TABLE} | {"<V2": torch.bfloat16, "|V2": torch.bfloat16}


def name_of(dtype: torch.dtype) -> str:
    """The dtype's name without its module: ``"float32"``."""
    return str(dtype).removeprefix("torch.")
