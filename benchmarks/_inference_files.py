"""The files that the workers of `inference.py` read: weights, images, and the network as a module and in ONNX.

python benchmarks/_inference_files.py '{"model": "vgg16", "batches": [1, 16], "size": 224, "folder": "/tmp/vgg16"}'
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from _inference_turns import IMAGES, MODULE, WEIGHTS, onnx_file
from programs import data

import mxnet as mx
from mxnet.gluon.model_zoo import vision


def write(model: str, batches: Sequence[int], size: int, folder: str) -> None:
    """A network with random weights, and images of noise for the largest batch.

    The ONNX files are for one batch size each, which lets their runtimes plan ahead as this package's engines do.
    """
    mx.random.seed(0)
    images, _ = data(max(batches), size)
    np.save(Path(folder, IMAGES), images)
    net = vision.get_model(model)
    net.initialize(mx.init.MSRAPrelu("in", slope=0))  # activations keep their size from layer to layer
    net.hybridize()
    example = mx.np.array(images[:1])
    net(example)
    net.save_parameters(str(Path(folder, WEIGHTS)))
    torch.save(net.to_torch(example), Path(folder, MODULE))
    for batch in batches:
        shape = (batch, 3, size, size)
        # Not compared here: every worker's scores are.
        net.export(Path(folder, onnx_file(batch)), format="onnx", dynamic=False, in_shapes=[shape], verify=False)


if __name__ == "__main__":
    write(**json.loads(sys.argv[1]))
