"""`Block.predict` and `predict_batches`: every kind of data, padding, devices, read-ahead, processes."""

import gc
import json
import os
import socket
import subprocess
import sys
import threading
import weakref
from collections import namedtuple
from pathlib import Path

import cv2
import numpy as onp
import pytest
import torch

import mxnet as mx
from mxnet import autograd
from mxnet.base import MXNetError
from mxnet.gluon import Block, HybridBlock
from mxnet.gluon._predict import _devices_of
from mxnet.gluon._predict_sources import Share
from mxnet.gluon.data import ArrayDataset, BatchSampler, DataLoader, Dataset, SequentialSampler, SimpleDataset
from mxnet.gluon.data.vision import transforms
from mxnet.gluon.nn import Dense, Dropout, HybridSequential

SAMPLES = onp.random.RandomState(0).normal(size=(23, 3)).astype("float32")
LABELS = onp.arange(23)
EVALUATION = transforms.Compose(
    [
        transforms.Resize(256, keep_ratio=True),
        transforms.CenterCrop(224),
        transforms.ToTensor(),
        transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    ]
)


class Counted(Dataset):
    """Counts the samples that were read."""

    def __init__(self, length=400):
        self.length = length
        self.read = 0
        self._lock = threading.Lock()

    def __len__(self):
        return self.length

    def __getitem__(self, index):
        with self._lock:
            self.read += 1
        return onp.full(3, index, "float32")


class Indexed:
    """A dataset that does not say so: it has a length and an index."""

    def __len__(self):
        return len(SAMPLES)

    def __getitem__(self, index):
        return SAMPLES[index]


class Function(HybridBlock):
    """A block of a function, which notes the shapes it is called with."""

    def __init__(self, function):
        super().__init__()
        self.function = function
        self.shapes = []

    def forward(self, x):
        self.shapes.append(tuple(x.shape))
        return self.function(x)


class Mean(HybridBlock):
    """Colours of images, (N, 3)."""

    def forward(self, x):
        return x.mean(axis=(2, 3))


@pytest.fixture
def net():
    net = HybridSequential()
    net.add(Dense(5, activation="relu"), Dropout(0.5), Dense(2))
    net.initialize(mx.init.Normal(1))
    net(mx.np.zeros((1, 3)))
    return net


@pytest.fixture
def images(tmp_path):
    """A folder of images in folders, and the paths of the images in order."""
    names = ["a/2.png", "a/10.PNG", "b/c/x.jpg", "d.jpeg"]
    for number, name in enumerate(names):
        path = tmp_path / "images" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        noise = onp.random.RandomState(number).randint(0, 256, (270 + number, 300, 3), onp.uint8)
        assert cv2.imwrite(str(path), noise)
    (tmp_path / "images" / "readme.txt").write_text("no image")
    return tmp_path / "images", [str(tmp_path / "images" / name) for name in sorted(names)]


def threads():
    return [each for each in threading.enumerate() if each.name.startswith(("predict", "DataLoader"))]


@pytest.fixture
def ending():
    """Calls that check that the threads of a pass have ended, or end with the batch they are at."""
    before = threads()

    def check():
        for thread in threads():
            if thread not in before:
                thread.join(20)
                assert not thread.is_alive()

    return check


def close(found, expected):
    assert type(found) is mx.np.ndarray
    assert found.device == mx.cpu()
    onp.testing.assert_allclose(found.asnumpy(), expected.asnumpy(), rtol=1e-5, atol=1e-6)


# Kinds of data

KINDS = {
    "array": lambda: mx.np.array(SAMPLES),
    "1.x array": lambda: mx.nd.array(SAMPLES),
    "NumPy array": lambda: SAMPLES.astype("float64"),
    "torch tensor": lambda: torch.from_numpy(SAMPLES),
    "dataset": lambda: SimpleDataset(SAMPLES),
    "dataset with labels": lambda: ArrayDataset(SAMPLES, LABELS),
    "length and index": Indexed,
}
BATCHES = {
    "loader": lambda: DataLoader(SimpleDataset(SAMPLES), batch_size=6),
    "loader with labels": lambda: DataLoader(ArrayDataset(SAMPLES, LABELS), batch_size=6),
    "loader with threads": lambda: DataLoader(ArrayDataset(SAMPLES), batch_size=6, num_workers=2, thread_pool=True),
    "loader in order of a sampler": lambda: DataLoader(
        ArrayDataset(SAMPLES), batch_sampler=[list(range(9)), list(range(9, 23))]
    ),
    "list of arrays": lambda: [mx.np.array(SAMPLES[:9]), mx.np.array(SAMPLES[9:])],
    "list of batches with labels": lambda: [[SAMPLES[:9], LABELS[:9]], (SAMPLES[9:], LABELS[9:])],
    "generator": lambda: (SAMPLES[start : start + 6] for start in range(0, 23, 6)),
}


@pytest.mark.parametrize("workers", [None, 0, 3])
@pytest.mark.parametrize("hybridized", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_samples_of_every_kind(net, kind, hybridized, workers, ending):
    expected = net(mx.np.array(SAMPLES))
    if hybridized:
        net.hybridize()
    close(net.predict(KINDS[kind](), batch_size=6, num_workers=workers), expected)
    close(net.predict(KINDS[kind](), num_workers=workers), expected)
    batches = list(net.predict_batches(KINDS[kind](), batch_size=6, num_workers=workers))
    assert [batch.shape for batch in batches] == [(6, 2), (6, 2), (6, 2), (5, 2)]
    close(mx.np.concatenate(batches), expected)
    ending()


@pytest.mark.parametrize("workers", [None, 0])
@pytest.mark.parametrize("kind", BATCHES)
def test_batches_of_every_kind(net, kind, workers, ending):
    close(net.predict(BATCHES[kind](), num_workers=workers), net(mx.np.array(SAMPLES)))
    ending()


def test_loader_with_processes(net):
    loader = DataLoader(ArrayDataset(SAMPLES, LABELS), batch_size=6, num_workers=1)
    expected = net(mx.np.array(SAMPLES))
    close(net.predict(loader), expected)
    close(net.predict(loader), expected)


def test_loader_gives_its_next_iteration_as_before(net):
    loader = DataLoader(SimpleDataset(SAMPLES), batch_size=10, last_batch="rollover")
    done = []
    assert net.predict(loader, progress=lambda *numbers: done.append(numbers)).shape == (20, 2)
    assert net.predict(loader, progress=lambda *numbers: done.append(numbers)).shape == (20, 2)
    assert done == [(10, 20), (20, 20)] * 2


def test_folder_of_images(images):
    folder, paths = images
    expected = mx.np.stack([EVALUATION(mx.image.imread(path)) for path in paths]).mean(axis=(2, 3))
    close(Mean().predict(folder, batch_size=3), expected)
    close(Mean().predict(str(folder), batch_size=3, num_workers=0), expected)


def test_folder_of_images_with_a_transform(images):
    folder, paths = images
    transform = transforms.Compose([transforms.Resize(8), transforms.ToTensor()])
    expected = mx.np.stack([transform(mx.image.imread(path)) for path in paths]).mean(axis=(2, 3))
    close(Mean().predict(folder, transform=transform), expected)


def test_record_file(tmp_path, images):
    _, paths = images
    records = mx.recordio.MXIndexedRecordIO(str(tmp_path / "data.idx"), str(tmp_path / "data.rec"), "w")
    for number, path in enumerate(paths):
        records.write_idx(number, mx.recordio.pack(mx.recordio.IRHeader(0, 1, number, 0), Path(path).read_bytes()))
    records.close()
    expected = mx.np.stack([EVALUATION(mx.image.imread(path)) for path in paths]).mean(axis=(2, 3))
    close(Mean().predict(tmp_path / "data.rec", batch_size=3, num_workers=2), expected)


def test_transform_gets_the_samples_of_arrays_and_datasets(net):
    expected = net(mx.np.array(SAMPLES * 2))
    for kind in ("array", "dataset with labels"):
        close(net.predict(KINDS[kind](), transform=lambda sample: sample * 2, batch_size=6), expected)


# Outputs


def test_nested_outputs_keep_their_structure():
    Pair = namedtuple("Pair", "first second")

    class Nested(Block):
        def forward(self, x):
            return Pair([x, None], {"sum": x.sum(axis=1).as_nd_ndarray(), "rest": (x > 0, 3)})

    found = Nested().predict(SAMPLES, batch_size=6)
    assert type(found) is Pair
    assert found.first[1] is None
    assert found.second["rest"][1] == 3
    close(found.first[0], mx.np.array(SAMPLES))
    close(found.second["sum"], mx.np.array(SAMPLES).sum(axis=1))
    assert found.second["rest"][0].dtype == onp.bool_
    (batch,) = Nested().predict_batches(SAMPLES)
    assert type(batch) is Pair
    assert batch.first[0].shape == (23, 3)


def test_outputs_that_cannot_be_joined():
    widths = iter([2, 3])
    with pytest.raises(MXNetError, match=r"shape \(6, 2\), \(6, 3\) cannot be joined.*predict_batches"):
        Function(lambda x: mx.np.zeros((6, next(widths)))).predict(SAMPLES[:12], batch_size=6)
    with pytest.raises(MXNetError, match=r"shape \(\) cannot be joined"):
        Function(lambda x: x.sum()).predict(SAMPLES)
    with pytest.raises(MXNetError, match="nested differently"):
        Function(lambda x: [x] * len(x)).predict(SAMPLES, batch_size=6)


def test_the_result_has_memory_of_its_own():
    x = mx.np.array(SAMPLES)
    found = Function(lambda x: x).predict(x)
    x[:] = 0
    assert (found.asnumpy() == SAMPLES).all()


# Modes


def test_nothing_is_recorded_and_nothing_drops_out(net):
    with autograd.record():
        for workers in (0, 1):
            found = net.predict(mx.np.array(SAMPLES), num_workers=workers)
            with pytest.raises(MXNetError):
                found.backward()
        for batch in net.predict_batches(SAMPLES):
            assert autograd.is_recording() and autograd.is_training()
            with pytest.raises(MXNetError):
                batch.backward()
        assert autograd.is_recording() and autograd.is_training()
    close(found, net(mx.np.array(SAMPLES)))


def test_reading_is_not_recorded():
    seen = []

    def note(sample):
        seen.append((autograd.is_recording(), autograd.is_training()))
        return sample

    with autograd.record():
        for workers in (0, 2):
            Function(lambda x: x).predict(SAMPLES, transform=note, num_workers=workers)
    assert set(seen) == {(False, False)}


# Padding


@pytest.mark.parametrize("devices", [1, 2])
def test_last_batch_of_a_hybridized_network_is_filled_up(devices):
    block = Function(lambda x: x * 2)
    where = [mx.cpu(number) for number in range(devices)]
    close(block.predict(SAMPLES, batch_size=10), mx.np.array(SAMPLES) * 2)
    assert block.shapes == [(10, 3), (10, 3), (3, 3)]
    block.shapes.clear()
    block.hybridize()
    close(block.predict(SAMPLES, batch_size=10, device=where), mx.np.array(SAMPLES) * 2)
    assert block.shapes == [(10, 3)] * devices  # traced once for each


def test_an_only_batch_is_not_filled_up():
    block = Function(lambda x: x * 2)
    block.hybridize()
    block.predict(SAMPLES[:5], batch_size=10)
    assert block.shapes == [(5, 3)]


def test_outputs_that_are_not_by_sample_are_computed_without_filling_up():
    net = Function(lambda x: x.sum(axis=0, keepdims=True))
    net.hybridize()
    expected = onp.stack([SAMPLES[:10].sum(0), SAMPLES[10:20].sum(0), SAMPLES[20:].sum(0)])
    close(net.predict(SAMPLES, batch_size=10), mx.np.array(expected))


def test_empty_batches_are_passed_on(net):
    expected = net(mx.np.array(SAMPLES))
    net.hybridize()
    close(net.predict([SAMPLES[:10], SAMPLES[:0], SAMPLES[10:]]), expected)


# Devices


@pytest.mark.parametrize("hybridized", [False, True])
def test_several_devices_compute_in_turn(net, hybridized, ending):
    devices = [mx.cpu(0), mx.cpu(1)]
    expected = net(mx.np.array(SAMPLES))
    net.reset_device(devices)
    if hybridized:
        net.hybridize()
    seen = []
    hook = net.register_forward_pre_hook(lambda block, inputs: seen.append(inputs[0].device))
    close(net.predict(SAMPLES, batch_size=4), expected)
    hook.detach()
    assert sorted(map(str, seen)) == ["cpu(0)"] * 3 + ["cpu(1)"] * 3
    close(net.predict(SAMPLES, batch_size=4, device=devices), expected)
    close(net.predict(mx.np.array(SAMPLES), batch_size=4, device=mx.cpu(1)), expected)
    close(net.predict(SAMPLES, batch_size=4, device="cpu(1)"), expected)
    ending()


def test_several_devices_complete_parameters_once():
    net = Dense(2)
    net.initialize(mx.init.Normal(1), device=[mx.cpu(0), mx.cpu(1)])
    found = net.predict(SAMPLES, batch_size=2)
    net.reset_device(mx.cpu())
    close(found, net(mx.np.array(SAMPLES)))


def test_current_device_is_the_one_that_computes():
    seen = []

    def note(x):
        seen.append(mx.current_device())
        return x

    Function(note).predict(SAMPLES, device=mx.cpu(3))
    assert seen == [mx.cpu(3)]
    assert mx.current_device() == mx.cpu()


def test_parameters_must_be_on_the_device(net):
    with pytest.raises(
        MXNetError,
        match=r"parameter '0.weight' is on \[cpu\(0\)\], not on cpu\(1\): net.reset_device\(cpu\(1\)\) moves",
    ):
        net.predict(SAMPLES, device=mx.cpu(1))
    with pytest.raises(MXNetError, match=r"net.reset_device\(\[cpu\(0\), cpu\(1\)\]\)"):
        net.predict(SAMPLES, device=[mx.cpu(), mx.cpu(1)])
    with pytest.raises(ValueError, match="empty list"):
        net.predict(SAMPLES, device=[])
    with pytest.raises(RuntimeError, match="has not been initialized"):
        Dense(2).predict(SAMPLES)


# Reading ahead


@pytest.mark.parametrize("devices", [1, 2])
@pytest.mark.parametrize("workers", [0, 1, 3])
def test_reading_ahead_is_bounded_and_in_order(workers, devices, ending):
    dataset = Counted()
    net = Function(lambda x: x)
    under_way = 1 if devices == 1 else 2 * devices
    most = 0
    batches = net.predict_batches(
        dataset, batch_size=4, num_workers=workers, device=[mx.cpu(number) for number in range(devices)]
    )
    for number, batch in enumerate(batches):
        most = max(most, dataset.read - 4 * number)
        assert batch[0, 0] == 4 * number
    assert dataset.read == 400
    assert most <= 4 * (under_way + 2 * workers)
    ending()


def test_batches_are_let_go():
    alive = weakref.WeakSet()

    def batches():
        for start in range(100):
            batch = mx.np.full((2, 3), start)
            alive.add(batch)
            yield batch

    most = 0
    for _ in Function(lambda x: x + 1).predict_batches(batches()):
        most = max(most, len(alive))
    assert most <= 5  # one computed, two read, one being read, and one that `batches` still has a name for


def test_an_error_of_the_data_comes_at_its_place(net, ending):
    def batches():
        yield SAMPLES[:4]
        yield SAMPLES[4:8]
        raise KeyError("the third")

    found = []
    with pytest.raises(KeyError, match="the third"):
        for batch in net.predict_batches(batches()):
            found.append(batch)
    assert len(found) == 2
    ending()


@pytest.mark.parametrize("error", [KeyError, KeyboardInterrupt])
@pytest.mark.parametrize("devices", [1, 2])
@pytest.mark.parametrize("kind", ["dataset", "generator"])
def test_errors_leave_no_thread(kind, devices, error, ending):
    def fail(x):
        raise error("in the network")

    net = Function(fail)
    data = SimpleDataset(SAMPLES) if kind == "dataset" else iter([SAMPLES] * 9)
    with pytest.raises(error, match="in the network"):
        net.predict(data, num_workers=2, device=[mx.cpu(number) for number in range(devices)])
    ending()


@pytest.mark.parametrize("devices", [1, 2])
@pytest.mark.parametrize("kind", ["dataset", "array", "generator", "loader"])
def test_abandoned_passes_leave_no_thread(kind, devices, ending):
    data = {
        "dataset": SimpleDataset(SAMPLES),
        "array": SAMPLES,
        "generator": (SAMPLES[:4] for _ in range(1000)),
        "loader": DataLoader(SimpleDataset(SAMPLES), batch_size=4),
    }[kind]
    size = {"batch_size": 4} if kind in ("dataset", "array") else {}
    net = Function(lambda x: x)
    for _ in net.predict_batches(data, num_workers=2, device=[mx.cpu(number) for number in range(devices)], **size):
        break
    gc.collect()
    ending()


def test_a_pass_that_is_not_begun_reads_nothing(net):
    dataset = Counted()
    net.predict_batches(dataset, num_workers=2)
    assert dataset.read == 0
    assert not threads()


# Progress


@pytest.mark.parametrize("devices", [1, 2])
def test_progress_is_told(net, devices):
    net.reset_device([mx.cpu(number) for number in range(devices)])
    told = []
    net.predict(SAMPLES, batch_size=10, progress=lambda done, total: told.append((done, total)))
    assert told == [(10, 23), (20, 23), (23, 23)]


@pytest.mark.parametrize(
    ("data", "total"),
    [
        (lambda: DataLoader(ArrayDataset(SAMPLES), batch_size=10), 23),
        (lambda: DataLoader(ArrayDataset(SAMPLES), batch_size=10, last_batch="discard"), 20),
        (lambda: DataLoader(ArrayDataset(SAMPLES), batch_sampler=[[1, 2], [3]]), None),
        (lambda: iter([SAMPLES]), None),
    ],
)
def test_total_of_samples_where_it_is_known(net, data, total):
    told = []
    net.predict(data(), progress=lambda *numbers: told.append(numbers))
    assert {number for _, number in told} == {total}


def test_bar(net, capsys):
    net.predict(SAMPLES, batch_size=10)
    net.predict(SAMPLES, batch_size=10, progress=False)
    assert capsys.readouterr() == ("", "")
    net.predict(SAMPLES, batch_size=10, progress=True)
    out, shown = capsys.readouterr()
    assert out == ""
    assert "predict" in shown and "23/23" in shown


# Errors


def test_nothing_to_predict(net, tmp_path):
    (tmp_path / "empty").mkdir()
    for data in (SAMPLES[:0], SimpleDataset([]), [], DataLoader(SimpleDataset([]), batch_size=2), tmp_path / "empty"):
        with pytest.raises(ValueError, match="there is nothing to predict in"):
            net.predict(data)
        assert list(net.predict_batches(data)) == []
    with pytest.raises(ValueError, match=r"empty', which has no images \(\.jpg"):
        net.predict(tmp_path / "empty")


@pytest.mark.parametrize("data", [None, 3, {"a": SAMPLES}, b"images", object()])
def test_data_of_other_types(net, data):
    with pytest.raises(TypeError, match=rf"predict takes a DataLoader, .*, not {type(data).__name__}"):
        net.predict_batches(data)


def test_batches_of_other_types(net):
    for batches, named in ((["text"], "str"), ([["text"]], "list of str"), ([[]], "list"), ([None], "NoneType")):
        with pytest.raises(TypeError, match=f"a batch must be an array, .* not {named}$"):
            net.predict(batches)
    for data in (mx.np.array(3), onp.array(3), [onp.array(3)]):
        with pytest.raises(ValueError, match="not a single number"):
            net.predict(data)


def test_paths_to_something_else(net, tmp_path):
    with pytest.raises(FileNotFoundError, match="no file or folder '.*nowhere'"):
        net.predict_batches(tmp_path / "nowhere")
    (tmp_path / "image.jpg").write_bytes(b"")
    with pytest.raises(ValueError, match=r"reads folders of images and \.rec files, and '.*image.jpg' is neither"):
        net.predict_batches(tmp_path / "image.jpg")


def test_file_that_is_no_image(images):
    folder, _ = images
    (folder / "b" / "broken.jpg").write_bytes(b"no image")
    with pytest.raises(MXNetError, match="broken.jpg"):
        Mean().predict(folder)


@pytest.mark.parametrize("option", [{"batch_size": 2}, {"transform": len}])
def test_options_that_data_in_batches_does_not_take(net, option):
    (name,) = option
    with pytest.raises(ValueError, match=f"{name} cannot be given with a DataLoader"):
        net.predict_batches(DataLoader(SimpleDataset(SAMPLES), batch_size=2), **option)
    with pytest.raises(ValueError, match=f"{name} cannot be given with an iterable"):
        net.predict_batches([SAMPLES], **option)


@pytest.mark.parametrize(
    ("option", "error", "text"),
    [
        ({"batch_size": 0}, ValueError, "batch_size must be at least 1, not 0"),
        ({"batch_size": 2.5}, TypeError, "batch_size must be a whole number, not 2.5"),
        ({"num_workers": -1}, ValueError, "num_workers must be at least 0, not -1"),
        ({"num_workers": True}, TypeError, "num_workers must be a whole number, not True"),
        ({"transform": 3}, TypeError, "transform must be a function of a sample, not int"),
        ({"progress": "yes"}, TypeError, "progress must be True, False, None or a function .* not 'yes'"),
        ({"device": 3}, MXNetError, "Invalid device 3"),
    ],
)
def test_options_out_of_range(net, option, error, text):
    with pytest.raises(error, match=text):
        net.predict_batches(SAMPLES, **option)


# Processes


def test_a_process_computes_on_the_gpu_that_torchrun_gives_it(monkeypatch):
    class OnGPUs:  # parameters only say where they are
        def _unique_params(self):
            return [self]

        def list_device(self):
            return [mx.gpu(0), mx.gpu(1)]

    monkeypatch.setenv("LOCAL_RANK", "1")
    assert _devices_of(OnGPUs(), None, Share(3, 4)) == [mx.gpu(1)]
    assert _devices_of(OnGPUs(), None, Share(0, 1)) == [mx.gpu(0), mx.gpu(1)], "alone"
    monkeypatch.setenv("LOCAL_RANK", "first")
    with pytest.raises(MXNetError, match="LOCAL_RANK must be a number, as torchrun sets it, not 'first'"):
        _devices_of(OnGPUs(), None, Share(3, 4))
    monkeypatch.delenv("LOCAL_RANK")
    assert _devices_of(OnGPUs(), None, Share(3, 4)) == [mx.gpu(0), mx.gpu(1)], "nothing tells"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def found_by_two(tmp_path_factory):
    """What two processes find that torchrun's variables connect."""
    folder = tmp_path_factory.mktemp("processes")
    shared = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port()), "OMP_NUM_THREADS": "1"}
    program = str(Path(__file__).parent / "predict_in_processes.py")
    running = [
        subprocess.Popen(
            [sys.executable, program, str(folder / f"{rank}.json")],
            env=os.environ | shared | {"RANK": str(rank), "LOCAL_RANK": str(rank)},
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    try:
        ends = [process.communicate(timeout=200)[1] for process in running]
    finally:
        for process in running:
            process.kill()
    assert [process.returncode for process in running] == [0, 0], ends
    return [json.loads((folder / f"{rank}.json").read_text()) for rank in range(2)]


@pytest.mark.parametrize("name", ["dataset", "loader", "array", "iterable", "after errors"])
def test_processes_have_the_whole_result(found_by_two, name):
    x = onp.arange(51, dtype="float32").reshape(17, 3) - 20
    expected = onp.repeat(x.sum(1, keepdims=True), 4, 1).tolist()
    assert [found[name] for found in found_by_two] == [expected, expected]


def test_processes_read_and_compute_only_their_share(found_by_two):
    shares = [[0, 1, 2, 3, 8, 9, 10, 11, 16], [4, 5, 6, 7, 12, 13, 14, 15]]
    assert [found["read"] for found in found_by_two] == shares
    assert [found["read by loader"] for found in found_by_two] == shares
    assert [found["own"] for found in found_by_two] == [[4, 4, 1], [4, 4]]


def test_processes_without_a_batch_and_outputs_of_every_type(found_by_two):
    x = onp.arange(51).reshape(17, 3) - 20
    for found in found_by_two:
        assert found["one batch"] == onp.repeat(x[:2].sum(1, keepdims=True), 4, 1).tolist()
        assert found["nested"] == [(2 * x[:3]).tolist(), None, (x[:3] > 0).tolist()]
        assert found["types"] == ["tuple", "list", "bool"]
        assert found["channels last"] == onp.broadcast_to(x.reshape(17, 3, 1, 1), (17, 3, 2, 2)).tolist()
        assert found["empty"].startswith("ValueError: there is nothing to predict in an array of shape (0, 3)")


def test_a_process_that_fails_is_not_waited_for(found_by_two):
    assert [found["failure"] for found in found_by_two] == [
        "MXNetError: predict failed in another process: process 1: KeyError: 'this one'",
        "KeyError: 'this one'",
    ]
    assert all(found["shuffled"].startswith("ValueError: a DataLoader that shuffles") for found in found_by_two)


def test_loader_of_a_batch_sampler_of_ones_own_is_shared(monkeypatch, net):
    monkeypatch.setenv("WORLD_SIZE", "3")
    monkeypatch.setenv("RANK", "1")
    loader = DataLoader(SimpleDataset(SAMPLES), batch_sampler=BatchSampler(SequentialSampler(23), 4))
    (second, fifth) = net.predict_batches(loader)
    close(second, net(mx.np.array(SAMPLES[4:8])))
    close(fifth, net(mx.np.array(SAMPLES[16:20])))
    assert len(list(loader)) == 6
