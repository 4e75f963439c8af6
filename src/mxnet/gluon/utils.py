"""Helpers around blocks: splitting batches over devices, clipping gradients, hooks, downloads."""

from __future__ import annotations

import dataclasses
import itertools
import os
import warnings
import weakref
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as _np
import torch

from mxnet.base import MXNetError
from mxnet.device import Device
from mxnet.formats._checksum import checksum
from mxnet.gluon._download import Digest, NotObtained, Source, WrongFile, obtain
from mxnet.gluon._transfer import Patience
from mxnet.ndarray._array import Array, wrap
from mxnet.numpy.multiarray import array as _array

__all__ = [
    "HookHandle",
    "check_sha1",
    "clip_global_norm",
    "download",
    "replace_file",
    "shape_is_known",
    "split_and_load",
    "split_data",
]


def split_data(data: Array, num_slice: int, batch_axis: int = 0, even_split: bool = True) -> list[Any]:
    """Cut a batch into slices along one axis, for that many devices.

    Parameters
    ----------
    data : NDArray
    num_slice : int
    batch_axis : int, default 0
    even_split : bool, default True
        Refuse a batch that the slices cannot share evenly, instead of making the first ones longer by one.

    Raises
    ------
    ValueError
        If the batch cannot be shared evenly and must be, or `num_slice` is below 1.
    IndexError
        If there is no such axis.
    TypeError
        If `data` is no array.

    Examples
    --------
    >>> mx.gluon.utils.split_data(mx.np.arange(5), 2, even_split=False)
    [array([0., 1., 2.]), array([3., 4.])]
    """
    if not isinstance(data, Array):
        raise TypeError(f"split_data takes an NDArray, not {type(data).__name__}")
    if num_slice < 1:
        raise ValueError(f"num_slice must be at least 1, not {num_slice}")
    if not -data.ndim <= batch_axis < data.ndim:
        raise IndexError(f"data with shape {data.shape} has no axis {batch_axis}")
    size, extra = divmod(data.shape[batch_axis], num_slice)
    if even_split and extra:
        raise ValueError(
            f"data with shape {data.shape} cannot be evenly split into {num_slice} slices along axis {batch_axis}. "
            f"Use a batch size that's multiple of {num_slice} or set even_split=False to allow uneven partitioning "
            "of data."
        )
    ends = [number * size + min(number, extra) for number in range(num_slice + 1)]
    whole = (slice(None),) * (batch_axis % data.ndim)
    return [data[(*whole, slice(begin, end))] for begin, end in itertools.pairwise(ends)]


def split_and_load(data: Any, ctx_list: Sequence[Device], batch_axis: int = 0, even_split: bool = True) -> list[Any]:
    """Cut a batch into one slice for each device, and copy each to its device.

    Parameters
    ----------
    data : NDArray or array_like
    ctx_list : list of Device
    batch_axis, even_split
        As for `split_data`.

    Returns
    -------
    list of NDArray
        In the order of the devices.

    Raises
    ------
    ValueError, IndexError
        As `split_data`.
    TypeError
        If `ctx_list` is no list of devices.
    """
    if not isinstance(ctx_list, (list, tuple)):
        raise TypeError(f"ctx_list must be a list of devices, not {ctx_list!r}")
    if not isinstance(data, Array):
        data = _array(data, device=ctx_list[0] if ctx_list else None)
    if len(ctx_list) == 1:
        return [data.as_in_ctx(ctx_list[0])]
    parts = split_data(data, len(ctx_list), batch_axis, even_split)
    return [part.as_in_ctx(device) for part, device in zip(parts, ctx_list, strict=True)]


def clip_global_norm(arrays: Sequence[Array], max_norm: float, check_isfinite: bool = True) -> Any:
    """Scale arrays in place so that the 2-norm of all their elements together is at most `max_norm`.

    Parameters
    ----------
    arrays : list of NDArray
        On any devices.
    max_norm : float
    check_isfinite : bool, default True
        Warn of a norm that is infinite or no number; this waits for the result.

    Returns
    -------
    float or NDArray
        The norm before; without the check as an array of shape (1,), not waited for.

    Raises
    ------
    IndexError
        If `arrays` is empty.
    """
    arrays = list(arrays)
    if not arrays:
        raise IndexError("clip_global_norm needs at least one array")
    with torch.no_grad():
        tensors = [array._writable_tensor() for array in arrays]
        first = tensors[0].device
        norms = torch._foreach_norm(tensors, 2, dtype=torch.float32)
        total = torch.linalg.vector_norm(torch.stack([norm.to(first) for norm in norms]))
        scale = torch.clamp(max_norm / (total + 1e-8), max=1.0)
        for group in _by_device(tensors).values():
            torch._foreach_mul_(group, scale.to(group[0].device))
    if not check_isfinite:
        return wrap(type(arrays[0]), total.reshape(1), arrays[0]._tag)
    norm = total.item()
    if not _np.isfinite(norm):
        warnings.warn("nan or inf is detected. Clipping results will be undefined.", stacklevel=2)
    return norm


def _by_device(tensors: list[torch.Tensor]) -> dict[torch.device, list[torch.Tensor]]:
    groups: dict[torch.device, list[torch.Tensor]] = {}
    for tensor in tensors:
        groups.setdefault(tensor.device, []).append(tensor)
    return groups


def shape_is_known(shape: Sequence[int] | None) -> bool:
    """Whether every dimension of a shape is known, that is, not -1."""
    return shape is not None and all(size >= 0 for size in shape)


class HookHandle:
    """What registering a hook returns: `detach` takes the hook away again, and so does leaving a ``with`` block."""

    def __init__(self) -> None:
        self._hooks: weakref.ref[OrderedDict[int, Callable[..., Any]]] | None = None
        self._hook: Callable[..., Any] | None = None

    def attach(self, hooks: OrderedDict[int, Callable[..., Any]], hook: Callable[..., Any]) -> None:
        """Enter `hook` into a block's hooks, once however often it is entered.

        Raises
        ------
        AssertionError
            If this handle is attached already.
        """
        if self._hooks is not None:
            raise AssertionError("the same handle cannot be attached twice")
        self._hooks = weakref.ref(hooks)
        # The key is the hook's, not this handle's: few programs keep the handle, and a later one may get its id.
        self._hook = hook
        hooks[id(hook)] = hook

    def detach(self) -> None:
        """Take the hook away; nothing happens if it is gone."""
        hooks = self._hooks() if self._hooks is not None else None
        if hooks is not None:
            hooks.pop(id(self._hook), None)

    def __enter__(self) -> HookHandle:
        return self

    def __exit__(self, *exception: object) -> None:
        self.detach()


class ChecksumError(MXNetError, UserWarning):
    """A downloaded file has another checksum than expected; a UserWarning too, since that is what MXNet raises."""


def check_sha1(filename: str | os.PathLike, sha1_hash: str) -> bool:
    """Whether a file has the given SHA-1 sum, in hexadecimal digits.

    Raises
    ------
    OSError
        If it cannot be read, or is no regular file.
    """
    return checksum(filename, "sha1") == sha1_hash


def download(
    url: str,
    path: str | os.PathLike | None = None,
    overwrite: bool = False,
    sha1_hash: str | None = None,
    retries: int = 5,
    verify_ssl: bool = True,
) -> str:
    """Fetch a file, unless it is there already.

    It arrives under a hidden name and takes its place once it is whole and its checksum right, so an older file
    stays if anything goes wrong; of several processes fetching one file, one does, and the others wait for it. A
    connection that breaks is taken up where it broke. How long a server may be silent is set by environment variables,
    see docs/weights.md; with ``MXNET_OFFLINE=1`` only ``file://`` is read.

    Parameters
    ----------
    url : str
        http, https, ftp, sftp or file.
    path : str, optional
        A folder, which is there or ends in ``/``, or the file to write. Default: the current folder, and the last part
        of `url`.
    overwrite : bool, default False
        Fetch it even if it is there.
    sha1_hash : str, optional
        The expected SHA-1 sum in hexadecimal digits; a file that is there with another is fetched anew.
    retries : int, default 5
        How often to try without getting further.
    verify_ssl : bool, default True
        False does not check the server's certificate, and warns.

    Returns
    -------
    str
        Path of the file.

    Raises
    ------
    AssertionError
        If `url` ends in no file name and `path` gives none, or `retries` is negative.
    MXNetError
        If it cannot be fetched; `ChecksumError`, also a UserWarning, if it has another checksum.
    """
    if retries < 0:
        raise AssertionError(f"retries must be at least 0, not {retries}")
    target = _target_of(url, path)
    digest = Digest("sha1", sha1_hash) if sha1_hash else None
    if not overwrite and os.path.exists(target) and (digest is None or digest.matches(target)):
        return target
    if not verify_ssl:
        warnings.warn(
            "verify_ssl=False: the server's certificate is not checked, so anybody could have sent the file",
            stacklevel=2,
        )
    patience = dataclasses.replace(Patience().from_environment(), attempts=max(retries, 1))
    try:
        obtain(Path(target), [Source(url)], digest, overwrite=overwrite, patience=patience, verify_ssl=verify_ssl)
    except NotObtained as failure:
        kind = ChecksumError if isinstance(failure.__cause__, WrongFile) else MXNetError
        raise kind(f"Failed downloading url {failure}") from failure
    return target


def _target_of(url: str, path: str | os.PathLike | None) -> str:
    name = url.rsplit("/", 1)[-1]
    if path is not None:
        path = os.path.expanduser(os.fspath(path))
        if not os.path.isdir(path) and not path.endswith(("/", os.sep)):
            return path
    if not name:
        raise AssertionError(f"{url!r} ends in no file name: say where to write with path=")
    return name if path is None else os.path.join(path, name)


def replace_file(src: str | os.PathLike, dst: str | os.PathLike) -> None:
    """Let `src` take the place of `dst` in one step.

    Raises
    ------
    OSError
        If that fails; `src` is removed then.
    """
    try:
        os.replace(src, dst)
    except OSError as error:
        if os.path.exists(src):
            os.remove(src)
        raise OSError(f"moving {os.fspath(src)} to {os.fspath(dst)} failed: {error}") from error
