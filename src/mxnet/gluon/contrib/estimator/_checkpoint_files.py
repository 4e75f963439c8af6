"""The files of checkpoints: written so that one is whole or none, checked before they are read, found, removed.

A checkpoint called ``model-epoch0batch5`` is three files:

    .params     the network's parameters, as `Block.save_parameters` writes them
    .states     the trainer's states, as `Trainer.save_states` writes them
    .progress   `Estimator.state_dict` of each process, with sizes and checksums of the other two; written last

One without its ``.progress`` was cut off while it was written, or comes from genuine MXNet.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from typing import Any

from mxnet._processes import place, together
from mxnet.base import MXNetError
from mxnet.formats._seal import seal_of
from mxnet.gluon.contrib.estimator._state_file import from_bytes, read_state, to_bytes, write_state
from mxnet.kvstore._distributed import DistributedKVStore

__all__ = ["Checkpoints"]

PARAMETERS, STATES, PROGRESS = ".params", ".states", ".progress"
_NAME = re.compile(r"-epoch(\d+)batch(\d+)")


class Checkpoints:
    """The checkpoints in a folder whose names begin with a prefix.

    Parameters
    ----------
    folder : str
    prefix : str
    """

    def __init__(self, folder: str, prefix: str) -> None:
        self.folder = folder
        self.prefix = prefix

    def path(self, name: str, suffix: str) -> str:
        return os.path.join(self.folder, name + suffix)

    def save(self, name: str, estimator: Any, states: list[dict[str, Any]]) -> None:
        """Write the checkpoint `name`, over an older one of that name, with what `states_of_all` gave."""
        with contextlib.suppress(FileNotFoundError):
            os.remove(self.path(name, PROGRESS))  # until the new one is there, the others do not belong together
        estimator.net.save_parameters(self.path(name, PARAMETERS))
        estimator.trainer.save_states(self.path(name, STATES))
        state, *others = states
        seals = {suffix: seal_of(self.path(name, suffix)) for suffix in (PARAMETERS, STATES)}
        progress = {"written": time.time(), "files": seals, "state": state, "others": others}
        write_state(self.path(name, PROGRESS), progress)

    def remove(self, name: str) -> None:
        """Delete the files of a checkpoint; nothing happens if they are gone."""
        for suffix in (PROGRESS, STATES, PARAMETERS):  # the last is what `names` looks for
            with contextlib.suppress(FileNotFoundError):
                os.remove(self.path(name, suffix))

    def tidy(self) -> None:
        """Delete what a process that was killed has left half written."""
        half_written = re.compile(
            rf"\.{re.escape(self.prefix)}-(best|epoch\d+batch\d+)\.(params|states|progress)\..*\.tmp"
        )
        for file in filter(half_written.fullmatch, os.listdir(self.folder)):
            with contextlib.suppress(FileNotFoundError):
                os.remove(os.path.join(self.folder, file))

    def names(self) -> list[str]:
        """Those that have parameters, by epoch and batch; the best one is not among them."""
        files = map(os.path.splitext, os.listdir(self.folder))
        found = [name for name, suffix in files if suffix == PARAMETERS and self._match(name)]
        return sorted(found, key=self.numbers)

    def numbers(self, name: str) -> tuple[int, int]:
        """Epoch and batch in the name of a checkpoint."""
        match = self._match(name)
        return int(match[1]), int(match[2])

    def _match(self, name: str) -> re.Match | None:
        return _NAME.fullmatch(name.removeprefix(self.prefix)) if name.startswith(self.prefix) else None

    def complete(self) -> tuple[list[tuple[str, dict[str, Any]]], list[str]]:
        """Those that are whole, the last written first, with the state of this process; what is wrong with others."""
        whole, problems = [], []
        for name in self.names():
            if not os.path.exists(self.path(name, PROGRESS)):
                continue
            try:
                progress = self._checked(name)
                whole.append((float(progress["written"]), name, _own(progress)))
            except (MXNetError, OSError, KeyError, TypeError, ValueError) as error:
                problems.append(f"{name}: {error}")
        ordered = sorted(whole, key=lambda each: each[0], reverse=True)
        return [(name, state) for _, name, state in ordered], problems

    def _checked(self, name: str) -> dict[str, Any]:
        progress = read_state(self.path(name, PROGRESS))
        for suffix in (PARAMETERS, STATES):
            if seal_of(self.path(name, suffix)) != progress["files"][suffix]:
                raise MXNetError(f"{name}{suffix} is not the file that was written with {name}{PROGRESS}")
        return progress


def _own(progress: dict[str, Any]) -> dict[str, Any]:
    """The state of this process; that of the first where the training was cut off in fewer."""
    states = [progress["state"], *progress.get("others", [])]
    rank = place().rank
    return states[rank if rank < len(states) else 0]


def states_of_all(estimator: Any) -> list[dict[str, Any]]:
    """`Estimator.state_dict` of each process that trains the network; asked of all of them at once."""
    own = estimator.state_dict()
    if not isinstance(estimator.trainer._kvstore, DistributedKVStore):
        return [own]
    return [from_bytes(state) for state in together("checkpoints").gathered(to_bytes(own), "the states of a training")]


def writes_files() -> bool:
    """Whether this process is the one of its job that writes files."""
    return place().rank == 0
