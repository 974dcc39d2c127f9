"""Sets of labels that arrive in batches, in memory that does not grow."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from xent.distributions import Bernoulli
from xent.errors import XentError
from xent.evaluation.averages import AVERAGES, averaged, check_average
from xent.evaluation.confusion import ConfusionCounts
from xent.evaluation.inputs import check_probabilities, check_scores, label_rows, positives
from xent.evaluation.states.batches import check_declared, check_same_kind, declared, is_empty
from xent.evaluation.states.column_bins import N_BINS, ColumnBins, n_bins_of
from xent.evaluation.states.documents import MOST_ROWS, document, fields_of, item, whole
from xent.evaluation.states.exact_bins import ExactBins
from xent.evaluation.states.exact_sum import ExactSum, rounded_quotient
from xent.evaluation.states.weighted_sums import WeightedSums

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xent.arrays import Array, FloatArray
    from xent.evaluation.states.brackets import Bracket

__all__ = ["MultilabelState"]

KIND: Final = "multilabel"
NEUTRAL: Final = {"probabilities": 0.5, "logits": 0.0, "labels": 1.0}
SETS: Final = ("precision", "recall", "f1", "jaccard")
SUMS: Final = (
    "log_loss",
    "exact_match",
    "wrong_labels",
    *SETS,
    *(f"{name}_defined" for name in SETS),
)
MAX_LABELS: Final = 1 << 15
CELLS: Final = 1 << 18  # of float64 copies that are held at a time
NAN: Final = math.nan


class MultilabelState:
    """Figures of L labels a row over any number of batches; a label is decided for at 0.5.

    The state of several batches, in any order and merged in any grouping, equals the state of all
    rows at once: labels are counted, the figures of rows are summed without rounding, and the AUC
    of each label lies in a `Bracket` as wide as the pairs that share a bin. A row of weight 2 is
    that row twice. Memory is fixed: 16 bytes for each bin of a label.

    Parameters
    ----------
    n_labels : int
        L.
    n_bins : int
        Bins of a label, for its AUC: a power of two from 2^8 to 2^20.

    Examples
    --------
    >>> state = MultilabelState(2)
    >>> state.update([[0, 1]], probabilities=[[0.2, 0.9]])
    >>> state.update([[1, 1]], probabilities=[[0.6, 0.3]])
    >>> state.exact_match, state.hamming_loss, state.recall(average="samples")
    (0.5, 0.25, 0.75)
    """

    __hash__ = None  # type: ignore[assignment]  # it changes

    def __init__(self, n_labels: int, *, n_bins: int = N_BINS) -> None:
        if not 1 <= n_labels <= MAX_LABELS:
            raise XentError(f"n_labels must lie in 1..{MAX_LABELS}, got {n_labels}.")
        self.n_labels, self.n_bins = n_labels, n_bins
        self.n_rows = 0
        self._declared: str | None = None
        self._outcomes = ExactBins(4 * n_labels)  # tn, fp, fn, tp of each label
        self._columns = ColumnBins(n_labels, n_bins)
        self._sums = WeightedSums(SUMS)

    def __eq__(self, other: object) -> bool:
        """Whether both hold the same counts and sums, exactly."""
        return vars(self) == vars(other) if isinstance(other, MultilabelState) else NotImplemented

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
        labels: object = None,
        weight: object = None,
    ) -> None:
        """Take the rows of one batch, which may be empty.

        Parameters
        ----------
        y : array of shape (n, L)
            Truth, 0 or 1.
        probabilities, logits, labels : array of shape (n, L)
            One of the three, the same in all batches; labels are decisions, 0 or 1.
        weight : array of shape (n,), optional
            Weight a row; rows of weight 0 vanish.

        Raises
        ------
        XentError
            When the arrays do not fit each other or earlier batches, or values are NaN or out of
            range. The batch is then left out as a whole.
        """
        name, values = declared(probabilities=probabilities, logits=logits, labels=labels)
        check_declared(self._declared, name)
        if is_empty(y, values, weight):
            return
        truth, given, kept = label_rows(y, name, values, weight)
        if given.shape[1] != self.n_labels:
            raise XentError(f"y must have {self.n_labels} columns, one a label, got {truth.shape}.")
        check_scores(given, name)
        if name == "probabilities":
            check_probabilities(given)
        if name == "labels":
            given = positives(given, "labels")
        self._declared = name
        self.n_rows += len(truth)
        self._sums.add_rows(len(truth), kept)
        n_chunk = max(CELLS // self.n_labels, 1)
        for start in range(0, len(truth), n_chunk):
            rows = slice(start, start + n_chunk)
            self._add(truth[rows], given[rows], name, None if kept is None else kept[rows])

    def merge(self, other: MultilabelState) -> MultilabelState:
        """Take the rows of another state, leaving that as it is; returns self.

        Raises
        ------
        XentError
            When the other has other labels, other bins, or another kind of prediction.
        """
        check_same_kind(self, other, "n_labels", "n_bins")
        check_declared(self._declared, other._declared)
        self._declared = self._declared or other._declared
        self._outcomes.merge(other._outcomes)
        self._columns.merge(other._columns)
        self._sums.merge(other._sums)
        self.n_rows += other.n_rows
        return self

    @property
    def label_counts(self) -> ConfusionCounts[FloatArray]:
        """The four outcomes of each label: any figure of `ConfusionCounts`, one entry a label."""
        tn, fp, fn, tp = self._outcomes.totals.reshape(-1, 4).T
        return ConfusionCounts(tp=tp, fn=fn, fp=fp, tn=tn)

    @property
    def multilabel_confusion(self) -> Array:
        """The matrix [[TN, FP], [FN, TP]] of each label, shape (L, 2, 2)."""
        return self._outcomes.totals.reshape(-1, 2, 2)

    @property
    def exact_match(self) -> float:
        """Share of rows whose label set is decided exactly."""
        return self._sums.mean("exact_match")

    @property
    def zero_one_loss(self) -> float:
        """Share of rows whose label set is not decided exactly."""
        weight = self._sums.weight.units
        wrong = weight - self._sums["exact_match"].units
        return rounded_quotient(wrong, weight) if weight else NAN

    @property
    def hamming_loss(self) -> float:
        """Share of single labels decided wrongly."""
        total = self.n_labels * self._sums.weight.units
        return rounded_quotient(self._sums["wrong_labels"].units, total) if total else NAN

    @property
    def log_loss(self) -> float:
        """Mean negative log-likelihood in nats a label; NaN from labels, which say no probability."""
        return NAN if self._declared == "labels" else self._sums.mean("log_loss")

    def precision(self, *, average: str, undefined: float = NAN) -> float:
        """Return the precision of label sets, as `multilabel_precision`."""
        return self._averaged("precision", average, undefined)

    def recall(self, *, average: str, undefined: float = NAN) -> float:
        """Return the recall of label sets, as `multilabel_recall`."""
        return self._averaged("recall", average, undefined)

    def f1(self, *, average: str, undefined: float = NAN) -> float:
        """Return the F1 of label sets, as `multilabel_f1`."""
        return self._averaged("f1", average, undefined)

    def jaccard(self, *, average: str, undefined: float = NAN) -> float:
        """Return the Jaccard index of label sets, as `multilabel_jaccard`."""
        return self._averaged("jaccard", average, undefined)

    def auc(self, *, average: str = "macro") -> Bracket:
        """Return the bracket of the mean AUC of the labels.

        Parameters
        ----------
        average : {"macro", "weighted"}
            The plain mean, or by number of positive rows; a label that is the same in every row is
            left out. NaN from decided labels, which have no order to rank by.
        """
        return self._columns.mean_auc(average)

    def average_precision(self, *, average: str = "macro") -> Bracket:
        """Return the bracket of the mean average precision of the labels."""
        return self._columns.mean_average_precision(average)

    def to_json(self) -> dict[str, Any]:
        """Return what JSON can hold, without any loss."""
        return document(
            KIND,
            n_labels=self.n_labels,
            n_bins=self.n_bins,
            n_rows=self.n_rows,
            declared=self._declared,
            outcomes=self._outcomes.to_json(),
            columns=self._columns.to_json(),
            rows=self._sums.to_json(),
        )

    @classmethod
    def from_json(cls, description: Mapping[str, Any]) -> MultilabelState:
        """Read what `to_json` wrote, checking it.

        Raises
        ------
        XentError
            When it is anything else, or counts and sums are not of the same rows.
        """
        names = "n_labels n_bins n_rows declared outcomes columns rows"
        fields = fields_of(description, KIND, tuple(names.split()))
        n_labels = whole(fields, "n_labels", 1, MAX_LABELS)
        state = cls(n_labels, n_bins=n_bins_of(fields["n_bins"]))
        state.n_rows = n_rows = whole(fields, "n_rows", 0, MOST_ROWS)
        state._declared = item(fields, "declared", (None, *NEUTRAL))
        state._sums = WeightedSums.from_json(fields["rows"], SUMS)
        weight = state._sums.weight
        if (n_rows > 0) != (weight.units > 0) or (n_rows > 0) != (state._declared is not None):
            raise XentError("n_rows, declared and weight of a multilabel state must fit.")
        most = {"wrong_labels": n_labels * weight.units}
        if any(
            state._sums[name].units > most.get(name, weight.units)
            for name in SUMS
            if name != "log_loss"
        ):
            raise XentError("shares of a multilabel state must not exceed 1.")
        bins = ExactBins.from_json(fields["outcomes"])
        if bins.n_bins != 4 * n_labels:
            raise XentError(f"outcomes must have four places a label, got {bins.n_bins}.")
        bins.check_weight(weight, n_rows, times=n_labels)
        state._outcomes = bins
        if state._declared == "labels":
            weight, n_rows = ExactSum(), 0
        state._columns = ColumnBins.from_json(
            fields["columns"], n_labels, state.n_bins, weight, n_rows
        )
        return state

    def _add(self, truth: Array, given: Array, name: str, weight: FloatArray | None) -> None:
        decided = given >= NEUTRAL[name]
        outcomes = 2 * truth.astype(np.int64) + decided + 4 * np.arange(self.n_labels)
        every = None if weight is None else np.repeat(weight, self.n_labels)
        self._outcomes.add(outcomes.ravel(), every)
        wrong = (truth != decided).sum(axis=1)
        self._sums.add("wrong_labels", wrong.astype(np.float64), weight)
        self._sums.add("exact_match", (wrong == 0).astype(np.float64), weight)
        sets = ConfusionCounts[Any](
            tp=(truth & decided).sum(axis=1),
            fn=(truth & ~decided).sum(axis=1),
            fp=(~truth & decided).sum(axis=1),
            tn=(~truth & ~decided).sum(axis=1),
        )
        for figure in SETS:
            values = getattr(sets, figure)
            defined = ~np.isnan(values)
            self._sums.add(figure, np.where(defined, values, 0.0), weight)
            self._sums.add(f"{figure}_defined", defined.astype(np.float64), weight)
        wide = given.astype(np.float64)
        if name != "labels":  # which have no order to rank by
            self._columns.add(truth, wide, name, weight)
            self._sums.add("log_loss", _row_losses(truth, wide, name), weight)

    def _averaged(self, figure: str, average: str, undefined: float) -> float:
        check_average(average, ("samples", *AVERAGES))
        if not self.n_rows:
            return NAN
        if average != "samples":
            return averaged(self.label_counts, figure, average, undefined)
        held, defined = self._sums[figure], self._sums[f"{figure}_defined"]
        if math.isnan(undefined):
            return held.over(defined)
        left = rounded_quotient(self._sums.weight.units - defined.units, self._sums.weight.units)
        return held.over(self._sums.weight) + undefined * left


def _row_losses(truth: Array, wide: FloatArray, name: str) -> FloatArray:
    if name == "logits":
        losses = np.asarray(Bernoulli().nll(wide.ravel(), truth.ravel())).reshape(truth.shape)
    else:
        with np.errstate(divide="ignore"):
            # log1p keeps the small probabilities of the absent labels.
            losses = 0.0 - np.where(truth, np.log(wide), np.log1p(-wide))
    means: FloatArray = losses.mean(axis=1)
    return means
