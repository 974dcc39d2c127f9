"""A proper score taken apart: miscalibration - discrimination + uncertainty."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from xent.evaluation.calibration.pooling import isotonic_shares, probability_rows, row_pools
from xent.evaluation.calibration.reliability import plain_list
from xent.evaluation.inputs import weighted_mean
from xent.evaluation.scoring_rules import brier, log_loss

if TYPE_CHECKING:
    from xent.arrays import FloatArray

__all__ = ["ScoreDecomposition", "brier_decomposition", "log_loss_decomposition"]


@dataclass(frozen=True)
class ScoreDecomposition:
    """A mean score and its parts: score = miscalibration - discrimination + uncertainty.

    Parameters
    ----------
    score : float
        The mean score of the probabilities.
    miscalibration : float
        How much isotonic recalibration would take off, at least 0.
    discrimination : float
        How much better the recalibrated probabilities are than their mean, at least 0.
    uncertainty : float
        The score of the prevalence in y.
    """

    score: float
    miscalibration: float
    discrimination: float
    uncertainty: float

    def to_json(self) -> dict[str, Any]:
        """Return plain numbers; an infinite one is "inf"."""
        parts = asdict(self)
        return dict(zip(parts, plain_list(np.array([*parts.values()])), strict=True))


def brier_decomposition(
    y: object, *, probabilities: object, weight: object = None
) -> ScoreDecomposition:
    """Brier score into miscalibration, discrimination and uncertainty by isotonic recalibration.

    Parameters
    ----------
    y : array of shape (n,) or (n, 1)
        Truth, 0 or 1.
    probabilities : array of shape (n,) or (n, 1)
        Probability of the positive class, in [0, 1].
    weight : array of shape (n,), optional
        Weight a row; rows of weight 0 vanish.

    Raises
    ------
    XentError
        When the arrays do not fit each other, or values are out of range.

    References
    ----------
    Dimitriadis, Gneiting & Jordan, PNAS 2021, equation 2.

    Examples
    --------
    >>> p = [0.4, 0.3, 0.2, 0.1, 0.5, 0.9]
    >>> parts = brier_decomposition([0, 0, 0, 1, 1, 1], probabilities=p)
    >>> [round(part, 7) for part in (parts.score, parts.miscalibration, parts.discrimination)]
    [0.2266667, 0.1016667, 0.125]
    """
    truth, p, kept = probability_rows(y, probabilities, weight)
    score, best, constant = (
        brier(truth, probabilities=said, weight=kept) for said in _said(truth, p, kept)
    )
    return _decomposition(score, best, constant)


def log_loss_decomposition(
    y: object, *, probabilities: object, weight: object = None
) -> ScoreDecomposition:
    """Log loss into miscalibration, discrimination and uncertainty, in nats.

    Parameters
    ----------
    y, probabilities, weight
        As for `brier_decomposition`. A certain prediction that is wrong has an infinite score and
        an infinite miscalibration; the other parts stay finite.

    Raises
    ------
    XentError
        When the arrays do not fit each other, or values are out of range.

    Examples
    --------
    >>> p = [0.4, 0.3, 0.2, 0.1, 0.5, 0.9]
    >>> parts = log_loss_decomposition([0, 0, 0, 1, 1, 1], probabilities=p)
    >>> [round(part, 7) for part in (parts.score, parts.miscalibration, parts.discrimination)]
    [0.6986228, 0.3237327, 0.3182571]
    """
    truth, p, kept = probability_rows(y, probabilities, weight)
    score, best, constant = (
        log_loss(truth, probabilities=said, weight=kept) for said in _said(truth, p, kept)
    )
    return _decomposition(score, best, constant)


def _said(
    truth: FloatArray, p: FloatArray, weight: FloatArray | None
) -> tuple[FloatArray, FloatArray, FloatArray]:
    pools = row_pools(truth, p, weight)
    fitted = isotonic_shares(pools.share, pools.weight)
    best = fitted[np.unique(p, return_inverse=True)[1].reshape(-1)]
    # A block of equal rows can miss 0 or 1 by rounding; in the log loss that would not be small.
    prevalence = np.full(p.shape, min(weighted_mean(truth, weight), 1.0))
    return p, best, prevalence


def _decomposition(score: float, best: float, constant: float) -> ScoreDecomposition:
    # Both are at least 0 by the fit's optimality for every proper score; rounding may say -1e-17.
    return ScoreDecomposition(score, max(score - best, 0.0), max(constant - best, 0.0), constant)
