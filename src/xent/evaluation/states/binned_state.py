"""Binary predictions in fixed memory: counts in bins, and brackets that hold the exact areas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from xent.errors import XentError
from xent.evaluation.confusion import ConfusionCounts
from xent.evaluation.states.batches import binary_batch, check_same_kind, declared, is_empty
from xent.evaluation.states.binary_losses import BinaryLosses
from xent.evaluation.states.brackets import Bracket, auc_bracket, average_precision_bracket
from xent.evaluation.states.documents import document, fields_of
from xent.evaluation.states.exact_bins import ExactBins

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xent.arrays import Array, IntArray

__all__ = ["BinnedState", "Bracket", "bin_places"]

KIND: Final = "binned"
N_BINS = 1 << 16
CHUNK = 1 << 15
LARGEST_LOGIT = 32.0  # a probability of 1e-14: beyond it the bins at the ends take everything


class BinnedState:
    """Counts of positives and negatives in bins of the scores, over any number of batches.

    Memory is fixed, 16 bytes a bin. Bins are cut so that a higher bin holds higher scores only: AUC
    and average precision lie inside a `Bracket` as wide as the pairs that share a bin. Log loss and
    Brier score are exact. The state of several batches, in any order and grouping, equals the state
    of all rows at once, weights included.

    Parameters
    ----------
    n_bins : int
        A power of two from 2^10 to 2^22. Probabilities get bins of equal width, logits too between
        -32 and 32, and scores the leading bits of their float32, so that their range need not be
        known.

    Examples
    --------
    >>> state = BinnedState()
    >>> state.update([0, 0, 1, 1], probabilities=[0.1, 0.4, 0.35, 0.8])
    >>> state.auc
    Bracket(low=0.75, middle=0.75, high=0.75)
    """

    __hash__ = None  # type: ignore[assignment]  # it changes

    def __init__(self, *, n_bins: int = N_BINS) -> None:
        if n_bins not in {1 << bits for bits in range(10, 23)}:
            raise XentError(f"n_bins must be a power of two from 2^10 to 2^22, got {n_bins}.")
        self.n_bins = n_bins
        self._bins = ExactBins(2 * n_bins)
        self._losses = BinaryLosses()

    def __eq__(self, other: object) -> bool:
        """Whether both hold the same counts and sums, exactly."""
        if not isinstance(other, BinnedState):
            return NotImplemented
        return self._bins == other._bins and self._losses == other._losses

    @property
    def n_rows(self) -> int:
        """Number of rows taken so far, those of weight 0 left out."""
        return self._losses.n_rows

    @property
    def weight(self) -> float:
        """Total weight of the rows: their number where none had a weight."""
        return self._losses.weight.value

    def update(
        self,
        y: object,
        *,
        scores: object = None,
        probabilities: object = None,
        logits: object = None,
        weight: object = None,
    ) -> None:
        """Take the rows of one batch, which may be empty.

        Parameters
        ----------
        y, scores, probabilities, logits, weight
            As for `BinaryState.update`.

        Raises
        ------
        XentError
            When the arrays do not fit each other or earlier batches, y holds anything but 0 and 1,
            or a prediction is NaN or out of range. The batch is then left out as a whole.
        """
        name, values = declared(scores=scores, probabilities=probabilities, logits=logits)
        self._losses.check_declared(name)
        if is_empty(y, values, weight):
            return
        truth, given, kept = binary_batch(y, name, values, weight)
        for start in range(0, truth.size, CHUNK):
            rows = slice(start, start + CHUNK)
            places = bin_places(given[rows], name, self.n_bins)
            places *= 2
            places += truth[rows]
            self._bins.add(places, None if kept is None else kept[rows])
        self._losses.add(truth, given, kept, name)

    def merge(self, other: BinnedState) -> BinnedState:
        """Take the rows of another state, leaving that as it is; returns self.

        Raises
        ------
        XentError
            When the other state has other bins.
        """
        check_same_kind(self, other, "n_bins")
        self._losses.check_declared(other._losses.declared)
        self._bins.merge(other._bins)
        self._losses.merge(other._losses)
        return self

    @property
    def auc(self) -> Bracket:
        """Area under the ROC curve: pairs that share a bin all lost, half won, all won."""
        return auc_bracket(*self._by_bin())

    @property
    def average_precision(self) -> Bracket:
        """Average precision: within a bin the negatives first, all tied, the positives first."""
        return average_precision_bracket(*self._by_bin())

    @property
    def neutral_counts(self) -> ConfusionCounts[float]:
        """The four counts where a probability of 0.5 or more, or a logit of 0, is positive.

        They are exact: the middle of the bins lies there.

        Raises
        ------
        XentError
            When the batches gave scores, which have no neutral threshold.
        """
        if self._losses.declared == "scores":
            raise XentError("scores have no neutral threshold: give probabilities= or logits=.")
        positives, negatives = self._by_bin()
        middle = self.n_bins // 2
        return ConfusionCounts(
            tp=positives[middle:].sum().item(),
            fn=positives[:middle].sum().item(),
            fp=negatives[middle:].sum().item(),
            tn=negatives[:middle].sum().item(),
        )

    @property
    def log_loss(self) -> float:
        """Mean negative log-likelihood in nats; NaN from scores, which have none, or without rows."""
        return self._losses.log_loss

    @property
    def brier(self) -> float:
        """Mean of (p - y)^2; NaN from scores, which are no probabilities, or without rows."""
        return self._losses.brier

    def to_json(self) -> dict[str, Any]:
        """Return what JSON can hold, without any loss."""
        return document(KIND, bins=self._bins.to_json(), losses=self._losses.to_json())

    @classmethod
    def from_json(cls, description: Mapping[str, Any]) -> BinnedState:
        """Read what `to_json` wrote, checking it.

        Raises
        ------
        XentError
            When it is anything else, or counts and sums are not of the same rows.
        """
        fields = fields_of(description, KIND, ("bins", "losses"))
        bins = ExactBins.from_json(fields["bins"])
        if bins.n_bins % 2:
            raise XentError(f"n_bins must be even, two for each bin, got {bins.n_bins}.")
        state = cls(n_bins=bins.n_bins // 2)
        state._bins, state._losses = bins, BinaryLosses.from_json(fields["losses"])
        bins.check_weight(state._losses.weight, state._losses.n_rows)
        return state

    def _by_bin(self) -> tuple[Array, Array]:
        totals = self._bins.totals.reshape(-1, 2)
        return totals[:, 1], totals[:, 0]


def bin_places(values: Array, name: str, n_bins: int) -> IntArray:
    """Return the bin of each score, 0..n_bins-1, given as `name` says: higher ones never lower.

    Examples
    --------
    >>> bin_places(np.array([-1.0, 0.0, 40.0]), "logits", 1024).tolist()
    [496, 512, 1023]
    """
    # Any map that never falls will do: rounding is monotone, and so is every step here.
    if name == "scores":
        return _leading_bits(values, n_bins)
    if name == "probabilities":
        places = values * np.float64(n_bins)
    else:
        scaled = np.clip(values.astype(np.float64), -LARGEST_LOGIT, LARGEST_LOGIT)
        # Nothing is rounded before the floor: a logit below 0, however small, is in the lower half.
        scaled *= n_bins / (2 * LARGEST_LOGIT)
        places = np.floor(scaled, out=scaled) + n_bins // 2
    whole: IntArray = places.astype(np.int64)
    return np.minimum(whole, n_bins - 1, out=whole)


def _leading_bits(values: Array, n_bins: int) -> IntArray:
    with np.errstate(over="ignore", under="ignore"):
        # + 0 turns -0.0 into 0.0: they are one score.
        bits = (values.astype(np.float32) + np.float32(0)).view(np.int32)
    # The bits of positive floats rise with them, those of negative ones fall.
    rising = bits ^ ((bits >> 31) & np.int32(0x7FFFFFFF))
    shift = 32 - (n_bins.bit_length() - 1)
    return (rising >> shift).astype(np.int64) + n_bins // 2
