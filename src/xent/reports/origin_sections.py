"""Where the figures come from: the data, what the doctor says of them, and what was asked."""

from __future__ import annotations

import math
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xent.reports.markup import Markup, element, join, table
from xent.reports.page import Section

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from xent.diagnosis import Diagnosis
    from xent.runs import RunRecord

__all__ = ["PartRows", "asked_section", "data_section", "findings_section"]

MOST_CLASSES = 60


@dataclass(frozen=True)
class PartRows:
    """The rows of one part.

    Parameters
    ----------
    name : str
    n_rows : int
    n_by_class : mapping of str to int
        Rows of each class, or rows that have each label; empty for numbers and where it is not known.
    """

    name: str
    n_rows: int
    n_by_class: Mapping[str, int]


def data_section(parts: Sequence[PartRows], facts: Sequence[tuple[str, object]]) -> Section:
    """Return the rows and classes of each part, and what else is known of the data."""
    names = list(dict.fromkeys(name for part in parts for name in part.n_by_class))
    shown = names[:MOST_CLASSES]
    head = ("", *(part.name for part in parts))
    rows: list[tuple[object, ...]] = [("rows", *(f"{part.n_rows:,}" for part in parts))]
    rows += [(name, *(_share(part, name) for part in parts)) for name in shown]
    body = [table(head, rows, caption="Rows by part" + (" and class" if names else ""))]
    if len(names) > len(shown):
        left_out = f"{len(names) - len(shown):,} further classes are not listed."
        body.append(element("p", {"class": "note"}, left_out))
    if facts:
        body.append(_texts(facts))
    return Section("data", "Data", join(body))


def findings_section(diagnoses: Mapping[str, Diagnosis], warnings: Sequence[str]) -> Section:
    """Return what the doctor found, with the cures, and what was warned of."""
    body: list[object] = [_warning("warned while training", text, "") for text in warnings]
    for place, diagnosis in diagnoses.items():
        body += [
            _warning(f"{place}: {found.check}{_sure(found.p_value)}", found.seen, found.cure)
            for found in diagnosis.findings
        ]
        n_checks = f"{len(diagnosis.ran)} checks of the {place}"
        text = f"{n_checks} found nothing." if not diagnosis.findings else f"{n_checks} ran."
        body.append(element("p", {"class": "note"}, text))
    return Section("doctor", "Doctor", join(body))


def asked_section(record: RunRecord, command: Sequence[str]) -> Section:
    """Return what was asked: the command, every setting, the seed, versions and the data's fingerprint."""
    data, test = record.data, record.test
    facts: list[tuple[object, object]] = [
        ("data", data.path or f"{data.name} (from memory)"),
        ("rows", f"{data.n_rows:,}"),
        ("SHA-256 of the data", element("code", None, data.fingerprint)),
    ]
    if test is not None:
        facts += [
            ("test data", test.path or f"{test.name} (from memory)"),
            ("SHA-256 of the test data", element("code", None, test.fingerprint)),
        ]
    best = f", best epoch {record.best_epoch}" if record.best_epoch else ""
    facts += [
        ("seed", record.seed),
        ("epochs", f"{record.n_epochs} ({record.stopped_because or record.status}{best})"),
        ("started", record.started),
        ("finished", record.finished or record.status),
        ("threads", f"{record.n_threads}{'' if record.threads_are_set else ' (could not be set)'}"),
        *(
            (name if name == "machine" else f"version of {name}", value)
            for name, value in record.versions.items()
        ),
    ]
    settings = [
        (name, element("code", None, _setting(value))) for name, value in record.recipe.items()
    ]
    body = [
        element("pre", None, element("code", None, shlex.join(command))),
        _texts(facts),
        element(
            "details",
            None,
            element("summary", None, f"All {len(settings)} settings"),
            _texts(settings),
        ),
    ]
    return Section("asked", "What was asked", join(body))


def _texts(rows: Sequence[tuple[object, object]]) -> Markup:
    return table((), rows, texts=(0, 1))


def _share(part: PartRows, name: str) -> str:
    n = part.n_by_class.get(name)
    if n is None:
        return "–"
    return f"{n:,} ({n / part.n_rows:.1%})" if part.n_rows else "0"


def _warning(title: str, seen: str, cure: str) -> Markup:
    parts: list[object] = [element("strong", None, title), ": ", seen]
    if cure:
        parts += [element("br"), "Cure: ", cure]
    return element("div", {"class": "warning"}, *parts)


def _sure(p_value: float) -> str:
    if math.isnan(p_value):
        return ""
    return " (certain)" if p_value == 0 else f" (p = {p_value:.2g})"


def _setting(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return "default" if value is None else str(value)
