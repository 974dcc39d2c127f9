"""The trainer: one objective, reshuffled rows, early stopping, callbacks, interruption, resume."""

from __future__ import annotations

import dataclasses
import os
import signal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xent.distributions import Bernoulli, Categorical
from xent.errors import XentError
from xent.training import (
    Callback,
    Checkpointer,
    History,
    Part,
    TrainingSettings,
    TrainingWarning,
    read_checkpoint,
)
from xent.training.fitting import make_trainer, run_trainer

SMALL = TrainingSettings(
    hidden=(6,), activation="tanh", batch_size=16, epochs=5, dtype="float64", random_state=0
)


def rows(n=100, seed=0, n_features=4, dtype="float64", weighted=False):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, n_features)).astype(dtype)
    y = (X @ np.arange(1, n_features + 1) + rng.normal(size=n) > 0).astype(dtype)
    return Part(X, y, 10 ** rng.uniform(-2, 2, n) if weighted else None)


def make(
    settings=SMALL, training=None, validation=None, callbacks=(), checkpointer=None, **changes
):
    return make_trainer(
        dataclasses.replace(settings, **changes),
        task="binary",
        distribution=Bernoulli(),
        training=rows() if training is None else training,
        validation=validation,
        seed=1,
        callbacks=callbacks,
        checkpointer=checkpointer,
    )


@pytest.mark.parametrize("batch_size", [1, 16, 30, 100])
def test_the_batch_gradients_of_an_epoch_at_fixed_weights_average_to_the_full_gradient(batch_size):
    """Weights over four decades; the last batch is short."""
    part = rows(weighted=True)
    trainer = make(training=part)
    engine, n = trainer.engine, len(part)
    engine.loss_and_grad(part.X, part.y, part.weight)
    full = engine.gradient.copy()
    total = np.zeros_like(full)
    order = np.random.default_rng(2).permutation(n)
    for start in range(0, n, batch_size):
        batch = order[start : start + batch_size]
        engine.loss_and_grad(
            part.X[batch], part.y[batch], part.weight[batch], len(batch) * part.mean_weight
        )
        total += engine.gradient * len(batch) / n
    np.testing.assert_allclose(total, full, rtol=1e-10, atol=1e-14)


def test_the_recorded_loss_is_the_objective_of_the_whole_part():
    """A learning rate of next to nothing keeps the weights where they are."""
    part = rows(weighted=True)
    trainer = make(training=part, optimizer="sgd", learning_rate=1e-300)
    expected = trainer.engine.loss_and_grad(part.X, part.y, part.weight)
    history = run_trainer(trainer)
    np.testing.assert_allclose(history["loss"], expected, rtol=1e-12)


@pytest.mark.checklist(
    row=103,
    call="TrainingSettings(batch_size=...)",
    figure="full batch, mini-batch and one sample in one trainer",
)
@pytest.mark.parametrize(
    ("batch_size", "n_batches"), [(None, 1), (100, 1), (1000, 1), (16, 7), (1, 100)]
)
def test_full_batch_mini_batch_and_one_sample_learn(batch_size, n_batches):
    trainer = make(batch_size=batch_size, learning_rate=0.02, epochs=8)
    history = run_trainer(trainer)
    assert trainer.n_batches == n_batches
    assert trainer.step == 8 * n_batches
    assert history["loss"][-1] < history["loss"][0]


def test_rows_are_reshuffled_every_epoch_and_each_is_seen_once():
    seen = []

    class Look(Callback):
        def epoch_end(self, moment):
            seen.append(trainer.order_seen.copy())

    trainer = make(callbacks=[Look()])
    take = trainer._step

    def note(batch, first):
        if first == 0:
            trainer.order_seen = []
        trainer.order_seen += [tuple(row) for row in batch.X]
        return take(batch, first)

    trainer._step = note
    run_trainer(trainer)
    every_row = sorted(tuple(row) for row in trainer.training.X)
    assert all(sorted(order) == every_row for order in seen)
    assert len({tuple(order) for order in seen}) == 5


def test_same_seed_same_weights_other_seed_other_weights():
    weights = [run_and_weights(make(dropout=0.3)) for _ in range(2)]
    np.testing.assert_array_equal(*weights)
    other = make_trainer(
        SMALL, task="binary", distribution=Bernoulli(), training=rows(), validation=None, seed=2
    )
    assert not np.array_equal(run_and_weights(other), weights[0])


def run_and_weights(trainer):
    run_trainer(trainer)
    return trainer.engine.parameters.copy()


def test_early_stopping_restores_the_best_weights():
    """Labels are noise: the validation loss turns up soon."""
    rng = np.random.default_rng(0)
    training, validation = (
        Part(rng.normal(size=(60, 5)), rng.integers(0, 2, 60).astype(float)) for _ in range(2)
    )
    trainer = make(
        training=training,
        validation=validation,
        hidden=(30,),
        learning_rate=0.05,
        epochs=200,
        patience=4,
    )
    history = run_trainer(trainer)
    losses = history["validation_loss"]
    best = int(np.argmin(losses))
    assert trainer.stopped_because == "patience"
    assert len(history) == best + 1 + 4
    assert trainer.best.epoch == best + 1
    nll = Bernoulli().nll(trainer.engine.predict(validation.X), validation.y)
    assert nll.mean() == pytest.approx(losses[best], rel=1e-12)


def test_without_early_stopping_the_last_weights_stay():
    training, validation = rows(), rows(seed=1)
    trainer = make(training=training, validation=validation, early_stopping=False, patience=1)
    history = run_trainer(trainer)
    assert len(history) == 5
    nll = Bernoulli().nll(trainer.engine.predict(validation.X), validation.y)
    assert nll.mean() == pytest.approx(history["validation_loss"][-1], rel=1e-12)


@pytest.mark.checklist(
    row=23,
    call="Callback.epoch_begin / epoch_end",
    figure="7 drawings in 400 epochs: 1, 3, 5, 100, 200, 300, 400",
)
def test_callbacks_are_told_of_every_beginning_and_end():
    events = []

    class Tell(Callback):
        def train_begin(self, moment):
            events.append("train")

        def epoch_begin(self, moment):
            events.append(f"epoch {moment.epoch}")

        def batch_begin(self, moment):
            events.append("<")

        def batch_end(self, moment):
            events.append(f"{moment.batch}>")

        def epoch_end(self, moment):
            events.append(
                f"loss {moment.record['loss']:.1f}"
                if moment.record["epoch"] == moment.epoch
                else "wrong"
            )

        def train_end(self, moment):
            events.append("done")

    history = run_trainer(make(callbacks=[Tell()], epochs=1))
    middle = [event for batch in range(1, 8) for event in ("<", f"{batch}>")]
    assert events == ["train", "epoch 1", *middle, f"loss {history[0]['loss']:.1f}", "done"]
    drawn = []

    class Draw(Callback):
        def epoch_end(self, moment):
            if moment.epoch % 100 == 0 or moment.epoch in {1, 3, 5}:
                drawn.append(moment.epoch)

    settings = dataclasses.replace(SMALL, hidden=(), epochs=400, batch_size=None)
    run_trainer(make(settings, training=rows(10), callbacks=[Draw()]))
    assert drawn == [1, 3, 5, 100, 200, 300, 400]


def test_a_callback_can_stop_the_training():
    class Enough(Callback):
        def batch_end(self, moment):
            if moment.step == 10:
                moment.stop("enough")

    trainer = make(callbacks=[Enough()])
    history = run_trainer(trainer)
    assert (trainer.step, len(history), trainer.stopped_because) == (10, 1, "enough")


def test_ctrl_c_ends_after_the_batch_and_keeps_what_was_learned():
    class Press(Callback):
        def batch_begin(self, moment):
            if moment.step == 9:
                os.kill(os.getpid(), signal.SIGINT)

    trainer = make(callbacks=[Press()])
    history = run_trainer(trainer)
    assert (trainer.step, len(history), trainer.stopped_because) == (10, 1, "interrupted")
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


class CountEpochs(Callback):
    def __init__(self):
        self.n = 0

    def epoch_end(self, moment):
        self.n += 1

    def state(self):
        return {"n": self.n}

    def load_state(self, state):
        self.n = state["n"]


class StopAt(Callback):
    def __init__(self, step):
        self.step = step

    def batch_end(self, moment):
        if moment.step == self.step:
            moment.stop("interrupted by the test")


@given(
    step=st.integers(1, 34),
    optimizer=st.sampled_from(["sgd", "momentum", "adam", "adadelta", "adamw"]),
    schedule=st.sampled_from(["constant", "cosine", "one_cycle"]),
    dropout=st.sampled_from([0.0, 0.3]),
    batch_norm=st.booleans(),
    patience=st.integers(1, 3),
)
def test_resumed_equals_never_stopped_bit_for_bit(
    tmp_path_factory, step, optimizer, schedule, dropout, batch_norm, patience
):
    settings = dataclasses.replace(
        SMALL,
        optimizer=optimizer,
        schedule=schedule,
        dropout=dropout,
        batch_norm=batch_norm,
        patience=patience,
        l1=1e-3,
    )
    parts = {"training": rows(weighted=True), "validation": rows(50, seed=1)}
    whole = make(settings, **parts, callbacks=[CountEpochs()])
    run_trainer(whole)

    folder = tmp_path_factory.mktemp("checkpoints")
    first = make(
        settings,
        **parts,
        callbacks=[CountEpochs(), StopAt(step)],
        checkpointer=Checkpointer(folder),
    )
    run_trainer(first)
    values, arrays = read_checkpoint(folder)
    second = make(settings, **parts, callbacks=[CountEpochs()])
    second.load_snapshot(values, arrays, first.history)
    run_trainer(second)
    np.testing.assert_array_equal(second.engine.parameters, whole.engine.parameters)
    np.testing.assert_array_equal(second.engine.running, whole.engine.running)
    assert second.history.records == whole.history.records
    assert second.callbacks[0].n == whole.callbacks[0].n
    assert second.stopped_because == whole.stopped_because


def test_other_callbacks_than_before_are_refused(tmp_path):
    trainer = make(callbacks=[CountEpochs()], checkpointer=Checkpointer(tmp_path))
    run_trainer(trainer)
    values, arrays = read_checkpoint(tmp_path)
    with pytest.raises(
        XentError, match="callbacks with a state must be those of the interrupted training"
    ):
        make().load_snapshot(values, arrays, History())


@pytest.mark.checklist(
    row=83,
    call="make_trainer(...).run()",
    figure="vanishing and exploding gradients are said, with remedies",
)
def test_vanishing_gradients_are_said():
    with pytest.warns(TrainingWarning, match=r"the gradient vanishes: .* in the first layer"):
        run_trainer(make(hidden=(8,) * 14, activation="sigmoid"))


def test_dead_units_are_said():
    trainer = make(hidden=(20,), activation="relu")
    trainer.engine.views(trainer.engine.parameters)["layers.0.bias"][:15] = -100
    with pytest.warns(TrainingWarning, match="75% of the units of layer 1 are dead since epoch 1"):
        run_trainer(trainer)


@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid value")
def test_a_loss_that_is_no_number_is_said_with_epoch_layer_and_cure():
    part = rows()
    with pytest.raises(
        XentError,
        match=r"the loss is not finite in epoch 1, batch \d+; .* Try a smaller learning_rate",
    ):
        run_trainer(
            make(training=part, optimizer="sgd", learning_rate=1e308, activation="identity")
        )
    late = rows()

    class Break(Callback):
        def epoch_end(self, moment):
            if moment.epoch == 2:
                moment.engine.parameters[0] = np.nan

    trainer = make(training=late, validation=rows(seed=1), callbacks=[Break()])
    with pytest.warns(
        TrainingWarning,
        match=r"epoch 3, batch 1; .* layers\.0\.weight.* The weights of epoch [12] are kept",
    ):
        run_trainer(trainer)
    assert trainer.stopped_because == "diverged"
    assert np.all(np.isfinite(trainer.engine.parameters))


def test_an_exploding_gradient_is_said():
    class Explode(Callback):
        def epoch_begin(self, moment):
            if moment.epoch == 3:
                moment.engine.parameters[:] *= 1e6

    with pytest.warns(TrainingWarning, match="the gradient explodes"):
        run_trainer(make(l2=1.0, callbacks=[Explode()]))


def test_the_gradient_is_clipped():
    trainer = make(clip_norm=1e-3, optimizer="sgd", learning_rate=1.0, epochs=1, batch_size=100)
    before = trainer.engine.parameters.copy()
    run_trainer(trainer)
    assert np.linalg.norm(trainer.engine.parameters - before) == pytest.approx(1e-3, rel=1e-9)


@pytest.mark.checklist(
    row=160, call="TrainingSettings(l1=...)", figure="exact zeros, biases left alone"
)
def test_l1_reaches_exact_zeros_and_leaves_biases_alone():
    # targets that no feature explains, and one class in the majority
    y = (np.arange(100) % 4 > 0).astype(float)
    training = Part(np.random.default_rng(5).normal(size=(100, 4)), y)
    trainer = make(
        training=training,
        hidden=(),
        l1=0.05,
        optimizer="sgd",
        learning_rate=0.1,
        batch_size=None,
        epochs=300,
    )
    run_trainer(trainer)
    views = trainer.engine.views(trainer.engine.parameters)
    assert np.count_nonzero(views["layers.0.weight"]) < 4
    assert views["layers.0.bias"][0] == pytest.approx(np.log(3), abs=0.1)


def test_rows_of_weight_zero_are_as_if_absent():
    part = rows(weighted=True)
    weight = np.where(np.arange(100) % 3 == 0, 0, part.weight)
    present = weight > 0
    one = run_and_weights(make(training=Part(part.X, part.y, weight)))
    other = run_and_weights(make(training=Part(part.X[present], part.y[present], weight[present])))
    np.testing.assert_array_equal(one, other)
    with pytest.raises(XentError, match="no rows of positive weight"):
        make(training=Part(part.X, part.y, np.zeros(100)))


def test_a_multiclass_history_has_accuracy_and_norms_by_layer():
    rng = np.random.default_rng(0)
    part = Part(rng.normal(size=(60, 3)), rng.integers(0, 3, 60))
    trainer = make_trainer(
        SMALL,
        task="multiclass",
        distribution=Categorical(3),
        training=part,
        validation=part,
        seed=0,
    )
    record = run_trainer(trainer)[-1]
    assert 0 <= record["accuracy"] <= 1
    assert record["validation_loss"] > 0
    assert set(record["gradient_norms"]) == {
        "layers.0.weight",
        "layers.0.bias",
        "layers.1.weight",
        "layers.1.bias",
    }
    assert record["weight_norm"] == pytest.approx(
        np.sqrt(sum(v**2 for v in record["weight_norms"].values()))
    )
