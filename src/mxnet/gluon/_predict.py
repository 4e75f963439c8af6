"""`Block.predict`: a network over many inputs, which are read ahead of it, on every device it is on."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import torch

from mxnet._processes import told_local_rank
from mxnet.autograd import pause
from mxnet.base import MXNetError
from mxnet.device import Device, current_device, gpu
from mxnet.gluon._predict_processes import Outputs, connect, exchange, share_of_this_process, tell_failure
from mxnet.gluon._predict_progress import check_progress, progress_of
from mxnet.gluon._predict_sources import Reading, Share, Source, source_of
from mxnet.gluon._structure import flatten, rebuild
from mxnet.ndarray._array import Array, as_device, place, read, wrap
from mxnet.numpy.multiarray import ndarray

if TYPE_CHECKING:
    from mxnet.gluon.block import Block

__all__ = ["predict", "predict_batches"]

Progress = bool | Callable[[int, int | None], Any] | None


class _Result(NamedTuple):
    """The outputs of one batch: on the CPU, once `arrived` has been waited for."""

    structure: Any
    tensors: list[torch.Tensor]
    rows: int  # samples
    arrived: torch.cuda.Event | None = None


def predict(block: Block, data: Any, *args: Any, **options: Any) -> Any:
    """See `Block.predict`."""
    if share_of_this_process().world == 1:
        source, results = _prepared(block, data, *args, **options)
        outputs = _collected(results)
        name = source.name
    else:
        connect()
        outputs, name = _predicted_together(block, data, *args, **options)
    if outputs.structure is None:
        raise ValueError(f"there is nothing to predict in {name}")
    return rebuild(outputs.structure, iter([wrap(ndarray, tensor) for tensor in outputs.tensors]))


def _predicted_together(block: Block, data: Any, *args: Any, **options: Any) -> tuple[Outputs, str]:
    """What all processes have computed; if one of them fails, the others are told."""
    try:
        source, results = _prepared(block, data, *args, **options)
        own = _collected(results)
    except Exception as error:
        tell_failure(error)
        raise
    return exchange(own), source.name


def predict_batches(block: Block, data: Any, *args: Any, **options: Any) -> Iterator[Any]:
    """See `Block.predict_batches`."""
    _, results = _prepared(block, data, *args, **options)
    return _as_arrays(results)


def _as_arrays(results: Iterator[_Result]) -> Iterator[Any]:
    with closing(results):
        for result in results:
            yield rebuild(result.structure, iter([wrap(ndarray, tensor) for tensor in result.tensors]))


def _prepared(
    block: Block,
    data: Any,
    batch_size: int | None = None,
    device: Device | Sequence[Device] | None = None,
    transform: Callable[[Any], Any] | None = None,
    num_workers: int | None = None,
    progress: Progress = None,
) -> tuple[Source, Iterator[_Result]]:
    """What is read, and the results to come; everything is checked, and nothing read yet."""
    share = share_of_this_process()
    workers = min(4, os.cpu_count() or 1) if num_workers is None else num_workers
    _check_number("batch_size", 1 if batch_size is None else batch_size, least=1)
    _check_number("num_workers", workers, least=0)
    if transform is not None and not callable(transform):
        raise TypeError(f"predict: transform must be a function of a sample, not {type(transform).__name__}")
    check_progress(progress)
    devices = _devices_of(block, device, share)
    source = source_of(data, Reading(batch_size, transform, workers, share))
    return source, _results(block, source, devices, progress if share.rank == 0 or callable(progress) else False)


def _check_number(name: str, value: Any, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"predict: {name} must be a whole number, not {value!r}")
    if value < least:
        raise ValueError(f"predict: {name} must be at least {least}, not {value}")


def _devices_of(block: Block, given: Any, share: Share) -> list[Device]:
    """The devices to compute on, all of which have the parameters."""
    parameters = block._unique_params()
    if given is None:
        devices = parameters[0].list_device() if parameters else [current_device()]
        local = told_local_rank()
        if share.world > 1 and local is not None and devices[0].device_type == "gpu":
            devices = [gpu(local)]
    else:
        devices = [as_device(each) for each in (given if isinstance(given, (list, tuple)) else [given])]
    if not devices:
        raise ValueError("predict: device is an empty list: give a device, or several")
    for parameter in parameters:
        missing = [each for each in devices if each not in parameter.list_device()]
        if missing:
            raise MXNetError(
                f"predict: parameter {parameter._path!r} is on {parameter.list_device()}, not on {missing[0]}: "
                f"net.reset_device({devices if len(devices) > 1 else devices[0]}) moves all parameters there"
            )
    return devices


def _results(block: Block, source: Source, devices: list[Device], progress: Progress) -> Iterator[_Result]:
    """The outputs of all batches, in order."""
    network = _Network(block)
    lanes = _Lanes(network, devices)
    done = 0
    with progress_of(progress, source.total) as report, closing(source.read()) as batches, closing(lanes):
        for result in _in_order(map(lanes.submit, _paused(batches)), lanes.width):
            if result.arrived is not None:
                result = _arrived(result)
            done += result.rows
            report(done)
            yield result


def _paused(batches: Iterator[Array]) -> Iterator[Array]:
    """The batches, which are read without recording what is done in this thread."""
    while True:
        with pause():
            batch = next(batches, None)
        if batch is None:
            return
        yield batch
        del batch  # no longer needed while the next one is waited for


def _in_order(submitted: Iterator[Callable[[], _Result]], width: int) -> Iterator[_Result]:
    """The results of what is submitted, up to `width` of them under way."""
    pending: deque[Callable[[], _Result]] = deque()
    for result in submitted:
        pending.append(result)
        if len(pending) >= width:
            yield pending.popleft()()
    while pending:
        yield pending.popleft()()


class _Network:
    """A block that runs on batches, those smaller than the first one filled up to it if it is hybridized.

    So the plans that it has for the size of the first batch serve for the last one too.
    """

    def __init__(self, block: Block) -> None:
        self._block = block
        self._fills = bool(getattr(block, "_active", False))
        self.full = 0  # samples of the first batch

    def __call__(self, batch: Array, device: Device) -> _Result:
        with pause(), device:
            inputs = _moved(batch, device)
            rows = inputs.shape[0]
            tensors: list[torch.Tensor] = []
            structure = None
            if self._fills and 0 < rows < self.full:
                structure, tensors = self._run_filled(inputs)
            if structure is None:
                structure, tensors = self._run(inputs)
        if device.torch_device.type != "cuda":
            return _Result(structure, [_own(tensor.cpu(), batch) for tensor in tensors], rows)
        tensors = [tensor.to("cpu", non_blocking=True) for tensor in tensors]
        arrived = torch.cuda.Event()
        arrived.record(torch.cuda.current_stream(device.torch_device))
        return _Result(structure, tensors, rows, arrived)

    def _run(self, inputs: Array) -> tuple[Any, list[torch.Tensor]]:
        outputs: list[Array] = []
        structure = flatten(self._block(inputs), outputs)
        return structure, [read(output) for output in outputs]

    def _run_filled(self, inputs: Array) -> tuple[Any, list[torch.Tensor]]:
        """The outputs of a batch that repeats its last sample, without those; or None for other kinds of output."""
        data = read(inputs)
        rows = len(data)
        filled = torch.cat([data, data[-1:].expand(self.full - rows, *data.shape[1:])])
        structure, tensors = self._run(wrap(type(inputs), filled, inputs._tag))
        if any(tensor.dim() == 0 or len(tensor) != self.full for tensor in tensors):
            return None, []
        return structure, [tensor[:rows] for tensor in tensors]


def _own(tensor: torch.Tensor, batch: Array) -> torch.Tensor:
    """The tensor, or a copy if it has the memory of the batch, which is the caller's."""
    shared = tensor.untyped_storage().data_ptr() == read(batch).untyped_storage().data_ptr()
    return tensor.clone() if shared else tensor


def _moved(batch: Array, device: Device) -> Array:
    """The batch on a device; to a GPU by way of page-locked memory, without waiting for it."""
    where, tag = place(device)
    data = read(batch)
    if where.type == "cuda" and data.device.type == "cpu":
        data = data.pin_memory().to(where, non_blocking=True)
    return wrap(type(batch), data.to(where), tag)


def _arrived(result: _Result) -> _Result:
    """The result once it is there, out of the page-locked memory that it came to, which is scarce."""
    result.arrived.synchronize()
    return result._replace(tensors=[tensor.clone() for tensor in result.tensors], arrived=None)


class _Lanes:
    """Hands batches to devices in turn.

    A single device computes in the calling thread: a GPU is given the next batch before the last one's outputs are
    waited for. Several devices have a thread each.

    Attributes
    ----------
    width : int
        How many batches are to be under way.
    """

    def __init__(self, network: _Network, devices: list[Device]) -> None:
        self._network = network
        self._devices = devices
        self._pools = [ThreadPoolExecutor(1, f"predict-{device}") for device in devices] if len(devices) > 1 else []
        self._count = 0
        single = devices[0].torch_device.type
        self.width = 2 * len(devices) if self._pools or single == "cuda" else 1

    def submit(self, batch: Array) -> Callable[[], _Result]:
        """Begin with a batch; what is returned waits for the result."""
        number = self._count % len(self._devices)
        self._count += 1
        self._network.full = self._network.full or batch.shape[0]
        if not self._pools:
            return partial(_same, self._network(batch, self._devices[0]))
        future = self._pools[number].submit(self._network, batch, self._devices[number])
        if self._count <= len(self._devices):
            # The first batch on each device alone: parameters that wait for their shape are completed and engines
            # are compiled, tried and captured, none of which goes together with work in other threads.
            wait([future])
        return future.result

    def close(self) -> None:
        """End the threads, with the batches that they are at."""
        for pool in self._pools:
            pool.shutdown(wait=False, cancel_futures=True)
        for pool in self._pools:
            pool.shutdown()


def _same(result: _Result) -> _Result:
    return result


def _collected(results: Iterator[_Result]) -> Outputs:
    """The outputs of all batches joined, each along its first axis."""
    structure = None
    batches: list[list[torch.Tensor]] = []
    with closing(results):
        for result in results:
            if structure is None:
                structure = result.structure
                batches = [[] for _ in result.tensors]
            elif result.structure != structure:
                raise MXNetError(f"predict: the outputs of the batches are nested differently; {_ONE_BY_ONE}")
            for tensors, tensor in zip(batches, result.tensors, strict=True):
                tensors.append(tensor)
    rows = [[len(tensor) if tensor.dim() else 0 for tensor in tensors] for tensors in batches]
    return Outputs(structure, rows, [_concatenated(tensors) for tensors in batches])


def _concatenated(tensors: list[torch.Tensor]) -> torch.Tensor:
    shapes = {tuple(tensor.shape[1:]) for tensor in tensors}
    if len(shapes) > 1 or not tensors[0].dim():
        listed = ", ".join(str(shape) for shape in sorted({tuple(tensor.shape) for tensor in tensors}))
        raise MXNetError(f"predict: outputs of shape {listed} cannot be joined along a first axis; {_ONE_BY_ONE}")
    joined = torch.cat(tensors)
    tensors.clear()  # a large result is not to be there twice for long
    return joined


_ONE_BY_ONE = "predict_batches gives them one by one"
