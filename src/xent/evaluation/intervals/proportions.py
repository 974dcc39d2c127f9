"""Wilson's interval for shares of rows: precision, recall, false positive rate, accuracy, ...

Sources: Wilson (1927), Newcombe (1998, method 3), Brown, Cai & DasGupta (2001). Weights enter by the
effective number of rows of Kish (1965), clusters by the design effect and the degrees of freedom of
Korn & Graubard (1998).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from xent.errors import XentError
from xent.evaluation.confusion import UNDEFINED
from xent.evaluation.inputs import positives, row_weights, vector, weighted_mean
from xent.evaluation.intervals.estimate import Estimate
from xent.evaluation.intervals.spread import (
    cluster_codes,
    normal_quantile,
    sum_variance,
    t_quantile,
)

if TYPE_CHECKING:
    from xent.arrays import Array, FloatArray, IntArray
    from xent.evaluation.confusion import ConfusionCounts

__all__ = [
    "SHARES",
    "kish",
    "proportion_interval",
    "share_interval",
    "wilson",
    "wilson_bounds",
]

# Which outcomes a share counts, and out of which.
SHARES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "accuracy": (("tp", "tn"), ("tp", "fn", "fp", "tn")),
    "prevalence": (("tp", "fn"), ("tp", "fn", "fp", "tn")),
    "precision": (("tp",), ("tp", "fp")),
    "recall": (("tp",), ("tp", "fn")),
    "specificity": (("tn",), ("tn", "fp")),
    "fpr": (("fp",), ("tn", "fp")),
    "fnr": (("fn",), ("tp", "fn")),
    "npv": (("tn",), ("tn", "fn")),
    "jaccard": (("tp",), ("tp", "fn", "fp")),
}


def wilson(n_events: float, n: float, *, level: float = 0.95) -> Estimate:
    """Share of events with Wilson's score interval.

    The interval holds every share p that a score test at the sample does not refuse; it lies inside
    [0, 1] and has a width at 0 and n events too.

    Parameters
    ----------
    n_events, n : float
        Events and trials; both may be effective numbers, not whole.
    level : float
        Confidence level.

    Raises
    ------
    XentError
        When n_events lies outside 0..n, or level outside (0, 1).

    Examples
    --------
    >>> print(wilson(81, 263))
    0.3080 (0.2553 to 0.3662)
    >>> print(wilson(0, 20))
    0.0000 (0.0000 to 0.1611)
    >>> wilson(0, 0).why
    'there is no row to count in'
    """
    if not 0 <= n_events <= n < math.inf:
        raise XentError(f"n_events must lie in 0..n, got {n_events} of n = {n}.")
    normal_quantile(level)
    if n == 0:
        return Estimate(math.nan, level=level, method="Wilson", why="there is no row to count in")
    low, high = (float(end) for end in wilson_bounds(n_events, n, level))
    return Estimate(n_events / n, low, high, level, "Wilson", n)


def wilson_bounds(
    n_events: object, n: object, level: float = 0.95
) -> tuple[FloatArray, FloatArray]:
    """Return Wilson's lower and upper ends for arrays of events and trials; NaN where n is 0.

    Examples
    --------
    >>> low, high = wilson_bounds([15, 1], [148, 29])
    >>> low.round(4), high.round(4)
    (array([0.0624, 0.0061]), array([0.1605, 0.1718]))
    """
    events, trials = np.asarray(n_events, dtype=np.float64), np.asarray(n, dtype=np.float64)
    z = normal_quantile(level)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = events / trials
        center = (events + z * z / 2) / (trials + z * z)
        spread = z * np.sqrt(events * (1 - share) + z * z / 4) / (trials + z * z)
    # At 0 and n events the ends are 0 and 1 exactly; rounding must not move them past the share.
    low = np.where(events == 0, 0.0, np.clip(center - spread, 0.0, share))
    high = np.where(events == trials, 1.0, np.clip(center + spread, share, 1.0))
    absent = trials == 0
    return np.where(absent, np.nan, low), np.where(absent, np.nan, high)


def share_interval(
    counts: ConfusionCounts[float], name: str, *, level: float = 0.95, n_effective: float = math.nan
) -> Estimate:
    """Share of the four outcomes, such as precision, with Wilson's interval.

    Parameters
    ----------
    counts : ConfusionCounts
        The four counts, or sums of weights.
    name : str
        "accuracy", "precision", "recall", "specificity", "fpr", "fnr", "npv", "prevalence" or
        "jaccard".
    level : float
        Confidence level.
    n_effective : float
        Of all rows, when the counts are sums of weights (`kish`); the share's own part of it is in
        proportion to its weight.

    Raises
    ------
    XentError
        When the name is not that of a share.

    Examples
    --------
    >>> from xent.evaluation import ConfusionCounts
    >>> print(share_interval(ConfusionCounts(tp=81, fn=182, fp=0, tn=3), "recall"))
    0.3080 (0.2553 to 0.3662)
    """
    if name not in SHARES:
        raise XentError(f"name must be a share ({', '.join(SHARES)}), got {name!r}.")
    counted, among = SHARES[name]
    n_events = math.fsum(getattr(counts, field) for field in counted)
    n = math.fsum(getattr(counts, field) for field in among)
    if n == 0:
        return Estimate(
            math.nan,
            level=level,
            method="Wilson",
            why=UNDEFINED.get(name, "there is no row to count in"),
        )
    if math.isnan(n_effective):
        return wilson(n_events, n, level=level)
    trials = n_effective * n / counts.n_rows
    low, high = (float(end) for end in wilson_bounds(trials * (n_events / n), trials, level))
    method = "Wilson (effective number of rows)"
    return Estimate(n_events / n, low, high, level, method, trials)


def proportion_interval(
    events: object, *, weight: object = None, cluster: object = None, level: float = 0.95
) -> Estimate:
    """Share of rows with an event, with Wilson's interval for weighted or clustered rows.

    Parameters
    ----------
    events : array of shape (n,)
        0 or 1 a row.
    weight : array of shape (n,), optional
        Weight a row. The interval is that of `kish(weight)` rows.
    cluster : array of shape (n,), optional
        Rows of one cluster are not independent: the interval is that of as many rows as would vary
        as much, with the quantile of Student's distribution for clusters - 1 degrees of freedom.
    level : float
        Confidence level.

    Raises
    ------
    XentError
        When the arrays do not fit, or events holds anything but 0 and 1.

    Examples
    --------
    >>> print(proportion_interval([1, 0, 0, 0, 1, 1, 0, 0]))
    0.3750 (0.1368 to 0.6943)
    """
    given = vector(events, "events")
    kept = row_weights(weight, given.size)
    if kept is not None:
        given, kept = given[kept > 0], kept[kept > 0]
    hit = positives(given, "events")
    codes = cluster_codes(cluster, weight, hit.size)
    share = weighted_mean(hit, kept)
    if codes is not None:
        n, method = _clustered_n(hit, kept, codes, share, level), "Wilson (clusters)"
    elif kept is not None:
        n, method = kish(kept), "Wilson (effective number of rows)"
    else:
        n, method = float(hit.size), "Wilson"
    low, high = (float(end) for end in wilson_bounds(share * n, n, level))
    return Estimate(share, min(low, share), max(high, share), level, method, n)


def kish(weight: Array) -> float:
    """Effective number of rows of unequal weights, sum(w)^2 / sum(w^2) (Kish 1965).

    Examples
    --------
    >>> import numpy as np
    >>> kish(np.array([1.0, 1.0, 2.0])).__round__(4)
    2.6667
    """
    return float(np.sum(weight) ** 2 / np.dot(weight, weight))


def _clustered_n(
    hit: Array, weight: FloatArray | None, codes: IntArray, share: float, level: float
) -> float:
    heavy = np.ones(hit.size) if weight is None else weight
    variance = sum_variance(heavy * (hit - share) / heavy.sum(), codes)
    n_clusters = int(codes.max()) + 1
    if (
        variance <= 0
    ):  # all rows alike: nothing tells how alike a cluster's rows are, so quite alike
        return float(n_clusters)
    # Never more than the rows themselves: a design effect below 1 is nearly always chance.
    n = min(share * (1 - share) / variance, kish(heavy))
    return n * (normal_quantile(level) / t_quantile(level, n_clusters - 1)) ** 2
