"""Loops and branches of `mx.npx`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mxnet.ndarray import _control
from mxnet.ndarray._control import foreach, while_loop

__all__ = ["cond", "foreach", "while_loop"]


def cond(
    pred: Callable[..., Any] | Any,
    then_func: Callable[..., Any],
    else_func: Callable[..., Any],
    inputs: Any,
    name: str = "cond",
) -> Any:
    """``then_func(*inputs)`` if ``pred(*inputs)`` is true, else ``else_func(*inputs)``.

    Parameters
    ----------
    pred, then_func, else_func : callable
    inputs : ndarray or list of ndarray
    name : str, optional
        Accepted as in MXNet; not used.
    """
    return _control.cond(pred, then_func, else_func, inputs)
