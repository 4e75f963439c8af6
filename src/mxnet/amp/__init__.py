"""Automatic mixed precision: products in 16 bits, what needs it in float32, and losses scaled for float16.

Parameters stay float32. `init` turns it on for the process, `autocast` for some lines.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Any

from mxnet._modes import set_precision, with_precision
from mxnet.amp import loss_scaler
from mxnet.amp._convert import convert_hybrid_block, convert_model, convert_symbol
from mxnet.amp._lists import (
    list_conditional_fp32_ops,
    list_fp32_ops,
    list_loss_output_functions,
    list_lp16_fp32_ops,
    list_lp16_ops,
    list_lp16_use_fp32_params,
    list_widest_type_cast,
)
from mxnet.amp._policy import Conditions, policy
from mxnet.amp._training import init_trainer, scale_loss, unscale
from mxnet.amp.loss_scaler import LossScaler

__all__ = [
    "LossScaler",
    "autocast",
    "convert_hybrid_block",
    "convert_model",
    "convert_symbol",
    "init",
    "init_trainer",
    "list_conditional_fp32_ops",
    "list_fp32_ops",
    "list_loss_output_functions",
    "list_lp16_fp32_ops",
    "list_lp16_ops",
    "list_lp16_use_fp32_params",
    "list_widest_type_cast",
    "loss_scaler",
    "scale_loss",
    "unscale",
]


def init(
    target_dtype: Any = "float16",
    target_precision_ops: Iterable[str] | None = None,
    conditional_fp32_ops: Conditions | None = None,
    fp32_ops: Iterable[str] | None = None,
    layout_optimization: bool = False,
) -> None:
    """Turn mixed precision on, in all threads and until the process ends; called again, in the new way.

    Operators cast what they are given: products to `target_dtype`, softmax, norms, sums and the like to float32.
    Hybridized blocks get the casts into their graphs, and are traced again if they were called before.

    Parameters
    ----------
    target_dtype : {'float16', 'bfloat16'}, default 'float16'
    target_precision_ops, fp32_ops : list of str, optional
        The operators that compute in `target_dtype`, and in float32, instead of those that `list_lp16_ops` and
        `list_fp32_ops` tell.
    conditional_fp32_ops : list of (str, str, list of str), optional
        Operator, attribute, and the values with which it computes in float32.
    layout_optimization : bool, default False
        Accepted as in MXNet: layouts are chosen without being asked for.

    Raises
    ------
    ValueError
        If the type is another, an operator or attribute is not known, or an operator is named for both types.
    """
    set_precision(policy(target_dtype, target_precision_ops, fp32_ops, conditional_fp32_ops))


def autocast(target_dtype: Any = "float16", enabled: bool = True) -> AbstractContextManager[None]:
    """Mixed precision for the lines of a ``with``, in this thread; ``enabled=False`` turns it off for them.

    Parameters
    ----------
    target_dtype : {'float16', 'bfloat16'}, default 'float16'
    enabled : bool, default True

    Raises
    ------
    ValueError
        If the type is another.

    Examples
    --------
    >>> x = mx.np.ones((2, 2))
    >>> with mx.amp.autocast('bfloat16'):
    ...     mx.np.matmul(x, x).dtype, mx.npx.softmax(mx.np.matmul(x, x)).dtype
    ('bfloat16', dtype('float32'))
    """
    return with_precision(policy(target_dtype) if enabled else None)
