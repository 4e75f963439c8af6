"""The tables and the picture of `training.py`, made from its CSV file."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import matplotlib
from _inference_report import geometric_mean, known, shown, table
from _rows import Contestant, read
from _training_rows import CONTESTANTS, GENUINE, OURS, TORCH, TORCH_COMPILE, Step
from matplotlib.figure import Figure

__all__ = ["write_report"]

RATIOS = {"torch": "torch_ratio", "torch.compile": "compile_ratio", "genuine-1.9.1": "genuine_ratio"}
"""The field with the ratio to each reference."""
BESIDE = [each for each in CONTESTANTS if each not in (TORCH, TORCH_COMPILE, GENUINE)]

Case = tuple[str, int, int]
Cases = dict[Case, dict[Contestant, Step]]


def write_report(folder: Path) -> None:
    """Write training.md and training.svg from the rows in `folder`."""
    rows = read(Step, folder)
    cases = by_case(rows)
    parts = ["# Training, measured", *origin(rows)]
    if cases:
        draw(cases, folder / "training.svg")
        parts += report(cases)
    (folder / "training.md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def by_case(rows: Iterable[Step]) -> Cases:
    cases: Cases = {}
    for row in rows:
        cases.setdefault(row.case, {})[row.contestant] = row
    return dict(sorted(cases.items()))


def origin(rows: Sequence[Step]) -> list[str]:
    parts = ["How it is measured: [Benchmarks](../benchmarks.md#training-beside-other-engines)."]
    parts += dict.fromkeys(row.setup for row in rows)
    return [*parts, *(f"`{command}`" for command in dict.fromkeys(row.command for row in rows))]


def report(cases: Cases) -> list[str]:
    return [
        "## Summary",
        "Time of a step over that of a reference, geometric means over the networks; below 1 is faster than it.",
        summary(cases),
        "![Time of a training step, by network and program](training.svg)",
        "## Time of a step",
        "Medians in milliseconds.",
        by_network(cases, lambda row: f"{row.median_ms:.1f}"),
        "## Beside torch with the channels last",
        "The median ratio of times in one round.",
        by_network(cases, lambda row: shown(row.torch_ratio, 3)),
        "## Cold start",
        "Seconds from files to the end of the first step, everything imported: reading, compiling, and the step.",
        by_network(cases, lambda row: f"{row.cold_start_s:.1f}"),
        "## Peak memory",
        "Megabytes that the process has had at most.",
        by_network(cases, lambda row: f"{row.peak_mb:.0f}"),
        "## Losses",
        "The mean loss of the last step that was compared, which all programs made from the same weights.",
        by_network(cases, lambda row: f"{row.last_loss:.4f}"),
    ]


def summary(cases: Cases) -> str:
    rows = [summary_row(str(each), [found[each] for found in cases.values() if each in found]) for each in BESIDE]
    best = [min(ours, key=lambda row: row.median_ms) for ours in map(ours_of, cases.values()) if ours]
    rows.append(summary_row("**the best of mxnet's**", best))
    return table(["", "networks", *(f"over {name}" for name in RATIOS)], rows)


def ours_of(found: Mapping[Contestant, Step]) -> list[Step]:
    return [found[each] for each in OURS if each in found]


def summary_row(name: str, rows: Sequence[Step]) -> list[str]:
    means = (geometric_mean(known(getattr(row, field) for row in rows)) for field in RATIOS.values())
    return [name, str(len(rows)), *(shown(mean, 3) for mean in means)]


def by_network(cases: Cases, cell: Callable[[Step], str]) -> str:
    header = ["network", "batch", "size", *map(str, CONTESTANTS)]
    return table(
        header,
        (
            [model, str(batch), str(size), *(cell(found[each]) if each in found else "" for each in CONTESTANTS)]
            for (model, batch, size), found in cases.items()
        ),
    )


def draw(cases: Cases, path: Path) -> None:
    """A group of bars for each network: times over those of torch."""
    with matplotlib.rc_context({"svg.hashsalt": "training", "svg.fonttype": "none", "font.size": 9}):
        figure = Figure(figsize=(2 + 2.2 * len(cases), 4), layout="constrained")
        axes = figure.subplots()
        width = 0.8 / len(CONTESTANTS)
        for number, each in enumerate(CONTESTANTS):
            places = [place + (number - len(CONTESTANTS) / 2 + 0.5) * width for place in range(len(cases))]
            heights = [relative(found, each) for found in cases.values()]
            axes.bar(places, heights, width, label=str(each))
        axes.axhline(1, color="black", linewidth=1)
        axes.set_xticks(range(len(cases)), [f"{model}\nbatch {batch}" for model, batch, _ in cases])
        axes.set_ylabel("time of a step over torch's")
        axes.grid(axis="y", alpha=0.3)
        axes.set_axisbelow(True)
        figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=3)
        figure.savefig(path, metadata={"Date": None})


def relative(found: Mapping[Contestant, Step], each: Contestant) -> float:
    """The ratio that is drawn; no bar without one."""
    ratio = found[each].torch_ratio if each in found else math.nan
    return 0.0 if math.isnan(ratio) else ratio
