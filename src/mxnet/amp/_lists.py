"""Which operators mixed precision computes in which type, as lists."""

from __future__ import annotations

from typing import Any

from mxnet.amp._policy import checked_dtype
from mxnet.operators.catalogue import CATALOGUE
from mxnet.operators.precision import CONDITIONS, LOSS_OUTPUTS, STATED, Kind, kinds, meets

__all__ = [
    "list_conditional_fp32_ops",
    "list_fp32_ops",
    "list_loss_output_functions",
    "list_lp16_fp32_ops",
    "list_lp16_ops",
    "list_lp16_use_fp32_params",
    "list_widest_type_cast",
]

_NORMALIZED = ("BatchNorm", "_contrib_BatchNormWithReLU")


def list_lp16_ops(target_dtype: Any) -> list[str]:
    """Operators that compute in 16 bits.

    Parameters
    ----------
    target_dtype : {'float16', 'bfloat16'}
        The lists are the same for both.

    Raises
    ------
    ValueError
        If it is another type.

    Examples
    --------
    >>> 'Convolution' in mx.amp.list_lp16_ops('bfloat16')
    True
    """
    checked_dtype(target_dtype)
    return _names(Kind.PRODUCT)


def list_fp32_ops(target_dtype: Any) -> list[str]:
    """Operators that compute in float32: inputs of 16 bits are cast."""
    checked_dtype(target_dtype)
    return _names(Kind.WIDE)


def list_lp16_fp32_ops(target_dtype: Any) -> list[str]:
    """Operators that compute in the type they are given."""
    checked_dtype(target_dtype)
    cast = {name for name, kind in kinds().items() if kind is not Kind.FOLLOWING} | set(CONDITIONS)
    return sorted({op.name for op in CATALOGUE.values()} - cast)


def list_conditional_fp32_ops(target_dtype: Any) -> list[tuple[str, str, list[str]]]:
    """Operators that compute in float32 if an attribute has one of some values: name, attribute, values."""
    checked_dtype(target_dtype)
    return [(name, attribute, sorted(values)) for name, each in CONDITIONS.items() for attribute, values in each]


def list_widest_type_cast(target_dtype: Any) -> list[str]:
    """Operators that compute in the widest type among their inputs."""
    checked_dtype(target_dtype)
    return sorted(name for name, kind in STATED.items() if meets(kind))


def list_loss_output_functions(target_dtype: Any) -> list[str]:
    """Operators that make their gradient themselves, which is multiplied by the loss scale."""
    checked_dtype(target_dtype)
    return list(LOSS_OUTPUTS)


def list_lp16_use_fp32_params(target_dtype: Any) -> dict[str, list[str]]:
    """Operators whose parameters stay float32 where their data has 16 bits: the names of their inputs, '' for data."""
    checked_dtype(target_dtype)
    return {name: ["", *CATALOGUE[name].inputs[1:]] for name in _NORMALIZED}


def _names(kind: Kind) -> list[str]:
    return sorted(name for name, each in STATED.items() if each is kind)
