"""Parameter files into networks: this package beside genuine MXNet, `torch.load` and safetensors.

    python benchmarks/weights.py
    python benchmarks/weights.py --models resnet50_v1 --rounds 3 --out /tmp/trial

Every measurement is a process of its own, which builds the network and loads the file: how long until the network has
its parameters, until every number of them was read once (a mapped file is read only then), and how much memory the
process took for it at most. The files hold the same numbers and are in the system's cache. The contestants take turns;
times and memory are medians. Genuine MXNet is left out where `make conformance` has not installed it.
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
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import safetensors
import safetensors.torch
import torch
from _harness import describe_machine
from torch_zoo import NETWORKS, copy_state, vgg16

import mxnet as mx
from mxnet.gluon.model_zoo import vision

ROOT = Path(__file__).parents[1]
WORKER = Path(__file__).with_name("_weights_worker.py")
MODELS = ["vgg16", "resnet50_v1"]


class Contestant(NamedTuple):
    """Who loads, and which file: `way` is a function of `_weights_worker.py`."""

    label: str
    way: str
    file: str
    version: str | None = None


CONTESTANTS = [
    Contestant("mxnet, .params", "mxnet", "net.params"),
    Contestant("mxnet, .npz", "mxnet", "net.npz"),
    Contestant("mxnet, .safetensors", "mxnet", "net.safetensors"),
    Contestant("genuine 1.9.1, .params", "mxnet", "net.params", "1.9.1"),
    Contestant("genuine 2.0.0b1, .params", "mxnet", "net.params", "2.0.0b1"),
    Contestant("torch.load", "torch_load", "net.pth"),
    Contestant("torch.load(mmap=True), assign=True", "torch_mapped", "net.pth"),
    Contestant("safetensors.torch.load_file", "safetensors_load", "torch.safetensors"),
    Contestant("safetensors.torch.load_file, assign=True", "safetensors_mapped", "torch.safetensors"),
]


class Figures(NamedTuple):
    """Of one process: seconds until loaded, until all was read, and megabytes."""

    loaded: float
    read: float
    peak: float


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    option = parser.add_argument
    option("--models", nargs="+", choices=MODELS, default=MODELS, metavar="NAME", help=f"default: {' '.join(MODELS)}")
    option("--rounds", type=int, default=7, help="processes of each contestant (default: %(default)s)")
    option("--genuine", type=Path, default=ROOT / ".conformance", metavar="FOLDER", help="default: .conformance")
    option("--out", type=Path, default=ROOT / "docs" / "benchmarks", help="folder for weights.md")
    return parser.parse_args()


def write_files(model: str, folder: Path) -> None:
    """The same random parameters in every file."""
    mx.random.seed(0)
    net = vision.get_model(model)
    net.infer_shape(mx.np.zeros((1, 3, 224, 224)))
    net.initialize()
    for name in ("net.params", "net.npz", "net.safetensors"):
        net.save_parameters(folder / name)
    module = (NETWORKS | {"vgg16": vgg16})[model]()
    copy_state([parameter.data().asnumpy() for parameter in net.collect_params().values()], module)
    torch.save(module.state_dict(), folder / "net.pth")
    safetensors.torch.save_file(module.state_dict(), folder / "torch.safetensors")


def interpreter(contestant: Contestant, genuine: Path) -> Path | None:
    """The Python that has what the contestant needs, None if there is none."""
    if contestant.version is None:
        return Path(sys.executable)
    found = genuine / contestant.version / "bin" / "python"
    return found if found.exists() else None


def environment(contestant: Contestant) -> dict[str, str]:
    """This process's, for genuine MXNet without what would lead its interpreter to this package."""
    return {name: value for name, value in os.environ.items() if not (contestant.version and name.startswith("PYTHON"))}


def measure(contestant: Contestant, model: str, folder: Path, python: Path) -> Figures:
    """Of one process."""
    command = [str(python), str(WORKER), contestant.way, model, str(folder / contestant.file)]
    done = subprocess.run(command, env=environment(contestant), capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{contestant.label} failed:\n{done.stderr}")
    return Figures(*json.loads(done.stdout.splitlines()[-1]))


def measure_model(model: str, options: argparse.Namespace) -> tuple[int, dict[Contestant, Figures]]:
    """The size of the list file, and medians by contestant."""
    taken: dict[Contestant, list[Figures]] = {}
    with tempfile.TemporaryDirectory(prefix="weights-") as name:
        folder = Path(name)
        write_files(model, folder)
        size = (folder / "net.params").stat().st_size
        for path in folder.iterdir():
            path.read_bytes()
        for number in range(options.rounds):
            print(f"{model}, round {number + 1} of {options.rounds}", file=sys.stderr, flush=True)
            for contestant in CONTESTANTS:
                python = interpreter(contestant, options.genuine)
                if python is not None:
                    taken.setdefault(contestant, []).append(measure(contestant, model, folder, python))
    return size, {each: Figures(*map(statistics.median, zip(*found, strict=True))) for each, found in taken.items()}


def lines(model: str, size: int, figures: dict[Contestant, Figures]) -> Iterator[str]:
    """A model's table."""
    yield f"## {model}: {size / 1e6:.0f} MB\n"
    yield "| | loaded | every number read | memory at most |"
    yield "| --- | ---: | ---: | ---: |"
    for contestant, found in figures.items():
        yield f"| {contestant.label} | {found.loaded * 1e3:.0f} ms | {found.read * 1e3:.0f} ms | {found.peak:.0f} MB |"
    yield ""


def main() -> None:
    options = arguments()
    measured = {model: measure_model(model, options) for model in options.models}
    text = [
        "# Loading parameters, measured\n",
        "How it is measured: [Benchmarks](../benchmarks.md#loading-parameters).\n",
        describe_machine(mx, torch, safetensors) + f"; threads: {torch.get_num_threads()}\n",
        f"`{shlex.join(['python', *sys.argv])}`\n",
    ]
    for model, (size, figures) in measured.items():
        text += lines(model, size, figures)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "weights.md").write_text("\n".join(text).rstrip() + "\n")


if __name__ == "__main__":
    main()
