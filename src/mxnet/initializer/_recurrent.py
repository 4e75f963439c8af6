"""The initializer of fused recurrent layers."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import torch

from mxnet.initializer._base import InitDesc, Initializer, create, register
from mxnet.initializer._random import Uniform
from mxnet.ndarray._array import wrap

__all__ = ["RNNFused"]

_GATES = {"rnn_relu": 1, "rnn_tanh": 1, "lstm": 4, "gru": 3}


@register
class RNNFused(Initializer):
    """The one parameter vector of a fused recurrent layer, each part by an initializer of its own.

    Parameters
    ----------
    mode : {'rnn_relu', 'rnn_tanh', 'lstm', 'gru'}
    num_layers, state_size : int
    bidirectional : bool, default False
    projection_size : int, optional
    i2h_weight_initializer, h2h_weight_initializer, h2r_weight_initializer : Initializer or str, optional
        Default: the network's initializer, else `Uniform`.
    i2h_bias_initializer, h2h_bias_initializer : Initializer or str, optional
        Likewise.

    Raises
    ------
    ValueError
        For another mode; when called, for a vector whose length does not fit.
    """

    def __init__(
        self,
        mode: str,
        num_layers: int,
        state_size: int,
        bidirectional: bool = False,
        projection_size: int | None = None,
        i2h_weight_initializer: Any = None,
        h2h_weight_initializer: Any = None,
        i2h_bias_initializer: Any = None,
        h2h_bias_initializer: Any = None,
        h2r_weight_initializer: Any = None,
    ) -> None:
        if mode not in _GATES:
            raise ValueError(f"mode must be one of {', '.join(_GATES)}, not {mode!r}")
        super().__init__(
            mode=mode,
            num_layers=num_layers,
            state_size=state_size,
            bidirectional=bidirectional,
            projection_size=projection_size,
            i2h_weight_initializer=i2h_weight_initializer,
            h2h_weight_initializer=h2h_weight_initializer,
            i2h_bias_initializer=i2h_bias_initializer,
            h2h_bias_initializer=h2h_bias_initializer,
            h2r_weight_initializer=h2r_weight_initializer,
        )
        self._rows = _GATES[mode] * state_size
        self._output = projection_size or state_size
        self._directions = 2 if bidirectional else 1

    def _init_weight(self, name: str, arr: Any) -> None:
        flat = arr._writable_tensor()
        parts = list(self._parts(self._input_size(name, flat)))
        pieces = flat.split([math.prod(shape) for _, shape in parts])
        fallback = getattr(name, "global_init", None) or Uniform()
        for (part, shape), piece in zip(parts, pieces, strict=True):
            chosen = self._kwargs[f"{part}_initializer"]
            made = create(fallback if chosen is None else chosen)
            made._init_weight(InitDesc(f"{name}_{part}"), wrap(type(arr), piece.view(shape)))

    def _input_size(self, name: str, flat: torch.Tensor) -> int:
        """The number of features of the first layer's input, from the length of the vector."""
        rest = flat.numel() - sum(math.prod(shape) for _, shape in self._parts(0))
        size, remainder = divmod(rest, self._directions * self._rows)
        if remainder or size < 1 or flat.dim() != 1:
            raise ValueError(f"{name} of shape {tuple(flat.shape)} is no parameter vector of {self!r}")
        return size

    def _parts(self, input_size: int) -> Iterator[tuple[str, tuple[int, ...]]]:
        """Name and shape of each part, in their order: all weights, then all biases."""
        layers = range(self._kwargs["num_layers"])
        for layer in layers:
            inputs = self._directions * self._output if layer else input_size
            for _ in range(self._directions):
                yield "i2h_weight", (self._rows, inputs)
                yield "h2h_weight", (self._rows, self._output)
                if self._kwargs["projection_size"]:
                    yield "h2r_weight", (self._output, self._kwargs["state_size"])
        for _ in layers:
            for _ in range(self._directions):
                yield "i2h_bias", (self._rows,)
                yield "h2h_bias", (self._rows,)
