"""Loss scaling around a `Trainer`: `init_trainer`, `scale_loss` and `unscale`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from mxnet import autograd
from mxnet._modes import modes
from mxnet.amp.loss_scaler import LossScaler
from mxnet.gluon.trainer import Trainer
from mxnet.ndarray._array import Array
from mxnet.optimizer import Optimizer

__all__ = ["init_trainer", "scale_loss", "unscale"]

_HALF = (torch.float16, torch.bfloat16)


def init_trainer(optimizer_or_trainer: Trainer, loss_scaler: LossScaler | None = None) -> None:
    """Let a trainer scale losses, and leave out updates whose gradients have overflowed.

    Parameters
    ----------
    optimizer_or_trainer : Trainer
    loss_scaler : LossScaler, optional
        Default: one that begins at 65536 for float16. For bfloat16, whose range is that of float32, it stays at 1 and
        looks at no gradients.

    Raises
    ------
    AssertionError
        If mixed precision is not on, and no `loss_scaler` is given.
    TypeError
        If it is no Trainer; optimizers have no loss scaling.
    """
    trainer = optimizer_or_trainer
    if not isinstance(trainer, Trainer):
        kind = "an optimizer" if isinstance(trainer, Optimizer) else f"{type(trainer).__name__}"
        raise TypeError(f"amp.init_trainer takes a gluon.Trainer, not {kind}")
    if loss_scaler is None:
        if modes.amp is None:
            raise AssertionError(
                "mixed precision is not on: call amp.init() first, or give amp.init_trainer a loss_scaler"
            )
        loss_scaler = LossScaler() if modes.amp.dtype is torch.float16 else LossScaler(1.0, dynamic=False)
    elif not isinstance(loss_scaler, LossScaler):
        raise TypeError(f"loss_scaler must be a LossScaler, not {type(loss_scaler).__name__}")
    if trainer._amp_loss_scaler is None:
        trainer._amp_original_scale = trainer._scale
    trainer._amp_loss_scaler = loss_scaler
    if modes.amp is not None:
        modes.amp.use(loss_scaler)


@contextmanager
def scale_loss(loss: Any, optimizer_or_trainer: Trainer) -> Iterator[Any]:
    """Give a loss times the loss scale, to call `backward` on; the trainer's next update divides by it.

    Parameters
    ----------
    loss : array, or list or tuple of arrays
        Several losses come back as a list.
    optimizer_or_trainer : Trainer
        One that `init_trainer` knows.

    Raises
    ------
    AssertionError
        If `init_trainer` has not been called for the trainer.
    TypeError
        If a loss is no array.

    Examples
    --------
    >>> net = mx.gluon.nn.Dense(1, in_units=2)
    >>> net.initialize()
    >>> trainer = mx.gluon.Trainer(net.collect_params(), 'sgd')
    >>> with mx.amp.autocast('float16'):
    ...     mx.amp.init_trainer(trainer)
    ...     with mx.autograd.record():
    ...         loss = (net(mx.np.ones((4, 2))) ** 2).sum()
    ...         with mx.amp.scale_loss(loss, trainer) as scaled:
    ...             mx.autograd.backward(scaled)
    >>> trainer.step(4)
    """
    trainer = optimizer_or_trainer
    scale = _scaler_of(trainer, "scale_loss").loss_scale
    several = isinstance(loss, (list, tuple))
    scaled = [_scaled(each, scale) for each in (loss if several else [loss])]
    trainer._scale = trainer._amp_original_scale / scale
    yield scaled if several else scaled[0]


def unscale(optimizer_or_trainer: Trainer) -> None:
    """Divide the gradients of the last backward passes by the loss scale, to look at them or clip them.

    A trainer without loss scaling has nothing to divide by. Call it once, after the last `backward` of a step.

    Raises
    ------
    TypeError
        If it is no Trainer.
    """
    trainer = optimizer_or_trainer
    if not isinstance(trainer, Trainer):
        raise TypeError(f"amp.unscale takes a gluon.Trainer, not {type(trainer).__name__}")
    if trainer._amp_loss_scaler is None or trainer._scale == trainer._amp_original_scale:
        return
    factor = trainer._scale / trainer._amp_original_scale
    marks = [
        array._mark for parameter in trainer._params if parameter.grad_req != "null" for array in parameter.list_data()
    ]
    gradients = [mark.buffer._data for mark in marks if mark.fresh and mark.buffer is not None]
    if gradients:
        torch._foreach_mul_(gradients, factor)
    trainer._scale = trainer._amp_original_scale


def _scaler_of(trainer: Any, called: str) -> LossScaler:
    if not isinstance(trainer, Trainer):
        raise TypeError(f"amp.{called} takes a gluon.Trainer, not {type(trainer).__name__}")
    if trainer._amp_loss_scaler is None:
        raise AssertionError(f"amp.{called}: call amp.init_trainer(trainer) first, once for each trainer")
    return trainer._amp_loss_scaler


def _scaled(loss: Any, scale: float) -> Any:
    if not isinstance(loss, Array):
        raise TypeError(f"amp.scale_loss takes arrays, not {type(loss).__name__}")
    if scale == 1:
        return loss
    # Recorded also where the user has left `record` already; in float32, since float16 ends at 65504.
    with autograd.record(train_mode=autograd.is_training()):
        return (loss.astype("float32") if loss._data.dtype in _HALF else loss) * scale
