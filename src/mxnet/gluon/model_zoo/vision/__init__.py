"""The vision zoo: 34 image classifiers, by constructor or by name.

Examples
--------
>>> from mxnet.gluon.model_zoo import vision
>>> vision.list_models('squeezenet*')
['squeezenet1.0', 'squeezenet1.1']
>>> net = vision.squeezenet1_1(classes=10)
"""

from mxnet.gluon.model_zoo.vision._classify import Prediction, Predictions, classify
from mxnet.gluon.model_zoo.vision._convert import Conversion, convert_file, convert_names
from mxnet.gluon.model_zoo.vision._features import Feature, FeatureExtractor, FeatureInfo
from mxnet.gluon.model_zoo.vision._names import NamesError
from mxnet.gluon.model_zoo.vision._registry import ModelInfo, get_model, list_models, model_info, register_model
from mxnet.gluon.model_zoo.vision._torch_names import convert_state_dict, to_state_dict
from mxnet.gluon.model_zoo.vision._weights import Preprocessing, Weights, get_weights, list_weights
from mxnet.gluon.model_zoo.vision.alexnet import AlexNet, alexnet
from mxnet.gluon.model_zoo.vision.densenet import (
    DenseNet,
    densenet121,
    densenet161,
    densenet169,
    densenet201,
    densenet_121,
    densenet_161,
    densenet_169,
    densenet_201,
    get_densenet,
)
from mxnet.gluon.model_zoo.vision.inception import Inception3, inception_v3
from mxnet.gluon.model_zoo.vision.mobilenet import (
    MobileNet,
    MobileNetV2,
    get_mobilenet,
    get_mobilenet_v2,
    mobilenet0_5,
    mobilenet0_25,
    mobilenet0_75,
    mobilenet1_0,
    mobilenet_v2_0_5,
    mobilenet_v2_0_25,
    mobilenet_v2_0_75,
    mobilenet_v2_1_0,
)
from mxnet.gluon.model_zoo.vision.resnet import (
    BasicBlockV1,
    BasicBlockV2,
    BottleneckV1,
    BottleneckV2,
    ResNetV1,
    ResNetV2,
    get_resnet,
    resnet18_v1,
    resnet18_v2,
    resnet34_v1,
    resnet34_v2,
    resnet50_v1,
    resnet50_v2,
    resnet101_v1,
    resnet101_v2,
    resnet152_v1,
    resnet152_v2,
)
from mxnet.gluon.model_zoo.vision.squeezenet import SqueezeNet, get_squeezenet, squeezenet1_0, squeezenet1_1
from mxnet.gluon.model_zoo.vision.vgg import (
    VGG,
    get_vgg,
    vgg11,
    vgg11_bn,
    vgg13,
    vgg13_bn,
    vgg16,
    vgg16_bn,
    vgg19,
    vgg19_bn,
)

__all__ = [
    "AlexNet",
    "BasicBlockV1",
    "BasicBlockV2",
    "BottleneckV1",
    "BottleneckV2",
    "Conversion",
    "DenseNet",
    "Feature",
    "FeatureExtractor",
    "FeatureInfo",
    "Inception3",
    "MobileNet",
    "MobileNetV2",
    "ModelInfo",
    "NamesError",
    "Prediction",
    "Predictions",
    "Preprocessing",
    "ResNetV1",
    "ResNetV2",
    "SqueezeNet",
    "VGG",
    "Weights",
    "alexnet",
    "classify",
    "convert_file",
    "convert_names",
    "convert_state_dict",
    "densenet121",
    "densenet161",
    "densenet169",
    "densenet201",
    "densenet_121",
    "densenet_161",
    "densenet_169",
    "densenet_201",
    "get_densenet",
    "get_mobilenet",
    "get_mobilenet_v2",
    "get_model",
    "get_resnet",
    "get_squeezenet",
    "get_vgg",
    "get_weights",
    "inception_v3",
    "list_models",
    "list_weights",
    "mobilenet0_25",
    "mobilenet0_5",
    "mobilenet0_75",
    "mobilenet1_0",
    "mobilenet_v2_0_25",
    "mobilenet_v2_0_5",
    "mobilenet_v2_0_75",
    "mobilenet_v2_1_0",
    "model_info",
    "register_model",
    "resnet101_v1",
    "resnet101_v2",
    "resnet152_v1",
    "resnet152_v2",
    "resnet18_v1",
    "resnet18_v2",
    "resnet34_v1",
    "resnet34_v2",
    "resnet50_v1",
    "resnet50_v2",
    "squeezenet1_0",
    "squeezenet1_1",
    "to_state_dict",
    "vgg11",
    "vgg11_bn",
    "vgg13",
    "vgg13_bn",
    "vgg16",
    "vgg16_bn",
    "vgg19",
    "vgg19_bn",
]
