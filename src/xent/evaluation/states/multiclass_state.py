"""Probabilities of several classes that arrive in batches, in memory that does not grow."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from xent.distributions import Categorical
from xent.errors import XentError
from xent.evaluation.averages import averaged, check_average
from xent.evaluation.inputs import check_probabilities, check_row_sums, class_rows
from xent.evaluation.matrix_figures import (
    check_scheme,
    matrix_balanced_accuracy,
    matrix_kappa,
    matrix_mcc,
    one_against_rest,
)
from xent.evaluation.multiclass_ranking import class_log_odds
from xent.evaluation.multiclass_skill import constant_losses
from xent.evaluation.scoring_rules import skill
from xent.evaluation.states.batches import check_declared, check_same_kind, declared, is_empty
from xent.evaluation.states.column_bins import N_BINS, ColumnBins, n_bins_of
from xent.evaluation.states.confusion_state import MAX_CLASSES
from xent.evaluation.states.documents import MOST_ROWS, document, fields_of, item, whole
from xent.evaluation.states.exact_bins import ExactBins
from xent.evaluation.states.weighted_sums import WeightedSums

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xent.arrays import Array, FloatArray, IntArray
    from xent.evaluation.states.brackets import Bracket

__all__ = ["MulticlassState"]

KIND: Final = "multiclass"
INPUTS: Final = ("probabilities", "logits")
LOSSES: Final = ("log_loss", "brier")
CELLS: Final = 1 << 18  # of float64 copies that are held at a time
NAN: Final = math.nan


class MulticlassState:
    """Figures of K classes over any number of batches, from their probabilities or logits.

    The state of several batches, in any order and merged in any grouping, equals the state of all
    rows at once: confusion and ranks are counted, losses are summed without rounding, and the AUC
    of each class lies in a `Bracket` as wide as the pairs that share a bin. A row of weight 2 is
    that row twice. Memory is fixed: 16 bytes for each pair of classes, and for each bin of a class.

    Parameters
    ----------
    n_classes : int
        K, from 2 to 2,000.
    n_bins : int
        Bins of a class, for its AUC: a power of two from 2^8 to 2^20. The width of a bracket falls
        with their number.

    Examples
    --------
    >>> state = MulticlassState(3)
    >>> state.update([0, 1], probabilities=[[0.7, 0.2, 0.1], [0.2, 0.5, 0.3]])
    >>> state.update([2], probabilities=[[0.1, 0.6, 0.3]])
    >>> round(state.accuracy, 4), state.top_k_accuracy(2), round(state.log_loss, 4)
    (0.6667, 1.0, 0.7513)
    """

    __hash__ = None  # type: ignore[assignment]  # it changes

    def __init__(self, n_classes: int, *, n_bins: int = N_BINS) -> None:
        if not 2 <= n_classes <= MAX_CLASSES:
            raise XentError(f"n_classes must lie in 2..{MAX_CLASSES}, got {n_classes}.")
        self.n_classes, self.n_bins = n_classes, n_bins
        self.n_rows = 0
        self._declared: str | None = None
        self._matrix = ExactBins(n_classes**2)
        self._ranks = ExactBins(n_classes**2)  # classes above the true one, and tied with it
        self._columns = ColumnBins(n_classes, n_bins)
        self._sums = WeightedSums(LOSSES)

    def __eq__(self, other: object) -> bool:
        """Whether both hold the same counts and sums, exactly."""
        return vars(self) == vars(other) if isinstance(other, MulticlassState) else NotImplemented

    @property
    def weight(self) -> float:
        """Total weight of the rows: their number where none had a weight."""
        return self._sums.weight.value

    def update(
        self,
        y: object,
        *,
        probabilities: object = None,
        logits: object = None,
        weight: object = None,
    ) -> None:
        """Take the rows of one batch, which may be empty.

        Parameters
        ----------
        y : array of shape (n,) or (n, 1)
            Class codes 0..K-1.
        probabilities, logits : array of shape (n, K)
            One of the two, the same in all batches; probabilities in rows that sum to 1.
        weight : array of shape (n,), optional
            Weight a row; rows of weight 0 vanish.

        Raises
        ------
        XentError
            When the arrays do not fit each other or earlier batches, or values are NaN or out of
            range. The batch is then left out as a whole.
        """
        name, values = declared(probabilities=probabilities, logits=logits)
        check_declared(self._declared, name)
        if is_empty(y, values, weight):
            return
        truth, given, kept = class_rows(y, name, values, weight)
        if given.shape[1] != self.n_classes:
            raise XentError(
                f"{name} must have {self.n_classes} columns, one a class, got {given.shape[1]}."
            )
        if name == "probabilities":
            check_row_sums(check_probabilities(given))
        self._declared = name
        self.n_rows += truth.size
        self._sums.add_rows(truth.size, kept)
        n_chunk = max(CELLS // self.n_classes, 1)
        for start in range(0, truth.size, n_chunk):
            rows = slice(start, start + n_chunk)
            self._add(truth[rows], given[rows], name, None if kept is None else kept[rows])

    def merge(self, other: MulticlassState) -> MulticlassState:
        """Take the rows of another state, leaving that as it is; returns self.

        Raises
        ------
        XentError
            When the other has other classes, other bins, or another kind of prediction.
        """
        check_same_kind(self, other, "n_classes", "n_bins")
        check_declared(self._declared, other._declared)
        self._declared = self._declared or other._declared
        self._matrix.merge(other._matrix)
        self._ranks.merge(other._ranks)
        self._columns.merge(other._columns)
        self._sums.merge(other._sums)
        self.n_rows += other.n_rows
        return self

    @property
    def confusion_matrix(self) -> Array:
        """Rows or weight by true class (row) and most likely class (column), shape (K, K)."""
        return self._matrix.totals.reshape(self.n_classes, self.n_classes)

    @property
    def log_loss(self) -> float:
        """Mean negative log-likelihood in nats."""
        return self._sums.mean("log_loss")

    @property
    def brier(self) -> float:
        """Mean over rows of the sum over classes of (p - onehot)^2, in [0, 2]."""
        return self._sums.mean("brier")

    @property
    def log_loss_skill(self) -> float:
        """Share of the log loss of the classes' own shares that the predictions remove."""
        return self._skill("log_loss")

    @property
    def brier_skill(self) -> float:
        """Share of the Brier score of the classes' own shares that the predictions remove."""
        return self._skill("brier")

    @property
    def accuracy(self) -> float:
        """Share of rows whose most likely class, the first of several, is the true one."""
        matrix = self.confusion_matrix
        return float(np.trace(matrix) / matrix.sum()) if self.n_rows else NAN

    @property
    def balanced_accuracy(self) -> float:
        """Mean recall of the classes that occur."""
        return matrix_balanced_accuracy(self.confusion_matrix) if self.n_rows else NAN

    @property
    def mcc(self) -> float:
        """Correlation of truth and decision, Gorodkin's R_K."""
        return matrix_mcc(self.confusion_matrix) if self.n_rows else NAN

    def kappa(self, *, scheme: str = "unweighted") -> float:
        """Return Cohen's kappa; scheme "linear" or "quadratic" for ordered classes."""
        check_scheme(scheme)
        return matrix_kappa(self.confusion_matrix, scheme=scheme) if self.n_rows else NAN

    def precision(self, *, average: str = "macro", undefined: float = NAN) -> float:
        """Return the average precision of the decisions, as `multiclass_precision`."""
        return self._averaged("precision", average, undefined)

    def recall(self, *, average: str = "macro", undefined: float = NAN) -> float:
        """Return the average recall, as `multiclass_recall`."""
        return self._averaged("recall", average, undefined)

    def f1(self, *, average: str = "macro", undefined: float = NAN) -> float:
        """Return the average F1, as `multiclass_f1`."""
        return self._averaged("f1", average, undefined)

    def jaccard(self, *, average: str = "macro", undefined: float = NAN) -> float:
        """Return the average Jaccard index, as `multiclass_jaccard`."""
        return self._averaged("jaccard", average, undefined)

    def top_k_accuracy(self, k: int) -> float:
        """Return the share of rows whose class is among the k highest, ties broken by chance."""
        if not 1 <= k <= self.n_classes:
            raise XentError(f"k must lie in 1..{self.n_classes}, the number of classes, got {k}.")
        ranks = self._ranks.totals.reshape(self.n_classes, self.n_classes).astype(np.float64)
        places = np.arange(self.n_classes)
        chances = np.clip((k - places[:, None]) / (places + 1), 0.0, 1.0)
        return float((ranks * chances).sum() / ranks.sum()) if self.n_rows else NAN

    def one_vs_rest_auc(self, *, average: str = "macro") -> Bracket:
        """Return the bracket of the mean AUC of each class against all others.

        Parameters
        ----------
        average : {"macro", "weighted"}
            The plain mean, or by number of rows; classes that are absent or alone are left out.
        """
        return self._columns.mean_auc(average)

    def one_vs_rest_average_precision(self, *, average: str = "macro") -> Bracket:
        """Return the bracket of the mean average precision of each class against all others."""
        return self._columns.mean_average_precision(average)

    def to_json(self) -> dict[str, Any]:
        """Return what JSON can hold, without any loss."""
        return document(
            KIND,
            n_classes=self.n_classes,
            n_bins=self.n_bins,
            n_rows=self.n_rows,
            declared=self._declared,
            matrix=self._matrix.to_json(),
            ranks=self._ranks.to_json(),
            columns=self._columns.to_json(),
            rows=self._sums.to_json(),
        )

    @classmethod
    def from_json(cls, description: Mapping[str, Any]) -> MulticlassState:
        """Read what `to_json` wrote, checking it.

        Raises
        ------
        XentError
            When it is anything else, or counts and sums are not of the same rows.
        """
        names = "n_classes n_bins n_rows declared matrix ranks columns rows"
        fields = fields_of(description, KIND, tuple(names.split()))
        n_classes = whole(fields, "n_classes", 2, MAX_CLASSES)
        state = cls(n_classes, n_bins=n_bins_of(fields["n_bins"]))
        state.n_rows = n_rows = whole(fields, "n_rows", 0, MOST_ROWS)
        state._declared = item(fields, "declared", (None, *INPUTS))
        state._sums = WeightedSums.from_json(fields["rows"], LOSSES)
        weight = state._sums.weight
        if (n_rows > 0) != (weight.units > 0) or (n_rows > 0) != (state._declared is not None):
            raise XentError("n_rows, declared and weight of a multiclass state must fit.")
        for name in ("matrix", "ranks"):
            bins = ExactBins.from_json(fields[name])
            if bins.n_bins != n_classes**2:
                raise XentError(f"{name} must have n_classes squared places, got {bins.n_bins}.")
            bins.check_weight(weight, n_rows)
            setattr(state, f"_{name}", bins)
        state._columns = ColumnBins.from_json(
            fields["columns"], n_classes, state.n_bins, weight, n_rows
        )
        return state

    def _add(self, truth: IntArray, given: Array, name: str, weight: FloatArray | None) -> None:
        rows = np.arange(truth.size)
        own = given[rows, truth][:, None]
        above, tied = (given > own).sum(axis=1), (given == own).sum(axis=1)
        self._matrix.add(truth * self.n_classes + np.argmax(given, axis=1), weight)
        self._ranks.add(above * self.n_classes + tied - 1, weight)
        wide = given.astype(np.float64)
        # The softmax's normalizer is a row's own: classes are ranked by their log-odds.
        scores = class_log_odds(wide) if name == "logits" else wide
        self._columns.add(truth[:, None] == np.arange(self.n_classes), scores, name, weight)
        log_losses, squares = _row_losses(truth, wide, name)
        self._sums.add("log_loss", log_losses, weight)
        self._sums.add("brier", squares, weight)

    def _skill(self, name: str) -> float:
        if not self.n_rows:
            return NAN
        counts = self.confusion_matrix.sum(axis=1)
        shares = counts / counts.sum()
        occurs = shares > 0  # a class that never occurs has an infinite loss, of no row
        constant = shares[occurs] @ constant_losses(name, shares)[occurs]
        return skill(self._sums.mean(name), float(constant))

    def _averaged(self, figure: str, average: str, undefined: float) -> float:
        check_average(average)
        if not self.n_rows:
            return NAN
        return averaged(one_against_rest(self.confusion_matrix), figure, average, undefined)


def _row_losses(truth: IntArray, wide: FloatArray, name: str) -> tuple[FloatArray, FloatArray]:
    # wide is this chunk's own copy: it may be overwritten.
    rows = np.arange(truth.size)
    if name == "logits":
        categorical = Categorical(wide.shape[1])
        errors = np.asarray(categorical.grad(wide, truth))  # p - onehot, without cancellation
        return np.asarray(categorical.nll(wide, truth)), np.square(errors).sum(axis=1)
    with np.errstate(divide="ignore"):
        log_losses: FloatArray = 0.0 - np.log(wide[rows, truth])
    wide[rows, truth] -= 1
    return log_losses, np.square(wide).sum(axis=1)
