"""The ranked probability score: the proper score of ordered classes, where near misses cost less.

Sources: Epstein (1969); Murphy (1971). The sum is divided by K - 1, so that it lies in [0, 1].
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from xent.evaluation.inputs import check_probabilities, check_row_sums, class_rows, weighted_mean

if TYPE_CHECKING:
    from xent.arrays import FloatArray, IntArray

__all__ = ["ranked_probability_rows", "ranked_probability_score"]


def ranked_probability_score(y: object, *, probabilities: object, weight: object = None) -> float:
    """Ranked probability score of ordered classes, in [0, 1]; 0 is perfect.

    The mean over rows, and over the K - 1 cuts between neighboring classes, of the squared error of
    the probability to lie below the cut: the Brier score of every cut, averaged. With two classes
    it is `brier`.

    Parameters
    ----------
    y : array of shape (n,) or (n, 1)
        Class codes 0..K-1, in the order of the classes.
    probabilities : array of shape (n, K)
        In [0, 1], rows summing to 1.
    weight : array of shape (n,), optional
        Weight a row; rows of weight 0 vanish.

    Raises
    ------
    XentError
        When the arrays do not fit each other, or values are out of range.

    Examples
    --------
    >>> near, far = [[0.0, 0.8, 0.2]], [[0.2, 0.8, 0.0]]
    >>> round(ranked_probability_score([2], probabilities=near), 4)
    0.32
    >>> round(ranked_probability_score([2], probabilities=far), 4)
    0.52
    """
    truth, values, kept = class_rows(y, "probabilities", probabilities, weight)
    given = check_row_sums(check_probabilities(values))
    return weighted_mean(ranked_probability_rows(truth, given), kept)


def ranked_probability_rows(truth: IntArray, probabilities: FloatArray) -> FloatArray:
    """Return the score of each row, shape (n,), of checked codes and float64 probabilities (n, K).

    Examples
    --------
    >>> ranked_probability_rows(np.array([0, 1]), np.array([[1.0, 0.0], [0.5, 0.5]]))
    array([0.  , 0.25])
    """
    n_cuts = probabilities.shape[1] - 1
    error = np.cumsum(probabilities[:, :-1], axis=1)
    error -= truth[:, None] <= np.arange(n_cuts)
    scores: FloatArray = np.square(error).sum(axis=1) / n_cuts
    return scores
