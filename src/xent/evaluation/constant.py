"""The constant predictor: it says the same of every row, fitted on the training part.

Every figure stands beside its value. The constant is the member of the model's own family with the
least mean negative log-likelihood: class shares, label shares, mean and standard deviation, median
and mean deviation, mean rate.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from xent.distributions import Laplace, MultiLabel, Poisson
from xent.errors import XentError, nearest_hint
from xent.evaluation.inputs import row_weights, weighted_mean, weighted_median

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xent.arrays import Array, FloatArray
    from xent.distributions import Distribution

__all__ = ["TASKS", "ConstantPredictor", "check_task", "fit_constant"]

TASKS = ("binary", "multiclass", "multilabel", "regression")


@dataclass(frozen=True)
class ConstantPredictor:
    """What is said of every row when nothing is known about it.

    Parameters
    ----------
    parameters : tuple of float
        The distribution's outputs (`z` of one row): logits, or location and log scale. A class that
        the training part does not hold has the logit -inf.
    """

    parameters: tuple[float, ...]

    def outputs(self, n_rows: int) -> FloatArray:
        """Return the outputs for `n_rows` rows, shape (n_rows, n_outputs): a read-only view."""
        return np.broadcast_to(np.array(self.parameters), (n_rows, len(self.parameters)))

    def to_json(self) -> dict[str, Any]:
        """Return what JSON can hold; an infinite logit is the string "inf" or "-inf"."""
        return {"parameters": [v if np.isfinite(v) else str(v) for v in self.parameters]}

    @classmethod
    def from_json(cls, description: Mapping[str, Any]) -> ConstantPredictor:
        """Read what `to_json` wrote, checking it.

        Raises
        ------
        XentError
            When the parameters are missing, or are anything but numbers.
        """
        values = description.get("parameters") if hasattr(description, "get") else None
        if not isinstance(values, list) or not values:
            raise XentError("the constant predictor must hold a list 'parameters' of numbers.")
        for value in values:
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            if not is_number and not (isinstance(value, str) and value in {"inf", "-inf"}):
                raise XentError(
                    f"the constant predictor's parameters must be numbers, got {value!r}."
                )
        try:
            parameters = tuple(float(value) for value in values)
        except OverflowError:
            raise XentError(
                "the constant predictor's parameters hold an integer too large to be one."
            ) from None
        if any(math.isnan(value) for value in parameters):
            raise XentError("the constant predictor's parameters must be numbers, got NaN.")
        return cls(parameters)


def fit_constant(
    task: str, y: object, *, distribution: Distribution, weight: object = None
) -> ConstantPredictor:
    """Fit the constant predictor on the training part.

    Parameters
    ----------
    task : {"binary", "multiclass", "multilabel", "regression"}
        What is predicted.
    y : array of shape (n,) or (n, n_labels)
        Targets of the training part, soft labels included.
    distribution : Distribution
        The model's own, without class weights, smoothing or other modifiers.
    weight : array of shape (n,), optional
        Weight a row.

    Returns
    -------
    ConstantPredictor

    Raises
    ------
    XentError
        When the task is unknown, or targets or weights do not fit.

    Examples
    --------
    >>> from xent.distributions import Bernoulli
    >>> fit_constant("binary", [1, 1, 1, 0, 0, 0], distribution=Bernoulli())
    ConstantPredictor(parameters=(0.0,))
    """
    check_task(task)
    targets = np.asarray(distribution.check_targets(y))
    kept = row_weights(weight, targets.shape[0])
    if kept is not None:
        targets, kept = targets[kept > 0], kept[kept > 0]
    if task == "regression":
        return ConstantPredictor(_locations(targets, kept, distribution))
    if task == "binary":
        return ConstantPredictor((_log_odds(weighted_mean(targets, kept)),))
    if task == "multiclass" and targets.ndim == 1:
        shares = np.bincount(targets, weights=kept, minlength=distribution.n_outputs)
        return ConstantPredictor(_logs(shares / shares.sum()))
    if getattr(distribution, "normalized", False):
        sums = targets.sum(axis=1, keepdims=True)
        targets = targets / np.where(sums > 0, sums, 1.0)
    shares = np.array([weighted_mean(column, kept) for column in targets.T])
    if isinstance(distribution, MultiLabel):
        return ConstantPredictor(tuple(_log_odds(share) for share in shares))
    return ConstantPredictor(_logs(shares / shares.sum()))


def check_task(task: str) -> None:
    """Refuse a task that does not exist, naming the nearest.

    Raises
    ------
    XentError
        When `task` is not one of `TASKS`.
    """
    if task not in TASKS:
        raise XentError(
            f"task must be one of {', '.join(TASKS)}, got {task!r}.{nearest_hint(str(task), TASKS)}"
        )


def _locations(
    targets: Array, weight: FloatArray | None, distribution: Distribution
) -> tuple[float, ...]:
    if isinstance(distribution, Poisson):
        return _logs(np.array([weighted_mean(targets, weight)]))
    if isinstance(distribution, Laplace):
        location = weighted_median(targets, weight)
        scale = weighted_mean(np.abs(targets - location), weight)
    else:
        location = weighted_mean(targets, weight)
        scale = weighted_mean(np.square(targets - location), weight) ** 0.5
    with np.errstate(divide="ignore"):
        return (location, float(np.log(scale)))[: distribution.n_outputs]


def _log_odds(share: float) -> float:
    with np.errstate(divide="ignore"):
        return float(np.log(share) - np.log1p(-share))


def _logs(shares: Array) -> tuple[float, ...]:
    with np.errstate(divide="ignore"):
        return tuple(float(value) for value in np.log(shares))
