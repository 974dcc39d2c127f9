"""Optimizers on one flat vector: in place, a cache-sized block at a time, nothing allocated."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from xent.errors import XentError, nearest_hint
from xent.training.update_rules import (
    Adadelta,
    Adagrad,
    Adam,
    Adamax,
    Block,
    Momentum,
    Nesterov,
    RMSprop,
    Sgd,
)
from xent.training.vectors import as_numpy, block_size, dtype_name, like, operations

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xent.arrays import Array
    from xent.training.update_rules import UpdateRule
    from xent.training.vectors import Vector

__all__ = [
    "DEFAULT_LEARNING_RATE",
    "DEFAULT_WEIGHT_DECAY",
    "OPTIMIZERS",
    "Optimizer",
    "make_optimizer",
]

OPTIMIZERS: Final[dict[str, UpdateRule]] = {
    "sgd": Sgd(),
    "momentum": Momentum(),
    "nesterov": Nesterov(),
    "adagrad": Adagrad(),
    "rmsprop": RMSprop(),
    "adadelta": Adadelta(),
    "adam": Adam(),
    "adamax": Adamax(),
    "adamw": Adam(),
}
DEFAULT_LEARNING_RATE: Final[dict[str, float]] = {
    "sgd": 0.01,
    "momentum": 0.01,
    "nesterov": 0.01,
    "adagrad": 0.01,
    "rmsprop": 0.001,
    "adadelta": 1.0,
    "adam": 0.001,
    "adamax": 0.002,
    "adamw": 0.003,
}
# adamw is adam with decoupled weight decay (Loshchilov and Hutter 2019), on offer to every rule. Its rate and its
# decay here are xent's, not PyTorch's 0.001 and 0.01: on tables a strong decay is what makes a wide network general.
DEFAULT_WEIGHT_DECAY: Final[dict[str, float]] = {"adamw": 1.0}

_DTYPES: Final = ("float32", "float64")


class Optimizer:
    """A rule bound to the flat vectors that it reads and changes.

    Parameters
    ----------
    rule : UpdateRule
        What a step does.
    parameters : ndarray of shape (n,), float32 or float64
        Changed in place by `step`.
    gradient : ndarray of shape (n,), of the same dtype
        Read by `step`, never changed: fill it before each.
    weight_decay : float, default 0
        Decoupled: before each step, w <- (1 - learning_rate weight_decay) w.
    n_decayed : int, optional
        How many entries at the head decay; without it, all.

    Examples
    --------
    >>> parameters, gradient = np.array([-2.0, 3.0]), np.empty(2)
    >>> optimizer = Optimizer(Sgd(), parameters, gradient)
    >>> gradient[:] = 2 * parameters[0], 2 * parameters[1] + 2
    >>> optimizer.step(0.1)
    >>> parameters.tolist()
    [-1.6, 2.2]
    """

    def __init__(
        self,
        rule: UpdateRule,
        parameters: Vector,
        gradient: Vector,
        *,
        weight_decay: float = 0.0,
        n_decayed: int | None = None,
    ) -> None:
        _check_vectors(parameters, gradient)
        n = len(parameters)
        n_decayed = n if n_decayed is None else n_decayed
        if not 0 <= n_decayed <= n:
            msg = f"n_decayed must be from 0 to {n}, the number of parameters, got {n_decayed!r}."
            raise XentError(msg)
        if not 0.0 <= weight_decay < math.inf:
            msg = f"weight_decay must be 0 or a positive number, got {weight_decay!r}."
            raise XentError(msg)
        self._rule = rule
        self._n_steps = 0
        self._weight_decay = weight_decay
        self._ops = operations(parameters)
        self._moments = {name: self._ops.zeros_like(parameters) for name in rule.moments}
        self._blocks = _blocks(parameters, gradient, tuple(self._moments.values()))
        size = block_size(parameters)
        self._decayed = [
            block.parameters[: max(0, n_decayed - place * size)]
            for place, block in enumerate(self._blocks)
        ]

    @property
    def n_steps(self) -> int:
        """How many steps were taken."""
        return self._n_steps

    def step(self, learning_rate: float) -> None:
        """Change the parameters by one step along the gradient.

        Parameters
        ----------
        learning_rate : float
            As the schedule has it for this step.
        """
        self._n_steps += 1
        step, epsilon = self._rule.constants(learning_rate, self._n_steps)
        update = self._rule.update
        if self._weight_decay == 0.0:
            for block in self._blocks:
                update(block, step, epsilon)
            return
        kept = 1.0 - learning_rate * self._weight_decay
        for block, decayed in zip(self._blocks, self._decayed, strict=True):
            self._ops.multiply(decayed, kept, out=decayed)
            update(block, step, epsilon)

    def state(self) -> dict[str, Array]:
        """Return copies of all that a later `load_state` needs to go on as if never interrupted."""
        moments: dict[str, Array] = {
            name: np.array(as_numpy(values)) for name, values in self._moments.items()
        }
        return {"n_steps": np.array(self._n_steps, np.int64), **moments}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Take over what `state` returned, for the same rule and the same parameters.

        Raises
        ------
        XentError
            If a part is missing, unknown, or of another shape or dtype; nothing is changed then.
        """
        expected = {"n_steps", *self._moments}
        if set(state) != expected:
            msg = (
                f"the optimizer state must hold {', '.join(sorted(expected))}, "
                f"got {', '.join(sorted(map(str, state))) or 'nothing'}. "
                "Is it of another optimizer?"
            )
            raise XentError(msg)
        n_steps = np.asarray(state["n_steps"])
        if n_steps.shape != () or n_steps.dtype.kind not in "iu" or n_steps < 0:
            msg = f"n_steps of the optimizer state must be a whole number, got {n_steps!r}."
            raise XentError(msg)
        for name, values in self._moments.items():
            given, own = np.asarray(state[name]), as_numpy(values)
            if given.shape != own.shape or given.dtype != own.dtype:
                msg = (
                    f"{name} of the optimizer state must have shape {own.shape} and dtype "
                    f"{own.dtype}, got {given.shape} and {given.dtype}. "
                    "Is it of another network?"
                )
                raise XentError(msg)
        for name, values in self._moments.items():
            values[:] = like(np.asarray(state[name]), values)
        self._n_steps = int(n_steps)


def make_optimizer(
    name: str,
    parameters: Vector,
    gradient: Vector,
    *,
    momentum: float = 0.9,
    weight_decay: float | None = None,
    n_decayed: int | None = None,
) -> Optimizer:
    """Return an optimizer by its name, bound to the vectors.

    For other constants than the usual ones give `Optimizer` a rule, such as ``Adam(beta2=0.95)``.

    Parameters
    ----------
    name : str
        One of `OPTIMIZERS`: their constants are the defaults of `torch.optim`.
    parameters, gradient : ndarray of shape (n,)
        float32 or float64, contiguous, of one dtype.
    momentum : float, default 0.9
        Of momentum and nesterov, in [0, 1); the others have none.
    weight_decay : float, optional
        Decoupled weight decay; if not given 1 for adamw and 0 for the others.
    n_decayed : int, optional
        How many entries at the head decay; without it, all.

    Raises
    ------
    XentError
        If there is no such optimizer, or an argument does not fit.

    Examples
    --------
    >>> parameters, gradient = np.array([1.0]), np.array([0.5])
    >>> make_optimizer("adam", parameters, gradient).step(0.001)
    >>> parameters.round(6).tolist()
    [0.999]
    """
    rule = OPTIMIZERS.get(name)
    if rule is None:
        known = ", ".join(OPTIMIZERS)
        hint = nearest_hint(str(name), OPTIMIZERS)
        msg = f"optimizer must be one of {known}, got {name!r}.{hint}"
        raise XentError(msg)
    if isinstance(rule, Momentum | Nesterov):
        rule = type(rule)(momentum)
    if weight_decay is None:
        weight_decay = DEFAULT_WEIGHT_DECAY.get(name, 0.0)
    return Optimizer(rule, parameters, gradient, weight_decay=weight_decay, n_decayed=n_decayed)


def _check_vectors(parameters: Vector, gradient: Vector) -> None:
    for name, vector in (("parameters", parameters), ("gradient", gradient)):
        if vector.ndim != 1 or not _is_whole(vector) or dtype_name(vector) not in _DTYPES:
            msg = (
                f"{name} must be one contiguous vector of float32 or float64, "
                f"got {vector.dtype} of shape {tuple(vector.shape)}."
            )
            raise XentError(msg)
    if parameters.shape != gradient.shape or parameters.dtype != gradient.dtype:
        msg = (
            f"gradient must have the shape and dtype of parameters, {tuple(parameters.shape)} and "
            f"{parameters.dtype}, got {tuple(gradient.shape)} and {gradient.dtype}."
        )
        raise XentError(msg)


def _is_whole(vector: Vector) -> bool:
    if isinstance(vector, np.ndarray):
        return vector.flags.c_contiguous
    return bool(vector.is_contiguous())


def _blocks(parameters: Vector, gradient: Vector, moments: tuple[Vector, ...]) -> list[Block]:
    ops, n, step = operations(parameters), len(parameters), block_size(parameters)
    scratch, spare = (ops.zeros_like(parameters[:step]) for _ in range(2))
    blocks = []
    for start in range(0, n, step):
        part = slice(start, min(start + step, n))
        size = part.stop - start
        sums = tuple(moment[part] for moment in moments)
        blocks.append(
            Block(parameters[part], gradient[part], sums, scratch[:size], spare[:size], ops)
        )
    return blocks
