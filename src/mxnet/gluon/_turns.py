"""One at a time: of many threads and processes that want one file, on one machine or several, one goes and gets it."""

from __future__ import annotations

import contextlib
import errno
import inspect
import json
import logging
import time
from collections.abc import Iterator
from pathlib import Path

__all__ = ["Turn", "take_turn"]

logger = logging.getLogger(__name__)

# What file systems that know no locks answer with; older releases of filelock raise NotImplementedError for the first.
_NO_LOCKS = frozenset({errno.ENOSYS, errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL})
_MOST_TEXT = 1 << 16
_POLL = 0.1

_told_of_missing_locks = False


class Turn:
    """What holds while it is one's turn.

    Attributes
    ----------
    locked : bool
        Whether the others wait; not so on a file system without locks.
    failure : list or None
        What the one before, for whom one has waited, failed with and left in `leave`.
    """

    def __init__(self, path: Path, locked: bool, waited_since: float | None = None) -> None:
        self._path = path
        self.locked = locked
        self.failure = None if waited_since is None else _read(path, waited_since)
        self._left = self.failure is not None

    def leave(self, failure: list[tuple[str, str]]) -> None:
        """Tell those who wait what went wrong, so that they need not try the same."""
        if self.locked:
            with contextlib.suppress(OSError):
                self._path.write_text(json.dumps(failure)[:_MOST_TEXT])
                self._left = True

    def end(self) -> None:
        """Remove the lock's file, which is still locked, unless it has something to tell."""
        if not self._left:
            with contextlib.suppress(OSError):  # Windows removes no open file; it is empty, and serves the next one
                self._path.unlink()


@contextlib.contextmanager
def take_turn(path: Path) -> Iterator[Turn]:
    """Wait until nobody else is in a turn at `path`, the lock's file.

    The system ends the turn of a process that dies. A file system without locks lets everybody in at once, and that is
    said once.

    Raises
    ------
    OSError
        If the lock's file cannot be written.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(path, **_without_substitute(FileLock))
    asked, waited = time.time(), False
    try:
        try:
            lock.acquire(timeout=0)
        except Timeout:
            waited = True
            logger.info("waiting for another process, or thread, that holds %s", path)
            lock.acquire(poll_interval=_POLL)
    except (OSError, NotImplementedError) as cause:
        if getattr(cause, "errno", errno.ENOSYS) not in _NO_LOCKS:
            raise
        with contextlib.suppress(OSError):
            path.unlink()
        _tell_of_missing_locks(path)
        yield Turn(path, locked=False)
        return
    turn = Turn(path, locked=True, waited_since=asked if waited else None)
    try:
        yield turn
    finally:
        turn.end()
        lock.release()


def _without_substitute(kind: type) -> dict[str, bool]:
    """No file in place of a lock where there are none: one of a machine that was switched off would block for ever."""
    known = "fallback_to_soft" in inspect.signature(kind.__init__).parameters
    return {"fallback_to_soft": False} if known else {}


def _tell_of_missing_locks(path: Path) -> None:
    global _told_of_missing_locks
    if not _told_of_missing_locks:
        _told_of_missing_locks = True
        logger.warning(
            "the file system of %s has no locks: processes that want one file at the same time each download it",
            path.parent,
        )


def _read(path: Path, since: float) -> list[tuple[str, str]] | None:
    """What was left at `path` after `since`, None if nothing was."""
    try:
        if path.stat().st_mtime < since:
            return None
        with path.open() as file:
            pairs = json.loads(file.read(_MOST_TEXT))
        return [(str(where), str(outcome)) for where, outcome in pairs] or None
    except (OSError, ValueError, TypeError):
        return None
