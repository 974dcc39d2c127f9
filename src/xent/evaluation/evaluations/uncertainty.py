"""Which interval a figure gets: Wilson for shares, DeLong for the AUC, the bootstrap for the rest.

The value is computed at once, the interval when it is first read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from xent.evaluation.confusion import ConfusionCounts
from xent.evaluation.inputs import weighted_mean
from xent.evaluation.intervals.delong import delong
from xent.evaluation.intervals.estimate import Estimate, lazy_estimate
from xent.evaluation.intervals.proportions import proportion_interval
from xent.evaluation.intervals.replicates import bootstrap_ranking
from xent.evaluation.intervals.running_sums import draw_counts
from xent.evaluation.intervals.spread import cluster_codes, sum_variance, t_quantile

if TYPE_CHECKING:
    from collections.abc import Callable

    from xent.arrays import Array, FloatArray, IntArray
    from xent.evaluation.evaluations.rows import IntervalSettings, LabelledRows

__all__ = ["auc", "average_precision", "mean", "of_counts", "proportion", "resampled"]

NAN = float("nan")


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
    """Return the average precision; its interval is the bootstrap's, from one sort."""
    if np.isnan(value):
        return Estimate(value, level=settings.level, n=len(truth), why="there is no positive row")

    def make() -> Estimate:
        replicates = bootstrap_ranking(
            truth,
            scores,
            weight=weight,
            cluster=cluster,
            n_bootstrap=settings.n_bootstrap,
            random_state=settings.random_state,
        )
        return _percentiles(
            value,
            replicates.average_precision,
            settings,
            (0.0, 1.0),
            len(truth),
            method=replicates.method,
        )

    return lazy_estimate(value, _or_none(make, value, len(truth), settings), level=settings.level)


def mean(
    values: FloatArray,
    weight: FloatArray | None,
    cluster: Array | None,
    settings: IntervalSettings,
) -> Estimate:
    """Return the mean of the rows' values."""
    value = weighted_mean(values, weight)
    n = len(values)
    if not np.isfinite(value):
        why = "a value is infinite: what was said to be impossible happened"
        return Estimate(value, level=settings.level, n=n, why=why)
    return lazy_estimate(
        value,
        lambda: mean_interval(values, weight=weight, cluster=cluster, level=settings.level),
        level=settings.level,
    )


def mean_interval(values, *, weight, cluster, level):
    codes = cluster_codes(cluster, weight, len(values))
    share = np.full(len(values), 1 / len(values)) if weight is None else weight / weight.sum()
    value = weighted_mean(values, weight)
    sd = sum_variance(share * (values - value), codes) ** 0.5
    k = len(values) if codes is None else int(codes.max()) + 1
    half = t_quantile(level, k - 1) * sd if k > 1 else NAN
    return Estimate(value, value - half, value + half, level, "t", len(values))


def of_counts(
    value: float,
    figure: Callable[[ConfusionCounts[FloatArray]], FloatArray],
    truth: Array,
    decided: Array,
    weight: FloatArray | None,
    cluster: Array | None,
    settings: IntervalSettings,
    bounds: tuple[float, float],
) -> Estimate:
    """Return a figure of the four counts; its interval is the bootstrap's."""

    def make() -> Estimate:
        replicates = figure(_resampled_counts(truth, decided, weight, cluster, settings))
        return _percentiles(value, replicates, settings, bounds, len(truth))

    make = _or_none(make, value, len(truth), settings)
    return lazy_estimate(value, make, level=settings.level)


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
        return _percentiles(value, replicates, settings, bounds, n)

    return lazy_estimate(value, _or_none(make, value, n, settings), level=settings.level)


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
    cluster: Array | None,
    settings: IntervalSettings,
) -> ConfusionCounts[FloatArray]:
    cell = 2 * (~truth).astype(np.int64) + (truth != decided)  # 0 tp, 1 fn, 2 tn, 3 fp
    generator = np.random.default_rng(settings.random_state)
    codes = cluster_codes(cluster, weight, len(truth))
    if codes is None and weight is None:
        shares = np.bincount(cell, minlength=4) / len(cell)
        drawn = generator.multinomial(len(cell), shares, settings.n_bootstrap).T.astype(np.float64)
    else:
        units = np.arange(len(cell)) if codes is None else codes
        n_units = int(units.max()) + 1
        sums = np.zeros((n_units, 4))
        np.add.at(sums, (units, cell), 1.0 if weight is None else weight)
        drawn = np.stack(
            [draw_counts(generator, n_units) @ sums for _ in range(settings.n_bootstrap)], axis=1
        )
    return ConfusionCounts(tp=drawn[0], fn=drawn[1], fp=drawn[3], tn=drawn[2])


def _or_none(
    make: Callable[[], Estimate], value: float, n: int, settings: IntervalSettings
) -> Callable[[], Estimate]:
    if settings.n_bootstrap >= 2:
        return make
    why = "no interval without bootstrap replicates"
    return lambda: Estimate(value, level=settings.level, n=n, why=why)


def _percentiles(
    value: float,
    replicates: FloatArray,
    settings: IntervalSettings,
    bounds: tuple[float, float],
    n: int,
    method: str = "",
) -> Estimate:
    """Return the percentile interval, inside the figure's range; of no width only with a reason."""
    defined = replicates[~np.isnan(replicates)]
    method = method or f"bootstrap ({settings.n_bootstrap}, seed {settings.random_state})"
    if 2 * len(defined) < len(replicates):
        why = f"undefined in {len(replicates) - len(defined)} of {len(replicates)} replicates"
        return Estimate(value, level=settings.level, method=method, n=n, why=why)
    tail = (1 - settings.level) / 2
    low, high = np.quantile(defined, [tail, 1 - tail])
    low, high = min(max(low, bounds[0]), value), max(min(high, bounds[1]), value)
    why = "every replicate gave the same value: too few rows to tell" if low == high else ""
    return Estimate(value, float(low), float(high), settings.level, method, n, why)
