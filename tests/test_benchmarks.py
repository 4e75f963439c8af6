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


INFERENCE_COLUMNS = (
    "model,batch,size,engine,precision,median_ms,min_ms,mxnet_ratio,float32_ratio,cold_start_s,peak_mb,chosen,"
    "rounds,calls,setup,command"
)
INFERENCE_ROWS = """
alexnet,1,224,mxnet,float32,10,9,1,1,0.5,400,openvino,7,210,a machine,python inference.py
alexnet,1,224,torch,float32,20,19,0.5,1,0.2,300,,7,140,a machine,python inference.py
alexnet,1,224,openvino,float32,10.1,9,0.98,1,0.4,200,,7,210,a machine,python inference.py
alexnet,1,224,openvino,bfloat16,5,4,2,0.5,0.4,200,,7,210,a machine,python inference.py
vgg16,16,224,mxnet,float32,1000,990,1,1,3,4000,torch,7,14,a machine,python inference.py --resume
vgg16,16,224,torch,float32,800,790,1.25,1,2,3000,,7,14,a machine,python inference.py --resume
vgg16,16,224,genuine-1.9.1,float32,4000,3900,0.25,1,2,3000,,7,14,a machine,python inference.py --resume
vgg16,16,224,openvino,bfloat16,500,400,2,0.125,0.4,200,,7,210,a machine,python inference.py
"""


def cells_of(text, start):
    """The cells of the one line of a Markdown text that starts so."""
    (line,) = [line for line in text.splitlines() if line.startswith(start)]
    return [cell.strip() for cell in line.split("|")[1:-1]]


def test_report_of_inference(monkeypatch, tmp_path):
    import inference

    (tmp_path / "inference.csv").write_text(INFERENCE_COLUMNS + INFERENCE_ROWS, encoding="utf-8")
    (tmp_path / "agreement.csv").write_text(
        "model,precision,images,accuracy,same,setup\nresnet18_v1,bfloat16,360,0.975,0.9972,a machine\n",
        encoding="utf-8",
    )
    monkeypatch.setattr(sys, "argv", ["benchmarks/inference.py", "--report-only", "--out", str(tmp_path)])
    inference.main()
    text = (tmp_path / "inference.md").read_text(encoding="utf-8")
    assert text.count("a machine") == 1
    assert "`python inference.py`" in text and "`python inference.py --resume`" in text
    # The best peers are OpenVINO (0.98) and torch (1.25): sqrt(0.98 * 1.25) = 1.1068.
    assert cells_of(text, "| **the best peer**")[1:] == ["2", "1.107", "0.980", "1.250", "1.250", "vgg16, batch 16"]
    mean = f"{np.sqrt(0.5 * 1.25):.3f}"
    assert cells_of(text, "| torch |")[1:] == ["2", mean, "0.500", "1.250", "1.250", "vgg16, batch 16"]
    assert cells_of(text, "| onnxruntime |")[1:] == ["0", "", "", "", "", ""]
    times = text[text.index("## Time of a call") : text.index("## Less precise")]
    wanted = ["1000.00 (torch)", "800.00", "", "", "", "4000.00", "", "1.250 (torch)", "0.250"]
    assert cells_of(times, "| vgg16 ")[2:] == wanted
    less = text[text.index("## Less precise") : text.index("## Cold start")]
    assert cells_of(less, "| alexnet ")[-2:] == ["5.00", "0.500"]
    assert cells_of(less, "| geometric mean ")[-1] == "0.250"
    assert cells_of(text, "| bfloat16 ") == ["bfloat16", "97.5%", "99.7%"]
    assert 0 < (tmp_path / "inference.svg").stat().st_size < 200_000


def test_rows_of_inference_replace_those_of_the_same_key(tmp_path):
    from dataclasses import replace

    import _rows as rows
    from _inference_rows import Speed

    (tmp_path / "inference.csv").write_text(INFERENCE_COLUMNS + INFERENCE_ROWS, encoding="utf-8")
    before = rows.read(Speed, tmp_path)
    rows.add([replace(before[1], median_ms=21.5), replace(before[0], batch=2, mxnet_ratio=float("nan"))], tmp_path)
    after = rows.read(Speed, tmp_path)
    assert [after[0], after[1].median_ms, *after[2:-1]] == [before[0], 21.5, *before[2:]]
    assert after[-1].batch == 2 and np.isnan(after[-1].mxnet_ratio)


def test_ratio_of_turns_does_not_change_with_the_machine():
    from _inference_driver import calls_in_turn, ratio, rotated

    ours = {0: [2.0, 2, 9], 1: [20.0, 20], 2: [4.0, 4], 3: [7.0]}
    theirs = {0: [1.0, 1], 1: [10.0, 10, 90], 2: [1.0, 1]}  # the machine is ten times slower in the second round
    assert ratio(ours, theirs) == 2
    assert np.isnan(ratio(ours, {4: [1.0]}))
    assert [calls_in_turn(seconds) for seconds in (0.001, 0.02, 0.5, 3)] == [(40, 40), (5, 20), (1, 2), (0, 2)]
    assert calls_in_turn(3, part=3) == (0, 1)
    assert [rotated("abc", number) for number in (0, 1, 5)] == [["a", "b", "c"], ["b", "c", "a"], ["c", "a", "b"]]


def test_engines_that_predict_something_else_are_not_timed():
    from _inference_driver import check_scores
    from _rows import Contestant

    scores = np.array([[1.0, -4.0]])
    close = {Contestant("mxnet"): scores + 3e-3, Contestant("torch"): scores, Contestant("mxnet", "int8"): -scores}
    check_scores(close, "alexnet, batch 1")
    for wrong in (scores + 5e-3, scores * np.nan):
        with pytest.raises(RuntimeError, match=r"alexnet, batch 1: openvino and torch differ by"):
            check_scores(close | {Contestant("openvino"): wrong}, "alexnet, batch 1")


def test_inference_of_a_small_network(monkeypatch, tmp_path, capfd):
    import inference
    from _inference_rows import Speed
    from _rows import read

    options = ["--models", "mobilenet0.25", "--batches", "2", "--size", "32", "--rounds", "2", "--threads", "1"]
    options += ["--engines", "torch", "--precisions", "float32", "--only", "speed", "--out", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", ["benchmarks/inference.py", *options, "--resume"])
    inference.main()
    ours, theirs = read(Speed, tmp_path)
    assert (str(ours.contestant), str(theirs.contestant)) == ("mxnet", "torch")
    assert ours.chosen in ("openvino", "onnxruntime", "torch") and theirs.chosen == ""
    assert ours.mxnet_ratio == theirs.float32_ratio == 1 and theirs.mxnet_ratio > 0
    assert 0 < theirs.min_ms <= theirs.median_ms and theirs.cold_start_s > 0 and theirs.peak_mb > 50
    assert theirs.rounds == 2 and theirs.calls >= 4
    assert "| mobilenet0.25 | 2 | " in (tmp_path / "inference.md").read_text(encoding="utf-8")
    assert "measured in" in capfd.readouterr().err

    inference.main()  # nothing is left to do
    assert read(Speed, tmp_path) == [ours, theirs]
    assert capfd.readouterr().err == ""


def test_worker_that_fails_is_told_of(tmp_path):
    from _inference_driver import Session
    from _rows import Contestant

    with Session(1, str(tmp_path), tmp_path, print) as session:
        (problem,) = session.start([Contestant("openvino")], "alexnet", 3)
        assert not session.scores()
    assert problem.startswith("openvino (alexnet, batch 3) ended with status 1:") and "batch3.onnx" in problem


TRAINING_COLUMNS = (
    "model,batch,size,engine,precision,median_ms,min_ms,torch_ratio,compile_ratio,genuine_ratio,last_loss,cold_start_s,"
    "peak_mb,rounds,steps,setup,command"
)
TRAINING_ROWS = """
resnet18_v1,16,224,mxnet,float32,500,490,1,1.25,0.5,6.5,1,1000,7,14,a machine,python training.py
resnet18_v1,16,224,mxnet-inductor,float32,400,390,0.8,1,0.4,6.5,31,1000,7,14,a machine,python training.py
resnet18_v1,16,224,torch,float32,500,490,1,1.25,0.5,6.5,1,1100,7,14,a machine,python training.py
densenet121,16,224,mxnet,float32,1800,1790,0.9,,0.9,6.75,1,3000,3,6,a machine,python training.py --resume
densenet121,16,224,torch,float32,2000,1990,1,,1,6.75,1,3100,3,6,a machine,python training.py --resume
densenet121,16,224,genuine-1.9.1,float32,2000,1990,1,,1,6.75,1,3100,3,6,a machine,python training.py --resume
"""


def test_report_of_training(monkeypatch, tmp_path):
    import training

    (tmp_path / "training.csv").write_text(TRAINING_COLUMNS + TRAINING_ROWS, encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["benchmarks/training.py", "--report-only", "--out", str(tmp_path)])
    training.main()
    text = (tmp_path / "training.md").read_text(encoding="utf-8")
    assert text.count("a machine") == 1 and "`python training.py --resume`" in text
    summary = text[text.index("## Summary") : text.index("## Time of a step")]
    # sqrt(1 * 0.9) = 0.9487, sqrt(0.5 * 0.9) = 0.6708; the best are 0.8 and 0.9, 0.4 and 0.9.
    assert cells_of(summary, "| mxnet |")[1:] == ["2", "0.949", "1.250", "0.671"]
    assert cells_of(summary, "| **the best of mxnet's**")[1:] == ["2", "0.849", "1.000", "0.600"]
    assert cells_of(summary, "| mxnet-hybridized bfloat16 ")[1:] == ["0", "", "", ""]
    times = text[text.index("## Time of a step") : text.index("## Beside torch")]
    columns = dict(zip(cells_of(times, "| network "), cells_of(times, "| densenet121 "), strict=True))
    assert (columns["mxnet"], columns["mxnet-inductor"], columns["genuine-1.9.1"]) == ("1800.0", "", "2000.0")
    assert 0 < (tmp_path / "training.svg").stat().st_size < 200_000


def test_training_of_a_small_network(monkeypatch, tmp_path, capfd):
    import training
    from _rows import read
    from _training_rows import Step

    options = ["--quick", "--size", "32", "--threads", "1", "--out", str(tmp_path)]
    options += ["--contestants", "mxnet", "mxnet-hybridized"]
    monkeypatch.setattr(sys, "argv", ["benchmarks/training.py", *options, "--resume"])
    training.main()
    plain, hybridized, torch = read(Step, tmp_path)
    assert [str(row.contestant) for row in (plain, hybridized, torch)] == ["mxnet", "mxnet-hybridized", "torch"]
    assert [row.case for row in (plain, torch)] == [("resnet18_v1", 4, 32)] * 2
    assert torch.torch_ratio == 1 and plain.torch_ratio > 0 and np.isnan(plain.genuine_ratio)
    assert 0 < torch.min_ms <= torch.median_ms and torch.cold_start_s > 0 and torch.peak_mb > 50
    assert plain.last_loss == pytest.approx(torch.last_loss, rel=2e-3)
    assert "| resnet18_v1 | 4 | 32 |" in (tmp_path / "training.md").read_text(encoding="utf-8")
    assert "measured in" in capfd.readouterr().err

    training.main()  # nothing is left to do
    assert str(read(Step, tmp_path)) == str([plain, hybridized, torch])  # NaN is not equal to itself
    assert capfd.readouterr().err == ""


def test_programs_that_train_otherwise_are_not_timed():
    from _training_rows import OURS, TORCH
    from training import check_losses

    losses = np.array([7.0, 6.8, 6.5, 6.1])
    half = OURS[-1]
    assert half.precision == "bfloat16"
    later = np.array([1, 1.008, 1.015, 1.025])  # as rounding multiplies
    check_losses({TORCH: losses, OURS[0]: losses * later, half: losses * (1 + 2 * (later - 1))}, "net")
    others = [(OURS[0], losses * 1.005), (half, losses * 1.03), (OURS[0], losses[[0, 0, 2, 3]])]
    for contestant, wrong in [*others, (OURS[0], losses[[0, 1, 1, 2]]), (half, losses[[0, 0, 0, 0]])]:
        with pytest.raises(RuntimeError, match=f"net: the losses of {contestant} are"):
            check_losses({TORCH: losses, contestant: wrong}, "net")
    with pytest.raises(RuntimeError, match="are .*nan"):
        check_losses({TORCH: losses, OURS[0]: losses * np.nan}, "net")
    with pytest.raises(RuntimeError, match="show no difference"):
        check_losses({TORCH: losses[[0, 0, 2, 3]]}, "net")
    with pytest.raises(RuntimeError, match="did not run"):
        check_losses({OURS[0]: losses}, "net")


def test_rectifiers_in_place_change_nothing():
    import torch
    from torch_zoo import NETWORKS, rectify_in_place

    for model, size in [("resnet18_v1", 32), ("mobilenetv2_1.0", 32), ("densenet121", 224)]:
        torch.manual_seed(0)
        net, images = NETWORKS[model](), torch.randn(2, 3, size, size)
        expected = net(images)
        rectify_in_place(net)
        assert torch.equal(net(images), expected)
