"""Numbers for parameters and images that depend on nothing but their names and shapes.

The scripts that record what genuine MXNet computes and the tests that compare with it both fill networks from
here, so no random generator and no framework stands between the two. Pure NumPy, any version.
"""

import functools
import math
import zlib

import numpy as np

_LENGTH = 1_000_003  # a prime, so that rows of a large weight do not repeat one another


@functools.lru_cache(maxsize=1)
def _noise():
    """Two periods of a fixed sequence of float32 numbers, spread evenly over [-1, 1): an integer hash of 0, 1, 2..."""
    bits = np.arange(_LENGTH, dtype=np.uint32)
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
        bits = (bits ^ (bits >> np.uint32(shift))) * np.uint32(factor)
    bits ^= bits >> np.uint32(16)
    period = (bits.astype(np.float64) / 2**31 - 1).astype(np.float32)
    return np.concatenate([period, period])


def noise(name, shape):
    """Return float32 numbers in [-1, 1) of `shape`; another name starts elsewhere in the sequence."""
    start = zlib.crc32(name.encode()) % _LENGTH
    size = math.prod(shape)
    values = _noise()[start : start + min(size, _LENGTH)]
    return np.resize(values, size).reshape(shape)


def parameter(name, shape, gain=1.0):
    """Return the float32 value of a parameter, by the last part of its structural name.

    Weights keep the size of activations through a ReLU; `gain` scales every BatchNorm and with it each residual
    branch, so that deep residual networks stay in range.
    """
    kind = name.rsplit(".", 1)[-1]
    numbers = noise(name, shape)
    if kind == "weight":
        numbers *= np.float32(math.sqrt(6 / math.prod(shape[1:])))  # in place: VGG has 140 million of them
        return numbers
    if kind == "gamma":
        return np.float32(gain) * (1 + np.float32(0.2) * numbers)
    if kind == "running_var":
        return 1 + np.float32(0.4) * numbers
    return np.float32(0.1) * numbers  # bias, beta, running_mean


_GAINS = {"resnet": 0.7, "mobilenetv2": 0.9}


def model_gain(model):
    """Return the gain that keeps the activations of a zoo model, given by MXNet's name for it, in range."""
    return next((gain for family, gain in _GAINS.items() if model.startswith(family)), 1.0)


def images(shape, name="images"):
    """Return a float32 batch (N, C, H, W): waves whose direction differs by image and channel, with some noise."""
    batch, channels, height, width = shape
    rows, columns = np.mgrid[0:height, 0:width] / 32.0
    picture = np.empty(shape, np.float64)
    for image in range(batch):
        for channel in range(channels):
            phase = (1 + image) * rows + (2 + channel - image) * columns + image + 0.5 * channel
            picture[image, channel] = np.sin(phase)
    return (picture + 0.3 * noise(name, shape)).astype(np.float32)


def state_dict(shapes, gain=1.0):
    """Return float32 values by name for a module of torch, whose state dict has these `shapes` by name."""
    values = {}
    for name, shape in shapes.items():
        path, _, role = name.rpartition(".")
        if f"{path}.running_var" in shapes:  # of BatchNorm, which has a weight of another kind
            role = {"weight": "gamma", "bias": "beta"}.get(role, role)
        values[name] = np.array(parameter(f"{path}.{role}", tuple(shape), gain), np.float32)
    return values
