"""The evaluation of a target of several labels."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar, Final

import numpy as np

from xent.evaluation import multilabel
from xent.evaluation.evaluations import uncertainty
from xent.evaluation.evaluations.evaluation import Evaluation, refuse_declared
from xent.evaluation.evaluations.label_averages import pooled_labels, row_mean
from xent.evaluation.evaluations.macro_average_precision import macro_average_precision
from xent.evaluation.evaluations.row_losses import ROW_LOSSES
from xent.evaluation.inputs import check_probabilities, check_scores, label_rows, positives
from xent.evaluation.intervals.estimate import Estimate
from xent.evaluation.multilabel_ranking import (
    coverage_error,
    lrap,
    multilabel_auc,
    multilabel_average_precision,
    ranking_loss,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from xent.arrays import Array, FloatArray
    from xent.evaluation.evaluations.rows import IntervalSettings, LabelledRows

__all__ = ["MultilabelEvaluation"]

NAN: Final = float("nan")
FIGURES: Final = {
    "precision": multilabel.multilabel_precision,
    "recall": multilabel.multilabel_recall,
    "f1": multilabel.multilabel_f1,
    "jaccard": multilabel.multilabel_jaccard,
}
NEUTRAL: Final = {"probabilities": 0.5, "logits": 0.0, "labels": 1.0}


class MultilabelEvaluation(Evaluation):
    """Every figure of a target of several labels, a 0/1 column each.

    A label is decided for at probability 0.5. Two empty sets of labels are the same set: a row
    without labels that gets none is right.

    Examples
    --------
    >>> from xent.evaluation import evaluate
    >>> e = evaluate([[1, 0], [0, 1]], labels=[[1, 0], [1, 1]], n_bootstrap=0)
    >>> e.exact_match.value, e.hamming_loss.value
    (0.5, 0.25)
    """

    task: ClassVar[str] = "multilabel"

    def __init__(self, rows: LabelledRows, settings: IntervalSettings) -> None:
        refuse_declared(
            "multilabel", rows.declared, ("probabilities", "logits", "scores", "labels")
        )
        self.truth, self.scores, _ = label_rows(rows.y, rows.declared, rows.predicted)
        check_scores(self.scores, rows.declared)
        if rows.declared == "probabilities":
            check_probabilities(self.scores)
        if rows.declared == "labels":
            positives(self.scores, "labels")
        threshold = NEUTRAL.get(rows.declared)
        self.decided = None if threshold is None else self.scores >= threshold
        super().__init__(rows, settings)

    @property
    def confusion(self) -> Array:
        """Counts (or weights) of each label, shape (L, 2, 2), rows truth."""
        return multilabel.multilabel_confusion(
            self.truth, labels=self._decisions(), weight=self.rows.weight
        )

    def _recipes(self) -> dict[str, Callable[[], Estimate]]:
        recipes: dict[str, Callable[[], Estimate]] = {
            "log_loss": self._log_loss,
            "exact_match": partial(self._share, exact=True),
            "zero_one_loss": partial(self._share, exact=False),
            "hamming_loss": self._hamming_loss,
        }
        for average in ("samples", "micro", "macro", "weighted"):
            recipes |= {
                f"{average}_{name}": partial(self._averaged, name, average) for name in FIGURES
            }
        ranked: dict[str, tuple[Callable[..., float], tuple[float, float]]] = {
            "ranking_loss": (ranking_loss, (0.0, 1.0)),
            "lrap": (lrap, (0.0, 1.0)),
            "coverage_error": (coverage_error, (0.0, float(self.truth.shape[1]))),
        }
        recipes["macro_auc"] = self._macro_auc
        recipes["macro_average_precision"] = self._macro_average_precision
        return recipes | {
            name: partial(self._ranked, figure, bounds) for name, (figure, bounds) in ranked.items()
        }

    def _decisions(self) -> Array:
        return np.zeros_like(self.truth) if self.decided is None else self.decided

    def _undecided(self) -> Estimate | None:
        if self.decided is None:
            return Estimate(NAN, why="scores have no neutral threshold")
        return None

    def _log_loss(self) -> Estimate:
        declared = self.rows.declared
        if declared not in {"probabilities", "logits"}:
            return Estimate(NAN, why=f"{declared} say no probability")
        values = ROW_LOSSES["multilabel"]["log_loss"](self.truth, self.scores, declared)
        return uncertainty.mean(values, self.rows.weight, self.rows.cluster, self.settings)

    def _share(self, *, exact: bool) -> Estimate:
        if (undecided := self._undecided()) is not None:
            return undecided
        right = (self._decisions() == self.truth).all(axis=1)
        rows = self.rows
        return uncertainty.proportion(
            right if exact else ~right, rows.weight, rows.cluster, self.settings
        )

    def _hamming_loss(self) -> Estimate:
        if (undecided := self._undecided()) is not None:
            return undecided
        wrong = (self._decisions() != self.truth).mean(axis=1)
        return uncertainty.mean(wrong, self.rows.weight, self.rows.cluster, self.settings)

    def _averaged(self, name: str, average: str) -> Estimate:
        if (undecided := self._undecided()) is not None:
            return undecided
        truth, decided = self.truth, self._decisions()
        if average == "samples":
            return row_mean(name, truth, decided, self.rows, self.settings)

        def figure(weight: FloatArray | None) -> float:
            return float(FIGURES[name](truth, labels=decided, average=average, weight=weight))

        if average == "micro":
            value = figure(self.rows.weight)
            return pooled_labels(name, value, truth, decided, self.rows, self.settings)
        why = "no label is true or predicted"
        return uncertainty.resampled(figure, self.rows, self.settings, bounds=(0.0, 1.0), why=why)

    def _macro_auc(self) -> Estimate:
        if self.rows.declared == "labels":
            return Estimate(NAN, why="labels have no order to rank by")
        rows = self.rows
        return uncertainty.macro_auc(
            self.truth,
            self.scores,
            float(multilabel_auc(self.truth, self.scores, average="macro", weight=rows.weight)),
            rows.weight,
            rows.cluster,
            self.settings,
            "every label is the same in every row",
        )

    def _macro_average_precision(self) -> Estimate:
        if self.rows.declared == "labels":
            return Estimate(NAN, why="labels have no order to rank by")
        rows = self.rows
        return macro_average_precision(
            self.truth,
            self.scores,
            multilabel_average_precision(self.truth, self.scores, weight=rows.weight),
            rows.weight,
            rows.cluster,
            self.settings,
            "no row carries a label",
        )

    def _ranked(self, figure: Callable[..., float], bounds: tuple[float, float]) -> Estimate:
        if self.rows.declared == "labels":
            return Estimate(NAN, why="labels have no order to rank by")
        return uncertainty.resampled(
            lambda weight: float(figure(self.truth, self.scores, weight=weight)),
            self.rows,
            self.settings,
            bounds=bounds,
            why="every row, or every label, is all the same",
        )
