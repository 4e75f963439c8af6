"""Losses, their gradients and their representation are genuine MXNet's."""

import numpy as np
import pytest
from references import load

import mxnet as mx
from mxnet.base import MXNetError
from mxnet.gluon import loss

import make_loss  # isort: skip  (found through `references`)

RECORD = load("loss.json")


@pytest.mark.parametrize("number", range(len(make_loss.CASES)), ids=lambda n: f"{n}-{make_loss.CASES[n][0]}")
def test_values_and_gradients_equal_genuine(number):
    expected, found = RECORD[number], make_loss.outcome(mx, make_loss.CASES[number])
    assert found["repr"] == expected["repr"]
    np.testing.assert_allclose(found["losses"], expected["losses"], rtol=1e-5, atol=1e-6)
    for ours, theirs in zip(found["gradients"], expected["gradients"], strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)


def test_every_loss_has_a_case():
    tested = {constructor.split("(")[0] for constructor, _, _ in make_loss.CASES}
    assert tested == set(loss.__all__) - {"Loss"}


def test_labels_out_of_range_are_clipped_to_it():
    pred = mx.np.arange(6).reshape((2, 3))
    clipped = loss.SoftmaxCELoss()(pred, mx.np.array([-1, 7]))
    np.testing.assert_allclose(clipped.asnumpy(), [2.4076037, 0.4076059], rtol=1e-5)


def test_labels_of_any_integer_type():
    pred = mx.np.arange(6).reshape((2, 3))
    for dtype in ("int32", "int64", "uint8", "float32"):
        found = loss.SoftmaxCELoss()(pred, mx.np.array([0, 2], dtype=dtype))
        np.testing.assert_allclose(found.asnumpy(), [2.4076037, 0.4076059], rtol=1e-5)


def test_no_samples():
    assert loss.L1Loss()(mx.np.ones((0, 3)), mx.np.ones((0, 3))).shape == (0,)
    assert loss.SoftmaxCELoss()(mx.np.ones((0, 3)), mx.np.ones((0,))).shape == (0,)


def test_equal_and_opposite_vectors():
    one = mx.np.ones((2, 3))
    found = loss.CosineEmbeddingLoss()(one, one * 3, mx.np.array([1, -1]))
    np.testing.assert_allclose(found.asnumpy(), [0, 1], atol=1e-6)
    assert loss.CosineEmbeddingLoss()(one * 0, one, mx.np.array([1, -1])).asnumpy().tolist() == [1, 0]


def test_the_mean_of_float16_is_float32():
    pred = mx.np.ones((2, 3), dtype="float16")
    assert loss.L2Loss()(pred, mx.np.zeros((2, 3), dtype="float16")).dtype == np.float32
    assert loss.TripletLoss()(pred, pred, pred).dtype == np.float16


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: loss.CTCLoss(layout="XX"), AssertionError, "Only 'NTC' and 'TNC'.*Got: XX"),
        (lambda: loss.CTCLoss(label_layout="XX"), AssertionError, "Only 'NT' and 'TN'.*Got: XX"),
        (lambda: loss.LogisticLoss(label_format="x"), ValueError, "can only be signed or binary, received x"),
        (lambda: loss.L2Loss(speed=1), TypeError, "unexpected keyword argument 'speed'"),
        (lambda: loss.L2Loss(weight="a")(mx.np.ones((2, 3)), mx.np.ones((2, 3))), TypeError, "unsupported operand"),
        (lambda: loss.L1Loss(weight="a")(mx.np.ones((2, 3)), mx.np.ones((2, 3))), AssertionError, "must be a number"),
        (lambda: loss.L2Loss()(mx.np.ones((2, 3)), mx.np.ones((2, 4))), MXNetError, "reshape_like"),
        (lambda: loss.SoftmaxCELoss()(mx.np.ones((2, 3)), mx.np.ones(3)), MXNetError, "pick"),
        (lambda: loss.L1Loss()(mx.np.ones((2, 3)), mx.np.ones((2, 3)), mx.np.ones(2)), MXNetError, "multiply"),
        (lambda: loss.Loss(None, 0)(mx.np.ones(2)), NotImplementedError, "Loss must define forward"),
    ],
)
def test_wrong_calls(call, error, message):
    with pytest.raises(error, match=message):
        call()
