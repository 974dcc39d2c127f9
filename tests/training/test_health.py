"""A training that goes wrong leaves a whole checkpoint, and says what happened."""

from __future__ import annotations

import math

import numpy as np
import pytest

from xent.distributions import Bernoulli
from xent.errors import XentError
from xent.training import Callback, Checkpointer, Part, TrainingSettings, read_checkpoint
from xent.training.fitting import make_trainer, run_trainer
from xent.training.health import Health, TrainingWarning, layer_norms

SETTINGS = TrainingSettings(hidden=(6,), activation="tanh", batch_size=16, epochs=4)


def part(seed: int) -> Part:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(80, 4))
    return Part(X, (X[:, 0] > 0).astype(float))


class Spoil(Callback):
    """Writes NaN into a vector of the engine after a batch."""

    def __init__(self, vector: str, epoch: int, batch: int) -> None:
        self.vector, self.place = vector, (epoch, batch)

    def batch_end(self, moment):
        if (moment.epoch, moment.batch) == self.place:
            getattr(moment.engine, self.vector)[:] = np.nan


def spoiled(folder, spoil: Spoil, *, validated: bool = True):
    return make_trainer(
        SETTINGS,
        task="binary",
        distribution=Bernoulli(),
        training=part(0),
        validation=part(1) if validated else None,
        seed=0,
        callbacks=[spoil],
        checkpointer=Checkpointer(folder, every=1),
    )


@pytest.mark.filterwarnings("ignore:invalid value")
def test_a_diverged_training_leaves_a_whole_checkpoint_of_its_best_weights(tmp_path):
    trainer = spoiled(tmp_path, Spoil("parameters", 3, 2))
    with pytest.warns(TrainingWarning, match=r"epoch 3, batch 3; .* are kept"):
        run_trainer(trainer)
    values, arrays = read_checkpoint(tmp_path)
    assert (values["stopped_because"], values["epoch"], values["batch"]) == ("diverged", 3, 3)
    assert math.isfinite(values["loss_sum"])
    np.testing.assert_array_equal(arrays["parameters"], trainer.engine.parameters)
    assert np.all(np.isfinite(arrays["parameters"]))


@pytest.mark.filterwarnings("ignore:invalid value")
def test_weights_that_the_last_step_spoils_are_no_result(tmp_path):
    trainer = spoiled(tmp_path, Spoil("parameters", 4, 5))
    with pytest.warns(TrainingWarning, match=r"epoch 4, batch 5; .* parameters layers\.0\.weight"):
        run_trainer(trainer)
    assert trainer.stopped_because == "diverged"
    assert len(trainer.history) == 3
    assert np.all(np.isfinite(trainer.engine.parameters))
    with pytest.raises(XentError, match=r"epoch 4, batch 5; .* Try a smaller learning_rate"):
        run_trainer(spoiled(tmp_path, Spoil("parameters", 4, 5), validated=False))


@pytest.mark.filterwarnings("ignore::xent.training.TrainingWarning")
def test_a_gradient_that_is_no_number_is_no_measure_for_later_ones(tmp_path):
    trainer = spoiled(tmp_path, Spoil("gradient", 1, 5))
    run_trainer(trainer)
    assert trainer.stopped_because == "all epochs done"
    values, _ = read_checkpoint(tmp_path)
    assert values["health"]["largest_usual"] is None


def test_the_norms_of_large_and_small_gradients_stay_in_range():
    """The squares of these leave the range of float32; the norms do not."""
    trainer = make_trainer(
        SETTINGS,
        task="binary",
        distribution=Bernoulli(),
        training=Part(part(0).X.astype(np.float32), part(0).y),
        validation=None,
        seed=0,
    )
    engine = trainer.engine
    for size in (1e-30, 1.0, 1e30):
        engine.gradient[:] = size
        for slot in engine.layout:
            norm = layer_norms(engine, engine.gradient)[slot.name]
            assert norm == pytest.approx(size * math.prod(slot.shape) ** 0.5, rel=1e-6)


def test_the_first_epoch_is_the_measure_of_an_exploding_gradient():
    health = Health()
    assert health._exploding(1, {"w": 3.0, "b": 4.0}) is None
    assert health._exploding(2, {"w": 3e4, "b": 4e4}) is None
    assert "its norm is 6.0e+04 in epoch 3, 1e+04 times" in health._exploding(3, {"w": 6e4})
