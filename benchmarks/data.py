"""Images per second from files to batches: here, with Pillow and torch, and in genuine MXNet.

    python benchmarks/data.py
    python benchmarks/data.py --quick
    python benchmarks/data.py --images 2048 --repeats 9 --output docs/benchmarks/data.md

Each program decodes the same JPEG images of 500 x 375 pixels, crops a random part, resizes it to 224 x 224, mirrors
every other, normalizes, and makes batches of 32: on one core, and on all of them. The programs are processes, which
make passes in turn, one at a time. Nothing is told of a program whose values do not have the mean of the others'.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from _harness import describe_machine

import mxnet as mx

HERE = Path(__file__).parent
GENUINE = HERE.parent / ".conformance" / "1.9.1" / "bin" / "python"
TOLERANCE = 0.1  # of the mean of normalized values, which are about 1 wide


@dataclass
class Row:
    """A program: what it is called, in which interpreter it runs, and how many workers it has at most."""

    name: str
    program: str
    genuine: bool = False
    alone: bool = True  # whether it runs on one core too

    def start(self, files: str, workers: int, core: int | None) -> subprocess.Popen:
        options = {"program": self.program, "files": files, "workers": workers, "core": core}
        command = [GENUINE if self.genuine else sys.executable, HERE / "_data_worker.py", json.dumps(options)]
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH" or not self.genuine}
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL if self.genuine else None,
            text=True,
            env={**environment, "OMP_NUM_THREADS": "1"},
        )
        if process.stdout.readline().strip() != "ready":
            raise RuntimeError(f"{self.name} did not start")
        return process


ROWS = [
    Row("`mx.io.ImageRecordIter`", "iterator"),
    Row("`DataLoader`, threads", "thread loader", alone=False),
    Row("`DataLoader`", "loader"),
    Row("Pillow and torch", "pillow"),
    Row("MXNet 1.9.1 `ImageRecordIter`", "iterator", genuine=True),
    Row("MXNet 1.9.1 `DataLoader`", "loader", genuine=True),
]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=1024, help="a multiple of 32")
    parser.add_argument("--repeats", type=int, default=7, help="passes of each program that count")
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="threads or processes on all cores")
    parser.add_argument("--quick", action="store_true", help="128 images, 1 pass")
    parser.add_argument("--output", type=Path, help="a file to write the tables to as well")
    options = parser.parse_args()
    if options.quick:
        options.images, options.repeats = 128, 1
    return options


def write_images(folder: str, count: int) -> float:
    """JPEG files, and a record file of them; returns the kilobytes of one."""
    generator = np.random.default_rng(0)
    record = mx.recordio.MXIndexedRecordIO(f"{folder}/a.idx", f"{folder}/a.rec", "w")
    total = 0
    for number in range(count):
        # Blurred noise with grain over it: about as many bytes as a photograph.
        rough = generator.integers(0, 256, (24, 32, 3), dtype=np.uint8)
        image = cv2.resize(rough, (500, 375), interpolation=cv2.INTER_CUBIC) + generator.normal(0, 8, (375, 500, 3))
        content = cv2.imencode(".jpg", image.clip(0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes()
        Path(folder, f"{number:05}.jpg").write_bytes(content)
        record.write_idx(number, mx.recordio.pack(mx.recordio.IRHeader(0, number % 10, number, 0), content))
        total += len(content)
    record.close()
    return total / count / 1000


def measure(rows: list[Row], files: str, workers: int, core: int | None, repeats: int) -> dict[str, list[float]]:
    """Images per second of each pass of each program."""
    processes = {row.name: row.start(files, workers, core) for row in rows}
    speeds: dict[str, list[float]] = {row.name: [] for row in rows}
    means = {}
    try:
        for turn in range(repeats):
            for name in list(speeds) if turn % 2 == 0 else reversed(speeds):
                print(f"{workers} workers, pass {turn + 1} of {repeats}: {name} ...", file=sys.stderr)
                process = processes[name]
                process.stdin.write("pass\n")
                process.stdin.flush()
                answer = process.stdout.readline()
                if not answer:
                    raise RuntimeError(f"{name} ended in the middle of a pass")
                seen = json.loads(answer)
                speeds[name].append(seen["images"] / seen["seconds"])
                means[name] = seen["mean"]
    finally:
        for process in processes.values():
            process.stdin.close()
            process.wait(timeout=60)
            process.stdout.close()
    middle = statistics.median(means.values())
    odd = {name: mean for name, mean in means.items() if abs(mean - middle) > TOLERANCE}
    if odd:
        raise RuntimeError(f"these programs do something else, the means of their values are {odd}, not {middle:.3f}")
    return speeds


def table(speeds: dict[str, list[float]]) -> list[str]:
    """Medians, and medians of the ratios to the first program in the same turn."""
    first = next(iter(speeds.values()))
    lines = ["| | images/s | ratio |", "| --- | ---: | ---: |"]
    for name, each in speeds.items():
        ratio = statistics.median(mine / reference for mine, reference in zip(each, first, strict=True))
        lines.append(f"| {name} | {statistics.median(each):.0f} | {ratio:.2f} |")
    return lines


def report(options: argparse.Namespace) -> str:
    rows = ROWS if GENUINE.exists() else [row for row in ROWS if not row.genuine]
    with tempfile.TemporaryDirectory() as files:
        kilobytes = write_images(files, options.images)
        core = min(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None
        alone = measure([row for row in rows if row.alone], files, 1, core, options.repeats)
        together = measure(rows, files, options.workers, None, options.repeats)
    return "\n".join([
        "# From files to batches",
        "",
        *[line for line in __doc__.strip().splitlines()[6:] if line],
        "",
        f"`{shlex.join(['python', *sys.argv])}`",
        "",
        f"{describe_machine(mx, np, cv2)}; {options.images} images of {kilobytes:.0f} kB, {options.repeats} passes.",
        "A speed is a median; a ratio, to the first row, the median of those of neighbouring passes.",
        "",
        "## One core",
        "",
        *table(alone),
        "",
        f"## All cores, {options.workers} threads or processes",
        "",
        *table(together),
        "",
    ])  # fmt: skip


def main() -> None:
    options = arguments()
    text = report(options)
    print(text)
    if options.output is not None:
        options.output.write_text(text)


if __name__ == "__main__":
    main()
