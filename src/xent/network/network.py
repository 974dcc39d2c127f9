"""A network as a frozen description: how many inputs, which layers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from xent.errors import XentError
from xent.network.layers import (
    BatchNorm,
    Dense,
    Dropout,
    Layer,
    Scale,
    as_mapping,
    check_count,
    check_keys,
    layer_from_json,
    layer_to_json,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Network", "mlp"]

MAX_LAYERS: Final = 10_000


@dataclass(frozen=True)
class Network:
    """Layers in the order in which an input passes through them.

    The last one is Dense with the activation identity: a network ends in logits, and its
    distribution knows the rest. Engines turn the description into parameters.

    Parameters
    ----------
    n_inputs : int
        Features of a row.
    layers : tuple of Dense, Dropout, BatchNorm, Scale
        The last one Dense.

    Examples
    --------
    >>> network = Network(30, (Dense(100, "sigmoid"), Dense(100, "sigmoid"), Dense(1)))
    >>> network.n_parameters
    13301
    """

    n_inputs: int
    layers: tuple[Layer, ...]

    def __post_init__(self) -> None:
        check_count("n_inputs", self.n_inputs)
        # A list is as good as a tuple to the one who writes it; kept, it would not be frozen.
        layers: tuple[object, ...] = _as_tuple(self.layers)
        object.__setattr__(self, "layers", layers)
        for layer in layers:
            if not isinstance(layer, Layer):
                msg = f"layers must hold Dense, Dropout, BatchNorm or Scale, got {layer!r}."
                raise XentError(msg)
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

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many features a row has: at the input, then after each layer."""
        sizes = [self.n_inputs]
        for layer in self.layers:
            sizes.append(layer.n_units if isinstance(layer, Dense) else sizes[-1])
        return tuple(sizes)

    @property
    def n_outputs(self) -> int:
        """How many logits a row ends in."""
        return self.sizes[-1]

    @property
    def n_parameters(self) -> int:
        """How many numbers are trained."""
        return sum(self._counts())

    def _counts(self) -> list[int]:
        sizes = self.sizes
        return [
            _n_parameters(layer, n_in) for layer, n_in in zip(self.layers, sizes[:-1], strict=True)
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
        rows = [("Layer", "Output", "Parameters"), ("Input", f"(n, {self.n_inputs})", "0")]
        for layer, size, count in zip(self.layers, self.sizes[1:], self._counts(), strict=True):
            rows.append((_label(layer), f"(n, {size})", f"{count:,}"))
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
        return {
            "n_inputs": self.n_inputs,
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
        layers = values.get("layers")
        if not isinstance(layers, list):
            msg = f"the layers of a network must be a JSON array, got {type(layers).__name__}."
            raise XentError(msg)
        return cls(values.get("n_inputs"), tuple(layer_from_json(layer) for layer in layers))  # type: ignore[arg-type] # checked by the class


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


def _as_tuple(values: object) -> tuple[Any, ...]:
    try:
        return tuple(values)  # type: ignore[arg-type] # what is not iterable is the mistake to report
    except TypeError:
        msg = f"expected several layers, got {values!r}. For a single one write ({values!r},)."
        raise XentError(msg) from None


def _n_parameters(layer: Layer, n_in: int) -> int:
    if isinstance(layer, Dense):
        return (n_in + 1) * layer.n_units
    gains = {BatchNorm: 2, Scale: 1, Dropout: 0}
    return gains[type(layer)] * n_in


def _label(layer: Layer) -> str:
    if isinstance(layer, Dense):
        return f"Dense({layer.n_units}, {layer.activation}, {layer.initializer})"
    return repr(layer)
