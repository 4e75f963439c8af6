"""Operators on images (height, width, channels), or batches of them: shape, place and scale of the pixels."""

from __future__ import annotations

import math
from typing import Any

import torch

from mxnet._generators import generator_for
from mxnet.base import MXNetError
from mxnet.operators import _opencv
from mxnet.operators._device import CPU
from mxnet.operators.attributes import Floats, Shape
from mxnet.operators.catalogue import operator

__all__ = ["check_image", "draw"]

Tensor = torch.Tensor


def check_image(data: Tensor, batches: bool = True) -> None:
    """Refuse what is no image, and a batch of them unless `batches`."""
    if data.dim() != 3 and not (batches and data.dim() == 4):
        also = ", or (N, height, width, channels)," if batches else ""
        raise MXNetError(f"an image must have shape (height, width, channels){also} but this has {list(data.shape)}")


def draw(data: Tensor, low: float, high: float) -> float:
    """A number between `low` and `high` from `mx.random`; drawn on the CPU, since it steers Python code.

    A shape pass over meta tensors draws nothing.
    """
    if data.is_meta:
        return low
    return low + (high - low) * torch.rand((), generator=generator_for(CPU)).item()


@operator("_image_to_tensor", "_npx__image_to_tensor")
def to_tensor(data: Tensor) -> Tensor:
    """Images (H, W, C) or (N, H, W, C) of 0 to 255 as float32 (C, H, W) or (N, C, H, W) of 0 to 1."""
    check_image(data)
    # The pixels stay where they are in memory, the channels of each together: that is how convolutions want them.
    return torch.div(data, 255.0).to(torch.float32).movedim(-1, -3)


@to_tensor.onnx
def _(graph: Any, data: Any) -> Any:
    first = graph.move_axis(graph.cast(data, torch.float32), -1, -3)
    return graph.node("Div", first, 255.0)


@operator("_image_normalize", "_npx__image_normalize")
def normalize(data: Tensor, *, mean: Floats = (0.0, 0.0, 0.0, 0.0), std: Floats = (1.0, 1.0, 1.0, 1.0)) -> Tensor:
    """(x - mean) / std for images (C, H, W) or (N, C, H, W), with one number for all channels or one for each."""
    if data.dim() not in (3, 4):
        raise MXNetError(
            f"normalize takes (channels, height, width) or (N, channels, height, width), not {list(data.shape)}"
        )
    channels = data.shape[-3]
    if channels not in (1, 3):
        raise MXNetError(
            f"normalize takes 1 or 3 channels, in the first dimension of an image, but the shape is {list(data.shape)}"
        )
    for name, values in (("mean", mean), ("std", std)):
        if len(values) not in (1, channels):
            raise MXNetError(f"{name} must have 1 or {channels} elements for shape {list(data.shape)}, not {values}")
    exact = data if data.is_floating_point() else data.to(torch.float32)
    shift, scale = [torch.tensor(values, dtype=exact.dtype, device=data.device) for values in (mean, std)]
    last = exact.movedim(-3, -1)
    if channels > 1 and last.is_contiguous():
        # As `to_tensor` leaves them: whole rows of pixels at once, not three numbers at a time.
        width = last.shape[-2]
        shift, scale = [values.expand(channels).repeat(width) for values in (shift, scale)]
        result = (last.flatten(-2) - shift).div_(scale).unflatten(-1, (width, channels)).movedim(-1, -3)
    else:
        result = (exact - shift.reshape(-1, 1, 1)).div_(scale.reshape(-1, 1, 1))
    return result if exact is data else result.to(torch.int64).to(data.dtype)


@normalize.onnx
def _(graph: Any, data: Any, *, mean: tuple[float, ...], std: tuple[float, ...]) -> Any:
    middle, spread = [graph.constant(torch.tensor(each, dtype=data.dtype).reshape(-1, 1, 1)) for each in (mean, std)]
    return graph.node("Div", graph.node("Sub", data, middle), spread)


@operator("_image_flip_left_right", "_npx__image_flip_left_right")
def flip_left_right(data: Tensor) -> Tensor:
    """The image (H, W, C) as a mirror shows it."""
    check_image(data, batches=False)
    return data.flip(1)


@operator("_image_flip_top_bottom", "_npx__image_flip_top_bottom")
def flip_top_bottom(data: Tensor) -> Tensor:
    """The image (H, W, C) upside down."""
    check_image(data, batches=False)
    return data.flip(0)


@operator("_image_random_flip_left_right", "_npx__image_random_flip_left_right", views=True)
def random_flip_left_right(data: Tensor, *, p: float = 0.5) -> Tensor:
    """`flip_left_right` with probability `p`."""
    check_image(data, batches=False)
    return data.flip(1) if draw(data, 0.0, 1.0) < p else data


@operator("_image_random_flip_top_bottom", "_npx__image_random_flip_top_bottom", views=True)
def random_flip_top_bottom(data: Tensor, *, p: float = 0.5) -> Tensor:
    """`flip_top_bottom` with probability `p`."""
    check_image(data, batches=False)
    return data.flip(0) if draw(data, 0.0, 1.0) < p else data


@operator("_image_crop", "_npx__image_crop", views=True)
def crop(data: Tensor, *, x: int, y: int, width: int, height: int) -> Tensor:
    """The rectangle of `width` and `height` whose left upper corner is at (x, y)."""
    check_image(data)
    if width <= 0 or height <= 0:
        raise MXNetError(f"a crop must have positive width and height, not {width} and {height}")
    if x < 0 or y < 0 or x + width > data.shape[-2] or y + height > data.shape[-3]:
        raise MXNetError(
            f"a crop of width {width} and height {height} at x={x}, y={y} leaves the image "
            f"of width {data.shape[-2]} and height {data.shape[-3]}"
        )
    return data[..., y : y + height, x : x + width, :]


@operator("_image_resize", "_npx__image_resize", views=True)
def resize(data: Tensor, *, size: Shape = (), keep_ratio: bool = False, interp: int = 1) -> Tensor:
    """The image at `size`: (width, height), or one number for both, or for the shorter side with `keep_ratio`."""
    check_image(data)
    if len(size) not in (1, 2) or min(size) <= 0:
        raise MXNetError(f"size must be one or two positive numbers (width, height), not {size}")
    width, height = size[0], size[-1]
    if len(size) == 1 and keep_ratio and 0 not in data.shape[-3:-1]:
        rows, columns = data.shape[-3:-1]
        if columns > rows:
            width = columns * size[0] // rows
        else:
            height = rows * size[0] // columns
    return _resized(data, width, height, interp)


def _resized(data: Tensor, width: int, height: int, interp: int) -> Tensor:
    if (height, width) == tuple(data.shape[-3:-1]):
        return data
    return _opencv.resize(data, width, height, interp)


@operator("_image_random_crop", "_npx__image_random_crop", views=True)
def random_crop(
    data: Tensor,
    *,
    xrange: Floats = (0.0, 1.0),
    yrange: Floats = (0.0, 1.0),
    width: int,
    height: int,
    interp: int = 1,
) -> Tensor:
    """A rectangle at a random place, the ranges saying from which part (0 to 1) of the room left for its corner.

    An image that is too low is cropped in proportion and enlarged; one that is too narrow is stretched.
    """
    check_image(data)
    if width <= 0 or height <= 0:
        raise MXNetError(f"a crop must have positive width and height, not {width} and {height}")
    for name, ends in (("xrange", xrange), ("yrange", yrange)):
        if len(ends) != 2 or not 0 <= ends[0] <= ends[1] <= 1:
            raise MXNetError(f"{name} must be two numbers in order between 0 and 1, not {ends}")
    rows, columns = data.shape[-3:-1]
    wide, high = (width, height) if rows >= height else (max(width * rows // height, 1), rows)
    wide = min(wide, columns)
    x = _place(data, columns - wide, xrange)
    y = _place(data, rows - high, yrange)
    return _resized(data[..., y : y + high, x : x + wide, :], width, height, interp)


def _place(data: Tensor, room: int, part: tuple[float, ...] = (0.0, 1.0)) -> int:
    """A whole number from a `part` of 0 to `room`, both ends included."""
    low, high = int(room * part[0]), int(room * part[1])
    return int(draw(data, low, high + 1))


@operator("_image_random_resized_crop", "_npx__image_random_resized_crop", views=True)
def random_resized_crop(
    data: Tensor,
    *,
    width: int,
    height: int,
    area: Floats = (0.08, 1.0),
    ratio: Floats = (0.75, 4 / 3),
    interp: int = 1,
    max_trial: int = 10,
) -> Tensor:
    """A random rectangle with a share of the image's `area` and a `ratio` of width to height, at a fixed size."""
    check_image(data)
    if width <= 0 or height <= 0:
        raise MXNetError(f"a crop must have positive width and height, not {width} and {height}")
    if len(area) != 2 or len(ratio) != 2 or min(*area, *ratio) <= 0:
        raise MXNetError(f"area and ratio must each be two positive numbers, not {area} and {ratio}")
    rows, columns = data.shape[-3:-1]
    for _ in range(max_trial):
        share = draw(data, min(area), max(area)) * rows * columns
        shape = math.exp(draw(data, math.log(min(ratio)), math.log(max(ratio))))
        wide, high = round(math.sqrt(share * shape)), round(math.sqrt(share / shape))
        if 0 < wide <= columns and 0 < high <= rows:
            x, y = _place(data, columns - wide), _place(data, rows - high)
            return _resized(data[..., y : y + high, x : x + wide, :], width, height, interp)
    return random_crop.body(data, xrange=(0.5, 0.5), yrange=(0.5, 0.5), width=width, height=height, interp=interp)


@operator("_cvimresize", "_npi_cvimresize", views=True)
def cv_resize(src: Tensor, *, w: int, h: int, interp: int = 1) -> Tensor:
    """One image (H, W, C) at width `w` and height `h`."""
    check_image(src, batches=False)
    return _opencv.resize(src, w, h, interp)


@operator("_cvcopyMakeBorder")
def cv_border(
    src: Tensor,
    *,
    top: int,
    bot: int,
    left: int,
    right: int,
    type: int = 0,
    value: float = 0.0,
    values: Floats = (),
) -> Tensor:
    """One image (H, W, C) in a frame; `values` colours a constant one by channel, else `value`."""
    check_image(src, batches=False)
    colour = values if values else (value,) * 4
    return _opencv.border(src, (top, bot, left, right), type, colour)


@operator("_cvimdecode", "_npi_cvimdecode")
def cv_decode(buf: Tensor, *, flag: int = 1, to_rgb: bool = True) -> Tensor:
    """The image in the bytes of an image file."""
    return _opencv.decode(buf, flag, to_rgb)
