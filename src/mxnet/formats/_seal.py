"""What is noted of a file, to tell later whether it is still the one that was written."""

from __future__ import annotations

import hashlib
import os
from typing import Any

__all__ = ["seal_of"]

_PIECE = 1 << 22


def seal_of(path: str | os.PathLike) -> dict[str, Any]:
    """Size and SHA-256 of a file, as plain values."""
    digest, size = hashlib.sha256(), 0
    with open(path, "rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
            size += len(piece)
    return {"bytes": size, "sha256": digest.hexdigest()}
