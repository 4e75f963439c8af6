"""Graphs for people: `mx.viz.print_summary` as a table, `mx.viz.plot_network` as a picture."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mxnet.symbol._graph import Node, topological
from mxnet.symbol.symbol import Symbol

if TYPE_CHECKING:
    from graphviz import Digraph

__all__ = ["plot_network", "print_summary"]

Shape = tuple[int, ...]

_NO_GRAPHVIZ = (
    "plot_network draws with the package graphviz: {python} -m pip install graphviz. To render a picture from what it "
    "returns, Graphviz itself must be installed too (https://graphviz.org/download)"
)


def print_summary(
    symbol: Symbol,
    shape: Mapping[str, Shape] | None = None,
    line_length: int = 120,
    positions: Sequence[float] = (0.44, 0.64, 0.74, 1.0),
) -> None:
    """Print a table of a graph's operators: output shapes, numbers of parameters, and what they take.

    Parameters
    ----------
    symbol : Symbol
    shape : dict of str to tuple, optional
        Shapes of the inputs; without them neither shapes nor numbers are known.
    line_length : int, default 120
        Width of the table in characters.
    positions : sequence of float, default (0.44, 0.64, 0.74, 1.0)
        Where the columns end: four parts of the width, or of one, in rising order.

    Raises
    ------
    TypeError
        If `symbol` is no Symbol.
    ValueError
        If `positions` are not four rising numbers.
    MXNetError
        If the shapes do not fit the graph.

    Examples
    --------
    >>> net = mx.sym.FullyConnected(mx.sym.var('data'), num_hidden=2, name='fc')
    >>> mx.viz.print_summary(net, {'data': (1, 3)}, line_length=76)  # doctest: +NORMALIZE_WHITESPACE
    ____________________________________________________________________________
    Layer (type)                     Output Shape   Param # Previous Layer
    ============================================================================
    data(null)                       3              0
    ____________________________________________________________________________
    fc(FullyConnected)               2              8       data
    ============================================================================
    Total params: 8
    ____________________________________________________________________________
    """
    graph = _Graph(symbol, shape, "print_summary")
    if len(positions) != 4 or list(positions) != sorted(positions):
        raise ValueError(f"print_summary: positions must be four rising numbers, not {positions!r}")
    ends = [int(line_length * end) if positions[-1] <= 1 else int(end) for end in positions]
    nodes = [node for node in graph.nodes if not graph.is_parameter(node) and not graph.is_label(node)]
    print("_" * line_length)
    print(_row(["Layer (type)", "Output Shape", "Param #", "Previous Layer"], ends))
    print("=" * line_length)
    for number, node in enumerate(nodes):
        takes = [source.name for source in graph.sources(node) if not graph.is_label(source)]
        first = [f"{node.name}({_kind(node)})", graph.words(node), str(graph.size(node)), takes[0] if takes else ""]
        print(_row(first, ends))
        for name in takes[1:]:
            print(_row(["", "", "", name], ends))
        print(("=" if number == len(nodes) - 1 else "_") * line_length)
    print(f"Total params: {sum(graph.size(node) for node in nodes)}")
    print("_" * line_length)


def plot_network(
    symbol: Symbol,
    title: str = "plot",
    save_format: str = "pdf",
    shape: Mapping[str, Shape] | None = None,
    dtype: Mapping[str, Any] | None = None,
    node_attrs: Mapping[str, str] | None = None,
    hide_weights: bool = True,
) -> Digraph:
    """A picture of a graph, operators from the bottom to the top.

    Parameters
    ----------
    symbol : Symbol
    title : str, default 'plot'
        Name of the picture, and of the file that its `render` writes.
    save_format : str, default 'pdf'
        What `render` writes: 'pdf', 'png', 'svg', ...
    shape : dict of str to tuple, optional
        Shapes of the inputs; with them the arrows tell shapes.
    dtype : dict of str to type, optional
        Types of the inputs; checked, not drawn.
    node_attrs : dict of str to str, optional
        Attributes of all nodes, in Graphviz's words.
    hide_weights : bool, default True
        Leave parameters out.

    Returns
    -------
    graphviz.Digraph
        Shown by notebooks; ``render()`` writes a file, ``source`` is its text.

    Raises
    ------
    TypeError
        If `symbol` is no Symbol.
    ImportError
        If the package graphviz is missing.
    """
    graph = _Graph(symbol, shape, "plot_network")
    if dtype is not None:
        symbol.infer_type(**dtype)
    picture = _digraph()(name=title, format=save_format)
    look = {"shape": "box", "fixedsize": "true", "width": "1.3", "height": "0.8034", "style": "filled"}
    look.update(node_attrs or {})
    for node in graph.nodes:
        if hide_weights and graph.is_parameter(node):
            continue
        own = {"shape": "oval"} if node.op is None else {}
        picture.node(name=node.name, label=_label(node), **{**look, **own, "fillcolor": _colour(node)})
    for node in graph.nodes:
        for source in graph.sources(node, with_parameters=not hide_weights):
            picture.edge(node.name, source.name, label=graph.words(source), arrowtail="open", dir="back")
    return picture


class _Graph:
    """A symbol's nodes, with the shapes of their results where they are known."""

    def __init__(self, symbol: Symbol, shape: Mapping[str, Shape] | None, where: str) -> None:
        if not isinstance(symbol, Symbol):
            raise TypeError(f"{where}: symbol must be a Symbol, not {type(symbol).__name__}")
        self.nodes = topological(symbol._entries)
        self._roles = {id(node): place for node, place in self._places() if node.op is None}
        self._shapes: dict[int, Shape] = {}
        if shape is not None:
            internals = symbol.get_internals()
            _, shapes, _ = internals.infer_shape_partial(**shape)
            for (node, number), found in zip(internals._entries, shapes, strict=True):
                if number == 0 and found:
                    self._shapes[id(node)] = tuple(found)

    def _places(self) -> Iterator[tuple[Node, str]]:
        """What operators take beside their data, and what they call it."""
        for node in self.nodes:
            if node.op is None or node.op.variadic or node.op.inputs[:1] != ("data",):
                continue
            for place, entry in list(zip(node.op.inputs, node.inputs, strict=False))[1:]:
                if entry is not None:
                    yield entry[0], place

    def is_parameter(self, node: Node) -> bool:
        """Whether it is a variable that an operator takes beside its data, and no label."""
        return self._roles.get(id(node), "label") != "label"

    def is_label(self, node: Node) -> bool:
        return self._roles.get(id(node)) == "label"

    def sources(self, node: Node, with_parameters: bool = False) -> list[Node]:
        """What a node takes, each once."""
        found = {id(entry[0]): entry[0] for entry in node.inputs if entry is not None}
        return [source for source in found.values() if with_parameters or not self.is_parameter(source)]

    def words(self, node: Node) -> str:
        """The shape of a node's first result without the batch: ``3x224x224``."""
        return "x".join(map(str, self._shapes.get(id(node), ())[1:]))

    def size(self, node: Node) -> int:
        """The number of elements of an operator's trained parameters."""
        states = () if node.op is None else node.op.mutates
        owned = [source for source in self.sources(node, with_parameters=True) if self.is_parameter(source)]
        trained = [source for source in owned if self._roles[id(source)] not in states]
        return sum(math.prod(self._shapes[id(source)]) for source in trained if id(source) in self._shapes)


def _row(cells: Sequence[str], ends: Sequence[int]) -> str:
    line = ""
    for cell, end in zip(cells, ends, strict=True):
        line = (line + cell)[:end].ljust(end)
    return line


def _kind(node: Node) -> str:
    return "null" if node.op is None else node.op.name


def _label(node: Node) -> str:
    """What is written on an operator: the attributes that matter most for the commonest ones."""
    if node.op is None:
        return node.name
    given = node.op.complete(node.attributes)
    kind = node.op.name
    if kind in ("Convolution", "Deconvolution"):
        stride = given["stride"] or (1,)
        return f"{kind}\n{_by(given['kernel'])}/{_by(stride)}, {given['num_filter']}"
    if kind == "FullyConnected":
        return f"{kind}\n{given['num_hidden']}"
    if kind in ("Activation", "LeakyReLU"):
        return f"{kind}\n{given['act_type']}"
    if kind == "Pooling":
        stride = given["stride"] or (1,)
        return f"{kind}\n{given['pool_type']}, {_by(given['kernel'])}/{_by(stride)}"
    return node.name


def _by(sizes: Sequence[int]) -> str:
    return "x".join(map(str, sizes))


_COLOURS = {
    "null": "#8dd3c7",
    "Convolution": "#fb8072",
    "Deconvolution": "#fb8072",
    "FullyConnected": "#fb8072",
    "BatchNorm": "#bebada",
    "Activation": "#ffffb3",
    "LeakyReLU": "#ffffb3",
    "Pooling": "#80b1d3",
    "Concat": "#fdb462",
    "Flatten": "#fdb462",
    "Reshape": "#fdb462",
    "softmax": "#b3de69",
}
_OTHER = "#fccde5"


def _colour(node: Node) -> str:
    return _COLOURS.get(_kind(node), _OTHER)


def _digraph() -> type[Digraph]:
    try:
        from graphviz import Digraph
    except ImportError as error:
        import sys

        raise ImportError(_NO_GRAPHVIZ.format(python=sys.executable)) from error
    return Digraph
