"""Networks as plain descriptions: layers, activations, how weights start, where parameters lie."""

from __future__ import annotations

from xent.network.activations import ACTIVATIONS as ACTIVATIONS
from xent.network.activations import Activation as Activation
from xent.network.activations import activation_named as activation_named
from xent.network.activations import elu as elu
from xent.network.activations import gelu as gelu
from xent.network.activations import identity as identity
from xent.network.activations import leaky_relu as leaky_relu
from xent.network.activations import mish as mish
from xent.network.activations import relu as relu
from xent.network.activations import selu as selu
from xent.network.activations import sigmoid as sigmoid
from xent.network.activations import softplus as softplus
from xent.network.activations import tanh as tanh
from xent.network.dropout import dropout as dropout
from xent.network.image_layers import AvgPool2d as AvgPool2d
from xent.network.image_layers import Conv2d as Conv2d
from xent.network.image_layers import GlobalAvgPool as GlobalAvgPool
from xent.network.image_layers import MaxPool2d as MaxPool2d
from xent.network.image_layers import Pixels as Pixels
from xent.network.initializers import INITIALIZERS as INITIALIZERS
from xent.network.initializers import default_initializer as default_initializer
from xent.network.initializers import initialize as initialize
from xent.network.initializers import parse_initializer as parse_initializer
from xent.network.layer_forms import Layer as Layer
from xent.network.layers import Activate as Activate
from xent.network.layers import BatchNorm as BatchNorm
from xent.network.layers import Dense as Dense
from xent.network.layers import Dropout as Dropout
from xent.network.layers import Embedding as Embedding
from xent.network.layers import Flatten as Flatten
from xent.network.layers import LayerNorm as LayerNorm
from xent.network.layers import Scale as Scale
from xent.network.module_network import ModuleNetwork as ModuleNetwork
from xent.network.network import Network as Network
from xent.network.network import mlp as mlp
from xent.network.parameters import ParameterSlot as ParameterSlot
from xent.network.parameters import initial_parameters as initial_parameters
from xent.network.parameters import initial_running as initial_running
from xent.network.parameters import n_penalized as n_penalized
from xent.network.parameters import parameter_layout as parameter_layout
from xent.network.parameters import running_layout as running_layout
from xent.network.presets import PRESETS as PRESETS
from xent.network.presets import lenet as lenet
from xent.network.presets import resnet_small as resnet_small
from xent.network.presets import small_cnn as small_cnn
from xent.network.residual import Residual as Residual

__all__ = [
    "ACTIVATIONS",
    "INITIALIZERS",
    "PRESETS",
    "Activate",
    "Activation",
    "AvgPool2d",
    "BatchNorm",
    "Conv2d",
    "Dense",
    "Dropout",
    "Embedding",
    "Flatten",
    "GlobalAvgPool",
    "Layer",
    "LayerNorm",
    "MaxPool2d",
    "ModuleNetwork",
    "Network",
    "ParameterSlot",
    "Pixels",
    "Residual",
    "Scale",
    "activation_named",
    "default_initializer",
    "dropout",
    "elu",
    "gelu",
    "identity",
    "initial_parameters",
    "initial_running",
    "initialize",
    "leaky_relu",
    "lenet",
    "mish",
    "mlp",
    "n_penalized",
    "parameter_layout",
    "parse_initializer",
    "relu",
    "resnet_small",
    "running_layout",
    "selu",
    "sigmoid",
    "small_cnn",
    "softplus",
    "tanh",
]
