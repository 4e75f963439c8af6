"""Calls of `mx.np` and `mx.npx` on arrays of random shapes, values and gradients, as expressions.

`tests/reference/expressions.py` says what an expression may name. `rows()` draws the same ones wherever it runs, as
NumPy keeps the stream of `RandomState`; another SEED draws others. As a script it runs under genuine MXNet 2.0.0b1
and leaves what each row came to in `result.json`.
"""

import json
import os
import sys
from pathlib import Path

import numpy as onp

sys.path.append(str(Path(__file__).parents[2] / "reference"))

from expressions import evaluate

SEED = 2
DRAWS = 5


class Draw:
    """What the templates below ask for, drawn at random."""

    def __init__(self, seed):
        self.random = onp.random.RandomState(seed)

    def number(self, low, high):
        """An integer from `low` to `high`, both included."""
        return int(self.random.randint(low, high + 1))

    def of(self, *choices):
        return choices[self.number(0, len(choices) - 1)]

    def shape(self, ndim=None, low=1, high=4):
        ndim = self.number(0, 4) if ndim is None else ndim
        return tuple(self.number(low, high) for _ in range(ndim))

    def axis(self, shape):
        """An axis of `shape`, from the front or the back."""
        return self.number(-len(shape), len(shape) - 1)

    def axes(self, shape):
        """None, an axis or several."""
        if not shape or self.of(True, False, False):
            return None
        several = self.random.permutation(len(shape))[: self.number(1, len(shape))]
        return self.of(self.axis(shape), tuple(map(int, several)))

    def broadcastable(self):
        """Two shapes that broadcast."""
        shape = self.shape()
        one, other = (tuple(size if self.of(True, True, False) else 1 for size in shape) for _ in range(2))
        return one[self.number(0, len(one)) :], other

    def permutation(self, size):
        return tuple(map(int, self.random.permutation(size)))

    def integers(self, low, high, count):
        return [self.number(low, high) for _ in range(count)]


def x(shape):
    """The array of that shape in an expression."""
    return f"x{shape}"


def unary(name):
    return lambda draw: f"{name}({x(draw.shape())})"


def positive(name):
    return lambda draw: f"{name}(np.abs({x(draw.shape())}) + 0.1)"


def binary(name):
    return lambda draw: "{}({}, {})".format(name, *map(x, draw.broadcastable()))


def reduction(name):
    def row(draw):
        shape = draw.shape()
        return f"{name}({x(shape)}, axis={draw.axes(shape)}, keepdims={draw.of(True, False)})"

    return row


def along(name, extra=""):
    def row(draw):
        shape = draw.shape(draw.number(1, 4))
        return f"{name}({x(shape)}, axis={draw.axis(shape)}{extra})"

    return row


def matmul(draw):
    batch, (n, k, m) = draw.shape(draw.number(0, 2)), draw.shape(3)
    return f"np.matmul({x((*batch, n, k))}, {x((*batch, k, m))})"


def tensordot(draw):
    shared = draw.shape(draw.number(1, 2))
    return f"np.tensordot({x(draw.shape(1) + shared)}, {x(shared + draw.shape(1))}, axes={len(shared)})"


def einsum(draw):
    i, j, k = draw.shape(3)
    return f"np.einsum({draw.of('ij,jk->ik', 'ij,jk', 'ij,jk->k', 'ij,jk->ikj')!r}, {x((i, j))}, {x((j, k))})"


def solve(draw):
    n, m = draw.shape(2)
    return f"np.linalg.solve(spd({n}), {x((n, m))})"


def reshape(draw):
    a, b, c = draw.shape(3)
    target = draw.of((a * b, c), (-1, a), (b, -1, a), (c, a, b), -1, (-1,))
    return f"np.reshape({x((a, b, c))}, {target})"


def npx_reshape(draw):
    shape = draw.shape(3)
    target = draw.of((-2, -1), (-1, -2), (-2, -2, -2), (-5, -2), (-2, -5), (-4,), (-2, -4), (-5, -4))
    return f"npx.reshape({x(shape)}, {target})"


def transpose(draw):
    shape = draw.shape(draw.number(1, 4))
    return f"np.transpose({x(shape)}, {draw.permutation(len(shape))})"


def join(name):
    def row(draw):
        shape = draw.shape(draw.number(1, 3))
        return f"{name}([{', '.join([x(shape)] * draw.number(1, 3))}], axis={draw.axis(shape)})"

    return row


def split(draw):
    parts, rest = draw.number(1, 3), draw.shape(draw.number(0, 2))
    return f"np.split({x((parts * draw.number(1, 3), *rest))}, {parts}, axis=0)"


def pad(draw):
    shape = draw.shape(draw.number(1, 3), low=2)
    widths = tuple((draw.number(0, 1), draw.number(0, 1)) for _ in shape)
    return f"np.pad({x(shape)}, {widths}, mode={draw.of('constant', 'edge', 'reflect')!r})"


def take(draw):
    shape = draw.shape(draw.number(1, 3))
    axis = draw.axis(shape)
    return f"np.take({x(shape)}, i({draw.integers(-6, 6, 3)}), axis={axis}, mode={draw.of('clip', 'wrap')!r})"


def cumsum(draw):
    """Axes from the front only: the gradient of one from the back ends in an error of genuine MXNet's."""
    shape = draw.shape(draw.number(1, 4))
    return f"np.cumsum({x(shape)}, axis={draw.number(0, len(shape) - 1)})"


def getitem(draw):
    """Lists of places from the front only: the gradient of those from the back writes out of bounds there."""
    shape = draw.shape(3)
    key = draw.of("0", "-1", "...", "1:", "::2, None", "..., -1", ":, 0, ::-1", "[0, 0]", "0, ..., None", ":, [0]")
    return f"{x(shape)}[{key}]"


def where(draw):
    one, other = draw.broadcastable()
    return f"np.where({x(other)} > 0, {x(one)}, {x(other)})"


def dense(draw):
    batch, rest, hidden = draw.number(1, 3), draw.shape(draw.number(1, 2)), draw.number(1, 4)
    flatten = draw.of(True, False)
    units = int(onp.prod(rest)) if flatten else rest[-1]
    return (
        f"npx.fully_connected({x((batch, *rest))}, {x((hidden, units))}, {x((hidden,))}, num_hidden={hidden}, "
        f"no_bias=False, flatten={flatten})"
    )


def convolution(draw):
    rank, groups = draw.number(1, 3), draw.number(1, 2)
    channels, filters = groups * draw.number(1, 2), groups * draw.number(1, 2)
    kernel, options = draw.shape(rank, high=3), {}
    for name, low in (("stride", 1), ("dilate", 1), ("pad", 0)):
        options[name] = tuple(draw.number(low, 2) for _ in range(rank))
    size = tuple(5 + draw.number(0, 2) for _ in range(rank))
    listed = ", ".join(f"{name}={value}" for name, value in options.items())
    return (
        f"npx.convolution({x((2, channels, *size))}, {x((filters, channels // groups, *kernel))}, {x((filters,))}, "
        f"kernel={kernel}, num_filter={filters}, num_group={groups}, {listed})"
    )


def deconvolution(draw):
    channels, filters = draw.shape(2, high=3)
    kernel, stride = draw.shape(2, low=2, high=3), draw.shape(2, high=2)
    return (
        f"npx.deconvolution({x((1, channels, 3, 4))}, {x((channels, filters, *kernel))}, None, kernel={kernel}, "
        f"num_filter={filters}, stride={stride}, pad={draw.shape(2, low=0, high=1)}, no_bias=True)"
    )


def pooling(draw):
    kernel = draw.shape(2, high=3)
    pad = tuple(draw.number(0, size // 2) for size in kernel)
    kind, convention = draw.of("max", "avg", "sum"), draw.of("valid", "full")
    included = draw.of(True, False) if kind == "avg" else True
    return (
        f"npx.pooling({x((2, 2, 5, 6))}, kernel={kernel}, stride={draw.shape(2, high=2)}, pad={pad}, "
        f"pool_type={kind!r}, pooling_convention={convention!r}, count_include_pad={included})"
    )


def batch_norm(draw):
    channels = draw.number(1, 3)
    statistics = f"{x((channels,))}, {x((channels,))}, np.zeros({channels}), np.ones({channels})"
    data = x((draw.number(1, 3), channels, *draw.shape(draw.number(1, 2), low=2)))
    return f"npx.batch_norm({data}, {statistics}, eps=0.001, fix_gamma={draw.of(True, False)})"


def layer_norm(draw):
    shape = draw.shape(draw.number(2, 3), low=2)
    return f"npx.layer_norm({x(shape)}, {x(shape[-1:])}, {x(shape[-1:])}, axis=-1, eps=0.01)"


def group_norm(draw):
    groups, per_group = draw.shape(2, high=3)
    channels = x((groups * per_group,))
    return f"npx.group_norm({x((2, groups * per_group, 3, 2))}, {channels}, {channels}, num_groups={groups}, eps=0.01)"


def embedding(draw):
    rows, width = draw.shape(2)
    indices = draw.integers(0, rows - 1, 3)
    return f"npx.embedding(i({indices}), {x((rows, width))}, input_dim={rows}, output_dim={width})"


def pick(draw):
    rows, columns = draw.shape(2)
    return f"npx.pick({x((rows, columns))}, i({draw.integers(0, columns - 1, rows)}), keepdims={draw.of(True, False)})"


def topk(draw):
    shape = draw.shape(2)
    kind, up = draw.of("indices", "value", "both", "mask"), draw.of(True, False)
    return f"npx.topk({x(shape)}, k={draw.number(1, shape[1])}, ret_typ={kind!r}, is_ascend={up})"


def sequence_mask(draw):
    steps, batch = draw.shape(2)
    lengths = [float(length) for length in draw.integers(1, steps, batch)]
    return f"npx.sequence_mask({x((steps, batch, 2))}, f({lengths}), use_sequence_length=True, value=-1.0)"


def one_hot(draw):
    return f"npx.one_hot(i({draw.integers(-1, 4, 3)}), {draw.number(1, 5)}, on_value={draw.of(1.0, 2.5)})"


CALLS = {
    **{name: unary(name) for name in ("np.exp", "np.sin", "np.tanh", "np.abs", "np.square", "np.sign", "np.floor")},
    **{name: unary(name) for name in ("npx.relu", "npx.sigmoid", "npx.erf", "np.ravel", "np.arcsinh")},
    **{name: positive(name) for name in ("np.log", "np.sqrt", "np.log1p", "np.cbrt", "npx.gammaln")},
    **{name: binary(name) for name in ("np.add", "np.subtract", "np.multiply", "np.maximum", "np.hypot", "np.less")},
    **{name: binary(name) for name in ("np.arctan2", "np.copysign", "np.not_equal")},
    **{name: reduction(name) for name in ("np.sum", "np.prod", "np.mean", "np.max", "np.min")},
    **{name: along(name) for name in ("np.argmax", "np.argmin", "np.sort", "np.flip", "np.expand_dims")},
    **{name: along(name) for name in ("npx.softmax", "npx.log_softmax", "np.argsort")},
    "npx.softmax, cooler": along("npx.softmax", ", temperature=2.0"),
    "np.cumsum": cumsum,
    "np.matmul": matmul,
    "np.tensordot": tensordot,
    "np.einsum": einsum,
    "np.linalg.solve": solve,
    "np.reshape": reshape,
    "npx.reshape": npx_reshape,
    "np.transpose": transpose,
    "np.concatenate": join("np.concatenate"),
    "np.stack": join("np.stack"),
    "np.split": split,
    "np.pad": pad,
    "np.take": take,
    "np.where": where,
    "indexing": getitem,
    "npx.fully_connected": dense,
    "npx.convolution": convolution,
    "npx.deconvolution": deconvolution,
    "npx.pooling": pooling,
    "npx.batch_norm": batch_norm,
    "npx.layer_norm": layer_norm,
    "npx.group_norm": group_norm,
    "npx.embedding": embedding,
    "npx.pick": pick,
    "npx.topk": topk,
    "npx.sequence_mask": sequence_mask,
    "npx.one_hot": one_hot,
}


def rows():
    """(name, expression) for some draws of each call, no expression twice."""
    drawn = {}
    for number, (name, row) in enumerate(CALLS.items()):
        draw = Draw([SEED, number])
        drawn.update({row(draw): name for _ in range(DRAWS)})
    return [(name, expression) for expression, name in drawn.items()]


def main():
    # The wheel's oneDNN kernels differentiate average pooling with pooling_convention="full" wrongly.
    os.environ["MXNET_ONEDNN_ENABLED"] = "0"
    import mxnet as mx

    mx.npx.set_np()
    result = {expression: evaluate(mx, expression, None) for _, expression in rows()}
    Path(sys.argv[1], "result.json").write_text(json.dumps(result))


if __name__ == "__main__":
    main()
