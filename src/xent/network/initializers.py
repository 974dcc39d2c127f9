"""How the weights of a layer start, by name."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from xent.errors import XentError, nearest_hint

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

    from xent.arrays import FloatArray

__all__ = ["INITIALIZERS", "default_initializer", "initialize", "parse_initializer"]

# numerator c and whether fan-out counts: the variance is c / fan_in, or c / mean(fan_in, fan_out)
_VARIANCES: Final[dict[str, tuple[float, bool]]] = {
    "glorot": (1.0, True),
    "he": (2.0, False),
    "lecun": (1.0, False),
}
INITIALIZERS: Final = (
    *(f"{family}_{shape}" for family in _VARIANCES for shape in ("normal", "uniform")),
    "uniform",
    "normal",
    "zeros",
)
_DEFAULT_SPREAD: Final = 0.05
_DEFAULTS: Final = {
    "relu": "he_normal",
    "leaky_relu": "he_normal",
    "elu": "he_normal",
    "gelu": "he_normal",
    "mish": "he_normal",
    "selu": "lecun_normal",
}


class Initializer(NamedTuple):
    """A parsed name: the family, and the ends of uniform or the standard deviation of normal."""

    family: str
    numbers: tuple[float, ...]


def parse_initializer(name: str) -> Initializer:
    """Return the initializer that `name` means.

    Parameters
    ----------
    name : str
        One of `INITIALIZERS`. ``uniform:-0.3:0.3`` gives both ends, ``uniform:0.3`` the same ones
        in short, and ``normal:0.1`` the standard deviation; alone, uniform means
        ``uniform:-0.05:0.05`` and normal ``normal:0.05``.

    Raises
    ------
    XentError
        If there is no such initializer, or its numbers do not fit.

    Examples
    --------
    >>> parse_initializer("uniform:0.3")
    Initializer(family='uniform', numbers=(-0.3, 0.3))
    """
    family, *given = str(name).split(":")
    if family not in INITIALIZERS:
        known = ", ".join(INITIALIZERS)
        msg = f"init must be one of {known}, got {name!r}.{nearest_hint(family, INITIALIZERS)}"
        raise XentError(msg)
    try:
        numbers = tuple(float(number) for number in given)
    except ValueError:
        numbers = (math.nan,)
    n_allowed = {"uniform": 2, "normal": 1}.get(family, 0)
    if len(numbers) > n_allowed or not all(map(math.isfinite, numbers)):
        msg = (
            f"init must be uniform:low:high, uniform:bound, normal:sd or a name without numbers, "
            f"got {name!r}. An example: uniform:-0.3:0.3."
        )
        raise XentError(msg)
    return Initializer(family, _completed(family, numbers, name))


def _completed(family: str, numbers: tuple[float, ...], name: str) -> tuple[float, ...]:
    if family == "uniform":
        if len(numbers) < 2:
            bound = numbers[0] if numbers else _DEFAULT_SPREAD
            numbers = (-bound, bound)
        if not numbers[0] < numbers[1]:
            msg = f"init {name!r} must have its lower end below its upper end."
            raise XentError(msg)
    elif family == "normal":
        numbers = numbers or (_DEFAULT_SPREAD,)
        if not numbers[0] > 0.0:
            msg = f"init {name!r} must have a positive standard deviation. Use zeros instead of 0."
            raise XentError(msg)
    return numbers


def default_initializer(activation: str) -> str:
    """Return the initializer that suits an activation.

    He et al. (2015) for relu and its relatives, LeCun et al. (1998) for selu, whose derivation
    assumes it, Glorot and Bengio (2010) for the rest.

    Examples
    --------
    >>> default_initializer("leaky_relu:0.2"), default_initializer("sigmoid")
    ('he_normal', 'glorot_uniform')
    """
    return _DEFAULTS.get(activation.partition(":")[0], "glorot_uniform")


def initialize(
    name: str,
    shape: tuple[int, ...],
    rng: np.random.Generator,
    dtype: DTypeLike = np.float64,
    *,
    fans: tuple[int, int] | None = None,
) -> FloatArray:
    """Return the weights of a layer as they start.

    They are drawn in float64 and rounded, so that networks of one seed start alike in every dtype.

    Parameters
    ----------
    name : str
        As `parse_initializer` reads it.
    shape : tuple of int
        (n_in, n_out), or any other with `fans`.
    rng : numpy.random.Generator
        Where the numbers come from.
    dtype : dtype, default float64
        Of the result.
    fans : tuple of int, optional
        How many inputs meet in an output and how many outputs an input reaches; by default, `shape`.

    Returns
    -------
    ndarray of that shape

    Examples
    --------
    >>> initialize("zeros", (2, 1), np.random.default_rng(0)).tolist()
    [[0.0], [0.0]]
    """
    family, numbers = parse_initializer(name)
    if family == "zeros":
        return np.zeros(shape, dtype)
    if family == "uniform":
        low, high = numbers
        return rng.uniform(low, high, shape).astype(dtype)
    if family == "normal":
        return rng.normal(0.0, numbers[0], shape).astype(dtype)
    fan_in, fan_out = shape if fans is None else fans
    rule, _, form = family.partition("_")
    numerator, both = _VARIANCES[rule]
    variance = numerator / ((fan_in + fan_out) / 2.0 if both else fan_in)
    if form == "normal":
        return rng.normal(0.0, math.sqrt(variance), shape).astype(dtype)
    bound = math.sqrt(3.0 * variance)  # the variance of U(-b, b) is b^2 / 3
    return rng.uniform(-bound, bound, shape).astype(dtype)
