"""Record what genuine MXNet 2.0.0b1 prints and draws of graphs: visualization.json.

    mxnet-2.0.0b1/bin/python tests/reference/make_visualization.py

Run with an environment that has mxnet==2.0.0b1, numpy==1.23.5 and graphviz.
"""

import contextlib
import io
import json
import re
from pathlib import Path

import mxnet as mx


def network():
    """A residual block with most kinds of operators that are drawn in their own way."""
    data = mx.sym.var("data")
    conv = mx.sym.Convolution(data, kernel=(3, 3), num_filter=4, name="conv0")
    body = mx.sym.Activation(mx.sym.BatchNorm(conv, fix_gamma=False, name="bn0"), act_type="relu", name="relu0")
    pool = mx.sym.Pooling(body, kernel=(2, 2), stride=(2, 2), pool_type="max", name="pool0")
    other = mx.sym.Convolution(pool, kernel=(1, 1), num_filter=4, no_bias=True, name="conv1")
    joined = mx.sym.Concat(mx.sym.elemwise_add(pool, other, name="sum0"), pool, name="concat0")
    hidden = mx.sym.FullyConnected(mx.sym.Flatten(joined, name="flatten0"), num_hidden=10, name="fc")
    return mx.sym.SoftmaxOutput(hidden, name="softmax")


SHAPES = {"data": (1, 3, 8, 8)}


def summary(**options):
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        mx.viz.print_summary(network(), SHAPES, **options)
    return text.getvalue()


def drawing(**options):
    """Nodes and edges of the picture with their attributes, whatever the order graphviz writes them in."""
    source = mx.viz.plot_network(network(), **options).source
    found = {}
    for name, attributes in re.findall(r"^\s*(\S+(?: -> \S+)?) \[(.*?)\]$", source, re.MULTILINE | re.DOTALL):
        pairs = re.findall(r'(\w+)=("(?:[^"]*)"|[^\s\]]+)', attributes)
        found[name] = {key: value.strip('"').replace("\\n", "\n") for key, value in pairs}
    return found


def record():
    return {
        "summary": summary(),
        "narrow": summary(line_length=80, positions=[0.5, 0.7, 0.8, 1.0]),
        "drawing": drawing(shape=SHAPES),
        "all": drawing(hide_weights=False),
    }


if __name__ == "__main__":
    path = Path(__file__).with_name("visualization.json")
    path.write_text(json.dumps(record(), indent=1, sort_keys=True) + "\n")
