"""One at a time: of many threads and processes that want one file, on one machine or several, one goes and gets it."""

from __future__ import annotations

import contextlib
import errno
import json
import logging
from collections.abc import Iterator
from pathlib import Path

from mxnet.formats._checksum import state_of

__all__ = ["NOTE", "Turn", "take_turn"]

logger = logging.getLogger(__name__)

NOTE = ".failed"  # the ending of the file in which a turn tells those who wait what went wrong

_NO_LOCKS = frozenset({errno.ENOSYS, errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP})
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

    def __init__(self, note: Path, locked: bool, failure: list[tuple[str, str]] | None = None) -> None:
        self._note = note
        self.locked = locked
        self.failure = failure
        self._told = failure is not None

    def leave(self, failure: list[tuple[str, str]]) -> None:
        """Tell those who wait, if anybody does, what went wrong, so that they need not try the same."""
        if self.locked:
            with contextlib.suppress(OSError):
                self._note.unlink()  # which fails where nobody waits
                with self._note.open("x") as file:  # and so not through a link that lies there
                    file.write(json.dumps(failure)[:_MOST_TEXT])
                self._told = True

    def end(self) -> None:
        """Take away what asks for a note, unless there is one that others may still read."""
        if not self._told:
            _remove(self._note)


@contextlib.contextmanager
def take_turn(path: Path) -> Iterator[Turn]:
    """Wait until nobody else is in a turn at `path`, the lock's file, which is gone afterwards.

    The system ends the turn of a process that dies. A file system without locks lets everybody in at once, and that is
    said once.

    Raises
    ------
    OSError
        If the lock's file cannot be written.
    """
    from filelock import FileLock, Timeout

    # Where there are no locks, no file in place of one: that of a machine that was switched off would block for ever.
    lock, note = FileLock(path, fallback_to_soft=False), path.with_name(path.name + NOTE)
    before, waited = _version(note), False
    try:
        try:
            lock.acquire(timeout=0)
        except Timeout:
            waited = True
            with contextlib.suppress(OSError):
                note.touch(exist_ok=False)  # which asks to be told
            logger.info("waiting for another process, or thread, that holds %s", path)
            lock.acquire(poll_interval=_POLL)
    except OSError as cause:
        if cause.errno not in _NO_LOCKS:
            raise
        _remove(path)
        _tell_of_missing_locks(path)
        yield Turn(note, locked=False)
        return
    # What was there before is of an earlier turn. Times would not tell: the clock of a file server may go otherwise.
    turn = Turn(note, locked=True, failure=_read(note) if waited and _version(note) != before else None)
    try:
        yield turn
    finally:
        turn.end()
        _remove(path)  # while it is locked; who waits for it looks again for a file of this name
        lock.release()


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):  # Windows removes no open file; it is empty, and serves the next one
        path.unlink()


def _tell_of_missing_locks(path: Path) -> None:
    global _told_of_missing_locks
    if not _told_of_missing_locks:
        _told_of_missing_locks = True
        logger.warning(
            "the file system of %s has no locks: processes that want one file at the same time each download it",
            path.parent,
        )


def _version(note: Path) -> tuple[int, ...] | None:
    """What differs when a note has been written anew, None if there is none."""
    try:
        return state_of(note)
    except OSError:
        return None


def _read(note: Path) -> list[tuple[str, str]] | None:
    """What was left in `note`, None if nothing was."""
    try:
        with note.open() as file:
            pairs = json.loads(file.read(_MOST_TEXT))
        return [(str(where), str(outcome)) for where, outcome in pairs] or None
    except (OSError, ValueError, TypeError):
        return None
