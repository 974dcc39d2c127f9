"""The evaluation of a binary target: one sort, and everything is derived from it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, ClassVar, Final

import numpy as np

from xent.distributions import Bernoulli
from xent.errors import XentError
from xent.evaluation.calibration import (
    brier_decomposition,
    corp,
    cox_calibration,
    expected_calibration_error,
    reliability,
    spiegelhalter_test,
)
from xent.evaluation.confusion import UNDEFINED, ConfusionCounts
from xent.evaluation.cost_curve import cost_curve_of
from xent.evaluation.counts import ScoreCounts, score_counts
from xent.evaluation.curves import pr_curve_of, roc_curve_of
from xent.evaluation.detection_tradeoff import det_curve_of, equal_error_rate_of
from xent.evaluation.evaluations import uncertainty
from xent.evaluation.evaluations.evaluation import Evaluation, refuse_declared
from xent.evaluation.evaluations.figures import LazyFigures, figures_text
from xent.evaluation.evaluations.row_losses import ROW_LOSSES
from xent.evaluation.inputs import (
    binary_rows,
    check_probabilities,
    check_scores,
    weighted_mean,
)
from xent.evaluation.intervals.decision_figures import f_beta_interval
from xent.evaluation.intervals.estimate import Estimate, lazy_estimate
from xent.evaluation.intervals.proportions import kish, proportion_interval
from xent.evaluation.lift import gain_curve_of, lift_curve_of
from xent.evaluation.logit_losses import sum_logit_squares
from xent.evaluation.pr_areas import davis_goadrich_area_of, pr_trapezoid_area_of
from xent.evaluation.scoring_rules import log_loss
from xent.evaluation.threshold_figures import figure_at_thresholds_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from xent.arrays import Array, FloatArray
    from xent.evaluation.calibration import (
        CalibrationError,
        CalibrationTest,
        Corp,
        CoxCalibration,
        Reliability,
        ScoreDecomposition,
    )
    from xent.evaluation.cost_curve import CostCurve
    from xent.evaluation.curves import PrCurve, RocCurve
    from xent.evaluation.detection_tradeoff import DetCurve
    from xent.evaluation.evaluations.rows import IntervalSettings, LabelledRows
    from xent.evaluation.lift import GainCurve, LiftCurve
    from xent.evaluation.threshold_figures import ThresholdCurve

__all__ = ["BinaryEvaluation", "OperatingPoint"]

# figures that are a share of rows: of which counts
PROPORTIONS: Final = {
    "prevalence": (("tp", "fn"), ("tp", "fn", "fp", "tn")),
    "accuracy": (("tp", "tn"), ("tp", "fn", "fp", "tn")),
    "precision": (("tp",), ("tp", "fp")),
    "recall": (("tp",), ("tp", "fn")),
    "specificity": (("tn",), ("fp", "tn")),
    "fpr": (("fp",), ("fp", "tn")),
    "fnr": (("fn",), ("tp", "fn")),
    "npv": (("tn",), ("fn", "tn")),
    "jaccard": (("tp",), ("tp", "fn", "fp")),
}
# the others, and the range that an interval must keep to
RANGES: Final = {
    "balanced_accuracy": (0.0, 1.0),
    "f1": (0.0, 1.0),
    "mcc": (-1.0, 1.0),
    "kappa": (-1.0, 1.0),
    "youden_j": (-1.0, 1.0),
    "lr_positive": (0.0, float("inf")),
    "lr_negative": (0.0, float("inf")),
}
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

    @property
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
        if self.rows.declared == "labels":
            return Estimate(float("nan"), why="labels have no order to rank by")
        return uncertainty.of_curve(
            AREAS[name],
            self.counts,
            self.truth,
            self.scores,
            self.rows.weight,
            self.rows.cluster,
            self.settings,
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


@dataclass(frozen=True, eq=False)
class Calibration:
    """Reliability, its summary figures and its tests, each made when read.

    Attributes
    ----------
    truth, probabilities, weight : arrays of shape (n,)
    """

    truth: Array
    probabilities: FloatArray
    weight: FloatArray | None

    @property
    def reliability(self) -> Reliability:
        """Observed shares in 15 bins of equal mass, with Wilson's intervals."""
        return reliability(
            self.truth, probabilities=self.probabilities, bins="equal_mass", weight=self.weight
        )

    @property
    def corp(self) -> Corp:
        """The isotonic reliability curve with its consistency band (Dimitriadis et al. 2021)."""
        return corp(self.truth, probabilities=self.probabilities, weight=self.weight)

    @property
    def error(self) -> CalibrationError:
        """The expected calibration error beside its value under perfect calibration."""
        return expected_calibration_error(
            self.truth, probabilities=self.probabilities, bins="equal_mass", weight=self.weight
        )

    @property
    def cox(self) -> CoxCalibration:
        """Calibration in the large, intercept and slope."""
        return cox_calibration(self.truth, probabilities=self.probabilities, weight=self.weight)

    @property
    def spiegelhalter(self) -> CalibrationTest:
        """Spiegelhalter's test."""
        return spiegelhalter_test(self.truth, probabilities=self.probabilities, weight=self.weight)

    @property
    def brier(self) -> ScoreDecomposition:
        """Miscalibration, discrimination and uncertainty of the Brier score."""
        return brier_decomposition(self.truth, probabilities=self.probabilities, weight=self.weight)


@dataclass(frozen=True, eq=False)
class OperatingPoint:
    """The figures of one threshold.

    Attributes
    ----------
    threshold : float
        On the scale that was declared.
    counts : ConfusionCounts
    """

    evaluation: BinaryEvaluation
    threshold: float
    counts: ConfusionCounts[float]

    @cached_property
    def figures(self) -> LazyFigures:
        """Name to `Estimate`."""
        return LazyFigures(
            {name: partial(self._proportion, name) for name in PROPORTIONS}
            | {name: partial(self._of_counts, name) for name in RANGES}
        )

    def __getitem__(self, name: str) -> Estimate:
        return self.figures[name]

    def __getattr__(self, name: str) -> Estimate:
        if name.startswith("_") or name not in self.figures:
            raise AttributeError(f"OperatingPoint has no figure {name!r}.")
        return self.figures[name]

    def __str__(self) -> str:
        return figures_text(self.figures, f"at {self.threshold:g}")

    def f_beta(self, beta: float) -> Estimate:
        """Return F-beta: recall counts beta times as much as precision."""
        value = float(self.counts.f_beta(beta))
        if np.isnan(value):
            return Estimate(value, why=UNDEFINED["f1"])
        e = self.evaluation
        n_effective = float("nan") if e.rows.weight is None else kish(e.rows.weight)
        return f_beta_interval(
            self.counts, beta=beta, level=e.settings.level, n_effective=n_effective
        )

    def _proportion(self, name: str) -> Estimate:
        value = getattr(self.counts, name)
        if np.isnan(value):
            return Estimate(value, why=UNDEFINED.get(name, "there is no row"))
        settings = self.evaluation.settings

        def make() -> Estimate:
            rows = self.evaluation.rows
            happened, concerned = (self._cells(fields) for fields in PROPORTIONS[name])
            return proportion_interval(
                happened[concerned],
                weight=None if rows.weight is None else rows.weight[concerned],
                cluster=None if rows.cluster is None else rows.cluster[concerned],
                level=settings.level,
            )

        return lazy_estimate(value, make, level=settings.level)

    def _cells(self, fields: tuple[str, ...]) -> Array:
        """Return where the rows of these cells of the confusion matrix are."""
        truth, decided = self.evaluation.truth, self.evaluation.scores >= self.threshold
        cells = {
            "tp": truth & decided,
            "fn": truth & ~decided,
            "fp": ~truth & decided,
            "tn": ~truth & ~decided,
        }
        where = cells[fields[0]]
        for field in fields[1:]:
            where = where | cells[field]
        return where

    def _of_counts(self, name: str) -> Estimate:
        if np.isnan(getattr(self.counts, name)):
            return Estimate(float("nan"), why=UNDEFINED[name])
        e = self.evaluation
        return uncertainty.of_counts(
            name,
            self.counts,
            e.truth,
            lambda: e.scores >= self.threshold,
            e.rows.weight,
            e.rows.cluster,
            e.settings,
            RANGES[name],
        )


def _constant_loss(kind: str, prevalence: float) -> float:
    """Return the loss of always saying the prevalence: its entropy, or its variance."""
    if kind == "brier":
        return prevalence * (1 - prevalence)
    shares = np.array([prevalence, 1 - prevalence])
    shares = shares[shares > 0]
    return float(-np.sum(shares * np.log(shares)))
