"""Blocks: structure, parameters, hooks, files, shapes; facts observed in MXNet 2.0.0b1."""

import gc
import weakref

import numpy as onp
import pytest

import mxnet as mx
from mxnet import autograd, gluon, np
from mxnet.gluon import nn


class Affine(gluon.HybridBlock):
    """A block with a parameter of its own whose shape the input tells."""

    def __init__(self):
        super().__init__()
        self.scale = gluon.Parameter("scale", shape=(0,), init="ones", allow_deferred_init=True)
        self.body = nn.Dense(2)

    def forward(self, x):
        return self.body(x * self.scale.data_for(x))

    def infer_shape(self, x):
        self.scale.shape = (x.shape[-1],)


def small(seed=0):
    mx.random.seed(seed)
    net = nn.HybridSequential()
    net.add(nn.Conv2D(4, 3), nn.BatchNorm(), nn.Activation("relu"), nn.Flatten(), nn.Dense(3))
    net.initialize()
    return net


@pytest.fixture
def images():
    return np.array(onp.random.RandomState(1).rand(2, 3, 6, 6))


# Structure


def test_parameters_are_named_by_path_own_ones_first():
    class Net(gluon.Block):
        def __init__(self):
            super().__init__()
            self.body = nn.Dense(2)
            self.w = gluon.Parameter("w", shape=(1,))

        def forward(self, x):
            return self.body(x)

    net = Net()
    assert list(net.collect_params()) == ["w", "body.weight", "body.bias"]
    assert list(net.params) == ["w"]
    assert list(net.collect_params("body.*weight|w")) == ["w", "body.weight"]
    assert list(net.collect_params("weight")) == []


def test_a_child_with_two_names_has_its_parameters_twice():
    net = nn.HybridSequential()
    layer = nn.Dense(2, in_units=2)
    net.add(layer, layer)
    assert list(net.collect_params()) == ["0.weight", "0.bias", "1.weight", "1.bias"]
    net.initialize()  # once, so without the warning of a second initialization


def test_attributes_keep_their_kind():
    net = Affine()
    with pytest.raises(TypeError, match="Changing attribute type for body from .*Dense.* to .*int.* is not allowed"):
        net.body = 5
    with pytest.raises(TypeError, match="Changing attribute type for scale"):
        net.scale = 5
    net.body = nn.Dense(7)
    assert net.collect_params()["body.weight"].shape == (7, -1)
    del net.body
    assert list(net.collect_params()) == ["scale"]


def test_forgotten_super_is_named():
    class Net(gluon.HybridBlock):
        def __init__(self):
            self.body = nn.Dense(1)

    with pytest.raises(AttributeError, match=r"Net.__init__\(\) must call super"):
        Net()


def test_children_are_blocks_and_of_hybrid_blocks_hybrid():
    with pytest.raises(TypeError, match="must be a Block"):
        gluon.Block().register_child(5)

    class Plain(gluon.Block):
        def forward(self, x):
            return x

    with pytest.raises(ValueError, match="Children of HybridBlock must also be HybridBlock"):
        nn.HybridSequential().add(Plain())
    nn.Sequential().add(Plain())


def test_registered_children_live_and_are_called_as_in_mxnet():
    net = gluon.Block()
    net.register_child(nn.Dense(1), "inner")
    gc.collect()
    assert isinstance(net._children["inner"](), nn.Dense)


def test_blocks_hidden_in_containers_are_warned_of():
    class Net(gluon.Block):
        def __init__(self):
            super().__init__()
            self.layers = [nn.Dense(1), {"deep": nn.Dense(2)}]

    with pytest.warns(UserWarning, match='"Net.layers" is an unregistered container with Blocks'):
        Net().collect_params()


def test_apply_visits_children_first():
    net = Affine()
    seen = []
    assert net.apply(lambda block: seen.append(type(block).__name__)) is net
    assert seen == ["Dense", "Affine"]


def test_a_dropped_network_is_freed():
    net = small()
    net(np.ones((1, 3, 6, 6)))
    reference = weakref.ref(net)
    del net
    gc.collect()
    assert reference() is None


# Parameters


def test_settings_reach_all_parameters(images):
    net = small()
    net(images)
    net.setattr("lr_mult", 0.5)
    assert {param.lr_mult for param in net.collect_params().values()} == {0.5}
    net.setattr("grad_req", "null")
    assert net[0].weight.grad_req == "null"


def test_zero_grad(images):
    net = small()
    with autograd.record():
        loss = net(images).sum()
    loss.backward()
    assert float(abs(net[4].weight.grad()).sum()) > 0
    net.zero_grad()
    assert float(abs(net[4].weight.grad()).sum()) == 0


def test_cast_leaves_batch_norm_in_single_precision():
    net = small()
    net.cast("float16")
    assert net[0].weight.dtype == "float16"
    assert net[1].gamma.dtype == "float32"
    net.cast("float64")
    assert net[1].gamma.dtype == "float64"


def test_reset_device(images):
    net = small()
    net(images)
    net.reset_device([mx.cpu(0), mx.cpu(1)])
    assert net[0].weight.list_device() == [mx.cpu(0), mx.cpu(1)]
    assert net(images.as_in_ctx(mx.cpu(1))).device == mx.cpu(1)
    with pytest.warns(DeprecationWarning, match="Block.reset_ctx has been renamed to Block.reset_device"):
        net.reset_ctx(mx.cpu(0))


def test_share_parameters():
    first, second = nn.Dense(2, in_units=3), nn.Dense(2, in_units=3)
    assert second.share_parameters(first.collect_params()) is second
    assert second.weight is first.weight
    with pytest.raises(ValueError, match="'shared' should be in type of Dict"):
        second.share_parameters(5)
    with pytest.warns(UserWarning, match="Parameter name zzz is not in the current model"):
        second.share_parameters({"zzz": first.weight})


def test_initialize_reports_when_asked(caplog):
    net = nn.Dense(2, in_units=2)
    with caplog.at_level("INFO"):
        net.initialize(verbose=True)
    assert "weight" in caplog.text


def test_mixed_initializers_choose_by_path():
    net = nn.HybridSequential()
    net.add(nn.Dense(2, in_units=2, bias_initializer=None), nn.Dense(2, in_units=2))
    net.initialize(mx.init.Mixed(["0", ".*"], [mx.init.One(), mx.init.Zero()]))
    assert (net[0].weight.data().asnumpy() == 1).all()
    assert (net[1].weight.data().asnumpy() == 0).all()


# Running


def test_uninitialized_networks_say_what_to_do(images):
    with pytest.raises(RuntimeError, match=r"Parameter 'weight' has not been initialized.*initialize\(\)"):
        nn.Dense(2)(images)


def test_deferred_parameters_of_a_block_of_ones_own():
    net = Affine()
    net.initialize()
    assert net(np.ones((2, 5))).shape == (2, 2)
    assert net.scale.shape == (5,)


def test_infer_shape_completes_every_shape_and_computes_nothing(images):
    net = small()
    called = []
    net[1].register_forward_hook(lambda *_: called.append(1))
    net.infer_shape(images)
    assert net[0].weight.shape == (4, 3, 3, 3)
    assert net[1].running_mean.shape == (4,)
    assert net[4].weight.shape == (3, 64)
    assert not called
    with pytest.raises(gluon.DeferredInitializationError):
        net[0].weight.data()


def test_infer_shape_needs_no_initialization(images):
    net = nn.HybridSequential()
    net.add(nn.Conv2D(4, 3), nn.BatchNorm(), nn.Dense(2))
    net.infer_shape(images)
    assert all(size > 0 for param in net.collect_params().values() for size in param.shape)
    with pytest.raises(RuntimeError, match="has not been initialized"):
        net(images)


def test_infer_shape_says_what_is_missing():
    class Net(gluon.HybridBlock):
        def __init__(self):
            super().__init__()
            self.w = gluon.Parameter("w", shape=(3, 0), allow_deferred_init=True)

        def forward(self, x):
            return x

    net = Net()
    net.initialize()
    message = r"Net has parameters with unknown shape.*implement Net.infer_shape.*w \(\(3, -1\)\)"
    with pytest.raises(RuntimeError, match=message):
        net(np.ones((1, 2)))
    with pytest.raises(RuntimeError, match=message):
        net.infer_shape(np.ones((1, 2)))


def test_missing_forward_is_named():
    with pytest.raises(NotImplementedError, match="Block must define forward"):
        gluon.Block()(np.ones(1))


def test_wrong_arguments(images):
    net = small()
    net(images)
    with pytest.raises(TypeError):
        net()
    with pytest.raises(mx.MXNetError, match="Convolution"):
        net(np.ones((1, 4, 6, 6)))
    with pytest.raises(mx.MXNetError, match="Convolution"):
        net(np.ones((3, 6, 6)))
    with pytest.raises(mx.MXNetError, match="float64"):
        net(np.ones((1, 3, 6, 6), dtype="float64"))


def test_hooks_stay_when_nobody_keeps_their_handles():
    block, called = nn.Identity(), []
    for number in range(5):
        block.register_forward_hook(lambda *_, number=number: called.append(number))
    block(np.ones(1))
    assert called == [0, 1, 2, 3, 4]


def test_a_hook_registered_twice_is_one_hook():
    block, called = nn.Identity(), []

    def hook(*_):
        called.append(1)

    first, second = block.register_forward_hook(hook), block.register_forward_hook(hook)
    block(np.ones(1))
    assert called == [1]
    first.detach()
    second.detach()
    block(np.ones(1))
    assert called == [1]


def test_hooks_see_inputs_and_outputs_and_can_be_taken_away(images):
    net = small()
    log = []
    before = net.register_forward_pre_hook(lambda block, inputs: log.append(("before", block, type(inputs))))
    after = net.register_forward_hook(lambda block, inputs, output: log.append(("after", block, output.shape)))
    net(images)
    assert log == [("before", net, tuple), ("after", net, (2, 3))]
    before.detach()
    after.detach()
    after.detach()
    net(images)
    assert len(log) == 2
    with net.register_forward_hook(lambda *_: log.append("with")):
        net(images)
    net(images)
    assert log[2:] == ["with"]


def test_running_statistics_change_only_in_training(images):
    net = small()
    net(images)
    before = net[1].running_mean.data().asnumpy()
    net(images)
    onp.testing.assert_array_equal(net[1].running_mean.data().asnumpy(), before)
    with autograd.record():
        net(images)
    assert (net[1].running_mean.data().asnumpy() != before).any()


def test_hybridize_checks_its_arguments_and_changes_no_result(images):
    net = small()
    expected = net(images).asnumpy()
    net.hybridize(static_alloc=True)
    onp.testing.assert_array_equal(net(images).asnumpy(), expected)
    with pytest.raises(TypeError):
        net.hybridize(foo=1)
    with pytest.raises(mx.MXNetError, match="static_alloc"):
        net.hybridize(static_alloc="x")
    with pytest.raises(AssertionError, match="must not be hybridized to print summary"):
        net.summary(images)


# Files


def test_parameters_survive_a_round_trip(tmp_path, images):
    net, other = small(0), small(1)
    expected = net(images).asnumpy()
    assert (other(images).asnumpy() != expected).any()
    net.save_parameters(tmp_path / "net.params")
    other.load_parameters(tmp_path / "net.params")
    onp.testing.assert_array_equal(other(images).asnumpy(), expected)
    fresh = nn.HybridSequential()
    fresh.add(nn.Conv2D(4, 3), nn.BatchNorm(), nn.Activation("relu"), nn.Flatten(), nn.Dense(3))
    fresh.load_parameters(str(tmp_path / "net.params"))
    onp.testing.assert_array_equal(fresh(images).asnumpy(), expected)


def test_npz_is_read_too(tmp_path, images):
    net, other = small(0), small(1)
    expected = net(images).asnumpy()
    other(images)
    onp.savez(tmp_path / "net.npz", **{name: p.data().asnumpy() for name, p in net.collect_params().items()})
    other.load_parameters(tmp_path / "net.npz")
    onp.testing.assert_array_equal(other(images).asnumpy(), expected)


def test_uninitialized_parameters_are_not_saved(tmp_path):
    with pytest.raises(gluon.DeferredInitializationError):
        small().save_parameters(tmp_path / "net.params")
    assert not list(tmp_path.iterdir())


def test_shared_parameters_can_be_saved_once(tmp_path):
    net = nn.HybridSequential()
    net.add(nn.Dense(2, in_units=2), nn.Dense(2, in_units=2))
    net[1].share_parameters(net[0].params)
    net.initialize()
    net.save_parameters(tmp_path / "all.params")
    net.save_parameters(tmp_path / "once.params", deduplicate=True)
    assert set(mx.formats.load(tmp_path / "all.params")) == {"0.weight", "0.bias", "1.weight", "1.bias"}
    assert set(mx.formats.load(tmp_path / "once.params")) == {"1.weight", "1.bias"}
    net.load_parameters(tmp_path / "once.params")
    apart = nn.HybridSequential()
    apart.add(nn.Dense(2, in_units=2), nn.Dense(2, in_units=2))
    with pytest.raises(AssertionError, match="'0.weight' is missing"):
        apart.load_parameters(tmp_path / "once.params")


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (
            lambda d: d.pop("0.weight"),
            AssertionError,
            "Parameter '0.weight' is missing in 'param_dict', which contains.*allow_missing",
        ),
        (
            lambda d: d.update(extra=onp.ones(1)),
            ValueError,
            "'extra' loaded from 'param_dict' is not present.*ignore_extra",
        ),
        (
            lambda d: d.update({"0.bias": onp.ones(5, "f4")}),
            AssertionError,
            r"'0.bias'.*shape incompatible expected \(4,\) vs saved \(5,\)",
        ),
        (
            lambda d: d.update({"0.bias": onp.ones(4)}),
            AssertionError,
            "'0.bias'.*dtype incompatible expected float32 vs saved float64",
        ),
    ],
)
def test_a_dict_that_does_not_fit_changes_nothing(images, change, error, message):
    net, other = small(0), small(1)
    net(images)
    before = other(images).asnumpy()
    values = {name: param.data().asnumpy() for name, param in net.collect_params().items()}
    change(values)
    with pytest.raises(error, match=message):
        other.load_dict(values)
    onp.testing.assert_array_equal(other(images).asnumpy(), before)


def test_what_may_be_forgiven_in_a_dict(images):
    net, other = small(0), small(1)
    net(images)
    other(images)
    values = {"arg:" + name: param.data() for name, param in net.collect_params().items()}
    del values["arg:0.bias"]
    values["aux:more"] = np.ones(1)
    other.load_dict(values, allow_missing=True, ignore_extra=True)
    onp.testing.assert_array_equal(other[0].weight.data().asnumpy(), net[0].weight.data().asnumpy())


@pytest.mark.parametrize(("source", "expected"), [("current", "float16"), ("saved", "float32")])
def test_types_can_be_converted(source, expected):
    net = nn.Dense(2, in_units=2)
    net.cast("float16")
    net.initialize()
    values = {"weight": np.ones((2, 2)), "bias": np.ones(2)}
    with pytest.raises(AssertionError, match="cast_dtype=True"):
        net.load_dict(values)
    net.load_dict(values, cast_dtype=True, dtype_source=source)
    assert net.weight.data().dtype == expected
    with pytest.raises(AssertionError, match="dtype_source"):
        net.load_dict(values, cast_dtype=True, dtype_source="foo")


def test_loading_onto_another_device_than_before_is_refused():
    net = nn.Dense(2, in_units=2)
    net.initialize()
    with pytest.raises(AssertionError, match=r"on \[cpu\(1\)\] because it was previous initialized on \[cpu\(0\)\]"):
        net.load_dict({"weight": np.ones((2, 2)), "bias": np.ones(2)}, device=mx.cpu(1))


def test_loading_puts_an_uninitialized_network_on_the_device_given():
    net = nn.Dense(2)
    net.load_dict({"weight": np.ones((2, 4)), "bias": np.ones(2)}, ctx=[mx.cpu(0), mx.cpu(1)])
    assert net.weight.list_device() == [mx.cpu(0), mx.cpu(1)]
    assert net.weight.shape == (2, 4)


@pytest.mark.parametrize("content", [b"", b"hello world", b"\x12\x01" + bytes(40)])
def test_files_that_are_none_leave_the_network_as_it_was(tmp_path, images, content):
    net = small()
    before = net(images).asnumpy()
    path = tmp_path / "bad.params"
    path.write_bytes(content)
    with pytest.raises(mx.MXNetError, match="bad.params"):
        net.load_parameters(path)
    with pytest.raises(ValueError, match="bad.params"):
        net.load_parameters(path)
    with pytest.raises(mx.MXNetError, match="missing.params"):
        net.load_parameters(tmp_path / "missing.params")
    onp.testing.assert_array_equal(net(images).asnumpy(), before)


def test_exports_of_version_1_are_matched_by_order(images):
    net, other = small(0), small(1)
    expected = net(images).asnumpy()
    other(images)
    old = ["conv0_weight", "conv0_bias", "batchnorm0_gamma", "batchnorm0_beta", "dense0_weight", "dense0_bias",
           "batchnorm0_running_mean", "batchnorm0_running_var"]  # fmt: skip
    new = ["0.weight", "0.bias", "1.gamma", "1.beta", "4.weight", "4.bias", "1.running_mean", "1.running_var"]
    params = net.collect_params()
    other.load_dict({f"arg:net0_{a}": params[b].data() for a, b in zip(old, new, strict=True)})
    onp.testing.assert_array_equal(other(images).asnumpy(), expected)


def test_exports_of_version_1_number_layers_in_the_order_they_were_made():
    net = nn.HybridSequential()
    net.add(nn.Dense(2, in_units=2), nn.Dense(2, in_units=2), nn.Dense(2, in_units=2))
    net.initialize()
    # As 1.9.1 exports a block that adds its shortcut, made last, before the rest: same shapes, so nothing else tells.
    exported = {f"net0_dense{number}_weight": np.full((2, 2), float(number)) for number in (2, 0, 1)}
    net.load_dict(exported | {f"net0_dense{number}_bias": np.full(2, float(number)) for number in (2, 0, 1)})
    assert [layer.weight.data()[0, 0].item() for layer in net] == [0, 1, 2]
    assert [layer.bias.data()[0].item() for layer in net] == [0, 1, 2]
    named = {f"fc{number}_weight": np.full((2, 2), float(number)) for number in (3, 1, 2)}  # a user's own numbers
    net.load_dict(named | {f"fc{number}_bias": np.zeros(2) for number in (3, 1, 2)})
    assert [layer.weight.data()[0, 0].item() for layer in net] == [3, 1, 2]


# Printed forms (tests/test_summary.py has more)


def test_summary_of_several_and_missing_inputs(capsys):
    class Net(gluon.HybridBlock):
        def __init__(self):
            super().__init__()
            self.body = nn.Dense(2)

        def forward(self, x, y=None):
            return [self.body(x), (x, x * 2)]

    net = Net()
    net.initialize()
    net.summary(np.ones((1, 3)), None)
    out = capsys.readouterr().out
    assert "               Input                                (1, 3), None               0\n" in out
    assert "(1, 2), [(1, 3), (1, 3)]" in out
