"""The layers of a network as frozen descriptions: what to compute, without any array."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xent.errors import XentError
from xent.network.activations import activation_named
from xent.network.checks import check_count, check_number
from xent.network.initializers import default_initializer, parse_initializer
from xent.network.shapes import ParameterShape, Shape, flat_width

if TYPE_CHECKING:
    from xent.network.activations import Activation

__all__ = [
    "Activate",
    "BatchNorm",
    "Dense",
    "Dropout",
    "Embedding",
    "Flatten",
    "LayerNorm",
    "Scale",
]


@dataclass(frozen=True)
class Dense:
    """A linear map of all features followed by an activation: a = f(x W + b).

    Parameters
    ----------
    n_units : int
        How many outputs.
    activation : str, default "identity"
        A name as `xent.network.activation_named` reads it.
    init : str, optional
        How the weights start, as `xent.network.parse_initializer` reads it. Without it, what suits
        the activation: `xent.network.default_initializer`. Biases start at 0.

    Examples
    --------
    >>> Dense(100, "sigmoid")
    Dense(n_units=100, activation='sigmoid', init=None)
    """

    n_units: int
    activation: str = "identity"
    init: str | None = None

    def __post_init__(self) -> None:
        check_count("n_units", self.n_units)
        activation_named(self.activation)
        if self.init is not None:
            parse_initializer(self.init)

    @property
    def function(self) -> Activation:
        """The activation itself."""
        return activation_named(self.activation)

    @property
    def initializer(self) -> str:
        """The name of the initializer in force."""
        return default_initializer(self.activation) if self.init is None else self.init

    def output_shape(self, shape: Shape) -> Shape:
        """Return the shape of a row behind the layer."""
        flat_width(self, shape)
        return (self.n_units,)

    def parameters(self, shape: Shape) -> tuple[ParameterShape, ...]:
        """Return what is trained."""
        fans = (flat_width(self, shape), self.n_units)
        weight = ParameterShape("weight", fans, "weight", self.initializer, fans)
        return weight, ParameterShape("bias", (self.n_units,), "bias")


@dataclass(frozen=True)
class Dropout:
    """While training, sets a share `rate` of its inputs to 0 and divides the rest by 1 - rate.

    Inverted dropout (Srivastava et al. 2014): the expectation is kept, and prediction leaves the
    input as it is.

    Parameters
    ----------
    rate : float
        In [0, 1).

    Examples
    --------
    >>> Dropout(0.2)
    Dropout(rate=0.2)
    """

    rate: float

    def __post_init__(self) -> None:
        check_number("rate", self.rate)
        if not 0.0 <= self.rate < 1.0:
            msg = f"rate must be in [0, 1), got {self.rate!r}. It is the share that is dropped."
            raise XentError(msg)

    def output_shape(self, shape: Shape) -> Shape:
        """Return the shape of a row behind the layer."""
        return shape

    def parameters(self, _shape: Shape) -> tuple[ParameterShape, ...]:
        """Return what is trained: nothing."""
        return ()


@dataclass(frozen=True)
class BatchNorm:
    """Standardizes each feature over the batch, then applies a learned gain and offset.

    Of an image, each channel is one feature, over all its places.

    gamma (x - mean) / sqrt(variance + epsilon) + beta (Ioffe and Szegedy 2015). Prediction uses
    running averages of mean and variance, which are state and not parameters.

    Parameters
    ----------
    momentum : float, default 0.1
        The share of a new batch in the running averages, in (0, 1].
    epsilon : float, default 1e-5
        Added to the variance; positive.

    Examples
    --------
    >>> BatchNorm()
    BatchNorm(momentum=0.1, epsilon=1e-05)
    """

    momentum: float = 0.1
    epsilon: float = 1e-5

    def __post_init__(self) -> None:
        check_number("momentum", self.momentum)
        check_number("epsilon", self.epsilon)
        if not 0.0 < self.momentum <= 1.0:
            msg = f"momentum must be above 0 and at most 1, got {self.momentum!r}."
            raise XentError(msg)
        if not self.epsilon > 0.0:
            msg = f"epsilon must be positive, got {self.epsilon!r}."
            raise XentError(msg)

    def output_shape(self, shape: Shape) -> Shape:
        """Return the shape of a row behind the layer."""
        return shape

    def parameters(self, shape: Shape) -> tuple[ParameterShape, ...]:
        """Return what is trained: gain and offset of each feature, or of each channel of an image."""
        return _gain_and_offset(shape[:1])


@dataclass(frozen=True)
class Scale:
    """Multiplies each feature by a learned factor that starts at 1.

    Examples
    --------
    >>> Scale()
    Scale()
    """

    def output_shape(self, shape: Shape) -> Shape:
        """Return the shape of a row behind the layer."""
        flat_width(self, shape)
        return shape

    def parameters(self, shape: Shape) -> tuple[ParameterShape, ...]:
        """Return what is trained: a factor for each feature."""
        return (ParameterShape("scale", shape, "gain", "ones"),)


@dataclass(frozen=True)
class Activate:
    """Applies an activation by itself, as behind a BatchNorm.

    Parameters
    ----------
    activation : str
        A name as `xent.network.activation_named` reads it.

    Examples
    --------
    >>> Activate("relu")
    Activate(activation='relu')
    """

    activation: str

    def __post_init__(self) -> None:
        activation_named(self.activation)

    def output_shape(self, shape: Shape) -> Shape:
        """Return the shape of a row behind the layer."""
        return shape

    def parameters(self, _shape: Shape) -> tuple[ParameterShape, ...]:
        """Return what is trained: nothing."""
        return ()


@dataclass(frozen=True)
class LayerNorm:
    """Standardizes each row over its own features, then applies a learned gain and offset (Ba et al. 2016).

    gamma (x - mean) / sqrt(variance + epsilon) + beta, with mean and variance of the row: the same
    in training and in prediction.

    Parameters
    ----------
    epsilon : float, default 1e-5
        Added to the variance; positive.

    Examples
    --------
    >>> LayerNorm()
    LayerNorm(epsilon=1e-05)
    """

    epsilon: float = 1e-5

    def __post_init__(self) -> None:
        check_number("epsilon", self.epsilon)
        if not self.epsilon > 0.0:
            msg = f"epsilon must be positive, got {self.epsilon!r}."
            raise XentError(msg)

    def output_shape(self, shape: Shape) -> Shape:
        """Return the shape of a row behind the layer."""
        return shape

    def parameters(self, shape: Shape) -> tuple[ParameterShape, ...]:
        """Return what is trained: gain and offset of every number of a row."""
        return _gain_and_offset(shape)


@dataclass(frozen=True)
class Flatten:
    """Lays the numbers of a row out as one vector.

    Examples
    --------
    >>> Flatten().output_shape((16, 7, 7))
    (784,)
    """

    def output_shape(self, shape: Shape) -> Shape:
        """Return the shape of a row behind the layer."""
        return (math.prod(shape),)

    def parameters(self, _shape: Shape) -> tuple[ParameterShape, ...]:
        """Return what is trained: nothing."""
        return ()


@dataclass(frozen=True)
class Embedding:
    """Replaces each whole number of a row by a learned vector.

    Parameters
    ----------
    n_values : int
        The numbers are 0 to n_values - 1.
    n_units : int
        Length of a vector.

    Examples
    --------
    >>> Embedding(1000, 16).output_shape((5,))
    (5, 16)
    """

    n_values: int
    n_units: int

    def __post_init__(self) -> None:
        check_count("n_values", self.n_values)
        check_count("n_units", self.n_units)

    def output_shape(self, shape: Shape) -> Shape:
        """Return the shape of a row behind the layer."""
        return (flat_width(self, shape), self.n_units)

    def parameters(self, _shape: Shape) -> tuple[ParameterShape, ...]:
        """Return what is trained: one vector for each value, as spread as PyTorch has them."""
        shape = (self.n_values, self.n_units)
        return (ParameterShape("weight", shape, "weight", "normal:1", shape),)


def _gain_and_offset(shape: Shape) -> tuple[ParameterShape, ...]:
    return (
        ParameterShape("gamma", shape, "gain", "ones"),
        ParameterShape("beta", shape, "gain"),
    )
