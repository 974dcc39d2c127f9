"""Figures of states as estimates: with an interval where counts give one, with a bracket of bins."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from xent.evaluation.intervals.decision_figures import DECISION_FIGURES, decision_interval
from xent.evaluation.intervals.estimate import Estimate
from xent.evaluation.intervals.proportions import wilson
from xent.evaluation.matrix_intervals import matrix_interval

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xent.evaluation.confusion import ConfusionCounts
    from xent.evaluation.states import (
        BinaryState,
        BinnedState,
        Bracket,
        MulticlassState,
        MultilabelState,
        RegressionState,
    )

__all__ = [
    "binary_figures",
    "multiclass_figures",
    "multilabel_figures",
    "regression_figures",
]

NEUTRAL: Final = {"probabilities": 0.5, "logits": 0.0}
AVERAGED: Final = ("precision", "recall", "f1", "jaccard")
OF_MATRIX: Final = (
    "balanced_accuracy",
    "mcc",
    "kappa",
    "macro_precision",
    "macro_recall",
    "macro_f1",
    "macro_jaccard",
    "weighted_precision",
    "weighted_f1",
)
NUMBERS: Final = {
    "mae": "",
    "mse": "",
    "rmse": "",
    "mean_error": "",
    "max_error": "",
    "r2": "y is constant",
    "explained_variance": "y is constant",
    "mape": "y is 0 in a row",
    "smape": "y and prediction are both 0 in a row",
    "wape": "y is 0 in every row",
    "msle": "y or a prediction is -1 or less",
    "rmsle": "y or a prediction is -1 or less",
}


def binary_figures(
    state: BinaryState | BinnedState, declared: str, *, level: float, n_effective: float
) -> dict[str, Estimate]:
    """Return losses, areas, and the figures of a decision at probability 0.5.

    Parameters
    ----------
    state : BinaryState or BinnedState
        Exact areas, or areas in brackets.
    declared : {"probabilities", "logits", "scores"}
    level : float
    n_effective : float
        Effective number of rows where they have weights, else NaN.
    """
    n = state.n_rows
    says_none = f"{declared} say no probability" if declared == "scores" else ""
    figures = {
        "log_loss": Estimate(state.log_loss, level=level, n=n, why=says_none),
        "brier": Estimate(state.brier, level=level, n=n, why=says_none),
        "auc": _area(state.auc, "one class is absent", level, n),
        "average_precision": _area(state.average_precision, "there is no positive row", level, n),
    }
    if declared not in NEUTRAL:
        return figures
    counts = _neutral_counts(state, declared)
    return figures | {
        name: decision_interval(counts, name, level=level, n_effective=n_effective)
        for name in DECISION_FIGURES
    }


def multiclass_figures(
    state: MulticlassState, *, level: float, n_effective: float
) -> dict[str, Estimate]:
    """Return losses, figures of the most likely class, and areas in brackets."""
    n, one_class = state.n_rows, "every row is of one class, and a constant is never wrong"
    matrix = state.confusion_matrix
    accuracy = _share(state.accuracy, n, n_effective, level)
    figures = {
        "log_loss": _plain(state.log_loss, "", level, n),
        "brier": _plain(state.brier, "", level, n),
        "log_loss_skill": _plain(state.log_loss_skill, one_class, level, n),
        "brier_skill": _plain(state.brier_skill, one_class, level, n),
        "accuracy": accuracy,
        **{
            name: matrix_interval(matrix, name, level=level, n_effective=n_effective)
            for name in OF_MATRIX
        },
        # the recalls of the classes, weighted by their rows, are the accuracy
        "weighted_recall": accuracy,
    }
    if state.n_classes > 2:
        figures["top_2_accuracy"] = _share(state.top_k_accuracy(2), n, n_effective, level)
    why = "every class is absent, or alone"
    figures["macro_auc"] = _area(state.one_vs_rest_auc(), why, level, n)
    figures["macro_average_precision"] = _area(state.one_vs_rest_average_precision(), why, level, n)
    return figures


def multilabel_figures(
    state: MultilabelState, *, level: float, n_effective: float
) -> dict[str, Estimate]:
    """Return the figures of label sets at probability 0.5, log loss, and areas in brackets.

    Two empty sets are the same set, as in `MultilabelEvaluation`.
    """
    n = state.n_rows
    figures = {
        "log_loss": _plain(state.log_loss, "", level, n),
        "exact_match": _share(state.exact_match, n, n_effective, level),
        "zero_one_loss": _share(state.zero_one_loss, n, n_effective, level),
        "hamming_loss": _plain(state.hamming_loss, "", level, n),
    }
    for average in ("samples", "micro", "macro", "weighted"):
        empty = 1.0 if average == "samples" else math.nan
        figures |= {
            f"{average}_{name}": _plain(
                getattr(state, name)(average=average, undefined=empty),
                "no label is true or predicted",
                level,
                n,
            )
            for name in AVERAGED
        }
    why = "every label is the same in every row"
    figures["macro_auc"] = _area(state.auc(), why, level, n)
    figures["macro_average_precision"] = _area(
        state.average_precision(), "no row carries a label", level, n
    )
    return figures


def regression_figures(state: RegressionState, *, level: float) -> Mapping[str, Estimate]:
    """Return every figure of the errors of numbers."""
    return {
        name: _plain(getattr(state, name), why, level, state.n_rows)
        for name, why in NUMBERS.items()
    }


def _neutral_counts(state: BinaryState | BinnedState, declared: str) -> ConfusionCounts[float]:
    from xent.evaluation.states import BinnedState

    if isinstance(state, BinnedState):
        return state.neutral_counts
    return state.confusion(NEUTRAL[declared])


def _plain(value: float, why: str, level: float, n: int) -> Estimate:
    return Estimate(value, level=level, n=n, why=why if math.isnan(value) else "")


def _share(value: float, n: int, n_effective: float, level: float) -> Estimate:
    rows = n if math.isnan(n_effective) else n_effective
    return wilson(value * rows, rows, level=level)


def _area(area: float | Bracket, why: str, level: float, n: int) -> Estimate:
    if isinstance(area, float):
        return _plain(area, why, level, n)
    if math.isnan(area.middle):
        return Estimate(math.nan, level=level, n=n, why=why)
    return Estimate(
        area.middle,
        area.low,
        area.high,
        level=level,
        method="bracket",
        n=n,
        why="the bracket of the bins holds the exact figure of these rows for certain",
    )
