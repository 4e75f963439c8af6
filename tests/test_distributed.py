"""Training in several processes: the same parameters as in one, errors in all, and lost processes."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as onp
import pytest
import train_in_processes as programs
from references import load

import mxnet as mx
from mxnet import gluon
from mxnet.base import MXNetError
from mxnet.gluon import nn

HERE = Path(__file__).parent
EXAMPLE = HERE.parent / "examples" / "distributed.py"
LAUNCHERS = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT", "DMLC_ROLE", "DMLC_NUM_WORKER")


def run(program, folder, world, *more):
    """Run a program in several processes, which meet through a file in `folder`."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"}
    running = [
        subprocess.Popen(
            [sys.executable, "-W", "error", str(HERE / program), str(folder), str(rank), *more],
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(world)
    ]
    try:
        ends = [process.communicate(timeout=250)[1] for process in running]
    finally:
        for process in running:
            process.kill()
    return [process.returncode for process in running], ends


def found_by(world, folder, *more):
    codes, ends = run("train_in_processes.py", folder, world, str(world), *more)
    assert codes == [0] * world, ends
    return [json.loads((folder / f"{rank}.json").read_text()) for rank in range(world)]


@pytest.fixture(scope="module")
def by_one(tmp_path_factory):
    return json.loads(json.dumps(programs.in_two(programs.Member(), tmp_path_factory.mktemp("one"))))


@pytest.fixture(scope="module")
def by_two(tmp_path_factory):
    return found_by(2, tmp_path_factory.mktemp("two"))


@pytest.fixture(scope="module")
def by_four(tmp_path_factory):
    return found_by(4, tmp_path_factory.mktemp("four"))


def close(found, expected, rtol=1e-4, atol=1e-6):
    """Compare nested lists and dictionaries of numbers."""
    if isinstance(expected, dict):
        assert list(found) == list(expected)
        for name in expected:
            close(found[name], expected[name], rtol, atol)
    elif expected and isinstance(expected[0], dict):
        for one, other in zip(found, expected, strict=True):
            close(one, other, rtol, atol)
    else:
        for one, other in zip(found, expected, strict=True):
            onp.testing.assert_allclose(onp.array(one), onp.array(other), rtol, atol)


ALIKE = [
    *[f"trained {name}" for name in programs.OPTIMIZERS],
    "trained hybridized",
    *[f"accumulated {name}" for name in programs.OPTIMIZERS],
    "looked at in process 0",
    "looked at in process 1",
    "overwritten",
    "frozen for a while",
    "changed before the first step",
    "by hand",
    "partly used",
    "on two devices",
    "two networks",
    "resumed",
]


@pytest.mark.parametrize("name", ALIKE)
def test_two_processes_train_as_one_with_the_whole_batch(by_one, by_two, name):
    assert by_two[0][name] == by_two[1][name]
    close(by_two[0][name], by_one[name])


@pytest.mark.parametrize("name", ["trained adam", "overwritten", "partly used"])
def test_four_processes_train_as_one_with_the_whole_batch(by_one, by_four, name):
    assert all(found[name] == by_four[0][name] for found in by_four)
    close(by_four[0][name], by_one[name])


@pytest.mark.parametrize("name", programs.OPTIMIZERS)
def test_small_batches_added_up_train_as_one_large_batch(by_one, name):
    close(by_one[f"accumulated {name}"], by_one[f"trained {name}"])


def test_training_changes_parameters(by_one):
    start = programs.values(programs.Member().network(nn.Dense(4, in_units=3)))
    assert len(start) == 2
    lists = [json.dumps(by_one[name]) for name in ("trained sgd", "trained adam", "overwritten", "by hand")]
    assert len(set(lists)) == 4


def test_a_training_by_an_estimator_goes_on_in_each_process_where_it_was(by_one, by_two):
    for found in (by_one, *by_two):
        whole, pieces = found["estimated"]
        assert whole == pieces
    assert by_two[0]["estimated"] == by_two[1]["estimated"]


def test_horovod_sums_as_dist_sync_does(by_two):
    assert by_two[0]["horovod"] == by_two[0]["trained sgd"]


def test_buckets_set_out_during_the_backward_pass(by_two):
    for found in by_two:
        counts, buckets = found["sent early"]
        assert buckets > 2
        assert counts == [[0, buckets], [buckets, buckets], [buckets, buckets]]
        assert found["sent at the step"] == [[0, buckets]] * 3


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs the /proc of Linux")
def test_a_trainer_that_is_gone_leaves_no_threads_and_connections(by_two):
    for found in by_two:
        first, *_, last = found["threads and files"]
        assert all(now <= before for now, before in zip(last, first, strict=True))


def test_two_processes_are_genuines_two_workers(by_two):
    expected = load("distributed.json")
    for found in by_two:
        assert list(found["as genuine"]) == list(expected)
        store, other = dict(found["as genuine"]["store"]), dict(expected["store"])
        assert (store.pop("type"), store.pop("num_workers")) == (other.pop("type"), other.pop("num_workers"))
        close(store, other)
        for case in list(expected)[1:]:
            close(found["as genuine"][case], expected[case], rtol=2e-6)


# Compression


def expected_step(found, moved):
    """The weight after each process's gradients are `moved`, twice."""
    weight = onp.array(found[0]["before"]["0.weight"], dtype="float32")
    total = sum(moved(process) for process in range(2))
    return weight - total / programs.SAMPLES


@pytest.mark.parametrize(("kind", "digits"), [("bf16", 7), ("fp16", 10)])
def test_gradients_travel_in_16_bits(by_two, kind, digits):
    found = [each[kind] for each in by_two]
    assert found[0]["after"] == found[1]["after"]
    gradients = onp.array([each["gradients"] for each in found])
    expected = expected_step(found, lambda process: gradients[process].sum(0))
    difference = abs(onp.array(found[0]["after"]["0.weight"]) - expected)
    assert 0 < difference.max() <= abs(gradients).sum((0, 1)).max() / programs.SAMPLES * 2.0**-digits


def test_gradients_travel_in_two_bits_and_what_is_missing_follows(by_two):
    found = [each["2bit"] for each in by_two]
    assert found[0]["after"] == found[1]["after"]

    def moved(process):
        kept, total = 0.0, 0.0
        for gradient in found[process]["gradients"]:
            wanted = onp.array(gradient, dtype="float32") + onp.float32(kept)
            sent = 0.25 * (onp.float32(wanted >= 0.25) - onp.float32(wanted <= -0.25))
            kept, total = wanted - sent, total + sent
        assert abs(total).max() > 0
        return total

    onp.testing.assert_allclose(found[0]["after"]["0.weight"], expected_step(found, moved), rtol=1e-5)


# Normalization


@pytest.mark.parametrize(
    ("name", "dtype", "rtol", "atol"),
    [
        ("normalized eager", "float32", 1e-4, 1e-5),
        ("normalized hybridized", "float32", 1e-4, 1e-5),
        ("normalized, nothing in one", "float32", 1e-4, 1e-5),
        ("normalized float16", "float16", 1e-2, 2e-2),
    ],
)
def test_processes_normalize_the_whole_batch(by_two, name, dtype, rtol, atol):
    found = [each[name] for each in by_two]
    expected = programs.normalized(programs.Member(), nn.BatchNorm(), False, dtype)
    for part in ("output", "gradient", "predicted"):
        close(found[0][part] + found[1][part], expected[part], rtol, atol)
    for part in ("mean", "variance"):
        assert found[0][part] == found[1][part]
        close(found[0][part], expected[part], rtol, atol)
    for part in ("gamma", "beta"):  # a trainer sums them
        close(onp.add(found[0][part], found[1][part]).tolist(), expected[part], rtol, 10 * atol)


# The store


def test_what_a_store_holds(by_two):
    first, second = [dict(found["stored"]) for found in by_two]
    assert (first.pop("place"), second.pop("place")) == ([0, 2], [1, 2])
    assert first == second
    assert first == {
        "type": "dist_device_sync",
        "init is rank 0's": [1, 2],
        "push sums": [6, 8],
        "pushpull sums": [3, 4],
        "broadcast": [2, 4],
        "lists of keys": [9, 12],
        "updated": [7.5, 10],
        "types that differ": [3, 4],
        "horovod sums": [3, 4],
        "horovod broadcasts": [1, 2],
        "updated by a key that comes twice": [-13.5, -18],  # [3, 4] less half of [33, 44]
        "horovod with a key that comes twice": [33, 44],
    }


ERRORS = {
    "batch sizes": r"ValueError: batch_size must be the same in every process, .* they gave from 4 to 5",
    "stale": r"UserWarning: Gradient of Parameter `weight` on process 1 has not been updated by backward",
    "by hand": r"AssertionError: allreduce_grads\(\) when parameters are updated on kvstore is not supported",
    "update sizes": r"ValueError: batch_size must be the same .* from 1 to 2",
    "networks": r"MXNetError: Trainer, kvstore 'dist_sync': the processes differ in the shapes of parameters: "
    r"process 0 has .*weight of shape \(3, 2\), process 1 has .*weight of shape \(4, 2\)",
    "parameters": r"MXNetError: .* the parameters of the trainer: process 0 has .*bias.*, process 1 has no",
    **dict.fromkeys(
        ("frozen in one", "frozen in one again"),
        r"MXNetError: .* the gradients that are summed: process 0 has .*rare.bias of .*process 1 has .*common.bias of",
    ),
    "compression": r"MXNetError: .* process 0 has compression 2bit of 0.5, process 1 has compression bf16",
    "alone": r"UserWarning: this is process [01] of 2, but kvstore 'device' sums gradients within one process",
    "async": r"UserWarning: kvstore 'dist_async': there are no servers .* does what 'dist_sync' does",
    "async by hand": r"ValueError: Cannot set update_on_kvstore=False .* async",
    "horovod": r"ValueError: update_on_kvstore=True needs a kvstore that updates, but kvstore is 'horovod'",
    "horovod shapes": r"MXNetError: key 'key': the arrays of a key have one shape, not \(2,\) and \(3, 2\)",
    "horovod broadcast": r"MXNetError: key 'key': the arrays of a key have one shape, not \(2,\) and \(1,\)",
    "horovod sizes": r"MXNetError: .* the processes differ in what kvstore 'horovod' sums: process 0 has 'key' of "
    r"shape \(2,\) and type float32, process 1 has 'key' of shape \(11,\) and type float32",
    "horovod keys": r"'horovod' sums: process 0 has 'other' of shape \(2,\) .*, process 1 has compression none",
    "horovod types": r"'horovod' sums: process 0 has 'key' of .* type float32, process 1 has 'key' of .* type float64",
    "byteps broadcast sizes": r"'byteps' broadcasts: process 0 has 'key' of shape \(2,\) .*, process 1 has .* \(3,\)",
    "pushed keys": r"'dist_sync' sums: process 0 has 'a' of shape \(2,\) .*, process 1 has 'b' of shape \(11,\)",
    "pushed bits": r"'dist_sync' sums: process 0 has compression bf16, process 1 has compression fp16",
    "sum and broadcast": r"MXNetError: .* process 0 has kvstore 'horovod' sums, process 1 has .* broadcasts",
    "two stores": r"MXNetError: .* process 0 has kvstore 'horovod' sums, process 1 has kvstore 'byteps' sums",
    "init and push": r"MXNetError: .* process 0 has kvstore 'dist_sync' stores, process 1 has kvstore 'dist_sync' sums",
    "init": r"MXNetError: .* the processes differ in what kvstore 'dist_sync' stores: process 0 has 3 of shape "
    r"\(2,\) and type float32, process 1 has 3 of shape \(3,\) and type float32",
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors_are_raised_in_every_process(by_two, name):
    for found in by_two:
        assert found["errors"][name] is not None
        assert_matches(ERRORS[name], found["errors"][name])


def assert_matches(pattern, text):
    with pytest.raises(AssertionError, match=pattern):
        raise AssertionError(text)


def test_after_an_error_nothing_has_changed_and_a_warning_comes_once(by_two):
    for found in by_two:
        assert found["errors"]["nothing changed"] is True
        assert found["errors"]["async again"] is None


@pytest.mark.gpu
def test_processes_with_a_gpu_each_train_as_one(by_one, tmp_path):
    world = min(2, mx.num_gpus())
    found = found_by(world, tmp_path, "gpu")
    for name in ("trained sgd", "trained adam", "trained hybridized", "overwritten"):
        assert all(each[name] == found[0][name] for each in found)
        close(found[0][name], by_one[name], rtol=1e-3, atol=1e-5)
    expected = programs.normalized(programs.Member(), nn.BatchNorm(), False)
    close(sum((each["normalized eager"]["output"] for each in found), []), expected["output"], rtol=1e-3, atol=1e-4)
    close(found[0]["normalized eager"]["variance"], expected["variance"])


# Processes that are lost


def test_a_process_that_is_late_or_killed_is_told(tmp_path):
    start = time.monotonic()
    codes, ends = run("lose_a_process.py", tmp_path, 3)
    assert codes == [0, -9, 0], ends
    assert time.monotonic() - start < 60
    for rank in (0, 2):
        found = json.loads((tmp_path / f"{rank}.json").read_text())
        message, seconds = found["late"]
        assert_matches(
            rf"kvstore 'dist_sync', process {rank}: a barrier: another process did not come within 3 seconds.*"
            "MXNET_KVSTORE_TIMEOUT",
            message,
        )
        assert seconds < 40
        for name in ("lost", "again"):
            message, seconds = found[name]
            assert_matches(rf"Trainer, kvstore 'dist_sync', process {rank}: .*: another process is lost", message)
            assert ".cc:" not in message and "GLHF" not in message  # gloo's own words for its developers
            assert seconds < 40


# How processes are started


@pytest.fixture
def alone(monkeypatch):
    for name in LAUNCHERS:
        monkeypatch.delenv(name, raising=False)


def test_a_program_started_without_torchrun_is_told_the_command(alone, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["/home/me/train.py"])
    command = r"Start the program with: torchrun --nproc-per-node 2 train\.py"
    with pytest.raises(MXNetError, match=f"RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT are not set. {command}"):
        mx.kv.create("dist_sync")
    net = nn.Dense(2, in_units=2)
    net.initialize()
    for name in ("dist_sync", "dist_device_sync", "dist", "p3", "horovod", "BytePS"):
        with pytest.raises(MXNetError, match=command):
            gluon.Trainer(net.collect_params(), "sgd", kvstore=name)
    monkeypatch.setenv("DMLC_ROLE", "worker")
    monkeypatch.setenv("DMLC_NUM_WORKER", "4")
    with pytest.raises(MXNetError, match=r"MXNet's own launcher \(DMLC_ROLE=worker\).* --nproc-per-node 4 train\.py"):
        mx.kv.create("dist_sync")
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(MXNetError, match="RANK, MASTER_ADDR, MASTER_PORT are not set"):
        mx.kv.create("dist_sync")


def test_torchruns_variables_are_numbers(alone, monkeypatch):
    net = nn.Dense(2, in_units=2)
    net.initialize()
    for name in ("WORLD_SIZE", "RANK"):
        monkeypatch.setenv(name, "")
    gluon.Trainer(net.collect_params(), "sgd")
    with pytest.raises(MXNetError, match="RANK, WORLD_SIZE, .* are not set"):
        mx.kv.create("dist_sync")
    monkeypatch.setenv("WORLD_SIZE", "two")
    with pytest.raises(MXNetError, match="WORLD_SIZE must be a number, as torchrun sets it, not 'two'"):
        gluon.Trainer(net.collect_params(), "sgd")


@pytest.mark.parametrize("seconds", ["0", "-1", "soon", "inf", "nan"])
def test_the_timeout_is_a_number_of_seconds(alone, monkeypatch, seconds):
    monkeypatch.setenv("MXNET_KVSTORE_TIMEOUT", seconds)
    with pytest.raises(MXNetError, match=f"MXNET_KVSTORE_TIMEOUT is a positive number of seconds, not '{seconds}'"):
        mx.kv.create("dist_sync")


def under_torchrun(program, *arguments):
    command = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", str(program), *arguments]
    environment = {name: value for name, value in os.environ.items() if name not in LAUNCHERS}
    done = subprocess.run(
        [sys.executable, *command],
        env={**environment, "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"},
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_example_runs_under_torchrun():
    (line,) = under_torchrun(EXAMPLE, "--epochs", "1").splitlines()
    assert_matches(r"^epoch 1: loss \d\.\d+, accuracy 0\.[5-9]\d+ over 2 processes$", line)


LAST_CALLS = """
import sys
import mxnet as mx
stores = [mx.kv.create("horovod"), mx.kv.create("dist_sync")]
sys.setswitchinterval(5)  # gloo's threads, which have tensors to drop, come when this one waits
for store in stores:
    store._agreement.gathered(store.rank, "the last but one")
    store.processes.gathered(store.rank, "the last")
"""


def test_a_program_may_end_right_after_its_last_call(tmp_path):
    (tmp_path / "last.py").write_text(LAST_CALLS)
    assert under_torchrun(tmp_path / "last.py") == ""
