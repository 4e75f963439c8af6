"""Training: this package's networks beside PyTorch with the channels last, torch.compile and genuine MXNet 1.9.1.

    python benchmarks/training.py
    python benchmarks/training.py --models resnet50_v1 --contestants mxnet-hybridized torch --out /tmp/trial
    python benchmarks/training.py --quick --out /tmp/trial
    python benchmarks/training.py --resume
    python benchmarks/training.py --report-only

A step is forward, loss, backward and an update with momentum and weight decay, on one batch of 16 images. Each program
has a process of its own, the same weights and the same batch; they make steps in turn, one at a time. Nothing is timed
unless the losses of the first steps agree. Figures go into training.csv as soon as a network is done, so that a
run can be made in pieces: rows that are there already are replaced, or with --resume left as they are. At the end
training.md and training.svg are made from all rows. What is not installed is left out: genuine MXNet, which
`make conformance` installs, a C++ compiler, which torch.compile needs, and mx.amp, which trains in bfloat16.
"""

from __future__ import annotations

import argparse
import importlib.util
import math
import shlex
import statistics
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from _harness import describe_machine
from _inference_driver import Figures, Session, WorkerError, is_installed, ratio, run_script
from _rows import Contestant, add, read
from _training_report import write_report
from _training_rows import CONTESTANTS, GENUINE, REFERENCES, TORCH, TORCH_COMPILE, Step
from torch_zoo import NETWORKS

import mxnet as mx

ROOT = Path(__file__).parents[1]
MODELS = ["resnet18_v1", "resnet50_v1", "mobilenetv2_1.0", "densenet121"]
NAMES = {str(contestant): contestant for contestant in CONTESTANTS}
SCRIPTS = ("_training_worker.py", "_training_genuine.py")
QUICK = {"models": ["resnet18_v1"], "batch": 4, "size": 64, "rounds": 2, "seconds": 10.0}

# How far the losses of the first steps may be off torch's, in parts of its first: deep networks multiply rounding from
# step to step. Torch's own fourth loss of ResNet-50 differs by 0.5 % between two layouts, genuine MXNet's by 1.3 %.
TOLERANCES = {"float32": (2e-3, 1e-2, 2e-2, 3e-2), "bfloat16": (2e-2, 5e-2, 5e-2, 5e-2)}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    option = parser.add_argument
    option("--models", nargs="+", choices=list(NETWORKS), default=MODELS, metavar="NAME", help=f"of {' '.join(MODELS)}")
    names = f"some of {', '.join(map(repr, NAMES))} (default: all); torch takes part in any case"
    option("--contestants", nargs="+", choices=list(NAMES), default=list(NAMES), metavar="NAME", help=names)
    option("--batch", type=int, default=16, help="images in a step (default: 16)")
    option("--size", type=int, default=224, help="height and width of the images (default: 224)")
    option("--rounds", type=int, default=7, help="turns that each program takes (default: 7)")
    option(
        "--seconds", type=float, default=240, help="after which no further round begins, but for three (default: 240)"
    )
    option("--threads", type=int, default=torch.get_num_threads(), help="of each program (default: %(default)s)")
    genuine = "where 1.9.1/bin/python is (default: .conformance)"
    option("--genuine", type=Path, default=ROOT / ".conformance", metavar="FOLDER", help=genuine)
    option("--quick", action="store_true", help="ResNet-18, small images, two rounds: to see that everything runs")
    option("--out", type=Path, default=ROOT / "docs" / "benchmarks", help="folder for all files")
    option("--resume", action="store_true", help="measure only what has no row yet")
    option("--report-only", action="store_true", help="measure nothing")
    options = parser.parse_args()
    for name, value in QUICK.items() if options.quick else ():
        if getattr(options, name) == parser.get_default(name):
            setattr(options, name, value)
    return options


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def is_there(contestant: Contestant, genuine: Path) -> bool:
    """Whether what it needs is installed."""
    if contestant.engine in ("mxnet-inductor", "torch.compile") and mx.engines.engines()["inductor"]:
        return False
    if contestant.engine.startswith("mxnet") and contestant.precision != "float32":
        return importlib.util.find_spec("mxnet.amp") is not None
    return is_installed(contestant, genuine)


def missing(model: str, options: argparse.Namespace) -> list[Contestant]:
    """Who is to be measured."""
    case = model, options.batch, options.size
    there = {row.contestant for row in read(Step, options.out) if row.case == case} if options.resume else set()
    wanted = {TORCH, *(NAMES[name] for name in options.contestants)}
    return [each for each in CONTESTANTS if each in wanted - there and is_there(each, options.genuine)]


def with_references(wanted: Sequence[Contestant], options: argparse.Namespace) -> list[Contestant]:
    """These, and whom their times are divided by."""
    asked = {NAMES[name] for name in options.contestants} | {TORCH}
    needed = {*wanted, *(each for each in REFERENCES if each in asked and is_there(each, options.genuine))}
    return [each for each in CONTESTANTS if each in needed]


def measure(options: argparse.Namespace) -> Iterator[str]:
    """Measure, and tell of what could not be measured."""
    for model in options.models:
        wanted = missing(model, options)
        if not wanted:
            continue
        say(f"{model}, batch {options.batch}")
        with tempfile.TemporaryDirectory(prefix="training-") as folder:
            task = {"model": model, "batch": options.batch, "size": options.size, "folder": folder}
            try:
                run_script("_training_files.py", task, options.threads)
                with Session(options.threads, folder, options.genuine, say, SCRIPTS) as session:
                    yield from measure_network(session, model, wanted, options)
            except WorkerError as error:
                yield str(error)


def measure_network(
    session: Session, model: str, wanted: Sequence[Contestant], options: argparse.Namespace
) -> Iterator[str]:
    yield from session.start(with_references(wanted, options), model, options.batch)
    losses = session.scores()
    check_losses(losses, model)
    figures = session.measure(options.rounds, options.seconds, is_judged=lambda contestant: True)
    rows = [row_of(each, figures, losses, model, options) for each in wanted if each in figures]
    add(rows, options.out)


def check_losses(losses: Mapping[Contestant, np.ndarray], what: str) -> None:
    """Compare the mean losses of the first steps with torch's.

    Raises
    ------
    RuntimeError
        If one is further off than `TOLERANCES` allow, or is not finite, or they would hardly tell whether the weights
        were updated.
    """
    expected = losses.get(TORCH)
    if expected is None:
        raise RuntimeError(f"{what}: torch, which the others are compared with, did not run")
    changes = np.abs(expected - expected[0])[1:] / expected[0]
    if not (changes > 2 * np.array(TOLERANCES["float32"][1:])).all():
        raise RuntimeError(f"{what}: losses that change so little from step to step show no difference: {expected}")
    for contestant, found in losses.items():
        differences = np.abs(found - expected) / expected[0]
        if not (differences <= TOLERANCES[contestant.precision]).all():
            raise RuntimeError(f"{what}: the losses of {contestant} are {found}, those of torch {expected}")


def row_of(
    contestant: Contestant,
    figures: Mapping[Contestant, Figures],
    losses: Mapping[Contestant, np.ndarray],
    model: str,
    options: argparse.Namespace,
) -> Step:
    found = figures[contestant]
    times = [seconds * 1e3 for turn in found.times.values() for seconds in turn]

    def over(reference: Contestant) -> float:
        return ratio(found.times, figures[reference].times) if reference in figures else math.nan

    return Step(
        model=model,
        batch=options.batch,
        size=options.size,
        engine=contestant.engine,
        precision=contestant.precision,
        median_ms=statistics.median(times),
        min_ms=min(times),
        torch_ratio=over(TORCH),
        compile_ratio=over(TORCH_COMPILE),
        genuine_ratio=over(GENUINE),
        last_loss=float(losses[contestant][-1]),
        cold_start_s=found.cold_start,
        peak_mb=found.peak,
        rounds=len(found.times),
        steps=len(times),
        setup=f"{describe_machine(mx, torch)}; threads: {options.threads}",
        command=shlex.join(["python", *sys.argv]),
    )


def main() -> None:
    options = arguments()
    options.out.mkdir(parents=True, exist_ok=True)
    problems = []
    for problem in () if options.report_only else measure(options):
        say(f"NOT MEASURED: {problem}")
        problems.append(problem)
    write_report(options.out)
    if problems:
        sys.exit(f"{len(problems)} could not be measured")


if __name__ == "__main__":
    main()
