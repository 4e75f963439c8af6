"""The key-value store of one process, and the names of stores."""

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


def test_arrays_of_a_key_that_comes_twice_are_summed():
    store = mx.kv.create()
    store.init([1, 2], arrays(0, 0))
    store.push([1, 2, 1], [arrays(1)[0], arrays(10)[0], arrays(2, 4)])
    assert read(store, 1) + read(store, 2) == [7, 7, 10, 10]
    seen = []
    store._set_updater(lambda key, pushed, stored: seen.append((key, pushed.item())))
    store.push([1, 1], arrays(3, 4))
    assert seen == [(1, 7.0)]


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
        store.init([2, 1], arrays(1, 1))
    with pytest.raises(MXNetError, match="key 2 .*comes twice"):
        store.init([2, 2], arrays(1, 1))
    with pytest.raises(MXNetError, match="all integers or all strings"):
        store.init([2, "a"], arrays(1, 1))
    with pytest.raises(MXNetError, match="all integers or all strings"):
        store.init("a", arrays(1)[0])
    with pytest.raises(AssertionError, match="integer or a string, not 1.5"):
        store.init(1.5, arrays(1)[0])
    for given, kind in ((3.0, "float"), ([], r"\[\]"), ([3.0], r"\['float'\]"), (None, "NoneType")):
        with pytest.raises(TypeError, match=f"value of key 2 must be an array or a list of arrays, not {kind}"):
            store.init(2, given)
    with pytest.raises(AssertionError, match="2 keys and 1 values"):
        store.push([1, 1], [arrays(1)[0]])
    for call in (store.push, store.pull):
        with pytest.raises(MXNetError, match="key 2 is not in the store"):
            call(2, arrays(1)[0])
        with pytest.raises(MXNetError, match=r"holds an array of shape \(1,\), but one of shape \(3,\)"):
            call(1, mx.np.zeros(3))


def test_wrong_names():
    with pytest.raises(MXNetError, match="there is no kvstore 'lokal': choose among local, device, nccl, dist"):
        mx.kv.create("lokal")
    with pytest.raises(TypeError, match="named by a string, not 3"):
        mx.kv.create(3)


def test_what_one_process_does_not_do():
    store = mx.kv.create("nccl")
    store.barrier()
    assert store.is_capable("optimizer") and not store.is_capable("flight")
    with pytest.raises(MXNetError, match="sparse storage, which are not there: use pull"):
        store.row_sparse_pull(1, out=arrays(1)[0], row_ids=arrays(0)[0])
    with pytest.warns(UserWarning, match="kvstore 'nccl': gradients within one process are not compressed"):
        store.set_gradient_compression({"type": "2bit", "threshold": 0.5})


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"type": "3bit"}, "'type': 'fp16' or 'bf16' or '2bit'"),
        ({"threshold": 0.5}, "not with {'threshold': 0.5}"),
        ({"type": "2bit", "speed": 3}, "not with {'type': '2bit', 'speed': 3}"),
        ({"type": "2bit", "threshold": 0}, "must be positive, not 0"),
        ({"type": "2bit", "threshold": float("nan")}, "must be positive, not nan"),
        ({"type": "2bit", "threshold": "small"}, "must be positive, not 'small'"),
    ],
)
def test_wrong_compression(params, message):
    with pytest.raises(MXNetError, match=message):
        mx.kv.create().set_gradient_compression(params)


def test_an_error_in_one_of_several_keys_changes_nothing():
    store = mx.kv.create()
    store.init("a", arrays(1)[0])
    for wrong in (("a", "b"), ("b", "a")):
        with pytest.raises(MXNetError, match="'b' is not in the store"):
            store.push(list(wrong), arrays(5, 5))
    assert read(store, "a") == [1, 1]


@pytest.fixture
def own_store(monkeypatch):
    """A registered store whose sums are those of two processes that have the same gradients."""
    monkeypatch.setattr(mx.kv.KVStoreBase, "kv_registry", dict(mx.kv.KVStoreBase.kv_registry))

    @mx.kv.KVStoreBase.register
    class Doubling(mx.kv.KVStoreBase):
        type, rank, num_workers = "doubling", 0, 2

        def __init__(self):
            self.calls = []

        def broadcast(self, key, value, out, priority=0):
            self.calls.append(("broadcast", key))
            for array in out:
                array[:] = value

        def pushpull(self, key, value, out=None, priority=0):
            self.calls.append(("pushpull", key, priority))
            total = sum(array.asnumpy() for array in value)
            for array in value if out is None else out:
                array[:] = 2 * total

    return Doubling


def test_a_store_of_ones_own_sums_the_gradients_of_a_trainer(own_store):
    param = mx.gluon.Parameter("w", shape=(1,))
    param.initialize(mx.init.One(), device=[mx.cpu(0), mx.cpu(1)])
    trainer = mx.gluon.Trainer([param], "sgd", {"learning_rate": 0.1}, kvstore="Doubling")
    for _ in range(2):
        with mx.autograd.record():
            heads = [array * factor for array, factor in zip(param.list_data(), (1, 3), strict=True)]
        mx.autograd.backward(heads)
        trainer.step(4)
    assert [array.item() for array in param.list_data()] == [pytest.approx(0.6)] * 2
    assert trainer._kvstore.calls == [("broadcast", 0), ("pushpull", 0, 0), ("pushpull", 0, 0)]
    with pytest.raises(UserWarning, match="has not been updated by backward"):
        trainer.step(4)
    with pytest.raises(ValueError, match="needs a kvstore that updates, but kvstore is 'doubling'"):
        mx.gluon.Trainer([param], "sgd", kvstore=own_store(), update_on_kvstore=True)


def test_what_a_store_of_ones_own_lacks(own_store):
    store = own_store()
    assert not store.is_capable(mx.kv.KVStoreBase.OPTIMIZER)
    with pytest.raises(NotImplementedError, match="Doubling does not define set_optimizer"):
        store.set_optimizer(mx.optimizer.SGD())
    with pytest.raises(NotImplementedError, match="KVStoreBase does not define type"):
        _ = mx.kv.KVStoreBase().type
    with pytest.warns(UserWarning, match="replaces .* under the name 'doubling'"):
        mx.kv.KVStoreBase.register(own_store)
    with pytest.raises(AssertionError, match="takes a class"):
        mx.kv.KVStoreBase.register(store)
