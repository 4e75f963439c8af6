"""The codes below zero that MXNet's reshape operators take in place of sizes."""

from __future__ import annotations

from math import prod

from mxnet.base import MXNetError

__all__ = ["legacy_shape", "npx_shape"]

Sizes = tuple[int, ...]


def npx_shape(old: Sizes, codes: Sizes, reverse: bool) -> Sizes:
    """The shape that `npx.reshape` makes of `old`.

    ===== =======================================================
    code  meaning
    ===== =======================================================
    -1    worked out from the number of elements
    -2    the dimension of the old shape that is next
    -3    drop the next dimension, which is of size one
    -4    all dimensions that are left
    -5    the product of the next two dimensions
    -6    split the next dimension into the two sizes that follow
    ===== =======================================================

    Each code but -1 takes its dimensions off the front of the old shape, a size takes one. `reverse` reads both
    from their ends: the two sizes of a split then stand before its -6.
    """
    if reverse:
        return _Reader(old[::-1], codes[::-1]).read()[::-1]
    return _Reader(old, codes).read()


class _Reader:
    """Reads codes from left to right against an old shape."""

    def __init__(self, old: Sizes, codes: Sizes) -> None:
        self.old = old
        self.codes = codes
        self.taken = 0  # dimensions of the old shape that are used up
        self.new: list[int] = []

    def read(self) -> Sizes:
        codes = list(self.codes)
        while codes:
            code = codes.pop(0)
            if code >= -1:
                self.new.append(code)
                self.taken += 1
            elif code == -2:
                self.new.append(self.take(code))
            elif code == -3:
                if self.take(code) != 1:
                    raise self.error(f"-3 drops a dimension of size 1, not {self.old[self.taken - 1]}")
            elif code == -4:
                self.new += self.old[self.taken :]
                self.taken = len(self.old)
            elif code == -5:
                self.new.append(self.take(code) * self.take(code))
            elif code == -6:
                self.new += self.split(self.take(code), codes[:2])
                del codes[:2]
            else:
                raise self.error(f"{code} is no code; they are -1 to -6")
        return self.complete()

    def take(self, code: int) -> int:
        if self.taken >= len(self.old):
            raise self.error(f"no dimension is left for {code}")
        self.taken += 1
        return self.old[self.taken - 1]

    def split(self, size: int, parts: list[int]) -> Sizes:
        if len(parts) != 2:
            raise self.error("-6 must be followed by two sizes")
        first, second = parts
        if first == second == -1:
            raise self.error("only one of the two sizes after -6 may be -1")
        first, second = _divide(size, second, first), _divide(size, first, second)
        if first * second != size:
            raise self.error(f"-6 cannot split {size} into {first} and {second}")
        return first, second

    def complete(self) -> Sizes:
        """The new shape with -1 worked out; an empty array makes it 0 or what fits."""
        if self.new.count(-1) > 1:
            raise self.error("only one size may be -1")
        if -1 in self.new:
            known = prod([size for size in self.new if size != -1])  # a list, for code that is compiled
            self.new[self.new.index(-1)] = prod(self.old) // known if known else 0
        if prod(self.new) != prod(self.old):
            raise self.error(f"it would have {prod(self.new)} elements")
        return tuple(self.new)

    def error(self, reason: str) -> MXNetError:
        return MXNetError(f"cannot reshape an array of shape {self.old} by {self.codes}: {reason}")


def _divide(size: int, by: int, given: int) -> int:
    """`given`, or for -1 how often `by` goes into `size`."""
    return given if given != -1 else (size // by if by else 0)


def legacy_shape(old: Sizes, codes: Sizes, reverse: bool) -> Sizes:
    """The shape that MXNet 1.x's reshape makes of `old`.

    0 copies a dimension, -1 is worked out, -2 copies all that are left, -3 joins two, -4 splits one into the two
    sizes that follow. They are `npx_shape`'s codes by other numbers.
    """
    if reverse:
        return legacy_shape(old[::-1], codes[::-1], False)[::-1]
    translated, place = [], 0
    while place < len(codes):
        code = codes[place]
        if code == -4:
            translated += [-6, *codes[place + 1 : place + 3]]
            place += 3
            continue
        if code < -4:
            raise MXNetError(f"cannot reshape an array of shape {old} by {codes}: {code} is no code")
        translated.append(_NPX_CODE.get(code, code))
        place += 1
    return npx_shape(old, tuple(translated), False)


_NPX_CODE = {0: -2, -2: -4, -3: -5}
