"""The evaluation of a target of several classes."""

from __future__ import annotations

from functools import cached_property, partial
from typing import TYPE_CHECKING, ClassVar, Final

import numpy as np

from xent.evaluation import multiclass
from xent.evaluation.evaluations import uncertainty
from xent.evaluation.evaluations.evaluation import Evaluation, refuse_declared
from xent.evaluation.evaluations.row_losses import ROW_LOSSES
from xent.evaluation.inputs import check_probabilities, check_row_sums, class_rows, codes, vector
from xent.evaluation.intervals.estimate import Estimate
from xent.evaluation.multiclass_ranking import (
    class_log_odds,
    hand_till_auc,
    one_vs_rest_auc,
    top_k_accuracy,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from xent.arrays import Array, FloatArray
    from xent.evaluation.evaluations.rows import IntervalSettings, LabelledRows

__all__ = ["MulticlassEvaluation"]

NAN: Final = float("nan")
AVERAGED: Final = {
    "balanced_accuracy": (multiclass.multiclass_recall, "macro"),
    "macro_precision": (multiclass.multiclass_precision, "macro"),
    "macro_recall": (multiclass.multiclass_recall, "macro"),
    "macro_f1": (multiclass.multiclass_f1, "macro"),
    "weighted_precision": (multiclass.multiclass_precision, "weighted"),
    "weighted_recall": (multiclass.multiclass_recall, "weighted"),
    "weighted_f1": (multiclass.multiclass_f1, "weighted"),
}
RANKED: Final = ("macro_auc", "hand_till_auc")


class MulticlassEvaluation(Evaluation):
    """Every figure of a target of K classes, coded 0 to K-1.

    Averages leave out classes for which a figure is undefined, and say how many.

    Examples
    --------
    >>> from xent.evaluation import evaluate
    >>> p = [[0.7, 0.2, 0.1], [0.2, 0.5, 0.3], [0.1, 0.6, 0.3]]
    >>> evaluate([0, 1, 2], probabilities=p, n_bootstrap=0).accuracy.value
    0.6666666666666666
    """

    task: ClassVar[str] = "multiclass"

    def __init__(self, rows: LabelledRows, settings: IntervalSettings) -> None:
        refuse_declared(
            "multiclass", rows.declared, ("probabilities", "logits", "scores", "labels")
        )
        if rows.declared == "labels":
            self.decided = codes(vector(rows.predicted, "labels"), "labels", None)
            self.truth = codes(vector(rows.y, "y"), "y", None)
            self.n_classes = int(max(self.truth.max(), self.decided.max())) + 1
        else:
            self.truth, self.scores, _ = class_rows(rows.y, rows.declared, rows.predicted)
            self.n_classes = self.scores.shape[1]
            if rows.declared == "probabilities":
                check_row_sums(check_probabilities(self.scores))
            # the most probable class, the first of several
            self.decided = np.argmax(self.scores, axis=1)
        super().__init__(rows, settings)

    @property
    def confusion_matrix(self) -> Array:
        """Counts (or weights), rows truth, columns decision, shape (K, K)."""
        return multiclass.confusion_matrix(
            self.truth, labels=self.decided, n_classes=self.n_classes, weight=self.rows.weight
        )

    @property
    def report(self) -> str:
        """Precision, recall, F1 and support of every class and their averages, as text."""
        return multiclass.classification_report(
            self.truth, labels=self.decided, weight=self.rows.weight
        )

    def top_k_accuracy(self, k: int) -> Estimate:
        """Return the share of rows whose class is among the k highest."""
        if self.rows.declared == "labels":
            return Estimate(NAN, why="labels have no order to rank by")
        return self._resampled(
            lambda weight: top_k_accuracy(self.truth, self.scores, k=k, weight=weight)
        )

    def _recipes(self) -> dict[str, Callable[[], Estimate]]:
        recipes: dict[str, Callable[[], Estimate]] = {
            "log_loss": partial(self._loss, "log_loss"),
            "brier": partial(self._loss, "brier"),
            "accuracy": self._accuracy,
        }
        recipes |= {name: partial(self._averaged, name) for name in AVERAGED}
        if self.n_classes > 2:
            recipes["top_2_accuracy"] = partial(self.top_k_accuracy, 2)
        return recipes | {name: partial(self._ranked, name) for name in RANKED}

    def _accuracy(self) -> Estimate:
        rows = self.rows
        return uncertainty.proportion(
            self.decided == self.truth, rows.weight, rows.cluster, self.settings
        )

    def _loss(self, name: str) -> Estimate:
        declared = self.rows.declared
        if declared not in {"probabilities", "logits"}:
            return Estimate(NAN, why=f"{declared} say no probability")
        values = ROW_LOSSES["multiclass"][name](self.truth, self.scores, declared)
        return uncertainty.mean(values, self.rows.weight, self.rows.cluster, self.settings)

    def _averaged(self, name: str) -> Estimate:
        figure, average = AVERAGED[name]

        def averaged(truth: Array, decided: Array, weight: FloatArray | None) -> float:
            return float(
                figure(
                    truth,
                    labels=decided,
                    average=average,
                    n_classes=self.n_classes,
                    weight=weight,
                )
            )

        return uncertainty.resampled_decisions(
            averaged,
            self.truth,
            self.decided,
            self.rows,
            self.settings,
            why="every class is absent or never predicted",
        )

    @cached_property
    def _odds(self) -> FloatArray:
        """Scores that rank one class against the rest; logits share their rows' normalizer."""
        if self.rows.declared == "logits":
            return class_log_odds(self.scores)
        return self.scores.astype(np.float64)

    def _ranked(self, name: str) -> Estimate:
        if self.rows.declared == "labels":
            return Estimate(NAN, why="labels have no order to rank by")

        why, rows = "every class is absent, or alone", self.rows
        if name == "hand_till_auc":
            return self._resampled(
                lambda weight: hand_till_auc(self.truth, self._odds, weight=weight), why
            )
        return uncertainty.macro_auc(
            self.truth[:, None] == np.arange(self.n_classes),
            self._odds,
            one_vs_rest_auc(self.truth, self._odds, weight=rows.weight),
            rows.weight,
            rows.cluster,
            self.settings,
            why,
        )

    def _resampled(self, figure: Callable[[FloatArray | None], float], why: str = "") -> Estimate:
        return uncertainty.resampled(figure, self.rows, self.settings, bounds=(0.0, 1.0), why=why)
