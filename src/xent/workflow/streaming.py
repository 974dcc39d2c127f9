"""Binary predictions in a file of any size: one pass, batch by batch, in memory that does not grow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from xent.data.streams import column_batches
from xent.errors import XentError
from xent.evaluation.evaluations.figures import figure_records, figures_text
from xent.evaluation.intervals.decision_figures import DECISION_FIGURES, decision_interval
from xent.evaluation.intervals.estimate import Estimate
from xent.evaluation.states.binary_state import BinaryState

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from typing import Any

    from xent.arrays import Array
    from xent.workflow.prediction_files import PredictionColumns

__all__ = ["StreamedEvaluation", "evaluate_stream"]

_NEUTRAL = {"probabilities": 0.5, "logits": 0.0}


@dataclass(frozen=True)
class StreamedEvaluation:
    """The figures of a binary target that were gathered batch by batch.

    Attributes
    ----------
    n_rows : int
    figures : mapping of str to Estimate
    """

    n_rows: int
    figures: Mapping[str, Estimate]

    def to_json(self) -> dict[str, Any]:
        """Return every figure as plain values."""
        figures = {name: estimate.to_json() for name, estimate in self.figures.items()}
        return {"task": "binary", "n_rows": self.n_rows, "figures": figures}

    def to_records(self) -> list[dict[str, Any]]:
        """Return one record a figure, as `Evaluation.to_frame` has them."""
        return figure_records(self.figures)

    def __str__(self) -> str:
        return figures_text(self.figures, f"{self.n_rows:,} rows")


def evaluate_stream(
    path: str | Path, columns: PredictionColumns, *, level: float = 0.95
) -> StreamedEvaluation:
    """Judge the binary predictions of a Parquet, CSV or Arrow file of any size, exactly.

    Counts at every distinct score are kept sorted on disk, 8 to 12 bytes a row, and are gone when
    the figures are known; losses are summed without rounding. Shares have Wilson's interval.

    Parameters
    ----------
    path : path
    columns : PredictionColumns
        With ``probability``, ``logit`` or ``score``; labels must be 0 and 1, or numbers with
        ``positive``.
    level : float
        Of the intervals.

    Raises
    ------
    XentError
        When the file or a column does not fit, or the disk is full.
    """
    declared, name = _declared(columns)
    positive = _positive(columns)
    with BinaryState(spill=True) as state:
        for batch in _batches(path, columns, name):
            y = batch[columns.label]
            truth = y if positive is None else y == positive
            weight = None if columns.weight is None else batch[columns.weight]
            state.update(truth, weight=weight, **{declared: batch[name]})
        if state.n_rows == 0:
            raise XentError(f"{path} has no rows.")
        return StreamedEvaluation(state.n_rows, _figures(state, declared, level))


def _declared(columns: PredictionColumns) -> tuple[str, str]:
    given = {
        "probabilities": columns.probability,
        "logits": columns.logit,
        "scores": columns.score,
    }
    named = [(declared, name) for declared, name in given.items() if name is not None]
    if len(named) != 1:
        raise XentError("a stream needs exactly one of probability, logit and score.")
    if columns.group is not None or columns.cluster is not None:
        raise XentError("a stream has no groups and no clusters: leave out group and cluster.")
    return named[0]


def _positive(columns: PredictionColumns) -> float | None:
    if columns.positive is None:
        return None
    try:
        return float(columns.positive)
    except ValueError:
        raise XentError(
            f"labels of a stream must be numbers, got positive={columns.positive!r}."
        ) from None


def _batches(path: str | Path, columns: PredictionColumns, name: str) -> Iterator[dict[str, Array]]:
    names = [columns.label, name, *([columns.weight] if columns.weight is not None else [])]
    return column_batches(path, names)


def _figures(state: BinaryState, declared: str, level: float) -> dict[str, Estimate]:
    n = state.n_rows
    says_none = f"{declared} say no probability" if declared == "scores" else ""
    figures = {
        "log_loss": Estimate(state.log_loss, level=level, n=n, why=says_none),
        "brier": Estimate(state.brier, level=level, n=n, why=says_none),
        "auc": Estimate(state.auc, level=level, n=n),
        "average_precision": Estimate(state.average_precision, level=level, n=n),
    }
    why = {"auc": "one class is absent", "average_precision": "there is no positive row"}
    for name, reason in why.items():
        if np.isnan(figures[name].value):
            figures[name] = Estimate(float("nan"), level=level, n=n, why=reason)
    if declared not in _NEUTRAL:
        return figures
    counts = state.confusion(_NEUTRAL[declared])
    return figures | {
        name: decision_interval(counts, name, level=level) for name in DECISION_FIGURES
    }
