"""Break files of every format, read them, and count: only MXNetError may come of it, in bounded memory and time.

    make fuzz                                              # every format, 20 000 files each
    make fuzz FUZZ_ARGS="--files 1000000"                  # the long run, each format in a process of its own
    .venv/bin/python tests/fuzz/fuzz.py --formats list npz --files 100000 --seed 7
    .venv/bin/python tests/fuzz/fuzz.py --formats npz --atheris --files 100000

The files of `corpus/` are read first. What fails is written to `--keep` with its traceback; put it into
`corpus/<format>/` with the correction. The same seed breaks the same files. With `--atheris` (pip install atheris) the
changes are led by the lines they reach; without it they are those of `mutations.py`, many more in the same time.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import resource
import signal
import subprocess
import sys
import time
import traceback
import warnings
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

if "--atheris" in sys.argv:  # which must see the modules before anybody else imports them
    import atheris

    with atheris.instrument_imports(include=["mxnet.formats", "mxnet.symbol"]):
        importlib.import_module("mxnet")
import targets

from mxnet.base import MXNetError

LIMIT_MB = 512  # that a process may take beyond what it has when it begins
SECONDS = 5.0  # for one file; a hundredth of one is slow
HANG = 60  # seconds after which a reader that signals cannot interrupt is ended, and with it the run
TOLD = 5  # failures of a format that are shown


class TooSlow(BaseException):
    """A file took longer than `SECONDS`; no reader may catch this."""


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    option = parser.add_argument
    option("--formats", nargs="+", choices=targets.NAMES, default=targets.NAMES, help="default: all")
    option("--files", type=int, default=20_000, help="of each format (default: %(default)s)")
    option("--seed", type=int, default=0, help="default: %(default)s")
    option("--keep", type=Path, default=Path("fuzz-failures"), help="folder for what fails (default: %(default)s)")
    option("--atheris", action="store_true", help="changes led by coverage")
    option("--here", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def outcome_of(target: targets.Target, data: bytes) -> str:
    """What came of reading a file: ``'loaded'``, ``'refused'``, or the traceback of what should not have come."""
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        target.read(data)
    except MXNetError:
        return "refused"
    except (Exception, TooSlow):
        return traceback.format_exc()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return "loaded"


def too_slow(*_: Any) -> None:
    raise TooSlow(f"more than {SECONDS} seconds")


def limit_memory() -> None:
    """Let this process take no more than `LIMIT_MB` beyond what it has (Linux)."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except FileNotFoundError:
        return
    limit = pages * resource.getpagesize() + (LIMIT_MB << 20)
    resource.setrlimit(resource.RLIMIT_AS, (limit, resource.getrlimit(resource.RLIMIT_AS)[1]))


def fuzz(name: str, options: argparse.Namespace) -> int:
    """Break and read files of one format; print the counts and return the number of failures."""
    target, random = targets.make(name), Random(f"{options.seed} {name}")
    for seed in target.seeds:
        if outcome_of(target, seed) != "loaded":
            sys.exit(f"{name}: a seed is no valid file")
    counts: Counter[str] = Counter()
    slowest, start = 0.0, time.perf_counter()
    before = start
    kept = [path.read_bytes() for path in targets.corpus(name)]
    for number in range(len(kept) + options.files):
        data = kept[number] if number < len(kept) else target.case(random)
        outcome = outcome_of(target, data)
        if outcome not in ("loaded", "refused"):
            report(name, data, outcome, counts["failed"], options.keep)
            outcome = "failed"
        counts[outcome] += 1
        now = time.perf_counter()
        slowest, before = max(slowest, now - before), now
    seconds = time.perf_counter() - start
    print(
        f"{name:12} {sum(counts.values()):>9,} files: {counts['loaded']:>8,} loaded, {counts['refused']:>8,} refused, "
        f"{counts['failed']} failed; {seconds:.1f} s, {sum(counts.values()) / seconds:,.0f} files/s, slowest "
        f"{slowest * 1e3:.1f} ms, peak {peak_mb():.0f} MB",
        flush=True,
    )
    return counts["failed"]


def report(name: str, data: bytes, trouble: str, already: int, folder: Path) -> None:
    """Keep a file that failed, and show the first few."""
    path = folder / name / hashlib.sha1(data).hexdigest()[:12]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    path.with_suffix(".txt").write_text(trouble)
    if already < TOLD:
        print(f"{name}: {path}\n{trouble}", file=sys.stderr, flush=True)


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def fuzz_with_atheris(name: str, options: argparse.Namespace) -> None:
    """Let Atheris choose the changes; it ends the process, with status 77 after a failure."""
    target = targets.make(name)
    folder = options.keep / "atheris" / name
    folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate([*target.seeds, *(path.read_bytes() for path in targets.corpus(name))]):
        (folder / f"seed-{number}").write_bytes(seed)

    def read(data: bytes) -> None:
        outcome = outcome_of(target, data)
        if outcome not in ("loaded", "refused"):
            report(name, data, outcome, 0, options.keep)
            raise RuntimeError(outcome)

    flags = [f"-runs={options.files}", f"-seed={options.seed + 1}", f"-timeout={HANG}", "-max_len=65536"]
    atheris.Setup([sys.argv[0], *flags, "-rss_limit_mb=4096", str(folder)], read)
    atheris.Fuzz()


def in_processes(options: argparse.Namespace) -> int:
    """A process for each format, one after another, so that no crash hides the others; the number that failed."""
    failed = 0
    for name in options.formats:
        command = [sys.executable, *sys.argv, "--formats", name, "--here"]
        failed += subprocess.run(command, check=False).returncode != 0
    return failed


def main() -> None:
    options = arguments()
    if not options.here:
        sys.exit(in_processes(options))
    (name,) = options.formats
    warnings.simplefilter("ignore")  # of torch, about pickles of versions that there are not
    signal.signal(signal.SIGALRM, too_slow)
    if options.atheris:
        fuzz_with_atheris(name, options)
        return
    limit_memory()
    sys.exit(1 if fuzz(name, options) else 0)


if __name__ == "__main__":
    main()
