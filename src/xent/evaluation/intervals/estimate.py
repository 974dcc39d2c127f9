"""A figure with its uncertainty: the value, an interval, and how the interval was made."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xent.errors import XentError
from xent.evaluation.intervals.spread import OneClusterError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Estimate", "lazy_estimate"]

NAN = float("nan")


@dataclass(frozen=True, repr=False)
class Estimate:
    """A figure, its confidence interval, and what both rest on.

    Parameters
    ----------
    value : float
        The figure; NaN where it is undefined, and then `why` says why.
    low, high : float
        The ends of the interval; NaN where there is none, and then `why` says why.
    level : float
        The confidence level, such as 0.95.
    method : str
        How the interval was made: "Wilson", "DeLong", "bootstrap (stratified, 1000, seed 0)".
    n : float
        How many rows (or what weight) the figure rests on.
    why : str
        Why the value is undefined, the interval absent or of no width, or what was left out.

    Examples
    --------
    >>> auc = Estimate(0.9931, 0.9917, 0.9943, method="DeLong", n=500)
    >>> print(auc)
    0.9931 (0.9917 to 0.9943)
    >>> float(auc), f"{auc:.2f}", auc.is_defined
    (0.9931, '0.99 (0.99 to 0.99)', True)
    """

    value: float
    low: float = NAN
    high: float = NAN
    level: float = 0.95
    method: str = ""
    n: float = 0
    why: str = ""

    def __post_init__(self) -> None:
        if not 0 < self.level < 1:
            raise XentError(f"level must lie between 0 and 1, got {self.level}. 0.95 is usual.")

    @property
    def is_defined(self) -> bool:
        """Whether there is a value."""
        return not math.isnan(self.value)

    @property
    def has_interval(self) -> bool:
        """Whether there is an interval."""
        return not (math.isnan(self.low) or math.isnan(self.high))

    @property
    def width(self) -> float:
        """Width of the interval; NaN where there is none."""
        return self.high - self.low

    def __float__(self) -> float:
        return float(self.value)

    def __format__(self, specification: str) -> str:
        specification = specification or ".4f"
        if not self.is_defined:
            return "undefined"
        text = format(self.value, specification)
        if not self.has_interval:
            return text
        return f"{text} ({format(self.low, specification)} to {format(self.high, specification)})"

    def __str__(self) -> str:
        return format(self, "")

    def __repr__(self) -> str:
        parts = [f"{self.value:.6g}"]
        if self.has_interval:
            parts += [f"low={self.low:.6g}", f"high={self.high:.6g}", f"method={self.method!r}"]
        if self.why:
            parts.append(f"why={self.why!r}")
        return f"Estimate({', '.join(parts)})"

    def to_json(self) -> dict[str, Any]:
        """Return plain values: NaN is None, an infinite number is "inf" or "-inf".

        Examples
        --------
        >>> Estimate(0.5, why="no interval for a constant").to_json()["low"] is None
        True
        """
        numbers = {name: _plain(getattr(self, name)) for name in ("value", "low", "high")}
        return {
            **numbers,
            "level": self.level,
            "method": self.method,
            "n": self.n,
            "why": self.why,
        }

    @classmethod
    def from_json(cls, description: Mapping[str, Any]) -> Estimate:
        """Make an estimate from what `to_json` returned.

        Raises
        ------
        XentError
            When a key is missing or holds something else.
        """
        try:
            value, low, high = (_number(description[name]) for name in ("value", "low", "high"))
            level, n = float(description["level"]), description["n"]
            method, why = description["method"], description["why"]
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise XentError(f"an estimate must have value, low, high, level, n: {error}.") from None
        if not isinstance(method, str) or not isinstance(why, str):
            raise XentError("method and why of an estimate must be text.")
        if isinstance(n, bool) or not isinstance(n, int | float):
            raise XentError(f"n of an estimate must be a number, got {n!r}.")
        return cls(value, low, high, level, method, n, why)


def lazy_estimate(value: float, make: Callable[[], Estimate], *, level: float = 0.95) -> Estimate:
    """Return an estimate whose interval is made by `make` when it is first read.

    Where all rows that count lie in one cluster there is no interval, and `why` says so: a figure of
    some of the rows, or of a group, may well have one only.

    Examples
    --------
    >>> estimate = lazy_estimate(0.5, lambda: Estimate(0.5, 0.4, 0.6, method="made"))
    >>> estimate.value, estimate.low, estimate.method
    (0.5, 0.4, 'made')
    """
    return _PendingEstimate(value, make, level)


class _PendingEstimate(Estimate):
    """Looks like any other estimate; what belongs to the interval is made on the first look."""

    def __init__(self, value: float, make: Callable[[], Estimate], level: float) -> None:
        super().__init__(value, level=level)
        object.__setattr__(self, "_make", make)

    def __getattribute__(self, name: str) -> Any:
        if name in _OF_INTERVAL:
            state = object.__getattribute__(self, "__dict__")
            make = state.get("_make")
            if make is not None:
                made = _made(make, state["value"], state["level"])
                state.update({field: getattr(made, field) for field in _OF_INTERVAL})
                # only now: a look that failed, or one from another thread, finds no half-made state
                state.pop("_make", None)
        return object.__getattribute__(self, name)


def _made(make: Callable[[], Estimate], value: float, level: float) -> Estimate:
    try:
        return make()
    except OneClusterError:
        return Estimate(value, level=level, why="all rows that count lie in one cluster")


_OF_INTERVAL = frozenset({"low", "high", "method", "n", "why"})


def _plain(value: float) -> float | str | None:
    if math.isnan(value):
        return None
    return str(float(value)) if math.isinf(value) else float(value)


def _number(value: object) -> float:
    if value is None:
        return NAN
    if value in ("inf", "-inf"):
        return float(str(value))
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{value!r} is no number")
    return float(value)
