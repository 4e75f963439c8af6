"""Neural operators, compared with genuine MXNet where it can run them and with NumPy elsewhere."""

from typing import Any

import numpy as onp
import pytest
import torch
from expression_table import check_row, home_of, rows
from references import load

import mxnet as mx
from mxnet import np, npx
from mxnet.operators import CATALOGUE, find

# Genuine MXNet gives zeros, though the last element is what the result is made of.
WRONG_GRADIENTS = {"npx.sequence_last(x(3, 2))"}
# Checked by tests of their own below: what they do cannot be told by one expression.
TESTED_BELOW = {"amp_multicast"}


@pytest.mark.parametrize("name, expression, expected", rows("neural.json"))
def test_agrees_with_genuine(name: str, expression: str, expected: dict[str, Any]) -> None:
    if expression in WRONG_GRADIENTS:
        expected = {"out": expected["out"]}
    check_row(name, expression, expected, rtol=2e-5, atol=5e-6)


def test_every_operator_has_a_row() -> None:
    neural = {op.name for op in CATALOGUE.values() if home_of(op).startswith("mxnet.operators.neural")}
    made_by_factory = {op.name for op in CATALOGUE.values() if op.name in ("_npx_relu", "_npx_sigmoid", "erf", "gamma")}
    covered = {find(row[0]).name for row in load("neural.json")}
    assert neural | made_by_factory <= covered | TESTED_BELOW


def batch_norm_inputs() -> list[np.ndarray]:
    data = np.random.normal(1.0, 2.0, (4, 3, 5, 5))
    return [data, np.ones(3), np.zeros(3), np.array([0.1, -0.2, 0.3]), np.array([1.0, 2.0, 0.5])]


def test_batch_norm_moves_its_statistics_by_the_biased_variance() -> None:
    data, gamma, beta, mean, var = batch_norm_inputs()
    values, old_mean, old_var = data.asnumpy(), mean.asnumpy(), var.asnumpy()
    with mx.autograd.record():
        npx.batch_norm(data, gamma, beta, mean, var, momentum=0.8)
    axes = (0, 2, 3)
    onp.testing.assert_allclose(mean.asnumpy(), 0.8 * old_mean + 0.2 * values.mean(axes), rtol=1e-5)
    onp.testing.assert_allclose(var.asnumpy(), 0.8 * old_var + 0.2 * values.var(axes), rtol=1e-5)


@pytest.mark.parametrize("options, scope", [({"use_global_stats": True}, mx.autograd.record), ({}, mx.autograd.pause)])
def test_batch_norm_leaves_its_statistics(options: dict[str, bool], scope: Any) -> None:
    data, gamma, beta, mean, var = batch_norm_inputs()
    with scope():
        npx.batch_norm(data, gamma, beta, mean, var, **options)
    onp.testing.assert_array_equal(mean.asnumpy(), onp.float32([0.1, -0.2, 0.3]))
    onp.testing.assert_array_equal(var.asnumpy(), onp.float32([1.0, 2.0, 0.5]))


def test_batch_norm_fixes_gamma() -> None:
    data, gamma, beta, mean, var = batch_norm_inputs()
    gamma[:] = 3
    gamma.attach_grad()
    with mx.autograd.record():
        fixed = npx.batch_norm(data, gamma, beta, mean, var)
    fixed.backward()
    plain = npx.batch_norm(data, np.ones(3), beta, mean, var, fix_gamma=False, use_global_stats=True)
    assert plain.shape == fixed.shape
    assert gamma.asnumpy().tolist() == [1, 1, 1]
    assert gamma.grad.asnumpy().tolist() == [0, 0, 0]


def test_batch_norm_gives_mean_and_inverse_deviation() -> None:
    data, gamma, beta, mean, var = batch_norm_inputs()
    values = data.asnumpy()
    with mx.autograd.record():
        _, found_mean, found_scale = npx.batch_norm(data, gamma, beta, mean, var, output_mean_var=True)
    onp.testing.assert_allclose(found_mean.asnumpy(), values.mean((0, 2, 3)), rtol=1e-5)
    onp.testing.assert_allclose(found_scale.asnumpy(), 1 / onp.sqrt(values.var((0, 2, 3)) + 1e-3), rtol=1e-5)


def test_dropout_keeps_the_mean_and_its_mask_is_its_gradient() -> None:
    data = np.ones((200, 200))
    data.attach_grad()
    with mx.autograd.record():
        result = npx.dropout(data, p=0.3)
    result.backward()
    values = result.asnumpy()
    assert set(onp.unique(values).round(4)) == {0.0, onp.float32(1 / 0.7).round(4)}
    assert abs(values.mean() - 1) < 0.02
    onp.testing.assert_array_equal(data.grad.asnumpy(), values)


def test_dropout_draws_once_along_axes() -> None:
    values = npx.dropout(np.ones((5, 40)), p=0.5, mode="always", axes=(0,)).asnumpy()
    assert (values == values[0]).all()
    assert len(set(values[0].tolist())) == 2


def test_dropout_repeats_after_a_seed_and_leaves_torch_alone() -> None:
    state = torch.get_rng_state()
    results = []
    for _ in range(2):
        mx.random.seed(7)
        results.append(npx.dropout(np.ones(100), mode="always").asnumpy())
    onp.testing.assert_array_equal(*results)
    assert torch.equal(state, torch.get_rng_state())


def test_dropout_does_nothing_when_predicting() -> None:
    data = np.ones((3, 3))
    result = npx.dropout(data)
    result[:] = 5
    assert data.asnumpy().tolist() == onp.ones((3, 3)).tolist()


def test_rrelu_draws_slopes_between_its_bounds_when_training() -> None:
    data = -np.ones(1000)
    with mx.autograd.record():
        drawn = -npx.leaky_relu(data, act_type="rrelu", lower_bound=0.1, upper_bound=0.3).asnumpy()
    assert drawn.min() >= 0.1 and drawn.max() <= 0.3 and drawn.std() > 0.03
    predicted = -npx.leaky_relu(data, act_type="rrelu", lower_bound=0.1, upper_bound=0.3).asnumpy()
    onp.testing.assert_allclose(predicted, 0.2, rtol=1e-6)


@pytest.mark.parametrize("groups, kernel", [(1, 3), (1, 1), (4, 3)])
def test_channels_last_stays_through_a_chain(groups: int, kernel: int) -> None:
    def last(tensor: torch.Tensor) -> bool:
        return tensor.is_contiguous(memory_format=torch.channels_last)

    weight = torch.randn(4, 4 // groups, kernel, kernel).to(memory_format=torch.channels_last).requires_grad_()
    data = torch.randn(2, 4, 8, 8).to(memory_format=torch.channels_last).requires_grad_()
    ones, zeros = torch.ones(4), torch.zeros(4)
    shape = {"kernel": (kernel, kernel), "num_filter": 4, "num_group": groups, "no_bias": True}
    middle = find("Convolution").body(data, weight, None, **shape)
    normal = find("BatchNorm").body(middle, ones, zeros, zeros.clone(), ones.clone(), training=True)
    active = find("Activation").body(normal, act_type="relu")
    pooled = find("Pooling").body(active, kernel=(2, 2), stride=(2, 2))
    assert all(last(tensor) for tensor in (middle, normal, active, pooled))
    pooled.square().sum().backward()
    assert last(data.grad) and last(weight.grad)


@pytest.mark.parametrize("layout, order", [("NHWC", (0, 2, 3, 1)), ("NCHW", (0, 1, 2, 3))])
def test_layouts_differ_in_nothing_but_order(layout: str, order: tuple[int, ...]) -> None:
    data, weight = np.random.normal(size=(2, 3, 6, 6)), np.random.normal(size=(4, 3, 3, 3))
    options = {"kernel": (3, 3), "stride": (2, 2), "pad": (1, 1)}
    expected = npx.convolution(data, weight, num_filter=4, no_bias=True, **options)
    found = npx.convolution(
        data.transpose(order), weight.transpose(order), num_filter=4, no_bias=True, layout=layout, **options
    )
    onp.testing.assert_allclose(found.asnumpy(), expected.asnumpy().transpose(order), rtol=1e-5, atol=1e-6)


def test_pooling_same_has_a_window_for_each_step() -> None:
    # Values of genuine 1.9.1; 2.0.0b1 cannot run this convention.
    data = np.array([1.0, 2, 3, 4, 5]).reshape(1, 1, 5)
    largest = npx.pooling(data, kernel=(3,), stride=(2,), pooling_convention="same")
    mean = npx.pooling(data, kernel=(3,), stride=(3,), pool_type="avg", pooling_convention="same")
    assert largest.asnumpy().tolist() == [[[3, 5, 5]]]
    assert mean.asnumpy().tolist() == [[[2, 4.5]]]


def test_amp_multicast_takes_the_widest_or_narrowest_type() -> None:
    arrays = [torch.ones(2, dtype=torch.float16), torch.ones(2)]
    wide = find("amp_multicast")(*arrays, num_outputs=2)
    narrow = find("amp_multicast")(*arrays, num_outputs=2, cast_narrow=True)
    assert [tensor.dtype for tensor in wide] == [torch.float32] * 2
    assert [tensor.dtype for tensor in narrow] == [torch.float16] * 2


@pytest.mark.parametrize("dtype", ["float16", "float64", "bfloat16"])
def test_other_floating_types_stay_what_they_are(dtype: str) -> None:
    data, weight = np.ones((1, 2, 4, 4)).astype(dtype), np.ones((3, 2, 3, 3)).astype(dtype)
    result = npx.convolution(data, weight, kernel=(3, 3), num_filter=3, no_bias=True)
    result = npx.activation(npx.pooling(result, kernel=(2, 2)), "relu")
    assert str(result.dtype) == dtype
    assert result.astype("float32").asnumpy().ravel().tolist() == [18, 18, 18]
    assert str(npx.softmax(data).dtype) == dtype


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda: npx.convolution(np.ones((1, 3, 5, 5)), np.ones((2, 4, 3, 3)), kernel=(3, 3), num_filter=2,
                                 no_bias=True), ["Convolution", "(2, 4, 3, 3)", "(1, 3, 5, 5)", "(2, 3, 3, 3)"]),
        (lambda: npx.convolution(np.ones((1, 3, 5)), np.ones((2, 3, 3, 3)), kernel=(3, 3), num_filter=2,
                                 no_bias=True), ["Convolution", "4D", "(1, 3, 5)"]),
        (lambda: npx.fully_connected(np.ones((2, 3)), np.ones((4, 5)), num_hidden=4), ["(4, 5)", "(2, 3)", "(4, 3)"]),
        (lambda: npx.batch_norm(np.ones((2, 3)), *[np.ones(4)] * 4), ["BatchNorm", "gamma (4,)", "(3,)"]),
        (lambda: npx.pooling(np.ones((1, 1, 4, 4)), kernel=(2, 2), pad=(2, 2)), ["pad=(2, 2)", "kernel=(2, 2)"]),
        (lambda: npx.pooling(np.ones((1, 1, 4, 4)), kernel=(2, 2), pool_type="median"), ["'median'", "'avg'", "'max'"]),
        (lambda: npx.fully_connected(np.ones((2, 3), dtype="float64"), np.ones((4, 3)), num_hidden=4),
         ["data is float64", "weight is float32"]),
    ],
)  # fmt: skip
def test_errors_say_what_was_given_and_what_is_taken(call: Any, words: list[str]) -> None:
    with pytest.raises(mx.MXNetError) as error:
        call()
    for word in words:
        assert word in str(error.value)


@pytest.mark.parametrize("groups", [0, 2])
def test_groups_that_do_not_divide_the_channels(groups: int) -> None:
    with pytest.raises(mx.MXNetError, match=f"num_group={groups}"):
        npx.convolution(np.ones((1, 3, 4, 4)), np.ones((2, 1, 3, 3)), kernel=(3, 3), num_filter=2, num_group=groups,
                        no_bias=True)  # fmt: skip


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("images", [0, 2])
@pytest.mark.parametrize(
    "kernel, stride, pad, dilate",
    [
        ((3, 3), (2, 2), (1, 1), (1, 1)),
        ((5, 2), (3, 1), (0, 1), (1, 2)),
        ((3, 3), (1, 2), (3, 0), (1, 1)),  # padding wider than the filter reaches
        ((1, 1), (2, 2), (0, 0), (1, 1)),
    ],
)
def test_depthwise_gradients_in_half_precision(
    kernel: Any, stride: Any, pad: Any, dilate: Any, images: int, dtype: str
) -> None:
    generator = torch.Generator().manual_seed(3)
    shapes = (images, 4, 10, 9), (4, 1, *kernel), (4,)
    given = [torch.randint(-3, 4, shape, generator=generator).float() for shape in shapes]  # sums of few are exact
    wanted = [tensor.clone().requires_grad_() for tensor in given]
    torch.conv2d(*wanted, stride, pad, dilate, 4).square().sum().backward()

    arrays = [np.from_torch(tensor).astype(dtype) for tensor in given]
    for array in arrays:
        array.attach_grad()
    with mx.autograd.record():
        found = npx.convolution(
            *arrays, kernel=kernel, stride=stride, pad=pad, dilate=dilate, num_filter=4, num_group=4
        )
        total = (found * found).sum()
    total.backward()
    for array, tensor in zip(arrays, wanted, strict=True):
        assert array.grad.dtype == array.dtype
        onp.testing.assert_allclose(array.grad.astype("float32").asnumpy(), tensor.grad.numpy(), rtol=2e-2, atol=2)


def test_a_gradient_of_a_depthwise_gradient_in_half_precision() -> None:
    results = []
    for dtype in ("float32", "bfloat16"):
        data = np.arange(50).reshape(1, 2, 5, 5).astype(dtype) / 32
        weight = (np.arange(18).reshape(2, 1, 3, 3).astype(dtype) - 9) / 8
        data.attach_grad(), weight.attach_grad()
        with mx.autograd.record():
            out = npx.convolution(
                data, weight, kernel=(3, 3), stride=(2, 2), pad=(1, 1), num_filter=2, num_group=2, no_bias=True
            )
            (slope,) = mx.autograd.grad((out * out).sum(), [data], create_graph=True)
            total = (slope * slope).sum()
        total.backward()
        results.append(weight.grad.astype("float32").asnumpy())
    onp.testing.assert_allclose(*results, rtol=0.05, atol=2)


def test_empty_batches_pass() -> None:
    data = np.zeros((0, 3, 8, 8))
    data = npx.convolution(data, np.ones((2, 3, 3, 3)), kernel=(3, 3), num_filter=2, no_bias=True)
    data = npx.batch_norm(data, *[np.ones(2)] * 4)
    data = npx.pooling(npx.activation(data, "relu"), kernel=(2, 2), stride=(2, 2))
    data = npx.fully_connected(npx.batch_flatten(data), np.ones((5, 18)), num_hidden=5)
    assert npx.log_softmax(data).shape == (0, 5)
    assert npx.topk(data).shape == (0, 1)


def test_large_numbers_do_not_overflow() -> None:
    assert npx.softmax(np.array([1e30, -1e30, 0.0])).asnumpy().tolist() == [1, 0, 0]
    onp.testing.assert_allclose(
        npx.activation(np.array([1e4, -1e4, 0.0]), "softrelu").asnumpy(), [1e4, 0, onp.log(2)], rtol=1e-6
    )


def test_a_chain_can_be_exported() -> None:
    class Chain(torch.nn.Module):
        def forward(self, data: torch.Tensor, weight: torch.Tensor, ones: torch.Tensor) -> torch.Tensor:
            data = find("Convolution").body(data, weight, None, kernel=(3, 3), num_filter=4, no_bias=True)
            data = find("BatchNorm").body(data, ones, ones, ones, ones, fix_gamma=False, training=False)
            data = find("Pooling").body(data, kernel=(2, 2), stride=(2, 2), pooling_convention="full")
            return find("LeakyReLU").body(data, act_type="leaky", training=False)

    inputs = torch.randn(1, 3, 7, 7), torch.randn(4, 3, 3, 3), torch.ones(4)
    exported = torch.export.export(Chain(), inputs)
    torch.testing.assert_close(exported.module()(*inputs), Chain()(*inputs))


def test_shapes_come_from_meta_tensors() -> None:
    data = torch.empty(2, 3, 224, 224, device="meta")
    weight = torch.empty(8, 3, 7, 7, device="meta")
    found = find("Convolution")(
        data, weight, None, kernel=(7, 7), stride=(2, 2), pad=(3, 3), num_filter=8, no_bias=True
    )
    states = [torch.empty(8, device="meta") for _ in range(4)]
    found = find("BatchNorm").body(found, *states, training=True)
    found = find("Pooling")(found, kernel=(3, 3), stride=(2, 2), pad=(1, 1), pooling_convention="full")
    found = find("Dropout").body(found, p=0.5, training=True)
    assert found.device.type == "meta" and tuple(found.shape) == (2, 8, 57, 57)


def test_second_derivative_of_a_smooth_activation() -> None:
    x = np.array([0.3, -0.7])
    x.attach_grad()
    with mx.autograd.record():
        (first,) = mx.autograd.grad(npx.sigmoid(x), [x], create_graph=True)
    first.backward()
    s = 1 / (1 + onp.exp(-x.asnumpy()))
    onp.testing.assert_allclose(x.grad.asnumpy(), s * (1 - s) * (1 - 2 * s), rtol=1e-5)
