"""xent audit: what is wrong with a torch or Keras model and its loss, and what they can bear."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path  # noqa: TC003 (typer reads the annotation)
from typing import TYPE_CHECKING, Annotated, Any

import typer

from xent.cli.options import split_list
from xent.errors import XentError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from xent.audits import Audit, Sweep

__all__ = ["HELP", "command"]

HELP = """Audit a torch or Keras model and its loss: sigmoids too many or too few, clipping, dead gradients,
broadcasting, reductions, targets; measured in several floating-point formats beside the exact loss.

xent audit net.py:build --loss BCELoss --data data.csv --target y

xent audit net.py:Net --loss 'CrossEntropyLoss(label_smoothing=0.1)' --data batch.npz --output audit.html

xent audit net.py:build --loss losses.py:my_loss

xent audit --tables torch

The file of MODEL is run, and so is that of a loss: give only files that you would run yourself. Keras models run on
Keras's torch backend. The exit code is 0 also when something is found."""


def command() -> Callable[..., int]:
    """Return the verb."""
    return _audit


def _audit(
    model: Annotated[
        str | None,
        typer.Argument(
            metavar="MODEL",
            help="file.py:build, a function or class that returns the model. The file is run.",
            show_default=False,
        ),
    ] = None,
    loss: Annotated[
        str | None,
        typer.Option(
            metavar="<loss>",
            help="BCEWithLogitsLoss, 'BinaryCrossentropy(from_logits=True)', file.py:loss.",
            show_default=False,
        ),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(metavar="<path>", help="A .npz with X and y, or a table.", show_default=False),
    ] = None,
    target: Annotated[
        str | None, typer.Option(metavar="<column>", help="Of a table: the targets.")
    ] = None,
    drop: Annotated[
        list[str] | None, typer.Option(metavar="<columns>", help="Of a table: no features.")
    ] = None,
    tables: Annotated[
        str | None,
        typer.Option(
            metavar="<library>", help="Instead of a model: all losses of torch, or of keras."
        ),
    ] = None,
    dtypes: Annotated[
        list[str] | None,
        typer.Option(
            "--dtype",
            metavar="<dtype>",
            help="Formats to measure in. [float32, float64, bfloat16]",
            show_default=False,
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="The charts: a page (.html), or a .png, .svg, .pdf."),
    ] = None,
    theme: Annotated[str, typer.Option(help="light or dark.")] = "light",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> int:
    from xent.audits import DTYPES

    formats = split_list(dtypes or []) or DTYPES
    # Keras reads this once, when it is first imported: here its models are torch modules
    os.environ.setdefault("KERAS_BACKEND", "torch")
    if tables is not None:
        if any(given is not None for given in (model, loss, data, target)) or drop:
            raise XentError(
                "--tables measures the losses of a library: leave MODEL, --loss, --data, --target "
                "and --drop out."
            )
        _show_tables(tables, formats, output, theme, as_json=as_json)
        return 0
    if model is None or loss is None:
        raise XentError("give MODEL and --loss, such as: xent audit net.py:build --loss BCELoss.")
    if data is None and (target is not None or drop):
        raise XentError("--target and --drop need --data.")
    found = _audited(model, loss, data, target, split_list(drop or []), formats)
    if output is not None:
        _draw(found.sweeps, _title(found), output, theme)
    if as_json:
        print(json.dumps(found.to_json(), allow_nan=False))
    else:
        print(found)
        _print_sweeps(found.sweeps)
        if output is not None:
            print(f"charts: {output}")
    return 0


def _audited(
    model: str,
    loss: str,
    data: str | None,
    target: str | None,
    drop: Sequence[str],
    dtypes: Sequence[str],
) -> Audit:
    from xent.audits import audit
    from xent.cli.audit_data import read_audit_data

    given = None if data is None else read_audit_data(data, target, drop)
    return audit(
        model,
        loss,
        None if given is None else given.X,
        None if given is None else given.y,
        dtypes=dtypes,
    )


def _show_tables(
    library: str, dtypes: Sequence[str], output: Path | None, theme: str, *, as_json: bool
) -> None:
    from xent.audits import measure_losses

    sweeps = measure_losses(library, dtypes=dtypes)
    version = sys.modules[library].__version__.partition("+")[0]
    if output is not None:
        from xent.figures import save, usable_logits

        save(usable_logits(sweeps, title=f"Losses of {library} {version}", theme=theme), output)
    if as_json:
        measured = [sweep.to_json() for sweep in sweeps]
        print(
            json.dumps({"library": f"{library} {version}", "measured": measured}, allow_nan=False)
        )
        return
    print(f"{library} {version}")
    _print_sweeps(sweeps)
    if output is not None:
        print(f"charts: {output}")


def _title(found: Audit) -> str:
    return f"{found.model} with {found.loss}"


def _draw(sweeps: Sequence[Sweep], title: str, output: Path, theme: str) -> None:
    if not sweeps:
        raise XentError(
            "--output: there is nothing to draw, since the loss could not be run over logits. "
            "Leave --output out to read why."
        )
    from xent.figures import loss_by_logit, save

    save(loss_by_logit(sweeps, title=title, theme=theme), output)


def _print_sweeps(sweeps: Sequence[Sweep]) -> None:
    """Print one table a format, aligned."""
    from xent.audits import sweep_table

    for dtype in dict.fromkeys(sweep.dtype for sweep in sweeps):
        rows: list[tuple[Any, ...]] = sweep_table(s for s in sweeps if s.dtype == dtype)
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        print(f"\n{dtype}")
        for row in rows:
            cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
            print("  ".join(cells).rstrip())
