"""Predicted numbers that arrive in batches: sums that merge to one pass, without any rounding."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from xent.errors import XentError
from xent.evaluation.inputs import real_rows
from xent.evaluation.predicted_distributions import gaussian_crps_rows
from xent.evaluation.states.batches import check_same_kind, is_empty
from xent.evaluation.states.documents import MOST_ROWS, document, fields_of, item, number, whole
from xent.evaluation.states.exact_sum import rounded_quotient
from xent.evaluation.states.weighted_sums import WeightedSums

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xent.arrays import FloatArray

__all__ = ["RegressionState"]

KIND: Final = "regression"
SIGNED: Final = ("error", "truth", "nll")
SUMS: Final = (
    *SIGNED,
    "absolute_error",
    "squared_error",
    "absolute_truth",
    "squared_truth",
    "relative_error",
    "symmetric_error",
    "squared_log_error",
    "gaussian_crps",
)
LOG_2_PI: Final = math.log(2 * math.pi)


class RegressionState:
    """Errors of predicted numbers over any number of batches, in a few kilobytes.

    The state of several batches, in any order and merged in any grouping, equals the state of all
    rows at once: sums are whole numbers, and a figure is rounded when it is read. A row of weight 2
    is that row twice. Without rows every figure is NaN.

    Examples
    --------
    >>> state = RegressionState()
    >>> state.update([3.0, -0.5], predictions=[2.5, 0.0])
    >>> state.update([2.0, 7.0], predictions=[2.0, 8.0])
    >>> state.mae, state.mse, round(state.r2, 4)
    (0.5, 0.375, 0.9486)
    """

    __hash__ = None  # type: ignore[assignment]  # it changes

    def __init__(self) -> None:
        self.n_rows = 0
        self._sums = WeightedSums(SUMS)
        self._has_sd: bool | None = None
        self._largest_error = 0.0
        self._lowest, self._highest = math.inf, -math.inf

    def __eq__(self, other: object) -> bool:
        """Whether both hold the same rows: every sum, exactly."""
        return vars(self) == vars(other) if isinstance(other, RegressionState) else NotImplemented

    @property
    def weight(self) -> float:
        """Total weight of the rows: their number where none had a weight."""
        return self._sums.weight.value

    def update(
        self, y: object, *, predictions: object, sd: object = None, weight: object = None
    ) -> None:
        """Take the rows of one batch, which may be empty.

        Parameters
        ----------
        y, predictions : array of shape (n,) or (n, 1)
            Truth and predicted values, finite, in the same unit.
        sd : float or array of shape (n,), optional
            Standard deviations of Gaussian predictions, positive; in all batches or in none.
        weight : array of shape (n,), optional
            Weight a row; rows of weight 0 vanish.

        Raises
        ------
        XentError
            When the arrays do not fit each other, are not finite, or sd is given in some batches
            only. The batch is then left out as a whole.
        """
        self._check_sd(sd is not None)
        if is_empty(y, predictions, weight):
            return
        truth, predicted, kept = real_rows(y, "predictions", predictions, weight)
        spread = None if sd is None else _spread(y, sd, weight)
        with np.errstate(over="ignore", divide="ignore", invalid="ignore", under="ignore"):
            self._add(truth, predicted, spread, kept)
        self._has_sd = sd is not None
        self.n_rows += truth.size

    def merge(self, other: RegressionState) -> RegressionState:
        """Take the rows of another state, leaving that as it is; returns self.

        Raises
        ------
        XentError
            When one has standard deviations and the other none.
        """
        check_same_kind(self, other)
        if other._has_sd is not None:
            self._check_sd(other._has_sd)
            self._has_sd = other._has_sd
        self.n_rows += other.n_rows
        self._sums.merge(other._sums)
        self._largest_error = max(self._largest_error, other._largest_error)
        self._lowest = min(self._lowest, other._lowest)
        self._highest = max(self._highest, other._highest)
        return self

    @property
    def mae(self) -> float:
        """Mean absolute error, in the unit of y."""
        return self._sums.mean("absolute_error")

    @property
    def mse(self) -> float:
        """Mean squared error, in the squared unit of y."""
        return self._sums.mean("squared_error")

    @property
    def rmse(self) -> float:
        """Root of the mean squared error, in the unit of y."""
        return math.sqrt(self.mse)

    @property
    def mean_error(self) -> float:
        """Mean of prediction less truth (bias): positive where predictions run high."""
        return self._sums.mean("error")

    @property
    def max_error(self) -> float:
        """Largest absolute error of any row; NaN without rows."""
        return self._largest_error if self.n_rows else math.nan

    @property
    def mape(self) -> float:
        """Mean absolute percentage error as a fraction; NaN when a y is zero."""
        return self._sums.mean("relative_error")

    @property
    def smape(self) -> float:
        """Symmetric MAPE, the mean of 2 |y - p| / (|y| + |p|), in [0, 2]; NaN at 0 / 0."""
        return self._sums.mean("symmetric_error")

    @property
    def wape(self) -> float:
        """Sum of absolute errors over sum of absolute truths; NaN when all of y is zero."""
        return self._sums["absolute_error"].over(self._sums["absolute_truth"])

    @property
    def msle(self) -> float:
        """Mean squared error of log(1 + y); NaN when a truth or a prediction is -1 or less."""
        return self._sums.mean("squared_log_error")

    @property
    def rmsle(self) -> float:
        """Root of `msle`."""
        return math.sqrt(self.msle)

    @property
    def r2(self) -> float:
        """Share of the variance of y that is explained; NaN when y is constant."""
        return self._share_left("squared_error", None)

    @property
    def explained_variance(self) -> float:
        """Share of the variance of y that the errors do not have: `r2` of unbiased predictions."""
        return self._share_left("squared_error", "error")

    @property
    def nll(self) -> float:
        """Mean negative log-likelihood of Gaussian predictions, in nats; NaN without sd."""
        return self._sums.mean("nll") if self._has_sd else math.nan

    @property
    def gaussian_crps(self) -> float:
        """Mean continuous ranked probability score, in the unit of y; NaN without sd."""
        return self._sums.mean("gaussian_crps") if self._has_sd else math.nan

    def to_json(self) -> dict[str, Any]:
        """Return what JSON can hold, without any loss."""
        return document(
            KIND,
            n_rows=self.n_rows,
            has_sd=self._has_sd,
            largest_error=self._largest_error.hex(),
            lowest=self._lowest.hex(),
            highest=self._highest.hex(),
            rows=self._sums.to_json(),
        )

    @classmethod
    def from_json(cls, description: Mapping[str, Any]) -> RegressionState:
        """Read what `to_json` wrote, checking it.

        Raises
        ------
        XentError
            When it is anything else, or its numbers cannot belong together.
        """
        names = ("n_rows", "has_sd", "largest_error", "lowest", "highest", "rows")
        fields = fields_of(description, KIND, names)
        state = cls()
        state.n_rows = whole(fields, "n_rows", 0, MOST_ROWS)
        state._has_sd = item(fields, "has_sd", (None, True, False))
        state._largest_error = number(fields, "largest_error")
        state._lowest, state._highest = number(fields, "lowest"), number(fields, "highest")
        state._sums = WeightedSums.from_json(fields["rows"], SUMS, SIGNED)
        fits = state._lowest <= state._highest and state._largest_error >= 0
        if state.n_rows == 0 or state._has_sd is None:
            fits = state == cls()
        if not fits or (state.weight > 0) != (state.n_rows > 0):
            raise XentError("n_rows, weight and extremes of a regression state must fit.")
        return state

    def _check_sd(self, given: bool) -> None:
        if self._has_sd is not None and self._has_sd != given:
            raise XentError(
                f"sd must be given in all batches or in none; the first had "
                f"{'one' if self._has_sd else 'none'}."
            )

    def _add(
        self,
        truth: FloatArray,
        predicted: FloatArray,
        sd: FloatArray | None,
        weight: FloatArray | None,
    ) -> None:
        error = predicted - truth
        size = np.abs(error)
        self._largest_error = max(self._largest_error, float(size.max()))
        self._lowest = min(self._lowest, float(truth.min()))
        self._highest = max(self._highest, float(truth.max()))
        sums = self._sums
        sums.add_rows(truth.size, weight)
        sums.add_products("squared_error", error, error, weight)
        sums.add_products("squared_truth", truth, truth, weight)
        columns = {
            "error": error,
            "truth": truth,
            "absolute_error": size,
            "absolute_truth": np.abs(truth),
            # One NaN makes the mean NaN: what is undefined in a row is undefined over all.
            "relative_error": np.where(truth == 0, np.nan, size / np.abs(truth)),
            "symmetric_error": 2 * size / (np.abs(truth) + np.abs(predicted)),
            "squared_log_error": _squared_log_error(truth, predicted),
        }
        if sd is not None:
            columns["nll"] = np.square(error / sd) / 2 + np.log(sd) + LOG_2_PI / 2
            columns["gaussian_crps"] = np.maximum(gaussian_crps_rows(truth, predicted, sd), 0.0)
        for name, values in columns.items():
            sums.add(name, values, weight)

    def _share_left(self, squares: str, total: str | None) -> float:
        # 1 - (S - T^2 / W) / (variance of y times W), all in whole numbers: nothing cancels.
        sums = self._sums
        weight = sums.weight.units
        variance = sums["squared_truth"].units * weight - sums["truth"].units ** 2
        finite = all(math.isfinite(sums[name].value) for name in ("squared_truth", squares))
        if not self._lowest < self._highest or variance <= 0 or not finite:
            return math.nan
        left = sums[squares].units * weight - (sums[total].units ** 2 if total else 0)
        return rounded_quotient(variance - left, variance)


def _squared_log_error(truth: FloatArray, predicted: FloatArray) -> FloatArray:
    errors: FloatArray = np.square(np.log1p(truth) - np.log1p(predicted))
    errors[(truth <= -1) | (predicted <= -1)] = np.nan
    return errors


def _spread(y: object, sd: object, weight: object) -> FloatArray:
    given = np.asarray(sd)
    if given.ndim == 0 and given.dtype.kind in "iuf":
        given = np.full(np.asarray(y).shape[0], given)
    spread = real_rows(y, "sd", given, weight)[1]
    if spread.min() <= 0:
        raise XentError(f"sd must be positive, got {spread.min():g}. Give exp of a log sd.")
    return spread
