"""Files from elsewhere: from whichever address has them, checked, whole or not at all, once for all processes."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import secrets
import sys
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from mxnet.base import MXNetError
from mxnet.formats._checksum import checksum
from mxnet.formats._errors import access_error
from mxnet.gluon._transfer import Patience, StorageError, TransferError, host_of, shown, storage_error, transfer
from mxnet.gluon._turns import NOTE, Turn, take_turn

__all__ = ["Digest", "NotObtained", "Source", "WrongFile", "obtain", "remove_leftovers"]

logger = logging.getLogger(__name__)

_PARTIAL, _LOCK = ".part", ".lock"


@dataclass(frozen=True)
class Digest:
    """A published checksum: algorithm and hexadecimal digits, only the first of them if it is not `whole`."""

    algorithm: str
    digits: str
    whole: bool = True

    def of(self, path: str | os.PathLike) -> str:
        """All digits of a file.

        Raises
        ------
        FileAccessError
            If it cannot be read.
        """
        try:
            return checksum(path, self.algorithm)
        except OSError as cause:
            raise access_error("read", os.fsdecode(path), cause) from cause

    def matches(self, path: str | os.PathLike) -> bool:
        """Whether a file has this checksum."""
        found, digits = self.of(path), self.digits.lower()
        return found == digits if self.whole else found.startswith(digits)

    def __str__(self) -> str:
        return f"{self.algorithm.upper().replace('SHA', 'SHA-')} {self.digits}{'' if self.whole else '...'}"


@dataclass(frozen=True)
class Source:
    """An address, and how the file is taken out of what lies there: ``unpack(archive, to)``; None if it is the file.

    `patience` with the server holds where the environment says nothing else; None for the usual one.
    """

    url: str
    unpack: Callable[[Path, Path], None] | None = None
    patience: Patience | None = None


class WrongFile(TransferError):
    """What lies at an address has another checksum than it should."""


class NotObtained(MXNetError):
    """No address gave the file; `outcomes` are pairs of an address and what came of it. The last error is the cause."""

    def __init__(self, outcomes: Sequence[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{where}: {outcome}" for where, outcome in outcomes))
        self.outcomes = list(outcomes)


def obtain(
    target: Path,
    sources: Sequence[Source],
    digest: Digest | None,
    *,
    limit: int | None = None,
    overwrite: bool = False,
    keep: bool = False,
    patience: Patience | None = None,
    verify_ssl: bool = True,
) -> None:
    """Have a file at `target`: the one that is there if it is right, else from the first source that has it.

    It arrives under a hidden name beside `target` and is renamed when it is whole and its checksum right. Of several
    processes and threads one fetches it; the others wait, and find it.

    Parameters
    ----------
    target : Path
    sources : sequence of Source
    digest : Digest or None
        None takes what comes.
    limit : int, optional
        Bytes that the file may have at most.
    overwrite : bool, default False
        Fetch it even if it is there.
    keep : bool, default False
        Keep what has arrived when the connection breaks, for the next call, and tell those who wait what went wrong.
        That needs a digest.
    patience, verify_ssl
        As for `transfer`.

    Raises
    ------
    NotObtained
        If no source has it.
    StorageError
        If it cannot be written.
    """
    if not overwrite and _is_right(target, digest):
        return
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with take_turn(_beside(target, _LOCK)) as turn:
            if overwrite or not _is_right(target, digest):
                fetching = _Fetching(target, digest, limit, keep, turn, patience, verify_ssl)
                fetching.first_of(sources)
    except OSError as cause:
        raise storage_error(cause.filename or target.parent, cause) from cause


def remove_leftovers(folder: Path, endings: Sequence[str]) -> None:
    """Delete what downloads of files whose names end so have left in a folder: parts, locks and notes."""
    of_files = "|".join(map(re.escape, endings))
    left = re.compile(rf"\..*({of_files})(\.[0-9a-f]{{8}}\{_PARTIAL}|\{_LOCK}(\{NOTE})?)")
    for path in folder.glob(".*"):
        if left.fullmatch(path.name) and path.is_file():
            path.unlink(missing_ok=True)


def _is_right(target: Path, digest: Digest | None) -> bool:
    return target.is_file() and (digest is None or digest.matches(target))


def _beside(target: Path, suffix: str) -> Path:
    return target.with_name(f".{target.name[:100]}{suffix}")


class _Fetching:
    """One turn at getting one file."""

    def __init__(
        self,
        target: Path,
        digest: Digest | None,
        limit: int | None,
        keep: bool,
        turn: Turn,
        patience: Patience | None,
        verify_ssl: bool,
    ) -> None:
        self._target = target
        self._digest = digest
        self._limit = limit
        self._keep = keep and turn.locked
        self._turn = turn
        self._patience = patience
        self._verify_ssl = verify_ssl

    def first_of(self, sources: Sequence[Source]) -> None:
        """Put the file of the first source that has it in place."""
        if self._turn.failure:
            raise NotObtained(self._turn.failure)
        outcomes, failing, last = [], set(), None
        for source in sources:
            host = host_of(source.url)
            if host in failing:
                continue
            try:
                self._take(source)
                self._remove_partials()
                return
            except TransferError as failure:
                logger.info("%s: %s", shown(source.url), failure)
                last = failure
                outcomes.append((shown(source.url), str(failure)))
                if failure.host_fails:
                    failing.add(host)
        if self._keep:
            self._turn.leave(outcomes)
        raise NotObtained(outcomes) from last

    def _take(self, source: Source) -> None:
        """Put a source's file in place; if it proves wrong, try once more: it may have been pieced together of two."""
        partial = self._partial(source)
        try:
            self._transfer(source, partial, fresh=not self._keep)
            try:
                self._finish(source, partial)
            except TransferError:
                if self._patience_with(source).attempts == 1:
                    raise
                self._transfer(source, partial, fresh=True)
                self._finish(source, partial)
        except (StorageError, OSError):
            partial.unlink(missing_ok=True)  # where there is no room it would only take more of it
            raise
        finally:
            if not self._keep or _is_empty(partial):
                partial.unlink(missing_ok=True)

    def _patience_with(self, source: Source) -> Patience:
        return self._patience or (source.patience or Patience()).from_environment()

    def _partial(self, source: Source) -> Path:
        """Where what arrives is written: found again by later calls, unless there are others that write at once."""
        mark = f"{zlib.crc32(source.url.encode()):08x}" if self._turn.locked else secrets.token_hex(4)
        return _beside(self._target, f".{mark}{_PARTIAL}")

    def _transfer(self, source: Source, partial: Path, fresh: bool) -> None:
        logger.info("Downloading %s from %s...", self._target, shown(source.url))
        with _open(partial, fresh) as file, _progress(self._target.name) as report:
            transfer(
                source.url,
                file,
                checked=self._digest is not None,
                limit=self._limit,
                patience=self._patience_with(source),
                verify_ssl=self._verify_ssl,
                report=report,
            )
            file.flush()
            os.fsync(file.fileno())

    def _finish(self, source: Source, partial: Path) -> None:
        """Put what has arrived in place, if it is right; it is gone otherwise."""
        ready = partial if source.unpack is None else _beside(self._target, f".{secrets.token_hex(4)}{_PARTIAL}")
        try:
            if source.unpack is not None:
                source.unpack(partial, ready)
            if self._digest is not None and not self._digest.matches(ready):
                raise WrongFile(f"has another file under this name: {_described(ready, self._digest)}")
            os.replace(ready, self._target)
        finally:
            ready.unlink(missing_ok=True)
            partial.unlink(missing_ok=True)

    def _remove_partials(self) -> None:
        """Delete what this turn, or one that was killed, has left of the file."""
        if self._turn.locked:
            # Not those of another file, whose name begins like this one's.
            ours = re.compile(re.escape(_beside(self._target, ".").name) + "[0-9a-f]{8}" + re.escape(_PARTIAL))
            for path in self._target.parent.iterdir():
                if ours.fullmatch(path.name):
                    path.unlink(missing_ok=True)


def _is_empty(path: Path) -> bool:
    return path.is_file() and not path.stat().st_size


def _open(partial: Path, fresh: bool) -> BinaryIO:
    """The partial file; a link that lies in its place is not followed."""
    if fresh:
        partial.unlink(missing_ok=True)
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
    return open(partial, "r+b", opener=lambda path, _: os.open(path, flags, 0o666))


def _described(path: Path, digest: Digest) -> str:
    with path.open("rb") as file:
        head = file.read(64).lstrip()
    kind = ", a web page" if head.startswith(b"<") else ""
    return f"{path.stat().st_size} bytes{kind}, with {Digest(digest.algorithm, digest.of(path))}"


@contextlib.contextmanager
def _progress(name: str) -> Iterator[Callable[[int, int | None], Any]]:
    """What is told of bytes done and in all: a bar on the standard error stream where that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(compact=True),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, redirect_stdout=False, redirect_stderr=False) as bar:
        task = bar.add_task(name, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
