"""Helpers around blocks: splitting batches over devices, clipping gradients, hooks, downloads."""

from __future__ import annotations

import itertools
import logging
import os
import secrets
import shutil
import urllib.parse
import urllib.request
import warnings
import weakref
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as _np
import torch

from mxnet.base import MXNetError
from mxnet.device import Device
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

logger = logging.getLogger(__name__)


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


def check_sha1(filename: str | os.PathLike, sha1_hash: str) -> bool:
    """Whether a file has the given SHA-1 sum, in hexadecimal digits."""
    from pooch import file_hash

    return file_hash(os.fspath(filename), alg="sha1") == sha1_hash


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
    stays if anything goes wrong, and of several processes fetching one file each finds it whole.

    Parameters
    ----------
    url : str
        http, https, ftp, sftp or file.
    path : str, optional
        A folder, or the file to write. Default: the current folder, and the last part of `url`.
    overwrite : bool, default False
        Fetch it even if it is there.
    sha1_hash : str, optional
        The expected SHA-1 sum in hexadecimal digits; a file that is there with another is fetched anew.
    retries : int, default 5
        How often to try.
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
        If it cannot be fetched.
    UserWarning
        If the checksum is not that of `sha1_hash`.
    """
    if retries < 0:
        raise AssertionError(f"retries must be at least 0, not {retries}")
    target = _target_of(url, path)
    if not overwrite and os.path.exists(target) and (not sha1_hash or check_sha1(target, sha1_hash)):
        return target
    if not verify_ssl:
        warnings.warn(
            "verify_ssl=False: the server's certificate is not checked, so anybody could have sent the file",
            stacklevel=2,
        )
    folder, name = os.path.split(os.path.abspath(target))
    os.makedirs(folder, exist_ok=True)
    temporary = os.path.join(folder, f".{name[:100]}.{secrets.token_hex(4)}.tmp")
    try:
        _fetch_patiently(url, temporary, sha1_hash, max(retries, 1), verify_ssl)
        replace_file(temporary, target)
    finally:
        if os.path.exists(temporary):
            os.remove(temporary)
    return target


def _target_of(url: str, path: str | os.PathLike | None) -> str:
    name = url.rsplit("/", 1)[-1]
    if path is not None:
        path = os.path.expanduser(os.fspath(path))
        if not os.path.isdir(path):
            return path
    if not name:
        raise AssertionError(f"{url!r} ends in no file name: say where to write with path=")
    return name if path is None else os.path.join(path, name)


def _fetch_patiently(url: str, target: str, sha1_hash: str | None, attempts: int, verify_ssl: bool) -> None:
    """Fetch and check a file, trying again what may go right the next time."""
    while True:
        attempts -= 1
        try:
            logger.info("Downloading %s from %s...", target, url)
            _fetch(url, target, verify_ssl)
            if sha1_hash and not check_sha1(target, sha1_hash):
                raise UserWarning(f"what {url} holds has not the SHA-1 sum {sha1_hash}: incomplete, or another file")
            return
        except (OSError, UserWarning) as error:
            if not attempts:
                if isinstance(error, OSError):
                    raise MXNetError(f"Failed downloading url {url}: {error}") from error
                raise
            logger.info("download failed: %s; retrying, %d attempts left", error, attempts)


def _fetch(url: str, target: str, verify_ssl: bool) -> None:
    parts = urllib.parse.urlsplit(url)
    if parts.scheme == "file":
        shutil.copyfile(urllib.request.url2pathname(parts.path), target)
        return
    import pooch  # here, since few programs need it and importing it takes long

    try:
        fetch = pooch.downloaders.choose_downloader(url)
    except ValueError as error:
        raise MXNetError(f"cannot download {url!r}: {error}") from error
    if isinstance(fetch, pooch.HTTPDownloader):
        fetch.kwargs["verify"] = verify_ssl
    fetch(url, target, None)


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
