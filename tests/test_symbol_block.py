"""export, SymbolBlock, save and load with a prefix, hooks on operators; facts observed in MXNet 2.0.0b1."""

import json
import threading

import numpy as onp
import pytest
from graph_files import graph_of

import mxnet as mx
from mxnet import autograd, gluon, np
from mxnet.base import MXNetError
from mxnet.gluon import nn


def convolutional(classes=3):
    mx.random.seed(1)
    net = nn.HybridSequential()
    net.add(nn.Conv2D(4, 3), nn.BatchNorm(), nn.Activation("relu"), nn.Flatten(), nn.Dense(classes))
    net.initialize()
    return net


@pytest.fixture
def images():
    return np.array(onp.random.RandomState(1).rand(2, 3, 6, 6).astype("float32"))


@pytest.fixture
def exported(images, tmp_path):
    """A network with trained statistics, and the prefix of its two files."""
    net = convolutional()
    net.hybridize()
    with autograd.record():
        net(images)
    net(images)
    net.export(tmp_path / "net")
    return net, str(tmp_path / "net")


def imports(prefix, **options):
    return gluon.SymbolBlock.imports(f"{prefix}-symbol.json", "data", f"{prefix}-0000.params", **options)


# export


def test_export_needs_a_hybridized_call(tmp_path, images):
    net = convolutional()
    for step in (lambda: None, net.hybridize):
        step()
        with pytest.raises(RuntimeError, match="first call block.hybridize"):
            net.export(tmp_path / "net")
    assert not list(tmp_path.iterdir())


def test_export_writes_two_files_and_says_their_names(exported, tmp_path):
    net, prefix = exported
    assert net.export(prefix, epoch=12) == (f"{prefix}-symbol.json", f"{prefix}-0012.params")
    assert {path.name for path in tmp_path.iterdir()} == {"net-symbol.json", "net-0000.params", "net-0012.params"}
    saved = mx.nd.load(f"{prefix}-0012.params")
    assert sorted(saved) == sorted(
        ["arg:0.weight", "arg:0.bias", "arg:1.gamma", "arg:1.beta", "aux:1.running_mean", "aux:1.running_var"]
        + ["arg:4.weight", "arg:4.bias"]
    )


def test_export_without_a_path_returns_graph_and_parameters(exported):
    net, _ = exported
    symbol, params = net.export(None)
    assert symbol.list_arguments() == ["data", "0.weight", "0.bias", "1.gamma", "1.beta", "4.weight", "4.bias"]
    assert symbol.list_auxiliary_states() == ["1.running_mean", "1.running_var"]
    assert type(params["arg:0.weight"]) is np.ndarray
    onp.testing.assert_array_equal(params["arg:0.weight"].asnumpy(), net[0].weight.data().asnumpy())


def test_several_inputs_are_numbered():
    class Net(gluon.HybridBlock):
        def forward(self, x, pair):
            return x + pair[0], [pair[1]]

    net = Net()
    net.hybridize()
    net(np.ones(2), (np.ones(2), np.zeros(3)))
    assert net.export(None)[0].list_inputs() == ["data0", "data1", "data2"]


def test_constants_that_forward_brings_in_are_exported(tmp_path):
    anchors = np.array([1.0, 2.0])

    class Net(gluon.HybridBlock):
        def forward(self, x):
            return x * anchors

    net = Net()
    net.hybridize()
    net(np.ones(2))
    net.export(tmp_path / "net")
    again = imports(tmp_path / "net")
    onp.testing.assert_array_equal(again(np.array([3.0, 5.0])).asnumpy(), [3, 10])


def test_shapes_that_hang_on_values_are_exported_too(tmp_path):
    class Net(gluon.HybridBlock):
        def forward(self, x):
            return x[x > 0] * 2

    net = Net()
    net.hybridize()
    assert net(np.array([1.0, -1.0, 2.0])).tolist() == [2, 4]
    net.export(tmp_path / "net")
    assert imports(tmp_path / "net")(np.array([3.0, -1.0, -2.0])).tolist() == [6]


def test_parameters_that_the_graph_does_not_use_are_left_out_with_a_warning(tmp_path):
    class Net(gluon.HybridBlock):
        def __init__(self):
            super().__init__()
            self.used, self.unused = nn.Dense(2, in_units=2), nn.Dense(2, in_units=2)

        def forward(self, x):
            return self.used(x)

    net = Net()
    net.initialize()
    net.hybridize()
    net(np.ones((1, 2)))
    with pytest.warns(UserWarning, match='"unused.(weight|bias)" is not used') as warned:
        net.export(tmp_path / "net")
    assert len(warned) == 2
    assert list(imports(tmp_path / "net").collect_params()) == ["used.weight", "used.bias"]


def test_shared_parameters_are_exported_once(tmp_path):
    net = nn.HybridSequential()
    net.add(nn.Dense(3, in_units=3), nn.Dense(3, in_units=3))
    net[1].share_parameters(net[0].collect_params())
    net.initialize()
    net.hybridize()
    x = np.ones((1, 3))
    expected = net(x).asnumpy()
    net.export(tmp_path / "net")
    again = imports(tmp_path / "net")
    assert len(again.collect_params()) == 2
    onp.testing.assert_array_equal(again(x).asnumpy(), expected)


# SymbolBlock


def test_imported_network_computes_the_same(exported, images):
    net, prefix = exported
    again = imports(prefix)
    onp.testing.assert_array_equal(again(images).asnumpy(), net(images).asnumpy())
    assert repr(again) == "SymbolBlock(\n  node_4: 1 -> 1\n)"
    assert again.collect_params()["1.running_mean"].grad_req == "null"
    assert again.collect_params()["1.gamma"].grad_req == "write"


def test_imported_network_trains_like_the_original(exported, images):
    net, prefix = exported
    again = imports(prefix)
    outputs = []
    for each in (net, again):
        trainer = gluon.Trainer(each.collect_params(), "sgd", {"learning_rate": 0.1})
        for _ in range(2):
            with autograd.record():
                loss = (each(images) ** 2).sum()
            loss.backward()
            trainer.step(2)
        outputs.append(each(images).asnumpy())
    onp.testing.assert_array_equal(*outputs)


def test_exported_again_the_graph_is_the_same(exported, images, tmp_path):
    _, prefix = exported
    again = imports(prefix)
    again.export(tmp_path / "again")
    assert json.loads((tmp_path / "again-symbol.json").read_text()) == json.loads(
        (tmp_path / "net-symbol.json").read_text()
    )
    onp.testing.assert_array_equal(imports(tmp_path / "again")(images).asnumpy(), again(images).asnumpy())


def test_a_graph_is_cut_at_an_internal_output(exported, images):
    net, prefix = exported
    symbol = mx.sym.load(f"{prefix}-symbol.json")
    inner = symbol.get_internals()
    data = mx.sym.var("data")
    features = gluon.SymbolBlock(
        inner["node_2_output"], data, {k: v for k, v in imports(prefix).collect_params().items()}
    )
    onp.testing.assert_array_equal(features(images).asnumpy(), net[:3](images).asnumpy())
    both = gluon.SymbolBlock(
        [inner["node_1_output"], inner["node_3_output"]], data, mx.nd.load(f"{prefix}-0000.params")
    )
    first, second = both(images)
    onp.testing.assert_array_equal(second.asnumpy(), net[:4](images).asnumpy())
    assert first.shape == (2, 4, 4, 4)


def test_parts_go_into_other_networks(exported, images):
    net, prefix = exported
    head = nn.HybridSequential()
    head.add(imports(prefix), nn.Dense(2))
    head[1].initialize()
    eager = head(images).asnumpy()
    head.hybridize()
    onp.testing.assert_array_equal(head(images).asnumpy(), eager)
    assert head.export(None)[0].list_arguments()[1] == "0.0.weight"


def test_without_a_parameter_file_it_is_initialized_as_any_block(exported, images):
    net, prefix = exported
    again = gluon.SymbolBlock.imports(f"{prefix}-symbol.json", ["data"])
    with pytest.raises(RuntimeError, match="has not been initialized"):
        again(images)
    again.initialize()
    assert again(images).shape == (2, 3)
    assert (again.collect_params()["0.weight"].data().asnumpy() != net[0].weight.data().asnumpy()).any()


def test_shapes_follow_from_the_data():
    data = mx.sym.var("data")
    hidden = mx.sym.Activation(mx.sym.FullyConnected(data, num_hidden=4, name="one"), act_type="relu")
    net = gluon.SymbolBlock(mx.sym.FullyConnected(hidden, num_hidden=2, name="two"), data)
    net.initialize()
    assert net(np.ones((5, 3))).shape == (5, 2)
    shapes = {name: param.shape for name, param in net.collect_params().items()}
    assert shapes == {"one_weight": (4, 3), "one_bias": (4,), "two_weight": (2, 4), "two_bias": (2,)}


def test_labels_of_training_outputs_are_not_asked_for(tmp_path):
    net = mx.sym.FullyConnected(mx.sym.var("data"), num_hidden=3, name="fc")
    net = mx.sym.SoftmaxOutput(net, name="prob")
    assert net.list_arguments() == ["data", "fc_weight", "fc_bias", "prob_label"]
    net.save(str(tmp_path / "net-symbol.json"))
    weights = {"arg:fc_weight": mx.nd.ones((3, 2)), "arg:fc_bias": mx.nd.array([0.0, 1.0, 2.0])}
    mx.nd.save(str(tmp_path / "net-0000.params"), weights)
    block = imports(tmp_path / "net")
    assert list(block.collect_params()) == ["fc_weight", "fc_bias"]
    expected = onp.exp([0.0, 1.0, 2.0]) / onp.exp([0.0, 1.0, 2.0]).sum()
    onp.testing.assert_allclose(block(np.zeros((1, 2))).asnumpy()[0], expected, rtol=1e-6)


def test_files_that_do_not_belong_together(exported, tmp_path):
    _, prefix = exported
    saved = mx.nd.load(f"{prefix}-0000.params")
    missing = {name: value for name, value in saved.items() if name != "arg:4.bias"}
    mx.nd.save(str(tmp_path / "missing"), missing)
    with pytest.raises(AssertionError, match="'4.bias' is missing"):
        gluon.SymbolBlock.imports(f"{prefix}-symbol.json", "data", tmp_path / "missing")
    mx.nd.save(str(tmp_path / "more"), {**saved, "arg:more": mx.nd.ones(1)})
    with pytest.raises(ValueError, match="'more' loaded from"):
        gluon.SymbolBlock.imports(f"{prefix}-symbol.json", "data", tmp_path / "more")
    gluon.SymbolBlock.imports(f"{prefix}-symbol.json", "data", tmp_path / "more", ignore_extra=True)
    with pytest.raises(MXNetError, match="no input 'date'; its variables are 'data'"):
        gluon.SymbolBlock.imports(f"{prefix}-symbol.json", "date", f"{prefix}-0000.params")
    with pytest.raises(MXNetError, match="nowhere"):
        gluon.SymbolBlock.imports(tmp_path / "nowhere-symbol.json", "data")


def test_parameters_of_another_type_are_taken_as_saved(exported, tmp_path):
    net, prefix = exported
    net.cast("float16")
    net.save_parameters(str(tmp_path / "half"))
    again = gluon.SymbolBlock.imports(f"{prefix}-symbol.json", "data", tmp_path / "half")
    assert again.collect_params()["0.weight"].dtype == onp.float16


def test_wrong_arguments():
    data = mx.sym.var("data")
    with pytest.raises(TypeError, match="outputs must be symbols, not str"):
        gluon.SymbolBlock("data", data)
    with pytest.raises(AssertionError, match="must be a variable"):
        gluon.SymbolBlock(data * 2, data * 2)
    net = gluon.SymbolBlock(data * 2, data)
    with pytest.raises(ValueError, match="takes 1 inputs, 'data', and got 2"):
        net(np.ones(1), np.ones(1))
    for wrong in (1, None, onp.ones(1)):
        with pytest.raises(TypeError, match=f"takes arrays; 'data' is of type {type(wrong).__name__}"):
            net(wrong)


# save and load with a prefix


def test_save_and_load_bring_back_values_and_graph(exported, images, tmp_path):
    net, _ = exported
    net.save(tmp_path / "model")
    assert {path.name for path in tmp_path.iterdir()} >= {"model-model.json", "model-model.params"}
    again = convolutional()
    again.load(tmp_path / "model")
    assert again._active
    again.export(tmp_path / "again")  # without a forward pass: the graph was in the file
    onp.testing.assert_array_equal(again(images).asnumpy(), net(images).asnumpy())
    onp.testing.assert_array_equal(imports(tmp_path / "again")(images).asnumpy(), net(images).asnumpy())


def test_a_loaded_graph_runs_instead_of_forward(tmp_path):
    class Net(gluon.HybridBlock):
        calls = 0

        def __init__(self):
            super().__init__()
            self.scale = gluon.Parameter("scale", shape=(2,), init="ones")

        def forward(self, x):
            Net.calls += 1
            return [x * self.scale.data(), (x,)]

    net = Net()
    net.initialize()
    net.hybridize()
    net(np.ones(2))
    net.save(tmp_path / "model")
    again = Net()
    again.load(tmp_path / "model")
    Net.calls = 0
    first, (second,) = again(np.array([2.0, 3.0]))
    assert Net.calls == 0 and first.tolist() == second.tolist() == [2, 3]


@pytest.mark.parametrize("outputs", ["(x * 2, None)", "{'a': x * 2, 'b': [x + 1]}", "(x, 3)", "None, x"])
def test_outputs_of_any_kind_survive_save_and_load(tmp_path, outputs):
    class Net(gluon.HybridBlock):
        def forward(self, x):
            return eval(outputs, {"x": x})

    net, x = Net(), np.ones(2)
    net.hybridize()
    expected = repr(net(x))
    net.save(tmp_path / "model")
    again = Net()
    again.load(tmp_path / "model")
    found = again(x)
    assert repr(tuple(found) if isinstance(found, list) else found) == expected


def test_a_loaded_graph_does_not_answer_for_other_arguments(tmp_path):
    class Net(gluon.HybridBlock):
        def forward(self, x, factor):
            return x * factor

    net = Net()
    net.hybridize()
    net(np.ones(2), 2)
    net.save(tmp_path / "model")
    again = Net()
    again.load(tmp_path / "model")
    again.hybridize()
    assert again(np.ones(2), 3).tolist() == [3, 3]
    net(np.ones(2), np.array([5.0, 6.0]))
    net.save(tmp_path / "model")
    again = Net()
    again.load(tmp_path / "model")
    assert again(np.ones(2), 3).tolist() == [3, 3]
    assert again(np.ones(2), np.array([5.0, 6.0])).tolist() == [5, 6]


def test_blocks_that_are_not_hybridized_save_their_values(images, tmp_path):
    net = nn.Sequential()
    net.add(nn.Conv2D(2, 3), nn.Lambda(lambda x: x * 2))
    net.initialize()
    expected = net(images).asnumpy()
    net.save(tmp_path / "model")
    again = nn.Sequential()
    again.add(nn.Conv2D(2, 3), nn.Lambda(lambda x: x * 2))
    again.load(tmp_path / "model")
    onp.testing.assert_array_equal(again(images).asnumpy(), expected)


@pytest.mark.parametrize(
    "text, error",
    [
        ("[", MXNetError),
        ("[]", MXNetError),
        ("[" * 100_000, MXNetError),
        ("{}", MXNetError),
        ('{"hybridsequential0": 3}', MXNetError),
        ('{"hybridsequential0": {"hybridized": true}}', MXNetError),
        ('{"hybridsequential0": {"params": {"weight": 5}}}', MXNetError),
    ],
)
def test_wrong_model_files(exported, tmp_path, text, error):
    net, _ = exported
    net.save(tmp_path / "model")
    (tmp_path / "model-model.json").write_text(text)
    with pytest.raises(error, match="model-model.json"):
        convolutional().load(tmp_path / "model")


def test_model_files_that_are_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere-model.json"):
        convolutional().load(tmp_path / "nowhere")


# Hooks on operators, optimize_for, inference of types


def test_hooks_see_every_operator(images):
    net = convolutional()
    seen = []
    net.register_op_hook(lambda name, op, array: seen.append((name, op, type(array), array.shape)))
    expected = net(images)
    assert not seen
    net.hybridize()
    onp.testing.assert_array_equal(net(images).asnumpy(), expected.asnumpy())
    assert [(name, op) for name, op, *_ in seen] == [
        ("node_0_output", "Convolution"),
        ("node_1_output", "BatchNorm"),
        ("node_2_output", "Activation"),
        ("node_3_output", "Flatten"),
        ("node_4_output", "FullyConnected"),
    ]
    assert seen[0][2] is mx.nd.NDArray and seen[-1][3] == (2, 3)


def test_hooks_see_inputs_too(images):
    net = nn.Dense(2)
    net.initialize()
    names = []
    net.register_op_hook(lambda name, op, array: names.append(name), monitor_all=True)
    net.hybridize()
    net(images)
    assert names == ["node_0_data", "node_0_weight", "node_0_bias", "node_0_output"]


def test_optimize_for_traces_and_computes_nothing(images, tmp_path):
    net = convolutional()
    net.optimize_for(images)
    assert net._active and net[0].weight.shape == (4, 3, 3, 3)
    net.export(tmp_path / "net")
    with pytest.raises(ValueError, match="no backend 'magic'. Registered are .*'torch'"):
        net.optimize_for(images, backend="magic")
    with pytest.raises(TypeError, match="options need a backend that takes them, given precision"):
        net.optimize_for(images, precision="fp16")
    net.optimize_for(images, backend="TORCH", clear=True)
    assert net(images).shape == (2, 3)


def test_infer_type_sets_the_types_of_parameters(images):
    net = convolutional()
    net.infer_shape(images)
    net.infer_type(images.astype("float16"))
    assert net[0].weight.dtype == onp.float16


def test_two_threads_share_an_imported_network(exported, images):
    net, prefix = exported
    again, found = imports(prefix), []
    threads = [threading.Thread(target=lambda: found.append(again(images).asnumpy())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    for value in found:
        onp.testing.assert_array_equal(value, net(images).asnumpy())


@pytest.mark.parametrize(
    ("note", "text"),
    [
        ("__shape__", "(3"),
        ("__shape__", "__import__('os')"),
        ("__shape__", "(" * 100_000),
        ("__dtype__", "one"),
        ("__dtype__", "9" * 5000),
        ("__lr_mult__", "fast"),
        ("__wd_mult__", "nan"),
        ("__wd_mult__", "1" * 5000),
    ],
)
def test_annotations_of_files_that_say_nothing(note, text, tmp_path):
    dense = {"op": "FullyConnected", "attrs": {"num_hidden": "2", "no_bias": "True"}, "inputs": [[0, 0, 0], [2, 0, 0]]}
    weight = {"op": "null", "name": "w", "attrs": {note: text}, "inputs": []}
    graph = graph_of(dense)
    nodes = [graph["nodes"][0], weight, {**graph["nodes"][1], "inputs": [[0, 0, 0], [1, 0, 0]]}]
    file = tmp_path / "net-symbol.json"
    file.write_text(json.dumps({**graph, "nodes": nodes, "arg_nodes": [0, 1], "heads": [[2, 0, 0]]}))
    with pytest.raises(MXNetError, match=f"variable 'w': {note}"):
        gluon.SymbolBlock.imports(file, "x")


def test_annotations_of_files_make_the_parameters(tmp_path):
    data = mx.sym.var("data")
    weight = mx.sym.var("w", shape=(2, 0), dtype="float64", lr_mult=0.5, wd_mult=0.25)
    mx.sym.FullyConnected(data, weight, num_hidden=2, no_bias=True).save(tmp_path / "net.json")
    param = gluon.SymbolBlock.imports(tmp_path / "net.json", "data").collect_params()["w"]
    assert (param.shape, onp.dtype(param.dtype), param.lr_mult, param.wd_mult) == ((2, -1), onp.float64, 0.5, 0.25)
