"""One of several processes that predict together: ``python predict_in_processes.py <file for what it found>``."""

import json
import os
import sys

import numpy as onp
import torch

import mxnet as mx
from mxnet.gluon import Block
from mxnet.gluon.data import ArrayDataset, DataLoader, Dataset
from mxnet.gluon.nn import Dense


class Counted(Dataset):
    """Samples and labels, and which of them were read."""

    def __init__(self, samples):
        self.samples = samples
        self.read = []

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, index):
        self.read.append(index)
        return self.samples[index], index


class Nested(Block):
    def forward(self, x):
        return {"twice": (2 * x, None), "positive": [x > 0]}


class ChannelsLast(Block):
    def forward(self, x):
        out = (x.as_torch() * 1j).reshape(-1, 3, 1, 1).expand(-1, 3, 2, 2)
        return mx.np.from_torch(out.contiguous(memory_format=torch.channels_last))


class FailsInOne(Block):
    def forward(self, x):
        if os.environ["RANK"] == "1":
            raise KeyError("this one")
        return x


def error_of(predict, *args, **options):
    try:
        predict(*args, **options)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return None


def found():
    """What `predict` gives, by name."""
    x = onp.arange(51, dtype="float32").reshape(17, 3) - 20
    net = Dense(4)
    net.initialize(mx.init.One())
    dataset, loaded = Counted(x), Counted(x)
    nested = Nested().predict(x[:3], batch_size=3)
    slices = (x[start : start + 5] for start in range(0, 17, 5))
    return {
        "dataset": net.predict(dataset, batch_size=4, num_workers=2).tolist(),
        "read": sorted(dataset.read),
        "loader": net.predict(DataLoader(loaded, batch_size=4)).tolist(),
        "read by loader": sorted(loaded.read),
        "array": net.predict(x, batch_size=4).tolist(),
        "iterable": net.predict(slices).tolist(),
        "one batch": net.predict(x[:2]).tolist(),
        "own": [len(batch) for batch in net.predict_batches(x, batch_size=4)],
        "nested": [nested["twice"][0].tolist(), nested["twice"][1], nested["positive"][0].tolist()],
        "types": [type(nested["twice"]).__name__, type(nested["positive"]).__name__, str(nested["positive"][0].dtype)],
        "channels last": ChannelsLast().predict(x, batch_size=4).as_torch().imag.tolist(),
        "empty": error_of(net.predict, x[:0]),
        "failure": error_of(FailsInOne().predict, x, batch_size=4),
        "shuffled": error_of(net.predict, DataLoader(ArrayDataset(x), batch_size=4, shuffle=True)),
        "after errors": net.predict(x, batch_size=4).tolist(),
    }


if __name__ == "__main__":
    with open(sys.argv[1], "w") as file:
        json.dump(found(), file)
