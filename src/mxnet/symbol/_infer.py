"""The shapes and types of a graph's arguments, results and auxiliary states."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import torch

from mxnet import _dtype
from mxnet.symbol._abstract import Shape
from mxnet.symbol._graph import Entry, Node
from mxnet.symbol._known import arguments_and_states, check_names, marked
from mxnet.symbol._shapes import ShapeSolver
from mxnet.symbol._types import TypeSolver
from mxnet.util import is_np_shape

__all__ = ["infer_shape", "infer_types"]

_NAMED_AT_MOST = 10

Found = tuple[list[Any], list[Any], list[Any]] | tuple[None, None, None]


def infer_shape(entries: Sequence[Entry], known: Mapping[str, Shape], partial: bool = False) -> Found:
    """The shapes of arguments, results and auxiliary states.

    Parameters
    ----------
    entries : sequence of Entry
    known : mapping of str to tuple of int
        Shapes of variables by name. A size of -1 is not known; without NumPy shapes (`is_np_shape`) neither is 0,
        and an empty shape says nothing.
    partial : bool, default False
        Whether to return what is known if that is not all.

    Returns
    -------
    list, list, list
        In the order of the arguments, the entries and the auxiliary states. Of a partial result a shape is None (an
        empty one without NumPy shapes) if nothing is known of it; a size not known is -1 (0 without NumPy shapes).
        Three times None, with a warning, if not all is known and not `partial`.

    Raises
    ------
    MXNetError
        If a name is no variable's, or shapes contradict each other or what an operator takes.
    """
    arguments, states = arguments_and_states(entries)
    check_names(known, arguments + states)
    solver = ShapeSolver(entries, marked(known), zero_is_size=is_np_shape())
    places = [(node, 0) for node in arguments], list(entries), [(node, 0) for node in states]
    shapes = [[solver.shape(entry) for entry in group] for group in places]
    if not partial and not all(_is_known(shape) for group in shapes for shape in group):
        _warn("shape", arguments, [None if _is_known(shape) else str(_shown(shape)) for shape in shapes[0]])
        return None, None, None
    found, results, auxiliary = [[_shown(shape) for shape in group] for group in shapes]
    return found, results, auxiliary


def infer_types(entries: Sequence[Entry], known: Mapping[str, torch.dtype], partial: bool = False) -> Found:
    """The types of arguments, results and auxiliary states, as NumPy's scalar types.

    Parameters
    ----------
    entries : sequence of Entry
    known : mapping of str to torch.dtype
        Types of variables by name.
    partial : bool, default False
        Whether to return what is known, and None in other places, if that is not all.

    Returns
    -------
    list, list, list
        In the order of the arguments, the entries and the auxiliary states; three times None, with a warning, if not
        all is known and not `partial`.

    Raises
    ------
    MXNetError
        If a name is no variable's, or an operator does not take the types that follow.
    """
    arguments, states = arguments_and_states(entries)
    check_names(known, arguments + states)
    solver = TypeSolver(entries, known)
    places = [(node, 0) for node in arguments], list(entries), [(node, 0) for node in states]
    types = [[solver.type(entry) for entry in group] for group in places]
    if not partial and any(dtype is None for group in types for dtype in group):
        _warn("type", arguments, ["None" if dtype is None else None for dtype in types[0]])
        return None, None, None
    found, results, auxiliary = [[_numpy_type(dtype) for dtype in group] for group in types]
    return found, results, auxiliary


def _is_known(shape: Shape | None) -> bool:
    return shape is not None and min(shape, default=0) >= 0


def _shown(shape: Shape | None) -> Shape | None:
    unknown = -1 if is_np_shape() else 0
    if shape is None:
        return None if is_np_shape() else ()
    return tuple([unknown if size < 0 else size for size in shape])


def _numpy_type(dtype: torch.dtype | None) -> Any:
    found = None if dtype is None else _dtype.from_torch(dtype)
    return getattr(found, "type", found)


def _warn(what: str, arguments: Sequence[Node], found: Sequence[str | None]) -> None:
    """Warn of arguments not known: those with words for what is known of them."""
    unknown = [f"{node.name}: {words}" for node, words in zip(arguments, found, strict=True) if words is not None]
    if len(unknown) > _NAMED_AT_MOST:
        unknown[_NAMED_AT_MOST:] = ["..."]
    warnings.warn(
        f"Cannot decide the {what} of these arguments; consider giving it:\n\t" + "\n\t".join(unknown), stacklevel=5
    )
