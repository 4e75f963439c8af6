"""ONNX's operators on images in MXNet's: convolution, pooling, resizing. Importing this enters them into the table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from mxnet.onnx._importer import Call
from mxnet.onnx._table import operator

__all__: list[str] = []

_LOWEST = torch.finfo(torch.float32).min


def _window(call: Call, kernel: Sequence[int]) -> tuple[tuple[int, ...], ...]:
    """Strides, dilations, and padding before and after, of the spatial dimensions."""
    rank = len(kernel)
    stride = tuple(call.get("strides") or (1,) * rank)
    dilate = tuple(call.get("dilations") or (1,) * rank)
    pads = tuple(call.get("pads") or (0,) * (2 * rank))
    same = call.get("auto_pad", "NOTSET")
    if same in ("SAME_UPPER", "SAME_LOWER"):
        pads = _same_pads(call, kernel, stride, dilate, same == "SAME_UPPER")
    elif same not in ("NOTSET", "VALID"):
        call.refuse(f"auto_pad={same!r} is not known")
    return stride, dilate, pads[:rank], pads[rank:]


def _same_pads(
    call: Call, kernel: Sequence[int], stride: Sequence[int], dilate: Sequence[int], upper: bool
) -> tuple[int, ...]:
    """The padding with which there is a window for each step of stride."""
    low, high = [], []
    sizes = call.sizes(0, range(2, 2 + len(kernel)))
    for length, k, step, gap in zip(sizes, kernel, stride, dilate, strict=True):
        total = max((-(-length // step) - 1) * step + (k - 1) * gap + 1 - length, 0)
        low.append(total // 2 if upper else total - total // 2)
        high.append(total - low[-1])
    return (*low, *high)


def _padded(call: Call, data: Any, before: Sequence[int], after: Sequence[int], filler: float = 0.0) -> Any:
    if not any((*before, *after)):
        return data
    widths = ((0, 0), (0, 0), *zip(before, after, strict=True))
    return call.make("_npi_pad", data, pad_width=widths, mode="constant", constant_values=filler)


@operator("Conv")
def _(call: Call) -> Any:
    weight = call.sizes(1)
    kernel = weight[2:]
    stride, dilate, before, after = _window(call, kernel)
    data = call.entry(0)
    if before != after:
        data, before = _padded(call, data, before, after), (0,) * len(kernel)
    inputs = [data, call.entry(1), *([call.entry(2)] if call.has(2) else [])]
    return call.make(
        "Convolution",
        *inputs,
        kernel=kernel,
        stride=stride,
        dilate=dilate,
        pad=before,
        num_filter=weight[0],
        num_group=call.get("group", 1),
        no_bias=not call.has(2),
    )


@operator("ConvTranspose")
def _(call: Call) -> Any:
    weight = call.sizes(1)
    kernel, groups = weight[2:], call.get("group", 1)
    stride, dilate, before, after = _window(call, kernel)
    if before != after or call.get("output_shape"):
        call.refuse("its padding is not the same before and after, or it fixes the shape of its result")
    inputs = [call.entry(place) for place in range(3 if call.has(2) else 2)]
    return call.make(
        "Deconvolution",
        *inputs,
        kernel=kernel,
        stride=stride,
        dilate=dilate,
        pad=before,
        adj=tuple(call.get("output_padding") or (0,) * len(kernel)),
        num_filter=weight[1] * groups,
        num_group=groups,
        no_bias=not call.has(2),
    )


@operator("MaxPool", "AveragePool", "LpPool")
def _(call: Call) -> Any:
    kernel = tuple(call.get("kernel_shape"))
    stride, dilate, before, after = _window(call, kernel)
    if set(dilate) != {1} or len([name for name in call.outputs if name]) > 1:
        call.refuse("it has dilations, or gives positions too")
    kind = {"MaxPool": "max", "AveragePool": "avg", "LpPool": "lp"}[call.kind]
    options: dict[str, Any] = {
        "kernel": kernel,
        "stride": stride,
        "pool_type": kind,
        "pooling_convention": "full" if call.get("ceil_mode") else "valid",
    }
    counted = bool(call.get("count_include_pad", 0))
    if before == after:
        if kind == "lp":
            return call.make("Pooling", call.entry(), pad=before, p_value=call.get("p", 2), **options)
        return call.make("Pooling", call.entry(), pad=before, count_include_pad=counted, **options)
    if kind == "max":
        return call.make("Pooling", _padded(call, call.entry(), before, after, _LOWEST), **options)
    if kind == "lp" or counted:
        padded = _padded(call, call.entry(), before, after)
        return call.make("Pooling", padded, p_value=call.get("p", 2) if kind == "lp" else None, **options)
    # The mean of the elements that are there: sums of them, and of ones in their places.
    options["pool_type"] = "sum"
    sums, counts = [
        call.make("Pooling", _padded(call, entry, before, after), **options)
        for entry in (call.entry(), call.make("ones_like", call.entry()))
    ]
    return call.make("_npi_true_divide", sums, counts)


@operator("GlobalAveragePool", "GlobalMaxPool")
def _(call: Call) -> Any:
    kind = "avg" if call.kind == "GlobalAveragePool" else "max"
    return call.make("Pooling", call.entry(), kernel=(1,) * (call.rank() - 2), pool_type=kind, global_pool=True)


@operator("Resize", "Upsample")
def _(call: Call) -> Any:
    scales = call.fixed(2 if call.kind == "Resize" else 1)
    mode = call.get("mode", "nearest")
    if call.rank() != 4 or call.get("axes") is not None:
        call.refuse("it resizes something else than images of four dimensions")
    if call.has(3):
        height, width = call.integers(3)[2:]
        scales = None
    elif scales is None or scales.size != 4:
        call.refuse("its scales must be constants")
    coordinates = call.get("coordinate_transformation_mode", "half_pixel")
    if mode == "nearest":
        return _nearest(call, scales, coordinates)
    if mode != "linear" or coordinates not in ("align_corners", "half_pixel", "pytorch_half_pixel"):
        call.refuse(f"mode {mode!r} with coordinates {coordinates!r} has no counterpart")
    corners = coordinates == "align_corners"
    if scales is not None:
        factors = {"scale_height": float(scales[2]), "scale_width": float(scales[3])}
        return call.make("_contrib_BilinearResize2D", call.entry(), align_corners=corners, **factors)
    return call.make("_contrib_BilinearResize2D", call.entry(), height=height, width=width, align_corners=corners)


def _nearest(call: Call, scales: Any, coordinates: str) -> Any:
    if scales is None:
        call.refuse("the nearest pixels for a size, instead of scales, have no counterpart")
    factor = float(scales[2])
    modern = call.kind == "Resize"
    exact = not modern or coordinates == "asymmetric" or coordinates == "half_pixel"
    if factor != scales[3] or not factor.is_integer() or not exact or set(scales[:2]) != {1.0}:
        call.refuse(f"only whole numbers of copies of each pixel have a counterpart, not scales {scales.tolist()}")
    if modern and coordinates == "asymmetric" and call.get("nearest_mode", "round_prefer_floor") != "floor":
        call.refuse("it takes the nearest pixel by another rule")
    return call.make("UpSampling", call.entry(), scale=int(factor), sample_type="nearest", num_args=1)


@operator("DepthToSpace")
def _(call: Call) -> Any:
    block = call.get("blocksize")
    if call.get("mode", "DCR") == "DCR":
        return call.make("depth_to_space", call.entry(), block_size=block)
    # Columns, rows, depth: the channels of one pixel's block lie together.
    _, channels, height, width = call.shape()
    if None in (channels, height, width):
        call.refuse("mode='CRD' needs the sizes of its input")
    kept = channels // block**2
    parts = call.make("Reshape", call.entry(), shape=(-1, kept, block, block, height, width))
    parts = call.make("transpose", parts, axes=(0, 1, 4, 2, 5, 3))
    return call.make("Reshape", parts, shape=(-1, kept, height * block, width * block))


@operator("SpaceToDepth")
def _(call: Call) -> Any:
    return call.make("space_to_depth", call.entry(), block_size=call.get("blocksize"))


@operator("GridSample")
def _(call: Call) -> Any:
    bilinear = call.get("mode", "linear") in ("linear", "bilinear")
    if not bilinear or call.get("padding_mode", "zeros") != "zeros" or not call.get("align_corners"):
        call.refuse("only bilinear reading with zeros outside and aligned corners has a counterpart")
    grid = call.make("transpose", call.entry(1), axes=(0, 3, 1, 2))
    return call.make("BilinearSampler", call.entry(0), grid)


@operator("MaxRoiPool")
def _(call: Call) -> Any:
    size, scale = tuple(call.get("pooled_shape")), call.get("spatial_scale", 1.0)
    return call.make("ROIPooling", call.entry(0), call.entry(1), pooled_size=size, spatial_scale=scale)


@operator("RoiAlign")
def _(call: Call) -> Any:
    if call.get("mode", "avg") != "avg":
        call.refuse("it takes maxima")
    image = call.make("expand_dims", call.make("Cast", call.entry(2), dtype=torch.float32), axis=1)
    rois = call.make("Concat", image, call.entry(1), dim=1)
    return call.make(
        "_contrib_ROIAlign",
        call.entry(0),
        rois,
        pooled_size=(call.get("output_height", 1), call.get("output_width", 1)),
        spatial_scale=call.get("spatial_scale", 1.0),
        sample_ratio=call.get("sampling_ratio", 0) or -1,
        aligned=call.get("coordinate_transformation_mode", "half_pixel") == "half_pixel",
    )


@operator("Col2Im")
def _(call: Call) -> Any:
    kernel = call.integers(2)
    stride, dilate, before, after = _window(call, kernel)
    if before != after:
        call.refuse("its padding is not the same before and after")
    return call.make(
        "col2im", call.entry(), output_size=call.integers(1), kernel=kernel, stride=stride, dilate=dilate, pad=before
    )
