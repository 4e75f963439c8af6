"""The files that the workers of `training.py` read: weights, for MXNet and in their order for torch, and images.

python benchmarks/_training_files.py '{"model": "resnet18_v1", "batch": 16, "size": 224, "folder": "/tmp/resnet18"}'
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from _inference_turns import IMAGES, WEIGHTS
from _training_steps import ARRAYS
from programs import data

import mxnet as mx
from mxnet.gluon.model_zoo import vision


def write(model: str, batch: int, size: int, folder: str) -> None:
    mx.random.seed(0)
    images, _ = data(batch, size)
    np.save(Path(folder, IMAGES), images)
    net = vision.get_model(model)
    net.initialize(mx.init.MSRAPrelu("in", slope=0))  # activations keep their size from layer to layer
    net(mx.np.array(images[:1]))  # now the shapes of all parameters are known
    net.save_parameters(str(Path(folder, WEIGHTS)))
    values = [parameter.data().asnumpy() for parameter in net.collect_params().values()]
    np.savez(Path(folder, ARRAYS), *values)


if __name__ == "__main__":
    write(**json.loads(sys.argv[1]))
