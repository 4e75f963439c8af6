"""Operators of object detection. Importing this package enters them into the catalogue."""

from __future__ import annotations

from mxnet.operators.detection import (  # noqa: F401  (each enters its operators)
    boxes,
    boxes_onnx,
    multibox,
    position_sensitive,
    proposal,
    regions,
)
