"""Write parameter files with genuine MXNet, and what genuine MXNet reads back from them.

Run from this folder under both versions, each in an environment of its own (Python 3.11, numpy==1.23.5):

    python make_formats.py        # with mxnet==2.0.0b1, then again with mxnet==1.9.1

Each writes `formats/<version>-*` and `formats/<version>.json` (per file: dtype, shape and values of every
array, as that version loads them). The old layouts, which no version at hand writes, and bfloat16, which none
can make, are laid out here byte by byte; that genuine MXNet loads them is the proof that they are right.
"""

import json
import os
import struct

import numpy as np

import mxnet as mx

FOLDER = "formats"
V2_0 = mx.__version__.startswith("2")
VERSION = "2.0.0b1" if V2_0 else "1.9.1"
INTEGERS = ["uint8", "int32", "int8", "int64"] + (["int16", "uint16", "uint32", "uint64"] if V2_0 else [])
FLOATS = ["float32", "float64", "float16"]


def path(name):
    return os.path.join(FOLDER, f"{VERSION}-{name}")


def values(dtype):
    """A matrix that shows the dtype's range."""
    if dtype == "bool":
        return np.array([[True, False, True], [False, False, True]])
    if dtype in FLOATS:
        return np.array([[0, 1, -2.5], [0.125, 1000, -0.0]], dtype)
    limits = np.iinfo(dtype)
    return np.array([[0, 1, limits.max], [limits.min, 2, 3]], dtype)


def array_bytes(layout, array, code):
    """One dense array of `layout` 0 to 3, saved on gpu(1): where it lived must not matter."""
    head = {
        0: struct.pack(f"<I{array.ndim}I", array.ndim, *array.shape),
        1: struct.pack(f"<II{array.ndim}q", 0xF993FAC8, array.ndim, *array.shape),
        2: struct.pack(f"<Iii{array.ndim}q", 0xF993FAC9, 0, array.ndim, *array.shape),
        3: struct.pack(f"<Iii{array.ndim}q", 0xF993FACA, 0, array.ndim, *array.shape),
    }[layout]
    return head + struct.pack("<iii", 2, 1, code) + array.tobytes()


def write_by_hand(name, layout, arrays):
    """A list file of (name, array, dtype code)."""
    with open(path(name), "wb") as file:
        file.write(struct.pack("<QQQ", 0x112, 0, len(arrays)))
        for _, array, code in arrays:
            file.write(array_bytes(layout, array, code))
        file.write(struct.pack("<Q", len(arrays)))
        for label, _, _ in arrays:
            file.write(struct.pack("<Q", len(label)) + label.encode())


def describe(array):
    """[dtype, shape, values] of a loaded array."""
    plain = array.tostype("default").asnumpy() if array.stype != "default" else array.asnumpy()
    if plain.dtype.names == ("bfloat16",) or plain.dtype.kind == "V":
        bits = plain.view("<u2").astype("<u4") << 16
        return ["bfloat16", list(plain.shape), bits.view("<f4").ravel().tolist()]
    return [str(plain.dtype), list(plain.shape), plain.ravel().tolist()]


def load(name):
    loaded = (mx.npx.load if V2_0 or mx.util.is_np_array() else mx.nd.load)(path(name))
    if isinstance(loaded, dict):
        return {label: describe(array) for label, array in loaded.items()}
    return [describe(array) for array in loaded] if isinstance(loaded, list) else describe(loaded)


def make_net(lead):
    """A small trained-looking network; `lead` makes an input of ones."""
    net = mx.gluon.nn.HybridSequential()
    net.add(mx.gluon.nn.Conv2D(2, 3, in_channels=1), mx.gluon.nn.BatchNorm(in_channels=2))
    net.initialize(mx.init.Constant(0.25))
    net.hybridize()
    net(lead((1, 1, 4, 4)))
    return net


def make_1_9_1():
    everything = {dtype: mx.nd.array(values(dtype), dtype=dtype) for dtype in FLOATS + INTEGERS + ["bool"]}
    mx.nd.save(path("dtypes.params"), everything)
    mx.nd.save(path("list.params"), [mx.nd.arange(3), mx.nd.ones((2, 1, 2), dtype="int8")])
    mx.nd.save(path("empty.params"), {})
    bits = np.array([0x3F80, 0xC020, 0x4049], "<u2")  # 1, -2.5, 3.140625
    write_by_hand("bfloat16.params", 2, [("x", bits, 12)])
    mx.nd.save(path("bfloat16.params"), mx.nd.load(path("bfloat16.params")))

    matrix = mx.nd.array([[0, 1, 0], [0, 0, 0], [2, 0, 3]])
    sparse = {
        f"{stype}_{dtype}": matrix.astype(dtype).tostype(stype)
        for stype in ("csr", "row_sparse")
        for dtype in ("float32", "float64")
    }
    sparse["row_sparse_cube"] = mx.nd.arange(12).reshape((3, 2, 2)).tostype("row_sparse")
    sparse["csr_zeros"] = mx.nd.sparse.zeros("csr", (4, 2))
    sparse["row_sparse_zeros"] = mx.nd.sparse.zeros("row_sparse", (4, 2))
    mx.nd.waitall()
    mx.nd.save(path("sparse.params"), sparse)
    # Saved while it is still being computed: the header then says that no row is stored.
    mx.nd.save(path("sparse-unfinished.params"), {"x": mx.nd.array([[0, 1], [0, 0], [2, 3]]).tostype("row_sparse")})

    old = [("weight", values("float32"), 0), ("bytes", values("uint8"), 3), ("long", values("int64"), 6)]
    write_by_hand("layout0.params", 0, old)
    write_by_hand("layout1.params", 1, old)
    write_by_hand("layout2.params", 2, old)

    net = make_net(mx.nd.ones)
    net.save_parameters(path("net.params"))
    net.export(path("net"))
    os.remove(path("net-symbol.json"))
    expected = {name: load(name) for name in files()}

    mx.npx.set_np()
    odd = {
        "scalar": mx.np.array(2.5),
        "none": mx.np.zeros((0, 3)),
        "one": mx.np.ones((1, 1, 1), dtype="int8"),
    }
    mx.npx.save(path("np.params"), odd)
    expected["np.params"] = load("np.params")
    return expected


def make_2_0():
    with_bool = FLOATS + INTEGERS + ["bool"]
    mx.nd.save(path("dtypes.params"), {dtype: mx.nd.array(values(dtype), dtype=dtype) for dtype in with_bool})
    mx.nd.save(path("list.params"), [mx.nd.arange(3), mx.nd.ones((2, 1, 2), dtype="int8")])
    mx.nd.save(path("empty.params"), {})
    mx.nd.save(
        path("odd.params"),
        {"scalar": mx.nd.array(2.5), "none": mx.nd.zeros((0, 3)), "one": mx.nd.ones((1, 1, 1), dtype="int8")},
    )
    bits = np.array([0x3F80, 0xC020, 0x4049], "<u2")
    write_by_hand("bfloat16.params", 3, [("x", bits, 12)])
    half = mx.nd.load(path("bfloat16.params"))
    mx.nd.save(path("bfloat16.params"), half)

    mx.npx.savez(path("dtypes.npz"), **{dtype: mx.np.array(values(dtype), dtype=dtype) for dtype in with_bool})
    mx.npx.savez(path("positional.npz"), mx.np.arange(3), mx.np.ones((2, 1, 2), dtype="int8"))
    mx.npx.savez(
        path("odd.npz"),
        **{
            "scalar": mx.np.array(2.5),
            "none": mx.np.zeros((0, 3)),
            "a/b:c": mx.np.ones((1, 1, 1), dtype="int8"),
            "\u00e9": mx.np.ones(2),
        },
    )
    mx.npx.savez(path("empty.npz"))
    mx.npx.save(path("array.npy"), mx.np.array([[1, 2], [3, 4]], dtype="int32"))
    mx.npx.savez(path("bfloat16.npz"), x=mx.npx.load(path("bfloat16.params"))["x"])

    net = make_net(mx.np.ones)
    net.save_parameters(path("net.params"))
    net.export(path("net"))
    os.remove(path("net-symbol.json"))
    expected = {name: load(name) for name in files() if name != "bfloat16.npz"}
    expected["bfloat16.npz"] = expected["bfloat16.params"]  # genuine MXNet cannot read its own here
    return expected


def files():
    return [name[len(VERSION) + 1 :] for name in sorted(os.listdir(FOLDER)) if name.startswith(VERSION + "-")]


if __name__ == "__main__":
    os.makedirs(FOLDER, exist_ok=True)
    for name in files():
        os.remove(path(name))
    expected = make_2_0() if V2_0 else make_1_9_1()
    with open(os.path.join(FOLDER, f"{VERSION}.json"), "w") as file:
        json.dump(expected, file, sort_keys=True)
        file.write("\n")
