"""Run the converted networks of a folder, and convert one here.

Arguments: the folder for the result, a folder of ``<name>-symbol.json``, ``<name>-0000.params`` and ``images.npz``.
Files of float16 are loaded only, since convolutions do not run in it on a CPU.
"""

import json
import sys
from pathlib import Path

import numpy as onp

import mxnet as mx
from mxnet import amp, gluon

result, folder = Path(sys.argv[1]), Path(sys.argv[2])
mx.npx.set_np()
images = mx.np.array(onp.load(folder / "images.npz")["images"])
arrays, types = {}, {}
for file in sorted(folder.glob("*-symbol.json")):
    name = file.name.replace("-symbol.json", "")
    net = gluon.SymbolBlock.imports(str(file), ["data"], str(folder / f"{name}-0000.params"))
    types[name] = {key: onp.dtype(param.dtype).name for key, param in net.collect_params().items()}
    if "bfloat16" in name:
        arrays[name] = net(images).asnumpy()

data = mx.sym.var("data")
conv = mx.sym.Convolution(data, num_filter=4, kernel=(3, 3), name="conv")
flat = mx.sym.Flatten(mx.sym.Activation(conv, act_type="relu", name="relu"), name="flat")
symbol = mx.sym.softmax(mx.sym.FullyConnected(flat, num_hidden=3, name="fc"), name="sm")
shapes = dict(zip(symbol.list_arguments(), symbol.infer_shape(data=images.shape)[0], strict=True))
random = onp.random.RandomState(0)
params = {name: mx.nd.array(random.randn(*shape) / 10) for name, shape in shapes.items() if name != "data"}
low, params, _ = amp.convert_model(symbol, params, {}, target_dtype="bfloat16")
low.save(str(result / "theirs-symbol.json"), remove_amp_cast=False)
net = gluon.SymbolBlock(low, mx.sym.var("data"), params=None)
for name, param in net.collect_params().items():
    param.initialize(ctx=mx.cpu())
    param.set_data(params[name].as_np_ndarray())
arrays["theirs"] = net(images).asnumpy()
arrays.update({f"param {name}": value.asnumpy() for name, value in params.items()})
onp.savez(result / "result.npz", **arrays)
(result / "result.json").write_text(json.dumps({"types": types, "graph": (result / "theirs-symbol.json").read_text()}))
