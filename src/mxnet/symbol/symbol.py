"""`Symbol`, a graph of operators over variables, and what makes one: `var`, `Group`, `load`, `fromjson`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from mxnet import attribute
from mxnet.base import MXNetError, listed
from mxnet.symbol import _compose, _listing
from mxnet.symbol._arithmetic import Arithmetic
from mxnet.symbol._bound import Bound
from mxnet.symbol._descriptions import annotate, annotations_of_variable, described
from mxnet.symbol._files import read_bytes, write_text
from mxnet.symbol._graph import Entry, Node, topological, variables
from mxnet.symbol._known import arguments_and_states
from mxnet.symbol._methods import Methods
from mxnet.symbol._read import MAX_SIZE, from_json
from mxnet.symbol._register import entry_of
from mxnet.symbol._write import to_json

__all__ = ["Group", "Symbol", "Variable", "fromjson", "load", "load_json", "var"]


class Symbol(Arithmetic, Methods, Bound):
    """A graph: results of operators over variables, to be looked at, written to a file, or run.

    Symbols come from `var`, from the operators of `mx.sym`, and from files; arithmetic and the methods compose
    further ones. A symbol with several outputs is a sequence of symbols with one.

    Parameters
    ----------
    entries : sequence of Entry
        The outputs.

    Examples
    --------
    >>> x = mx.sym.var("x")
    >>> y = mx.sym.FullyConnected(x, num_hidden=10, name="fc") + 1
    >>> y.list_arguments()
    ['x', 'fc_weight', 'fc_bias']
    """

    __slots__ = ("_entries",)

    _entries: list[Entry]

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._entries = list(entries)

    def __repr__(self) -> str:
        name = self.name
        if name is not None:
            return f"<{type(self).__name__} {name}>"
        names = ", ".join(node.name for node, _ in self._entries)
        return f"<{type(self).__name__} group [{names}]>"

    def __len__(self) -> int:
        """The number of outputs."""
        return len(self._entries)

    def __iter__(self) -> Iterator[Symbol]:
        return (type(self)([entry]) for entry in self._entries)

    def __getitem__(self, index: int | slice | str) -> Symbol:
        """One of the outputs by its number or name, or several by a slice.

        Raises
        ------
        ValueError
            If no output, or more than one, has that name.
        IndexError
            If there are fewer outputs.
        TypeError
            If `index` is something else, or a slice takes none.
        """
        if isinstance(index, slice):
            chosen = self._entries[index]
            if not chosen:
                raise TypeError(f"{index} takes none of {len(self)} outputs, and a symbol has at least one")
            return type(self)(chosen)
        if isinstance(index, str):
            index = self._place_of(index)
        if not isinstance(index, int):
            raise TypeError(f"an output is chosen by number, name or slice, not by {type(index).__name__}")
        if not -len(self) <= index < len(self):
            raise IndexError(f"output {index} of a symbol with {len(self)}")
        return type(self)([self._entries[index]])

    def _place_of(self, name: str) -> int:
        places = [place for place, found in enumerate(self.list_outputs()) if found == name]
        if len(places) != 1:
            count = "several" if places else "none"
            raise ValueError(f"{count} of the outputs are called {name!r}: they are {listed(self.list_outputs())}")
        return places[0]

    def __call__(self, *args: Symbol, **kwargs: Any) -> Symbol:
        """A copy of this graph with some variables, told by name, replaced by other symbols.

        Parameters
        ----------
        **kwargs : Symbol
            By the names of variables; ``name=`` renames the node of the output.

        Raises
        ------
        MXNetError
            If there is no such variable, a symbol has several outputs, or symbols are given by position.
        TypeError
            If something else than a symbol is given.
        """
        name = kwargs.pop("name", None)
        for value in (*args, *kwargs.values()):
            if not isinstance(value, Symbol):
                raise TypeError(f"a symbol is composed with Symbols, not with {type(value).__name__}")
        if args and kwargs:
            raise TypeError("the symbols to compose with are given either by position or by name, not both")
        if args:
            raise MXNetError(f"tell the variables to replace by name, out of {listed(self.list_inputs())}")
        if kwargs and len(self) == 1 and self._entries[0][0].op is None:
            raise MXNetError(f"the variable {self.name!r} has no inputs to compose")
        replacements = {key: entry_of(value, repr(self)) for key, value in kwargs.items()}
        new = type(self)(_compose.substitute(self._entries, replacements))
        if name:
            new._entries[0][0].name = name
        return new

    def __copy__(self) -> Symbol:
        return type(self)(_compose.copy(self._entries))

    def __deepcopy__(self, memo: dict[int, Any]) -> Symbol:
        return self.__copy__()

    def __getstate__(self) -> dict[str, str]:
        return {"handle": self.tojson(remove_amp_cast=False)}

    def __setstate__(self, state: dict[str, str]) -> None:
        self._entries = from_json(state["handle"], "a pickled symbol")

    def as_np_ndarray(self) -> Any:
        """The same graph as a symbol of `mx.sym.np`."""
        from mxnet.symbol.numpy import _Symbol

        return _Symbol(self._entries)

    def as_nd_ndarray(self) -> Symbol:
        """This symbol."""
        return self

    @property
    def name(self) -> str | None:
        """The name of the node, or None if the outputs belong to several."""
        head = self._entries[0][0]
        return head.name if all(node is head for node, _ in self._entries) else None

    def list_arguments(self) -> list[str]:
        """Names of the variables that are not auxiliary states, in the order in which they are needed."""
        return [node.name for node in arguments_and_states(self._entries)[0]]

    def list_auxiliary_states(self) -> list[str]:
        """Names of the variables that operators write, such as running statistics."""
        return [node.name for node in arguments_and_states(self._entries)[1]]

    def list_inputs(self) -> list[str]:
        """Names of all variables."""
        return [node.name for node in variables(self._entries)]

    def list_outputs(self) -> list[str]:
        """Names of the outputs.

        Examples
        --------
        >>> mx.sym.split(mx.sym.var("x"), num_outputs=2, name="halves").list_outputs()
        ['halves_output0', 'halves_output1']
        """
        return [_listing.output_name(entry) for entry in self._entries]

    def get_internals(self) -> Symbol:
        """Every result inside the graph as an output.

        Examples
        --------
        >>> y = mx.sym.exp(mx.sym.var("x"), name="e") + 1
        >>> y.get_internals()["e_output"]
        <Symbol e>
        """
        return Symbol(_listing.internals(self._entries))

    def get_inputs(self) -> Symbol:
        """The variables as outputs."""
        return Symbol([(node, 0) for node in variables(self._entries)])

    def get_children(self) -> Symbol | None:
        """The inputs of the outputs' nodes; None if they have none."""
        entries = _listing.children(self._entries)
        return Symbol(entries) if entries else None

    def attr(self, key: str) -> str | None:
        """An attribute or annotation of the node, None if it has none of that name."""
        return described(self._entries[0][0]).get(key)

    def list_attr(self, recursive: bool = False) -> dict[str, str]:
        """The attributes given to the node, and its annotations.

        Raises
        ------
        DeprecationWarning
            If `recursive`, as in MXNet: `attr_dict` is what is meant.
        """
        if recursive:
            raise DeprecationWarning("list_attr(recursive=True) is no more: use attr_dict()")
        return described(self._entries[0][0])

    def attr_dict(self) -> dict[str, dict[str, str]]:
        """The attributes and annotations of every node in the graph, by its name."""
        return _listing.descriptions(self._entries)

    def _set_attr(self, /, **kwargs: str) -> None:
        """Annotate the node, or change attributes of its operator, for all graphs that it is part of.

        Raises
        ------
        ValueError
            If a value is not a string.
        MXNetError
            If the outputs belong to several nodes, or an attribute does not fit.
        """
        for name, value in kwargs.items():
            if not isinstance(value, str):
                raise ValueError(f"attributes are set to strings, but {name} is {value!r}")
        if self.name is None:
            raise MXNetError(f"attributes are set on one node, but {self!r} belongs to several")
        annotate(self._entries[0][0], kwargs)

    def debug_str(self) -> str:
        """The graph as text, node by node."""
        return _listing.debug_text(self._entries)

    def has_dynamic_shape_op(self) -> bool:
        """Whether the shape of some result hangs on values, as that of the elements under a mask does."""
        return any(node.op is not None and node.op.dynamic for node in topological(self._entries))

    def tojson(self, remove_amp_cast: bool = True) -> str:
        """The graph as MXNet writes it to ``-symbol.json`` files.

        Parameters
        ----------
        remove_amp_cast : bool
            Whether casts that mixed precision put in are left out.
        """
        return to_json(self._entries, remove_amp_cast)

    def save(self, fname: str | os.PathLike, remove_amp_cast: bool = True) -> None:
        """Write the graph to a file that MXNet reads.

        Raises
        ------
        MXNetError
            If the file cannot be written; an older one then stays as it is.
        """
        write_text(fname, self.tojson(remove_amp_cast))


def var(
    name: str,
    attr: Mapping[str, str] | None = None,
    shape: Sequence[int] | None = None,
    lr_mult: float | None = None,
    wd_mult: float | None = None,
    dtype: Any = None,
    init: Any = None,
    stype: str | None = None,
    profiler_scope: str | None = None,
    **kwargs: Any,
) -> Symbol:
    """A variable.

    Parameters
    ----------
    name : str
    attr : dict of str to str, optional
        Annotations.
    shape : tuple of int, optional
    lr_mult, wd_mult : float, optional
        What the learning rate and weight decay are multiplied by for it.
    dtype : optional
    init : Initializer or str, optional
    stype : {'default', 'row_sparse', 'csr'}, optional
    profiler_scope : str, optional
    **kwargs
        Further annotations; their names start and end with two underscores.

    Raises
    ------
    TypeError
        If `name` is not a string, or `shape`, `dtype` or `init` is something else.
    KeyError
        If there is no such `stype`.
    ValueError
        For another keyword, or an annotation in `attr` that is not a string.

    Examples
    --------
    >>> mx.sym.var("w", shape=(3, 4), init=mx.init.One()).attr("__shape__")
    '(3, 4)'
    """
    if not isinstance(name, str):
        raise TypeError(f"the name of a variable is a string, not {type(name).__name__}")
    for key in kwargs:
        if not (key.startswith("__") and key.endswith("__")):
            raise ValueError(f"{key!r} is no parameter of var(), and annotations are spelled like '__{key}__'")
    own = annotations_of_variable(shape, lr_mult, wd_mult, dtype, init, stype, profiler_scope)
    further = {key: str(value) for key, value in kwargs.items()}
    symbol = Symbol([(Node(None, name), 0)])
    symbol._set_attr(**{**_compose.scope_annotations(attribute.current().get(attr)), **own, **further})
    return symbol


Variable = var


def Group(symbols: Sequence[Symbol], create_fn: Callable[[list[Entry]], Symbol] = Symbol) -> Symbol:
    """One symbol with the outputs of several.

    Raises
    ------
    TypeError
        If there is none, or something else among them.

    Examples
    --------
    >>> x = mx.sym.var("x")
    >>> mx.sym.Group([mx.sym.exp(x, name="e"), x]).list_outputs()
    ['e_output', 'x']
    """
    if not isinstance(symbols, (list, tuple)) or not symbols or not all(isinstance(each, Symbol) for each in symbols):
        raise TypeError(f"a group is made of a list of at least one Symbol, not of {symbols!r}")
    return create_fn([entry for symbol in symbols for entry in symbol._entries])


def load(fname: str | os.PathLike) -> Symbol:
    """The graph in a ``-symbol.json`` file.

    Raises
    ------
    MXNetError
        If there is no such file or it holds no graph.
    """
    data = read_bytes(fname, MAX_SIZE + 1)  # `from_json` refuses what is longer
    return Symbol(from_json(data, os.fspath(fname)))


def fromjson(json_str: str) -> Symbol:
    """The graph in a text that `Symbol.tojson` returned.

    Raises
    ------
    MXNetError
        If it holds no graph.
    """
    if not isinstance(json_str, str):
        raise TypeError(f"a graph is read from a string, not from {type(json_str).__name__}")
    return Symbol(from_json(json_str, "the text"))


load_json = fromjson
