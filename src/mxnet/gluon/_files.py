"""Parameters to and from files: names matched, everything checked, and only then anything changed."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as _np
import torch

from mxnet import _dtype, formats
from mxnet.formats._marks import without_marks
from mxnet.ndarray._array import Array

if TYPE_CHECKING:
    from mxnet.device import Device
    from mxnet.gluon.parameter import Parameter

__all__ = ["from_arrays", "load", "read", "save"]

Release = Callable[[torch.Tensor], None]

_NUMBERED = re.compile(r"(.*?)(\d+)_[a-z_]+")  # resnetv10_stage2_conv, 1 of resnetv10_stage2_conv1_weight
_ROLES = ("running_mean", "running_var", "weight", "bias", "gamma", "beta", "alpha")


def save(params: dict[str, Parameter], filename: str | os.PathLike, deduplicate: bool) -> None:
    """Write parameters by structural name: as the file's ending says, by default as MXNet's binary list."""
    if deduplicate:
        last_name = {id(param): name for name, param in params.items()}
        params = {name: param for name, param in params.items() if last_name[id(param)] == name}
    if not any(param._replicas is None for param in params.values()):
        formats.save(filename, {name: param._mean() for name, param in params.items()})
        return
    raise next(param._missing() for param in params.values() if param._replicas is None)


def read(filename: str | os.PathLike) -> tuple[dict[str, torch.Tensor], Release]:
    """The named arrays of a parameter file, and what `load` gives their memory back by.

    Raises
    ------
    MXNetError
        If the file cannot be read, or its arrays have no names, or the same ones without their marks.
    """
    loaded, release = formats.load_mapped(filename)
    if loaded and not isinstance(loaded, dict):
        raise formats.FileFormatError(f"{os.fspath(filename)}: holds arrays without names, no parameters of a block")
    return without_marks(loaded or {}, filename), release


def from_arrays(arrays: dict[str, Any]) -> dict[str, torch.Tensor]:
    """The tensors of a dict of arrays, NumPy arrays or tensors."""
    return without_marks({name: _as_tensor(value) for name, value in arrays.items()})


def _as_tensor(value: Any) -> torch.Tensor:
    if isinstance(value, Array):
        return value._data.detach()
    return value.detach() if isinstance(value, torch.Tensor) else torch.from_numpy(_np.array(value))


def load(
    params: dict[str, Parameter],
    saved: dict[str, torch.Tensor],
    device: Device | list[Device] | None,
    allow_missing: bool,
    ignore_extra: bool,
    cast_dtype: bool,
    dtype_source: str,
    source: str,
    release: Release | None = None,
) -> None:
    """Set `params` from `saved`; or raise AssertionError (ValueError for names too many) and leave all as it is.

    With `release`, what is not initialized yet takes the memory of `saved` itself, and that of all others is released;
    without it `saved` is somebody else's.
    """
    if dtype_source not in ("current", "saved"):
        raise AssertionError(f"dtype_source must be 'current' or 'saved', not {dtype_source!r}")
    saved = _under_structural_names(params, saved)
    if not allow_missing:
        _check_missing(params, saved, source)
    if not ignore_extra:
        _check_extra(params, saved, source)
    found = {name: param for name, param in params.items() if name in saved}
    for name, param in found.items():
        _check_agreement(name, param, saved[name], device, cast_dtype)
    for name, param in {id(param): (name, param) for name, param in found.items()}.values():  # shared ones once
        tensor = saved[name]
        if cast_dtype and dtype_source == "saved":
            param.cast(_dtype.from_torch(tensor.dtype))
        if param._replicas is None:
            param._take(tensor if release else tensor.clone(), device)
        else:
            param.set_data(tensor)
        if release and param._replicas[0]._data.data_ptr() != tensor.data_ptr():
            release(tensor)


def _check_missing(params: dict[str, Parameter], saved: dict[str, torch.Tensor], source: str) -> None:
    there = {id(param) for name, param in params.items() if name in saved}
    for name, param in params.items():
        if id(param) not in there:
            raise AssertionError(
                f"Parameter '{name}' is missing in '{source}', which contains parameters: {_listed(saved)}. "
                "Set allow_missing=True to ignore missing parameters." + _advice(params, saved)
            )


def _check_extra(params: dict[str, Parameter], saved: dict[str, torch.Tensor], source: str) -> None:
    for name in saved:
        if name not in params:
            raise ValueError(
                f"Parameter '{name}' loaded from '{source}' is not present in this block, which contains "
                f"parameters: {_listed(params)}. Set ignore_extra=True to ignore." + _advice(params, saved)
            )


def _advice(params: dict[str, Parameter], saved: dict[str, torch.Tensor]) -> str:
    """What to try where hardly a name is one of the block's."""
    if len(params.keys() & saved.keys()) * 2 > len(saved):
        return ""
    return (
        " If the file has the names of MXNet 1.x or of PyTorch and this is a network of the zoo, 'mxzoo convert FILE "
        "NEW --model NAME' makes one with the right names."
    )


def _check_agreement(
    name: str, param: Parameter, tensor: torch.Tensor, device: Device | list[Device] | None, cast_dtype: bool
) -> None:
    shape = tuple(tensor.shape)
    known = param.shape
    if known is not None and not (
        len(known) == len(shape) and all(a in (-1, b) for a, b in zip(known, shape, strict=True))
    ):
        raise AssertionError(
            f"Failed loading Parameter '{name}' from saved params: shape incompatible expected {known} vs saved {shape}"
        )
    expected = _dtype.to_torch(param.dtype)
    if tensor.dtype is not expected and not cast_dtype:
        raise AssertionError(
            f"Failed loading Parameter '{name}' from saved params: dtype incompatible expected "
            f"{_dtype.name_of(expected)} vs saved {_dtype.name_of(tensor.dtype)}. Set cast_dtype=True to cast the "
            "dtype of saved params."
        )
    if device is not None and param._replicas is not None:
        wanted = list(device) if isinstance(device, (list, tuple)) else [device]
        if set(wanted) != set(param.list_device()):
            raise AssertionError(
                f"Failed to load Parameter '{name}' on {wanted} because it was previous initialized "
                f"on {param.list_device()}."
            )


def _under_structural_names(params: dict[str, Parameter], saved: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """`saved` as it is, or an export of MXNet 1.x matched by order.

    1.x exports name parameters by layer (``resnetv10_conv0_weight``), never with the dots of a path, but list them in
    the order the layers ran in. They are matched where every parameter then meets one of its role and shape.
    """
    if any(name in params or "." in name for name in saved) or len(saved) != len(params):
        return saved
    exported = _as_made(list(saved))
    roles = {name: _role(name) for name in (*params, *saved)}
    renamed = {}
    for role in dict.fromkeys(roles.values()):
        ours = [name for name in params if roles[name] == role]
        theirs = [name for name in exported if roles[name] == role]
        if len(ours) != len(theirs):
            return saved
        renamed.update(zip(ours, (saved[name] for name in theirs), strict=True))
    return {name: renamed[name] for name in params}


def _as_made(names: list[str]) -> list[str]:
    """Names in the order of an export, but layers that MXNet numbered, 0 and up, in the order of their numbers.

    A residual block that adds its shortcut first runs, and exports, it before the layers made before it.
    """
    groups = defaultdict(list)
    for place, name in enumerate(names):
        if match := _NUMBERED.fullmatch(name):
            groups[match[1]].append((int(match[2]), place))
    ordered = list(names)
    for members in groups.values():
        numbers = {number for number, _ in members}
        if numbers == set(range(len(numbers))):
            places = sorted(place for _, place in members)
            for place, (_, source) in zip(places, sorted(members), strict=True):
                ordered[place] = names[source]
    return ordered


def _role(name: str) -> str:
    return next((role for role in _ROLES if name.endswith(role)), name)


def _listed(names: dict[str, Any]) -> str:
    shown = [f"'{name}'" for name in list(names)[:10]]
    return ", ".join(shown) + (f", ... ({len(names)} in all)" if len(names) > 10 else "")
