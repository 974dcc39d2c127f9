"""What a loss does with outputs and targets, in plain numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import numpy as np

from xent.audits.exact_losses import Masses

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xent.arrays import FloatArray

__all__ = ["FORMS", "Reading", "Takes", "binary_masses", "class_masses"]

Takes: TypeAlias = Literal[
    "logits",
    "probabilities",
    "log probabilities",
    "probabilities of one label",
    "the mean",
    "nothing",
    "something else",
]

FORMS: Final = ("column", "codes", "one-hot", "labels")
LEAST_FIT: Final = 2e-4


@dataclass(frozen=True)
class Reading:
    """What a loss takes its outputs for.

    Attributes
    ----------
    family : {"binary", "classes", "unknown"}
        Every output on its own, or all of a row together.
    takes : str
    form : str
        Of the targets that it was probed with: one of `FORMS`.
    masses : mapping from int to Masses
        By label, where the loss is a log-likelihood: what one outcome counts. Empty where not.
    """

    family: str
    takes: Takes
    form: str
    masses: Mapping[int, Masses] = field(default_factory=dict)

    @property
    def is_log_likelihood(self) -> bool:
        """Whether the loss is a weighted log loss, and so has an exact form."""
        return set(self.masses) == {0, 1}


def binary_masses(logits: FloatArray, values: FloatArray) -> Masses | None:
    """Return the masses of a label and of the other one, or None where it is no log loss.

    Parameters
    ----------
    logits : array of shape (n,)
        Of the label.
    values : array of shape (n,)
        The loss there.

    Examples
    --------
    >>> z = np.linspace(-3, 3, 9)
    >>> binary_masses(z, 3 * np.log1p(np.exp(-z)))
    Masses(own=3.0, others=0.0)
    """
    yes = np.logaddexp(0.0, -logits)
    no = np.logaddexp(0.0, logits)
    # a constant: the other outputs of a row stand still
    return _fitted(np.column_stack([yes, no, np.ones(len(logits))]), values)


def class_masses(logits: FloatArray, truth: int, values: FloatArray) -> Masses | None:
    """Return the masses of the true class and of each other, or None where it is no log loss.

    Parameters
    ----------
    logits : array of shape (n, k)
    truth : int
    values : array of shape (n,)

    Examples
    --------
    >>> z = np.random.default_rng(0).normal(size=(20, 3))
    >>> log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    >>> smoothed = -0.9 * log_p[:, 1] - 0.1 / 3 * log_p.sum(axis=1)
    >>> masses = class_masses(z, 1, smoothed)
    >>> round(masses.own, 4), round(masses.others, 4)
    (0.9333, 0.0333)
    """
    top = logits.max(axis=1, keepdims=True)
    surprisals = np.log(np.exp(logits - top).sum(axis=1, keepdims=True)) + top - logits
    own = surprisals[:, truth]
    features = np.column_stack([own, surprisals.sum(axis=1) - own])
    return _fitted(features, values, logits.shape[1] - 1)


def _fitted(features: FloatArray, values: FloatArray, n_others: int = 1) -> Masses | None:
    if not np.isfinite(values).all():
        return None
    solution, *_ = np.linalg.lstsq(features, values, rcond=None)
    spread = float(np.ptp(values))
    residual = float(np.abs(features @ solution - values).max())
    own, others = float(solution[0]), float(solution[1])
    if spread == 0.0 or residual > LEAST_FIT * spread or own <= 0 or others < -LEAST_FIT * own:
        return None
    return Masses(_plain(own), 0.0 if abs(others) * n_others < LEAST_FIT * own else _plain(others))


def _plain(mass: float) -> float:
    """Return the simple number that rounding has moved: exact masses keep the comparison exact."""
    for denominator in range(1, 65):
        nearest = round(mass * denominator) / denominator
        if abs(nearest - mass) < 1e-5 * abs(mass):
            return nearest
    return mass
