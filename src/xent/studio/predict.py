"""Predictions over HTTP: models loaded once, requests that wait together computed together."""

from __future__ import annotations

import asyncio
import contextlib
import csv
import io
import json
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from xent.data import Table, read_table
from xent.data.delimited import parse_delimited
from xent.decisions import Decision
from xent.errors import XentError
from xent.runs.predictions import decisions, probabilities
from xent.runs.recalibrator_file import recalibrated
from xent.studio.rows import BadCellError, CheckedRows, check_rows, columns_of, table_of_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from xent.arrays import Array, FloatArray
    from xent.decisions import CostDecision
    from xent.evaluation.calibration import Recalibrator
    from xent.runs import Run
    from xent.studio.rows import Column
    from xent.studio.runs_index import RunsIndex

__all__ = ["Answer", "Predictor"]

MOST_ROWS: Final = 10_000
# that the model does not need
_MOST_OTHER_COLUMNS: Final = 1_000
_MOST_MODELS: Final = 8
# seconds; a request of the most rows takes well under one
_TIME_LIMIT: Final = 30.0


@dataclass(frozen=True)
class Answer:
    """What goes back: a status and a JSON object."""

    status: int
    body: bytes


@dataclass(frozen=True, eq=False)
class _Served:
    """A run's model with all that its predictions need, in memory."""

    stamp: tuple[Any, ...]
    run: Run
    columns: tuple[Column, ...]
    recalibrator: Recalibrator | None
    decision: Decision | CostDecision | None


@dataclass(frozen=True, eq=False)
class _Request:
    identifier: str
    body: bytes
    is_csv: bool
    future: asyncio.Future[Answer]


class Predictor:
    """Answers requests for predictions, in a thread of its own.

    Requests that come while others are computed wait, and are then computed as one table: a row costs far less in
    company.

    Parameters
    ----------
    index : RunsIndex
    """

    def __init__(self, index: RunsIndex) -> None:
        self._index = index
        self._models: OrderedDict[str, _Served] = OrderedDict()
        self._waiting: list[_Request] = []
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="predict")
        self._task: asyncio.Task[None] | None = None

    async def predict(self, identifier: str, body: bytes, *, is_csv: bool = False) -> Answer:
        """Return the predictions for the rows of a body, or what is wrong with them.

        Parameters
        ----------
        identifier : str
        body : bytes
            JSON: a list of objects, column to value. Or a CSV file.
        is_csv : bool
        """
        loop = asyncio.get_running_loop()
        request = _Request(identifier, body, is_csv, loop.create_future())
        self._waiting.append(request)
        if self._task is None or self._task.done():
            self._task = loop.create_task(self._work())
        try:
            return await asyncio.wait_for(request.future, _TIME_LIMIT)
        except TimeoutError:
            return _refusal(503, "the server is too busy: it took longer than 30 s")

    def close(self) -> None:
        """Let the thread go."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            # those who gave up, or left, are not worked for
            requests = [request for request in self._waiting if not request.future.done()]
            self._waiting = []
            try:
                answers = await loop.run_in_executor(self._thread, self._answers, requests)
            except Exception as error:  # noqa: BLE001 - whatever it is, those who wait are told now
                for request in requests:
                    if not request.future.done():
                        request.future.set_exception(error)
                continue
            for request, answer in zip(requests, answers, strict=True):
                if not request.future.done():
                    request.future.set_result(answer)

    def _answers(self, requests: Sequence[_Request]) -> list[Answer]:
        by_run: dict[str, list[int]] = {}
        for place, request in enumerate(requests):
            by_run.setdefault(request.identifier, []).append(place)
        answers: list[Answer] = [_refusal(500, "no answer")] * len(requests)
        for identifier, places in by_run.items():
            try:
                served = self._served(identifier)
                found = _answers_of(served, [requests[place] for place in places])
            except (XentError, OSError) as error:
                found = [_refusal(409, self._index.told(error))] * len(places)
            for place, answer in zip(places, found, strict=True):
                answers[place] = answer
        return answers

    def _served(self, identifier: str) -> _Served:
        """Return a run's model, read again only where a file of it changed."""
        folder = self._index.folder(identifier)
        files = (folder.record, folder.model, folder.encoder, folder.decision, folder.recalibrator)
        stamp = tuple(
            (found.st_mtime_ns, found.st_size) if path.exists() and (found := path.stat()) else None
            for path in files
        )
        known = self._models.get(identifier)
        if known is None or known.stamp != stamp:
            run = self._index.run(identifier)
            if run.encoder.n_features != run.model.engine.network.n_inputs:
                raise XentError(f"{identifier} is damaged: encoder and model do not fit.")
            columns = columns_of(run.encoder)
            known = _Served(stamp, run, columns, run.recalibrator, run.decision)
            self._models[identifier] = known
            if len(self._models) > _MOST_MODELS:
                self._models.popitem(last=False)
        self._models.move_to_end(identifier)
        return known


def _answers_of(served: _Served, requests: Sequence[_Request]) -> list[Answer]:
    asked = [_rows(served, request) for request in requests]
    good = [rows for rows in asked if not isinstance(rows, Answer)]
    results = iter(_predicted(served, good))
    return [rows if isinstance(rows, Answer) else next(results) for rows in asked]


def _rows(served: _Served, request: _Request) -> CheckedRows | Table | Answer:
    """Return a request's rows, checked, or what is wrong with them."""
    try:
        return (_csv_table if request.is_csv else _json_rows)(served, request.body)
    except BadCellError as error:
        return _refusal(422, str(error), row=error.row, column=error.column)
    except XentError as error:
        return _refusal(422, str(error))


def _json_rows(served: _Served, body: bytes) -> CheckedRows | Answer:
    try:
        rows = json.loads(body)
    except (ValueError, RecursionError) as error:
        return _refusal(400, f"the body is no JSON: {error}")
    if not isinstance(rows, list) or not rows:
        return _refusal(422, "a list of at least one row is needed, each an object of columns")
    if len(rows) > MOST_ROWS:
        return _refusal(413, f"at most {MOST_ROWS:,} rows at once, got {len(rows):,}")
    try:
        return check_rows(rows, served.columns, served.run.model.target.names)
    except RecursionError:  # a cell as deep as could just be read cannot be shown
        return _refusal(422, "a cell is a list or an object of many levels")


def _csv_table(served: _Served, body: bytes) -> Table | Answer:
    most_columns = len(served.columns) + _MOST_OTHER_COLUMNS
    if (n_columns := _n_columns(body)) > most_columns:
        return _refusal(413, f"at most {most_columns:,} columns, got {n_columns:,}")
    encoder = served.run.encoder
    table = read_table(
        parse_delimited(body, source="the file", text=encoder.text_columns), name="the file"
    )
    if table.n_rows > MOST_ROWS:
        return _refusal(413, f"at most {MOST_ROWS:,} rows at once, got {table.n_rows:,}")
    encoder.transform(table)  # names the row and the column that do not fit
    return table


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


def _predicted(served: _Served, asked: Sequence[CheckedRows | Table]) -> list[Answer]:
    if not asked:
        return []
    model = served.run.model
    with np.errstate(over="ignore", invalid="ignore"):
        z = model.engine.predict(_encoded(served, asked))
    bad = np.flatnonzero(~np.isfinite(z.reshape(len(z), -1)).all(axis=1))
    z[bad] = 0  # refused below; the others are not to suffer
    z = recalibrated(model, z, served.recalibrator)
    p, decided = probabilities(model, z), decisions(model, z, served.decision)
    answers, first = [], 0
    for held in asked:
        rows = slice(first, first + _n_rows(held))
        first = rows.stop
        broken = bad[(bad >= rows.start) & (bad < rows.stop)]
        if broken.size:
            row = int(broken[0]) - rows.start
            answers.append(
                _refusal(422, f"row {row}: its numbers are too large for the model", row=row)
            )
        else:
            answers.append(_answer(served, p[rows], decided[rows]))
    return answers


def _n_rows(held: CheckedRows | Table) -> int:
    return held.n_rows if isinstance(held, Table) else len(held)


def _encoded(served: _Served, asked: Sequence[CheckedRows | Table]) -> FloatArray:
    """Return the network's inputs for the rows of all requests, in their order.

    Rows of JSON go through the encoder together: it costs the same for one row as for a hundred.
    """
    encoder, dtype = served.run.encoder, served.run.model.engine.dtype
    together = [held for held in asked if isinstance(held, CheckedRows)]
    X: Iterator[FloatArray] = iter(())
    if together:
        table = table_of_rows(together, served.columns)
        ends = np.cumsum([len(held) for held in together])[:-1]
        X = iter(np.split(encoder.transform(table, dtype=dtype), ends))
    if len(together) == len(asked) == 1:
        return next(X)
    return np.concatenate(
        [
            encoder.transform(held, dtype=dtype) if isinstance(held, Table) else next(X)
            for held in asked
        ]
    )


def _answer(served: _Served, p: Array, decided: Array) -> Answer:
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


def _threshold(served: _Served) -> float | None:
    """Return the probability from which on a row is positive; None where no single one decides."""
    if served.run.model.task not in {"binary", "multilabel"}:
        return None
    if served.decision is None:
        return 0.5
    if not isinstance(served.decision, Decision):
        return None
    value = float(served.decision.threshold.value)
    return value if np.isfinite(value) else None


def _positive(served: _Served) -> str | None:
    positive = served.run.model.target.positive
    return None if positive is None else str(positive)


def _refusal(status: int, error: str, **where: Any) -> Answer:
    return Answer(status, json.dumps({"error": error, **where}).encode())
