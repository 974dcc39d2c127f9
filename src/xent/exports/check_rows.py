"""Rows to check an exported model on: plain ones, and those that such models fail on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np
import polars as pl

from xent.data.categories import category_texts
from xent.exports.features import category_numbers

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.random import Generator

    from xent.arrays import Array, FloatArray
    from xent.data import Encoder, Table

    Judge: TypeAlias = Callable[[pl.DataFrame], tuple[Array, FloatArray]]
    Near: TypeAlias = tuple[pl.DataFrame, Array]

__all__ = ["KINDS", "PLAIN", "CheckRows", "check_rows", "drawn_rows", "table_rows"]

#: What is done to a tenth of the rows each; the others stay as they were drawn.
KINDS: Final = ("missing", "strange text", "offset", "near the threshold")
PLAIN: Final = "plain"
OFFSET: Final = 1e6
NEAR: Final = 1e-4
_CHANGED_SHARE: Final = 0.3
_FARTHEST: Final = 1e30  # standard deviations
_N_STEPS: Final = 16
_N_ROUNDS: Final = 12  # 16^12 is more than float64 can tell apart
_N_DRAWS: Final = 8
# attempts: as far as another row's numbers, and beyond
_REACHES: Final = (1.0, 1.0, 1.0, 2.0, 5.0, 1.0)
_STRANGE_TEXTS: Final = (
    "",
    "never seen",
    "Ærø",
    "東京",
    "🙂",
    "naïve café",
    "?",
    "=1+1",
    "a,b\n'c'",
)
_STRANGE_NUMBERS: Final = (-12345.678, 1e15, 0.1 + 0.2, 2.0**53)


@dataclass(frozen=True)
class CheckRows:
    """Rows of raw columns.

    Attributes
    ----------
    rows : polars.DataFrame or Table
        Numbers as Float64, text as String; missing values are null. A table, where they are images.
    kind : ndarray of str, shape (n,)
        What was done to each row: one of `KINDS`, or "plain".
    """

    rows: pl.DataFrame | Table
    kind: Array


def drawn_rows(encoder: Encoder, n_rows: int, rng: Generator) -> pl.DataFrame:
    """Return rows drawn column by column from what the encoder knows of the training rows.

    Numbers are normal with their mean and standard deviation, categories as frequent as in training.

    Examples
    --------
    >>> from xent.data import Encoder, find_roles, read_table
    >>> table = read_table(pl.DataFrame({"age": [31, 45], "city": ["Oslo", "Rome"]}))
    >>> encoder = Encoder.fit(table, np.arange(2), find_roles(table))
    >>> drawn_rows(encoder, 3, np.random.default_rng(0)).dtypes
    [Float64, String]
    """
    columns = []
    numeric = encoder.numeric
    for place, name in enumerate(numeric.names):
        values = rng.normal(numeric.center[place], numeric.scale[place], n_rows)
        if name in encoder.boolean:
            values = (rng.random(n_rows) < numeric.center[place]).astype(np.float64)
        columns.append(pl.Series(name, values))
    for coding in encoder.categorical:
        numbers = category_numbers(coding)
        known: list[Any] = list(coding.categories) if numbers is None else numbers.tolist()
        rare: Any = "rarely seen" if numbers is None else -0.5
        known += [*[rare] * coding.has_rare, *[None] * coding.has_missing]
        shares = np.array(coding.shares) / sum(coding.shares)
        drawn = rng.choice(len(shares), n_rows, p=shares)
        kind = pl.String if numbers is None else pl.Float64
        columns.append(pl.Series(coding.name, known, dtype=kind).gather(drawn))
    return pl.DataFrame(columns)


def table_rows(encoder: Encoder, frame: pl.DataFrame, n_rows: int, rng: Generator) -> pl.DataFrame:
    """Return rows drawn from a table, their columns in the types that an exported model takes."""
    chosen = frame[rng.integers(0, frame.height, n_rows)]
    columns = []
    for name in encoder.numeric.names:
        column = chosen[name]
        if column.dtype == pl.String and name in encoder.boolean:
            column = column.str.to_lowercase().replace(["true", "false"], ["1", "0"]).alias(name)
        columns.append(column.cast(pl.Float64))
    for coding in encoder.categorical:
        texts = category_texts(chosen[coding.name])
        is_text = category_numbers(coding) is None
        columns.append(texts if is_text else texts.cast(pl.Float64, strict=False))
    return pl.DataFrame(columns)


def check_rows(
    encoder: Encoder,
    drawn: pl.DataFrame,
    rng: Generator,
    judge: Judge | None,
) -> CheckRows:
    """Return the drawn rows, four tenths of them changed: each of `KINDS` a tenth.

    Parameters
    ----------
    encoder : Encoder
    drawn : polars.DataFrame
        At least 20 rows.
    rng : numpy.random.Generator
    judge : callable, optional
        From rows to what is decided, (n,) or (n, n_labels), and to how far each row is from another decision;
        None where nothing is decided: then no row is moved to the threshold.
    """
    kind = np.full(drawn.height, PLAIN, dtype=object)
    tenths = np.array_split(rng.permutation(drawn.height), 10)
    frame, places = _with_missing(drawn, tenths[0], rng), {"missing": tenths[0]}
    if encoder.categorical:
        places["strange text"] = tenths[1]
        frame = _with_strange(encoder, frame, tenths[1], rng)
    shifted = _shifted_columns(encoder)
    if shifted:
        places["offset"] = tenths[2]
        frame = _with_offset(shifted, frame, tenths[2], rng)
    moved = _moving_columns(encoder)
    if judge is not None and moved:
        where = np.sort(tenths[3])
        near, found = _near_threshold(frame[where], moved, rng, judge)
        frame = _replaced(frame, near, where)
        places["near the threshold"] = where[found]
    for name, rows in places.items():
        kind[rows] = name
    return CheckRows(frame, kind)


def _with_missing(frame: pl.DataFrame, rows: Array, rng: Generator) -> pl.DataFrame:
    gone = _chosen(rows.size, frame.width, rng)
    columns = [
        column.scatter(rows[gone[:, place]], None) if gone[:, place].any() else column
        for place, column in enumerate(frame.iter_columns())
    ]
    return pl.DataFrame(columns)


def _with_strange(
    encoder: Encoder, frame: pl.DataFrame, rows: Array, rng: Generator
) -> pl.DataFrame:
    changed = _chosen(rows.size, len(encoder.categorical), rng)
    columns = []
    for place, coding in enumerate(encoder.categorical):
        column, here = frame[coding.name], rows[changed[:, place]]
        pool = _STRANGE_TEXTS if column.dtype == pl.String else _STRANGE_NUMBERS
        values = pl.Series(pool).gather(rng.integers(0, len(pool), here.size))
        columns.append(column.scatter(here, values) if here.size else column)
    return frame.with_columns(columns)


def _with_offset(
    names: list[str], frame: pl.DataFrame, rows: Array, rng: Generator
) -> pl.DataFrame:
    changed = _chosen(rows.size, len(names), rng)
    columns = []
    for place, name in enumerate(names):
        values = frame[name].to_numpy().copy()
        values[rows[changed[:, place]]] += OFFSET
        columns.append(pl.Series(name, values).fill_nan(None))
    return frame.with_columns(columns)


def _shifted_columns(encoder: Encoder) -> list[str]:
    """Return the numeric columns that stay within float32 when they are offset; a run refuses others."""
    numeric = encoder.numeric
    return [
        name
        for name, scale in zip(numeric.names, numeric.scale.tolist(), strict=True)
        if scale == 0 or _FARTHEST * scale > OFFSET
    ]


def _moving_columns(encoder: Encoder) -> list[str]:
    """Return the numeric columns that may take any value between two others."""
    return [name for name in encoder.numeric.names if name not in encoder.boolean]


def _near_threshold(frame: pl.DataFrame, moved: list[str], rng: Generator, judge: Judge) -> Near:
    """Move rows to where the decision changes; also say which could be brought within `NEAR`.

    A row that has no other decision within reach gives way to another one that has.
    """
    best, found = frame, np.zeros(frame.height, dtype=bool)
    first, _ = judge(frame)
    starts = np.arange(frame.height)
    for reach in _REACHES:
        left = np.flatnonzero(~found)
        if not left.size:
            break
        start = starts if starts.size == left.size else rng.choice(starts, left.size)
        other = _others(first, start, rng)
        numbers = frame[other].select(moved).to_numpy()
        rows, hit = _bisected(frame[start], numbers, moved, reach, judge)
        best = _replaced(best, rows.filter(hit), left[hit])
        found[left[hit]] = True
        # what led to a threshold once does so again, to another place of it
        starts = start[hit] if hit.any() else np.arange(frame.height)
    return best, found


def _others(decided: Array, rows: Array, rng: Generator) -> Array:
    """Return a row for each of `rows` that is decided otherwise, where one was met in a few draws."""
    other = rng.integers(0, len(decided), rows.size)
    for _ in range(_N_DRAWS):
        same = ~_differ(decided[rows, None], decided[other, None])[:, 0]
        other[same] = rng.integers(0, len(decided), int(same.sum()))
    return other


def _bisected(
    frame: pl.DataFrame, other: Array, moved: list[str], reach: float, judge: Judge
) -> Near:
    """Move each row towards other numbers, to where the decision changes: sixteen steps of the way, then of one step.

    One call judges all steps of all rows, as bisection of sixteen calls would.
    """
    start = frame.select(moved).to_numpy().copy()  # polars may give a view
    end = start + (other - start) * reach
    end = np.where(np.isnan(end), start, end)  # what is missing in either row stays as it is
    best, found = start.copy(), np.zeros(len(start), dtype=bool)
    left = np.arange(len(start))
    shares = np.linspace(0.0, 1.0, _N_STEPS + 1)[:, None]
    for _ in range(_N_ROUNDS):
        if not left.size:
            break
        points = start[left, None] * (1 - shares) + end[left, None] * shares
        decided, margin = _judged(frame[left], points, moved, judge)
        near = margin.argmin(axis=1)
        rows = np.arange(left.size)
        hit = margin[rows, near] < NEAR
        best[left[hit]], found[left[hit]] = points[hit, near[hit]], True
        changes = _differ(decided[:, 1:], decided[:, :-1])
        go_on = ~hit & changes.any(axis=1)
        step, rows = changes.argmax(axis=1)[go_on], rows[go_on]
        left = left[go_on]
        start[left], end[left] = points[rows, step], points[rows, step + 1]
    return _with_numbers(frame, moved, best), found


def _judged(
    frame: pl.DataFrame, points: Array, moved: list[str], judge: Judge
) -> tuple[Array, FloatArray]:
    """Return what is decided, (n, steps, ...), and how far each is from another decision, (n, steps)."""
    n_rows, n_steps, n_columns = points.shape
    repeated = frame[np.repeat(np.arange(n_rows), n_steps)]
    decided, margin = judge(_with_numbers(repeated, moved, points.reshape(-1, n_columns)))
    shape = (n_rows, n_steps)
    return decided.reshape(*shape, *decided.shape[1:]), margin.reshape(shape)


def _with_numbers(frame: pl.DataFrame, names: list[str], values: Array) -> pl.DataFrame:
    columns = [pl.Series(name, values[:, place]) for place, name in enumerate(names)]
    return frame.with_columns(column.fill_nan(None) for column in columns)


def _differ(one: Array, other: Array) -> Array:
    """Return where two decisions differ, (n, steps); of several labels, in any."""
    different = np.asarray(one != other)
    return np.asarray(different.any(axis=2)) if different.ndim == 3 else different


def _chosen(n_rows: int, n_columns: int, rng: Generator) -> Array:
    """Return which columns of each row are changed, (n_rows, n_columns): three in ten, at least one."""
    changed = rng.random((n_rows, n_columns)) < _CHANGED_SHARE
    changed[np.arange(n_rows), rng.integers(0, n_columns, n_rows)] = True
    return changed


def _replaced(frame: pl.DataFrame, rows: pl.DataFrame, where: Array) -> pl.DataFrame:
    return pl.DataFrame(
        [column.scatter(where, rows[column.name]) for column in frame.iter_columns()]
    )
