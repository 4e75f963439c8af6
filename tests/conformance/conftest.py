"""Genuine MXNet at the tests' service: scripts run under its own interpreter and hand back what they saw.

A script of `tests/conformance/genuine/` is called with a folder as its first argument and leaves there
`result.json`, `result.npz`, or both. `make conformance` builds the interpreters; without them the tests skip.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as onp
import pytest

HERE = Path(__file__).parent
VERSIONS = ("2.0.0b1", "1.9.1")
ENVIRONMENTS = HERE.parents[1] / ".conformance"
SCRIPTS = HERE / "genuine"
TIMEOUT_SECONDS = 240

# The scripts that both sides run are modules of the tests too. `networks` and others import the reference data's.
sys.path.append(str(SCRIPTS))


@dataclass
class GenuineResult:
    """What a script left behind: `values` from result.json, `arrays` from result.npz."""

    values: Any = None
    arrays: dict[str, onp.ndarray] = field(default_factory=dict)


RunGenuine = Callable[..., GenuineResult]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything in this folder, so that no file can forget to."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.conformance)


def find_genuine(version: str) -> Path:
    """The interpreter that has genuine MXNet `version`; skips the test where it was not built."""
    interpreter = ENVIRONMENTS / version / "bin" / "python"
    if interpreter.exists():
        return interpreter
    message = f"no genuine MXNet {version} at {interpreter}: run `make conformance`"
    if os.environ.get("MXNET_CONFORMANCE") == "required":
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(params=VERSIONS)
def genuine_version(request: pytest.FixtureRequest) -> str:
    """Each genuine version in turn."""
    return request.param


@pytest.fixture(scope="session")
def run_genuine(tmp_path_factory: pytest.TempPathFactory) -> RunGenuine:
    """`run_genuine(version, script, *args)`: run a script of `genuine/` and return its `GenuineResult`."""

    def run(version: str, script: str, *args: object) -> GenuineResult:
        folder = tmp_path_factory.mktemp(f"genuine-{version}-{Path(script).stem}")
        command = [find_genuine(version), SCRIPTS / script, folder, *args]
        done = subprocess.run(
            [str(part) for part in command],
            env=clean_environment(),
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
        )
        if done.returncode != 0:
            pytest.fail(f"{script} failed under genuine MXNet {version}:\n{done.stdout}\n{done.stderr}")
        return read_result(folder)

    return run


def clean_environment() -> dict[str, str]:
    """This process's environment without what would lead the other interpreter to our `mxnet`."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}


def read_result(folder: Path) -> GenuineResult:
    """Read what a script left in `folder`."""
    result = GenuineResult()
    if (folder / "result.json").exists():
        result.values = json.loads((folder / "result.json").read_text())
    if (folder / "result.npz").exists():
        with onp.load(folder / "result.npz", allow_pickle=False) as arrays:
            result.arrays = dict(arrays)
    return result
