"""Predictions in a file of any size: one pass, batch by batch, in memory that does not grow."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from xent.errors import XentError
from xent.evaluation.evaluations.figures import figure_records, figures_text
from xent.evaluation.inputs import check_probabilities, check_row_sums, check_scores
from xent.evaluation.states import (
    BinaryState,
    BinnedState,
    ExactSum,
    MulticlassState,
    MultilabelState,
    RegressionState,
)
from xent.workflow.stream_columns import resolve_columns, row_batches
from xent.workflow.stream_figures import (
    binary_figures,
    multiclass_figures,
    multilabel_figures,
    regression_figures,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xent.arrays import Array
    from xent.evaluation.intervals.estimate import Estimate
    from xent.workflow.prediction_files import PredictionColumns
    from xent.workflow.stream_columns import StreamColumns, StreamedRows

__all__ = ["StreamedEvaluation", "evaluate_stream"]

State: TypeAlias = BinaryState | BinnedState | MulticlassState | MultilabelState | RegressionState


@dataclass(frozen=True)
class StreamedEvaluation:
    """The figures of predictions that were gathered batch by batch.

    Attributes
    ----------
    task : {"binary", "multiclass", "multilabel", "regression"}
    n_rows : int
        Those of weight 0 left out.
    classes : tuple of str
        Of the columns of predictions, or the labels; empty where there is one column.
    figures : mapping of str to Estimate
        Where the method is "bracket", low and high hold the exact figure for certain.
    """

    task: str
    n_rows: int
    classes: tuple[str, ...]
    figures: Mapping[str, Estimate]

    def to_json(self) -> dict[str, Any]:
        """Return every figure as plain values."""
        figures = {name: estimate.to_json() for name, estimate in self.figures.items()}
        return {
            "task": self.task,
            "n_rows": self.n_rows,
            "classes": list(self.classes),
            "figures": figures,
        }

    def to_records(self) -> list[dict[str, Any]]:
        """Return one record a figure, as `Evaluation.to_frame` has them."""
        return figure_records(self.figures)

    def __str__(self) -> str:
        return figures_text(self.figures, f"{self.n_rows:,} rows")


def evaluate_stream(
    path: str | Path,
    columns: PredictionColumns,
    *,
    level: float = 0.95,
    n_bins: int | None = None,
) -> StreamedEvaluation:
    """Judge the predictions of a Parquet, CSV or Arrow file of any size.

    Of one column of probabilities, logits or scores the areas are exact: counts at every distinct
    score are kept sorted on disk, 8 to 12 bytes a row, and are gone when the figures are known.
    With `n_bins`, and for several classes or labels, scores are counted in bins, and the areas lie
    in a bracket. All else is exact: counts are integers, losses are summed without rounding. Shares
    have Wilson's interval.

    Parameters
    ----------
    path : path
    columns : PredictionColumns
        With ``probability``, ``logit``, ``score`` or ``prediction``: one column for two classes,
        one a class (``p_*``) or a label, one of numbers.
    level : float
        Of the intervals.
    n_bins : int, optional
        A power of two: bins of the scores, or of those of each class or label.

    Raises
    ------
    XentError
        When the file or a column does not fit, or the disk is full.
    """
    found = resolve_columns(path, columns)
    state = _new_state(found, n_bins)
    squares = ExactSum()
    try:
        for batch in row_batches(path, found):
            try:
                _update(state, found, batch)
            except XentError as error:
                last = batch.first + len(batch.y)
                raise XentError(
                    f"{Path(path).name}, data rows {batch.first + 1} to {last}: {error}"
                ) from None
            if batch.weight is not None:
                kept = batch.weight[batch.weight > 0].astype(np.float64)
                squares.add_products(kept, kept)
        if state.n_rows == 0:
            raise XentError(f"{path} has no rows of positive weight.")
        # Kish's effective number of rows
        n_effective = state.weight**2 / squares.value if found.weight is not None else math.nan
        figures = _figures(state, found, level, n_effective)
        return StreamedEvaluation(found.task, state.n_rows, found.classes, figures)
    finally:
        if isinstance(state, BinaryState):
            state.close()


def _new_state(columns: StreamColumns, n_bins: int | None) -> State:
    bins = {} if n_bins is None else {"n_bins": n_bins}
    if columns.task == "regression":
        if bins:
            raise XentError("numbers have no scores to bin: leave out bins.")
        return RegressionState()
    if columns.task == "multiclass":
        return MulticlassState(len(columns.classes), **bins)
    if columns.task == "multilabel":
        return MultilabelState(len(columns.classes), **bins)
    return BinaryState(spill=True) if n_bins is None else BinnedState(n_bins=n_bins)


def _update(state: State, columns: StreamColumns, batch: StreamedRows) -> None:
    predicted = batch.predicted
    if columns.task == "binary" and predicted.ndim == 2:
        predicted = _second_of_two(predicted, columns.declared)
    update: Any = state.update
    update(batch.y, weight=batch.weight, **{columns.declared: predicted})


def _second_of_two(predicted: Array, declared: str) -> Array:
    if declared == "probabilities":
        check_row_sums(check_probabilities(predicted))
        return predicted[:, 1]
    # What the softmax of two logits depends on.
    with np.errstate(invalid="ignore"):
        return check_scores(predicted[:, 1].astype(np.float64) - predicted[:, 0], "logits")


def _figures(
    state: State, columns: StreamColumns, level: float, n_effective: float
) -> Mapping[str, Estimate]:
    if isinstance(state, RegressionState):
        return regression_figures(state, level=level)
    if isinstance(state, MulticlassState):
        return multiclass_figures(state, level=level, n_effective=n_effective)
    if isinstance(state, MultilabelState):
        return multilabel_figures(state, level=level, n_effective=n_effective)
    return binary_figures(state, columns.declared, level=level, n_effective=n_effective)
