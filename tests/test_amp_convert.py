"""Graphs with mixed precision written into them: those that MXNet makes, and networks that run and train."""

import numpy as onp
import pytest
import torch
from references import load

import mxnet as mx
from mxnet import amp, autograd, gluon, np
from mxnet.gluon import nn
from mxnet.symbol._graph import topological

from amp_cases import described, graphs  # isort: skip  (found by `references`)

# The graphs that `make_amp.py` converts.
CONVERTED = [entry for entry in load("amp.json")["converted"] if entry[0] != "shared"]


def named(graph):
    """A name that a user gave is compared, others are not: MXNet's casts of some results are named `flat_0_...`."""
    given = set("data conv bn relu fc fc2 sum sm softrelu flat exp b".split())
    nodes = [[op, name if name in given or op == "null" else "", *rest] for op, name, *rest in graph["nodes"]]
    return {"nodes": nodes, "heads": graph["heads"]}


@pytest.mark.parametrize(("name", "keywords", "expected"), CONVERTED)
def test_graphs_are_those_of_mxnet(name, keywords, expected):
    symbol = graphs()[name]
    before = symbol.tojson()
    assert named(described(amp.convert_symbol(symbol, **keywords))) == named(expected)
    assert symbol.tojson() == before  # it is a copy


def test_casts_are_named_after_what_they_cast():
    names = [
        node.name
        for node in topological(amp.convert_symbol(graphs()["softmax"], "bfloat16")._entries)
        if node.op is not None and node.op.name == "amp_cast"
    ]
    expected = ["data", "conv_weight", "conv_bias", "fc_weight", "fc_bias", "fc2_weight", "fc2_bias"]
    assert names == [f"{name}_amp_cast_bfloat16" for name in expected] + ["sum_output_amp_cast_float32"]


def test_a_converted_graph_is_converted_anew():
    symbol = graphs()["softmax"]
    once = amp.convert_symbol(symbol, "float16")
    assert described(amp.convert_symbol(once, "bfloat16")) == described(amp.convert_symbol(symbol, "bfloat16"))


def test_a_parameter_that_float32_reads_too_is_cast_in_each_pass():
    weight = mx.sym.var("w")
    product = mx.sym.FullyConnected(mx.sym.var("data"), weight, num_hidden=3, no_bias=True, name="fc")
    symbol = mx.sym.Group([product, mx.sym.exp(weight)])
    new, args, _ = amp.convert_model(symbol, {"w": mx.nd.ones((3, 3))}, {}, "bfloat16", cast_optional_params=True)
    assert args["w"].dtype == onp.float32 and "w_amp_cast_bfloat16" in [node.name for node in topological(new._entries)]


def test_other_types_are_left_alone():
    index = mx.sym.var("index", dtype="int32")
    rows = mx.sym.Embedding(index, mx.sym.var("table"), input_dim=5, output_dim=4)
    wide = mx.sym.FullyConnected(mx.sym.var("data", dtype="float64"), num_hidden=2, no_bias=True)
    shape = mx.sym.shape_array(rows)
    new = amp.convert_symbol(mx.sym.Group([rows, wide, shape]))
    assert "amp_cast" not in [node.op.name for node in topological(new._entries) if node.op is not None]


def test_what_is_wrong_is_said():
    symbol = graphs()["softmax"]
    with pytest.raises(TypeError, match="takes a Symbol, not int"):
        amp.convert_symbol(3)
    with pytest.raises(TypeError, match="takes a Symbol, not int"):
        amp.convert_model(3, {}, {})
    with pytest.raises(TypeError, match="aux_params must be a dict"):
        amp.convert_model(symbol, {}, {"x": 3})
    with pytest.raises(ValueError, match="'float16' or 'bfloat16', not 'float32'"):
        amp.convert_symbol(symbol, "float32")
    with pytest.raises(ValueError, match="no operator is named 'Conv'"):
        amp.convert_symbol(symbol, fp32_ops=["Conv"])
    with pytest.raises(TypeError, match="must be a list of names"):
        amp.convert_symbol(symbol, excluded_sym_names="fc")
    with pytest.warns(UserWarning, match="the graph has no nodes 'fcc'"):
        amp.convert_symbol(symbol, excluded_sym_names=["fcc"])
    with pytest.raises(TypeError, match="takes a HybridBlock, not Symbol"):
        amp.convert_hybrid_block(symbol)
    net = nn.Dense(2, in_units=2)
    net.initialize()
    with pytest.raises(RuntimeError, match="hybridize"):
        amp.convert_hybrid_block(net)


# Networks


def network():
    mx.random.seed(4)
    net = nn.HybridSequential()
    net.add(nn.Conv2D(4, 3, in_channels=3), nn.BatchNorm(), nn.Activation("relu"), nn.Dense(3))
    net.initialize(mx.init.Xavier())
    net.hybridize()
    x = np.array(onp.random.RandomState(0).rand(2, 3, 8, 8).astype("float32"))
    net.collect_params()["0.weight"].lr_mult = 2
    return net, x, net(x)


@pytest.mark.parametrize("offline", [False, True])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_a_network_computes_what_it_did(dtype, offline, tmp_path):
    net, x, expected = network()
    low = amp.convert_hybrid_block(net, dtype, cast_optional_params=offline)
    found = low(x)
    assert found.dtype == "float32"
    assert not torch.equal(found._data, expected._data)
    onp.testing.assert_allclose(found.asnumpy(), expected.asnumpy(), rtol=0, atol=0.02)
    types = {name: str(param.data().dtype) for name, param in low.collect_params().items()}
    assert {types["0.weight"], types["3.weight"]} == {dtype if offline else "float32"}
    assert types["1.gamma"] == types["1.running_mean"] == "float32"
    assert net.collect_params()["0.weight"].data().dtype == "float32"
    files = low.export(tmp_path / "low", remove_amp_cast=False)
    assert torch.equal(gluon.SymbolBlock.imports(files[0], "data", files[1])(x)._data, found._data)
    low.optimize_for(x, backend="torch")
    onp.testing.assert_allclose(low(x).asnumpy(), found.asnumpy(), rtol=0, atol=0.01)


def test_excluded_nodes_keep_float32():
    net, x, _ = network()
    names = [node.name for node in topological(net.export(None)[0]._entries) if node.op is not None]
    low = amp.convert_hybrid_block(net, "bfloat16", excluded_sym_names=names)
    assert torch.equal(low(x)._data, net(x)._data)
    with amp.autocast("bfloat16"):  # the graph says which types it computes in
        mixed = amp.convert_hybrid_block(net, "bfloat16", excluded_sym_names=names[-1:])
        assert mixed(x).dtype == "float32" and not torch.equal(mixed(x)._data, net(x)._data)


def test_a_converted_network_trains():
    net, x, _ = network()
    low = amp.convert_hybrid_block(net, "bfloat16")
    params = low.collect_params()
    assert params["0.weight"].lr_mult == 2 and params["1.running_mean"].grad_req == "null"
    before = net.collect_params()["0.weight"].data().asnumpy()
    trainer = gluon.Trainer(params, "sgd", {"learning_rate": 0.01})
    losses = []
    for _ in range(4):
        with autograd.record():
            loss = (low(x) ** 2).sum()
        loss.backward()
        trainer.step(2)
        losses.append(float(loss))
    assert losses[-1] < losses[0] / 2 and params["0.weight"].grad().dtype == "float32"
    onp.testing.assert_array_equal(net.collect_params()["0.weight"].data().asnumpy(), before)


def test_constants_are_cast_once_where_engines_predict():
    from mxnet.engines._folding import fold_casts

    net, _, _ = network()
    symbol, values = amp.convert_hybrid_block(net, "bfloat16").export(None)
    named = {name.partition(":")[2]: value._data for name, value in values.items()}
    constants = {
        node: named[node.name] for node in topological(symbol._entries) if node.op is None and node.name in named
    }
    folded = fold_casts(symbol._entries, constants)
    kinds = [node.op.name for node in topological(folded) if node.op is not None]
    assert kinds == ["amp_cast", "Convolution", "BatchNorm", "Activation", "FullyConnected", "amp_cast"]
    assert (
        sorted(str(tensor.dtype) for node, tensor in constants.items() if "cast" in node.name) == ["torch.bfloat16"] * 4
    )


def test_constants_of_a_block_come_along():
    class Shifted(gluon.HybridBlock):
        def __init__(self):
            super().__init__()
            self.shift = np.array([1.0, 2.0])
            self.dense = nn.Dense(2, in_units=2)

        def forward(self, x, y):
            return self.dense(x) + self.shift, y * 2

    net = Shifted()
    net.initialize()
    net.hybridize()
    arguments = np.ones((1, 2)), np.ones((1, 1))
    expected = net(*arguments)
    found = amp.convert_hybrid_block(net, "bfloat16", cast_params_offline=True)(*arguments)
    for one, other in zip(expected, found, strict=True):
        onp.testing.assert_allclose(other.asnumpy(), one.asnumpy(), atol=0.02)
