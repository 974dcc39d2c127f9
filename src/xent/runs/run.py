"""A run as a user holds it: what was trained, how good it is, and what it predicts."""

from __future__ import annotations

import dataclasses
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from xent.data import (
    ImageEncoder,
    ImageReading,
    check_weights,
    encoder_from_json,
    target_values,
)
from xent.engines.threads import blas_threads
from xent.errors import XentError
from xent.evaluation import Verdict, judge
from xent.evaluation.verdict_intervals import with_intervals
from xent.runs.curve_files import curve_epochs, read_curves
from xent.runs.decision_file import read_decision
from xent.runs.evaluation_file import Evaluation, read_evaluation
from xent.runs.folder import RunFolder, open_run_folder
from xent.runs.history_file import read_history
from xent.runs.model_file import Model, read_model
from xent.runs.predictions import (
    decisions,
    prediction_table,
    probabilities,
    read_predictions,
    recalibrated_predictions,
)
from xent.runs.reading import damaged, parse_json_object, read_text
from xent.runs.recalibrator_file import read_recalibrator, recalibrated
from xent.runs.record import RunRecord, read_record
from xent.runs.sources import read_source

if TYPE_CHECKING:
    from pathlib import Path

    from xent.arrays import Array, FloatArray
    from xent.data import Encoder, Table, TargetCoding
    from xent.decisions import CostDecision, Decision
    from xent.evaluation import PrCurve, RocCurve
    from xent.evaluation.calibration import Recalibrator
    from xent.training import History

__all__ = ["Run", "load_run"]


class Run:
    """A run folder, read as far as it is asked for; every file is checked when it is read.

    Parameters
    ----------
    files : RunFolder
    record : RunRecord
    module : torch.nn.Module, callable or str, optional
        The code of an own module.

    Examples
    --------
    >>> import xent, tempfile
    >>> settings = {"target": "target", "epochs": 3, "random_state": 0, "runs": tempfile.mkdtemp()}
    >>> run = xent.train("example:breast_cancer", **settings)
    >>> len(run.history), run.predict("example:breast_cancer").shape
    (3, (569,))
    """

    def __init__(self, files: RunFolder, record: RunRecord, module: object = None) -> None:
        self.files, self.record, self.module = files, record, module

    @property
    def folder(self) -> Path:
        """Where the run lies."""
        return self.files.path

    @property
    def settings(self) -> dict[str, Any]:
        """Every setting in force, under its name."""
        return dict(self.record.recipe)

    @property
    def status(self) -> str:
        """Running, finished, interrupted or failed."""
        return self.record.status

    @cached_property
    def history(self) -> History:
        """One record an epoch."""
        return read_history(self.files.history, self._expected(self.files.history))

    @property
    def verdict(self) -> Verdict:
        """Every figure of every part, beside the constant predictor's."""
        return self.evaluation.verdict

    @cached_property
    def evaluation(self) -> Evaluation:
        """The verdict, the constant predictor, and the linear baseline with its verdict."""
        self._need_finished()
        return read_evaluation(self.files.evaluation, self._expected(self.files.evaluation))

    @cached_property
    def model(self) -> Model:
        """The trained network with its distribution and classes."""
        self._need_finished()
        return read_model(self.files.model, self._expected(self.files.model), self.module)

    @cached_property
    def encoder(self) -> Encoder | ImageEncoder:
        """From a table's columns, or from images, to the network's inputs."""
        path = self.files.encoder
        document = parse_json_object(read_text(path, self._expected(path)), path)
        try:
            return encoder_from_json(document)
        except XentError as error:
            raise damaged(path, str(error).rstrip(".")) from None

    @property
    def column_encoder(self) -> Encoder:
        """The encoder of a run that learned from a table's columns; one of images has no such, and refuses."""
        encoder = self.encoder
        if isinstance(encoder, ImageEncoder):
            raise XentError(
                f"{self.folder} learned from images, which have no columns: this is for runs made from a table."
            )
        return encoder

    @cached_property
    def raw_predictions(self) -> pl.DataFrame:
        """predictions.parquet: what the network said of the rows that were held out, at the end of training."""
        self._need_finished()
        return read_predictions(self.files.predictions, self._expected(self.files.predictions))

    @property
    def predictions(self) -> pl.DataFrame:
        """The predictions for the rows that were held out, recalibrated where a recalibrator was fitted."""
        recalibrator = self.recalibrator
        if recalibrator is None:
            return self.raw_predictions
        return recalibrated_predictions(
            self.raw_predictions, self.model, recalibrator, self.decision
        )

    @property
    def recalibrator(self) -> Recalibrator | None:
        """What was fitted to make good for the network's probabilities (`xent recalibrate`), or None."""
        self._need_finished()
        return read_recalibrator(self.files.recalibrator, self.record.files[self.files.model.name])

    @property
    def decision(self) -> Decision | CostDecision | None:
        """The threshold or the costs that this run decides with (`xent threshold`), or None: then 0.5 is."""
        self._need_finished()
        return read_decision(self.files.decision, self.record.files[self.files.model.name])

    @property
    def curve_epochs(self) -> list[int]:
        """The epochs that have ROC and precision-recall curves."""
        return curve_epochs(self.files.curves)

    def curves(self, epoch: int) -> dict[str, tuple[RocCurve, PrCurve]]:
        """Return the ROC and the precision-recall curve of each class on the validation part at an epoch."""
        return read_curves(self.files.curves, epoch, self.record.files.get(f"curves/{epoch}.json"))

    def read(self, source: object) -> Table:
        """Return a table read as the training's was: what was text stays text.

        All methods take a source or such a table, so that a file need be read only once.
        """
        names = self.model.target.names if _is_text(self.model) else ()
        encoder = self.encoder
        if not isinstance(encoder, ImageEncoder):
            return read_source(source, text=(*encoder.text_columns, *names))
        column = self.settings.get("image_column")
        reading = ImageReading(
            (encoder.height, encoder.width),
            encoder.channels,
            skip_corrupt=self.settings.get("skip_corrupt") is True,
            # a run made from a table of files may be asked about a folder of them
            column=column if isinstance(column, str) else None,
        )
        return _labelled_as(read_source(source, text=names, images=reading), self.model.target)

    def predict(self, source: object) -> Array:
        """Return the decisions for the rows of a table.

        Parameters
        ----------
        source : path, data frame, array or mapping
            With the columns that the model was trained on; others are ignored. For a model of images: a folder or a
            zip of images, one image, IDX files, or arrays.

        Returns
        -------
        ndarray
            Classes in their own type, shape (n,); 0 or 1 for each label, shape (n, n_labels); or numbers, shape (n,).
            None stands for a row that a decision with a price of abstaining leaves to somebody else.
        """
        return decisions(self.model, self.logits(source), self.decision)

    def predict_proba(self, source: object) -> FloatArray:
        """Return the probability of each class or label, shape (n, k).

        Raises
        ------
        XentError
            When the target is a number.
        """
        if self.model.task == "regression":
            raise XentError("a regression has no classes, and so no probabilities. Use predict.")
        return probabilities(self.model, self.logits(source))

    def predict_table(self, source: object) -> pl.DataFrame:
        """Return the predictions as a table with the columns of predictions.parquet."""
        table = self.read(source)
        settings = self.settings
        names = self.model.target.names
        known = all(name in table.columns for name in names)
        weight, group = settings.get("weight"), settings.get("group")
        return prediction_table(
            self.model,
            self._logits(table),
            rows=np.arange(table.n_rows),
            part="new",
            y=target_values(table, names) if known else None,
            weight=table.frame[weight].to_numpy() if weight in table.columns else None,
            group=table.frame[group] if group in table.columns else None,
            file=_files_of(table, settings.get("image_column")),
            decision=self.decision,
        )

    def evaluate(self, source: object) -> Verdict:
        """Return the figures of the verdict on new, labelled rows.

        Raises
        ------
        XentError
            When the table lacks the target, or a label is no class of the model.
        """
        table = self.read(source)
        target, weight = self.model.target, self.settings.get("weight")
        missing = [name for name in target.names if name not in table.columns]
        if missing:
            raise XentError(
                f"{table.name} has no column {missing[0]!r}, the target; without labels use predict."
            )
        y, z = target.encode(target_values(table, target.names)), self._logits(table)
        weights, distribution = _weight_column(table, weight), self.model.distribution
        figures = judge(
            target.task,
            y,
            z,
            distribution=distribution,
            constant=self.evaluation.constant,
            weight=weights,
        )
        figures = with_intervals(
            figures, target.task, y, z, distribution=distribution, weight=weights
        )
        return Verdict(target.task, {"new data": figures})

    def activations(self, source: object) -> tuple[Array, ...]:
        """Return the output of every layer for the rows of a table, in the order of the network."""
        with blas_threads(self.record.n_threads):
            return self.model.engine.activations(self._encoded(self.read(source)))

    def logits(self, source: object) -> Array:
        """Return the parameters of the distribution, shape (n, n_outputs).

        The network's outputs, or what the run's recalibrator makes of them.
        """
        return self._logits(self.read(source))

    def notes(self, source: object) -> tuple[str, ...]:
        """Return, a line each, what to know about new rows: new categories, new missing values, known rows."""
        table = self.read(source)
        known = {data.fingerprint for data in (self.record.data, self.record.test) if data}
        novelties = self.encoder.novelties(table)
        if table.fingerprint not in known:
            return novelties
        seen = "is the table that the run was made from: figures on its training rows flatter"
        return (*novelties, f"{table.name} {seen}")

    def __repr__(self) -> str:
        return f"Run({str(self.folder)!r}, {self.status})"

    def __str__(self) -> str:
        record = self.record
        best = f", best epoch {record.best_epoch}" if record.best_epoch else ""
        lines = [f"{self.folder} ({self.status}): {record.task}, {record.n_epochs} epochs{best}"]
        if self.files.model.name in record.files:
            lines += ["", str(self.verdict)]
        return "\n".join(lines)

    def _encoded(self, table: Table) -> Array:
        X = self.encoder.transform(table, dtype=self.model.engine.dtype)
        if X.shape[1:] != self.model.engine.network.row_shape:
            raise damaged(
                self.files.encoder,
                "it does not belong to this model: their numbers of features differ",
            )
        return X

    def _logits(self, table: Table) -> Array:
        with blas_threads(self.record.n_threads):
            z = self.model.engine.predict(self._encoded(table))
        return recalibrated(self.model, z, self.recalibrator)

    def _expected(self, path: Path) -> str | None:
        return self.record.files.get(path.name)

    def _need_finished(self) -> None:
        if self.files.model.name not in self.record.files:
            why = f" ({self.record.stopped_because})" if self.record.stopped_because else ""
            module = self.record.recipe.get("module")
            code = "" if module is None else f" --module {module}"
            is_running = self.status == "running"  # or was, when it was killed
            cure = (
                "Wait for its end or, where it was killed, continue" if is_running else "Continue"
            )
            raise XentError(
                f"{self.folder} is not finished: its training is {self.status}{why}. "
                f"{cure} it with: xent train --resume {self.folder}{code}"
            )


def load_run(path: Path | str, module: object = None) -> Run:
    """Return the run in a folder.

    Parameters
    ----------
    path : path
        The run's folder.
    module : torch.nn.Module, callable or str, optional
        The code of a network that is an own module, needed to predict with it: the object, a function or class that
        makes it, or ``file.py:build``. No code is executed because a run folder names it.

    Raises
    ------
    XentError
        When it is no run folder, or its run.json is damaged or from a newer xent. The other files are checked
        when they are read.
    """
    files = open_run_folder(path)
    return Run(files, read_record(files), module)


def _is_text(model: Model) -> bool:
    return bool(model.target.classes) and isinstance(model.target.classes[0], str)


def _labelled_as(table: Table, target: TargetCoding) -> Table:
    """Return images with labels in the type of the classes: folders are texts, and IDX files hold numbers."""
    names = [name for name in target.names if name in table.columns]
    if not target.classes or not names or table.pixels is None:
        return table
    kind = pl.String if isinstance(target.classes[0], str) else pl.Int64
    columns = [table.frame[name].cast(kind, strict=False) for name in names]
    if any(column.null_count() > table.frame[column.name].null_count() for column in columns):
        return table  # other labels than numbers: evaluation names the first
    return dataclasses.replace(table, frame=table.frame.with_columns(columns))


def _files_of(table: Table, column: str | None) -> pl.Series | None:
    """Return the names of a table's images."""
    name = column if column in table.columns else "file"
    return None if table.pixels is None or name not in table.columns else table.frame[name]


def _weight_column(table: Table, name: str | None) -> FloatArray | None:
    if name is None or name not in table.columns:
        return None
    return check_weights(table.frame[name].to_numpy(), table.n_rows, name=f"weight {name!r}")
