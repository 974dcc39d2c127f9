"""Figures made when they are first read, and how they are written: as text, as records, as JSON."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from xent.errors import XentError, nearest_hint
from xent.evaluation.intervals.estimate import Estimate

__all__ = ["FigureRecipe", "LazyFigures", "figure_records", "figures_text", "p_value_text"]

FigureRecipe: TypeAlias = Callable[[], Estimate]


@dataclass(frozen=True)
class _Label:
    text: str
    unit: str = ""


# names that are not their words put together, or have a unit
LABELS = {
    "youden_j": _Label("Youden's J"),
    "log_loss": _Label("log loss", "nats"),
    "hamming_loss": _Label("Hamming loss"),
    "hand_till_auc": _Label("Hand-Till AUC"),
    "pr_trapezoid_area": _Label("PR area, trapezoid"),
    "davis_goadrich_area": _Label("PR area, Davis-Goadrich"),
}
INITIALS = [
    "auc",
    "d2",
    "f1",
    "fnr",
    "fpr",
    "lr",
    "lrap",
    "mae",
    "mape",
    "mcc",
    "mse",
    "msle",
    "npv",
    "r2",
    "rmse",
    "rmsle",
    "smape",
    "wape",
]
WORDS = {"brier": "Brier", "jaccard": "Jaccard"} | {word: word.upper() for word in INITIALS}


def label_of(name: str) -> _Label:
    """Return how a figure is written."""
    if name in LABELS:
        return LABELS[name]
    words = [WORDS.get(word, word) for word in name.split("_")]
    return _Label(" ".join(words))


class LazyFigures(Mapping[str, Estimate]):
    """Figures by name; each is made when it is first read, and then kept.

    Examples
    --------
    >>> figures = LazyFigures({"half": lambda: Estimate(0.5)})
    >>> figures["half"].value
    0.5
    >>> figures["hlaf"]
    Traceback (most recent call last):
    xent.errors.XentError: there is no figure 'hlaf'. Did you mean 'half'?
    """

    def __init__(self, recipes: Mapping[str, FigureRecipe]) -> None:
        self._recipes = dict(recipes)
        self._made: dict[str, Estimate] = {}

    def __getitem__(self, name: str) -> Estimate:
        if name not in self._made:
            if name not in self._recipes:
                raise XentError(f"there is no figure {name!r}.{nearest_hint(name, self._recipes)}")
            self._made[name] = self._recipes[name]()
        return self._made[name]

    def __contains__(self, name: object) -> bool:
        return name in self._recipes

    def __iter__(self) -> Iterator[str]:
        return iter(self._recipes)

    def __len__(self) -> int:
        return len(self._recipes)


def figure_records(figures: Mapping[str, Estimate]) -> list[dict[str, Any]]:
    """Return one record a figure: figure, value, low, high, level, method, n, why."""
    return [
        {
            "figure": name,
            "value": estimate.value,
            "low": estimate.low,
            "high": estimate.high,
            "level": estimate.level,
            "method": estimate.method,
            "n": float(estimate.n),
            "why": estimate.why,
        }
        for name, estimate in figures.items()
    ]


def figures_text(figures: Mapping[str, Estimate], title: str) -> str:
    """Return an aligned table: figure, value, interval, how it was made, and notes below."""
    estimates = dict(figures)
    level = next((e.level for e in estimates.values()), 0.95)
    rows = [(title, "value", f"{level:.0%} interval", "by")]
    notes: dict[str, list[str]] = {}
    for name, estimate in estimates.items():
        label = label_of(name)
        unit = f" ({label.unit})" if label.unit else ""
        rows.append((label.text + unit, *_cells(estimate)))
        if estimate.why:
            notes.setdefault(estimate.why, []).append(label.text)
    widths = [max(len(row[place]) for row in rows) for place in range(4)]
    lines = [
        "  ".join(
            (
                row[0].ljust(widths[0]),
                row[1].rjust(widths[1]),
                row[2].rjust(widths[2]),
                row[3],
            )
        ).rstrip()
        for row in rows
    ]
    return "\n".join([*lines, *(f"{', '.join(names)}: {why}" for why, names in notes.items())])


def p_value_text(p_value: float) -> str:
    """Return a p-value for a table.

    Examples
    --------
    >>> p_value_text(0.03), p_value_text(1e-9), p_value_text(float("nan"))
    ('0.0300', '< 0.0001', '-')
    """
    if math.isnan(p_value):
        return "-"
    return "< 0.0001" if p_value < 1e-4 else f"{p_value:.4f}"


def number_text(value: float) -> str:
    """Return a number to four digits; a dash where there is none."""
    if math.isnan(value):
        return "-"
    size = abs(value)
    if size < 1e-12:  # what rounding leaves of nothing, and -0.0
        return "0.0000"
    if size >= 1e5 or size < 1e-3:
        return f"{value:.4g}"
    return f"{value:,.4f}" if size < 100 else f"{value:,.1f}"


def _cells(estimate: Estimate) -> tuple[str, str, str]:
    if not estimate.has_interval:
        return number_text(estimate.value), "", ""
    interval = f"{number_text(estimate.low)} to {number_text(estimate.high)}"
    return number_text(estimate.value), interval, estimate.method
