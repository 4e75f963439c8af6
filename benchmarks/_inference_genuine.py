"""A worker of `inference.py` under genuine MXNet, 1.9.1 or 2.0.0b1; it reads the weights that this package wrote.

.conformance/1.9.1/bin/python benchmarks/_inference_genuine.py '{"engine": "genuine-1.9.1", ...}'
"""

from __future__ import annotations

from _inference_turns import WEIGHTS, Program, Task, serve, task_given

import mxnet as mx
from mxnet.gluon.model_zoo import vision

OLD = mx.__version__.startswith("1.")


def hybridized(task: Task) -> Program:
    net = vision.get_model(task.model)
    net.load_parameters(task.file(WEIGHTS))
    net.hybridize(static_alloc=True, static_shape=True)
    images = (mx.nd if OLD else mx.np).array(task.images(), dtype="float32")
    return Program(call=lambda: net(images).wait_to_read(), scores=lambda: net(images).asnumpy())


if __name__ == "__main__":
    if not OLD:
        mx.npx.set_np()
    serve(task_given(), hybridized)
