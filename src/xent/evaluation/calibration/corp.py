"""The CORP reliability diagram: no bins to choose, and a band in which a calibrated model stays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from xent.errors import XentError
from xent.evaluation.calibration.pooling import isotonic_shares, probability_rows, row_pools
from xent.evaluation.calibration.reliability import plain_list

if TYPE_CHECKING:
    from xent.arrays import FloatArray
    from xent.evaluation.calibration.pooling import Pools

__all__ = ["Corp", "corp"]

# Finer pools than these change no band that can be seen, and cost as many fits more.
LARGEST_N_POOLS = 1000


@dataclass(frozen=True, eq=False)
class Corp:
    """A CORP reliability diagram in numbers, one entry a distinct probability.

    Parameters
    ----------
    probability : float64 array of shape (m,)
        The distinct probabilities, rising.
    recalibrated : float64 array of shape (m,)
        The isotonic estimate of the share of positives.
    low, high : float64 array of shape (m,)
        Consistency band: where the estimate of a calibrated model lies, point by point, with
        probability `level`. NaN where no band was asked for.
    weight : float64 array of shape (m,)
        Rows, or the sum of their weights.
    level, n_resamples, random_state
        How the band was made.
    """

    probability: FloatArray
    recalibrated: FloatArray
    low: FloatArray
    high: FloatArray
    weight: FloatArray
    level: float
    n_resamples: int
    random_state: int

    def to_json(self) -> dict[str, Any]:
        """Return lists that JSON can hold; NaN is None."""
        names = ("probability", "recalibrated", "low", "high", "weight")
        lists = {name: plain_list(getattr(self, name)) for name in names}
        how = {"n_resamples": self.n_resamples, "random_state": self.random_state}
        return {**lists, "level": self.level, **how}


def corp(
    y: object,
    *,
    probabilities: object,
    weight: object = None,
    level: float = 0.9,
    n_resamples: int = 1000,
    random_state: int = 0,
) -> Corp:
    """CORP reliability diagram: isotonic shares, with a consistency band under calibration.

    The band is made by drawing truths from the given probabilities and fitting each draw. With
    unequal weights a pool of rows varies as Kish's effective number of rows does. Above 1,000
    distinct probabilities the band is made on 1,000 pools of equal mass and interpolated.

    Parameters
    ----------
    y : array of shape (n,) or (n, 1)
        Truth, 0 or 1.
    probabilities : array of shape (n,) or (n, 1)
        Probability of the positive class, in [0, 1].
    weight : array of shape (n,), optional
        Weight a row; rows of weight 0 vanish.
    level : float
        Share of calibrated models whose estimate lies inside the band, at each point.
    n_resamples : int
        How many draws make the band; 0 for none.
    random_state : int
        Seed of the draws.

    Raises
    ------
    XentError
        When the arrays do not fit, or level or n_resamples is out of range.

    References
    ----------
    Dimitriadis, Gneiting & Jordan, Stable reliability diagrams for probabilistic classifiers,
    PNAS 2021.

    Examples
    --------
    >>> diagram = corp([0, 0, 0, 1, 1, 1], probabilities=[0.4, 0.3, 0.2, 0.1, 0.5, 0.9])
    >>> diagram.probability, diagram.recalibrated
    (array([0.1, 0.2, 0.3, 0.4, 0.5, 0.9]), array([0.25, 0.25, 0.25, 0.25, 1.  , 1.  ]))
    """
    if not 0 < level < 1:
        raise XentError(f"level must lie between 0 and 1, got {level}. 0.9 is usual.")
    if n_resamples < 0 or n_resamples != int(n_resamples):
        raise XentError(f"n_resamples must be a whole number, 0 for no band, got {n_resamples!r}.")
    truth, p, kept = probability_rows(y, probabilities, weight)
    pools = row_pools(truth, p, kept)
    fitted = isotonic_shares(pools.share, pools.weight)
    low = high = np.full(fitted.shape, np.nan)
    if n_resamples:
        coarse = row_pools(truth, p, kept, LARGEST_N_POOLS)
        ends = _band(coarse, level, n_resamples, random_state)
        low, high = (np.interp(pools.probability, coarse.probability, end) for end in ends)
    return Corp(
        pools.probability, fitted, low, high, pools.weight, level, n_resamples, random_state
    )


def _band(
    pools: Pools, level: float, n_resamples: int, random_state: int
) -> tuple[FloatArray, FloatArray]:
    rng = np.random.default_rng(random_state)
    trials = np.maximum(np.rint(pools.n_effective), 1).astype(np.int64)
    drawn = rng.binomial(trials, pools.probability, (n_resamples, trials.size)) / trials
    for row in drawn:
        row[:] = isotonic_shares(row, pools.weight)
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return low, high
