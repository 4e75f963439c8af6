"""The driver's side of `inference.py` and `training.py`: starts workers, lets them take turns, compares their times."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from _inference_turns import Task
from _rows import Contestant

__all__ = ["Figures", "Session", "WorkerError", "check_scores", "is_installed", "ratio", "run_script"]

HERE = Path(__file__).parent
TOLERANCE = 1e-3  # of the largest score
PAUSE = 0.2  # seconds after a turn, in which the threads of the worker stop spinning

_TURN = 0.4  # seconds of timed calls
_WARMING = 0.1  # seconds of calls before them
_FEWEST, _MOST = 2, 40  # timed calls in a turn
_SELDOM = 3  # those that matter less take a turn only every so many rounds
_FEWER_CALLS = {"genuine-2.0.0b1": 3}  # slow with some networks, so a turn has a third of the calls
_FEWEST_ROUNDS = 3

SCRIPTS = ("_inference_worker.py", "_inference_genuine.py")
"""The worker's, and that for genuine MXNet's interpreters."""

Times = dict[int, list[float]]
"""Seconds of the timed calls, by the number of the round."""


class WorkerError(RuntimeError):
    """A process failed, or ended before it was told to."""


class Figures(NamedTuple):
    """What a worker has told in a session."""

    times: Times
    cold_start: float
    peak: float
    chosen: str


def is_installed(contestant: Contestant, genuine: Path) -> bool:
    """Whether there is an interpreter for it, and what int8 needs."""
    if contestant.precision == "int8" and importlib.util.find_spec("nncf") is None:
        return False
    return _interpreter_of(contestant.engine, genuine).exists()


def _interpreter_of(engine: str, genuine: Path) -> Path:
    if engine.startswith("genuine-"):
        return genuine / engine.removeprefix("genuine-") / "bin" / "python"
    return Path(sys.executable)


def _with_threads(threads: int) -> dict[str, str]:
    """The environment, with so many threads, and the allocator as it comes."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
    return {**kept, "OMP_NUM_THREADS": str(threads)}


def _environment(task: Task, home: Path) -> dict[str, str]:
    """That of a worker. Genuine MXNet is not to find this package in its place, whoever put it on Python's path."""
    made = {**_with_threads(task.threads), "MXNET_HOME": str(home), "TORCHINDUCTOR_CACHE_DIR": str(home)}
    if task.engine.startswith("genuine-"):
        made.pop("PYTHONPATH", None)
    return made


def run_script(name: str, task: Mapping[str, Any], threads: int) -> None:
    """Run one of the scripts beside this file to its end.

    Raises
    ------
    WorkerError
        If it fails.
    """
    command = [sys.executable, HERE / name, json.dumps(task)]
    done = subprocess.run(command, env=_with_threads(threads), capture_output=True, text=True, check=False)
    if done.returncode:
        raise WorkerError(f"{name} failed for {task}:\n{_end_of(done.stderr)}")


def _end_of(text: str) -> str:
    return "\n".join(text.strip().splitlines()[-8:])


class Worker:
    """A process that predicts or trains.

    Parameters
    ----------
    interpreter, script : path
    task : Task
    home : path
        A folder of its own, for what an engine remembers of earlier networks.
    """

    def __init__(self, interpreter: Path, script: Path, task: Task, home: Path) -> None:
        self.task = task
        self.times: Times = {}
        self.cold_start = self.call = math.nan
        self.chosen = ""
        self._errors = tempfile.TemporaryFile("w+", errors="replace")
        self._process = subprocess.Popen(
            [interpreter, script, json.dumps(task._asdict())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env=_environment(task, home),
        )

    def wait_for_imports(self) -> None:
        """Return when the process can prepare itself."""
        self._reply()

    def prepare(self) -> None:
        """Have it read the network, compile and give a first result."""
        ready = self._ask("prepare")
        self.cold_start, self.call, self.chosen = ready["cold_start"], ready["call"], ready["chosen"]

    def take_turn(self, number: int) -> None:
        """Have it time calls for round `number`."""
        warm, timed = calls_in_turn(self.call, _FEWER_CALLS.get(self.task.engine, 1))
        self.times[number] = self._ask({"warm": warm, "timed": timed})

    def end(self) -> Figures:
        self._process.stdin.close()
        peak = self._reply()
        with contextlib.suppress(subprocess.TimeoutExpired):  # it is killed then
            self._process.wait(timeout=10)
        return Figures(self.times, self.cold_start, peak, self.chosen)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdout, self._errors):
            pipe.close()
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()

    def _ask(self, message: Any) -> Any:
        with contextlib.suppress(BrokenPipeError):  # of a process that has ended: the missing reply tells
            self._process.stdin.write(json.dumps(message) + "\n")
            self._process.stdin.flush()
        return self._reply()

    def _reply(self) -> Any:
        """The next line it writes.

        Raises
        ------
        WorkerError
            If the process has ended, with the end of what it wrote about that.
        """
        line = self._process.stdout.readline()
        if line:
            return json.loads(line)
        self._errors.seek(0)
        status, errors = self._process.wait(), _end_of(self._errors.read())
        name = f"{_contestant(self.task)} ({self.task.model}, batch {self.task.batch})"
        raise WorkerError(f"{name} ended with status {status}:\n{errors}")


def _contestant(task: Task) -> Contestant:
    return Contestant(task.engine, task.precision)


def calls_in_turn(seconds: float, part: int = 1) -> tuple[int, int]:
    """How many calls to make before those that are timed, and how many to time, if one takes so many seconds.

    A call of over half a second needs none before it. With `part` a turn takes that part of the usual time.
    """
    warm = 0 if seconds > 0.5 else math.ceil(_WARMING / seconds / part)
    timed = min(max(round(_TURN / seconds / part), _FEWEST if part == 1 else 1), _MOST)
    return min(warm, _MOST), timed


class Session:
    """Workers for one network and one batch size; leaving the context ends them."""

    def __init__(
        self,
        threads: int,
        folder: str,
        genuine: Path,
        say: Callable[[str], None],
        scripts: tuple[str, str] = SCRIPTS,
    ) -> None:
        self._threads, self._folder, self._genuine, self._say = threads, folder, genuine, say
        self._scripts = scripts
        self._workers: dict[Contestant, Worker] = {}
        self._open = contextlib.ExitStack()

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def start(self, contestants: Sequence[Contestant], model: str, batch: int) -> list[str]:
        """Start workers, and prepare one after the other; returns what went wrong with those that failed."""
        for contestant in contestants:
            task = Task(*contestant, model, batch, self._threads, self._folder)
            home = self._open.enter_context(
                tempfile.TemporaryDirectory(prefix="inference-", ignore_cleanup_errors=True)
            )
            script = HERE / self._scripts[contestant.engine.startswith("genuine-")]
            worker = Worker(_interpreter_of(contestant.engine, self._genuine), script, task, Path(home))
            self._open.callback(worker.kill)
            self._workers[contestant] = worker
        return [*self._each(Worker.wait_for_imports), *self._each(self._prepare)]

    def _each(self, do: Callable[[Worker], None]) -> Iterator[str]:
        """Call a function for every worker, and forget those that fail."""
        for contestant, worker in list(self._workers.items()):
            try:
                do(worker)
            except WorkerError as error:
                del self._workers[contestant]
                yield str(error)

    def _prepare(self, worker: Worker) -> None:
        worker.prepare()
        about = f" ({worker.chosen})" if worker.chosen else ""
        self._say(f"  {_contestant(worker.task)}: ready after {worker.cold_start:.1f} s{about}")
        time.sleep(PAUSE)

    def scores(self) -> dict[Contestant, np.ndarray]:
        return {contestant: np.load(worker.task.scores_file) for contestant, worker in self._workers.items()}

    def measure(
        self, rounds: int, longest: float, is_judged: Callable[[Contestant], bool] | None = None
    ) -> dict[Contestant, Figures]:
        """In each round everyone takes a turn, in another order each time; those that are not judged in every third.

        After `longest` seconds no further round begins, but there are at least three.
        """
        start = time.perf_counter()
        for number in range(rounds):
            if number < _FEWEST_ROUNDS or time.perf_counter() - start < longest:
                self._take_turns(number, is_judged or is_precise)
        self._say(f"  measured in {time.perf_counter() - start:.0f} s")
        return {contestant: worker.end() for contestant, worker in self._workers.items()}

    def _take_turns(self, number: int, is_judged: Callable[[Contestant], bool]) -> None:
        for contestant in rotated(list(self._workers), number):
            if number % _SELDOM == 0 or is_judged(contestant):
                self._workers[contestant].take_turn(number)
                time.sleep(PAUSE)


def is_precise(contestant: Contestant) -> bool:
    """Whether it takes part in every round of predictions."""
    return contestant.precision == "float32" and contestant.engine != "genuine-2.0.0b1"


def rotated(sequence: Sequence[Any], places: int) -> list[Any]:
    start = places % len(sequence)
    return [*sequence[start:], *sequence[:start]]


def check_scores(scores: Mapping[Contestant, np.ndarray], what: str) -> None:
    """Compare what was predicted in float32 with torch's predictions, or the first ones if torch does not run.

    Raises
    ------
    RuntimeError
        If one differs by more than `TOLERANCE` of the largest score, or is not finite.
    """
    exact = {each.engine: array for each, array in scores.items() if each.precision == "float32"}
    reference = "torch" if "torch" in exact else next(iter(exact), "")
    for engine, found in exact.items():
        wanted = exact[reference]
        difference = np.abs(found - wanted).max() / np.abs(wanted).max()
        if not difference <= TOLERANCE:
            raise RuntimeError(f"{what}: {engine} and {reference} differ by {difference:.1e} of the largest score")


def ratio(ours: Times, theirs: Times) -> float:
    """The median of the rounds' ratios, which a machine that changes from round to round does not change; or NaN."""
    both = ours.keys() & theirs.keys()
    if not both:
        return math.nan
    return statistics.median(statistics.median(ours[each]) / statistics.median(theirs[each]) for each in both)
