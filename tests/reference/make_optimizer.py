"""Record what the optimizers of genuine MXNet 2.0.0b1 make of fixed weights and gradients.

Run from this folder under genuine MXNet 2.0.0b1 (see make_zoo.py for the environment):

    python make_optimizer.py

writes `optimizer.json`, the arguments of every optimizer with their defaults, and the cases (optimizer, arguments, type
of the weights, factors by parameter, names, and which weight and which gradient are zeros), and `optimizer.npz`, for
each case the weights and states after `STEPS` updates of three parameters, one after the other in one vector. Numbers
come from `fill_rule.py`; the tests import `weights` and `gradients` from here.
"""

import inspect
import json

import fill_rule
import numpy as np

STEPS = 6
SHAPES = [(3, 4), (5,), (2, 3, 2, 2)]

OPTIONS = [
    {},
    {"learning_rate": 0.05, "wd": 0.3},
    {"learning_rate": 0.05, "wd": 0.3, "rescale_grad": 0.25, "clip_gradient": 0.4},
]
OPTIMIZERS = {
    "sgd": [{}, {"momentum": 0.9}],
    "nag": [{}, {"momentum": 0.0}],
    "adam": [{}, {"beta1": 0.8, "beta2": 0.95, "epsilon": 0.01}],
    "adamw": [{}, {"beta1": 0.8, "beta2": 0.95, "epsilon": 0.01}, {"correct_bias": False}],
    "adagrad": [{}, {"epsilon": 0.1}],
    "adadelta": [{}, {"rho": 0.8, "epsilon": 0.01}],
    "rmsprop": [{}, {"rho": 0.8, "clip_weights": 0.7}, {"centered": True, "momentum": 0.7, "epsilon": 0.01}],
    "test": [{}],
    "adamax": [{}, {"beta1": 0.8, "beta2": 0.95, "epsilon": 0.01}],
    "nadam": [{}, {"beta1": 0.8, "beta2": 0.95, "epsilon": 0.01, "schedule_decay": 0.5}],
    "adabelief": [{}, {"correct_bias": False}, {"beta1": 0.8, "beta2": 0.95, "epsilon": 0.01}],
    "ftrl": [{}, {"lamda1": 0.5, "beta": 0.3}],
    "ftml": [{}, {"beta1": 0.8, "beta2": 0.95, "epsilon": 0.01}],
    "lamb": [
        {},
        {"beta1": 0.8, "beta2": 0.95, "epsilon": 0.01, "bias_correction": False},
        {"lower_bound": 1.5, "upper_bound": 2.0},
    ],
    "lans": [{}, {"beta1": 0.8, "beta2": 0.95, "epsilon": 0.01}, {"lower_bound": 1.5, "upper_bound": 2.0}],
    "lars": [{}, {"momentum": 0.9, "eta": 0.1, "epsilon": 0.5}],
    "dcasgd": [{}, {"momentum": 0.9, "lamda": 0.5}],
    "signum": [{}, {"momentum": 0.0}, {"momentum": 0.0, "wd_lh": 0.2}, {"momentum": 0.5, "wd_lh": 0.2}],
}
MIXES_TYPES = {"adamw", "adagrad", "adadelta", "rmsprop", "adabelief", "ftrl", "lamb", "lans"}
SCHEDULE = ["MultiFactorScheduler", {"step": [2, 4], "factor": 0.5, "base_lr": 0.05, "warmup_steps": 2}]
NAMES = ["first", "second", "third"]
FACTORS = {"lr_mult": {"first": 0.5, 1: 2.0}, "wd_mult": {"second": 0.0, 2: 3.0}}


def weights(case):
    """Return the initial weights of a case."""
    made = [fill_rule.noise(f"weight{n}", shape).astype(case["dtype"]) for n, shape in enumerate(SHAPES)]
    return [value * (n != case.get("zero_weight")) for n, value in enumerate(made)]


def gradients(case, step):
    """Return the gradients of a step."""
    made = [2 * fill_rule.noise(f"grad{step}.{n}", s).astype(case["dtype"]) for n, s in enumerate(SHAPES)]
    return [value * (n != case.get("zero_gradient")) for n, value in enumerate(made)]


def cases():
    """Yield every case."""
    for name, variants in OPTIMIZERS.items():
        for variant in variants:
            for options in OPTIONS:
                yield {"name": name, "arguments": {**variant, **options}, "dtype": "float32"}
        schedule = {"learning_rate": 0.05, "lr_scheduler": SCHEDULE}
        yield {"name": name, "arguments": {"wd": 0.2, **variants[-1], **schedule}, "dtype": "float32"}
        arguments = {"learning_rate": 0.05, "wd": 0.2, "begin_num_update": 3, **variants[-1]}
        yield {"name": name, "arguments": arguments, "dtype": "float32", "factors": True}
    for name, arguments in [
        ("sgd", {"momentum": 0.9}),
        ("sgd", {}),
        ("nag", {}),
        ("adam", {}),
        ("adamw", {}),
        ("adagrad", {}),
        ("adadelta", {"epsilon": 0.01}),
        ("rmsprop", {}),
        ("adamax", {}),
        ("nadam", {}),
        ("adabelief", {}),
        ("ftrl", {}),
        ("ftml", {}),
        ("lamb", {}),
        ("lans", {}),
        ("lars", {"momentum": 0.9, "eta": 0.1}),
        ("dcasgd", {"momentum": 0.9}),
        ("signum", {}),
    ]:
        arguments = {"learning_rate": 0.05, "wd": 0.2, **arguments}
        yield {"name": name, "arguments": {**arguments, "multi_precision": True}, "dtype": "float16"}
        if name not in MIXES_TYPES and name != "signum":  # refused there; and rounding would change signs
            yield {"name": name, "arguments": {**arguments, "multi_precision": False}, "dtype": "float16"}
    for name, arguments, zeros in [
        ("lamb", {}, {"zero_weight": 1, "zero_gradient": 2}),
        ("lamb", {"wd": 0.2, "lower_bound": 0.5}, {"zero_weight": 1, "zero_gradient": 2}),
        ("lans", {"wd": 0.2}, {"zero_weight": 1}),  # of a gradient of zeros it makes NaN
        ("lars", {"wd": 0.2, "eta": 0.1}, {"zero_weight": 1, "zero_gradient": 2}),
    ]:
        yield {"name": name, "arguments": {"learning_rate": 0.05, **arguments}, "dtype": "float32", **zeros}
    arguments = {"learning_rate": 0.05, "wd": 0.2, "momentum": 0.9, "eta": 0.1}
    for names in (["a.gamma", "bn_beta", "weight"], ["bias", "gammas", "beta.running"]):
        yield {"name": "lars", "arguments": arguments, "dtype": "float32", "names": names}


def make(mx, case):
    """Return the optimizer of a case; `mx` is the package to take it from."""
    arguments = dict(case["arguments"])
    if "lr_scheduler" in arguments:
        name, options = arguments["lr_scheduler"]
        arguments["lr_scheduler"] = getattr(mx.lr_scheduler, name)(**options)
    names = dict(enumerate(case.get("names", NAMES)))
    optimizer = mx.optimizer.create(case["name"], param_idx2name=names, **arguments)
    if case.get("factors"):
        optimizer.set_lr_mult(FACTORS["lr_mult"])
        optimizer.set_wd_mult(FACTORS["wd_mult"])
    return optimizer


def signature(optimizer):
    """Return the constructor's arguments in their order, each with its default."""
    parameters = inspect.signature(type(optimizer)).parameters.values()
    return [[one.name, one.default] for one in parameters if one.kind is not one.VAR_KEYWORD]


def flat(state):
    """Return the arrays of a state, one after the other, as float32 vectors."""
    if state is None:
        return []
    if isinstance(state, (tuple, list)):
        return [vector for part in state for vector in flat(part)]
    return [state.asnumpy().astype(np.float32).ravel()]


def outcome(mx, case):
    """Return weights and states after all steps of a case, as one vector each."""
    updater = mx.optimizer.get_updater(make(mx, case))
    arrays = [mx.np.array(value, dtype=case["dtype"]) for value in weights(case)]
    for step in range(STEPS):
        for n, gradient in enumerate(gradients(case, step)):
            updater(n, mx.np.array(gradient, dtype=case["dtype"]), arrays[n])
    states = [vector for n in range(len(arrays)) for vector in flat(updater.states[n])]
    return np.concatenate([vector for array in arrays for vector in flat(array)]), np.concatenate(
        [*states, np.zeros(0, np.float32)]
    )


def main():
    import mxnet

    everything = list(cases())
    arrays = {}
    for number, case in enumerate(everything):
        arrays[f"{number}.weights"], arrays[f"{number}.states"] = outcome(mxnet, case)
    np.savez_compressed("optimizer.npz", **arrays)
    made = {name: mxnet.optimizer.create(name) for name in [*OPTIMIZERS, "sgld"] if name != "test"}
    signatures = {name: signature(optimizer) for name, optimizer in made.items()}
    aggregates = {name: optimizer.aggregate_num for name, optimizer in made.items()}
    with open("optimizer.json", "w") as file:
        file.write(f'{{"signatures": {json.dumps(signatures)},\n"aggregate_num": {json.dumps(aggregates)},\n')
        file.write('"cases": [\n' + ",\n".join(map(json.dumps, everything)) + "\n]}\n")


if __name__ == "__main__":
    main()
