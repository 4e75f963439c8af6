"""What can go wrong with a file, as one small tree of errors.

Code written for MXNet catches a bad or missing parameter file as `MXNetError` (around ``nd.load`` and
``npx.load``) or as `ValueError` (around ``load_parameters``), and Python code catches a missing file as
`FileNotFoundError`. Each class here is therefore also the built-in its caller expects.
"""

from __future__ import annotations

import os
import stat

from mxnet.base import MXNetError

__all__ = [
    "CHECKPOINT_ADVICE",
    "FileAccessError",
    "FileFormatError",
    "FileMissingError",
    "access_error",
    "check_regular",
]

CHECKPOINT_ADVICE = "a checkpoint of PyTorch whose origin you know becomes another file by 'mxzoo convert'"


class FileFormatError(MXNetError, ValueError):
    """The bytes are not what their format says; the message holds file, offset and cause."""


class FileAccessError(MXNetError, ValueError, OSError):
    """The operating system refused to open, read or write a file; ``errno`` is kept."""


class FileMissingError(FileAccessError, FileNotFoundError):
    """There is no such file (or, when writing, no such folder)."""


def access_error(action: str, path: str, cause: OSError) -> FileAccessError:
    """The error for `cause`, met while trying to `action` ("read", "write") the file at `path`."""
    kind = FileMissingError if isinstance(cause, FileNotFoundError) else FileAccessError
    error = kind(f"cannot {action} {path}: {cause.strerror or cause}")
    error.errno = cause.errno
    return error


def check_regular(path: str | os.PathLike) -> os.stat_result:
    """What the system says of a file, which is no folder, nor a device or a pipe, whose opening could last for ever.

    Raises
    ------
    OSError
        If it is, or there is none.
    """
    about = os.stat(path)
    if not stat.S_ISREG(about.st_mode):
        raise OSError(None, "not a regular file")
    return about
