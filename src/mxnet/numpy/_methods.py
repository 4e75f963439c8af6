"""The methods of `mx.np.ndarray` that are functions of `mx.np` as well."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from mxnet import _dtype
from mxnet._modes import modes
from mxnet.ndarray import _traced as traced
from mxnet.ndarray._array import invoke, read
from mxnet.ndarray._methods import LEGACY_METHODS
from mxnet.ndarray.ndarray import NDArray
from mxnet.numpy import _elementwise, _reduction, _sorting
from mxnet.operators.catalogue import find
from mxnet.operators.reshape_codes import legacy_shape

__all__ = ["Methods"]


def _np() -> Any:
    return sys.modules["mxnet.numpy"]


class Methods(NDArray):
    """Methods with the parameters of the functions of the same name."""

    __slots__ = ()

    # Axes taken together

    def all(self, axis: Any = None, out: Any = None, keepdims: bool = False) -> Any:
        """Whether all elements over axes are true: `mx.np.all`."""
        return _reduction.all(self, axis, out, keepdims)

    def any(self, axis: Any = None, out: Any = None, keepdims: bool = False) -> Any:
        """Whether any element over axes is true: `mx.np.any`."""
        return _reduction.any(self, axis, out, keepdims)

    def argmax(self, axis: int | None = None, out: Any = None, keepdims: bool = False) -> Any:
        """Position of the largest element: `mx.np.argmax`."""
        return _reduction.argmax(self, axis, out, keepdims)

    def argmin(self, axis: int | None = None, out: Any = None, keepdims: bool = False) -> Any:
        """Position of the smallest element: `mx.np.argmin`."""
        return _reduction.argmin(self, axis, out, keepdims)

    def max(self, axis: Any = None, out: Any = None, keepdims: bool = False) -> Any:
        """Largest element over axes: `mx.np.max`."""
        return _reduction.max(self, axis, out, keepdims)

    def min(self, axis: Any = None, out: Any = None, keepdims: bool = False) -> Any:
        """Smallest element over axes: `mx.np.min`."""
        return _reduction.min(self, axis, out, keepdims)

    def sum(self, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False) -> Any:
        """Sum over axes: `mx.np.sum`."""
        return _reduction.sum(self, axis, dtype, out, keepdims)

    def prod(self, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False) -> Any:
        """Product over axes: `mx.np.prod`."""
        return _reduction.prod(self, axis, dtype, out, keepdims)

    def mean(self, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False) -> Any:
        """Mean over axes: `mx.np.mean`."""
        return _reduction.mean(self, axis, dtype, out, keepdims)

    def std(
        self,
        axis: Any = None,
        dtype: Any = None,
        out: Any = None,
        correction: int = 0,
        keepdims: bool = False,
        *,
        ddof: int | None = None,
    ) -> Any:
        """Standard deviation over axes: `mx.np.std`."""
        return _reduction.std(self, axis, dtype, out, correction, keepdims, ddof=ddof)

    def var(
        self,
        axis: Any = None,
        dtype: Any = None,
        out: Any = None,
        correction: int = 0,
        keepdims: bool = False,
        *,
        ddof: int | None = None,
    ) -> Any:
        """Variance over axes: `mx.np.var`."""
        return _reduction.var(self, axis, dtype, out, correction, keepdims, ddof=ddof)

    def cumsum(self, axis: int | None = None, dtype: Any = None, out: Any = None) -> Any:
        """Running sum: `mx.np.cumsum`."""
        return _reduction.cumsum(self, axis, dtype, out)

    # Values

    def clip(self, min: Any = None, max: Any = None, out: Any = None) -> Any:
        """Limit the values to an interval: `mx.np.clip`."""
        return _elementwise.clip(self, min, max, out)

    def round(self, decimals: int = 0, out: Any = None, **kwargs: Any) -> Any:
        """Round to a number of decimal places: `mx.np.around`."""
        return _elementwise.around(self, decimals, out, **kwargs)

    def sort(self, axis: int | None = -1, descending: bool = False, stable: bool = True) -> Any:
        """A sorted copy: `mx.np.sort`."""
        return _sorting.sort(self, axis, descending, stable)

    def argsort(self, axis: int | None = -1, descending: bool = False, stable: bool = True) -> Any:
        """The positions that sort the array: `mx.np.argsort`."""
        return _sorting.argsort(self, axis, descending, stable)

    def astype(
        self,
        dtype: Any,
        order: str = "K",
        casting: str = "unsafe",
        subok: bool = True,
        copy: bool = True,
    ) -> Any:
        """The array as another data type; this very array if it has it already and `copy` is False.

        Raises
        ------
        ValueError
            For an `order`, `casting` or `subok` other than the default.
        """
        if order not in ("K", "A", "C"):
            raise ValueError(f"order must be 'K', 'A' or 'C', not {order!r}")
        if casting != "unsafe":
            raise ValueError(f"casting must be equal to 'unsafe', not {casting!r}")
        if not subok:
            raise ValueError("subok must be True")
        target = _dtype.to_torch(dtype)
        if target is self._data.dtype and not copy:
            return self
        if modes.tracer is not None:
            return invoke(find("Cast"), (self,), {"dtype": target})
        return self._like(read(self).to(target, copy=True))

    def copy(self, order: str = "C") -> Any:
        """A copy with memory of its own.

        Raises
        ------
        NotImplementedError
            For an `order` other than 'C'.
        """
        if order != "C":
            raise NotImplementedError(f"only order 'C' is supported, not {order!r}")
        return super().copy()

    # Shape

    @property
    def T(self) -> Any:
        """A copy with the dimensions in reverse order."""
        return _np().transpose(self)

    @property
    def mT(self) -> Any:
        """A copy with the last two dimensions exchanged.

        Raises
        ------
        ValueError
            If there are fewer than two.
        """
        if self.ndim < 2:
            raise ValueError("x must be at least 2-dimensional for matrix_transpose")
        return _np().swapaxes(self, -1, -2)

    def reshape(self, *shape: Any, order: str = "C") -> Any:
        """A copy with a new shape, given as a tuple or as separate numbers: `mx.np.reshape`."""
        if not shape:
            raise TypeError("reshape() takes exactly 1 argument (0 given)")
        return _np().reshape(self, shape[0] if len(shape) == 1 else shape, order)

    def reshape_view(self, *shape: Any, reverse: bool = False) -> Any:
        """The same memory with a new shape, by MXNet 1.x's codes.

        Raises
        ------
        AssertionError
            If no shape is given.
        """
        if not shape:
            raise AssertionError("Shape must be provided.")
        given = shape[0] if len(shape) == 1 and not isinstance(shape[0], int) else shape
        shape = legacy_shape(self.shape, tuple(given), reverse)
        if modes.tracer is not None:
            return traced.reshaped(self, shape)
        return self._like(read(self).view(shape))

    def broadcast_to(self, shape: Any) -> Any:
        """The array repeated to a larger shape: `mx.np.broadcast_to`."""
        return _np().broadcast_to(self, shape)

    def broadcast_like(self, other: Any) -> Any:
        """The array repeated to the shape of another."""
        return _np().broadcast_to(self, other.shape)

    def diagonal(self, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
        """The elements on a diagonal: `mx.np.diagonal`."""
        return _np().diagonal(self, offset, axis1, axis2)

    def flatten(self, order: str = "C") -> Any:
        """A copy as a vector: `mx.np.ravel`."""
        return _np().ravel(self, order)

    def repeat(self, repeats: Any, axis: int | None = None) -> Any:
        """The elements repeated one by one: `mx.np.repeat`."""
        return _np().repeat(self, repeats, axis)

    def squeeze(self, axis: Any = None) -> Any:
        """A copy without dimensions of size one: `mx.np.squeeze`."""
        return _np().squeeze(self, axis)

    def swapaxes(self, axis1: int, axis2: int) -> Any:
        """A copy with two dimensions exchanged: `mx.np.swapaxes`."""
        return _np().swapaxes(self, axis1, axis2)

    def tile(self, reps: Any) -> Any:
        """The whole array repeated: `mx.np.tile`."""
        return _np().tile(self, reps)

    def transpose(self, *axes: Any) -> Any:
        """A copy with the dimensions in another order, given as a tuple or as separate numbers: `mx.np.transpose`."""
        if len(axes) == 1 and not isinstance(axes[0], int):
            axes = axes[0]
        return _np().transpose(self, axes or None)

    # Parts and products

    def dot(self, b: Any, out: Any = None) -> Any:
        """The product with another array: `mx.np.dot`."""
        return _np().dot(self, b, out=out)

    def nonzero(self) -> Any:
        """The positions of the elements that are not zero: `mx.np.nonzero`."""
        return _np().nonzero(self)

    def take(self, indices: Any, axis: int | None = None, mode: str = "raise") -> Any:
        """The elements at given positions: `mx.np.take`."""
        return _np().take(self, indices, axis, mode)


def _absent(name: str) -> Callable[..., Any]:
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        homes = [home for home in ("np", "npx") if hasattr(sys.modules[_HOMES[home]], name)]
        instead = f"call mx.{homes[0]}.{name}(x)" if homes else f"call x.as_nd_ndarray().{name}()"
        raise AttributeError(f"mx.np.ndarray has no method {name!r}, which is one of MXNet 1.x: {instead}")

    method.__name__ = method.__qualname__ = name
    method.__doc__ = "Not a method of this array; calling it raises AttributeError and says what to call."
    return method


_HOMES = {"np": "mxnet.numpy", "npx": "mxnet.numpy_extension"}
# What 1.x does otherwise than NumPy, in types or shapes, must not come in by inheritance.
for _name in LEGACY_METHODS:
    if _name not in vars(Methods):
        setattr(Methods, _name, _absent(_name))
