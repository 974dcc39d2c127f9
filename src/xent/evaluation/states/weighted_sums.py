"""Several weighted sums over the same rows, kept by name and without rounding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from xent.errors import XentError
from xent.evaluation.states.documents import shown
from xent.evaluation.states.exact_sum import ExactSum, exact_products

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xent.arrays import FloatArray

__all__ = ["WeightedSums"]


class WeightedSums:
    """Sums of w v over rows for several columns v, and of w alone.

    A row's value is a float64; its product with the weight, and the sums, are not rounded. So rows
    of weight 2 are the same as those rows twice, and order and grouping do not matter.

    Parameters
    ----------
    names : sequence of str
        Of the sums.

    Examples
    --------
    >>> sums = WeightedSums(["loss"])
    >>> sums.add("loss", np.array([0.1, 0.2, 0.6]), None)
    >>> sums.add_rows(3, None)
    >>> sums.mean("loss")
    0.3
    """

    __hash__ = None  # type: ignore[assignment]  # it changes

    def __init__(self, names: Sequence[str]) -> None:
        self.weight = ExactSum()
        self._sums = {name: ExactSum() for name in names}

    def __eq__(self, other: object) -> bool:
        """Whether all sums are the same, every bit of them."""
        if not isinstance(other, WeightedSums):
            return NotImplemented
        return self.weight == other.weight and self._sums == other._sums

    def __getitem__(self, name: str) -> ExactSum:
        return self._sums[name]

    def add_rows(self, n_rows: int, weight: FloatArray | None) -> None:
        """Add to the total weight: 1 a row where there is none."""
        self.weight.add([float(n_rows)] if weight is None else weight)

    def add(self, name: str, values: FloatArray, weight: FloatArray | None) -> None:
        """Add one value a row to a sum."""
        if weight is None:
            self._sums[name].add(values)
        else:
            self._sums[name].add_products(weight, values)

    def add_products(
        self, name: str, left: FloatArray, right: FloatArray, weight: FloatArray | None
    ) -> None:
        """Add the product of two values a row to a sum: not even that is rounded."""
        for product in exact_products(left, right):
            self.add(name, product, weight)

    def merge(self, other: WeightedSums) -> None:
        """Add the rows of another one with the same names, leaving that as it is."""
        self.weight.merge(other.weight)
        for name, total in self._sums.items():
            total.merge(other._sums[name])

    def mean(self, name: str) -> float:
        """Return the weighted mean, rounded once; NaN without rows."""
        return self._sums[name].over(self.weight)

    def to_json(self) -> dict[str, Any]:
        """Return what JSON can hold, without any loss."""
        sums = {name: total.to_json() for name, total in self._sums.items()}
        return {"weight": self.weight.to_json(), "sums": sums}

    @classmethod
    def from_json(
        cls, description: object, names: Sequence[str], signed: Sequence[str] = ()
    ) -> WeightedSums:
        """Read what `to_json` wrote, checking it.

        Parameters
        ----------
        description : object
        names, signed : sequence of str
            Of all sums, and of those that may be negative.

        Raises
        ------
        XentError
            When it is anything else, or what cannot be negative is.
        """
        fields = description if isinstance(description, dict) else {}
        given = fields.get("sums")
        if set(fields) != {"weight", "sums"} or not isinstance(given, dict):
            raise XentError(f"sums must have weight and sums, got {shown(description)}.")
        if set(given) != set(names):
            raise XentError(f"sums must be {', '.join(names)}, got {shown(list(given))}.")
        sums = cls(names)
        sums.weight = ExactSum.from_json(fields["weight"])
        if sums.weight.units < 0 or not np.isfinite(sums.weight.value):
            raise XentError("the weight of all rows must be finite and not negative.")
        for name in names:
            total = ExactSum.from_json(given[name])
            if name not in signed and (total.units < 0 or total.value < 0):
                raise XentError(f"the sum of {name} must not be negative.")
            sums._sums[name] = total
        return sums
