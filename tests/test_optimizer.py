"""Optimizers update weights and states as genuine MXNet's do; their interface is its."""

import warnings

import numpy as np
import pytest
import torch
from references import REFERENCE, load

import mxnet as mx
from mxnet import lr_scheduler, optimizer
from mxnet.base import MXNetError

import make_optimizer as reference  # isort: skip  (found through `references`)

RECORDED = load("optimizer.json")
CASES = RECORDED["cases"]


def case_id(number):
    case = CASES[number]
    return f"{number}-{case['name']}-{case['dtype']}"


@pytest.fixture(scope="module")
def recorded():
    with np.load(REFERENCE / "optimizer.npz") as file:
        return dict(file)


def run_together(case):
    """As `reference.outcome`, but with all parameters in one call."""
    updater = optimizer.get_updater(reference.make(mx, case))
    weights = [mx.np.array(value, dtype=case["dtype"]) for value in reference.weights(case)]
    for step in range(reference.STEPS):
        grads = [mx.np.array(value, dtype=case["dtype"]) for value in reference.gradients(case, step)]
        updater(list(range(len(weights))), grads, weights)
    states = [vector for n in range(len(weights)) for vector in reference.flat(updater.states[n])]
    empty = np.zeros(0, np.float32)
    return np.concatenate([vector for array in weights for vector in reference.flat(array)]), np.concatenate(
        [*states, empty]
    )


def tolerance(case, of_weights):
    """How closely a case agrees: to float32 rounding, but for what genuine MXNet computes less exactly."""
    arguments = case["arguments"]
    if case["dtype"] == "float16" and not arguments["multi_precision"]:
        return {"rtol": 2e-2, "atol": 4e-3}
    if case["dtype"] == "float16" and of_weights:
        return {"rtol": 1e-3, "atol": 1e-6}
    if case["name"] in ("lans", "lars") and case["dtype"] == "float16":
        return {"rtol": 1e-3, "atol": 2e-5}  # it takes norms of the weights in float16 instead of their copies
    if case["name"] in ("adamw", "adabelief") and "beta2" not in arguments:
        return {"rtol": 2e-4, "atol": 3e-5}  # it takes 1 - 0.999 in float32, off by 5e-5
    return {"rtol": 1e-5, "atol": 1e-6}


@pytest.mark.parametrize("number", range(len(CASES)), ids=case_id)
@pytest.mark.parametrize("run", [run_together, lambda case: reference.outcome(mx, case)], ids=["all", "one by one"])
@pytest.mark.filterwarnings("ignore:Accumulating with float16")
def test_weights_and_states_equal_genuine(number, run, recorded):
    case = CASES[number]
    weights, states = run(case)
    np.testing.assert_allclose(states, recorded[f"{number}.states"], **tolerance(case, False))
    np.testing.assert_allclose(weights, recorded[f"{number}.weights"], **tolerance(case, True))


NAMES = [name for name in reference.OPTIMIZERS if name != "test"]
HALF_SIZED = {"epsilon": 1e-3, "beta2": 0.9}  # with these, squares of small gradients do not vanish in float16
VARIANTS = [
    *[(name, {}) for name in NAMES],
    ("sgd", {"momentum": 0.9}),
    ("nag", {"momentum": 0.0}),
    ("rmsprop", {"centered": True, "clip_weights": 1.0}),
    ("lars", {"momentum": 0.9, "eta": 0.1}),
    ("dcasgd", {"momentum": 0.9, "lamda": 0.5}),
    ("signum", {"momentum": 0.0, "wd_lh": 0.1}),
]


def one_step(name, options, weight, grad):
    """Weight and updater after two steps of an optimizer on torch tensors of any layout."""
    updater = optimizer.get_updater(optimizer.create(name, learning_rate=0.1, wd=0.1, rescale_grad=0.5, **options))
    array = mx.np.from_torch(weight)
    for _ in range(2):
        updater("w", mx.np.from_torch(grad), array)
    return array.as_torch(), updater


@pytest.mark.parametrize(("name", "options"), VARIANTS)
def test_layout_in_memory_does_not_matter(name, options):
    shape = (3, 4, 2, 5)
    weight, grad = torch.randn(shape, dtype=torch.float64), torch.randn(shape, dtype=torch.float64)
    expected, _ = one_step(name, options, weight.clone(), grad)
    last = torch.channels_last
    gapped = torch.zeros(3, 4, 2, 10, dtype=torch.float64)[..., ::2]
    layouts = [
        (weight.clone().to(memory_format=last), grad),
        (weight.clone(), grad.to(memory_format=last)),
        (weight.permute(3, 1, 0, 2).contiguous().permute(2, 1, 3, 0), grad),
        (gapped.copy_(weight), grad),
        (weight.clone(), grad.sum(0, keepdim=True).expand(shape)),
    ]
    expected_of_last, _ = one_step(name, options, weight.clone(), grad.sum(0, keepdim=True).expand(shape).clone())
    for number, (array, gradient) in enumerate(layouts):
        found, _ = one_step(name, options, array, gradient)
        torch.testing.assert_close(found, expected_of_last if number == 4 else expected)
        assert found.data_ptr() == array.data_ptr(), "the weight is updated in place"
    assert not gapped._base[..., 1::2].any(), "nothing is written between the elements of a view"


@pytest.mark.parametrize(("name", "options"), VARIANTS)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.filterwarnings("ignore:Accumulating with float16")
def test_half_precision_follows_double(name, options, dtype):
    weight, grad = torch.randn(200).to(dtype), torch.randn(200).to(dtype)
    taken = dict(RECORDED["signatures"][name])
    options = {**{key: value for key, value in HALF_SIZED.items() if key in taken}, **options}
    expected, _ = one_step(name, options, weight.double(), grad.double())
    found, _ = one_step(name, options, weight.clone(), grad)
    assert found.dtype is dtype
    if name != "signum":  # its steps jump where rounding changes a sign
        torch.testing.assert_close(found.double(), expected, rtol=0.04, atol=0.04)
    master, updater = one_step(name, {**options, "multi_precision": True}, weight.clone(), grad)
    torch.testing.assert_close(master.double(), expected, rtol=8e-3, atol=1e-4)
    assert updater.states["w"][0].dtype == np.float32


def test_gradients_are_left_alone():
    for name, options in VARIANTS:
        grad = torch.randn(7)
        before = grad.clone()
        one_step(name, {**options, "clip_gradient": 0.1}, torch.randn(7), grad)
        one_step(name, options, torch.randn(7), grad)
        assert torch.equal(grad, before)


def test_empty_and_scalar_weights():
    for name, options in VARIANTS:
        one_step(name, options, torch.zeros(0, 3), torch.zeros(0, 3))
        found, _ = one_step(name, options, torch.ones(()), torch.ones(()))
        assert found.shape == () and found < 1


def sampled(dtype="float32", **options):
    """What one step of SGLD makes of many weights of 2, whose gradients are 3."""
    updater = optimizer.get_updater(optimizer.SGLD(**options))
    weight = mx.np.full((20000,), 2.0, dtype=dtype)
    updater(0, mx.np.full((20000,), 3.0, dtype=dtype), weight)
    return weight.asnumpy().astype("float64")


@pytest.mark.parametrize(
    ("options", "mean"),
    [
        ({}, 2 - 0.02 * 3),
        ({"wd": 0.5}, 2 - 0.02 * (3 + 0.5 * 2)),
        ({"wd": 0.5, "rescale_grad": 0.5, "clip_gradient": 0.2}, 2 - 0.02 * (0.2 + 0.5 * 2)),
        ({"multi_precision": True, "dtype": "float16"}, 2 - 0.02 * 3),
    ],
)
def test_sgld_adds_noise_whose_variance_is_the_learning_rate(options, mean):
    mx.random.seed(3)
    weights = sampled(learning_rate=0.04, **options)
    assert weights.mean() == pytest.approx(mean, abs=4 * 0.2 / np.sqrt(weights.size))
    assert weights.var() == pytest.approx(0.04, rel=0.04)
    noise = (weights - mean) / 0.2
    assert abs((noise**3).mean()) < 0.1 and (noise**4).mean() == pytest.approx(3, abs=0.2), "it is normal"


def test_sgld_repeats_what_is_seeded_and_draws_for_each_parameter():
    def step():
        updater = optimizer.get_updater(optimizer.create("sgld"))
        weights = [mx.np.zeros(4), mx.np.zeros(4)]
        updater([0, 1], [mx.np.zeros(4)] * 2, weights)
        return [weight.asnumpy().tolist() for weight in weights]

    mx.random.seed(5)
    first = step()
    assert first[0] != first[1] and step() != first
    mx.random.seed(5)
    assert step() == first


def test_lans_leaves_a_weight_without_gradient():
    weight = mx.np.array([1.0, -2.0])
    updater = optimizer.get_updater(optimizer.LANS(learning_rate=0.1))
    updater(0, mx.np.zeros(2), weight)
    assert weight.asnumpy().tolist() == [1, -2]
    updater(0, mx.np.ones(2), weight)
    assert np.isfinite(weight.asnumpy()).all()


@pytest.mark.parametrize("name", RECORDED["signatures"])
def test_signatures_are_those_of_genuine(name):
    made = optimizer.create(name)
    assert reference.signature(made) == RECORDED["signatures"][name]
    assert made.aggregate_num == RECORDED["aggregate_num"][name]


def test_rescaling_by_zero_leaves_only_the_decay():
    sgd = optimizer.SGD(learning_rate=0.1, wd=0.5, rescale_grad=0.0)
    weight = mx.np.array([2.0])
    sgd.update([0], [weight], [mx.np.array([3.0])], [None])
    assert weight.asnumpy() == pytest.approx([1.9])


@pytest.mark.parametrize("clip", [None, 0, -1.0])
def test_clipping_at_nothing_positive_is_off(clip):
    weight = mx.np.array([0.0])
    optimizer.get_updater(optimizer.SGD(learning_rate=1.0, clip_gradient=clip))(0, mx.np.array([3.0]), weight)
    assert weight.item() == -3.0


def test_a_recorded_weight_is_not_written():
    weight = mx.np.ones(2)
    weight.attach_grad()
    with mx.autograd.record(), pytest.raises(MXNetError, match="computational graph"):
        optimizer.get_updater(optimizer.SGD())(0, weight.grad, weight)
    assert weight.asnumpy().tolist() == [1, 1]


def test_shapes_must_agree():
    updater = optimizer.get_updater(optimizer.Adam())
    with pytest.raises(MXNetError, match=r"gradient of shape \(3,\) does not fit a weight of \(2,\)"):
        updater(0, mx.np.ones(3), mx.np.ones(2))
    assert updater.optimizer.num_update == 0
    updater.states[1] = (mx.np.ones(1), mx.np.ones(1))
    with pytest.raises(MXNetError, match=r"state of shape \(1,\)"):
        updater(1, mx.np.ones(2), mx.np.ones(2))


class Halving(optimizer.Optimizer):
    """An optimizer as a user writes one for MXNet 2.0."""

    def __init__(self, learning_rate=0.1, **kwargs):
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.calls = []

    def create_state(self, index, weight):
        return mx.np.zeros_like(weight)

    def step(self, indices, weights, grads, states):
        self.calls.append(list(indices))
        for index, weight, grad, state in zip(indices, weights, grads, states, strict=True):
            self._update_count(index)
            state[:] = state + grad * self.rescale_grad
            weight[:] = weight - self._get_lr(index) * state - self._get_wd(index) * weight


@pytest.mark.parametrize(("aggregate", "calls"), [(None, [[0], [1], [2]]), (2, [[0, 1], [2]]), (np.inf, [[0, 1, 2]])])
def test_a_users_optimizer(aggregate, calls):
    own = Halving(learning_rate=0.5, wd=0.1, aggregate_num=aggregate, rescale_grad=0.5)
    own.set_lr_mult({2: 2.0})
    updater = optimizer.get_updater(own)
    weights = [mx.np.ones(2) for _ in range(3)]
    updater([0, 1, 2], [mx.np.ones(2)] * 3, weights)
    assert own.calls == calls
    np.testing.assert_allclose([weight.asnumpy()[0] for weight in weights], [0.65, 0.65, 0.4], rtol=1e-6)
    assert own.num_update == 1


def test_a_users_optimizer_in_multi_precision():
    updater = optimizer.get_updater(Halving(learning_rate=1.0, multi_precision=True, aggregate_num=4))
    weights = [mx.np.ones(2, dtype="float16"), mx.np.ones(2)]
    updater([0, 1], [mx.np.array([1e-4, 0.5], dtype="float16"), mx.np.ones(2)], weights)
    assert weights[0].dtype == np.float16
    np.testing.assert_allclose(updater.states[0][0].asnumpy(), [0.9999, 0.5], rtol=1e-6)
    assert weights[1].asnumpy().tolist() == [0, 0]


def test_use_fused_step_chooses_the_method():
    own = Halving(use_fused_step=True)
    with pytest.raises(NotImplementedError, match="Halving has no fused_step"):
        optimizer.get_updater(own)(0, mx.np.ones(1), mx.np.ones(1))
    with pytest.raises(NotImplementedError, match="Optimizer must define step"):
        optimizer.Optimizer().step([0], [None], [None], [None])


def test_a_subclass_of_ours_goes_on_from_it():
    class Signed(optimizer.SGD):
        def step(self, indices, weights, grads, states):
            super().step(indices, weights, [mx.np.array(np.sign(grad.asnumpy())) for grad in grads], states)

    weight = mx.np.array([1.0, 1.0])
    optimizer.get_updater(Signed(learning_rate=0.5, use_fused_step=False))(0, mx.np.array([3.0, -7.0]), weight)
    assert weight.asnumpy().tolist() == [0.5, 1.5]


def test_registry():
    assert isinstance(optimizer.create("AdaM", learning_rate=3), optimizer.Adam)
    with pytest.raises(ValueError, match="Cannot find optimizer sgdd; there are adabelief, adadelta, "):
        optimizer.create("sgdd")
    with pytest.raises(TypeError, match="named by a string, not 3"):
        optimizer.create(3)
    with pytest.raises(TypeError, match="SGD got unknown arguments: speed"):
        optimizer.create("sgd", speed=3)
    before = dict(optimizer.Optimizer.opt_registry)
    try:
        assert optimizer.register(Halving) is Halving
        assert isinstance(optimizer.create("halving"), Halving)
        with pytest.warns(UserWarning, match="replaces .* under the name 'halving'"):
            optimizer.register(Halving)
    finally:
        optimizer.Optimizer.opt_registry.clear()
        optimizer.Optimizer.opt_registry.update(before)


def test_learning_rate_and_scheduler():
    sgd = optimizer.SGD(learning_rate=0.5)
    sgd.set_learning_rate(0.25)
    assert sgd.learning_rate == 0.25
    assert optimizer.Optimizer().learning_rate == 0.01
    with pytest.warns(UserWarning, match="base_lr 0.01 is replaced by the optimizer's learning_rate 0.1"):
        scheduled = optimizer.SGD(lr_scheduler=lr_scheduler.FactorScheduler(1, 0.5))
    with pytest.raises(UserWarning, match="set_learning_rate cannot"):
        scheduled.set_learning_rate(3)
    updater = optimizer.get_updater(scheduled)
    rates = []
    for _ in range(3):
        updater(0, mx.np.ones(1), mx.np.ones(1))
        rates.append(scheduled.learning_rate)
    assert rates == [0.1, 0.05, 0.025]
    with pytest.raises(AssertionError, match="should be a dict"):
        optimizer.SGD(param_idx2name=["a"])


def test_multipliers_of_a_symbol():
    class Symbol:
        def attr_dict(self):
            return {"a": {"__lr_mult__": "3.0"}, "b": {"__wd_mult__": "0.5"}}

        def list_arguments(self):
            return ["a", "b", "c"]

    sgd = optimizer.SGD(sym=Symbol(), param_idx2name={0: "a", 1: "b", 2: "c"}, learning_rate=1.0, wd=1.0)
    assert sgd._get_lrs([0, 1, 2]) == [3.0, 1.0, 1.0]
    assert sgd._get_wds([0, 1, 2]) == [1.0, 0.5, 1.0]


def test_float16_without_a_copy_is_warned_of():
    weight = mx.np.array([1.0], dtype="float16")
    with pytest.warns(UserWarning, match="multi_precision=True"):
        optimizer.Adam().create_state_multi_precision(0, weight)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        optimizer.Adam(multi_precision=True).create_state_multi_precision(0, weight)


# States as bytes


def trained(name="adam", steps=3, **options):
    updater = optimizer.get_updater(optimizer.create(name, **options))
    weights = [mx.np.array([1.0, 2.0]), mx.np.array([[3.0]])]
    for _ in range(steps):
        updater([0, 1], [mx.np.array([0.1, -0.2]), mx.np.array([[0.3]])], weights)
    return updater, weights


@pytest.mark.parametrize(("name", "options"), VARIANTS)
def test_states_round_trip_and_training_goes_on_as_if_never_stopped(name, options):
    first, weights = trained(name, **options)
    copies = [weight.copy() for weight in weights]
    second = optimizer.get_updater(optimizer.create(name, **options))
    second.set_states(first.get_states(dump_optimizer=True))
    for updater, arrays in ((first, weights), (second, copies)):
        updater([0, 1], [mx.np.array([0.1, -0.2]), mx.np.array([[0.3]])], arrays)
    assert second.optimizer.num_update == 4
    for ours, theirs in zip(weights, copies, strict=True):
        assert np.array_equal(ours.asnumpy(), theirs.asnumpy())


def test_states_keep_structure_type_and_keys():
    updater = optimizer.get_updater(optimizer.SGD())
    half = mx.np.array([1.5], dtype="bfloat16")
    updater.states = {"a": None, 3: (half, (mx.np.ones(2), None)), 4: mx.np.array([[2.0]])}
    other = optimizer.get_updater(optimizer.SGD())
    other.set_states(updater.get_states())
    assert list(other.states) == ["a", 3, 4] and other.states["a"] is None
    assert other.states[3][0].as_torch().dtype is torch.bfloat16
    assert other.states[3][1][1] is None and other.states[4].asnumpy().tolist() == [[2.0]]


def test_states_with_an_optimizer_carry_rates_and_schedule():
    def make():
        schedule = lr_scheduler.FactorScheduler(1, 0.5, base_lr=0.8)
        return optimizer.SGD(learning_rate=0.8, lr_scheduler=schedule, momentum=0.5)

    updater = optimizer.get_updater(make())
    updater.optimizer.momentum = 0.7
    updater.optimizer.set_lr_mult({0: 0.5})
    for _ in range(3):
        updater(0, mx.np.ones(1), mx.np.ones(1))
    other = optimizer.get_updater(make())
    other.set_states(updater.get_states(dump_optimizer=True))
    assert vars(other.optimizer.lr_scheduler) == vars(updater.optimizer.lr_scheduler)
    assert (other.optimizer.momentum, other.optimizer.lr_mult) == (0.7, {0: 0.5})
    assert other.optimizer.learning_rate == 0.2


def test_states_of_something_else_are_refused_and_change_nothing():
    updater, _ = trained()
    before = updater.states
    data = updater.get_states(dump_optimizer=True)
    with pytest.raises(MXNetError, match="are a pickle, as genuine MXNet writes them"):
        updater.set_states(b"\x80\x04}q\x00.")
    for wrong in (b"", b"xx", data[:-3], data[: len(data) // 2], data.replace(b"states", b"stetas")):
        with pytest.raises(MXNetError, match="optimizer states"):
            updater.set_states(wrong)
    assert updater.states is before
    with pytest.raises(MXNetError, match="saved with optimizer Adam, but here it is SGD"):
        optimizer.get_updater(optimizer.SGD()).set_states(data)
    schedule = lr_scheduler.PolyScheduler(5, base_lr=0.001)
    with pytest.raises(MXNetError, match="lr_scheduler None, but here it is PolyScheduler"):
        optimizer.get_updater(optimizer.Adam(lr_scheduler=schedule)).set_states(data)


def test_an_updater_needs_an_optimizer():
    with pytest.raises(TypeError, match="needs an Optimizer, not 'sgd'"):
        optimizer.get_updater("sgd")


def test_damaged_states_are_refused_whatever_is_damaged():
    updater, _ = trained(lr_scheduler=lr_scheduler.FactorScheduler(3, base_lr=0.001))
    data = updater.get_states(dump_optimizer=True)
    header = 8 + int.from_bytes(data[:8], "little")
    random = np.random.RandomState(0)
    refused = 0
    for _ in range(300):
        damaged = bytearray(data)
        for position in random.randint(0, header, size=3):
            damaged[position] = random.choice(list(b'019"[]{},:nt\\\x00\xff'))
        other = optimizer.get_updater(optimizer.Adam(lr_scheduler=lr_scheduler.FactorScheduler(3, base_lr=0.001)))
        before = dict(vars(other.optimizer))
        try:
            other.set_states(bytes(damaged))
        except MXNetError:
            refused += 1
            assert vars(other.optimizer) == before and other.states == {}
    assert refused > 250
