"""Initializers: the rules by name, the values, the spreads, the registry."""

import json
import logging

import numpy as onp
import pytest
import torch
from references import load

import mxnet as mx
from mxnet import init
from mxnet.initializer import InitDesc

RECORD = load("initializer.json")


def fill(made, shape, name="weight", dtype="float32", **desc):
    array = mx.np.array(onp.full(shape, 7.0), dtype=dtype)
    made(InitDesc(name, **desc), array)
    return array.asnumpy()


def make(expression):
    return eval(f"init.{expression}", {"init": init})


# What the name decides


@pytest.mark.parametrize("name", RECORD["by_name"])
def test_the_name_decides_as_in_genuine(name):
    expected = RECORD["by_name"][name]
    if expected == "ValueError":
        with pytest.raises(ValueError, match=f"Unknown initialization pattern for {name}"):
            fill(init.Constant(3), (2, 2), name)
    else:
        assert (fill(init.Constant(3), (2, 2), name) == expected).all()


@pytest.mark.parametrize("own", [init.One(), "ones", '["one", {}]', init.One().dumps()])
@pytest.mark.parametrize("name", ["bias", "foo", "weight"])
def test_a_parameters_own_initializer_wins_over_its_name(own, name):
    assert (fill(init.Zero(), (2, 3), name, attrs={"__init__": own}) == 1).all()


def test_nothing_is_written_when_the_name_is_unknown():
    array = mx.np.array([7.0])
    with pytest.raises(ValueError):
        init.One()(InitDesc("foo"), array)
    assert array.item() == 7


def test_a_plain_string_is_deprecated_but_works():
    array = mx.np.array([7.0])
    with pytest.warns(DeprecationWarning, match="InitDesc"):
        init.One()("weight", array)
    assert array.item() == 1
    with pytest.raises(TypeError, match="name must be string"):
        init.One()(3, array)


def test_description():
    desc = InitDesc("w", {"a": "b"}, init.One())
    assert (desc, desc.attrs, desc.global_init) == ("w", {"a": "b"}, init.One())
    assert (InitDesc("x").attrs, InitDesc("x").global_init) == ({}, None)


# Values


@pytest.mark.parametrize(("expression", "shape", "expected"), RECORD["exact"])
def test_values_without_chance(expression, shape, expected):
    onp.testing.assert_allclose(fill(make(expression), shape), expected, rtol=1e-6)


@pytest.mark.parametrize(("expression", "shape", "expected"), RECORD["spread"])
def test_spread_is_that_of_genuine(expression, shape, expected):
    if isinstance(expected, str):
        with pytest.raises(ValueError, match="at least 2D"):
            fill(make(expression), shape)
        return
    values = fill(make(expression), shape)
    deviation, largest = expected
    assert values.std() == pytest.approx(deviation, rel=0.06 if values.size > 100 else 0.5)
    assert abs(values.mean()) < 6 * deviation / values.size**0.5
    if "Uniform" in expression or "uniform" in expression or expression == "Xavier()":
        assert abs(values).max() == pytest.approx(largest, rel=0.01 if values.size > 100 else 0.5)


@pytest.mark.parametrize("shape", [(5, 5), (4, 6), (6, 4), (2, 3, 4), (8, 2, 1, 2), (1, 1)])
@pytest.mark.parametrize("kind", ["uniform", "normal"])
def test_orthogonal_rows_or_columns(shape, kind):
    matrix = fill(init.Orthogonal(2.0, kind), shape).reshape(shape[0], -1)
    product = matrix @ matrix.T if matrix.shape[0] <= matrix.shape[1] else matrix.T @ matrix
    onp.testing.assert_allclose(product, 4 * onp.eye(len(product)), atol=1e-5)


@pytest.mark.parametrize(("arguments", "expected"), RECORD["fused"])
def test_fused_recurrent_parts(arguments, expected):
    made = init.RNNFused(*arguments, *[init.Constant(number) for number in range(1, 6)])
    assert fill(made, (len(expected),)).tolist() == expected
    assert init.create(made.dumps()) == made


def test_fused_parts_left_open_get_the_networks_initializer():
    made = init.RNNFused("lstm", 1, 2, i2h_bias_initializer="zeros", h2h_bias_initializer="zeros")
    values = fill(made, (56,), "rnn_weight", global_init=init.Constant(7))
    assert values.tolist() == [7] * 40 + [0] * 16
    values = fill(made, (56,), "rnn_weight", global_init=init.Xavier())
    assert 0 < abs(values[:24]).max() <= (3 / ((8 + 3) / 2)) ** 0.5


def test_fused_refuses_a_length_that_does_not_fit():
    with pytest.raises(ValueError, match="no parameter vector"):
        fill(init.RNNFused("lstm", 1, 2), (55,))
    with pytest.raises(ValueError, match="mode must be one of"):
        init.RNNFused("lst", 1, 2)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64", "int32"])
@pytest.mark.parametrize("made", [init.Xavier(), init.Orthogonal(), init.Zero(), init.Normal()])
def test_every_type_is_filled(dtype, made):
    values = fill(made, (4, 4), dtype=dtype)
    assert (values != 7).all()


@pytest.mark.parametrize("shape", [(0, 5), (5, 0), (0, 2, 3, 3)])
@pytest.mark.parametrize("made", [init.Xavier("uniform", "out"), init.Orthogonal(), init.Uniform(), init.One()])
def test_empty_arrays(shape, made):
    assert fill(made, shape).shape == shape


def test_memory_order_is_kept_and_does_not_change_the_values():
    plain, last = (
        torch.zeros(4, 3, 2, 2).to(memory_format=kind) for kind in (torch.contiguous_format, torch.channels_last)
    )
    for tensor in (plain, last):
        mx.random.seed(3)
        init.Xavier()(InitDesc("weight"), mx.np.from_torch(tensor))
    assert last.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(plain, last)
    assert plain.any()


def test_legacy_arrays_are_filled():
    array = mx.np.array([[7.0, 7.0]]).as_nd_ndarray()
    init.Xavier()(InitDesc("weight"), array)
    assert (array.asnumpy() != 7).all()


def test_seeds_repeat():
    mx.random.seed(1)
    first = fill(init.Normal(), (3, 3))
    mx.random.seed(1)
    assert (fill(init.Normal(), (3, 3)) == first).all()


@pytest.mark.parametrize(
    "expression", ["Xavier('foo')", "Xavier(factor_type='foo')", "Xavier(magnitude=-3)", "Orthogonal(1, 'foo')"]
)
def test_wrong_arguments(expression):
    with pytest.raises(ValueError):
        make(expression)


def test_bilinear_needs_four_dimensions():
    with pytest.raises(ValueError, match="4 dimensions"):
        fill(init.Bilinear(), (3, 4))


# Names and JSON


@pytest.mark.parametrize("expression", RECORD["dumps"])
def test_json_is_genuines_and_is_read_back(expression):
    made = make(expression)
    assert made.dumps() == RECORD["dumps"][expression]
    assert init.create(made.dumps()) == made


@pytest.mark.parametrize("arguments", RECORD["created"])
def test_create(arguments):
    try:
        found = eval(f"init.create({arguments})", {"init": init}).dumps()
    except Exception as error:
        found = type(error).__name__
    assert found == RECORD["created"][arguments]


def test_unknown_names_list_the_nearest_first():
    with pytest.raises(AssertionError, match="xaver is not registered.*registered are xavier, "):
        init.create("xaver")


def test_equality_and_repr():
    assert init.Constant(3) == init.Constant(3)
    assert init.Constant(mx.np.array([1.0])) == init.Constant([1.0])
    assert init.Xavier() != init.Xavier(magnitude=2)
    assert init.One() != init.Zero()
    assert repr(init.Normal(0.5)) == "Normal(sigma=0.5)"
    assert json.loads(init.Constant(onp.float32(2)).dumps()) == ["constant", {"value": 2.0}]


@pytest.fixture
def registered(monkeypatch):
    registry = mx.registry._registries[init.Initializer]
    for name in ("halves", "half", "midway"):
        monkeypatch.setitem(registry, name, None)
        del registry[name]

    @init.register
    @init.alias("half", "midway")
    class Halves(init.Initializer):
        def _init_weight(self, name, arr):
            arr[:] = 0.5

    return Halves


def test_register_and_alias(registered):
    for name in ("halves", "half", "midway", "HALVES"):
        assert isinstance(init.create(name), registered)
    assert (fill(init.create("half"), (2,)) == 0.5).all()
    with pytest.warns(UserWarning, match="overriding"):
        init.register(type("Halves", (init.Initializer,), {}))
    with pytest.raises(AssertionError, match="subclass of Initializer"):
        init.register(int)
    with pytest.raises(NotImplementedError, match="_init_weight"):
        fill(init.Initializer(), (2,))


def test_verbosity(caplog):
    with caplog.at_level(logging.INFO):
        fill(init.Constant(2).set_verbosity(True), (4,))
        fill(init.One().set_verbosity(True, lambda array: f"shape {array.shape}"), (4,), "x_bias")
        fill(init.One().set_verbosity(False), (4,))
    assert caplog.messages == ["Initialized weight as weight: 2.0", "Initialized x_bias as bias: shape (4,)"]


# Choosing by name


def test_load(tmp_path):
    from mxnet import formats

    values = {"arg:weight": torch.tensor([[1.0, 2.0]]), "aux:mean": torch.tensor([3.0])}
    path = tmp_path / "net.params"
    formats.save_list(path, values)
    for source in (path, str(path), {name: mx.np.from_torch(value) for name, value in values.items()}):
        made = init.Load(source)
        array = mx.np.array([[0.0, 0.0]])
        made("weight", array)
        assert array.asnumpy().tolist() == [[1, 2]]
        with pytest.raises(AssertionError, match="Shape mismatch"):
            made("mean", array)
        with pytest.raises(AssertionError, match="Not found"):
            made("foo", array)


def test_load_refuses_two_values_of_one_name(tmp_path):
    values = {"arg:weight": mx.np.zeros(1), "weight": mx.np.ones(1)}
    with pytest.raises(mx.MXNetError, match="^'weight' is there twice"):
        init.Load(values)
    mx.npx.savez(str(tmp_path / "x.npz"), **values)
    with pytest.raises(mx.MXNetError, match="x.npz: 'weight' is there twice"):
        init.Load(tmp_path / "x.npz")


def test_load_falls_back_on_its_default():
    array = mx.np.array([0.0])
    init.Load({}, default_init=init.One())(InitDesc("weight"), array)
    assert array.item() == 1
    with pytest.raises(AssertionError, match="named arrays"):
        init.Load([1])


def test_mixed():
    made = init.Mixed(["stage1", ".*"], [init.Constant(1), init.Constant(2)])
    for name, expected in (("stage1.weight", 1), ("stage2.weight", 2), ("stage1.bias", 0)):
        array = mx.np.array([9.0])
        made(InitDesc(name), array)
        assert array.item() == expected
    with pytest.raises(ValueError, match="did not match any pattern"):
        init.Mixed(["bias"], [init.Zero()])(InitDesc("weight"), array)
    with pytest.raises(AssertionError, match="1 patterns for 0 initializers"):
        init.Mixed(["bias"], [])


# In a network


@pytest.mark.parametrize("chosen", [init.One(), "ones"])
def test_the_networks_initializer_fills_parameters_without_their_own_whatever_their_names(chosen):
    block = mx.gluon.Block()
    block.foo = mx.gluon.Parameter("foo", shape=(2,))
    block.bias = mx.gluon.Parameter("bias", shape=(2,))
    block.weight = mx.gluon.Parameter("weight", shape=(2,), init="zeros")
    block.initialize(chosen)
    found = {name: parameter.data().asnumpy().tolist() for name, parameter in block.collect_params().items()}
    assert found == {"foo": [1, 1], "bias": [1, 1], "weight": [0, 0]}


class Recorder(init.Initializer):
    """Writes down the names it is given."""

    def __init__(self):
        super().__init__()
        self.names = []

    def _init_weight(self, name, data):
        self.names.append(str(name))
        data[:] = 1


def test_an_initializer_is_told_a_parameters_own_name():
    recorder = Recorder()
    block = mx.gluon.nn.HybridSequential()
    block.add(mx.gluon.nn.Dense(2, in_units=2), mx.gluon.nn.Dense(2))
    block.attribute = mx.gluon.Parameter("own", shape=(1,), init=recorder)
    block.initialize(recorder)
    block[1](mx.np.ones((1, 2)))
    assert recorder.names == ["own", "weight", "weight"]


def test_mixed_chooses_by_the_place_in_the_network():
    block = mx.gluon.nn.HybridSequential()
    block.add(mx.gluon.nn.Dense(1, in_units=1), mx.gluon.nn.Dense(1, in_units=1))
    block.initialize(init.Mixed(["1.*", ".*"], [init.Constant(3), init.Constant(2)]))
    assert [block[index].weight.data().item() for index in (0, 1)] == [2, 3]
