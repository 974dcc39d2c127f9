"""The numeric encoder: missing values filled and tagged, every feature standardized."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NoReturn, get_args

import numpy as np

from xent.data.documents import numbers_of, open_document, positions_of, texts_of
from xent.errors import XentError, nearest_hint

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from xent.arrays import Array, FloatArray, IntArray

__all__ = ["Imputation", "NumericEncoder"]

Imputation = Literal["mean", "median"]

_KIND = "xent-numeric-encoder"
_VERSION = 1
_CHUNK = 1 << 15  # numbers in float64 that stay in the cache while a chunk is worked on


@dataclass(frozen=True, eq=False)
class NumericEncoder:
    """Standardization and imputation of a numeric matrix, fitted on the training rows.

    A feature is mapped to ``(x - center) / scale``, in float64 whatever the dtype of X. A missing
    value is mapped as `fill` is. Every feature that had missing values in training has an indicator
    column (1 where missing, else 0) behind the features; a value that is missing in another feature
    later on is filled all the same.

    Attributes
    ----------
    center, scale, fill : ndarray of shape (n_features,), float64
        Mean and standard deviation (divisor: the sum of the weights) of the present values; what
        stands for a missing one. A feature that is constant in training has scale 0 and is encoded
        as 0 everywhere.
    indicator : ndarray of int64
        The positions of the features with an indicator, ascending.
    names : tuple of str
        The names of the features, for messages and for `feature_names`.
    """

    center: FloatArray
    scale: FloatArray
    fill: FloatArray
    indicator: IntArray
    names: tuple[str, ...]

    @classmethod
    def fit(
        cls,
        X: Array,
        weight: FloatArray | None = None,
        *,
        imputation: Imputation = "mean",
        names: Sequence[str] | None = None,
        row_numbers: IntArray | None = None,
    ) -> NumericEncoder:
        """Return the encoder of a matrix of training rows.

        Parameters
        ----------
        X : ndarray of shape (n, d)
            Real numbers; NaN is missing.
        weight : ndarray of shape (n,), optional
            A weight of 0 is absence, 2 is repetition, in every formula.
        imputation : {"mean", "median"}
            What stands for a missing value.
        names : sequence of d str, optional
            x0, x1, ... by default.
        row_numbers : ndarray of int64, optional
            The positions of the rows in their table, for messages.

        Raises
        ------
        XentError
            When X is not a numeric matrix, or holds an infinite value (row and feature are named).

        Examples
        --------
        >>> encoder = NumericEncoder.fit(np.array([[1.0, 5.0], [3.0, np.nan]]))
        >>> encoder.transform(np.array([[1.0, 5.0], [3.0, np.nan]]))
        array([[-1.,  0.,  0.],
               [ 1.,  0.,  1.]])
        """
        if imputation not in get_args(Imputation):
            raise XentError(
                f"imputation must be one of {', '.join(get_args(Imputation))}, got {imputation!r}."
                f"{nearest_hint(str(imputation), get_args(Imputation))}"
            )
        X = _checked_matrix(X)
        labels = tuple(names) if names is not None else tuple(f"x{j}" for j in range(X.shape[1]))
        rows = X if weight is None or np.all(weight) else X[weight > 0]
        counts = None if weight is None else weight[weight > 0]
        center, scale = _moments(rows, counts)
        fill = center.copy()
        # Only what is not a finite number spoils a sum: the other features are done.
        spoiled = np.flatnonzero(~np.isfinite(center) | ~np.isfinite(scale))
        had_missing = []
        for j in spoiled.tolist():
            column = rows[:, j].astype(np.float64)
            _refuse_infinite(X[:, j], labels[j], row_numbers)
            missing = np.isnan(column)
            if missing.any():
                had_missing.append(j)
            present_weight = None if counts is None else counts[~missing]
            center[j], scale[j] = _column_moments(column[~missing], present_weight)
            fill[j] = center[j]
        if imputation == "median":
            for j in range(X.shape[1]):
                fill[j] = _median(rows[:, j].astype(np.float64), counts)
        return cls(center, scale, fill, np.array(had_missing, dtype=np.int64), labels)

    @property
    def n_inputs(self) -> int:
        """The number of features that come in."""
        return self.center.size

    @property
    def n_features(self) -> int:
        """The number of columns that come out, indicators included."""
        return self.center.size + self.indicator.size

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The names of the columns that come out."""
        return self.names + tuple(f"{self.names[j]} is missing" for j in self.indicator)

    def transform(
        self, X: Array, out: FloatArray | None = None, *, row_numbers: IntArray | None = None
    ) -> FloatArray:
        """Return the encoded rows, in the dtype of X (float64 when X holds integers).

        Parameters
        ----------
        X : ndarray of shape (n, n_inputs)
            Real numbers; NaN is missing.
        out : ndarray of shape (n, >= n_features), optional
            Where to write; its dtype decides instead of that of X.
        row_numbers : ndarray of int64, optional
            The positions of the rows in their table, for messages.

        Returns
        -------
        ndarray of shape (n, n_features), C-contiguous unless `out` says otherwise

        Raises
        ------
        XentError
            When X does not fit, or holds a value that is infinite or too large once encoded.
        """
        X = _checked_matrix(X)
        n_rows, n_columns = X.shape
        if n_columns != self.n_inputs:
            raise XentError(
                f"X must have shape (n, {self.n_inputs}), as in training, got {X.shape}."
            )
        if out is None:
            floating = X.dtype.kind == "f" and X.dtype.itemsize in {4, 8}
            dtype = X.dtype if floating else np.dtype(np.float64)
            out = np.empty((n_rows, self.n_features), dtype=dtype)
        # Division by infinity makes a constant feature 0 without a case of its own.
        divisor = np.where(self.scale > 0, self.scale, np.inf)
        filled = (self.fill - self.center) / divisor
        for start, stop in _chunks(n_rows, n_columns):
            with np.errstate(over="ignore", invalid="ignore"):
                block = np.subtract(X[start:stop], self.center, dtype=np.float64)
                block /= divisor
                encoded = out[start:stop, :n_columns]
                encoded[...] = block
                spoiled = not np.isfinite(encoded.sum())
            if spoiled:
                numbers = np.arange(start, stop) if row_numbers is None else row_numbers[start:stop]
                self._fill_missing(X[start:stop], encoded, filled, numbers)
            if self.indicator.size:
                tags = np.isnan(X[start:stop, self.indicator])
                out[start:stop, n_columns : self.n_features] = tags
        return out

    def _fill_missing(
        self, raw: Array, encoded: FloatArray, filled: FloatArray, row_numbers: IntArray
    ) -> None:
        """Put `filled` in place of NaN, and refuse what is infinite before or after encoding."""
        rows, columns = np.nonzero(np.isnan(raw))
        encoded[rows, columns] = filled[columns]
        bad = np.argwhere(np.isinf(raw) | ~np.isfinite(encoded))
        if bad.size:
            row, column = bad[0]
            _refuse_value(raw[row, column], int(row_numbers[row]), self.names[column])

    def to_json(self) -> dict[str, Any]:
        """Return the encoder as plain values; floats keep every bit."""
        return {
            "format": _KIND,
            "version": _VERSION,
            "names": list(self.names),
            "center": self.center.tolist(),
            "scale": self.scale.tolist(),
            "fill": self.fill.tolist(),
            "indicator": self.indicator.tolist(),
        }

    @classmethod
    def from_json(cls, document: object) -> NumericEncoder:
        """Return the encoder written by `to_json`.

        Raises
        ------
        XentError
            When the document is something else, is from a newer version, or is damaged.

        Examples
        --------
        >>> encoder = NumericEncoder.fit(np.array([[0.1], [np.nan]]))
        >>> NumericEncoder.from_json(encoder.to_json()).to_json() == encoder.to_json()
        True
        """
        checked = open_document(document, kind=_KIND, version=_VERSION)
        names = texts_of(checked, "names")
        return cls(
            numbers_of(checked, "center", size=len(names)),
            numbers_of(checked, "scale", size=len(names), least=0.0),
            numbers_of(checked, "fill", size=len(names)),
            positions_of(checked, "indicator", len(names)),
            names,
        )


def _checked_matrix(X: Array) -> Array:
    X = np.asarray(X)
    if X.ndim != 2:
        raise XentError(f"X must have shape (n, d), got {X.shape}. Reshape it to one row a sample.")
    if X.dtype.kind not in "fiub":
        raise XentError(f"X must hold real numbers, got {X.dtype}.")
    if not X.shape[0]:
        raise XentError(f"X must have at least one row, got {X.shape}.")
    return X


def _chunks(n_rows: int, n_columns: int) -> Iterator[tuple[int, int]]:
    step = max(1, _CHUNK // max(1, n_columns))
    for start in range(0, n_rows, step):
        yield start, min(start + step, n_rows)


def _moments(X: Array, weight: FloatArray | None) -> tuple[FloatArray, FloatArray]:
    """Return mean and standard deviation of every column; not finite where X is not.

    Two passes, of deviations from the first row and then from the mean so found, whose own mean
    corrects both results: an offset as large as 1e15 costs no digit, and a constant column gives
    exactly 0. (Chan, Golub and LeVeque, "Algorithms for computing the sample variance", 1983.)
    """
    total = float(len(X)) if weight is None else float(weight.sum())
    with np.errstate(over="ignore", invalid="ignore"):
        first = X[0].astype(np.float64)
        guess = first + _deviation_sums(X, first, weight)[0] / total
        sums, squares = _deviation_sums(X, guess, weight)
        shift = sums / total
        scale = np.sqrt(np.maximum(squares / total - shift * shift, 0))
    # Below the smallest normal number the quotient would overflow: such a spread is none.
    return guess + shift, np.where(scale < np.finfo(np.float64).tiny, 0.0, scale)


def _deviation_sums(
    X: Array, origin: FloatArray, weight: FloatArray | None
) -> tuple[FloatArray, FloatArray]:
    """Return the weighted sums over the rows of ``X - origin`` and of its square."""
    n_rows, n_columns = X.shape
    ones = np.ones(min(n_rows, _CHUNK)) if weight is None else weight
    sums, squares = np.zeros(n_columns), np.zeros(n_columns)
    for start, stop in _chunks(n_rows, n_columns):
        block = np.subtract(X[start:stop], origin, dtype=np.float64)
        part = ones[: stop - start] if weight is None else ones[start:stop]
        sums += part @ block
        block *= block
        squares += part @ block
    return sums, squares


def _column_moments(values: FloatArray, weight: FloatArray | None) -> tuple[float, float]:
    """Return mean and standard deviation of one finite column, however large its numbers."""
    if not values.size:
        return 0.0, 0.0
    largest = float(np.abs(values).max())
    unit = 1.0 if largest < 1e100 else largest  # squares of larger numbers would overflow
    center, scale = _moments((values / unit)[:, None], weight)
    return float(center[0] * unit), float(scale[0] * unit)


def _median(values: FloatArray, weight: FloatArray | None) -> float:
    """Return the weighted median of the present values: the middle of the lower and the upper one.

    With whole weights this is the ordinary median of the repeated values.
    """
    present = ~np.isnan(values)
    if not present.any():
        return 0.0
    if weight is None:
        return float(np.median(values[present]))
    order = np.argsort(values[present], kind="stable")
    ordered = values[present][order]
    cumulated = np.cumsum(weight[present][order])
    half = cumulated[-1] / 2
    last = ordered.size - 1
    lower = ordered[min(int(np.searchsorted(cumulated, half, side="left")), last)]
    upper = ordered[min(int(np.searchsorted(cumulated, half, side="right")), last)]
    return float(lower / 2 + upper / 2)


def _refuse_infinite(column: Array, name: str, row_numbers: IntArray | None) -> None:
    bad = np.flatnonzero(np.isinf(column))
    if bad.size:
        row = bad[0] if row_numbers is None else row_numbers[bad[0]]
        _refuse_value(column[bad[0]], int(row), name)


def _refuse_value(value: Any, row: int, name: str) -> NoReturn:
    what = "infinite" if np.isinf(value) else f"{value}, too far from the training values,"
    raise XentError(
        f"feature {name!r} is {what} in data row {row + 1}. Leave the value empty or correct it."
    )
