"""The published figures: facts of MXNet's page on its zoo, and of torchvision."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["MXNET", "TORCHVISION", "Checkpoint", "Published"]


class Published(NamedTuple):
    """A model that MXNet published: its parameters, running statistics included, and its accuracies in percent."""

    model: str
    parameters: int
    top1: float
    top5: float


class Checkpoint(NamedTuple):
    """A file of torchvision; its name ends in the first digits of its SHA-256.

    `between_ones` says that its network was trained on colours from -1 to 1, not on ImageNet's normalisation;
    `body_only` that its output is another one than MXNet's.
    """

    file: str
    mebibytes: float
    top1: float
    top5: float
    between_ones: bool = False
    body_only: bool = False


MXNET = (
    Published("alexnet", 61_100_840, 54.92, 78.03),
    Published("densenet121", 8_062_504, 74.97, 92.25),
    Published("densenet161", 28_900_936, 77.70, 93.80),
    Published("densenet169", 14_307_880, 76.17, 93.17),
    Published("densenet201", 20_242_984, 77.32, 93.62),
    Published("inceptionv3", 23_869_000, 77.55, 93.64),
    Published("mobilenet0.25", 475_544, 51.85, 76.08),
    Published("mobilenet0.5", 1_342_536, 63.07, 84.75),
    Published("mobilenet0.75", 2_601_976, 67.38, 87.82),
    Published("mobilenet1.0", 4_253_864, 71.05, 90.06),
    Published("mobilenetv2_0.25", 1_526_856, 50.74, 74.56),
    Published("mobilenetv2_0.5", 1_983_104, 64.49, 85.47),
    Published("mobilenetv2_0.75", 2_653_864, 69.61, 88.95),
    Published("mobilenetv2_1.0", 3_539_136, 71.92, 90.56),
    Published("resnet101_v1", 44_695_144, 78.34, 94.01),
    Published("resnet101_v2", 44_639_412, 78.53, 94.17),
    Published("resnet152_v1", 60_404_072, 79.00, 94.38),
    Published("resnet152_v2", 60_329_140, 79.21, 94.31),
    Published("resnet18_v1", 11_699_112, 70.93, 89.92),
    Published("resnet18_v2", 11_695_796, 71.00, 89.92),
    Published("resnet34_v1", 21_814_696, 74.37, 91.87),
    Published("resnet34_v2", 21_811_380, 74.40, 92.08),
    Published("resnet50_v1", 25_629_032, 76.47, 93.13),
    Published("resnet50_v2", 25_595_060, 77.11, 93.43),
    Published("squeezenet1.0", 1_248_424, 56.11, 79.09),
    Published("squeezenet1.1", 1_235_496, 54.96, 78.17),
    Published("vgg11", 132_863_336, 66.62, 87.34),
    Published("vgg11_bn", 132_874_344, 68.59, 88.72),
    Published("vgg13", 133_047_848, 67.74, 88.11),
    Published("vgg13_bn", 133_059_624, 68.84, 88.82),
    Published("vgg16", 138_357_544, 73.23, 91.32),
    Published("vgg16_bn", 138_374_440, 73.10, 91.76),
    Published("vgg19", 143_667_240, 74.11, 91.35),
    Published("vgg19_bn", 143_689_256, 74.33, 91.85),
)

# The networks that are the same in both, layer by layer. Not among them, though torchvision has some of these names:
# ResNet-50 and deeper, whose blocks have their stride in another convolution. MobileNetV2's output has a bias there.
TORCHVISION = {
    "alexnet": Checkpoint("alexnet-owt-7be5be79.pth", 233.087, 56.522, 79.066),
    "densenet121": Checkpoint("densenet121-a639ec97.pth", 30.845, 74.434, 91.972),
    "densenet161": Checkpoint("densenet161-8d451a50.pth", 110.369, 77.138, 93.560),
    "densenet169": Checkpoint("densenet169-b2777c0a.pth", 54.708, 75.600, 92.806),
    "densenet201": Checkpoint("densenet201-c1103571.pth", 77.373, 76.896, 93.370),
    "inceptionv3": Checkpoint("inception_v3_google-0cc3c7bd.pth", 103.903, 77.294, 93.450, between_ones=True),
    "mobilenetv2_1.0": Checkpoint("mobilenet_v2-b0353104.pth", 13.555, 71.878, 90.286, body_only=True),
    "resnet18_v1": Checkpoint("resnet18-f37072fd.pth", 44.661, 69.758, 89.078),
    "resnet34_v1": Checkpoint("resnet34-b627a593.pth", 83.275, 73.314, 91.420),
    "squeezenet1.0": Checkpoint("squeezenet1_0-b66bff10.pth", 4.778, 58.092, 80.420),
    "squeezenet1.1": Checkpoint("squeezenet1_1-b8a52dc0.pth", 4.729, 58.178, 80.624),
    "vgg11": Checkpoint("vgg11-8a719046.pth", 506.840, 69.020, 88.628),
    "vgg11_bn": Checkpoint("vgg11_bn-6002323d.pth", 506.881, 70.370, 89.810),
    "vgg13": Checkpoint("vgg13-19584684.pth", 507.545, 69.928, 89.246),
    "vgg13_bn": Checkpoint("vgg13_bn-abd245e5.pth", 507.590, 71.586, 90.374),
    "vgg16": Checkpoint("vgg16-397923af.pth", 527.796, 71.592, 90.382),
    "vgg16_bn": Checkpoint("vgg16_bn-6c64b313.pth", 527.866, 73.360, 91.516),
    "vgg19": Checkpoint("vgg19-dcbb9e9d.pth", 548.051, 72.376, 90.876),
    "vgg19_bn": Checkpoint("vgg19_bn-c79401a0.pth", 548.143, 74.218, 91.842),
}
