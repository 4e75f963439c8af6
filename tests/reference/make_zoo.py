"""Record what the model zoo of genuine MXNet 2.0.0b1 builds, computes and refuses.

Run from this folder, in an environment of its own (`pip install mxnet==2.0.0b1 numpy==1.23.5`, Python 3.11):

    python make_zoo.py

writes `zoo.json` (summary of each model, smallest inputs, types of errors, checksums), `zoo_parameters.json.gz`
(name, shape and grad_req of every parameter, in order) and `zoo_logits.npz` (every eighth logit for two images).
Parameters and images are filled by `fill_rule.py`; DenseNet too runs under 2.0.0b1: inference works there. Two minutes.
"""

import gzip
import importlib.metadata
import json

import fill_rule
import numpy as np

import mxnet as mx
from mxnet.gluon.model_zoo import model_store, vision

LOGIT_STEP = 8

# One model a family, with the range in which the smallest square input it takes is looked for.
SMALLEST = {
    "alexnet": (1, 80),
    "densenet121": (190, 230),
    "inceptionv3": (260, 299),
    "mobilenet0.25": (1, 40),
    "mobilenetv2_0.25": (1, 40),
    "resnet18_v1": (1, 40),
    "resnet18_v2": (1, 40),
    "resnet50_v1": (1, 40),
    "resnet50_v2": (1, 40),
    "squeezenet1.0": (190, 224),
    "squeezenet1.1": (190, 224),
    "vgg11": (20, 40),
    "vgg11_bn": (20, 40),
}

# Calls that genuine MXNet refuses, or that it is instructive to see it accept.
CALLS = [
    "vision.get_model('foo')",
    "vision.get_model('mobilenet0_25')",
    "vision.get_model('ResNet18_V1')",
    "vision.get_model(18)",
    "vision.get_resnet(3, 18)",
    "vision.get_resnet(0, 18)",
    "vision.get_resnet(1, 19)",
    "vision.get_resnet('1', 18)",
    "vision.get_vgg(12)",
    "vision.get_mobilenet(0.1)",
    "vision.get_mobilenet(0)",
    "vision.get_mobilenet_v2(0.1)",
    "vision.get_mobilenet_v2(0)",
    "vision.get_mobilenet(0.33, pretrained=True)",
    "vision.SqueezeNet('1.2')",
    "vision.SqueezeNet(1.0)",
    "vision.ResNetV1(vision.BasicBlockV1, [2, 2], [64, 64])",
    "vision.ResNetV2(vision.BasicBlockV2, [2, 2], [64, 64])",
    "vision.VGG([1, 1], [64])",
    "vision.alexnet(foo=1)",
    "vision.resnet18_v1(ctx=mx.cpu())",
    "vision.densenet161(num_layers=3)",
    "vision.densenet121(growth_rate=3)",
    "model_store.get_model_file('foo')",
    "model_store.short_hash('foo')",
    "run('resnet18_v1', (3, 224, 224))",
    "run('resnet18_v1', (1, 3, 64, 64), 'int32')",
    "run('resnet18_v1', (1, 3, 64, 64), 'uint8')",
    "run('resnet18_v1', (1, 3, 64, 64), 'float64')",
    "run('resnet18_v1', (1, 3, 64, 64), 'float16')",
    "run('resnet18_v1', (1, 1, 64, 64))",
    "run('resnet18_v1', (1, 3, 64, 64), then=(1, 1, 64, 64))",
    "run('alexnet', (1, 3, 32, 32))",
    "run('vgg11', (1, 3, 31, 64))",
    "run('vgg11', (1, 3, 64, 31))",
    "run('inceptionv3', (1, 3, 224, 224))",
    "run('squeezenet1.1', (1, 3, 64, 64))",
    "run('densenet121', (1, 3, 224, 192))",
]


def run(name, shape, dtype="float32", then=None):
    """Build a model and run zeros through it, and through it again in another shape."""
    net = vision.get_model(name)
    net.initialize()
    for size in filter(None, (shape, then)):
        net(mx.np.zeros(size, dtype=dtype)).wait_to_read()


def outcome(call):
    """Return the type of the error a call raises and that type's bases, by name; or None."""
    try:
        eval(call, {"vision": vision, "model_store": model_store, "mx": mx, "run": run})
    except Exception as error:
        return [base.__name__ for base in type(error).__mro__ if base not in (BaseException, object)]
    return None


def smallest_input(name, low, high):
    """Return the smallest square input a model takes, by trying."""
    while low < high:
        middle = (low + high) // 2
        if outcome(f"run({name!r}, (1, 3, {middle}, {middle}))"):
            low = middle + 1
        else:
            high = middle
    return high


def describe(name):
    """Build a model, fill it by the rule, run two images; return its summary, parameters and logits."""
    size = 299 if name == "inceptionv3" else 224
    net = vision.get_model(name)
    net.initialize()
    images = fill_rule.images((2, 3, size, size))
    net(mx.np.array(images[:1, :, :, :])).wait_to_read()
    rows, count = [], 0
    for key, parameter in net.collect_params().items():
        assert parameter.lr_mult == parameter.wd_mult == 1
        assert np.dtype(parameter.dtype) == np.float32
        rows.append([key, parameter.shape, parameter.grad_req])
        count += int(np.prod(parameter.shape))
        values = fill_rule.parameter(key, parameter.shape, fill_rule.model_gain(name))
        parameter.set_data(mx.np.array(values))
    logits = net(mx.np.array(images)).asnumpy()
    assert np.isfinite(logits).all()
    summary = {
        "input": [2, 3, size, size],
        "parameters": len(rows),
        "elements": count,
        "logit_mean": [float(row.mean()) for row in logits.astype(np.float64)],
        "logit_std": [float(row.std()) for row in logits.astype(np.float64)],
        "argmax": [int(row.argmax()) for row in logits],
    }
    return summary, rows, logits[:, ::LOGIT_STEP]


def main():
    mx.npx.set_np()
    version = importlib.metadata.version("mxnet")
    assert version == "2.0.0b1"
    summaries, parameters, logits = {}, {}, {}
    for name in sorted(model_store._model_sha1):
        summaries[name], parameters[name], logits[name] = describe(name)
        print(name, summaries[name]["logit_std"], flush=True)
    record = {
        "mxnet": version,
        "logit_step": LOGIT_STEP,
        "models": summaries,
        "sha1": dict(sorted(model_store._model_sha1.items())),
        "smallest_input": {name: smallest_input(name, *limits) for name, limits in SMALLEST.items()},
        "calls": {call: outcome(call) for call in CALLS},
    }
    with open("zoo.json", "w") as file:
        json.dump(record, file, indent=1)
        file.write("\n")
    with open("zoo_parameters.json.gz", "wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as file:
        file.write(json.dumps(parameters).encode())
    np.savez_compressed("zoo_logits.npz", **logits)


if __name__ == "__main__":
    main()
