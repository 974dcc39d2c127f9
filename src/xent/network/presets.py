"""Networks for images by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from xent.errors import XentError, nearest_hint
from xent.network.image_layers import Conv2d, GlobalAvgPool, MaxPool2d
from xent.network.layers import Activate, BatchNorm, Dense, Dropout, Flatten
from xent.network.network import Network
from xent.network.residual import Residual

if TYPE_CHECKING:
    from collections.abc import Callable

    from xent.network.layer_forms import Layer
    from xent.network.shapes import Shape

__all__ = ["PRESETS", "lenet", "preset", "resnet_small", "small_cnn"]


def lenet(
    input_shape: Shape, n_outputs: int, *, dropout: float = 0.0, batch_norm: bool = False
) -> Network:
    """Return the network of LeCun et al. (1998), with relu and max-pooling as it is used today.

    Two blocks of 5x5 filters (6, then 16) and pooling, then 120, 84 and the logits. The first
    filters are padded, so that 28x28 images pass as the 32x32 ones of the paper.

    Parameters
    ----------
    input_shape : tuple of int
        (channels, height, width).
    n_outputs : int
        How many logits.
    dropout : float, default 0
        Share dropped before each dense layer.
    batch_norm : bool, default False
        Normalize behind each convolution.

    Examples
    --------
    >>> lenet((1, 28, 28), 10).n_parameters
    61706
    """
    layers: list[Layer] = []
    for n_filters, padding in ((6, 2), (16, 0)):
        layers += _convolved(n_filters, 5, padding=padding, batch_norm=batch_norm)
        layers.append(MaxPool2d())
    layers.append(Flatten())
    for n_units in (120, 84):
        layers += [*_dropped(dropout), Dense(n_units, "relu")]
    return Network(input_shape, (*layers, *_dropped(dropout), Dense(n_outputs)))


def small_cnn(
    input_shape: Shape, n_outputs: int, *, dropout: float = 0.5, batch_norm: bool = True
) -> Network:
    """Return four convolutions with pooling (16, 32, 64, 128 filters), dropout and two dense layers.

    Parameters
    ----------
    input_shape : tuple of int
        (channels, height, width), at least 16x16.
    n_outputs : int
        How many logits.
    dropout : float, default 0.5
        Share dropped before the dense layers.
    batch_norm : bool, default True
        Normalize behind each convolution and the hidden dense layer.

    Examples
    --------
    >>> small_cnn((3, 128, 128), 1).shapes[-4:]
    ((128,), (128,), (128,), (1,))
    """
    layers: list[Layer] = []
    for n_filters in (16, 32, 64, 128):
        # relu never falls, so it may follow the pooling: the same numbers for a quarter of the work
        filters = _convolved(n_filters, 3, batch_norm=batch_norm, activation="identity")
        layers += [*filters, MaxPool2d(), Activate("relu")]
    # thousands of positive inputs: unless normalized, the first steps can leave all units dead
    hidden: list[Layer] = [Dense(128, "relu")]
    if batch_norm:
        hidden = [Dense(128, init="he_normal"), BatchNorm(), Activate("relu")]
    layers += [Flatten(), *_dropped(dropout), *hidden, Dense(n_outputs)]
    return Network(input_shape, tuple(layers))


def resnet_small(
    input_shape: Shape, n_outputs: int, *, dropout: float = 0.0, batch_norm: bool = True
) -> Network:
    """Return the residual network of 20 layers of He et al. (2016, section 4.2), made for 32x32 images.

    A convolution of 16 filters, then three groups of three blocks with 16, 32 and 64 filters, each
    group after the first at half the size; the mean of each channel; the logits.

    Parameters
    ----------
    input_shape : tuple of int
        (channels, height, width).
    n_outputs : int
        How many logits.
    dropout : float, default 0
        Share dropped before the logits.
    batch_norm : bool, default True
        Normalize behind each convolution.

    Examples
    --------
    >>> resnet_small((3, 32, 32), 10).n_outputs
    10
    """
    layers: list[Layer] = [*_convolved(16, 3, batch_norm=batch_norm)]
    for n_filters, first_stride in ((16, 1), (32, 2), (64, 2)):
        strides = (first_stride, 1, 1)
        layers += [_block(n_filters, stride, batch_norm=batch_norm) for stride in strides]
    layers += [GlobalAvgPool(), *_dropped(dropout), Dense(n_outputs)]
    return Network(input_shape, tuple(layers))


PRESETS: Final[dict[str, Callable[..., Network]]] = {
    "lenet": lenet,
    "small_cnn": small_cnn,
    "resnet_small": resnet_small,
}


def preset(
    name: str,
    input_shape: Shape,
    n_outputs: int,
    *,
    dropout: float | None = None,
    batch_norm: bool | None = None,
) -> Network:
    """Return a network of `PRESETS` by its name; what is not given is as the preset has it.

    Raises
    ------
    XentError
        If there is none of that name, or the images are too small for it.

    Examples
    --------
    >>> preset("lenet", (1, 28, 28), 10) == lenet((1, 28, 28), 10)
    True
    """
    if name not in PRESETS:
        hint = nearest_hint(str(name), PRESETS)
        msg = f"network must be one of {', '.join(PRESETS)}, got {name!r}.{hint}"
        raise XentError(msg)
    given = {"dropout": dropout, "batch_norm": batch_norm}
    return PRESETS[name](
        input_shape, n_outputs, **{k: value for k, value in given.items() if value is not None}
    )


def _convolved(
    n_filters: int,
    kernel: int,
    *,
    batch_norm: bool,
    stride: int = 1,
    padding: int | None = None,
    activation: str = "relu",
) -> list[Layer]:
    """Return a convolution and its activation, with a BatchNorm between them where one is wanted."""
    if not batch_norm and activation != "identity":
        return [Conv2d(n_filters, kernel, stride, padding, activation)]
    # the weights start as suits the relu that follows in the end
    filters = Conv2d(n_filters, kernel, stride, padding, init="he_normal")
    if not batch_norm:
        return [filters]
    return [filters, BatchNorm(), *([] if activation == "identity" else [Activate(activation)])]


def _block(n_filters: int, stride: int, *, batch_norm: bool) -> Residual:
    first = _convolved(n_filters, 3, stride=stride, batch_norm=batch_norm)
    second = _convolved(n_filters, 3, batch_norm=batch_norm, activation="identity")
    shortcut: list[Layer] = []
    if stride > 1:  # the sum needs as many channels, at half the size
        shortcut = _convolved(
            n_filters, 1, stride=stride, batch_norm=batch_norm, activation="identity"
        )
    return Residual((*first, *second), tuple(shortcut))


def _dropped(rate: float) -> list[Layer]:
    return [Dropout(rate)] if rate else []
