"""What a layer makes of a row's shape, and the parameters that it needs for that."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

from xent.errors import XentError

__all__ = ["ParameterShape", "Shape", "flat_width", "image_shape"]

#: The shape of one row: (n,) for features, (channels, height, width) for an image.
Shape: TypeAlias = tuple[int, ...]


class ParameterShape(NamedTuple):
    """A parameter that a layer needs.

    Attributes
    ----------
    name : str
        "weight", "bias", "scale", "gamma" or "beta", below the layer's own name.
    shape : tuple of int
    role : {"weight", "bias", "gain"}
        Its part of the flat vector; penalties act on weights.
    start : str
        How it starts, as `xent.network.parse_initializer` reads it, or "ones".
    fans : tuple of int
        How many inputs meet in an output and how many outputs an input reaches.
    """

    name: str
    shape: tuple[int, ...]
    role: Literal["weight", "bias", "gain"]
    start: str = "zeros"
    fans: tuple[int, int] = (1, 1)


def flat_width(layer: object, shape: Shape) -> int:
    """Return how many features a row has, or refuse a row that is no vector."""
    if len(shape) != 1:
        name = type(layer).__name__
        msg = f"{name} takes rows of shape (n,), got {shape}. Put Flatten() or GlobalAvgPool() before it."
        raise XentError(msg)
    return shape[0]


def image_shape(layer: object, shape: Shape) -> tuple[int, int, int]:
    """Return channels, height and width of a row, or refuse a row that is no image."""
    if len(shape) != 3:
        name = type(layer).__name__
        msg = f"{name} takes rows of shape (channels, height, width), got {shape}."
        raise XentError(msg)
    channels, height, width = shape
    return channels, height, width
