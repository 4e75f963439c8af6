"""Pooling layers."""

from __future__ import annotations

from mxnet.gluon.nn._layer import LAYOUTS, OperatorLayer, Size, check_layout, tuple_of

__all__ = [
    "AvgPool1D",
    "AvgPool2D",
    "AvgPool3D",
    "GlobalAvgPool1D",
    "GlobalAvgPool2D",
    "GlobalAvgPool3D",
    "GlobalMaxPool1D",
    "GlobalMaxPool2D",
    "GlobalMaxPool3D",
    "MaxPool1D",
    "MaxPool2D",
    "MaxPool3D",
]


class _Pooling(OperatorLayer):
    """Pooling of any rank.

    Parameters
    ----------
    pool_size : int or tuple of int
    strides : int or tuple of int, optional
        Default `pool_size`.
    padding : int or tuple of int, default 0
    ceil_mode : bool, default False
        Round the size of the output up instead of down.
    layout : str
        Order of the dimensions of the data; the channels second or last.
    count_include_pad : bool, default True
        Average only: whether padding counts as zeros.
    """

    _rank = 2
    _kind = "max"

    def __init__(
        self,
        pool_size: Size,
        strides: Size | None,
        padding: Size,
        ceil_mode: bool,
        layout: str | None,
        count_include_pad: bool | None = None,
        global_pool: bool = False,
    ) -> None:
        super().__init__()
        rank = self._rank
        layout = layout or LAYOUTS[rank][0]
        check_layout(layout, rank, f"{rank}D Pooling")
        size = tuple_of(pool_size, rank, "pool_size")
        stride = size if strides is None else tuple_of(strides, rank, "strides")
        pad = tuple_of(padding, rank, "padding")
        self._shown = (
            f"size={size}, stride={stride}, padding={pad}, ceil_mode={ceil_mode}, global_pool={global_pool}, "
            f"pool_type={self._kind}, layout={layout}"
        )
        attributes = {} if count_include_pad is None else {"count_include_pad": count_include_pad}
        self._set_operator(
            "Pooling",
            kernel=size,
            stride=stride,
            pad=pad,
            pool_type=self._kind,
            global_pool=global_pool,
            pooling_convention="full" if ceil_mode else "valid",
            layout=layout,
            **attributes,
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._shown})"


class _MaxPool(_Pooling):
    def __init__(
        self,
        pool_size: Size = 2,
        strides: Size | None = None,
        padding: Size = 0,
        layout: str | None = None,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__(pool_size, strides, padding, ceil_mode, layout)


class MaxPool1D(_MaxPool):
    """The largest value of each window of ``(N, C, W)``."""

    _rank = 1


class MaxPool2D(_MaxPool):
    """The largest value of each window of ``(N, C, H, W)``."""

    _rank = 2


class MaxPool3D(_Pooling):
    """The largest value of each window of ``(N, C, D, H, W)``."""

    _rank = 3

    def __init__(
        self,
        pool_size: Size = 2,
        strides: Size | None = None,
        padding: Size = 0,
        ceil_mode: bool = False,
        layout: str = "NCDHW",
    ) -> None:
        super().__init__(pool_size, strides, padding, ceil_mode, layout)


class AvgPool1D(_Pooling):
    """The mean of each window of ``(N, C, W)``."""

    _rank = 1
    _kind = "avg"

    def __init__(
        self,
        pool_size: Size = 2,
        strides: Size | None = None,
        padding: Size = 0,
        layout: str = "NCW",
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        super().__init__(pool_size, strides, padding, ceil_mode, layout, count_include_pad)


class _AvgPool(_Pooling):
    _kind = "avg"

    def __init__(
        self,
        pool_size: Size = 2,
        strides: Size | None = None,
        padding: Size = 0,
        ceil_mode: bool = False,
        layout: str | None = None,
        count_include_pad: bool = True,
    ) -> None:
        super().__init__(pool_size, strides, padding, ceil_mode, layout, count_include_pad)


class AvgPool2D(_AvgPool):
    """The mean of each window of ``(N, C, H, W)``."""

    _rank = 2


class AvgPool3D(_AvgPool):
    """The mean of each window of ``(N, C, D, H, W)``."""

    _rank = 3


class _GlobalPool(_Pooling):
    def __init__(self, layout: str | None = None) -> None:
        super().__init__(1, None, 0, True, layout, global_pool=True)


class GlobalMaxPool1D(_GlobalPool):
    """The largest value of each channel of ``(N, C, W)``."""

    _rank = 1


class GlobalMaxPool2D(_GlobalPool):
    """The largest value of each channel of ``(N, C, H, W)``."""

    _rank = 2


class GlobalMaxPool3D(_GlobalPool):
    """The largest value of each channel of ``(N, C, D, H, W)``."""

    _rank = 3


class GlobalAvgPool1D(_GlobalPool):
    """The mean of each channel of ``(N, C, W)``."""

    _rank = 1
    _kind = "avg"


class GlobalAvgPool2D(_GlobalPool):
    """The mean of each channel of ``(N, C, H, W)``."""

    _rank = 2
    _kind = "avg"


class GlobalAvgPool3D(_GlobalPool):
    """The mean of each channel of ``(N, C, D, H, W)``."""

    _rank = 3
    _kind = "avg"
