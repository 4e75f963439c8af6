"""Whether an exported file computes in ONNX Runtime what the graph computes here."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from mxnet.base import MXNetError
from mxnet.device import cpu
from mxnet.ndarray._array import Array, wrap
from mxnet.numpy.multiarray import ndarray
from mxnet.onnx._builder import as_numpy
from mxnet.symbol._evaluate import evaluate
from mxnet.symbol._graph import Entry

__all__ = ["RELATIVE", "check_result", "verify"]

RELATIVE = 1e-4
"""How far a result may be off, beside the largest number of its array."""
_RELATIVE_OF_HALF = 2e-2
_SEED = 20
_HALF = (torch.float16, torch.bfloat16)


def verify(
    path: str,
    entries: Sequence[Entry],
    params: Mapping[str, torch.Tensor],
    inputs: Sequence[Mapping[str, tuple[tuple[int, ...], torch.dtype]]],
) -> None:
    """Compare a file with the graph it was made of, on noise of each of some forms of the inputs.

    Without ONNX Runtime a warning says that nothing was compared.

    Raises
    ------
    MXNetError
        If it does not run, or computes something else.
    """
    try:
        import onnxruntime  # noqa: TID251  (no engine: a second opinion)
    except ImportError:
        warnings.warn(
            "onnxruntime is not installed, so the exported file is not verified: pip install onnxruntime, or "
            "pass verify=False",
            stacklevel=4,
        )
        return
    try:
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its errors have no common class but this one
        raise MXNetError(f"ONNX Runtime does not take the exported graph: {_first_line(error)}") from error
    for number, form in enumerate(inputs):
        generator = torch.Generator().manual_seed(_SEED)
        values = {name: _noise(shape, dtype, generator) for name, (shape, dtype) in form.items()}
        _compare(session, entries, params, values, must_run=number == 0)


def _compare(
    session: Any,
    entries: Sequence[Entry],
    params: Mapping[str, torch.Tensor],
    values: Mapping[str, torch.Tensor],
    must_run: bool,
) -> None:
    arrays: dict[str, Array] = {name: wrap(ndarray, value) for name, value in {**values, **params}.items()}
    try:
        expected = evaluate(entries, arrays, training=False, device=cpu(), cls=ndarray)
    except MXNetError:
        if must_run:
            raise
        return  # a dynamic size that the network itself does not take
    wanted = {each.name for each in session.get_inputs()}
    try:
        found = session.run(None, {name: as_numpy(value) for name, value in values.items() if name in wanted})
    except Exception as error:
        raise MXNetError(f"ONNX Runtime does not run the exported graph: {_first_line(error)}") from error
    for info, one, other in zip(session.get_outputs(), expected, found, strict=True):
        check_result(info.name, one._data.detach(), np.asarray(other))


def check_result(name: str, expected: torch.Tensor, found: np.ndarray) -> None:
    """Compare one result with what it must be.

    Raises
    ------
    MXNetError
        If its shape or any number is another.
    """
    if tuple(expected.shape) != found.shape:
        raise MXNetError(
            f"the exported graph gives {name!r} the shape {found.shape} in ONNX Runtime, not {tuple(expected.shape)}"
        )
    if expected.numel() == 0:
        return
    wide, result = expected.to(torch.float64).numpy(), found.astype(np.float64)
    scale = np.max(np.abs(wide[np.isfinite(wide)]), initial=0.0)
    limit = (_RELATIVE_OF_HALF if expected.dtype in _HALF else RELATIVE) * (scale or 1.0)
    if not np.allclose(result, wide, rtol=0, atol=limit, equal_nan=True):
        with np.errstate(invalid="ignore"):
            off = np.where(np.isnan(wide) & np.isnan(result), 0, np.abs(result - wide))
        worst = np.max(np.nan_to_num(off, nan=np.inf))
        raise MXNetError(
            f"the exported graph computes something else in ONNX Runtime: {name!r} is off by {worst:.3g}, where at "
            f"most {limit:.3g} is allowed (pass verify=False to write it even so)"
        )


def _noise(shape: tuple[int, ...], dtype: torch.dtype, generator: torch.Generator) -> torch.Tensor:
    if dtype.is_floating_point:
        return torch.randn(shape, generator=generator).to(dtype)
    return torch.randint(0, 2, shape, generator=generator).to(dtype)


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n", 1)[0]
