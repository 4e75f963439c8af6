"""What genuine MXNet's parameter servers make of the gradients of two workers: writes `distributed.json` beside it.

    .conformance/2.0.0b1/bin/python tests/reference/make_distributed.py

For each case it starts a scheduler, a server and two workers on this machine, processes that run this file too.
"""

import json
import os
import socket
import subprocess
import sys

WORKERS = 2
STEPS = 3
OPTIMIZERS = {
    "sgd": {"learning_rate": 0.1, "momentum": 0.9, "wd": 0.1},
    "adam": {"learning_rate": 0.1, "wd": 0.1},
}
CASES = ["store", "2bit", *[f"{name} {on}" for name in OPTIMIZERS for on in ("on the store", "apart")]]


def gradient(rank, step):
    return [[0.5 + rank, -1.0 * step], [0.25 * (rank + 1), 2.0]]


def stored(mx, store):
    """What is in a store of two workers after each call, and its description."""
    out = mx.np.zeros((2, 2))

    def value():
        store.pull(1, out=out)
        return out.asnumpy().tolist()

    store.init(1, mx.np.ones((2, 2)) * (1 + store.rank))
    found = {"type": store.type, "num_workers": store.num_workers, "init": value()}
    store.push(1, mx.np.array(gradient(store.rank, 1)))
    found["push"] = value()
    store.pushpull(1, mx.np.array(gradient(store.rank, 2)), out=out)
    found["pushpull"] = out.asnumpy().tolist()
    return found


def compressed(mx, store):
    """What is in a store after each of some pushes in two bits a number.

    Genuine's is that of two devices of one process: over workers, what a push lacks is not added to the next.
    """
    genuine = hasattr(mx.gluon.Trainer, "_init_params")
    if genuine:
        store = mx.kv.create("device")
    store.set_gradient_compression({"type": "2bit", "threshold": 0.5})
    out = mx.np.zeros(6)
    store.init(1, out)
    given = [[0.3, 0.6, -0.7, 0.5, -0.5, 2.0], [0.1, -0.2, 0.2, 0.1, -0.1, -1.3]]
    arrays = [mx.np.array(numbers, device=mx.cpu(number)) for number, numbers in enumerate(given)]
    values = []
    for _ in range(STEPS):
        store.push(1, arrays if genuine else arrays[store.rank])
        store.pull(1, out=out)
        values.append(out.asnumpy().tolist())
    return values


def trained(mx, store, name, on_store):
    """A weight after each of some steps; the workers begin with different ones."""
    weight = mx.gluon.Parameter("weight", shape=(2, 2))
    weight.initialize(mx.init.Constant(1.0 + store.rank))
    trainer = mx.gluon.Trainer([weight], name, OPTIMIZERS[name], kvstore=store, update_on_kvstore=on_store)
    if not on_store and hasattr(trainer, "_init_params"):
        # Genuine's first step goes on before worker 0 has its weight back, and overwrites it.
        trainer._init_kvstore()
        trainer._init_params()
        mx.npx.waitall()
        store._barrier()
    values = []
    for step in range(1, 1 + STEPS):
        with mx.autograd.record():
            loss = (weight.data() * mx.np.array(gradient(store.rank, step))).sum()
        loss.backward()
        trainer.step(4)
        values.append(weight.data().asnumpy().tolist())
    return values


def found_in(mx, case):
    """What this worker finds."""
    store = mx.kv.create("dist_sync")
    if case == "store":
        return stored(mx, store)
    if case == "2bit":
        return compressed(mx, store)
    name, _, where = case.partition(" ")
    return trained(mx, store, name, where == "on the store")


def play(role, case):
    import mxnet as mx  # the import is the server's, and the scheduler's, whole life

    if role == "worker":
        mx.npx.set_np()
        print(json.dumps(found_in(mx, case)), flush=True)


def run(case):
    """What both workers find."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    shared = {
        "DMLC_PS_ROOT_URI": "127.0.0.1",
        "DMLC_PS_ROOT_PORT": str(port),
        "DMLC_NUM_SERVER": "1",
        "DMLC_NUM_WORKER": str(WORKERS),
        "DMLC_INTERFACE": "lo",
        "DMLC_NODE_HOST": "127.0.0.1",
    }
    started = [
        subprocess.Popen(
            [sys.executable, os.path.abspath(__file__), case],
            env={**os.environ, **shared, "DMLC_ROLE": role},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        for role in ["scheduler", "server", *["worker"] * WORKERS]
    ]
    try:
        outputs = [process.communicate(timeout=100)[0].decode() for process in started]
    finally:
        for process in started:
            process.kill()
    found = [json.loads(output) for output in outputs if output.strip()]
    if found[1:] != found[:1]:
        raise RuntimeError(f"{case}: the workers differ: {found}")
    return found[0]


def main():
    found = {case: run(case) for case in CASES}
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "distributed.json"), "w") as file:
        json.dump(found, file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        play(os.environ["DMLC_ROLE"], sys.argv[1])
    else:
        main()
