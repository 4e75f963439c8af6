"""Record which operators genuine MXNet 2.0.0b1 writes for parts of arrays in hybridized blocks.

    /path/to/genuine-2.0.0b1/bin/python tests/reference/make_indexing.py

writes indexing.json beside itself: for each expression in `x` of shape (3, 4, 5) the operators in topological order
with their attributes and the numbers of the operators (0: `x`) they take, or null where it refuses the expression.
"""

import json
import pathlib

import numpy as onp

import mxnet as mx
from mxnet import np

EXPRESSIONS = (
    *("x[0]", "x[-1]", "x[2]", "x[onp.int64(1)]", "x[0,]", "x[-1,]", "x[:, 0]", "x[:, -1]", "x[0, 1]", "x[1, -1]"),
    *("x[0, 1, 2]", "x[-1, -2, -3]", "x[:, :, 0]", "x[0, 0, 0:2]", "x[:, 1, ::-1]", "x[0, 1:3]", "x[1:2, 0]"),
    *("x[1:3]", "x[1:]", "x[:2]", "x[-2:]", "x[:-1]", "x[1:-1]", "x[-1:]", "x[:9]", "x[5:9]", "x[0:3]", "x[0:2:1]"),
    *("x[:]", "x[::1]", "x[()]", "x[:,]", "x[:, :]", "x[::-1]", "x[::2]", "x[2::-2]", "x[2:0:-1]", "x[0:5:-1]"),
    *("x[:, 0:2]", "x[:, ::2]", "x[:, 1:]", "x[:, :9]", "x[:, -9:2]", "x[:, 3:1]", "x[:, 2:2]", "x[0:1, -1:]"),
    *("x[:, 2::-1]", "x[:, :, 1::2]", "x[0:3, 0:4]", "x[x > 3]", "list(x)[1]", "x[0][1]", "x[0][:, 1]"),
    *("x[..., 0]", "x[0, ...]", "x[...]", "x[None]", "x[:, None]", "x[[0, 1]]", "x[0, [0, 1]]", "x[onp.array([1, 2])]"),
    *("x.T", "x.copy()", "x.astype('float16')", "x.astype('float32', copy=False)", "x.flatten()", "x.reshape(2, -1)"),
    *("np.full((2,), x.sum())", "x.as_nd_ndarray().as_np_ndarray()", "x.as_in_ctx(mx.cpu())"),
)


class Expression(mx.gluon.HybridBlock):
    def __init__(self, text):
        super().__init__()
        self.text = text

    def forward(self, x):
        return eval(self.text, {"mx": mx, "np": np, "onp": onp, "x": x})


def operators(text):
    block = Expression(text)
    block.hybridize()
    try:
        block(np.arange(60).reshape(3, 4, 5))
    except TypeError:
        return None
    nodes = json.loads(block.export(None)[0].tojson())["nodes"]
    numbers = {}
    written = []
    for number, node in enumerate(nodes):
        numbers[number] = 0 if node["op"] == "null" else len(written) + 1
        if node["op"] != "null":
            attributes = {name: value for name, value in node.get("attrs", {}).items() if not name.startswith("__")}
            written.append([node["op"], attributes, [numbers[entry[0]] for entry in node["inputs"]]])
    return written


def main():
    mx.npx.set_np()
    recorded = {text: operators(text) for text in EXPRESSIONS}
    lines = [f"{json.dumps(text)}: {json.dumps(written)}" for text, written in recorded.items()]
    path = pathlib.Path(__file__).with_name("indexing.json")
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
