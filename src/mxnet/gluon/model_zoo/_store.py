"""Where published parameter files lie: in a folder of this machine, on mirrors, at their publisher's; and what to say
when they lie nowhere."""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mxnet.base import data_dir
from mxnet.formats import FileMissingError
from mxnet.gluon._download import Digest, NotObtained, Source, obtain
from mxnet.gluon._transfer import Patience, StorageError
from mxnet.gluon.model_zoo import _store_zip

__all__ = ["Missing", "find", "folder", "mirrored", "not_found", "zipped"]

_UNDER = "gluon/models"  # where MXNet's repository has its files
_ADDRESS = re.compile("[A-Za-z][A-Za-z0-9+.-]+:/")  # and not a folder: the scheme is longer than a drive's letter


@dataclass(frozen=True)
class Missing:
    """A file that is nowhere: its name, its checksum, the place for it, and the outcome at each place tried."""

    file: str
    digest: Digest
    place: Path
    outcomes: list[tuple[str, str]]


def folder(root: str | os.PathLike | None) -> Path:
    """Where files are looked for and put: `root`, by default ``$MXNET_HOME/models``."""
    return Path(data_dir(), "models") if root is None else Path(root).expanduser()


def mirrored(file: str, size: int, zips: bool = False) -> Iterator[Source]:
    """Where the repositories of ``MXNET_GLUON_REPO`` may have a file, in their order.

    A repository is an address or a folder. It has the file under ``gluon/models/``, as MXNet's has, or directly; with
    `zips` also, and first, in a zip of its own. It is about `size` bytes long.
    """
    named = (part.strip() for part in os.environ.get("MXNET_GLUON_REPO", "").split(","))
    for repository in filter(None, named):
        base = (
            repository.rstrip("/") if _ADDRESS.match(repository) else Path(repository).expanduser().absolute().as_uri()
        )
        for place in (f"{base}/{_UNDER}", base):
            if zips:
                yield zipped(f"{place}/{Path(file).stem}.zip", file, size)
            yield Source(f"{place}/{file}")


def zipped(url: str, member: str, size: int, patience: Patience | None = None) -> Source:
    """A zip at `url` that has the file under the name `member`."""
    return Source(url, functools.partial(_store_zip.unpack, member=member, limit=_limit(size)), patience)


def _limit(size: int) -> int:
    """Bytes that a file of about `size` may have."""
    return size + size // 8 + (1 << 20)


def find(
    file: str, digest: Digest, size: int, sources: Sequence[Source], root: str | os.PathLike | None
) -> Path | Missing:
    """Path of a published file in the folder `root`, fetched if it is not there as published."""
    path = folder(root) / file
    try:
        obtain(path, sources, digest, limit=_limit(size), keep=True)
    except NotObtained as failure:
        return Missing(file, digest, path, [(str(path), _state(path, digest)), *failure.outcomes])
    except StorageError as failure:
        return Missing(file, digest, path, [(str(path), _state(path, digest)), (str(path.parent), str(failure))])
    return path


def _state(path: Path, digest: Digest) -> str:
    if path.is_file():
        return f"not the published file: it has {Digest(digest.algorithm, digest.of(path))}"
    return "not a file" if path.exists() else "not there"


def not_found(model: str, missing: Sequence[Missing], others: bool = False) -> FileMissingError:
    """The error for parameters of `model` that are in none of the files that would do.

    With `others`, PyTorch's parameters of the same network are named as a way out.
    """
    lines = [f"no pretrained parameters of {model}"]
    for one in missing:
        lines.append(f"Looked for {one.file} ({one.digest}):")
        lines += [f"  {where}: {outcome}" for where, outcome in one.outcomes]
    lines.append("Any one of these helps:")
    lines.append("  - set MXNET_GLUON_REPO to mirrors that have the file: http, https or file://, with commas between")
    lines += [f"  - place the file by hand: {one.place} ({one.digest})" for one in missing]
    lines.append("  - choose another folder with root= or MXNET_HOME, where this one cannot be written")
    if others:
        lines.append('  - take PyTorch\'s parameters of the same network: pretrained="torchvision"')
    lines.append(
        f'  - convert a checkpoint of PyTorch with `mxzoo convert`, and pass its path: pretrained="{model}.safetensors"'
    )
    return FileMissingError("\n".join(lines))
