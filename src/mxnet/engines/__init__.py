"""Engines: what compiles graphs for inference. `Engine` is what to subclass, `register` what makes one known."""

from __future__ import annotations

from mxnet.engines import _auto, _onnxruntime, _openvino, _reference  # noqa: F401  (each registers its engines)
from mxnet.engines._auto import choices
from mxnet.engines.engine import Assembled, Engine, Subgraph, engines, register

__all__ = ["Assembled", "Engine", "Subgraph", "choices", "engines", "register"]
