"""Train one network in several processes.

    torchrun --nproc-per-node 2 examples/distributed.py

Each process reads its own part of the data; gradients are summed over all of them. With a GPU for each process, the
network is trained there.
"""

import argparse

import numpy as onp

import mxnet as mx
from mxnet import autograd, gluon
from mxnet.gluon import nn
from mxnet.gluon.data import ArrayDataset, DataLoader, SplitSampler


def blobs(count: int) -> ArrayDataset:
    """Points around four corners, and which corner it was."""
    random = onp.random.RandomState(0)
    labels = random.randint(0, 4, count)
    corners = onp.array([[1, 1], [1, -1], [-1, 1], [-1, -1]], dtype="float32")
    return ArrayDataset(corners[labels] + random.normal(0, 0.5, (count, 2)).astype("float32"), labels)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch-size", type=int, default=16, help="samples of a batch in each process")
    parser.add_argument("--epochs", type=int, default=3)
    options = parser.parse_args()

    store = mx.kv.create("dist_sync")
    device = mx.gpu(store.local_rank) if store.local_rank < mx.device.num_gpus() else mx.cpu()

    dataset = blobs(1000)
    sampler = SplitSampler(len(dataset), store.num_workers, store.rank)
    loader = DataLoader(dataset, options.batch_size, sampler=sampler, last_batch="discard")

    net = nn.HybridSequential()
    net.add(nn.Dense(16, activation="relu"), nn.SyncBatchNorm(), nn.Dense(4))
    net.initialize(mx.init.Xavier(), device=device)
    net.hybridize()
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.1, "momentum": 0.9}, kvstore=store)
    loss_of = gluon.loss.SoftmaxCrossEntropyLoss()

    for epoch in range(1, options.epochs + 1):
        total = mx.np.zeros(3)  # loss, hits and samples
        for points, labels in loader:
            points, labels = points.to_device(device), labels.to_device(device)
            with autograd.record():
                scores = net(points)
                loss = loss_of(scores, labels)
            loss.backward()
            trainer.step(options.batch_size * store.num_workers)  # the samples of all processes
            hits = (scores.argmax(axis=1) == labels).sum()
            total += mx.np.array([loss.sum().item(), hits.item(), len(labels)])
        key = f"epoch {epoch}"
        store.init(key, mx.np.zeros(3))
        store.pushpull(key, total)
        if store.rank == 0:
            loss, hits, samples = total.tolist()
            print(
                f"epoch {epoch}: loss {loss / samples:.4f}, accuracy {hits / samples:.4f} "
                f"over {store.num_workers} processes",
                flush=True,
            )


if __name__ == "__main__":
    main()
