"""What `inference.py` measures, as rows of CSV files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from _rows import Contestant, OfContestant

__all__ = ["CONTESTANTS", "ENGINES", "PEERS", "PRECISIONS", "Agreement", "Speed"]

PEERS = ("torch", "torch.compile", "onnxruntime", "openvino", "genuine-1.9.1", "genuine-2.0.0b1")
ENGINES = ("mxnet", *PEERS)
PRECISIONS = ("float32", "bfloat16", "int8")


CONTESTANTS = (
    *map(Contestant, ENGINES),
    Contestant("mxnet", "bfloat16"),
    Contestant("mxnet", "int8"),
    Contestant("openvino", "bfloat16"),
)


@dataclass(frozen=True)
class Speed(OfContestant):
    """One contestant's figures for a network and a batch size.

    Attributes
    ----------
    mxnet_ratio : float
        The time of this package in float32 over this contestant's.
    float32_ratio : float
        This contestant's time over that of the same engine in float32.
    chosen : str
        The engine that this package chose.
    calls : int
        Those that were timed, in all rounds.
    """

    model: str
    batch: int
    size: int
    engine: str
    precision: str
    median_ms: float
    min_ms: float
    mxnet_ratio: float
    float32_ratio: float
    cold_start_s: float
    peak_mb: float
    chosen: str
    rounds: int
    calls: int
    setup: str
    command: str

    file: ClassVar[str] = "inference.csv"

    @property
    def case(self) -> tuple[str, int]:
        return self.model, self.batch


@dataclass(frozen=True)
class Agreement:
    """What a precision does to the predictions of a trained network.

    Attributes
    ----------
    accuracy : float
        The part of the held-out images that is read right.
    same : float
        The part for which the prediction is that of float32.
    """

    model: str
    precision: str
    images: int
    accuracy: float
    same: float
    setup: str

    file: ClassVar[str] = "agreement.csv"

    @property
    def key(self) -> tuple[object, ...]:
        return self.model, self.precision
