"""Larger and smaller images."""

from __future__ import annotations

from typing import Any, Literal

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
        return (None,) * attributes["num_args"]
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
