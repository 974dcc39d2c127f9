"""recalibrator.json: what makes good for a run's probabilities, and what it did to its figures."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from xent.errors import XentError
from xent.evaluation.calibration import recalibrator_from_json
from xent.files import write_atomically
from xent.runs.reading import (
    check_format,
    checked_field,
    damaged,
    parse_json_object,
    read_text,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from xent.arrays import Array
    from xent.evaluation.calibration import Recalibrator
    from xent.runs.model_file import Model

__all__ = ["plain_effect", "read_recalibrator", "recalibrated", "write_recalibrator"]

FORMAT: Final = "xent-recalibrator"
VERSION: Final = 1


def recalibrated(model: Model, z: Array, recalibrator: Recalibrator | None) -> Array:
    """Return the outputs that a recalibrator makes of the network's; the same without one."""
    if recalibrator is None:
        return z
    given = z.reshape(len(z)) if model.task == "binary" else z
    return recalibrator.apply(given.astype(np.float64)).reshape(z.shape)


def write_recalibrator(
    path: Path,
    recalibrator: Recalibrator,
    effect: Mapping[str, Mapping[str, Mapping[str, float]]],
    model_fingerprint: str,
) -> None:
    """Write a recalibrator, atomically, with the model that it is for."""
    values: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "model": model_fingerprint,
        "recalibrator": recalibrator.to_json(),
        "effect": plain_effect(effect),
    }
    write_atomically(path, json.dumps(values, indent=2, allow_nan=False) + "\n")


def plain_effect(effect: Mapping[str, Mapping[str, Mapping[str, float]]]) -> dict[str, Any]:
    """Return what JSON can hold: an infinite log loss (the impossible happened) is the string "inf"."""
    return {
        part: {
            name: {when: v if math.isfinite(v) else str(v) for when, v in values.items()}
            for name, values in figures.items()
        }
        for part, figures in effect.items()
    }


def read_recalibrator(path: Path, model_fingerprint: str) -> Recalibrator | None:
    """Return the recalibrator of a run, or None where none was fitted.

    Raises
    ------
    XentError
        When the file is damaged, from a newer xent, or for another model.
    """
    if not path.exists():
        return None
    values = parse_json_object(read_text(path), path)
    check_format(values, FORMAT, VERSION, path)
    if checked_field(values, "model", str, path) != model_fingerprint:
        raise XentError(f"{path} is of another model. Make it anew: xent recalibrate RUN ...")
    try:
        return recalibrator_from_json(checked_field(values, "recalibrator", dict, path))
    except XentError as error:
        raise damaged(path, str(error).rstrip(".")) from None
