"""The tables and the picture of `inference.py`, made from its CSV files."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import matplotlib
from _inference_rows import CONTESTANTS, PEERS, Agreement, Speed
from _rows import Contestant, read
from matplotlib.figure import Figure

__all__ = ["best_peer", "geometric_mean", "write_report"]

OURS = Contestant("mxnet")
PRECISE = [each for each in CONTESTANTS if each.precision != "float32"]
MARKERS = dict(zip(PEERS, "osD^vP", strict=True))

Case = tuple[str, int]
Cases = dict[Case, dict[Contestant, Speed]]


def write_report(folder: Path) -> None:
    """Write inference.md and inference.svg from the rows in `folder`."""
    speeds, agreements = read(Speed, folder), read(Agreement, folder)
    parts = ["# Prediction, measured", *origin(speeds, agreements)]
    if speeds:
        cases = by_case(speeds)
        draw(cases, folder / "inference.svg")
        parts += speed_parts(cases)
    if agreements:
        parts += ["## Predictions in less precise arithmetic", *agreement_part(agreements)]
    (folder / "inference.md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def by_case(rows: Iterable[Speed]) -> Cases:
    cases: Cases = {}
    for row in rows:
        cases.setdefault(row.case, {})[row.contestant] = row
    return dict(sorted(cases.items()))


def origin(speeds: Sequence[Speed], agreements: Sequence[Agreement]) -> list[str]:
    """Where the figures are from; how they come about is told elsewhere."""
    parts = ["How it is measured: [Benchmarks](../benchmarks.md#prediction-beside-other-engines)."]
    parts += dict.fromkeys(row.setup for row in [*speeds, *agreements])
    commands = dict.fromkeys(row.command for row in speeds)
    return [*parts, *(f"`{command}`" for command in commands)]


def speed_parts(cases: Cases) -> list[str]:
    return [
        "## Summary",
        "Time of `mxnet` over that of a peer: below 1, `mxnet` is faster. Means are geometric; the best peer is the "
        "fastest one of each row.",
        summary(cases),
        "![The speed of each engine by network and batch size](inference.svg)",
        "## Time of a call",
        "Medians in milliseconds, float32. In brackets: the engine that `mxnet` chose. The last columns are ratios.",
        time_table(cases),
        "## Less precise arithmetic",
        "Medians in milliseconds, and the ratio to float32 on the same engine. `mxnet` computes in OpenVINO here.",
        precision_table(cases),
        "## Cold start",
        "Seconds from files to the first scores, everything imported: reading, compiling and the first call, for "
        "`mxnet` the trying of engines too.",
        contestant_table(cases, lambda row: f"{row.cold_start_s:.2f}"),
        "## Peak memory",
        "Megabytes that the process has had at most.",
        contestant_table(cases, lambda row: f"{row.peak_mb:.0f}"),
    ]


def table(header: Sequence[str], rows: Iterable[Sequence[str]], left: int = 1) -> str:
    """In Markdown; all but the first `left` columns are numbers."""
    marks = ["---"] * left + ["---:"] * (len(header) - left)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [header, marks, *rows])


def geometric_mean(values: Iterable[float]) -> float:
    """NaN if there are none."""
    logarithms = [math.log(value) for value in values]
    return math.exp(math.fsum(logarithms) / len(logarithms)) if logarithms else math.nan


def known(values: Iterable[float]) -> list[float]:
    return [value for value in values if not math.isnan(value)]


def ratios_to(case: Mapping[Contestant, Speed]) -> dict[str, float]:
    """The time of `mxnet` over each peer's."""
    found = {peer: case[Contestant(peer)].mxnet_ratio for peer in PEERS if Contestant(peer) in case}
    return {peer: ratio for peer, ratio in found.items() if not math.isnan(ratio)}


def best_peer(case: Mapping[Contestant, Speed]) -> tuple[str, float]:
    """The fastest peer and the ratio to it; without a peer a NaN."""
    ratios = ratios_to(case)
    best = min(ratios, key=lambda peer: case[Contestant(peer)].median_ms, default="")
    return best, ratios.get(best, math.nan)


def summary(cases: Cases) -> str:
    batches = sorted({batch for _, batch in cases})
    header = ["mxnet over", "rows", "mean", *(f"batch {batch}" for batch in batches), "worst", "at"]
    beside = {"**the best peer**": {case: best_peer(found)[1] for case, found in cases.items()}}
    for peer in PEERS:
        beside[peer] = {case: ratios_to(found).get(peer, math.nan) for case, found in cases.items()}
    return table(header, (summary_row(name, found, batches) for name, found in beside.items()))


def summary_row(name: str, ratios: Mapping[Case, float], batches: Sequence[int]) -> list[str]:
    there = {case: ratio for case, ratio in ratios.items() if not math.isnan(ratio)}
    means = [there.values(), *([there[case] for case in there if case[1] == batch] for batch in batches)]
    cells = [name, str(len(there)), *(shown(geometric_mean(values), 3) for values in means)]
    if not there:
        return [*cells, "", ""]
    worst = max(there, key=there.__getitem__)
    return [*cells, shown(there[worst], 3), f"{worst[0]}, batch {worst[1]}"]


def shown(value: float, digits: int) -> str:
    return "" if math.isnan(value) else f"{value:.{digits}f}"


def time_table(cases: Cases) -> str:
    header = ["network", "batch", "mxnet", *PEERS, "mxnet / best peer", "mxnet / genuine-1.9.1"]
    return table(header, (time_row(case, found) for case, found in cases.items()))


def time_row(case: Case, found: Mapping[Contestant, Speed]) -> list[str]:
    cells = [milliseconds(found.get(Contestant(engine))) for engine in ("mxnet", *PEERS)]
    if OURS in found and found[OURS].chosen:
        cells[0] += f" ({found[OURS].chosen})"
    best, ratio = best_peer(found)
    beside = f"{ratio:.3f} ({best})" if best else ""
    return [case[0], str(case[1]), *cells, beside, shown(ratios_to(found).get("genuine-1.9.1", math.nan), 3)]


def milliseconds(row: Speed | None) -> str:
    return f"{row.median_ms:.2f}" if row else ""


def precision_table(cases: Cases) -> str:
    header = ["network", "batch", *(text for each in PRECISE for text in (str(each), "of float32"))]
    rows = [precision_row(case, found) for case, found in cases.items()]
    means = [
        geometric_mean(known(found[each].float32_ratio for found in cases.values() if each in found))
        for each in PRECISE
    ]
    rows.append(["geometric mean", "", *(text for mean in means for text in ("", shown(mean, 3)))])
    return table(header, rows)


def precision_row(case: Case, found: Mapping[Contestant, Speed]) -> list[str]:
    cells = []
    for each in PRECISE:
        row = found.get(each)
        cells += [milliseconds(row), shown(row.float32_ratio, 3) if row else ""]
    return [case[0], str(case[1]), *cells]


def contestant_table(cases: Cases, cell: Callable[[Speed], str]) -> str:
    header = ["network", "batch", *map(str, CONTESTANTS)]
    rows = []
    for (model, batch), found in cases.items():
        rows.append([model, str(batch), *(cell(found[each]) if each in found else "" for each in CONTESTANTS)])
    return table(header, rows)


def agreement_part(rows: Sequence[Agreement]) -> list[str]:
    networks = ", ".join(dict.fromkeys(row.model for row in rows))
    lines = [[row.precision, f"{row.accuracy:.1%}", f"{row.same:.1%}"] for row in rows]
    return [
        f"{networks}, trained briefly on scikit-learn's handwritten digits; {rows[0].images} held-out images.",
        table(["precision", "read right", "as float32 reads it"], lines),
    ]


def draw(cases: Cases, path: Path) -> None:
    """A panel for each batch size, a line for each network, a mark for each peer, with `mxnet` at 1."""
    batches = sorted({batch for _, batch in cases})
    models = list(dict.fromkeys(model for model, _ in cases))
    with matplotlib.rc_context({"svg.hashsalt": "inference", "svg.fonttype": "none", "font.size": 9}):
        figure = Figure(figsize=(4.5 * len(batches), 1.6 + 0.3 * len(models)), layout="constrained")
        panels = figure.subplots(1, len(batches), sharex=True, sharey=True, squeeze=False).flat
        for axes, batch in zip(panels, batches, strict=True):
            for peer in PEERS:
                found = {model: ratios_to(cases.get((model, batch), {})).get(peer) for model in models}
                there = [(1 / ratio, models.index(model)) for model, ratio in found.items() if ratio is not None]
                axes.plot(*(zip(*there, strict=True) if there else ([], [])), MARKERS[peer], label=peer, markersize=5)
            axes.axvline(1, color="black", linewidth=1)
            axes.set_xscale("log", base=2)
            axes.xaxis.set_major_formatter("{x:g}")
            axes.set_yticks(range(len(models)), models)
            axes.set_ylim(len(models) - 0.5, -0.5)
            axes.set_title(f"batch {batch}")
            axes.set_xlabel("time over mxnet's (right of 1: mxnet is faster)")
            axes.grid(alpha=0.3)
        figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=len(PEERS))
        figure.savefig(path, metadata={"Date": None})
