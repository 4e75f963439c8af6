"""PyTorch's checkpoints (``.pth``, ``.pt``): pickles, which are opened for whoever asks for it and for nobody else.

`torch.load` is called with ``weights_only=True``, whose unpickler makes tensors and plain containers and calls nothing
that a file names. It is C++ and Python of some size that was not written for hostile files, and holes have been found
in it. Hence the second lock: a file is opened only if it is, by its hash, one that somebody trustworthy has published,
or if the caller says that its origin is known. `mxnet.formats.load` never comes here.
"""

from __future__ import annotations

import os
import re
import zipfile
from collections.abc import Mapping
from typing import Any

import torch

from . import safetensors
from ._checksum import checksum, state_of
from ._dtypes import CODE_OF, name_of
from ._errors import FileFormatError, access_error, check_regular
from ._writer import atomic_write, named_tensors

__all__ = ["is_checkpoint", "read", "save"]

ZIP_MAGIC = b"PK\x03\x04"
_PICKLE_MAGIC = b"\x80"
_HEAD = 16
_NESTED = ("state_dict", "model")  # where training scripts put the parameters beside the optimizer's state
_HASH = re.compile(r"[0-9a-f]{8,64}")


def is_checkpoint(path: str | os.PathLike) -> bool:
    """Whether the file at `path` is a pickle, alone or in a zip as torch writes it; it is not opened."""
    try:
        check_regular(path)
        with open(path, "rb") as file:
            head = file.read(_HEAD)
            if head.startswith(_PICKLE_MAGIC):
                return not safetensors.begins(head)  # whose length may begin with any byte
            if not head.startswith(ZIP_MAGIC):
                return False
            with zipfile.ZipFile(file) as archive:
                return any(name.endswith(".pkl") for name in archive.namelist())
    except OSError as cause:
        raise access_error("read", os.fsdecode(path), cause) from cause
    except Exception:  # zipfile meets a broken directory with some ten types: it is no checkpoint then
        return False


def read(path: str | os.PathLike, sha256: str | None = None, unsafe: bool = False) -> dict[str, torch.Tensor]:
    """The tensors of a checkpoint by name: a state dict, or one under ``'state_dict'`` or ``'model'``.

    Parameters
    ----------
    path : path
    sha256 : str, optional
        The hash that was published for the file, or how it begins: eight digits at least, as in the names of
        torchvision's files (``resnet18-f37072fd.pth``). Eight digits tell a file that came over whole, not who made it.
    unsafe : bool, default False
        Open the file whatever its hash.

    Returns
    -------
    dict of str to tensor, mapped where the checkpoint is a zip, with a copy made of what is written to.

    Raises
    ------
    MXNetError
        `FileFormatError` if neither `sha256` nor `unsafe` is given, if the hash is another one, or for anything but
        dense tensors by name; `FileAccessError` if it cannot be read.
    ValueError
        If `sha256` is no such hash.
    """
    name = os.fsdecode(path)
    try:
        before = state_of(name)
        _check_hash(name, sha256, unsafe)
    except OSError as cause:
        raise access_error("read", name, cause) from cause
    try:
        loaded = _unpickle(name)
        if state_of(name) != before:  # then what was opened need not be what was hashed
            raise FileFormatError(f"{name}: at byte 0: the file changed while it was read")
    except OSError as cause:
        raise access_error("read", name, cause) from cause
    except FileFormatError:
        raise
    except Exception as cause:  # of any type: what a damaged pickle makes of torch's unpickler
        raise FileFormatError(f"{name}: at byte 0: torch cannot read this checkpoint: {_first_line(cause)}") from cause
    return _state_dict(name, loaded)


def _check_hash(name: str, sha256: str | None, unsafe: bool) -> None:
    if sha256 is None:
        if not unsafe:
            raise FileFormatError(
                f"{name}: at byte 0: this is a pickle, which can run any program when it is opened. Give the SHA-256 "
                "that was published for it, or say that you know where it comes from (unsafe=True; on the command "
                "line --unsafe-pickle)"
            )
        return
    wanted = sha256.lower()
    if not _HASH.fullmatch(wanted):
        raise ValueError(f"sha256 must be 8 to 64 hexadecimal digits, got {sha256!r}")
    found = checksum(name, "sha256")
    if not found.startswith(wanted):
        raise FileFormatError(
            f"{name}: at byte 0: this is not the published file: its SHA-256 is {found}, not {wanted}. It was not "
            "opened"
        )


def _unpickle(name: str) -> Any:
    with open(name, "rb") as file:
        is_zip = file.read(len(ZIP_MAGIC)) == ZIP_MAGIC
        if is_zip:
            _check_archive(name, file)
    with torch.inference_mode(False):
        # The one call of torch.load in this package: see above for what it takes to come here.
        return torch.load(name, map_location="cpu", weights_only=True, mmap=is_zip)  # noqa: TID251


def _check_archive(name: str, file: Any) -> None:
    """Refuse an archive with compressed members: torch writes none, and they could be larger than any memory."""
    with zipfile.ZipFile(file) as archive:
        for member in archive.infolist():
            if member.compress_type != zipfile.ZIP_STORED or member.file_size != member.compress_size:
                raise FileFormatError(
                    f"{name}: at byte {member.header_offset}: member {member.filename!r} is compressed, which no "
                    "checkpoint of PyTorch is"
                )


def _state_dict(name: str, loaded: Any) -> dict[str, torch.Tensor]:
    """The state dict that was loaded, or is under one of the usual keys."""
    state = loaded
    for key in _NESTED:
        if isinstance(loaded, Mapping) and isinstance(loaded.get(key), Mapping):
            state = loaded[key]
            break
    if not isinstance(state, Mapping):
        raise FileFormatError(f"{name}: at byte 0: holds a {type(state).__name__}, not a dict of tensors by name")
    for label, tensor in state.items():
        cause = _objection(label, tensor)
        if cause:
            raise FileFormatError(f"{name}: at byte 0: {label!r:.80} {cause}")
    return {label: tensor.detach() for label, tensor in state.items()}


def _objection(label: Any, tensor: Any) -> str | None:
    """Why an entry of a state dict is refused, None if it may be used."""
    if not isinstance(label, str):
        return "is no name"
    if not isinstance(tensor, torch.Tensor):
        return f"is a {type(tensor).__name__}, not a tensor (a state dict is one level of names)"
    if tensor.layout is not torch.strided or tensor.dtype not in CODE_OF or tensor.device.type != "cpu":
        supported = ", ".join(map(name_of, CODE_OF))
        return (
            f"is {tensor.layout} of {name_of(tensor.dtype)} on {tensor.device.type}; supported is strided {supported}"
        )
    if tensor.numel() * tensor.dtype.itemsize > tensor.untyped_storage().nbytes():
        return f"has shape {tuple(tensor.shape)} over a memory of {tensor.untyped_storage().nbytes()} bytes"
    return None


def _first_line(cause: Exception) -> str:
    return (str(cause) or type(cause).__name__).strip().splitlines()[0]


def save(path: str | os.PathLike, data: Mapping[str, torch.Tensor]) -> None:
    """Write a state dict as `torch.save` does, atomically; errors as for `binary_list.save`.

    Prefer safetensors: `torch.load` opens this one, and so does everything that may run what a pickle says.
    """
    names, tensors = named_tensors(data)
    if len(names) != len(tensors):
        raise TypeError("a state dict is a dict of str to tensor, not a list")
    state = {name: _alone(tensor) for name, tensor in data.items()}
    with atomic_write(path) as file:
        try:
            torch.save(state, file)
        except RuntimeError as cause:  # what torch makes of a write that failed
            raise cause.__context__ if isinstance(cause.__context__, OSError) else cause from None


def _alone(tensor: torch.Tensor) -> torch.Tensor:
    """The tensor in C order, and not as a part of a larger memory, all of which would be written."""
    plain = tensor.detach().cpu().contiguous()
    return plain if plain.untyped_storage().nbytes() == plain.nbytes else plain.clone()
