"""The fuzzer: a short run of every format, the kept files, and that it notices what it is there for."""

import signal
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

FUZZ = Path(__file__).parent / "fuzz"
with pytest.MonkeyPatch.context() as patch:
    patch.syspath_prepend(str(FUZZ))
    import fuzz
    import targets

FILES = 300


@pytest.mark.parametrize("name", targets.NAMES)
def test_broken_files_are_loaded_or_refused(name):
    target, random = targets.make(name), Random(name)
    assert [fuzz.outcome_of(target, seed) for seed in target.seeds] == ["loaded"] * len(target.seeds)
    kept = [path.read_bytes() for path in targets.corpus(name)]
    outcomes = {fuzz.outcome_of(target, data) for data in [*kept, *(target.case(random) for _ in range(FILES))]}
    assert outcomes <= {"loaded", "refused"}, outcomes
    assert "refused" in outcomes


def test_archives_made_by_the_fuzzer_are_read():
    target = targets.make("npz")
    name, content = b"x.npy", targets.make("npy").seeds[0]
    for deflated in (False, True):
        assert fuzz.outcome_of(target, targets.zip_of([(name, content)], deflated)) == "loaded"


def test_failures_and_hangs_are_noticed(monkeypatch):
    def fail(data):
        raise KeyError("not ours")

    def hang(data):
        while True:
            pass

    monkeypatch.setattr(fuzz, "SECONDS", 0.05)
    before = signal.signal(signal.SIGALRM, fuzz.too_slow)
    try:
        assert "KeyError: 'not ours'" in fuzz.outcome_of(targets.Target([b""], fail), b"")
        assert "TooSlow" in fuzz.outcome_of(targets.Target([b""], hang), b"")
    finally:
        signal.signal(signal.SIGALRM, before)


def test_command_counts(tmp_path):
    command = [sys.executable, FUZZ / "fuzz.py", "--formats", "npy", "--files", "200", "--keep", tmp_path / "kept"]
    done = subprocess.run([*map(str, command)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert f" {200 + len(targets.corpus('npy'))} files:" in done.stdout
    assert "0 failed" in done.stdout
    assert not (tmp_path / "kept").exists()
