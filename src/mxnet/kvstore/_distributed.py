"""Stores of which every process has a copy, kept equal by torch.distributed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from mxnet import _processes
from mxnet._dtype import name_of
from mxnet.base import MXNetError
from mxnet.kvstore._compression import Compression, Sum
from mxnet.kvstore.base import KVStoreBase
from mxnet.kvstore.kvstore import KVStore, Pairs, grouped, keyed, sum_over_devices

__all__ = ["BytePS", "DistributedKVStore", "Horovod"]

Sent = Sequence[tuple[int | str, torch.Tensor]]

_MOST_AGREED = 4096  # kinds of calls


class DistributedKVStore(KVStore):
    """Arrays under keys over all processes that torchrun has started. Made by ``create('dist_sync')``.

    Each process has a copy of what is stored, and all copies are equal to the last bit. Every method that sends
    something is called in all processes, in the same order and with the same keys, shapes and types, which are compared
    when they first come: all processes raise `MXNetError` where they differ. Where one is lost, or does not come
    within ``MXNET_KVSTORE_TIMEOUT`` seconds (default 600), the others do.

    Attributes
    ----------
    processes : Processes
    compression : Compression

    Raises
    ------
    MXNetError
        If this process was not started as one of several.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.processes = _processes.Processes(f"kvstore {name!r}")
        self.compression = Compression()
        self._sums: dict[int | str, tuple[torch.Tensor, Sum]] = {}
        # In a group of its own: a process that takes a call for agreed, and begins to send, is not misunderstood there.
        self._agreement = _processes.together("the calls of kvstores")
        self._agreed: set[tuple[Any, ...]] = set()

    @property
    def rank(self) -> int:
        """The number of this process, from 0."""
        return self.processes.rank

    @property
    def num_workers(self) -> int:
        """The number of processes."""
        return self.processes.world

    @property
    def local_rank(self) -> int:
        """The number of this process among those of its machine: that of the GPU it should use."""
        return _processes.local_rank()

    def barrier(self) -> None:
        """Return once every process is here."""
        self.processes.barrier()

    _barrier = barrier

    def init(self, key: Any, value: Any) -> None:
        """Store a copy of process 0's `value` under a new key.

        Raises
        ------
        MXNetError
            If the key is taken, or not of the kind of those there are, or the processes' shapes or types differ.
            Nothing has changed then.
        AssertionError
            If it is neither an integer nor a string.
        """
        pairs = keyed(key, value)
        self._check_new([one for one, _ in pairs])
        self._check_same("stores", [(one, arrays[0]._data) for one, arrays in pairs])
        super().init(key, value)
        for one, _ in pairs:
            self.processes.send(self._values[one]._data, 0, "init")

    def _check_same(self, does: str, sent: Sent) -> None:
        """Raise `MXNetError` unless all processes are about to do the same with arrays of the same forms."""
        own = [f"{key!r} of shape {tuple(data.shape)} and type {name_of(data.dtype)}" for key, data in sent]
        what = f"kvstore {self._name!r} {does}"  # another store, or another method, may send arrays of the same forms
        self._agreement.check_same([what, *own, f"compression {self.compression}"], f"what {what}")

    def _agree(self, does: str, sent: Sent) -> None:
        """`_check_same`, once for each kind of call.

        Gloo ends a process by abort when more comes than it expects, and takes less for the sum of something else.
        """
        call = (does, str(self.compression), *[(key, data.shape, data.dtype) for key, data in sent])
        if call in self._agreed:
            return
        self._check_same(does, sent)
        if len(self._agreed) >= _MOST_AGREED:  # shapes that never come again; all processes forget at once
            self._agreed.clear()
        self._agreed.add(call)

    def _totals(self, pairs: Pairs) -> list[torch.Tensor]:
        """The sum for each key over all devices and processes; in the type of what is stored, if something is."""
        totals = [(key, self._in_type_of(key, sum_over_devices(arrays))) for key, arrays in pairs]
        self._agree("sums", totals)
        running = [self._sum_of(key, total) for key, total in totals]
        with self.processes.told("the sum of what is pushed"), torch.no_grad():
            for _, running_sum in running:
                running_sum.start()
            for _, running_sum in running:
                running_sum.finish()
        return [flat.view(arrays[0].shape) for (flat, _), (_, arrays) in zip(running, pairs, strict=True)]

    def _in_type_of(self, key: int | str, total: torch.Tensor) -> torch.Tensor:
        return total.to(self._values[key]._data.dtype) if key in self._values else total

    def _sum_of(self, key: int | str, total: torch.Tensor) -> tuple[torch.Tensor, Sum]:
        flat, made = self._sums.get(key, (None, None))
        if flat is None or (len(flat), flat.dtype, flat.device) != (total.numel(), total.dtype, total.device):
            flat = torch.empty(total.numel(), dtype=total.dtype, device=total.device)
            made = self.compression.sum_of(self.processes, flat)
            self._sums[key] = flat, made
        flat.view(total.shape).copy_(total)
        return flat, made

    def set_gradient_compression(self, compression_params: Mapping[str, Any]) -> None:
        """Let what is pushed, and the gradients of a `Trainer`, travel in fewer bits.

        Parameters
        ----------
        compression_params : dict
            ``{'type': 'fp16'}`` and ``{'type': 'bf16'}`` sum in 16 bits. ``{'type': '2bit', 'threshold': 0.5}`` sends
            the threshold, its negative or zero for each number, and adds what is missing the next time.

        Raises
        ------
        MXNetError
            If it is something else.
        """
        self.compression = Compression(compression_params)
        self._sums.clear()


class _WithoutStorage(DistributedKVStore):
    """A store that sums and copies, and keeps nothing."""

    def __init__(self) -> None:
        super().__init__(type(self).__name__.lower())

    @staticmethod
    def is_capable(capability: str) -> bool:
        return False

    def broadcast(self, key: Any, value: Any, out: Any, priority: int = 0) -> None:
        """Write process 0's `value` to each array of `out`, in every process.

        Raises
        ------
        MXNetError
            If the arrays of a key have several shapes, or the processes' keys, shapes or types differ. Nothing has
            changed then.
        """
        pairs = keyed(key, value)
        into = keyed(key, out)
        _check_shapes([*pairs, *into])
        self._agree("broadcasts", [(one, values[0]._data) for one, values in pairs])
        for (_, values), (_, targets) in zip(pairs, into, strict=True):
            moved = values[0]._data.detach().clone()
            self.processes.send(moved, 0, "a broadcast")
            for array in targets:
                array._data.copy_(moved)

    def pushpull(self, key: Any, value: Any, out: Any = None, priority: int = 0) -> None:
        """Write the sum of the arrays of `value`, over all processes, to each array of `out`, else to those.

        Raises
        ------
        MXNetError
            As `broadcast`.
        """
        pairs = grouped(keyed(key, value))
        targets = pairs if out is None else grouped(keyed(key, out))
        _check_shapes([*pairs, *targets])
        for (_, arrays), total in zip(targets, self._totals(pairs), strict=True):
            for array in arrays:
                array._data.copy_(total)

    def init(self, key: Any, value: Any) -> None:
        raise self._lacks("init: it keeps nothing, use broadcast")

    def push(self, key: Any, value: Any, priority: int = 0) -> None:
        raise self._lacks("push: it keeps nothing, use pushpull")

    def pull(self, key: Any, out: Any, priority: int = 0, ignore_sparse: bool = True) -> None:
        raise self._lacks("pull: it keeps nothing, use pushpull")

    def set_optimizer(self, optimizer: Any) -> None:
        raise self._lacks("set_optimizer")


def _check_shapes(pairs: Pairs) -> None:
    for key, arrays in grouped(pairs):
        shapes = {tuple(array.shape): None for array in arrays}
        if len(shapes) > 1:
            raise MXNetError(f"key {key!r}: the arrays of a key have one shape, not {' and '.join(map(str, shapes))}")


@KVStoreBase.register
class Horovod(_WithoutStorage):
    """What programs written for Horovod ask for: `broadcast` and `pushpull`, by torch.distributed."""


@KVStoreBase.register
class BytePS(_WithoutStorage):
    """What programs written for BytePS ask for: `broadcast` and `pushpull`, by torch.distributed."""
