"""What `mxzoo convert` does and says."""

from __future__ import annotations

from enum import Enum
from pathlib import Path

from mxnet.gluon.model_zoo import vision

__all__ = ["Names", "convert_file"]


class Names(str, Enum):
    """The names that parameters can get."""

    structural = "structural"
    v1 = "1.x"
    v1_export = "1.x-export"
    torch = "torch"


def convert_file(
    source: Path, target: Path, model: str | None, to: Names | None, sha256: str | None, unsafe_pickle: bool
) -> str:
    """Convert a file and return the line that tells of it; errors as for `vision.convert_file`."""
    done = vision.convert_file(
        source, target, model, None if to is None else to.value, sha256=sha256, unsafe_pickle=unsafe_pickle
    )
    names = "names as they were"
    if done.source_names is not None:
        names = f"{done.source_names} names of {vision.model_info(model).name} to {done.target_names} ones"
    return f"{target}: {done.arrays} arrays, {done.source_format} to {done.target_format}, {names}"
