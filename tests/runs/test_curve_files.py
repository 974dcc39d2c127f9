"""curves/: which epochs, which classes, and back again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from xent.errors import XentError
from xent.evaluation import roc_auc
from xent.runs.curve_files import (
    curve_epochs,
    has_curves_at,
    read_curves,
    remove_curves_after,
    write_curves,
)
from xent.runs.recorder import one_column_a_class

if TYPE_CHECKING:
    from pathlib import Path


def test_epochs_thin_out() -> None:
    epochs = [epoch for epoch in range(1001) if has_curves_at(epoch)]
    assert epochs == [*range(1, 10), *range(10, 100, 10), *range(100, 1001, 100)]
    assert {1, 3, 5, 100, 200, 300, 400} <= set(epochs)  # those that the source draws


def test_curves_come_back(tmp_path: Path) -> None:
    rng = np.random.Generator(np.random.PCG64(0))
    y = rng.integers(0, 3, 4000)
    scores = rng.normal(size=(4000, 3)) + 2 * np.eye(3)[y]
    folder = tmp_path / "curves"
    write_curves(folder, 3, scores, one_column_a_class("multiclass", y, 3), ["a", "b", "<c>"], None)
    curves = read_curves(folder, 3)
    assert list(curves) == ["a", "b", "<c>"]
    for code, (roc, pr) in enumerate(curves.values()):
        assert abs(roc.area - roc_auc(y == code, scores[:, code])) < 2e-3
        assert roc.thresholds[0] == np.inf
        assert len(roc.fpr) <= 200
        assert pr.recall[-1] == 1
    assert (folder / "3.json").stat().st_size < 80_000


def test_epochs_are_listed_and_removed(tmp_path: Path) -> None:
    assert curve_epochs(tmp_path / "curves") == []
    for epoch in (1, 2, 10):
        write_curves(
            tmp_path / "curves", epoch, np.array([[0.0], [1.0]]), np.array([[0], [1]]), ["a"], None
        )
    (tmp_path / "curves" / "notes.json").write_text("")
    assert curve_epochs(tmp_path / "curves") == [1, 2, 10]
    remove_curves_after(tmp_path / "curves", 2)
    assert curve_epochs(tmp_path / "curves") == [1, 2]
    with pytest.raises(XentError, match=r"no curves of epoch 10; there are those of \[1, 2\]"):
        read_curves(tmp_path / "curves", 10)


def test_no_curves_of_nan(tmp_path: Path) -> None:
    write_curves(tmp_path / "curves", 1, np.array([[np.nan]]), np.array([[1]]), ["a"], None)
    assert curve_epochs(tmp_path / "curves") == []


def test_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(XentError, match="cannot make"):
        write_curves(
            tmp_path / "file" / "curves",
            1,
            np.array([[0.0], [1.0]]),
            np.array([[0], [1]]),
            ["a"],
            None,
        )
