"""The lines of what a training recorded by epoch: training and validation part, the best epoch marked."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import altair as alt

from xent.errors import XentError, nearest_hint
from xent.figures.epochs import epoch_axis, kept_epochs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from xent.figures.epochs import EpochRecord
    from xent.figures.theme import Theme

__all__ = [
    "LOWER_IS_BETTER",
    "TITLES",
    "Series",
    "epoch_layers",
    "epoch_series",
    "marked_epoch",
    "metric_title",
]

# how a metric is written on its axis
TITLES: Final = {
    "accuracy": "accuracy (share of rows)",
    "auc": "AUC (share of pairs)",
    "precision": "precision (share of decided positives)",
    "recall": "recall (share of positives)",
    "fpr": "FPR (share of negatives)",
    "f1": "F1 (no unit)",
    "exact_match": "exact match (share of rows)",
    "hamming_loss": "Hamming loss (share of labels)",
    "rmse": "RMSE (units of the target)",
    "loss": "loss (nats)",
    "penalty": "penalty (nats)",
    "learning_rate": "learning rate",
    "gradient_norm": "gradient norm (Euclidean)",
    "weight_norm": "weight norm (Euclidean)",
}
LOWER_IS_BETTER: Final = {"loss", "fpr", "hamming_loss", "rmse", "error_rate"}
PARTS: Final = ("training", "validation", "penalty")
# epochs that have room for a dot each, and for dashes
MOST_DOTTED: Final = 30
MOST_DASHED: Final = 500
# of "best: epoch 12", as a share of the axis
TEXT_WIDTH: Final = 0.25

Series: TypeAlias = dict[str, list[tuple[int, float]]]


def metric_title(name: str, *, unit: bool = True) -> str:
    """Return how a column of a history is written, with its unit or without.

    Examples
    --------
    >>> metric_title("auc"), metric_title("validation_hamming_loss", unit=False), metric_title("my_own")
    ('AUC (share of pairs)', 'validation Hamming loss', 'my own')
    """
    metric = name.removeprefix("validation_")
    title = TITLES.get(metric, metric.replace("_", " "))
    part = "" if metric == name else "validation "
    return part + (title if unit else title.partition(" (")[0])


def epoch_series(records: list[EpochRecord], columns: Mapping[str, str], name: str) -> Series:
    """Return epoch and value of every part that has its column.

    Parameters
    ----------
    records : list of mappings
    columns : mapping of str to str
        A part to its column.
    name : str
        What an error calls it.

    Raises
    ------
    XentError
        When no part has a finite value.

    Examples
    --------
    >>> epoch_series([{"epoch": 1, "auc": 0.5}], {"training": "auc", "validation": "v"}, "auc")
    {'training': [(1, 0.5)]}
    """
    found: Series = {}
    for part, column in columns.items():
        pairs = [
            (record["epoch"], _number(record[column]))
            for record in records
            if isinstance(record.get(column, {}), int | float | None) and column in record
        ]
        if any(math.isfinite(value) for _, value in pairs):
            found[part] = pairs
    if not found:
        known = [
            column
            for column, value in (records[0] if records else {}).items()
            if column != "epoch" and not isinstance(value, dict)
        ]
        raise XentError(
            f"the history has no {name!r}; it has {', '.join(known) or 'no epoch'}."
            f"{nearest_hint(name, known)}"
        )
    return found


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)


def marked_epoch(
    series: Series, best_epoch: int | None, *, lower_is_better: bool
) -> tuple[int, float | None] | None:
    """Return the epoch to mark and its validation value.

    Parameters
    ----------
    series : Series
    best_epoch : int or None
        None: the epoch of the best validation value; 0: none.
    lower_is_better : bool
    """
    pairs = series.get("validation", [])
    if best_epoch is None:
        known = [pair for pair in pairs if math.isfinite(pair[1])]
        if not known:
            return None
        return (min if lower_is_better else max)(known, key=lambda pair: pair[1])
    if best_epoch == 0:
        return None
    return best_epoch, dict(pairs).get(best_epoch)


def epoch_layers(
    series: Series,
    axis_title: str,
    marked: tuple[int, float | None] | None,
    look: Theme,
    *,
    scale: Literal["linear", "log"] = "linear",
    parts: Sequence[str] = (),
    says_best: bool = True,
    n_ticks: int = 8,
) -> list[Any]:
    """Return the marks of the lines and of the best epoch.

    Parameters
    ----------
    series : Series
    axis_title : str
        With its unit.
    marked : tuple of int and float, optional
        The best epoch and its validation value.
    look : Theme
    scale : {"linear", "log"}
    parts : sequence of str
        Those of the legend, where several charts share it; by default those of the series.
    says_best : bool
        Whether the mark has its text.
    n_ticks : int
        Of the axis of epochs.
    """
    x = epoch_axis([epoch for pairs in series.values() for epoch, _ in pairs], n_ticks=n_ticks)
    y = alt.Y(
        "value:Q", title=axis_title, scale=alt.Scale(type=scale, zero=False, padding=6, nice=False)
    )
    layers: list[Any] = [_lines(series, (x, y), look, list(parts or series))]
    if marked is not None:
        layers += _best_marks(marked, (x, y), look)
        if says_best:
            layers.append(_best_text(marked[0], series, x, look))
    return layers


def _lines(series: Series, axes: tuple[alt.X, alt.Y], look: Theme, named: list[str]) -> alt.Chart:
    values = [
        {"epoch": epoch, "part": part, "value": value if math.isfinite(value) else None}
        for part, pairs in series.items()
        for epoch, value in kept_epochs(pairs)
    ]
    n_epochs = max(len(pairs) for pairs in series.values())
    parts = [part for part in PARTS if part in named]
    hues = {"training": look.hues[0], "validation": look.hues[1], "penalty": look.hues[2]}
    # dashes tell the lines apart in gray; on a line that jumps at every pixel they are noise
    broken = [7, 3] if n_epochs <= MOST_DASHED else [1, 0]
    dashes = {"training": [1, 0], "validation": broken, "penalty": [2, 2]}
    lines: alt.Chart = (
        alt.Chart(alt.Data(values=values))
        .mark_line(
            strokeWidth=2 if n_epochs <= MOST_DASHED else 1,
            point=alt.OverlayMarkDef(size=24, filled=True) if n_epochs <= MOST_DOTTED else False,
        )
        .encode(
            x=axes[0],
            y=axes[1],
            color=alt.Color(
                "part:N",
                title=None,
                sort=parts,
                scale=alt.Scale(domain=parts, range=[hues[part] for part in parts]),
                legend=alt.Legend(symbolType="stroke", symbolSize=300),
            ),
            strokeDash=alt.StrokeDash(
                "part:N",
                title=None,
                sort=parts,
                scale=alt.Scale(domain=parts, range=[dashes[part] for part in parts]),
            ),
            tooltip=["epoch:Q", "part:N", alt.Tooltip("value:Q", format=".5~g")],
        )
    )
    return lines


def _best_marks(
    marked: tuple[int, float | None], axes: tuple[alt.X, alt.Y], look: Theme
) -> list[Any]:
    """Return a rule at the best epoch, and its point."""
    epoch, value = marked
    x, y = axes
    base = alt.Chart(alt.Data(values=[{"epoch": epoch, "value": value}]))
    marks: list[Any] = [base.mark_rule(color=look.muted, strokeDash=[4, 3]).encode(x=x)]
    if value is not None and math.isfinite(value):
        marks.append(
            base.mark_point(
                color=look.ink, shape="diamond", filled=True, opacity=1, size=90
            ).encode(x=x, y=y)
        )
    return marks


def _best_text(epoch: int, series: Series, x: alt.X, look: Theme) -> alt.Chart:
    """Return a text that says which epoch is the best, in the half of the chart where lines leave room."""
    pairs = [pair for own in series.values() for pair in own if math.isfinite(pair[1])]
    epochs, values = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    first, last, low, high = min(epochs), max(epochs), min(values), max(values)
    is_left = 2 * epoch < first + last
    reach = TEXT_WIDTH * (last - first)
    ends = (epoch, epoch + reach) if is_left else (epoch - reach, epoch)
    near = [value for at, value in pairs if ends[0] <= at <= ends[1]] or [low]
    is_above = high - max(near) >= min(near) - low
    text: alt.Chart = (
        alt.Chart(alt.Data(values=[{"epoch": epoch, "text": f"best: epoch {epoch:,}"}]))
        .mark_text(
            color=look.ink,
            baseline="top" if is_above else "bottom",
            align="left" if is_left else "right",
            dx=5 if is_left else -5,
            dy=2 if is_above else -2,
        )
        .encode(x=x, y=alt.value(0 if is_above else "height"), text="text:N")
    )
    return text
