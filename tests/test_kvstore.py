"""The key-value store of one process."""

import pytest

import mxnet as mx
from mxnet.base import MXNetError


def arrays(*numbers):
    return [mx.np.array([float(number)], device=mx.cpu(n)) for n, number in enumerate(numbers)]


def read(store, key, count=2):
    out = arrays(*[0] * count)
    store.pull(key, out)
    return [array.item() for array in out]


@pytest.mark.parametrize("name", ["local", "device", "Local"])
def test_push_sums_and_pull_copies(name):
    store = mx.kv.create(name)
    assert (store.type, store.rank, store.num_workers) == (name.lower(), 0, 1)
    start = arrays(1)[0]
    store.init(3, start)
    start[:] = 9
    assert read(store, 3) == [1, 1]
    store.push(3, arrays(2, 5))
    assert read(store, 3) == [7, 7]
    store.push(3, arrays(4)[0])
    assert read(store, 3) == [4, 4]


def test_lists_of_keys_and_the_joint_forms():
    store = mx.kv.create()
    store.init(["a", "b"], arrays(1, 2))
    store.push(["a", "b"], [arrays(1, 1), arrays(2, 2)])
    assert read(store, "a") + read(store, "b") == [2, 2, 4, 4]
    both = arrays(1, 2)
    store.pushpull("a", both)
    assert [array.item() for array in both] == [3, 3]
    out = arrays(0)
    store.pushpull("a", both, out)
    assert out[0].item() == 6
    store.broadcast("c", arrays(8)[0], both)
    assert [array.item() for array in both] == [8, 8]


def test_an_updater_takes_in_what_is_pushed(tmp_path):
    store = mx.kv.create("device")
    store.init(0, arrays(1)[0])
    with pytest.raises(AssertionError, match="no optimizer"):
        store.save_optimizer_states(tmp_path / "states")
    store.set_optimizer(mx.optimizer.SGD(learning_rate=0.5, momentum=0.5))
    store.push(0, arrays(1, 1))
    assert read(store, 0) == [0, 0]
    store.save_optimizer_states(tmp_path / "states")
    other = mx.kv.create("device")
    other.init(0, arrays(0)[0])
    other.set_optimizer(mx.optimizer.SGD(learning_rate=0.5, momentum=0.5))
    other.load_optimizer_states(tmp_path / "states")
    for each in (store, other):
        each.push(0, arrays(0))
        assert read(each, 0) == [-0.5, -0.5]
    seen = []
    store._set_updater(lambda key, pushed, stored: seen.append((key, pushed.item(), stored.item())))
    store.push(0, arrays(2, 3))
    assert seen == [(0, 5.0, -0.5)]
    with pytest.raises(TypeError, match="needs an Optimizer"):
        store.set_optimizer("sgd")


def test_wrong_calls():
    store = mx.kv.create()
    store.init(1, arrays(1)[0])
    with pytest.raises(MXNetError, match="key 1 is in the store already"):
        store.init(1, arrays(1)[0])
    with pytest.raises(MXNetError, match="all integers or all strings"):
        store.init("a", arrays(1)[0])
    with pytest.raises(AssertionError, match="integer or a string, not 1.5"):
        store.init(1.5, arrays(1)[0])
    with pytest.raises(AssertionError, match="2 keys and 1 values"):
        store.push([1, 1], [arrays(1)[0]])
    for call in (store.push, store.pull):
        with pytest.raises(MXNetError, match="key 2 is not in the store"):
            call(2, arrays(1)[0])
        with pytest.raises(MXNetError, match=r"holds an array of shape \(1,\), but one of shape \(3,\)"):
            call(1, mx.np.zeros(3))


def test_wrong_names():
    with pytest.raises(MXNetError, match="'dist_sync': training in several processes comes with a later release"):
        mx.kv.create("dist_sync")
    with pytest.raises(MXNetError, match="there is no kvstore 'lokal': choose among local, "):
        mx.kv.create("lokal")
    with pytest.raises(TypeError, match="named by a string, not 3"):
        mx.kv.create(3)
