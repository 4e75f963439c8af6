"""Rows of the tables that compare operators with genuine MXNet: a Python expression, evaluated here and there.

Runs under both packages, on NumPy 1.23 and later. An expression builds its own inputs with the names below, so a
row says everything about itself:

    x(2, 3)       an array of fixed float32 noise with a gradient attached (`dtype=` another type)
    n(2, 3)       the same as an `mx.nd.NDArray`
    spd(3)        a symmetric positive definite matrix with a gradient
    f([...]), i([...]), b([...])   arrays of the given float32, int32, bool values
    l([...])      an `mx.nd.NDArray` of the given float32 values
    op('name')    the operator of that name, on arrays
    np, npx, nd   the public modules; inf
"""

import contextlib

import numpy as onp
from fill_rule import noise


def evaluate(mx, expression, operator, backward=True):
    """Return what the expression gives, in plain lists: values, types, shapes and gradients, or the error's name."""
    scope = _Scope(mx, operator)
    try:
        record = {"out": [_plain(mx, value) for value in _flatten(mx, scope.run(expression))]}
    except Exception as error:
        return {"error": error_name(error)}
    gradients = backward and _gradients(mx, expression, operator)
    if gradients:
        record["grad"] = gradients
    return record


def error_name(error):
    """The class of an error; of a class of one's own the first base that everyone knows."""
    known = (
        cls.__name__ for cls in type(error).__mro__ if cls.__module__ in ("builtins", "mxnet.base", "numpy.linalg")
    )
    return next(known)


def _gradients(mx, expression, operator):
    """Gradients of all inputs that carry one, with fixed gradients of the outputs; None where there are none."""
    scope = _Scope(mx, operator)
    try:
        with mx.autograd.record():
            outputs = _flatten(mx, scope.run(expression))
        if not scope.leaves:
            return None
        heads = [value for value in outputs if _is_array(mx, value) and onp.dtype(value.dtype).kind == "f"]
        weights = [_like(mx, value, noise("head", value.shape)) for value in heads]
        mx.autograd.backward(heads, weights)
        return [_plain(mx, leaf.grad) for leaf in scope.leaves]
    except Exception:
        return None


class _Scope:
    """The names an expression may use; counts its inputs so that each has values of its own."""

    def __init__(self, mx, operator):
        self.mx = mx
        self.leaves = []
        self.names = {
            "np": mx.np,
            "npx": mx.npx,
            "nd": mx.nd,
            "inf": onp.inf,
            "op": operator,
            "x": self.input,
            "n": self.legacy_input,
            "spd": self.positive_definite,
            "f": lambda values: mx.np.array(values, dtype="float32"),
            "i": lambda values: mx.np.array(values, dtype="int32"),
            "l": lambda values, dtype="float32": mx.np.array(values, dtype=dtype).as_nd_ndarray(),
            "b": lambda values: mx.np.array(values, dtype="bool"),
        }

    def run(self, expression):
        return eval(expression, {"__builtins__": {"abs": abs, "slice": slice}, **self.names})

    def values(self, shape):
        return onp.round(2 * noise(f"input{len(self.leaves)}", shape), 3)

    def leaf(self, array):
        array.attach_grad()
        self.leaves.append(array)
        return array

    def input(self, *shape, dtype="float32"):
        return self.leaf(self.mx.np.array(self.values(shape), dtype=dtype))

    def legacy_input(self, *shape):
        return self.leaf(self.mx.np.array(self.values(shape)).as_nd_ndarray())

    def positive_definite(self, size):
        values = self.values((size, size))
        return self.leaf(self.mx.np.array(values @ values.T + size * onp.eye(size), dtype="float32"))


def _is_array(mx, value):
    return isinstance(value, mx.nd.NDArray)


def _like(mx, value, values):
    made = mx.np.array(values, dtype=value.dtype)
    return made if isinstance(value, mx.np.ndarray) else made.as_nd_ndarray()


def _flatten(mx, value):
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _plain(mx, value):
    """An array or number as its type, its shape and its values in C order."""
    if value is None:
        return None
    values = value.asnumpy() if _is_array(mx, value) else onp.asarray(value)
    flat = values.ravel()
    with contextlib.suppress(TypeError):
        flat = onp.array([float(f"{number:.7g}") for number in flat]) if values.dtype.kind == "f" else flat
    return {"dtype": str(values.dtype), "shape": list(values.shape), "values": flat.tolist()}
