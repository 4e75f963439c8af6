"""`mx.np` has the names that genuine MXNet has, and no others by accident."""

import inspect
import operator as op

import numpy as onp
import pytest
from references import REFERENCE

import mxnet as mx

# NumPy took these away in 1.20; genuine MXNet raises a RuntimeError that says so.
GONE = set("mirr npv pmt ppmt pv rate".split())
OURS = set("from_torch nanmean newaxis bfloat16".split())
MODULES = set("linalg random".split())


def _sections() -> tuple[set[str], set[str]]:
    text = (REFERENCE / "numpy_names.txt").read_text().split("\n", 1)[1]
    functions, attributes = text.split("\n\n")
    return set(functions.split()), {name.lstrip(".") for name in attributes.split()}


def test_functions_and_values() -> None:
    names, _ = _sections()
    assert {name for name in names if not hasattr(mx.np, name)} == GONE
    assert set(mx.np.__all__) - names == OURS | MODULES
    assert names - set(mx.np.__all__) == GONE


@pytest.mark.parametrize("name", sorted(set(mx.np.__all__) - MODULES))
def test_functions_tell_what_they_do(name: str) -> None:
    value = getattr(mx.np, name)
    if callable(value) and not isinstance(value, type):
        assert inspect.getdoc(value)
        assert inspect.signature(value)


@pytest.mark.parametrize(
    "name",
    # What works on an array of genuine MXNet; its other names raise AttributeError there.
    (
        "T all any argmax argmin argsort as_in_context as_in_ctx as_nd_ndarray as_np_ndarray asnumpy astype "
        "attach_grad backward broadcast_like broadcast_to clip context copy copyto ctx cumsum detach device "
        "diagonal dot drop_grad dtype flatten grad item mT max mean min ndim nonzero prod repeat reshape "
        "reshape_view round shape size sort squeeze std stype sum swapaxes take tile to_device to_dlpack_for_read "
        "to_dlpack_for_write tolist tostype transpose var wait_to_read writable"
    ).split(),
)
def test_attributes_of_arrays(name: str) -> None:
    assert name in _sections()[1]
    assert hasattr(mx.np.ones((2, 2)), name)


def test_types_and_constants() -> None:
    np = mx.np
    assert (np.float32, np.int8, np.bool_) == ("float32", "int8", "bool")
    assert str(np.pi)[:6] == "3.1415" and np.isnan(np.nan) and np.isinf(np.NINF) and np.newaxis is None
    assert [len(kinds) for kinds in (np.integer_dtypes, np.floating_dtypes, np.boolean_dtypes)] == [8, 3, 1]
    assert np.finfo("float16").eps == 0.0009765625 and np.iinfo(np.int8).max == 127
    assert np.result_type(np.ones(1, dtype="int64"), "float16") == np.float16
    assert np.promote_types("int32", "float32") == "float64"
    assert np.can_cast("int8", "int32") and not np.can_cast(np.float64, np.ones(1))
    with pytest.raises(ValueError, match="at least one"):
        np.result_type()
    with pytest.raises(ValueError, match="1.5"):
        np.result_type(1.5)
    with pytest.raises(TypeError):
        np.finfo("int32")


# Every one of these raises AttributeError in genuine MXNet 2.0.0b1; the methods it has are in numpy_names.txt.
METHODS_OF_1X = (
    "abs arccos arccosh arcsin arcsinh arctan arctanh argmax_channel broadcast_axes cbrt ceil cos cosh degrees "
    "depth_to_space diag exp expand_dims expm1 fix flip floor log log10 log1p log2 log_sigmoid log_softmax mish "
    "nanprod nansum norm one_hot ones_like pad pick radians rcbrt reciprocal relu reshape_like rint rsqrt shape_array "
    "sigmoid sign sin sinh size_array slice slice_axis slice_like softmax softmin space_to_depth split sqrt square tan "
    "tanh topk trunc zeros_like split_v2"
).split()


@pytest.mark.parametrize("name", METHODS_OF_1X)
def test_methods_of_1x_are_not_inherited(name: str) -> None:
    with pytest.raises(AttributeError, match=f"has no method '{name}'.*call (mx.npx?.{name}|x.as_nd_ndarray)"):
        getattr(mx.np.ones((2, 2)), name)()
    assert hasattr(mx.nd.NDArray, name)


@pytest.mark.parametrize("operation", ["add", "sub", "mul", "truediv", "mod", "pow", "eq", "lt", "ge"])
def test_arrays_of_both_faces_meet_as_numpys(operation: str) -> None:
    np_array, nd_array = mx.np.array([1.0, 2.0]), mx.nd.array([3.0, 2.0])
    function = getattr(op, operation)
    for left, right in ((np_array, nd_array), (nd_array, np_array)):
        result = function(left, right)
        assert type(result) is mx.np.ndarray
        onp.testing.assert_allclose(result.asnumpy(), function(left.asnumpy(), right.asnumpy()))
