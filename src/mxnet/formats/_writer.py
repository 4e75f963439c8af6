"""Writing a file so that it is either whole or not there at all."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from collections.abc import Iterator, Mapping, Sequence
from typing import BinaryIO

import torch

from ._dtypes import CODE_OF, name_of
from ._errors import access_error

__all__ = ["atomic_write", "named_tensors", "tensor_bytes"]


@contextlib.contextmanager
def atomic_write(path: str | os.PathLike) -> Iterator[BinaryIO]:
    """A binary file to write to, which takes the place of `path` only when all of it is on disk.

    It is written beside `path` under a hidden name, flushed, and renamed. Whatever goes wrong, an older file
    at `path` stays as it is and the new one is removed. A symbolic link is followed; permissions of an older
    file are kept. `FileAccessError` if the operating system refuses.
    """
    name = os.fsdecode(path)
    target = os.path.realpath(name)
    folder, base = os.path.split(target)
    temporary = os.path.join(folder, f".{base[:100]}.{os.getpid()}.{secrets.token_hex(4)}.tmp")
    try:
        mode = _mode_of(target)
        with open(temporary, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if mode is not None:
            os.chmod(temporary, mode)
        os.replace(temporary, target)
    except BaseException as cause:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        if isinstance(cause, OSError):
            raise access_error("write", name, cause) from cause
        raise


def _mode_of(target: str) -> int | None:
    """Permissions of the file to be replaced, None if there is none yet."""
    try:
        mode = os.stat(target).st_mode
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(mode):  # renaming onto /dev/null would replace the device
        raise OSError(None, "not a regular file")
    return stat.S_IMODE(mode)


def named_tensors(
    data: Mapping[str, torch.Tensor] | Sequence[torch.Tensor],
) -> tuple[list[str], list[torch.Tensor]]:
    """Names (empty for a list) and tensors of `data`, checked before anything is written."""
    if isinstance(data, Mapping):
        names, tensors = list(data.keys()), list(data.values())
    elif isinstance(data, (list, tuple)):
        names, tensors = [], list(data)
    else:
        raise TypeError(f"expected a dict of str to tensor or a list of tensors, got {type(data).__name__}")
    for name in names:
        if not isinstance(name, str):
            raise TypeError(f"names must be str, got {name!r} of type {type(name).__name__}")
    for label, tensor in zip(names or range(len(tensors)), tensors, strict=True):
        if not isinstance(tensor, torch.Tensor):
            raise TypeError(f"array {label!r} must be a torch.Tensor, got {type(tensor).__name__}")
        if tensor.dtype not in CODE_OF or tensor.layout is not torch.strided:
            raise TypeError(
                f"array {label!r} is {tensor.layout} of {name_of(tensor.dtype)}; a file holds strided "
                "tensors of " + ", ".join(map(name_of, CODE_OF))
            )
    return names, tensors


def tensor_bytes(tensor: torch.Tensor) -> memoryview:
    """The elements' bytes in logical C order: a view, or a copy of this one tensor if it lies otherwise."""
    plain = tensor.detach().cpu().contiguous().reshape(-1)
    return memoryview(plain.view(torch.uint8).numpy())
