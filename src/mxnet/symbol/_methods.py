"""Methods of symbols that are operators, and those that only arrays have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mxnet.base import NotImplementedForSymbol
from mxnet.symbol._register import call

__all__ = ["Methods"]

_SAME_NAME = """
abs arccos arccosh arcsin arcsinh arctan arctanh argmax argmax_channel argmin argsort broadcast_axes broadcast_like
broadcast_to cbrt ceil clip cos cosh degrees depth_to_space diag exp expm1 fix flip floor log log10 log1p log2
log_sigmoid log_softmax max mean min mish nanprod nansum norm one_hot ones_like pad pick prod radians rcbrt
reciprocal relu repeat reshape reshape_like rint round rsqrt shape_array sigmoid sign sin sinh size_array slice
slice_axis slice_like softmax softmin sort space_to_depth split sqrt square sum swapaxes take tan tanh tile topk
transpose trunc zeros_like
""".split()
_ONLY_OF_ARRAYS = ("as_in_context", "asnumpy", "asscalar", "backward", "copy", "detach", "wait_to_read")


def _method(name: str, operator: str) -> Callable[..., Any]:
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        return call(operator, self, *args, **kwargs)

    method.__doc__ = f"`mx.sym.{operator}` of this symbol."
    return _named(method, name)


def _absent(name: str) -> Callable[..., Any]:
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedForSymbol(f"{name} is for arrays: a symbol has no values; bind or evaluate it first")

    method.__doc__ = "Raises `NotImplementedForSymbol`: only arrays have it."
    return _named(method, name)


def _named(method: Callable[..., Any], name: str) -> Callable[..., Any]:
    method.__name__ = name
    method.__qualname__ = f"Symbol.{name}"
    return method


class Methods:
    """What a symbol can be asked for in place of a function of `mx.sym`."""

    __slots__ = ()

    astype = _method("astype", "cast")

    for _name in _SAME_NAME:
        locals()[_name] = _method(_name, _name)
    for _name in _ONLY_OF_ARRAYS:
        locals()[_name] = _absent(_name)
    del _name

    def flatten(self, inplace: bool = False, **kwargs: Any) -> Any:
        """`mx.sym.flatten` of this symbol; `inplace` is not used."""
        return call("flatten", self, **kwargs)

    def expand_dims(self, axis: int, inplace: bool = False, **kwargs: Any) -> Any:
        """`mx.sym.expand_dims` of this symbol; `inplace` is not used."""
        return call("expand_dims", self, axis=axis, **kwargs)

    def squeeze(self, axis: Any = None, inplace: bool = False, **kwargs: Any) -> Any:
        """`mx.sym.squeeze` of this symbol; `inplace` is not used."""
        return call("squeeze", self, axis=axis, **kwargs)

    def split_v2(self, *args: Any, **kwargs: Any) -> Any:
        """`mx.sym.split_v2` of this symbol."""
        from mxnet.symbol._functions import split_v2

        return split_v2(self, *args, **kwargs)
