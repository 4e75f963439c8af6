"""Record the parameters and logits of the networks of torchvision that are equal to ones of the zoo.

Run from this folder, in an environment of its own that has torchvision, whose torch may be one for CPUs alone (recorded
with 0.28.0 on torch 2.13.0):

    python make_torchvision.py

writes `torchvision.json.gz` (by MXNet's name of the model: name and shape of every parameter and running statistic, in
order) and `torchvision_logits.npz` (every eighth logit for one image; of MobileNetV2, which has another head, its
features averaged over the image). Parameters and images are filled by `fill_rule.py`. A minute.
"""

import gzip
import importlib.util
import json

import fill_rule
import numpy as np
import torch

COMPILED = importlib.util.find_spec("torchvision").origin.replace("__init__.py", "_C.so")
try:
    torch.ops.load_library(COMPILED)
except OSError:
    # It was made for a torch with CUDA. Importing torchvision then asks for two operators, which no network here calls.
    for operator in ("nms", "qnms"):
        torch.library.define(f"torchvision::{operator}", "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")

from torchvision import models  # noqa: E402

STEP = 8
BUILDERS = {
    "alexnet": models.alexnet,
    "vgg11": models.vgg11,
    "vgg11_bn": models.vgg11_bn,
    "vgg13": models.vgg13,
    "vgg13_bn": models.vgg13_bn,
    "vgg16": models.vgg16,
    "vgg16_bn": models.vgg16_bn,
    "vgg19": models.vgg19,
    "vgg19_bn": models.vgg19_bn,
    "squeezenet1.0": models.squeezenet1_0,
    "squeezenet1.1": models.squeezenet1_1,
    "densenet121": models.densenet121,
    "densenet161": models.densenet161,
    "densenet169": models.densenet169,
    "densenet201": models.densenet201,
    "inceptionv3": lambda: models.inception_v3(init_weights=False, aux_logits=False),
    "resnet18_v1": models.resnet18,
    "resnet34_v1": models.resnet34,
    "mobilenetv2_1.0": models.mobilenet_v2,
    "resnet50_v1": models.resnet50,  # not equal: for its names
}


def main():
    shapes, logits = {}, {}
    for name, build in BUILDERS.items():
        net = build().eval()
        size = 299 if name == "inceptionv3" else 224
        shapes[name] = {
            key: list(value.shape) for key, value in net.state_dict().items() if not key.endswith("num_batches_tracked")
        }
        filled = fill_rule.state_dict(shapes[name], fill_rule.model_gain(name))
        net.load_state_dict({key: torch.from_numpy(value) for key, value in filled.items()}, strict=False)
        images = torch.from_numpy(fill_rule.images((1, 3, size, size)))
        with torch.inference_mode():
            seen = net.features(images).mean((2, 3)) if name == "mobilenetv2_1.0" else net(images)
        logits[name] = seen.numpy()[:, ::STEP]
        print(name, seen.std().item(), flush=True)
    with open("torchvision.json.gz", "wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as file:
        file.write(json.dumps(shapes).encode())
    np.savez_compressed("torchvision_logits.npz", **logits)


if __name__ == "__main__":
    main()
