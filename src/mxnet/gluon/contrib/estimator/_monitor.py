"""Whether a metric has got better."""

from __future__ import annotations

import re
import warnings
from typing import Any

import numpy as _np

from mxnet.gluon.metric import CompositeEvalMetric, EvalMetric

__all__ = ["check_monitor", "comparison"]

_SMALLER_IS_BETTER = re.compile("loss|error|entropy|perplexity|distance", re.IGNORECASE)
_LARGER_IS_BETTER = re.compile(
    r"acc|f1|fbeta|\bmcc\b|\bpcc\b|auc\b|\bm?ap\b|pearson|cos|precision|recall|iou\b|dice|bleu|\br2\b", re.IGNORECASE
)


def check_monitor(monitor: Any) -> EvalMetric:
    """A metric with one value; ValueError otherwise."""
    if not isinstance(monitor, EvalMetric) or isinstance(monitor, CompositeEvalMetric):
        raise ValueError(
            "Please provide one of the metric objects from estimator.train_metrics and estimator.val_metrics as "
            f"monitor, not {monitor!r}."
        )
    return monitor


def comparison(mode: str, monitor: EvalMetric, who: str) -> Any:
    """``np.greater`` or ``np.less``: what has to hold between a value and the best so far.

    Parameters
    ----------
    mode : {'auto', 'min', 'max'}
        With ``'auto'`` the name of the metric decides.
    monitor : EvalMetric
    who : str
        For the warning about another `mode`.
    """
    if mode not in ("auto", "min", "max"):
        warnings.warn(
            f"{who} mode {mode} is unknown, fallback to auto mode: max for metrics whose name tells that more is "
            "better, such as accuracy and f1, min otherwise",
            RuntimeWarning,
            stacklevel=3,
        )
        mode = "auto"
    if mode == "auto":
        is_score = _LARGER_IS_BETTER.search(monitor.name) and not _SMALLER_IS_BETTER.search(monitor.name)
        mode = "max" if is_score else "min"
        used, other, other_mode = ("greater", "less", "min") if mode == "max" else ("less", "greater", "max")
        warnings.warn(
            f"`{used}` operator will be used to determine if {monitor.name} has improved. Please specify "
            f"`mode='{other_mode}'` to use the `{other}` operator. Specify `mode='{mode}'` to disable this warning.",
            UserWarning,
            stacklevel=3,
        )
    return _np.greater if mode == "max" else _np.less
