"""Exported networks travel between this package and genuine MXNet, both ways, and compute the same."""

import shutil

import numpy as onp
import pytest

import graphs  # isort: skip  (of genuine/, found through conftest)

ALL = [*graphs.NETWORKS, *graphs.NEW]


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    """A folder of our exports, and what the networks compute."""
    folder = tmp_path_factory.mktemp("ours")
    yield folder, {name: graphs.written(name, folder) for name in ALL}
    shutil.rmtree(folder)  # pytest would keep these hundreds of megabytes


@pytest.fixture(scope="module", params=["2.0.0b1", "1.9.1"])
def exchange(request, run_genuine, ours, tmp_path_factory):
    """A genuine version, the folder of its exports, and what it computed."""
    folder = tmp_path_factory.mktemp("theirs")
    yield request.param, folder, run_genuine(request.param, "graphs.py", ours[0], folder).arrays
    shutil.rmtree(folder)


def assert_same(found, expected):
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert one.shape == other.shape
        onp.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5 * max(1, onp.abs(other).max()))


def outputs(arrays, what, name):
    return [value for key, value in arrays.items() if key.startswith(f"{what}/{name}/")]


def skip_new(version, name, known=graphs.NETWORKS):
    if version == "1.9.1" and name not in known:
        pytest.skip("1.9.1 has no such operator, or one with other parameters")


@pytest.mark.parametrize("name", ALL)
def test_genuine_mxnet_computes_what_we_export(exchange, ours, name):
    version, _, theirs = exchange
    skip_new(version, name, known=graphs.OLD)
    assert_same(outputs(theirs, "read", name), ours[1][name])


@pytest.mark.parametrize("name", ALL)
def test_we_compute_what_genuine_mxnet_exports(exchange, name):
    version, folder, theirs = exchange
    skip_new(version, name)
    assert_same(graphs.read(name, folder), outputs(theirs, "written", name))


@pytest.mark.parametrize("name", ALL)
def test_both_compute_the_same(exchange, ours, name):
    version, _, theirs = exchange
    skip_new(version, name, known=graphs.OLD)
    assert_same(ours[1][name], outputs(theirs, "written", name))
