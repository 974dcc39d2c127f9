"""curves/: ROC and precision-recall curves of the validation part at some epochs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from xent.errors import XentError
from xent.evaluation import PrCurve, RocCurve, pr_curve, roc_curve, thin
from xent.files import write_atomically
from xent.runs.reading import damaged, parse_json_object, read_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from xent.arrays import Array, FloatArray

__all__ = ["curve_epochs", "has_curves_at", "read_curves", "remove_curves_after", "write_curves"]

_N_POINTS = 200
# one class against the rest each; beyond this many nobody can look at them
_MOST_CLASSES = 26


def has_curves_at(epoch: int) -> bool:
    """Return whether an epoch has curves: those with one significant digit, so ever fewer of them.

    Examples
    --------
    >>> [epoch for epoch in range(1, 401) if has_curves_at(epoch)][-6:]
    [80, 90, 100, 200, 300, 400]
    """
    return epoch > 0 and not str(epoch)[1:].strip("0")


def write_curves(
    folder: Path,
    epoch: int,
    scores: Array,
    y: Array,
    classes: Sequence[str],
    weight: FloatArray | None,
) -> None:
    """Write the curves of an epoch, thinned to what a picture can show.

    Parameters
    ----------
    folder : Path
    epoch : int
    scores : ndarray, shape (n, n_curves)
        Higher: more likely of the class. One column for a binary target, that of the positive class.
    y : ndarray, shape (n, n_curves)
        1 where the row is of the class.
    classes : sequence of str
    weight : ndarray, shape (n,), optional
    """
    if np.isnan(scores).any():
        return
    curves = [
        {
            "class": name,
            "roc": thin(roc_curve(truth, score, weight=weight), _N_POINTS).to_json(),
            "pr": thin(pr_curve(truth, score, weight=weight), _N_POINTS).to_json(),
        }
        for name, score, truth in zip(classes[:_MOST_CLASSES], scores.T, y.T, strict=False)
    ]
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise XentError(f"cannot make {folder}: {error.strerror or error}.") from error
    write_atomically(
        folder / f"{epoch}.json", json.dumps({"epoch": epoch, "curves": curves}) + "\n"
    )


def curve_epochs(folder: Path) -> list[int]:
    """Return the epochs that have curves, ascending."""
    names = [path.stem for path in folder.glob("*.json")] if folder.is_dir() else []
    return sorted(int(name) for name in names if name.isascii() and name.isdigit())


def read_curves(
    folder: Path, epoch: int, expected: str | None = None
) -> dict[str, tuple[RocCurve, PrCurve]]:
    """Return the ROC and the precision-recall curve of each class at an epoch.

    Raises
    ------
    XentError
        When the epoch has none, or the file is damaged.
    """
    path = folder / f"{epoch}.json"
    if not path.exists():
        raise XentError(
            f"there are no curves of epoch {epoch}; there are those of {curve_epochs(folder)}."
        )
    values = parse_json_object(read_text(path, expected), path)
    curves = values.get("curves")
    if values.get("epoch") != epoch or not isinstance(curves, list):
        raise damaged(path, f"it must hold the curves of epoch {epoch}")
    return dict(_curve_pair(entry, path) for entry in curves)


def remove_curves_after(folder: Path, epoch: int) -> None:
    """Delete the curves of later epochs: a resumed training writes them again."""
    for later in curve_epochs(folder):
        if later > epoch:
            (folder / f"{later}.json").unlink(missing_ok=True)


def _curve_pair(entry: Any, path: Path) -> tuple[str, tuple[RocCurve, PrCurve]]:
    if not isinstance(entry, dict) or not isinstance(entry.get("class"), str):
        raise damaged(path, "each entry of 'curves' must name its class")
    try:
        return entry["class"], (
            RocCurve.from_json(entry.get("roc", {})),
            PrCurve.from_json(entry.get("pr", {})),
        )
    except XentError as error:
        raise damaged(path, str(error).rstrip(".")) from None
