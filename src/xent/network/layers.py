"""The layers of a network as frozen descriptions: what to compute, without any array."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from xent.errors import XentError, nearest_hint
from xent.network.activations import activation_named
from xent.network.initializers import default_initializer, parse_initializer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xent.network.activations import Activation

__all__ = ["BatchNorm", "Dense", "Dropout", "Layer", "Scale", "layer_from_json", "layer_to_json"]

# A description from a damaged or hostile file must not ask for more memory than any machine has.
MAX_UNITS: Final = 2**24


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
        _check_number("rate", self.rate)
        if not 0.0 <= self.rate < 1.0:
            msg = f"rate must be in [0, 1), got {self.rate!r}. It is the share that is dropped."
            raise XentError(msg)


@dataclass(frozen=True)
class BatchNorm:
    """Standardizes each feature over the batch, then applies a learned gain and offset.

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
        _check_number("momentum", self.momentum)
        _check_number("epsilon", self.epsilon)
        if not 0.0 < self.momentum <= 1.0:
            msg = f"momentum must be above 0 and at most 1, got {self.momentum!r}."
            raise XentError(msg)
        if not self.epsilon > 0.0:
            msg = f"epsilon must be positive, got {self.epsilon!r}."
            raise XentError(msg)


@dataclass(frozen=True)
class Scale:
    """Multiplies each feature by a learned factor that starts at 1.

    Examples
    --------
    >>> Scale()
    Scale()
    """


Layer: TypeAlias = Dense | Dropout | BatchNorm | Scale

_KINDS: Final[dict[str, type[Layer]]] = {
    "dense": Dense,
    "dropout": Dropout,
    "batch_norm": BatchNorm,
    "scale": Scale,
}


def layer_to_json(layer: Layer) -> dict[str, Any]:
    """Return the layer as a dictionary of JSON values.

    Examples
    --------
    >>> layer_to_json(Dropout(0.2))
    {'kind': 'dropout', 'rate': 0.2}
    """
    kind = next(name for name, form in _KINDS.items() if type(layer) is form)
    return {"kind": kind, **asdict(layer)}


def layer_from_json(description: object) -> Layer:
    """Return the layer that `layer_to_json` described; every value is checked.

    Raises
    ------
    XentError
        If the description is not one of a layer.

    Examples
    --------
    >>> layer_from_json({"kind": "dense", "n_units": 10})
    Dense(n_units=10, activation='identity', init=None)
    """
    values = as_mapping("a layer", description)
    kind = values.pop("kind", None)
    form = _KINDS.get(kind) if isinstance(kind, str) else None
    if form is None:
        hint = nearest_hint(kind, _KINDS) if isinstance(kind, str) else ""
        msg = f"the kind of a layer must be one of {', '.join(_KINDS)}, got {kind!r}.{hint}"
        raise XentError(msg)
    known = [field.name for field in fields(form)]
    check_keys(f"a {kind} layer", values, known)
    try:
        return form(**values)
    except TypeError:
        msg = f"a {kind} layer needs {', '.join(known)}, got {', '.join(values) or 'none of them'}."
        raise XentError(msg) from None


def check_count(name: str, value: object) -> None:
    """Refuse what is not a whole number from 1 to `MAX_UNITS`."""
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MAX_UNITS:
        msg = f"{name} must be a whole number from 1 to {MAX_UNITS:,}, got {value!r}."
        raise XentError(msg)


def as_mapping(what: str, description: object) -> dict[str, Any]:
    """Return a copy of a JSON object, or refuse anything else."""
    if not isinstance(description, dict):
        msg = f"{what} must be a JSON object, got {type(description).__name__}."
        raise XentError(msg)
    return dict(description)


def check_keys(what: str, values: Mapping[str, Any], known: list[str]) -> None:
    """Refuse the first key that is not known, and name the nearest."""
    for key in values:
        if key not in known:
            expected = ", ".join(known) or "nothing but its kind"
            msg = f"{what} has {expected}; got {key!r}.{nearest_hint(str(key), known)}"
            raise XentError(msg)


def _check_number(name: str, value: object) -> None:
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or not -math.inf < value < math.inf  # compares whole numbers of any size, and refuses NaN
    ):
        msg = f"{name} must be a finite number, got {value!r}."
        raise XentError(msg)
