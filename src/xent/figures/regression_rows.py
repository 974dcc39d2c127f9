"""Truth and prediction of a target that is a number, from an evaluation or from arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from xent.errors import XentError
from xent.evaluation import RegressionEvaluation
from xent.evaluation.inputs import real_rows

if TYPE_CHECKING:
    from xent.arrays import FloatArray

__all__ = ["RegressionRows", "regression_rows"]

RegressionRows: TypeAlias = "tuple[FloatArray, FloatArray, FloatArray | None]"


def regression_rows(y: object, predictions: object, weight: object) -> RegressionRows:
    """Return truth, prediction and weight of the rows whose weight is not zero.

    Parameters
    ----------
    y : RegressionEvaluation, or array of shape (n,)
    predictions, weight : array of shape (n,), optional
        With the truth as an array only.

    Raises
    ------
    XentError
        When both are given, neither is, or the arrays do not fit or are not finite.

    Examples
    --------
    >>> truth, predicted, weight = regression_rows([1, 2], [1.5, 2.5], [1, 0])
    >>> truth.tolist(), predicted.tolist(), weight.tolist()
    ([1.0], [1.5], [1.0])
    """
    if isinstance(y, RegressionEvaluation):
        if predictions is not None or weight is not None:
            raise XentError(
                "predictions and weight must be left out beside an evaluation: it has its own."
            )
        return y.truth, y.predicted, y.rows.weight
    if predictions is None:
        raise XentError(
            "predictions must be given beside an array of truth. Or give an evaluation of numbers: "
            "evaluate(y, predictions=...)."
        )
    return real_rows(y, "predictions", predictions, weight)
