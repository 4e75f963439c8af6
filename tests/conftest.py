"""What holds for every test: fixed seeds, one thread per worker, no network, nothing of the user's home."""

import os
import random
import socket
from collections.abc import Iterator
from typing import Any

import hypothesis
import numpy as onp
import pytest
import torch

SEED = 1234
LOOPBACK = {"localhost", "127.0.0.1", "::1"}

os.environ.setdefault("MPLBACKEND", "Agg")
if "PYTEST_XDIST_WORKER" in os.environ:
    torch.set_num_threads(1)

# Derandomized: a run finds what the last run found. No deadline: a shared machine pauses at will.
hypothesis.settings.register_profile("suite", derandomize=True, deadline=None)
hypothesis.settings.load_profile("suite")


@pytest.fixture(autouse=True)
def fixed_seeds() -> None:
    """Start every test from the same random state."""
    import mxnet as mx

    random.seed(SEED)
    onp.random.seed(SEED)
    mx.random.seed(SEED)


@pytest.fixture(scope="session", autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep downloads and models in a folder of this run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MXNET_HOME", str(tmp_path_factory.mktemp("mxnet-home")))
        yield


@pytest.fixture(scope="session", autouse=True)
def no_network() -> Iterator[None]:
    """Refuse every connection and name look-up that leaves this machine."""

    def guard(method: Any, host_of: Any) -> Any:
        def guarded(*args: Any, **kwargs: Any) -> Any:
            host = host_of(*args)
            if host not in LOOPBACK:
                pytest.fail(f"a test reached for the network: {method.__name__}({host!r})")
            return method(*args, **kwargs)

        return guarded

    def peer(sock: socket.socket, address: Any) -> str:
        return "localhost" if sock.family == socket.AF_UNIX else address[0]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guard(socket.socket.connect, peer))
        patch.setattr(socket.socket, "connect_ex", guard(socket.socket.connect_ex, peer))
        patch.setattr(socket, "getaddrinfo", guard(socket.getaddrinfo, lambda host, *rest: host))
        yield


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip tests marked `gpu` where there is none."""
    if torch.cuda.is_available():
        return
    for item in items:
        if item.get_closest_marker("gpu"):
            item.add_marker(pytest.mark.skip(reason="needs a CUDA device"))
