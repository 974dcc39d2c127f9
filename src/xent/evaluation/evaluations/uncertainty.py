"""Which interval a figure gets: Wilson for shares, DeLong for the AUC, the bootstrap for the rest.

The value is computed at once, the interval when it is first read.
"""

from __future__ import annotations

from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np

from xent.evaluation.confusion import ConfusionCounts
from xent.evaluation.inputs import weighted_mean
from xent.evaluation.intervals.average_precision import average_precision_interval
from xent.evaluation.intervals.binned_replicates import binned_replicates
from xent.evaluation.intervals.delong import auc_contributions, delong
from xent.evaluation.intervals.estimate import Estimate, lazy_estimate
from xent.evaluation.intervals.means import mean_interval
from xent.evaluation.intervals.proportions import kish, proportion_interval
from xent.evaluation.intervals.running_sums import draw_counts
from xent.evaluation.intervals.spread import (
    cluster_codes,
    logit_ends,
    normal_quantile,
    sum_variance,
    t_quantile,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from xent.arrays import Array, FloatArray, IntArray
    from xent.evaluation.counts import ScoreCounts
    from xent.evaluation.evaluations.rows import IntervalSettings, LabelledRows

__all__ = [
    "auc",
    "average_precision",
    "macro_auc",
    "mean",
    "mean_with",
    "of_counts",
    "of_curve",
    "proportion",
    "resampled",
]

NAN = float("nan")
MIN_REPLICATES = 2
FEW_CLUSTERS = 20


def proportion(
    events: Array, weight: FloatArray | None, cluster: Array | None, settings: IntervalSettings
) -> Estimate:
    """Return the share of rows with an event; its interval is Wilson's."""
    return lazy_estimate(
        weighted_mean(events, weight),
        lambda: proportion_interval(events, weight=weight, cluster=cluster, level=settings.level),
        level=settings.level,
    )


def auc(
    truth: Array,
    scores: Array,
    value: float,
    weight: FloatArray | None,
    cluster: Array | None,
    settings: IntervalSettings,
) -> Estimate:
    """Return the exact AUC; its interval is DeLong's."""
    if np.isnan(value):
        return Estimate(value, level=settings.level, n=len(truth), why="one class is absent")
    return lazy_estimate(
        value,
        lambda: delong(truth, scores, weight=weight, cluster=cluster, level=settings.level),
        level=settings.level,
    )


def average_precision(
    truth: Array,
    scores: Array,
    value: float,
    weight: FloatArray | None,
    cluster: Array | None,
    settings: IntervalSettings,
) -> Estimate:
    """Return the average precision; its interval is made on the logit scale."""
    if np.isnan(value):
        return Estimate(value, level=settings.level, n=len(truth), why="there is no positive row")

    return lazy_estimate(
        value,
        lambda: average_precision_interval(
            truth, scores, weight=weight, cluster=cluster, level=settings.level
        ),
        level=settings.level,
    )


def mean(
    values: FloatArray,
    weight: FloatArray | None,
    cluster: Array | None,
    settings: IntervalSettings,
    bounds: tuple[float, float] = (0.0, float("inf")),
) -> Estimate:
    """Return the mean of the rows' values; its interval is corrected for their skewness."""
    value = weighted_mean(values, weight)
    return mean_with(value, lambda: values, weight, cluster, settings, bounds)


def mean_with(
    value: float,
    values: Callable[[], FloatArray],
    weight: FloatArray | None,
    cluster: Array | None,
    settings: IntervalSettings,
    bounds: tuple[float, float] = (0.0, float("inf")),
) -> Estimate:
    """Return a mean that is known; the rows' values are made for its interval only."""
    if not np.isfinite(value):
        why = "a value is infinite: what was said to be impossible happened"
        return Estimate(value, level=settings.level, why=why)
    return lazy_estimate(
        value,
        lambda: mean_interval(
            values(), weight=weight, cluster=cluster, level=settings.level, bounds=bounds
        ),
        level=settings.level,
    )


def of_counts(
    figure: Callable[[ConfusionCounts[Any]], Any],
    interval: Callable[[float], Estimate],
    counts: ConfusionCounts[float],
    truth: Array,
    decided: Callable[[], Array],
    weight: FloatArray | None,
    cluster: Array | None,
    settings: IntervalSettings,
    bounds: tuple[float, float],
) -> Estimate:
    """Return a figure of the four counts; with clusters its interval is the bootstrap's.

    Without, it is `interval` of the effective number of rows (NaN: no weights). What each row was
    `decided` to be is made for the bootstrap only.
    """
    value, n = float(figure(counts)), len(truth)

    def make() -> Estimate:
        if cluster is None:
            return interval(NAN if weight is None else kish(weight))
        if settings.n_bootstrap < MIN_REPLICATES:
            return _without_replicates(value, n, settings)
        codes = cluster_codes(cluster, weight, n)
        drawn = _resampled_counts(truth, decided(), weight, codes, settings)
        return _percentiles(value, figure(drawn), settings, bounds, n, codes)

    return lazy_estimate(value, make, level=settings.level)


def of_curve(
    figure: Callable[[ScoreCounts], float],
    counts: ScoreCounts,
    truth: Array,
    scores: Array,
    weight: FloatArray | None,
    cluster: Array | None,
    settings: IntervalSettings,
    bounds: tuple[float, float] = (0.0, 1.0),
) -> Estimate:
    """Return a figure of the whole curve; its interval is the bootstrap's, of binned counts."""
    value, n = figure(counts), len(truth)
    if np.isnan(value):
        absent = not (counts.n_positive and counts.n_negative)
        why = "one class is absent" if absent else "no threshold reaches it"
        return Estimate(value, level=settings.level, n=n, why=why)

    def make() -> Estimate:
        rows = (truth, scores, weight, cluster_codes(cluster, weight, n))
        on_bins, replicates = binned_replicates(
            figure,
            counts,
            rows,
            n_bootstrap=settings.n_bootstrap,
            random_state=settings.random_state,
        )
        shifted = replicates + (value - on_bins)
        return _percentiles(value, shifted, settings, bounds, n, rows[3])

    return lazy_estimate(value, _or_none(make, value, n, settings), level=settings.level)


def resampled(
    figure: Callable[[FloatArray | None], float],
    rows: LabelledRows,
    settings: IntervalSettings,
    *,
    bounds: tuple[float, float],
    why: str = "",
) -> Estimate:
    """Return any weighted figure; its interval is the bootstrap's, a row drawn c times having c times its weight."""
    value = float(figure(rows.weight))
    n = len(rows)
    if np.isnan(value):
        return Estimate(value, level=settings.level, n=n, why=why)

    def make() -> Estimate:
        codes = cluster_codes(rows.cluster, rows.weight, n)
        seeds = np.random.SeedSequence(settings.random_state).spawn(settings.n_bootstrap)
        replicates = np.full(settings.n_bootstrap, NAN)
        for place, seed in enumerate(seeds):
            weight = _drawn(np.random.default_rng(seed), n, codes)
            if rows.weight is not None:
                weight *= rows.weight
            if weight.any():
                replicates[place] = figure(weight)
        return _percentiles(value, replicates, settings, bounds, n, codes)

    return lazy_estimate(value, _or_none(make, value, n, settings), level=settings.level)


def macro_auc(
    truth: Array,
    scores: Array,
    value: float,
    weight: FloatArray | None,
    cluster: Array | None,
    settings: IntervalSettings,
    why: str,
) -> Estimate:
    """Return the mean AUC of several columns; its interval is DeLong's for the sum of their contributions.

    Parameters
    ----------
    truth, scores : arrays of shape (n, K)
        A column a class or a label; one that is the same in every row is left out.
    """
    n = len(truth)
    if np.isnan(value):
        return Estimate(value, level=settings.level, n=n, why=why)

    def make() -> Estimate:
        columns = [k for k in range(truth.shape[1]) if 0 < np.count_nonzero(truth[:, k]) < n]
        adds = np.zeros(n)
        for k in columns:
            adds += auc_contributions(truth[:, k], scores[:, k], weight)[1]
        codes = cluster_codes(cluster, weight, n)
        sd = sum_variance(adds / len(columns), codes) ** 0.5
        method = "DeLong (macro)" if codes is None else "DeLong (macro, clusters)"
        if not (0 < value < 1 and sd > 0):
            why = "the classes are separated: the rows show no spread"
            return Estimate(value, level=settings.level, method=method, n=n, why=why)
        low, high = logit_ends(value, normal_quantile(settings.level) * sd)
        return Estimate(value, low, high, settings.level, method, n)

    return lazy_estimate(value, make, level=settings.level)


def _drawn(generator: np.random.Generator, n: int, codes: IntArray | None) -> FloatArray:
    """Return how often each row is drawn; the rows of a cluster go together."""
    if codes is None:
        return draw_counts(generator, n).astype(np.float64)
    drawn: FloatArray = draw_counts(generator, int(codes.max()) + 1).astype(np.float64)[codes]
    return drawn


def _resampled_counts(
    truth: Array,
    decided: Array,
    weight: FloatArray | None,
    codes: IntArray | None,
    settings: IntervalSettings,
) -> ConfusionCounts[FloatArray]:
    """Return the four counts of replicates that draw whole clusters."""
    assert codes is not None
    cell = 2 * (~truth).astype(np.int64) + (truth != decided)  # 0 tp, 1 fn, 2 tn, 3 fp
    n_clusters = int(codes.max()) + 1
    sums = np.bincount(4 * codes + cell, weights=weight, minlength=4 * n_clusters)
    sums = sums.reshape(n_clusters, 4).astype(np.float64)
    generator = np.random.default_rng(settings.random_state)
    draws = (draw_counts(generator, n_clusters) for _ in range(settings.n_bootstrap))
    drawn = np.stack([draw @ sums for draw in draws], axis=1)
    return ConfusionCounts(tp=drawn[0], fn=drawn[1], fp=drawn[3], tn=drawn[2])


def _without_replicates(value: float, n: int, settings: IntervalSettings) -> Estimate:
    return Estimate(
        value, level=settings.level, n=n, why="no interval without bootstrap replicates"
    )


def _or_none(
    make: Callable[[], Estimate], value: float, n: int, settings: IntervalSettings
) -> Callable[[], Estimate]:
    if settings.n_bootstrap >= MIN_REPLICATES:
        return make
    return lambda: _without_replicates(value, n, settings)


def _percentiles(
    value: float,
    replicates: FloatArray,
    settings: IntervalSettings,
    bounds: tuple[float, float],
    n: int,
    codes: IntArray | None = None,
) -> Estimate:
    """Return the percentile interval, inside the figure's range; of no width only with a reason.

    Its tails are those of Student's distribution for the number of rows, or of clusters, and its
    spread has their n - 1: the expanded percentiles of Hesterberg (2015, section 5.3), since
    replicates of few clusters vary too little.
    """
    defined = replicates[~np.isnan(replicates)]
    kind = "" if codes is None else "clusters, "
    method = f"bootstrap ({kind}{settings.n_bootstrap}, seed {settings.random_state})"
    if 2 * len(defined) < len(replicates):
        why = f"undefined in {len(replicates) - len(defined)} of {len(replicates)} replicates"
        return Estimate(value, level=settings.level, method=method, n=n, why=why)
    n_units = n if codes is None else int(codes.max()) + 1
    stretched = (
        t_quantile(settings.level, max(n_units - 1, 1)) * (n_units / max(n_units - 1, 1)) ** 0.5
    )
    tail = NormalDist().cdf(-stretched)
    low, high = np.quantile(defined, [tail, 1 - tail])
    low, high = min(max(low, bounds[0]), value), max(min(high, bounds[1]), value)
    why = "every replicate gave the same value: too few rows to tell" if low == high else ""
    if not why and codes is not None and n_units < FEW_CLUSTERS:
        why = f"only {n_units} clusters: the interval may be too narrow"
    return Estimate(value, float(low), float(high), settings.level, method, n, why)
