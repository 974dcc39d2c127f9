"""Figures of every label, and labels that occur together."""

from __future__ import annotations

import numpy as np
import pytest
from drawn import axis_titles, check_chart, rows_of

from xent.errors import XentError
from xent.evaluation import evaluate, multilabel_confusion, multilabel_recall
from xent.figures import label_cooccurrence, label_figures

RNG = np.random.default_rng(4)
Y = RNG.integers(0, 2, (200, 5))
P = np.clip(0.6 * Y + 0.5 * RNG.random((200, 5)), 0, 1)
NAMES = ["rain", "snow", "wind", "fog", "sun"]


def test_figures_of_every_label() -> None:
    evaluation = evaluate(Y, probabilities=P, n_bootstrap=0)
    light = check_chart(lambda theme: label_figures(evaluation, names=NAMES, theme=theme))
    assert axis_titles(light) == {"label", "precision, recall, F1"}
    rows = rows_of(label_figures(evaluation, names=NAMES))
    recalls = [row["value"] for row in rows if row["figure"] == "recall"]
    assert np.mean(recalls) == pytest.approx(multilabel_recall(Y, labels=P >= 0.5, average="macro"))
    counts = multilabel_confusion(Y, labels=P >= 0.5)
    assert rows_of(label_figures(counts, names=NAMES)) == rows
    assert all(row["low"] <= row["value"] <= row["high"] for row in rows)


def test_labels_that_occur_together() -> None:
    light = check_chart(lambda theme: label_cooccurrence(Y, names=NAMES, theme=theme))
    assert axis_titles(light) == {"also has", "of the rows with (rows)"}
    cells = rows_of(label_cooccurrence(Y, names=NAMES))
    shares = np.array([cell["share"] for cell in cells]).reshape(5, 5)
    expected = (Y.T @ Y) / Y.sum(axis=0)[:, None]
    np.testing.assert_allclose(shares, expected)
    assert cells[0]["given"] == f"rain ({Y[:, 0].sum()})"
    evaluation = evaluate(Y, probabilities=P, n_bootstrap=0)
    assert rows_of(label_cooccurrence(evaluation, names=NAMES)) == cells


def test_a_label_that_never_occurs_has_no_shares_and_many_have_no_numbers() -> None:
    cells = rows_of(label_cooccurrence([[1, 0], [1, 0]]))
    assert [cell["share"] for cell in cells] == [1.0, 0.0, None, None]
    wide = label_cooccurrence(np.eye(20, dtype=int)).to_dict()
    assert [layer["mark"]["type"] for layer in wide["layer"]] == ["rect"]


def test_mistakes_are_named() -> None:
    with pytest.raises(XentError, match="scores have no threshold"):
        label_figures(evaluate(Y, scores=P, n_bootstrap=0))
    with pytest.raises(XentError, match="Use multilabel_confusion"):
        label_figures([[1, 2], [3, 4]])
    with pytest.raises(XentError, match="must be counts"):
        label_figures([[[1, 2], [3, -4]]])
    with pytest.raises(XentError, match="hold 0 and 1"):
        label_cooccurrence([[1, 2]])
    with pytest.raises(XentError, match="name the 5 labels"):
        label_cooccurrence(Y, names=["rain"] * 5)
