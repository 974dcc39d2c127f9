"""docs/agreement.md leaves no figure of xent.evaluation out."""

from __future__ import annotations

import re
from pathlib import Path

import xent.evaluation

DOCS = Path(__file__).resolve().parents[2] / "docs"

# no part of scikit-learn integrates a score over a distribution: held against the integral elsewhere
NO_COUNTERPART = {"gaussian_crps"}


def test_every_figure_is_held_against_scikit_learn() -> None:
    page = (DOCS / "agreement.md").read_text(encoding="utf-8")
    compared = set(re.findall(r"^\| `(\w+)`", page, flags=re.MULTILINE))
    evaluation = (DOCS / "evaluation.md").read_text(encoding="utf-8")
    figures = evaluation.split("\n## What there is\n")[1].split("\nCurves:")[0]
    listed = set(re.findall(r"`(\w+)`", figures)) & set(xent.evaluation.__all__)
    assert len(listed) > 70
    assert listed - compared == NO_COUNTERPART
    assert compared <= set(xent.evaluation.__all__)


def test_every_row_of_the_table_has_its_five_cells() -> None:
    page = (DOCS / "agreement.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    assert all(len(re.split(r" ?(?<!\\)\| ?", line)) == 7 for line in rows)
    assert all(re.search(r"exact|1e-\d+", row) for row in rows)
