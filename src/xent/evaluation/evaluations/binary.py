"""The evaluation of a binary target: one sort, and everything is derived from it."""

from __future__ import annotations

from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, ClassVar, Final, cast

import numpy as np

from xent.distributions import Bernoulli
from xent.errors import XentError
from xent.evaluation.cost_curve import cost_curve_of
from xent.evaluation.counts import ScoreCounts, score_counts
from xent.evaluation.curves import pr_curve_of, roc_curve_of
from xent.evaluation.detection_tradeoff import det_curve_of, equal_error_rate_of
from xent.evaluation.evaluations import uncertainty
from xent.evaluation.evaluations.calibration import Calibration
from xent.evaluation.evaluations.evaluation import Evaluation, refuse_declared
from xent.evaluation.evaluations.figures import LazyFigures
from xent.evaluation.evaluations.operating_point import PROPORTIONS, RANGES, OperatingPoint
from xent.evaluation.evaluations.row_losses import ROW_LOSSES
from xent.evaluation.inputs import (
    binary_rows,
    check_probabilities,
    check_scores,
    weighted_mean,
)
from xent.evaluation.intervals.estimate import Estimate, lazy_estimate
from xent.evaluation.lift import gain_curve_of, lift_curve_of, top_lift_of
from xent.evaluation.logit_losses import sum_logit_squares
from xent.evaluation.operating_points import reached_point_of
from xent.evaluation.partial_auc import partial_auc_of, standardized_partial_auc_of
from xent.evaluation.pr_areas import davis_goadrich_area_of, pr_trapezoid_area_of
from xent.evaluation.scoring_rules import log_loss
from xent.evaluation.threshold_figures import figure_at_thresholds_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from xent.arrays import FloatArray
    from xent.evaluation.cost_curve import CostCurve
    from xent.evaluation.curves import PrCurve, RocCurve
    from xent.evaluation.detection_tradeoff import DetCurve
    from xent.evaluation.evaluations.rows import IntervalSettings, LabelledRows
    from xent.evaluation.lift import GainCurve, LiftCurve
    from xent.evaluation.operating_points import Rate
    from xent.evaluation.threshold_figures import ThresholdCurve

__all__ = ["BinaryEvaluation"]

RANK_FIGURES: Final = ("auc", "average_precision")
AREAS: Final = {
    "pr_trapezoid_area": pr_trapezoid_area_of,
    "davis_goadrich_area": davis_goadrich_area_of,
    "equal_error_rate": equal_error_rate_of,
}
LOSSES: Final = ("log_loss", "brier", "log_loss_skill", "brier_skill")
NEUTRAL: Final = {"probabilities": 0.5, "logits": 0.0}


class BinaryEvaluation(Evaluation):
    """Every figure and every curve of a binary target.

    Figures at a threshold are those at probability 0.5; `at` gives them at any other.

    Examples
    --------
    >>> from xent.evaluation import evaluate
    >>> e = evaluate([0, 0, 1, 1], probabilities=[0.1, 0.4, 0.35, 0.8])
    >>> e.auc.value, e.at(0.35).recall.value
    (0.75, 1.0)
    """

    task: ClassVar[str] = "binary"

    def __init__(self, rows: LabelledRows, settings: IntervalSettings) -> None:
        refuse_declared("binary", rows.declared, ("probabilities", "logits", "scores", "labels"))
        truth, given, _ = binary_rows(rows.y, rows.declared, rows.predicted)
        check_scores(given, rows.declared)
        if rows.declared == "probabilities":
            check_probabilities(given)
        if rows.declared == "labels":
            binary_rows(given, "labels", given)
        self.truth, self.scores = truth, given
        super().__init__(rows, settings)

    @cached_property
    def counts(self) -> ScoreCounts:
        """Positives and negatives at every distinct score."""
        return score_counts(self.truth, self.scores, weight=self.rows.weight)

    @property
    def threshold(self) -> float:
        """The threshold of the figures: probability 0.5; NaN for scores, which have no neutral one."""
        return {**NEUTRAL, "labels": 1.0}.get(self.rows.declared, float("nan"))

    @property
    def roc(self) -> RocCurve:
        """The exact ROC curve, a point a distinct score."""
        return roc_curve_of(self.counts)

    @property
    def pr(self) -> PrCurve:
        """The exact precision-recall curve."""
        return pr_curve_of(self.counts)

    @property
    def det(self) -> DetCurve:
        """Misses against false alarms (detection error tradeoff)."""
        return det_curve_of(self.counts)

    @property
    def gain(self) -> GainCurve:
        """Recall against the share of rows predicted positive."""
        return gain_curve_of(self.counts)

    @property
    def lift(self) -> LiftCurve:
        """Precision over prevalence, against the share of rows predicted positive."""
        return lift_curve_of(self.counts)

    @property
    def cost_curve(self) -> CostCurve:
        """The least expected cost for every mix of costs and prevalence."""
        return cost_curve_of(self.counts)

    def at_thresholds(self, figure: str, thresholds: object = None) -> ThresholdCurve:
        """Return any figure of the four counts at every threshold, or at the given ones."""
        return figure_at_thresholds_of(self.counts, figure=figure, thresholds=thresholds)

    @cached_property
    def calibration(self) -> Calibration:
        """Whether the probabilities mean what they say."""
        if self.rows.declared not in NEUTRAL:
            raise XentError(f"calibration needs probabilities or logits, got {self.rows.declared}.")
        p = np.asarray(self.scores, dtype=np.float64)
        if self.rows.declared == "logits":
            p = np.asarray(Bernoulli().mean(p))
        return Calibration(self.truth, p, self.rows.weight)

    def at(self, threshold: float) -> OperatingPoint:
        """Return the figures of predicting positive where the declared score is at least `threshold`."""
        try:
            given = float(threshold)
        except (TypeError, ValueError):
            given = float("nan")
        if np.isnan(given):
            raise XentError(f"threshold must be a number, not NaN, got {threshold!r:.40}.")
        threshold = given
        return OperatingPoint(self, threshold, self.counts.at(threshold))

    def partial_auc(
        self,
        *,
        fpr: tuple[float, float] | None = None,
        tpr: tuple[float, float] | None = None,
        standardized: bool = False,
    ) -> Estimate:
        """Return the area over a band of the FPR or of the TPR, as a share of the unit square or standardized."""
        area = standardized_partial_auc_of if standardized else partial_auc_of
        return self._of_curve(lambda counts: area(counts, fpr=fpr, tpr=tpr))

    def reached(self, figure: str, *, given: str, least: float) -> Estimate:
        """Return the highest precision, recall or specificity where another of them is at least `least`.

        `e.reached("recall", given="specificity", least=0.9)` is the recall at a specificity of 0.9.
        """
        return self._of_curve(
            lambda counts: (
                reached_point_of(
                    counts, figure=cast("Rate", figure), given=cast("Rate", given), least=least
                ).value
            )
        )

    def top_lift(self, share: float) -> Estimate:
        """Return how many times more positives the top `share` of rows holds than rows at random."""
        return self._of_curve(lambda counts: top_lift_of(counts, share=share), (0.0, float("inf")))

    @property
    def has_probabilities(self) -> bool:
        """Whether probabilities or logits were declared, so that there is a calibration to speak of."""
        return self.rows.declared in NEUTRAL

    def to_json(self) -> dict[str, Any]:
        """Return every figure with its interval, and the calibration where there are probabilities."""
        described = super().to_json()
        if self.has_probabilities:
            described["calibration"] = self.calibration.to_json()
        return described

    def _recipes(self) -> dict[str, Callable[[], Estimate]]:
        recipes: dict[str, Callable[[], Estimate]] = {
            name: partial(self._loss, name) for name in LOSSES
        }
        recipes |= {name: partial(self._rank, name) for name in RANK_FIGURES}
        recipes |= {name: partial(self._area, name) for name in AREAS}
        recipes |= {name: partial(self._at_neutral, name) for name in (*PROPORTIONS, *RANGES)}
        return recipes

    def _rank(self, name: str) -> Estimate:
        if self.rows.declared == "labels":
            return Estimate(float("nan"), why="labels have no order to rank by")
        rows, scores = self.rows, self.scores
        if name == "auc":
            value = self.counts.roc_auc
            return uncertainty.auc(
                self.truth, scores, value, rows.weight, rows.cluster, self.settings
            )
        value = self.counts.average_precision
        return uncertainty.average_precision(
            self.truth, scores, value, rows.weight, rows.cluster, self.settings
        )

    def _area(self, name: str) -> Estimate:
        return self._of_curve(AREAS[name])

    def _of_curve(
        self, figure: Callable[[ScoreCounts], float], bounds: tuple[float, float] = (0.0, 1.0)
    ) -> Estimate:
        if self.rows.declared == "labels":
            return Estimate(float("nan"), why="labels have no order to rank by")
        return uncertainty.of_curve(
            figure,
            self.counts,
            self.truth,
            self.scores,
            self.rows.weight,
            self.rows.cluster,
            self.settings,
            bounds,
        )

    def _loss(self, name: str) -> Estimate:
        declared = self.rows.declared
        if declared not in NEUTRAL:
            return Estimate(float("nan"), why=f"{declared} say no probability")
        kind = name.removesuffix("_skill")
        mean = self._mean_losses[kind]
        if kind == name:
            return mean
        counts = self.counts
        prevalence = counts.n_positive / (counts.n_positive + counts.n_negative)
        constant = _constant_loss(kind, prevalence)
        if constant == 0:
            return Estimate(float("nan"), why="one class is absent, and a constant is never wrong")

        def make() -> Estimate:
            # the constant is that of these rows, and is taken as given
            low, high = 1 - mean.high / constant, 1 - mean.low / constant
            return Estimate(
                1 - mean.value / constant, low, high, mean.level, mean.method, mean.n, mean.why
            )

        return lazy_estimate(1 - mean.value / constant, make, level=self.settings.level)

    @cached_property
    def _mean_losses(self) -> LazyFigures:
        return LazyFigures({name: partial(self._mean_loss, name) for name in ("log_loss", "brier")})

    def _mean_loss(self, kind: str) -> Estimate:
        rows, declared = self.rows, {self.rows.declared: self.scores}
        if kind == "log_loss":
            value = log_loss(self.truth, weight=rows.weight, **declared)
        elif rows.declared == "logits" and rows.weight is None:
            value = sum_logit_squares(self.truth, self.scores) / len(self.truth)
        else:
            value = weighted_mean(self._row_losses(kind), rows.weight)
        return uncertainty.mean_with(
            value,
            lambda: self._row_losses(kind),
            rows.weight,
            rows.cluster,
            self.settings,
        )

    def _row_losses(self, kind: str) -> FloatArray:
        return ROW_LOSSES["binary"][kind](self.truth, self.scores, self.rows.declared)

    def _at_neutral(self, name: str) -> Estimate:
        if name == "prevalence":
            rows = self.rows
            return uncertainty.proportion(self.truth, rows.weight, rows.cluster, self.settings)
        if np.isnan(self.threshold):
            return Estimate(float("nan"), why="scores have no neutral threshold: see at(threshold)")
        return self._neutral_point[name]

    @cached_property
    def _neutral_point(self) -> OperatingPoint:
        return self.at(self.threshold)


def _constant_loss(kind: str, prevalence: float) -> float:
    """Return the loss of always saying the prevalence: its entropy, or its variance."""
    if kind == "brier":
        return prevalence * (1 - prevalence)
    shares = np.array([prevalence, 1 - prevalence])
    shares = shares[shares > 0]
    return float(-np.sum(shares * np.log(shares)))
