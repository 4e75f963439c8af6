"""Record what the losses of genuine MXNet 2.0.0b1 compute, and their gradients.

Run from this folder, in an environment of its own (`pip install mxnet==2.0.0b1 numpy==1.23.5`, Python 3.11):

    MXNET_ONEDNN_ENABLED=0 python make_loss.py

writes `loss.json`: for each case its representation, the loss of each sample and the gradients of the first inputs. The
tests import `CASES` and `outcome` from here.
"""

import json

import fill_rule
import numpy as np

N = (4, 3)
WEIGHT = ("positive", (4, 1))

# (constructor, inputs, how many of them get gradients); an input is a kind of numbers and a shape, or None
CASES = [
    ("L2Loss()", [("real", N), ("real", N)], 2),
    ("L2Loss(weight=0.7)", [("real", N), ("real", (3, 4)), WEIGHT], 1),
    ("L2Loss(batch_axis=1)", [("real", (4, 3, 2)), ("real", (4, 3, 2))], 1),
    ("L2Loss()", [("real", (5,)), ("real", (5,))], 1),
    ("L1Loss()", [("real", N), ("real", N)], 2),
    ("L1Loss(weight=0.7, batch_axis=1)", [("real", N), ("real", N), WEIGHT], 1),
    ("L1Loss(batch_axis=-1)", [("real", N), ("real", N)], 1),
    ("SigmoidBinaryCrossEntropyLoss()", [("wide", N), ("binary", N)], 2),
    ("SigmoidBinaryCrossEntropyLoss()", [("wide", N), ("unit", N), WEIGHT, ("positive", (1, 3))], 1),
    ("SigmoidBCELoss(from_sigmoid=True)", [("unit", N), ("binary", N)], 1),
    ("SigmoidBCELoss(from_sigmoid=True, weight=2)", [("unit", N), ("unit", N), WEIGHT, ("positive", (1, 3))], 1),
    ("SoftmaxCrossEntropyLoss()", [("wide", (4, 5)), ("class", (4,))], 1),
    ("SoftmaxCrossEntropyLoss()", [("wide", (4, 5)), ("class", (4, 1)), WEIGHT], 1),
    ("SoftmaxCELoss(axis=1, weight=0.5)", [("wide", (2, 5, 3, 2)), ("class", (2, 3, 2))], 1),
    ("SoftmaxCELoss(sparse_label=False)", [("wide", (4, 5)), ("unit", (4, 5))], 2),
    ("SoftmaxCELoss(from_logits=True)", [("real", (4, 5)), ("class", (4,))], 1),
    ("SoftmaxCELoss(sparse_label=False, from_logits=True, axis=0, batch_axis=1)", [("real", N), ("unit", N)], 1),
    ("KLDivLoss()", [("real", N), ("unit", N)], 2),
    ("KLDivLoss(from_logits=False, weight=3)", [("wide", N), ("unit", N), WEIGHT], 1),
    ("KLDivLoss(from_logits=False, axis=0, batch_axis=1)", [("wide", N), ("binary", N)], 1),
    ("HuberLoss()", [("wide", N), ("real", N)], 2),
    ("HuberLoss(rho=0.4, weight=2)", [("real", N), ("real", N), WEIGHT], 1),
    ("HingeLoss()", [("wide", N), ("sign", N)], 1),
    ("HingeLoss(margin=0.5, weight=2)", [("real", N), ("sign", N), WEIGHT], 1),
    ("SquaredHingeLoss()", [("wide", N), ("sign", N)], 1),
    ("SquaredHingeLoss(margin=0.5, weight=2)", [("real", N), ("sign", N), WEIGHT], 1),
    ("LogisticLoss()", [("wide", N), ("sign", N)], 1),
    ("LogisticLoss(label_format='binary', weight=2)", [("wide", N), ("binary", N), WEIGHT], 1),
    ("TripletLoss()", [("real", N), ("real", N), ("real", N)], 3),
    ("TripletLoss(margin=0.2, weight=2)", [("real", N), ("real", N), ("real", N), ("positive", (4,))], 1),
    ("PoissonNLLLoss()", [("real", N), ("count", N)], 1),
    ("PoissonNLLLoss(from_logits=False, weight=2)", [("positive", N), ("count", N), WEIGHT], 1),
    ("PoissonNLLLoss(compute_full=True)", [("real", N), ("count", N)], 1),
    ("CosineEmbeddingLoss()", [("real", (4, 6)), ("real", (4, 6)), ("sign", (4,))], 2),
    ("CosineEmbeddingLoss(margin=0.1, weight=2)", [("real", (4, 6)), ("real", (4, 6)), ("sign", (4,)), WEIGHT], 2),
    ("SDMLLoss()", [("real", (4, 6)), ("real", (4, 6))], 2),
    ("SDMLLoss(smoothing_parameter=0.1, weight=5)", [("real", (3, 6)), ("real", (3, 6))], 2),
    ("CTCLoss()", [("wide", (2, 7, 5)), ("padded", (2, 4))], 1),
    ("CTCLoss(layout='TNC', label_layout='TN', weight=2)", [("wide", (7, 2, 5)), ("class", (4, 2))], 1),
    ("CTCLoss()", [("wide", (2, 7, 5)), ("class", (2, 3)), ("steps", (2,)), ("labels", (2,)), ("positive", (2,))], 1),
    ("CTCLoss()", [("wide", (2, 7, 5)), ("class", (2, 3)), None, ("labels", (2,))], 1),
]


def numbers(kind, shape, name):
    """Return numbers of a kind, in an array of a shape; another name gives others."""
    noise = fill_rule.noise(name, shape)
    if kind == "padded":  # labels of sequences, shorter and shorter, ended by -1
        labels = np.floor((noise + 1) * 2)
        for row in range(shape[0]):
            labels[row, shape[1] - 1 - row :] = -1
        return labels
    return {
        "real": noise,
        "wide": 4 * noise,
        "unit": (noise + 1) / 2,
        "positive": noise + 1.5,
        "binary": (noise > 0).astype(np.float32),
        "sign": np.where(noise > 0, 1, -1).astype(np.float32),
        "class": np.floor((noise + 1) * 2),
        "count": 1 + np.floor((noise + 1) * 3),
        "steps": np.array([7, 5], np.float32),
        "labels": np.array([3, 2], np.float32),
    }[kind]


def outcome(mx, case):
    """Return representation, losses and gradients of a case; `mx` is the package that computes them."""
    constructor, inputs, differentiable = case
    block = eval(f"loss.{constructor}", {"loss": mx.gluon.loss})
    arrays = [item and mx.np.array(numbers(*item, name=f"input{n}")) for n, item in enumerate(inputs)]
    for array in arrays[:differentiable]:
        array.attach_grad()
    with mx.autograd.record():
        losses = block(*arrays)
        # Weights that differ by sample, so that a gradient that lands in another row is noticed.
        total = (losses * mx.np.arange(1, losses.size + 1).reshape(losses.shape)).sum()
    total.backward()
    return {
        "repr": repr(block),
        "losses": losses.asnumpy().tolist(),
        "gradients": [array.grad.asnumpy().tolist() for array in arrays[:differentiable]],
    }


def main():
    import mxnet

    with open("loss.json", "w") as file:
        file.write("[\n" + ",\n".join(json.dumps(outcome(mxnet, case)) for case in CASES) + "\n]\n")


if __name__ == "__main__":
    main()
