"""Load graphs and compute with them.

Arguments: the folder for the result, and a JSON file of ``{name: {"graph": text, "inputs": {name: array}}}``, where an
array is its dtype, shape and values in C order. `result.json` has for each name ``{"out": arrays}``, or the ``error``.
Runs under genuine MXNet 1.9.1 and 2.0.0b1. A graph may crash it: the graphs run in a child process, and behind a
crash a new child goes on with the next one. What fails is tried once more, for now and then a call spoils a later one.
"""

import json
import os
import sys
from pathlib import Path

import numpy as onp

import mxnet as mx

V1 = mx.__version__.startswith("1.")


def computed(record):
    symbol = mx.sym.load_json(record["graph"]) if V1 else mx.sym.fromjson(record["graph"])
    inputs = {name: array(**fields) for name, fields in record["inputs"].items()}
    bound = (symbol.bind if V1 else symbol._bind)(
        mx.cpu(),
        {name: inputs[name] for name in symbol.list_arguments()},
        grad_req="null",
        aux_states={name: inputs[name] for name in symbol.list_auxiliary_states()},
    )
    return [plain(result.asnumpy()) for result in bound.forward(is_train=False)]


def array(dtype, shape, values):
    return mx.nd.array(onp.array(values, dtype=dtype).reshape(shape), dtype=dtype)


def plain(values):
    return {"dtype": str(values.dtype), "shape": list(values.shape), "values": values.ravel().tolist()}


def outcome(record):
    try:
        with mx.util.np_shape(True):
            return {"out": computed(record)}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}


def outcomes(records):
    """What comes of each record; the last one's is a crash if the process died of it."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        with os.fdopen(writing, "w") as pipe:
            for record in records:
                pipe.write(json.dumps(outcome(record)) + "\n")
                pipe.flush()
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        found = [json.loads(line) for line in pipe if line.endswith("\n")]
    died = os.waitpid(child, 0)[1]
    return [*found, {"error": "crash"}] if died and len(found) < len(records) else found


def run(records):
    names, results = list(records), {}
    while len(results) < len(names):
        rest = names[len(results) :]
        results.update(zip(rest, outcomes([records[name] for name in rest]), strict=False))
    return results


def main():
    records = json.loads(Path(sys.argv[2]).read_text())
    results = run(records)
    results.update(run({name: records[name] for name, found in results.items() if "error" in found}))
    (Path(sys.argv[1]) / "result.json").write_text(json.dumps(results))


if __name__ == "__main__":
    main()
