"""Record what genuine MXNet 2.0.0b1's metrics compute: the value after each of three batches, or the error's type.

    /path/to/genuine-2.0.0b1/bin/python tests/reference/make_metric.py

writes metric.json beside itself. The batches come from the fixed noise of `fill_rule`.
"""

import json
import pathlib

from fill_rule import noise

ROWS = [
    # metric, kind of label and prediction
    ["Accuracy()", "classes"],
    ["Accuracy()", "numbers"],
    ["Accuracy(axis=-1)", "pixels"],
    ["Accuracy()", "column"],
    ["Accuracy()", "pixels"],
    ["Accuracy()", "short"],
    ["TopKAccuracy(top_k=2)", "classes"],
    ["TopKAccuracy(top_k=3)", "classes"],
    ["TopKAccuracy(top_k=2)", "column"],
    ["TopKAccuracy(top_k=2)", "pixels"],
    ["TopKAccuracy(top_k=9)", "classes"],
    ["TopKAccuracy()", "classes"],
    ["BinaryAccuracy()", "binary"],
    ["BinaryAccuracy(threshold=0.3)", "binary"],
    ["BinaryAccuracy()", "labels"],
    ["BinaryAccuracy()", "pairs"],
    ["F1()", "binary"],
    ["F1()", "pairs"],
    ["F1()", "classes"],
    ["F1(threshold=0.3)", "binary"],
    ["F1(average='macro')", "pairs"],
    ["F1(class_type='multiclass')", "classes"],
    ["F1(class_type='multiclass', average='macro')", "classes"],
    ["F1(class_type='multilabel')", "labels"],
    ["F1(class_type='multilabel', average='macro')", "labels"],
    ["F1(class_type='multilabel')", "classes"],
    ["Fbeta(beta=2)", "pairs"],
    ["Fbeta(beta=0.5)", "binary"],
    ["Fbeta(beta=2, class_type='multiclass', average='macro')", "classes"],
    ["MCC()", "pairs"],
    ["MCC()", "binary"],
    ["MCC()", "classes"],
    ["PCC()", "classes"],
    ["PCC()", "pairs"],
    ["PCC()", "numbers"],
    ["MAE()", "values"],
    ["MSE()", "values"],
    ["RMSE()", "values"],
    ["MAE()", "vectors"],
    ["MSE()", "cubes"],
    ["RMSE()", "vectors"],
    ["MAE()", "classes"],
    ["MeanPairwiseDistance()", "values"],
    ["MeanPairwiseDistance()", "vectors"],
    ["MeanPairwiseDistance()", "cubes"],
    ["MeanCosineSimilarity()", "values"],
    ["MeanCosineSimilarity()", "cubes"],
    ["MeanCosineSimilarity(eps=1.0)", "values"],
    ["PearsonCorrelation()", "values"],
    ["PearsonCorrelation()", "vectors"],
    ["PearsonCorrelation()", "classes"],
    ["CrossEntropy()", "classes"],
    ["CrossEntropy(ignore_label=1)", "classes"],
    ["CrossEntropy(eps=0.2)", "classes"],
    ["CrossEntropy(from_logits=True)", "classes"],
    ["CrossEntropy()", "column"],
    ["CrossEntropy()", "short"],
    ["Perplexity()", "classes"],
    ["Perplexity(ignore_label=0)", "classes"],
    ["Perplexity(from_logits=True)", "classes"],
    ["Loss()", "values"],
    ["Torch()", "values"],
    ["CustomMetric(lambda label, pred: float((label - pred).sum()))", "values"],
    ["CustomMetric(lambda label, pred: (float((label - pred).sum()), 5))", "values"],
    ["np(lambda label, pred: float((label * pred).sum()))", "vectors"],
]

CREATED = [
    "acc",
    "accuracy",
    "ce",
    "crossentropy",
    "cross-entropy",
    "top_k_accuracy",
    "topkaccuracy",
    "pearsonr",
    "pearsoncorrelation",
    "composite",
    "torch",
    "custom",
    "loss",
    "mcc",
    "pcc",
    "f1",
    "fbeta",
    "perplexity",
    "mpd",
    "meanpairwisedistance",
    "meancosinesimilarity",
    "binaryaccuracy",
    "mae",
    "mse",
    "rmse",
    "foo",
    None,
    3,
    ["acc", "mae"],
    {"metric": "acc", "axis": 2},
    '{"metric": "acc", "axis": 2}',
    '["acc", {"axis": 2}]',
]


def batch(kind, number):
    """Label and prediction as nested lists."""

    def values(what, *shape):
        return noise(f"{kind}{number}{what}", shape)

    scores = abs(values("scores", 6, 4)) + 0.05
    scores = (scores / scores.sum(1, keepdims=True)).round(4)
    label = values("label", 6).argsort() % 4
    if kind == "classes":
        return label, scores
    if kind == "numbers":
        return label, scores.argmax(1)
    if kind == "column":
        return label.reshape(6, 1), scores
    if kind == "short":
        return label[:4], scores
    if kind == "pixels":
        return label.reshape(2, 3), scores.reshape(2, 3, 4)
    if kind == "binary":
        return label % 2, scores[:, 0] + scores[:, 1]
    if kind == "pairs":
        return label % 2, scores[:, :2]
    if kind == "labels":
        return (values("label", 6, 3) > 0).astype(int), (abs(values("scores", 6, 3)) % 1).round(4)
    shape = {"values": (6, 3), "vectors": (6,), "cubes": (4, 3, 2)}[kind]
    return values("label", *shape).round(4), values("pred", *shape).round(4)


def evaluate(mx, module, expression, kind):
    """The metric's value, and its count, after each batch."""
    steps = []
    try:
        metric = eval(expression, {}, vars(module))
        for number in range(3):
            label, pred = (mx.np.array(part.tolist()) for part in batch(kind, number))
            metric.update([label], [pred])
            steps.append([metric.get()[0], float(metric.get()[1]), float(metric.num_inst)])
        metric.reset()
        return [*steps, str(metric)]
    except Exception as error:
        return type(error).__name__


def configuration(module, what):
    try:
        return module.create(what).get_config()
    except Exception as error:
        return type(error).__name__


if __name__ == "__main__":
    import mxnet

    module = mxnet.gluon.metric
    record = {
        "values": [[*row, evaluate(mxnet, module, *row)] for row in ROWS],
        "created": [[what, configuration(module, what)] for what in CREATED],
    }
    text = ",\n".join(
        f"{json.dumps(key)}: [\n" + ",\n".join(json.dumps(row) for row in rows) + "]" for key, rows in record.items()
    )
    pathlib.Path(__file__).with_name("metric.json").write_text("{\n" + text + "\n}\n")
