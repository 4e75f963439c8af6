"""`Average`: a network's parameters averaged over the steps of its training, with more weight on the later ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch

import mxnet as mx

__all__ = ["Average"]


class Average:
    """The exponential moving average of all parameters, running statistics included.

    Parameters
    ----------
    net : Block
    decay : float
        Weight of the average at a step; smaller in the first steps, which are few to average over.
    """

    def __init__(self, net: mx.gluon.Block, decay: float) -> None:
        self._parameters = {name: parameter.data() for name, parameter in net.collect_params().items()}
        self._decay = decay
        self.values = {name: tensor.clone() for name, tensor in self._live().items()}

    def _live(self) -> dict[str, torch.Tensor]:
        return {name: array.as_torch().detach() for name, array in self._parameters.items()}

    def update(self, step: int) -> None:
        """Take in the parameters after `step` steps."""
        decay = min(self._decay, (1 + step) / (10 + step))
        torch._foreach_lerp_(list(self.values.values()), list(self._live().values()), 1 - decay)

    def load(self, values: Mapping[str, torch.Tensor]) -> None:
        """Go on from the averages of a checkpoint."""
        for name, tensor in self.values.items():
            tensor.copy_(values[name])

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Inside, the network has the averages for its parameters."""
        live = self._live()
        kept = {name: tensor.clone() for name, tensor in live.items()}
        for name, tensor in live.items():
            tensor.copy_(self.values[name])
        try:
            yield
        finally:
            for name, tensor in live.items():
                tensor.copy_(kept[name])
