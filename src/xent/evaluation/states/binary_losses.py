"""Log loss and Brier score of rows that arrive in batches, summed exactly."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from xent.distributions import Bernoulli
from xent.errors import XentError
from xent.evaluation.states.batches import check_declared
from xent.evaluation.states.documents import MOST_ROWS, item, shown, whole
from xent.evaluation.states.exact_sum import ExactSum

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xent.arrays import Array, FloatArray

__all__ = ["INPUTS", "BinaryLosses"]

INPUTS = ("scores", "probabilities", "logits")
EXACT_COMPLEMENT = 2.0**-29
CHUNK = 1 << 14  # rows whose float64 copies stay in the cache


class BinaryLosses:
    """Sums of log loss and squared error over rows, their weight, and what the rows declared.

    Every row's loss is a float64; its product with the weight and the sums are exact, so that order
    and grouping do not matter, and a weight of 2 is the row twice. Scores that are neither
    probabilities nor logits have no loss: the figures are NaN.
    """

    __hash__ = None  # type: ignore[assignment]  # it changes

    def __init__(self) -> None:
        self.declared: str | None = None
        self.n_rows = 0
        self.weight = ExactSum()
        self._log_loss = ExactSum()
        self._squares = ExactSum()

    def __eq__(self, other: object) -> bool:
        """Whether both hold the same sums of the same kind of prediction."""
        if not isinstance(other, BinaryLosses):
            return NotImplemented
        return vars(self) == vars(other)

    @property
    def log_loss(self) -> float:
        """Mean negative log-likelihood in nats, rounded once."""
        return math.nan if self.declared == "scores" else self._log_loss.over(self.weight)

    @property
    def brier(self) -> float:
        """Mean of (p - y)^2, rounded once."""
        return math.nan if self.declared == "scores" else self._squares.over(self.weight)

    def check_declared(self, name: str | None) -> None:
        """Refuse to sum logits with probabilities."""
        check_declared(self.declared, name)

    def add(self, truth: Array, values: Array, weight: FloatArray | None, name: str) -> None:
        """Add checked rows, given as `name` says."""
        self.declared = name
        self.n_rows += truth.size
        self.weight.add([float(truth.size)] if weight is None else weight)
        if name == "scores":
            return
        narrow = values.dtype.kind == "f" and values.dtype.itemsize <= 4
        for start in range(0, truth.size, CHUNK):
            rows = slice(start, start + CHUNK)
            losses, squares = _row_losses(
                truth[rows], values[rows].astype(np.float64), name, narrow=narrow
            )
            if weight is None:
                self._log_loss.add(losses)
                self._squares.add(squares)
            else:
                self._log_loss.add_products(weight[rows], losses)
                self._squares.add_products(weight[rows], squares)

    def merge(self, other: BinaryLosses) -> None:
        """Add the rows of another one that declared the same."""
        self.check_declared(other.declared)
        self.declared = self.declared or other.declared
        self.n_rows += other.n_rows
        self.weight.merge(other.weight)
        self._log_loss.merge(other._log_loss)
        self._squares.merge(other._squares)

    def to_json(self) -> dict[str, Any]:
        """Return what JSON can hold, without any loss."""
        return {
            "declared": self.declared,
            "n_rows": self.n_rows,
            "weight": self.weight.to_json(),
            "log_loss": self._log_loss.to_json(),
            "squares": self._squares.to_json(),
        }

    @classmethod
    def from_json(cls, description: Mapping[str, Any]) -> BinaryLosses:
        """Read what `to_json` wrote, checking it."""
        fields = description if isinstance(description, dict) else {}
        if set(fields) != {"declared", "n_rows", "weight", "log_loss", "squares"}:
            raise XentError(f"losses must hold their sums, got {shown(description)}.")
        losses = cls()
        losses.declared = item(fields, "declared", (None, *INPUTS))
        losses.n_rows = whole(fields, "n_rows", 0, MOST_ROWS)
        losses.weight = ExactSum.from_json(fields["weight"])
        losses._log_loss = ExactSum.from_json(fields["log_loss"])
        losses._squares = ExactSum.from_json(fields["squares"])
        losses._check()
        return losses

    def _check(self) -> None:
        sums = (self._log_loss, self._squares)
        weight = self.weight.value
        fits = (self.n_rows > 0) == (weight > 0) and (self.declared is not None) == (weight > 0)
        if self.declared in {None, "scores"}:
            fits &= all(total == ExactSum() for total in sums)
        if not fits or not math.isfinite(weight) or any(not total.value >= 0 for total in sums):
            raise XentError("declared, n_rows and sums of losses must fit and not be negative.")


def _row_losses(
    truth: Array, values: FloatArray, name: str, *, narrow: bool
) -> tuple[FloatArray, FloatArray]:
    if name == "logits":
        bernoulli = Bernoulli()
        likely = np.asarray(bernoulli.mean(values))
        return np.asarray(bernoulli.nll(values, truth)), np.square(likely - truth)
    if narrow:
        return _narrow_losses(truth, values)
    losses = np.empty(values.size)
    own, other = np.flatnonzero(truth), np.flatnonzero(~truth)
    with np.errstate(divide="ignore"):
        # One logarithm a row; log1p keeps the small probabilities of the negative rows.
        losses[own] = -np.log(values.take(own))
        losses[other] = -np.log1p(-values.take(other))
    return losses, np.square(values - truth)


def _narrow_losses(truth: Array, values: FloatArray) -> tuple[FloatArray, FloatArray]:
    # 1 - p of a float32 has no rounding in float64 down to p = 2^-29, nor has 1 - (1 - p): the
    # probability of what happened is 1 - |p - y|, without a branch a row.
    errors = np.subtract(values, truth)
    losses = np.abs(errors)
    np.subtract(1.0, losses, out=losses)
    with np.errstate(divide="ignore"):
        np.log(losses, out=losses)
        np.subtract(0.0, losses, out=losses)
        if values.min() < EXACT_COMPLEMENT:
            small = np.flatnonzero(values < EXACT_COMPLEMENT)
            tiny = values[small]
            losses[small] = 0.0 - np.where(truth[small], np.log(tiny), np.log1p(-tiny))
    return losses, np.square(errors, out=errors)
