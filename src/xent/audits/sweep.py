"""A loss run over all logits, beside the exact one, and how far it can be used."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from xent.audits.precision import precision_named

if TYPE_CHECKING:
    from xent.arrays import Array, FloatArray

__all__ = ["WRONG_GRADIENT", "Stretch", "Sweep", "Usable"]

WRONG_GRADIENT: Final = 0.01
ALMOST_ENDLESS: Final = 9.9e3  # the largest bfloat16 number of the grid is 9984


@dataclass(frozen=True)
class Usable:
    """The stretch around 0 in which every relative error is within the format's tolerance.

    Attributes
    ----------
    low, high : float
        Logits; -1e4 and 1e4 where it never ends.
    ulps : float
        The largest error inside, in units in the last place.
    largest_relative : float
        The largest relative error at any logit; infinite after an overflow or a NaN.
    """

    low: float
    high: float
    ulps: float
    largest_relative: float

    @property
    def is_everywhere(self) -> bool:
        """Whether no logit of the sweep lies outside."""
        return self.low <= -ALMOST_ENDLESS and self.high >= ALMOST_ENDLESS

    def __str__(self) -> str:
        return "all" if self.is_everywhere else f"{_end(self.low)} … {_end(self.high)}"


@dataclass(frozen=True)
class Stretch:
    """Logits between which a gradient is wrong.

    Attributes
    ----------
    low, high : float
    gives : float
        The gradient at the end farther from 0; NaN where it is none.
    """

    low: float
    high: float
    gives: float


@dataclass(frozen=True)
class Sweep:
    """A loss and its gradient at a running logit, for one label, in one format.

    Attributes
    ----------
    loss : str
    dtype : str
    label : int
        1: the running logit speaks for the true class; 0: against it.
    logit, value, gradient : array of shape (n,)
        The logit, ascending; the loss; its derivative at the logit.
    exact_value, exact_gradient : array of shape (n,)
        Of the same logits, from `xent.distributions`.
    at_infinity : tuple of two floats, optional
        The loss at the logits minus infinity and infinity; NaN where it is no number, or refused. Of a
        log loss the one is infinite, the other 0.
    """

    loss: str
    dtype: str
    label: int
    logit: FloatArray
    value: FloatArray
    gradient: FloatArray
    exact_value: FloatArray
    exact_gradient: FloatArray
    at_infinity: tuple[float, float] | None = None

    @cached_property
    def value_usable(self) -> Usable:
        """Where the loss is right."""
        return self._usable(self.value, self.exact_value)

    @cached_property
    def gradient_usable(self) -> Usable:
        """Where the gradient is right."""
        return self._usable(self.gradient, self.exact_gradient)

    @property
    def ends(self) -> tuple[float, float]:
        """The loss at the lowest and at the highest logit."""
        return float(self.value[0]), float(self.value[-1])

    @cached_property
    def wrong_gradients(self) -> tuple[Stretch, ...]:
        """Where the gradient is off by more than a hundredth of the largest, or no number."""
        scale = float(np.max(np.abs(self.exact_gradient), initial=0.0)) or 1.0
        with np.errstate(invalid="ignore"):
            error = np.abs(self.gradient - self.exact_gradient)
            is_wrong = ~(error <= WRONG_GRADIENT * scale + self._rounding())
        edges = np.flatnonzero(np.diff(np.r_[False, is_wrong, False]))
        return tuple(
            self._stretch(int(start), int(stop) - 1)
            for start, stop in zip(edges[::2], edges[1::2], strict=True)
        )

    @property
    def first_not_finite(self) -> float | None:
        """The logit nearest 0 at which the loss or its gradient is infinite or no number."""
        places = np.flatnonzero(~(np.isfinite(self.value) & np.isfinite(self.gradient)))
        if not places.size:
            return None
        return float(self.logit[places[np.argmin(np.abs(self.logit[places]))]])

    def at(self, logit: float) -> tuple[float, float]:
        """Return the loss and the gradient at the nearest logit that was run."""
        place = int(np.argmin(np.abs(self.logit - logit)))
        return float(self.value[place]), float(self.gradient[place])

    def exact_at(self, logit: float) -> tuple[float, float]:
        """Return the exact loss and gradient at the same logit as `at`."""
        place = int(np.argmin(np.abs(self.logit - logit)))
        return float(self.exact_value[place]), float(self.exact_gradient[place])

    def to_json(self) -> dict[str, Any]:
        """Return how far the loss can be used, as plain values for JSON: at infinity as texts."""
        return {
            "loss": self.loss,
            "dtype": self.dtype,
            "label": self.label,
            "value": _usable_json(self.value_usable),
            "gradient": _usable_json(self.gradient_usable),
            "ends": [_finite(end) for end in self.ends],
            "at_infinity": None
            if self.at_infinity is None
            else [f"{v:g}" for v in self.at_infinity],
            "wrong_gradient": [
                {"from": part.low, "to": part.high, "gives": _finite(part.gives)}
                for part in self.wrong_gradients
            ],
        }

    def _rounding(self) -> FloatArray:
        """Half formats round a right gradient by more than a float32 would: two ulps are forgiven."""
        return 2.0 * precision_named(self.dtype).spacing(self.exact_gradient)

    def _usable(self, got: FloatArray, exact: FloatArray) -> Usable:
        precision = precision_named(self.dtype)
        # results below the smallest normal number may be flushed to zero
        least = precision.smallest_normal
        with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
            error = np.abs(got - exact)
            relative = error / np.maximum(np.abs(exact), least)
            is_right = (relative <= precision.tolerance) | (error <= least)
            is_tiny = (np.abs(exact) < least) & (error <= least)
        relative = np.where(np.isnan(relative), np.inf, np.where(is_tiny, 0.0, relative))
        start, stop = _around_zero(self.logit, is_right)
        if start == stop:
            return Usable(0.0, 0.0, np.inf, float(relative.max()))
        inside = slice(start, stop)
        ulps = error[inside] / precision.spacing(exact[inside])
        return Usable(
            float(self.logit[start]),
            float(self.logit[stop - 1]),
            float(np.where(is_tiny[inside], 0.0, ulps).max()),
            float(relative.max()),
        )

    def _stretch(self, first: int, last: int) -> Stretch:
        low, high = float(self.logit[first]), float(self.logit[last])
        return Stretch(low, high, float(self.gradient[first if abs(low) > abs(high) else last]))


def _around_zero(logit: FloatArray, is_right: Array) -> tuple[int, int]:
    """Return the half-open range of places around the logit 0 that holds no wrong one."""
    middle = int(np.argmin(np.abs(logit)))
    if not is_right[middle]:
        return middle, middle
    wrong = np.flatnonzero(~is_right)
    cut = int(np.searchsorted(wrong, middle))
    start = int(wrong[cut - 1]) + 1 if cut else 0
    return start, int(wrong[cut]) if cut < len(wrong) else len(logit)


def _end(logit: float) -> str:
    if abs(logit) >= ALMOST_ENDLESS:
        return "1e4" if logit > 0 else "-1e4"
    return f"{logit:.2f}"


def _usable_json(part: Usable) -> dict[str, float | None]:
    return {
        "from": part.low,
        "to": part.high,
        "ulps": _finite(part.ulps),
        "largest_relative": _finite(part.largest_relative),
    }


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None
