"""Recording, backward passes, modes and `Function`; numbers and error types as genuine MXNet 2.0.0b1 gives them."""

import gc
import threading
import weakref
from typing import Any, NamedTuple

import numpy as onp
import pytest
import torch

import mxnet as mx
from mxnet import autograd as ag
from mxnet import np, npx
from mxnet.ndarray._gradients import _holders


def leaf(values: Any, grad_req: str = "write", dtype: str = "float32") -> Any:
    array = np.array(values, dtype=dtype)
    array.attach_grad(grad_req)
    return array


def modes() -> tuple[bool, bool]:
    return ag.is_recording(), ag.is_training()


def test_modes() -> None:
    assert modes() == (False, False)
    with ag.record():
        assert modes() == (True, True)
    with ag.record(train_mode=False):
        assert modes() == (True, False)
        with ag.train_mode():
            assert modes() == (True, True)
        with ag.pause(train_mode=True):
            assert modes() == (False, True)
        with ag.predict_mode():
            assert modes() == (True, False)
    assert modes() == (False, False)
    assert (ag.set_recording(True), ag.is_recording(), ag.set_recording(False)) == (False, True, True)
    assert (ag.set_training(True), ag.is_training(), ag.set_training(False)) == (False, True, True)


def test_modes_after_an_error_and_of_one_scope_entered_twice() -> None:
    with pytest.raises(ZeroDivisionError), ag.record():
        raise ZeroDivisionError
    assert modes() == (False, False)
    scope = ag.record()
    with scope, scope:
        assert modes() == (True, True)
    assert modes() == (False, False)


def test_modes_belong_to_a_thread() -> None:
    x, seen = leaf([1.0, 2.0]), []

    def other() -> None:
        seen.append(modes())
        y = leaf([3.0])
        with ag.record(train_mode=False):
            seen.append(modes())
            z = y * y
        z.backward()
        seen.append(y.grad.item())

    with ag.record():
        y = x * x
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        assert modes() == (True, True)
        y = y * 2
    y.backward()
    assert seen == [(False, False), (True, False), 6.0] and x.grad.tolist() == [4, 8]


@pytest.mark.parametrize("enabled", [True, False])
def test_grad_mode_of_torch_is_left_alone(enabled: bool) -> None:
    x = leaf([1.0, 2.0])
    with torch.set_grad_enabled(enabled):
        plain = x * 2
        assert torch.is_grad_enabled() is enabled and not plain.as_torch().requires_grad
        with ag.record():
            y = (x * x).sum()
            with ag.pause():
                assert not (x * x).as_torch().requires_grad
        assert torch.is_grad_enabled() is enabled
        y.backward()
        assert torch.is_grad_enabled() is enabled
    assert x.grad.tolist() == [2, 4]
    weight = torch.ones(2, requires_grad=True)
    with ag.record():
        pass
    assert (weight * 2).requires_grad and weight.grad is None


def test_write_and_add() -> None:
    for request, expected in (("write", [2, 4]), ("add", [4, 8])):
        x = leaf([1.0, 2.0], request)
        for _ in range(2):
            with ag.record():
                y = (x * x).sum()
            y.backward()
        assert x.grad.tolist() == expected


def test_null_asks_for_no_gradient() -> None:
    x, w = leaf([1.0, 2.0], "null"), leaf([3.0, 4.0])
    with ag.record():
        y = (x * w).sum()
    y.backward()
    assert x.grad.tolist() == [0, 0] and w.grad.tolist() == [1, 2]
    with ag.record():
        z = x * 2
    with pytest.raises(mx.MXNetError, match="attach_grad"):
        z.backward()


def test_buffer_persists() -> None:
    x = leaf([1.0, 2.0])
    buffer = x.grad
    with ag.record():
        y = (x * x).sum()
    y.backward()
    assert buffer is x.grad and buffer.tolist() == [2, 4]
    buffer[:] = 7
    (found,) = ag.grad(_recorded(lambda: x * 3), x)
    assert found.tolist() == [3, 3] and x.grad.tolist() == [7, 7]
    x.drop_grad()
    assert x.grad is None


def _recorded(function: Any) -> Any:
    with ag.record():
        return function()


def test_graph_is_kept_on_request() -> None:
    x = leaf([1.0, 2.0])
    y = _recorded(lambda: (x * x).sum())
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.tolist() == [2, 4]
    with pytest.raises(mx.MXNetError, match="retain_graph"):
        y.backward()


def test_several_heads_and_head_gradients() -> None:
    x = leaf([1.0, 2.0])
    with ag.record():
        first, second = x * 2, x * x
    ag.backward([first, second], [np.array([1.0, 10.0]), None])
    assert x.grad.tolist() == [4, 24]


def test_head_gradients_that_do_not_fit() -> None:
    x = leaf([1.0, 2.0])
    y = _recorded(lambda: x * 2)
    with pytest.raises(AssertionError, match="1 vs. 2"):
        ag.backward([y], [None, None])
    with pytest.raises(mx.MXNetError, match=r"\(3,\)"):
        y.backward(np.ones(3))
    y.backward(np.array([1, 2], dtype="int32"))
    assert x.grad.tolist() == [2, 4]


def test_second_and_third_order() -> None:
    x = leaf([2.0])
    with ag.record():
        (first,) = ag.grad(x**4, x, create_graph=True)
        (second,) = ag.grad(first, x, create_graph=True)
    second.backward()
    assert (first.item(), second.item(), x.grad.item()) == (32, 48, 48)


def test_gradient_penalty() -> None:
    x, w = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    with ag.record():
        (slope,) = ag.grad((w * x * x).sum(), x, create_graph=True, retain_graph=True)
        penalty = (slope * slope).sum()
    penalty.backward()
    # slope = 2wx, penalty = 4w²x²
    assert w.grad.tolist() == [24, 128] and x.grad.tolist() == [72, 256]


def test_gradient_in_the_middle_of_a_graph() -> None:
    x = leaf([1.0, 2.0])
    with ag.record():
        y = x * 2
        y.attach_grad()
        z = (y * y).sum()
    z.backward()
    assert y.grad.tolist() == [4, 8] and x.grad.tolist() == [8, 16]
    with ag.record():
        y = x * 2
        z = (y * y).sum()
    (found,) = ag.grad(z, [y])
    assert found.tolist() == [4, 8]


def test_what_has_no_graph() -> None:
    x, w = leaf([1.0]), leaf([1.0])
    with pytest.raises(mx.MXNetError, match="record"):
        (x * 2).backward()
    with pytest.raises(mx.MXNetError, match="1-th"):
        ag.grad(_recorded(lambda: x * 2), [x, w])
    with pytest.raises(mx.MXNetError, match="0-th"):
        ag.grad(_recorded(lambda: x * 2), [np.ones(1)])
    with pytest.raises(AssertionError):
        ag.grad(_recorded(lambda: x * 2), [])
    x.drop_grad()
    with pytest.raises(mx.MXNetError):
        _recorded(lambda: x * 2).backward()


@pytest.mark.parametrize("change", ["x += 1", "y += 1", "x[:] = 1", "y[0] = 1", "np.add(y, 1, out=y)", "z.copyto(x)"])
def test_nothing_in_the_graph_is_written_to_while_recording(change: str) -> None:
    x = leaf([1.0, 2.0])
    with ag.record():
        y = x * 2
        scope = {"x": x, "y": y, "z": np.zeros(2), "np": np}
        with pytest.raises(mx.MXNetError, match="computational graph"):
            exec(change, scope)
        z = y * y
    z.backward()
    assert x.tolist() == [1, 2] and x.grad.tolist() == [8, 16]


def test_recording_into_an_array_outside_of_the_graph() -> None:
    x, target = leaf([1.0, 2.0]), np.zeros(2)
    with ag.record():
        target[:] = x * 2
        total = target * 3
    total.backward()
    assert x.grad.tolist() == [6, 6]


def test_a_value_overwritten_after_its_use_is_noticed() -> None:
    x = leaf([1.0, 2.0])
    y = _recorded(lambda: x * x)
    x[:] = 5
    with pytest.raises(mx.MXNetError, match="written to after"):
        y.backward()


def test_pause_and_detach_stop_gradients() -> None:
    x = leaf([1.0, 2.0])
    with ag.record():
        y = x * x
        with ag.pause():
            constant = y * 3
        total = y + constant + y.detach() * 5
    total.backward()
    assert x.grad.tolist() == [2, 4]


def test_state_carried_from_one_recording_to_the_next() -> None:
    w, state, found = leaf([2.0]), np.array([1.0]), []
    for _ in range(3):
        with ag.record():
            state = state * w
            loss = state * 1
        loss.backward()
        found.append(w.grad.item())
    assert found == [1, 2, 4]


def test_two_networks_against_each_other() -> None:
    critic, maker, noise = leaf([3.0]), leaf([2.0]), np.array([1.0])
    with ag.record():
        made = maker * noise
        loss = critic * made.detach()
    loss.backward()
    assert (critic.grad.item(), maker.grad.item()) == (2, 0)
    with ag.record():
        loss = critic * made
    loss.backward()
    assert (critic.grad.item(), maker.grad.item()) == (2, 3)


def test_marked_variables() -> None:
    x, gradient = np.array([1.0, 2.0]), np.zeros(2)
    ag.mark_variables([x], [gradient], "add")
    for _ in range(2):
        _recorded(lambda: x * x).backward()
    assert gradient.tolist() == [4, 8] and x.grad is gradient


def test_marking_wrongly() -> None:
    x = np.ones(2)
    with pytest.raises(ValueError, match="1 variables, 2 gradients"):
        ag.mark_variables([x], [np.ones(2), np.ones(2)])
    with pytest.raises(ValueError, match="shape"):
        ag.mark_variables(x, np.ones(3))
    with pytest.raises(KeyError, match="some"):
        ag.mark_variables(x, np.ones(2), "some")
    with pytest.raises(KeyError, match="some"):
        x.attach_grad("some")
    assert x.grad is None


class Both(ag.Function):
    """The product and the sum, with a gradient that is wrong on purpose: ten times the second's."""

    def forward(self, x: Any, y: Any) -> Any:
        assert not ag.is_recording()
        self.save_for_backward(x, y)
        return x * y, x + y

    def backward(self, product: Any, total: Any) -> Any:
        x, y = self.saved_tensors
        return product * y + total, product * x + 10 * total


def test_function_with_several_inputs_and_outputs() -> None:
    x, y = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    with ag.record():
        product, total = Both()(x, y)
        loss = (product + total).sum()
    loss.backward()
    assert x.grad.tolist() == [4, 5] and y.grad.tolist() == [11, 12]
    assert [value.tolist() for value in Both()(x, y)] == [[3, 8], [4, 6]]


class Results(NamedTuple):
    product: Any
    total: Any


def test_function_with_outputs_that_have_names() -> None:
    class Named(Both):
        def forward(self, x: Any, y: Any) -> Any:
            return Results(*super().forward(x, y))

    x, y = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    with ag.record():
        results = Named()(x, y)
        loss = results.total.sum()
    assert type(results) is Results
    loss.backward()
    assert y.grad.tolist() == [10, 10]


def test_function_with_one_output_inside_a_graph() -> None:
    class Sigmoid(ag.Function):
        def forward(self, x: Any) -> Any:
            y = 1 / (1 + np.exp(-x))
            self.save_for_backward(y)
            return y

        def backward(self, dy: Any) -> Any:
            (y,) = self.saved_tensors
            return dy * y * (1 - y)

    x = leaf([0.3, -1.2])
    _recorded(lambda: Sigmoid()(x * 2) * 3).backward()
    s = 1 / (1 + onp.exp(-2 * x.asnumpy()))
    onp.testing.assert_allclose(x.grad.asnumpy(), 6 * s * (1 - s), rtol=1e-5)


def test_function_that_is_not_finished() -> None:
    class Wrong(ag.Function):
        def forward(self, x: Any, y: Any) -> Any:
            return x * y

        def backward(self, dy: Any) -> Any:
            return dy

    x = leaf([1.0])
    y = _recorded(lambda: Wrong()(x, x))
    with pytest.raises(mx.MXNetError, match="2 expected, 1 returned"):
        y.backward()
    with pytest.raises(NotImplementedError, match="Function"):
        ag.Function()(x)


BLOCKED = {
    "stop_gradient": lambda x, w: (npx.stop_gradient(x) * w).sum(),
    "stop_gradient further up": lambda x, w: (npx.stop_gradient(x * x + 1) * w * 2).sum(),
    "comparison": lambda x, w: ((x > 1.5).astype("float32") * w).sum(),
    "index": lambda x, w: npx.pick(w.reshape(1, 2), np.argmax(x).reshape(1)).sum(),
    "zeros_like": lambda x, w: (np.zeros_like(x) * w).sum(),
    "part of an index": lambda x, w: (np.argsort(x)[0:1].astype("float32") * w).sum(),
    "one of several results": lambda x, w: (npx.topk(x, k=1, ret_typ="both")[1] * w).sum(),
}


@pytest.mark.parametrize("request_", ["write", "add"])
@pytest.mark.parametrize("function", BLOCKED.values(), ids=BLOCKED)
def test_zeros_beyond_operators_without_a_derivative(function: Any, request_: str) -> None:
    x, w = leaf([1.0, 2.0], request_), leaf([3.0, 4.0])
    x.grad[:] = 7
    _recorded(lambda: function(x, w)).backward()
    assert x.grad.tolist() == ([0, 0] if request_ == "write" else [7, 7])
    assert x._mark.fresh and w._mark.fresh
    assert ag.grad(_recorded(lambda: function(x, w)), [x])[0].tolist() == [0, 0]


def test_heads_without_any_derivative() -> None:
    x, w = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    x.grad[:] = w.grad[:] = 7
    with ag.record():
        heads = [(w * 2).sum(), x > 1]
    ag.backward(heads)
    assert (x.grad.tolist(), w.grad.tolist()) == ([0, 0], [2, 2])
    x.grad[:] = 7
    _recorded(lambda: np.argmax(x * 2)).backward()
    assert x.grad.tolist() == [0, 0]
    with pytest.raises(mx.MXNetError, match="record"):
        _recorded(lambda: x > 1).detach().backward()
    with pytest.raises(mx.MXNetError, match="empty"):
        ag.backward([])


def test_a_derivative_beside_the_path_without_one() -> None:
    x, w = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    with ag.record():
        y = (npx.stop_gradient(x * x) * x * w).sum()
    y.backward(retain_graph=True)
    assert (x.grad.tolist(), w.grad.tolist()) == ([3, 16], [1, 8])
    x.grad[:] = 7
    y.backward()
    assert x.grad.tolist() == [3, 16]


def test_dead_ends_do_not_outlive_a_backward_pass() -> None:
    x, state = leaf([1.0, 2.0]), np.zeros(2)
    for _ in range(3):
        with ag.record():
            state = npx.stop_gradient(state * x) + x * 0.1
            positive = state > 0
            head = (state * positive.astype("float32")).sum()
        head.backward()
        assert head._dead_ends is None
        assert len(state._dead_ends) == 1 and len(positive._dead_ends) == 2


def test_gradients_share_no_memory() -> None:
    x, w = leaf([[1.0, 2.0, 3.0]]), leaf([[1.0], [2.0], [3.0]])
    for _ in range(2):  # torch gives both leaves views of one gradient
        _recorded(lambda: (x.reshape(3) + w.reshape(3)) * 2).backward()
        x.grad[:] = 7
        assert w.grad.reshape(-1).tolist() == [2, 2, 2]
    held, addresses = [], len(_holders)
    for _ in range(5):
        _recorded(lambda: x * 2).backward()
        held.append(x.grad.as_torch())  # so that the next one lies elsewhere
    assert len(_holders) <= addresses + 1
    first, second = ag.grad(_recorded(lambda: (x + w.T) * 2), [x, w])
    first[:] = 7
    assert second.reshape(-1).tolist() == [2, 2, 2]
    given = np.ones(3)
    _recorded(lambda: x.reshape(3)).backward(given)
    x.grad[:] = 7
    assert given.tolist() == [1, 1, 1]


def test_a_gradient_takes_memory_when_it_is_there() -> None:
    x = leaf([1.0, 2.0])
    assert x._mark.gradient is None
    held = x.grad
    assert held is x.grad and held.tolist() == [0, 0]
    _recorded(lambda: x * 3).backward()
    assert held is x.grad and held.tolist() == [3, 3]
    summed = leaf([1.0, 2.0], "add")
    for expected in (3, 6):
        _recorded(lambda: summed * 3).backward()
        assert summed.grad.tolist() == [expected, expected]


def test_gradients_through_copies_types_and_indices() -> None:
    x = leaf([[1.0, 2.0], [3.0, 4.0]])
    with ag.record():
        y = x.copy()[0] * x.as_in_ctx(mx.cpu(1))[1, 0] + x[np.array([1, 1], dtype="int32"), 1]
        z = y.astype("float64") * 3
    z.backward()
    assert x.grad.tolist() == [[9, 9], [9, 6]] and x.grad.dtype == "float32"


def test_attaching_again_forgets_what_was_recorded() -> None:
    x = leaf([1.0])
    y = _recorded(lambda: x * 2)
    x.attach_grad()
    y.backward()
    assert x.grad.item() == 0


def test_backward_while_recording() -> None:
    x = leaf([1.0])
    with ag.record():
        y = x * 2
        y.backward()
        assert modes() == (True, True)
    assert x.grad.item() == 2


def test_arrays_with_gradients_are_freed() -> None:
    x = leaf([1.0, 2.0])
    with ag.record():
        y = (x * x).sum()
    y.backward()
    kept = x.grad
    memory = [weakref.ref(tensor) for tensor in (x._data, x._mark.leaf)]
    del x, y
    gc.collect()
    assert [tensor() for tensor in memory] == [None, None]
    assert kept.tolist() == [2, 4]
