"""Rectifiers and sums that overwrite an operand: the bits are those without, and nothing is lost that is needed."""

import numpy as onp
import pytest
import torch

from mxnet import autograd, gluon, np, npx
from mxnet.gluon import nn

SHAPE = (2, 3, 5, 6)


class Network(gluon.HybridBlock):
    """A forward pass over a convolution, a normalization and a dense layer."""

    def __init__(self, forward):
        super().__init__()
        self.conv = nn.Conv2D(3, 3, padding=1, in_channels=3)
        self.norm = nn.BatchNorm(in_channels=3)
        self.dense = nn.Dense(6, in_units=6, flatten=False)
        self._forward = forward
        self.initialize()
        for number, parameter in enumerate(self.collect_params().values()):
            values = onp.random.RandomState(number).uniform(0.1, 0.5, parameter.shape)
            parameter.set_data(np.array(values - 0.3 * (len(parameter.shape) > 1), dtype="float32"))

    def forward(self, x):
        return self._forward(self, x)


def returned_too(net, x):
    made = net.conv(x)
    return made, npx.relu(made)


def used_twice(net, x):
    made = net.conv(x)
    return npx.relu(made) * made


def seen_through_a_view(net, x):
    made = net.conv(x)
    return npx.relu(made), made.reshape(2, -1) * 2


def summed_and_used(net, x):
    made = net.conv(x)
    return (made + x) * made


def twice_itself(net, x):
    made = net.conv(x)
    return made + made


# What is written in place, in this order, by the names in the code of the graph.
FORWARD = {
    "convolution": (lambda net, x: npx.relu(net.conv(x)), ["relu_"]),
    "normalization": (lambda net, x: npx.relu(net.norm(net.conv(x))), ["relu_"]),
    "dense layer": (lambda net, x: npx.relu(net.dense(x.reshape(-1, 6))), ["relu_"]),
    "dense layer of images": (lambda net, x: npx.relu(net.dense(x)), []),
    "beside the input": (lambda net, x: net.conv(x) + x, ["add_to_first"]),
    "behind the input": (lambda net, x: x + net.conv(x), ["add_to_second"]),
    "residual": (lambda net, x: npx.relu(net.norm(net.conv(x)) + x), ["add_to_first", "relu_"]),
    "sums": (lambda net, x: net.conv(x) + x + x * x, ["add_to_first", "add_to_first"]),
    "beside what its gradient needs": (lambda net, x: npx.sigmoid(x) + net.conv(x), ["add_to_second"]),
    "what gradients need": (lambda net, x: npx.sigmoid(x) + np.exp(x), []),
    "rectified what its gradient needs": (lambda net, x: npx.relu(np.tanh(x)), []),
    "the input": (lambda net, x: npx.relu(x) + x, []),
    "another shape": (lambda net, x: net.conv(x) + x.mean(axis=(2, 3), keepdims=True), []),
    "returned too": (returned_too, []),
    "used twice": (used_twice, []),
    "seen through a view": (seen_through_a_view, []),
    "summed and used": (summed_and_used, []),
    "twice itself": (twice_itself, []),
}


def code_of(net):
    [plan] = net._graphs._plans.values()
    return plan.compiled[0].source


def outcome(net, x):
    """Outputs, the gradients of two passes back, and the input and the states afterwards."""
    x.attach_grad()
    with autograd.record():
        made = net(x)
        outputs = list(made) if isinstance(made, (list, tuple)) else [made]
        heads = [(each * np.cos(np.arange(each.size)).reshape(each.shape)).sum() for each in outputs]
        total = sum(heads[1:], heads[0])
    found = [*outputs, x]
    found += [parameter.data() for parameter in net.collect_params().values()]
    for retain in (True, False):
        total.backward(retain_graph=retain)
        found += [x.grad.copy()]
        found += [each.grad().copy() for each in net.collect_params().values() if each.grad_req != "null"]
    return [each.asnumpy() for each in found]


@pytest.mark.parametrize("layout", ["channels first", "channels last"])
@pytest.mark.parametrize("name", FORWARD)
def test_bits_are_those_without(name, layout):
    forward, places = FORWARD[name]
    values = onp.random.RandomState(9).standard_normal(SHAPE).astype("float32")
    if layout == "channels last":
        values = onp.ascontiguousarray(values.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    net, twin = Network(forward), Network(forward)
    net.hybridize()
    given = torch.from_numpy(values)
    found, wanted = [outcome(each, np.from_torch(given.clone())) for each in (net, twin)]
    for one, other in zip(found, wanted, strict=True):
        onp.testing.assert_array_equal(one, other)
    code = code_of(net)
    written = [word for word in ("add_to_first", "add_to_second", "relu_") for _ in range(code.count(f"{word}("))]
    assert written == places


def test_gradients_of_gradients():
    def twice(net):
        x = np.array(onp.random.RandomState(9).standard_normal(SHAPE), dtype="float32")
        x.attach_grad()
        with autograd.record():
            made = (npx.relu(net.norm(net.conv(x)) + x) ** 3).sum()
            [slope] = autograd.grad(made, [x], create_graph=True)
            total = (slope**2).sum()
        total.backward()
        return [slope.asnumpy(), x.grad.asnumpy(), net.conv.weight.grad().asnumpy()]

    residual = FORWARD["residual"][0]
    net, twin = Network(residual), Network(residual)
    net.hybridize()
    for one, other in zip(twice(net), twice(twin), strict=True):
        onp.testing.assert_array_equal(one, other)
