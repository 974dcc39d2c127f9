"""What a history tells, and what it must not be blamed for."""

from __future__ import annotations

import math

import numpy as np
import pytest

from xent.diagnosis import diagnose_history
from xent.errors import XentError

EPOCHS = np.arange(40)
DONE = 0.7 * np.exp(-EPOCHS / 5) + 0.1


def records(loss, held=None):
    held = [None] * len(loss) if held is None else held
    return [
        {"loss": a} if b is None else {"loss": a, "validation_loss": b}
        for a, b in zip(loss, held, strict=True)
    ]


def checks(loss, held=None):
    return [finding.check for finding in diagnose_history(records(loss, held)).findings]


def test_a_healthy_training_raises_nothing():
    noise = np.random.default_rng(0).normal(size=40) * 0.003
    assert checks(DONE, DONE + 0.05 + noise) == []
    # the validation loss levels off: that is where early stopping ends
    assert checks(DONE[:12], np.minimum.accumulate(DONE[:12] + 0.05)) in ([], ["not finished"])


@pytest.mark.parametrize(
    ("fault", "loss", "held"),
    [
        ("diverged", [0.7, 0.6, math.nan], None),
        ("diverged", [0.7, 2.0, 5.0, 20.0, 80.0, 300.0], None),
        ("nothing learned", [0.6931] * 10, None),
        ("swinging", 0.5 + 0.2 * (-1.0) ** np.arange(20) - 0.001 * np.arange(20), None),
        (
            "over-fitting",
            DONE,
            np.concatenate([DONE[:10] + 0.05, DONE[9] + 0.06 + EPOCHS[:30] / 50]),
        ),
        ("not finished", 0.7 - 0.005 * EPOCHS, 0.72 - 0.005 * EPOCHS),
    ],
)
def test_a_fault_is_named(fault, loss, held):
    assert fault in checks(loss, held)


def test_what_cannot_be_checked_is_said():
    short = diagnose_history(records([0.7, 0.6]))
    assert "fewer than" in short.left_out["over-fitting"]
    assert diagnose_history(records(DONE)).left_out["over-fitting"] == "there is no validation loss"
    with pytest.raises(XentError, match="at least one epoch"):
        diagnose_history([])
    with pytest.raises(XentError, match="must have a loss"):
        diagnose_history([{"epoch": 1}])
