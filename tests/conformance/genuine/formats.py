"""Load each file of a folder in every way this MXNet has, and say what came out.

Arguments: the folder for the result, the folder of files. A way that fails is recorded by its error's type.
"""

import json
import sys
from pathlib import Path

import mxnet as mx

V2_0 = mx.__version__.startswith("2")


def describe(array):
    """dtype, shape and values; MXNet hands bfloat16 to NumPy as a structure of bits."""
    plain = array.asnumpy()
    if plain.dtype.names:
        bits = plain.view("<u2").astype("<u4") << 16
        return ["bfloat16", list(plain.shape), bits.view("<f4").ravel().tolist()]
    return [str(plain.dtype), list(plain.shape), plain.ravel().tolist()]


def load(function, path):
    try:
        loaded = function(str(path))
    except Exception as error:
        return type(error).__name__
    if isinstance(loaded, dict):
        return {name: describe(array) for name, array in loaded.items()}
    return [describe(array) for array in loaded] if isinstance(loaded, list) else [describe(loaded)]


def load_parameters(path):
    """Through a network of one Dense layer: the only function of 2.0 that reads what 1.9.1 wrote."""
    net = mx.gluon.nn.Dense(2, in_units=3)
    net.load_parameters(path)
    return {"weight": net.weight.data(), "bias": net.bias.data()}


def main():
    files = sorted(Path(sys.argv[2]).iterdir())
    ways = {"load_parameters": load_parameters, "nd.load": mx.nd.load}
    if V2_0:
        ways["npx.load"] = mx.npx.load
    result = {path.name: {way: load(function, path) for way, function in ways.items()} for path in files}
    if not V2_0:
        mx.npx.set_np()
        for path in files:
            result[path.name]["npx.load"] = load(mx.npx.load, path)
    Path(sys.argv[1], "result.json").write_text(json.dumps(result))


main()
