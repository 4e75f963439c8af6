"""Write arrays of every type and of odd shapes to files, in every way this MXNet has.

Arguments: the folder for the result, a folder for the files. `result.npz`, written by NumPy, has what each array holds.
"""

import sys
from pathlib import Path

import numpy as onp

import mxnet as mx

V2_0 = mx.__version__.startswith("2")
SHAPES = [(), (1,), (0,), (0, 3), (2, 0, 3), (1,) * 8, (2,) * 10, (3,) + (1,) * 28, (65_537, 3), (1, 70_000), (7, 5, 3)]
TYPES = ["float16", "float32", "float64", "uint8", "int8", "int32", "int64", "bool"]
if V2_0:
    TYPES += ["int16", "uint16", "uint32", "uint64"]


def values(shape, kind):
    """Numbers that use the type's range."""
    bits = onp.random.RandomState(len(shape)).randint(0, 256, size=shape + (onp.dtype(kind).itemsize,), dtype="uint8")
    if kind == "bool":
        return (bits[..., 0] % 2).astype(bool)
    plain = bits.view(kind).reshape(shape)
    return onp.where(onp.isfinite(plain), plain, onp.array(0.5, kind)).astype(kind) if "float" in kind else plain


def main():
    result, folder = map(Path, sys.argv[1:])
    mx.npx.set_np()
    plain = {f"{kind}/{number}": values(shape, kind) for kind in TYPES for number, shape in enumerate(SHAPES)}
    arrays = {name: mx.np.array(array, dtype=array.dtype) for name, array in plain.items()}
    if V2_0:
        mx.npx.savez(str(folder / "x.npz"), **arrays)
        mx.nd.save(str(folder / "x.params"), {name: array.as_nd_ndarray() for name, array in arrays.items()})
    else:
        mx.npx.save(str(folder / "x.params"), arrays)
    onp.savez(result / "result.npz", **plain)


main()
