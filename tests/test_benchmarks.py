"""The benchmarks compare like with like: torch's networks compute what the zoo's compute, untrained and trained."""

import sys
from pathlib import Path

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture(scope="module", autouse=True)
def benchmarks_on_the_path():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        yield


@pytest.mark.parametrize("model", ["resnet18_v1", "resnet50_v1", "mobilenetv2_1.0"])
def test_both_programs_compute_the_same(model):
    import eager

    ours, theirs = eager.twins(model, batch=4, size=64)  # compares the scores of both
    before = [value.detach().clone().numpy() for value in theirs.net.parameters()]
    assert float(ours.training()().mean()) == pytest.approx(theirs.training()().item(), rel=1e-6)
    trained = [parameter for parameter in ours.net.collect_params().values() if parameter.grad_req != "null"]
    for parameter, (name, value), start in zip(trained, theirs.net.named_parameters(), before, strict=True):
        wanted = value.detach().numpy()
        difference = np.linalg.norm(parameter.data().asnumpy() - wanted)
        assert difference <= 1e-3 * np.linalg.norm(wanted - start), name


def test_networks_that_differ_are_not_timed(monkeypatch):
    import eager

    monkeypatch.setattr(eager, "copy_state", lambda arrays, net: None)
    with pytest.raises(RuntimeError, match="resnet18_v1: the two networks differ by"):
        eager.twins("resnet18_v1", batch=1, size=32)


def test_copied_parameters_must_fit():
    from torch_zoo import NETWORKS, copy_state

    net = NETWORKS["resnet18_v1"]()
    arrays = [value.numpy() for name, value in net.state_dict().items() if not name.endswith("num_batches_tracked")]
    with pytest.raises(ValueError, match=r"0.weight has shape \(64, 3, 7, 7\), .* \(64, 3, 7, 6\)"):
        copy_state([arrays[0][..., :6], *arrays[1:]], net)
    with pytest.raises(ValueError):
        copy_state(arrays[:-1], net)


def test_programs_are_called_in_turn_and_the_ratio_is_that_of_neighbours(monkeypatch):
    import _harness

    clock, calls = [0.0], []

    def program(name, *lengths):
        remaining = list(lengths)

        def call():
            calls.append(name)
            clock[0] += remaining.pop(0)

        return call

    monkeypatch.setattr(_harness.time, "perf_counter", lambda: clock[0])
    # The machine is ten times slower for the second pair; the first call warms up.
    found = _harness.compare(program("a", 9, 2, 20, 2), program("b", 9, 1, 10, 1), repeats=3, warm_up=1)
    assert "".join(calls) == "ab" + "ab" + "ba" + "ab"
    assert (found.ours, found.theirs, found.ratio) == (2, 1, 2)


def test_peak_memory_and_output_of_another_process():
    import _harness

    peak = float(_harness.run_apart("b = bytearray(300 << 20); import _harness; print(_harness.peak_megabytes())"))
    assert 300 < peak < 400
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        _harness.run_apart("1 / 0")


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's allocator is spoken to")
def test_allocator_is_set_by_starting_anew_once(monkeypatch):
    import _harness

    started = []
    monkeypatch.setattr(_harness.os, "execve", lambda *arguments: started.append(arguments))
    monkeypatch.delenv("MALLOC_TRIM_THRESHOLD_", raising=False)
    monkeypatch.delenv("MALLOC_MMAP_MAX_", raising=False)
    _harness.keep_freed_memory()
    ((program, arguments, environment),) = started
    assert (program, arguments) == (sys.executable, sys.orig_argv)
    monkeypatch.setattr(_harness.os, "environ", environment)
    _harness.keep_freed_memory()
    assert len(started) == 1
    assert _harness.run_apart("import os; print('MALLOC_MMAP_MAX_' in os.environ)") == "False"


def test_table(monkeypatch, capsys):
    import eager
    import torch

    options = ["--models", "resnet18_v1", "--batches", "2", "--size", "64", "--repeats", "1", "--only-speed"]
    monkeypatch.setattr(sys, "argv", ["benchmarks/eager.py", *options, "--threads", str(torch.get_num_threads())])
    eager.main()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"`python benchmarks/eager.py {' '.join(options)} --threads {torch.get_num_threads()}`"
    assert "torch" in lines[2] and "64 x 64 images" in lines[2]
    assert [line.split("|")[1:4] for line in lines[6:]] == [
        [" resnet18_v1 ", " 2 ", " inference "],
        [" resnet18_v1 ", " 2 ", " training "],
    ]
