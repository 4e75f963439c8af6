"""What a forward pass does to arrays, hybridized: the same results, in one graph or in parts, or a clear refusal."""

import copy
import pickle
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as onp
import pytest
import torch

import mxnet as mx
from mxnet import np, npx

VALUES = onp.array([[3, -1, 2], [0, 5, 4]], "float32")
NAMES = {"mx": mx, "np": np, "npx": npx, "onp": onp, "torch": torch, "copy": copy, "pickle": pickle}


class Expression(mx.gluon.HybridBlock):
    """A block of one expression in `x`, `y` (`x` as an array of 1.x) and `i` (its integers), or of one function."""

    def __init__(self, what: str | Callable[..., Any]) -> None:
        super().__init__()
        self.what = what

    def forward(self, x: Any) -> Any:
        if callable(self.what):
            return self.what(x)
        return eval(self.what, {**NAMES, "x": x, "y": x.as_nd_ndarray(), "i": x.astype("int32")})


def outcomes(what: str | Callable[..., Any], **options: Any) -> list[Any]:
    """The arrays that a block returns; hybridized if there are options."""
    block = Expression(what)
    if options:
        block.hybridize(**options)
    found: list[Any] = []
    pending = [block(np.array(VALUES))]
    while pending:
        each = pending.pop()
        if isinstance(each, (list, tuple)):
            pending.extend(each)
        else:
            found.append(each)
    return found


def agree(what: str | Callable[..., Any], **options: Any) -> None:
    for plain, hybrid in zip(outcomes(what), outcomes(what, **options), strict=True):
        if isinstance(plain, mx.nd.NDArray):
            assert type(plain) is type(hybrid) and plain.dtype == hybrid.dtype
            plain, hybrid = plain.asnumpy(), hybrid.asnumpy()
        onp.testing.assert_array_equal(plain, hybrid)


GRAPHS = """
x.T
x.copy()
copy.copy(x) + copy.deepcopy(x)
x.astype('float16')
x.astype('float32', copy=False) * 1
x.detach() * 2
x.as_in_ctx(mx.cpu()) * 1
x.copyto(mx.cpu())
np.zeros((2, 3), ctx=x.ctx) + x
np.array(x)
np.array(x, dtype='int32')
np.array([x.sum(), x.max()])
np.array([i[0], i[1]])
np.array([1.0, 2.0, 3.0]) + x
x + onp.array([1, 2, 3])
x + [1, 2, 3]
onp.array([1, 2, 3], 'float32') + x
np.asarray(x) * 1
np.from_dlpack(x) * 1
np.full((2, 3), x.sum())
np.full((2, 3), x.sum(), dtype='int32')
np.full_like(x, 2)
np.isin(x, np.array([3.0, 2]))
np.isin(x, [3, 5], invert=True)
np.in1d(x, x[0])
np.unique(np.array([1.0, 2, 1])) * x.sum()
np.where(x > 1, x, 0)
np.choose(np.array([0, 1, 0], dtype='int32'), [x, x * 2])
np.choose((x > 0).astype('int32'), [x, x * 2])
np.choose(i, [x, x * 2], mode='clip')
np.take(x, np.array([0, 2]), axis=1)
np.take_along_axis(x, np.argsort(x, axis=1), axis=1)
np.compress(np.array([True, False]), x, axis=0)
np.percentile(x, [10, 90])
np.percentile(x, np.array([10.0, 90]) + 1)
np.histogram(x, bins=4, range=(0, 5))
np.delete(x, [0, 1], axis=1)
np.delete(x, np.array([True, False, True], dtype=bool), axis=1)
np.insert(x, [0, 1], 9, axis=1)
x[np.arange(2), np.argmax(x, axis=1)]
x[np.ix_([0, 1], [1, 2])]
np.unravel_index(np.argmax(x), x.shape)
list(x)
len(x) * x
[row.sum() for row in x]
mx.gluon.utils.split_data(x, 3, batch_axis=1)
mx.gluon.utils.split_data(x, 2, batch_axis=1, even_split=False)
mx.nd.contrib.isnan(y)
mx.nd.contrib.isinf(y)
mx.nd.contrib.isfinite(y)
mx.nd.moveaxis(y, 0, 1)
y.T
y.astype('int32')
y.flatten().as_np_ndarray()
mx.nd.zeros((2, 3)) + mx.nd.ones((2, 3), dtype='float32') * y
mx.nd.empty((2, 3)).shape[0] * y
mx.nd.arange(3) * y[0] + mx.nd.linspace(0, 1, 3)
mx.nd.eye(3) * mx.nd.full((3,), 4) * y[0]
mx.nd.onehot_encode(y[0], mx.nd.zeros((3, 6)))
npx.foreach(lambda row, state: (row + state, row * state), x, x[0])
mx.nd.contrib.foreach(lambda row, state: (row + state, row * state), y, y[0])[1]
npx.cond(np.array([1.0]), lambda x: x + 1, lambda x: x - 1, x)
npx.index_update(x, np.array([[0], [1]]), np.array([5.0]))
str(x) + repr(x) + repr(y) and x * 1
f'{x}' and x * 1
""".strip().splitlines()


@pytest.mark.parametrize("text", GRAPHS)
def test_one_graph_holds(text: str) -> None:
    agree(text, partition_if_dynamic=False)


IN_PARTS = {
    "x[x > 1]": "_contrib_boolean_mask: the shape of the result hangs on values",
    "x[:, x[0] > 1]": "_npx_nonzero",
    "np.unique(x)": "_npi_unique",
    "np.union1d(x, x)": "_npi_unique",
    "np.intersect1d(x, x[0], return_indices=True)": "_npi_unique",
    "np.setdiff1d(x, x[0])": "_npi_unique",
    "np.setxor1d(x, x[0])": "_npi_unique",
    "np.nonzero(x > 1)": "_npx_nonzero",
    "x[np.nonzero(x > 1)]": "_npx_nonzero",
    "np.extract(x > 1, x)": "_npx_nonzero",
    "np.bincount(abs(i).reshape(-1))": "_npi_bincount",
    "np.delete(x[0], i[0] % 2)": "delete",
    "np.insert(x[0], x[0] > 1, 9)": "insert",
    "np.nanmax(x)": "nanmax is computed by NumPy",
    "onp.searchsorted(onp.arange(5), x)": "searchsorted is computed by NumPy",
    "mx.nd.histogram(y, 3)": "histogram is computed by NumPy",
    "np.from_torch(x.as_torch() * 2)": "as_torch",
    "x.attach_grad() or x * 2": "gradients of its own",
    "x.as_in_ctx(mx.cpu(1)) * 1": r"copies an array from cpu\(0\) to cpu\(1\)",
    "mx.random.seed(3) or x * 1": "mx.random.seed",
    "np.random.shuffle(x) or x.sort()": "writes to an array that was made outside of it",
    "npx.cond(lambda x: x.sum() > 3, lambda x: x + 1, lambda x: x - 1, x)": "the condition of cond hangs on values",
    "npx.while_loop(lambda n: n < 3, lambda n: (n, n + 1), x[0, :1], 5)": "the condition of while_loop hangs on",
}


@pytest.mark.parametrize("text", IN_PARTS)
def test_what_no_graph_holds_runs_without_one(text: str) -> None:
    agree(text, active=True)
    with pytest.raises(mx.MXNetError, match=IN_PARTS[text]):
        outcomes(text, partition_if_dynamic=False)


READS = {
    "x * float(x.sum())": "float()",
    "x * int(x.sum())": "int()",
    "x * x.sum().item()": "item()",
    "x * x.sum().as_nd_ndarray().asscalar().as_np_ndarray()": "asnumpy()",
    "x if x.sum() > 0 else -x": "bool()",
    "x[: i[0, 0]]": "an index",
    "np.array(x.tolist())": "tolist()",
    "np.array(x.asnumpy())": "asnumpy()",
    "onp.asarray(x).sum() * x": "asnumpy()",
    "np.from_torch(torch.from_dlpack(x))": "DLPack",
    "pickle.dumps(x) and x": "pickle",
}


@pytest.mark.parametrize("text", READS)
def test_values_are_not_known(text: str) -> None:
    with pytest.raises(mx.base.ValuesNotKnown, match=rf"{re.escape(READS[text])} asks for the values") as caught:
        outcomes(text, active=True)
    assert "mx.np.where" in str(caught.value) and "unhybridized" in str(caught.value)


def test_reading_values_names_the_block_and_the_line() -> None:
    class Gate(mx.gluon.HybridBlock):
        def forward(self, x: Any) -> Any:
            return x if x.sum() > 0 else -x  # here

    net = mx.gluon.nn.HybridSequential()
    net.add(mx.gluon.nn.Dense(2), Gate())
    net.initialize()
    net.hybridize()
    with pytest.raises(mx.base.ValuesNotKnown) as caught:
        net(np.ones((1, 2)))
    message = str(caught.value)
    assert message.startswith("Gate (1), ") and Path(__file__).name in message and "# here" in message
    net[1].hybridize(False)


def test_saving_inside_a_forward_pass(tmp_path: Path) -> None:
    for save in (
        lambda x: npx.save(str(tmp_path / "x"), x),
        lambda x: mx.nd.save(str(tmp_path / "x"), x.as_nd_ndarray()),
    ):
        block = Expression(lambda x, save=save: save(x) or x)
        block.hybridize()
        with pytest.raises(mx.base.ValuesNotKnown, match="saving asks"):
            block(np.ones(2))


def test_conditions_that_are_known_need_no_values() -> None:
    def forward(x: Any) -> Any:
        steps, last = npx.while_loop(lambda x, n: True, lambda x, n: (x, (x * 2, n)), [x, x], 3)
        return steps, last, npx.cond(lambda x: x.ndim == 2, lambda x: x * 2, lambda x: x, x)

    agree(forward, partition_if_dynamic=False)


def test_graphs_with_masks_are_exported_with_operators_that_read_them(tmp_path: Path) -> None:
    def forward(x: Any) -> Any:
        written = x * 1
        written[written > 4] = 0
        written[:, x[0] > 2] *= 2
        return written[written[:, 0] >= 0], np.unique(written), np.intersect1d(x, x[1])

    block = Expression(forward)
    block.hybridize()
    block(np.array(VALUES))
    files = block.export(str(tmp_path / "net"))
    other = onp.array([[0, 9, 3], [1, 2, -7]], "float32")
    loaded = mx.gluon.SymbolBlock.imports(files[0], ["data"], files[1])
    for expected, found in zip(forward(np.array(other)), loaded(np.array(other)), strict=True):
        onp.testing.assert_array_equal(found.asnumpy(), expected.asnumpy())


def test_a_function_with_its_own_gradient_is_a_graph_where_none_is_recorded() -> None:
    class Doubled(mx.autograd.Function):
        def forward(self, x: Any) -> Any:
            return x * 2

        def backward(self, gradient: Any) -> Any:
            return gradient * 5

    def forward(x: Any) -> Any:
        return Doubled()(x) + 1

    agree(forward, partition_if_dynamic=False)
    block, x = Expression(forward), np.ones(3)
    block.hybridize()
    x.attach_grad()
    with mx.autograd.record():
        y = block(x)
    y.backward()
    assert x.grad.tolist() == [5, 5, 5]


def test_gradients_inside_a_forward_pass() -> None:
    def forward(x: Any) -> Any:
        y = x.copy()
        y.attach_grad()
        with mx.autograd.record():
            z = (y**3).sum()
        return mx.autograd.grad(z, y)[0]

    agree(forward, active=True)


def test_operators_in_another_mode_than_the_block() -> None:
    class Net(mx.gluon.HybridBlock):
        def forward(self, x: Any) -> Any:
            with mx.autograd.predict_mode():
                return npx.dropout(x, p=0.9) * 1

    net, x = Net(), np.ones((50,))
    net.hybridize()
    with mx.autograd.record():
        assert net(x).tolist() == [1] * 50
    assert net(x).tolist() == [1] * 50


def test_parameters_are_not_set_by_graphs() -> None:
    class Counter(mx.gluon.HybridBlock):
        def __init__(self) -> None:
            super().__init__()
            self.count = mx.gluon.Parameter("count", shape=(1,), init="zeros", grad_req="null")

        def forward(self, x: Any) -> Any:
            self.count.set_data(self.count.data() + 1)
            return x * self.count.data()

    counter = Counter()
    counter.initialize()
    counter.hybridize()
    assert [counter(np.ones(1)).item() for _ in range(3)] == [1, 2, 3]


def test_random_choices_of_transforms_are_made_each_time() -> None:
    flips = mx.gluon.data.vision.transforms.HybridRandomApply(mx.gluon.nn.HybridLambda(lambda x: x * 0), p=0.5)
    flips.hybridize()
    assert len({float(flips(np.ones(1))) for _ in range(50)}) == 2


def test_infer_shape_says_so_too() -> None:
    class Net(mx.gluon.HybridBlock):
        def __init__(self) -> None:
            super().__init__()
            self.dense = mx.gluon.nn.Dense(2)

        def forward(self, x: Any) -> Any:
            return self.dense(x) if float(x.sum()) else x

    net = Net()
    net.initialize()
    with pytest.raises(mx.base.ValuesNotKnown, match=r"float\(\) asks for the values"):
        net.infer_shape(np.ones((1, 2)))
