"""Where MXNet's files and the catalogue differ: what a file says besides, says less, or says under other names.

The tables are MXNet 2.0's answers for every operator (`tests/reference/make_graphs.py` asks).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mxnet.base import MXNetError
from mxnet.operators.catalogue import Operator
from mxnet.symbol._spelling import engine_text

__all__ = ["NO_SCOPE", "from_file", "prints_all", "slots", "to_file", "without_unknown"]

# A trace prints every attribute of an operator that MXNet 2.0 calls by its newer way, and of the others those given.
# The newer way is that of ``_npi_...``, with these exceptions, which are the other way round.
_OTHERWISE = frozenset(
    (
        "Activation BatchNorm Concat Convolution Deconvolution Dropout Embedding FullyConnected GroupNorm LayerNorm "
        "LeakyReLU Pooling _contrib_arange_like _histogram _hypot_scalar _linalg_det _linalg_inverse _linalg_slogdet "
        "_maximum_scalar _minimum_scalar _np_reshape _npi_advanced_indexing _npi_advanced_indexing_multiple "
        "_npi_bernoulli _npi_boolean_mask_assign_scalar _npi_boolean_mask_assign_tensor _npi_dstack _npx_nonzero "
        "_npx_reshape _random_randint _split_v2 _unravel_index argsort batch_dot broadcast_like broadcast_maximum "
        "broadcast_minimum clip expand_dims log_softmax masked_log_softmax masked_softmax one_hot pick softmax sort "
        "stack take tile topk"
    ).split()
)


NO_SCOPE = {"__profiler_scope__": "<unk>:"}
"""What MXNet 2.0 says on nodes made outside of any scope of its profiler."""


def prints_all(op: Operator) -> bool:
    """Whether a trace of MXNet 2.0 prints all attributes of an operator, in its engine's spelling."""
    return op.name.startswith("_npi_") is not (op.name in _OTHERWISE)


def _slots_of_pooling(attributes: dict[str, Any]) -> int:
    """Two where MXNet's CPU library keeps the places of the maxima."""
    channels_last = (attributes["layout"] or "").endswith("C")
    return 2 if attributes["pool_type"] == "max" and attributes["kernel"] and not channels_last else 1


# Results as files count them, where those that nobody sees count too.
_SLOTS: dict[str, int | Callable[[dict[str, Any]], int]] = {
    **dict.fromkeys(
        (
            "BilinearSampler CTCLoss Dropout GridGenerator L2Normalization LRN ROIPooling "
            "_contrib_DeformablePSROIPooling _contrib_MultiProposal _contrib_Proposal _contrib_box_nms "
            "_image_random_crop _npi_exponential _npi_gumbel _npi_logistic _npi_normal _npi_normal_n _npi_pareto "
            "_npi_rayleigh _npi_std _npi_var _npi_weibull sort"
        ).split(),
        2,
    ),
    **dict.fromkeys(
        (
            "BatchNorm BatchNorm_v1 Correlation GroupNorm InstanceNorm LayerNorm SpatialTransformer "
            "_contrib_SyncBatchNorm _linalg_det"
        ).split(),
        3,
    ),
    **dict.fromkeys("_contrib_BatchNormWithReLU _linalg_slogdet _npi_norm".split(), 4),
    "LeakyReLU": lambda attributes: 2 if attributes["act_type"] == "rrelu" else 1,
    "Pooling": _slots_of_pooling,
    "topk": lambda attributes: 2 if attributes["ret_typ"] in ("both", "value") else 1,
}


def slots(op: Operator, attributes: dict[str, Any], inputs: int) -> int:
    """The number of results that a file counts for canonical attributes and that many inputs."""
    found = _SLOTS.get(op.name)
    if found is None:
        return op.count(attributes, inputs)
    return found if isinstance(found, int) else found(op.complete(attributes))


# Attributes that 1.9.1 refuses.
_UNKNOWN_TO_1_9 = {
    "Pooling": ("output_size",),
    "_contrib_AdaptiveAvgPooling2D": tuple(
        "kernel pool_type global_pool cudnn_off pooling_convention stride pad p_value count_include_pad layout".split()
    ),
    "_image_random_flip_left_right": ("p",),
    "_image_random_flip_top_bottom": ("p",),
    "_npi_cholesky": ("lower",),
    "_npi_pad": ("constant_values",),
    "_npi_powerd": ("ctx",),
    "_sample_multinomial": ("ctx",),
}
# Operators whose type may be left open, but not by None: neither in 1.9.1 nor, some of them, in 2.0.
_TYPE_IS_NEVER_NONE = frozenset(
    f"_npi_{name}"
    for name in (
        "arange bernoulli blackman eye full gamma hamming hanning identity indices laplace linspace logspace normal "
        "normal_n ones tri uniform uniform_n zeros"
    ).split()
)


def without_unknown(op: Operator, texts: dict[str, str], attributes: dict[str, Any]) -> dict[str, str]:
    """Texts without those that say nothing and that 1.9.1 would refuse; `attributes` are what they stand for."""
    values = op.complete(attributes)
    unknown = [name for name in _UNKNOWN_TO_1_9.get(op.name, ()) if values[name] == op.attributes[name].default]
    if op.name in _TYPE_IS_NEVER_NONE and values["dtype"] is None:
        unknown.append("dtype")
    return {name: text for name, text in texts.items() if name not in unknown} if unknown else texts


_WINDOWS = {
    "Convolution": {"stride": 1, "dilate": 1, "pad": 0},
    "Deconvolution": {"stride": 1, "dilate": 1, "pad": 0, "adj": 0},
    "Pooling": {"stride": 1, "pad": 0},
}
"""What files say for each dimension of a window where nothing is given."""
_LAYOUTS = {1: "NCW", 2: "NCHW", 3: "NCDHW"}

_COUNTED = frozenset(
    (
        "Concat _npi_atleast_1d _npi_atleast_2d _npi_atleast_3d _npi_column_stack _npi_dstack _npi_einsum _npi_hstack "
        "_npi_vstack add_n khatri_rao stack"
    ).split()
)
_NUMBERS = {"_npi_full": {"value": ""}, "_npi_linspace": {"start": "start_", "stop": "stop_"}}
"""Numbers that MXNet 2.0 stores three times over: as a signed and an unsigned integer and as a float."""
_TYPES = ("int", "uint", "double")
_BOUNDLESS = {"a_min": "-inf", "a_max": "inf"}
_RENAMED = {
    ("_npi_pad", "constant_value"): "constant_values",  # 1.9.1
    # 2.0 writes these, and then cannot read its own file.
    ("_npi_around", "decimal"): "decimals",
    ("argsort", "is_ascend_s"): "is_ascend",
    ("sort", "is_ascend_s"): "is_ascend",
}


def _field(prefix: str, kind: str) -> str:
    return f"{prefix}{kind}" if prefix else f"{kind}_value"


def to_file(op: Operator, name: str, texts: dict[str, str], values: Mapping[str, Any], inputs: int) -> dict[str, str]:
    """Attributes as a file has them that calls the operator `name`, from texts under the catalogue's names."""
    if op.name in _COUNTED:
        return {**texts, "num_args": str(inputs)}
    if op.name in _WINDOWS:
        return texts | _of_windows(op, texts, values)
    if op.name == "clip":
        return {**_BOUNDLESS, **{name: text for name, text in texts.items() if text != "None"}}
    if name not in _NUMBERS:
        return texts
    fields = _NUMBERS[name]
    code = max(_type_code(values[name]) for name in fields)
    kept = {name: text for name, text in texts.items() if name not in fields}
    for name, prefix in fields.items():
        text = engine_text(float(values[name]) if code == 2 else int(values[name]))
        kept |= {_field(prefix, kind): text if place == code else "0" for place, kind in enumerate(_TYPES)}
    return {**kept, "value_type": str(code)}


def _of_windows(op: Operator, texts: dict[str, str], values: Mapping[str, Any]) -> dict[str, str]:
    """What is given for no dimension, said for each."""
    rank = len(values["kernel"]) if "kernel" in values else 0
    said = {name: (number,) * rank for name, number in _WINDOWS[op.name].items() if texts.get(name) == "[]"}
    found = {name: engine_text(value) for name, value in said.items()}
    if op.name != "Pooling" and texts.get("layout") == "None" and rank in _LAYOUTS:
        found["layout"] = _LAYOUTS[rank]
    return found


def _type_code(number: Any) -> int:
    if isinstance(number, float):
        return 2
    return int(number > 2**63 - 1)


def from_file(op: Operator, texts: dict[str, str], inputs: int) -> dict[str, str]:
    """The inverse of `to_file`; texts under the catalogue's names are taken as they are.

    Raises
    ------
    MXNetError
        If the file counts its inputs wrongly, or numbers of unknown type.
    """
    if op.name in _COUNTED and "num_args" in texts:
        texts = dict(texts)
        if texts.pop("num_args").strip() != str(inputs):
            raise MXNetError(f"num_args must be the number of inputs, {inputs}")
    elif op.name in _NUMBERS and "value_type" in texts:
        texts = _one_number(texts, _NUMBERS[op.name])
    return {
        _RENAMED.get((op.name, name), name): text for name, text in texts.items() if not _is_default(op, name, text)
    }


def _is_default(op: Operator, name: str, text: str) -> bool:
    """Whether a text is MXNet's None for what has another default here."""
    attribute = op.attributes.get(name)
    return text == "None" and attribute is not None and not (attribute.optional or attribute.required)


def _one_number(texts: dict[str, str], fields: dict[str, str]) -> dict[str, str]:
    texts = dict(texts)
    code = texts.pop("value_type").strip()
    if code not in ("0", "1", "2"):
        raise MXNetError(f"value_type must be 0, 1 or 2, not {code!r}")
    for name, prefix in fields.items():
        stored = [texts.pop(_field(prefix, kind), None) for kind in _TYPES]
        chosen = stored[int(code)]
        if chosen is not None:
            texts[name] = f"{chosen}.0" if code == "2" and chosen.lstrip("+-").isdigit() else chosen
    return texts
