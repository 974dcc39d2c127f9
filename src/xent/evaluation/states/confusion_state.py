"""Decisions among classes that arrive in batches: a confusion matrix that merges exactly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from xent.errors import XentError
from xent.evaluation.inputs import codes, row_pair
from xent.evaluation.states.batches import check_same_kind, is_empty
from xent.evaluation.states.documents import document, fields_of, whole
from xent.evaluation.states.exact_bins import ExactBins

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xent.arrays import Array

__all__ = ["MAX_CLASSES", "ConfusionState"]

KIND: Final = "confusion"
MAX_CLASSES: Final = 2000


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
        if not 2 <= n_classes <= MAX_CLASSES:
            raise XentError(f"n_classes must lie in 2..{MAX_CLASSES}, got {n_classes}.")
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
        check_same_kind(self, other, "n_classes")
        self._bins.merge(other._bins)
        return self

    def to_json(self) -> dict[str, Any]:
        """Return what JSON can hold, without any loss."""
        return document(KIND, n_classes=self.n_classes, bins=self._bins.to_json())

    @classmethod
    def from_json(cls, description: Mapping[str, Any]) -> ConfusionState:
        """Read what `to_json` wrote, checking it.

        Raises
        ------
        XentError
            When it is anything else.
        """
        fields = fields_of(description, KIND, ("n_classes", "bins"))
        state = cls(whole(fields, "n_classes", 2, MAX_CLASSES))
        bins = ExactBins.from_json(fields["bins"])
        if bins.n_bins != state.n_classes**2:
            raise XentError(f"n_bins must be n_classes squared, got {bins.n_bins}.")
        state._bins = bins
        return state
