"""What is fuzzed: by format, small valid files to begin from, a way to break them, and the reader that must hold."""

from __future__ import annotations

import functools
import gzip
import io
import json
import os
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import torch
from mutations import mutate

from mxnet import formats
from mxnet.base import MXNetError
from mxnet.formats import records, torch_checkpoint
from mxnet.formats.idx import read_idx
from mxnet.formats.image_list import read_image_list
from mxnet.symbol._read import from_json

HERE = Path(__file__).parent
CORPUS = HERE / "corpus"
GENUINE = HERE.parent / "reference" / "formats"
GRAPHS = HERE.parent / "reference" / "graphs"


@dataclass
class Target:
    """A format: `read` takes the bytes of a file, `change` makes another file of a valid one."""

    seeds: list[bytes]
    read: Callable[[bytes], Any]
    change: Callable[[Random, bytes, list[bytes]], bytes] = mutate

    def case(self, random: Random) -> bytes:
        """A broken file."""
        return self.change(random, random.choice(self.seeds), self.seeds)


def load_arrays(data: bytes) -> None:
    """Load, and look at every element."""
    loaded = formats.load_buffer(data, "fuzzed")
    arrays = [loaded] if isinstance(loaded, torch.Tensor) else loaded
    for tensor in arrays.values() if isinstance(arrays, dict) else arrays:
        tensor.clone()


class _Scratch:
    """A file in memory, where there is such a thing, for readers that take a path."""

    def __init__(self) -> None:
        if hasattr(os, "memfd_create"):
            self._descriptor = os.memfd_create("fuzzed")
            self.path = f"/proc/self/fd/{self._descriptor}"
        else:
            self._descriptor, self.path = tempfile.mkstemp()

    def filled(self, data: bytes) -> str:
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, data, 0)
        return self.path


_scratch = _Scratch()


def read_records(data: bytes) -> None:
    reader = records.RecordReader(_scratch.filled(data))
    try:
        offset = 0
        while (found := reader.record(offset)) is not None:
            offset = found[1]
    finally:
        reader.close()


def read_index(data: bytes) -> None:
    records.read_index(_scratch.filled(data), int)


def read_idx_file(data: bytes) -> None:
    read_idx(_scratch.filled(data))


def read_list_of_images(data: bytes) -> None:
    for _ in read_image_list(_scratch.filled(data)):
        pass


def read_checkpoint(data: bytes) -> None:
    torch_checkpoint.read(_scratch.filled(data), unsafe=True)


def read_graph(data: bytes) -> None:
    from_json(data, "fuzzed")


# Files whose checksums and lengths are right again after the change, so that it is met by what is behind them.


def change_npz(random: Random, data: bytes, seeds: list[bytes]) -> bytes:
    if random.random() < 0.3:
        return mutate(random, data, seeds)
    members = _members(data)
    start = int(random.random() * len(members))
    (name, content), *others = members[start : start + 2]
    if random.random() < 0.1:
        name = mutate(random, name, [name])
    else:
        content = mutate(random, content, [other for _, other in members])
    return zip_of([(name, content), *others], deflated=random.random() < 0.5)


@functools.cache
def _members(data: bytes) -> list[tuple[bytes, bytes]]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return [(name.encode(), archive.read(name)) for name in archive.namelist()]


def zip_of(members: list[tuple[bytes, bytes]], deflated: bool = False) -> bytes:
    """A zip with right lengths and checksums, made faster than `zipfile` makes it, and of any names."""
    body, directory = bytearray(), bytearray()
    for name, data in members:
        name = name[:1000]
        packed = _deflated(data) if deflated else data
        fields = struct.pack(
            "<4HIII2H", 0x800, 8 * deflated, 0, 33, zlib.crc32(data), len(packed), len(data), len(name), 0
        )
        directory += (
            struct.pack("<4s2H", b"PK\1\2", 20, 20) + fields + struct.pack("<3HII", 0, 0, 0, 0, len(body)) + name
        )
        body += struct.pack("<4sH", b"PK\3\4", 20) + fields + name + packed
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, len(members), len(members), len(directory), len(body), 0)
    return bytes(body + directory + end)


def _deflated(data: bytes) -> bytes:
    deflater = zlib.compressobj(1, zlib.DEFLATED, -zlib.MAX_WBITS)
    return deflater.compress(data) + deflater.flush()


def change_safetensors(random: Random, data: bytes, seeds: list[bytes]) -> bytes:
    if random.random() < 0.4:
        return mutate(random, data, seeds)
    length = int.from_bytes(data[:8], "little")
    header = mutate(random, data[8 : 8 + length], [seed[8 : 8 + int.from_bytes(seed[:8], "little")] for seed in seeds])
    return struct.pack("<Q", len(header)) + header + data[8 + length :]


def _genuine(*endings: str) -> list[bytes]:
    return [path.read_bytes() for path in sorted(GENUINE.iterdir()) if path.name.endswith(endings)]


def _is_list(data: bytes) -> bool:
    return data.startswith(struct.pack("<Q", 0x112))


def _written(save: Callable[..., None], *arguments: Any) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        save(Path(folder, "file"), *arguments)
        return Path(folder, "file").read_bytes()


def _small() -> dict[str, torch.Tensor]:
    return {
        "weight": torch.arange(6.0).reshape(2, 3),
        "bias": torch.ones(2, dtype=torch.bfloat16),
        "flag": torch.tensor([True, False]),
        "scalar": torch.tensor(3),
        "none": torch.empty(0, 4, dtype=torch.int8),
    }


def make(name: str) -> Target:
    """The target of that name."""
    return _MAKERS[name]()


def corpus(name: str) -> list[Path]:
    """Files that have been, or nearly been, too much for a reader: each is read again in every run."""
    return sorted((CORPUS / name).glob("*"))


def _arrays(seeds: list[bytes], change: Callable[..., bytes] = mutate) -> Target:
    return Target(seeds, load_arrays, change)


def _graph_seeds() -> list[bytes]:
    graphs = json.loads((GRAPHS / "old.json").read_text())
    texts = [json.dumps(graph).encode() for graph in graphs.values()]
    return [text for text in texts if len(text) < 3_000 and _is_read(text)]


def _is_read(text: bytes) -> bool:
    try:
        read_graph(text)
    except MXNetError:
        return False  # some hold operators that only programs of their time had
    return True


def _idx_seeds() -> list[bytes]:
    images = b"\0\0\x08\x03" + struct.pack(">3I", 2, 3, 4) + bytes(range(24))
    return [images, b"\0\0\x08\x01" + struct.pack(">I", 2) + b"\1\2", gzip.compress(images, mtime=0)]


_PAYLOADS = ([b"", b"abc"], [records.MAGIC * 2 + b"x" * 9], [bytes(40)])
_MAKERS: dict[str, Callable[[], Target]] = {
    "list": lambda: _arrays([data for data in _genuine(".params") if _is_list(data)]),
    "npz": lambda: _arrays([*_genuine("s.npz", "d.npz", "l.npz"), _written(formats.save_npz, _small())], change_npz),
    "npy": lambda: _arrays([*_genuine(".npy"), _written(formats.save_npy, torch.arange(6.0).reshape(2, 3))]),
    "safetensors": lambda: _arrays(
        [_written(formats.save_safetensors, _small(), {"a": "b"}), _written(formats.save_safetensors, {})],
        change_safetensors,
    ),
    "records": lambda: Target([b"".join(map(records.record_bytes, payloads)) for payloads in _PAYLOADS], read_records),
    "index": lambda: Target([b"0\t0\n1\t24\n2\t1048\n", b"7\t9\n"], read_index),
    "idx": lambda: Target(_idx_seeds(), read_idx_file),
    "image-list": lambda: Target([b"0\t1\ta/b.jpg\n7\t0.5\t2\tc.png\n", b"1\t0\td.jpg\n"], read_list_of_images),
    "graph": lambda: Target(_graph_seeds(), read_graph),
    "checkpoint": lambda: Target([_written(torch_checkpoint.save, _small())], read_checkpoint),
}
NAMES = list(_MAKERS)
