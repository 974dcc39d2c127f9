"""A residual block: what its layers add to their own input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xent.errors import XentError
from xent.network.activations import activation_named

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xent.network.layer_forms import Layer
    from xent.network.shapes import ParameterShape, Shape

__all__ = ["Residual"]

MAX_DEPTH = 4


@dataclass(frozen=True)
class Residual:
    """f(layers(x) + shortcut(x)), a block that starts near the identity (He et al. 2016).

    Parameters
    ----------
    layers : tuple of layers
        What is added to the input.
    shortcut : tuple of layers, default ()
        What the input passes on the short way, where the sum needs another shape; nothing: itself.
    activation : str, default "relu"
        Applied to the sum.

    Examples
    --------
    >>> from xent.network import Conv2d
    >>> block = Residual((Conv2d(32, stride=2),), shortcut=(Conv2d(32, 1, stride=2),))
    >>> block.output_shape((16, 8, 8))
    (32, 4, 4)
    """

    layers: tuple[Layer, ...]
    shortcut: tuple[Layer, ...] = ()
    activation: str = "relu"

    def __post_init__(self) -> None:
        from xent.network.layer_forms import as_layers

        for name in ("layers", "shortcut"):
            object.__setattr__(self, name, as_layers(name, getattr(self, name)))
        if not self.layers:
            msg = "layers of a Residual must hold at least one layer."
            raise XentError(msg)
        if _depth(self) > MAX_DEPTH:
            msg = f"Residual blocks must not be nested deeper than {MAX_DEPTH}."
            raise XentError(msg)
        activation_named(self.activation)

    def output_shape(self, shape: Shape) -> Shape:
        """Return the shape of a row behind the block."""
        long, short = (shapes_through(way, shape)[-1] for way in (self.layers, self.shortcut))
        if long != short:
            msg = (
                f"the two ways of a Residual must meet in one shape, got {long} and {short}. "
                "Give a shortcut that ends in the shape of the layers, such as Conv2d(n_filters, 1)."
            )
            raise XentError(msg)
        return long

    def parameters(self, shape: Shape) -> tuple[ParameterShape, ...]:
        """Return what is trained, the layers' first."""
        found = []
        for way in ("layers", "shortcut"):
            layers = getattr(self, way)
            for place, (layer, below) in enumerate(
                zip(layers, shapes_through(layers, shape)[:-1], strict=True)
            ):
                prefix = f"{way}.{place}."
                found += [own._replace(name=prefix + own.name) for own in layer.parameters(below)]
        return tuple(found)


def shapes_through(layers: Sequence[Layer], shape: Shape) -> list[Shape]:
    """Return the shape of a row at the input and behind each layer.

    Examples
    --------
    >>> from xent.network import Conv2d, Flatten
    >>> shapes_through((Conv2d(4), Flatten()), (1, 8, 8))
    [(1, 8, 8), (4, 8, 8), (256,)]
    """
    shapes = [shape]
    for layer in layers:
        shapes.append(layer.output_shape(shapes[-1]))
    return shapes


def _depth(layer: object) -> int:
    if not isinstance(layer, Residual):
        return 0
    return 1 + max(_depth(inner) for inner in (*layer.layers, *layer.shortcut))
