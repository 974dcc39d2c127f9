"""Predictions over HTTP: models loaded once, a few rows answered at once, many in a thread of their own."""

from __future__ import annotations

import asyncio
import contextlib
import csv
import io
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from xent.data import read_table
from xent.data.delimited import parse_delimited
from xent.decisions import Decision
from xent.errors import XentError
from xent.runs.predictions import decisions, probabilities
from xent.runs.recalibrator_file import recalibrated
from xent.studio.rows import BadCellError
from xent.studio.served_models import ModelShelf

if TYPE_CHECKING:
    from collections.abc import Callable

    from xent.arrays import Array, FloatArray
    from xent.studio.runs_index import RunsIndex
    from xent.studio.served_models import ServedModel

__all__ = ["Answer", "Predictor"]

MOST_ROWS: Final = 10_000
# that the model does not need
_MOST_OTHER_COLUMNS: Final = 1_000
# seconds; a request of the most rows takes well under one
_TIME_LIMIT: Final = 30.0
# what is answered at once: as much as takes about a millisecond, in bytes and in products of numbers
_SMALL_BODY: Final = 1 << 14
_SMALL_WORK: Final = 1 << 20


@dataclass(frozen=True)
class Answer:
    """What goes back: a status and a JSON object."""

    status: int
    body: bytes


class Predictor:
    """Answers requests for predictions.

    A few rows for a model at hand are answered where they come in: to hand them to a thread would cost more than they
    do. All else is done in a thread, one after another. An answer never depends on who asks at the same time.

    Parameters
    ----------
    index : RunsIndex
    """

    def __init__(self, index: RunsIndex) -> None:
        self._index, self._shelf = index, ModelShelf(index)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="predict")

    def check_run(self, identifier: str) -> None:
        """Refuse a run that is not there, before its rows are waited for.

        Raises
        ------
        RunNotFoundError
            When there is none of that name.
        """
        if self._shelf.at_hand(identifier) is None:
            self._index.folder(identifier)

    async def predict(self, identifier: str, body: bytes, *, is_csv: bool = False) -> Answer:
        """Return the predictions for the rows of a body, or what is wrong with them.

        Parameters
        ----------
        identifier : str
        body : bytes
            JSON: a list of objects, column to value. Or a CSV file.
        is_csv : bool
        """
        served = self._shelf.at_hand(identifier)
        # every row has its brace
        if (
            served is not None
            and not is_csv
            and len(body) <= _SMALL_BODY
            and body.count(b"{") * served.n_parameters <= _SMALL_WORK
            and served.lock.acquire(blocking=False)
        ):
            try:
                return _answer_of(served, body, _json_inputs)
            finally:
                served.lock.release()
        work = asyncio.get_running_loop().run_in_executor(
            self._thread, self._in_thread, identifier, body, is_csv
        )
        try:
            async with asyncio.timeout(_TIME_LIMIT):
                return await work
        except TimeoutError:
            return _refusal(503, "the server is too busy: it took longer than 30 s")

    def close(self) -> None:
        """Let the thread go."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _in_thread(self, identifier: str, body: bytes, is_csv: bool) -> Answer:
        try:
            served = self._shelf.model(identifier)
            with served.lock:
                return _answer_of(served, body, _csv_inputs if is_csv else _json_inputs)
        except (XentError, OSError) as error:
            return _refusal(409, self._index.told(error))


def _answer_of(
    served: ServedModel, body: bytes, read: Callable[[ServedModel, bytes], FloatArray | Answer]
) -> Answer:
    """Return the predictions for the rows of a body, or what is wrong with them."""
    try:
        X = read(served, body)
    except BadCellError as error:
        return _refusal(422, str(error), row=error.row, column=error.column)
    except XentError as error:
        return _refusal(422, str(error))
    return X if isinstance(X, Answer) else _predicted(served, X)


def _json_inputs(served: ServedModel, body: bytes) -> FloatArray | Answer:
    try:
        rows = json.loads(body)
    except (ValueError, RecursionError) as error:
        return _refusal(400, f"the body is no JSON: {error}")
    if not isinstance(rows, list) or not rows:
        return _refusal(422, "a list of at least one row is needed, each an object of columns")
    if len(rows) > MOST_ROWS:
        return _refusal(413, f"at most {MOST_ROWS:,} rows at once, got {len(rows):,}")
    try:
        checked = served.form.checked(rows)
    except RecursionError:  # a cell as deep as could just be read cannot be shown
        return _refusal(422, "a cell is a list or an object of many levels")
    return served.rows.encode(checked, served.run.model.engine.dtype)


def _csv_inputs(served: ServedModel, body: bytes) -> FloatArray | Answer:
    most_columns = len(served.form.columns) + _MOST_OTHER_COLUMNS
    if (n_columns := _n_columns(body)) > most_columns:
        return _refusal(413, f"at most {most_columns:,} columns, got {n_columns:,}")
    encoder = served.encoder
    table = read_table(
        parse_delimited(body, source="the file", text=encoder.text_columns), name="the file"
    )
    if table.n_rows > MOST_ROWS:
        return _refusal(413, f"at most {MOST_ROWS:,} rows at once, got {table.n_rows:,}")
    # names the row and the column that do not fit
    return encoder.transform(table, dtype=served.run.model.engine.dtype)


def _n_columns(body: bytes) -> int:
    """Return how many columns a CSV file has, by the separator that makes the most of its header.

    Reading a file takes far longer for its columns than for its rows: they are counted first.
    """
    found = 0
    for separator in ",;\t":
        stream = io.TextIOWrapper(io.BytesIO(body), "utf-8-sig", errors="replace", newline="")
        with stream, contextlib.suppress(csv.Error):
            found = max(found, len(next(csv.reader(stream, delimiter=separator), [])))
    return found


def _predicted(served: ServedModel, X: FloatArray) -> Answer:
    model = served.run.model
    with np.errstate(over="ignore", invalid="ignore"):
        z = model.engine.predict(X)
    bad = np.flatnonzero(~np.isfinite(z.reshape(len(z), -1)).all(axis=1))
    if bad.size:
        row = int(bad[0])
        return _refusal(422, f"row {row}: its numbers are too large for the model", row=row)
    z = recalibrated(model, z, served.recalibrator)
    return _answer(served, probabilities(model, z), decisions(model, z, served.decision))


def _answer(served: ServedModel, p: Array, decided: Array) -> Answer:
    target = served.run.model.target
    predictions: list[dict[str, Any]]
    if target.task == "regression":
        predictions = [{"decision": float(value), "mean": float(value)} for value in p]
    else:
        names = target.names if target.task == "multilabel" else tuple(map(str, target.classes))
        labels = decided.tolist()
        if target.task == "multilabel":
            labels = [dict(zip(names, row, strict=True)) for row in labels]
        predictions = [
            {"probabilities": dict(zip(names, row, strict=True)), "decision": label}
            for row, label in zip(p.tolist(), labels, strict=True)
        ]
    body = {"threshold": _threshold(served), "positive": _positive(served)}
    return Answer(200, json.dumps({**body, "predictions": predictions}, default=str).encode())


def _threshold(served: ServedModel) -> float | None:
    """Return the probability from which on a row is positive; None where no single one decides."""
    if served.run.model.task not in {"binary", "multilabel"}:
        return None
    if served.decision is None:
        return 0.5
    if not isinstance(served.decision, Decision):
        return None
    value = float(served.decision.threshold.value)
    return value if np.isfinite(value) else None


def _positive(served: ServedModel) -> str | None:
    positive = served.run.model.target.positive
    return None if positive is None else str(positive)


def _refusal(status: int, error: str, **where: Any) -> Answer:
    return Answer(status, json.dumps({"error": error, **where}).encode())
