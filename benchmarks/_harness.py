"""Timing of two programs side by side, measuring of processes, and a description of the machine."""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = [
    "Comparison",
    "compare",
    "describe_machine",
    "import_seconds",
    "keep_freed_memory",
    "peak_megabytes",
    "run_apart",
]

Program = Callable[[], Any]

_BLOCK = 5  # pairs of calls between two turns of another process
_PAUSE = 0.3  # seconds, after which its threads have stopped spinning

# For glibc's malloc: keep what is freed, at any size.
_KEEP_MEMORY = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(1 << 40)}


@dataclass(frozen=True)
class Comparison:
    """Seconds for one call.

    Attributes
    ----------
    ours, theirs : float
        Medians.
    ratio : float
        Median of the ratios of neighbouring calls: what slows both for a while does not count.
    """

    ours: float
    theirs: float
    ratio: float


def compare(
    ours: Program, theirs: Program, repeats: int, warm_up: int = 3, between: Program | None = None
) -> Comparison:
    """Call both `repeats` times, in turn; each goes first every other time.

    `between` is called before every fifth pair. What it runs in other processes may go on spinning for a while, as
    the threads of OpenMP do: there is a pause after it, and a pair that does not count.
    """
    for _ in range(warm_up):
        ours()
        theirs()
    pairs = []
    for turn in range(repeats):
        if between is not None and turn % _BLOCK == 0:
            between()
            time.sleep(_PAUSE)
            ours()
            theirs()
        if turn % 2:
            second, first = seconds(theirs), seconds(ours)
        else:
            first, second = seconds(ours), seconds(theirs)
        pairs.append((first, second))
    our_times, their_times = zip(*pairs, strict=True)
    ratio = statistics.median(first / second for first, second in pairs)
    return Comparison(statistics.median(our_times), statistics.median(their_times), ratio)


def keep_freed_memory() -> None:
    """Start this process anew, on Linux, with an allocator that never gives memory back to the system.

    As it comes, glibc's gives back and takes anew in turn, and which of two programs pays for the page faults depends
    on what the other one left behind: up to a tenth of a training step. Set either variable to measure otherwise.
    """
    if sys.platform == "linux" and not _KEEP_MEMORY.keys() & os.environ.keys():
        os.execve(sys.executable, sys.orig_argv, {**os.environ, **_KEEP_MEMORY})


def seconds(program: Program) -> float:
    start = time.perf_counter()
    program()
    return time.perf_counter() - start


def import_seconds(module: str, repeats: int = 5) -> float:
    """Median time that ``import module`` takes in a fresh process, the interpreter's own start left out."""
    code = f"import time; start = time.perf_counter(); import {module}; print(time.perf_counter() - start)"
    run_apart(code)  # reads the files into the system's cache
    return statistics.median(float(run_apart(code)) for _ in range(repeats))


def run_apart(code: str) -> str:
    """What Python code prints in a process of its own, with the usual allocator, in the folder of the benchmarks."""
    environment = {name: value for name, value in os.environ.items() if name not in _KEEP_MEMORY}
    command = [sys.executable, "-c", code]
    folder = Path(__file__).parent
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"a process for measuring failed:\n{done.stderr}")
    return done.stdout.strip()


def peak_megabytes() -> float:
    """The most memory this process has had at a time."""
    try:
        status = Path("/proc/self/status").read_text()
    except FileNotFoundError:
        return _peak_by_usage()
    (line,) = [line for line in status.splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) / 1024


def _peak_by_usage() -> float:
    # Where Linux's own file is missing; there, getrusage would count what the parent process had at the fork.
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024**2 if sys.platform == "darwin" else 1024)


def describe_machine(*modules: Any) -> str:
    """Processor, cores, system and versions in one line."""
    versions = ", ".join(f"{module.__name__} {module.__version__}" for module in modules)
    return (
        f"{_processor()}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}, {versions}"
    )


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text()
    except FileNotFoundError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("model name")]
    return names[0] if names else platform.machine()
