"""The loss as a line of blocks."""

from __future__ import annotations

import math

import pytest

from xent.cli.sparkline import loss_line, sparkline


def test_heights_follow_the_values() -> None:
    assert sparkline(range(8)) == "▁▂▃▄▅▆▇█"
    assert sparkline([1, 1, 1]) == "▁▁▁"
    assert sparkline([2, math.nan, 1]) == "█ ▁"
    assert sparkline([math.nan]) == ""


def test_a_long_series_is_averaged() -> None:
    line = sparkline([1000 - k for k in range(1000)], 10)
    assert len(line) == 10
    assert line[0] == "█"
    assert line[-1] == "▁"
    assert list(line) == sorted(line, reverse=True)


@pytest.mark.parametrize(
    ("records", "shown"),
    [
        ([{"loss": 2.0}, {"loss": 1.0}], "loss █▁ 2 to 1"),
        ([{"loss": 2.0, "validation_loss": 3.0}] * 2, "validation loss ▁▁ 3 to 3"),
        ([{"loss": 2.0}], ""),
        ([], ""),
    ],
)
def test_the_line(records: list[dict[str, float]], shown: str) -> None:
    assert loss_line(records, "utf-8") == shown
    assert loss_line(records, "ascii") == ""
    assert loss_line(records, "no-such-encoding") == ""
