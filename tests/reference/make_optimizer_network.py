"""Record ten steps of every optimizer of genuine MXNet 2.0.0b1 on a small convolutional network.

Run from this folder under genuine MXNet 2.0.0b1 (see make_zoo.py for the environment):

    MXNET_ONEDNN_ENABLED=0 python make_optimizer_network.py

writes `optimizer_network.json`, the cases, each with the losses of its steps, and `optimizer_network.npz`, for each
case all parameters and running statistics at its end, as one vector. SGLD is missing: its noise is made of other
numbers there.

Before a BatchNorm there is no bias: its gradient is zero but for rounding, and Adam makes whole steps of that.

Genuine MXNet computes no float16 convolution on a CPU. So in the cases of float16 the weights that the optimizer
updates are float16, with multi_precision, and passes through the network are made in float32 with their values; the
gradients are rounded to float16. The activation is tanh, since rounding would push units of a ReLU across its kink.
"""

import json

import fill_rule
import numpy as np

STEPS = 10
CLASSES = 10
SHAPE = (8, 3, 8, 8)

# optimizer: arguments of its plain case, and what is added to them in the others
OPTIMIZERS = {
    "sgd": ({"learning_rate": 0.1}, {"momentum": 0.9}),
    "nag": ({"learning_rate": 0.1}, {"momentum": 0.8}),
    "adam": ({"learning_rate": 0.01}, {"beta1": 0.8, "beta2": 0.95, "epsilon": 1e-3}),
    "adamw": ({"learning_rate": 0.01}, {"beta1": 0.8, "beta2": 0.95, "epsilon": 1e-3}),
    "adamax": ({"learning_rate": 0.01}, {"beta1": 0.8, "beta2": 0.95}),
    "nadam": ({"learning_rate": 0.01}, {"beta1": 0.8, "beta2": 0.95, "epsilon": 1e-3}),
    "adabelief": ({"learning_rate": 0.01, "epsilon": 1e-3}, {"beta1": 0.8, "beta2": 0.95}),
    "adagrad": ({"learning_rate": 0.05}, {"epsilon": 1e-2}),
    "adadelta": ({"learning_rate": 1.0, "epsilon": 1e-3}, {"rho": 0.8}),
    "rmsprop": ({"learning_rate": 0.01, "epsilon": 1e-3}, {"centered": True, "momentum": 0.7}),
    "ftrl": ({"learning_rate": 0.1}, {"lamda1": 0.01, "beta": 0.5}),
    "ftml": ({"learning_rate": 0.01, "epsilon": 1e-3}, {"beta1": 0.5, "beta2": 0.9}),
    "lamb": ({"learning_rate": 0.01, "epsilon": 1e-3}, {"beta1": 0.8, "beta2": 0.95}),
    "lans": ({"learning_rate": 0.01, "epsilon": 1e-3}, {"beta1": 0.8, "beta2": 0.95}),
    "lars": ({"learning_rate": 0.5, "eta": 0.1}, {"momentum": 0.9}),
    "dcasgd": ({"learning_rate": 0.1}, {"momentum": 0.9, "lamda": 0.5}),
    "signum": ({"learning_rate": 0.001}, {"momentum": 0.5, "wd_lh": 0.01}),
    "test": ({"learning_rate": 0.1}, {}),
}
COMMON = {"wd": 0.01, "clip_gradient": 0.05}
FACTORS = {"lr_mult": {"0.weight": 0.5, "8.bias": 2.0}, "wd_mult": {"4.weight": 0.0, "5.gamma": 3.0}}


def cases():
    """Yield every case."""
    for name, (plain, more) in OPTIMIZERS.items():
        yield {"name": name, "arguments": plain}
        # genuine's class Test knows no clipping
        common = {"wd": 0.01} if name == "test" else COMMON
        yield {"name": name, "arguments": {**plain, **more, **common, "aggregate_num": 3}, "factors": True}
        if name != "test":
            yield {"name": name, "arguments": {**plain, **more, "wd": 0.01, "aggregate_num": 3}, "half": True}


def network(mx):
    """Return the network, its parameters filled by the rule; `mx` is the package to take it from."""
    nn = mx.gluon.nn
    net = nn.HybridSequential()
    net.add(
        nn.Conv2D(6, 3, padding=1, use_bias=False),
        nn.BatchNorm(),
        nn.Activation("tanh"),
        nn.AvgPool2D(),
        nn.Conv2D(8, 3, padding=1, use_bias=False),
        nn.BatchNorm(),
        nn.Activation("tanh"),
        nn.GlobalAvgPool2D(),
        nn.Dense(CLASSES),
    )
    net.initialize()
    net(mx.np.array(fill_rule.images(SHAPE)))
    for name, parameter in net.collect_params().items():
        parameter.set_data(mx.np.array(fill_rule.parameter(name, parameter.shape)))
    return net


def losses_of(mx, net, step):
    """Go forward and backward with the images of a step; return the losses."""
    labels = mx.np.array(np.arange(SHAPE[0]) * 7 % CLASSES, dtype="int32")
    batch = mx.np.array(fill_rule.images(SHAPE, f"step {step}"))
    with mx.autograd.record():
        losses = mx.gluon.loss.SoftmaxCrossEntropyLoss()(net(batch), labels)
    losses.backward()
    return losses


def train(mx, case, hybridize=False):
    """Return the mean losses of the steps of a case, and all parameters at the end as a vector."""
    net = network(mx)
    net.hybridize(hybridize)
    params = net.collect_params()
    for factor, values in FACTORS.items() if case.get("factors") else ():
        for name, value in values.items():
            setattr(params[name], factor, value)
    if case.get("half"):
        return train_half(mx, net, case)
    trainer = mx.gluon.Trainer(params, case["name"], dict(case["arguments"]), kvstore=None)
    means = []
    for step in range(STEPS):
        means.append(float(losses_of(mx, net, step).asnumpy().mean()))
        trainer.step(SHAPE[0])
    return means, vector([parameter.data() for parameter in params.values()])


def train_half(mx, net, case):
    """Train with weights of float16 that the network computes with in float32."""
    trained = [parameter for parameter in net.collect_params().values() if parameter.grad_req != "null"]
    weights = [parameter.data().astype("float16") for parameter in trained]
    arguments = {**case["arguments"], "rescale_grad": 1 / SHAPE[0], "multi_precision": True}
    optimizer = mx.optimizer.create(case["name"], param_dict=dict(enumerate(trained)), **arguments)
    updater = mx.optimizer.get_updater(optimizer)
    means = []
    for step in range(STEPS):
        for parameter, weight in zip(trained, weights, strict=True):
            parameter.set_data(weight.astype("float32"))
        means.append(float(losses_of(mx, net, step).asnumpy().mean()))
        grads = [parameter.grad().astype("float16") for parameter in trained]
        updater(list(range(len(weights))), grads, weights)
    return means, vector(weights)


def vector(arrays):
    return np.concatenate([array.asnumpy().astype(np.float32).ravel() for array in arrays])


def main():
    import mxnet

    mxnet.npx.set_np()
    recorded, vectors = [], {}
    for number, case in enumerate(cases()):
        losses, vectors[str(number)] = train(mxnet, case)
        recorded.append({**case, "losses": [float(f"{loss:.9g}") for loss in losses]})
    np.savez_compressed("optimizer_network.npz", **vectors)
    with open("optimizer_network.json", "w") as file:
        file.write("[\n" + ",\n".join(map(json.dumps, recorded)) + "\n]\n")


if __name__ == "__main__":
    main()
