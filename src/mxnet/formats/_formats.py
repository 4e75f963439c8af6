"""The table of the formats that are read, and the choice among them by a file's first bytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch

from . import binary_list, npy, npz, safetensors
from ._errors import CHECKPOINT_ADVICE
from ._reader import Reader

__all__ = ["Format", "Loaded", "format_of", "read_all"]

Loaded = dict[str, torch.Tensor] | list[torch.Tensor] | torch.Tensor


class Format(NamedTuple):
    """How a format is called, told by a file's first bytes, and read."""

    label: str
    begins: Callable[[bytes], bool]
    read: Callable[[Reader], Loaded]


def _starts(magic: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(magic)


# The last one has no magic number, so it is asked last.
_FORMATS = (
    Format("MXNet's binary list", _starts(binary_list.MAGIC), binary_list.read),
    Format("npz", _starts(npz.MAGIC), npz.read),
    Format("npz", _starts(npz.EMPTY_MAGIC), npz.read_empty),
    Format("npy", _starts(npy.MAGIC), npy.read),
    Format("safetensors", safetensors.begins, safetensors.read),
)
_HEAD = 64

# What people open by mistake, and what to tell them.
_MISTAKES: tuple[tuple[bytes, str], ...] = (
    (
        b"version https://git-lfs",
        "this is a pointer left by Git LFS, not the file itself: run 'git lfs pull'",
    ),
    (b"<", "this is a web page or XML, not a parameter file: the download went wrong"),
    (b"{", "this is JSON, perhaps a -symbol.json: the parameters are in the .params file beside it"),
    (
        b"\x80",
        f"this is a pickle: pickles are never loaded, for they can run any program; {CHECKPOINT_ADVICE}",
    ),
)


def format_of(reader: Reader) -> Format:
    """The format of the bytes, or the error that says what they are instead."""
    head = reader.head(_HEAD)
    for candidate in _FORMATS:
        if candidate.begins(head):
            return candidate
    for magic, advice in _MISTAKES:
        if head.lstrip().startswith(magic):
            raise reader.error(advice)
    raise reader.error(
        f"unknown format, the first bytes are {head[:8].hex(' ')}; known are MXNet's binary list, .npz, .npy and "
        "safetensors"
    )


def read_all(reader: Reader) -> Loaded:
    """All arrays of a file."""
    with torch.inference_mode(False):  # else they could never be trained, nor their changes be counted
        return format_of(reader).read(reader)
