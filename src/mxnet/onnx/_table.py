"""ONNX's operators in MXNet's: one function for each, which gets the call and returns its result, or a list of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import reduce
from typing import Any

import torch

from mxnet.onnx._importer import Call

__all__ = ["TABLE", "operator"]

Rule = Callable[[Call], Any]

TABLE: dict[str, Rule] = {}
"""By the name of the ONNX operator."""


def operator(*kinds: str) -> Callable[[Rule], Rule]:
    """Enter a function for ONNX operators of these names."""

    def enter(rule: Rule) -> Rule:
        TABLE.update(dict.fromkeys(kinds, rule))
        return rule

    return enter


# Element by element

_UNARY = {
    "Abs": "_npi_absolute",
    "Acos": "_npi_arccos",
    "Acosh": "_npi_arccosh",
    "Asin": "_npi_arcsin",
    "Asinh": "_npi_arcsinh",
    "Atan": "_npi_arctan",
    "Atanh": "_npi_arctanh",
    "Ceil": "_npi_ceil",
    "Cos": "_npi_cos",
    "Cosh": "_npi_cosh",
    "Det": "_npi_det",
    "Erf": "erf",
    "Exp": "_npi_exp",
    "Floor": "_npi_floor",
    "IsNaN": "_npi_isnan",
    "Log": "_npi_log",
    "Mish": "mish",
    "Neg": "_npi_negative",
    "Not": "_npi_logical_not",
    "Reciprocal": "_npi_reciprocal",
    "Relu": "_npx_relu",
    "Round": "_npi_around",
    "Sigmoid": "_npx_sigmoid",
    "Sign": "_npi_sign",
    "Sin": "_npi_sin",
    "Sinh": "_npi_sinh",
    "Softsign": "softsign",
    "Sqrt": "_npi_sqrt",
    "Tan": "_npi_tan",
    "Tanh": "_npi_tanh",
}
_BINARY = {
    "Add": ("_npi_add", "_npi_add_scalar", "_npi_add_scalar"),
    "And": ("_npi_logical_and", None, None),
    "Equal": ("_npi_equal", "_npi_equal_scalar", "_npi_equal_scalar"),
    "Greater": ("_npi_greater", "_npi_greater_scalar", "_npi_less_scalar"),
    "GreaterOrEqual": ("_npi_greater_equal", "_npi_greater_equal_scalar", "_npi_less_equal_scalar"),
    "Less": ("_npi_less", "_npi_less_scalar", "_npi_greater_scalar"),
    "LessOrEqual": ("_npi_less_equal", "_npi_less_equal_scalar", "_npi_greater_equal_scalar"),
    "Mul": ("_npi_multiply", "_npi_multiply_scalar", "_npi_multiply_scalar"),
    "Or": ("_npi_logical_or", None, None),
    "Pow": ("_npi_power", "_npi_power_scalar", "_npi_rpower_scalar"),
    "Sub": ("_npi_subtract", "_npi_subtract_scalar", "_npi_rsubtract_scalar"),
    "Xor": ("_npi_logical_xor", None, None),
}
_DIVISION = {
    True: ("_npi_true_divide", "_npi_true_divide_scalar", "_npi_rtrue_divide_scalar"),
    False: ("broadcast_div", "_div_scalar", "_rdiv_scalar"),
}


@operator(*_UNARY)
def _(call: Call) -> Any:
    return call.make(_UNARY[call.kind], call.entry())


@operator(*_BINARY)
def _(call: Call) -> Any:
    return _pair(call, *_BINARY[call.kind])


@operator("Div")
def _(call: Call) -> Any:
    return _pair(call, *_DIVISION[call.is_float()])


@operator("Mod")
def _(call: Call) -> Any:
    return call.make("_npi_fmod" if call.get("fmod") else "_npi_mod", call.entry(0), call.entry(1))


def _pair(call: Call, arrays: str, scalar: str | None, reverse: str | None) -> Any:
    """An operator of two values, in the form with a number where one of them is a constant of one element."""
    for place, form in ((1, scalar), (0, reverse)):
        array = call.fixed(place)
        if form and array is not None and array.ndim == 0 and call.fixed(1 - place) is None:
            number = array.item()
            return call.make(form, call.entry(1 - place), scalar=number, is_int=isinstance(number, int))
    return call.make(arrays, call.entry(0), call.entry(1))


@operator("Max", "Min", "Sum", "Mean")
def _(call: Call) -> Any:
    join = {"Max": "broadcast_maximum", "Min": "broadcast_minimum"}.get(call.kind, "_npi_add")
    entries = [call.entry(place) for place in range(len(call))]
    total = reduce(lambda one, other: call.make(join, one, other), entries)
    return call.make("_npi_true_divide_scalar", total, scalar=len(call)) if call.kind == "Mean" else total


@operator("Identity", "Dropout")
def _(call: Call) -> Any:
    return call.entry()


@operator("Where")
def _(call: Call) -> Any:
    return call.make("_npi_where", *[call.entry(place) for place in range(3)])


@operator("Cast", "CastLike")
def _(call: Call) -> Any:
    dtype = call.importer.types.get(call.outputs[0])
    return call.make("Cast", call.entry(), dtype=dtype or call.refuse("it is not known what type it casts to"))


@operator("Clip")
def _(call: Call) -> Any:
    bounds = (call.get("min"), call.get("max")) if call.importer.opset < 11 else (call.number(1), call.number(2))
    return call.make("clip", call.entry(), a_min=bounds[0], a_max=bounds[1])


@operator("IsInf")
def _(call: Call) -> Any:
    signs = bool(call.get("detect_positive", 1)), bool(call.get("detect_negative", 1))
    form = {(True, True): "_npi_isinf", (True, False): "_npi_isposinf", (False, True): "_npi_isneginf"}.get(signs)
    return call.make(form or call.refuse("it detects neither sign"), call.entry())


# Activations


@operator("Softplus")
def _(call: Call) -> Any:
    return call.make("Activation", call.entry(), act_type="softrelu")


@operator("LeakyRelu")
def _(call: Call) -> Any:
    return call.make("LeakyReLU", call.entry(), act_type="leaky", slope=call.get("alpha", 0.01))


@operator("Elu")
def _(call: Call) -> Any:
    return call.make("LeakyReLU", call.entry(), act_type="elu", slope=call.get("alpha", 1.0))


@operator("Selu")
def _(call: Call) -> Any:
    standard = math.isclose(call.get("alpha", 1.6732632), 1.6732632, rel_tol=1e-5)
    if not standard or not math.isclose(call.get("gamma", 1.050701), 1.050701, rel_tol=1e-5):
        call.refuse("its alpha and gamma are not those of SELU")
    return call.make("LeakyReLU", call.entry(), act_type="selu")


@operator("Gelu")
def _(call: Call) -> Any:
    return call.make(
        "LeakyReLU", call.entry(), act_type="gelu_tanh" if call.get("approximate", "none") == "tanh" else "gelu_erf"
    )


@operator("PRelu")
def _(call: Call) -> Any:
    return call.make("LeakyReLU", call.entry(0), call.entry(1), act_type="prelu")


@operator("HardSigmoid")
def _(call: Call) -> Any:
    return call.make("hard_sigmoid", call.entry(), alpha=call.get("alpha", 0.2), beta=call.get("beta", 0.5))


@operator("HardSwish")
def _(call: Call) -> Any:
    share = call.make("hard_sigmoid", call.entry(), alpha=1 / 6, beta=0.5)
    return call.make("_npi_multiply", call.entry(), share)


@operator("Softmax", "LogSoftmax")
def _(call: Call) -> Any:
    modern = call.importer.opset >= 13
    axis = call.get("axis", -1 if modern else 1)
    if not modern and axis % call.rank() != call.rank() - 1:
        call.refuse("it joins several dimensions, as before opset 13")
    return call.make("softmax" if call.kind == "Softmax" else "log_softmax", call.entry(), axis=axis)


# Normalization


@operator("BatchNormalization")
def _(call: Call) -> Any:
    if call.get("training_mode") or len([name for name in call.outputs if name]) > 1:
        call.refuse("it trains")
    return call.make(
        "BatchNorm",
        *[call.entry(place) for place in range(5)],
        eps=call.get("epsilon", 1e-5),
        momentum=call.get("momentum", 0.9),
        fix_gamma=False,
    )


@operator("InstanceNormalization")
def _(call: Call) -> Any:
    return call.make("InstanceNorm", *[call.entry(place) for place in range(3)], eps=call.get("epsilon", 1e-5))


@operator("GroupNormalization")
def _(call: Call) -> Any:
    entries = [call.entry(place) for place in range(3)]
    return call.make("GroupNorm", *entries, num_groups=call.get("num_groups"), eps=call.get("epsilon", 1e-5))


@operator("LayerNormalization")
def _(call: Call) -> Any:
    axis = call.get("axis", -1)
    if axis != -1 and axis != call.rank() - 1:
        call.refuse("it normalizes over more than the last dimension")
    if not call.has(2):
        normal = call.make("_npi_multiply_scalar", call.entry(1), scalar=0.0)
        return call.make("LayerNorm", call.entry(0), call.entry(1), normal, axis=-1, eps=call.get("epsilon", 1e-5))
    return call.make("LayerNorm", *[call.entry(place) for place in range(3)], axis=-1, eps=call.get("epsilon", 1e-5))


@operator("LRN")
def _(call: Call) -> Any:
    return call.make(
        "LRN",
        call.entry(),
        alpha=call.get("alpha", 1e-4),
        beta=call.get("beta", 0.75),
        knorm=call.get("bias", 1.0),
        nsize=call.get("size"),
    )


@operator("LpNormalization")
def _(call: Call) -> Any:
    order, axis = call.get("p", 2), call.get("axis", -1)
    norm = call.make("norm", call.entry(), ord=order, axis=(axis,), keepdims=True)
    return call.make("_npi_true_divide", call.entry(), norm)


# Reductions

_REDUCTIONS = {
    "ReduceMax": "_npi_max",
    "ReduceMean": "_npi_mean",
    "ReduceMin": "_npi_min",
    "ReduceProd": "_npi_prod",
    "ReduceSum": "_npi_sum",
}
_BEFORE = {"ReduceL1": "_npi_absolute", "ReduceL2": "_npi_square", "ReduceSumSquare": "_npi_square"}
_BEFORE |= {"ReduceLogSumExp": "_npi_exp"}
_AFTER = {"ReduceL2": "_npi_sqrt", "ReduceLogSum": "_npi_log", "ReduceLogSumExp": "_npi_log"}


@operator(*_REDUCTIONS, *_BEFORE, "ReduceLogSum")
def _(call: Call) -> Any:
    axes = call.get("axes") or call.integers(1) or None
    if axes is None and call.get("noop_with_empty_axes"):
        call.refuse("it reduces nothing")
    data = call.make(_BEFORE[call.kind], call.entry()) if call.kind in _BEFORE else call.entry()
    keep = bool(call.get("keepdims", 1))
    result = call.make(_REDUCTIONS.get(call.kind, "_npi_sum"), data, axis=axes, keepdims=keep)
    return call.make(_AFTER[call.kind], result) if call.kind in _AFTER else result


@operator("ArgMax", "ArgMin")
def _(call: Call) -> Any:
    if call.get("select_last_index"):
        call.refuse("it takes the last of several equal elements")
    name = "_npi_argmax" if call.kind == "ArgMax" else "_npi_argmin"
    return call.make(name, call.entry(), axis=call.get("axis", 0), keepdims=bool(call.get("keepdims", 1)))


@operator("CumSum")
def _(call: Call) -> Any:
    if call.get("exclusive") or call.get("reverse"):
        call.refuse("it is exclusive or runs backwards")
    return call.make("_npi_cumsum", call.entry(), axis=call.integers(1)[0])


@operator("TopK")
def _(call: Call) -> Any:
    made = call.make(
        "topk",
        call.entry(),
        axis=call.get("axis", -1),
        k=call.integers(1)[0],
        ret_typ="both",
        is_ascend=not call.get("largest", 1),
        dtype=torch.int64,
    )
    return [made, (made[0], 1)]


# Products


@operator("MatMul")
def _(call: Call) -> Any:
    return call.make("_npi_matmul", call.entry(0), call.entry(1))


@operator("Einsum")
def _(call: Call) -> Any:
    entries = [call.entry(place) for place in range(len(call))]
    return call.make("_npi_einsum", *entries, subscripts=call.get("equation"))


@operator("Gemm")
def _(call: Call) -> Any:
    weight, bias = call.fixed(1), call.fixed(2)
    plain = call.get("alpha", 1.0) == call.get("beta", 1.0) == 1 and not call.get("transA")
    fits = weight is not None and (not call.has(2) or (bias is not None and bias.ndim == 1))
    if plain and fits and call.get("transB") and (bias is None or bias.shape == weight.shape[:1]):
        entries = [call.entry(place) for place in range(3 if call.has(2) else 2)]
        return call.make("FullyConnected", *entries, num_hidden=weight.shape[0], no_bias=not call.has(2), flatten=False)
    left, right = [
        call.make("transpose", call.entry(place)) if call.get(flag) else call.entry(place)
        for place, flag in enumerate(("transA", "transB"))
    ]
    product = _times(call, call.make("_npi_matmul", left, right), call.get("alpha", 1.0))
    if not call.has(2):
        return product
    return call.make("_npi_add", product, _times(call, call.entry(2), call.get("beta", 1.0)))


def _times(call: Call, entry: Any, factor: float) -> Any:
    return entry if factor == 1 else call.make("_npi_multiply_scalar", entry, scalar=factor)
