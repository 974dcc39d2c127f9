"""The intervals of a verdict's figures."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from xent.distributions import MultiLabelSoftmax
from xent.evaluation.epoch_metrics import is_soft
from xent.evaluation.evaluations import uncertainty
from xent.evaluation.evaluations.binary import BinaryEvaluation
from xent.evaluation.evaluations.multiclass import MulticlassEvaluation
from xent.evaluation.evaluations.multilabel import MultilabelEvaluation
from xent.evaluation.evaluations.regression import RegressionEvaluation
from xent.evaluation.evaluations.rows import IntervalSettings, LabelledRows
from xent.evaluation.multiclass_ranking import class_log_odds
from xent.evaluation.verdict import PartFigures

if TYPE_CHECKING:
    from collections.abc import Callable

    from xent.arrays import Array, FloatArray
    from xent.distributions import Distribution
    from xent.evaluation.evaluations.evaluation import Evaluation

__all__ = ["with_intervals"]

# figures of the verdict that the evaluation knows under a longer name
_LONGER = {"median_ae": "median_absolute_error"}
_LOSSES = frozenset({"log_loss", "nll", "log_loss_row_sum"})


def with_intervals(
    figures: PartFigures,
    task: str,
    y: object,
    z: object,
    *,
    distribution: Distribution,
    weight: object = None,
    settings: IntervalSettings | None = None,
) -> PartFigures:
    """Return a part's figures with an interval for each that has one.

    Parameters
    ----------
    figures : PartFigures
        As `judge` made them, from the same rows.
    task, y, z, distribution, weight
        As for `judge`.
    settings : IntervalSettings, optional
        Level, replicates and seed.

    Examples
    --------
    >>> from xent.distributions import Bernoulli
    >>> from xent.evaluation import fit_constant, judge
    >>> y, z = np.array([0, 0, 1, 1] * 10), np.tile([-1.0, 0.5, 0.3, 2.0], 10)
    >>> constant = fit_constant("binary", y, distribution=Bernoulli())
    >>> part = judge("binary", y, z, distribution=Bernoulli(), constant=constant)
    >>> part = with_intervals(part, "binary", y, z, distribution=Bernoulli())
    >>> part["auc"].low < part["auc"].value < part["auc"].high
    True
    """
    truth, outputs = np.asarray(y), np.asarray(z, dtype=np.float64)
    kept = None if weight is None else np.asarray(weight, dtype=np.float64)
    if kept is not None and not kept.all():
        present = kept > 0
        truth, outputs, kept = truth[present], outputs[present], kept[present]
    settings = settings or IntervalSettings()
    losses = np.asarray(distribution.nll(outputs, truth), dtype=np.float64)
    per_row = {"nll": losses, "log_loss_row_sum": losses, "log_loss": losses}
    if task == "multilabel":
        per_row["log_loss"] = losses / truth.shape[1]
    soft = is_soft(task, truth)
    evaluation = None if soft else _evaluation(task, truth, outputs, kept, distribution, settings)
    found = {}
    for name, figure in figures.figures.items():
        estimate = None
        if name in _LOSSES:
            bounds = (-math.inf if task == "regression" else 0.0, math.inf)
            estimate = uncertainty.mean(per_row[name], kept, None, settings, bounds)
        elif evaluation is not None and _LONGER.get(name, name) in evaluation.figures:
            estimate = evaluation[_LONGER.get(name, name)]
        if estimate is None or not estimate.has_interval or np.isnan(figure.value):
            found[name] = figure
        else:
            found[name] = replace(figure, low=estimate.low, high=estimate.high)
    return PartFigures(figures.n_rows, found)


def _evaluation(
    task: str,
    y: Array,
    z: FloatArray,
    weight: FloatArray | None,
    distribution: Distribution,
    settings: IntervalSettings,
) -> Evaluation | None:
    if task == "regression":
        mean = np.asarray(distribution.mean(z), dtype=np.float64).reshape(-1)
        if not np.isfinite(mean).all():
            return None
        rows = LabelledRows(y.reshape(-1), mean, "predictions", weight)
        return RegressionEvaluation(rows, settings)
    declared, outputs = "logits", z.reshape(len(z), -1)
    if isinstance(distribution, MultiLabelSoftmax):
        # which labels are decided for follows from all outputs of a row; only its ranks are known
        declared, outputs = "scores", class_log_odds(z)
    kinds: dict[str, Callable[..., Evaluation]] = {
        "binary": BinaryEvaluation,
        "multiclass": MulticlassEvaluation,
        "multilabel": MultilabelEvaluation,
    }
    given: Any = outputs[:, 0] if task == "binary" else outputs
    return kinds[task](LabelledRows(y, given, declared, weight), settings)
