"""All random generators of this process at once: seeding them, their states as tensors, and back."""

from __future__ import annotations

import random
from collections.abc import Mapping

import numpy as np
import torch
import torch.utils.data

from mxnet import _generators
from mxnet.base import MXNetError

__all__ = ["capture", "restore", "seed_all"]

_WORDS = 624  # of a Mersenne Twister, which Python and NumPy both have


def seed_all(*key: int) -> None:
    """Seed `mx.random`, Python's ``random``, ``numpy.random`` and torch, each in its own way, from a few numbers.

    Parameters
    ----------
    *key : int
        Not negative. Whatever differs in one of them, such as a seed and the rank of a process, draws other numbers.
    """
    first, second, third, fourth = np.random.SeedSequence(key).generate_state(4).tolist()
    random.seed(first)
    np.random.seed(second)
    torch.default_generator.manual_seed(third)
    # Where CUDA has not started, torch notes for that day whence it was called, which costs more than all the rest: not
    # for each batch of a worker, where it seldom does.
    if torch.cuda.is_initialized() or torch.utils.data.get_worker_info() is None:
        torch.cuda.manual_seed_all(third)
    _generators.seed(fourth)


def capture() -> dict[str, torch.Tensor]:
    """The states of `mx.random`, Python's ``random``, ``numpy.random`` and torch."""
    state = {f"mx/{name}": value for name, value in _generators.get_state().items()}
    version, words, spare = random.getstate()
    state["python/words"] = torch.tensor([version, *words], dtype=torch.int64)
    state["python/spare"] = torch.tensor([] if spare is None else [spare], dtype=torch.float64)
    _, keys, position, has_spare, spare = np.random.get_state()
    state["numpy/words"] = torch.tensor([*keys.tolist(), position], dtype=torch.int64)
    state["numpy/spare"] = torch.tensor([spare] if has_spare else [], dtype=torch.float64)
    state["torch/cpu"] = torch.get_rng_state()
    if torch.cuda.is_available() and torch.cuda.is_initialized():
        for number, value in enumerate(torch.cuda.get_rng_state_all()):
            state[f"torch/cuda:{number}"] = value
    return state


def restore(state: Mapping[str, torch.Tensor]) -> None:
    """Go on from what `capture` gave; states of devices that this machine lacks are left out.

    Raises
    ------
    MXNetError
        If it is something else; no generator has changed then.
    """
    before = capture()
    try:
        _restore(state)
    except (KeyError, ValueError, TypeError, RuntimeError, OverflowError) as error:
        _restore(before)
        raise MXNetError(f"these random states are damaged: {error!r}") from error


def _restore(state: Mapping[str, torch.Tensor]) -> None:
    ours = {name.removeprefix("mx/"): value for name, value in state.items() if name.startswith("mx/")}
    _generators.set_state({name: value for name, value in ours.items() if _is_here(name)})
    version, *words = state["python/words"].tolist()
    random.setstate((version, tuple(words), *(state["python/spare"].tolist() or [None])))
    *keys, position = state["numpy/words"].tolist()
    if len(keys) != _WORDS or not 0 <= position <= _WORDS:  # NumPy would read beyond its words
        raise ValueError(f"{len(keys)} words at {position}, where {_WORDS} are expected")
    spare = state["numpy/spare"].tolist()
    np.random.set_state(("MT19937", np.asarray(keys, np.uint32), position, len(spare), *(spare or [0.0])))
    torch.set_rng_state(state["torch/cpu"])
    for name, value in state.items():
        if name.startswith("torch/cuda:") and _is_here(name.removeprefix("torch/")):
            torch.cuda.set_rng_state(value, name.removeprefix("torch/"))


def _is_here(name: str) -> bool:
    """Whether there is a generator of that name: the seed, the CPU, or a device of this machine."""
    if name in ("seed", "cpu"):
        return True
    device = torch.device(name)
    return (
        torch.accelerator.is_available()
        and device.type == torch.accelerator.current_accelerator().type
        and (device.index or 0) < torch.accelerator.device_count()
    )
