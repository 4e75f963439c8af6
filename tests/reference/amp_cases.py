"""What `mx.amp` is tried on, under genuine MXNet and here again: calls, by the types of their results, and graphs."""

import json

import mxnet as mx
from mxnet import np, npx


def results():
    """What some calls make of arrays, by their names."""
    x, square, image = np.ones((2, 3)), np.ones((1, 2, 2)), np.ones((1, 3, 4, 4))
    kernels = np.ones((2, 3, 1, 1))
    return {
        "fully_connected": npx.fully_connected(x, np.ones((4, 3)), num_hidden=4, no_bias=True),
        "convolution": npx.convolution(image, kernels, kernel=(1, 1), num_filter=2, no_bias=True),
        "matmul": np.matmul(x, x.T),
        "einsum": np.einsum("ij,kj->ik", x, x),
        "dot": np.dot(x, x.T),
        "batch_dot": npx.batch_dot(square, square),
        "softmax": npx.softmax(x),
        "exp": np.exp(x),
        "sum": np.sum(x),
        "relu": npx.relu(x),
        "add": x + x,
        "mixed add": x.astype("float16") + x,
        "mixed concatenate": np.concatenate([x.astype("float16"), x]),
        "mixed stack": np.stack([x.astype("float16"), x]),
        "mixed where": np.where(x > 0, x.astype("float16"), x),
        "float64 exp": np.exp(x.astype("float64")),
        "float64 matmul": np.matmul(x.astype("float64"), x.T.astype("float64")),
        "integer exp": np.exp(x.astype("int32")),
        "pooling": npx.pooling(image, kernel=(2, 2)),
    }


def graphs():
    """Symbols to convert, by name."""
    data = mx.sym.var("data")
    conv = mx.sym.Convolution(data, num_filter=4, kernel=(3, 3), name="conv")
    norm = mx.sym.BatchNorm(conv, name="bn")
    relu = mx.sym.Activation(norm, act_type="relu", name="relu")
    one = mx.sym.FullyConnected(relu, num_hidden=3, name="fc")
    two = mx.sym.FullyConnected(relu, num_hidden=3, name="fc2")
    softmax = mx.sym.softmax(mx.sym.elemwise_add(one, two, name="sum"), name="sm")
    soft = mx.sym.Activation(one, act_type="softrelu", name="softrelu")
    both = mx.sym.elemwise_add(
        mx.sym.Flatten(conv, name="flat"), mx.sym.Flatten(mx.sym.exp(conv, name="exp")), name="b"
    )
    shared = mx.sym.var("w")
    twice = mx.sym.broadcast_mul(mx.sym.FullyConnected(data, shared, num_hidden=3, no_bias=True, name="fc3"), shared)
    return {"softmax": softmax, "several": mx.sym.Group([softmax, two, soft]), "both": both, "shared": twice}


def described(symbol):
    """Operator, name, type and inputs of each node; heads."""
    graph = json.loads(symbol.tojson(remove_amp_cast=False))
    nodes = []
    for node in graph["nodes"]:
        attributes = node.get("attrs", {})
        dtype = attributes.get("dtype", attributes.get("__dtype__"))
        nodes.append([node["op"], node["name"], dtype, [entry[:2] for entry in node["inputs"]]])
    return {"nodes": nodes, "heads": [head[:2] for head in graph["heads"]]}
