"""One of several processes that train together: ``python train_in_processes.py FOLDER RANK WORLD [gpu]``.

They meet through a file in FOLDER, and each leaves what it found there as ``RANK.json``. In one process, with the whole
batch and without a kvstore, `test_distributed` expects the same of most functions.
"""

import json
import os
import sys
import warnings

import numpy as onp
import pytest
import references  # noqa: F401  (finds the module below)
import torch
import torch.distributed as dist

import mxnet as mx
from mxnet import autograd, gluon
from mxnet.gluon import nn
from mxnet.gluon.contrib.estimator import CheckpointHandler, Estimator
from mxnet.kvstore import _buckets

import make_distributed  # isort: skip

SAMPLES = 12
IMAGES = onp.random.RandomState(0).rand(SAMPLES, 3, 6, 6).astype("float32")
LABELS = onp.arange(SAMPLES) % 4
OPTIMIZERS = {
    "sgd": {"learning_rate": 0.1, "momentum": 0.9, "wd": 0.01},
    "adam": {"learning_rate": 0.01},
    "lamb": {"learning_rate": 0.01},
}


class Member:
    """A process, or all of the job in one: what it takes of a batch, and the store it trains with."""

    def __init__(self, rank=0, world=1, kvstore=None):
        self.rank, self.world, self.kvstore = rank, world, kvstore

    def part(self, array):
        return mx.np.array(onp.array_split(array, self.world)[self.rank])

    def network(self, *layers):
        """Each process would draw parameters of its own: their seeds differ."""
        mx.random.seed(7 + self.rank)
        net = nn.HybridSequential()
        net.add(*(layers or (nn.Conv2D(5, 3), nn.Activation("relu"), nn.Dense(6), nn.Dense(4))))
        net.initialize(mx.init.Xavier())
        return net

    def trainer(self, net, optimizer="sgd", options=None, **more):
        options = options or OPTIMIZERS.get(optimizer)
        return gluon.Trainer(net.collect_params(), optimizer, options, **{"kvstore": self.kvstore, **more})


def loss_of(net, images, labels):
    with autograd.record():
        return gluon.loss.SoftmaxCrossEntropyLoss()(net(images), labels)


def values(net):
    return {name: param.data().asnumpy().tolist() for name, param in net.collect_params().items()}


def trained(member, optimizer="sgd", steps=3, hybridized=False):
    """Plain training with shapes that only the first forward pass tells."""
    net = member.network()
    if hybridized:
        net.hybridize()
    trainer = member.trainer(net, optimizer)
    for _ in range(steps):
        loss_of(net, member.part(IMAGES), member.part(LABELS)).backward()
        trainer.step(SAMPLES)
    return values(net)


def looked_at(member, rank):
    """One process has run the network before its trainer is made, and so knows all shapes."""
    net = member.network()
    if member.rank == rank:
        net(mx.np.array(IMAGES[:1]))
    trainer = member.trainer(net)
    loss_of(net, member.part(IMAGES), member.part(LABELS)).backward()
    trainer.step(SAMPLES)
    return values(net)


def accumulated(member, optimizer="sgd", pieces=2):
    """Gradients of several small batches are added up before each step."""
    net = member.network()
    for param in net.collect_params().values():
        param.grad_req = "add"
    trainer = member.trainer(net, optimizer)
    for _ in range(3):
        for images, labels in zip(onp.array_split(IMAGES, pieces), onp.array_split(LABELS, pieces), strict=True):
            loss_of(net, member.part(images), member.part(labels)).backward()
        trainer.step(SAMPLES)
        for param in net.collect_params().values():
            param.zero_grad()
    return values(net)


def overwritten(member):
    """A process goes back twice, and writes to a gradient before the step: what is there at the step counts."""
    net = member.network()
    trainer = member.trainer(net)
    for step in range(3):
        for _ in range(1 + (step == 1 and member.rank == 0)):
            loss_of(net, member.part(IMAGES) * (1 + step), member.part(LABELS)).backward()
        for param in net.collect_params().values():
            if step == 2:
                param.grad()[:] = param.grad() * 0.5
        trainer.step(SAMPLES)
    return values(net)


def frozen_for_a_while(member):
    """A layer is left out of one step: other parameters are summed then."""
    net = member.network()
    trainer = member.trainer(net)
    for step in range(4):
        for param in net[0].collect_params().values():
            param.grad_req = "null" if step == 2 else "write"
        loss_of(net, member.part(IMAGES), member.part(LABELS)).backward()
        trainer.step(SAMPLES)
    return values(net)


def changed_before_the_first_step(member):
    """A parameter that is set after the trainer has sent process 0's."""
    net = nn.Dense(2, in_units=3)
    net.initialize()
    trainer = member.trainer(net, options={"learning_rate": 0.5})
    net.weight.set_data(mx.np.full((2, 3), 1.0 + member.rank))
    with autograd.record():
        loss = net(mx.np.ones((1, 3))).sum()
    loss.backward()
    trainer.step(member.world)
    return net.weight.data().asnumpy().tolist()


def by_hand(member):
    """Sums, a change of the sums, and an update, each called by itself."""
    net = member.network()
    trainer = member.trainer(net, update_on_kvstore=False)
    for _ in range(2):
        loss_of(net, member.part(IMAGES), member.part(LABELS)).backward()
        trainer.allreduce_grads()
        gluon.utils.clip_global_norm([param.grad() for param in net.collect_params().values()], 0.5)
        trainer.update(SAMPLES)
    return values(net)


class Branches(gluon.HybridBlock):
    """A layer for everyone, and one for some."""

    def __init__(self):
        super().__init__()
        self.common, self.rare = nn.Dense(3, in_units=108), nn.Dense(3, in_units=108)

    def forward(self, x, use_rare):
        return self.common(x) + self.rare(x) if use_rare else self.common(x)


def partly_used(member, rare_samples):
    """Only the first samples go through the rare layer: none of those of the last process."""
    net = member.network(Branches())
    trainer = member.trainer(net)
    rows = mx.np.array(IMAGES.reshape(SAMPLES, -1))
    begin, end = member.rank * SAMPLES // member.world, (member.rank + 1) * SAMPLES // member.world
    for step in range(4):
        with autograd.record():
            heads = [net(rows[begin:end], False) ** 2]
            if begin < rare_samples and step != 2:
                heads.append((net[0].rare(rows[begin : min(end, rare_samples)]) * 2) ** 2)
        autograd.backward(heads)
        trainer.step(SAMPLES, ignore_stale_grad=True)
    return values(net)


def on_two_devices(member):
    """Each process splits its part over two devices."""
    devices = [mx.cpu(0), mx.cpu(1)]
    mx.random.seed(7 + member.rank)
    net = nn.Dense(4, in_units=108)
    net.initialize(mx.init.Xavier(), device=devices)
    trainer = member.trainer(net, kvstore=member.kvstore or "device")
    for _ in range(3):
        images = gluon.utils.split_and_load(member.part(IMAGES), devices)
        labels = gluon.utils.split_and_load(member.part(LABELS), devices)
        autograd.backward([loss_of(net, *pair) for pair in zip(images, labels, strict=True)])
        trainer.step(SAMPLES)
    replicas = [param.list_data() for param in net.collect_params().values()]
    assert all((first.asnumpy() == second.asnumpy()).all() for first, second in replicas)
    return [first.asnumpy().tolist() for first, _ in replicas]


def two_networks(member):
    """Two trainers, whose networks take turns and are trained by one backward pass."""
    first, second = member.network(nn.Dense(6)), member.network(nn.Dense(4))
    trainers = [member.trainer(first), member.trainer(second, "adam")]
    for _ in range(3):
        with autograd.record():
            scores = second(first(member.part(IMAGES)))
            loss = gluon.loss.SoftmaxCrossEntropyLoss()(scores, member.part(LABELS))
        loss.backward()
        for trainer in trainers:
            trainer.step(SAMPLES)
    return values(first), values(second)


def estimated(member, folder):
    """What an Estimator comes to in three epochs, and after one that was cut off after two."""

    def fitted(name, epochs):
        onp.random.seed(member.rank)
        net = member.network(nn.Dense(6), nn.Dropout(0.5), nn.Dense(4))
        estimator = Estimator(net, gluon.loss.SoftmaxCrossEntropyLoss(), trainer=member.trainer(net))
        estimator.logger.setLevel("WARNING")
        dataset = gluon.data.ArrayDataset(member.part(IMAGES), member.part(LABELS))
        loader = gluon.data.DataLoader(dataset, 2, shuffle=True)
        handler = CheckpointHandler(os.path.join(folder, name), resume_from_checkpoint=True)
        estimator.fit(loader, epochs=epochs, event_handlers=handler)
        return values(net)

    whole = fitted("whole", 3)
    fitted("pieces", 2)
    return whole, fitted("pieces", 3)


def resumed(member, folder):
    """Training that goes on from the files of an earlier one."""
    net = member.network()
    trainer = member.trainer(net, "adam")

    def go(net, trainer):
        loss_of(net, member.part(IMAGES), member.part(LABELS)).backward()
        trainer.step(SAMPLES)

    go(net, trainer)
    path = os.path.join(folder, f"resumed.{member.world}.{member.rank}")
    net.save_parameters(path + ".params")
    trainer.save_states(path + ".states")
    other = member.network()
    other.load_parameters(path + ".params")
    successor = member.trainer(other, "adam")
    successor.load_states(path + ".states")
    go(net, trainer)
    go(other, successor)
    assert values(net) == values(other)
    return values(other)


def normalized(member, layer, hybridized, dtype="float32", sizes=(5, 7)):
    """A normalized batch that processes share unevenly, its gradients summed over them, and what is kept."""
    mx.random.seed(3)
    layer.initialize()
    if hybridized:
        layer.hybridize()
    bounds = onp.cumsum([0, *sizes])
    begin, end = (bounds[member.rank], bounds[member.rank + 1]) if member.world > 1 else (0, bounds[-1])
    x = mx.np.array(IMAGES[begin:end] * 3 - 1, dtype=dtype)
    x.attach_grad()
    weights = onp.random.RandomState(1).rand(SAMPLES, 3, 6, 6).astype("float32")
    for _ in range(2):
        with autograd.record():
            y = layer(x)
            head = (y * mx.np.array(weights[begin:end], dtype=dtype)).sum()
        head.backward()
    return {
        "output": y.asnumpy().tolist(),
        "gradient": x.grad.asnumpy().tolist(),
        "gamma": layer.gamma.grad().asnumpy().tolist(),
        "beta": layer.beta.grad().asnumpy().tolist(),
        "mean": layer.running_mean.data().asnumpy().tolist(),
        "variance": layer.running_var.data().asnumpy().tolist(),
        "predicted": layer(x).asnumpy().tolist(),
    }


def compressed(member, kind):
    net = member.network(nn.Dense(4, in_units=108))
    trainer = member.trainer(net, options={"learning_rate": 1.0}, compression_params=kind)
    before = values(net)
    rows = member.part(IMAGES.reshape(SAMPLES, -1))
    gradients = []
    for _ in range(2):
        loss_of(net, rows, member.part(LABELS)).backward()
        gradients.append(net[0].weight.grad().asnumpy().tolist())
        trainer.step(SAMPLES)
    return {"before": before, "gradients": gradients, "after": values(net)}


def sent_early(member):
    """How many buckets have been sent before the end of `backward` and of `step`, in each of three steps."""
    net = member.network()
    trainer = member.trainer(net)
    counts, sent = [], []
    start = _buckets._Bucket.start
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_buckets._Bucket, "start", lambda self, tensors: (sent.append(self), start(self, tensors)))
        for _ in range(3):
            loss_of(net, member.part(IMAGES), member.part(LABELS)).backward()
            before = len(sent)
            trainer.step(SAMPLES)
            counts.append([before, len(sent)])
            sent.clear()
    return counts, len(trainer._reducer._buckets._buckets)


def sent_at_the_step(member):
    os.environ["MXNET_KVSTORE_OVERLAP"] = "0"
    try:
        return sent_early(member)[0]
    finally:
        del os.environ["MXNET_KVSTORE_OVERLAP"]


def threads_and_files(member):
    """How many the process has, after each of three trainers that are gone."""
    counts = []
    for _ in range(3):
        trained(member, steps=1)
        counts.append([len(os.listdir(f"/proc/self/{kind}")) for kind in ("task", "fd")])
    return counts


def stored(member):
    """The methods of a store, one after the other."""
    rank, store = member.rank, mx.kv.create("dist_device_sync")
    mine, out = mx.np.array([1.0 + rank, 2.0]), mx.np.zeros(2)
    found = {"type": store.type, "place": [store.rank, store.num_workers]}

    def note(name):
        found[name] = out.asnumpy().tolist()

    store.init(3, mine)
    store.pull(3, out)
    note("init is rank 0's")
    store.push(3, [mine, mine])
    store.pull(3, out)
    note("push sums")
    store.pushpull(3, mine, out)
    note("pushpull sums")
    store.broadcast(5, mine * 2, out)
    note("broadcast")
    store.push([3, 5], [mine, mine * 3])
    store.pull(5, out)
    note("lists of keys")
    store.set_optimizer(mx.optimizer.SGD(learning_rate=0.5))
    store.push(5, mine)
    store.pull(5, out)
    note("updated")
    store.init(6, mx.np.zeros(2, dtype="float32"))
    store._set_updater(lambda key, pushed, stored: pushed.copyto(stored))
    store.push(6, mine.astype("float64" if rank else "float16"))
    store.pull(6, out)
    note("types that differ")
    store.set_optimizer(mx.optimizer.SGD(learning_rate=0.5))
    store.barrier()
    allreduce = mx.kv.create("horovod")
    allreduce.pushpull("key", mine, out)
    note("horovod sums")
    allreduce.broadcast("key", mine, [out])
    note("horovod broadcasts")
    store.push([3, 3], [mine, mine * 10])
    store.pull(3, out)
    note("updated by a key that comes twice")
    allreduce.pushpull(["key", "key"], [mine, mine * 10], [out, mx.np.zeros(2)])
    note("horovod with a key that comes twice")
    return found


def error_of(call):
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            call()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return None


def errors(member):
    """What is refused, in every process."""
    rank = member.rank
    net = member.network(Branches())
    trainer = member.trainer(net)
    rows = mx.np.array(IMAGES.reshape(SAMPLES, -1))

    def backward(use_rare):
        with autograd.record():
            loss = net[0](rows, use_rare) ** 2
        loss.backward()

    backward(use_rare=True)
    found = {"batch sizes": error_of(lambda: trainer.step(4 + rank))}
    backward(use_rare=True)
    trainer.step(4)
    before = values(net)
    backward(use_rare=rank == 0)
    found["stale"] = error_of(lambda: trainer.step(4))
    found["nothing changed"] = values(net) == before
    found["by hand"] = error_of(trainer.allreduce_grads)
    found["update sizes"] = error_of(lambda: member.trainer(net, update_on_kvstore=False).update(1 + rank))
    found["networks"] = error_of(lambda: member.trainer(nn_of(3 + rank)))
    found["parameters"] = error_of(lambda: member.trainer(nn_of(3, bias=rank == 0)))
    for param in net[0].rare.collect_params().values():
        param.grad_req = "null" if rank == 1 else "write"
    for name in ("frozen in one", "frozen in one again"):
        backward(use_rare=True)
        found[name] = error_of(lambda: trainer.step(4))
    for param in net[0].rare.collect_params().values():
        param.grad_req = "write"
    backward(use_rare=True)
    trainer.step(4)
    net = member.network(nn.Dense(4, in_units=3))
    trainer = member.trainer(net, compression_params={"type": "bf16"} if rank else {"type": "2bit"})
    loss_of(net, mx.np.ones((1, 3)), mx.np.zeros(1)).backward()
    found["compression"] = error_of(lambda: trainer.step(4))
    found["alone"] = error_of(lambda: member.trainer(net, kvstore="device"))
    found["async"] = error_of(lambda: mx.kv.create("dist_async"))
    found["async again"] = error_of(lambda: member.trainer(net, kvstore="dist_async"))
    found["async by hand"] = error_of(lambda: member.trainer(net, kvstore="dist_async", update_on_kvstore=False))
    found["horovod"] = error_of(lambda: member.trainer(net, kvstore="horovod", update_on_kvstore=True))
    allreduce = mx.kv.create("horovod")
    found["horovod shapes"] = error_of(lambda: allreduce.pushpull("key", mx.np.ones(2), mx.np.ones((3, 2))))
    found["horovod broadcast"] = error_of(lambda: allreduce.broadcast("key", mx.np.ones(2), [mx.np.ones(1)]))
    # A float more than the other process waits for would end it by abort.
    found["horovod sizes"] = error_of(lambda: allreduce.pushpull("key", mx.np.ones(2 + 9 * rank)))
    found["horovod keys"] = error_of(
        lambda: allreduce.pushpull(["key", "other"][: 2 - rank], [mx.np.ones(2)] * (2 - rank))
    )
    found["horovod types"] = error_of(lambda: allreduce.pushpull("key", mx.np.ones(2, dtype=f"float{32 + 32 * rank}")))
    sent = mx.np.ones(2 + rank)
    found["byteps broadcast sizes"] = error_of(lambda: mx.kv.create("byteps").broadcast("key", sent, sent))
    # Arrays of the same forms, for which one process would wait for what the other never sends.
    found["sum and broadcast"] = error_of(
        lambda: allreduce.broadcast("new", *[mx.np.ones(2)] * 2) if rank else allreduce.pushpull("new", mx.np.ones(2))
    )
    stores = allreduce, mx.kv.create("byteps")
    found["two stores"] = error_of(lambda: stores[rank].pushpull("new", mx.np.ones(2)))
    allreduce.pushpull("key", sent := mx.np.ones(2))
    found["nothing changed"] &= sent.tolist() == [2, 2]
    store = mx.kv.create("dist_sync")
    store.init(["a", "b"], [mx.np.ones(2), mx.np.ones(11)])
    found["pushed keys"] = error_of(lambda: store.push("ab"[rank], mx.np.ones(2 + 9 * rank)))
    found["init and push"] = error_of(lambda: (store.push if rank else store.init)("cb"[rank], mx.np.ones(11)))
    store.push("a", mx.np.ones(2))
    store.pull("a", sent)
    found["nothing changed"] &= sent.tolist() == [2, 2]
    store = mx.kv.create("dist_sync")
    store.init("a", mx.np.ones(2))
    store.set_gradient_compression({"type": "fp16" if rank else "bf16"})
    found["pushed bits"] = error_of(lambda: store.push("a", mx.np.ones(2)))
    store = mx.kv.create("dist_sync")
    found["init"] = error_of(lambda: store.init(3, mx.np.ones(2 + rank)))
    store.init(3, mx.np.ones(2))  # the key is free still
    return found


def nn_of(units, bias=True):
    net = nn.Dense(units, in_units=2, use_bias=bias)
    net.initialize()
    return net


def in_two(member, folder):
    """All that two processes do."""
    found = {f"trained {name}": trained(member, name) for name in OPTIMIZERS}
    found["trained hybridized"] = trained(member, hybridized=True)
    found |= {f"accumulated {name}": accumulated(member, name) for name in OPTIMIZERS}
    found["looked at in process 0"] = looked_at(member, 0)
    found["looked at in process 1"] = looked_at(member, 1)
    found["overwritten"] = overwritten(member)
    found["frozen for a while"] = frozen_for_a_while(member)
    found["changed before the first step"] = changed_before_the_first_step(member)
    found["by hand"] = by_hand(member)
    found["partly used"] = partly_used(member, rare_samples=4)
    found["on two devices"] = on_two_devices(member)
    found["two networks"] = two_networks(member)
    found["resumed"] = resumed(member, folder)
    found["estimated"] = estimated(member, folder)
    if member.world == 1:
        return found
    for name in ("eager", "hybridized"):
        found[f"normalized {name}"] = normalized(member, nn.SyncBatchNorm(), name == "hybridized")
    found["normalized float16"] = normalized(member, nn.SyncBatchNorm(), False, "float16")
    found["normalized, nothing in one"] = normalized(member, nn.SyncBatchNorm(), False, sizes=(12, 0))
    found |= {kind: compressed(member, {"type": kind}) for kind in ("bf16", "fp16")}
    found["2bit"] = compressed(member, {"type": "2bit", "threshold": 0.25})
    found["sent early"] = sent_early(member)
    found["sent at the step"] = sent_at_the_step(member)
    if os.path.exists("/proc/self/task"):
        found["threads and files"] = threads_and_files(member)
    found["stored"] = stored(member)
    found["errors"] = errors(member)
    found["as genuine"] = {case: make_distributed.found_in(mx, case) for case in make_distributed.CASES}
    found["horovod"] = trained(Member(member.rank, member.world, "horovod"))
    return found


def in_four(member, folder):
    """What four processes do."""
    return {
        "trained adam": trained(member, "adam"),
        "overwritten": overwritten(member),
        "partly used": partly_used(member, rare_samples=4),
    }


def on_gpus(member):
    """What processes do with a GPU each."""
    with mx.gpu(member.rank):
        found = {f"trained {name}": trained(member, name) for name in ("sgd", "adam")}
        found["trained hybridized"] = trained(member, hybridized=True)
        found["overwritten"] = overwritten(member)
        sizes = (5, 7) if member.world == 2 else (SAMPLES,)
        return found | {"normalized eager": normalized(member, nn.SyncBatchNorm(), False, sizes=sizes)}


def main(folder, rank, world, where="cpu"):
    backends = "gloo" if where == "cpu" else "cpu:gloo,cuda:nccl"
    if where == "gpu":
        torch.cuda.set_device(rank)
    dist.init_process_group(backends, init_method=f"file://{folder}/meeting", rank=rank, world_size=world)
    _buckets._SIZE = 1000  # small networks have several buckets, too
    member = Member(rank, world, "dist_sync")
    if where == "gpu":
        found = on_gpus(member)
    else:
        found = (in_two if world == 2 else in_four)(member, folder)
    with open(os.path.join(folder, f"{rank}.json"), "w") as file:
        json.dump(found, file)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), *sys.argv[4:])
