"""Calibration errors of several classes: of the predicted one, and of each against the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from xent.evaluation.calibration.calibration_error import mean_gap_error
from xent.evaluation.inputs import check_probabilities, check_row_sums, class_rows

if TYPE_CHECKING:
    from xent.arrays import FloatArray, IntArray
    from xent.evaluation.calibration.calibration_error import CalibrationError

__all__ = [
    "ClassWiseCalibrationError",
    "class_wise_calibration_error",
    "top_label_calibration_error",
]


@dataclass(frozen=True)
class ClassWiseCalibrationError:
    """The mean over classes of each class's expected calibration error against the rest.

    Parameters
    ----------
    value, under_calibration, debiased : float
        Means over the classes.
    per_class : tuple of CalibrationError
        One a class, in the order of the columns.
    """

    value: float
    under_calibration: float
    debiased: float
    per_class: tuple[CalibrationError, ...]

    def __float__(self) -> float:
        return self.value

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "value": self.value,
            "under_calibration": self.under_calibration,
            "debiased": self.debiased,
            "per_class": [error.to_json() for error in self.per_class],
        }


def top_label_calibration_error(
    y: object,
    *,
    probabilities: object,
    n_bins: int = 15,
    bins: str = "equal_width",
    weight: object = None,
    n_simulations: int = 1000,
    random_state: int = 0,
) -> CalibrationError:
    """Return the predicted class's expected calibration error: is it right as often as it is sure.

    Parameters
    ----------
    y : array of shape (n,)
        Class codes 0..K-1.
    probabilities : array of shape (n, K)
        One column a class, rows that sum to 1. Of equal largest the first is predicted.
    n_bins, bins, weight, n_simulations, random_state
        As for `expected_calibration_error`.

    Raises
    ------
    XentError
        When the arrays do not fit, rows do not sum to 1, or a setting is out of range.

    References
    ----------
    Guo et al., On calibration of modern neural networks, ICML 2017, equation 3.

    Examples
    --------
    >>> p = [[0.8, 0.1, 0.1], [0.2, 0.6, 0.2]]
    >>> round(top_label_calibration_error([0, 2], probabilities=p, n_bins=2).value, 6)
    0.2
    """
    codes, p, kept = _class_rows(y, probabilities, weight)
    confidence = np.minimum(p.max(axis=1), 1.0)
    settings = (n_bins, bins, n_simulations, random_state)
    return mean_gap_error(p.argmax(axis=1) == codes, confidence, kept, settings)


def class_wise_calibration_error(
    y: object,
    *,
    probabilities: object,
    n_bins: int = 15,
    bins: str = "equal_width",
    weight: object = None,
    n_simulations: int = 1000,
    random_state: int = 0,
) -> ClassWiseCalibrationError:
    """Return each class's expected calibration error against the rest, and their mean.

    Parameters
    ----------
    y, probabilities, n_bins, bins, weight, n_simulations, random_state
        As for `top_label_calibration_error`.

    Raises
    ------
    XentError
        As `top_label_calibration_error`.

    References
    ----------
    Kull et al., Beyond temperature scaling, NeurIPS 2019.

    Examples
    --------
    >>> p = [[0.8, 0.1, 0.1], [0.2, 0.6, 0.2]]
    >>> error = class_wise_calibration_error([0, 2], probabilities=p, n_bins=2)
    >>> round(error.value, 6), len(error.per_class)
    (0.3, 3)
    """
    codes, p, kept = _class_rows(y, probabilities, weight)
    settings = (n_bins, bins, n_simulations, random_state)
    errors = tuple(
        mean_gap_error(codes == k, column, kept, settings) for k, column in enumerate(p.T)
    )
    value, under, debiased = (
        float(np.mean([getattr(error, name) for error in errors]))
        for name in ("value", "under_calibration", "debiased")
    )
    return ClassWiseCalibrationError(value, under, debiased, errors)


def _class_rows(
    y: object, probabilities: object, weight: object
) -> tuple[IntArray, FloatArray, FloatArray | None]:
    codes, given, kept = class_rows(y, "probabilities", probabilities, weight)
    return codes, check_row_sums(check_probabilities(given)), kept
