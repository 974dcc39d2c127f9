"""One column a class or a label, each against its own truth: areas in memory that does not grow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from xent.errors import XentError
from xent.evaluation.averages import check_average, defined_mean
from xent.evaluation.states.binned_state import bin_places
from xent.evaluation.states.brackets import Bracket, auc_bracket, average_precision_bracket
from xent.evaluation.states.documents import shown
from xent.evaluation.states.exact_bins import MAX_BINS, ExactBins

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from xent.arrays import Array, FloatArray
    from xent.evaluation.states.exact_sum import ExactSum

__all__ = ["N_BINS", "ColumnBins", "n_bins_of"]

N_BINS: Final = 1 << 12
POWERS: Final = tuple(1 << bits for bits in range(8, 21))
ENDS: Final = ("low", "middle", "high")


def n_bins_of(n_bins: object) -> int:
    """Return a number of bins a column that may be had: a power of two from 2^8 to 2^20.

    Raises
    ------
    XentError
        When it is another.
    """
    if type(n_bins) is not int or n_bins not in POWERS:
        raise XentError(f"n_bins must be a power of two from 2^8 to 2^20, got {shown(n_bins)}.")
    return n_bins


class ColumnBins:
    """Rows with and without each of K marks, in bins of the mark's own score; 16 bytes a bin.

    Parameters
    ----------
    n_columns : int
        K.
    n_bins : int
        Of each column, a power of two.

    Examples
    --------
    >>> bins = ColumnBins(2, 256)
    >>> p = np.array([[0.9, 0.1], [0.2, 0.8]])
    >>> bins.add(np.eye(2, dtype=bool), p, "probabilities", None)
    >>> bins.areas(auc_bracket)[0].middle
    1.0
    """

    __hash__ = None  # type: ignore[assignment]  # it changes

    def __init__(self, n_columns: int, n_bins: int) -> None:
        self.n_columns, self.n_bins = n_columns, n_bins_of(n_bins)
        if 2 * n_columns * n_bins > MAX_BINS:
            raise XentError(
                f"n_bins must be at most {MAX_BINS // (2 * n_columns)} for {n_columns} columns, "
                f"got {n_bins}."
            )
        self._bins = ExactBins(2 * n_columns * n_bins)

    def __eq__(self, other: object) -> bool:
        """Whether both hold the same counts, exactly."""
        if not isinstance(other, ColumnBins):
            return NotImplemented
        return self.n_columns == other.n_columns and self._bins == other._bins

    def add(self, truth: Array, scores: Array, name: str, weight: FloatArray | None) -> None:
        """Add rows by their marks, bool (n, K), and scores, (n, K), given as `name` says."""
        places = bin_places(scores, name, self.n_bins)
        places += np.arange(self.n_columns) * self.n_bins
        places *= 2
        places += truth
        every = None if weight is None else np.repeat(weight, self.n_columns)
        self._bins.add(places.ravel(), every)

    def merge(self, other: ColumnBins) -> None:
        """Add the rows of another one of the same shape."""
        self._bins.merge(other._bins)

    def areas(self, area: Callable[[Array, Array], Bracket]) -> tuple[Bracket, ...]:
        """Return `auc_bracket` or `average_precision_bracket` of every column."""
        totals = self._bins.totals.reshape(self.n_columns, self.n_bins, 2)
        return tuple(area(column[:, 1], column[:, 0]) for column in totals)

    def mean_auc(self, average: str) -> Bracket:
        """Return the mean AUC, "macro" or "weighted"; columns without one are left out."""
        return self._mean(auc_bracket, average)

    def mean_average_precision(self, average: str) -> Bracket:
        """Return the mean average precision, "macro" or "weighted"."""
        return self._mean(average_precision_bracket, average)

    def to_json(self) -> dict[str, Any]:
        """Return what JSON can hold, without any loss."""
        return self._bins.to_json()

    @classmethod
    def from_json(
        cls,
        description: Mapping[str, Any],
        n_columns: int,
        n_bins: int,
        weight: ExactSum,
        n_rows: int,
    ) -> ColumnBins:
        """Read what `to_json` wrote, checking it, for rows of this weight and number.

        Raises
        ------
        XentError
            When it is anything else.
        """
        columns = cls(n_columns, n_bins)
        bins = ExactBins.from_json(description)
        if bins.n_bins != columns._bins.n_bins:
            raise XentError(f"there must be {columns._bins.n_bins} bins, got {bins.n_bins}.")
        bins.check_weight(weight, n_rows, times=n_columns)
        columns._bins = bins
        return columns

    def _mean(self, area: Callable[[Array, Array], Bracket], average: str) -> Bracket:
        check_average(average, ("macro", "weighted"))
        totals = self._bins.totals.reshape(self.n_columns, self.n_bins, 2)
        support = totals[:, :, 1].sum(axis=1) if average == "weighted" else None
        each = self.areas(area)
        return Bracket(
            *(
                defined_mean(np.array([getattr(one, end) for one in each]), support, float("nan"))
                for end in ENDS
            )
        )
