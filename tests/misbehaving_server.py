"""A server on this machine that does whatever servers do wrong, as a list of manners, one a request, tells it."""

from __future__ import annotations

import contextlib
import hashlib
import http.server
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterator

Manner = Callable[["Handler", bytes], None]


class Handler(http.server.BaseHTTPRequestHandler):
    """Notes a request, and answers it in the next manner of the list, or well where the list is at its end."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        served = self.server.served
        path = self.path.partition("?")[0]
        with served.lock:
            served.requests.append((path, dict(self.headers)))
            manner = served.manners.pop(0) if served.manners else served.otherwise
        data = served.files.get(path)
        with contextlib.suppress(ConnectionError):
            if data is None and manner is well:
                self.answer(404, b"")
            else:
                manner(self, data or b"")

    def answer(self, code: int, body: bytes, length: int | None = None, **headers: str) -> None:
        """Send a status, headers (`_` for `-`) and a body, whose length may be a lie."""
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def break_off(self, reset: bool = False) -> None:
        """Close the connection; with `reset` so that the other side sees an error."""
        self.close_connection = True
        if reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()

    def log_message(self, *arguments: object) -> None:
        pass


class Served:
    """What a running server serves (`files`), how (`manners`, then `otherwise`), and what it was asked (`requests`)."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.files: dict[str, bytes] = {}
        self.manners: list[Manner] = []
        self.otherwise: Manner = well
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.lock = threading.Lock()
        self.stopped = threading.Event()

    @property
    def paths(self) -> list[str]:
        """The paths that were asked for."""
        return [path for path, _ in self.requests]

    @property
    def ranges(self) -> list[str | None]:
        """The ranges that were asked for."""
        return [headers.get("Range") for _, headers in self.requests]


class _Server(http.server.ThreadingHTTPServer):
    """Says nothing of clients that are gone."""

    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        pass


@contextlib.contextmanager
def serving() -> Iterator[Served]:
    """A server for the time of a test."""
    server = _Server(("127.0.0.1", 0), Handler)
    server.served = served = Served(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield served
    finally:
        served.stopped.set()
        server.shutdown()
        server.server_close()
        thread.join()


def etag(data: bytes) -> str:
    """The mark of this version of a file."""
    return f'"{hashlib.md5(data).hexdigest()}"'


def well(handler: Handler, data: bytes) -> None:
    """As a good server does, ranges and all."""
    wanted = re.fullmatch(r"bytes=(\d+)-", handler.headers.get("Range", ""))
    if handler.headers.get("If-Range", etag(data)) != etag(data) or wanted is None:
        handler.answer(200, data, ETag=etag(data))
    elif int(wanted[1]) >= len(data):
        handler.answer(416, b"", Content_Range=f"bytes */{len(data)}")
    else:
        start = int(wanted[1])
        handler.answer(206, data[start:], Content_Range=f"bytes {start}-{len(data) - 1}/{len(data)}", ETag=etag(data))


def status(code: int, **headers: str) -> Manner:
    """Another status, without a body."""
    return lambda handler, data: handler.answer(code, b"", **headers)


def content(body: bytes) -> Manner:
    """Another file."""
    return lambda handler, data: handler.answer(200, body)


def without_ranges(handler: Handler, data: bytes) -> None:
    """The whole file, whatever part was asked for."""
    handler.answer(200, data)


def wrong_range(handler: Handler, data: bytes) -> None:
    """Another part than was asked for."""
    handler.answer(206, data[1:], Content_Range=f"bytes 1-{len(data) - 1}/{len(data)}")


def breaking(size: int, reset: bool = False, **headers: str) -> Manner:
    """The first bytes of the file, or of the part, then the end."""

    def manner(handler: Handler, data: bytes) -> None:
        start = int(re.sub(r"\D", "", handler.headers.get("Range", "")) or 0)
        if start:
            headers["Content_Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        part = data[start:]
        handler.answer(206 if start else 200, part[:size], length=len(part), **{"ETag": etag(data), **headers})
        handler.break_off(reset)

    return manner


def hanging(size: int | None = None) -> Manner:
    """Nothing, or the first bytes, and then silence."""

    def manner(handler: Handler, data: bytes) -> None:
        if size is not None:
            handler.answer(200, data[:size], length=len(data))
        handler.server.served.stopped.wait(20)
        handler.break_off()

    return manner


def dripping(handler: Handler, data: bytes) -> None:
    """A byte now and then, so that no silence is ever long."""
    handler.answer(200, b"", length=len(data))
    for position in range(len(data)):
        if handler.server.served.stopped.wait(0.02):
            break
        handler.wfile.write(data[position : position + 1])
    handler.break_off()


def chunked(handler: Handler, data: bytes) -> None:
    """In chunks, of a length that is not said."""
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    for start in range(0, len(data), 1000):
        part = data[start : start + 1000]
        handler.wfile.write(b"%x\r\n%b\r\n" % (len(part), part))
    handler.wfile.write(b"0\r\n\r\n")


def redirect(to: str) -> Manner:
    """To another address."""
    return status(302, Location=to)
