"""The data settings: what in a table is the target, what is left out, how the rows are split."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xent.data import ImageReading, parse_image_size
from xent.errors import XentError, nearest_hint
from xent.evaluation import TASKS

__all__ = ["DataSettings"]

_COLUMN_LISTS = ("targets", "numeric", "categorical", "drop")
_COLUMNS = ("target", "weight", "group", "time", "split", "image_column")


def _setting(default: Any, text: str) -> Any:
    return dataclasses.field(default=default, metadata={"help": text})


@dataclass(frozen=True, kw_only=True)
class DataSettings:
    """What a table means and how its rows are split.

    Every field is a setting of `xent.train`, of the recipe file and of the command line; its meaning stands
    beside it in ``metadata["help"]``.

    Raises
    ------
    XentError
        When a value is of the wrong kind, or two settings contradict each other.

    Examples
    --------
    >>> DataSettings(target="Result", positive=-1).test_fraction
    0.2
    """

    target: str | None = _setting(None, "Column to predict.")
    targets: tuple[str, ...] = _setting(
        (), "Label columns of a multi-label target; patterns such as label_* too."
    )
    positive: Any = _setting(  # noqa: RUF009 - a field with its help text
        None, "Positive class of a two-class target; by default the last in order."
    )
    task: str | None = _setting(
        None, "binary, multiclass, multilabel or regression; by default what the target suggests."
    )
    weight: str | None = _setting(None, "Column of row weights: 0 is absence, 2 is repetition.")
    group: str | None = _setting(
        None, "Column whose equal values stay in one part, such as a patient."
    )
    time: str | None = _setting(
        None, "Column that orders the rows: the latest test, those before validate."
    )
    split: str | None = _setting(None, "Column that says train, validation or test for each row.")
    test: Any = _setting(  # noqa: RUF009 - the same
        None, "File of test rows; without one, test_fraction of the rows are held out."
    )
    test_fraction: float = _setting(0.2, "Share of the rows held out for the test; 0: none.")
    numeric: tuple[str, ...] = _setting((), "Columns to take as numbers.")
    categorical: tuple[str, ...] = _setting((), "Columns to take as categories.")
    drop: tuple[str, ...] = _setting((), "Columns to leave out.")
    image_column: str | None = _setting(
        None,
        "Column of PNG or JPEG files, named from where the table lies: the images are learned from.",
    )
    image_size: str | None = _setting(
        None,
        "Side, or width x height, to resize and crop images to, such as 128; by default all must have one size.",
    )
    skip_corrupt: bool = _setting(
        default=False, text="Leave damaged images out, with a warning, instead of refusing them."
    )
    runs: str = _setting("runs", "Folder in which the run gets its own.")

    def __post_init__(self) -> None:
        for name in _COLUMN_LISTS:
            object.__setattr__(self, name, _names(name, getattr(self, name)))
        for name in _COLUMNS:
            value = getattr(self, name)
            if value is not None and not isinstance(value, str):
                raise XentError(f"{name} must be the name of a column, got {value!r}.")
        if self.task is not None and self.task not in TASKS:
            hint = nearest_hint(str(self.task), TASKS)
            raise XentError(f"task must be one of {', '.join(TASKS)}, got {self.task!r}.{hint}")
        _check_share(self.test_fraction)
        object.__setattr__(self, "image_size", _image_size(self.image_size))
        if not isinstance(self.skip_corrupt, bool):
            raise XentError(f"skip_corrupt must be True or False, got {self.skip_corrupt!r}.")
        object.__setattr__(self, "runs", _folder(self.runs))
        self._check_together()

    def _check_together(self) -> None:
        if self.target is not None and self.targets:
            raise XentError(
                "target and targets exclude each other: give one column, or the label columns."
            )
        if self.split is not None and self.test is not None:
            raise XentError(
                "split and test exclude each other: the column split names the test rows already."
            )
        for other in ("group", "time"):
            if self.split is not None and getattr(self, other) is not None:
                raise XentError(
                    f"split and {other} exclude each other: the column split decides alone."
                )

    def image_reading(self, *, needs_labels: bool = True) -> ImageReading:
        """Return how images of a training are read."""
        size = None if self.image_size is None else parse_image_size(self.image_size)
        return ImageReading(
            size,
            skip_corrupt=self.skip_corrupt,
            column=self.image_column,
            needs_labels=needs_labels,
        )

    def as_json(self) -> dict[str, Any]:
        """Return the settings as plain values; a test table in memory is left to the record of the run."""
        values = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        for name in _COLUMN_LISTS:
            values[name] = list(values[name])
        values["test"] = str(self.test) if isinstance(self.test, str | Path) else None
        if hasattr(self.positive, "item"):
            values["positive"] = self.positive.item()
        return values


def _names(setting: str, value: object) -> tuple[str, ...]:
    names = (value,) if isinstance(value, str) else value
    if not isinstance(names, Sequence) or not all(isinstance(name, str) for name in names):
        raise XentError(f"{setting} must be a list of column names, got {value!r}.")
    return tuple(names)


def _check_share(value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1:
        raise XentError(f"test_fraction must be at least 0 and below 1, got {value!r}.")


def _image_size(value: object) -> str | None:
    """Return a size as text: a number may stand for the side of a square."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise XentError(
            f"image_size must be a side such as 128, or width x height such as '128x96', got {value!r}."
        )
    height, width = parse_image_size(str(value))
    return str(width) if width == height else f"{width}x{height}"


def _folder(value: object) -> str:
    if not isinstance(value, str | Path) or not str(value):
        raise XentError(f"runs must be a folder, got {value!r}.")
    return str(value)
