"""Calls of Gluon's users, right and wrong: what they print, or the type of the error they raise.

Runs here and under genuine MXNet 2.0.0b1; `result.json` says what each row of `CALLS` came to. In a row `net(...)` is
a HybridSequential of the given layers, initialized, and `x(2, 3)` an array of ones.
"""

import json
import sys
from pathlib import Path

import mxnet as mx
from mxnet import autograd, gluon
from mxnet.gluon import loss, metric, nn
from mxnet.gluon.model_zoo import vision

PRINTED = [
    "x(2, 2)",
    "x()",
    "mx.np.arange(5, dtype='int64')",
    "mx.cpu(1)",
    "nn.Dense(3)",
    "nn.Dense(3, in_units=2, activation='relu')",
    "nn.Conv2D(4, (3, 1), strides=2, padding=1, groups=2, in_channels=4)",
    "nn.Conv2DTranspose(4, 3, output_padding=0)",
    "nn.BatchNorm(axis=-1)",
    "nn.LayerNorm()",
    "nn.GroupNorm(2)",
    "nn.MaxPool2D(3, 2, ceil_mode=True)",
    "nn.GlobalAvgPool1D()",
    "nn.Embedding(5, 3)",
    "nn.Dropout(0.25)",
    "nn.LeakyReLU(0.1)",
    "nn.Flatten()",
    "net(nn.Dense(2), nn.Activation('tanh'), net(nn.Dense(1)))",
    "net(nn.Dense(2, in_units=3)).collect_params()['0.weight']",
    "sorted(net(nn.Dense(2), nn.BatchNorm()).collect_params('.*gamma|.*bias'))",
    "loss.SoftmaxCrossEntropyLoss()",
    "loss.L2Loss(weight=2, batch_axis=1)",
    "str(metric.Accuracy())",
    "metric.TopKAccuracy(top_k=3).get_config()",
    "mx.init.Xavier(magnitude=2).dumps()",
    "vision.resnet18_v1(thumbnail=True).features[0]",
    "vision.mobilenet_v2_0_25().features[3]",
    "vision.squeezenet1_1().features[3]",
]
REFUSED = [
    "nn.Dense(3)(x(2, 3))",
    "nn.Dense(3).weight.data()",
    "net(nn.Dense(3))(x(2, 3)) and net(nn.Dense(3)).collect_params()['0.weight'].data()",
    "net(nn.Dense(3, in_units=2))(x(2, 3))",
    "net(nn.Conv2D(3, 3))(x(2, 3))",
    "net(nn.Conv2D(3, 9))(x(1, 1, 4, 4))",
    "net(nn.Conv2D(3, 3, layout='NCW'))",
    "net(nn.Dense(2)).add(nn.Sequential())",
    "nn.HybridSequential().register_child(3)",
    "net(nn.Dense(2)).load_parameters('/nowhere/net.params')",
    "net(nn.Dense(2)).save_parameters('/nowhere/net.params')",
    "net(nn.Dense(2, in_units=2)).load_dict({'0.weight': x(2, 2)})",
    "net(nn.Dense(2, in_units=2)).load_dict({'0.weight': x(2, 3), '0.bias': x(2)})",
    "net(nn.Dense(2, in_units=2)).load_dict({'0.weight': x(2, 2), '0.bias': x(2), 'more': x(1)})",
    "net(nn.Dense(2)).share_parameters([1])",
    "net(nn.Dense(2, in_units=2)).collect_params()['0.weight'].set_data(x(3, 3))",
    "net(nn.Dense(2, in_units=2)).collect_params()['0.weight'].grad_req.foo",
    "setattr(net(nn.Dense(2, in_units=2)).collect_params()['0.weight'], 'grad_req', 'sometimes')",
    "gluon.Parameter(shape=(2,)).data()",
    "gluon.Parameter(shape=(2, -1)).initialize()",
    "gluon.Trainer([1], 'sgd')",
    "gluon.Trainer(net(nn.Dense(2)).collect_params(), 'no such optimizer')",
    "gluon.Trainer(net(nn.Dense(2)).collect_params(), 'sgd', {'no such argument': 1})",
    "mx.init.create('no such initializer')",
    "metric.create('no such metric')",
    "metric.TopKAccuracy(top_k=1)",
    "metric.Accuracy().update([x(2)], [x(2), x(2)])",
    "vision.get_model('no such model')",
    "vision.get_vgg(15)",
    "loss.L2Loss()(x(2, 3), x(2, 4))",
    "loss.CTCLoss(layout='XYZ')",
    "gluon.data.DataLoader(gluon.data.ArrayDataset(x(4)))",
    "gluon.data.ArrayDataset(x(4), x(3))",
    "gluon.utils.split_data(x(5, 2), 2)",
    "x(2, 3) + x(3, 2)",
    "mx.np.reshape(x(2, 3), (4, 2))",
    "mx.np.concatenate([x(2, 3), x(2, 4)])",
    "mx.np.dot(x(2, 3), x(2, 3))",
    "mx.npx.pick(x(2, 3))",
    "x(2, 3)[3]",
    "x(2, 3)[0, 0, 0]",
    "bool(x(2, 3))",
    "float(x(2, 3))",
    "len(x())",
    "x(2).backward()",
    "autograd.backward([1])",
    "mx.np.zeros((2, 3), dtype='no such type')",
    "mx.random.seed('a')",
]
CALLS = PRINTED + REFUSED


def net(*layers):
    """An initialized HybridSequential."""
    made = nn.HybridSequential()
    made.add(*layers)
    made.initialize()
    return made


def outcome(call):
    """What a call prints, or the built-in or MXNet's type of its error."""
    names = {"mx": mx, "autograd": autograd, "gluon": gluon, "nn": nn, "loss": loss, "metric": metric}
    names.update(vision=vision, net=net, x=lambda *shape: mx.np.ones(shape))
    try:
        return repr(eval(call, names))
    except Exception as error:
        known = (cls.__name__ for cls in type(error).__mro__ if cls.__module__ in ("builtins", "mxnet.base"))
        return "raises " + next(known)


def main():
    mx.npx.set_np()
    Path(sys.argv[1], "result.json").write_text(json.dumps({call: outcome(call) for call in CALLS}))


if __name__ == "__main__":
    main()
