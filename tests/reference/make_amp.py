"""What MXNet 2.0.0b1's `mx.amp` does: its lists, its loss scaler, and the graphs that `convert_*` make.

Run under genuine 2.0.0b1 from this folder: ``.conformance/2.0.0b1/bin/python tests/reference/make_amp.py``. It writes
``amp.json``. `amp.init` with bfloat16 fails there, and no dense layer runs in float16 on a CPU: the scaler is tried
on a product of arrays, and graphs are only looked at.
"""

import json
import warnings
from pathlib import Path

import numpy as onp
from amp_cases import described, graphs, results

import mxnet as mx
from mxnet import amp, autograd, gluon, np, npx

FILE = Path(__file__).with_name("amp.json")
LISTS = "lp16_ops fp32_ops lp16_fp32_ops widest_type_cast conditional_fp32_ops loss_output_functions".split()


CONVERSIONS = [
    ("softmax", {}),
    ("several", {}),
    ("both", {}),
    ("softmax", {"excluded_sym_names": ["fc"]}),
    ("softmax", {"data_names": ["data"]}),
    ("softmax", {"data_names": ["data"], "cast_optional_params": True}),
    ("shared", {"data_names": ["data"], "cast_optional_params": True}),
    ("softmax", {"cast_optional_params": True}),
    (
        "softmax",
        {"target_dtype_ops": ["FullyConnected"], "fp32_ops": ["Convolution"], "conditional_fp32_ops": []},
    ),
    ("several", {"conditional_fp32_ops": [("Activation", "act_type", ["relu"])]}),
]


class Scaled(gluon.HybridBlock):
    def __init__(self):
        super().__init__()
        self.weight = gluon.Parameter("weight", shape=(1, 2), init="ones")

    def forward(self, x):
        return x * self.weight.data()


def scaling():
    """The loss scale, the trainer's factor, the weight and the gradient through some steps."""
    net = Scaled()
    net.initialize()
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.5, "rescale_grad": 0.5}, kvstore=None)
    amp.init_trainer(trainer)
    scaler = trainer._amp_loss_scaler
    scaler._scale_seq_len = 3
    rows = []
    for spoiled in [None, onp.inf, onp.nan, None, None, None, None, -onp.inf, "unscale", None, None]:
        with autograd.record():
            loss = (net(np.ones((2, 2))) * 1.0).sum()
            with amp.scale_loss(loss, trainer) as scaled:
                autograd.backward(scaled)
        if spoiled == "unscale":
            amp.unscale(trainer)
        elif spoiled is not None:
            net.weight.grad()[0, 1] = spoiled
        factor = trainer._scale
        trainer.step(2)
        row = [float(scaled), factor, net.weight.data().asnumpy().tolist(), trainer.optimizer.num_update]
        rows.append([*row, scaler._next_loss_scale, scaler._unskipped])
    return rows


def loss_output():
    """The gradient that an operator makes itself, with the factor of the loss scale."""
    scores = mx.nd.array([[1, 2, 3], [0, 1, 0]])
    scores.attach_grad()
    with autograd.record():
        probabilities = mx.nd.SoftmaxOutput(scores, mx.nd.array([0, 1]), grad_scale=2)
    probabilities.backward()
    return scores.grad.asnumpy().tolist()


def eager():
    """Types of results of float32 arrays."""
    return {name: str(result.dtype) for name, result in results().items()}


def main():
    npx.set_np()
    converted = [
        [name, keywords, described(amp.convert_symbol(graphs()[name], **keywords))] for name, keywords in CONVERSIONS
    ]
    found = {
        "lists": {name: getattr(amp, f"list_{name}")("float16") for name in LISTS},
        "converted": converted,
    }
    amp.init("float16")
    found |= {"loss_output": loss_output(), "scaling": scaling()}
    found |= {"eager": eager()}  # last: what is queued there fails, so nothing can be computed after it
    FILE.write_text(json.dumps(found, indent=None, sort_keys=True) + "\n")


if __name__ == "__main__":
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        main()
