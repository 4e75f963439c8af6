"""Further names under which graphs know operators: of MXNet 1.x, of its sparse face, of its insides."""

from __future__ import annotations

from mxnet.operators import (  # noqa: F401  (each enters its operators)
    creation,
    elementwise,
    joining,
    legacy,
    linalg,
    neural,
    products,
    reduction,
    shape,
)
from mxnet.operators.catalogue import add_names

__all__: list[str] = []

# What MXNet 1.9.1 writes for `mx.np`, where 2.0 writes ``_npi_``.
_NUMPY = (
    "all",
    "any",
    "atleast_1d",
    "atleast_2d",
    "atleast_3d",
    "copy",
    "cumsum",
    "diag",
    "diagflat",
    "diagonal",
    "dot",
    "max",
    "min",
    "moveaxis",
    "prod",
    "roll",
    "squeeze",
    "sum",
    "trace",
    "transpose",
)
for _name in _NUMPY:
    add_names(f"_npi_{_name}", f"_np_{_name}")

# `mx.sym.sparse`: the same operators on arrays that are stored in another way.
_SPARSE = (
    *("ElementWiseSum", "Embedding", "FullyConnected", "LinearRegressionOutput", "LogisticRegressionOutput"),
    *("MAERegressionOutput", "_contrib_round_ste", "_contrib_sign_ste", "abs", "add_n", "arccos", "arccosh"),
    *("arcsin", "arcsinh", "arctan", "arctanh", "broadcast_add", "broadcast_div", "broadcast_minus"),
    *("broadcast_mul", "broadcast_plus", "broadcast_sub", "cast_storage", "cbrt", "ceil", "clip", "concat", "cos"),
    *("cosh", "degrees", "digamma", "dot", "elemwise_add", "elemwise_div", "elemwise_mul", "elemwise_sub", "exp"),
    *("expm1", "fix", "floor", "gamma", "gammaln", "log", "log10", "log1p", "log2", "log_sigmoid", "make_loss"),
    *("mean", "mish", "negative", "norm", "radians", "relu", "rint", "round", "rsqrt", "sigmoid", "sign", "sin"),
    *("sinh", "slice", "sqrt", "square", "stop_gradient", "sum", "tan", "tanh", "trunc", "where", "zeros_like"),
)
for _name in _SPARSE:
    add_names(_name, f"_sparse_{_name}")

_OTHERS = {
    "Cast": ("_npi_cast",),
    "Concat": ("_npi_rnn_param_concat", "_rnn_param_concat"),
    "Convolution": ("Convolution_v1",),
    "Embedding": ("_contrib_SparseEmbedding",),
    "_copy": ("_CrossDeviceCopy", "_copyto", "_npi_copyto"),
    "_hypot_scalar": ("_HypotScalar", "_npi_hypot_scalar"),
    "_maximum_scalar": ("_MaximumScalar", "_npi_maximum_scalar"),
    "_minimum_scalar": ("_MinimumScalar", "_npi_minimum_scalar"),
    "_minus_scalar": ("_scatter_minus_scalar",),
    "_npi_cumsum": ("cumsum",),
    "_npi_linspace": ("_linspace",),
    "_npi_max": ("_np_amax",),
    "_npi_min": ("_np_amin",),
    "_plus_scalar": ("_scatter_plus_scalar",),
    "all_finite": ("_npi_all_finite",),
    "amp_cast": ("_npi_amp_cast",),
    "amp_multicast": ("_npi_amp_multicast",),
    "elemwise_add": ("_grad_add",),
    "elemwise_div": ("_scatter_elemwise_div",),
    "multi_all_finite": ("_npi_multi_all_finite",),
    "repeat": ("_np_repeat",),
}
for _name, _aliases in _OTHERS.items():
    add_names(_name, *_aliases)
