"""The evaluation of a target of several classes."""

from __future__ import annotations

from functools import cached_property, partial
from typing import TYPE_CHECKING, ClassVar, Final

import numpy as np

from xent.evaluation import multiclass
from xent.evaluation.evaluations import uncertainty
from xent.evaluation.evaluations.class_pairs import pairwise_auc
from xent.evaluation.evaluations.evaluation import Evaluation, refuse_declared
from xent.evaluation.evaluations.figures import LazyFigures
from xent.evaluation.evaluations.macro_average_precision import macro_average_precision
from xent.evaluation.evaluations.row_losses import ROW_LOSSES
from xent.evaluation.evaluations.skill_estimates import skill_estimate
from xent.evaluation.inputs import check_probabilities, check_row_sums, class_rows, codes, vector
from xent.evaluation.intervals.estimate import Estimate, lazy_estimate
from xent.evaluation.intervals.proportions import kish
from xent.evaluation.matrix_intervals import matrix_interval, matrix_value
from xent.evaluation.multiclass_ranking import (
    class_log_odds,
    hand_till_auc,
    one_vs_rest_auc,
    one_vs_rest_average_precision,
    top_k_rows,
)
from xent.evaluation.multiclass_skill import class_shares, constant_losses

if TYPE_CHECKING:
    from collections.abc import Callable

    from xent.arrays import Array, FloatArray
    from xent.evaluation.evaluations.rows import IntervalSettings, LabelledRows

__all__ = ["MulticlassEvaluation"]

NAN: Final = float("nan")
DECIDED: Final = (
    "balanced_accuracy",
    "mcc",
    "kappa",
    "macro_precision",
    "macro_recall",
    "macro_f1",
    "macro_jaccard",
    "weighted_precision",
    "weighted_f1",
)
CORRELATIONS: Final = ("mcc", "kappa", "linear_kappa", "quadratic_kappa")
RANKED: Final = ("macro_auc", "hand_till_auc", "macro_average_precision")


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
        self._losses: dict[str, FloatArray] = {}
        super().__init__(rows, settings)

    @cached_property
    def confusion_matrix(self) -> Array:
        """Counts (or weights), rows truth, columns decision, shape (K, K)."""
        return self._matrix(self.rows.weight)

    @property
    def report(self) -> str:
        """Precision, recall, F1 and support of every class and their averages, as text."""
        return multiclass.classification_report(
            self.truth, labels=self.decided, weight=self.rows.weight
        )

    @cached_property
    def ordered(self) -> LazyFigures:
        """Figures that take the classes in the order of their codes: grades, stages, stars."""
        recipes: dict[str, Callable[[], Estimate]] = {
            "ranked_probability_score": partial(self._loss, "ranked_probability_score"),
            "ranked_probability_skill": partial(self._skill, "ranked_probability_score"),
            "linear_kappa": partial(self._of_matrix, "linear_kappa"),
            "quadratic_kappa": partial(self._of_matrix, "quadratic_kappa"),
        }
        return LazyFigures(recipes)

    def top_k_accuracy(self, k: int) -> Estimate:
        """Return the share of rows whose class is among the k highest."""
        if self.rows.declared == "labels":
            return Estimate(NAN, why="labels have no order to rank by")
        rows, chances = self.rows, top_k_rows(self.truth, self.scores, k)
        if np.all((chances == 0) | (chances == 1)):
            return uncertainty.proportion(chances == 1, rows.weight, rows.cluster, self.settings)
        # ties count the chance to win them: a mean, no share
        return uncertainty.mean(chances, rows.weight, rows.cluster, self.settings, (0.0, 1.0))

    def _recipes(self) -> dict[str, Callable[[], Estimate]]:
        recipes: dict[str, Callable[[], Estimate]] = {
            "log_loss": partial(self._loss, "log_loss"),
            "brier": partial(self._loss, "brier"),
            "log_loss_skill": partial(self._skill, "log_loss"),
            "brier_skill": partial(self._skill, "brier"),
            "accuracy": self._accuracy,
        }
        recipes |= {name: partial(self._of_matrix, name) for name in DECIDED}
        # the recalls of the classes, weighted by their rows, are the accuracy
        recipes["weighted_recall"] = self._accuracy
        if self.n_classes > 2:
            recipes["top_2_accuracy"] = partial(self.top_k_accuracy, 2)
        return recipes | {name: partial(self._ranked, name) for name in RANKED}

    def _accuracy(self) -> Estimate:
        rows = self.rows
        return uncertainty.proportion(
            self.decided == self.truth, rows.weight, rows.cluster, self.settings
        )

    def _of_matrix(self, name: str) -> Estimate:
        rows, level = self.rows, self.settings.level
        matrix = self.confusion_matrix
        if rows.cluster is not None:
            return uncertainty.resampled(
                lambda weight: matrix_value(self._matrix(weight), name),
                rows,
                self.settings,
                bounds=(-1.0 if name in CORRELATIONS else 0.0, 1.0),
                why=matrix_interval(matrix, name).why,
            )
        n_effective = NAN if rows.weight is None else kish(rows.weight)
        return lazy_estimate(
            matrix_value(matrix, name),
            lambda: matrix_interval(matrix, name, level=level, n_effective=n_effective),
            level=level,
        )

    def _matrix(self, weight: FloatArray | None) -> Array:
        return multiclass.confusion_matrix(
            self.truth, labels=self.decided, n_classes=self.n_classes, weight=weight
        )

    def _row_losses(self, name: str) -> FloatArray:
        # kept: a skill needs those of its score
        if name not in self._losses:
            losses = (ROW_LOSSES["multiclass"] | ROW_LOSSES["ordered"])[name]
            self._losses[name] = losses(self.truth, self.scores, self.rows.declared)
        return self._losses[name]

    def _improbable(self) -> Estimate | None:
        declared = self.rows.declared
        if declared in {"probabilities", "logits"}:
            return None
        return Estimate(NAN, why=f"{declared} say no probability")

    def _loss(self, name: str) -> Estimate:
        if (improbable := self._improbable()) is not None:
            return improbable
        rows = self.rows
        return uncertainty.mean(self._row_losses(name), rows.weight, rows.cluster, self.settings)

    def _skill(self, name: str) -> Estimate:
        if (improbable := self._improbable()) is not None:
            return improbable
        rows = self.rows
        shares = class_shares(self.truth, self.n_classes, rows.weight)
        return skill_estimate(
            self._row_losses(name),
            constant_losses(name, shares)[self.truth],
            rows.weight,
            rows.cluster,
            self.settings,
            "every row is of one class, and a constant is never wrong",
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
            return pairwise_auc(
                self.truth,
                self._odds,
                hand_till_auc(self.truth, self._odds, weight=rows.weight),
                rows.weight,
                rows.cluster,
                self.settings,
                why,
            )
        figure, estimate = one_vs_rest_auc, uncertainty.macro_auc
        if name == "macro_average_precision":
            figure, estimate = one_vs_rest_average_precision, macro_average_precision
        return estimate(
            self.truth[:, None] == np.arange(self.n_classes),
            self._odds,
            figure(self.truth, self._odds, weight=rows.weight),
            rows.weight,
            rows.cluster,
            self.settings,
            why,
        )
