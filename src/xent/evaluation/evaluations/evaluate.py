"""evaluate: labelled predictions in, every figure of their task with its interval out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from xent.errors import XentError, nearest_hint
from xent.evaluation.evaluations.binary import BinaryEvaluation
from xent.evaluation.evaluations.compare import compare_evaluations
from xent.evaluation.evaluations.multiclass import MulticlassEvaluation
from xent.evaluation.evaluations.multilabel import MultilabelEvaluation
from xent.evaluation.evaluations.regression import RegressionEvaluation
from xent.evaluation.evaluations.rows import (
    DECLARED,
    IntervalSettings,
    LabelledRows,
    labelled_rows,
)

if TYPE_CHECKING:
    from xent.evaluation.evaluations.compare import Comparison
    from xent.evaluation.evaluations.evaluation import Evaluation

__all__ = ["compare", "evaluate"]


def evaluate(
    y: object,
    *,
    probabilities: object = None,
    logits: object = None,
    scores: object = None,
    labels: object = None,
    predictions: object = None,
    weight: object = None,
    group: object = None,
    cluster: object = None,
    level: float = 0.95,
    n_bootstrap: int = 1000,
    random_state: int = 0,
) -> Evaluation:
    """Judge labelled predictions from anywhere.

    The shapes say the task: one number a row is a binary target, one column a class with codes in
    `y` is one of several classes, a matrix `y` of 0 and 1 is several labels, and `predictions` are
    of a real target. Two columns of probabilities or logits for a 0/1 target are binary too.

    Parameters
    ----------
    y : array of shape (n,), (n, 1) or (n, n_labels)
        Truth: 0/1, class codes from 0, a 0/1 column a label, or numbers.
    probabilities, logits, scores, labels, predictions : array
        Exactly one of them. What it cannot give (a log loss from scores) is NaN with its reason.
    weight : array of shape (n,), optional
        Weight a row; rows of weight 0 vanish.
    group : array of shape (n,), optional
        Names for `Evaluation.by_group`.
    cluster : array of shape (n,), optional
        Rows of one cluster are not independent: intervals are made from clusters.
    level : float
        Of the intervals.
    n_bootstrap, random_state : int
        Replicates and seed where the bootstrap serves; 0 replicates leave those figures without an
        interval.

    Returns
    -------
    BinaryEvaluation, MulticlassEvaluation, MultilabelEvaluation or RegressionEvaluation

    Raises
    ------
    XentError
        When the arrays do not fit each other or their declaration.

    Examples
    --------
    >>> e = evaluate([0, 0, 1, 1], probabilities=[0.1, 0.4, 0.35, 0.8])
    >>> e.auc.value, e.at(0.35).precision.value
    (0.75, 0.6666666666666666)
    """
    given = {
        "probabilities": probabilities,
        "logits": logits,
        "scores": scores,
        "labels": labels,
        "predictions": predictions,
    }
    rows = labelled_rows(y, given, weight=weight, group=group, cluster=cluster)
    settings = IntervalSettings(level, n_bootstrap, random_state)
    if rows.declared == "predictions":
        return RegressionEvaluation(rows, settings)
    if rows.y.ndim == 2 and rows.y.shape[1] > 1:
        return MultilabelEvaluation(rows, settings)
    n_columns = rows.predicted.shape[1] if rows.predicted.ndim == 2 else 1
    if n_columns == 2 and rows.declared in {"probabilities", "logits"}:
        return BinaryEvaluation(_of_two_columns(rows), settings)
    if n_columns > 1 or (rows.declared == "labels" and _has_classes(rows)):
        return MulticlassEvaluation(rows, settings)
    return BinaryEvaluation(rows, settings)


def compare(
    y: object,
    *,
    a: object,
    b: object,
    declared: str = "probabilities",
    weight: object = None,
    cluster: object = None,
    level: float = 0.95,
) -> Comparison:
    """Compare two models' predictions of the same rows, paired: is b better, by how much, how sure.

    Parameters
    ----------
    y : array
        Truth, as for `evaluate`.
    a, b : array
        The predictions of the two models.
    declared : {"probabilities", "logits", "scores", "labels", "predictions"}
        What both are.
    weight, cluster : array of shape (n,), optional
    level : float
        Of the intervals.

    Raises
    ------
    XentError
        When the arrays do not fit each other or their declaration.

    Examples
    --------
    >>> y = [0, 0, 0, 1, 1, 1]
    >>> c = compare(y, a=[0.1, 0.4, 0.6, 0.3, 0.8, 0.9], b=[0.1, 0.2, 0.3, 0.6, 0.7, 0.9])
    >>> c["accuracy"].a.__round__(4), c["accuracy"].b
    (0.6667, 1.0)
    """
    if declared not in DECLARED:
        raise XentError(
            f"declared must be one of {', '.join(DECLARED)}, got {declared!r}."
            f"{nearest_hint(str(declared), DECLARED)}"
        )
    given: list[dict[str, Any]] = [{declared: predicted} for predicted in (a, b)]
    first, second = (
        evaluate(y, weight=weight, cluster=cluster, level=level, **predicted) for predicted in given
    )
    return compare_evaluations(first, second)


def _has_classes(rows: LabelledRows) -> bool:
    return any(
        values.dtype.kind in "iuf" and bool(np.any((values != 0) & (values != 1)))
        for values in (rows.y, rows.predicted)
    )


def _of_two_columns(rows: LabelledRows) -> LabelledRows:
    """Return the second class's probability, or the difference of the logits, of two columns."""
    # the classes' own checks: codes 0 and 1, rows that sum to 1
    MulticlassEvaluation(rows, IntervalSettings())
    first, second = rows.predicted[:, 0], rows.predicted[:, 1]
    if rows.declared == "probabilities":
        return LabelledRows(rows.y, second, "probabilities", rows.weight, rows.group, rows.cluster)
    with np.errstate(invalid="ignore"):
        margin = second.astype(np.float64) - first
    if np.isnan(margin).any():
        raise XentError("logits must not be the same infinity in both columns.")
    return LabelledRows(rows.y, margin, "logits", rows.weight, rows.group, rows.cluster)
