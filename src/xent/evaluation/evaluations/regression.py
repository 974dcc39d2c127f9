"""The evaluation of a target that is a number."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar, Final

import numpy as np

from xent.evaluation.deviances import deviance_rows
from xent.evaluation.evaluations import uncertainty
from xent.evaluation.evaluations.evaluation import Evaluation, refuse_declared
from xent.evaluation.evaluations.skill_estimates import skill_estimate
from xent.evaluation.evaluations.weighted_figures import (
    median_figure,
    ratio_figure,
    variance_share_figure,
)
from xent.evaluation.explained_deviance import weighted_quantile
from xent.evaluation.inputs import real_rows, weighted_mean
from xent.evaluation.intervals.estimate import Estimate, lazy_estimate
from xent.evaluation.predicted_intervals import check_quantile, pinball_rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from xent.arrays import FloatArray
    from xent.evaluation.evaluations.rows import IntervalSettings, LabelledRows
    from xent.evaluation.evaluations.weighted_figures import WeightedFigure

__all__ = ["RegressionEvaluation"]

NAN: Final = float("nan")
INFINITY: Final = float("inf")
POSITIVE: Final = (0.0, INFINITY)


class RegressionEvaluation(Evaluation):
    """Every figure of predicted numbers, in units of the target.

    Examples
    --------
    >>> from xent.evaluation import evaluate
    >>> e = evaluate([3.0, -0.5, 2.0, 7.0], predictions=[2.5, 0.0, 2.0, 8.0], n_bootstrap=0)
    >>> e.mae.value, e.mean_error.value, round(e.pinball_loss(0.9).value, 4)
    (0.5, 0.25, 0.15)
    """

    task: ClassVar[str] = "regression"

    def __init__(self, rows: LabelledRows, settings: IntervalSettings) -> None:
        refuse_declared("regression", rows.declared, ("predictions",))
        self.truth, self.predicted, _ = real_rows(rows.y, "predictions", rows.predicted)
        super().__init__(rows, settings)

    @property
    def residuals(self) -> FloatArray:
        """Truth minus prediction, shape (n,)."""
        return self.truth - self.predicted

    def pinball_loss(self, quantile: float) -> Estimate:
        """Return the mean pinball loss, where the predictions are this quantile."""
        check_quantile(quantile)
        return self._mean(pinball_rows(self.truth, self.predicted, quantile))

    def d2_pinball(self, quantile: float) -> Estimate:
        """Return which share of the pinball loss of the quantile of y the predictions remove."""
        check_quantile(quantile)
        constant = weighted_quantile(self.truth, quantile, self.rows.weight)
        return self._skill(
            pinball_rows(self.truth, self.predicted, quantile),
            pinball_rows(self.truth, constant, quantile),
        )

    def tweedie_deviance(self, power: float) -> Estimate:
        """Return the mean deviance: power 1 for counts (Poisson), 2 for positive values (gamma)."""
        return self._mean(deviance_rows(self.truth, self.predicted, power))

    def d2_tweedie(self, power: float) -> Estimate:
        """Return which share of the deviance about the mean of y the predictions remove."""
        losses = deviance_rows(self.truth, self.predicted, power)
        mean = np.full(self.truth.shape, weighted_mean(self.truth, self.rows.weight))
        return self._skill(losses, deviance_rows(self.truth, mean, power))

    def _recipes(self) -> dict[str, Callable[[], Estimate]]:
        recipes: dict[str, Callable[[], Estimate]] = {
            "mae": lambda: self._mean(np.abs(self.residuals)),
            "mse": lambda: self._mean(np.square(self.residuals)),
            "rmse": lambda: self._root(self._mean(np.square(self.residuals))),
            "mean_error": lambda: self._mean(-self.residuals, (-INFINITY, INFINITY)),
            "median_absolute_error": self._median_absolute_error,
            "max_error": self._max_error,
            "r2": partial(self._variance_share, forgives_bias=False),
            "explained_variance": partial(self._variance_share, forgives_bias=True),
            "d2_absolute_error": partial(self.d2_pinball, 0.5),
            "mape": self._mape,
            "smape": self._smape,
            "wape": self._wape,
            "msle": self._msle,
        }
        return recipes | {"rmsle": lambda: self._root(self._msle())}

    def _mean(self, values: FloatArray, bounds: tuple[float, float] = POSITIVE) -> Estimate:
        return uncertainty.mean(values, self.rows.weight, self.rows.cluster, self.settings, bounds)

    def _root(self, square: Estimate) -> Estimate:
        """Return the root of an estimate: the root is monotone, so it takes the ends along."""
        if not square.is_defined:
            return square

        def make() -> Estimate:
            low, high = (max(end, 0.0) ** 0.5 for end in (square.low, square.high))
            value, level = square.value**0.5, square.level
            return Estimate(value, low, high, level, square.method, square.n, square.why)

        return lazy_estimate(square.value**0.5, make, level=self.settings.level)

    def _skill(self, losses: FloatArray, constant: FloatArray) -> Estimate:
        if self.truth.min() == self.truth.max():
            constant = np.zeros_like(constant)  # the best constant is right but for rounding
        rows = self.rows
        return skill_estimate(
            losses, constant, rows.weight, rows.cluster, self.settings, "y is constant"
        )

    def _max_error(self) -> Estimate:
        value = float(np.max(np.abs(self.residuals)))
        # the bootstrap of a maximum is wrong for any number of rows (Bickel & Freedman 1981)
        why = "a largest value of a sample has no interval: the next row may be farther off"
        return Estimate(value, level=self.settings.level, n=len(self.rows), why=why)

    def _msle(self) -> Estimate:
        if min(self.truth.min(), self.predicted.min()) <= -1:
            return self._undefined("y or a prediction is -1 or less")
        return self._mean(np.square(np.log1p(self.truth) - np.log1p(self.predicted)))

    def _mape(self) -> Estimate:
        if not self.truth.all():
            return self._undefined("y is 0 in a row")
        return self._mean(np.abs(self.residuals / self.truth))

    def _smape(self) -> Estimate:
        size = np.abs(self.truth) + np.abs(self.predicted)
        if not size.all():
            return self._undefined("y and prediction are both 0 in a row")
        return self._mean(2 * np.abs(self.residuals) / size, (0.0, 2.0))

    def _wape(self) -> Estimate:
        figure = ratio_figure(np.abs(self.residuals), np.abs(self.truth))
        return self._resampled(figure, POSITIVE, "y is 0 in every row")

    def _median_absolute_error(self) -> Estimate:
        return self._resampled(median_figure(np.abs(self.residuals)), POSITIVE)

    def _variance_share(self, *, forgives_bias: bool) -> Estimate:
        figure = variance_share_figure(self.truth, self.predicted, forgives_bias=forgives_bias)
        return self._resampled(figure, (-INFINITY, 1.0), "y is constant")

    def _undefined(self, why: str) -> Estimate:
        return Estimate(NAN, level=self.settings.level, n=len(self.rows), why=why)

    def _resampled(
        self, figure: WeightedFigure, bounds: tuple[float, float], why: str = ""
    ) -> Estimate:
        return uncertainty.resampled(figure, self.rows, self.settings, bounds=bounds, why=why)
