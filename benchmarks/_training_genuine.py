"""A worker of `training.py` under genuine MXNet 1.9.1; it reads the weights that this package wrote.

.conformance/1.9.1/bin/python benchmarks/_training_genuine.py '{"engine": "genuine-1.9.1", ...}'
"""

from __future__ import annotations

from typing import Any

from _inference_turns import WEIGHTS, Program, Task, serve, task_given
from _training_steps import OPTIONS, labels, training

import mxnet as mx
from mxnet.gluon.model_zoo import vision


def hybridized(task: Task) -> Program:
    images = mx.nd.array(task.images(), dtype="float32")
    classes = mx.nd.array(labels(task.batch))
    net = vision.get_model(task.model)
    net.load_parameters(task.file(WEIGHTS))
    net.hybridize(static_alloc=True, static_shape=True)
    loss = mx.gluon.loss.SoftmaxCrossEntropyLoss()
    trainer = mx.gluon.Trainer(net.collect_params(), "sgd", dict(OPTIONS), kvstore=None)

    def step() -> Any:
        with mx.autograd.record():
            losses = loss(net(images), classes)
        losses.backward()
        trainer.step(task.batch)
        mx.nd.waitall()
        return losses

    return training(step, lambda losses: float(losses.mean().asscalar()))


if __name__ == "__main__":
    serve(task_given(), hybridized)
