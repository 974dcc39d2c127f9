"""The doctor's look at predictions: of two classes, several, of labels, of numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from xent.diagnosis.binary_visit import diagnose_two_classes
from xent.diagnosis.class_visit import diagnose_classes
from xent.diagnosis.label_visit import diagnose_labels
from xent.diagnosis.regression_visit import diagnose_numbers
from xent.errors import XentError
from xent.evaluation.inputs import (
    binary_rows,
    check_scores,
    class_rows,
    label_rows,
    real_rows,
    row_pair,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xent.arrays import FloatArray
    from xent.diagnosis.finding import Diagnosis

__all__ = ["diagnose_predictions"]

ALPHA = 1e-3


def diagnose_predictions(
    y: object,
    *,
    probabilities: object = None,
    logits: object = None,
    scores: object = None,
    predictions: object = None,
    low: object = None,
    high: object = None,
    level: float = 0.95,
    names: Sequence[object] | None = None,
    weight: object = None,
) -> Diagnosis:
    """Return what looks wrong with predictions, the most basic first.

    Parameters
    ----------
    y : array of shape (n,) or (n, L)
        Truth: 0 and 1; class codes where there is a column a class; a 0/1 column a label; numbers.
    probabilities, logits : array of shape (n,), (n, K) or (n, L)
        Of the positive class, or one column a class or label.
    scores : array of shape (n,) or (n, L)
        Of the positive class or the labels; only their order matters.
    predictions : array of shape (n,)
        Predicted numbers. Exactly one of these four must be given.
    low, high : array of shape (n,), optional
        Ends of intervals of predicted numbers.
    level : float
        Share of the targets that the intervals are to hold.
    names : sequence, optional
        Of the classes, the positive one last where there are two, or of the labels; their places if not given.
    weight : array of shape (n,), optional
        Rows of weight 0 are left out; of the others the weight is not looked at.

    Raises
    ------
    XentError
        When the arrays do not fit each other, or a prediction is NaN.

    Examples
    --------
    >>> diagnose_predictions([0, 1, 1], probabilities=[-2.0, 0.5, 3.0]).findings[0].check
    'logits as probabilities'
    >>> y = np.linspace(1, 1000, 400)
    >>> diagnose_predictions(y, predictions=np.log(y)).findings[0].check
    'other scale'
    """
    given = {
        "probabilities": probabilities,
        "logits": logits,
        "scores": scores,
        "predictions": predictions,
    }
    named = [(name, values) for name, values in given.items() if values is not None]
    if len(named) != 1:
        raise XentError(f"exactly one of {', '.join(given)} must be given, got {len(named)}.")
    ((name, values),) = named
    if name == "predictions":
        return _numbers(y, values, (low, high), level, weight)
    if low is not None or high is not None:
        raise XentError(f"low and high belong to predictions of numbers, got them with {name}.")
    truth_shape, shape = np.asarray(y).shape, np.asarray(values).shape
    if len(truth_shape) == 2 and truth_shape[1] > 1:
        truth, seen, _ = label_rows(y, name, values, weight)
        checked = check_scores(seen, name).astype(np.float64)
        return diagnose_labels(truth, checked, name, _names(names, shape[1]), ALPHA)
    if len(shape) == 2 and shape[1] > 1:
        if name == "scores":
            raise XentError(
                "scores must have shape (n,); of a column a class give probabilities= or logits=."
            )
        codes, seen, _ = class_rows(y, name, values, weight)
        return diagnose_classes(
            codes, _finite(seen.astype(np.float64), name), name, _names(names, shape[1]), ALPHA
        )
    truth, seen, _ = binary_rows(y, name, values, weight)
    checked = check_scores(seen, name).astype(np.float64)
    return diagnose_two_classes(truth, checked, name, _names(names, 2), ALPHA)


def _numbers(
    y: object, values: object, ends: tuple[object, object], level: float, weight: object
) -> Diagnosis:
    truth, predicted, _ = real_rows(y, "predictions", values, weight)
    low, high = ends
    if (low is None) != (high is None):
        missing = "low" if low is None else "high"
        raise XentError(f"{missing} must be given too: an interval has two ends.")
    if not 0 < level < 1:
        raise XentError(f"level must lie between 0 and 1, got {level:g}.")
    interval = None
    if low is not None:
        # each end against the truth, so that all three lose the same rows
        interval = (_end(y, "low", low, weight), _end(y, "high", high, weight))
    return diagnose_numbers(truth, predicted, interval, level, ALPHA)


def _end(y: object, name: str, values: object, weight: object) -> FloatArray:
    """Return one end of the intervals; it may be infinite."""
    _, end, _ = row_pair(y, name, values, weight)
    return check_scores(end, name).astype(np.float64)


def _names(names: Sequence[object] | None, n_columns: int) -> list[str]:
    if names is None:
        return [str(place) for place in range(n_columns)]
    if len(names) != n_columns:
        raise XentError(f"names must be {n_columns}, one a class or label, got {len(names)}.")
    return [str(name) for name in names]


def _finite(values: FloatArray, name: str) -> FloatArray:
    if np.isposinf(values).any():
        raise XentError(f"{name} of several classes must be below infinity, got inf.")
    return values
