"""Every network of the zoo through ONNX: written, run in ONNX Runtime and OpenVINO, and read back.

    python benchmarks/onnx_zoo.py
    python benchmarks/onnx_zoo.py --models resnet18_v1 vgg16

Prints a table in Markdown: seconds to write a file (checked and compared), its size, and how far the results at batch 1
and 3 are off those of the network here, in parts of the largest score. Ends with an error if one is off by more than
1e-4.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable

import numpy as np
import onnxruntime
import openvino

import mxnet as mx
from mxnet.gluon.model_zoo import vision

BATCHES = (1, 3)
LIMIT = 1e-4

Run = Callable[[np.ndarray], np.ndarray]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", default=vision.list_models())
    return parser.parse_args()


def in_onnxruntime(path: str) -> Run:
    session = onnxruntime.InferenceSession(path)
    return lambda images: session.run(None, {"data": images})[0]


def in_openvino(path: str) -> Run:
    core = openvino.Core()
    compiled = core.compile_model(core.read_model(path), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return lambda images: next(iter(compiled([images]).values()))


def read_back(path: str) -> Run:
    block = mx.onnx.import_to_gluon(path)
    return lambda images: block(mx.np.array(images)).asnumpy()


RUNTIMES = {"ONNX Runtime": in_onnxruntime, "OpenVINO": in_openvino, "read back": read_back}


def measure(name: str, folder: str) -> tuple[float, int, list[float]]:
    """Seconds to write a network, bytes of the file, and the error of each runtime."""
    net = vision.get_model(name)
    net.initialize()
    net.hybridize()
    size = 299 if name.startswith("inception") else 224
    batches = [np.random.default_rng(batch).random((batch, 3, size, size), dtype="float32") for batch in BATCHES]
    wanted = [net(mx.np.array(images)).asnumpy() for images in batches]
    start = time.perf_counter()
    path = net.export(os.path.join(folder, name), format="onnx")
    seconds = time.perf_counter() - start
    errors = []
    for make in RUNTIMES.values():
        run = make(path)
        pairs = zip(batches, wanted, strict=True)
        errors.append(max(float(abs(run(images) - scores).max() / abs(scores).max()) for images, scores in pairs))
    return seconds, os.path.getsize(path), errors


def main() -> None:
    print("| network | written in s | MB |", " | ".join(RUNTIMES), "|")
    print("| --- |" + " --- |" * (2 + len(RUNTIMES)))
    worst = 0.0
    for name in arguments().models:
        with tempfile.TemporaryDirectory() as folder:
            seconds, size, errors = measure(name, folder)
        worst = max(worst, *errors)
        print(
            f"| {name} | {seconds:.1f} | {size / 1e6:.0f} |",
            " | ".join(f"{error:.1g}" for error in errors),
            "|",
            flush=True,
        )
    if worst > LIMIT:
        sys.exit(f"results are off by {worst:.1g}, where {LIMIT:g} is allowed")


if __name__ == "__main__":
    main()
