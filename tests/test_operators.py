"""What holds for the bodies of all operators: they know torch only, run without values, and compile."""

import ast
from pathlib import Path
from typing import Any

import numpy as onp
import pytest
import torch
from expression_table import operator
from references import load

import mxnet as mx
from mxnet import np, npx
from mxnet.base import DynamicShape, MXNetError
from mxnet.operators import CATALOGUE, find

TABLES = (
    "detection.json",
    "legacy.json",
    "linalg.json",
    "neural.json",
    "numpy.json",
    "numpy_shape.json",
    "retired.json",
)

Call = tuple[tuple[Any, ...], dict[str, Any], Any]


def tensors(result: Any) -> list[torch.Tensor]:
    return [result] if isinstance(result, torch.Tensor) else list(result)


@pytest.fixture(scope="module")
def recorded_calls() -> dict[str, list[Call]]:
    """Inputs, attributes and result of up to eight calls of each operator, from genuine MXNet's expressions."""
    from expressions import evaluate

    calls: dict[str, list[Call]] = {}

    def spy(name: str, body: Any) -> Any:
        def run(*inputs: Any, **attributes: Any) -> Any:
            given = [value.clone() if isinstance(value, torch.Tensor) else value for value in inputs]
            result = body(*inputs, **attributes)
            if len(calls.setdefault(name, [])) < 8:
                calls[name].append((tuple(given), attributes, result))
            return result

        return run

    with pytest.MonkeyPatch.context() as patch:
        for op in set(CATALOGUE.values()):
            patch.setattr(op, "body", spy(op.name, op.body))
        for table in TABLES:
            for _, expression, expected in load(table):
                if "error" not in expected:
                    evaluate(mx, expression, operator, backward=False)
    return calls


def test_shapes_and_types_follow_from_meta_tensors(recorded_calls: dict[str, list[Call]]) -> None:
    assert len(recorded_calls) > 300
    wrong, hanging_on_values = {}, set()
    for name, calls in recorded_calls.items():
        for inputs, attributes, result in calls:
            meta = [value.to("meta") if isinstance(value, torch.Tensor) else value for value in inputs]
            try:
                results = find(name).body(*meta, **attributes)
            except DynamicShape:
                hanging_on_values.add(name)
                continue
            found = [(tuple(one.shape), one.dtype) for one in tensors(results)]
            expected = [(tuple(one.shape), one.dtype) for one in tensors(result)]
            if found != expected:
                wrong[name] = attributes, found, expected
    assert not wrong
    dynamic = {name for name in recorded_calls if find(name).dynamic}
    assert hanging_on_values == dynamic | {"_npi_delete"}  # which deletes single places and slices all the same


def test_numbers_of_results_are_known_beforehand(recorded_calls: dict[str, list[Call]]) -> None:
    wrong = {}
    for name, calls in recorded_calls.items():
        for inputs, attributes, result in calls:
            canonical = {key: value for key, value in attributes.items() if key != "training"}
            found, expected = find(name).count(canonical, len(inputs)), len(tensors(result))
            if found != expected:
                wrong[name] = canonical, found, expected
    assert not wrong


# Operator, shapes of the inputs, attributes: what the tables have no row for.
SEVERAL = [
    *[
        (name, [(2, 3, 4), *[(3,)] * 4], {"output_mean_var": wanted, **own})
        for name, own in (
            ("BatchNorm", {}),
            ("_contrib_BatchNormWithReLU", {}),
            ("_contrib_SyncBatchNorm", {"key": "key"}),
        )
        for wanted in (False, True)
    ],
    ("GroupNorm", [(2, 3, 4), (3,), (3,)], {"output_mean_var": True}),
    ("_sample_categorical", [(2, 3)], {"get_prob": True}),
    ("amp_multicast", [(2,), (3,), ()], {"num_outputs": 3}),
    ("_npi_atleast_3d", [(2,), (3,), ()], {}),
]


@pytest.mark.parametrize("name, shapes, attributes", SEVERAL)
def test_numbers_of_results_on_demand(name: str, shapes: list[tuple[int, ...]], attributes: dict[str, Any]) -> None:
    op = find(name)
    results = tensors(op(*[torch.ones(shape) / 3 for shape in shapes], **attributes))
    assert op.count(op.canonical(attributes), len(shapes)) == len(results)


def test_operators_know_torch_only() -> None:
    home = Path(find("exp").body.__code__.co_filename).parents[1]
    assert home.name == "operators"
    allowed = ("mxnet.operators", "mxnet.base", "mxnet.device", "mxnet._dtype", "mxnet._generators", "mxnet._nested")
    allowed += ("mxnet._processes",)  # SyncBatchNorm sums over them
    for path in home.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [node.module] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            strange = [name for name in names if name.startswith("mxnet") and not name.startswith(allowed)]
            strange = [name for name in strange if (name, node.names[0].name) != ("mxnet", "_dtype")]
            assert not strange, f"{path.name} imports {strange}"


COMPILED = {
    "take": ("take", [(4,), [1, 2]], {"mode": "raise"}),
    "gather_nd": ("gather_nd", [(3, 2), [[0, 2], [1, 0]]], {}),
    "index_add": ("_npx_index_add", [(3,), [[0, 0]], (2,)], {}),
    "insert": ("_npi_insert_tensor", [(3,), (2,), [0, 1]], {}),
    "interp": ("_npi_interp", [(3,), (3,), ()], {}),
    "reshape": ("Reshape", [(4, 3)], {"shape": (-4, 2, -1, 0)}),
    "reshape by 0 and -1": ("Reshape", [(4, 3)], {"shape": (0, -1)}),
    "max": ("_npi_max", [(2, 3)], {"axis": (1,)}),
}


@pytest.mark.parametrize("name, inputs, attributes", COMPILED.values(), ids=list(COMPILED))
def test_compiles_in_one_graph(name: str, inputs: list[Any], attributes: dict[str, Any]) -> None:
    noise = onp.random.RandomState(0)
    given = [
        torch.tensor(value)
        if isinstance(value, list)
        else torch.from_numpy(onp.sort(noise.rand(*value)))
        if value
        else torch.tensor(0.5, dtype=torch.float64)
        for value in inputs
    ]
    op = find(name)
    canonical = op.canonical(attributes)
    torch.compiler.reset()  # or the shapes of the last operator count
    compiled = torch.compile(lambda *arrays: op.body(*arrays, **canonical), backend="eager", fullgraph=True)
    torch.testing.assert_close(compiled(*given), op(*given, **attributes))


def test_devices_are_read_as_graphs_spell_them() -> None:
    zeros = find("_npi_zeros")
    assert zeros(shape=(2,), ctx="cpu").device == zeros(shape=(2,), ctx="cpu(1)").device == torch.device("cpu")
    with pytest.raises(MXNetError, match="'nowhere' is no device"):
        zeros(shape=(2,), ctx="nowhere")
    with pytest.raises(MXNetError, match="'cpu\\(x\\)' is no device"):
        find("_random_uniform")(shape=(2,), ctx="cpu(x)")


def test_infinite_numbers_are_read_from_text() -> None:
    maximum = find("_maximum_scalar")
    assert maximum(torch.zeros(1), scalar="-inf").item() == 0
    assert maximum(torch.zeros(1), scalar="inf").item() == float("inf")
    with pytest.raises(MXNetError, match="must be a number"):
        maximum(torch.zeros(1), scalar="infinite")


def test_attributes_seen_by_the_thousand_are_still_remembered() -> None:
    op = find("_npi_full")
    for number in range(5000):
        op.canonical({"shape": (number,), "value": float("nan")})
    attributes = {"shape": (2,), "value": 3}
    assert op.canonical(attributes) is op.canonical(dict(attributes))


def test_full_takes_numbers_beyond_the_type_as_c_does() -> None:
    assert np.full((1,), 300, dtype="uint8").item() == 44
    assert np.full((1,), -129.5, dtype="int8").item() == 127
    assert np.full_like(np.zeros(1, dtype="int16"), 1 << 15).item() == -(1 << 15)
    with pytest.raises(MXNetError, match="int32 has no inf"):
        np.full((1,), float("inf"), dtype="int32")


@pytest.mark.parametrize("arguments", [(3,), (5, -5, -3), (0, 1 << 25, 1 << 22), (-3, 3), (0, 5.5, 2), (7, 3)])
@pytest.mark.parametrize("dtype", ["float16", "float32", "int32", "int8", "float64"])
def test_arange(arguments: tuple[float, ...], dtype: str) -> None:
    made = np.arange(*arguments, dtype=dtype)
    with onp.errstate(over="ignore"):
        expected = onp.arange(*arguments).astype(dtype)
    onp.testing.assert_array_equal(made.asnumpy(), expected)
    assert made.dtype == dtype


def test_edges_of_neural_operators_as_genuine_has_them() -> None:
    assert npx.softmax(np.array(2.0)).item() == 1
    onp.testing.assert_array_equal(npx.smooth_l1(np.array([0.5, 2.0]), scalar=0).asnumpy(), [0, 0])


# Gradients where elements are equal, or at the ends of an interval, recorded from genuine MXNet 2.0.0b1.
GRADIENTS = {
    "global max pooling": (lambda x: npx.pooling(x, (1, 1), pool_type="max", global_pool=True), [1, 0, 0, 0]),
    "gamma of whole numbers": (npx.gamma, [-0.5772157] * 4),
    "gamma below zero": (lambda x: npx.gamma(x - 2.5), [1.6617506] * 4),
    "hard_sigmoid's upper end": (lambda x: mx.nd.hard_sigmoid(2.5 * x), [0] * 4),
    "hard_sigmoid's lower end": (lambda x: mx.nd.hard_sigmoid(-2.5 * x), [0] * 4),
    "maximum of all": (mx.nd.max, [1] * 4),
    "minimum along an axis": (lambda x: mx.nd.min(x, axis=3), [1] * 4),
}


@pytest.mark.parametrize("function, expected", GRADIENTS.values(), ids=list(GRADIENTS))
def test_gradients_at_ties_and_ends(function: Any, expected: list[float]) -> None:
    x = np.ones((1, 1, 2, 2))
    x.attach_grad()
    with mx.autograd.record():
        y = function(x)
    y.backward()
    onp.testing.assert_allclose(x.grad.asnumpy().ravel(), expected, rtol=1e-5)
