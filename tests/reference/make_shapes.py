"""Record which inputs genuine MXNet 2.0.0b1's symbols take, and which of their shapes follow from others.

    /path/to/genuine-2.0.0b1/bin/python tests/reference/make_shapes.py

writes shapes.json beside itself: ``inputs`` are rows of operator, attributes and names of the inputs that a symbol
has which is composed of none; ``shapes`` are rows of operator, attributes, known shapes of the inputs
and the shapes that `infer_shape_partial` finds (null: none; -1: a size not known).
"""

import json
from pathlib import Path

import mxnet as mx
from mxnet.symbol.numpy import _internal as npi

K33 = {"kernel": (3, 3), "num_filter": 4}
NORMAL = {"loc": 1.0, "scale": 2.0}
EDIFF = {"to_begin_arr_given": False, "to_end_arr_given": False}
INPUTS = [
    ("Activation", {"act_type": "relu"}),
    ("BatchNorm", {}),
    ("CTCLoss", {}),
    ("CTCLoss", {"use_data_lengths": True}),
    ("CTCLoss", {"use_label_lengths": True}),
    ("CTCLoss", {"use_data_lengths": True, "use_label_lengths": True}),
    ("Convolution", K33),
    ("Convolution", {**K33, "no_bias": True}),
    ("Crop", {"num_args": 1}),
    ("Crop", {"num_args": 2}),
    ("Deconvolution", K33),
    ("Deconvolution", {**K33, "no_bias": False}),
    ("Dropout", {}),
    ("Embedding", {"input_dim": 2, "output_dim": 3}),
    ("FullyConnected", {"num_hidden": 2}),
    ("FullyConnected", {"num_hidden": 2, "no_bias": True}),
    ("GroupNorm", {}),
    ("IdentityAttachKLSparseReg", {}),
    ("InstanceNorm", {}),
    ("LayerNorm", {}),
    ("LeakyReLU", {}),
    ("LeakyReLU", {"act_type": "prelu"}),
    ("LinearRegressionOutput", {}),
    ("SVMOutput", {}),
    ("SequenceLast", {}),
    ("SequenceLast", {"use_sequence_length": True}),
    ("SequenceMask", {"use_sequence_length": True}),
    ("SequenceReverse", {"use_sequence_length": True}),
    ("SoftmaxOutput", {}),
    ("UpSampling", {"scale": 2, "sample_type": "nearest", "num_args": 1}),
    ("UpSampling", {"scale": 2, "sample_type": "nearest", "num_args": 3}),
    ("UpSampling", {"scale": 2, "sample_type": "bilinear", "num_filter": 3, "num_args": 1}),
    ("UpSampling", {"scale": 2, "sample_type": "bilinear", "num_filter": 3, "num_args": 2}),
    ("_contrib_BilinearResize2D", {"height": 2, "width": 2}),
    ("_contrib_BilinearResize2D", {"mode": "like"}),
    ("_contrib_SyncBatchNorm", {"key": "k"}),
    ("_histogram", {}),
    ("_histogram", {"bin_cnt": 2, "range": (0, 1)}),
    ("_npi_average", {}),
    ("_npi_average", {"weighted": False}),
    ("_npi_bernoulli", {"prob": None, "logit": None, "is_logit": True}),
    ("_npi_bernoulli", {"prob": 0.5, "logit": None, "is_logit": False}),
    ("_npi_bernoulli", {"prob": None, "logit": 0.5, "is_logit": True}),
    ("_npi_bincount", {}),
    ("_npi_bincount", {"has_weights": True}),
    ("_npi_choice", {"a": 3, "size": None}),
    ("_npi_choice", {"a": 3, "size": None, "weighted": True}),
    ("_npi_delete", {}),
    ("_npi_delete", {"int_ind": 1}),
    ("_npi_delete", {"start": 1, "step": 1}),
    ("_npi_ediff1d", EDIFF),
    ("_npi_ediff1d", {**EDIFF, "to_begin_arr_given": True}),
    ("_npi_ediff1d", {**EDIFF, "to_end_arr_given": True}),
    ("_npi_ediff1d", {"to_begin_arr_given": True, "to_end_arr_given": True}),
    ("_npi_exponential", {"scale": 1.0}),
    ("_npi_exponential", {"scale": None}),
    ("_npi_gamma", {"shape": None, "scale": 1.0}),
    ("_npi_insert_scalar", {"int_ind": 1}),
    ("_npi_insert_scalar", {"int_ind": 1, "val": 2.0}),
    ("_npi_insert_slice", {}),
    ("_npi_insert_slice", {"val": 2.0}),
    ("_npi_insert_tensor", {}),
    ("_npi_insert_tensor", {"val": 2.0}),
    ("_npi_interp", {}),
    ("_npi_interp", {"x_is_scalar": True}),
    ("_npi_multinomial", {"n": 2, "pvals": (0.5, 0.5)}),
    ("_npi_normal", NORMAL),
    ("_npi_normal", {**NORMAL, "loc": None}),
    ("_npi_normal", {**NORMAL, "scale": None}),
    ("_npi_normal", {"loc": None, "scale": None}),
    ("_npi_percentile", {}),
    ("_npi_percentile", {"q_scalar": 3.0}),
    ("_npi_where", {}),
    ("_sample_multinomial", {}),
    ("elemwise_add", {}),
    ("softmax", {}),
    ("softmax", {"use_length": True}),
    ("softmax_cross_entropy", {}),
    ("where", {}),
]

PARAMETERS = "data weight bias"
STATES = "data gamma beta moving_mean moving_var"
SHAPES = [
    ("Convolution", PARAMETERS, K33, {"data": (2, 3, 8, 9)}),
    ("Convolution", PARAMETERS, K33, {"data": (-1, 3, -1, -1)}),
    ("Convolution", PARAMETERS, {**K33, "num_group": 2}, {"data": (2, 6, 8, 9)}),
    ("Convolution", PARAMETERS, {"kernel": (5,), "num_filter": 4}, {"data": (2, 3, 8)}),
    ("Convolution", PARAMETERS, {"kernel": (5,), "num_filter": 4, "layout": "NWC"}, {"data": (2, 8, 3)}),
    ("Convolution", PARAMETERS, {**K33, "layout": "NHWC"}, {"data": (2, 8, 9, 6)}),
    ("Convolution", PARAMETERS, {**K33, "layout": "NHWC", "num_group": 2}, {"data": (2, 8, 9, 6)}),
    ("Convolution", PARAMETERS, {"kernel": (1, 2, 3), "num_filter": 4}, {"data": (2, 3, 8, 9, 10)}),
    ("Convolution", "data weight", {**K33, "no_bias": True}, {"data": (2, 3, 8, 9)}),
    ("Convolution", PARAMETERS, K33, {"weight": (4, 3, 3, 3)}),
    ("Convolution", PARAMETERS, K33, {}),
    ("Deconvolution", "data weight", K33, {"data": (2, 3, 8, 9)}),
    ("Deconvolution", PARAMETERS, {**K33, "no_bias": False, "num_group": 2}, {"data": (2, 6, 8, 9)}),
    ("Deconvolution", "data weight", {**K33, "layout": "NHWC"}, {"data": (2, 8, 9, 6)}),
    ("Deconvolution", "data weight", {"kernel": (5,), "num_filter": 4}, {"data": (2, 3, 8)}),
    ("FullyConnected", PARAMETERS, {"num_hidden": 5}, {"data": (2, 3, 4)}),
    ("FullyConnected", PARAMETERS, {"num_hidden": 5}, {"data": (-1, 4)}),
    ("FullyConnected", PARAMETERS, {"num_hidden": 5, "flatten": False}, {"data": (2, -1, 4)}),
    ("FullyConnected", "data weight", {"num_hidden": 5, "no_bias": True}, {"data": (2,)}),
    ("FullyConnected", PARAMETERS, {"num_hidden": 5}, {"weight": (5, 4)}),
    ("BatchNorm", STATES, {}, {"data": (2, 3, 4, 5)}),
    ("BatchNorm", STATES, {}, {"data": (-1, 3, -1, -1)}),
    ("BatchNorm", STATES, {"axis": -1}, {"data": (2, 3, 4, 5)}),
    ("BatchNorm", STATES, {}, {"data": (2, 3)}),
    ("_contrib_SyncBatchNorm", STATES, {"key": "k"}, {"data": (2, 3, 4, 5)}),
    ("LayerNorm", "data gamma beta", {}, {"data": (2, 3, 4)}),
    ("LayerNorm", "data gamma beta", {"axis": 1}, {"data": (2, 3, 4)}),
    ("GroupNorm", "data gamma beta", {"num_groups": 2}, {"data": (2, 4, 5)}),
    ("InstanceNorm", "data gamma beta", {}, {"data": (2, 3, 4)}),
    ("Embedding", "data weight", {"input_dim": 5, "output_dim": 2}, {"data": (3, 4)}),
    ("LeakyReLU", "data gamma", {"act_type": "prelu"}, {"data": (2, 3, 4)}),
    ("LeakyReLU", "data gamma", {"act_type": "prelu"}, {"data": (2, 3), "gamma": (1,)}),
    ("IdentityAttachKLSparseReg", "data moving_avg", {}, {"data": (2, 3)}),
    (
        "_npx_deformable_convolution",
        "data offset weight bias",
        {**K33, "num_group": 2, "num_deformable_group": 2, "pad": (1, 1), "stride": (2, 2), "dilate": (2, 1)},
        {"data": (1, 4, 8, 9), "offset": (1, 36, 3, 5)},
    ),
    (
        "_npx_modulated_deformable_convolution",
        "data offset mask weight bias",
        K33,
        {"data": (1, 4, 8, 8), "offset": (1, 18, 6, 6), "mask": (1, 9, 6, 6)},
    ),
    ("SoftmaxOutput", "data label", {}, {"data": (2, 3)}),
    ("SoftmaxOutput", "data label", {}, {"data": (-1, 3)}),
    ("SoftmaxOutput", "data label", {}, {"data": (2, 3, 4)}),
    ("SoftmaxOutput", "data label", {"preserve_shape": True}, {"data": (2, 3, 4)}),
    ("SoftmaxOutput", "data label", {"multi_output": True}, {"data": (2, 3, 4, 5)}),
    ("SoftmaxOutput", "data label", {"multi_output": True}, {"data": (2, 3)}),
    ("SoftmaxOutput", "data label", {}, {"data": (2, 3), "label": (2, 3)}),
    ("LinearRegressionOutput", "data label", {}, {"data": (2, 3)}),
    ("LinearRegressionOutput", "data label", {}, {"data": (2, 1)}),
    ("LogisticRegressionOutput", "data label", {}, {"data": (2, 1, 1)}),
    ("MAERegressionOutput", "data label", {}, {"data": (2,)}),
    ("SVMOutput", "data label", {}, {"data": (2, 3)}),
    ("SequenceMask", "data sequence_length", {"use_sequence_length": True}, {"data": (5, 2, 3)}),
    ("SequenceMask", "data sequence_length", {"use_sequence_length": True, "axis": 1}, {"data": (5, 2, 3)}),
    ("SequenceLast", "data sequence_length", {"use_sequence_length": True}, {"data": (5, 2, 3)}),
    ("SequenceReverse", "data sequence_length", {"use_sequence_length": True}, {"data": (5, 2, 3)}),
    ("softmax", "data length", {"use_length": True}, {"data": (5, 2, 3)}),
    ("softmax", "data length", {"use_length": True, "axis": 1}, {"data": (5, 2, 3)}),
    ("pick", "data index", {}, {"data": (5, 2, 3)}),
    ("pick", "data index", {"axis": 0, "keepdims": True}, {"data": (5, 2, 3)}),
    (
        "UpSampling",
        "data weight",
        {"scale": 3, "sample_type": "bilinear", "num_filter": 3, "num_args": 2},
        {"data": (1, 3, 4, 4)},
    ),
    ("elemwise_add", "lhs rhs", {}, {"lhs": (2, 3)}),
    ("elemwise_sub", "lhs rhs", {}, {"rhs": (2, 3)}),
    ("elemwise_mul", "lhs rhs", {}, {"lhs": (2, -1), "rhs": (-1, 3)}),
    ("elemwise_div", "lhs rhs", {}, {"lhs": (2, -1)}),
    ("_maximum", "lhs rhs", {}, {"lhs": (2, 3)}),
    ("_equal", "lhs rhs", {}, {"lhs": (2, 3)}),
    ("_grad_add", "lhs rhs", {}, {"lhs": (2, 3)}),
    ("_identity_with_attr_like_rhs", "lhs rhs", {}, {"lhs": (2, 3)}),
    ("broadcast_add", "lhs rhs", {}, {"lhs": (2, 3)}),
    ("_npi_add", "lhs rhs", {}, {"lhs": (2, 3)}),
    ("where", "condition x y", {}, {"condition": (2,), "x": (2, 3)}),
    ("add_n", "arg0 arg1 arg2", {}, {"arg1": (2, 3)}),
    ("Concat", "arg0 arg1", {}, {"arg0": (2, 3)}),
    ("Concat", "arg0 arg1 arg2", {"dim": -1}, {"arg0": (2, 3, 4), "arg2": (2, 3, 5)}),
    ("Concat", "arg0 arg1", {"dim": 0}, {"arg0": (2, 3), "arg1": (1, -1)}),
    ("stack", "arg0 arg1", {}, {"arg0": (2, 3)}),
    ("dot", "lhs rhs", {}, {"lhs": (2, 3)}),
]


def function(name):
    """The function of the operator `name` among those that compose symbols."""
    places = [
        (npi, "_npi_"),
        (mx.sym.npx, "_npx_"),
        (mx.sym.contrib, "_contrib_"),
        (mx.sym, ""),
        (mx.sym._internal, ""),
    ]
    for module, prefix in places:
        if name.startswith(prefix) and hasattr(module, name[len(prefix) :]):
            return getattr(module, name[len(prefix) :])
    raise LookupError(name)


def variable(operator, name):
    made = mx.sym.var(name)
    return made.as_np_ndarray() if operator.startswith("_np") else made


def inputs(operator, attributes):
    """The names of the inputs of a symbol composed of none: it makes variables named after itself."""
    made = function(operator)(name="made", **attributes)
    return [name.removeprefix("made_") for name in made.list_inputs()]


def shapes(operator, names, attributes, known):
    """The shape of each input as far as it follows from those known."""
    variables = {name: variable(operator, name) for name in names}
    if "arg0" in variables:
        made = function(operator)(*variables.values(), **attributes)
    else:
        made = function(operator)(**variables, **attributes)
    arguments, _, states = made.infer_shape_partial(**known)
    places = made.list_arguments() + made.list_auxiliary_states()
    found = dict(zip(places, arguments + states, strict=True))
    return [found[name] for name in names]


def main():
    table = {
        "inputs": [[operator, attributes, inputs(operator, attributes)] for operator, attributes in INPUTS],
        "shapes": [
            [
                operator,
                attributes,
                [known.get(name) for name in names.split()],
                shapes(operator, names.split(), attributes, known),
            ]
            for operator, names, attributes, known in SHAPES
        ],
    }
    parts = [f'"{key}": [\n{rows}\n]' for key, rows in ((k, ",\n".join(map(json.dumps, v))) for k, v in table.items())]
    (Path(__file__).parent / "shapes.json").write_text("{\n" + ",\n".join(parts) + "\n}\n")


if __name__ == "__main__":
    main()
