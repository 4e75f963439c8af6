"""The genuine interpreters are what they claim to be, and what scripts leave behind arrives."""

import numpy as onp
import pytest

# What the wheel called 2.0.0b1 says of itself.
REPORTED = {"2.0.0b1": "2.0.0beta1", "1.9.1": "1.9.1"}


def test_interpreter_has_the_version_asked_for(run_genuine, genuine_version):
    result = run_genuine(genuine_version, "environment.py", "one", 2)
    assert result.values == {"version": REPORTED[genuine_version], "arguments": ["one", "2"]}
    onp.testing.assert_array_equal(result.arrays["product"], [[7, 10], [15, 22]])


def test_failing_script_fails_the_test(run_genuine):
    with pytest.raises(pytest.fail.Exception, match="missing.py failed under genuine MXNet 2.0.0b1"):
        run_genuine("2.0.0b1", "missing.py")
