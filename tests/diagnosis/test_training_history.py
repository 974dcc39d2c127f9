"""What a history tells, and what it must not be blamed for."""

from __future__ import annotations

import math

import numpy as np
import pytest

from xent.diagnosis import diagnose_activations, diagnose_history
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
        ("not finished", 0.7 * np.exp(-EPOCHS / 30), 0.02 + 0.7 * np.exp(-EPOCHS / 30)),
        ("learning rate too small", 0.7 - 0.001 * EPOCHS, 0.72 - 0.001 * EPOCHS),
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


def test_a_fault_is_named_alone():
    """What follows from a fault is no second one."""
    assert checks(0.7 - 0.001 * EPOCHS) == ["learning rate too small"]
    assert checks([0.6931] * 10) == ["nothing learned"]
    assert checks([0.7, 0.6, math.nan]) == ["diverged"]


def told(loss, **losses):
    return [finding.check for finding in diagnose_history(records(loss), **losses).findings]


def test_beside_the_constant_predictor():
    assert told(DONE, constant_loss=0.65) == []
    assert told(DONE * 3, constant_loss=0.65) == ["starts too high"]
    assert told(DONE + 0.6, constant_loss=0.65) == ["starts too high", "worse than constant"]
    # negative losses of continuous targets
    assert told(DONE - 2, constant_loss=-1.5) == []
    assert told(DONE, constant_loss=-1.5) == ["starts too high", "worse than constant"]
    left_out = diagnose_history(records(DONE)).left_out
    assert "was not given" in left_out["starts too high"]
    assert "was not given" in left_out["under-fitting"]


def test_what_the_first_epoch_learned_was_learned():
    flat = [12.808, 12.721, 12.715, 12.711, 12.708]
    assert "nothing learned" in told(flat)
    assert "nothing learned" in told(flat, constant_loss=12.71)
    assert "nothing learned" not in told(flat, constant_loss=13.078)


def test_beside_a_linear_model():
    assert told(DONE, constant_loss=0.65, baseline_loss=0.2) == []
    assert told(DONE + 0.12, constant_loss=0.65, baseline_loss=0.2) == ["under-fitting"]
    left_out = diagnose_history(records(DONE), constant_loss=0.6).left_out
    assert "baseline" in left_out["under-fitting"]


def with_norms(gradients, weights=(1.0, 1.5, 2.0), n=10):
    """Return records whose norms are given by functions of the epoch, or numbers, a layer."""
    return [
        {
            "loss": DONE[2 * epoch],
            "gradient_norms": {
                f"layers.{place}.weight": g(epoch) if callable(g) else g
                for place, g in enumerate(gradients)
            },
            "weight_norms": {
                f"layers.{place}.weight": w * (1 + 0.05 * epoch) for place, w in enumerate(weights)
            },
        }
        for epoch in range(n)
    ]


@pytest.mark.parametrize(
    ("fault", "gradients"),
    [
        (None, (0.5, 0.4, 0.3)),
        (None, (1e-4, 0.01, 1.0)),
        (None, (0.5, lambda epoch: 0.0 if epoch == 3 else 0.4, 0.3)),
        ("vanishing gradients", (1e-9, 1e-4, 1.0)),
        ("exploding gradients", (0.5, lambda epoch: 1e6 if epoch == 7 else 0.4, 0.3)),
        ("exploding gradients", (0.5, lambda epoch: None if epoch == 7 else 0.4, 0.3)),
        ("dead units", (0.5, lambda epoch: 0.4 if epoch < 4 else 0.0, 0.3)),
    ],
)
def test_norms_of_gradients(fault, gradients):
    found = diagnose_history(with_norms(gradients)).findings
    assert [finding.check for finding in found] == ([fault] if fault else [])
    assert all(math.isnan(finding.p_value) for finding in found)


def test_weights_that_stand_still():
    moving = with_norms((0.5, 0.4, 0.3))
    still = [{**record, "weight_norms": moving[0]["weight_norms"]} for record in moving]
    assert [f.check for f in diagnose_history(still).findings] == ["weights stand still"]
    assert diagnose_history(moving).findings == ()
    # two layers have no first layer behind others; unnamed arrays are no weights
    assert diagnose_history(with_norms((1e-9, 1.0), (1.0, 1.0))).findings == ()
    nameless = [{**record, "weight_norms": {"bias": 1.0}} for record in moving]
    assert diagnose_history(nameless).findings == ()
    assert "no norms" in diagnose_history(records(DONE)).left_out["dead units"]


def test_activations():
    generator = np.random.default_rng(0)
    healthy = np.maximum(generator.normal(size=(200, 16)), 0)
    assert diagnose_activations([healthy, healthy]).findings == ()
    dead = healthy.copy()
    dead[:, :10] = 0
    found = diagnose_activations([healthy, dead]).findings
    assert [finding.check for finding in found] == ["dead units"]
    assert found[0].evidence == {"layer": 2, "n_units": 10}
    bent = np.tanh(generator.normal(size=(200, 16)))
    stiff = np.tanh(100 * generator.normal(size=16) + generator.normal(size=(200, 16)))
    assert diagnose_activations([bent, healthy], ["tanh", "relu"]).findings == ()
    for outputs, function in ((stiff, "tanh"), ((stiff + 1) / 2, "sigmoid")):
        found = diagnose_activations([outputs + 1e-9 * bent], [function]).findings
        assert [finding.check for finding in found] == ["saturated units"]
    with pytest.raises(XentError, match="one a layer"):
        diagnose_activations([bent], ["tanh", "relu"])
    with pytest.raises(XentError, match="at least 20 rows"):
        diagnose_activations([bent[:3]])
