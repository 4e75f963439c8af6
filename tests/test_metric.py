"""Metrics: values after each batch as genuine's, names and configurations, what is refused."""

import math

import numpy as onp
import pytest
import torch
from references import load

import mxnet as mx
from mxnet.gluon import metric

A = mx.np.array
RECORD = load("metric.json")


@pytest.mark.parametrize(("expression", "kind", "expected"), RECORD["values"])
def test_values_are_those_of_genuine(expression, kind, expected):
    from make_metric import evaluate

    found = evaluate(mx, metric, expression, kind)
    if isinstance(expected, str):
        assert found == expected
        return
    assert not isinstance(found, str), found
    assert found[-1] == expected[-1]
    for (name, value, count), (other_name, other, other_count) in zip(found[:-1], expected[:-1], strict=True):
        assert (name, count) == (other_name, other_count)
        assert value == pytest.approx(other, rel=2e-6, abs=1e-6, nan_ok=True)


@pytest.mark.parametrize(("what", "expected"), RECORD["created"])
def test_create(what, expected):
    from make_metric import configuration

    found = configuration(metric, what)
    assert found == expected
    if isinstance(found, dict) and "metrics" not in found:
        assert metric.create(found).get_config() == found


def test_create_takes_functions_metrics_and_classes():
    made = metric.Accuracy()
    assert metric.create(made) is made
    assert metric.create(metric.MAE).get()[0] == "mae"
    assert metric.create(lambda label, pred: 1.0).get()[0] == "custom(<lambda>)"
    with pytest.raises(AssertionError, match="accurcy is not registered.*registered are accuracy"):
        metric.create("accurcy")


# Batches


def pair(number=0, rows=8):
    generator = onp.random.default_rng(number)
    scores = generator.random((rows, 4))
    return generator.integers(0, 4, rows), scores / scores.sum(1, keepdims=True)


@pytest.mark.parametrize("name", ["acc", "ce", "perplexity", "pcc", "top_k_accuracy"])
def test_one_update_of_a_list_is_as_several_updates(name):
    arguments = {"top_k": 2} if name == "top_k_accuracy" else {}
    batches = [pair(number) for number in range(3)]
    apart, together = (metric.create(name, **arguments) for _ in range(2))
    for label, scores in batches:
        apart.update(A(label), A(scores))
    together.update([A(label) for label, _ in batches], [A(scores) for _, scores in batches])
    assert apart.get()[1] == pytest.approx(together.get()[1])


def test_accuracy_by_numpy():
    label, scores = pair(5, 300)
    made = metric.Accuracy()
    made.update(A(label), A(scores))
    assert made.get() == ("accuracy", (scores.argmax(1) == label).mean())


def test_mcc_and_pcc_agree_on_two_classes():
    label, scores = pair(3, 200)
    label, positive = label % 2, scores[:, 0] * 2
    mcc, pcc = metric.MCC(), metric.PCC()
    mcc.update(A(label), A(positive))
    pcc.update(A(label), A(positive > 0.5))
    expected = onp.corrcoef(label, positive > 0.5)[0, 1]
    assert mcc.get()[1] == pytest.approx(expected)
    assert pcc.get()[1] == pytest.approx(expected)


def test_pcc_grows_with_the_classes():
    made = metric.PCC()
    made.update(A([0, 1]), A([0, 1]))
    made.update(A([5, 2]), A([5, 2]))
    assert made.get() == ("pcc", 1.0)


def test_pearson_over_batches_is_pearson_over_all():
    generator = onp.random.default_rng(1)
    label, pred = generator.normal(1000, 3, size=(2, 90))  # far from 0, where naive sums lose their digits
    made = metric.PearsonCorrelation()
    for part in range(3):
        made.update(A(label[30 * part :][:30], dtype="float64"), A(pred[30 * part :][:30], dtype="float64"))
    assert made.get()[1] == pytest.approx(onp.corrcoef(label, pred)[0, 1], rel=1e-9)


@pytest.mark.parametrize("order", [1, 2, 3])
def test_pairwise_distance_of_every_order(order):
    label, pred = onp.random.default_rng(2).random((2, 5, 3))
    made = metric.MeanPairwiseDistance(p=order)
    made.update(A(label), A(pred))
    expected = onp.linalg.norm(label - pred, order, axis=1).mean()
    assert made.get()[1] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("name", ["mae", "mse", "rmse"])
def test_a_vector_beside_a_column_is_a_column(name):
    made = metric.create(name)
    made.update(A([1.0, 2.0]), A([[1.0], [4.0]]))
    assert made.get()[1] == {"mae": 1, "mse": 2, "rmse": math.sqrt(2)}[name]


def test_cross_entropy_along_any_axis():
    label, scores = onp.array([[0, 1], [3, 2]]), onp.random.default_rng(3).random((2, 4, 2)) + 0.1
    expected = -onp.log(onp.take_along_axis(scores, label[:, None], 1)).mean()
    for axis, given in ((1, scores), (-1, scores.transpose(0, 2, 1)), (0, scores.transpose(1, 0, 2))):
        made = metric.CrossEntropy(axis=axis)
        made.update([A(label)], [A(given)])
        assert made.get()[1] == pytest.approx(expected, rel=1e-5)


def test_all_labels_ignored_is_nan():
    made = metric.CrossEntropy(ignore_label=1)
    made.update(A([1, 1]), A([[0.5, 0.5], [0.5, 0.5]]))
    assert math.isnan(made.get()[1])


def test_half_precision_does_not_overflow():
    made = metric.MAE()
    made.update(A([300] * 1000, dtype="float16"), A([0] * 1000, dtype="float16"))
    assert made.get() == ("mae", 300.0)


@pytest.mark.parametrize("wrap", [lambda x: x, onp.asarray, torch.tensor, A, lambda x: A(x).as_nd_ndarray()])
def test_any_kind_of_array(wrap):
    made = metric.Accuracy()
    made.update([wrap([0, 1])], [wrap([[0.9, 0.1], [0.6, 0.4]])])
    assert made.get() == ("accuracy", 0.5)


@pytest.mark.parametrize("name", ["acc", "mae", "pearsonr", "loss"])
def test_nothing_counted_is_nan(name):
    made = metric.create(name)
    assert math.isnan(made.get()[1])
    made.update([], [])
    assert math.isnan(made.get()[1])
    assert made.num_inst == 0


def test_updating_inside_record_leaves_the_graph_alone():
    x = A([[0.2, 0.8]])
    x.attach_grad()
    made = metric.CrossEntropy()
    with mx.autograd.record():
        y = x * 2
        made.update(A([1]), y)
        total = y.sum()
    total.backward()
    assert x.grad.asnumpy().tolist() == [[2, 2]]
    assert made.get()[1] == pytest.approx(-math.log(1.6), rel=1e-5)


@pytest.mark.gpu
def test_sums_stay_on_the_gpu():
    made = metric.Accuracy()
    made.update(A([0, 1]), A([[0.9, 0.1], [0.6, 0.4]], device=mx.gpu(0)))
    assert made.sum_metric.device == mx.gpu(0)
    assert made.get() == ("accuracy", 0.5)


# What is refused, and changes nothing


@pytest.mark.parametrize(
    ("made", "labels", "preds", "error"),
    [
        (metric.Accuracy(), [[0, 1]], [[[0.9, 0.1]] * 3], ValueError),
        (metric.Accuracy(axis=7), [[0, 1]], [[[0.9, 0.1]] * 2], ValueError),
        (metric.Accuracy(), [[0, 1]], [[0, 1], [0, 1]], ValueError),
        (metric.MAE(), [[0, 1, 2]], [[[0, 1, 2, 3]] * 3], mx.MXNetError),
        (metric.MeanCosineSimilarity(), [[0, 1, 2]], [[0, 1]], ValueError),
        (metric.F1(), [[0, 2]], [[0.1, 0.2]], ValueError),
        (metric.F1(), [[0, -1]], [[0.1, 0.2]], ValueError),
        (metric.F1(), [[0, 1]], [[[0.1, 0.2, 0.3]] * 2], ValueError),
        (metric.F1(class_type="multiclass"), [[0, 4]], [[[0.1, 0.2, 0.3]] * 2], AssertionError),
        (metric.F1(class_type="multiclass"), [[0, 1]], [[0, 1]], ValueError),
        (metric.PCC(), [[0, -1]], [[0, 1]], ValueError),
        (metric.CrossEntropy(), [[0, 1, 1]], [[[0.1, 0.2]] * 2], AssertionError),
        (metric.CrossEntropy(axis=5), [[0, 1]], [[[0.1, 0.2]] * 2], AssertionError),
    ],
)
def test_wrong_batches(made, labels, preds, error):
    good = ([[0, 1]], [[0, 1]]) if isinstance(made, metric.PCC) else None
    with pytest.raises(error):
        made.update([A(label) for label in labels], [A(pred) for pred in preds])
    assert made.num_inst == 0
    if good:
        made.update(*good)
        assert made.get()[1] == 1


def test_a_second_wrong_array_leaves_the_first_uncounted():
    made = metric.Accuracy()
    with pytest.raises(ValueError):
        made.update([A([0]), A([0, 1])], [A([0]), A([0])])
    assert made.num_inst == 0


@pytest.mark.parametrize("arguments", [{"class_type": "foo"}, {"average": "foo"}])
def test_f1_refuses_unknown_choices(arguments):
    with pytest.raises(ValueError, match="foo"):
        metric.F1(**arguments)


# Names


def test_update_dict_picks_by_name():
    made = metric.Accuracy(output_names=["out"], label_names=["label"])
    made.update_dict({"label": A([0, 1]), "other": A([5])}, {"out": A([[1.0, 0], [1, 0]]), "more": A([1.0])})
    assert made.get() == ("accuracy", 0.5)
    with pytest.raises(KeyError, match="label"):
        made.update_dict({"x": A([0, 1])}, {"out": A([[1.0, 0], [1, 0]])})
    everything = metric.Accuracy()
    everything.update_dict({"a": A([0])}, {"b": A([[1.0, 2.0]])})
    assert everything.get() == ("accuracy", 0.0)


def test_composite():
    made = metric.CompositeEvalMetric(["acc", metric.TopKAccuracy(2)])
    made.add("mae")
    assert made.get_metric(2).name == "mae"
    made.metrics.pop()
    label, scores = A([0, 1]), A([[0.5, 0.3, 0.2], [0.1, 0.2, 0.7]])
    made.update([label], [scores])
    assert made.get() == (["accuracy", "top_k_accuracy_2"], [0.5, 1.0])
    assert made.get_name_value() == [("accuracy", 0.5), ("top_k_accuracy_2", 1.0)]
    assert str(made) == "EvalMetric: {'accuracy': 0.5, 'top_k_accuracy_2': 1.0}"
    made.reset()
    assert all(math.isnan(value) for value in made.get()[1])
    made.update_dict({"label": label}, {"out": scores})
    assert made.get()[1] == [0.5, 1.0]
    with pytest.raises(ValueError, match="out of range 0 and 2"):
        made.get_metric(2)
    assert metric.create(made.get_config()).get()[0] == made.get()[0]


def test_custom_metric():
    def spread(label, pred):
        return float((label - pred).max())

    made = metric.CustomMetric(spread)
    assert made.name == "spread"
    with pytest.raises(ValueError, match="labels 1 does not match shape of predictions 2"):
        made.update([A([1])], [A([1]), A([2])])
    extra = metric.np(spread, name="most", allow_extra_outputs=True)
    extra.update([A([3])], [A([1]), A([2])])
    assert extra.get() == ("most", 2.0)
    with pytest.raises(NotImplementedError, match="cannot be serialized"):
        made.get_config()


def test_register_and_alias():
    registry = mx.registry._registries[metric.EvalMetric]
    before = dict(registry)

    @metric.register
    @metric.alias("counter")
    class Counter(metric.EvalMetric):
        def __init__(self, name="count", **kwargs):
            super().__init__(name, **kwargs)

        def update(self, labels, preds):
            self.sum_metric += 1
            self.num_inst += 2

    try:
        made = metric.create("counter", label_names=["a"])
        made.update(1, 2)
        assert made.get() == ("count", 0.5)
        assert made.get_config() == {
            "metric": "Counter",
            "name": "count",
            "output_names": None,
            "label_names": ["a"],
        }
    finally:
        registry.clear()
        registry.update(before)
    with pytest.raises(NotImplementedError, match="must define update"):
        metric.EvalMetric("nothing").update([], [])


def test_check_label_shapes():
    label, pred = A([1, 2]), A([[1, 2]])
    assert metric.check_label_shapes(label, label) == (label, label)
    assert metric.check_label_shapes(label, label, wrap=True) == ([label], [label])
    with pytest.raises(ValueError, match="labels 2 does not match shape of predictions 1"):
        metric.check_label_shapes(label, pred)
    with pytest.raises(ValueError, match=r"labels \(2,\) does not match shape of predictions \(1, 2\)"):
        metric.check_label_shapes(label, pred, shape=True)


def test_helpers():
    assert metric.one_hot(A([1, 2, 0]), 3).asnumpy().tolist() == [[0, 1, 0], [0, 0, 1], [1, 0, 0]]
    pred = A([[0.1, 0.6], [0.5, 0.7]])
    assert metric.predict_with_threshold(pred).asnumpy().tolist() == [[False, True], [False, True]]
    above = metric.predict_with_threshold(pred, A([0.05, 0.65]))
    assert above.asnumpy().tolist() == [[True, False], [True, True]]
    with pytest.raises(ValueError, match="wrong type for threshold"):
        metric.predict_with_threshold(pred, [0.5, 0.65])
