"""The same inference and the same training step twice: as a Gluon program, and written directly in torch.

Each class imports its framework when an instance is made, so that a process can be measured with one of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["PROGRAMS", "GluonProgram", "TorchProgram"]

CLASSES = 1000
LEARNING_RATE, MOMENTUM = 1e-3, 0.9


def data(batch: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Images of noise, and labels."""
    images = np.random.default_rng(0).standard_normal((batch, 3, size, size), dtype="float32")
    return images, np.arange(batch) * 7 % CLASSES


class GluonProgram:
    """A network of the zoo, used as MXNet's users do."""

    def __init__(self, model: str, batch: int, size: int, kvstore: str | None = "device") -> None:
        import mxnet as mx
        from mxnet import autograd, gluon
        from mxnet.gluon.model_zoo import vision

        images, labels = data(batch, size)
        self._images, self._labels = mx.np.array(images), mx.np.array(labels)
        self._record = autograd.record
        self.net = vision.get_model(model)
        self.net.initialize(mx.init.Xavier())
        self.net(self._images)  # now the shapes of all parameters are known
        self._loss = gluon.loss.SoftmaxCrossEntropyLoss()
        options = {"learning_rate": LEARNING_RATE, "momentum": MOMENTUM}
        self._trainer = gluon.Trainer(self.net.collect_params(), "sgd", options, kvstore)

    def inference(self) -> Callable[[], Any]:
        """A function that computes the class scores."""
        return lambda: self.net(self._images)

    def training(self) -> Callable[[], Any]:
        """A function that makes one step of gradient descent and returns the loss of each image."""

        def step() -> Any:
            with self._record():
                loss = self._loss(self.net(self._images), self._labels)
            loss.backward()
            self._trainer.step(len(self._images))
            return loss

        return step

    def parameters(self) -> list[np.ndarray]:
        """The values of all parameters, running statistics included."""
        return [parameter.data().asnumpy() for parameter in self.net.collect_params().values()]


class TorchProgram:
    """The same network in torch with the channels last, used as torch's users do: batches come channels first."""

    def __init__(self, model: str, batch: int, size: int) -> None:
        import torch
        from torch_zoo import NETWORKS

        images, labels = data(batch, size)
        self._images, self._layout = torch.from_numpy(images), torch.channels_last
        self._labels = torch.from_numpy(labels)
        self._inference_mode = torch.inference_mode
        self.net = NETWORKS[model]().to(memory_format=self._layout)
        self._loss = torch.nn.CrossEntropyLoss()
        self._optimizer = torch.optim.SGD(self.net.parameters(), LEARNING_RATE, MOMENTUM, foreach=True)

    def inference(self) -> Callable[[], Any]:
        """A function that computes the class scores."""

        def forward() -> Any:
            with self._inference_mode():
                return self.net(self._images.to(memory_format=self._layout))

        self.net.eval()
        return forward

    def training(self) -> Callable[[], Any]:
        """A function that makes one step of gradient descent and returns the mean loss."""

        def step() -> Any:
            loss = self._loss(self.net(self._images.to(memory_format=self._layout)), self._labels)
            self._optimizer.zero_grad()
            loss.backward()
            self._optimizer.step()
            return loss

        self.net.train()
        return step


PROGRAMS = {"mxnet": GluonProgram, "torch": TorchProgram}
"""Both, by the package they import."""
