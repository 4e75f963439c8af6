"""Record the names that genuine MXNet 1.9.1 gives the parameters of the zoo's networks.

Run from this folder, in an environment of its own (`pip install mxnet==1.9.1 numpy==1.23.5`, Python 3.11):

    python make_v1_names.py

writes `v1_names.json.gz`: by model the network's prefix, and by structural name (as `save_parameters` writes it) the
name that `collect_params().save` writes, without that prefix; and the prefix of a second network of the kind.
"""

import gzip
import json

import mxnet as mx
from mxnet.gluon.model_zoo import model_store, vision


def names(model):
    """The prefix of a new network, and its parameters' names by structural name, in order."""
    net = vision.get_model(model)
    found = {name: parameter.name for name, parameter in net._collect_params_with_prefix().items()}
    assert all(name.startswith(net.prefix) for name in found.values())
    assert list(found.values()) == list(net.collect_params())
    return {"prefix": net.prefix, "names": {name: own[len(net.prefix) :] for name, own in found.items()}}


def main():
    assert mx.__version__ == "1.9.1"
    record = {}
    for model in sorted(model_store._model_sha1):
        with mx.name.NameManager():  # the counters of names begin anew
            first, second = names(model), names(model)
        assert first["names"] == second["names"]
        record[model] = {**first, "second_prefix": second["prefix"]}
    with open("v1_names.json.gz", "wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as file:
        file.write(json.dumps(record).encode())


if __name__ == "__main__":
    main()
