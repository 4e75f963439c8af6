"""OpenVINO models quantized to int8, after training, by NNCF."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator, Sequence
from typing import Any

import torch

__all__ = ["quantized"]


def quantized(model: Any, samples: Sequence[Sequence[torch.Tensor]]) -> Any:
    """The model with its convolutions and matrix products in int8, their ranges taken from some calls' inputs.

    Parameters
    ----------
    model : openvino.Model
    samples : sequence of sequence of Tensor
    """
    import nncf

    calls = [[tensor.contiguous().numpy() for tensor in sample] for sample in samples]
    with _quiet():
        return nncf.quantize(
            model,
            nncf.Dataset(calls),
            preset=nncf.QuantizationPreset.MIXED,
            subset_size=len(calls),
        )


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep NNCF's log from the terminal; its progress bar stays, for this takes a while."""
    logger = logging.getLogger("nncf")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
