"""`mx.np`'s functions of one and two operands, element by element."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from typing import Any

import numpy as _np
import torch

from mxnet.ndarray._array import Array
from mxnet.numpy._dispatch import apply, apply_binary, apply_unary, as_array, is_number, type_of
from mxnet.operators import creation, elementwise, functions, logic
from mxnet.operators.catalogue import Operator
from mxnet.operators.elementwise import Binary

__all__ = [
    "abs",
    "absolute",
    "acos",
    "acosh",
    "add",
    "allclose",
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctan2",
    "arctanh",
    "around",
    "array_equal",
    "array_equiv",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "bitwise_and",
    "bitwise_invert",
    "bitwise_left_shift",
    "bitwise_not",
    "bitwise_or",
    "bitwise_right_shift",
    "bitwise_xor",
    "cbrt",
    "ceil",
    "clip",
    "copysign",
    "cos",
    "cosh",
    "deg2rad",
    "degrees",
    "divide",
    "equal",
    "exp",
    "expm1",
    "fabs",
    "fix",
    "floor",
    "floor_divide",
    "fmax",
    "fmin",
    "fmod",
    "gcd",
    "greater",
    "greater_equal",
    "hypot",
    "invert",
    "isclose",
    "isfinite",
    "isinf",
    "isnan",
    "isneginf",
    "isposinf",
    "lcm",
    "ldexp",
    "less",
    "less_equal",
    "log",
    "log10",
    "log1p",
    "log2",
    "logaddexp",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "maximum",
    "minimum",
    "mod",
    "multiply",
    "nan_to_num",
    "negative",
    "not_equal",
    "polyval",
    "positive",
    "pow",
    "power",
    "rad2deg",
    "radians",
    "reciprocal",
    "remainder",
    "rint",
    "round",
    "round_",
    "sign",
    "sin",
    "sinh",
    "sqrt",
    "square",
    "subtract",
    "tan",
    "tanh",
    "true_divide",
    "trunc",
]

_UNARY_DOC = """{summary}

    Parameters
    ----------
    x : array_like or number
        NumPy answers for a Python number.
    out : ndarray, optional
        Where the result is written: of its shape and type.
    """
_BINARY_DOC = """{summary}

    Parameters
    ----------
    x1, x2 : array_like or number
        Of shapes that broadcast against each other; NumPy answers for two Python numbers.
    out : ndarray, optional
        Where the result is written: of its shape and type.
    """


def _unary(name: str, op: Operator, official: Callable[..., Any] | None = None) -> Callable[..., Any]:
    official = official or getattr(_np, name)

    def function(x: Any, out: Any = None, **kwargs: Any) -> Any:
        if kwargs:
            _check_keywords(name, kwargs)
        return apply_unary(op, x, out, official)

    return _named(function, name, _UNARY_DOC.format(summary=op.body.__doc__))


def _rounding(name: str, op: Operator) -> Callable[..., Any]:
    """A function that returns integers as they are."""
    round_ = _unary(name, op, _of_float(getattr(_np, name)))

    def function(x: Any, out: Any = None, **kwargs: Any) -> Any:
        if not _is_whole(x):
            return round_(x, out, **kwargs)
        if out is None:
            return x
        out[...] = x
        return out

    return _named(function, name, round_.__doc__)


def _is_whole(x: Any) -> bool:
    kind = type_of(x) if isinstance(x, Array) else None
    return kind is not None and not kind.is_floating_point and kind is not torch.bool


def _binary(name: str, op: Binary, official: Callable[..., Any] | None = None) -> Callable[..., Any]:
    official = official or getattr(_np, name)

    def function(x1: Any, x2: Any, out: Any = None, **kwargs: Any) -> Any:
        if kwargs:
            _check_keywords(name, kwargs)
        return apply_binary(op, x1, x2, out, official)

    return _named(function, name, _BINARY_DOC.format(summary=op.arrays.body.__doc__))


def _named(function: Callable[..., Any], name: str, doc: str) -> Callable[..., Any]:
    function.__name__ = function.__qualname__ = name
    function.__module__ = "mxnet.numpy"
    function.__doc__ = doc
    return function


def _of_float(official: Callable[..., Any]) -> Callable[[Any], Any]:
    """NumPy before 2.1 rounded integers to floats, as MXNet does."""
    return lambda x: official(float(x))


def _check_keywords(name: str, keywords: dict[str, Any]) -> None:
    for key, value in keywords.items():
        if key != "where":
            raise TypeError(f"{key} is an invalid keyword to function {name!r}")
        if value is not True:
            raise TypeError(f"where={value!r} is not supported by function {name!r}: only where=True")


exp = _unary("exp", functions.exp)
expm1 = _unary("expm1", functions.expm1)
log = _unary("log", functions.log)
log2 = _unary("log2", functions.log2)
log10 = _unary("log10", functions.log10)
log1p = _unary("log1p", functions.log1p)
sqrt = _unary("sqrt", functions.sqrt)
cbrt = _unary("cbrt", functions.cbrt)
sin = _unary("sin", functions.sin)
cos = _unary("cos", functions.cos)
tan = _unary("tan", functions.tan)
arcsin = _unary("arcsin", functions.arcsin)
arccos = _unary("arccos", functions.arccos)
arctan = _unary("arctan", functions.arctan)
sinh = _unary("sinh", functions.sinh)
cosh = _unary("cosh", functions.cosh)
tanh = _unary("tanh", functions.tanh)
arcsinh = _unary("arcsinh", functions.arcsinh)
arccosh = _unary("arccosh", functions.arccosh)
arctanh = _unary("arctanh", functions.arctanh)
degrees = _unary("degrees", functions.degrees)
radians = _unary("radians", functions.radians)
absolute = _unary("absolute", functions.absolute)
negative = _unary("negative", functions.negative)
sign = _unary("sign", functions.sign)
square = _unary("square", functions.square)
reciprocal = _unary("reciprocal", functions.reciprocal)
rint = _unary("rint", functions.rint)
fix = _unary("fix", functions.fix, _of_float(_np.trunc))
ceil = _rounding("ceil", functions.ceil)
floor = _rounding("floor", functions.floor)
trunc = _rounding("trunc", functions.trunc)
isnan = _unary("isnan", logic.isnan)
isinf = _unary("isinf", logic.isinf)
isfinite = _unary("isfinite", logic.isfinite)
isposinf = _unary("isposinf", logic.isposinf)
isneginf = _unary("isneginf", logic.isneginf)
logical_not = _unary("logical_not", logic.logical_not)
bitwise_not = _unary("bitwise_not", logic.bitwise_not)

add = _binary("add", elementwise.add)
subtract = _binary("subtract", elementwise.subtract)
multiply = _binary("multiply", elementwise.multiply)
true_divide = _binary("true_divide", elementwise.true_divide)
floor_divide = _binary("floor_divide", elementwise.floor_divide)
mod = _binary("mod", elementwise.mod)
fmod = _binary("fmod", elementwise.fmod)
power = _binary("power", elementwise.power)
maximum = _binary("maximum", elementwise.maximum)
minimum = _binary("minimum", elementwise.minimum)
fmax = _binary("fmax", elementwise.fmax)
fmin = _binary("fmin", elementwise.fmin)
copysign = _binary("copysign", elementwise.copysign)
arctan2 = _binary("arctan2", elementwise.arctan2)
hypot = _binary("hypot", elementwise.hypot)
logaddexp = _binary("logaddexp", elementwise.logaddexp)
ldexp = _binary("ldexp", elementwise.ldexp)
equal = _binary("equal", logic.equal)
not_equal = _binary("not_equal", logic.not_equal)
less = _binary("less", logic.less)
less_equal = _binary("less_equal", logic.less_equal)
greater = _binary("greater", logic.greater)
greater_equal = _binary("greater_equal", logic.greater_equal)
logical_and = _binary("logical_and", logic.logical_and)
logical_or = _binary("logical_or", logic.logical_or)
logical_xor = _binary("logical_xor", logic.logical_xor)
bitwise_and = _binary("bitwise_and", logic.bitwise_and)
bitwise_or = _binary("bitwise_or", logic.bitwise_or)
bitwise_xor = _binary("bitwise_xor", logic.bitwise_xor)
gcd = _binary("gcd", logic.gcd)
lcm = _binary("lcm", logic.lcm)
bitwise_left_shift = _binary("bitwise_left_shift", logic.bitwise_left_shift, _np.left_shift)
bitwise_right_shift = _binary("bitwise_right_shift", logic.bitwise_right_shift, _np.right_shift)

abs = absolute
acos = arccos
acosh = arccosh
asin = arcsin
asinh = arcsinh
atan = arctan
atanh = arctanh
atan2 = arctan2
bitwise_invert = bitwise_not
invert = bitwise_not
deg2rad = radians
rad2deg = degrees
divide = true_divide
pow = power
remainder = mod
fabs = _unary("fabs", functions.absolute, _np.absolute)


def positive(x: Any, out: Any = None, **kwargs: Any) -> Any:
    """A copy of the argument."""
    if is_number(x):
        return _np.positive(x)
    return apply_unary(creation.copy, x, out)


def around(x: Any, decimals: int = 0, out: Any = None, **kwargs: Any) -> Any:
    """Round to a number of decimal places; halves go to the even neighbour.

    Parameters
    ----------
    x : array_like or number
    decimals : int, default 0
        Negative ones count places before the point.
    out : ndarray, optional
        Where the result is written.

    Raises
    ------
    MXNetError
        If `decimals` is no integer.
    """
    if is_number(x):
        return _np.around(x, decimals)
    return apply(functions.around, (x,), out, decimals=decimals)


round = round_ = around


def clip(a: Any, a_min: Any, a_max: Any, out: Any = None) -> Any:
    """Limit the values of an array to an interval.

    Parameters
    ----------
    a : array_like or number
    a_min, a_max : number, array_like or None
        The ends of the interval; None leaves one end open.
    out : ndarray, optional
        Where the result is written.

    Raises
    ------
    ValueError
        If both ends are None.
    """
    if a_min is None and a_max is None:
        raise ValueError("array_clip: must set either max or min")
    ends = [end for end in (a_min, a_max) if end is not None]
    if not builtins.all(is_number(end) for end in ends):
        lower = a if a_min is None else maximum(a, a_min)
        return minimum(lower, a_max, out) if a_max is not None else maximum(a, a_min, out)
    if is_number(a):
        return _np.clip(a, a_min, a_max)
    return apply(functions.clip, (a,), out, a_min=a_min, a_max=a_max)


def nan_to_num(
    x: Any,
    copy: bool = True,
    nan: float = 0.0,
    posinf: float | None = None,
    neginf: float | None = None,
    **kwargs: Any,
) -> Any:
    """Put numbers in the place of NaN and infinity.

    Parameters
    ----------
    x : array_like or number
    copy : bool, default True
        False writes to `x` itself. Integers, which are all finite, are returned as they are in any case.
    nan : float, default 0
    posinf, neginf : float, optional
        Default: the largest and smallest numbers of the type.
    """
    if is_number(x):
        return _np.nan_to_num(x, nan=nan, posinf=posinf, neginf=neginf)
    x = as_array(x)
    if _is_whole(x):
        return x
    return apply(functions.nan_to_num, (x,), None if copy else x, nan=nan, posinf=posinf, neginf=neginf)


def isclose(a: Any, b: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Any:
    """Whether elements differ by no more than ``atol + rtol * abs(b)``.

    Parameters
    ----------
    a, b : array_like or number
    rtol, atol : float
    equal_nan : bool, default False
        Whether NaN is close to NaN.
    """
    if is_number(a) and is_number(b):
        return _np.isclose(a, b, rtol, atol, equal_nan)
    a, b = as_array(a), as_array(b)
    close = (absolute(a - b) <= atol + rtol * absolute(b)) & isfinite(b) | equal(a, b)
    return close | (isnan(a) & isnan(b)) if equal_nan else close


def allclose(a: Any, b: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> bool:
    """Whether all elements of two arrays are close, in the sense of `isclose`."""
    return bool(isclose(a, b, rtol, atol, equal_nan).all())


def array_equal(a1: Any, a2: Any, equal_nan: bool = False) -> bool:
    """Whether two arrays have one shape and equal elements."""
    a1, a2 = as_array(a1), as_array(a2)
    if a1.shape != a2.shape:
        return False
    same = equal(a1, a2)
    return bool((same | (isnan(a1) & isnan(a2)) if equal_nan else same).all())


def array_equiv(a1: Any, a2: Any) -> bool:
    """Whether two arrays have equal elements after one is broadcast to the shape of the other."""
    a1, a2 = as_array(a1), as_array(a2)
    try:
        shape = _np.broadcast_shapes(a1.shape, a2.shape)
    except ValueError:
        return False
    return shape in (a1.shape, a2.shape) and bool(equal(a1, a2).all())


def polyval(p: Any, x: Any) -> Any:
    """The value of a polynomial.

    Parameters
    ----------
    p : array_like
        Coefficients, that of the highest power first.
    x : array_like
        Where to evaluate it.

    Raises
    ------
    ValueError
        If `p` is no vector.
    """
    return apply(functions.polyval, (p, x))
