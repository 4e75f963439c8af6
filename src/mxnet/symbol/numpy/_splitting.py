"""Splitting symbols: whether an axis can be split so shows when the graph runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mxnet.symbol._functions import split_v2
from mxnet.symbol._register import call

__all__ = ["dsplit", "hsplit", "split", "vsplit"]

Sections = int | Sequence[int]


def split(ary: Any, indices_or_sections: Sections, axis: int = 0) -> Any:
    """So many equal parts of a symbol along an axis, or the parts between indices."""
    return split_v2(ary, _checked(indices_or_sections), axis)


def vsplit(ary: Any, indices_or_sections: Sections) -> Any:
    """`split` along the first axis."""
    return split(ary, indices_or_sections)


def hsplit(ary: Any, indices_or_sections: Sections) -> Any:
    """`split` along the second axis, of a vector along its only one."""
    given = _checked(indices_or_sections)
    places = {"indices": [], "sections": given} if isinstance(given, int) else {"indices": [0, *given], "sections": 0}
    return call("_npi_hsplit", ary, hint="hsplit", **places)


def dsplit(ary: Any, indices_or_sections: Sections) -> Any:
    """`split` along the third axis."""
    return split(ary, indices_or_sections, 2)


def _checked(given: Sections) -> int | tuple[int, ...]:
    return given if isinstance(given, int) else tuple(given)
