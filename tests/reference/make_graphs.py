"""Record the graphs that genuine MXNet writes, and what it makes of old files.

    /path/to/genuine-2.0.0b1/bin/python tests/reference/make_graphs.py
    /path/to/genuine-1.9.1/bin/python tests/reference/make_graphs.py

Under 2.0.0b1 it writes into `graphs/` beside itself, each ``{name: graph}``:

    zoo.json.gz       the 34 networks of the model zoo, traced
    blocks.json.gz    single layers and small blocks, traced
    calls.json.gz     every expression of the tables of operators, and of graphs.txt, traced

and under 1.9.1:

    exports.json.gz   networks and symbols as 1.9.1 exports them
    rewritten.json    what it makes of old.json, handwritten files in the manner of old versions; null: it refuses

Two minutes in all.
A graph is a parsed ``-symbol.json`` without what all of them share (versions, the list of arguments).
"""

import gzip
import json
import os
import tempfile
from pathlib import Path

import expressions
import numpy as onp
from genuine_operators import _apart, _rows, find

import mxnet as mx

FOLDER = Path(__file__).parent
OUTPUT = FOLDER / "graphs"
TABLES = ("graphs", "numpy", "numpy_shape", "neural", "linalg", "legacy")

SIZE = {"inceptionv3": 299}

# A layer, and the shapes of its inputs.
BLOCKS = {
    "nn.Conv1D(4, 3)": [(1, 3, 8)],
    "nn.Conv2D(4, 3, strides=2, padding=1, use_bias=False)": [(1, 3, 8, 8)],
    "nn.Conv2D(4, (3, 1), groups=2, activation='relu')": [(1, 4, 8, 8)],
    "nn.Conv2D(4, 3, layout='NHWC')": [(1, 8, 8, 3)],
    "nn.Conv3D(2, 3)": [(1, 1, 4, 4, 4)],
    "nn.Conv1DTranspose(4, 3)": [(1, 3, 8)],
    "nn.Conv2DTranspose(4, 3, strides=2, padding=1, output_padding=1)": [(1, 3, 8, 8)],
    "nn.Conv3DTranspose(2, 2)": [(1, 1, 3, 3, 3)],
    "nn.MaxPool1D()": [(1, 3, 8)],
    "nn.MaxPool2D(3, 2, 1, ceil_mode=True)": [(1, 3, 8, 8)],
    "nn.MaxPool2D(layout='NHWC')": [(1, 8, 8, 3)],
    "nn.MaxPool3D()": [(1, 1, 4, 4, 4)],
    "nn.AvgPool1D()": [(1, 3, 8)],
    "nn.AvgPool2D(2, count_include_pad=False)": [(1, 3, 8, 8)],
    "nn.GlobalMaxPool2D()": [(1, 3, 8, 8)],
    "nn.GlobalAvgPool1D()": [(1, 3, 8)],
    "nn.GlobalAvgPool2D()": [(1, 3, 8, 8)],
    "nn.ReflectionPad2D(1)": [(1, 3, 8, 8)],
    "nn.BatchNorm(scale=False, epsilon=1e-3, momentum=0.99)": [(1, 3, 8, 8)],
    "nn.BatchNorm(axis=-1, center=False, use_global_stats=True)": [(1, 8, 8, 3)],
    "nn.BatchNormReLU()": [(1, 3, 8, 8)],
    "nn.SyncBatchNorm()": [(1, 3, 8, 8)],
    "nn.InstanceNorm()": [(1, 3, 8, 8)],
    "nn.LayerNorm(epsilon=1e-12)": [(2, 8)],
    "nn.GroupNorm(2)": [(1, 4, 8)],
    "nn.Dense(3, flatten=False, use_bias=False)": [(2, 5, 4)],
    "nn.Dense(3, activation='tanh')": [(2, 4)],
    "nn.Dropout(0.3, axes=(1,))": [(2, 4)],
    "nn.Dropout(0)": [(2, 4)],
    "nn.Embedding(10, 4)": [(2, 3)],
    "nn.Flatten()": [(2, 3, 4)],
    "nn.PReLU()": [(2, 3)],
    "nn.LeakyReLU(0.1)": [(2, 3)],
    "nn.ELU(0.5)": [(2, 3)],
    "nn.SELU()": [(2, 3)],
    "nn.GELU()": [(2, 3)],
    "nn.Swish(2.0)": [(2, 3)],
    "nn.SiLU()": [(2, 3)],
    "nn.Activation('softsign')": [(2, 3)],
    "nn.HybridLambda('tanh')": [(2, 3)],
    "nn.HybridLambda(lambda x: npx.softmax(x, axis=1))": [(2, 3)],
    "nn.PixelShuffle2D((1, 2))": [(1, 4, 3, 3)],
    "nn.DeformableConvolution(2, 3)": [(1, 2, 5, 5)],
    "sequential(nn.HybridConcatenate(axis=-1), nn.Dense(2), nn.Dense(3))": [(2, 4)],
    "gluon.loss.SoftmaxCrossEntropyLoss()": [(2, 3), (2,)],
    "gluon.loss.L2Loss()": [(2, 3), (2, 3)],
    "gluon.loss.SigmoidBinaryCrossEntropyLoss()": [(2, 3), (2, 3)],
    "gluon.loss.HuberLoss()": [(2, 3), (2, 3)],
}


def brief(text):
    """A graph's file, parsed, without what all files share."""
    graph = json.loads(text)
    return {key: graph[key] for key in ("nodes", "node_row_ptr", "heads")}


def write(name, value):
    if name.endswith(".gz"):
        text = json.dumps(value, separators=(",", ":"))
        (OUTPUT / name).write_bytes(gzip.compress(text.encode(), mtime=0))
    else:
        lines = ",\n".join(f"{json.dumps(key)}: {json.dumps(item)}" for key, item in value.items())
        (OUTPUT / name).write_text(f"{{\n{lines}\n}}\n")
    print(f"{name}: {len(value)} graphs, {(OUTPUT / name).stat().st_size} bytes")


def traced(net, *shapes):
    net.initialize()
    net.hybridize()
    net(*[mx.np.ones(shape) for shape in shapes])
    return brief(net.export(None)[0].tojson())


def zoo():
    from mxnet.gluon.model_zoo import vision

    names = json.loads((FOLDER / "zoo.json").read_text())["models"]
    return {name: traced(vision.get_model(name), (1, 3, *[SIZE.get(name, 224)] * 2)) for name in names}


def blocks():
    from mxnet import gluon, npx
    from mxnet.gluon import nn

    def sequential(parent, *children):
        parent.add(*children)
        return parent

    names = {"gluon": gluon, "nn": nn, "npx": npx, "sequential": sequential}

    def graph(source):
        return _apart(lambda: traced(eval(source, names), *BLOCKS[source]))  # some kernels no longer run

    return {source: graph(source) for source in BLOCKS}


class Traced(expressions._Scope):
    """Evaluates an expression as deferred computation; its inputs are the variables v0, v1, ..."""

    def __init__(self):
        super().__init__(mx, lambda name: find(mx, name))
        self.array = mx.np.array
        self.count = 0

    def graph(self, expression):
        from mxnet import _deferred_compute as deferred

        mx.np.array = self.variable
        try:
            with mx.util.np_array(True), mx.util.np_shape(True), deferred.context():
                values = expressions._flatten(mx, self.run(expression))
        finally:
            mx.np.array = self.array
        arrays = [value for value in values if isinstance(value, mx.nd.NDArray)]
        return brief(deferred.get_symbol(arrays).tojson(remove_amp_cast=False)) if arrays else None

    def variable(self, *args, legacy=False, **kwargs):
        from mxnet import _deferred_compute as deferred

        with deferred.context(False):
            value = self.array(*args, **kwargs)
            value = value.as_nd_ndarray() if legacy else value
        symbol = mx.sym.var(f"v{self.count}")
        symbol = symbol if legacy else symbol.as_np_ndarray()
        self.count += 1
        deferred.set_variable(value, symbol)
        return value

    def leaf(self, array):
        self.leaves.append(array)
        return array

    def legacy_input(self, *shape):
        return self.leaf(self.variable(self.values(shape), legacy=True))

    def positive_definite(self, size):
        values = self.values((size, size))
        return self.leaf(self.variable(values @ values.T + size * onp.eye(size), dtype="float32"))


def call(expression):
    try:
        return Traced().graph(expression)
    except Exception:
        return None


def calls():
    """The graph of each expression that leaves one; each runs in a process of its own, for some crash."""
    rows = [expression for table in TABLES for _, expression in _rows(FOLDER / f"{table}.txt")]
    graphs = {expression: _apart(lambda expression=expression: call(expression)) for expression in dict.fromkeys(rows)}
    return {expression: graph for expression, graph in graphs.items() if graph and graph["heads"]}


def rewritten():
    """What 1.9.1 makes of the handwritten files: a graph, or nothing where it refuses."""

    def attempt(text):
        try:
            return brief(mx.sym.load_json(text).tojson())
        except Exception:
            return None

    old = json.loads((OUTPUT / "old.json").read_text())
    return {name: _apart(lambda graph=graph: attempt(json.dumps(graph))) for name, graph in old.items()}


def exported(net, *shapes):
    """What 1.9.1 exports."""
    net.initialize()
    net.hybridize()
    net(*[mx.nd.ones(shape) for shape in shapes])
    with tempfile.TemporaryDirectory() as folder:
        net.export(os.path.join(folder, "net"))
        return brief(Path(folder, "net-symbol.json").read_text())


def exports():
    from mxnet.gluon import nn, rnn
    from mxnet.gluon.model_zoo import vision

    small = nn.HybridSequential(prefix="small_")
    with small.name_scope():
        small.add(nn.Conv2D(4, 3), nn.BatchNorm(), nn.PReLU(), nn.MaxPool2D(), nn.Dropout(0.2), nn.Dense(3))
    cell = rnn.LSTMCell(5, prefix="lstm_")
    data = mx.sym.var("data", shape=(2, 3), lr_mult=2.0)
    outputs, _ = cell.unroll(3, mx.sym.var("sequence"), layout="NTC", merge_outputs=True)
    with mx.AttrScope(ctx_group="first", __mood__="good"):
        hidden = mx.sym.FullyConnected(data, num_hidden=4, name="fc")
        hidden = mx.sym.BatchNorm(mx.sym.Activation(hidden, act_type="relu"), name="norm", fix_gamma=False)
    pieces = mx.sym.SliceChannel(hidden, num_outputs=2, axis=1, name="pieces")
    joined = mx.sym.Concat(pieces[1], pieces[0], dim=1, name="joined") * 0.5 + 1
    return {
        "resnet18_v1": exported(vision.resnet18_v1(prefix="net_"), (1, 3, 32, 32)),
        "mobilenetv2_0.25": exported(vision.mobilenet_v2_0_25(prefix="net_"), (1, 3, 32, 32)),
        "densenet121": exported(vision.densenet121(prefix="net_"), (1, 3, 224, 224)),
        "small": exported(small, (1, 3, 8, 8)),
        "lstm": brief(outputs.tojson()),
        "softmax": brief(mx.sym.SoftmaxOutput(joined, name="softmax").tojson()),
        "outputs": brief(mx.sym.Group([joined, pieces[0], mx.sym.topk(hidden, k=2, ret_typ="both")]).tojson()),
        "indexing": brief(mx.sym.slice(data, begin=(0, None), end=(None, 2), step=(1, 1)).tojson()),
        "zeros": brief((mx.sym.zeros((2, 3)) + mx.sym.arange(3) + mx.sym.full((1,), 2)).tojson()),
        "amp": brief(mx.sym.Activation(mx.sym.amp_cast(data, dtype="float16"), act_type="relu").tojson()),
    }


if __name__ == "__main__":
    if mx.__version__.startswith("2."):
        write("blocks.json.gz", blocks())
        write("calls.json.gz", calls())
        write("zoo.json.gz", zoo())
    else:
        write("rewritten.json", rewritten())
        write("exports.json.gz", exports())
