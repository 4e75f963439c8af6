"""Checkpoints: folders that are there whole or not at all.

    step-0000000120/
      state.json            what it is, version, where the training stands, sizes and checksums of the other files
      parameters.params     the network, in MXNet's binary form: `net.load_parameters` reads it
      average.params        its moving average, if there is one
      trainer.states        optimizer and schedule: `trainer.load_states` reads it
      random.safetensors    the states of all random generators

A checkpoint is written under a hidden name, brought to disk, and renamed; one that is deleted is renamed first. The
link `last` leads to the newest. Everything is read as if a stranger had written it: sizes and checksums first, and no
pickle.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch

from mxnet import formats
from mxnet.base import MXNetError
from mxnet.formats._seal import seal_of
from mxnet.formats._writer import atomic_write

__all__ = ["Checkpoint", "Checkpoints", "read_checkpoint", "read_json"]

FORMAT, VERSION = "mxzoo-checkpoint", 1
STATE, PARAMETERS, AVERAGE, TRAINER, RANDOM = (
    "state.json", "parameters.params", "average.params", "trainer.states", "random.safetensors",
)  # fmt: skip
_FILES = (PARAMETERS, AVERAGE, TRAINER, RANDOM)
_NAME = re.compile(r"step-(\d{10})")
_LARGEST_JSON = 1 << 26
_LAST = "last"


class Checkpoint(NamedTuple):
    """What a checkpoint holds.

    Attributes
    ----------
    path : Path
    state : dict
        Plain numbers, texts, lists and dicts.
    parameters : dict of str to Tensor
    average : dict of str to Tensor, or None
    random : dict of str to Tensor
    """

    path: Path
    state: dict[str, Any]
    parameters: dict[str, torch.Tensor]
    average: dict[str, torch.Tensor] | None
    random: dict[str, torch.Tensor]

    @property
    def trainer(self) -> Path:
        """The file for `Trainer.load_states`."""
        return self.path / TRAINER


class Checkpoints:
    """The checkpoints of a run.

    Parameters
    ----------
    folder : Path
        Theirs alone.
    keep : int
        How many of the newest stay.
    """

    def __init__(self, folder: Path, keep: int) -> None:
        self.folder = folder
        self._keep = keep

    def all(self) -> list[Path]:
        """The checkpoints, the newest first."""
        try:
            names = os.listdir(self.folder)
        except FileNotFoundError:
            return []
        return [self.folder / name for name in sorted(filter(_NAME.fullmatch, names), reverse=True)]

    def newest(self, say: Callable[[str], Any]) -> Checkpoint | None:
        """The newest that can be read, None if there is none at all; `say` is told of those that cannot be.

        Raises
        ------
        MXNetError
            If there are some, but none can be read.
        """
        failures = []
        for path in self.all():
            try:
                return read_checkpoint(path)
            except MXNetError as error:
                failures.append(str(error))
                say(f"A checkpoint cannot be read and is passed over: {error}")
        if failures:
            raise MXNetError(f"no checkpoint in {self.folder} can be read: {failures[0]}")
        return None

    def write(
        self,
        step: int,
        state: Mapping[str, Any],
        parameters: Mapping[str, torch.Tensor],
        average: Mapping[str, torch.Tensor] | None,
        save_trainer: Callable[[str], Any],
        random: Mapping[str, torch.Tensor],
    ) -> Path:
        """Write the checkpoint after `step` steps, and delete those that are too many.

        One that is there already, and whole, stays: a run that was resumed comes to the same place in the same state.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        target = self.folder / f"step-{step:010d}"
        if target.exists() and _is_whole(target):
            return target
        temporary = self.folder / f".{target.name}.{secrets.token_hex(4)}.tmp"
        temporary.mkdir()
        try:
            formats.save_list(temporary / PARAMETERS, parameters)
            if average is not None:
                formats.save_list(temporary / AVERAGE, average)
            save_trainer(str(temporary / TRAINER))
            formats.save_safetensors(temporary / RANDOM, random)
            files = {name: seal_of(temporary / name) for name in _FILES if (temporary / name).exists()}
            text = json.dumps({"format": FORMAT, "version": VERSION, "files": files, **state})
            with atomic_write(temporary / STATE) as file:
                file.write(text.encode())
            _sync(temporary)
            if target.exists():  # damaged
                self.remove(target)
            os.rename(temporary, target)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise
        _sync(self.folder)
        self._point_to(target)
        for old in self.all()[self._keep :]:
            self.remove(old)
        return target

    def tidy(self) -> None:
        """Remove what a process that was killed has left half written, or half deleted."""
        for path in self.folder.glob(".*.tmp"):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)

    def _point_to(self, target: Path) -> None:
        link = self.folder / f".{_LAST}.{secrets.token_hex(4)}.tmp"
        with contextlib.suppress(OSError):  # some file systems have no links; what is newest is found without
            os.symlink(target.name, link)
            os.replace(link, self.folder / _LAST)

    def remove(self, path: Path) -> None:
        """Delete a checkpoint; it is there whole, or not at all."""
        doomed = self.folder / f".{path.name}.{secrets.token_hex(4)}.tmp"
        os.rename(path, doomed)
        shutil.rmtree(doomed, ignore_errors=True)


def _is_whole(path: Path) -> bool:
    try:
        read_checkpoint(path)
    except MXNetError:
        return False
    return True


def _sync(folder: Path) -> None:
    """Bring the names in a folder to disk."""
    if os.name == "nt":  # which has no such thing
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_checkpoint(path: Path) -> Checkpoint:
    """The checkpoint in a folder.

    Raises
    ------
    MXNetError
        If it is none, of a later version, or damaged.
    """
    state = read_json(path / STATE)
    if not isinstance(state, dict) or state.get("format") != FORMAT:
        raise MXNetError(f"{path} is no checkpoint of mxzoo train")
    if state.get("version") != VERSION:
        raise MXNetError(f"{path} has version {state.get('version')!r}; this release reads version {VERSION}")
    files = state.get("files")
    if not isinstance(files, dict) or not {PARAMETERS, TRAINER, RANDOM} <= set(files) <= set(_FILES):
        raise MXNetError(f"{path / STATE} does not list the files of a checkpoint")
    for name, seal in files.items():
        _check_seal(path / name, seal)
    average = _named(path / AVERAGE) if AVERAGE in files else None
    return Checkpoint(path, state, _named(path / PARAMETERS), average, _named(path / RANDOM))


def _check_seal(path: Path, seal: Any) -> None:
    try:
        size = path.stat().st_size
        if not isinstance(seal, dict) or seal.get("bytes") != size:
            wanted = seal.get("bytes") if isinstance(seal, dict) else seal
            raise MXNetError(f"{path} has {size} bytes, but the checkpoint was written with {wanted!r}")
        if seal_of(path) != seal:
            raise MXNetError(f"{path} is damaged: its checksum is not the one it was written with")
    except OSError as error:
        raise MXNetError(f"{path} cannot be read: {error.strerror or error}") from error


def _named(path: Path) -> dict[str, torch.Tensor]:
    found = formats.load(path)
    if not isinstance(found, dict):
        raise MXNetError(f"{path} has arrays without names")
    return found


def read_json(path: Path) -> Any:
    """The values in a JSON file of a sensible size.

    Raises
    ------
    MXNetError
        If it cannot be read, or is something else.
    """
    try:
        with open(path, "rb") as file:
            content = file.read(_LARGEST_JSON + 1)
        if len(content) > _LARGEST_JSON:
            raise MXNetError(f"{path} is larger than {_LARGEST_JSON} bytes")
        return json.loads(content)
    except OSError as error:
        raise MXNetError(f"{path} cannot be read: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise MXNetError(f"{path} is damaged: {error}") from error
