"""The random number generators: one of torch's for each device, none of them torch's own global one.

A generator is made when its device first asks for random numbers and seeded from the last `seed`; a process
that never seeds starts from 0, as MXNet does. Processes forked off share their parent's state at that moment:
whoever starts workers calls `seed` in each.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch

from mxnet.base import MXNetError

__all__ = ["generator_for", "get_state", "lent_to_torch", "seed", "set_state", "torch_draws"]

_WORD = 1 << 64
_STRIDE = 0x9E3779B97F4A7C15  # odd and irregular, so that the seeds of neighbouring devices share no pattern
_SEED = "seed"

_generators: dict[torch.device, torch.Generator] = {}
_base = 0  # what `seed` was last told for all devices


class _Source(threading.local):
    is_torch = False


_source = _Source()


@contextmanager
def torch_draws() -> Iterator[None]:
    """Inside, random operators of this thread draw from torch's own generators, which ``torch.manual_seed`` seeds."""
    before, _source.is_torch = _source.is_torch, True
    try:
        yield
    finally:
        _source.is_torch = before


_lending = threading.RLock()


@contextmanager
def lent_to_torch(device: torch.device) -> Iterator[None]:
    """Inside, torch's own generator of a CPU or CUDA device goes on where ours is, and ours then where that one ends.

    For programs that torch has compiled, which draw from torch's. Other threads wait for their turn.
    """
    own, torchs = _own(device), _torchs(device)
    with _lending:
        before = torchs.get_state()
        torchs.set_state(own.get_state())
        try:
            yield
        finally:
            own.set_state(torchs.get_state())
            torchs.set_state(before)


def _torchs(device: torch.device) -> torch.Generator:
    if device.type == "cpu":
        return torch.default_generator
    index = torch.cuda.current_device() if device.index is None else device.index
    return torch.cuda.default_generators[index]


def generator_for(device: torch.device) -> torch.Generator | None:
    """The generator that random operators on `device` draw from; None stands for torch's own.

    Meta tensors have no values: they get the CPU's, and do not advance it. Programs that torch compiles or exports
    hold no generators, so they draw from torch's.
    """
    if torch.compiler.is_compiling() or _source.is_torch:
        return None
    return _own(device)


def _own(device: torch.device) -> torch.Generator:
    found = _generators.get(device)
    return _make(device) if found is None else found


def seed(number: int, device: torch.device | str = "all") -> None:
    """Restart the generators from `number`.

    Parameters
    ----------
    number : int
        Any integer; it counts modulo 2**64, and modulo 2**32 on the CPU.
    device : torch.device or 'all'
        One device, which then draws the same numbers whatever its index, or all: each then draws numbers of
        its own.
    """
    global _base
    if device != "all":
        _own(device).manual_seed(number % _WORD)
        return
    _base = number % _WORD
    for where, generator in list(_generators.items()):
        generator.manual_seed(_seed_of(where))


def get_state() -> dict[str, torch.Tensor]:
    """The state of every generator by the name of its device, and the last seed for those still to come."""
    state = {str(device): generator.get_state() for device, generator in _generators.items()}
    state[_SEED] = torch.tensor(_base - _WORD if _base >= _WORD // 2 else _base)
    return state


def set_state(state: Mapping[str, torch.Tensor]) -> None:
    """Go on from a state that `get_state` returned; devices it does not know start from its seed.

    Raises
    ------
    MXNetError
        If it has no seed, or a device of it is not there or refuses its state; nothing is changed then.
    """
    global _base
    if _SEED not in state:
        raise MXNetError(f"a random state has an entry {_SEED!r} beside those of devices, this one {sorted(state)}")
    generators = {}
    for name, value in state.items():
        if name == _SEED:
            continue
        try:
            device = torch.device(name)
            generators[device] = torch.Generator(device).set_state(value.cpu())
        except RuntimeError as error:
            raise MXNetError(f"cannot restore the random state of {name!r}: {error}") from error
    seed(int(state[_SEED]))
    for device, restored in generators.items():
        _own(device).set_state(restored.get_state())


def _make(device: torch.device) -> torch.Generator:
    if device.type == "meta" or (device.type == "cpu" and device.index is not None):
        return _own(torch.device("cpu"))
    if device.type != "cpu" and device.index is None:
        return _own(torch.device(device.type, torch.accelerator.current_device_index()))
    made = torch.Generator(device)
    made.manual_seed(_seed_of(device))
    return _generators.setdefault(device, made)  # of two threads that come at once, the first wins


def _seed_of(device: torch.device) -> int:
    number = 0 if device.type == "cpu" else (device.index or 0) + 1
    return (_base + number * _STRIDE) % _WORD
