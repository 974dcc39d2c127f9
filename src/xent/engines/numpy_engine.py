"""The NumPy engine: explicit forward and backward passes on preallocated buffers and one flat parameter vector."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from xent.engines.buffers import aligned_zeros
from xent.engines.engine import check_outputs, check_state
from xent.engines.losses import make_loss
from xent.engines.steps import BatchNormStep, DenseStep, DropoutStep, ScaleStep, Step
from xent.errors import XentError
from xent.network import (
    BatchNorm,
    Dense,
    Dropout,
    ModuleNetwork,
    Scale,
    initial_parameters,
    initial_running,
    parameter_layout,
    running_layout,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import TypeGuard

    from xent.arrays import Array
    from xent.distributions import Distribution
    from xent.network import Network

__all__ = ["NumpyEngine", "computes"]

# rows a block when predicting: wide enough for BLAS, small enough for the cache
PREDICTION_ROWS = 1024
LAYERS = (Dense, Dropout, BatchNorm, Scale)


def computes(network: Network | ModuleNetwork) -> TypeGuard[Network]:
    """Tell whether this engine has all layers of a network.

    Examples
    --------
    >>> from xent.network import lenet, mlp
    >>> computes(mlp(2, (3,), 1)), computes(lenet((1, 28, 28), 10))
    (True, False)
    """
    if isinstance(network, ModuleNetwork):
        return False
    return all(isinstance(layer, LAYERS) for layer in network.layers)


class NumpyEngine:
    """A network and its distribution as numbers: parameters, gradient, forward and backward pass.

    Parameters
    ----------
    network : Network
        The description; it ends in logits.
    distribution : Distribution
        What the logits are the parameters of; ``distribution.n_outputs`` must be the network's.
    dtype : {"float32", "float64"}
        Of parameters, buffers and logits.

    Attributes
    ----------
    parameters, gradient : ndarray, shape (n_parameters,)
        Flat: all weights first, then biases and scales (`network.parameter_layout`).
    running : ndarray
        The running means and variances of batch normalization, which are not trained.
    dropout_generator : numpy.random.Generator
        Draws the dropout masks.

    Examples
    --------
    >>> from xent.distributions import Bernoulli
    >>> from xent.network import mlp
    >>> engine = NumpyEngine(mlp(30, (100, 100), 1), Bernoulli(), "float64")
    >>> engine.init(np.random.default_rng(0))
    >>> engine.predict(np.zeros((2, 30))).shape
    (2, 1)
    """

    def __init__(
        self, network: Network | ModuleNetwork, distribution: Distribution, dtype: str = "float32"
    ) -> None:
        check_outputs(network, distribution)
        if isinstance(network, ModuleNetwork):
            raise XentError("engine 'numpy' computes no own modules. Use engine='torch' or 'auto'.")
        if not computes(network):
            foreign = next(layer for layer in network.layers if not isinstance(layer, LAYERS))
            known = ", ".join(form.__name__ for form in LAYERS)
            raise XentError(
                f"engine 'numpy' computes {known}, got {type(foreign).__name__}. Use engine='torch'."
            )
        self.network, self.distribution, self.dtype = network, distribution, np.dtype(dtype)
        self.layout = parameter_layout(network)
        self.parameters = aligned_zeros(network.n_parameters, self.dtype)
        self.gradient = aligned_zeros(network.n_parameters, self.dtype)
        self.running = initial_running(network, self.dtype)
        self.dropout_generator = np.random.Generator(np.random.SFC64(0))
        self._training: _Pass | None = None
        self._prediction: _Pass | None = None

    def init(self, generator: np.random.Generator) -> None:
        """Draw the initial parameters; the same generator gives the same ones in every engine and dtype."""
        np.copyto(self.parameters, initial_parameters(self.network, generator, self.dtype))
        self.running = initial_running(self.network, self.dtype)
        self._training = self._prediction = None

    def views(self, flat: Array) -> dict[str, Array]:
        """Return the named arrays of a flat vector, without copying."""
        return {slot.name: flat[slot.where].reshape(slot.shape) for slot in self.layout}

    def reserve(self, batch_size: int) -> None:
        """Allocate the buffers for training batches of up to `batch_size` rows."""
        self._training = _Pass(self, batch_size, training=True)

    def loss_and_grad(
        self, X: Array, y: Array, weight: Array | None = None, total: float | None = None
    ) -> float:
        """Return Σ w_i nll_i / total in nats and leave its gradient in `gradient`.

        Parameters
        ----------
        X : ndarray, shape (n, n_inputs), of the engine's dtype
        y : ndarray
            Targets in the form of ``distribution.check_targets``.
        weight : ndarray, shape (n,), optional
        total : float, optional
            The divisor; by default Σ w_i. The trainer passes b times the mean weight of the
            training part, so that the gradients of an epoch's batches average to that of the whole
            objective.
        """
        if self._training is None or self._training.n_rows < len(X):
            self.reserve(len(X))
        assert self._training is not None
        if total is None:
            total = float(len(X)) if weight is None else float(np.sum(weight, dtype=np.float64))
        return self._training.loss_and_grad(X, y, weight, total)

    def predict(self, X: Array) -> Array:
        """Return the logits, shape (n, n_outputs); dropout is off and batch normalization uses its running moments."""
        z = np.empty((len(X), self.network.n_outputs), self.dtype)
        for block, pass_ in self._blocks(X):
            z[block] = pass_.forward(X[block])
        return z

    def activations(self, X: Array, places: Sequence[int] | None = None) -> tuple[Array, ...]:
        """Return the outputs of the layers at these places for `X`, or of all layers in their order."""
        outputs = [np.empty((len(X), width), self.dtype) for width in self.network.sizes[1:]]
        for block, pass_ in self._blocks(X):
            pass_.forward(X[block])
            below = X[block]
            for output, step in zip(outputs, pass_.steps, strict=True):
                output[block] = below if step is None else step.output[: len(below)]
                below = output[block]
        return tuple(outputs if places is None else [outputs[place] for place in places])

    @property
    def logits(self) -> Array:
        """The logits of the last training batch, shape (n, n_outputs): a view that the next batch overwrites."""
        assert self._training is not None
        return self._training.running_steps[-1].output[: self._training.n_used]

    def state(self) -> dict[str, Array]:
        """Return what training changes: parameters and running moments (views, not copies)."""
        return {"parameters": self.parameters, "running": self.running}

    def load_state(self, state: dict[str, Array]) -> None:
        """Take over parameters and running moments."""
        check_state(state, self.state())
        for name, current in self.state().items():
            np.copyto(current, state[name])

    def _blocks(self, X: Array) -> Iterator[tuple[slice, _Pass]]:
        if X.ndim != 2 or X.shape[1] != self.network.n_inputs:
            raise XentError(f"X must have shape (n, {self.network.n_inputs}), got {X.shape}.")
        if self._prediction is None:
            self._prediction = _Pass(self, PREDICTION_ROWS, training=False)
        for start in range(0, len(X), PREDICTION_ROWS):
            yield slice(start, min(start + PREDICTION_ROWS, len(X))), self._prediction


class _Pass:
    """The layers on buffers of a fixed number of rows; for training also the loss and the backward pass."""

    def __init__(self, engine: NumpyEngine, n_rows: int, *, training: bool) -> None:
        self.n_rows, self.n_used, self.dtype = n_rows, 0, engine.dtype
        self.steps = _make_steps(engine, n_rows, training=training)
        self.running_steps = [step for step in self.steps if step is not None]
        # what lies below the first trained layer needs no gradient
        first_trained = next(
            place
            for place, layer in enumerate(engine.network.layers)
            if not isinstance(layer, Dropout)
        )
        self.downward = [step for step in reversed(self.steps[first_trained:]) if step is not None]
        self.norms = [step for step in self.running_steps if isinstance(step, BatchNormStep)]
        if training:
            self.loss = make_loss(engine.distribution, n_rows, engine.dtype)
            self.delta = aligned_zeros((n_rows, engine.network.n_outputs), engine.dtype)

    def forward(self, a: Array) -> Array:
        for step in self.running_steps:
            a = step.forward(a)
        return a

    def loss_and_grad(self, X: Array, y: Array, weight: Array | None, total: float) -> float:
        n = self.n_used = len(X)
        for norm in self.norms:
            norm.shares = _shares(weight, n, self.dtype)
        z = self.forward(X)
        delta = self.delta[:n]
        nll = self.loss(z, y, delta)
        if weight is None:
            loss = float(np.add.reduce(nll, dtype=np.float64)) / total
            np.multiply(delta, self.dtype.type(1 / total), out=delta)
        else:
            loss = float(np.dot(nll.astype(np.float64), weight)) / total
            np.multiply(delta, (weight / total).astype(self.dtype)[:, None], out=delta)
        for step in self.downward:
            delta = step.backward(delta)
        return loss


def _shares(weight: Array | None, n: int, dtype: np.dtype) -> Array:
    if weight is None:
        return np.full(n, 1 / n, dtype)
    return (weight / np.sum(weight, dtype=np.float64)).astype(dtype)


def _make_steps(engine: NumpyEngine, n_rows: int, *, training: bool) -> list[Step | None]:
    """Return the layers at work; None stands for a layer that does nothing here (dropout when predicting)."""
    parameters = engine.views(engine.parameters)
    gradients = engine.views(engine.gradient) if training else None
    running = _running_views(engine.network, engine.running)
    steps: list[Step | None] = []
    width = engine.network.n_inputs
    trained_below = False
    # layers of one width share their scratch: the less memory a step touches, the more of it stays
    # in the cache
    scratch: dict[int, Array] = {}
    for index, layer in enumerate(engine.network.layers):
        own = [name for name in parameters if name.startswith(f"layers.{index}.")]
        values = [parameters[name] for name in own]
        slopes = None if gradients is None else [gradients[name] for name in own]
        step: Step | None
        if isinstance(layer, Dense):
            width = layer.n_units
            room = scratch.setdefault(width, aligned_zeros((n_rows, width), engine.dtype))
            step = DenseStep(
                values[0],
                values[1],
                slopes,
                layer.function,
                room,
                needs_input_gradient=trained_below,
            )
        elif isinstance(layer, Dropout):
            step = (
                DropoutStep(layer.rate, width, n_rows, engine.dtype, engine.dropout_generator)
                if training
                else None
            )
        elif isinstance(layer, BatchNorm):
            step = BatchNormStep(
                values,
                slopes,
                running[index],
                n_rows,
                momentum=layer.momentum,
                epsilon=layer.epsilon,
            )
        elif isinstance(layer, Scale):
            step = ScaleStep(values[0], None if slopes is None else slopes[0], n_rows)
        steps.append(step)
        trained_below = trained_below or bool(own)
    return steps


def _running_views(network: Network, flat: Array) -> dict[int, tuple[Array, Array]]:
    views = {}
    for slot in running_layout(network):
        mean, variance = flat[slot.where].reshape(slot.shape)
        views[int(slot.name.removeprefix("layers."))] = (mean, variance)
    return views
