"""A network as a frozen description: how many inputs, which layers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from xent.errors import XentError
from xent.network.checks import as_mapping, check_count, check_keys
from xent.network.image_layers import Conv2d
from xent.network.layer_forms import as_layers, layer_to_json, layers_from_json
from xent.network.layers import BatchNorm, Dense, Dropout
from xent.network.residual import Residual, shapes_through

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xent.network.layer_forms import Layer
    from xent.network.shapes import Shape

__all__ = ["Network", "mlp"]

MAX_LAYERS: Final = 10_000


@dataclass(frozen=True)
class Network:
    """Layers in the order in which an input passes through them.

    The last one is Dense with the activation identity: a network ends in logits, and its
    distribution knows the rest. Engines turn the description into parameters.

    Parameters
    ----------
    input_shape : int or tuple of int
        Features of a row, or (channels, height, width) of an image.
    layers : tuple of layers
        The last one Dense.

    Examples
    --------
    >>> network = Network(30, (Dense(100, "sigmoid"), Dense(100, "sigmoid"), Dense(1)))
    >>> network.n_parameters
    13301
    """

    input_shape: int | tuple[int, ...]
    layers: tuple[Layer, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "input_shape", _row_shape(self.input_shape))
        object.__setattr__(self, "layers", as_layers("layers", self.layers))
        if not 1 <= len(self.layers) <= MAX_LAYERS:
            msg = f"layers must hold 1 to {MAX_LAYERS:,} layers, got {len(self.layers)}."
            raise XentError(msg)
        last = self.layers[-1]
        if not isinstance(last, Dense) or last.activation != "identity":
            msg = (
                f"the last layer must be Dense with the activation identity, got {last!r}. "
                "A network ends in logits; the distribution turns them into probabilities."
            )
            raise XentError(msg)
        shapes_through(self.layers, self.row_shape)  # refuses layers that do not fit together

    @property
    def row_shape(self) -> Shape:
        """The shape of a row at the input, a tuple also where a number was given."""
        assert isinstance(self.input_shape, tuple)
        return self.input_shape

    @property
    def n_inputs(self) -> int:
        """How many numbers a row has."""
        return math.prod(self.row_shape)

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """The shape of a row: at the input, then behind each layer."""
        return tuple(shapes_through(self.layers, self.row_shape))

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many numbers a row has: at the input, then behind each layer."""
        return tuple(math.prod(shape) for shape in self.shapes)

    @property
    def n_outputs(self) -> int:
        """How many logits a row ends in."""
        last = self.layers[-1]
        assert isinstance(last, Dense)
        return last.n_units

    @property
    def n_parameters(self) -> int:
        """How many numbers are trained."""
        return sum(self._counts())

    def _counts(self) -> list[int]:
        return [
            sum(math.prod(parameter.shape) for parameter in layer.parameters(below))
            for layer, below in zip(self.layers, self.shapes[:-1], strict=True)
        ]

    def summary(self) -> str:
        """Return a table of the layers: their output shapes and how many parameters each has.

        Examples
        --------
        >>> print(mlp(30, (100, 100), 1, activation="sigmoid").summary())
        Layer                                  Output      Parameters
        -------------------------------------------------------------
        Input                                  (n, 30)              0
        Dense(100, sigmoid, glorot_uniform)    (n, 100)         3,100
        Dense(100, sigmoid, glorot_uniform)    (n, 100)        10,100
        Dense(1, identity, glorot_uniform)     (n, 1)             101
        -------------------------------------------------------------
        Total                                                  13,301
        """
        rows = [("Layer", "Output", "Parameters"), ("Input", _batch(self.row_shape), "0")]
        for layer, shape, count in zip(self.layers, self.shapes[1:], self._counts(), strict=True):
            rows.append((_label(layer), _batch(shape), f"{count:,}"))
        rows.append(("Total", "", f"{self.n_parameters:,}"))
        widths = [max(len(row[column]) for row in rows) for column in range(3)]
        lines = [
            f"{name:<{widths[0]}}    {shape:<{widths[1]}}    {count:>{widths[2]}}".rstrip()
            for name, shape, count in rows
        ]
        rule = "-" * (sum(widths) + 8)
        return "\n".join([lines[0], rule, *lines[1:-1], rule, lines[-1]])

    def to_json(self) -> dict[str, Any]:
        """Return the description as a dictionary of JSON values."""
        shape = self.row_shape
        return {
            "n_inputs": shape[0] if len(shape) == 1 else list(shape),
            "layers": [layer_to_json(layer) for layer in self.layers],
        }

    @classmethod
    def from_json(cls, description: object) -> Network:
        """Return the network that `to_json` described; every value is checked.

        Raises
        ------
        XentError
            If the description is not one of a network.

        Examples
        --------
        >>> network = mlp(4, (8,), 3, activation="relu", dropout=0.1)
        >>> Network.from_json(network.to_json()) == network
        True
        """
        values = as_mapping("a network", description)
        check_keys("a network", values, ["n_inputs", "layers"])
        shape = values.get("n_inputs")
        layers = layers_from_json("a network", values.get("layers"))
        return cls(tuple(shape) if isinstance(shape, list) else shape, layers)  # type: ignore[arg-type] # checked by the class


def mlp(
    n_inputs: int,
    hidden: Sequence[int],
    n_outputs: int,
    *,
    activation: str = "relu",
    dropout: float = 0.0,
    batch_norm: bool = False,
    init: str | None = None,
) -> Network:
    """Return a multi-layer perceptron: Dense layers of the given widths, then one of logits.

    Parameters
    ----------
    n_inputs : int
        Features of a row.
    hidden : sequence of int
        Widths of the hidden layers; none of them makes a linear model.
    n_outputs : int
        How many logits: `n_outputs` of the distribution.
    activation : str, default "relu"
        Of the hidden layers.
    dropout : float, default 0
        Share of each hidden layer's output that is dropped while training.
    batch_norm : bool, default False
        Whether each hidden layer's output is standardized over the batch. It comes before dropout,
        whose noise would falsify the running variance (Li et al. 2018).
    init : str, optional
        How all weights start; without it, what suits each layer's activation.

    Examples
    --------
    >>> mlp(784, (1024, 1024), 10).n_parameters
    1863690
    """
    layers: list[Layer] = []
    for n_units in _as_tuple(hidden):
        layers.append(Dense(n_units, activation, init))
        if batch_norm:
            layers.append(BatchNorm())
        if dropout:
            layers.append(Dropout(dropout))
    layers.append(Dense(n_outputs, "identity", init))
    return Network(n_inputs, tuple(layers))


def _row_shape(shape: object) -> tuple[int, ...]:
    """Return the shape of a row; a whole number stands for as many features."""
    sides = shape if isinstance(shape, tuple) else (shape,)
    if len(sides) not in {1, 3}:
        msg = (
            f"input_shape must be a number of features or (channels, height, width), got {shape!r}."
        )
        raise XentError(msg)
    name = "n_inputs" if len(sides) == 1 else "input_shape"
    for side in sides:
        check_count(name, side)
    return sides


def _as_tuple(values: object) -> tuple[Any, ...]:
    try:
        return tuple(values)  # type: ignore[arg-type] # what is not iterable is the mistake to report
    except TypeError:
        msg = f"expected several layers, got {values!r}. For a single one write ({values!r},)."
        raise XentError(msg) from None


def _batch(shape: Shape) -> str:
    return f"(n, {', '.join(map(str, shape))})"


def _label(layer: Layer) -> str:
    if isinstance(layer, Dense):
        return f"Dense({layer.n_units}, {layer.activation}, {layer.initializer})"
    if isinstance(layer, Conv2d):
        square = f"{layer.kernel}x{layer.kernel}"
        return f"Conv2d({layer.n_filters}, {square}, {layer.activation}, {layer.initializer})"
    if isinstance(layer, Residual):
        inner = " + ".join(f"{type(own).__name__}" for own in layer.layers)
        return f"Residual({inner}, {layer.activation})"
    return repr(layer)
