"""Images read at places that are inputs themselves, and the places."""

from __future__ import annotations

from typing import Any, Literal

import torch
import torch.nn.functional as F

from mxnet.base import MXNetError
from mxnet.operators.attributes import Shape
from mxnet.operators.catalogue import operator
from mxnet.operators.neural._check import check_floating, check_types

Tensor = torch.Tensor


@operator("BilinearSampler")
def bilinear_sampler(data: Tensor, grid: Tensor, *, cudnn_off: bool | None = None) -> Tensor:
    """Images read bilinearly at the places in `grid` (images, 2, height, width).

    The first of two is x and the second y: -1 is the middle of the first pixel, 1 that of the last one. What lies
    further out fades to zero within a pixel.
    """
    check_floating("BilinearSampler", data)
    check_types("BilinearSampler", data, grid=grid)
    if data.dim() != 4 or grid.dim() != 4 or grid.shape[1] != 2 or len(data) != len(grid):
        raise MXNetError(
            "BilinearSampler takes data (images, channels, y, x) and grid (images, 2, height, width), not "
            f"{tuple(data.shape)} and {tuple(grid.shape)}"
        )
    if 0 in data.shape:
        return data.new_zeros(*data.shape[:2], *grid.shape[2:])
    return F.grid_sample(data, grid.permute(0, 2, 3, 1), mode="bilinear", padding_mode="zeros", align_corners=True)


@bilinear_sampler.onnx
def _(graph: Any, data: Any, grid: Any) -> Any:
    return _sampled_in_onnx(graph, data, grid)


def _sampled_in_onnx(graph: Any, data: Any, grid: Any) -> Any:
    mode = "linear" if graph.opset >= 20 else "bilinear"
    return graph.node("GridSample", data, graph.permute(grid, (0, 2, 3, 1)), align_corners=1, mode=mode)


@operator("GridGenerator")
def grid_generator(data: Tensor, *, transform_type: Literal["affine", "warp"], target_shape: Shape = (0, 0)) -> Tensor:
    """Places for `BilinearSampler` (images, 2, height, width).

    From affine maps (images, 6) by which places in the result become places in the image, for a result of height and
    width `target_shape`; or ("warp") from how many pixels to go from each place (images, 2, height, width).
    """
    check_floating("GridGenerator", data)
    if transform_type == "affine":
        return _affine("GridGenerator", data, target_shape)
    if data.dim() != 4 or data.shape[1] != 2:
        raise MXNetError(f"GridGenerator: data must have shape (images, 2, height, width), not {tuple(data.shape)}")
    height, width = data.shape[2:]
    y, x = [torch.arange(length, dtype=data.dtype, device=data.device) for length in (height, width)]
    return torch.stack((_unit(data[:, 0] + x, width), _unit(data[:, 1] + y[:, None], height)), 1)


def _affine(where: str, maps: Tensor, target_shape: tuple[int, ...]) -> Tensor:
    if maps.dim() != 2 or maps.shape[1] != 6:
        raise MXNetError(f"{where}: affine maps must have shape (images, 6), not {tuple(maps.shape)}")
    if len(target_shape) != 2 or min(target_shape) < 1:
        raise MXNetError(f"{where}: target_shape={target_shape} must be two numbers above 0")
    height, width = target_shape
    y, x = [_unit(torch.arange(length, dtype=maps.dtype, device=maps.device), length) for length in (height, width)]
    y, x = torch.meshgrid(y, x, indexing="ij")
    places = torch.stack((x, y, torch.ones_like(x))).flatten(1)
    return (maps.reshape(-1, 2, 3) @ places).reshape(-1, 2, height, width)


@grid_generator.onnx
def _(graph: Any, data: Any, *, transform_type: str, target_shape: tuple[int, ...]) -> Any:
    if transform_type == "affine":
        return _affine_in_onnx(graph, data, target_shape)
    height, width = graph.need_sizes(data, [2, 3])
    x, y = torch.arange(width, dtype=data.dtype).expand(height, -1), torch.arange(height, dtype=data.dtype)[:, None]
    pixel = graph.node("Add", data, graph.constant(torch.stack((x, y.expand(-1, width)))))
    units = [2 / max(length - 1, 1) for length in (width, height)]
    units = torch.tensor(units, dtype=data.dtype).reshape(2, 1, 1)
    return graph.node("Sub", graph.node("Mul", pixel, graph.constant(units)), 1)


def _affine_in_onnx(graph: Any, maps: Any, target_shape: tuple[int, ...]) -> Any:
    height, width = target_shape
    identity = torch.tensor([[1.0, 0, 0, 0, 1, 0]], dtype=maps.dtype)
    x, y = _affine("GridGenerator", identity, target_shape)[0].reshape(2, -1)
    places = graph.constant(torch.stack((x, y, torch.ones_like(x))))
    found = graph.node("MatMul", graph.reshape(maps, [-1, 2, 3]), places)
    return graph.reshape(found, [-1, 2, height, width])


def _unit(pixel: Tensor, length: int) -> Tensor:
    """Numbers of pixels in units from -1 (the first) to 1 (the last)."""
    return pixel * (2 / max(length - 1, 1)) - 1


@operator("SpatialTransformer")
def spatial_transformer(
    data: Tensor,
    loc: Tensor,
    *,
    target_shape: Shape = (0, 0),
    transform_type: Literal["affine"],
    sampler_type: Literal["bilinear"],
    cudnn_off: bool | None = None,
) -> Tensor:
    """Images under affine maps `loc` (images, 6): `GridGenerator` and `BilinearSampler` in one."""
    check_floating("SpatialTransformer", data)
    check_types("SpatialTransformer", data, loc=loc)
    return bilinear_sampler.body(data, _affine("SpatialTransformer", loc, target_shape))


@spatial_transformer.onnx
def _(graph: Any, data: Any, loc: Any, *, target_shape: tuple[int, ...]) -> Any:
    return _sampled_in_onnx(graph, data, _affine_in_onnx(graph, loc, target_shape))
