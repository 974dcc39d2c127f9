"""Percentile bootstrap of any figure of rows, and of the difference of two models.

Sources: Efron & Tibshirani (1993, chapter 13); Davison & Hinkley (1997, section 3.8) for clusters.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from xent.errors import XentError
from xent.evaluation.intervals.estimate import Estimate
from xent.evaluation.intervals.paired import PairedTest
from xent.evaluation.intervals.replicates import bootstrap_method, check_n_bootstrap
from xent.evaluation.intervals.spread import check_level, cluster_codes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from xent.arrays import Array, FloatArray, IntArray

__all__ = ["bootstrap", "bootstrap_difference", "percentile_interval"]


def bootstrap(
    figure: Callable[..., float],
    *arrays: object,
    strata: object = None,
    cluster: object = None,
    level: float = 0.95,
    n_bootstrap: int = 1000,
    random_state: int = 0,
) -> Estimate:
    """Any figure of rows with a percentile interval.

    Parameters
    ----------
    figure : callable
        Takes the arrays, with the same rows drawn of each, and returns a number.
    *arrays : array of shape (n, ...)
        Truth, predictions, weights: whatever the figure takes, a row each.
    strata : array of shape (n,), optional
        Rows are drawn within each stratum: give y where the numbers of positives and negatives were
        chosen. Without it the prevalence varies, as it does in a sample of rows.
    cluster : array of shape (n,), optional
        Whole clusters are drawn, with all their rows; not with strata.
    level, n_bootstrap, random_state
        Confidence level, replicates, seed.

    Raises
    ------
    XentError
        When the arrays have different numbers of rows, or fewer than 2 replicates are asked for.

    Examples
    --------
    >>> import numpy as np
    >>> estimate = bootstrap(np.mean, np.arange(100.0))
    >>> print(estimate, estimate.method)
    49.5000 (43.8193 to 54.9505) bootstrap (1000, seed 0)
    """
    return _replicated(figure, arrays, strata, cluster, level, n_bootstrap, random_state)[0]


def bootstrap_difference(
    figure: Callable[..., float],
    y: object,
    a: object,
    b: object,
    *,
    strata: object = None,
    cluster: object = None,
    level: float = 0.95,
    n_bootstrap: int = 1000,
    random_state: int = 0,
) -> PairedTest:
    """Difference of any figure between two predictions of the same rows, b less a.

    The p-value is twice the smaller share of replicates on either side of 0, the observed one
    counted in (Davison & Hinkley 1997, equation 4.11).

    Examples
    --------
    >>> import numpy as np
    >>> def mae(y, p): return float(np.mean(np.abs(y - p)))
    >>> y = np.arange(50.0)
    >>> test = bootstrap_difference(mae, y, y + 1, y + 2)
    >>> test.difference.value, test.difference.why
    (1.0, 'every replicate has the same value')
    """

    def difference(truth: Array, first: Array, second: Array) -> float:
        return float(figure(truth, second)) - float(figure(truth, first))

    estimate, replicates = _replicated(
        difference, (y, a, b), strata, cluster, level, n_bootstrap, random_state
    )
    method = "paired " + estimate.method
    defined = replicates[~np.isnan(replicates)]
    if not estimate.is_defined or defined.size == 0:
        return PairedTest(estimate, math.nan, math.nan, method)
    sides = ((defined <= 0).sum() + 1, (defined >= 0).sum() + 1)
    p_value = min(1.0, 2 * float(min(sides)) / (defined.size + 1))
    return PairedTest(estimate, p_value, math.nan, method)


def percentile_interval(
    value: float, replicates: FloatArray, *, level: float, method: str, n: float
) -> Estimate:
    """Return the percentile interval of replicates, those without a value left out and counted.

    Examples
    --------
    >>> import numpy as np
    >>> print(percentile_interval(5.0, np.arange(11.0), level=0.8, method="bootstrap", n=3))
    5.0000 (1.0000 to 9.0000)
    """
    check_level(level)
    if math.isnan(value):
        return Estimate(value, level=level, method=method, n=n, why="undefined in the sample")
    defined = replicates[~np.isnan(replicates)]
    left_out = replicates.size - defined.size
    why = f"{left_out} of {replicates.size} replicates left out (undefined)" if left_out else ""
    if defined.size < 2:
        return Estimate(value, level=level, method=method, n=n, why=why or "no replicate")
    low, high = (float(end) for end in np.quantile(defined, [(1 - level) / 2, (1 + level) / 2]))
    if low == high:
        why = "; ".join(filter(None, ["every replicate has the same value", why]))
    return Estimate(value, min(low, value), max(high, value), level, method, n, why)


def _replicated(
    figure: Callable[..., float],
    arrays: tuple[object, ...],
    strata: object,
    cluster: object,
    level: float,
    n_bootstrap: int,
    random_state: int,
) -> tuple[Estimate, FloatArray]:
    """Return the figure with its percentile interval, and the replicates that made it."""
    given = _rows(arrays)
    value, n = float(figure(*given)), given[0].shape[0]
    draws = _draws(n, strata, cluster, n_bootstrap, random_state)
    replicates = np.array([float(figure(*(array[rows] for array in given))) for rows in draws])
    method = bootstrap_method(
        n_bootstrap, random_state, clusters=cluster is not None, stratified=strata is not None
    )
    return percentile_interval(value, replicates, level=level, method=method, n=n), replicates


def _rows(arrays: tuple[object, ...]) -> list[Array]:
    given = [np.asarray(array) for array in arrays]
    if not given or any(array.ndim == 0 for array in given):
        raise XentError("arrays must hold at least one array with a row axis.")
    sizes = [array.shape[0] for array in given]
    if len(set(sizes)) > 1 or sizes[0] == 0:
        raise XentError(f"arrays must have the same number of rows, at least one, got {sizes}.")
    return given


def _draws(
    n: int, strata: object, cluster: object, n_bootstrap: int, random_state: int
) -> Iterator[IntArray]:
    check_n_bootstrap(n_bootstrap)
    if strata is not None and cluster is not None:
        raise XentError("strata and cluster exclude each other: clusters span the strata.")
    generator = np.random.default_rng(random_state)
    # A stratum is a set like a cluster, but of one it is no mistake.
    if strata is not None:
        names = np.asarray(strata).reshape(-1)
        if names.size != n:
            raise XentError(f"strata must have {n} rows, got {names.size}.")
        groups = [np.flatnonzero(names == name) for name in np.unique(names)]
        for _ in range(n_bootstrap):
            yield np.concatenate(
                [rows[generator.integers(0, rows.size, rows.size)] for rows in groups]
            )
        return
    codes = cluster_codes(cluster, None, n)
    if codes is None:
        for _ in range(n_bootstrap):
            yield generator.integers(0, n, n)
        return
    order = np.argsort(codes, kind="stable")
    members = np.split(order, np.cumsum(np.bincount(codes))[:-1])
    for _ in range(n_bootstrap):
        drawn = generator.integers(0, len(members), len(members))
        yield np.concatenate([members[place] for place in drawn])
