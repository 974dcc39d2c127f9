"""Loss and metrics by epoch, as a training has recorded them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final, Literal

import altair as alt

from xent.errors import XentError, nearest_hint
from xent.figures.epochs import epoch_axis, epoch_records, kept_epochs
from xent.figures.theme import theme_named, themed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from xent.figures.epochs import EpochRecord
    from xent.figures.theme import Theme

__all__ = ["loss_history", "metric_history"]

# how a metric is written on its axis
TITLES: Final = {
    "accuracy": "accuracy (share of rows)",
    "auc": "AUC (share of pairs)",
    "exact_match": "exact match (share of rows)",
    "hamming_loss": "Hamming loss (share of labels)",
    "rmse": "RMSE (units of the target)",
    "loss": "loss (nats)",
    "penalty": "penalty (nats)",
    "learning_rate": "learning rate",
    "gradient_norm": "gradient norm (Euclidean)",
    "weight_norm": "weight norm (Euclidean)",
}
LOWER_IS_BETTER: Final = {"loss", "hamming_loss", "rmse", "error_rate"}
PARTS: Final = ("training", "validation", "penalty")
# epochs that have room for a dot each, and for dashes
MOST_DOTTED: Final = 30
MOST_DASHED: Final = 500


def loss_history(
    history: Iterable[EpochRecord],
    *,
    best_epoch: int | None = None,
    scale: Literal["linear", "log"] = "linear",
    title: str = "Loss by epoch",
    theme: Theme | str = "light",
    width: int = 480,
    height: int = 300,
) -> alt.LayerChart:
    """Draw the loss of the training and the validation part by epoch, and a penalty if there is one.

    Parameters
    ----------
    history : History, or iterable of mappings
        One record an epoch, such as `run.history`: `epoch`, `loss` and, where known,
        `validation_loss` and `penalty`.
    best_epoch : int, optional
        Marked with a rule; by default the epoch of least validation loss. 0: none is marked.
    scale : {"linear", "log"}
        Of the loss; on a logarithmic one what is not positive has no place and is an error.
    title : str
    theme : Theme or str
    width, height : int
        In pixels.

    Returns
    -------
    altair.LayerChart
        Of more epochs than there are pixels the least, the greatest, the first and the last of each
        stretch are kept, so that no peak is lost. A loss that is no number leaves a gap.

    Raises
    ------
    XentError
        When no epoch has a loss, or a logarithmic scale has to show a loss that is not positive.

    Examples
    --------
    >>> records = [{"epoch": 1, "loss": 0.7, "validation_loss": 0.8}, {"epoch": 2, "loss": 0.5}]
    >>> [(row["epoch"], row["part"], row["value"]) for row in loss_history(records).layer[0].data.values]
    [(1, 'training', 0.7), (2, 'training', 0.5), (1, 'validation', 0.8)]
    """
    records = epoch_records(history)
    columns = {"training": "loss", "validation": "validation_loss"}
    if any((record.get("penalty") or 0) != 0 for record in records):
        columns["penalty"] = "penalty"
    series = _series(records, columns, "loss")
    if scale == "log":
        series = _positive(series)
    elif scale != "linear":
        raise XentError(f"scale must be 'linear' or 'log', got {scale!r}.")
    marked = _best(series, best_epoch, lower_is_better=True)
    return _drawn(series, TITLES["loss"], marked, scale, title, theme, width, height)


def metric_history(
    history: Iterable[EpochRecord],
    metric: str,
    *,
    best_epoch: int | None = None,
    title: str | None = None,
    theme: Theme | str = "light",
    width: int = 480,
    height: int = 300,
) -> alt.LayerChart:
    """Draw anything that was recorded by epoch, of the training and, where known, the validation part.

    Parameters
    ----------
    history : History, or iterable of mappings
        One record an epoch, such as `run.history`.
    metric : str
        Such as ``"accuracy"``; ``validation_accuracy`` is drawn with it.
    best_epoch : int, optional
        Marked with a rule; by default the epoch of the best validation value. 0: none is marked.
    title : str, optional
        By default the metric's name.
    theme : Theme or str
    width, height : int
        In pixels.

    Returns
    -------
    altair.LayerChart

    Raises
    ------
    XentError
        When there is no such metric (the nearest is named).

    Examples
    --------
    >>> records = [{"epoch": 1, "accuracy": 0.7}, {"epoch": 2, "accuracy": 0.9}]
    >>> [row["value"] for row in metric_history(records, "accuracy").data.values]
    [0.7, 0.9]
    """
    records = epoch_records(history)
    name = metric.removeprefix("validation_")
    series = _series(records, {"training": name, "validation": f"validation_{name}"}, name)
    marked = _best(series, best_epoch, lower_is_better=name in LOWER_IS_BETTER)
    axis = TITLES.get(name, name.replace("_", " "))
    text = f"{axis.split(' (')[0]} by epoch" if title is None else title
    return _drawn(series, axis, marked, "linear", text[:1].upper() + text[1:], theme, width, height)


Series = dict[str, list[tuple[int, float]]]


def _series(records: list[EpochRecord], columns: Mapping[str, str], name: str) -> Series:
    """Return epoch and value of every part that has the column."""
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


def _positive(series: Series) -> Series:
    """Return what a logarithmic scale can show; a penalty of 0 is none, a loss of 0 is an error."""
    shown: Series = {}
    for part, pairs in series.items():
        least = min(value for _, value in pairs if math.isfinite(value))
        if part == "penalty":
            shown[part] = [(epoch, value) for epoch, value in pairs if value > 0]
        elif least <= 0:
            raise XentError(
                f"scale 'log' needs positive losses, got {least:g} ({part}): densities above 1 have "
                "negative ones. Use scale='linear'."
            )
        else:
            shown[part] = pairs
    return shown


def _best(
    series: Series, best_epoch: int | None, *, lower_is_better: bool
) -> tuple[int, float | None] | None:
    """Return the epoch to mark and its validation value."""
    pairs = series.get("validation", [])
    if best_epoch is None:
        known = [pair for pair in pairs if math.isfinite(pair[1])]
        if not known:
            return None
        return (min if lower_is_better else max)(known, key=lambda pair: pair[1])
    if best_epoch == 0:
        return None
    return best_epoch, dict(pairs).get(best_epoch)


def _drawn(
    series: Series,
    axis_title: str,
    marked: tuple[int, float | None] | None,
    scale: Literal["linear", "log"],
    title: str,
    theme: Theme | str,
    width: int,
    height: int,
) -> alt.LayerChart:
    look = theme_named(theme)
    x = epoch_axis([epoch for pairs in series.values() for epoch, _ in pairs])
    y = alt.Y(
        "value:Q", title=axis_title, scale=alt.Scale(type=scale, zero=False, padding=6, nice=False)
    )
    layers: list[Any] = [_lines(series, (x, y), look)]
    if marked is not None:
        layers += _best_marks(marked, _is_left(marked[0], series), (x, y), look)
    chart = alt.LayerChart(layer=layers)
    return themed(chart, look, title=title, width=width, height=height)


def _lines(series: Series, axes: tuple[alt.X, alt.Y], look: Theme) -> alt.Chart:
    values = [
        {"epoch": epoch, "part": part, "value": value if math.isfinite(value) else None}
        for part, pairs in series.items()
        for epoch, value in kept_epochs(pairs)
    ]
    n_epochs = max(len(pairs) for pairs in series.values())
    parts = [part for part in PARTS if part in series]
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
    marked: tuple[int, float | None], is_left: bool, axes: tuple[alt.X, alt.Y], look: Theme
) -> list[Any]:
    """Return a rule at the best epoch, its point, and a text that says which it is."""
    epoch, value = marked
    x, y = axes
    at = alt.Data(values=[{"epoch": epoch, "value": value, "text": f"best: epoch {epoch:,}"}])
    base = alt.Chart(at)
    marks: list[Any] = [base.mark_rule(color=look.muted, strokeDash=[4, 3]).encode(x=x)]
    if value is not None and math.isfinite(value):
        marks.append(
            base.mark_point(
                color=look.ink, shape="diamond", filled=True, opacity=1, size=90
            ).encode(x=x, y=y)
        )
    align: Literal["left", "right"] = "left" if is_left else "right"
    text = base.mark_text(color=look.ink, baseline="top", align=align, dx=5 if is_left else -5)
    marks.append(text.encode(x=x, y=alt.value(2), text="text:N"))
    return marks


def _is_left(epoch: int, series: Series) -> bool:
    """Return whether an epoch is in the first half: its text then stands on its right."""
    epochs = [epoch for pairs in series.values() for epoch, _ in pairs]
    return 2 * epoch < min(epochs) + max(epochs)
