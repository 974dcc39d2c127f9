"""How one step of each optimizer changes a block of parameters: the formulas, in place.

Moving averages are kept as plain sums, S_t = beta S_(t-1) + g_t, and their factor 1 - beta goes
into the step size: one pass over memory less for each. The results are those of `torch.optim`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol

from xent.errors import XentError

if TYPE_CHECKING:
    from xent.training.vectors import Vector

__all__ = [
    "Adadelta",
    "Adagrad",
    "Adam",
    "Adamax",
    "Block",
    "Momentum",
    "Nesterov",
    "RMSprop",
    "Sgd",
    "UpdateRule",
]


class Block(NamedTuple):
    """A piece of the flat vectors that fits in the cache, with room to compute in.

    `ops` is the library that computes, NumPy or PyTorch: both have the same functions with `out`.
    """

    parameters: Vector
    gradient: Vector
    moments: tuple[Vector, ...]
    scratch: Vector
    spare: Vector
    ops: Any


class UpdateRule(Protocol):
    """One step of an optimizer on a block of parameters."""

    @property
    def moments(self) -> tuple[str, ...]:
        """Names of the arrays it keeps beside the parameters, all of which start at 0."""

    def constants(self, learning_rate: float, n_steps: int, /) -> tuple[float, float]:
        """Return step size and epsilon of step `n_steps`, counted from 1."""

    def update(self, block: Block, step: float, epsilon: float, /) -> None:
        """Change the parameters and moments of the block, in place."""


@dataclass(frozen=True)
class Sgd:
    """Gradient descent, w <- w - lr g.

    Examples
    --------
    >>> Sgd().constants(0.1, 1)
    (0.1, 0.0)
    """

    moments: ClassVar[tuple[str, ...]] = ()

    def constants(self, learning_rate: float, _n_steps: int, /) -> tuple[float, float]:
        """Return the learning rate, and no epsilon."""
        return learning_rate, 0.0

    def update(self, block: Block, step: float, _epsilon: float, /) -> None:
        """Change the block, in place."""
        parameters, gradient, _, scratch, _, ops = block
        _descend(ops, parameters, gradient, step, scratch)


@dataclass(frozen=True)
class Momentum:
    """Heavy-ball momentum without dampening, v <- mu v + g, w <- w - lr v (Polyak 1964).

    Parameters
    ----------
    momentum : float, default 0.9
        mu, in [0, 1).
    """

    momentum: float = 0.9
    moments: ClassVar[tuple[str, ...]] = ("velocity",)

    def __post_init__(self) -> None:
        _check_share("momentum", self.momentum)

    def constants(self, learning_rate: float, _n_steps: int, /) -> tuple[float, float]:
        """Return the learning rate, and no epsilon."""
        return learning_rate, 0.0

    def update(self, block: Block, step: float, _epsilon: float, /) -> None:
        """Change the block, in place."""
        parameters, gradient, (velocity,), scratch, _, ops = block
        ops.multiply(velocity, self.momentum, out=velocity)
        ops.add(velocity, gradient, out=velocity)
        _descend(ops, parameters, velocity, step, scratch)


@dataclass(frozen=True)
class Nesterov:
    """Nesterov momentum, v <- mu v + g, w <- w - lr (g + mu v) (Sutskever et al. 2013).

    Parameters
    ----------
    momentum : float, default 0.9
        mu, in [0, 1).
    """

    momentum: float = 0.9
    moments: ClassVar[tuple[str, ...]] = ("velocity",)

    def __post_init__(self) -> None:
        _check_share("momentum", self.momentum)

    def constants(self, learning_rate: float, _n_steps: int, /) -> tuple[float, float]:
        """Return the learning rate, and no epsilon."""
        return learning_rate, 0.0

    def update(self, block: Block, step: float, _epsilon: float, /) -> None:
        """Change the block, in place."""
        parameters, gradient, (velocity,), scratch, _, ops = block
        ops.multiply(velocity, self.momentum, out=velocity)
        ops.add(velocity, gradient, out=velocity)
        ops.multiply(velocity, self.momentum, out=scratch)
        ops.add(scratch, gradient, out=scratch)
        _descend(ops, parameters, scratch, step, scratch)


@dataclass(frozen=True)
class Adagrad:
    """G <- G + g^2, w <- w - lr g / (sqrt(G) + epsilon) (Duchi et al. 2011).

    Parameters
    ----------
    epsilon : float, default 1e-10
    """

    epsilon: float = 1e-10
    moments: ClassVar[tuple[str, ...]] = ("squares",)

    def __post_init__(self) -> None:
        _check_epsilon(self.epsilon)

    def constants(self, learning_rate: float, _n_steps: int, /) -> tuple[float, float]:
        """Return the learning rate and epsilon."""
        return learning_rate, self.epsilon

    def update(self, block: Block, step: float, epsilon: float, /) -> None:
        """Change the block, in place."""
        parameters, gradient, (squares,), scratch, _, ops = block
        ops.multiply(gradient, gradient, out=scratch)
        ops.add(squares, scratch, out=squares)
        ops.sqrt(squares, out=scratch)
        ops.add(scratch, epsilon, out=scratch)
        ops.divide(gradient, scratch, out=scratch)
        _descend(ops, parameters, scratch, step, scratch)


@dataclass(frozen=True)
class RMSprop:
    """v <- alpha v + (1 - alpha) g^2, w <- w - lr g / (sqrt(v) + epsilon) (Hinton 2012).

    Parameters
    ----------
    alpha : float, default 0.99
        How much of the average is kept at each step, in [0, 1).
    epsilon : float, default 1e-8
    """

    alpha: float = 0.99
    epsilon: float = 1e-8
    moments: ClassVar[tuple[str, ...]] = ("squares",)

    def __post_init__(self) -> None:
        _check_share("alpha", self.alpha)
        _check_epsilon(self.epsilon)

    def constants(self, learning_rate: float, _n_steps: int, /) -> tuple[float, float]:
        """Return the step size and epsilon, both over sqrt(1 - alpha)."""
        # sqrt(v) + epsilon = sqrt(1 - alpha) (sqrt(S) + epsilon / sqrt(1 - alpha))
        root = math.sqrt(1.0 - self.alpha)
        return learning_rate / root, self.epsilon / root

    def update(self, block: Block, step: float, epsilon: float, /) -> None:
        """Change the block, in place."""
        parameters, gradient, (squares,), scratch, _, ops = block
        ops.multiply(gradient, gradient, out=scratch)
        ops.multiply(squares, self.alpha, out=squares)
        ops.add(squares, scratch, out=squares)
        ops.sqrt(squares, out=scratch)
        ops.add(scratch, epsilon, out=scratch)
        ops.divide(gradient, scratch, out=scratch)
        _descend(ops, parameters, scratch, step, scratch)


@dataclass(frozen=True)
class Adadelta:
    """Steps as large as the root mean square of earlier ones (Zeiler 2012, algorithm 1).

    v <- rho v + (1 - rho) g^2, d = g sqrt(u + epsilon) / sqrt(v + epsilon),
    u <- rho u + (1 - rho) d^2, w <- w - lr d.

    Parameters
    ----------
    rho : float, default 0.9
        How much of both averages is kept at each step, in [0, 1).
    epsilon : float, default 1e-6
    """

    rho: float = 0.9
    epsilon: float = 1e-6
    moments: ClassVar[tuple[str, ...]] = ("squares", "changes")

    def __post_init__(self) -> None:
        _check_share("rho", self.rho)
        _check_epsilon(self.epsilon)

    def constants(self, learning_rate: float, _n_steps: int, /) -> tuple[float, float]:
        """Return the step size and epsilon over 1 - rho."""
        # the factor 1 - rho of both sums cancels in their ratio
        return learning_rate, self.epsilon / (1.0 - self.rho)

    def update(self, block: Block, step: float, epsilon: float, /) -> None:
        """Change the block, in place."""
        parameters, gradient, (squares, changes), scratch, change, ops = block
        ops.multiply(gradient, gradient, out=scratch)
        ops.multiply(squares, self.rho, out=squares)
        ops.add(squares, scratch, out=squares)
        ops.add(squares, epsilon, out=scratch)
        ops.add(changes, epsilon, out=change)
        ops.divide(change, scratch, out=change)
        ops.sqrt(change, out=change)
        ops.multiply(change, gradient, out=change)
        _descend(ops, parameters, change, step, scratch)
        ops.multiply(change, change, out=change)
        ops.multiply(changes, self.rho, out=changes)
        ops.add(changes, change, out=changes)


@dataclass(frozen=True)
class Adam:
    """Averages of gradient and squared gradient, corrected for their start (Kingma and Ba 2015).

    m <- beta1 m + (1 - beta1) g, v <- beta2 v + (1 - beta2) g^2,
    w <- w - lr (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon).

    Parameters
    ----------
    beta1, beta2 : float, default 0.9 and 0.999
        How much of each average is kept at each step, in [0, 1).
    epsilon : float, default 1e-8
    """

    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    moments: ClassVar[tuple[str, ...]] = ("gradients", "squares")

    def __post_init__(self) -> None:
        _check_share("beta1", self.beta1)
        _check_share("beta2", self.beta2)
        _check_epsilon(self.epsilon)

    def constants(self, learning_rate: float, n_steps: int, /) -> tuple[float, float]:
        """Return the step size and epsilon, with both corrections in them."""
        # With the sums M and S: lr c1 M / (sqrt(c2 S) + epsilon) = (lr c1 / r) M / (sqrt(S) +
        # epsilon / r), where c1 = (1 - beta1) / (1 - beta1^t), c2 likewise and r = sqrt(c2).
        first = (1.0 - self.beta1) / (1.0 - self.beta1**n_steps)
        root = math.sqrt((1.0 - self.beta2) / (1.0 - self.beta2**n_steps))
        return learning_rate * first / root, self.epsilon / root

    def update(self, block: Block, step: float, epsilon: float, /) -> None:
        """Change the block, in place."""
        parameters, gradient, (gradients, squares), scratch, _, ops = block
        ops.multiply(gradients, self.beta1, out=gradients)
        ops.add(gradients, gradient, out=gradients)
        ops.multiply(gradient, gradient, out=scratch)
        ops.multiply(squares, self.beta2, out=squares)
        ops.add(squares, scratch, out=squares)
        ops.sqrt(squares, out=scratch)
        ops.add(scratch, epsilon, out=scratch)
        ops.divide(gradients, scratch, out=scratch)
        _descend(ops, parameters, scratch, step, scratch)


@dataclass(frozen=True)
class Adamax:
    """Adam with a decaying maximum instead of the squares (Kingma and Ba 2015, algorithm 2).

    m <- beta1 m + (1 - beta1) g, u <- max(beta2 u, abs(g) + epsilon),
    w <- w - lr / (1 - beta1^t) m / u.

    Parameters
    ----------
    beta1, beta2 : float, default 0.9 and 0.999
        How much of the average and of the maximum is kept at each step, in [0, 1).
    epsilon : float, default 1e-8
    """

    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    moments: ClassVar[tuple[str, ...]] = ("gradients", "maxima")

    def __post_init__(self) -> None:
        _check_share("beta1", self.beta1)
        _check_share("beta2", self.beta2)
        _check_epsilon(self.epsilon)

    def constants(self, learning_rate: float, n_steps: int, /) -> tuple[float, float]:
        """Return the step size, with the correction in it, and epsilon."""
        first = (1.0 - self.beta1) / (1.0 - self.beta1**n_steps)
        return learning_rate * first, self.epsilon

    def update(self, block: Block, step: float, epsilon: float, /) -> None:
        """Change the block, in place."""
        parameters, gradient, (gradients, maxima), scratch, _, ops = block
        ops.multiply(gradients, self.beta1, out=gradients)
        ops.add(gradients, gradient, out=gradients)
        ops.abs(gradient, out=scratch)
        ops.add(scratch, epsilon, out=scratch)
        ops.multiply(maxima, self.beta2, out=maxima)
        ops.maximum(maxima, scratch, out=maxima)
        ops.divide(gradients, maxima, out=scratch)
        _descend(ops, parameters, scratch, step, scratch)


def _descend(ops: Any, parameters: Vector, direction: Vector, step: float, room: Vector) -> None:
    """Subtract step * direction from the parameters; `room` may be the direction itself."""
    ops.multiply(direction, step, out=room)
    ops.subtract(parameters, room, out=parameters)


def _check_share(name: str, value: float) -> None:
    if not 0.0 <= value < 1.0:
        msg = f"{name} must be in [0, 1), got {value!r}. It is the share that each step keeps."
        raise XentError(msg)


def _check_epsilon(value: float) -> None:
    if not 0.0 < value < math.inf:
        msg = f"epsilon must be a positive number, got {value!r}. It keeps a division from 0 / 0."
        raise XentError(msg)
