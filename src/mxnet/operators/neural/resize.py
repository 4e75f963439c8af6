"""Larger and smaller images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import torch
import torch.nn.functional as F

from mxnet.base import MXNetError
from mxnet.operators._completion import Known, following
from mxnet.operators.attributes import Shape
from mxnet.operators.catalogue import numbered, operator

Tensor = torch.Tensor


def _images(attributes: dict[str, Any], given: int) -> tuple[str, ...]:
    return numbered(max(attributes["num_args"], given))


def _images_or_weight(attributes: dict[str, Any], given: int) -> tuple[str, ...]:
    return ("data", "weight") if attributes["sample_type"] == "bilinear" else _images(attributes, given)


@operator("UpSampling", names=_images_or_weight)
def up_sampling(
    *data: Tensor,
    scale: int,
    num_filter: int = 0,
    sample_type: Literal["bilinear", "nearest"],
    multi_input_mode: Literal["concat", "sum"] = "concat",
    num_args: int,
    workspace: int = 512,
) -> Tensor:
    """Enlarge images by repeating their pixels, or by a transposed convolution (inputs: data, weight).

    Further images are brought to the size of the first one's result, and joined by channels or added.
    """
    if any(image.dim() != 4 for image in data):
        shapes = [tuple(image.shape) for image in data]
        raise MXNetError(f"UpSampling: input data should be 4D, but the inputs have {shapes}")
    if sample_type == "bilinear":
        return _transposed(data, scale, num_filter)
    size = [length * scale for length in data[0].shape[2:]]
    if any(length % own for image in data for length, own in zip(size, image.shape[2:], strict=True)):
        shapes = [tuple(image.shape) for image in data]
        raise MXNetError(f"UpSampling: sizes must divide that of the result, {size}, but the inputs have {shapes}")
    enlarged = [F.interpolate(image, size, mode="nearest") for image in data]
    if multi_input_mode == "concat":
        return torch.cat(enlarged, 1)
    return torch.stack(enlarged).sum(0)


@up_sampling.completes
@following
def _(data: tuple[int, ...], attributes: dict[str, Any]) -> tuple[Known, ...]:
    if attributes["sample_type"] != "bilinear":
        return ()
    side = _kernel(attributes["scale"])
    return ((attributes["num_filter"], 1, side, side),)


def _kernel(scale: int) -> int:
    return 2 * scale - scale % 2


def _transposed(data: tuple[Tensor, ...], scale: int, num_filter: int) -> Tensor:
    if len(data) != 2:
        raise MXNetError(f"UpSampling: sample_type='bilinear' takes data and weight, not {len(data)} input(s)")
    image, weight = data
    kernel = _kernel(scale)
    if tuple(weight.shape) != (num_filter, 1, kernel, kernel) or image.shape[1] != num_filter:
        raise MXNetError(
            f"UpSampling: weight has shape {tuple(weight.shape)}, but scale={scale} and num_filter={num_filter} "
            f"take {(num_filter, 1, kernel, kernel)} and data of {num_filter} channels, not {image.shape[1]}"
        )
    return F.conv_transpose2d(image, weight, None, scale, scale // 2, groups=num_filter)


@up_sampling.onnx
def _(graph: Any, *data: Any, scale: int, num_filter: int, sample_type: str, multi_input_mode: str) -> Any:
    if sample_type == "bilinear":
        kernel = _kernel(scale)
        return graph.node(
            "ConvTranspose",
            *data,
            kernel_shape=(kernel, kernel),
            strides=(scale, scale),
            pads=(scale // 2,) * 4,
            group=num_filter,
        )
    enlarged = [_enlarged_in_onnx(graph, data[0], (scale, scale))]
    for image in data[1:]:
        wanted, own = graph.need_sizes(data[0], [2, 3]), graph.need_sizes(image, [2, 3])
        factors = [size * scale // length for size, length in zip(wanted, own, strict=True)]
        enlarged.append(_enlarged_in_onnx(graph, image, factors))
    if len(enlarged) == 1:
        return enlarged[0]
    return graph.node("Concat", *enlarged, axis=1) if multi_input_mode == "concat" else graph.node("Sum", *enlarged)


def _enlarged_in_onnx(graph: Any, image: Any, factors: Sequence[int]) -> Any:
    scales = np.array([1, 1, *factors], dtype=np.float32)
    return graph.node(
        "Resize", image, None, scales, mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor"
    )


_MODES = Literal["like", "odd_scale", "size", "to_even_down", "to_even_up", "to_odd_down", "to_odd_up"]


@operator("_contrib_BilinearResize2D", when={"like": lambda attributes: attributes["mode"] == "like"})
def bilinear_resize(
    data: Tensor,
    like: Tensor | None = None,
    *,
    height: int = 1,
    width: int = 1,
    scale_height: float | None = None,
    scale_width: float | None = None,
    mode: _MODES = "size",
    align_corners: bool = True,
) -> Tensor:
    """Resize images bilinearly to a size, by a factor, to the size of another image, or to an even or odd size."""
    if data.dim() != 4:
        raise MXNetError(f"BilinearResize2D: input data should be 4D, but has shape {tuple(data.shape)}")
    if mode == "like":
        if like is None:
            raise MXNetError("BilinearResize2D: mode='like' needs the input like")
        size = list(like.shape[2:])
    else:
        asked = ((height, scale_height), (width, scale_width))
        size = [_size(length, mode, *want) for length, want in zip(data.shape[2:], asked, strict=True)]
    if not align_corners:
        # A result of one row or column is the first one in MXNet, where torch takes the middle.
        rows, columns = [1 if wanted == 1 else length for wanted, length in zip(size, data.shape[2:], strict=True)]
        data = data[:, :, :rows, :columns]
    return F.interpolate(data, size, mode="bilinear", align_corners=align_corners)


def _size(length: int, mode: str, wanted: int, factor: float | None) -> int:
    odd = length % 2
    if mode == "odd_scale":
        factor = 1.0 if factor is None else factor
        return int((length - 1) * factor) + 1 if odd else int(length * factor)
    if mode == "size":
        return wanted if factor is None else int(length * factor)
    return length + {"to_even_down": -odd, "to_even_up": odd, "to_odd_down": odd - 1, "to_odd_up": 1 - odd}[mode]


@bilinear_resize.onnx
def _(
    graph: Any,
    data: Any,
    like: Any = None,
    *,
    height: int,
    width: int,
    scale_height: float | None,
    scale_width: float | None,
    mode: str,
    align_corners: bool,
) -> Any:
    if mode == "like":
        size = [graph.size(like, axis) for axis in (2, 3)]
    elif mode == "size" and scale_height is None and scale_width is None:
        size = [height, width]
    else:
        asked = ((height, scale_height), (width, scale_width))
        pairs = zip(graph.need_sizes(data, [2, 3]), asked, strict=True)
        size = [_size(length, mode, *want) for length, want in pairs]
    if not align_corners and 1 in size:
        for axis in [axis for axis, wanted in zip((2, 3), size, strict=True) if wanted == 1]:
            data = graph.part(data, axis, 0, 1)
    sizes = graph.node("Concat", graph.node("Shape", data, end=2), graph.sizes(size), axis=0)
    coordinates = "align_corners" if align_corners else "half_pixel"
    return graph.node("Resize", data, None, None, sizes, mode="linear", coordinate_transformation_mode=coordinates)


@operator("Crop", names=_images)
def crop(
    *data: Tensor, num_args: int, offset: Shape = (0, 0), h_w: Shape = (0, 0), center_crop: bool = False
) -> Tensor:
    """A part of each image, of height and width `h_w` or of the size of a second input."""
    image = data[0]
    height, width = data[1].shape[2:] if len(data) > 1 else h_w
    if min(height, width) < 1:
        raise MXNetError(f"Crop: h_w={h_w} must be two numbers above 0")
    top, left = offset
    if center_crop:
        top, left = (image.shape[2] - height) // 2, (image.shape[3] - width) // 2
    if min(top, left) < 0 or top + height > image.shape[2] or left + width > image.shape[3]:
        raise MXNetError(
            f"Crop: a part of {height} x {width} at {(top, left)} does not lie in data of shape {tuple(image.shape)}"
        )
    return image[:, :, top : top + height, left : left + width].clone()


@crop.onnx
def _(graph: Any, *data: Any, offset: tuple[int, ...], h_w: tuple[int, ...], center_crop: bool) -> Any:
    image = data[0]
    height, width = graph.need_sizes(data[1], [2, 3]) if len(data) > 1 else h_w
    top, left = offset
    if center_crop:
        rows, columns = graph.need_sizes(image, [2, 3])
        top, left = (rows - height) // 2, (columns - width) // 2
    return graph.node("Slice", image, [top, left], [top + height, left + width], [2, 3])
