"""The program of `programs.GluonProgram`, hybridized, under genuine MXNet 1.9.1: a process that times calls on demand.

    genuine/bin/python benchmarks/genuine.py '{"model": "resnet50_v1", "batch": 1, "size": 224}'

For each line on standard input, ``inference``, ``training`` or ``first``, it prints the seconds that one call took.
``first`` is the first call of a newly hybridized network beyond what a later call takes. Runs on Python 3.11 with the
old packages, and imports nothing of this repository.
"""

import json
import sys
import time

import numpy as np

import mxnet as mx
from mxnet import autograd, gluon
from mxnet.gluon.model_zoo import vision


class Program:
    def __init__(self, model, batch, size):
        images = np.random.RandomState(0).standard_normal((batch, 3, size, size))
        self.images = mx.nd.array(images)
        self.labels = mx.nd.array(np.arange(batch) * 7 % 1000)
        self.net = vision.get_model(model)
        self.net.initialize(mx.init.Xavier())
        self.net(self.images).wait_to_read()
        self.net.hybridize(static_alloc=True, static_shape=True)
        self.loss = gluon.loss.SoftmaxCrossEntropyLoss()
        self.trainer = gluon.Trainer(
            self.net.collect_params(), "sgd", {"learning_rate": 1e-3, "momentum": 0.9}, kvstore=None
        )

    def inference(self):
        self.net(self.images).wait_to_read()

    def training(self):
        with autograd.record():
            loss = self.loss(self.net(self.images), self.labels)
        loss.backward()
        self.trainer.step(len(self.images))
        mx.nd.waitall()


def seconds(call):
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def first(program):
    """What the first hybridized call costs beyond a later one."""
    return seconds(program.inference) - min(seconds(program.inference) for _ in range(2))


if __name__ == "__main__":
    program = Program(**json.loads(sys.argv[1]))
    print("ready", flush=True)
    for line in sys.stdin:
        what = line.strip()
        print(first(program) if what == "first" else seconds(getattr(program, what)), flush=True)
