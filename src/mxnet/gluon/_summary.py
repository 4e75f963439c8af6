"""The table that `Block.summary` prints."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from mxnet.ndarray._array import Array

if TYPE_CHECKING:
    from mxnet.gluon.block import Block
    from mxnet.gluon.parameter import Parameter

__all__ = ["print_summary"]

_LINE = "{:>20}  {:>42} {:>15}"
_WIDTH = 80


class _Table:
    """Collects a line for each layer as the forward pass reaches it."""

    def __init__(self, inputs: tuple[Any, ...]) -> None:
        self.rows = [("Input", _shapes(inputs), 0)]
        self.total = self.trainable = self.shared = 0
        self._seen: set[int] = set()

    def add(self, block: Block, inputs: tuple[Any, ...], output: Any) -> None:
        count = sum(self._count(param) for param in block.params.values())
        self.rows.append((f"{type(block).__name__}-{len(self.rows)}", _shapes(output), count))

    def _count(self, param: Parameter) -> int:
        size = math.prod(param.shape)
        self.total += size
        if param.grad_req != "null":
            self.trainable += size
        if id(param) in self._seen:
            self.shared += size
        self._seen.add(id(param))
        return size

    def __str__(self) -> str:
        return "\n".join(
            [
                "-" * _WIDTH,
                _LINE.format("Layer (type)", "Output Shape", "Param #"),
                "=" * _WIDTH,
                *[_LINE.format(*row) for row in self.rows],
                "=" * _WIDTH,
                "Parameters in forward computation graph, duplicate included",
                f"   Total params: {self.total}",
                f"   Trainable params: {self.trainable}",
                f"   Non-trainable params: {self.total - self.trainable}",
                f"Shared params in forward computation graph: {self.shared}",
                f"Unique parameters in model: {self.total - self.shared}",
                "-" * _WIDTH,
            ]
        )


def print_summary(block: Block, inputs: tuple[Any, ...]) -> None:
    """Run `block` on `inputs` and print a line for each layer in the order they finish.

    Raises
    ------
    AssertionError
        If a block is hybridized: a graph has no layers to show.
    """
    from mxnet.gluon.nn import HybridSequential, Sequential

    table = _Table(inputs)
    handles = {}

    def watch(layer: Block) -> None:
        if getattr(layer, "_active", False):
            raise AssertionError(f'"{type(layer).__name__}" must not be hybridized to print summary.')
        if not isinstance(layer, (Sequential, HybridSequential)) and id(layer) not in handles:
            handles[id(layer)] = layer.register_forward_hook(table.add)

    try:
        block.apply(watch)
        block(*inputs)
        print(table)
    finally:
        for handle in handles.values():
            handle.detach()


def _shapes(value: Any) -> str:
    nested = _nested_shapes(value)
    if isinstance(nested, list):
        return str(nested)[1:-1]
    return str(nested)


def _nested_shapes(value: Any) -> Any:
    if isinstance(value, Array):
        return value.shape
    if isinstance(value, (list, tuple)):
        return [_nested_shapes(item) for item in value]
    return None if value is None else type(value).__name__
