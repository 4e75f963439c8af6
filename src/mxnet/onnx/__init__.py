"""ONNX: the way out to other runtimes and back in. The package `onnx` is imported when it is first needed."""

from __future__ import annotations

from mxnet.onnx._api import export_model, get_model_metadata, get_operator_support, import_model, import_to_gluon

__all__ = ["export_model", "get_model_metadata", "get_operator_support", "import_model", "import_to_gluon"]
