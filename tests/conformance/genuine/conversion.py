"""Parameters of networks of the zoo under the names of 1.x, read and written by genuine MXNet 1.9.1.

Arguments: the folder for the result, a folder of files written elsewhere, a folder for files of its own.
`collect_params().load` reads `<model>.params` (names of 1.x) and `<model>-export.params` (with marks). Leaves in
`result.npz` the logits of the networks that loaded them, and of one of its own, which it writes as
`collect_params().save`, `save_params` and `export` do.
"""

import sys
import warnings
from pathlib import Path

import numpy as onp

sys.path.append(str(Path(__file__).parents[2] / "reference"))

import fill_rule

import mxnet as mx
from mxnet.gluon.model_zoo import vision

CLASSES = 10
MODELS = [
    "densenet121",
    "mobilenet0.25",
    "mobilenetv2_0.25",
    "resnet18_v1",
    "resnet18_v2",
    "resnet50_v1",
    "squeezenet1.1",
]


def images():
    return fill_rule.images((1, 3, 224, 224))


def logits(net):
    return net(mx.nd.array(images())).asnumpy()


def filled(model):
    """A network filled by the rule, the second of its kind in this process: its prefix is not the usual one."""
    vision.get_model(model)
    net = vision.get_model(model, classes=CLASSES)
    net.initialize()
    logits(net)
    for name, parameter in net._collect_params_with_prefix().items():
        values = fill_rule.parameter(name, parameter.shape, fill_rule.model_gain(model))
        parameter.set_data(mx.nd.array(values))
    return net


def main():
    result, theirs, own = map(Path, sys.argv[1:])
    found = {}
    for model in MODELS:
        for kind in ("", "-export"):
            with mx.name.NameManager():
                net = vision.get_model(model, classes=CLASSES)
            net.collect_params().load(str(theirs / f"{model}{kind}.params"))
            found[f"read{kind}/{model}"] = logits(net)
        net = filled(model)
        net.collect_params().save(str(own / f"{model}-collected.params"))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            net.save_params(str(own / f"{model}-saved.params"))
        net.hybridize()
        found[f"written/{model}"] = logits(net)
        net.export(str(own / model))
    onp.savez(result / "result.npz", **found)


if __name__ == "__main__":
    main()
