"""The health of a training: gradients that vanish or explode, units that are dead, a loss that is no number."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from xent.network import Dense
from xent.training.vectors import as_numpy, norm

if TYPE_CHECKING:
    from xent.arrays import Array
    from xent.engines import Engine
    from xent.training.vectors import Vector

__all__ = ["Health", "TrainingWarning", "divergence_message", "layer_norms"]

# a first layer whose gradient is this much smaller than the last one's, unit for unit, learns
# nothing
VANISHING = 1e-6
EXPLODING = 1e4
DEAD_SHARE = 0.5
PATIENT_EPOCHS = 3


class TrainingWarning(UserWarning):
    """Something in the training looks wrong; training goes on."""


class Health:
    """Looks at each epoch and says once what looks wrong."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.largest_usual = math.inf
        self.n_suspect = {"vanishing": 0, "dead": 0}

    def look(
        self, engine: Engine, X: Array, epoch: int, gradient_norms: dict[str, float]
    ) -> list[str]:
        """Return new warnings after an epoch, given some of its rows and the gradient's norm by parameter array."""
        found = [
            self._vanishing(engine, epoch, gradient_norms),
            self._exploding(epoch, gradient_norms),
            self._dead(engine, X, epoch),
        ]
        return [message for message in found if message is not None]

    def state(self) -> dict[str, Any]:
        """Return what must survive an interruption."""
        usual = None if math.isinf(self.largest_usual) else self.largest_usual
        return {"said": list(self.said), "largest_usual": usual, "n_suspect": dict(self.n_suspect)}

    def load_state(self, state: dict[str, Any]) -> None:
        """Take back what `state` returned."""
        self.said = list(state["said"])
        usual = state["largest_usual"]
        self.largest_usual = math.inf if usual is None else float(usual)
        self.n_suspect = dict(state["n_suspect"])

    def _say_once(self, kind: str, message: str) -> str | None:
        if kind in self.said:
            return None
        self.said.append(kind)
        return message

    def _vanishing(self, engine: Engine, epoch: int, norms: dict[str, float]) -> str | None:
        weights = [
            entry
            for entry in engine.layout
            if entry.name.endswith(".weight") and entry.name in norms and len(entry.shape) >= 2
        ]
        if len(weights) < 3:
            return None
        first, last = (
            norms[w.name] / math.sqrt(math.prod(w.shape)) for w in (weights[0], weights[-1])
        )
        is_suspect = 0 <= first < VANISHING * last
        self.n_suspect["vanishing"] = self.n_suspect["vanishing"] + 1 if is_suspect else 0
        if self.n_suspect["vanishing"] < PATIENT_EPOCHS:
            return None
        return self._say_once(
            "vanishing",
            f"the gradient vanishes: in epoch {epoch} it is {first / last:.0e} times as large in the first layer "
            "as in the last. Try activation 'relu', fewer layers, batch_norm, or another init.",
        )

    def _exploding(self, epoch: int, norms: dict[str, float]) -> str | None:
        norm = math.sqrt(sum(value**2 for value in norms.values()))
        usual = self.largest_usual
        if epoch == 1 and math.isfinite(norm):
            self.largest_usual = max(norm, 1e-12)
        if norm <= EXPLODING * usual:
            return None
        return self._say_once(
            "exploding",
            f"the gradient explodes: its norm is {norm:.1e} in epoch {epoch}, {norm / usual:.0e} times that of "
            "the first. Try a smaller learning_rate or clip_norm=1.",
        )

    def _dead(self, engine: Engine, X: Array, epoch: int) -> str | None:
        places = [
            place
            for place, layer in enumerate(engine.network.layers)
            if isinstance(layer, Dense) and layer.activation == "relu"
        ]
        if "dead" in self.said or not places:
            return None
        outputs = engine.activations(X, places)
        shares = [1 - float(np.mean(np.any(output > 0, axis=0))) for output in outputs]
        worst = max(shares)
        layer = places[shares.index(worst)]
        self.n_suspect["dead"] = self.n_suspect["dead"] + 1 if worst >= DEAD_SHARE else 0
        if self.n_suspect["dead"] < PATIENT_EPOCHS:
            return None
        return self._say_once(
            "dead",
            f"{worst:.0%} of the units of layer {layer + 1} are dead since epoch {epoch - PATIENT_EPOCHS + 1}: "
            "zero for every row of a batch. Try a smaller learning_rate, init 'he_normal' or activation 'leaky_relu'.",
        )


def layer_norms(engine: Engine, flat: Vector) -> dict[str, float]:
    """Return the Euclidean norm of each named part of a flat vector (parameters or gradient)."""
    return {entry.name: norm(flat[entry.where]) for entry in engine.layout}


def divergence_message(
    engine: Engine, X: Array, epoch: int, batch: int, learning_rate: float
) -> str:
    """Return what to say when the loss is no finite number: where it began, and what to try."""
    where, parameters = "the loss itself", as_numpy(engine.parameters)
    for entry in engine.layout:
        if not np.all(np.isfinite(parameters[entry.where])):
            where = f"the parameters {entry.name}"
            break
    else:
        for index, output in enumerate(engine.activations(X)):
            if not np.all(np.isfinite(output)):
                where = f"the output of layer {index + 1} ({engine.network.layers[index]})"
                break
    return (
        f"the loss is not finite in epoch {epoch}, batch {batch}; the first numbers that overflowed are {where}. "
        f"Try a smaller learning_rate (now {learning_rate:g}), clip_norm=1, or features on a common scale."
    )
