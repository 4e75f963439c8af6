"""Symbols and their parameters to ONNX files."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import onnx
import torch

from mxnet.base import MXNetError
from mxnet.formats._errors import access_error
from mxnet.onnx._lower import Lowered, lower
from mxnet.onnx._model import EXTERNAL_ABOVE, model_of, write_model
from mxnet.onnx._verify import verify
from mxnet.symbol._graph import Entry, Node

__all__ = ["Input", "export"]

Dims = Sequence[int | str | None]


class Input:
    """What is known of an input.

    Attributes
    ----------
    node : Node
    shape : tuple of int
        An example, on which the file is verified.
    dims : tuple of int, str or None
        The sizes that the file fixes; a name or None for one that may be any. Equal names are equal sizes.
    dtype : torch.dtype
    """

    def __init__(self, node: Node, shape: tuple[int, ...], dims: Dims, dtype: torch.dtype) -> None:
        self.name = node.name
        self.node = node
        self.shape = shape
        self.dims = tuple([f"{node.name}_{axis}" if size is None else size for axis, size in enumerate(dims)])
        self.dtype = dtype


def export(
    entries: Sequence[Entry],
    params: Mapping[str, torch.Tensor],
    inputs: Sequence[Input],
    path: str,
    opset: int,
    *,
    with_shapes: bool = False,
    external: bool = False,
    verified: bool = True,
) -> Lowered:
    """Write a graph as an ONNX file, wholly or not at all.

    Parameters
    ----------
    entries : sequence of Entry
        They need no label.
    params : mapping of str to Tensor
        The values of all variables but the inputs.
    with_shapes : bool
        Write down the shapes of what runs between the operators.
    external : bool
        Write the weights to a file beside it, however few they are.
    verified : bool
        Compare it in ONNX Runtime first.
    """
    shapes = {each.name: [size if isinstance(size, int) else None for size in each.dims] for each in inputs}
    shapes |= {name: tuple(tensor.shape) for name, tensor in params.items()}
    types = {each.name: each.dtype for each in inputs} | {name: tensor.dtype for name, tensor in params.items()}
    lowered = lower(entries, shapes, types, opset)
    size = sum(tensor.numel() * tensor.element_size() for tensor in params.values())
    dims = {each.name: each.dims for each in inputs}
    with _folder_beside(path) as folder:
        draft = os.path.join(folder, os.path.basename(path))
        files = [draft]
        if external or size > EXTERNAL_ABOVE:
            files.insert(0, f"{draft}.data")
            with open(files[0], "xb") as weights:
                model = model_of(lowered, dims, params, weights)
                os.fsync(weights.fileno())
        else:
            model = model_of(lowered, dims, params)
        if with_shapes:
            model = onnx.shape_inference.infer_shapes(model)
        write_model(model, draft)
        _check(draft)
        if verified:
            verify(draft, entries, params, _forms(inputs))
        target = os.path.dirname(os.path.abspath(path))
        for file in files:
            os.replace(file, os.path.join(target, os.path.basename(file)))
    return lowered


def _check(path: str) -> None:
    try:
        onnx.checker.check_model(path, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise MXNetError(f"the exported graph is no valid ONNX: {error}; nothing was written") from error


def _forms(inputs: Sequence[Input]) -> list[dict[str, tuple[tuple[int, ...], torch.dtype]]]:
    """Shapes and types to verify with: the examples, and if any size may be another, the same with more of each."""
    forms = [{each.name: (each.shape, each.dtype) for each in inputs}]
    if any(isinstance(size, str) for each in inputs for size in each.dims):
        forms.append({each.name: (_larger(each), each.dtype) for each in inputs})
    return forms


def _larger(each: Input) -> tuple[int, ...]:
    sizes = zip(each.shape, each.dims, strict=True)
    return tuple([size + 1 if isinstance(wanted, str) else size for size, wanted in sizes])


@contextmanager
def _folder_beside(path: str) -> Any:
    """A hidden folder beside a file to be; it is gone afterwards."""
    folder, base = os.path.split(os.path.abspath(path))
    try:
        temporary = tempfile.mkdtemp(prefix=f".{base[:100]}.", dir=folder)
    except OSError as cause:
        raise access_error("write", path, cause) from cause
    try:
        yield temporary
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
