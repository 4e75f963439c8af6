"""Calls whose results have the types that `mx.amp` says: under genuine MXNet, and here again."""

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
