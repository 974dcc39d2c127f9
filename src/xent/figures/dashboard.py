"""The dashboard of a training: loss and figures by epoch, a panel each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import altair as alt

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
    from collections.abc import Iterable, Sequence

    from xent.figures.epoch_lines import Series
    from xent.figures.epochs import EpochRecord
    from xent.figures.theme import Theme

__all__ = ["training_dashboard"]

# what every history has, and says nothing of how good the network is
NO_FIGURES: Final = {"epoch", "learning_rate", "penalty", "gradient_norm", "weight_norm"}
# a panel narrower than this has no room for its axis
LEAST_PANEL: Final = 180
# pixels of a panel's axis of values, its labels and its title
AXIS_ROOM: Final = 60


def training_dashboard(
    history: Iterable[EpochRecord],
    figures: Sequence[str] | None = None,
    *,
    best_epoch: int | None = None,
    title: str = "Training",
    theme: Theme | str = "light",
    width: int = 480,
    panel_height: int = 150,
) -> alt.ConcatChart:
    """Draw the loss and every figure by epoch, training and validation part, in panels beside each other.

    Parameters
    ----------
    history : History, or iterable of mappings
        One record an epoch, such as `run.history`. Whatever else a callback has seen of an epoch can be added to its
        record, such as ``validation_precision``.
    figures : sequence of str, optional
        Names without ``validation_``, in the order of the panels; by default all that are recorded of either part.
    best_epoch : int, optional
        Marked in every panel; by default the epoch of least validation loss. 0: none is marked.
    title : str
    theme : Theme or str
    width : int
        Of the whole, in pixels; from 480 on there are two panels in a row.
    panel_height : int
        In pixels.

    Returns
    -------
    altair.ConcatChart
        Very many epochs are thinned as in `loss_history`.

    Raises
    ------
    XentError
        When there is no epoch, or no such figure (the nearest is named).

    Examples
    --------
    >>> records = [{"epoch": 1, "loss": 0.7, "auc": 0.6}, {"epoch": 2, "loss": 0.5, "auc": 0.8}]
    >>> [panel.data.values[-1]["value"] for panel in training_dashboard(records).concat]
    [0.5, 0.8]
    """
    records = epoch_records(history)
    names = _recorded(records) if figures is None else list(dict.fromkeys(figures))
    panels = {
        name: epoch_series(records, {"training": name, "validation": f"validation_{name}"}, name)
        for name in names
    }
    best = _best(records, panels, best_epoch)
    look = theme_named(theme)
    n_columns = 2 if width >= 2 * (LEAST_PANEL + AXIS_ROOM) and len(panels) > 1 else 1
    size = {"width": max(width // n_columns - AXIS_ROOM, 50), "height": panel_height}
    parts = sorted({part for series in panels.values() for part in series})
    drawn: list[alt.LayerChart] = []
    for name, series in panels.items():
        value = dict(series.get("validation", [])).get(best) if best else None
        marked = (best, value) if best else None
        layers = epoch_layers(
            series,
            metric_title(name),
            marked,
            look,
            parts=parts,
            says_best=not drawn,  # it is the same in all panels
            n_ticks=5,
        )
        drawn.append(alt.LayerChart(layer=layers).properties(**size))
    return themed(alt.concat(*drawn, columns=n_columns, spacing=18), look, title=title)


def _recorded(records: list[EpochRecord]) -> list[str]:
    """Return what is recorded of either part, the loss first."""
    found = {
        name.removeprefix("validation_")
        for record in (records[0], records[-1])
        for name, value in record.items()
        if isinstance(value, int | float)
    }
    order = list(dict.fromkeys(name.removeprefix("validation_") for name in records[-1]))
    return [name for name in order if name in found and name not in NO_FIGURES]


def _best(
    records: list[EpochRecord], panels: dict[str, Series], best_epoch: int | None
) -> int | None:
    """Return the epoch that is marked in every panel: that of the least validation loss."""
    if best_epoch is not None:
        return best_epoch or None
    if not any("validation_loss" in record for record in records):
        return None
    loss = panels.get("loss") or epoch_series(records, {"validation": "validation_loss"}, "loss")
    marked = marked_epoch(loss, None, lower_is_better="loss" in LOWER_IS_BETTER)
    return None if marked is None else marked[0]
