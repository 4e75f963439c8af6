"""Loops and branches over arrays, run as they stand.

While a block is traced their Python runs once: the graph holds every step of a `foreach` (MXNet 2.0 writes one
operator with a graph inside), and a condition that hangs on what is traced raises `ValuesNotKnown`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mxnet.ndarray._array import Array, is_known, refuse_tracing, run
from mxnet.operators.catalogue import find

__all__ = ["cond", "foreach", "while_loop"]


def foreach(body: Callable[[Any, Any], tuple[Any, Any]], data: Any, init_states: Any) -> tuple[Any, Any]:
    """Run ``body(slice, states) -> (outputs, states)`` over the first dimension of `data`.

    Parameters
    ----------
    body : callable
    data : array or list of arrays
        Of one length in the first dimension.
    init_states : array or (nested) list of arrays
        What `body` gets first.

    Returns
    -------
    outputs : array or list of arrays
        The outputs of all steps, stacked.
    states
        What `body` returned last.

    Raises
    ------
    ValueError
        If `data` has no steps, or arrays of different lengths.
    """
    single = isinstance(data, Array)
    arrays = [data] if single else list(data)
    lengths = {len(array) for array in arrays}
    if len(lengths) != 1 or not next(iter(lengths)):
        raise ValueError(f"foreach needs arrays of one length of at least 1, not {sorted(lengths)}")
    states = init_states
    steps = []
    for number in range(lengths.pop()):
        parts = [array[number] for array in arrays]
        outputs, states = body(parts[0] if single else parts, states)
        steps.append(outputs)
    return _stacked(steps), states


def _stacked(steps: list[Any]) -> Any:
    first = steps[0]
    if isinstance(first, Array):
        return run(find("stack"), steps, {})
    return [_stacked([step[number] for step in steps]) for number in range(len(first))]


def while_loop(
    cond: Callable[..., Any],
    func: Callable[..., tuple[Any, Any]],
    loop_vars: Any,
    max_iterations: int | None = None,
) -> tuple[Any, Any]:
    """Run ``func(*loop_vars) -> (outputs, loop_vars)`` while ``cond(*loop_vars)`` holds.

    Parameters
    ----------
    cond, func : callable
    loop_vars : array or list of arrays
    max_iterations : int
        The loop ends after so many steps in any case.

    Returns
    -------
    outputs : list of arrays
        The outputs of all steps, stacked and filled up with zeros to `max_iterations`; empty if there was no step.
    loop_vars : array or list of arrays
        What `func` returned last.

    Raises
    ------
    ValueError
        If `max_iterations` is missing, `loop_vars` is empty, or `func` changes the number of its variables.
    NotTraceable
        If a hybridized block is traced and the condition hangs on its arrays: the block then runs without a graph.
        For a graph, take a fixed number of steps and choose with `mx.np.where`.
    """
    if max_iterations is None:
        raise ValueError("max_iterations should be specified")
    single = isinstance(loop_vars, Array)
    variables = [loop_vars] if single else list(loop_vars)
    if not variables:
        raise ValueError("while_loop needs at least one of loop_vars")
    steps: list[Any] = []
    while len(steps) < int(max_iterations) and _holds(cond(*variables), "while_loop"):
        outputs, new = func(*variables)
        new = [new] if isinstance(new, Array) else list(new)
        if len(new) != len(variables):
            raise ValueError(f"func returned {len(new)} loop_vars where {len(variables)} came in")
        variables = new
        outputs = [] if outputs is None else outputs
        steps.append([outputs] if isinstance(outputs, Array) else list(outputs))
    results = (
        [_filled([step[number] for step in steps], int(max_iterations)) for number in range(len(steps[0]))]
        if steps
        else []
    )
    return results, variables[0] if single else variables


def _filled(outputs: list[Any], length: int) -> Any:
    empty = run(find("zeros_like"), (outputs[0],), {})
    return _stacked(outputs + [empty] * (length - len(outputs)))


def cond(pred: Any, then_func: Callable[..., Any], else_func: Callable[..., Any], inputs: Any = ()) -> Any:
    """The result of `then_func` if `pred` is true, else that of `else_func`.

    Parameters
    ----------
    pred : array of one element, or callable
        A callable is called with the inputs.
    then_func, else_func : callable
        Called with the inputs.
    inputs : array or list of arrays, optional

    Returns
    -------
    What the function called returns.

    Raises
    ------
    NotTraceable
        If a hybridized block is traced and `pred` hangs on its arrays: the block then runs without a graph. For a
        graph, compute both and choose with `mx.np.where`.
    """
    arguments = [inputs] if isinstance(inputs, Array) else list(inputs or ())
    chosen = pred(*arguments) if callable(pred) else pred
    return (then_func if _holds(chosen, "cond") else else_func)(*arguments)


def _holds(condition: Any, where: str) -> bool:
    """The truth of a condition, which is an array of one element or a Python value."""
    if isinstance(condition, Array) and not is_known(condition):
        refuse_tracing(f"the condition of {where} hangs on values")
    return bool(condition)
