"""What Gluon prints, refuses and learns, side by side with genuine MXNet 2.0.0b1."""

import numpy as onp
import pytest
import references  # noqa: F401  (finds the reference data's modules)

import calls  # isort: skip  (of genuine/, found through conftest)
import make_summary  # isort: skip
import make_training  # isort: skip

VERSION = "2.0.0b1"
OPTIMIZERS = ["sgd", "sgd_momentum", "adam"]

# What this package raises instead, on purpose: see docs/differences.md.
ON_PURPOSE = {
    "net(nn.Dense(3, in_units=2))(x(2, 3))": "raises MXNetError",
    "net(nn.Dense(2)).load_parameters('/nowhere/net.params')": "raises MXNetError",
}


@pytest.fixture(scope="module")
def outcomes(run_genuine):
    return run_genuine(VERSION, "calls.py").values


@pytest.fixture(scope="module")
def summaries(run_genuine):
    return run_genuine(VERSION, "summaries.py").values


@pytest.fixture(scope="module")
def trained(run_genuine):
    return run_genuine(VERSION, "training.py", *OPTIMIZERS).values


@pytest.mark.filterwarnings("ignore:Parameter .* is already initialized")
@pytest.mark.parametrize("call", calls.CALLS)
def test_call_comes_to_the_same(outcomes, call):
    assert calls.outcome(call) == ON_PURPOSE.get(call, outcomes[call])
    assert outcomes[call].startswith("raises ") == (call in calls.REFUSED)


@pytest.mark.filterwarnings("ignore:Parameter .* is already initialized")
@pytest.mark.parametrize("name", make_summary.NETWORKS)
def test_summary_and_repr_are_line_for_line_the_same(summaries, name):
    ours = make_summary.describe(*make_summary.NETWORKS[name])
    for kind, text in summaries[name].items():
        assert ours[kind].splitlines() == text.splitlines(), kind


@pytest.mark.parametrize("case", OPTIMIZERS)
def test_five_steps_of_training_agree(trained, case):
    ours, theirs = make_training.train_optimizer(case), trained[case]
    onp.testing.assert_allclose(ours["losses"], theirs["losses"], rtol=1e-4)
    assert theirs["losses"][-1] < theirs["losses"][0] - 1
    assert list(ours["parameters"]) == list(theirs["parameters"])
    for name, numbers in theirs["parameters"].items():
        size = abs(numbers[0]) + numbers[1]
        onp.testing.assert_allclose(ours["parameters"][name], numbers, rtol=1e-4, atol=1e-4 * size, err_msg=name)
