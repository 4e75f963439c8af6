"""Regions of interest brought to one size."""

from __future__ import annotations

from typing import Any

import torch

from mxnet.base import MXNetError
from mxnet.operators.attributes import Shape
from mxnet.operators.catalogue import operator
from mxnet.operators.detection._sampling import average, image_of, largest
from mxnet.operators.neural._check import check_floating, check_types

__all__ = ["check_regions"]

Tensor = torch.Tensor


@operator("ROIPooling", "_npx_roi_pooling")
def roi_pooling(data: Tensor, rois: Tensor, *, pooled_size: Shape, spatial_scale: float) -> Tensor:
    """Maxima over a grid of cells in each region of interest (image number, left, top, right, bottom)."""
    check_regions("ROIPooling", data, rois, 5, pooled_size, spatial_scale)
    images, channels, height, width = data.shape
    pixel = largest(data.detach(), rois.detach(), pooled_size, spatial_scale)
    first = (image_of(rois, images)[0][:, None] * channels + torch.arange(channels, device=data.device)) * height
    found = data.reshape(-1)[first[..., None, None] * width + pixel.clamp(min=0)]
    return torch.where(pixel < 0, 0, found)


@roi_pooling.onnx
def _(graph: Any, data: Any, rois: Any, *, pooled_size: tuple[int, ...], spatial_scale: float) -> Any:
    return graph.node("MaxRoiPool", data, rois, pooled_shape=pooled_size, spatial_scale=spatial_scale)


@operator("_contrib_ROIAlign")
def roi_align(
    data: Tensor,
    rois: Tensor,
    *,
    pooled_size: Shape,
    spatial_scale: float,
    sample_ratio: int = -1,
    position_sensitive: bool = False,
    aligned: bool = False,
) -> Tensor:
    """Means over a grid of cells in each region of interest (image number, left, top, right, bottom).

    A cell has `sample_ratio` samples in each direction, or if that is not above zero as many as it is pixels long,
    each read bilinearly. A region of an image that is not there gives zeros.
    """
    check_regions("ROIAlign", data, rois, 5, pooled_size, spatial_scale)
    cells = pooled_size[0] * pooled_size[1]
    if position_sensitive and data.shape[1] % cells:
        raise MXNetError(f"ROIAlign: position_sensitive takes a multiple of {cells} channels, not {data.shape[1]}")
    return average(data, rois.detach(), pooled_size, spatial_scale, sample_ratio, position_sensitive, aligned)


@roi_align.onnx
def _(
    graph: Any,
    data: Any,
    rois: Any,
    *,
    pooled_size: tuple[int, ...],
    spatial_scale: float,
    sample_ratio: int,
    position_sensitive: bool,
    aligned: bool,
) -> Any:
    if position_sensitive:
        graph.refuse("position_sensitive=True has none")
    image = graph.squeeze(graph.cast(graph.part(rois, 1, 0, 1), torch.int64), 1)
    return graph.node(
        "RoiAlign",
        data,
        graph.part(rois, 1, 1, None),
        image,
        output_height=pooled_size[0],
        output_width=pooled_size[1],
        sampling_ratio=max(sample_ratio, 0),
        spatial_scale=spatial_scale,
        coordinate_transformation_mode="half_pixel" if aligned else "output_half_pixel",
    )


@operator("_contrib_RROIAlign")
def rotated_roi_align(
    data: Tensor, rois: Tensor, *, pooled_size: Shape, spatial_scale: float, sampling_ratio: int = -1
) -> Tensor:
    """`roi_align` for regions that are turned: image number, middle's x and y, width, height and angle in degrees."""
    check_regions("RROIAlign", data, rois, 6, pooled_size, spatial_scale)
    return average(data, rois.detach(), pooled_size, spatial_scale, sampling_ratio, False, False)


def check_regions(
    where: str, data: Tensor, rois: Tensor, columns: int, pooled_size: tuple[int, ...], spatial_scale: float
) -> None:
    """Refuse inputs and attributes that poolings of regions cannot work with.

    Raises
    ------
    MXNetError
        Naming `where`, what was given and what is taken; `columns` is the width of `rois`.
    """
    check_floating(where, data)
    check_types(where, data, rois=rois)
    if data.dim() != 4 or rois.dim() != 2 or rois.shape[1] != columns:
        raise MXNetError(
            f"{where}: data should be 4D and rois of shape (regions, {columns}), not {tuple(data.shape)} "
            f"and {tuple(rois.shape)}"
        )
    if len(pooled_size) != 2 or min(pooled_size) < 1:
        raise MXNetError(f"{where}: pooled_size={pooled_size} must be two numbers above 0")
    if not 0 <= spatial_scale <= 1:
        raise MXNetError(f"{where}: spatial_scale={spatial_scale} must be between 0 and 1")
