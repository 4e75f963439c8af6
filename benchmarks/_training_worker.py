"""A worker of `training.py`: one program that trains a network, in a process of its own.

    python benchmarks/_training_worker.py '{"engine": "torch", "precision": "float32", ...}'

Each makes steps of gradient descent with momentum and weight decay on one batch, which comes channels first.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from typing import Any

import numpy as np
from _inference_turns import WEIGHTS, Program, Task, serve, task_given
from _training_steps import ARRAYS, OPTIONS, labels, training


def in_mxnet(task: Task, prepare: Callable[[Any, Any], None]) -> Program:
    """As users of MXNet write it; `prepare` is given the network and the images."""
    import mxnet as mx
    from mxnet.gluon.model_zoo import vision

    if task.precision != "float32":
        mx.amp.init(task.precision)
    images, classes = mx.np.array(task.images()), mx.np.array(labels(task.batch))
    net = vision.get_model(task.model)
    net.load_parameters(task.file(WEIGHTS))
    prepare(net, images)
    loss = mx.gluon.loss.SoftmaxCrossEntropyLoss()
    trainer = mx.gluon.Trainer(net.collect_params(), "sgd", dict(OPTIONS))

    def step() -> Any:
        with mx.autograd.record():
            losses = loss(net(images), classes)
        losses.backward()
        trainer.step(task.batch)
        return losses

    return training(step, lambda losses: float(losses.mean()))


def as_written(net: Any, images: Any) -> None:
    """Leave the network as it is."""


def hybridize(net: Any, images: Any) -> None:
    net.hybridize(static_alloc=True, static_shape=True)


def compile_training(net: Any, images: Any) -> None:
    net.optimize_for(images, backend="inductor", training=True)


def in_torch(task: Task, prepared: Callable[[Any], Any]) -> Program:
    """As users of torch write it, with the channels last, rectifiers in place and the fused optimizer."""
    import torch
    import torch.nn.functional as F
    from torch_zoo import NETWORKS, copy_state, rectify_in_place

    net = NETWORKS[task.model]()
    with np.load(task.file(ARRAYS)) as arrays:
        copy_state(arrays.values(), net)
    rectify_in_place(net)
    net = net.to(memory_format=torch.channels_last).train()
    options = {"lr": OPTIONS["learning_rate"], "momentum": OPTIONS["momentum"], "weight_decay": OPTIONS["wd"]}
    optimizer = torch.optim.SGD(net.parameters(), **options, fused=True)
    forward = prepared(net)
    images, classes = torch.from_numpy(task.images()), torch.from_numpy(labels(task.batch))
    narrow = None if task.precision == "float32" else getattr(torch, task.precision)

    def step() -> torch.Tensor:
        with nullcontext() if narrow is None else torch.autocast("cpu", narrow):
            loss = F.cross_entropy(forward(images.to(memory_format=torch.channels_last)), classes)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    return training(step, torch.Tensor.item)


def compiled(net: Any) -> Any:
    import torch

    return torch.compile(net)


PROGRAMS: dict[str, Callable[[Task], Program]] = {
    "mxnet": partial(in_mxnet, prepare=as_written),
    "mxnet-hybridized": partial(in_mxnet, prepare=hybridize),
    "mxnet-inductor": partial(in_mxnet, prepare=compile_training),
    "torch": partial(in_torch, prepared=lambda net: net),
    "torch.compile": partial(in_torch, prepared=compiled),
}

# What each would import on its way to the first step.
IMPORTS = {
    "mxnet": ("mxnet",),
    "mxnet-hybridized": ("mxnet",),
    "mxnet-inductor": ("mxnet", "torch._inductor.compile_fx"),
    "torch": ("torch_zoo",),
    "torch.compile": ("torch_zoo", "torch._inductor.compile_fx"),
}


if __name__ == "__main__":
    given = task_given()
    for name in IMPORTS[given.engine]:
        importlib.import_module(name)
    serve(given, PROGRAMS[given.engine])
