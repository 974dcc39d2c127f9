"""Bootstrap replicates of the rank figures from one sort.

A row that is drawn c times has the weight c. So the rows are sorted once, every replicate draws one
count a row, and running sums of the counts give the AUC, the average precision and the confusion
matrix of that replicate: no resampled array is ever built, and nothing is sorted again.

The counts are independent Poisson(1) draws (Chamandy et al. 2012; Hanley & MacGibbon 2006): all
figures here are ratios in which the number of drawn rows cancels, and for those it is the ordinary
bootstrap but for terms of order 1/n. The prevalence varies as it would from sample to sample; with
`stratified=True` each class is scaled back to its size.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from xent.cores import n_cores
from xent.errors import XentError
from xent.evaluation.confusion import ConfusionCounts
from xent.evaluation.intervals.running_sums import RunningSums, sorted_rows
from xent.evaluation.threads import in_threads

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xent.arrays import FloatArray

__all__ = ["RankingReplicates", "bootstrap_method", "bootstrap_ranking", "check_n_bootstrap"]

FEW_DRAWS = 1 << 20  # below this many the threads cost more than they save


@dataclass(frozen=True, eq=False)
class RankingReplicates:
    """Figures of the bootstrap replicates, each of shape (n_bootstrap,).

    Parameters
    ----------
    roc_auc, average_precision : array
        NaN in a replicate without a positive row (the AUC also without a negative one).
    confusion : ConfusionCounts of arrays, or None
        The four counts at the threshold: `confusion.f1` are the replicates of F1.
    means : mapping of str to array
        Means of the given values a row, such as log losses.
    method : str
        For `Estimate.method`.
    """

    roc_auc: FloatArray
    average_precision: FloatArray
    confusion: ConfusionCounts[FloatArray] | None
    means: Mapping[str, FloatArray]
    method: str


def bootstrap_ranking(
    y: object,
    scores: object,
    *,
    weight: object = None,
    cluster: object = None,
    threshold: float | None = None,
    values: Mapping[str, object] | None = None,
    n_bootstrap: int = 1000,
    stratified: bool = False,
    random_state: int = 0,
    n_threads: int | None = None,
) -> RankingReplicates:
    """Replicates of AUC, average precision, decisions at a threshold and means, all from one sort.

    Parameters
    ----------
    y, scores : array of shape (n,)
        Truth 0 or 1; higher scores mean more likely positive.
    weight : array of shape (n,), optional
        Weight a row; a row drawn twice counts twice its weight.
    cluster : array of shape (n,), optional
        Whole clusters are drawn, with all their rows.
    threshold : float, optional
        Rows with score >= threshold are predicted positive in `confusion`.
    values : mapping of name to array of shape (n,), optional
        Anything a row whose mean is a figure: log losses, squared errors.
    n_bootstrap : int
        Number of replicates.
    stratified : bool
        Hold the prevalence fixed, as where the numbers of positives and negatives were chosen (a
        case-control study). By default it varies, as in a sample of rows.
    random_state : int
        Seed. The replicates are the same whatever the number of threads.
    n_threads : int, optional
        Threads to draw on; the cores that the process may use when not given.

    Raises
    ------
    XentError
        When the arrays do not fit, or n_bootstrap is below 2.

    Examples
    --------
    >>> replicates = bootstrap_ranking([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], n_bootstrap=4)
    >>> replicates.roc_auc.shape, replicates.method
    ((4,), 'bootstrap (4, seed 0)')
    """
    check_n_bootstrap(n_bootstrap)
    names = list(values or {})
    rows = sorted_rows(y, scores, weight, cluster, threshold, values or {})
    seeds = np.random.SeedSequence(random_state).spawn(n_bootstrap)
    results = np.empty((n_bootstrap, 6 + len(names)))

    def work(first: int, last: int) -> None:
        sums = RunningSums(rows)
        for replicate in range(first, last):
            results[replicate] = sums.replicate(seeds[replicate], stratified=stratified)

    in_threads(work, n_bootstrap, _n_threads(n_threads, rows.n_rows * n_bootstrap))
    tp, fn, fp, tn = results[:, 2:6].T
    return RankingReplicates(
        results[:, 0],
        results[:, 1],
        None if threshold is None else ConfusionCounts(tp=tp, fn=fn, fp=fp, tn=tn),
        {name: results[:, 6 + place] for place, name in enumerate(names)},
        bootstrap_method(
            n_bootstrap, random_state, clusters=cluster is not None, stratified=stratified
        ),
    )


def bootstrap_method(
    n_bootstrap: int, random_state: int, *, clusters: bool, stratified: bool
) -> str:
    """Return how the replicates were made, for `Estimate.method`.

    Examples
    --------
    >>> bootstrap_method(1000, 0, clusters=False, stratified=True)
    'bootstrap (stratified, 1000, seed 0)'
    """
    kinds = [name for name, used in (("clusters", clusters), ("stratified", stratified)) if used]
    return f"bootstrap ({', '.join([*kinds, str(n_bootstrap), f'seed {random_state}'])})"


def check_n_bootstrap(n_bootstrap: int) -> None:
    """Refuse a number of replicates that no interval can be made of."""
    if n_bootstrap < 2:
        raise XentError(f"n_bootstrap must be at least 2, got {n_bootstrap}. 1000 is usual.")


def _n_threads(asked: int | None, n_draws: int) -> int:
    if asked is not None and asked < 1:
        raise XentError(f"n_threads must be at least 1, got {asked}.")
    if asked is not None:
        return asked
    return n_cores() if n_draws >= FEW_DRAWS else 1
