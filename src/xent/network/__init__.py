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
from xent.network.initializers import INITIALIZERS as INITIALIZERS
from xent.network.initializers import default_initializer as default_initializer
from xent.network.initializers import initialize as initialize
from xent.network.initializers import parse_initializer as parse_initializer
from xent.network.layers import BatchNorm as BatchNorm
from xent.network.layers import Dense as Dense
from xent.network.layers import Dropout as Dropout
from xent.network.layers import Layer as Layer
from xent.network.layers import Scale as Scale
from xent.network.network import Network as Network
from xent.network.network import mlp as mlp
from xent.network.parameters import ParameterSlot as ParameterSlot
from xent.network.parameters import initial_parameters as initial_parameters
from xent.network.parameters import n_penalized as n_penalized
from xent.network.parameters import parameter_layout as parameter_layout

__all__ = [
    "ACTIVATIONS",
    "INITIALIZERS",
    "Activation",
    "BatchNorm",
    "Dense",
    "Dropout",
    "Layer",
    "Network",
    "ParameterSlot",
    "Scale",
    "activation_named",
    "default_initializer",
    "dropout",
    "elu",
    "gelu",
    "identity",
    "initial_parameters",
    "initialize",
    "leaky_relu",
    "mish",
    "mlp",
    "n_penalized",
    "parameter_layout",
    "parse_initializer",
    "relu",
    "selu",
    "sigmoid",
    "softplus",
    "tanh",
]
