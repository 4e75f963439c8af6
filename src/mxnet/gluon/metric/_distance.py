"""Metrics of regression and of embeddings."""

from __future__ import annotations

import math

import torch

from mxnet.base import MXNetError
from mxnet.gluon.metric._base import Names, PairMetric, alias, check_label_shapes, register, total

__all__ = ["MAE", "MSE", "RMSE", "MeanCosineSimilarity", "MeanPairwiseDistance", "PearsonCorrelation"]

Tensor = torch.Tensor


def _difference(label: Tensor, pred: Tensor) -> Tensor:
    """Label minus prediction; a vector stands for a column beside one.

    Raises
    ------
    MXNetError
        If they do not broadcast.
    """
    if label.dim() == 1 and pred.dim() == 2 and pred.shape[1] == 1:
        label = label.unsqueeze(1)
    elif pred.dim() == 1 and label.dim() == 2 and label.shape[1] == 1:
        pred = pred.unsqueeze(1)
    try:
        difference = label - pred
    except RuntimeError as error:
        raise MXNetError(
            f"operands could not be broadcast together with shapes {tuple(label.shape)} {tuple(pred.shape)}"
        ) from error
    return difference if difference.is_floating_point() else difference.float()


class _Error(PairMetric):
    """A mean over all elements, weighted by the length of the batch."""

    def __init__(self, name: str, output_names: Names = None, label_names: Names = None) -> None:
        super().__init__(name, output_names, label_names)

    def _measure(self, label: Tensor, pred: Tensor) -> tuple[Tensor, int]:
        errors = self._errors(_difference(label, pred))
        count = len(label) if label.dim() else 1
        return total(errors) / max(errors.numel(), 1) * count, count

    def _errors(self, difference: Tensor) -> Tensor:
        raise NotImplementedError


@register
class MAE(_Error):
    """The mean absolute error.

    Examples
    --------
    >>> metric = mx.gluon.metric.MAE()
    >>> metric.update(mx.np.array([3, -0.5, 2, 7]), mx.np.array([2.5, 0.0, 2, 8]))
    >>> metric.get()
    ('mae', 0.5)
    """

    def __init__(self, name: str = "mae", output_names: Names = None, label_names: Names = None) -> None:
        super().__init__(name, output_names, label_names)

    def _errors(self, difference: Tensor) -> Tensor:
        return difference.abs()


@register
class MSE(_Error):
    """The mean squared error."""

    def __init__(self, name: str = "mse", output_names: Names = None, label_names: Names = None) -> None:
        super().__init__(name, output_names, label_names)

    def _errors(self, difference: Tensor) -> Tensor:
        return difference.square()


@register
class RMSE(MSE):
    """The square root of the mean squared error over all batches."""

    def __init__(self, name: str = "rmse", output_names: Names = None, label_names: Names = None) -> None:
        super().__init__(name, output_names, label_names)

    def get(self) -> tuple[str, float]:
        """Name and value; nan before the first update."""
        name, value = super().get()
        return name, math.sqrt(value)


@register
class MeanPairwiseDistance(PairMetric):
    """The mean distance of label and prediction, row by row, in the norm of order `p`."""

    def __init__(self, name: str = "mpd", output_names: Names = None, label_names: Names = None, p: float = 2) -> None:
        super().__init__(name, output_names, label_names)
        self.p = p

    def _measure(self, label: Tensor, pred: Tensor) -> tuple[Tensor, int]:
        difference = _difference(label, pred)
        rows = difference.reshape(len(difference), -1) if difference.dim() else difference.reshape(1, 1)
        return total(torch.linalg.vector_norm(rows, self.p, dim=1)), len(rows)


@register
class MeanCosineSimilarity(PairMetric):
    """The mean cosine of the angle between label and prediction along the last axis.

    `eps` is the least that a product of lengths counts for.
    """

    def __init__(
        self,
        name: str = "cos_sim",
        output_names: Names = None,
        label_names: Names = None,
        eps: float = 1e-8,
    ) -> None:
        super().__init__(name, output_names, label_names)
        self.eps = eps

    def _measure(self, label: Tensor, pred: Tensor) -> tuple[Tensor, int]:
        check_label_shapes(label, pred, shape=True)
        label, pred = label.to(pred.dtype if pred.is_floating_point() else torch.float32), pred
        lengths = torch.linalg.vector_norm(label, dim=-1) * torch.linalg.vector_norm(pred, dim=-1)
        cosines = (label * pred).sum(-1) / lengths.clamp_min(self.eps)
        return total(cosines), cosines.numel()


@alias("pearsonr")
@register
class PearsonCorrelation(PairMetric):
    """Pearson's correlation of all labels and predictions so far; nan where one of them is constant.

    Raises
    ------
    ValueError
        On update, if the shapes differ.
    """

    def __init__(self, name: str = "pearsonr", output_names: Names = None, label_names: Names = None) -> None:
        super().__init__(name, output_names, label_names)

    def reset(self) -> None:
        self._moments: tuple[Tensor, Tensor, Tensor] | None = None  # count, means, sums of products
        super().reset()

    def _measure(self, label: Tensor, pred: Tensor) -> tuple[Tensor, int]:
        check_label_shapes(label, pred, shape=True)
        wide = torch.float32 if pred.device.type == "mps" else torch.float64
        return torch.stack([label.flatten().to(wide), pred.flatten().to(wide)]), 1

    def _add(self, pair: Tensor, count: int) -> None:  # type: ignore[override]
        self.num_inst += count
        number = torch.tensor(float(pair.shape[1]), dtype=pair.dtype, device=pair.device)
        if not pair.shape[1]:
            return
        means = pair.mean(1)
        centred = pair - means.unsqueeze(1)
        products = centred @ centred.T
        if self._moments is not None:
            before, old_means, old_products = (moment.to(pair.device) for moment in self._moments)
            step = means - old_means
            together = before + number
            products = products + old_products + torch.outer(step, step) * before * number / together
            means = old_means + step * number / together
            number = together
        self._moments = number, means, products

    def get(self) -> tuple[str, float]:
        """Name and value; nan before the first update."""
        if self._moments is None:
            return self.name, float("nan")
        products = self._moments[2].double().cpu()
        spread = float(products[0, 0] * products[1, 1])
        return self.name, float(products[0, 1]) / math.sqrt(spread) if spread else float("nan")
