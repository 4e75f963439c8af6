"""A network that reads handwritten digits, trained in float32: what other precisions do to its predictions."""

from __future__ import annotations

import tempfile
from functools import cached_property
from itertools import islice
from pathlib import Path

import numpy as np
from _inference_worker import optimize
from rich.console import Console

import mxnet as mx
from mxnet import gluon
from mxnet.cli import demo

__all__ = ["Digits"]

EPOCHS = 3
BATCH = 120  # a third of the images held out
CALIBRATION = 4  # batches of training images that int8 takes its ranges from


class Digits:
    """The network of `mxzoo demo`, trained for a short while when it is first needed."""

    model = "resnet18_v1"
    images = demo.HELD_OUT

    def compare(self, precision: str) -> tuple[float, float]:
        """The parts of the held-out images that are read right, and for which the prediction is that of float32."""
        net = self._network()
        if precision != "float32":
            optimize(net, self._held_out[0][0], precision, [images for images, _ in self._seen])
        predictions = self._predict(net)
        labels = np.concatenate([labels.asnumpy() for _, labels in self._held_out])
        return float((predictions == labels).mean()), float((predictions == self._exact).mean())

    def _network(self) -> gluon.Block:
        net = demo.build(self.model)
        net.load_dict(self._weights)
        return net

    def _predict(self, net: gluon.Block) -> np.ndarray:
        return demo.predict(net, self._held_out).argmax(axis=1)

    @cached_property
    def _exact(self) -> np.ndarray:
        return self._predict(self._network())

    @cached_property
    def _weights(self) -> dict[str, mx.np.ndarray]:
        with tempfile.TemporaryDirectory() as folder:
            settings = demo.Settings(self.model, EPOCHS, batch_size=64, seed=42, workers=0, output=Path(folder))
            outcome = demo.run(settings, Console(stderr=True))
            return mx.npx.load(str(outcome.parameter_file))

    @cached_property
    def _held_out(self) -> list[list[mx.np.ndarray]]:
        return list(_batches(demo.digits()[1]))

    @cached_property
    def _seen(self) -> list[list[mx.np.ndarray]]:
        return list(islice(_batches(demo.digits()[0]), CALIBRATION))


def _batches(images: gluon.data.Dataset) -> gluon.data.DataLoader:
    return gluon.data.DataLoader(images.transform_first(demo.preprocessing(training=False)), batch_size=BATCH)
