"""Modules of PyTorch in Gluon networks: values, gradients, parameters and states are seen on both sides."""

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest
import torch

import mxnet as mx
from mxnet import autograd, gluon, np
from mxnet.gluon import nn
from mxnet.gluon.contrib import TorchBlock


def module() -> torch.nn.Module:
    torch.manual_seed(0)
    return torch.nn.Sequential(
        torch.nn.Conv2d(2, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(36, 5)
    )


def network(inner: torch.nn.Module | None = None) -> nn.HybridSequential:
    net = nn.HybridSequential()
    net.add(TorchBlock(inner or module()), nn.Dense(3, in_units=5))
    net.initialize()
    return net


def images(count: int = 4) -> Any:
    return np.random.uniform(size=(count, 2, 5, 5))


def in_module_memory(block: TorchBlock) -> bool:
    """Whether every tensor of the module is in the memory of the block's parameter."""
    tensors = {**dict(block.module.named_parameters()), **dict(block.module.named_buffers())}
    return all(tensors[name].data_ptr() == param.data()._data.data_ptr() for name, param in block.params.items())


class Function(torch.nn.Module):
    """A function of tensors as a module."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__()
        self.function = function

    def forward(self, *args: Any) -> Any:
        return self.function(*args)


# Values and gradients


@pytest.mark.parametrize("hybrid", [False, True])
def test_block_computes_what_the_module_does(hybrid):
    inner = module()
    block = TorchBlock(inner)
    block.hybridize(hybrid)
    x = images()
    reference = copy.deepcopy(inner).eval()
    assert torch.equal(block(x).as_torch(), reference(x.as_torch()))
    assert not block(x).as_torch().requires_grad


@pytest.mark.parametrize("hybrid", [False, True])
def test_gradients_reach_inputs_and_parameters(hybrid):
    inner = module()
    block = TorchBlock(inner)
    block.hybridize(hybrid)
    reference = copy.deepcopy(inner).train()
    x = images()
    x.attach_grad()
    with autograd.record():
        loss = (block(x) ** 2).sum()
    loss.backward()
    tensor = x.as_torch().detach().clone().requires_grad_()
    (reference(tensor) ** 2).sum().backward()
    assert torch.allclose(x.grad.as_torch(), tensor.grad, rtol=1e-4, atol=1e-5)
    for name, parameter in reference.named_parameters():
        assert torch.allclose(block.params[name].grad().as_torch(), parameter.grad, rtol=1e-4, atol=1e-4), name
    assert all(parameter.grad is None for parameter in inner.parameters())


@pytest.mark.parametrize("hybrid", [False, True])
def test_trainer_trains_the_module(hybrid):
    inner = module()
    reference = torch.nn.Sequential(copy.deepcopy(inner), torch.nn.Linear(5, 3)).train()
    net = network(inner)
    with torch.no_grad():
        reference[1].weight.copy_(net[1].weight.data().as_torch())
        reference[1].bias.zero_()
    net.hybridize(hybrid)
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.1})
    optimizer = torch.optim.SGD(reference.parameters(), lr=0.1)
    for _ in range(3):
        x = images()
        with autograd.record():
            loss = (net(x) ** 2).mean()
        loss.backward()
        trainer.step(1)
        optimizer.zero_grad()
        (reference(x.as_torch()) ** 2).mean().backward()
        optimizer.step()
    for name, tensor in reference[0].state_dict().items():
        assert torch.allclose(inner.state_dict()[name], tensor, rtol=1e-4, atol=1e-5), name
    assert inner[1].num_batches_tracked == 3
    assert in_module_memory(net[0])


def test_mode_follows_autograd():
    seen = []

    class Watcher(torch.nn.Module):
        def forward(self, x):
            seen.append(self.training)
            return x * 1

    block = TorchBlock(Watcher())
    x = np.ones(2)
    block(x)
    with autograd.record():
        block(x)
    with autograd.record(train_mode=False):
        block(x)
    with autograd.train_mode():
        block(x)
    assert seen == [False, True, False, True]


def test_unrecorded_calls_keep_no_graph():
    block = TorchBlock(torch.nn.Linear(2, 2))
    x = np.ones((1, 2))
    x.attach_grad()
    assert block(x).as_torch().grad_fn is None
    with autograd.record(), autograd.pause():
        assert block(x).as_torch().grad_fn is None


def test_grad_req():
    block = TorchBlock(torch.nn.Linear(2, 1, bias=False))
    x = np.ones((1, 2))
    block.params["weight"].grad_req = "add"
    for _ in range(2):
        with autograd.record():
            y = block(x)
        y.backward()
    assert block.params["weight"].grad().tolist() == [[2, 2]]
    block.setattr("grad_req", "null")
    with pytest.raises(RuntimeError, match="grad_req='null'"):
        block.params["weight"].grad()


def test_frozen_parameters_and_buffers_have_no_gradient():
    inner = torch.nn.BatchNorm1d(2)
    inner.bias.requires_grad_(False)
    block = TorchBlock(inner)
    assert {name: parameter.grad_req for name, parameter in block.params.items()} == {
        "weight": "write",
        "bias": "null",
        "running_mean": "null",
        "running_var": "null",
        "num_batches_tracked": "null",
    }
    block.params["bias"].grad_req = block.params["running_mean"].grad_req = "write"
    assert block.params["bias"].grad_req == "write"
    assert block.params["running_mean"].grad_req == "null"


# Parameters


def test_parameters_have_the_modules_names():
    net = network()
    names = [f"0.{name}" for name, _ in module().named_parameters()]
    names += [f"0.{name}" for name, _ in module().named_buffers()]
    assert list(net.collect_params()) == [*names, "1.weight", "1.bias"]
    assert net.collect_params()["0.1.num_batches_tracked"].dtype == "int64"


def test_initialize_keeps_the_values():
    inner = module()
    before = copy.deepcopy(inner.state_dict())
    block = TorchBlock(inner)
    block.initialize(mx.init.Zero())
    assert all(torch.equal(tensor, before[name]) for name, tensor in inner.state_dict().items())


def test_initialize_anew():
    inner = module()
    block = TorchBlock(inner)
    block.initialize(mx.init.Constant(0.5), force_reinit=True)
    assert (inner[0].weight == 0.5).all() and (inner[4].weight == 0.5).all()
    assert (inner[4].bias == 0).all() and (inner[1].weight == 1).all()
    assert in_module_memory(block)
    block.initialize(mx.init.Xavier(), force_reinit=True)
    assert not (inner[0].weight == 0.5).any()


def test_both_sides_see_what_is_written():
    block = TorchBlock(torch.nn.Linear(2, 1, bias=False))
    x = np.ones((1, 2))
    with torch.no_grad():
        block.module.weight.fill_(3)
    assert block(x).item() == 6
    block.params["weight"].set_data(np.full((1, 2), 4.0))
    assert block.module.weight.tolist() == [[4, 4]]


def test_files(tmp_path):
    net, other = network(), network(module())
    with autograd.record():
        net(images())
    path = tmp_path / "net.params"
    net.save_parameters(path)
    other.load_parameters(path)
    for name, tensor in net[0].module.state_dict().items():
        assert torch.equal(other[0].module.state_dict()[name], tensor), name
    assert other[0].module[1].num_batches_tracked == 1
    assert in_module_memory(other[0])


def test_cast():
    net = network()
    net.cast("float64")
    assert net[0].module[0].weight.dtype is torch.float64
    assert net[0].module[1].num_batches_tracked.dtype is torch.int64
    assert net(images().astype("float64")).dtype == "float64"
    assert in_module_memory(net[0])


def test_several_devices():
    net = network()
    net.reset_device([mx.cpu(0), mx.cpu(1)])
    x = images()
    with autograd.record():
        results = [net(x.to_device(device)) for device in (mx.cpu(0), mx.cpu(1))]
        loss = (results[0] ** 2).sum(), (results[1] ** 2).sum()
    autograd.backward(loss)
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.1}, kvstore="device")
    trainer.step(1)
    first, second = net[0].params["0.weight"].list_data()
    assert (first.asnumpy() == second.asnumpy()).all()
    net.reset_device(mx.cpu(0))
    assert in_module_memory(net[0])


def test_initialize_on_a_device_moves_the_module():
    net = nn.HybridSequential()
    net.add(TorchBlock(torch.nn.Linear(2, 2)), nn.Dense(2))
    net.initialize(device=mx.cpu(1))
    assert net[0].params["weight"].list_device() == [mx.cpu(1)]
    assert net(np.ones((1, 2), device=mx.cpu(1))).device == mx.cpu(1)


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))])
def test_copies_stand_by_themselves(duplicate):
    net = network()
    x = images()
    expected = net(x)
    other = duplicate(net)
    assert (other(x) == expected).all()
    assert in_module_memory(other[0])
    with torch.no_grad():
        other[0].module[4].weight.zero_()
    assert (net(x) == expected).all()
    assert not (other(x) == expected).all()


def test_tied_parameters_are_one():
    inner = torch.nn.Sequential(torch.nn.Linear(3, 3), torch.nn.Linear(3, 3))
    inner[1].weight = inner[0].weight
    block = TorchBlock(inner)
    assert block.params["0.weight"] is block.params["1.weight"]
    x = np.ones((1, 3))
    with autograd.record():
        loss = block(x).sum()
    loss.backward()
    inner(x.as_torch()).sum().backward()
    assert torch.allclose(block.params["0.weight"].grad().as_torch(), inner[0].weight.grad)
    net = nn.HybridSequential()
    net.add(block)
    assert set(net.to_torch(x).state_dict()) == {f"0.{name}" for name in inner.state_dict()}


# Arguments and results


def test_nested_arguments_and_results():
    inner = Function(lambda x, states, scale: {"sum": x * scale + states[0], "rest": (states[1]["c"], None, 3)})
    block = TorchBlock(inner)
    x = np.ones(2)
    for hybrid in (False, True):
        block.hybridize(hybrid)
        result = block(x, [x * 2, {"c": x * 3}], 5)
        assert result["sum"].tolist() == [7, 7]
        assert result["rest"][0].tolist() == [3, 3]
        assert result["rest"][1:] == (None, 3)


def test_class_of_arrays_is_kept():
    block = TorchBlock(torch.nn.ReLU())
    assert type(block(mx.nd.ones((2,)))) is mx.nd.NDArray
    assert type(block(np.ones(2))) is np.ndarray


def test_results_share_no_memory_with_inputs():
    x = np.ones((2, 2))
    y = TorchBlock(torch.nn.Flatten(0))(x)
    y[:] = 5
    assert (x == 1).all()


def test_wrong_shapes_are_told():
    with pytest.raises(mx.MXNetError, match="Linear.*data0=float32"):
        TorchBlock(torch.nn.Linear(3, 2))(np.ones((1, 2)))


def test_no_array_is_refused():
    with pytest.raises(TypeError, match="TorchBlock takes arrays"):
        TorchBlock(torch.nn.ReLU())(1.0)


def test_no_tensor_is_refused():
    with pytest.raises(mx.MXNetError, match="Function returned no tensor, but int"):
        TorchBlock(Function(lambda x: 3))(np.ones(1))


# Graphs


def test_hybridized_network_is_one_graph():
    net = network()
    net.hybridize(partition_if_dynamic=False)
    plain = copy.deepcopy(net)
    plain.hybridize(False)
    x = images()
    assert torch.allclose(net(x).as_torch(), plain(x).as_torch(), atol=1e-6)
    symbol, params = net.export(None)
    assert len(symbol.list_auxiliary_states()) == 3
    assert "arg:0.0.weight" in params and "aux:0.1.running_mean" in params


def test_python_of_the_module_runs_in_every_pass():
    calls = []
    net = nn.HybridSequential()
    net.add(TorchBlock(Function(lambda x: (calls.append(x.is_meta), x * 2)[1])))
    net.hybridize()
    for _ in range(3):
        net(np.ones(2))
    assert calls.count(False) == 3


def test_modules_that_make_tensors_are_traced():
    net = nn.HybridSequential()
    net.add(TorchBlock(Function(lambda x: x + torch.arange(3) * torch.ones(3))))
    net.hybridize(partition_if_dynamic=False)
    assert net(np.ones(3)).tolist() == [1, 2, 3]


def test_modules_that_read_values_run_without_a_graph():
    net = nn.HybridSequential()
    net.add(TorchBlock(Function(lambda x: x if x.sum() > 0 else -x)), nn.Dense(1))
    net.initialize()
    net.hybridize()
    assert net(np.ones((1, 2))).shape == (1, 1)
    net.hybridize(partition_if_dynamic=False)
    with pytest.raises(mx.MXNetError, match="Function, does not run without values"):
        net(np.ones((1, 2)))


def test_shapes_behind_a_module_are_inferred():
    net = nn.HybridSequential()
    net.add(TorchBlock(module()), nn.Dense(3))
    net.infer_shape(images())
    assert net[1].weight.shape == (3, 5)
    assert net[0].module[1].num_batches_tracked == 0


def test_files_of_graphs_hold_no_modules(tmp_path):
    net = network()
    net.hybridize()
    net(images())
    with pytest.raises(mx.MXNetError, match="TorchBlock '0', the module Sequential, is no operator of MXNet"):
        net.export(tmp_path / "net")
    assert not list(tmp_path.iterdir())


# To PyTorch


def test_to_torch_gives_the_module_back():
    net = network()
    x = images()
    result = net.to_torch(x)
    assert torch.allclose(result(x.as_torch()), net(x).as_torch(), atol=1e-6)
    assert set(result.state_dict()) == set(net.collect_params())
    assert isinstance(result.get_submodule("0.1"), torch.nn.BatchNorm2d)
    assert result.get_parameter("0.0.weight").data_ptr() != net[0].module[0].weight.data_ptr()
    alone = net[0].to_torch()
    assert torch.equal(alone(x.as_torch()), net[0](x).as_torch())
    shared = net[0].to_torch(share=True)
    assert shared[0].weight.data_ptr() == net[0].module[0].weight.data_ptr()


def test_nested_results_in_to_torch():
    class Net(nn.HybridSequential):
        def __init__(self):
            super().__init__()
            self.inner = TorchBlock(Function(lambda x, pair: {"a": [x + pair[0]], "b": pair[1] * 2}))

        def forward(self, x, y):
            first = self.inner(x, (y, x))
            return self.inner(first["a"][0], (first["b"], y))

    net = Net()
    x, y = np.ones(2), np.full((2,), 3.0)
    result = net.to_torch(x, y)(x.as_torch(), y.as_torch())
    assert result["a"][0].tolist() == net(x, y)["a"][0].tolist() == [6, 6]
    assert result["b"].tolist() == [6, 6]


def test_mixed_network_is_exported_by_torch():
    net = network()
    exported = torch.export.export(
        net.to_torch(images()), (images().as_torch(),), dynamic_shapes=({0: torch.export.Dim("batch", max=64)},)
    )
    x = images(7)
    assert torch.allclose(exported.module()(x.as_torch()), net(x).as_torch(), atol=1e-6)


# What is refused


def test_only_modules_are_taken():
    with pytest.raises(TypeError, match="takes a torch.nn.Module, not Dense"):
        TorchBlock(nn.Dense(2))


def test_modules_of_torch_jit_are_refused():
    class Compiled(torch.jit.ScriptModule):
        pass

    with pytest.raises(TypeError, match="not one that torch.jit has compiled"):
        TorchBlock(Compiled())


def test_lazy_modules_are_refused():
    with pytest.raises(ValueError, match="'weight' of LazyLinear is lazy"):
        TorchBlock(torch.nn.LazyLinear(2))


def test_modules_without_values_are_refused():
    with pytest.raises(ValueError, match="'weight' of Linear has no values"):
        TorchBlock(torch.nn.Linear(2, 2, device="meta"))


def test_sparse_tensors_are_refused():
    inner = torch.nn.Module()
    inner.register_buffer("table", torch.eye(2).to_sparse())
    with pytest.raises(ValueError, match="'table' of Module is no dense array"):
        TorchBlock(inner)
