"""What an engine is: a network and its distribution as numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from xent.errors import XentError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np

    from xent.arrays import Array
    from xent.distributions import Distribution
    from xent.network import ModuleNetwork, Network, ParameterSlot

__all__ = ["Engine", "check_outputs", "check_state"]


class Engine(Protocol):
    """What the trainer, callbacks and run folders ask of `NumpyEngine` and `TorchEngine` alike.

    Attributes
    ----------
    network : Network or ModuleNetwork
    distribution : Distribution
        What is trained; it may carry label smoothing or weights.
    dtype : numpy.dtype
    layout : list of ParameterSlot
        The named parts of the flat vectors.
    parameters, gradient : ndarray, shape (n_parameters,)
        Flat: all weights first.
    running : ndarray
        Running moments of batch normalization.
    dropout_generator : numpy.random.Generator
        Draws what a training step needs at random.
    """

    distribution: Distribution
    dtype: np.dtype[Any]
    layout: list[ParameterSlot]
    parameters: Array
    gradient: Array
    running: Array
    dropout_generator: np.random.Generator

    @property
    def network(self) -> Network | ModuleNetwork:
        """The description of what is computed."""

    def init(self, generator: np.random.Generator) -> None:
        """Draw the initial parameters; the same generator gives the same ones in every engine and dtype."""

    def views(self, flat: Array) -> dict[str, Array]:
        """Return the named arrays of a flat vector, without copying."""

    def reserve(self, batch_size: int) -> None:
        """Allocate the buffers for training batches of up to `batch_size` rows."""

    def loss_and_grad(
        self, X: Array, y: Array, weight: Array | None = None, total: float | None = None
    ) -> float:
        """Return Σ w_i nll_i / total in nats and leave its gradient in `gradient`."""

    def predict(self, X: Array) -> Array:
        """Return the logits, shape (n, n_outputs)."""

    def activations(self, X: Array, places: Sequence[int] | None = None) -> tuple[Array, ...]:
        """Return the outputs of the layers at these places for `X`, or of all layers in their order."""

    @property
    def logits(self) -> Array:
        """The logits of the last training batch, shape (n, n_outputs)."""

    def state(self) -> dict[str, Array]:
        """Return what training changes."""

    def load_state(self, state: dict[str, Array]) -> None:
        """Take over what `state` returned."""


def check_outputs(network: Network | ModuleNetwork, distribution: Distribution) -> None:
    """Refuse a network that does not end in the distribution's logits."""
    if network.n_outputs != distribution.n_outputs:
        raise XentError(
            f"network must end in {distribution.n_outputs} outputs for {distribution}, got {network.n_outputs}."
        )


def check_state(state: Mapping[str, Array], own: Mapping[str, Array]) -> None:
    """Refuse arrays of another shape or dtype than an engine's own."""
    for name, current in own.items():
        given = state[name]
        if given.shape != current.shape or given.dtype != current.dtype:
            raise XentError(
                f"{name} must have shape {current.shape} and dtype {current.dtype} for this network, "
                f"got {given.shape} and {given.dtype}."
            )
