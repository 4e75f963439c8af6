"""What `mxzoo inspect` shows of a file: names, types and shapes, hash, format and origin; the data are not loaded."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Group
from rich.markup import escape
from rich.table import Table

from mxnet import formats, symbol
from mxnet.cli._messages import printable
from mxnet.formats import records, safetensors, torch_checkpoint
from mxnet.formats._checksum import checksum
from mxnet.formats._description import infos_of
from mxnet.gluon.model_zoo import model_store

__all__ = ["Report", "as_json", "as_text", "look_at"]

_LONGEST = 600  # characters of a text in the table: checkpoints have pages of JSON in their metadata
_HASH_IN_NAME = re.compile(r"-([0-9a-f]{8})\.\w+$")
_NOT_OPENED = "a pickle, which was not opened; --unsafe-pickle lists what it holds"


@dataclass(frozen=True)
class Report:
    """What is known of a file.

    Attributes
    ----------
    facts : dict
        What there is to say beside its arrays: the inputs of a graph, the number of records.
    arrays : list of dict
        ``name``, ``dtype`` and ``shape`` of each.
    """

    path: str
    format: str
    size: int
    sha256: str
    origin: list[str]
    metadata: dict[str, str] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    arrays: list[dict[str, Any]] = field(default_factory=list)


def look_at(path: Path, unsafe_pickle: bool = False) -> Report:
    """Everything that is shown of a file.

    Raises
    ------
    MXNetError
        If it cannot be read, or is of no known format.
    """
    found = _contents(path, unsafe_pickle)
    sha256 = checksum(path, "sha256")
    origin = _origin(path, sha256, found.get("metadata", {}))
    return Report(path=str(path), size=path.stat().st_size, sha256=sha256, origin=origin, **found)


def _contents(path: Path, unsafe_pickle: bool) -> dict[str, Any]:
    """Format, arrays, metadata and facts, as far as the file has them."""
    if torch_checkpoint.is_checkpoint(path):
        return _checkpoint(path, unsafe_pickle)
    with open(path, "rb") as file:
        head = file.read(64)
    if head.startswith(records.MAGIC):
        return _records(path)
    if head.lstrip().startswith(b"{") and not safetensors.begins(head):
        return _graph(path)
    info = formats.describe(path)
    facts = {"layout": info.variant} if info.variant else {}
    return {
        "format": info.format,
        "arrays": [asdict(array) for array in info.arrays],
        "metadata": info.metadata,
        "facts": facts,
    }


def _checkpoint(path: Path, unsafe_pickle: bool) -> dict[str, Any]:
    found = {"format": "PyTorch's checkpoint"}
    if not unsafe_pickle:
        return found | {"facts": {"contents": _NOT_OPENED}}
    arrays = infos_of(torch_checkpoint.read(path, unsafe=True))
    return found | {"arrays": [asdict(array) for array in arrays]}


def _records(path: Path) -> dict[str, Any]:
    """How many records there are and how large, by their headers."""
    reader = records.RecordReader(path)
    count, smallest, largest = 0, math.inf, 0
    try:
        for size in reader.sizes():
            count, smallest, largest = count + 1, min(smallest, size), max(largest, size)
    finally:
        reader.close()
    facts = {"records": count, "smallest": f"{smallest} bytes", "largest": f"{largest} bytes"}
    return {"format": "MXNet's record file", "facts": facts}


def _graph(path: Path) -> dict[str, Any]:
    graph = symbol.load(str(path))
    operators = Counter(node["op"] for node in json.loads(graph.tojson())["nodes"] if node["op"] != "null")
    facts = {
        "outputs": graph.list_outputs(),
        "arguments": graph.list_arguments(),
        "auxiliary states": graph.list_auxiliary_states(),
        "operators": dict(operators.most_common()),
    }
    return {"format": "MXNet's graph", "facts": facts}


def _origin(path: Path, sha256: str, metadata: dict[str, str]) -> list[str]:
    """What tells where the file came from."""
    found = []
    sha1 = checksum(path, "sha1") if path.suffix == ".params" else None
    model = next((name for name, published in model_store._model_sha1.items() if published == sha1), None)
    if model:
        found.append(f"published by MXNet as the parameters of {model} (SHA-1 {sha1})")
    if (match := _HASH_IN_NAME.search(path.name)) and sha256.startswith(match[1]):
        found.append(f"its name has the beginning of its SHA-256, {match[1]}: it came over whole")
    if "converted_from" in metadata:
        found.append(f"converted from {metadata['converted_from']}")
    return found


def as_json(report: Report) -> str:
    """The report for programs."""
    return json.dumps(asdict(report), indent=2)


def as_text(report: Report) -> Group:
    """The report for people: a table of what is known, a table of the arrays."""
    known = Table(show_header=False)
    known.add_column(style="bold")
    known.add_column(overflow="fold")
    known.add_row("file", _shown(report.path))
    known.add_row("format", report.format)
    known.add_row("size", f"{report.size:,} bytes")
    known.add_row("SHA-256", report.sha256)
    known.add_row("origin", _shown("; ".join(report.origin)) or "not known")
    for name, value in report.facts.items():
        known.add_row(_shown(name), _shown(_text(value)))
    for name, text in report.metadata.items():
        shown = text if len(text) <= _LONGEST else f"{text[:_LONGEST]} ... (--json has all)"
        known.add_row(_shown(name), _shown(shown))
    if not report.arrays:
        return Group(known)
    return Group(known, _array_table(report.arrays))


def _shown(text: str) -> str:
    return escape(printable(text))


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{number} {name}" for name, number in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _array_table(arrays: list[dict[str, Any]]) -> Table:
    count = sum(math.prod(array["shape"]) for array in arrays)
    table = Table(title=f"{len(arrays)} arrays, {count:,} elements")
    table.add_column("name", style="bold", overflow="fold")
    table.add_column("type")
    table.add_column("shape")
    for array in arrays:
        table.add_row(_shown(array["name"] or ""), array["dtype"], " x ".join(map(str, array["shape"])) or "scalar")
    return table
