"""Arrays of every kind to files and back through the public functions, here and under genuine MXNet.

Arguments: the folder for the result, a folder of files written elsewhere, a folder for files of its own. Leaves in
`result.json` what it read from each file. Version 1.9.1 takes part with `nd.save`: it knows no npz, and reads the
layout that `nd.save` of 2.0 writes only in its NumPy mode.
"""

import json
import sys
from pathlib import Path

import numpy as onp

import mxnet as mx

V1 = mx.__version__.startswith("1.")
DTYPES = ["float32", "float64", "float16", "uint8", "int8", "int32", "int64"]
SHAPES = {"vector": (3,), "matrix": (2, 3), "images": (2, 1, 2, 2)}


def values():
    """Name: NumPy array, of every type and rank that both versions keep."""
    arrays = {dtype: onp.array([[0, 1], [100, 7]], dtype) for dtype in DTYPES}
    arrays.update({name: onp.arange(onp.prod(shape), dtype="float32").reshape(shape) for name, shape in SHAPES.items()})
    return arrays


def nd_arrays():
    """The same as arrays of `mx.nd`."""
    return {name: mx.nd.array(array, dtype=array.dtype) for name, array in values().items()}


def np_arrays():
    """The same as arrays of `mx.np`, with a scalar and an empty one."""
    arrays = {name: mx.np.array(array, dtype=array.dtype) for name, array in values().items()}
    return {
        **arrays,
        "scalar": mx.np.array(2.5),
        "empty": mx.np.zeros((0, 3)),
        "truth": mx.np.array([True, False], dtype="bool"),
    }


def write(folder):
    """Write a file in each way."""
    arrays = nd_arrays()
    mx.nd.save(str(folder / "dict.nd"), arrays)
    mx.nd.save(str(folder / "list.nd"), list(arrays.values()))
    mx.nd.save(str(folder / "one.nd"), arrays["matrix"])
    if not V1:
        arrays = np_arrays()
        mx.npx.savez(str(folder / "named.npz"), **arrays)
        mx.npx.savez(str(folder / "mixed.npz"), arrays["matrix"], arrays["int8"], bias=arrays["vector"])
        mx.npx.save(str(folder / "one.npy"), arrays["float16"])


def describe(loaded):
    """Types, shapes and values of what was loaded, members of a dict in the order of their names."""
    if isinstance(loaded, dict):
        return {name: describe(loaded[name]) for name in sorted(loaded)}
    if isinstance(loaded, list):
        return [describe(array) for array in loaded]
    array = loaded.asnumpy()
    return [str(array.dtype), list(array.shape), array.ravel().tolist()]


def read(folder):
    """What `nd.load` and `npx.load` read of each file, or the error's type."""
    found = {}
    for path in sorted(folder.iterdir()):
        for name in ("nd", "npx"):
            try:
                found[f"{path.name} {name}"] = describe(getattr(mx, name).load(str(path)))
            except Exception as error:
                found[f"{path.name} {name}"] = type(error).__name__
    return found


def main():
    result, theirs, own = map(Path, sys.argv[1:])
    write(own)
    mx.npx.set_np()
    (result / "result.json").write_text(json.dumps(read(theirs)))


if __name__ == "__main__":
    main()
