"""The trainer: epochs of batches, one objective, one state."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from xent.engines import ONE_RANK
from xent.errors import XentError
from xent.evaluation import epoch_metrics
from xent.network import n_penalized
from xent.training.batches import Batches
from xent.training.callbacks import Callback, Moment, listeners
from xent.training.clipping import clip_by_norm
from xent.training.health import Health, TrainingWarning, divergence_message, layer_norms
from xent.training.history import History
from xent.training.interrupt import interrupt_flag
from xent.training.optimizers import DEFAULT_LEARNING_RATE, make_optimizer
from xent.training.penalties import Penalty
from xent.training.schedules import make_schedule
from xent.training.stopping import BestWeights
from xent.training.target_scale import TargetScale
from xent.training.vectors import norm

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from xent.arrays import Array
    from xent.distributions import Distribution
    from xent.engines import Engine, RankGroup
    from xent.training.batches import Batch
    from xent.training.checkpoint import Checkpointer
    from xent.training.parts import Part
    from xent.training.settings import TrainingSettings

__all__ = ["Trainer"]


class Trainer:
    """Trains an engine's network on rows.

    The objective is Σ w_i nll_i / Σ w_i + penalty, in nats. A batch of b rows contributes Σ w_i
    nll_i / (b · mean weight of the training part), so that the gradients of one epoch's batches,
    the last short one included, average (each by its rows) to the gradient of the whole.

    Parameters
    ----------
    engine : Engine
        Initialized; its parameters are trained in place.
    settings : TrainingSettings
    training : Part
    validation : Part or None
        Without one nothing stops early, and the last weights stay.
    task : {"binary", "multiclass", "multilabel", "regression"}
        Decides the metrics of the history.
    plain : Distribution
        The distribution that predictions are read with; the engine's own may carry label smoothing
        or weights.
    seed : int
        Decides the order of the rows and the dropout masks.
    target_scale : TargetScale, optional
        The unit in which the targets are trained; the history is in the target's own.
    callbacks : sequence of Callback
    checkpointer : Checkpointer, optional
    ranks : RankGroup, optional
        The processes that train together; they stop together.

    Attributes
    ----------
    history : History
    best : BestWeights
    stopped_because : str
        Why training ended: "all epochs done", "patience", "interrupted", "diverged" or a callback's
        reason.
    """

    def __init__(
        self,
        engine: Engine,
        settings: TrainingSettings,
        training: Part,
        validation: Part | None,
        *,
        task: str,
        plain: Distribution,
        seed: int,
        target_scale: TargetScale | None = None,
        callbacks: Sequence[Callback] = (),
        checkpointer: Checkpointer | None = None,
        ranks: RankGroup = ONE_RANK,
    ) -> None:
        if len(training) == 0:
            raise XentError("the training part has no rows of positive weight.")
        self.engine, self.settings, self.task, self.plain = engine, settings, task, plain
        self.training, self.validation = training, validation
        self.target_scale = target_scale or TargetScale()
        self.callbacks, self.checkpointer, self.ranks = tuple(callbacks), checkpointer, ranks
        self.mean_weight = training.mean_weight
        self.batch_size = min(settings.batch_size or len(training), len(training))
        self.n_batches = -(-len(training) // self.batch_size)
        self._prepare_steps()
        order_seed, dropout_seed = np.random.SeedSequence(seed).spawn(2)
        self.order_generator = np.random.Generator(np.random.PCG64(order_seed))
        engine.dropout_generator.bit_generator.state = np.random.SFC64(dropout_seed).state
        patience = settings.patience if settings.early_stopping and validation is not None else None
        self.best = BestWeights(engine.state, patience)
        self.health, self.history = Health(), History()
        self.moment = Moment(engine, self.history, settings.epochs, self.n_batches)
        self.epoch, self.batch, self.step = 1, 0, 0
        self.order_state: Mapping[str, Any] | None = None
        self.loss_sum, self.stopped_because = 0.0, ""
        self.n_threads, self.threads_are_set = 0, True

    def _prepare_steps(self) -> None:
        engine, settings = self.engine, self.settings
        n_weights = n_penalized(engine.network)
        learning_rate = settings.learning_rate or DEFAULT_LEARNING_RATE[settings.optimizer]
        self.schedule = make_schedule(
            settings.schedule, learning_rate, settings.epochs * self.n_batches
        )
        self.learning_rate = learning_rate
        self.optimizer = make_optimizer(
            settings.optimizer,
            engine.parameters,
            engine.gradient,
            momentum=settings.momentum,
            weight_decay=settings.weight_decay,
            n_decayed=n_weights,
        )
        self.penalty = Penalty(
            engine.parameters[:n_weights], engine.gradient[:n_weights], settings.l1, settings.l2
        )
        part = self.training
        self.batches = Batches(part.X, part.y, part.weight, self.batch_size)
        # logits of the epoch so far, for its metrics
        self.epoch_logits = np.zeros((len(self.training), engine.network.n_outputs), engine.dtype)
        engine.reserve(self.batch_size)

    def run(self) -> History:
        """Train until all epochs are done, patience runs out, a callback stops it, or Ctrl-C."""
        if self.step == 0:
            self._checkpoint_now()
        self._tell("train_begin")
        with interrupt_flag() as interrupted:
            self.interrupted = interrupted
            while not self.stopped_because and self.epoch <= self.settings.epochs:
                self._run_epoch()
        self.stopped_because = self.stopped_because or "all epochs done"
        self._checkpoint_now()
        if self.checkpointer is not None:
            self.checkpointer.close()
        if self.validation is not None and self.settings.early_stopping and self.best.epoch:
            self.engine.load_state(self.best.copy)
        self._tell("train_end")
        return self.history

    def _run_epoch(self) -> None:
        self.order_state = self.order_state or self.order_generator.bit_generator.state
        self.order_generator.bit_generator.state = self.order_state
        order = self.order_generator.permutation(len(self.training))
        self.moment.epoch, self.moment.batch, self.moment.step = self.epoch, self.batch, self.step
        if self.batch == 0:
            self.loss_sum = 0.0
            self._tell("epoch_begin")
        if self._run_batches(order):
            self._end_epoch(order)

    def _run_batches(self, order: Array) -> bool:
        """Run the rest of the epoch's batches; return whether its end was reached."""
        moment = self.moment
        begin, end = (
            listeners(self.callbacks, "batch_begin"),
            listeners(self.callbacks, "batch_end"),
        )
        checkpointer, step = self.checkpointer, self._step
        self.batches.start(order)
        while self.batch < self.n_batches:
            for call in begin:
                call(moment)
            batch = self.batches[self.batch]
            loss = step(batch, self.batch * self.batch_size)
            self.batch += 1
            self.step += 1
            moment.batch, moment.step, moment.loss = self.batch, self.step, loss
            if not math.isfinite(loss):
                self._diverge()
                return False
            self.loss_sum += loss * len(batch.X)
            for call in end:
                call(moment)
            reason = "interrupted" if self.interrupted else (moment.stopping or "")
            self.stopped_because = self.ranks.agreed_after_batch(reason)
            if self.stopped_because:
                return self.batch == self.n_batches
            if checkpointer is not None and self.batch < self.n_batches:
                checkpointer.within_epoch(self.snapshot)
        return True

    def _step(self, batch: Batch, first: int) -> float:
        """Take one optimizer step on these rows and return their loss before it."""
        engine, n = self.engine, len(batch.X)
        loss = engine.loss_and_grad(batch.X, batch.y, batch.weight, n * self.mean_weight)
        self.epoch_logits[first : first + n] = engine.logits
        self.penalty.add_gradient()
        if self.settings.clip_norm is not None:
            clip_by_norm(engine.gradient, self.settings.clip_norm)
        learning_rate = self.schedule(self.step)
        self.optimizer.step(learning_rate)
        self.penalty.shrink(learning_rate)
        return loss

    def _end_epoch(self, order: Array) -> None:
        if not math.isfinite(
            norm(self.engine.parameters)
        ):  # the last step left the range: no loss has shown it yet
            self._diverge()
            return
        record = self._record(order)
        self.history.append(record)
        self.moment.record = record
        if self.validation is not None:
            self.best.update(self.epoch, record["validation_loss"])
        for message in self.health.look(
            self.engine, self._some_rows(), self.epoch, record["gradient_norms"]
        ):
            warnings.warn(message, TrainingWarning, stacklevel=2)
        self.epoch, self.batch, self.order_state = self.epoch + 1, 0, None
        self._tell("epoch_end")
        # patience also when a stop came with the epoch's last batch: there is nothing to resume
        own = (
            "patience" if self.best.is_over else self.stopped_because or self.moment.stopping or ""
        )
        self.stopped_because = self.ranks.agreed_after_epoch(own)
        if self.checkpointer is not None:
            self.checkpointer.at_epoch_end(self.epoch - 1, self.snapshot)

    def _record(self, order: Array) -> dict[str, Any]:
        """Return the epoch's line of the history."""
        engine, training = self.engine, self.training
        weight = None if training.weight is None else training.weight[order]
        gradient_norms = layer_norms(engine, engine.gradient)
        weight_norms = layer_norms(engine, engine.parameters)
        record: dict[str, Any] = {
            "epoch": self.epoch,
            "learning_rate": self.schedule(self.step - 1),
            "loss": self.loss_sum / len(training),
            "penalty": self.penalty.value(),
            **epoch_metrics(
                self.task, self.epoch_logits, training.y[order], weight, distribution=self.plain
            ),
        }
        if self.validation is not None:
            held = self.validation
            z = self.validation_logits = engine.predict(held.X)
            nll = engine.distribution.nll(z, held.y).astype(np.float64)
            record["validation_loss"] = float(np.average(nll, weights=held.weight))
            metrics = epoch_metrics(self.task, z, held.y, held.weight, distribution=self.plain)
            record |= {f"validation_{name}": value for name, value in metrics.items()}
        record["gradient_norm"] = math.sqrt(sum(norm**2 for norm in gradient_norms.values()))
        record["weight_norm"] = math.sqrt(sum(norm**2 for norm in weight_norms.values()))
        record = self.target_scale.in_units_of_y(record)
        return {**record, "gradient_norms": gradient_norms, "weight_norms": weight_norms}

    def _diverge(self) -> None:
        message = divergence_message(
            self.engine, self._some_rows(), self.epoch, self.batch, self.schedule(self.step - 1)
        )
        if not self.best.epoch:
            raise XentError(message)
        self.engine.load_state(self.best.copy)
        warnings.warn(
            f"{message} The weights of epoch {self.best.epoch} are kept.",
            TrainingWarning,
            stacklevel=2,
        )
        self.stopped_because = "diverged"

    def _some_rows(self) -> Array:
        return self.training.X[: min(self.batch_size, 256)]

    def _tell(self, event: str) -> None:
        for call in listeners(self.callbacks, event):
            call(self.moment)

    def _checkpoint_now(self) -> None:
        if self.checkpointer is not None:
            self.checkpointer.write(*self.snapshot())

    def snapshot(self) -> tuple[dict[str, Any], dict[str, Array]]:
        """Return the whole state: JSON values, and arrays as they stand (not copied)."""
        values = {
            "epoch": self.epoch,
            "batch": self.batch,
            "step": self.step,
            "loss_sum": self.loss_sum,
            "stopped_because": self.stopped_because,
            "order": _portable(self.order_state or self.order_generator.bit_generator.state),
            "dropout": _portable(self.engine.dropout_generator.bit_generator.state),
            "best": self.best.state(),
            "health": self.health.state(),
            "callbacks": [
                [type(callback).__name__, callback.state()] for callback in self._stateful()
            ],
        }
        arrays = {
            **self.engine.state(),
            **{f"best.{name}": array for name, array in self.best.copy.items()},
            **{f"optimizer.{name}": array for name, array in self.optimizer.state().items()},
        }
        if self.batch:  # within an epoch its metrics and norms need what has been seen
            arrays["epoch_logits"] = self.epoch_logits
        return values, arrays

    def load_snapshot(
        self, values: dict[str, Any], arrays: dict[str, Array], history: History
    ) -> None:
        """Take back a snapshot; `history` holds the records of the epochs before it."""
        self.epoch, self.batch, self.step = (
            int(values[name]) for name in ("epoch", "batch", "step")
        )
        self.loss_sum = float(values["loss_sum"])
        reason = values["stopped_because"]
        self.stopped_because = reason if reason in {"patience", "diverged"} else ""
        self.order_state = _unportable(values["order"])
        self.engine.dropout_generator.bit_generator.state = _unportable(values["dropout"])
        self.engine.load_state({name: arrays[name] for name in self.engine.state()})
        self.best.load_state(values["best"])
        for name, array in self.best.copy.items():
            np.copyto(array, arrays[f"best.{name}"])
        prefix = "optimizer."
        self.optimizer.load_state(
            {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)}
        )
        if self.batch:
            np.copyto(self.epoch_logits, arrays["epoch_logits"])
        self.health.load_state(values["health"])
        self.history.records[:] = history.records[: self.epoch - 1]
        self._load_callbacks(values["callbacks"])

    def _stateful(self) -> list[Callback]:
        """Return the callbacks that have a state; others may come and go between a stop and a resume."""
        return [
            callback for callback in self.callbacks if type(callback).state is not Callback.state
        ]

    def _load_callbacks(self, states: list[list[Any]]) -> None:
        names = [name for name, _ in states]
        given = [type(callback).__name__ for callback in self._stateful()]
        if given != names:
            raise XentError(
                f"callbacks with a state must be those of the interrupted training, {names}, got {given}."
            )
        for callback, (_, state) in zip(self._stateful(), states, strict=True):
            callback.load_state(state)


def _portable(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return a generator's state with its large numbers as text, which every JSON reader keeps whole."""
    inner = {
        name: [str(word) for word in value] if isinstance(value, np.ndarray) else str(value)
        for name, value in state["state"].items()
    }
    return {**state, "state": inner}


def _unportable(state: Mapping[str, Any]) -> dict[str, Any]:
    inner = {
        name: np.array([int(word) for word in value], np.uint64)
        if isinstance(value, list)
        else int(value)
        for name, value in state["state"].items()
    }
    return {**state, "state": inner}
