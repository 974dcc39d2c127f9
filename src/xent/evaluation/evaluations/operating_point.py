"""The figures of a binary target at one threshold."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from xent.evaluation.confusion import UNDEFINED, ConfusionCounts
from xent.evaluation.evaluations import uncertainty
from xent.evaluation.evaluations.figures import LazyFigures, figures_text
from xent.evaluation.intervals.decision_figures import decision_interval, f_beta_interval
from xent.evaluation.intervals.estimate import Estimate, lazy_estimate
from xent.evaluation.intervals.proportions import SHARES, proportion_interval

if TYPE_CHECKING:
    from collections.abc import Callable

    from xent.arrays import Array
    from xent.evaluation.evaluations.binary import BinaryEvaluation

__all__ = ["PROPORTIONS", "RANGES", "OperatingPoint"]

# shares of rows; the prevalence first, which is of the truth alone
PROPORTIONS: Final = ("prevalence", *(name for name in SHARES if name != "prevalence"))
# the others, and the range that an interval must keep to
RANGES: Final = {
    "balanced_accuracy": (0.0, 1.0),
    "f1": (0.0, 1.0),
    "mcc": (-1.0, 1.0),
    "kappa": (-1.0, 1.0),
    "youden_j": (-1.0, 1.0),
    "lr_positive": (0.0, float("inf")),
    "lr_negative": (0.0, float("inf")),
}


@dataclass(frozen=True, eq=False)
class OperatingPoint:
    """The figures of one threshold.

    Attributes
    ----------
    threshold : float
        On the scale that was declared.
    counts : ConfusionCounts
    """

    evaluation: BinaryEvaluation
    threshold: float
    counts: ConfusionCounts[float]

    @cached_property
    def figures(self) -> LazyFigures:
        """Name to `Estimate`."""
        return LazyFigures(
            {name: partial(self._proportion, name) for name in PROPORTIONS}
            | {name: partial(self._of_counts, name) for name in RANGES}
        )

    def __getitem__(self, name: str) -> Estimate:
        return self.figures[name]

    def __getattr__(self, name: str) -> Estimate:
        if name.startswith("_") or name not in self.figures:
            raise AttributeError(f"OperatingPoint has no figure {name!r}.")
        return self.figures[name]

    def __str__(self) -> str:
        return figures_text(self.figures, f"at {self.threshold:g}")

    def to_json(self) -> dict[str, Any]:
        """Return plain values; NaN is None."""
        counts = {name: float(getattr(self.counts, name)) for name in ("tp", "fn", "fp", "tn")}
        figures = {name: estimate.to_json() for name, estimate in self.figures.items()}
        return {"threshold": self.threshold, "counts": counts, "figures": figures}

    def f_beta(self, beta: float) -> Estimate:
        """Return F-beta: recall counts beta times as much as precision."""
        value = float(self.counts.f_beta(beta))
        if np.isnan(value):
            return Estimate(value, why=UNDEFINED["f1"])
        level = self.evaluation.settings.level
        return self._with_interval(
            lambda counts: counts.f_beta(beta),
            lambda n: f_beta_interval(self.counts, beta=beta, level=level, n_effective=n),
            (0.0, 1.0),
        )

    def _proportion(self, name: str) -> Estimate:
        value = getattr(self.counts, name)
        if np.isnan(value):
            return Estimate(value, why=UNDEFINED.get(name, "there is no row"))
        settings = self.evaluation.settings

        def make() -> Estimate:
            rows = self.evaluation.rows
            happened, concerned = (self._cells(fields) for fields in SHARES[name])
            return proportion_interval(
                happened[concerned],
                weight=None if rows.weight is None else rows.weight[concerned],
                cluster=None if rows.cluster is None else rows.cluster[concerned],
                level=settings.level,
            )

        return lazy_estimate(value, make, level=settings.level)

    def _cells(self, fields: tuple[str, ...]) -> Array:
        """Return where the rows of these cells of the confusion matrix are."""
        truth, decided = self.evaluation.truth, self.evaluation.scores >= self.threshold
        cells = {
            "tp": truth & decided,
            "fn": truth & ~decided,
            "fp": ~truth & decided,
            "tn": ~truth & ~decided,
        }
        where = cells[fields[0]]
        for field in fields[1:]:
            where = where | cells[field]
        return where

    def _of_counts(self, name: str) -> Estimate:
        if np.isnan(getattr(self.counts, name)):
            return Estimate(float("nan"), why=UNDEFINED[name])
        level = self.evaluation.settings.level
        return self._with_interval(
            attrgetter(name),
            lambda n: decision_interval(self.counts, name, level=level, n_effective=n),
            RANGES[name],
        )

    def _with_interval(
        self,
        figure: Callable[[ConfusionCounts[Any]], Any],
        interval: Callable[[float], Estimate],
        bounds: tuple[float, float],
    ) -> Estimate:
        e = self.evaluation
        return uncertainty.of_counts(
            figure,
            interval,
            self.counts,
            e.truth,
            lambda: e.scores >= self.threshold,
            e.rows.weight,
            e.rows.cluster,
            e.settings,
            bounds,
        )
