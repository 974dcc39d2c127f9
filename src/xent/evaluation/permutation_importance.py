"""Permutation importance: how much worse a model does when a feature's column is shuffled.

A shuffled column keeps its distribution and loses its tie to the truth and to the other columns
(Breiman 2001, Machine Learning 45, section 10; Fisher, Rudin & Dominici 2019, JMLR 20, "model
reliance"). It says what this model uses, not what the world does: of two columns that carry the
same, either may look unimportant.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from xent.errors import XentError
from xent.evaluation.inputs import row_weights
from xent.evaluation.intervals.estimate import Estimate
from xent.evaluation.intervals.spread import check_level, t_quantile

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from xent.arrays import Array, FloatArray, IntArray

__all__ = ["PermutationImportance", "permutation_importance"]

# Blocks of rows that are left out in turn: enough for a t quantile near the normal one, few enough
# that an interval costs twenty figures a shuffle.
N_BLOCKS: Final = 20


@dataclass(frozen=True)
class PermutationImportance:
    """What each feature is worth to a model.

    Attributes
    ----------
    baseline : float
        The figure on the rows as they are.
    features : dict of str to Estimate
        Mean loss of the figure over the shuffles, with its interval; in the order given.
    repeats : ndarray of shape (n_features, n_repeats)
        The loss of the figure in each shuffle.
    """

    baseline: float
    features: dict[str, Estimate]
    repeats: FloatArray

    @property
    def ranked(self) -> list[str]:
        """Names of the features, the most important first."""
        return sorted(self.features, key=lambda name: -self.features[name].value)


def permutation_importance(
    predict: Callable[[Array], Array],
    X: object,
    y: object,
    figure: Callable[..., float],
    *,
    features: Mapping[str, int | Sequence[int]] | Sequence[str] | None = None,
    lower_is_better: bool = False,
    n_repeats: int = 5,
    weight: object = None,
    level: float = 0.95,
    random_state: int = 0,
) -> PermutationImportance:
    """Shuffle each feature in turn and see how much of the figure is lost.

    Parameters
    ----------
    predict : callable
        Rows, shape (n, d), to what `figure` takes: scores (n,) or (n, k).
    X : array of shape (n, d)
        Rows that the model was not trained on. Left as it is; one working copy is made.
    y : array of shape (n,) or (n, k)
        The truth.
    figure : callable
        ``figure(y, predicted)``, and ``weight=`` where weights are given: any function of
        `xent.evaluation` with its keyword bound, or your own.
    features : sequence of str, or mapping of str to column or columns, optional
        Names of the d columns; or the columns that belong to each name and are shuffled together,
        such as the places of one category.
    lower_is_better : bool, default False
        True for a loss: importance is then by how much it rises.
    n_repeats : int, default 5
        Shuffles of each feature.
    weight : array of shape (n,), optional
        Weight a row; rows of weight 0 vanish.
    level : float, default 0.95
    random_state : int, default 0
        Seed of the shuffles and of the blocks of the intervals.

    Returns
    -------
    PermutationImportance

    Raises
    ------
    XentError
        When X is no matrix of numbers, y has other rows, a column is named that X lacks, or the
        model returns another number of rows.

    Notes
    -----
    The interval counts both sources of chance, which rows there are and how they were shuffled: a
    delete-a-block jackknife (Quenouille 1956; Shao & Tu 1995, section 2.3) of the mean over the
    shuffles, where leaving out a row leaves out its place and the place that its value went to;
    Student's t with 19 degrees of freedom. Values that went elsewhere count a second time in one
    shuffle, so the interval is a little wide with few of them.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((400, 2))
    >>> found = permutation_importance(
    ...     lambda rows: 3 * rows[:, 0], X, 3 * X[:, 0],
    ...     lambda y, p: float(np.mean((y - p) ** 2)), features=["used", "idle"], lower_is_better=True,
    ... )
    >>> found.ranked, round(found.features["used"].value), found.features["idle"].value
    (['used', 'idle'], 18, 0.0)
    """
    check_level(level)
    if n_repeats < 1:
        raise XentError(f"n_repeats must be at least 1, got {n_repeats}.")
    rows = _Rows.checked(X, y, weight)
    columns = _feature_columns(features, rows.X.shape[1])
    sign = -1.0 if lower_is_better else 1.0
    # every feature is shuffled in the same orders: what differs between features is the features
    shuffles = _Shuffles.drawn(np.random.default_rng(random_state), len(rows.X), n_repeats)
    plain = _Figures.of(figure, rows, shuffles, [_predicted(predict, rows.X)] * n_repeats)
    repeats = np.empty((len(columns), n_repeats))
    estimates: dict[str, Estimate] = {}
    X_shuffled = rows.X.copy()
    for place, (name, positions) in enumerate(columns.items()):
        predicted = []
        for order in shuffles.orders:
            X_shuffled[:, positions] = rows.X[order[:, None], positions]
            predicted.append(_predicted(predict, X_shuffled))
        X_shuffled[:, positions] = rows.X[:, positions]
        lost = plain.less(_Figures.of(figure, rows, shuffles, predicted), sign)
        repeats[place] = lost.whole
        estimates[name] = lost.estimate(level, len(rows.X))
    return PermutationImportance(float(plain.whole[0]), estimates, repeats)


@dataclass(frozen=True)
class _Rows:
    X: Array
    y: Array
    weight: FloatArray | None

    @classmethod
    def checked(cls, X: object, y: object, weight: object) -> _Rows:
        """Return the rows of positive weight."""
        matrix, truth = np.asarray(X), np.asarray(y)
        if matrix.ndim != 2 or matrix.dtype.kind not in "fiub" or matrix.size == 0:
            raise XentError(
                f"X must be a matrix of numbers, shape (n, d), got {matrix.dtype} {matrix.shape}. "
                "Encode categories first, and name their columns together in features."
            )
        if truth.ndim not in (1, 2) or len(truth) != len(matrix):
            raise XentError(
                f"y must have the {len(matrix)} rows of X, got shape {truth.shape}. Give one truth a row."
            )
        kept = row_weights(weight, len(matrix))
        if kept is not None:
            matrix, truth, kept = matrix[kept > 0], truth[kept > 0], kept[kept > 0]
        if len(matrix) < 2:
            raise XentError(
                "X must have at least 2 rows of positive weight: one cannot be shuffled."
            )
        return cls(matrix, truth, kept)

    def judged(self, figure: Callable[..., float], predicted: Array, where: Array | slice) -> float:
        """Return the figure on some of the rows; NaN on none."""
        truth = self.y[where]
        if len(truth) == 0:
            return math.nan
        if self.weight is None:
            return float(figure(truth, predicted[where]))
        return float(figure(truth, predicted[where], weight=self.weight[where]))


@dataclass(frozen=True)
class _Shuffles:
    """Orders of the rows, and the rows that remain of each when a block is left out."""

    orders: list[IntArray]
    blocks: IntArray

    @classmethod
    def drawn(cls, rng: np.random.Generator, n_rows: int, n_repeats: int) -> _Shuffles:
        """Return shuffles, and blocks of rows whose sizes differ by one at most."""
        orders = [rng.permutation(n_rows) for _ in range(n_repeats)]
        return cls(orders, rng.permutation(n_rows) % min(N_BLOCKS, n_rows))

    @property
    def n_blocks(self) -> int:
        """Number of blocks."""
        return int(self.blocks.max()) + 1

    def kept(self, block: int, repeat: int) -> Array:
        """Return which places hold neither a row of the block nor a value from one."""
        inside = self.blocks != block
        kept: Array = inside & inside[self.orders[repeat]]
        return kept


@dataclass(frozen=True)
class _Figures:
    """A figure in every shuffle: on all rows, shape (n_repeats,), and without each block (n_blocks, n_repeats)."""

    whole: FloatArray
    without: FloatArray

    @classmethod
    def of(
        cls, figure: Callable[..., float], rows: _Rows, shuffles: _Shuffles, predicted: list[Array]
    ) -> _Figures:
        """Judge the predictions of every shuffle, in whole and without each block."""
        repeats = range(len(predicted))
        whole = [rows.judged(figure, p, slice(None)) for p in predicted]
        without = [
            [rows.judged(figure, predicted[r], shuffles.kept(block, r)) for r in repeats]
            for block in range(shuffles.n_blocks)
        ]
        return cls(np.array(whole), np.array(without))

    def less(self, other: _Figures, sign: float) -> _Figures:
        """Return by how much the other figures are worse."""
        return _Figures(sign * (self.whole - other.whole), sign * (self.without - other.without))

    def estimate(self, level: float, n_rows: int) -> Estimate:
        """Return the mean over the shuffles with its jackknife interval."""
        n_blocks, n_repeats = self.without.shape
        value = float(self.whole.mean())
        method = f"jackknife ({n_blocks} blocks, {n_repeats} shuffles)"
        left = self.without.mean(axis=1)
        if not (math.isfinite(value) and np.isfinite(left).all()):
            why = "the figure is undefined on some of the rows"
            return Estimate(value, level=level, method=method, n=n_rows, why=why)
        error = math.sqrt((n_blocks - 1) / n_blocks * float(np.sum((left - left.mean()) ** 2)))
        half = t_quantile(level, n_blocks - 1) * error
        why = "" if error else "no shuffle changes the figure"
        return Estimate(value, value - half, value + half, level, method, n_rows, why)


def _feature_columns(
    features: Mapping[str, int | Sequence[int]] | Sequence[str] | None, n_columns: int
) -> dict[str, list[int]]:
    """Return the columns of each feature."""
    if features is None:
        return {f"x{j}": [j] for j in range(n_columns)}
    if not isinstance(features, Mapping):
        names = [str(name) for name in features]
        if len(names) != n_columns or len(set(names)) != n_columns:
            raise XentError(
                f"features must name the {n_columns} columns of X, each differently, got {len(names)} names."
            )
        return {name: [j] for j, name in enumerate(names)}
    columns: dict[str, list[int]] = {}
    for name, given in features.items():
        positions = [int(j) for j in np.atleast_1d(given)]
        if not positions or not all(0 <= j < n_columns for j in positions):
            raise XentError(
                f"features[{name!r}] must hold columns of X, 0 to {n_columns - 1}, got {positions}."
            )
        columns[str(name)] = positions
    if not columns:
        raise XentError("features must name at least one feature, got none.")
    return columns


def _predicted(predict: Callable[[Array], Array], X: Array) -> Array:
    predicted = np.array(predict(X))  # a copy: it may be a column of X, which changes
    if predicted.ndim not in (1, 2) or len(predicted) != len(X):
        raise XentError(
            f"predict must return one prediction a row, {len(X)} of them, got shape {predicted.shape}."
        )
    return predicted
