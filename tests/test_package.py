"""What is installed beside the code: version, command, type marker, licence texts."""

import importlib.resources
import subprocess
import sys
from importlib.metadata import distribution

import pytest

import mxnet as mx

DISTRIBUTION = distribution("mxnet-torch")

IMPORT_LEAVES_THE_PROCESS_ALONE = """
import random, sys
import numpy, torch
before = random.getstate(), str(numpy.random.get_state()), torch.get_rng_state().tolist()
import mxnet
after = random.getstate(), str(numpy.random.get_state()), torch.get_rng_state().tolist()
assert before == after, "import mxnet drew random numbers or reseeded"
assert torch.is_grad_enabled(), "import mxnet turned torch's grad mode off"
assert torch.get_default_dtype() is torch.float32, "import mxnet changed torch's default dtype"
print(*sorted({"matplotlib", "sklearn", "typer", "rich"} & sys.modules.keys()))
"""


def test_version_is_the_distributions():
    assert mx.__version__ == DISTRIBUTION.version


def test_mxzoo_command_points_to_a_function():
    (command,) = DISTRIBUTION.entry_points.select(group="console_scripts", name="mxzoo")
    assert command.value == "mxnet.cli:main"
    assert callable(command.load())


def test_type_marker_is_shipped():
    assert importlib.resources.files("mxnet").joinpath("py.typed").is_file()


@pytest.mark.parametrize("name", ["LICENSE", "NOTICE"])
def test_licence_texts_are_shipped(name):
    assert name in DISTRIBUTION.metadata.get_all("License-File")
    (text,) = [file for file in DISTRIBUTION.files or [] if file.match(f"*.dist-info/licenses/{name}")]
    assert "Apache" in text.read_text()


def test_import_is_quiet_and_light():
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", IMPORT_LEAVES_THE_PROCESS_ALONE],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split() == [], "imported only when used"


def test_every_test_starts_from_the_suites_seed():
    drawn = mx.np.random.uniform(size=3).asnumpy()
    mx.random.seed(1234)  # SEED of conftest.py
    assert drawn.tolist() == mx.np.random.uniform(size=3).asnumpy().tolist()
