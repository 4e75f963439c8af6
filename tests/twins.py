"""Runs a block twice, as it is written and hybridized, and compares everything that a user can see of the two."""

import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as onp

import mxnet as mx
from mxnet import autograd
from mxnet.gluon import Block, HybridBlock
from mxnet.ndarray._array import Array

__all__ = ["Written", "compare", "forward_frames", "noise", "observe", "values"]

# What is done with a block in turn: whether the call is recorded, and whether it trains.
PASSES = [(False, False), (True, True), (True, True), (True, False), (False, False), (False, True)]


class Written(HybridBlock):
    """A block whose forward is ``forward(self, *inputs)``, a function, with children by name."""

    def __init__(self, forward: Callable[..., Any], **children: Any) -> None:
        super().__init__()
        self._function = forward
        for name, child in children.items():
            setattr(self, name, child)

    def forward(self, *inputs: Any) -> Any:
        return self._function(self, *inputs)


def noise(*shape: int, dtype: str = "float32", seed: int = 0) -> Any:
    """An array of normal numbers."""
    return mx.np.array(onp.random.RandomState(seed).normal(size=shape)).astype(dtype)


def compare(make: Callable[[], Block], *inputs: Any, graph: bool = True, passes: Any = PASSES, **options: Any) -> Block:
    """Assert that a block shows the same, bit by bit, as it is written and hybridized; returns the hybridized one.

    Parameters
    ----------
    make : callable
        ``make()`` returns a new block.
    *inputs : array, nested arrays or other arguments
        Floating-point arrays get gradients.
    graph : bool, default True
        Whether the block can be a graph: whether calls after the first are to leave its Python alone.
    passes : list of (bool, bool)
        For each call whether it is recorded and whether it trains.
    **options
        Of `observe`.
    """
    written, hybridized = make(), make()
    hybridized.hybridize()
    expected = observe(written, inputs, passes, **options)
    found = observe(hybridized, inputs, passes, **options)
    for number, (one, other) in enumerate(zip(found, expected, strict=True)):
        assert one.keys() == other.keys()
        for key in other:
            assert_same(one[key], other[key], f"pass {number} {passes[number]}: {key}")
    for recorded, training in dict.fromkeys(passes):
        with autograd._Scope(recorded, training):
            assert (forward_frames(hybridized, *inputs) == 0) is graph
    return hybridized


def observe(
    net: Block,
    inputs: tuple[Any, ...],
    passes: Any = PASSES,
    seed: int = 7,
    request: str = "write",
    init: Any = None,
    before: Callable[[Block], None] = lambda net: None,
) -> list[dict[str, Any]]:
    """What calls of a block show: outputs, gradients, parameters, and what the random generator draws next."""
    mx.random.seed(seed)
    net.initialize(init or mx.init.Normal(0.5))
    before(net)
    return [_observe_pass(net, inputs, recorded, training, request) for recorded, training in passes]


def _observe_pass(net: Block, inputs: Any, recorded: bool, training: bool, request: str) -> dict[str, Any]:
    marked = [array for array in arrays_in(inputs) if array._data.is_floating_point()]
    for array in marked:
        array.attach_grad(request)
        array.grad[...] = 3
    with autograd._Scope(recorded, training):
        out = net(*inputs)
    outputs = list(arrays_in(out))
    seen = {"structure": structure_of(out), "outputs": values(outputs), "device": [array.device for array in outputs]}
    parameters = {name: param for name, param in net.collect_params().items() if param._replicas is not None}
    if recorded:
        for param in parameters.values():
            if param.grad_req != "null":
                param.grad()[...] = 3
        numbered = {number: array for number, array in enumerate(outputs) if _is_recorded(array)}
        seen["recorded"] = list(numbered)
        if numbered:
            gradients = [_head_gradient(array, number) for number, array in numbered.items()]
            autograd.backward(list(numbered.values()), gradients)
            seen["input gradients"] = values([array.grad for array in marked])
            for name, param in parameters.items():
                if param.grad_req != "null":
                    seen[f"gradient of {name}"] = values([param.grad()])
    for name, param in parameters.items():
        seen[name] = values([param.data()])
    seen["inputs"] = values(arrays_in(inputs))
    seen["next draw"] = mx.np.random.uniform().item()
    return seen


def _is_recorded(array: Array) -> bool:
    """Whether `backward` takes an array."""
    try:
        autograd._roots([array], None)
    except mx.MXNetError:
        return False
    return True


def _head_gradient(array: Array, number: int) -> Any:
    values = onp.cos(onp.arange(array.size) + number).reshape(array.shape)
    return type(array)(mx.np.array(values).astype(array.dtype))


def arrays_in(value: Any) -> Iterator[Array]:
    """The arrays of a nested value, in order."""
    if isinstance(value, Array):
        yield value
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from arrays_in(item)
    elif isinstance(value, dict):
        yield from arrays_in(list(value.values()))


def structure_of(value: Any) -> Any:
    """A nested value with the class of each array in its place."""
    if isinstance(value, Array):
        return type(value)
    if isinstance(value, (list, tuple)):
        return type(value), [structure_of(item) for item in value]
    if isinstance(value, dict):
        return type(value), {key: structure_of(item) for key, item in value.items()}
    return value


def values(arrays: Any) -> list[tuple[str, onp.ndarray]]:
    return [(str(array.dtype), array.asnumpy()) for array in arrays]


def assert_same(found: Any, expected: Any, where: str) -> None:
    """Assert that two observations are equal, bit by bit."""
    if not (isinstance(expected, list) and expected and isinstance(expected[0], tuple)):
        assert found == expected, where
        return
    assert len(found) == len(expected), where
    for (dtype, one), (other_dtype, other) in zip(found, expected, strict=True):
        assert dtype == other_dtype, where
        onp.testing.assert_array_equal(one, other, err_msg=where, strict=True)


def forward_frames(net: Block, *inputs: Any) -> int:
    """How often a call enters the Python `forward` of any block of a network."""
    codes = set()
    net.apply(lambda block: codes.add(type(block).forward.__code__))
    frames = 0

    def count(frame: Any, event: str, _: Any) -> None:
        nonlocal frames
        frames += event == "call" and frame.f_code in codes

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        net(*inputs)
    finally:
        sys.setprofile(before)
    return frames
