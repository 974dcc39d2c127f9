"""evaluation.json: the verdict, the constant predictor, and the linear baseline's own verdict."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from xent.errors import XentError
from xent.evaluation import ConstantPredictor, Verdict
from xent.files import write_atomically
from xent.runs.reading import (
    check_format,
    checked_field,
    damaged,
    parse_json_object,
    read_text,
)

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Evaluation", "read_evaluation", "write_evaluation"]

FORMAT: Final = "xent-evaluation"
VERSION: Final = 1


@dataclass(frozen=True)
class Evaluation:
    """How good a run's model is, and what is there to compare it with.

    Attributes
    ----------
    verdict : Verdict
        Of each part, with the constant predictor's values beside the model's.
    constant : ConstantPredictor
        Fitted on the training part; new data are judged beside it too.
    baseline_name : str
        Such as "logistic regression".
    baseline : Verdict
        Of the linear baseline, on the same parts.
    """

    verdict: Verdict
    constant: ConstantPredictor
    baseline_name: str
    baseline: Verdict


def write_evaluation(path: Path, evaluation: Evaluation) -> None:
    """Write the evaluation, atomically."""
    values = {
        "format": FORMAT,
        "version": VERSION,
        "verdict": evaluation.verdict.to_json(),
        "constant": evaluation.constant.to_json(),
        "baseline": {"name": evaluation.baseline_name, "verdict": evaluation.baseline.to_json()},
    }
    write_atomically(path, json.dumps(values, indent=2, allow_nan=False) + "\n")


def read_evaluation(path: Path, expected: str | None = None) -> Evaluation:
    """Return the evaluation of a run.

    Raises
    ------
    XentError
        When the file is absent, damaged or from a newer xent.
    """
    values = parse_json_object(read_text(path, expected), path)
    check_format(values, FORMAT, VERSION, path)
    baseline = checked_field(values, "baseline", dict, path)
    try:
        return Evaluation(
            Verdict.from_json(checked_field(values, "verdict", dict, path)),
            ConstantPredictor.from_json(checked_field(values, "constant", dict, path)),
            checked_field(baseline, "name", str, path),
            Verdict.from_json(checked_field(baseline, "verdict", dict, path)),
        )
    except XentError as error:
        if str(path) in str(error):
            raise
        raise damaged(path, str(error).rstrip(".")) from None
