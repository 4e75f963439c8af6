"""Checksums of files, computed once as long as the file stays as it was."""

from __future__ import annotations

import functools
import os
import time

from ._errors import check_regular

__all__ = ["checksum", "state_of"]

State = tuple[int, ...]

_REMEMBERED = 64
_SETTLED = 2.0  # seconds; the time of a change is that coarse on some file systems


def state_of(path: str | os.PathLike) -> State:
    """What differs when a file is written to or another takes its name: device, number, size and times.

    Raises
    ------
    OSError
        If there is no such file, or it is no regular one.
    """
    found = check_regular(path)
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def checksum(path: str | os.PathLike, algorithm: str) -> str:
    """The hexadecimal digits of a file's ``'sha1'``, ``'sha256'`` or whatever `hashlib` has.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    name, state = os.path.abspath(os.fsdecode(path)), state_of(path)
    now = time.time()
    # Another change could leave the same times. On Windows the last one is that of the file's creation.
    if any(abs(now - nanoseconds / 1e9) < _SETTLED for nanoseconds in state[-2:]):
        return _computed.__wrapped__(name, algorithm, state)
    return _computed(name, algorithm, state)


@functools.lru_cache(maxsize=_REMEMBERED)
def _computed(name: str, algorithm: str, state: State) -> str:
    from pooch import file_hash  # here, since few programs need it and importing it takes long

    return file_hash(name, alg=algorithm)
