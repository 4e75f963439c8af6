"""Parameters of one network of each family travel between this package and genuine MXNet; the logits stay."""

import shutil

import numpy as onp
import pytest

import networks  # isort: skip  (of genuine/, found through conftest)


@pytest.fixture(scope="session")
def our_files(tmp_path_factory):
    """A folder of files that we wrote, and the logits of the networks that wrote them."""
    folder = tmp_path_factory.mktemp("ours")
    logits = {family: networks.save(family, folder) for family in networks.FAMILIES}
    yield folder, logits
    shutil.rmtree(folder)  # pytest would keep these hundreds of megabytes


@pytest.fixture(scope="session", params=["2.0.0b1", "1.9.1"])
def exchange(request, run_genuine, our_files, tmp_path_factory):
    """A genuine version, the folder of files it wrote, and the logits it found."""
    folder = tmp_path_factory.mktemp("theirs")
    yield request.param, folder, run_genuine(request.param, "networks.py", our_files[0], folder).arrays
    shutil.rmtree(folder)


def assert_same_logits(found, expected):
    assert onp.ptp(expected) > 0.01  # no network that gives zeros whatever it loaded
    onp.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4 * onp.std(expected))


@pytest.mark.parametrize("family", networks.FAMILIES)
def test_genuine_mxnet_reads_our_parameters(exchange, our_files, family):
    _, _, theirs = exchange
    assert_same_logits(theirs[f"read/{family}"], our_files[1][family])


@pytest.mark.parametrize("family", networks.FAMILIES)
def test_we_read_what_save_parameters_of_genuine_mxnet_wrote(exchange, family):
    version, folder, theirs = exchange
    path = folder / f"{family}.params"
    assert path.read_bytes()[:2] == (b"PK" if version == "2.0.0b1" else b"\x12\x01")  # an npz, a list
    assert_same_logits(networks.load(family, path), theirs[f"written/{family}"])


@pytest.mark.parametrize("exchange", ["1.9.1"], indirect=True)
@pytest.mark.parametrize("family", networks.FAMILIES)
def test_we_read_what_export_of_1_9_1_wrote(exchange, family):
    _, folder, theirs = exchange  # exports of 2.0.0b1 name parameters as save_parameters does
    assert_same_logits(networks.load(family, folder / f"{family}-0000.params"), theirs[f"written/{family}"])
