"""Ways to break a file, quick enough for a million of them."""

from __future__ import annotations

import struct
from collections.abc import Callable
from random import Random

__all__ = ["mutate"]

_NUMBERS = (0, 1, 2, 3, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 1 << 40, (1 << 63) - 1)
_NUMBERS += (1 << 63, (1 << 64) - 1)
_LARGEST = 1 << 16


def mutate(random: Random, data: bytes, others: list[bytes]) -> bytes:
    """`data` changed in one to four places, perhaps with parts of `others`."""
    changed = bytearray(data)
    for _ in range(1 + int(4 * random.random() ** 2)):
        change = _CHANGES[int(random.random() * len(_CHANGES))]
        change(random, changed, int(random.random() * (len(changed) + 1)), others)
    return bytes(changed[:_LARGEST])


def _flip(random: Random, data: bytearray, place: int, others: list[bytes]) -> None:
    if place < len(data):
        data[place] ^= 1 << int(random.random() * 8)


def _set(random: Random, data: bytearray, place: int, others: list[bytes]) -> None:
    data[place : place + 1] = bytes([int(random.random() * 256)])


def _number(random: Random, data: bytearray, place: int, others: list[bytes]) -> None:
    value, size = _NUMBERS[int(random.random() * len(_NUMBERS))], (1, 2, 4, 8)[int(random.random() * 4)]
    place -= place % size * (random.random() < 0.8)  # mostly where a number may be
    data[place : place + size] = struct.pack("<Q", value)[:size]


def _digits(random: Random, data: bytearray, place: int, others: list[bytes]) -> None:
    """Another number in a text."""
    data[place : place + 1] = str(_NUMBERS[int(random.random() * len(_NUMBERS))]).encode()


def _insert(random: Random, data: bytearray, place: int, others: list[bytes]) -> None:
    data[place:place] = random.randbytes(1 + int(random.random() * 9))


def _remove(random: Random, data: bytearray, place: int, others: list[bytes]) -> None:
    del data[place : place + 1 + int(random.random() * 16)]


def _cut(random: Random, data: bytearray, place: int, others: list[bytes]) -> None:
    del data[place:]


def _repeat(random: Random, data: bytearray, place: int, others: list[bytes]) -> None:
    data[place:place] = data[place : place + 1 + int(random.random() * 64)] * (1 + int(random.random() * 4))


def _splice(random: Random, data: bytearray, place: int, others: list[bytes]) -> None:
    other = others[int(random.random() * len(others))]
    start = int(random.random() * (len(other) + 1))
    data[place:] = other[start:]


_CHANGES: tuple[Callable[[Random, bytearray, int, list[bytes]], None], ...] = (
    *(_flip, _set, _number, _number, _digits, _insert, _remove, _cut, _repeat, _splice),
)
