"""Datasets, samplers and batchify functions."""

import gzip
import struct

import numpy as onp
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from references import REFERENCE

import mxnet as mx
from mxnet.gluon.data import (
    ArrayDataset,
    BatchSampler,
    Dataset,
    FilterSampler,
    IntervalSampler,
    RandomSampler,
    Sampler,
    SequentialSampler,
    SimpleDataset,
    SplitSampler,
    batchify,
    vision,
)

IMAGES = REFERENCE / "images"


# Samplers


@given(length=st.integers(0, 40), size=st.integers(1, 9), epochs=st.integers(1, 4))
def test_rollover_loses_nothing(length, size, epochs):
    sampler = BatchSampler(SequentialSampler(length), size, "rollover")
    seen = []
    for _ in range(epochs):
        expected = len(sampler)
        batches = list(sampler)
        assert len(batches) == expected
        assert all(len(batch) == size for batch in batches)
        seen += [index for batch in batches for index in batch]
    every = list(range(length)) * epochs
    assert seen == every[: len(every) // size * size]


@given(length=st.integers(0, 40), size=st.integers(1, 9), last=st.sampled_from(["keep", "discard"]))
def test_batches_partition_the_indices(length, size, last):
    sampler = BatchSampler(SequentialSampler(length), size, last)
    batches = list(sampler)
    assert len(batches) == len(sampler)
    assert [len(batch) for batch in batches[:-1]] == [size] * (len(batches) - 1)
    indices = [index for batch in batches for index in batch]
    assert indices == list(range(length if last == "keep" else length // size * size))


@given(st.integers(1, 60).flatmap(lambda length: st.tuples(st.just(length), st.integers(1, length))))
def test_intervals_visit_everything_once(length_and_interval):
    length, interval = length_and_interval
    sampler = IntervalSampler(length, interval)
    assert sorted(sampler) == list(range(length))
    assert len(sampler) == length
    first_round = IntervalSampler(length, interval, rollover=False)
    assert list(first_round) == list(range(0, length, interval))
    assert len(first_round) == len(list(first_round))


def test_samplers_as_genuine():
    assert list(SequentialSampler(4, start=3)) == [3, 4, 5, 6]
    assert list(IntervalSampler(13, 3)) == [0, 3, 6, 9, 12, 1, 4, 7, 10, 2, 5, 8, 11]
    onp.random.seed(0)
    assert list(RandomSampler(10)) == [2, 8, 4, 9, 1, 6, 7, 3, 0, 5]
    assert list(FilterSampler(lambda x: x > 3, SimpleDataset([1, 5, 2, 8]))) == [1, 3]


@pytest.mark.parametrize(("length", "interval"), [(3, 13), (3, 0), (3, -1)])
def test_interval_must_fit(length, interval):
    with pytest.raises(AssertionError, match=str(interval)):
        IntervalSampler(length, interval)


@given(
    length=st.integers(0, 40),
    parts=st.integers(1, 9),
    even=st.booleans(),
    repeat=st.integers(1, 3),
    shuffle=st.booleans(),
)
def test_split_samplers_cover_everything(length, parts, even, repeat, shuffle):
    samplers = [SplitSampler(length, parts, part, even, repeat, shuffle) for part in range(parts)]
    read = [list(sampler) for sampler in samplers]
    assert [len(sampler) for sampler in samplers] == [len(part) for part in read]
    everything = sorted(index for part in read for index in part)
    assert set(everything) == set(range(length))
    if even:
        assert {len(part) for part in read} == {-(-length // parts) * repeat}
    else:
        assert everything == sorted(list(range(length)) * repeat)
        assert max(map(len, read)) - min(map(len, read)) <= repeat


def test_split_sampler_shuffles_its_own_part_anew():
    sampler = SplitSampler(20, 2, 1)
    first, second = list(sampler), list(sampler)
    assert first != second
    assert sorted(first) == sorted(second) == list(range(10, 20))
    assert all(type(index) is int for index in first)
    assert list(SplitSampler(5, 2, 0, repeat=2, shuffle=False)) == [0, 1, 2, 0, 1, 2]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((4, 2, 2), "part_index must be from 0 to 1, that is below num_parts, not 2"),
        ((4, 2, -1), "from 0 to 1"),
        ((-1,), "length must be at least 0"),
        ((4, 0), "num_parts and repeat at least 1, not 4, 0 and 1"),
        ((4, 1, 0, True, 0), "not 4, 1 and 0"),
    ],
)
def test_split_sampler_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        SplitSampler(*arguments)


@pytest.mark.parametrize(("size", "last"), [(2, "drop"), (0, "keep"), (-3, "keep")])
def test_batch_sampler_refuses(size, last):
    with pytest.raises(ValueError):
        BatchSampler(SequentialSampler(10), size, last)


@pytest.mark.parametrize("base", [Dataset, Sampler])
def test_bases_say_what_to_define(base):
    with pytest.raises(NotImplementedError, match="__len__"):
        len(base())


# Datasets


@given(length=st.integers(0, 50), shards=st.integers(1, 9))
def test_shards_are_even_parts_in_order(length, shards):
    data = SimpleDataset(list(range(length)))
    parts = [list(data.shard(shards, index)) for index in range(shards)]
    assert sum(parts, []) == list(range(length))
    lengths = [len(part) for part in parts]
    assert max(lengths) - min(lengths) <= 1
    assert lengths == sorted(lengths, reverse=True)


@pytest.mark.parametrize(("shards", "index"), [(4, 4), (0, 0), (4, -1)])
def test_shard_out_of_range(shards, index):
    with pytest.raises(AssertionError):
        SimpleDataset([1, 2, 3]).shard(shards, index)


def test_parts_of_datasets():
    data = SimpleDataset(list(range(11)))
    assert list(data.take(3)) == [0, 1, 2]
    assert list(data.take(None)) == list(data.take(100)) == list(range(11))
    assert list(data.filter(lambda x: x % 5 == 0)) == [0, 5, 10]
    assert list(data.sample(SequentialSampler(4, 2))) == [2, 3, 4, 5]
    with pytest.raises(TypeError, match="Sampler"):
        data.sample([3, 1])
    with pytest.raises(ValueError, match="-1"):
        data.take(-1)


def test_transforms_see_the_parts_of_tuples():
    data = ArrayDataset(onp.arange(6).reshape(3, 2), [1, 2, 3])
    assert data.transform(lambda x, y: int(x.sum()) + y)[1] == 7
    first, label = data.transform_first(lambda x: x * 10)[1]
    assert (first.tolist(), label) == ([20, 30], 2)
    assert SimpleDataset([[1, 2]]).transform_first(lambda x: x * 2)[0] == [1, 2, 1, 2]


def test_eager_transform_calls_once():
    calls = []
    data = SimpleDataset([1, 2]).transform(calls.append, lazy=False)
    assert len(data) == 2
    assert (data[0], data[0], calls) == (None, None, [1, 2])


def test_array_dataset_items():
    data = ArrayDataset(mx.np.arange(6).reshape(3, 2), mx.np.arange(3))
    image, label = data[2]
    assert type(image) is mx.np.ndarray and type(label) is onp.float32
    assert ArrayDataset([1, 2, 3])[1] == 2
    with pytest.raises(AssertionError, match=r"array\[0\] has length 3 while array\[1\] has 2"):
        ArrayDataset([1, 2, 3], [1, 2])
    with pytest.raises(AssertionError):
        ArrayDataset()


# Batchify


@pytest.mark.parametrize(
    ("samples", "dtype"),
    [([1, 2], "int64"), ([1.0, 2.0], "float64"), ([True, False], "bool"), ([onp.int8(1)] * 2, "int8"),
     ([onp.zeros(2, "f4")] * 2, "float32"), ([mx.np.zeros(2, dtype="int32")] * 2, "int32"), ([1, 2.5], "float64")],
)  # fmt: skip
def test_stack_keeps_types(samples, dtype):
    batch = batchify.Stack()(samples)
    assert (str(batch.dtype), len(batch), type(batch)) == (dtype, 2, mx.np.ndarray)


def test_stack_of_nested_parts():
    batch = batchify.Stack()([(1, (2, onp.zeros(2)))] * 3)
    assert batch[0].shape == (3,)
    assert [part.shape for part in batch[1]] == [(3,), (3, 2)]


@pytest.mark.parametrize(
    ("samples", "error"),
    [([onp.zeros(2), onp.zeros(3)], ValueError), ([mx.np.zeros(2), mx.np.zeros(3)], ValueError),
     (["a", "b"], TypeError), ([{"a": 1}, {"a": 2}], TypeError),
     ([(1, 2), (1,)], ValueError), ([None, None], TypeError)],
)  # fmt: skip
def test_stack_refuses(samples, error):
    with pytest.raises(error):
        batchify.Stack()(samples)


@given(st.lists(st.lists(st.integers(-9, 9), max_size=7), min_size=1, max_size=6), st.integers(1, 5))
def test_pad_fills_up(samples, multiple):
    batch = batchify.Pad(val=77, dtype="int64", round_to=multiple)(samples).asnumpy()
    longest = max(map(len, samples))
    assert batch.shape == (len(samples), -(-longest // multiple) * multiple)
    for row, sample in zip(batch.tolist(), samples, strict=True):
        assert row == sample + [77] * (len(row) - len(sample))


def test_pad_as_genuine():
    padded = batchify.Pad(val=0, round_to=4)([onp.ones((2, 3)), onp.ones((1, 4))])
    assert (padded.shape, padded.asnumpy().sum(axis=(1, 2)).tolist()) == ((2, 4, 4), [6, 4])
    assert batchify.Pad(val=0.5)([onp.array([1, 2]), onp.array([1])]).asnumpy().tolist() == [[1, 2], [1, 0]]
    for samples in ([1, 2], [(1, 2), (3, 4)]):
        with pytest.raises(NotImplementedError, match="Group"):
            batchify.Pad()(samples)
    with pytest.raises(ValueError, match="dimensions"):
        batchify.Pad()([onp.ones((2, 3)), onp.ones(4)])


def test_group_append_and_list():
    group = batchify.Group(batchify.Stack(), batchify.Pad(val=-1), batchify.AsList())
    numbers, padded, names = group([(1, [1, 2], "a"), (2, [1], "b")])
    assert (numbers.asnumpy().tolist(), padded.asnumpy().tolist()) == ([1, 2], [[1, 2], [1, -1]])
    assert names == ["a", "b"]
    assert [x.shape for x in batchify.Append(batch_axis=-1)([[1, 2, 3], [4]])] == [(3, 1), (1, 1)]
    assert [x.shape for x in batchify.Append(expand=False)([[1, 2, 3], [4]])] == [(3,), (1,)]
    for arguments in ((3,), (batchify.Stack(), 3), ([batchify.Stack()], batchify.Stack())):
        with pytest.raises(AssertionError):
            batchify.Group(*arguments)
    with pytest.raises(AssertionError, match="should contain 1 elements"):
        batchify.Group(batchify.Stack())([(1, 2)])


# Datasets of images


def write_idx(path, values):
    header = struct.pack(f">HBB{values.ndim}I", 0, 8, values.ndim, *values.shape)
    path.write_bytes(gzip.compress(header + values.tobytes()))


@pytest.fixture
def published(monkeypatch):
    """Take files for the published ones."""
    monkeypatch.setattr("mxnet.gluon.data.vision.datasets.check_sha1", lambda path, sha1: True)


@pytest.mark.parametrize("kind", [vision.MNIST, vision.FashionMNIST])
def test_mnist_reads_its_files(kind, tmp_path, published):
    images = onp.arange(3 * 28 * 28, dtype="uint32").astype("uint8").reshape(3, 28, 28)
    write_idx(tmp_path / "t10k-images-idx3-ubyte.gz", images)
    write_idx(tmp_path / "t10k-labels-idx1-ubyte.gz", onp.array([7, 0, 9], "uint8"))
    data = kind(root=tmp_path, train=False)
    image, label = data[2]
    assert (len(data), image.shape, image.dtype, int(label), label.dtype) == (3, (28, 28, 1), "uint8", 9, "int32")
    assert (image.asnumpy()[:, :, 0] == images[2]).all()
    assert kind(root=tmp_path, train=False, transform=lambda x, y: int(y))[0] == 7


@pytest.mark.parametrize(
    "content",
    [b"", b"no gzip", gzip.compress(b"\0\0\x08\x03\0\0"), gzip.compress(b"\0\0\x0d\x01\0\0\0\1\0"),
     gzip.compress(b"\0\0\x08\x03" + b"\xff" * 12),
     gzip.compress(struct.pack(">HBB3I", 0, 8, 3, 1, 28, 28) + bytes(785))],
    ids=["empty", "plain", "cut", "floats", "huge", "long"],
)  # fmt: skip
def test_mnist_refuses_other_files(content, tmp_path, published):
    for name in ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"):
        (tmp_path / name).write_bytes(content)
    with pytest.raises(mx.MXNetError, match="train-images-idx3-ubyte"):
        vision.MNIST(root=tmp_path)


@pytest.mark.parametrize(
    ("kind", "names", "label_bytes", "options", "label"),
    [(vision.CIFAR10, [f"data_batch_{i}.bin" for i in range(1, 6)], [3], {}, 3),
     (vision.CIFAR100, ["train.bin"], [3, 57], {}, 3),
     (vision.CIFAR100, ["train.bin"], [3, 57], {"fine_label": True}, 57)],
    ids=["10", "100", "100 fine"],
)  # fmt: skip
def test_cifar_reads_its_files(kind, names, label_bytes, options, label, tmp_path, published):
    pixels = onp.arange(3072, dtype="uint32").astype("uint8")
    for name in names:
        (tmp_path / name).write_bytes((bytes(label_bytes) + pixels.tobytes()) * 2)
    data = kind(root=tmp_path, **options)
    image, found = data[-1]
    assert (len(data), int(found), image.shape) == (2 * len(names), label, (32, 32, 3))
    assert (image.asnumpy() == pixels.reshape(3, 32, 32).transpose(1, 2, 0)).all()
    (tmp_path / names[0]).write_bytes(b"short")
    with pytest.raises(mx.MXNetError, match="no whole number of records"):
        kind(root=tmp_path, **options)


def test_missing_dataset_says_where_it_belongs(tmp_path, monkeypatch):
    def offline(*arguments, **options):
        raise OSError("no network")

    monkeypatch.setattr("mxnet.gluon.utils.download", offline, raising=False)
    with pytest.raises(mx.MXNetError, match=r"train-images-idx3-ubyte\.gz.*no network"):
        vision.MNIST(root=tmp_path)


def test_folders_are_classes(tmp_path):
    for folder, file in (("b", "color.png"), ("a", "color.jpg"), ("a", "gray.png"), ("c", "text.png")):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / file).write_bytes((IMAGES / file).read_bytes())
    data = vision.ImageFolderDataset(tmp_path)
    assert data.synsets == ["a", "b", "c"]
    assert [(path[-9:], label) for path, label in data.items] == [
        ("color.jpg", 0), ("/gray.png", 0), ("color.png", 1), ("/text.png", 2)
    ]  # fmt: skip
    image, label = data[2]
    assert (image.shape, image.dtype, label) == ((13, 17, 3), "uint8", 1)
    assert vision.ImageFolderDataset(tmp_path, flag=0)[2][0].shape == (13, 17, 1)
    assert vision.ImageFolderDataset(tmp_path, transform=lambda x, y: y)[0] == 0
    with pytest.raises(mx.MXNetError, match="text.png"):
        data[3]
    (tmp_path / "a" / "note.txt").touch()
    with pytest.warns(UserWarning, match="note.txt"):
        vision.ImageFolderDataset(tmp_path)
    with pytest.raises(FileNotFoundError):
        vision.ImageFolderDataset(tmp_path / "nowhere")


def test_lists_of_images(tmp_path):
    data = vision.ImageListDataset(IMAGES, [[1, "color.png"], [[2, 3], "gray.png"]])
    assert [label.asnumpy().tolist() for _, label in data] == [[1], [2, 3]]
    assert data[1][0].shape == (13, 17, 3)
    (tmp_path / "all.lst").write_text("0\t5\tcolor.png\n")
    (tmp_path / "color.png").write_bytes((IMAGES / "color.png").read_bytes())
    image, label = vision.ImageListDataset(tmp_path, "all.lst")[0]
    assert (image.shape, label.asnumpy().tolist()) == ((13, 17, 3), [5])
    with pytest.raises(ValueError, match="imglist must be filename or list"):
        vision.ImageListDataset(tmp_path)


@pytest.mark.parametrize("shared", [False, True])
def test_images_with_channels_last_make_such_a_batch(shared):
    images = [mx.np.array(onp.random.rand(3, 5, 4)) for _ in range(3)]
    last = [mx.np.array(image.asnumpy().transpose(1, 2, 0).copy()).transpose((2, 0, 1)) for image in images]
    plain, made = batchify.Stack(shared)(images), batchify.Stack(shared)(last)
    assert (plain.asnumpy() == made.asnumpy()).all()
    assert plain._data.is_contiguous()
    assert made._data.is_contiguous(memory_format=torch.channels_last)
    assert plain._data.is_shared() == made._data.is_shared() == shared
    assert (batchify.Stack(shared)([images[0], last[1]])[1] == images[1]).all()
