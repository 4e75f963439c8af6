"""`Trainer`: lets an optimizer update the parameters of a network after each backward pass."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Mapping
from typing import Any

from mxnet import kvstore as kv
from mxnet import optimizer as opt
from mxnet._processes import place
from mxnet.base import environment_flag
from mxnet.formats._writer import atomic_write
from mxnet.gluon._reducers import reducer_for, stale
from mxnet.gluon.parameter import Parameter
from mxnet.kvstore import KVStore, KVStoreBase
from mxnet.kvstore._distributed import DistributedKVStore
from mxnet.ndarray._array import Array

__all__ = ["Trainer"]


class Trainer:
    """Updates parameters with an optimizer, by the sum of their gradients over several devices and processes.

    Parameters
    ----------
    params : dict of str to Parameter, or list of Parameter
        As `Block.collect_params` gives them. They must have been initialized.
    optimizer : str or Optimizer
    optimizer_params : dict, optional
        Arguments of the optimizer that a string names.
    kvstore : str, KVStoreBase or None, default 'device'
        What sums gradients. ``'device'`` and ``'local'``: over the devices of this process; ``'dist_sync'`` and the
        like (see `mx.kv.create`): over all processes too, which then begin with the parameters of process 0. None
        does not sum.
    compression_params : dict, optional
        How gradients travel between processes, see `KVStore.set_gradient_compression`; within one process nothing
        is compressed.
    update_on_kvstore : bool, optional
        Whether gradients are summed and applied in one go, so that only `step` can be called. Default: where
        parameters are on several devices or trained in several processes, unless ``MXNET_UPDATE_ON_KVSTORE`` is 0.

    Raises
    ------
    ValueError
        If `params` is something else, there is no optimizer of that name, or the kvstore cannot do what
        `update_on_kvstore` says.
    AssertionError
        If an optimizer is given together with `optimizer_params`, or parameters are on different devices.
    RuntimeError
        If a parameter has not been initialized.
    MXNetError
        If there is no such kvstore, or it is for several processes and this one was not started as one of them, or
        these have different parameters.

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
        kvstore: str | KVStoreBase | None = "device",
        compression_params: dict[str, Any] | None = None,
        update_on_kvstore: bool | None = None,
    ) -> None:
        self._params = _checked_params(params)
        self._devices = _common_devices(self._params)
        self._optimizer = _made_optimizer(optimizer, optimizer_params)
        self._kvstore = _made_kvstore(kvstore)
        self._update_on_kvstore = _updates_on(self._kvstore, update_on_kvstore, len(self._devices))
        if compression_params is not None:
            _compress(self._kvstore, compression_params)
        _warn_if_alone(self._kvstore)
        self._optimizer.param_dict = dict(enumerate(self._params))
        self._scale = self._optimizer.rescale_grad
        self._amp_loss_scaler: Any = None  # what `amp.init_trainer` gives it
        self._amp_original_scale = self._scale
        self._updaters = [opt.get_updater(self._optimizer) for _ in self._devices]
        self._reducer = reducer_for(self._kvstore, _as_created(params, self._params), len(self._devices))

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
            Number of samples the gradients are summed over: of those in all processes.
        ignore_stale_grad : bool, default False
            Leave a parameter that no backward pass has reached since its last update, in any process, instead of
            raising.

        Raises
        ------
        UserWarning
            If a gradient is stale, in all processes; nothing has been updated then.
        ZeroDivisionError
            If `batch_size` is 0.
        ValueError
            If processes give different batch sizes.
        MXNetError
            If another process is lost.
        """
        scale = self._scale / batch_size
        if self._reducer is not None:
            self._check_devices()
            self._reducer.sum(batch_size, refuse_stale=not ignore_stale_grad)
        self._apply(scale, self._collect(ignore_stale_grad))

    def allreduce_grads(self) -> None:
        """Sum the gradients of each parameter over its devices and all processes, to change them before `update`.

        Raises
        ------
        AssertionError
            If the trainer updates on the kvstore.
        MXNetError
            If another process is lost.
        """
        self._check_separate("allreduce_grads()")
        if self._reducer is not None:
            self._check_devices()
            self._reducer.sum(None, refuse_stale=False)

    def update(self, batch_size: float, ignore_stale_grad: bool = False) -> None:
        """As `step`, for gradients that `allreduce_grads` has summed.

        Raises
        ------
        AssertionError
            If the trainer updates on the kvstore.
        UserWarning, ZeroDivisionError, ValueError
            As `step`.
        """
        self._check_separate("update()")
        scale = self._scale / batch_size
        if self._reducer is not None:
            self._reducer.check(batch_size)
        self._apply(scale, self._collect(ignore_stale_grad))

    def save_states(self, fname: str | os.PathLike) -> None:
        """Write the optimizer's states, rates, counts, schedule and loss scale to a file; see `Updater.get_states`.

        Raises
        ------
        RuntimeError
            If a parameter's shape is not known yet.
        """
        for parameter in self._params:
            parameter.list_data()
        data = self._updaters[0].get_states(dump_optimizer=True, loss_scaler=self._amp_loss_scaler)
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
            updater.set_states(data, self._amp_loss_scaler)
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

    def _check_devices(self) -> None:
        for parameter in self._params:
            if parameter.grad_req != "null":
                self._replicas(parameter)

    def _replicas(self, parameter: Parameter) -> list[Array]:
        replicas = parameter.list_data()
        if len(replicas) != len(self._devices):
            raise AssertionError(
                f"Parameter {parameter.name} is now on {parameter.list_device()}, but this trainer was made for "
                f"{self._devices}: make a new one"
            )
        return replicas

    def _collect(self, ignore_stale_grad: bool) -> list[tuple[list[int], list[Array]]]:
        """For each device the indices and replicas of the parameters to update."""
        work: list[tuple[list[int], list[Array]]] = [([], []) for _ in self._devices]
        for index, parameter in enumerate(self._params):
            if parameter.grad_req == "null":
                continue
            for (indices, arrays), array in zip(work, self._replicas(parameter), strict=True):
                if array._mark.fresh:
                    indices.append(index)
                    arrays.append(array)
                elif not ignore_stale_grad:
                    raise stale(parameter, f"device {array.device}")
        return work

    def _apply(self, scale: float, work: list[tuple[list[int], list[Array]]]) -> None:
        self._optimizer.rescale_grad = scale
        scaler = self._amp_loss_scaler
        skipped = scaler is not None and scaler.has_overflow([self._params[index] for index in work[0][0]])
        for updater, (indices, arrays) in zip(self._updaters, work, strict=True):
            if not skipped:
                updater(indices, [array._mark.buffer for array in arrays], arrays)
            for array in arrays:
                array._mark.fresh = False


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


def _as_created(given: Any, chosen: list[Parameter]) -> list[Parameter]:
    """The parameters in the order in which a network makes them; the trainer's is that of their names."""
    if not isinstance(given, Mapping):
        return chosen
    return list({id(parameter): parameter for parameter in given.values()}.values())


def _made_kvstore(kvstore: Any) -> KVStoreBase | None:
    return kvstore if kvstore is None or isinstance(kvstore, KVStoreBase) else kv.create(kvstore)


def _updates_on(store: KVStoreBase | None, wanted: bool | None, devices: int) -> bool:
    """Whether only `step` can be called."""
    capable = isinstance(store, KVStore) and store.is_capable(KVStore.OPTIMIZER)
    several = devices > 1 or isinstance(store, DistributedKVStore)
    if wanted is None:
        return capable and several and environment_flag("MXNET_UPDATE_ON_KVSTORE", True)
    if wanted and not capable:
        named = "None" if store is None else repr(store.type)
        raise ValueError(f"update_on_kvstore=True needs a kvstore that updates, but kvstore is {named}")
    if not wanted and capable and "async" in store.type:
        raise ValueError("Cannot set update_on_kvstore=False on dist kvstore when training in async mode.")
    return wanted


def _compress(store: KVStoreBase | None, params: dict[str, Any]) -> None:
    if isinstance(store, DistributedKVStore):
        store.set_gradient_compression(params)
    else:
        warnings.warn("compression_params: gradients within one process are not compressed", stacklevel=3)


def _warn_if_alone(store: KVStoreBase | None) -> None:
    """Warn of the default store in a process that is one of several: each would train a network of its own."""
    rank, world = place()
    if isinstance(store, KVStore) and not isinstance(store, DistributedKVStore) and world > 1:
        warnings.warn(
            f"this is process {rank} of {world}, but kvstore {store.type!r} sums gradients within one process: with "
            "kvstore='dist_sync' they train one network together, with kvstore=None this warning is off",
            stacklevel=3,
        )


def _made_optimizer(optimizer: Any, arguments: dict[str, Any] | None) -> opt.Optimizer:
    if isinstance(optimizer, opt.Optimizer):
        if arguments:
            raise AssertionError(
                "optimizer_params must be None if optimizer is an instance of Optimizer instead of str"
            )
        return optimizer
    return opt.create(optimizer, **(arguments or {}))
