"""Isotonic recalibration: a rising map of the probability, fitted on the validation part."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from xent.distributions import Bernoulli, Categorical
from xent.errors import XentError
from xent.evaluation.calibration.pooling import isotonic_shares, row_pools
from xent.evaluation.calibration.recalibration import binary_or_class_logits, checked_logits

if TYPE_CHECKING:
    from xent.arrays import Array, FloatArray

__all__ = ["Isotonic", "IsotonicMap", "fit_isotonic"]


@dataclass(frozen=True)
class IsotonicMap:
    """A rising piecewise linear map of [0, 1] into itself, flat beyond its first and last point.

    Parameters
    ----------
    probability : tuple of float
        Where the map bends, strictly rising, in [0, 1].
    recalibrated : tuple of float
        Its values there, never falling, in [0, 1].
    """

    probability: tuple[float, ...]
    recalibrated: tuple[float, ...]

    def __post_init__(self) -> None:
        x, y = np.array(self.probability), np.array(self.recalibrated)
        if x.size == 0 or x.shape != y.shape:
            raise XentError(
                "an isotonic map must have as many recalibrated values as probabilities, at least "
                f"one, got {y.size} and {x.size}."
            )
        inside = np.all((x >= 0) & (x <= 1)) and np.all((y >= 0) & (y <= 1))
        if not (inside and np.all(np.diff(x) > 0) and np.all(np.diff(y) >= 0)):
            raise XentError("an isotonic map must rise, from [0, 1] to [0, 1].")

    def __call__(self, p: FloatArray) -> FloatArray:
        """Return the recalibrated probabilities."""
        return np.interp(p, self.probability, self.recalibrated)


@dataclass(frozen=True)
class Isotonic:
    """One isotonic map for the positive class, or one a class with the rows made to sum to 1.

    Parameters
    ----------
    maps : tuple of IsotonicMap
        One, or one a class.

    Examples
    --------
    >>> Isotonic((IsotonicMap((0.25, 0.75), (0.5, 0.5)),)).apply([-3.0, 3.0])
    array([0., 0.])
    """

    maps: tuple[IsotonicMap, ...]

    def __post_init__(self) -> None:
        if not self.maps or len(self.maps) == 2:
            raise XentError(
                f"an isotonic recalibrator must have one map, or one a class for three or more "
                f"classes, got {len(self.maps)}."
            )

    def apply(self, logits: object) -> FloatArray:
        """Return the recalibrated logits, of the same shape; of shares 0 and 1 they are infinite.

        With several classes they are log probabilities. A row whose every class maps to 0 keeps
        the model's own.
        """
        z = checked_logits(logits, n_columns=len(self.maps))
        with np.errstate(divide="ignore"):
            if z.ndim == 1:
                p = self.maps[0](Bernoulli().mean(z))
                return np.log(p) - np.log1p(-p)
            p = Categorical(z.shape[1]).mean(z)
            mapped = np.column_stack([f(column) for f, column in zip(self.maps, p.T, strict=True)])
            sums = mapped.sum(axis=1, keepdims=True)
            return np.log(np.where(sums > 0, mapped / np.where(sums > 0, sums, 1.0), p))

    def to_json(self) -> dict[str, Any]:
        """Return plain values, the kind among them."""
        maps = [{name: list(v) for name, v in asdict(one).items()} for one in self.maps]
        return {"kind": "isotonic", "maps": maps}


def fit_isotonic(y: object, *, logits: object, weight: object = None) -> Isotonic:
    """Fit the rising map of least Brier score (and log loss), one for each class if several.

    Between the fitted probabilities the map is linear. It is the best of all rising maps on these
    rows for every proper score, so on few rows it learns them by heart: below about 1,000 rows
    prefer Platt or temperature scaling. A share of 0 or 1 among its ends gives infinite logits.

    Parameters
    ----------
    y : array of shape (n,)
        Truth, 0 or 1; or class codes 0..K-1.
    logits : array of shape (n,), (n, 1) or (n, K), K > 2
        Of the positive class, or one column a class; infinite ones are probabilities of 0 and 1.
    weight : array of shape (n,), optional
        Weight a row; rows of weight 0 vanish.

    Raises
    ------
    XentError
        When arrays do not fit each other, or there are two columns.

    References
    ----------
    Zadrozny & Elkan, Transforming classifier scores into accurate multiclass probability
    estimates, KDD 2002.

    Examples
    --------
    >>> fit = fit_isotonic([0, 1, 0, 1], logits=[-1.0, 0.0, 1.0, 2.0])
    >>> [round(p, 4) for p in fit.maps[0].probability], fit.maps[0].recalibrated
    ([0.2689, 0.5, 0.7311, 0.8808], (0.0, 0.5, 0.5, 1.0))
    """
    truth, z, kept = binary_or_class_logits(y, logits, weight)
    if z.ndim == 1:
        return Isotonic((_fit_map(truth, Bernoulli().mean(z), kept),))
    n_classes = z.shape[1]
    if n_classes == 2:
        raise XentError(
            "logits must have one column for two classes, got (n, 2). "
            "Give logits[:, 1] - logits[:, 0]."
        )
    p = Categorical(n_classes).mean(z)
    return Isotonic(tuple(_fit_map(truth == k, p[:, k], kept) for k in range(n_classes)))


def _fit_map(truth: Array, p: FloatArray, weight: FloatArray | None) -> IsotonicMap:
    pools = row_pools(truth, p, weight)
    fitted = isotonic_shares(pools.share, pools.weight)
    x = np.unique(p)
    # Inside a flat stretch a point says nothing that its ends do not.
    flat = np.diff(fitted) == 0
    inside = np.zeros(x.size, dtype=bool)
    inside[1:-1] = flat[1:] & flat[:-1]
    return IsotonicMap(tuple(x[~inside].tolist()), tuple(fitted[~inside].tolist()))
