"""What is wrong with a table that is to be learned from: leaks, copies, drift, targets, useless columns."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING

import numpy as np

from xent.diagnosis.finding import Diagnosis, Finding
from xent.diagnosis.table_columns import Column, coded, read_columns
from xent.diagnosis.table_differences import drift_findings
from xent.diagnosis.table_leaks import class_leaks, number_leaks
from xent.diagnosis.table_rows import (
    coded_targets,
    contradicting_labels,
    contradicting_numbers,
    copies_across_parts,
    future_in_training,
    groups_across_parts,
)
from xent.diagnosis.table_targets import (
    constant_target,
    exclusive_labels,
    heavy_tails,
    imbalance,
    piled_targets,
    repeated_labels,
)
from xent.diagnosis.visit import Visit
from xent.errors import XentError, nearest_hint
from xent.evaluation import TASKS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from xent.arrays import Array, FloatArray

__all__ = ["diagnose_table"]

NAMES_ROWS = 50
EMPTY = 0.95
DRIFT_CURE = "is the split by time or source? Figures on one part then say little of the other"
TIME_CURE = (
    "train on the newest rows, judge on later ones, and watch this column once the model is in use"
)
MISSING_CURE = (
    "rows without a target are unlike those with one: what is learned may not hold for them; "
    "weight the rows, or find the targets"
)


def diagnose_table(
    columns: Mapping[str, object],
    y: object,
    *,
    task: str = "multiclass",
    part: object = None,
    group: object = None,
    time: object = None,
    names: Sequence[object] | None = None,
) -> Diagnosis:
    """Return what looks wrong with features and targets, the most basic first.

    Parameters
    ----------
    columns : mapping of name to array of shape (n,)
        Features: numbers, booleans or text; missing is NaN or None.
    y : array of shape (n,), or (n, L) for several labels
        Class codes, a 0/1 column a label, or numbers; NaN where the target is unknown.
    task : str
        "binary", "multiclass", "multilabel" or "regression".
    part : array of shape (n,), optional
        Which part a row belongs to, such as "training" or "test".
    group : array of shape (n,), optional
        Whose row it is: a patient, a site.
    time : array of shape (n,), optional
        When the row was made, anything that can be sorted.
    names : sequence, optional
        Of the classes in the order of their codes, or of the labels; codes and places if not given.

    Raises
    ------
    XentError
        When a column has another length, there are no rows, or no row has a target.

    Examples
    --------
    >>> y = np.arange(200) % 2
    >>> diagnose_table({"x": np.arange(200) % 7, "paid": y * 3.0}, y).findings[0].check
    'leak'
    >>> price = np.exp(np.linspace(0, 9, 200))
    >>> diagnose_table({"log_price": np.log(price)}, price, task="regression").findings[0].check
    'leak'
    """
    truth = _targets(y, task)
    _check_names(names, truth, task)
    read = read_columns(columns, len(truth))
    known: Array = np.isnan(truth.reshape(len(truth), -1)).sum(axis=1) == 0
    if not known.any():
        raise XentError("y must have at least one known target, got none.")
    parts, groups, times = (
        None if values is None else _sorted_names(values, name, len(truth))
        for name, values in (("part", part), ("group", group), ("time", time))
    )
    visit = Visit()
    visit.look_for_all(
        "missing targets",
        lambda: drift_findings(
            "missing targets", read, known, "between rows with and without a target", MISSING_CURE
        ),
        "" if not known.all() else "every row has a target",
    )
    rows = [column.of_rows(known) for column in read]
    _look_at_targets(visit, rows, truth[known], task, names)
    _look_at_parts(visit, rows, truth[known], *(_of(known, x) for x in (parts, groups, times)))
    _look_at_columns(visit, rows)
    return visit.diagnosis()


def _look_at_targets(
    visit: Visit, rows: list[Column], y: FloatArray, task: str, names: Sequence[object] | None
) -> None:
    visit.look("constant target", lambda: constant_target(coded_targets(y)))
    if task == "regression":
        visit.look_for_all("leak", lambda: number_leaks(rows, y))
        visit.look("contradicting targets", lambda: contradicting_numbers(rows, y))
        visit.look("heavy tails", lambda: heavy_tails(y))
        visit.look("piled targets", lambda: piled_targets(y))
        return
    if task == "multilabel":
        labels = [str(name) for name in (range(y.shape[1]) if names is None else names)]
        visit.look("exclusive labels", lambda: exclusive_labels(y))
        visit.look_for_all("repeated labels", lambda: repeated_labels(y, labels))
        visit.look_for_all("leak", lambda: _label_leaks(rows, y, labels))
        visit.look("contradicting labels", lambda: contradicting_labels(rows, y))
        return
    visit.look_for_all("leak", lambda: class_leaks(rows, y))
    visit.look("contradicting labels", lambda: contradicting_labels(rows, y))
    classes = None if names is None else [str(name) for name in names]
    visit.look("imbalance", lambda: imbalance(y, classes))


def _look_at_parts(
    visit: Visit,
    rows: list[Column],
    y: FloatArray,
    parts: tuple[Array, Array] | None,
    groups: tuple[Array, Array] | None,
    times: tuple[Array, Array] | None,
) -> None:
    no_part = "no part was given" if parts is None else ""
    no_group = "no group was given" if groups is None else ""
    no_time = "no time was given" if times is None else ""
    _, part = parts or (np.zeros(1), np.zeros(len(y), dtype=np.int64))
    group_names, group = groups or (np.zeros(1), part)
    _, time = times or (np.zeros(1), part)
    is_training = _training_rows(*parts) if parts else part == 0
    everything = [*rows, *_targets_as_columns(y)]
    visit.look("copies across parts", lambda: copies_across_parts(rows, y, part), no_part)
    visit.look(
        "groups across parts",
        lambda: groups_across_parts(group, group_names, part),
        no_part or no_group,
    )
    visit.look(
        "future in training", lambda: future_in_training(time, is_training), no_part or no_time
    )
    drift = functools.partial(drift_findings, columns=everything)
    visit.look_for_all(
        "drift",
        lambda: drift("drift", one=is_training, between="between the parts", cure=DRIFT_CURE),
        no_part,
    )
    late = time > np.median(time)
    visit.look_for_all(
        "drift over time",
        lambda: drift(
            "drift over time",
            one=late,
            between="between the later half and the earlier",
            cure=TIME_CURE,
        ),
        no_time,
    )


def _look_at_columns(visit: Visit, rows: list[Column]) -> None:
    visit.look_for_all("constant column", lambda: _constant_columns(rows))
    visit.look_for_all("empty column", lambda: _empty_columns(rows))
    visit.look_for_all("column of row names", lambda: _row_names(rows))


def _constant_columns(rows: list[Column]) -> list[Finding]:
    return [
        Finding(
            "constant column",
            0.0,
            f"{column.called} has one value in all rows",
            "leave it out",
            {"column": column.name},
        )
        for column in rows
        if column.n_values == 1 and len(column.codes) > 1
    ]


def _empty_columns(rows: list[Column]) -> list[Finding]:
    found = []
    for column in rows:
        share = float(column.is_missing.mean())
        if share >= EMPTY and column.n_values > 1:
            seen = f"{column.called} is missing in {share:.1%} of the rows"
            cure = "leave it out, or keep only whether it is there"
            found.append(Finding("empty column", math.nan, seen, cure, {"column": column.name}))
    return found


def _row_names(rows: list[Column]) -> list[Finding]:
    """Find text that is another in every row, and numbers that count the rows."""
    found = []
    for column in rows:
        n = len(column.codes)
        counts_rows = column.numbers is not None and bool((np.diff(column.numbers) == 1).all())
        is_text = column.numbers is None and column.n_values == n
        if n < NAMES_ROWS or not (counts_rows or is_text):
            continue
        what = "counts the rows" if counts_rows else "has another value in every row"
        cure = "leave it out: it names rows, and says nothing of new ones"
        evidence = {"column": column.name}
        found.append(
            Finding("column of row names", math.nan, f"{column.called} {what}", cure, evidence)
        )
    return found


def _label_leaks(rows: list[Column], y: FloatArray, labels: list[str]) -> list[Finding]:
    return [
        finding
        for place, label in enumerate(labels)
        for finding in class_leaks(rows, y[:, place], f"label {label}")
    ]


def _targets_as_columns(y: FloatArray) -> list[Column]:
    columns = y[:, None] if y.ndim == 1 else y
    return [
        Column(
            "target" if y.ndim == 1 else f"label {place}",
            "the target" if y.ndim == 1 else f"label {place}",
            coded(values),
            values,
            np.zeros(len(values), dtype=bool),
        )
        for place, values in enumerate(columns.T)
    ]


def _targets(y: object, task: str) -> FloatArray:
    if task not in TASKS:
        raise XentError(
            f"task must be one of {', '.join(TASKS)}, got {task!r}.{nearest_hint(task, TASKS)}"
        )
    array = np.asarray(y)
    n_axes = 2 if task == "multilabel" else 1
    if array.ndim != n_axes or array.size == 0:
        expected = "(n, L)" if n_axes == 2 else "(n,)"
        raise XentError(f"y must have shape {expected} with at least one row, got {array.shape}.")
    if array.dtype.kind not in "biuf":
        raise XentError(f"y must hold numbers or class codes 0..K-1, got {array.dtype}.")
    truth = array.astype(np.float64)
    if np.isinf(truth).any():
        raise XentError(
            "y must be finite, or NaN where the target is unknown, got an infinite value."
        )
    return truth


def _check_names(names: Sequence[object] | None, truth: FloatArray, task: str) -> None:
    if names is None or task == "regression":
        return
    is_labels = task == "multilabel"
    n_least = truth.shape[1] if is_labels else int(np.nanmax(truth, initial=0)) + 1
    if len(names) < n_least or (is_labels and len(names) > n_least):
        raise XentError(f"names must be {n_least}, one a class or label, got {len(names)}.")


def _sorted_names(values: object, name: str, n_rows: int) -> tuple[Array, Array]:
    """Return the distinct values in their order, and the place of each row's one."""
    array = np.asarray(values)
    if array.shape != (n_rows,):
        raise XentError(f"{name} must have shape ({n_rows},), got {array.shape}.")
    if array.dtype.kind == "O":
        array = array.astype(str)
    distinct, places = np.unique(array, return_inverse=True)
    return distinct, places.reshape(-1).astype(np.int64)


def _of(known: Array, given: tuple[Array, Array] | None) -> tuple[Array, Array] | None:
    return None if given is None else (given[0], given[1][known])


def _training_rows(names: Array, part: Array) -> Array:
    """Return where the part is the training part: by its name, else the largest."""
    called = [place for place, name in enumerate(names) if str(name) in {"training", "train"}]
    training = called[0] if called else int(np.bincount(part).argmax())
    is_training: Array = part == training
    return is_training
