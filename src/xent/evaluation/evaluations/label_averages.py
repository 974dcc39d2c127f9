"""Figures of label sets averaged over rows, or pooled over all labels, with their intervals."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Final

import numpy as np

from xent.evaluation.confusion import ConfusionCounts
from xent.evaluation.evaluations import uncertainty
from xent.evaluation.intervals.estimate import Estimate, lazy_estimate
from xent.evaluation.intervals.proportions import proportion_interval

if TYPE_CHECKING:
    from xent.arrays import Array, FloatArray
    from xent.evaluation.evaluations.rows import IntervalSettings, LabelledRows

__all__ = ["pooled_labels", "row_mean"]

EMPTY: Final = "no label is true or predicted"


def row_mean(
    name: str, truth: Array, decided: Array, rows: LabelledRows, settings: IntervalSettings
) -> Estimate:
    """Return the mean over rows of "precision", "recall", "f1" or "jaccard" of each row's set.

    What is 0 / 0 in a row counts 1: two empty sets are the same set.

    Examples
    --------
    >>> from xent.evaluation.evaluations.rows import IntervalSettings, LabelledRows
    >>> truth, decided = np.array([[1, 0], [1, 1], [0, 0]]) > 0, np.array([[1, 0], [1, 0], [0, 0]]) > 0
    >>> rows = LabelledRows(truth, decided, "labels")
    >>> round(row_mean("recall", truth, decided, rows, IntervalSettings()).value, 4)
    0.8333
    """
    each: FloatArray = getattr(
        ConfusionCounts(
            tp=(truth & decided).sum(axis=1),
            fn=(truth & ~decided).sum(axis=1),
            fp=(~truth & decided).sum(axis=1),
            tn=(~truth & ~decided).sum(axis=1),
        ),
        name,
    )
    values = np.where(np.isnan(each), 1.0, each)
    return uncertainty.mean(values, rows.weight, rows.cluster, settings, (0.0, 1.0))


def pooled_labels(
    name: str,
    value: float,
    truth: Array,
    decided: Array,
    rows: LabelledRows,
    settings: IntervalSettings,
) -> Estimate:
    """Return "precision", "recall", "f1" or "jaccard" of all labels of all rows in one list.

    Each is a share of labels, F1 by way of the Jaccard share J as 2 J / (1 + J). The labels of a row
    are not independent: Wilson's interval takes rows, or the clusters they belong to, for clusters.

    Parameters
    ----------
    name : str
    value : float
        The figure; NaN where there is no label to count in.
    truth, decided : bool arrays of shape (n, L)
    rows : LabelledRows
    settings : IntervalSettings

    Examples
    --------
    >>> from xent.evaluation.evaluations.rows import IntervalSettings, LabelledRows
    >>> truth, decided = np.array([[1, 0], [1, 1], [0, 1]]) > 0, np.array([[1, 0], [1, 0], [0, 1]]) > 0
    >>> rows = LabelledRows(truth, decided, "labels")
    >>> print(f"{pooled_labels('recall', 0.75, truth, decided, rows, IntervalSettings()):.2f}")
    0.75 (0.10 to 0.99)
    """
    if math.isnan(value):
        return Estimate(value, level=settings.level, n=len(rows), why=EMPTY)
    among = {"precision": decided, "recall": truth}.get(name, truth | decided)

    def make() -> Estimate:
        row = np.nonzero(among)[0]
        cluster = row if rows.cluster is None else rows.cluster[row]
        if (cluster == cluster[0]).all():
            why = "all that counts lies in one row or cluster"
            return Estimate(value, level=settings.level, n=len(rows), why=why)
        share = proportion_interval(
            (truth & decided)[among],
            weight=None if rows.weight is None else rows.weight[row],
            cluster=cluster,
            level=settings.level,
        )
        ends = share.low, share.high
        if name == "f1":
            ends = 2 * ends[0] / (1 + ends[0]), 2 * ends[1] / (1 + ends[1])
        low, high = min(ends[0], value), max(ends[1], value)
        return dataclasses.replace(share, value=value, low=low, high=high)

    return lazy_estimate(value, make, level=settings.level)
