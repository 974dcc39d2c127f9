"""The model behind a fitted estimator: encoder and network, and where their training stands."""

from __future__ import annotations

import dataclasses
import threading
from typing import TYPE_CHECKING, Any

import numpy as np

from xent.engines import prediction_engine
from xent.engines.own_modules import with_code
from xent.engines.stored_engine import StoredEngine
from xent.errors import XentError
from xent.network import ModuleNetwork

if TYPE_CHECKING:
    from xent.arrays import Array, FloatArray
    from xent.engines import Engine
    from xent.estimators.rows import ImagePreparation, Preparation
    from xent.training import History, Trainer

__all__ = ["Model"]


class Model:
    """Encoder and network at work.

    It holds no row of the training data and none of its buffers. Pickled, it is made of plain
    arrays and descriptions; several threads may ask it at once.

    Parameters
    ----------
    preparation : Preparation or ImagePreparation
    trainer : Trainer
        After training.
    """

    def __init__(self, preparation: Preparation | ImagePreparation, trainer: Trainer) -> None:
        trained = trainer.engine
        self.preparation = preparation
        self.engine: Engine = prediction_engine(
            trained.network, trained.distribution, trained.dtype.name
        )
        self.engine.load_state(trained.state())
        values, arrays = trainer.snapshot()
        # What comes next is another fit or another batch, never the rest of this epoch.
        self.progress = {**values, "batch": 0, "stopped_because": "", "loss_sum": 0.0}
        self.moments = {
            name: np.array(array) for name, array in arrays.items() if name.startswith("optimizer.")
        }
        self._lock = threading.Lock()

    @property
    def n_epochs(self) -> int:
        """How many epochs made the weights."""
        return int(self.progress["epoch"]) - 1

    def take_code(self, source: str) -> None:
        """Give an own module its code again, from ``file.py:build``: a pickle cannot find the classes of a file.

        Raises
        ------
        XentError
            When there is no such module, or it is another one.
        """
        with self._lock:
            if not isinstance(stored := self.engine, StoredEngine):
                return
            network = with_code(stored.network, source, stored.dtype.name)
            engine = prediction_engine(network, stored.distribution, stored.dtype.name)
            engine.load_state(stored.state())
            engine.load_fixed(stored.fixed())  # type: ignore[attr-defined] # of the PyTorch engine
            self.engine = engine

    def logits(self, X: Array) -> FloatArray:
        """Return the outputs for raw rows, shape (n, n_outputs), in the network's dtype."""
        encoded = self.preparation.features(X)
        with self._lock:  # the engine computes in buffers of its own
            return self.engine.predict(encoded)

    def activations(self, X: Array) -> tuple[FloatArray, ...]:
        """Return the output of every layer but the last, for raw rows."""
        encoded = self.preparation.features(X)
        with self._lock:
            return self.engine.activations(encoded)[:-1]

    def give_weights(self, trainer: Trainer) -> None:
        """Let a new trainer start from this model's weights.

        Raises
        ------
        XentError
            When the trainer's network is another one.
        """
        wanted, own = trainer.engine, self.engine
        if (wanted.network, wanted.distribution) != (own.network, own.distribution):
            raise XentError(
                "network, module, hidden, activation, dropout, batch_norm, init, distribution, "
                "label_smoothing and the classes must be those of the network that is trained on, got another one. "
                "To start anew, call fit with warm_start=False."
            )
        wanted.load_state(own.state())

    def give_progress(self, trainer: Trainer, history: History) -> None:
        """Let a new trainer go on where this model's training ended, its optimizer included.

        Raises
        ------
        XentError
            When the trainer's network or optimizer is another one.
        """
        self.give_weights(trainer)
        # The callbacks are live objects that know their own state.
        own = trainer.snapshot()[0]["callbacks"]
        state = self.engine.state()
        best = {f"best.{name}": array for name, array in state.items()}
        arrays = {**state, **best, **self.moments}
        trainer.load_snapshot({**self.progress, "callbacks": own}, arrays, history)

    def __getstate__(self) -> dict[str, Any]:
        network, fixed = self.engine.network, {}
        if isinstance(network, ModuleNetwork) and network.reference is not None:
            fixed = self.engine.fixed()  # type: ignore[attr-defined] # of the PyTorch engine
            network = dataclasses.replace(network, template=None)
        return {
            "preparation": self.preparation,
            "network": network,
            "distribution": self.engine.distribution,
            "arrays": self.engine.state(),
            "fixed": fixed,
            "progress": self.progress,
            "moments": self.moments,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.preparation, self.progress = state["preparation"], state["progress"]
        self.moments = state["moments"]
        self._lock = threading.Lock()
        network, dtype = state["network"], self.preparation.dtype.name
        described = network, state["distribution"], dtype
        if isinstance(network, ModuleNetwork) and network.template is None:
            self.engine = StoredEngine(*described, state["arrays"], state["fixed"])
        else:
            self.engine = prediction_engine(*described)
            self.engine.load_state(state["arrays"])
