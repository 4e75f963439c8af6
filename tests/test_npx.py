"""`mx.npx` besides its operators: switches, files, exchange with other libraries, loops."""

import inspect
from pathlib import Path

import numpy as onp
import pytest
import torch

import mxnet as mx
from mxnet import np, npx


@pytest.fixture
def restored_switches():
    yield
    npx.set_np()


def test_all_names_are_there_and_documented() -> None:
    for name in npx.__all__:
        value = getattr(npx, name)
        assert inspect.ismodule(value) or inspect.getdoc(value), name


def test_generated_functions_have_the_operators_signature() -> None:
    parameters = list(inspect.signature(npx.sequence_mask).parameters)
    assert parameters == ["data", "sequence_length", "use_sequence_length", "value", "axis", "out", "name"]
    assert inspect.signature(npx.smooth_l1).parameters["scalar"].default == 1.0


def test_generated_functions_take_attributes_by_place_out_and_name() -> None:
    out = np.zeros(2)
    found = npx.smooth_l1(np.array([3.0, 0.1]), 2.0, out=out, name="loss")
    assert found is out
    onp.testing.assert_allclose(out.asnumpy(), [2.875, 0.02], rtol=1e-6)


@pytest.mark.parametrize(
    "call",
    [
        lambda: npx.relu([1, 2]),
        lambda: npx.relu(),
        lambda: npx.relu(np.ones(2), 1, 2),
        lambda: npx.relu(np.ones(2), data=np.ones(2)),
        lambda: npx.relu(np.ones(2), slope=1),
    ],
)
def test_generated_functions_refuse_other_arguments(call) -> None:
    with pytest.raises(TypeError, match="relu"):
        call()


@pytest.mark.parametrize("call", [lambda: npx.softmax([1.0]), lambda: npx.pick(np.ones((2, 2)), [0, 1])])
def test_functions_written_by_hand_take_arrays(call) -> None:
    with pytest.raises(TypeError, match="must be an array, not list"):
        call()


def test_switches_say_what_was_asked_for(restored_switches) -> None:
    assert npx.is_np_array() and npx.is_np_shape() and not npx.is_np_default_dtype()
    npx.reset_np()
    assert not npx.is_np_array() and not npx.is_np_shape()
    npx.set_np()
    assert npx.is_np_array() and mx.util.is_np_shape()
    with mx.util.np_array(False):
        assert not npx.is_np_array()
    assert npx.is_np_array()
    with pytest.raises(ValueError, match="shape"):
        npx.set_np(shape=False)


def test_default_type_switches(restored_switches) -> None:
    npx.set_np(dtype=True)
    assert npx.is_np_default_dtype()
    made = [np.array([1, 2]), np.zeros(2), np.ones(2), np.eye(2), np.linspace(0, 1, 3), np.random.uniform(size=2)]
    assert {str(array.dtype) for array in made} == {"float64"}
    assert np.arange(3).dtype == np.full((2,), 1).dtype == onp.int64
    with mx.util.np_default_dtype(False):
        assert np.zeros(2).dtype == onp.float32
    npx.set_np()
    assert np.array([1.0]).dtype == onp.float32


def test_use_np_hands_back_what_it_gets() -> None:
    @mx.util.use_np
    class Block:
        pass

    assert isinstance(Block(), Block)


def test_files_round_trip_and_numpy_reads_them(tmp_path: Path) -> None:
    one, many = tmp_path / "one", tmp_path / "many"
    values = np.random.normal(size=(2, 3))
    npx.save(one, values)
    npx.savez(many, values, y=np.zeros((0, 2)))
    onp.testing.assert_array_equal(npx.load(one).asnumpy(), values.asnumpy())
    loaded = npx.load(many)
    assert list(loaded) == ["arr_0", "y"] and type(loaded["y"]) is np.ndarray and loaded["y"].shape == (0, 2)
    with onp.load(many) as archive:
        onp.testing.assert_array_equal(archive["arr_0"], values.asnumpy())


@pytest.mark.parametrize(
    "call",
    [
        lambda path: npx.save(path, [np.ones(2)]),
        lambda path: npx.savez(path, [np.ones(2)]),
        lambda path: npx.savez(path, np.ones(2), arr_0=np.ones(2)),
    ],
)
def test_saving_something_else_is_refused_and_writes_nothing(tmp_path: Path, call) -> None:
    with pytest.raises(ValueError):
        call(tmp_path / "file")
    assert not list(tmp_path.iterdir())


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(mx.MXNetError, match="absent"):
        npx.load(tmp_path / "absent")


def test_from_numpy_shares_memory_and_locks_it() -> None:
    values = onp.zeros((2, 2), "float32")
    array = npx.from_numpy(values)
    array[0, 0] = 5
    assert values[0, 0] == 5 and not values.flags.writeable
    copied = npx.from_numpy(onp.ones((2, 3)).T, zero_copy=False)
    assert copied.shape == (3, 2) and copied.dtype == onp.float64
    with pytest.raises(ValueError, match="contiguous"):
        npx.from_numpy(onp.ones((2, 3)).T)
    with pytest.raises(TypeError, match="list"):
        npx.from_numpy([1])


def test_dlpack_shares_memory() -> None:
    array = np.zeros(3)
    tensor = torch.from_dlpack(npx.to_dlpack_for_write(array))
    tensor[1] = 4
    back = npx.from_dlpack(npx.to_dlpack_for_read(array))
    assert back.asnumpy().tolist() == [0, 4, 0]
    assert npx.from_dlpack(tensor).asnumpy().tolist() == [0, 4, 0]


def test_foreach_stacks_outputs_and_carries_gradients() -> None:
    data = np.array([1.0, 2, 3]).reshape(3, 1)
    data.attach_grad()
    with mx.autograd.record():
        outputs, states = npx.foreach(lambda x, s: (x * s[0], [s[0] + x]), data, [np.ones(1)])
        total = outputs.sum()
    total.backward()
    assert outputs.asnumpy().ravel().tolist() == [1, 4, 12]
    assert states[0].asnumpy().tolist() == [7]
    assert data.grad.asnumpy().ravel().tolist() == [6, 5, 4]


def test_while_loop_fills_up_and_stops() -> None:
    step = (lambda i, s: i <= 3), (lambda i, s: ([i + s], [i + 1, s + i]))
    outputs, (i, s) = npx.while_loop(*step, (np.array([0.0]), np.array([1.0])), max_iterations=6)
    assert outputs[0].asnumpy().ravel().tolist() == [1, 2, 4, 7, 0, 0]
    assert (i.item(), s.item()) == (4, 7)
    outputs, variables = npx.while_loop(*step, (np.array([9.0]), np.array([1.0])), max_iterations=6)
    assert outputs == [] and len(variables) == 2
    with pytest.raises(ValueError, match="max_iterations"):
        npx.while_loop(*step, (np.array([0.0]), np.array([1.0])))


def test_cond_runs_one_branch() -> None:
    branches = (lambda a: a < 5), (lambda a: a + 1), (lambda a: a - 1)
    assert npx.cond(*branches, np.array([1.0])).item() == 2
    assert npx.cond(*branches, [np.array([7.0])]).item() == 6
