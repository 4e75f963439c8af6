"""What the zoo costs beside the same networks written directly in torch.

    python benchmarks/eager.py
    python benchmarks/eager.py --models resnet18_v1 --batches 1 --repeats 100

Forward and one training step, both programs in this process, called in turn; then import time and peak memory, each in
processes of its own. Prints tables in Markdown. Before a network is timed, its scores are compared with torch's.
"""

from __future__ import annotations

import argparse
import shlex
import sys

import numpy as np
import torch
from _harness import Comparison, compare, describe_machine, import_seconds, keep_freed_memory, run_apart
from programs import PROGRAMS, GluonProgram, TorchProgram
from torch_zoo import NETWORKS, copy_state

import mxnet as mx

TOLERANCE = 1e-5


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", choices=list(NETWORKS), default=list(NETWORKS))
    parser.add_argument("--batches", nargs="+", type=int, default=[1, 16])
    parser.add_argument("--size", type=int, default=224, help="height and width of the images")
    parser.add_argument("--repeats", type=int, default=20, help="timed calls at the largest batch")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--only-speed", action="store_true", help="leave import time and memory out")
    return parser.parse_args()


def twins(model: str, batch: int, size: int) -> tuple[GluonProgram, TorchProgram]:
    """Both programs with the same parameters.

    Raises
    ------
    RuntimeError
        If they do not compute the same class scores.
    """
    ours, theirs = GluonProgram(model, batch, size), TorchProgram(model, batch, size)
    copy_state(ours.parameters(), theirs.net)
    scores, wanted = ours.inference()().asnumpy(), theirs.inference()().numpy()
    difference = np.abs(scores - wanted).max() / np.abs(wanted).max()
    if not difference < TOLERANCE:
        raise RuntimeError(f"{model}: the two networks differ by {difference:.1e} of the largest score")
    return ours, theirs


def speed_table(options: argparse.Namespace) -> list[str]:
    lines = ["| network | batch | | mxnet | torch | ratio |", "| --- | ---: | --- | ---: | ---: | ---: |"]
    for model in options.models:
        for batch in options.batches:
            ours, theirs = twins(model, batch, options.size)
            repeats = options.repeats * max(1, max(options.batches) // batch // 2)
            for what in ("inference", "training"):
                print(f"{model}, batch {batch}, {what} ...", file=sys.stderr)
                found = compare(getattr(ours, what)(), getattr(theirs, what)(), repeats)
                lines.append(f"| {model} | {batch} | {what} | {cells(found)} |")
    return lines


def cells(found: Comparison) -> str:
    return f"{found.ours * 1e3:.2f} ms | {found.theirs * 1e3:.2f} ms | {found.ratio:.3f}"


def process_table(options: argparse.Namespace) -> list[str]:
    imports = [import_seconds(module) for module in PROGRAMS]
    lines = ["| | mxnet | torch |", "| --- | ---: | ---: |", f"| import | {imports[0]:.2f} s | {imports[1]:.2f} s |"]
    for model in options.models:
        for batch in options.batches:
            peaks = [peak_of(module, model, batch, options) for module in PROGRAMS]
            lines.append(f"| peak memory, {model}, training, batch {batch} | {peaks[0]:.0f} MB | {peaks[1]:.0f} MB |")
    return lines


def peak_of(module: str, model: str, batch: int, options: argparse.Namespace) -> float:
    """Megabytes that a process has had at most after three training steps."""
    code = f"""
import torch
torch.set_num_threads({options.threads})
from _harness import peak_megabytes
from programs import PROGRAMS
step = PROGRAMS[{module!r}]({model!r}, {batch}, {options.size}).training()
for _ in range(3):
    step()
print(peak_megabytes())
"""
    return float(run_apart(code))


def main() -> None:
    options = arguments()
    torch.set_num_threads(options.threads)
    print(f"`{shlex.join(['python', *sys.argv])}`\n")
    print(f"{describe_machine(mx, torch)}; threads: {options.threads}; {options.size} x {options.size} images\n")
    print(*speed_table(options), sep="\n", flush=True)
    if not options.only_speed:
        print("", *process_table(options), sep="\n")


if __name__ == "__main__":
    keep_freed_memory()
    main()
