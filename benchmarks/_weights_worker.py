"""One measurement of `weights.py`: build a network, load a file into it, read every number once.

    python benchmarks/_weights_worker.py mxnet vgg16 net.params

Prints a JSON list: seconds until the network is loaded, until every number was read, and the megabytes that the
process took for it at most. Runs under genuine MXNet as well; of this repository it imports `torch_zoo`, for torch.
"""

import json
import sys
import time

# Nothing here may be imported before it is known which library is measured.


def mxnet(model, path):
    import mxnet as mx
    from mxnet.gluon.model_zoo import vision

    if mx.__version__.startswith("2"):
        mx.npx.set_np()

    def load():
        net = vision.get_model(model)
        net.load_parameters(path)
        mx.nd.waitall()
        return net

    def read(net):
        for parameter in net.collect_params().values():
            parameter.data().sum().wait_to_read()

    return load, read


def torch_load(model, path):
    import torch

    return _into_module(model, lambda: torch.load(path, weights_only=True), False)


def torch_mapped(model, path):
    import torch

    return _into_module(model, lambda: torch.load(path, weights_only=True, mmap=True), True)


def safetensors_load(model, path):
    from safetensors.torch import load_file

    return _into_module(model, lambda: load_file(path), False)


def safetensors_mapped(model, path):
    from safetensors.torch import load_file

    return _into_module(model, lambda: load_file(path), True)


def _into_module(model, load_state, assign):
    """Load into a plain module; to assign, it is built without memory of its own."""
    import contextlib

    import torch
    from torch_zoo import NETWORKS, vgg16

    build = (NETWORKS | {"vgg16": vgg16})[model]

    def load():
        with torch.device("meta") if assign else contextlib.nullcontext():
            net = build()
        net.load_state_dict(load_state(), assign=assign)
        return net

    def read(net):
        for tensor in net.state_dict().values():
            tensor.sum()

    return load, read


def memory(field):
    """Megabytes: ``VmRSS`` is what the process has, ``VmHWM`` the most it has had."""
    with open("/proc/self/status") as status:
        (line,) = [line for line in status if line.startswith(field)]
    return int(line.split()[1]) / 1024


def main():
    way, model, path = sys.argv[1:]
    load, read = globals()[way](model, path)
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")  # the most it has had is counted anew
    before = memory("VmRSS")
    start = time.perf_counter()
    net = load()
    loaded = time.perf_counter() - start
    read(net)
    finished = time.perf_counter() - start
    print(json.dumps([loaded, finished, memory("VmHWM") - before]))


if __name__ == "__main__":
    main()
