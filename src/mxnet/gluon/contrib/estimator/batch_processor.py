"""`BatchProcessor`: what an `Estimator` does with a batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mxnet import autograd
from mxnet.device import Device
from mxnet.gluon.utils import split_and_load

if TYPE_CHECKING:
    from mxnet.gluon.contrib.estimator.estimator import Estimator

__all__ = ["BatchProcessor"]

Arrays = list[Any]


class BatchProcessor:
    """Runs the forward and backward pass for a batch; derive from it for batches and losses of another form.

    Override `fit_batch` and `evaluate_batch` as a whole, or one of the steps they take: `split`, `forward`,
    `backward`.

    Examples
    --------
    Images and labels that are mixed before the pass:

    >>> class Mixed(mx.gluon.contrib.estimator.BatchProcessor):
    ...     def forward(self, net, loss, data, label):
    ...         data = 0.9 * data + 0.1 * data[::-1]
    ...         pred = net(data)
    ...         return pred, 0.9 * loss(pred, label) + 0.1 * loss(pred, label[::-1])
    """

    def fit_batch(
        self, estimator: Estimator, train_batch: Any, batch_axis: int = 0
    ) -> tuple[Arrays, Arrays, Arrays, Arrays]:
        """Run the forward and backward pass for a batch of training data; parameters are updated by a handler.

        Parameters
        ----------
        estimator : Estimator
        train_batch : sequence
            What the loader gives: data and label.
        batch_axis : int, default 0
            The axis along which the samples lie.

        Returns
        -------
        data, label, pred, loss : list of NDArray
            One for each device.
        """
        data, label = self.split(train_batch, estimator.device, batch_axis)
        with autograd.record():
            results = [self.forward(estimator.net, estimator.loss, x, y) for x, y in zip(data, label, strict=True)]
        pred, loss = [list(each) for each in zip(*results, strict=True)]
        self.backward(estimator, loss)
        return data, label, pred, loss

    def evaluate_batch(
        self, estimator: Estimator, val_batch: Any, batch_axis: int = 0
    ) -> tuple[Arrays, Arrays, Arrays, Arrays]:
        """Run the forward pass for a batch of validation data, with the estimator's `val_net` and `val_loss`.

        Parameters and result are those of `fit_batch`.
        """
        data, label = self.split(val_batch, estimator.device, batch_axis)
        pred = [estimator.val_net(x) for x in data]
        loss = [estimator.val_loss(scores, y) for scores, y in zip(pred, label, strict=True)]
        return data, label, pred, loss

    def split(self, batch: Any, devices: Sequence[Device], batch_axis: int = 0) -> tuple[Arrays, Arrays]:
        """Data and label of a batch, cut into one part for each device; parts may differ by one sample.

        Raises
        ------
        ValueError
            If the batch is no sequence of data and label.
        """
        if not isinstance(batch, (list, tuple)) or len(batch) < 2:
            what = f"a {type(batch).__name__}" + (f" of {len(batch)}" if isinstance(batch, (list, tuple)) else "")
            raise ValueError(
                f"a batch must be a list or tuple of data and label, not {what}: for others derive from "
                "BatchProcessor, define split(batch, devices, batch_axis), and give it as batch_processor"
            )
        data, label = batch[0], batch[1]
        even = len(devices) == 1 or data.shape[batch_axis] < len(devices)  # no device may go without
        return (
            split_and_load(data, devices, batch_axis, even_split=even),
            split_and_load(label, devices, batch_axis, even_split=even),
        )

    def _get_data_and_label(self, batch: Any, ctx: Sequence[Device], batch_axis: int = 0) -> tuple[Arrays, Arrays]:
        """The name that MXNet has for `split`."""
        return self.split(batch, ctx, batch_axis)

    def forward(self, net: Any, loss: Any, data: Any, label: Any) -> tuple[Any, Any]:
        """Predictions and losses for the part of a training batch on one device."""
        pred = net(data)
        return pred, loss(pred, label)

    def backward(self, estimator: Estimator, loss: Arrays) -> None:
        """Compute the gradients of the losses, scaled if `mx.amp.init_trainer` was called for the trainer."""
        if estimator.trainer._amp_loss_scaler is None:
            autograd.backward(loss)
            return
        from mxnet import amp

        with amp.scale_loss(loss, estimator.trainer) as scaled:
            autograd.backward(scaled)
