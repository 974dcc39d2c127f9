"""The evaluation of a target that is a number."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar, Final

import numpy as np

from xent.evaluation import regression
from xent.evaluation.evaluations import uncertainty
from xent.evaluation.evaluations.evaluation import Evaluation, refuse_declared
from xent.evaluation.inputs import real_rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from xent.arrays import FloatArray
    from xent.evaluation.evaluations.rows import IntervalSettings, LabelledRows
    from xent.evaluation.intervals.estimate import Estimate

__all__ = ["RegressionEvaluation"]

INFINITY: Final = float("inf")
# figure, its range, and why it may be undefined
RESAMPLED: Final[dict[str, tuple[Callable[..., float], tuple[float, float], str]]] = {
    "rmse": (regression.rmse, (0.0, INFINITY), ""),
    "median_absolute_error": (regression.median_absolute_error, (0.0, INFINITY), ""),
    "r2": (regression.r2, (-INFINITY, 1.0), "y is constant"),
    "mape": (regression.mape, (0.0, INFINITY), "y is 0 in every row"),
    "smape": (regression.smape, (0.0, 2.0), "y and prediction are 0 in every row"),
    "wape": (regression.wape, (0.0, INFINITY), "y is 0 in every row"),
}


class RegressionEvaluation(Evaluation):
    """Every figure of predicted numbers, in units of the target.

    Examples
    --------
    >>> from xent.evaluation import evaluate
    >>> evaluate([3.0, -0.5, 2.0, 7.0], predictions=[2.5, 0.0, 2.0, 8.0], n_bootstrap=0).mae.value
    0.5
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

    def _recipes(self) -> dict[str, Callable[[], Estimate]]:
        recipes: dict[str, Callable[[], Estimate]] = {
            "mae": partial(self._mean, np.abs, (0.0, INFINITY)),
            "mse": partial(self._mean, np.square, (0.0, INFINITY)),
            "bias": partial(self._mean, np.negative, (-INFINITY, INFINITY)),
        }
        return recipes | {name: partial(self._resampled, name) for name in RESAMPLED}

    def _mean(
        self, of: Callable[[FloatArray], FloatArray], bounds: tuple[float, float]
    ) -> Estimate:
        rows = self.rows
        return uncertainty.mean(
            of(self.residuals), rows.weight, rows.cluster, self.settings, bounds
        )

    def _resampled(self, name: str) -> Estimate:
        figure, bounds, why = RESAMPLED[name]
        return uncertainty.resampled(
            lambda weight: figure(self.truth, predictions=self.predicted, weight=weight),
            self.rows,
            self.settings,
            bounds=bounds,
            why=why,
        )
