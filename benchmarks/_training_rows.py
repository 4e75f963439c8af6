"""What `training.py` measures, as rows of a CSV file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from _rows import Contestant, OfContestant

__all__ = ["CONTESTANTS", "GENUINE", "OURS", "REFERENCES", "TORCH", "TORCH_COMPILE", "Step"]

PLAIN = Contestant("mxnet")
HYBRIDIZED = Contestant("mxnet-hybridized")
INDUCTOR = Contestant("mxnet-inductor")
TORCH = Contestant("torch")
TORCH_COMPILE = Contestant("torch.compile")
GENUINE = Contestant("genuine-1.9.1")

OURS = (PLAIN, HYBRIDIZED, INDUCTOR, HYBRIDIZED._replace(precision="bfloat16"), INDUCTOR._replace(precision="bfloat16"))
REFERENCES = (TORCH, TORCH_COMPILE, GENUINE)
CONTESTANTS = (*OURS, TORCH, TORCH_COMPILE, TORCH._replace(precision="bfloat16"), GENUINE)


@dataclass(frozen=True)
class Step(OfContestant):
    """One contestant's figures for training a network.

    Attributes
    ----------
    torch_ratio, compile_ratio, genuine_ratio : float
        This contestant's time over that of torch, torch.compile and genuine MXNet 1.9.1; NaN without them.
    last_loss : float
        The mean loss of the last step whose loss was compared.
    steps : int
        Those that were timed, in all rounds.
    """

    model: str
    batch: int
    size: int
    engine: str
    precision: str
    median_ms: float
    min_ms: float
    torch_ratio: float
    compile_ratio: float
    genuine_ratio: float
    last_loss: float
    cold_start_s: float
    peak_mb: float
    rounds: int
    steps: int
    setup: str
    command: str

    file: ClassVar[str] = "training.csv"

    @property
    def case(self) -> tuple[str, int, int]:
        return self.model, self.batch, self.size
