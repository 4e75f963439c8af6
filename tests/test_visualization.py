"""Tables and pictures of graphs beside genuine MXNet's, and checkpoints."""

import numpy as onp
import pytest
from references import load

import mxnet as mx
from mxnet.base import MXNetError

import make_visualization  # isort: skip  (found through `references`)

RECORD = load("visualization.json")


@pytest.mark.parametrize(
    "what, options", [("summary", {}), ("narrow", {"line_length": 80, "positions": [0.5, 0.7, 0.8, 1]})]
)
def test_summary(what, options):
    assert make_visualization.summary(**options) == RECORD[what]


def test_drawing():
    assert make_visualization.drawing(shape=make_visualization.SHAPES) == RECORD["drawing"]


def test_drawing_with_parameters():
    drawn = make_visualization.drawing(hide_weights=False)
    parameters = drawn.keys() - RECORD["all"].keys()  # MXNet draws arrows to them only
    assert parameters == {name for name in make_visualization.network().list_inputs() if "_" in name} - {
        "softmax_label"
    }
    assert {name: look for name, look in drawn.items() if name not in parameters} == RECORD["all"]


def test_summary_without_shapes_counts_nothing(capsys):
    mx.viz.print_summary(make_visualization.network())
    printed = capsys.readouterr().out
    assert "conv0(Convolution)" in printed and "Total params: 0" in printed


def test_exported_networks_have_summaries(capsys):
    net = mx.gluon.nn.HybridSequential()
    net.add(mx.gluon.nn.Conv2D(2, 3), mx.gluon.nn.Dense(3))
    net.initialize()
    net.hybridize()
    net(mx.np.ones((1, 1, 4, 4)))
    mx.viz.print_summary(net.export(None)[0], {"data": (1, 1, 4, 4)})
    assert f"Total params: {2 * 9 + 2 + 8 * 3 + 3}" in capsys.readouterr().out


def test_drawings_take_attributes_and_names():
    picture = mx.viz.plot_network(make_visualization.network(), "my", "png", node_attrs={"shape": "oval"})
    assert (picture.name, picture.format) == ("my", "png")
    assert "shape=box" not in picture.source


@pytest.mark.parametrize("show", [mx.viz.print_summary, mx.viz.plot_network])
def test_wrong_arguments(show):
    with pytest.raises(TypeError, match="must be a Symbol"):
        show("net-symbol.json")
    with pytest.raises(MXNetError, match="'dat'"):
        show(make_visualization.network(), shape={"dat": (1, 3)})


@pytest.mark.parametrize("positions", [[], [0.5, 1], [0.9, 0.5, 0.6, 1]])
def test_columns_are_four(positions, capsys):
    with pytest.raises(ValueError, match="positions must be four rising numbers"):
        mx.viz.print_summary(make_visualization.network(), positions=positions)
    assert capsys.readouterr().out == ""


def test_without_graphviz_it_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "graphviz", None)
    with pytest.raises(ImportError, match="-m pip install graphviz"):
        mx.viz.plot_network(make_visualization.network())


# Checkpoints


@pytest.fixture
def parts():
    symbol = mx.sym.BatchNorm(mx.sym.FullyConnected(mx.sym.var("data"), num_hidden=2, name="fc"), name="bn")
    arguments = {"fc_weight": mx.nd.ones((2, 3)), "fc_bias": mx.nd.array([1, 2])}
    return symbol, arguments, {"bn_moving_mean": mx.nd.zeros(2)}


def test_checkpoints_bring_back_graph_and_values(parts, tmp_path):
    symbol, arguments, states = parts
    mx.model.save_checkpoint(str(tmp_path / "net"), 7, symbol, arguments, states)
    assert {path.name for path in tmp_path.iterdir()} == {"net-symbol.json", "net-0007.params"}
    again, found, found_states = mx.model.load_checkpoint(str(tmp_path / "net"), 7)
    assert again.tojson() == symbol.tojson()
    assert list(found) == ["fc_weight", "fc_bias"] and list(found_states) == ["bn_moving_mean"]
    onp.testing.assert_array_equal(found["fc_bias"].asnumpy(), [1, 2])
    assert type(found["fc_bias"]) is mx.nd.NDArray


def test_checkpoints_without_a_graph(parts, tmp_path):
    mx.model.save_checkpoint(tmp_path / "net", 0, None, parts[1], parts[2])
    assert {path.name for path in tmp_path.iterdir()} == {"net-0000.params"}
    assert list(mx.model.load_params(tmp_path / "net", 0)[0]) == ["fc_weight", "fc_bias"]


def test_casts_may_stay_in_checkpoints(tmp_path):
    symbol = mx.sym.exp(mx.sym.amp_cast(mx.sym.var("x"), dtype="float16"))
    for remove, count in ((True, 0), (False, 1)):
        mx.model.save_checkpoint(tmp_path / "net", 1, symbol, {}, {}, remove_amp_cast=remove)
        assert (tmp_path / "net-symbol.json").read_text().count('"amp_cast"') == count


def test_what_is_no_checkpoint_writes_nothing(parts, tmp_path):
    symbol, arguments, states = parts
    for wrong in (("net", symbol, arguments), (1, "net", arguments), (1, symbol, {"fc_bias": 3})):
        with pytest.raises((TypeError, ValueError)):
            mx.model.save_checkpoint(tmp_path / "net", *wrong, states)
    assert not list(tmp_path.iterdir())


def test_files_that_are_no_checkpoints(tmp_path):
    with pytest.raises(MXNetError, match="net-symbol.json"):
        mx.model.load_checkpoint(tmp_path / "net", 3)
    mx.nd.save(str(tmp_path / "net-0003.params"), {"weight": mx.nd.ones(1)})
    with pytest.raises(MXNetError, match="net-0003.params: holds 'weight', not 'arg:<name>'"):
        mx.model.load_params(tmp_path / "net", 3)
    mx.nd.save(str(tmp_path / "net-0004.params"), [mx.nd.ones(1)])
    with pytest.raises(MXNetError, match="arrays without names"):
        mx.model.load_params(tmp_path / "net", 4)
