"""`Trainer`: lets an optimizer update the parameters of a network after each backward pass."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Mapping
from typing import Any

from mxnet import kvstore as kv
from mxnet import optimizer as opt
from mxnet.base import environment_flag
from mxnet.formats._writer import atomic_write
from mxnet.gluon.parameter import Parameter
from mxnet.kvstore.kvstore import KVStore, check_name
from mxnet.ndarray._array import Array

__all__ = ["Trainer"]


class Trainer:
    """Updates parameters with an optimizer; a parameter on several devices is updated with the sum of its gradients.

    Parameters
    ----------
    params : dict of str to Parameter, or list of Parameter
        As `Block.collect_params` gives them. They must have been initialized.
    optimizer : str or Optimizer
    optimizer_params : dict, optional
        Arguments of the optimizer that a string names.
    kvstore : str, KVStore or None, default 'device'
        What sums gradients over devices: ``'device'`` and ``'local'`` do the same, None does not sum.
    compression_params : dict, optional
        Accepted for programs that set it; within one process nothing is compressed.
    update_on_kvstore : bool, optional
        Whether gradients are summed and applied in one go, so that only `step` can be called. Default: where
        parameters are on several devices, unless ``MXNET_UPDATE_ON_KVSTORE`` is 0.

    Raises
    ------
    ValueError
        If `params` is something else, or there is no optimizer of that name.
    AssertionError
        If an optimizer is given together with `optimizer_params`, or parameters are on different devices.
    RuntimeError
        If a parameter has not been initialized.
    MXNetError
        If there is no such kvstore.

    Examples
    --------
    >>> net = mx.gluon.nn.Dense(1, in_units=2)
    >>> net.initialize()
    >>> trainer = mx.gluon.Trainer(net.collect_params(), 'sgd', {'learning_rate': 0.1})
    >>> with mx.autograd.record():
    ...     loss = net(mx.np.ones((4, 2))).sum()
    >>> loss.backward()
    >>> trainer.step(batch_size=4)
    """

    def __init__(
        self,
        params: Mapping[Any, Parameter] | Iterable[Parameter],
        optimizer: str | opt.Optimizer,
        optimizer_params: dict[str, Any] | None = None,
        kvstore: str | KVStore | None = "device",
        compression_params: dict[str, Any] | None = None,
        update_on_kvstore: bool | None = None,
    ) -> None:
        self._params = _checked_params(params)
        self._devices = _common_devices(self._params)
        self._kvstore = _checked_kvstore(kvstore)
        if compression_params is not None:
            warnings.warn("compression_params: gradients within one process are not compressed", stacklevel=2)
        if update_on_kvstore is None:
            update_on_kvstore = (
                len(self._devices) > 1
                and self._kvstore is not None
                and environment_flag("MXNET_UPDATE_ON_KVSTORE", True)
            )
        elif update_on_kvstore and self._kvstore is None:
            raise ValueError("update_on_kvstore=True needs a kvstore, but kvstore is None")
        self._update_on_kvstore = update_on_kvstore
        self._optimizer = _made_optimizer(optimizer, optimizer_params)
        self._optimizer.param_dict = dict(enumerate(self._params))
        self._scale = self._optimizer.rescale_grad
        self._updaters = [opt.get_updater(self._optimizer) for _ in self._devices]

    @property
    def optimizer(self) -> opt.Optimizer:
        return self._optimizer

    @property
    def learning_rate(self) -> float:
        """The learning rate now, before factors by parameter."""
        return self._optimizer.learning_rate

    def set_learning_rate(self, lr: float) -> None:
        """Set the learning rate.

        Raises
        ------
        UserWarning
            If a scheduler gives it.
        """
        self._optimizer.set_learning_rate(lr)

    def step(self, batch_size: float, ignore_stale_grad: bool = False) -> None:
        """Update all parameters with their gradients divided by `batch_size`. Call it after `backward`.

        Parameters
        ----------
        batch_size : int
            Number of samples the gradients are summed over.
        ignore_stale_grad : bool, default False
            Leave a parameter that no backward pass has reached since its last update, instead of raising.

        Raises
        ------
        UserWarning
            If a gradient is stale; nothing has been updated then.
        ZeroDivisionError
            If `batch_size` is 0.
        """
        work = self._collect(batch_size, ignore_stale_grad)
        self._allreduce()
        self._apply(work)

    def allreduce_grads(self) -> None:
        """Sum the gradients of each parameter over its devices, to change them before `update`.

        Raises
        ------
        AssertionError
            If the trainer updates on the kvstore.
        """
        self._check_separate("allreduce_grads()")
        self._allreduce()

    def update(self, batch_size: float, ignore_stale_grad: bool = False) -> None:
        """As `step`, for gradients that `allreduce_grads` has summed.

        Raises
        ------
        AssertionError
            If the trainer updates on the kvstore.
        UserWarning, ZeroDivisionError
            As `step`.
        """
        self._check_separate("update()")
        self._apply(self._collect(batch_size, ignore_stale_grad))

    def save_states(self, fname: str | os.PathLike) -> None:
        """Write the optimizer's states, rates, counts and schedule to a file; see `Updater.get_states`.

        Raises
        ------
        RuntimeError
            If a parameter's shape is not known yet.
        """
        for parameter in self._params:
            parameter.list_data()
        data = self._updaters[0].get_states(dump_optimizer=True)
        with atomic_write(fname) as file:
            file.write(data)

    def load_states(self, fname: str | os.PathLike) -> None:
        """Read what `save_states` wrote, so that training goes on where it was.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        MXNetError
            If it is something else, or of another optimizer. Nothing has changed then.
        """
        with open(fname, "rb") as file:
            data = file.read()
        for updater, device in zip(self._updaters, self._devices, strict=True):
            updater.set_states(data)
            updater.states = {
                index: updater.sync_state_context(state, device) for index, state in updater.states.items()
            }
        counts = self._optimizer._all_index_update_counts
        saved = max(counts.values(), key=len)
        for device in self._devices:  # there may be more of them now
            counts[device.device_id] = counts.get(device.device_id) or dict(saved)
        self._optimizer._set_current_context(self._devices[0].device_id)

    def _check_separate(self, method: str) -> None:
        if self._update_on_kvstore:
            raise AssertionError(
                f"{method} when parameters are updated on kvstore is not supported. Try setting "
                "`update_on_kvstore` to False when creating trainer."
            )

    def _collect(self, batch_size: float, ignore_stale_grad: bool) -> list[tuple[list[int], list[Array]]]:
        """For each device the indices and replicas of the parameters to update."""
        scale = self._scale / batch_size
        work: list[tuple[list[int], list[Array]]] = [([], []) for _ in self._devices]
        for index, parameter in enumerate(self._params):
            if parameter.grad_req == "null":
                continue
            replicas = parameter.list_data()
            if len(replicas) != len(work):
                raise AssertionError(
                    f"Parameter {parameter.name} is now on {parameter.list_device()}, but this trainer was made for "
                    f"{self._devices}: make a new one"
                )
            for (indices, arrays), array in zip(work, replicas, strict=True):
                if array._mark.fresh:
                    indices.append(index)
                    arrays.append(array)
                elif not ignore_stale_grad:
                    raise UserWarning(_STALE.format(parameter=parameter, device=array.device))
        self._optimizer.rescale_grad = scale
        return work

    def _allreduce(self) -> None:
        if self._kvstore is None or len(self._devices) == 1:
            return
        for parameter in self._params:
            if parameter.grad_req != "null":
                self._kvstore._allreduce(parameter.list_grad())

    def _apply(self, work: list[tuple[list[int], list[Array]]]) -> None:
        for updater, (indices, arrays) in zip(self._updaters, work, strict=True):
            updater(indices, [array._mark.buffer for array in arrays], arrays)
            for array in arrays:
                array._mark.fresh = False


_STALE = (
    "Gradient of Parameter `{parameter.name}` on device {device} has not been updated by backward since last `step`. "
    "This could mean a bug in your model that made it only use a subset of the Parameters (Blocks) for this "
    "iteration. If you are intentionally only using a subset, call step with ignore_stale_grad=True to suppress "
    "this warning and skip updating of Parameters with stale gradient"
)


def _checked_params(params: Any) -> list[Parameter]:
    """The parameters in the order of their names, or as listed, each once."""
    if isinstance(params, Mapping):
        params = [params[name] for name in sorted(params)]
    if not isinstance(params, (list, tuple)):
        raise ValueError(f"First argument must be a list or dict of Parameters, got {type(params)}.")
    for parameter in params:
        if not isinstance(parameter, Parameter):
            raise ValueError(f"First argument must be a list or dict of Parameters, got list of {type(parameter)}.")
    if not params:
        raise TypeError("a Trainer needs at least one Parameter")
    return list({id(parameter): parameter for parameter in params}.values())


def _common_devices(params: list[Parameter]) -> list[Any]:
    devices = params[0].list_device()
    for parameter in params:
        if parameter.list_device() != devices:
            raise AssertionError(
                f"All Parameters must be initialized on the same set of devices, but Parameter {parameter.name} is "
                f"initialized on {parameter.list_device()} while previous Parameters are initialized on {devices}."
            )
    return devices


def _checked_kvstore(kvstore: Any) -> KVStore | None:
    if kvstore is None or isinstance(kvstore, KVStore):
        return kvstore
    return kv.create(check_name(kvstore))


def _made_optimizer(optimizer: Any, arguments: dict[str, Any] | None) -> opt.Optimizer:
    if isinstance(optimizer, opt.Optimizer):
        if arguments:
            raise AssertionError(
                "optimizer_params must be None if optimizer is an instance of Optimizer instead of str"
            )
        return optimizer
    return opt.create(optimizer, **(arguments or {}))
