"""Random numbers: what is returned, that seeds repeat it, that the distributions are the right ones."""

import math
import random
import subprocess
import sys
import threading

import numpy as onp
import pytest
import torch
from references import load

import mxnet as mx
from mxnet import _generators, _randomness
from mxnet.operators import CATALOGUE, find

A = mx.np.array
DRAWS = 40_000
ROWS = load("random.json")


@pytest.mark.parametrize("expression", ROWS)
def test_class_type_and_shape_are_those_of_genuine(expression):
    from make_random import evaluate

    assert evaluate(mx, expression) == ROWS[expression]


# Mean and standard deviation, from the textbooks.
GAMMA_THIRD = math.gamma(1 + 1 / 3), math.gamma(1 + 2 / 3)
MOMENTS = {
    "np.random.uniform(2, 5, size={n})": (3.5, 3 / math.sqrt(12)),
    "np.random.normal(1, 2, size={n})": (1, 2),
    "np.random.lognormal(0, 0.5, size={n})": (math.exp(0.125), math.sqrt(math.expm1(0.25) * math.exp(0.25))),
    "np.random.laplace(1, 2, size={n})": (1, 2 * math.sqrt(2)),
    "np.random.gumbel(1, 2, size={n})": (1 + 2 * 0.5772157, 2 * math.pi / math.sqrt(6)),
    "np.random.logistic(1, 2, size={n})": (1, 2 * math.pi / math.sqrt(3)),
    "np.random.exponential(3, size={n})": (3, 3),
    "np.random.rayleigh(3, size={n})": (3 * math.sqrt(math.pi / 2), 3 * math.sqrt(2 - math.pi / 2)),
    "np.random.weibull(3, size={n})": (GAMMA_THIRD[0], math.sqrt(GAMMA_THIRD[1] - GAMMA_THIRD[0] ** 2)),
    "np.random.pareto(5, size={n})": (1 / 4, math.sqrt(5 / (16 * 3))),
    "np.random.power(3, size={n})": (3 / 4, math.sqrt(3 / (16 * 5))),
    "np.random.gamma(3, 2, size={n})": (6, 2 * math.sqrt(3)),
    "np.random.gamma(0.5, 2, size={n})": (1, 2 * math.sqrt(0.5)),
    "np.random.beta(3, 2, size={n})": (0.6, 0.2),
    "np.random.beta(0.01, 0.01, size={n})": (0.5, math.sqrt(0.25 / 1.02)),
    "np.random.chisquare(4, size={n})": (4, math.sqrt(8)),
    "np.random.f(4, 20, size={n})": (20 / 18, math.sqrt(2 * 400 * 22 / (4 * 18**2 * 16))),
    "np.random.randint(-3, 7, size={n})": (1.5, math.sqrt(99 / 12)),
    "np.random.choice(10, {n})": (4.5, math.sqrt(99 / 12)),
    "np.random.choice(3, {n}, p=[0.5, 0, 0.5])": (1, 1),
    "np.random.multinomial(10, [0.3, 0.7], size={n})[:, 0]": (3, math.sqrt(2.1)),
    "np.random.multivariate_normal(A([1, 2.0]), A([[4, 1], [1, 2.0]]), size={n})[:, 1]": (2, math.sqrt(2)),
    "np.random.uniform(2, 5, size={n}, dtype='float16')": (3.5, 3 / math.sqrt(12)),
    "np.random.gamma(3, 2, size={n}, dtype='float16')": (6, 2 * math.sqrt(3)),
    "npx.random.bernoulli(0.3, size={n})": (0.3, math.sqrt(0.21)),
    "npx.random.bernoulli(logit=0.0, size={n})": (0.5, 0.5),
    "npx.random.categorical(A([0.2, 0.3, 0.5]), shape={n})": (1.3, math.sqrt(0.61)),
    "npx.random.multinomial(A([10]), A([[0.3, 0.7]]), shape={n})[0, :, 0]": (3, math.sqrt(2.1)),
    "nd.random.uniform(2, 5, shape={n})": (3.5, 3 / math.sqrt(12)),
    "nd.random.normal(1, 2, shape={n})": (1, 2),
    "nd.random.exponential(4, shape={n})": (4, 4),
    "nd.random.gamma(3, 4, shape={n})": (12, 4 * math.sqrt(3)),
    "nd.random.poisson(4, shape={n})": (4, 2),
    "nd.random.binomial(10, 0.4, shape={n})": (4, math.sqrt(2.4)),
    "nd.random.negative_binomial(3, 0.4, shape={n})": (4.5, math.sqrt(3 * 0.6 / 0.16)),
    "nd.random.generalized_negative_binomial(3, 0.4, shape={n})": (3, math.sqrt(3 + 0.4 * 9)),
    "nd.random.generalized_negative_binomial(3, 0, shape={n})": (3, math.sqrt(3)),
}


@pytest.mark.parametrize("expression", MOMENTS)
def test_mean_and_deviation(expression):
    drawn = eval(expression.format(n=DRAWS), {"np": mx.np, "npx": mx.npx, "nd": mx.nd, "A": A})
    values = drawn.asnumpy().astype("float64")
    mean, deviation = MOMENTS[expression]
    assert values.shape == (DRAWS,)
    assert abs(values.mean() - mean) < 5 * deviation / math.sqrt(DRAWS) + 1e-3 * abs(mean)
    assert values.std() == pytest.approx(deviation, rel=0.1)


@pytest.mark.parametrize(
    ("expression", "low", "high"),
    [
        ("uniform(2, 5, size=1000)", 2, 5),
        ("power(3, size=1000)", 0, 1),
        ("pareto(0.1, size=1000)", 0, math.inf),
        ("beta(2, 2, size=1000)", 0, 1),
        ("gumbel(size=1000)", -5, 100),
    ],
)
def test_values_stay_in_the_range(expression, low, high):
    values = eval(f"mx.np.random.{expression}", {"mx": mx}).asnumpy()
    assert (values >= low).all()
    assert (values <= high).all()


def test_covariance_of_multivariate_normal():
    values = mx.np.random.multivariate_normal(A([0, 0.0]), A([[4, 1], [1, 2.0]]), size=DRAWS).asnumpy()
    onp.testing.assert_allclose(onp.cov(values.T), [[4, 1], [1, 2]], atol=0.15)


def test_array_parameters_belong_to_their_elements():
    values = mx.np.random.normal(A([0, 100.0]), A([[1.0], [0.001]]), size=(500, 2, 2)).asnumpy()
    onp.testing.assert_allclose(values.mean(0), [[0, 100], [0, 100]], atol=0.3)
    onp.testing.assert_allclose(values.std(0), [[1, 1], [0.001, 0.001]], rtol=0.2)
    drawn = mx.nd.random.poisson(A([1, 1000.0]), shape=200).asnumpy()
    onp.testing.assert_allclose(drawn.mean(1), [1, 1000], rtol=0.3)


def test_lists_stand_for_arrays():
    assert mx.np.random.normal([0.0, 1.0], 0).asnumpy().tolist() == [0, 1]
    assert mx.np.random.uniform(onp.ones(3), 1).asnumpy().tolist() == [1, 1, 1]


# Seeds


def draw():
    return [
        mx.np.random.normal(size=3).asnumpy().tolist(),
        mx.nd.random.gamma(2, 2, shape=3).asnumpy().tolist(),
        mx.np.random.choice(100, 5, replace=False).asnumpy().tolist(),
        mx.npx.random.bernoulli(0.5, size=9).asnumpy().tolist(),
    ]


@pytest.mark.parametrize("seed", [mx.random.seed, mx.np.random.seed, mx.npx.random.seed])
@pytest.mark.parametrize("number", [0, 7, -1, 2**40 + 1])
def test_a_seed_repeats_what_follows(seed, number):
    seed(number)
    first = draw()
    assert draw() != first
    seed(number)
    assert draw() == first


def test_seeding_one_device_repeats_its_numbers():
    mx.random.seed(5, device=mx.cpu(0))
    first = draw()
    mx.random.seed(6)
    assert draw() != first
    mx.random.seed(5, ctx=mx.cpu(0))
    assert draw() == first


def test_a_process_that_never_seeds_starts_from_zero():
    program = "import mxnet as mx; print(mx.np.random.uniform(size=3).asnumpy().tolist())"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    mx.random.seed(0)
    assert run.stdout.strip() == str(mx.np.random.uniform(size=3).asnumpy().tolist())


def test_the_users_generators_are_left_alone():
    before = torch.get_rng_state(), onp.random.get_state()[1].copy()
    mx.random.seed(3)
    draw()
    mx.np.random.shuffle(mx.np.arange(10))
    assert torch.equal(before[0], torch.get_rng_state())
    assert (before[1] == onp.random.get_state()[1]).all()


def test_all_generators_of_a_process_are_seeded_by_a_key():
    def drawn(*key):
        _randomness.seed_all(*key)
        return [random.random(), onp.random.rand(), torch.rand(()).item(), mx.np.random.uniform(size=()).item()]

    first = drawn(3, 0)
    assert drawn(3, 0) == first and len(set(first)) == 4
    assert not set(first) & set(drawn(3, 1)) and not set(first) & set(drawn(4, 0))


@pytest.mark.parametrize("in_worker", [False, True])
def test_torchs_generators_of_gpus_are_seeded_before_there_are_any_but_in_workers(monkeypatch, in_worker):
    seeds = []
    monkeypatch.setattr(torch.cuda, "manual_seed_all", seeds.append)
    monkeypatch.setattr(torch.utils.data, "get_worker_info", lambda: object() if in_worker else None)
    _randomness.seed_all(3, 0)
    assert seeds == ([] if in_worker else [torch.default_generator.initial_seed()])


def test_torchs_seed_does_not_seed_ours():
    torch.manual_seed(1)
    first = draw()
    torch.manual_seed(1)
    assert draw() != first


def test_state_is_saved_and_restored():
    draw()
    state = mx.random.get_state()
    first = draw()
    mx.random.seed(99)
    mx.random.set_state(state)
    assert draw() == first


@pytest.mark.parametrize("change", [{"cpu": torch.zeros(3, dtype=torch.uint8)}, {"nowhere": torch.zeros(3)}])
def test_a_state_that_does_not_fit_changes_nothing(change):
    mx.random.seed(4)
    state = mx.random.get_state()
    first = draw()
    mx.random.seed(4)
    with pytest.raises(mx.MXNetError, match="cannot restore"):
        mx.random.set_state({**state, **change})
    assert draw() == first
    with pytest.raises(mx.MXNetError, match="'seed'"):
        mx.random.set_state({})


def test_devices_have_seeds_of_their_own():
    devices = [torch.device("cpu"), *(torch.device("cuda", number) for number in range(8))]
    assert len({_generators._seed_of(device) for device in devices}) == len(devices)


def test_threads_share_one_generator():
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(_generators.generator_for(torch.device("cpu")))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {id(generator) for generator in found} == {id(_generators.generator_for(torch.device("cpu")))}


@pytest.mark.gpu
def test_gpu_numbers_repeat_and_differ_from_the_cpus():
    device = mx.gpu(0)
    mx.random.seed(11)
    first = mx.np.random.normal(size=4, device=device)
    cpu = mx.np.random.normal(size=4)
    assert first.device == device
    mx.random.seed(11)
    assert mx.np.random.normal(size=4, device=device).asnumpy().tolist() == first.asnumpy().tolist()
    assert cpu.asnumpy().tolist() != first.asnumpy().tolist()


# Places, gradients, orders


@pytest.mark.parametrize("name", ["uniform", "normal", "gumbel", "laplace", "logistic"])
def test_device_is_kept(name):
    assert getattr(mx.np.random, name)(size=2, device=mx.cpu(1)).device == mx.cpu(1)
    assert getattr(mx.np.random, name)(size=2, ctx=mx.cpu(2)).device == mx.cpu(2)
    with mx.cpu(3):
        assert getattr(mx.np.random, name)(size=2).device == mx.cpu(3)
    assert mx.nd.random.uniform(ctx=mx.cpu(1)).context == mx.cpu(1)


@pytest.mark.parametrize(
    ("name", "parameters", "slopes"),
    [
        # d y / d parameter as a function of y and the parameters
        ("normal", (0.5, 2.0), (lambda y, m, s: 1, lambda y, m, s: (y - m) / s)),
        ("logistic", (0.5, 2.0), (lambda y, m, s: 1, lambda y, m, s: (y - m) / s)),
        ("gumbel", (0.5, 2.0), (lambda y, m, s: 1, lambda y, m, s: (y - m) / s)),
        ("laplace", (0.5, 2.0), (lambda y, m, s: 1, lambda y, m, s: (y - m) / s)),
        ("uniform", (1.0, 3.0), (lambda y, a, b: (b - y) / (b - a), lambda y, a, b: (y - a) / (b - a))),
        ("exponential", (2.0,), (lambda y, s: y / s,)),
        ("rayleigh", (2.0,), (lambda y, s: y / s,)),
        ("weibull", (2.0,), (lambda y, a: -y * math.log(y) / a,)),
        ("pareto", (2.0,), (lambda y, a: -(1 + y) * math.log1p(y) / a,)),
        ("power", (2.0,), (lambda y, a: -y * math.log(y) / a,)),
    ],
)
def test_gradients_reach_the_parameters(name, parameters, slopes):
    arrays = [A([value]) for value in parameters]
    for array in arrays:
        array.attach_grad()
    with mx.autograd.record():
        drawn = getattr(mx.np.random, name)(*arrays)
    drawn.backward()
    for array, slope in zip(arrays, slopes, strict=True):
        assert array.grad.item() == pytest.approx(slope(drawn.item(), *parameters), rel=1e-3)


def test_gradient_of_gamma_moves_the_mean():
    shape = A([3.0])
    shape.attach_grad()
    with mx.autograd.record():
        drawn = mx.np.random.gamma(shape, 2.0, size=(2000,))
        mean = drawn.mean()
    mean.backward()
    assert shape.grad.item() == pytest.approx(2, rel=0.1)


def test_gradient_of_categorical_goes_through_its_log_probability():
    data = A([[0.0, 1.0]])
    data.attach_grad()
    with mx.autograd.record():
        drawn, log_probability = mx.npx.random.categorical(data, get_prob=True)
    log_probability.backward()
    assert drawn.item() == 1
    assert data.grad.asnumpy().tolist() == [[0, 1]]


def test_shuffle_moves_rows_in_place():
    rows = A([[number, 10 * number] for number in range(20)])
    before = rows.asnumpy()
    assert mx.np.random.shuffle(rows) is None
    after = rows.asnumpy()
    assert (after != before).any()
    assert sorted(after.tolist()) == before.tolist()
    with pytest.raises(TypeError, match="mx.np.ndarray"):
        mx.np.random.shuffle([1, 2, 3])


def test_permutation():
    assert sorted(mx.np.random.permutation(10).asnumpy().tolist()) == list(range(10))
    source = A([[1, 2], [3, 4], [5, 6]])
    assert sorted(mx.np.random.permutation(source).asnumpy().tolist()) == source.asnumpy().tolist()


def test_choice_without_replacement_draws_each_once():
    assert sorted(mx.np.random.choice(6, 6, replace=False).asnumpy().tolist()) == list(range(6))
    weights = [0.0, 0.5, 0.25, 0.25]
    assert sorted(mx.np.random.choice(4, 3, False, weights).asnumpy().tolist()) == [1, 2, 3]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 3), "greater than 0"),
        ((5, 6, False), "larger sample"),
        ((3, 2, True, [0.5, 0.5]), "same size"),
        ((2, 2, True, [-0.5, 1.5]), "non-negative"),
        ((2, 2, True, [0.5, 0.9]), "sum to 1"),
        ((3, 2, False, [1.0, 0.0, 0.0]), "fewer non-zero"),
    ],
)
def test_choice_refuses_what_cannot_be(arguments, message):
    with pytest.raises(ValueError, match=message):
        mx.np.random.choice(*arguments)


def test_randint_refuses_an_empty_range():
    with pytest.raises(ValueError, match="low >= high"):
        mx.np.random.randint(5, 5)
    with pytest.raises(ValueError, match="low >= high"):
        mx.nd.random.randint(7, 5)


def test_multinomial_shares_out_every_draw():
    counts = mx.np.random.multinomial(50, [0.1, 0.2, 0.0, 0.7], size=(4, 5)).asnumpy()
    assert (counts.sum(-1) == 50).all()
    assert (counts[..., 2] == 0).all()


def test_out_is_filled_and_returned():
    out = mx.np.array(onp.zeros((2, 3)))
    assert mx.np.random.normal(5, 0, size=(2, 3), out=out) is out
    assert (out.asnumpy() == 5).all()


@pytest.mark.parametrize("name", ["_npi_normal", "_npi_gamma", "_npi_exponential"])
def test_bodies_run_on_meta_tensors(name):
    op = CATALOGUE[name]
    parameters = {key: None if number == 0 else 1.0 for number, key in enumerate(list(op.attributes)[: len(op.inputs)])}
    made = op(torch.ones(2, 3, device="meta"), **parameters, size=(4, 2, 3))
    assert (made.device.type, tuple(made.shape)) == ("meta", (4, 2, 3))


def test_attributes_are_plain_values():
    canonical = CATALOGUE["_npi_normal"].canonical({"loc": "0.5", "scale": "None", "size": "(2, 3)", "ctx": "cpu"})
    assert canonical == {"loc": 0.5, "scale": None, "size": (2, 3), "ctx": "cpu"}


def test_the_1x_face_names_devices_as_graphs_do(monkeypatch: pytest.MonkeyPatch) -> None:
    given = []
    op = find("_random_uniform")
    body = op.body

    def spy(**options: object) -> torch.Tensor:
        given.append(options["ctx"])
        return body(**options)

    monkeypatch.setattr(op, "body", spy)
    made = mx.nd.random.uniform(shape=(2,), ctx=mx.cpu(1))
    assert given == ["cpu(1)"] and made.device == mx.cpu(1)
