"""What hybridize gains, what it costs to call a graph, and how long tracing takes; beside genuine MXNet 1.9.1.

    python benchmarks/hybrid.py
    python benchmarks/hybrid.py --models resnet18_v1 --batches 1 --only speed
    python benchmarks/hybrid.py --genuine .conformance/1.9.1/bin/python

Programs are called in turn: ours as written and ours hybridized, and after every five of these pairs genuine's
hybridized one, which has a process of its own. Without genuine MXNet (`make conformance` installs it) its
columns stay empty. Prints tables in Markdown.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import statistics
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from _harness import compare, describe_machine, keep_freed_memory, seconds
from programs import GluonProgram

import mxnet as mx
from mxnet.gluon.model_zoo import vision

HERE = Path(__file__).parent
GENUINE = HERE.parent / ".conformance" / "1.9.1" / "bin" / "python"
FAMILIES = ["alexnet", "densenet121", "inceptionv3", "mobilenet1.0", "mobilenetv2_1.0", "resnet18_v1", "resnet50_v1"]
FAMILIES += ["resnet50_v2", "squeezenet1.1", "vgg11"]
TINY = 32  # pixels: what is left of ResNet-50 is mostly calls


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", default=FAMILIES)
    parser.add_argument("--batches", nargs="+", type=int, default=[1, 16])
    parser.add_argument("--repeats", type=int, default=10, help="timed calls at the largest batch")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--genuine", type=Path, default=GENUINE, help="a Python that has mxnet 1.9.1")
    parser.add_argument("--only", nargs="+", choices=list(TABLES), default=list(TABLES))
    return parser.parse_args()


class Genuine:
    """The same program under genuine MXNet; without an interpreter every time is NaN."""

    def __init__(self, interpreter: Path, threads: int, **program: Any) -> None:
        self._process = None
        if interpreter.exists():
            self._process = subprocess.Popen(
                [interpreter, HERE / "genuine.py", json.dumps(program)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                env={**os.environ, "OMP_NUM_THREADS": str(threads)},
            )
            if self._process.stdout.readline().strip() != "ready":
                raise RuntimeError(f"genuine MXNet could not build {program}")

    def __enter__(self) -> Genuine:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.communicate()

    def seconds(self, what: str) -> float:
        if self._process is None:
            return float("nan")
        self._process.stdin.write(what + "\n")
        self._process.stdin.flush()
        return float(self._process.stdout.readline())


def size_of(model: str) -> int:
    return 299 if model.startswith("inception") else 224


def twins(model: str, batch: int, size: int) -> tuple[GluonProgram, GluonProgram]:
    """The program as written and hybridized, with the same parameters.

    Raises
    ------
    RuntimeError
        If they do not compute the same class scores, bit by bit.
    """
    written, hybridized = GluonProgram(model, batch, size), GluonProgram(model, batch, size)
    params = zip(written.net.collect_params().values(), hybridized.net.collect_params().values(), strict=True)
    for source, target in params:
        target.set_data(source.data())
    hybridized.net.hybridize()
    if not np.array_equal(written.inference()().asnumpy(), hybridized.inference()().asnumpy()):
        raise RuntimeError(f"{model}: the hybridized network computes other scores")
    return written, hybridized


def speed_table(options: argparse.Namespace) -> list[str]:
    lines = ["| network | batch | | as written | hybridized | ratio | genuine 1.9.1, hybridized |"]
    lines.append("| --- | ---: | --- | ---: | ---: | ---: | ---: |")
    for model in options.models:
        for batch in options.batches:
            size = size_of(model)
            written, hybridized = twins(model, batch, size)
            repeats = options.repeats * max(1, max(options.batches) // batch // 2)
            with Genuine(options.genuine, options.threads, model=model, batch=batch, size=size) as genuine:
                for what in ("inference", "training"):
                    print(f"{model}, batch {batch}, {what} ...", file=sys.stderr)
                    lines.append(
                        f"| {model} | {batch} | {what} | {timed(written, hybridized, genuine, what, repeats)} |"
                    )
    return lines


def timed(written: GluonProgram, hybridized: GluonProgram, genuine: Genuine, what: str, repeats: int) -> str:
    theirs: list[float] = []
    program = getattr(hybridized, what)()

    def with_genuine() -> None:
        # Genuine's turns lie between ours, so that the three see the same machine.
        theirs.extend(genuine.seconds(what) for _ in range(3))

    found = compare(program, getattr(written, what)(), repeats, between=with_genuine)
    return f"{milliseconds(found.theirs, found.ours)} | {found.ratio:.3f} | {milliseconds(statistics.median(theirs))}"


def milliseconds(*times: float) -> str:
    return " | ".join("" if value != value else f"{value * 1e3:.2f} ms" for value in times)


def calls_table(options: argparse.Namespace) -> list[str]:
    """What calling ResNet-50 costs beyond its torch calls."""
    program = GluonProgram("resnet50_v1", 1, TINY)
    program.net.hybridize()
    hybridized = program.inference()
    hybridized()
    bare = bare_calls(program)
    found = compare(hybridized, bare, 40 * options.repeats)
    lines = ["| ResNet-50, 1 x 3 x 32 x 32 | |", "| --- | ---: |"]
    lines.append(f"| hybridized | {milliseconds(found.ours)} |")
    lines.append(f"| its torch calls alone | {milliseconds(found.theirs)} |")
    with Genuine(options.genuine, options.threads, model="resnet50_v1", batch=1, size=TINY) as genuine:
        theirs = [genuine.seconds("inference") for _ in range(10 * options.repeats)]
    lines.append(f"| genuine 1.9.1, hybridized | {milliseconds(statistics.median(theirs))} |")
    return lines


def bare_calls(program: GluonProgram) -> Callable[[], Any]:
    """The graph's own torch calls, with the tensors at hand."""
    net, image = program.net, program._images
    plan, arrays = net._graphs.plan_for(net, (image,))
    tensors = plan.tensors(arrays)
    compiled, _ = plan.compiled
    return lambda: compiled.function(*tensors)


def trace_table(options: argparse.Namespace) -> list[str]:
    lines = ["| network | first hybridized call | genuine 1.9.1's |", "| --- | ---: | ---: |"]
    for model in vision.list_models():
        print(f"{model}, first call ...", file=sys.stderr)
        program = GluonProgram(model, 1, size_of(model))
        program.net.hybridize()
        call = program.inference()
        ours = seconds(call) - min(seconds(call) for _ in range(2))
        with Genuine(options.genuine, options.threads, model=model, batch=1, size=size_of(model)) as genuine:
            theirs = genuine.seconds("first")
        lines.append(f"| {model} | {milliseconds(ours)} | {milliseconds(theirs)} |")
    return lines


TABLES = {"speed": speed_table, "calls": calls_table, "trace": trace_table}


def main() -> None:
    options = arguments()
    torch.set_num_threads(options.threads)
    print(f"`{shlex.join(['python', *sys.argv])}`\n")
    print(f"{describe_machine(mx, torch)}; threads: {options.threads}\n")
    for name in options.only:
        print(*TABLES[name](options), "", sep="\n", flush=True)


if __name__ == "__main__":
    keep_freed_memory()
    main()
