"""Rows whose label is probably wrong: confident learning, beside what chance would give."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from xent.diagnosis.finding import Finding
from xent.evaluation.inputs import check_probabilities, check_row_sums, class_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xent.arrays import FloatArray, IntArray

__all__ = [
    "LabelNoise",
    "label_noise_candidates",
    "noisy_labels",
    "too_sure_to_tell",
    "two_columns",
]

SHOWN = 5
# how much log likelihood flips may be behind recalibration: 1,000 rows cannot tell more
BEHIND = 2.0
# rows that the model is in doubt of: without them, noise and too much confidence look the same
DOUBT = (0.1, 0.9)
MIN_IN_DOUBT = 0.1
LEAST = 1e-12


@dataclass(frozen=True, eq=False)
class LabelNoise:
    """Rows whose label the predictions contradict, the least probable label first.

    Parameters
    ----------
    rows : ndarray of int64, shape (m,)
        Places of the candidates.
    suggested : ndarray of int64, shape (m,)
        The class that each of them is put with.
    expected : float
        How many there would be if the labels were drawn from the probabilities.
    p_value : float
        Chance of so many, or more, then.
    """

    rows: IntArray
    suggested: IntArray
    expected: float
    p_value: float


def label_noise_candidates(y: object, *, probabilities: object) -> LabelNoise:
    """Return the rows whose given label is out-of-fold improbable, by confident learning.

    A row is put with class k where its probability of k is at least the mean that rows labeled k have, the most
    probable of such classes; where that is another class than its label it is a candidate.

    Parameters
    ----------
    y : array of shape (n,)
        Class codes, 0 to K-1.
    probabilities : array of shape (n, K)
        Of a model that was not trained on these rows; one column for two classes is not enough.

    Raises
    ------
    XentError
        When the arrays do not fit each other, or the rows are no probabilities.

    References
    ----------
    Northcutt, Jiang and Chuang, Confident learning, JAIR 70, 2021, equations 1 to 3. The tail of the count:
    Hoeffding, On the distribution of the number of successes in independent trials, 1956, theorem 4.

    Examples
    --------
    >>> p = np.array([[0.9, 0.1], [0.8, 0.2], [0.2, 0.8], [0.1, 0.9], [0.05, 0.95]])
    >>> label_noise_candidates([0, 0, 1, 1, 0], probabilities=p).rows.tolist()
    [4]
    """
    truth, given, _ = class_rows(y, "probabilities", probabilities)
    return _candidates(truth, check_row_sums(check_probabilities(given)))


def noisy_labels(
    truth: IntArray, p: FloatArray, names: Sequence[str], alpha: float = 1e-3
) -> Finding | None:
    """Find more improbable labels than chance gives, which look like flips and not like too much confidence.

    Both make labels improbable. Flips mix every row's probabilities with the other classes' ones, in all rows
    alike; too much confidence stretches the logits. The labels' likelihood under the best mixture must keep up with
    that under the best temperature and biases, which have as many parameters.
    """
    noise = _candidates(truth, p)
    if not noise.p_value < alpha:
        return None
    rate, flips = _flips(truth, p)
    if flips < _recalibrated(truth, p) - BEHIND:
        return None
    shown = ", ".join(
        f"{row} ({names[truth[row]]}: p = {p[row, truth[row]]:.2g})" for row in noise.rows[:SHOWN]
    )
    more = ", ..." if len(noise.rows) > SHOWN else ""
    seen = (
        f"{len(noise.rows):,} of {len(truth):,} rows have a label that the predictions contradict, "
        f"{noise.expected:.0f} would by chance; the labels look flipped in {rate:.1%}. Rows {shown}{more}"
    )
    cure = "look at these rows, the least probable first, and correct their labels"
    evidence = {
        "n_rows": len(noise.rows),
        "expected": noise.expected,
        "rate": rate,
        "rows": noise.rows[:100].tolist(),
        "suggested": noise.suggested[:100].tolist(),
    }
    return Finding("label noise", noise.p_value, seen, cure, evidence)


def too_sure_to_tell(p: FloatArray) -> str:
    """Return why noise cannot be told from too much confidence; empty where it can."""
    top = p.max(axis=1)
    if np.mean(top < DOUBT[1]) < MIN_IN_DOUBT:
        return f"fewer than {MIN_IN_DOUBT:.0%} of the rows are in doubt: noise and too much confidence look the same"
    return ""


def _candidates(truth: IntArray, p: FloatArray) -> LabelNoise:
    from scipy.stats import binom

    n, n_classes = p.shape
    own = np.take_along_axis(p, truth[:, None], axis=1)[:, 0]
    counts = np.bincount(truth, minlength=n_classes)
    thresholds = np.bincount(truth, weights=own, minlength=n_classes) / np.maximum(counts, 1)
    thresholds[counts == 0] = math.inf
    confident = np.where(p >= thresholds, p, -1.0)
    put = confident.argmax(axis=1)
    is_put = confident[np.arange(n), put] >= 0
    wrong = np.flatnonzero(is_put & (put != truth))
    rows = wrong[np.argsort(own[wrong], kind="stable")]
    expected = float((1 - p[np.arange(n), put])[is_put].sum())
    n_put = int(np.count_nonzero(is_put))
    tail = 1.0
    # above its mean the count of unequal chances is less spread than the binomial of their mean
    if len(rows) >= expected + 1:
        tail = float(binom.sf(len(rows) - 1, n_put, expected / n_put))
    return LabelNoise(rows, put[rows], expected, tail)


def _flips(truth: IntArray, p: FloatArray) -> tuple[float, float]:
    """Return the share of flipped labels and the log likelihood of the best mixture.

    Class j is labeled as another one with the chance e_j, all of them alike: concave in e.
    """
    from scipy.optimize import minimize

    n, n_classes = p.shape
    own = np.take_along_axis(p, truth[:, None], axis=1)[:, 0]
    others = p / (n_classes - 1)
    slope = others.copy()
    np.put_along_axis(slope, truth[:, None], -own[:, None], axis=1)

    def objective(rates: FloatArray) -> tuple[float, FloatArray]:
        likelihood = np.maximum(own + slope @ rates, LEAST)
        return -float(np.log(likelihood).mean()), -(slope / likelihood[:, None]).mean(axis=0)

    start = np.full(n_classes, 0.05)
    fit = minimize(objective, start, jac=True, method="L-BFGS-B", bounds=[(0, 0.5)] * n_classes)
    return float((p @ fit.x).mean()), -float(fit.fun) * n


def _recalibrated(truth: IntArray, p: FloatArray) -> float:
    """Return the log likelihood under the best temperature and biases: concave in both."""
    from scipy.optimize import minimize
    from scipy.special import log_softmax

    n, n_classes = p.shape
    logits = np.log(np.clip(p, LEAST, 1.0))
    rows = np.arange(n)
    seen = np.bincount(truth, minlength=n_classes)

    def objective(parameters: FloatArray) -> tuple[float, FloatArray]:
        logs = log_softmax(parameters[0] * logits + np.append(parameters[1:], 0.0), axis=1)
        q = np.exp(logs)
        by_class = q.sum(axis=0) - seen
        by_scale = float((q * logits).sum()) - float(logits[rows, truth].sum())
        return -float(logs[rows, truth].mean()), np.append(by_scale, by_class[:-1]) / n

    start = np.append(1.0, np.zeros(n_classes - 1))
    fit = minimize(objective, start, jac=True, method="L-BFGS-B")
    likelihood: float = -float(fit.fun) * n
    return likelihood


def two_columns(p: FloatArray) -> FloatArray:
    """Return the probabilities of both classes from those of the positive one."""
    return np.column_stack([1 - p, p])
