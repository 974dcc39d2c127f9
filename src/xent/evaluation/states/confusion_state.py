"""Decisions among classes that arrive in batches: a confusion matrix that merges exactly."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xent.errors import XentError
from xent.evaluation.inputs import codes, row_pair
from xent.evaluation.states.batches import is_empty
from xent.evaluation.states.exact_bins import ExactBins

if TYPE_CHECKING:
    from xent.arrays import Array

__all__ = ["ConfusionState"]


class ConfusionState:
    """The confusion matrix of any number of batches, the same for any order and grouping.

    Parameters
    ----------
    n_classes : int
        Number of classes, from 2 to 2,000.

    Examples
    --------
    >>> state = ConfusionState(2)
    >>> state.update([0, 1], labels=[0, 0])
    >>> state.merge(state).matrix.tolist()
    [[2, 0], [2, 0]]
    """

    __hash__ = None  # type: ignore[assignment]  # it changes

    def __init__(self, n_classes: int) -> None:
        if not 2 <= n_classes <= 2000:
            raise XentError(f"n_classes must lie in 2..2000, got {n_classes}.")
        self.n_classes = n_classes
        self._bins = ExactBins(n_classes**2)

    def __eq__(self, other: object) -> bool:
        """Whether both matrices are the same, exactly."""
        return self._bins == other._bins if isinstance(other, ConfusionState) else NotImplemented

    @property
    def matrix(self) -> Array:
        """Rows or weight by true class (row) and decided class (column), shape (K, K)."""
        return self._bins.totals.reshape(self.n_classes, self.n_classes)

    def update(self, y: object, *, labels: object, weight: object = None) -> None:
        """Take the rows of one batch, which may be empty.

        Raises
        ------
        XentError
            When the arrays do not fit each other or hold no class codes.
        """
        if is_empty(y, labels, weight):
            return
        truth, decided, kept = row_pair(y, "labels", labels, weight)
        places = codes(truth, "y", self.n_classes) * self.n_classes
        self._bins.add(places + codes(decided, "labels", self.n_classes), kept)

    def merge(self, other: ConfusionState) -> ConfusionState:
        """Take the rows of another state, leaving that as it is; returns self.

        Raises
        ------
        XentError
            When the other state has another number of classes.
        """
        if other.n_classes != self.n_classes:
            raise XentError(
                f"n_classes must be the same, got {self.n_classes} and {other.n_classes}."
            )
        self._bins.merge(other._bins)
        return self
