"""The history by column and by epoch."""

from __future__ import annotations

import pytest

from xent.errors import XentError
from xent.training import History


def test_a_history_gives_columns_and_records():
    history = History([{"epoch": 1, "loss": 0.7}])
    history.append({"epoch": 2, "loss": 0.5, "note": "late"})
    assert history["loss"] == [0.7, 0.5]
    assert history["note"] == [None, "late"]
    assert [record["epoch"] for record in history] == [1, 2]
    assert repr(history) == "History(2 epochs: epoch, loss)"
    with pytest.raises(
        XentError, match=r"the history has no column 'lost'\. Did you mean 'loss'\?"
    ):
        history["lost"]
    assert History().columns == []
