"""One of three processes of which one is late, and later killed: ``python lose_a_process.py FOLDER RANK``."""

import json
import os
import signal
import sys
import time

import torch.distributed as dist

import mxnet as mx
from mxnet import autograd, gluon


def error_of(call):
    start = time.monotonic()
    try:
        call()
    except mx.MXNetError as error:
        return str(error), time.monotonic() - start
    return None, time.monotonic() - start


def main(folder, rank):
    dist.init_process_group("gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=3)
    os.environ["MXNET_KVSTORE_TIMEOUT"] = "3"
    store = mx.kv.create("dist_sync")
    os.environ["MXNET_KVSTORE_TIMEOUT"] = "60"
    net = gluon.nn.Dense(2, in_units=3)
    net.initialize()
    trainer = gluon.Trainer(net.collect_params(), "sgd", kvstore="dist_sync")

    def step(sign=1):
        with autograd.record():
            loss = net(mx.np.ones((2, 3))).sum()
        loss.backward()
        trainer.step(6)

    step()
    if rank == 1:  # it does something else while the others wait for it
        late = None, 0.0
    else:
        late = error_of(store.barrier)
    trainer._kvstore.barrier()
    if rank == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    lost = error_of(step)
    again = error_of(step)
    with open(os.path.join(folder, f"{rank}.json"), "w") as file:
        json.dump({"late": late, "lost": lost, "again": again}, file)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
