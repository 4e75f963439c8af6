"""What `mxzoo list` shows: the models of the zoo and what each of them costs."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import torch
from rich.table import Table
from torch.overrides import TorchFunctionMode

import mxnet as mx
from mxnet.gluon.model_zoo import vision

__all__ = ["Model", "as_json", "as_table", "find_models"]

_WILDCARDS = "*?["
_WEIGHTED = (torch.conv2d, torch.nn.functional.linear)
_SHAPE_KEEPING = (torch.batch_norm, torch.clamp, torch.relu)


@dataclass(frozen=True)
class Model:
    """One line of the list: a model for images of 3 x `input_size` x `input_size` and 1000 classes.

    Attributes
    ----------
    parameters : int
        Numbers in its parameters, running statistics included.
    multiply_adds : int
        Multiplications of its convolutions and Dense layers for one image, each with its addition.
    """

    name: str
    family: str
    parameters: int
    multiply_adds: int
    input_size: int


def find_models(pattern: str = "*") -> list[Model]:
    """The models whose name matches a shell pattern, or has `pattern` in it if that has no wildcards.

    Ordered by family, within it by size. Case does not matter.
    """
    if not any(wildcard in pattern for wildcard in _WILDCARDS):
        pattern = f"*{pattern}*"
    models = [_describe(name) for name in vision.list_models(pattern.lower())]
    return sorted(models, key=lambda model: (model.family, model.parameters, model.name))


def _describe(name: str) -> Model:
    info = vision.model_info(name)
    net = info.constructor()
    with _MultiplyAdds() as multiply_adds:
        # The network's own forward on shapes alone: its parameters are never made.
        net.infer_shape(mx.np.zeros((1, 3, info.input_size, info.input_size)))
    parameters = sum(math.prod(parameter.shape) for parameter in net.collect_params().values())
    return Model(name, info.family, parameters, multiply_adds.count, info.input_size)


class _MultiplyAdds(TorchFunctionMode):
    """Counts the multiplications of the convolutions and matrix products that torch is asked for inside."""

    count = 0

    def __torch_function__(
        self, function: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if function in _SHAPE_KEEPING:
            return args[0]  # torch works out their shapes in Python, which would take most of the time
        result = function(*args, **(kwargs or {}))
        if function in _WEIGHTED:
            weight = args[1]
            # A number of the result takes the weights of its channel once.
            self.count += result.numel() * (weight.numel() // weight.shape[0])
        return result


def as_table(models: list[Model]) -> Table:
    """A table for people: millions of parameters, billions of multiply-adds."""
    table = Table(title=f"{len(models)} models, 1000 classes")
    table.add_column("name", style="bold")
    table.add_column("family")
    table.add_column("parameters", justify="right")
    table.add_column("multiply-adds", justify="right")
    table.add_column("input size", justify="right")
    for model in models:
        table.add_row(
            model.name,
            model.family,
            f"{model.parameters / 1e6:.2f} M",
            f"{model.multiply_adds / 1e9:.2f} G",
            f"{model.input_size} x {model.input_size}",
        )
    return table


def as_json(models: list[Model]) -> str:
    """The same for programs, with exact numbers."""
    return json.dumps([asdict(model) for model in models], indent=2)
