"""The bytes behind one address, brought into a file: patiently where the server is slow or busy, never for ever."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
import time
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, BinaryIO

from mxnet._version import __version__
from mxnet.base import MXNetError, environment_flag

if TYPE_CHECKING:
    import requests

__all__ = ["Patience", "StorageError", "TransferError", "host_of", "shown", "storage_error", "transfer"]

Report = Callable[[int, int | None], Any]

_STEP = 1 << 20
_BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})  # answers of a server that may do better in a moment
_LONGEST_WAIT = 300.0  # seconds; a server that asks for more is left alone
_SLOWEST = 1024  # bytes a second; less, over the time that silence would be borne, counts as silence
_MOST_REDIRECTS = 10
_PROGRESS = 1 << 20  # bytes that an attempt must add to count as one that went well
_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")
_START = re.compile(r"([a-z][a-z\d+.-]*://)([^/?#]*@)?([^/?#]*)", re.IGNORECASE)  # scheme, who asks, host

_sleep = time.sleep


class TransferError(MXNetError):
    """What lies at an address cannot be had from there; the message says why, without the address.

    `host_fails` tells that this host did not answer as it should, so that asking it for anything else would be vain.
    """

    def __init__(self, cause: str, host_fails: bool = False) -> None:
        super().__init__(cause)
        self.host_fails = host_fails


class StorageError(MXNetError):
    """It cannot be kept on this machine, so another address would not help either."""


class _Interrupted(Exception):
    """An attempt failed that may go well the next time; `wait` is what the server asks for, in seconds."""

    def __init__(self, cause: str, wait: float | None = None, unreachable: bool = False) -> None:
        super().__init__(cause)
        self.wait = wait
        self.unreachable = unreachable


@dataclass(frozen=True)
class Patience:
    """How long and how often a server is asked.

    Attributes
    ----------
    connect, read : float
        Seconds to wait for a connection, and for the next bytes.
    attempts : int
        Attempts in a row that bring nothing new, before an address is given up.
    backoff : float
        Seconds before the third attempt; they double with each further one.
    unreachable : int
        Attempts at a host without a name or a listener: that seldom changes within seconds.
    """

    connect: float = 10.0
    read: float = 30.0
    attempts: int = 5
    backoff: float = 1.0
    unreachable: int = 2

    def from_environment(self) -> Patience:
        """As ``MXNET_DOWNLOAD_CONNECT_TIMEOUT``, ``_TIMEOUT``, ``_ATTEMPTS`` and ``_BACKOFF`` say; where they do not,
        as this one.

        Raises
        ------
        MXNetError
            If one of them is no number in its range.
        """
        return replace(
            self,
            connect=_number("MXNET_DOWNLOAD_CONNECT_TIMEOUT", self.connect, least=0.001),
            read=_number("MXNET_DOWNLOAD_TIMEOUT", self.read, least=0.001),
            attempts=int(_number("MXNET_DOWNLOAD_ATTEMPTS", self.attempts, least=1)),
            backoff=_number("MXNET_DOWNLOAD_BACKOFF", self.backoff, least=0),
        )


def _number(variable: str, default: float, least: float) -> float:
    text = os.environ.get(variable, "").strip()
    try:
        number = float(text) if text else default
    except ValueError:
        number = float("nan")
    if not least <= number < 1e6:
        raise MXNetError(f"{variable} must be a number of at least {least:g}, not {text!r}")
    return number


def shown(url: str) -> str:
    """An address for people to read: without the name and the password it may carry."""
    return _START.sub(r"\1\3", url, count=1)


def host_of(url: str) -> str:
    """Host and port of an address, as they are written there; empty if it has none."""
    match = _START.match(url)
    return match[3] if match else ""


def transfer(
    url: str,
    file: BinaryIO,
    *,
    checked: bool,
    limit: int | None = None,
    patience: Patience | None = None,
    verify_ssl: bool = True,
    report: Report = lambda done, total: None,
) -> None:
    """Bring what lies at `url` into `file`.

    Parameters
    ----------
    url : str
        http, https, file, ftp or sftp.
    file : binary file
        Open for reading and writing. What it holds is taken for the beginning, and only the rest is asked for.
    checked : bool
        Whether a checksum is compared afterwards. Without one, a transfer goes on only where the server vouches for it
        being the same file still.
    limit : int, optional
        Bytes that it may have at most.
    patience : Patience, optional
        Default: as the environment says.
    verify_ssl : bool, default True
    report : callable
        Called as ``report(done, total)`` with numbers of bytes; `total` is None where the server does not say.

    Raises
    ------
    TransferError
        If that address does not give it.
    StorageError
        If it cannot be written.
    """
    patience = patience or Patience().from_environment()
    attempt = _attempt_of(url)(url, file, checked, limit, patience, verify_ssl, report)
    _repeat(attempt, url, file, patience)


def _repeat(attempt: Callable[[], None], url: str, file: BinaryIO, patience: Patience) -> None:
    """Call `attempt` until it goes well, or went wrong too often without a byte more than before."""
    from urllib3.exceptions import MaxRetryError
    from urllib3.util import Retry

    full = Retry(total=patience.attempts - 1, backoff_factor=patience.backoff)
    retry, farthest, unreached, number = full, 0, 0, 0
    while True:
        number += 1
        try:
            attempt()
            return
        except _Interrupted as failure:
            size = file.seek(0, os.SEEK_END)
            if size >= farthest + _PROGRESS:
                retry = full
            farthest, unreached = max(farthest, size), unreached + failure.unreachable
            try:
                retry = retry.increment("GET", shown(url), error=failure)
            except MaxRetryError:
                raise TransferError(_after(failure, number), host_fails=True) from failure
            if unreached >= patience.unreachable:
                raise TransferError(_after(failure, number), host_fails=True) from failure
            wait = retry.get_backoff_time() if failure.wait is None else failure.wait
            if wait > _LONGEST_WAIT:
                raise TransferError(f"{failure}, and asks to wait {wait:.0f} s", host_fails=True) from failure
            _sleep(wait)


def _after(failure: _Interrupted, number: int) -> str:
    return f"{failure}" if number == 1 else f"{failure} ({number} attempts)"


def _attempt_of(url: str) -> type[_Attempt]:
    try:
        scheme = urllib.parse.urlsplit(url).scheme
    except ValueError as cause:
        raise TransferError(f"is no address to download from: {cause}") from cause
    if scheme == "file":
        return _LocalAttempt
    if scheme not in ("http", "https", "ftp", "sftp"):
        raise TransferError("is no address to download from: those begin with http, https or file")
    if environment_flag("MXNET_OFFLINE"):
        raise TransferError("not asked, since MXNET_OFFLINE is set")
    return _HttpAttempt if scheme in ("http", "https") else _PoochAttempt


@dataclass
class _Attempt:
    """What all ways of transfer need."""

    url: str
    file: BinaryIO
    checked: bool
    limit: int | None
    patience: Patience
    verify_ssl: bool
    report: Report

    def __call__(self) -> None:
        raise NotImplementedError

    def _prepare(self, start: int, total: int | None) -> None:
        """Cut the file to `start` bytes, and refuse what is too large for the limit or the disk."""
        self._check_limit(total or 0)
        try:
            if total is not None:
                _check_room(self.file.name, total - start)
            self.file.seek(start)
            self.file.truncate()
        except OSError as cause:
            raise storage_error(self.file.name, cause) from cause

    def _write(self, data: bytes, total: int | None) -> None:
        try:
            self.file.write(data)
            size = self.file.tell()
        except OSError as cause:
            raise storage_error(self.file.name, cause) from cause
        self._check_limit(size)
        self.report(size, total)

    def _check_limit(self, size: int) -> None:
        if self.limit is not None and size > self.limit:
            self.file.truncate(0)
            raise TransferError(f"holds more than the {self.limit} bytes that this file may have")


class _LocalAttempt(_Attempt):
    """A file of this machine."""

    def __call__(self) -> None:
        parts = urllib.parse.urlsplit(self.url)
        if parts.netloc not in ("", "localhost"):
            raise TransferError(f"names the host {parts.netloc!r}: a file of this machine has three slashes, file:///")
        path = urllib.request.url2pathname(parts.path)
        try:
            with open(path, "rb") as source:
                total = os.fstat(source.fileno()).st_size
                self._prepare(0, total)
                while data := source.read(_STEP):
                    self._write(data, total)
        except OSError as cause:
            raise TransferError(cause.strerror or str(cause)) from cause


class _PoochAttempt(_Attempt):
    """ftp and sftp, by way of pooch."""

    def __call__(self) -> None:
        import pooch

        self._prepare(0, None)
        try:
            fetch: Any = pooch.downloaders.choose_downloader(self.url)
            fetch.timeout = self.patience.read
            fetch(self.url, self.file, None)
        except ValueError as cause:  # sftp without paramiko
            raise TransferError(str(cause)) from cause
        except Exception as cause:  # of ftplib and paramiko, which have no root in common
            raise _Interrupted(str(cause)) from cause


class _HttpAttempt(_Attempt):
    """http and https, going on where the attempt before broke off."""

    _validator: str | None = None  # what tells the server's file from a later one

    def __call__(self) -> None:
        import requests
        from urllib3.exceptions import HTTPError

        with requests.Session() as session:
            session.max_redirects = _MOST_REDIRECTS
            try:
                with self._asked(session, self._headers()) as response:
                    self._receive(response)
            except requests.TooManyRedirects as cause:
                raise TransferError(f"redirects more than {_MOST_REDIRECTS} times") from cause
            except (requests.RequestException, HTTPError, ConnectionError, TimeoutError) as cause:
                raise _translated(cause, self.patience) from cause

    def _asked(self, session: requests.Session, headers: dict[str, str]) -> requests.Response:
        timeout = (self.patience.connect, self.patience.read)
        try:
            return session.get(self.url, headers=headers, stream=True, timeout=timeout, verify=self.verify_ssl)
        except OSError as cause:
            if type(cause) is OSError:  # of requests itself, which does not find REQUESTS_CA_BUNDLE
                raise TransferError(f"not asked: {cause}") from cause
            raise

    def _headers(self) -> dict[str, str]:
        headers = {"Accept-Encoding": "identity", "User-Agent": f"mxnet-torch/{__version__}"}
        have = self.file.seek(0, os.SEEK_END)
        if have and (self.checked or self._validator):
            headers["Range"] = f"bytes={have}-"
            if self._validator:
                headers["If-Range"] = self._validator
        return headers

    def _receive(self, response: requests.Response) -> None:
        self._check_status(response)
        start, total = self._place(response)
        etag = response.headers.get("ETag", "")
        self._validator = etag if etag.startswith('"') else response.headers.get("Last-Modified")
        self._prepare(start, total)
        if start != total:
            response.raw.enforce_content_length = False  # what is missing is seen, and said, below
            self._copy(response.raw, total)
        size = self.file.tell()
        if total is not None and size != total:
            raise _Interrupted(f"broke off after {size} of {total} bytes")

    def _check_status(self, response: requests.Response) -> None:
        code = response.status_code
        if code in (200, 206, 416):
            return
        answer = f"answers {code} {response.reason or ''}".rstrip()
        if code in _BUSY:
            raise _Interrupted(answer, wait=_retry_after(response.headers.get("Retry-After")))
        raise TransferError(answer)

    def _place(self, response: requests.Response) -> tuple[int, int | None]:
        """Where the bytes of a response belong, and how many the whole has."""
        have = self.file.seek(0, os.SEEK_END)
        if response.status_code == 200:
            encoded = response.headers.get("Content-Encoding", "identity") != "identity"
            length = response.headers.get("Content-Length", "")
            return 0, int(length) if length.isdecimal() and not encoded else None
        content = response.headers.get("Content-Range", "")
        if response.status_code == 416 and content == f"bytes */{have}":
            return have, have
        match = _RANGE.fullmatch(content)
        if response.status_code == 206 and match and int(match[1]) == have:
            return have, None if match[3] == "*" else int(match[3])
        self._prepare(0, None)  # this beginning and that server do not fit
        raise _Interrupted(f"answers {response.status_code} with the range {content or 'of nothing'}")

    def _copy(self, raw: Any, total: int | None) -> None:
        mark, since = self.file.tell(), time.monotonic()
        while data := raw.read1(_STEP):
            self._write(data, total)
            now, size = time.monotonic(), self.file.tell()
            if now - since > self.patience.read:
                if size - mark < _SLOWEST * (now - since):
                    raise _Interrupted(f"sent {size - mark} bytes in {now - since:.0f} s, which is too slow")
                mark, since = size, now


def _retry_after(text: str | None) -> float | None:
    from urllib3.exceptions import InvalidHeader
    from urllib3.util import Retry

    with contextlib.suppress(InvalidHeader, OverflowError):
        return float(Retry().parse_retry_after(text)) if text else None
    return None


def _translated(error: Exception, patience: Patience) -> Exception:
    """What a failed request means: another attempt, or the end of this address."""
    import requests
    from urllib3.exceptions import NewConnectionError, ReadTimeoutError

    if isinstance(error, requests.ConnectTimeout):
        return _Interrupted(f"no connection within {patience.connect:g} s", unreachable=True)
    if isinstance(error, (requests.ReadTimeout, ReadTimeoutError, TimeoutError)):
        return _Interrupted(f"silent for {patience.read:g} s")
    if isinstance(error, requests.exceptions.SSLError):
        return TransferError(f"no secure connection: {_bottom(error)}")
    if isinstance(error, (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema)):
        return TransferError(f"is no address to download from: {error}")
    if isinstance(error, requests.exceptions.ProxyError):
        return _Interrupted(f"no connection through the proxy: {_bottom(error)}", unreachable=True)
    reason = getattr(error.args[0], "reason", None) if error.args else None
    if isinstance(reason, NewConnectionError):
        return _Interrupted(f"no connection: {_bottom(error)}", unreachable=True)
    if isinstance(reason, ReadTimeoutError) or (error.args and isinstance(error.args[0], ReadTimeoutError)):
        return _Interrupted(f"silent for {patience.read:g} s")
    return _Interrupted(f"the connection broke: {_bottom(error)}")


def _bottom(error: BaseException) -> str:
    """What the operating system said at the bottom of an error, else what the error says."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
        reason = getattr(cause, "reason", None)
        cause = reason if isinstance(reason, BaseException) else cause.__cause__ or cause.__context__
    return str(error)[:200]


def _check_room(name: str, size: int) -> None:
    free = shutil.disk_usage(os.path.dirname(os.path.abspath(name))).free
    if size > free:
        raise OSError(errno.ENOSPC, f"{size} bytes are needed and {free} are free")


def storage_error(name: str | os.PathLike, cause: OSError) -> StorageError:
    """The error to raise when the operating system refuses to write at `name`."""
    return StorageError(f"cannot write {os.fspath(name)}: {cause.strerror or cause}")
