"""What charts are drawn from: a run with its rows, or labelled predictions from anywhere."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from xent.decisions import Decision
from xent.errors import XentError
from xent.evaluation.evaluations import evaluate

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from xent.arrays import Array, FloatArray, IntArray
    from xent.data import Table
    from xent.evaluation import Evaluation
    from xent.runs import Run
    from xent.workflow.prediction_files import LabelledPredictions

__all__ = ["PlotSource"]

NEUTRAL: Final = 0.5
FILE_COLUMN: Final = "file"


@dataclass(frozen=True, eq=False)
class PlotSource:
    """A run, or labelled predictions; what is asked of it is read when it is asked.

    Parameters
    ----------
    name : str
    given : Run or LabelledPredictions
    part : str, optional
        Of a run: "test" or "validation"; by default the test part where there is one.
    data : object, optional
        Of a run: the table that it was made from, where that has moved.
    """

    name: str
    given: Run | LabelledPredictions
    part: str | None = None
    data: object = None

    @property
    def run(self) -> Run:
        """The run.

        Raises
        ------
        XentError
            When the source is a table of predictions.
        """
        from xent.runs import Run

        if isinstance(self.given, Run):
            return self.given
        raise XentError(
            f"{self.name} is a table of predictions, and this figure needs a run: give a run's folder."
        )

    @cached_property
    def evaluation(self) -> Evaluation:
        """Every figure of the rows; thresholds are on probabilities, as in decisions."""
        from xent.runs import Run

        if not isinstance(self.given, Run):
            return self.given.evaluate(n_bootstrap=200)
        rows, model, truth = self.rows, self.given.model, self.truth
        weight = self.weight
        if model.task == "regression":
            return evaluate(truth, predictions=rows["mean"].to_numpy(), weight=weight)
        z = rows.select([name for name in rows.columns if name.startswith("z_")]).to_numpy()
        z = z.astype(np.float64)
        p = np.asarray(model.distribution.mean(z[:, 0] if model.task == "binary" else z))
        return evaluate(truth, probabilities=p, weight=weight, n_bootstrap=200)

    @cached_property
    def rows(self) -> pl.DataFrame:
        """The predictions of the part's rows.

        Raises
        ------
        XentError
            When the run is not finished, or has no such part.
        """
        predictions = self.run.predictions
        found = predictions["part"].unique().to_list()
        wanted = ("test", "validation") if self.part is None else (self.part,)
        part = next((name for name in wanted if name in found), None)
        if part is None:
            known = f"It has {' and '.join(sorted(found))} rows." if found else ""
            raise XentError(
                f"{self.run.folder} has no predictions of {' or '.join(wanted)} rows. {known} Train with a "
                f"{wanted[0]}_fraction above 0, or predict a labelled table with xent predict and plot that."
            )
        return predictions.filter(predictions["part"] == part)

    @cached_property
    def truth(self) -> Array:
        """The truth of the part's rows, coded as the model's outputs."""
        target = self.run.model.target
        if target.task == "multilabel":
            columns = [f"y_{name}" for name in target.names]
            return target.encode(self.rows.select(columns).to_numpy())
        return target.encode(self.rows["y"].to_numpy())

    @property
    def weight(self) -> FloatArray | None:
        """The weights of the part's rows; None where there are none."""
        if "weight" not in self.rows.columns:
            return None
        return self.rows["weight"].to_numpy().astype(np.float64)

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes or labels, the positive class last; empty for numbers."""
        from xent.runs import Run

        if not isinstance(self.given, Run):
            return tuple(map(str, self.given.classes))
        target = self.given.model.target
        return target.names if target.task == "multilabel" else tuple(map(str, target.classes))

    @property
    def decided_at(self) -> float:
        """The threshold that decides: the run's own, else 0.5. Infinite where one class is always decided."""
        from xent.runs import Run

        decision = self.given.decision if isinstance(self.given, Run) else None
        return float(decision.threshold.value) if isinstance(decision, Decision) else NEUTRAL

    @property
    def thresholds(self) -> dict[str, float]:
        """The threshold that was chosen for the run, to mark on an axis; an infinite one has no place there."""
        threshold = self.decided_at
        if threshold == NEUTRAL or not math.isfinite(threshold):
            return {}
        return {"decision": threshold}

    @cached_property
    def table(self) -> Table:
        """The table of the part's rows, read again.

        Raises
        ------
        XentError
            When it came from memory, is not there any more, or is another one by now.
        """
        run = self.run
        of_part = set(self.rows["part"].to_list())
        record = run.record.test if run.record.test is not None and of_part == {"test"} else None
        record = run.record.data if record is None else record
        source = record.path if self.data is None else self.data
        if source is None:
            raise XentError(
                f"the table of {run.folder} came from memory, and this figure needs its rows. Name a file of them "
                "with --data."
            )
        table = run.read(source)
        if table.fingerprint != record.fingerprint:
            raise XentError(
                f"{table.name} is not the table that {run.folder} was made from: their contents differ. Name the "
                "right one with --data."
            )
        return table

    @property
    def places(self) -> IntArray:
        """Where in the table the part's rows are."""
        return self.rows["row"].to_numpy().astype(np.int64)

    @cached_property
    def encoded(self) -> Array:
        """The part's rows as the network takes them, shape (n, n_inputs) or (n, channels, height, width)."""
        run = self.run
        return run.encoder.transform(self.table, self.places, dtype=run.model.engine.dtype)

    @property
    def pixels(self) -> Array:
        """The images of the whole table, shape (n_rows, channels, height, width), uint8.

        Raises
        ------
        XentError
            When the run learned from no images, or they are not there any more.
        """
        run = self.run
        if len(run.model.engine.network.row_shape) != 3:
            raise XentError(
                f"this figure needs images, and {run.folder} learned from a table's columns."
            )
        pixels = self.table.pixels
        if pixels is None or pixels.shape[1:] != run.model.engine.network.row_shape:
            raise XentError(
                f"{self.table.name} holds no images as {run.folder} takes them. Name the right source with --data."
            )
        return pixels

    @property
    def files(self) -> list[str]:
        """A name for each of the part's rows: that of its file, or its number."""
        for held in (self.rows, self.table.frame[self.places.tolist()]):
            if FILE_COLUMN in held.columns:
                return list(map(str, held[FILE_COLUMN].to_list()))
        return [f"row {place}" for place in self.places.tolist()]

    @property
    def features(self) -> dict[str, Sequence[int]]:
        """The inputs that belong to each column of the table."""
        encoder = self.run.column_encoder
        numeric = encoder.numeric
        found: dict[str, list[int]] = {name: [j] for j, name in enumerate(numeric.names)}
        for place, j in enumerate(numeric.indicator.tolist()):
            found[numeric.names[j]].append(len(numeric.names) + place)
        place = numeric.n_features
        for coding in encoder.categorical:
            found[coding.name] = list(range(place, place + coding.n_features))
            place += coding.n_features
        return {name: tuple(columns) for name, columns in found.items()}

    def as_task(self, *tasks: str) -> Any:
        """Return the evaluation of a target of one of these tasks.

        Raises
        ------
        XentError
            When the target is another.
        """
        if self.evaluation.task not in tasks:
            raise XentError(
                f"this figure needs a {' or '.join(tasks)} target, and that of {self.name} is "
                f"{self.evaluation.task}."
            )
        return self.evaluation
