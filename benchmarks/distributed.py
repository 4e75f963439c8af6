"""Training in several processes on this machine: images per second, and the share of time in communication.

    python benchmarks/distributed.py
    python benchmarks/distributed.py --quick

Starts itself under torchrun with 1, 2 and 4 processes, which share the cores. Each makes steps of three programs in
turn: ours with the sums of gradients, ours without (kvstore=None), and torch's DistributedDataParallel. The share of
communication is what a step takes longer with sums than without. Prints a table in Markdown.
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
from typing import Any

import torch
import torch.distributed as dist
from _harness import describe_machine, keep_freed_memory, seconds
from programs import GluonProgram, TorchProgram

import mxnet as mx

QUICK = ["--model", "mobilenetv2_1.0", "--batch", "2", "--size", "64", "--repeats", "3"]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--processes", nargs="+", type=int, default=[1, 2, 4])
    parser.add_argument("--model", default="resnet18_v1")
    parser.add_argument("--batch", type=int, default=8, help="images of each process")
    parser.add_argument("--size", type=int, default=224, help="height and width of the images")
    parser.add_argument("--repeats", type=int, default=15, help="timed steps of each program")
    parser.add_argument("--quick", action="store_true", help=f"as with {shlex.join(QUICK)}")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    given = sys.argv[1:]
    return parser.parse_args([*QUICK, *given] if "--quick" in given else given)


def measured(processes: int, options: argparse.Namespace) -> dict[str, float]:
    """Seconds of a step of each program in that many processes."""
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
    own = ["--model", options.model, "--batch", options.batch, "--size", options.size, "--repeats", options.repeats]
    threads = str(max(1, (os.cpu_count() or 1) // processes))
    done = subprocess.run(
        [*torchrun, __file__, "--worker", *map(str, own)],
        env={**os.environ, "OMP_NUM_THREADS": threads},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def work(options: argparse.Namespace) -> None:
    """What each process does; the first prints what the slowest takes."""
    form = options.model, options.batch, options.size
    steps: dict[str, Callable[[], Any]] = {
        "ours": GluonProgram(*form, kvstore="dist_sync").training(),
        "without sums": GluonProgram(*form, kvstore=None).training(),
    }
    theirs = TorchProgram(*form)
    theirs.net = torch.nn.parallel.DistributedDataParallel(theirs.net)
    steps["torch"] = theirs.training()
    times: dict[str, list[float]] = {name: [] for name in steps}
    for turn in range(2 + options.repeats):
        for name, step in steps.items():
            dist.barrier()
            time = seconds(step)
            if turn >= 2:
                times[name].append(time)
    slowest = torch.tensor([statistics.median(each) for each in times.values()])
    dist.all_reduce(slowest, dist.ReduceOp.MAX)
    if dist.get_rank() == 0:
        print(json.dumps(dict(zip(times, slowest.tolist(), strict=True))), flush=True)


def row(processes: int, batch: int, found: dict[str, float]) -> str:
    ours, alone, theirs = found.values()
    share = max(0.0, 1 - alone / ours)
    images = processes * batch
    return f"| {processes} | {images / ours:.1f} | {share:.0%} | {images / theirs:.1f} | {ours / theirs:.3f} |"


def main() -> None:
    options = arguments()
    if options.worker:
        work(options)
        return
    print(f"`{shlex.join(['python', *sys.argv])}`\n")
    print(
        f"{describe_machine(mx, torch)}; {options.model}, {options.batch} images of {options.size} x {options.size}\n"
    )
    print("| processes | images/s | in communication | torch DDP images/s | ratio of times |", flush=True)
    print("| ---: | ---: | ---: | ---: | ---: |")
    for processes in options.processes:
        print(row(processes, options.batch, measured(processes, options)), flush=True)


if __name__ == "__main__":
    keep_freed_memory()
    main()
