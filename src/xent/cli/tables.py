"""The verdict as a table: with colors on a terminal, plain and aligned otherwise."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from xent.evaluation import verdict_table
from xent.evaluation.verdict_text import figure_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xent.evaluation import PartFigures, Verdict

__all__ = ["fitting_columns", "print_verdict", "verdict_rows"]

CONSTANT = "const."
COLUMN_EDGE = 3  # blanks and rule beside a column


def print_verdict(
    verdict: Verdict, baseline_name: str = "", baseline: Verdict | None = None
) -> None:
    """Print every figure of every part beside the constant predictor's, and the baseline on the last part.

    Parameters
    ----------
    verdict : Verdict
    baseline_name : str
    baseline : Verdict, optional
    """
    rows = verdict_rows(verdict, baseline_name, baseline)
    if sys.stdout.isatty():
        _print_rich(rows)
    else:
        _print_plain(rows)
    for note in _notes(verdict.parts):
        print(note)


def verdict_rows(
    verdict: Verdict, baseline_name: str = "", baseline: Verdict | None = None
) -> list[list[str]]:
    """Return the cells of the table: two rows of heading, then one a figure.

    Examples
    --------
    >>> from xent.evaluation import Figure, PartFigures, Verdict
    >>> verdict_rows(Verdict("binary", {"test": PartFigures(4, {"auc": Figure(0.9, 0.5)})}))
    [['', 'test', 'const.'], ['', '4 rows', ''], ['AUC', '0.9000', '0.5000']]
    """
    titles = list(verdict.parts)
    heading, sizes = [""], [""]
    for title, part in verdict.parts.items():
        heading += [title, CONSTANT]
        sizes += [f"{part.n_rows:,} rows", ""]
    compared = baseline.parts[titles[-1]] if baseline is not None else None
    if compared is not None:
        heading.append(baseline_name.split(maxsplit=1)[0])
        sizes.append(f"on {titles[-1]}")
    rows = [heading, sizes]
    for entry in verdict_table(verdict.parts):
        unit = f" ({entry['unit']})" if entry["unit"] else ""
        cells = [f"{entry['label']}{unit}"]
        for title in titles:
            cell = entry["parts"][title]
            cells += [_with_interval(cell), figure_text(cell["constant"])]
        if compared is not None:
            cells.append(figure_text(compared[entry["figure"]].value))
        rows.append(cells)
    return rows


def _with_interval(cell: Mapping[str, Any]) -> str:
    if cell["low"] is None or cell["high"] is None:
        return figure_text(cell["value"])
    return f"{figure_text(cell['value'])} [{figure_text(cell['low'])}, {figure_text(cell['high'])}]"


def _print_plain(rows: list[list[str]]) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        print("  ".join(cells).rstrip())


def _print_rich(rows: list[list[str]]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    rows = fitting_columns(rows, console.width)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for place, (title, size) in enumerate(zip(*rows[:2], strict=True)):
        is_compared = title == CONSTANT or size.startswith("on ")
        style = "dim" if is_compared else "bold" if place else ""
        header = Text(f"{title}\n{size}")
        table.add_column(header, justify="right" if place else "left", style=style, no_wrap=True)
    for row in rows[2:]:
        table.add_row(*map(Text, row))
    console.print(table)


def fitting_columns(rows: list[list[str]], width: int) -> list[list[str]]:
    """Leave out columns until the table fits: first the earlier parts' constants, then those parts.

    Never the last part, which is the one to be believed.

    Examples
    --------
    >>> heading = ["", "training", "const.", "test", "const."]
    >>> fitting_columns([heading, ["", "9 rows", "", "4 rows", ""]], 40)[0]
    ['', 'training', 'test', 'const.']
    """
    heading = rows[0]
    constants = [place for place, title in enumerate(heading) if title == CONSTANT]
    droppable = [*constants[:-1], *(place - 1 for place in constants[:-1])]
    widths = [max(map(len, column)) + COLUMN_EDGE for column in zip(*rows, strict=True)]
    kept = set(range(len(heading)))
    for place in droppable:
        if sum(widths[k] for k in kept) > width:
            kept.discard(place)
    return [[cell for place, cell in enumerate(row) if place in kept] for row in rows]


def _notes(parts: Mapping[str, PartFigures]) -> list[str]:
    """Return a line for each figure and reason, with the parts that share it."""
    where: dict[tuple[str, str], list[str]] = {}
    for entry in verdict_table(parts):
        for title, cell in entry["parts"].items():
            if cell["why"]:
                where.setdefault((entry["label"], cell["why"]), []).append(title)
    return [f"{label} ({', '.join(titles)}): {why}" for (label, why), titles in where.items()]
