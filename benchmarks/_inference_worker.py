"""A worker of `inference.py`: one engine that predicts with one network, in a process of its own.

    python benchmarks/_inference_worker.py '{"engine": "openvino", "precision": "float32", ...}'

Each function reads the network from its files and returns the engine's own, fastest form of a call, from a batch with
the channels first to scores in memory.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from typing import Any

from _inference_turns import MODULE, WEIGHTS, Program, Task, onnx_file, serve, task_given

__all__ = ["optimize"]


def optimize(net: Any, images: Any, precision: str, calibration: Sequence[Any]) -> None:
    """Have a network of this package compute in another precision; int8 takes its ranges from `calibration`."""
    options = {"precision": precision}
    if precision == "int8":
        options["calibration"] = list(calibration)
    net.optimize_for(images, backend="openvino", **options)


def in_mxnet(task: Task) -> Program:
    import mxnet as mx
    from mxnet.gluon.model_zoo import vision

    net = vision.get_model(task.model)
    net.load_parameters(task.file(WEIGHTS))
    images = mx.np.array(task.images())
    if task.precision == "float32":
        net.hybridize(static_alloc=True, static_shape=True)
    else:
        optimize(net, images, task.precision, calibration=[images])

    def chosen() -> str:
        return ", ".join(mx.engines.choices().values())

    return Program(lambda: net(images).wait_to_read(), lambda: net(images).asnumpy(), chosen)


def in_torch(task: Task) -> Program:
    import torch

    return _torch_program(task, lambda module: module, torch.inference_mode)


def in_torch_compile(task: Task) -> Program:
    import torch

    return _torch_program(task, lambda module: torch.compile(module, options={"freezing": True}), torch.no_grad)


def _torch_program(task: Task, prepared: Callable[[Any], Any], mode: Callable[[], Any]) -> Program:
    import torch

    layout = torch.channels_last
    module = torch.load(task.file(MODULE), weights_only=False).to(memory_format=layout)
    predict = prepared(module)
    images = torch.from_numpy(task.images())

    def call() -> torch.Tensor:
        with mode():
            return predict(images.to(memory_format=layout))

    return Program(call, lambda: call().numpy())


def in_onnxruntime(task: Task) -> Program:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = task.threads
    session = onnxruntime.InferenceSession(
        task.file(onnx_file(task.batch)), options, providers=["CPUExecutionProvider"]
    )
    images = task.images()

    def call() -> Any:
        return session.run(None, {"data": images})[0]

    return Program(call, call)


def in_openvino(task: Task) -> Program:
    import openvino

    options = {
        "INFERENCE_PRECISION_HINT": {"float32": "f32", "bfloat16": "bf16"}[task.precision],
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_NUM_THREADS": task.threads,
    }
    compiled = openvino.Core().compile_model(task.file(onnx_file(task.batch)), "CPU", options)
    request = compiled.create_infer_request()
    images = task.images()

    def call() -> Any:
        request.set_input_tensor(openvino.Tensor(images, shared_memory=True))
        request.infer()
        return request.get_output_tensor().data

    return Program(call, lambda: call().copy())


PROGRAMS: dict[str, Callable[[Task], Program]] = {
    "mxnet": in_mxnet,
    "torch": in_torch,
    "torch.compile": in_torch_compile,
    "onnxruntime": in_onnxruntime,
    "openvino": in_openvino,
}

# What each would import on its way to the first scores. The module in its file is made of this package's operators.
IMPORTS = {
    "mxnet": ("mxnet", "mxnet.onnx", "onnx", "onnxruntime", "openvino"),
    "torch": ("torch", "mxnet"),
    "torch.compile": ("torch", "mxnet", "torch._inductor.compile_fx"),
    "onnxruntime": ("onnxruntime",),
    "openvino": ("openvino",),
}


if __name__ == "__main__":
    given = task_given()
    for name in IMPORTS[given.engine] + (("nncf",) if given.precision == "int8" else ()):
        importlib.import_module(name)
    serve(given, PROGRAMS[given.engine])
