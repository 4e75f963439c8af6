"""`DataLoader` in this process, in threads and in worker processes."""

import multiprocessing
import os
import random
import threading
from typing import Any, NamedTuple

import numpy as onp
import pytest
import torch

import mxnet as mx
from mxnet.gluon.data import (
    ArrayDataset,
    BatchSampler,
    DataLoader,
    SequentialSampler,
    SimpleDataset,
    SplitSampler,
    batchify,
)

WORKERS = [{}, {"num_workers": 2, "thread_pool": True}, {"num_workers": 2}]
NAMES = ["here", "threads", "processes"]


class Draws:
    """Samples that are what the generators draw."""

    def __len__(self):
        return 6

    def __getitem__(self, index):
        drawn = mx.np.random.uniform(size=(1,)).asnumpy()[0]
        return (
            random.random(),
            onp.random.rand(),
            torch.rand(()).item(),
            float(drawn),
            float(mx.autograd.is_recording()),
        )


class Fails(Draws):
    def __getitem__(self, index):
        if index == 3:
            raise KeyError("no such thing")
        return index


class Unsendable(Exception):
    def __init__(self, first, second):
        super().__init__(f"{first} and {second}")


class FailsStrangely(Draws):
    def __getitem__(self, index):
        raise Unsendable("this", "that")


class Dies(Draws):
    def __getitem__(self, index):
        os._exit(3)


class Waits(Draws):
    def __init__(self, event):
        self.event = event

    def __getitem__(self, index):
        self.event.wait()
        return index


@pytest.fixture(autouse=True)
def no_process_is_left():
    yield
    assert multiprocessing.active_children() == []


def lists(batches):
    return [[part.asnumpy().tolist() for part in batch] for batch in batches]


@pytest.mark.parametrize("workers", WORKERS, ids=NAMES)
def test_batches_come_in_order(workers):
    data = ArrayDataset(mx.np.array(onp.arange(14).reshape(7, 2)), onp.arange(7, dtype="int32"))
    loader = DataLoader(data, 3, **workers)
    assert len(loader) == 3
    expected = [
        [[[0, 1], [2, 3], [4, 5]], [0, 1, 2]],
        [[[6, 7], [8, 9], [10, 11]], [3, 4, 5]],
        [[[12, 13]], [6]],
    ]
    for _ in range(2):
        batches = list(loader)
        assert lists(batches) == expected
        assert [type(part) for part in batches[0]] == [mx.np.ndarray] * 2
        assert [(str(part.dtype), part.device) for part in batches[0]] == [("float32", mx.cpu()), ("int32", mx.cpu())]
    first, second = iter(loader), iter(loader)
    assert lists([next(first), next(second), next(first)]) == [expected[0], expected[0], expected[1]]
    first = second = None
    assert lists(loader) == expected, "after iterations left early"


def test_shuffling_is_numpys():
    onp.random.seed(0)
    batches = list(DataLoader(SimpleDataset(list(range(10))), 4, shuffle=True, last_batch="discard"))
    # Genuine MXNet's order for this seed.
    assert [batch.asnumpy().tolist() for batch in batches] == [[2, 8, 4, 9], [1, 6, 7, 3]]


def test_rollover_goes_on_in_the_next_iteration():
    loader = DataLoader(SimpleDataset(list(range(5))), 2, last_batch="rollover", num_workers=1)
    seen = [[batch.asnumpy().tolist() for batch in loader] for _ in range(2)]
    assert seen == [[[0, 1], [2, 3]], [[4, 0], [1, 2], [3, 4]]]


def drawn(seed, **workers):
    mx.random.seed(seed)
    return lists(DataLoader(Draws(), 2, **workers))


def test_workers_draw_by_seed_and_batch_alone():
    Draws()[0]  # what the first draw imports, forked workers need not import again
    with mx.autograd.record():  # which does not follow into a forked worker
        one = drawn(5, num_workers=1)
    two = drawn(5, num_workers=2)
    assert one == two
    assert drawn(6, num_workers=2) != two
    for kind in zip(*two, strict=True):
        values = [value for batch in kind for value in batch]
        assert len(set(values)) == (6 if any(values) else 1), "every sample its own numbers; recording nowhere"
    mx.random.seed(5)
    loader = DataLoader(Draws(), 2, num_workers=1)
    assert lists(loader) == two
    assert lists(loader) != two, "every iteration its own numbers"


def test_loading_leaves_the_users_generators_alone():
    before = torch.get_rng_state().tolist(), random.getstate(), onp.random.get_state()[1].tolist()
    list(DataLoader(SimpleDataset([1, 2]), 1, num_workers=1))
    assert (torch.get_rng_state().tolist(), random.getstate(), onp.random.get_state()[1].tolist()) == before


@pytest.mark.parametrize("workers", WORKERS, ids=NAMES)
def test_error_of_the_dataset_is_raised(workers):
    batches = iter(DataLoader(Fails(), 2, **workers))
    assert next(batches).asnumpy().tolist() == [0, 1]
    with pytest.raises(KeyError, match="no such thing") as caught:
        next(batches)
    if workers == WORKERS[-1]:
        told = str(caught.value.__cause__)
        assert "reading item 3" in told and "__getitem__" in told
    del batches, caught


def test_error_that_cannot_be_sent_is_told():
    with pytest.raises(mx.MXNetError, match="Unsendable: this and that"):
        list(DataLoader(FailsStrangely(), 2, num_workers=1))


def test_worker_that_dies_is_noticed():
    with pytest.raises(mx.MXNetError, match="a worker of the DataLoader failed"):
        list(DataLoader(Dies(), 2, num_workers=1))


@pytest.mark.parametrize("workers", WORKERS[1:], ids=NAMES[1:])
def test_worker_that_hangs_is_given_up(workers):
    event = threading.Event() if "thread_pool" in workers else multiprocessing.Event()
    loader = DataLoader(Waits(event), 6, timeout=0.1, **workers)
    batches = iter(loader)
    with pytest.raises(multiprocessing.TimeoutError, match=r"within 0\.1 seconds") as caught:
        next(batches)
    event.set()  # before the workers go with the error: one killed while it waits would leave the event locked
    del caught, batches


def test_any_batch_goes_through_processes():
    data = SimpleDataset([mx.np.arange(12).reshape(3, 4)[i] for i in range(3)])
    (batch,) = DataLoader(data, 3, num_workers=1, batchify_fn=lambda samples: {"x": samples, "n": len(samples)})
    assert batch["n"] == 3
    assert [sample.asnumpy().tolist() for sample in batch["x"]] == onp.arange(12).reshape(3, 4).tolist()


def test_spawned_workers():
    """Everything that goes to a worker by pickle: the loader's parts, arrays of both faces, transforms."""
    from multiprocessing.reduction import ForkingPickler

    images = mx.np.array(onp.arange(24).reshape(2, 2, 2, 3), dtype="uint8")
    data = ArrayDataset(images, images.as_nd_ndarray()).transform_first(mx.gluon.data.vision.transforms.ToTensor())
    loader = DataLoader(data, 2, num_workers=1)
    workers = loader._source._new_workers()
    parts = (workers.loader.dataset, workers.loader.collate_fn, workers.loader.worker_init_fn)
    reader = ForkingPickler.loads(ForkingPickler.dumps(parts))[0]
    assert reader[(0, 0), [0, 1]].values[0].shape == (2, 3, 2, 2)


@pytest.mark.parametrize("workers", WORKERS, ids=NAMES)
def test_pinned_batches_say_so(workers):
    (batch,) = DataLoader(ArrayDataset([1, 2], [3, 4]), 2, pin_memory=True, **workers)
    assert [part.device for part in batch] == [mx.cpu_pinned()] * 2


class Named(NamedTuple):
    image: Any
    label: Any


def named(samples):
    images, labels = zip(*samples, strict=True)
    return {"batch": Named(mx.np.array(images), [Named(mx.np.array(labels), "label"), 3])}


@pytest.mark.parametrize("pinned", [False, True])
@pytest.mark.parametrize("workers", WORKERS, ids=NAMES)
def test_named_tuples_stay_what_they_are(workers, pinned):
    data = ArrayDataset([1, 2], [3, 4])
    ((name, batch),) = next(iter(DataLoader(data, 2, batchify_fn=named, pin_memory=pinned, **workers))).items()
    assert name == "batch" and type(batch) is Named and type(batch.label) is list and batch.label[1] == 3
    assert batch.image.tolist() == [1, 2] and batch.label[0].image.tolist() == [3, 4]
    assert batch.label[0].label == "label"
    assert [x.device for x in (batch.image, batch.label[0].image)] == [mx.cpu_pinned() if pinned else mx.cpu()] * 2


def test_next_iteration_begins_at_once_if_asked():
    order = []

    class Noted(SequentialSampler):
        def __iter__(self):
            order.append("begun")
            return super().__iter__()

    loader = DataLoader(SimpleDataset([1, 2]), 1, sampler=Noted(2), num_workers=1, thread_pool=True, auto_reload=True)
    assert len(list(loader)) == 2
    assert len(order) == 2
    assert len(list(loader)) == 2
    assert len(order) == 3


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({}, ValueError),
        ({"batch_size": 0}, ValueError),
        ({"batch_size": 2, "last_batch": "drop"}, ValueError),
        ({"batch_size": 2, "shuffle": True, "sampler": SequentialSampler(3)}, ValueError),
        ({"batch_size": 2, "batch_sampler": BatchSampler(SequentialSampler(3), 2)}, ValueError),
        ({"shuffle": True, "batch_sampler": BatchSampler(SequentialSampler(3), 2)}, ValueError),
        ({"batch_size": 2, "timeout": 0}, AssertionError),
    ],
)
def test_arguments_that_make_no_sense(arguments, error):
    with pytest.raises(error):
        DataLoader(SimpleDataset([1, 2, 3]), **arguments)


def test_default_batchify_functions():
    from mxnet.gluon.data.dataloader import default_batchify_fn, default_mp_batchify_fn

    for batchify_fn in (default_batchify_fn, default_mp_batchify_fn):
        pair = batchify_fn([(1, 2.0), (3, 4.0)])
        assert [(part.asnumpy().tolist(), str(part.dtype)) for part in pair] == [([1, 3], "int64"), ([2, 4], "float64")]
        assert batchify_fn([[1, 2], [3, 4]]).shape == (2, 2)
    assert default_mp_batchify_fn([1, 2]).as_torch().is_shared()
    assert batchify.Stack(use_shared_mem=True)([1, 2]).as_torch().is_shared()


@pytest.mark.parametrize("options", [{}, {"num_workers": 1}, {"num_workers": 1, "thread_pool": True}])
@pytest.mark.parametrize("batch", [0, 2, 3, 9])
def test_iteration_may_begin_at_a_batch(options, batch):
    loader = DataLoader(ArrayDataset(onp.arange(11)), batch_size=4, **options)
    assert [part.tolist() for part in loader.begin_at(batch)] == [part.tolist() for part in loader][batch:]


def test_samples_before_the_batch_are_not_read():
    read = []

    class Noted(SimpleDataset):
        def __getitem__(self, index):
            read.append(index)
            return index

    loader = DataLoader(Noted(list(range(12))), 2, sampler=SplitSampler(12, 2, 1))
    onp.random.seed(0)
    batches = [part.tolist() for part in loader]
    read.clear()
    onp.random.seed(0)
    assert [part.tolist() for part in loader.begin_at(1)] == batches[1:]
    assert read == sum(batches[1:], [])
