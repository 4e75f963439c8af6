"""`_Symbol`, the symbol whose arithmetic and methods are NumPy's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from mxnet.symbol._register import call
from mxnet.symbol.symbol import Symbol

__all__ = ["_Symbol"]

_OPERATORS = """
__add__ __radd__ __sub__ __rsub__ __mul__ __rmul__ __truediv__ __rtruediv__ __floordiv__ __rfloordiv__ __mod__ __rmod__
__pow__ __rpow__ __matmul__ __rmatmul__ __and__ __rand__ __or__ __ror__ __xor__ __rxor__ __eq__ __ne__ __lt__ __le__
__gt__ __ge__ __neg__ __pos__ __abs__ __invert__ __round__ __ceil__ __floor__ __trunc__
""".split()
_METHODS = """
all any argmax argmin argsort clip cumsum diagonal dot flatten max mean min prod ravel repeat reshape round sort
squeeze std sum swapaxes take transpose var
""".split()


def _as_array(name: str) -> Callable[..., Any]:
    """The method of that name that arrays have, over symbols."""

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        from mxnet.numpy import ndarray
        from mxnet.symbol._array_functions import over_symbols

        return over_symbols(getattr(ndarray, name), name)(self, *args, **kwargs)

    method.__name__ = name
    method.__qualname__ = f"_Symbol.{name}"
    method.__doc__ = f"As `mx.np.ndarray.{name}`."
    return method


class _Symbol(Symbol):
    """A `Symbol` with the operators and methods of `mx.np.ndarray`.

    Examples
    --------
    >>> x = mx.sym.var("x").as_np_ndarray()
    >>> mx.sym.np.sum(x * 2, axis=0, name="total").list_outputs()
    ['total_output']
    """

    __slots__ = ()
    __module__ = "mxnet.symbol.numpy"

    for _name in (*_OPERATORS, *_METHODS):
        locals()[_name] = _as_array(_name)
    del _name
    __hash__ = None

    @property
    def T(self) -> _Symbol:
        """The transpose."""
        return self.transpose()

    def astype(
        self, dtype: Any, order: str = "K", casting: str = "unsafe", subok: bool = True, copy: bool = True
    ) -> Any:
        """This symbol in another type.

        Raises
        ------
        ValueError
            For an `order`, `casting` or `subok` other than the default.
        """
        if order not in ("K", "C", None) or casting != "unsafe" or not subok:
            raise ValueError("astype() of a symbol takes order 'K' or 'C', casting 'unsafe' and subok True only")
        return call("Cast", self, dtype=dtype)

    @property
    def num_outputs(self) -> int:
        """The number of outputs."""
        return len(self._entries)

    def as_np_ndarray(self) -> _Symbol:
        """This symbol."""
        return self

    def as_nd_ndarray(self) -> Symbol:
        """The same graph as a symbol of `mx.sym`."""
        return Symbol(self._entries)

    def __len__(self) -> int:
        """The number of outputs, if there are several."""
        if len(self._entries) == 1:
            raise TypeError(f"{self!r} has one output and no length")
        return len(self._entries)

    def __iter__(self) -> Iterator[_Symbol]:
        if len(self._entries) == 1:
            raise TypeError(f"{self!r} has one output and is not iterable")
        return super().__iter__()

    def __getitem__(self, key: Any) -> _Symbol:
        """Of several outputs one or some; of one output the part that integers, slices or a mask select.

        Raises
        ------
        IndexError
            For a key of another type.
        """
        if len(self._entries) > 1:
            return super().__getitem__(key)
        if isinstance(key, Symbol):
            return call("_npi_advanced_indexing", self, key, hint="advanced_indexing")
        items = key if isinstance(key, tuple) else (key,)
        if not all(isinstance(item, (int, slice)) for item in items):
            raise IndexError(f"a symbol is indexed by integers, slices or a symbol, not by {key!r}")
        return self._part(items) if items else self

    def _part(self, items: tuple[int | slice, ...]) -> _Symbol:
        """The part that integers and slices select along the first axes."""
        bounds = [(item.start, item.stop, item.step) if isinstance(item, slice) else _one(item) for item in items]
        begin, end, step = zip(*bounds, strict=True)
        given = {} if set(step) == {None} else {"step": step}
        part = call("slice", self, begin=begin, end=end, **given)
        if not any(isinstance(item, int) for item in items):
            return part
        codes = [-2 if isinstance(item, slice) else -3 for item in items]
        return call("_npx_reshape", part, hint="reshape", newshape=(*codes, -4))


def _one(position: int) -> tuple[int, int, int | None]:
    """The slice that holds one position, which may count from the end."""
    return (position, position + 1, None) if position >= 0 else (position, position - 1, -1)
