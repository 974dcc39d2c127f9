"""Loss and metrics by epoch, as a training has recorded them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

import altair as alt

from xent.errors import XentError
from xent.figures.epoch_lines import (
    LOWER_IS_BETTER,
    epoch_layers,
    epoch_series,
    marked_epoch,
    metric_title,
)
from xent.figures.epochs import epoch_records
from xent.figures.theme import theme_named, themed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from xent.figures.epoch_lines import Series
    from xent.figures.epochs import EpochRecord
    from xent.figures.theme import Theme

__all__ = ["loss_history", "metric_history"]


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
    series = epoch_series(records, columns, "loss")
    if scale == "log":
        series = _positive(series)
    elif scale != "linear":
        raise XentError(f"scale must be 'linear' or 'log', got {scale!r}.")
    marked = marked_epoch(series, best_epoch, lower_is_better=True)
    return _drawn(series, metric_title("loss"), marked, scale, title, theme, width, height)


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
    series = epoch_series(records, {"training": name, "validation": f"validation_{name}"}, name)
    marked = marked_epoch(series, best_epoch, lower_is_better=name in LOWER_IS_BETTER)
    text = f"{metric_title(name, unit=False)} by epoch" if title is None else title
    return _drawn(
        series,
        metric_title(name),
        marked,
        "linear",
        text[:1].upper() + text[1:],
        theme,
        width,
        height,
    )


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
    chart = alt.LayerChart(layer=epoch_layers(series, axis_title, marked, look, scale=scale))
    return themed(chart, look, title=title, width=width, height=height)
