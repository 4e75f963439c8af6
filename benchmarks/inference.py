"""Prediction: this package's hybridized networks beside genuine MXNet, PyTorch, ONNX Runtime and OpenVINO.

    python benchmarks/inference.py
    python benchmarks/inference.py --models resnet50_v1 --batches 1 --engines torch openvino --out /tmp/trial
    python benchmarks/inference.py --resume
    python benchmarks/inference.py --report-only

Each engine has a process of its own and the same weights and images; they are called in turn, one at a time. Nothing is
timed unless all predict the same. Figures go into inference.csv as soon as a network and batch size are done, so that a
run can be made in pieces: rows that are there already are replaced, or with --resume left as they are. At the end
inference.md and inference.svg are made from all rows. What is not installed is left out: genuine MXNet, which
`make conformance` installs, and nncf, which int8 needs.
"""

from __future__ import annotations

import argparse
import shlex
import statistics
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import onnxruntime
import openvino
import torch
from _harness import describe_machine
from _inference_driver import Figures, Session, WorkerError, check_scores, is_installed, ratio, run_script
from _inference_report import write_report
from _inference_rows import CONTESTANTS, ENGINES, PEERS, PRECISIONS, Agreement, Speed
from _rows import Contestant, add, read

import mxnet as mx

ROOT = Path(__file__).parents[1]
MODELS = ["alexnet", "densenet121", "inceptionv3", "mobilenet1.0", "mobilenetv2_1.0", "resnet18_v1", "resnet50_v1"]
MODELS += ["resnet50_v2", "squeezenet1.1", "vgg16", "vgg16_bn"]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    option = parser.add_argument
    option("--models", nargs="+", default=MODELS, metavar="NAME", help=f"default: {' '.join(MODELS)}")
    option("--batches", nargs="+", type=int, default=[1, 16], metavar="SIZE", help="default: 1 16")
    engines = f"some of {' '.join(PEERS)}, beside mxnet (default: all)"
    option("--engines", nargs="+", choices=ENGINES, default=ENGINES, metavar="NAME", help=engines)
    precisions = f"some of {' '.join(PRECISIONS)} (default: all)"
    option("--precisions", nargs="+", choices=PRECISIONS, default=PRECISIONS, metavar="NAME", help=precisions)
    option("--rounds", type=int, default=7, help="turns that each engine takes (default: 7)")
    option("--seconds", type=float, default=90, help="after which no further round begins, but for three (default: 90)")
    option("--size", type=int, help="height and width of the images (default: 224, Inception's 299)")
    option("--threads", type=int, default=torch.get_num_threads(), help="of each engine (default: %(default)s)")
    genuine = "where 1.9.1/bin/python is, and 2.0.0b1's (default: .conformance)"
    option("--genuine", type=Path, default=ROOT / ".conformance", metavar="FOLDER", help=genuine)
    option("--only", nargs="+", choices=list(MEASUREMENTS), default=list(MEASUREMENTS), help="default: both")
    option("--out", type=Path, default=ROOT / "docs" / "benchmarks", help="folder for all files")
    option("--resume", action="store_true", help="measure only what has no row yet")
    option("--report-only", action="store_true", help="measure nothing")
    return parser.parse_args()


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def size_of(model: str, options: argparse.Namespace) -> int:
    return options.size or (299 if model.startswith("inception") else 224)


def setup(options: argparse.Namespace) -> str:
    return f"{describe_machine(mx, torch, onnxruntime, openvino)}; threads: {options.threads}"


def missing(model: str, batch: int, options: argparse.Namespace) -> list[Contestant]:
    """Who is to be measured."""
    there = {(row.case, row.size, row.contestant) for row in read(Speed, options.out)} if options.resume else set()
    return [
        each
        for each in CONTESTANTS
        if (each.engine in options.engines or each == ("mxnet", "float32"))
        and each.precision in options.precisions
        and is_installed(each, options.genuine)
        and ((model, batch), size_of(model, options), each) not in there
    ]


def with_references(contestants: Sequence[Contestant]) -> list[Contestant]:
    """These, and whom their times are divided by."""
    needed = {Contestant("mxnet"), *contestants, *(Contestant(each.engine) for each in contestants)}
    return [each for each in CONTESTANTS if each in needed]


def measure_speed(options: argparse.Namespace) -> Iterator[str]:
    """Measure, and tell of what could not be measured."""
    for model in options.models:
        todo = {batch: missing(model, batch, options) for batch in options.batches}
        batches = [batch for batch, contestants in todo.items() if contestants]
        if not batches:
            continue
        with tempfile.TemporaryDirectory(prefix="inference-") as folder:
            task = {"model": model, "batches": batches, "size": size_of(model, options), "folder": folder}
            try:
                run_script("_inference_files.py", task, options.threads)
            except WorkerError as error:
                yield str(error)
                continue
            for batch in batches:
                say(f"{model}, batch {batch}")
                with Session(options.threads, folder, options.genuine, say) as session:
                    yield from measure_case(session, model, batch, todo[batch], options)


def measure_case(
    session: Session, model: str, batch: int, wanted: Sequence[Contestant], options: argparse.Namespace
) -> Iterator[str]:
    yield from session.start(with_references(wanted), model, batch)
    check_scores(session.scores(), f"{model}, batch {batch}")
    try:
        figures = session.measure(options.rounds, options.seconds)
    except WorkerError as error:
        yield str(error)
        return
    rows = speed_rows(figures, model, batch, options)
    add([row for row in rows if row.contestant in wanted], options.out)


def speed_rows(
    figures: Mapping[Contestant, Figures], model: str, batch: int, options: argparse.Namespace
) -> list[Speed]:
    rows = []
    for contestant, found in figures.items():
        times = [seconds * 1e3 for turn in found.times.values() for seconds in turn]
        rows.append(
            Speed(
                model=model,
                batch=batch,
                size=size_of(model, options),
                engine=contestant.engine,
                precision=contestant.precision,
                median_ms=statistics.median(times),
                min_ms=min(times),
                mxnet_ratio=ratio_of(figures, Contestant("mxnet"), contestant),
                float32_ratio=ratio_of(figures, contestant, Contestant(contestant.engine)),
                cold_start_s=found.cold_start,
                peak_mb=found.peak,
                chosen=found.chosen,
                rounds=len(found.times),
                calls=len(times),
                setup=setup(options),
                command=command(),
            )
        )
    return rows


def ratio_of(figures: Mapping[Contestant, Figures], one: Contestant, other: Contestant) -> float:
    if one in figures and other in figures:
        return ratio(figures[one].times, figures[other].times)
    return float("nan")


def command() -> str:
    return shlex.join(["python", *sys.argv])


def measure_agreement(options: argparse.Namespace) -> Iterator[str]:
    """Train a network, have it predict in each precision, and tell of those in which it could not."""
    there = {row.precision for row in read(Agreement, options.out)} if options.resume else set()
    precisions = [each for each in options.precisions if each not in there]
    if not precisions:
        return
    from _inference_digits import Digits

    digits = Digits()
    for precision in precisions:
        try:
            accuracy, same = digits.compare(precision)
        except (mx.MXNetError, TypeError, ValueError) as error:
            yield f"agreement in {precision}: {error}"
            continue
        say(f"{digits.model} in {precision}: {accuracy:.1%} right, {same:.1%} as in float32")
        add([Agreement(digits.model, precision, digits.images, accuracy, same, setup(options))], options.out)


MEASUREMENTS = {"speed": measure_speed, "agreement": measure_agreement}


def main() -> None:
    options = arguments()
    options.out.mkdir(parents=True, exist_ok=True)
    problems = []
    for name in [] if options.report_only else options.only:
        for problem in MEASUREMENTS[name](options):
            say(f"NOT MEASURED: {problem}")
            problems.append(problem)
    write_report(options.out)
    if problems:
        sys.exit(f"{len(problems)} could not be measured")


if __name__ == "__main__":
    main()
