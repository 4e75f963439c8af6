"""Looking at a graph: names of its inputs and outputs, what its nodes say, and all of it as text."""

from __future__ import annotations

from collections.abc import Sequence

from mxnet.symbol._descriptions import described
from mxnet.symbol._dialect import slots
from mxnet.symbol._graph import Entry, Node, topological
from mxnet.symbol._write import attribute_texts

__all__ = ["children", "debug_text", "descriptions", "internals", "output_name"]

_STATISTICS = ("output", "mean", "var")
_DEVIATION = ("output", "mean", "std")
_SCORE = ("output", "score")
_PLAIN = (
    "BilinearSampler Correlation Dropout GridGenerator L2Normalization LRN Pooling ROIPooling SpatialTransformer "
    "_contrib_DeformablePSROIPooling"
)
_OUTPUT_NAMES = {
    **{name: ("output",) for name in _PLAIN.split()},
    "BatchNorm": _STATISTICS,
    "GroupNorm": _DEVIATION,
    "InstanceNorm": _STATISTICS,
    "LayerNorm": _DEVIATION,
    "RNN": ("output", "state_output", "statecell_output"),
    "_contrib_BatchNormWithReLU": _STATISTICS,
    "_contrib_MultiBoxTarget": ("loc_target", "loc_mask", "cls_target"),
    "_contrib_MultiProposal": _SCORE,
    "_contrib_Proposal": _SCORE,
    "_contrib_SyncBatchNorm": _STATISTICS,
    "_npi_dstack": ("out",),
    "_npi_hstack": ("out",),
    "_npi_matmul": ("out",),
    "_npi_std": ("std",),
    "_npi_var": ("var",),
    "make_loss": ("loss",),
}
"""The results of operators that MXNet has names for; others are numbered if there are several, hidden ones included."""


def output_name(entry: Entry) -> str:
    """The name of an entry: a variable's own, or that of the node with which result is meant."""
    node, number = entry
    if node.op is None:
        return node.name
    names = _OUTPUT_NAMES.get(node.op.name)
    if names is not None:
        return f"{node.name}_{names[number]}"
    several = slots(node.op, node.attributes, len(node.inputs)) > 1
    return f"{node.name}_output{number if several else ''}"


def internals(entries: Sequence[Entry]) -> list[Entry]:
    """Every result of every node."""
    return [(node, number) for node in topological(entries) for number in range(node.outputs)]


def children(entries: Sequence[Entry]) -> list[Entry]:
    """The inputs of the nodes that the entries belong to."""
    heads = {id(node): node for node, _ in entries}
    return [entry for node in heads.values() for entry in node.inputs if entry is not None]


def descriptions(entries: Sequence[Entry]) -> dict[str, dict[str, str]]:
    """What each node that says anything says of itself, by its name."""
    found: dict[str, dict[str, str]] = {}
    for node in topological(entries):
        said = described(node)
        if said:
            found.setdefault(node.name, {}).update(said)
    return found


def debug_text(entries: Sequence[Entry]) -> str:
    """The graph as MXNet prints it, node by node."""
    head = entries[0][0]
    if len(entries) == 1 and not head.inputs:
        return f"Variable:{head.name}\n" if head.op is None else f"AtomicFunctor  Op:{attribute_texts(head)[0]}\n"
    lines = ["Symbol Outputs:"]
    lines += [f"\toutput[{place}]={node.name}({number})" for place, (node, number) in enumerate(entries)]
    written: dict[int, int] = {}  # how many operators have written to a variable, by its id
    for node in topological(entries):
        lines += [f"Variable:{node.name}"] if node.op is None else _operator_lines(node, written)
    return "\n".join([*lines, ""])


def _operator_lines(node: Node, written: dict[int, int]) -> list[str]:
    operator, attributes = attribute_texts(node)
    lines = ["-" * 20, f"Op:{operator}, Name={node.name}", "Inputs:"]
    for place, entry in zip(node.op.inputs, node.inputs, strict=False):
        if place in node.op.mutates and entry is not None:
            written[id(entry[0])] = written.get(id(entry[0]), 0) + 1
    given = [entry for entry in node.inputs if entry is not None]
    for place, (source, number) in enumerate(given):
        version = f" version={written.get(id(source), 0)}" if source.op is None else ""
        lines.append(f"\targ[{place}]={source.name}({number}){version}")
    said = {**attributes, **node.annotations}
    if said:
        lines += ["Attrs:", *(f"\t{name}={said[name]}" for name in sorted(said))]
    return lines
