"""decision.json: the threshold or the costs that a run decides with, and what it did on the test part."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from xent.decisions import CostDecision, Decision
from xent.errors import XentError
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

    from xent.decisions import CostJudgment, Judgment

__all__ = ["read_decision", "write_decision"]

FORMAT: Final = "xent-decision"
VERSION: Final = 1


def write_decision(
    path: Path,
    decision: Decision | CostDecision,
    judgment: Judgment | CostJudgment | None,
    model_fingerprint: str,
) -> None:
    """Write a decision, atomically, with the model that it is for."""
    values: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "model": model_fingerprint,
        "decision": decision.to_json(),
        "judgment": None if judgment is None else judgment.to_json(),
    }
    write_atomically(path, json.dumps(values, indent=2, allow_nan=False) + "\n")


def read_decision(path: Path, model_fingerprint: str) -> Decision | CostDecision | None:
    """Return the decision of a run, or None where none was made.

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
        raise XentError(f"{path} is of another model. Make it anew: xent threshold RUN ...")
    try:
        held = checked_field(values, "decision", dict, path)
        return (CostDecision if held.get("kind") == "costs" else Decision).from_json(held)
    except XentError as error:
        raise damaged(path, str(error).rstrip(".")) from None
