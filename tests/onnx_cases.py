"""One call of an operator as an ONNX model, and what runs it."""

from collections.abc import Mapping
from typing import Any

import onnx
import onnxruntime
import torch
from recorded_calls import Call

from mxnet.onnx._builder import as_numpy
from mxnet.onnx._lower import lower
from mxnet.onnx._model import model_of
from mxnet.onnx._verify import check_result
from mxnet.symbol._graph import Node

onnxruntime.set_default_logger_severity(4)

LAYERS = {"BatchNorm", "Convolution", "Deconvolution", "FullyConnected", "GroupNorm", "InstanceNorm", "LayerNorm"}


def named_inputs(call: Call) -> dict[str, torch.Tensor]:
    return {f"x{number}": each for number, each in enumerate(call.inputs) if each is not None}


def expected(call: Call) -> list[torch.Tensor]:
    """What the body gives."""
    attributes = call.attributes | ({"training": False} if call.op.modal else {})
    with torch.no_grad():
        made = call.op.body(*[None if each is None else each.clone() for each in call.inputs], **attributes)
    return [made] if isinstance(made, torch.Tensor) else list(made)


def model(call: Call, dynamic: bool = False, opset: int = 21) -> tuple[onnx.ModelProto, dict[str, torch.Tensor]]:
    """The call as a model, and its inputs; parameters of layers are initializers. `dynamic`: for any batch."""
    given = named_inputs(call)
    variables = {name: Node(None, name) for name in given}
    entries = [(variables[f"x{number}"], 0) if each is not None else None for number, each in enumerate(call.inputs)]
    node = Node(call.op, "node", call.attributes, entries)
    shapes: dict[str, Any] = {name: tuple(tensor.shape) for name, tensor in given.items()}
    if dynamic and "x0" in shapes and shapes["x0"]:
        shapes["x0"] = (None, *shapes["x0"][1:])
    params = {name: each for name, each in given.items() if name != "x0"} if call.op.name in LAYERS else {}
    types = {name: tensor.dtype for name, tensor in given.items()}
    lowered = lower([(node, number) for number in range(node.outputs)], shapes, types, opset)
    dims = {name: ["batch" if size is None else size for size in shapes[name]] for name in given if name not in params}
    made = model_of(lowered, dims, params)
    onnx.checker.check_model(made, full_check=True)
    return made, {name: given[name] for name in dims}


def run(made: onnx.ModelProto, inputs: Mapping[str, torch.Tensor]) -> list[Any]:
    session = onnxruntime.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"])
    wanted = {each.name for each in session.get_inputs()}
    return session.run(None, {name: as_numpy(each) for name, each in inputs.items() if name in wanted})


def compare(found: list[Any], wanted: list[torch.Tensor]) -> None:
    for number, (one, other) in enumerate(zip(wanted, found, strict=True)):
        check_result(str(number), one, other)
        assert str(one.dtype).removeprefix("torch.") == str(other.dtype)
