"""The options that say which column of a table of predictions is what; several verbs have them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xent.errors import XentError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xent.runs import Run

__all__ = [
    "Cluster",
    "Decision",
    "Label",
    "Logit",
    "Module",
    "Positive",
    "Prediction",
    "Probability",
    "Score",
    "Weight",
    "load_run_or_name_options",
    "refuse_module",
    "refuse_without_label",
]

Label = Annotated[
    str | None, typer.Option(metavar="<column>", help="The truth.", show_default=False)
]
Probability = Annotated[
    str | None, typer.Option(metavar="<column>", help="Predicted probabilities.")
]
Logit = Annotated[
    str | None, typer.Option(metavar="<column>", help="Log-odds, or a column a class.")
]
Score = Annotated[
    str | None, typer.Option(metavar="<column>", help="Any score: higher is more positive.")
]
Decision = Annotated[str | None, typer.Option(metavar="<column>", help="Decided labels.")]
Prediction = Annotated[str | None, typer.Option(metavar="<column>", help="Predicted numbers.")]
Positive = Annotated[str | None, typer.Option(metavar="<label>", help="The positive class.")]
Weight = Annotated[str | None, typer.Option(metavar="<column>", help="A weight a row.")]
Module = Annotated[
    str | None,
    typer.Option(
        metavar="<file.py:build>",
        help="The code of an own module, which is executed: a run does not hold it.",
        show_default=False,
    ),
]
Cluster = Annotated[
    str | None,
    typer.Option(metavar="<column>", help="Rows of one cluster are not independent."),
]


def refuse_without_label(options: Mapping[str, object]) -> None:
    """Refuse options of predictions that were given without the column of the truth.

    Raises
    ------
    XentError
        When one is neither None nor False; the first is named.
    """
    given = [name for name, value in options.items() if value is not None and value is not False]
    if given:
        raise XentError(f"--{given[0]} needs --label, the column of the truth.")


def refuse_module(module: str | None) -> None:
    """Refuse the code of an own module where no run is given.

    Raises
    ------
    XentError
    """
    if module is not None:
        raise XentError("--module goes with a run: a table needs no code.")


def load_run_or_name_options(source: str, module: str | None = None) -> Run:
    """Return the run in a folder; where a table stands instead, say which options it needs.

    Raises
    ------
    XentError
        When `source` is no run.
    """
    from xent.runs import load_run

    if not Path(source).is_dir() and Path(source).exists():
        raise XentError(
            f"{source} is a table: name its truth with --label, and what was predicted with --probability, --logit, "
            "--score, --decision or --prediction."
        )
    return load_run(source, module)
