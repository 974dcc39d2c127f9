"""Probabilities for another prevalence than the one a model was trained at."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from xent.distributions import Bernoulli, Categorical
from xent.errors import XentError
from xent.evaluation.calibration.recalibration import checked_logits
from xent.evaluation.inputs import row_weights

if TYPE_CHECKING:
    from xent.arrays import FloatArray

__all__ = ["PriorShift", "fit_prior_shift", "prior_shift", "undo_class_weights"]

LARGEST_N_STEPS = 10_000


@dataclass(frozen=True)
class PriorShift:
    """A constant added to the logit, or one to each class's logit.

    Parameters
    ----------
    offsets : tuple of float
        One for the positive class, or one a class; finite.

    Examples
    --------
    >>> PriorShift((1.0,)).apply([0.0, -2.0])
    array([ 1., -1.])
    """

    offsets: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.offsets or not all(math.isfinite(offset) for offset in self.offsets):
            raise XentError(f"offsets must be finite, at least one, got {self.offsets}.")

    def apply(self, logits: object) -> FloatArray:
        """Return the shifted logits, of the same shape."""
        z = checked_logits(logits, n_columns=len(self.offsets))
        return z + (self.offsets[0] if len(self.offsets) == 1 else np.array(self.offsets))

    def to_json(self) -> dict[str, Any]:
        """Return plain values, the kind among them."""
        return {"kind": "prior_shift", "offsets": list(self.offsets)}


def prior_shift(*, trained: object, target: object) -> PriorShift:
    """Shift from the prevalence a model was trained at to another: the odds by the ratio of odds.

    Parameters
    ----------
    trained, target : float, or sequence of K floats
        Prevalence of the positive class, or of every class; inside (0, 1).

    Raises
    ------
    XentError
        When a prevalence is outside (0, 1), class prevalences do not sum to 1, or both differ in
        length.

    References
    ----------
    Elkan, The foundations of cost-sensitive learning, IJCAI 2001, theorem 2.

    Examples
    --------
    >>> shift = prior_shift(trained=0.5, target=0.01)
    >>> shift.apply([0.0]).round(4)
    array([-4.5951])
    """
    old, new = _prevalences(trained, "trained"), _prevalences(target, "target")
    if old.shape != new.shape:
        raise XentError(f"target must have {old.size} prevalences as trained has, got {new.size}.")
    shift = _odds_logs(new) - _odds_logs(old)
    return PriorShift(tuple(shift.tolist()))


def undo_class_weights(class_weights: object) -> PriorShift:
    """Shift that gives back the probabilities which training with class weights distorts.

    A model trained with weight w_k on class k says q_k in proportion to w_k p_k.

    Parameters
    ----------
    class_weights : sequence of K floats
        Of class 0, class 1, ...; two make a binary shift. Positive.

    Raises
    ------
    XentError
        When there are fewer than two weights, or one is not positive.

    Examples
    --------
    >>> undo_class_weights([1.0, 20.0]).apply([0.0]).round(4)
    array([-2.9957])
    """
    weights = _vector(class_weights, "class_weights")
    if weights.size < 2 or not (np.isfinite(weights).all() and weights.min() > 0):
        raise XentError(
            f"class_weights must be two or more positive numbers, got {weights.tolist()}."
        )
    logs = np.log(weights)
    return PriorShift((float(logs[0] - logs[1]),) if logs.size == 2 else tuple((-logs).tolist()))


def fit_prior_shift(*, logits: object, trained: object, weight: object = None) -> PriorShift:
    """Estimate the prevalence of rows without labels from their logits, and shift to it.

    Expectation maximization of the new prevalence (Saerens, Latinne & Decaestecker 2002): right
    where the model is calibrated at `trained` and only the prevalence has moved.

    Parameters
    ----------
    logits : array of shape (n,), (n, 1) or (n, K)
        Of the positive class, or one column a class.
    trained : float, or sequence of K floats
        Prevalence in the training part.
    weight : array of shape (n,), optional
        Weight a row.

    Raises
    ------
    XentError
        When arrays do not fit, or the estimate runs into 0 or 1: the rows then show one class only.

    References
    ----------
    Saerens, Latinne & Decaestecker, Adjusting the outputs of a classifier to new a priori
    probabilities, Neural Computation 2002.

    Examples
    --------
    >>> fit_prior_shift(logits=[2.0, 1.0, -1.0, -1.5], trained=0.5).offsets[0].__round__(4)
    0.1813
    """
    old = _prevalences(trained, "trained")
    z = checked_logits(logits, n_columns=old.size)
    if z.shape[0] == 0:
        raise XentError("logits must have at least one row, got none.")
    kept = row_weights(weight, z.shape[0])
    w = np.full(z.shape[0], 1 / z.shape[0]) if kept is None else kept / kept.sum()
    base, shift = _odds_logs(old), np.zeros(old.size)
    for _ in range(LARGEST_N_STEPS):
        new = w @ _probabilities(z + shift, old.size)
        if new.min() < 1e-12 or (old.size == 1 and new.max() > 1 - 1e-12):
            break
        moved = _odds_logs(new) - base
        if np.max(np.abs(moved - shift)) < 1e-12:
            return PriorShift(tuple(moved.tolist()))
        shift = moved
    raise XentError(
        "logits show one class only, or settle on no prevalence: the estimate ran into its end. "
        "Give the prevalence yourself: prior_shift(trained=, target=)."
    )


def _probabilities(z: FloatArray, n_outputs: int) -> FloatArray:
    if n_outputs == 1:
        return np.asarray(Bernoulli().mean(z))[:, None]
    return np.asarray(Categorical(n_outputs).mean(z))


def _odds_logs(prevalences: FloatArray) -> FloatArray:
    logs = np.log(prevalences)
    return logs - np.log1p(-prevalences) if prevalences.size == 1 else logs


def _prevalences(values: object, name: str) -> FloatArray:
    given = _vector(values, name)
    if given.size == 0 or not np.all((given > 0) & (given < 1)):
        raise XentError(f"{name} must lie between 0 and 1, got {given.tolist()}.")
    if given.size > 1 and abs(given.sum() - 1) > 1e-6:
        raise XentError(f"{name} must sum to 1 over the classes, got {given.sum():g}.")
    return given


def _vector(values: object, name: str) -> FloatArray:
    try:
        return np.atleast_1d(np.asarray(values, dtype=np.float64)).reshape(-1)
    except (TypeError, ValueError):
        raise XentError(
            f"{name} must be a number or a sequence of numbers, got {values!r}."
        ) from None
