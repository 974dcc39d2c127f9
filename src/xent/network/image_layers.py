"""Layers for images, whose rows have the shape (channels, height, width)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xent.errors import XentError
from xent.network.activations import activation_named
from xent.network.checks import check_count, check_number
from xent.network.initializers import default_initializer, parse_initializer
from xent.network.shapes import ParameterShape, Shape, image_shape

if TYPE_CHECKING:
    from xent.network.activations import Activation

__all__ = ["AvgPool2d", "Conv2d", "GlobalAvgPool", "MaxPool2d", "Pixels"]


@dataclass(frozen=True)
class Pixels:
    """Standardizes the pixels of an image, whole numbers from 0 to 255: (x/255 - mean) / sd.

    Parameters
    ----------
    mean, sd : tuple of float
        Of each channel, on the scale from 0 to 1, as the training part has them.

    Examples
    --------
    >>> Pixels((0.1307,), (0.3081,)).output_shape((1, 28, 28))
    (1, 28, 28)
    """

    mean: tuple[float, ...]
    sd: tuple[float, ...]

    def __post_init__(self) -> None:
        for name in ("mean", "sd"):
            values = getattr(self, name)
            if not isinstance(values, list | tuple):
                msg = f"{name} must hold a number for each channel, got {values!r}."
                raise XentError(msg)
            for value in values:
                check_number(name, value)
            object.__setattr__(self, name, tuple(map(float, values)))
        if len(self.mean) != len(self.sd) or not all(value > 0 for value in self.sd):
            msg = (
                f"mean and sd must be of one length and sd positive, got {self.mean} and {self.sd}."
            )
            raise XentError(msg)

    def output_shape(self, shape: Shape) -> Shape:
        """Return the shape of a row behind the layer."""
        n_channels, _, _ = image_shape(self, shape)
        if n_channels != len(self.mean):
            msg = f"Pixels has means of {len(self.mean)} channels, and the images {n_channels}."
            raise XentError(msg)
        return shape

    def parameters(self, _shape: Shape) -> tuple[ParameterShape, ...]:
        """Return what is trained: nothing."""
        return ()


@dataclass(frozen=True)
class Conv2d:
    """Slides learned filters over an image, then applies an activation.

    As everywhere in the field it is a cross-correlation: no filter is turned around.

    Parameters
    ----------
    n_filters : int
        How many channels come out.
    kernel : int, default 3
        Height and width of a filter.
    stride : int, default 1
        Places from one filter position to the next.
    padding : int, optional
        Zeros on each side. Without it, (kernel - 1) / 2 of an odd kernel: with stride 1 the image
        keeps its size.
    activation : str, default "identity"
        A name as `xent.network.activation_named` reads it.
    init : str, optional
        How the weights start; without it, what suits the activation. Biases start at 0.

    Examples
    --------
    >>> Conv2d(16, 3).output_shape((3, 128, 128)), Conv2d(6, 5, padding=0).output_shape((1, 28, 28))
    ((16, 128, 128), (6, 24, 24))
    """

    n_filters: int
    kernel: int = 3
    stride: int = 1
    padding: int | None = None
    activation: str = "identity"
    init: str | None = None

    def __post_init__(self) -> None:
        for name in ("n_filters", "kernel", "stride"):
            check_count(name, getattr(self, name))
        if self.padding is None and self.kernel % 2 == 0:
            msg = (
                f"padding must be given for an even kernel such as {self.kernel}: it has no middle."
            )
            raise XentError(msg)
        if self.padding is not None:
            check_count("padding", self.padding, at_least=0)
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

    @property
    def margin(self) -> int:
        """How many zeros stand on each side."""
        return (self.kernel - 1) // 2 if self.padding is None else self.padding

    def output_shape(self, shape: Shape) -> Shape:
        """Return the shape of a row behind the layer."""
        _, height, width = image_shape(self, shape)
        sides = (_n_places(self, side, self.margin) for side in (height, width))
        return (self.n_filters, *sides)

    def parameters(self, shape: Shape) -> tuple[ParameterShape, ...]:
        """Return what is trained."""
        n_channels, _, _ = image_shape(self, shape)
        area = self.kernel**2
        filters = (self.n_filters, n_channels, self.kernel, self.kernel)
        fans = (n_channels * area, self.n_filters * area)
        weight = ParameterShape("weight", filters, "weight", self.initializer, fans)
        return weight, ParameterShape("bias", (self.n_filters,), "bias")


@dataclass(frozen=True)
class _Pool2d:
    """What the layers have in common that make one number of each square."""

    kernel: int = 2
    stride: int | None = None

    def __post_init__(self) -> None:
        check_count("kernel", self.kernel)
        if self.stride is not None:
            check_count("stride", self.stride)

    def output_shape(self, shape: Shape) -> Shape:
        """Return the shape of a row behind the layer."""
        n_channels, height, width = image_shape(self, shape)
        return (n_channels, *(_n_places(self, side, 0) for side in (height, width)))

    def parameters(self, _shape: Shape) -> tuple[ParameterShape, ...]:
        """Return what is trained: nothing."""
        return ()


@dataclass(frozen=True)
class MaxPool2d(_Pool2d):
    """Keeps the largest value of each square.

    Parameters
    ----------
    kernel : int, default 2
        Side of a square.
    stride : int, optional
        Places from one square to the next; without it, `kernel`. What does not fill a square at the
        lower and right edge is left out.

    Examples
    --------
    >>> MaxPool2d().output_shape((16, 7, 7))
    (16, 3, 3)
    """


@dataclass(frozen=True)
class AvgPool2d(_Pool2d):
    """Takes the mean of each square.

    Parameters
    ----------
    kernel : int, default 2
        Side of a square.
    stride : int, optional
        Places from one square to the next; without it, `kernel`.

    Examples
    --------
    >>> AvgPool2d(2).output_shape((6, 24, 24))
    (6, 12, 12)
    """


@dataclass(frozen=True)
class GlobalAvgPool:
    """Takes the mean of each channel over the whole image (Lin et al. 2014).

    Examples
    --------
    >>> GlobalAvgPool().output_shape((128, 8, 8))
    (128,)
    """

    def output_shape(self, shape: Shape) -> Shape:
        """Return the shape of a row behind the layer."""
        n_channels, _, _ = image_shape(self, shape)
        return (n_channels,)

    def parameters(self, _shape: Shape) -> tuple[ParameterShape, ...]:
        """Return what is trained: nothing."""
        return ()


def _n_places(layer: Conv2d | _Pool2d, side: int, margin: int) -> int:
    """Return at how many places of a side the square fits."""
    room = side + 2 * margin - layer.kernel
    if room < 0:
        msg = f"{layer!r} does not fit on an image of side {side}. Pool less, or use larger images."
        raise XentError(msg)
    return room // (layer.stride or layer.kernel) + 1
