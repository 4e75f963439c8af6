"""Ten steps of every optimizer on a convolutional network end where genuine MXNet's do, float16 weights too."""

import numpy as np
import pytest
from references import REFERENCE, load

import mxnet as mx

import make_optimizer_network as reference  # isort: skip  (found through `references`)

CASES = load("optimizer_network.json")


def case_id(number):
    case = CASES[number]
    return f"{number}-{case['name']}{'-float16' * ('half' in case)}{'-options' * ('factors' in case)}"


@pytest.fixture(scope="module")
def recorded():
    with np.load(REFERENCE / "optimizer_network.npz") as file:
        return dict(file)


@pytest.mark.parametrize("hybridize", [False, True], ids=["eager", "hybridized"])
@pytest.mark.parametrize("number", range(len(CASES)), ids=case_id)
def test_ten_steps_equal_genuine(number, hybridize, recorded):
    case = CASES[number]
    losses, weights = reference.train(mx, case, hybridize)
    # MXNet's LARS and LANS take the norms of float16 weights instead of their float32 copies.
    rough = "half" in case and case["name"] in ("lars", "lans")
    np.testing.assert_allclose(losses, case["losses"], rtol=1e-3 if rough else 1e-4)
    np.testing.assert_allclose(weights, recorded[str(number)], rtol=1e-3, atol=1e-4)


def test_every_optimizer_is_among_the_cases():
    assert {case["name"] for case in CASES} | {"sgld"} == set(mx.optimizer.Optimizer.opt_registry)
    assert min(np.abs(np.diff(case["losses"])).max() for case in CASES) > 1e-3, "the losses tell of the updates"
