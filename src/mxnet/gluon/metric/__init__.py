"""Metrics: running figures over the batches of an epoch.

``update(labels, preds)`` takes arrays or lists of arrays, computes on their device and keeps its sums there;
``get`` is the only call that waits for them.
"""

from __future__ import annotations

from mxnet.gluon.metric._base import (
    CompositeEvalMetric,
    CustomMetric,
    EvalMetric,
    alias,
    check_label_shapes,
    create,
    np,
    register,
)
from mxnet.gluon.metric._classification import (
    F1,
    MCC,
    PCC,
    Accuracy,
    BinaryAccuracy,
    Fbeta,
    TopKAccuracy,
    one_hot,
    predict_with_threshold,
)
from mxnet.gluon.metric._distance import (
    MAE,
    MSE,
    RMSE,
    MeanCosineSimilarity,
    MeanPairwiseDistance,
    PearsonCorrelation,
)
from mxnet.gluon.metric._likelihood import CrossEntropy, Loss, Perplexity, Torch

__all__ = [
    "F1",
    "MAE",
    "MCC",
    "MSE",
    "PCC",
    "RMSE",
    "Accuracy",
    "BinaryAccuracy",
    "CompositeEvalMetric",
    "CrossEntropy",
    "CustomMetric",
    "EvalMetric",
    "Fbeta",
    "Loss",
    "MeanCosineSimilarity",
    "MeanPairwiseDistance",
    "PearsonCorrelation",
    "Perplexity",
    "TopKAccuracy",
    "Torch",
    "alias",
    "check_label_shapes",
    "create",
    "np",
    "one_hot",
    "predict_with_threshold",
    "register",
]
