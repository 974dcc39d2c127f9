"""The numbers of an own module whose code is not at hand: all there is to read, and nothing to compute."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

import numpy as np

from xent.errors import XentError
from xent.network import parameter_layout

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from xent.arrays import Array
    from xent.distributions import Distribution
    from xent.network import ModuleNetwork

__all__ = ["StoredEngine"]


class StoredEngine:
    """An own module as a model file holds it. It answers as an engine does, but for what needs the code.

    Parameters
    ----------
    network : ModuleNetwork
    distribution : Distribution
    dtype : {"float32", "float64"}
    state : mapping of str to ndarray
        parameters, running and counters, as `TorchEngine.state` returns them.
    fixed : mapping of str to ndarray
        The parameters that are not trained.

    Examples
    --------
    >>> from xent.distributions import Bernoulli
    >>> from xent.network.module_network import ModuleArray, ModuleLayer, ModuleNetwork
    >>> weight, out = ModuleArray("w", (1, 2)), ModuleLayer("", "MyNet", (1,))
    >>> network = ModuleNetwork((2,), 1, "MyNet", (weight,), layers=(out,), reference="net.py:MyNet")
    >>> state = {"parameters": np.ones(2), "running": np.empty(0), "counters": np.empty(0, np.int64)}
    >>> engine = StoredEngine(network, Bernoulli(), "float64", state, {})
    >>> engine.views(engine.parameters)["w"]
    array([[1., 1.]])
    >>> engine.predict(np.ones((1, 2)))
    Traceback (most recent call last):
    xent.errors.XentError: MyNet is an own module, whose code is no part of a run. Give it to compute with it: \
load_run(path, module='net.py:MyNet'), on the command line --module net.py:MyNet.
    """

    def __init__(
        self,
        network: ModuleNetwork,
        distribution: Distribution,
        dtype: str,
        state: Mapping[str, Array],
        fixed: Mapping[str, Array],
    ) -> None:
        self.network, self.distribution, self.dtype = network, distribution, np.dtype(dtype)
        self.layout = parameter_layout(network)
        self.gradient = np.zeros(0, self.dtype)
        self.dropout_generator = np.random.Generator(np.random.SFC64(0))
        self._state, self._fixed = dict(state), dict(fixed)
        self.parameters, self.running = self._state["parameters"], self._state["running"]

    def views(self, flat: Array) -> dict[str, Array]:
        """Return the named arrays of a flat vector, without copying."""
        return {slot.name: flat[slot.where].reshape(slot.shape) for slot in self.layout}

    def state(self) -> dict[str, Array]:
        """Return what training changed."""
        return dict(self._state)

    def fixed(self) -> dict[str, Array]:
        """Return the parameters that were not trained."""
        return dict(self._fixed)

    def init(self, _generator: np.random.Generator) -> None:
        """Refuse: there is no module to start."""
        self._refuse()

    def reserve(self, _batch_size: int) -> None:
        """Refuse: there is nothing to train."""
        self._refuse()

    def load_state(self, _state: dict[str, Array]) -> None:
        """Refuse: these are the numbers of a file."""
        self._refuse()

    def loss_and_grad(
        self, _X: Array, _y: Array, _weight: Array | None = None, _total: float | None = None
    ) -> float:
        """Refuse: the code is needed."""
        self._refuse()

    def predict(self, _X: Array) -> Array:
        """Refuse: the code is needed."""
        self._refuse()

    def activations(self, _X: Array, _places: Sequence[int] | None = None) -> tuple[Array, ...]:
        """Refuse: the code is needed."""
        self._refuse()

    @property
    def logits(self) -> Array:
        """There are none."""
        self._refuse()

    def _refuse(self) -> NoReturn:
        reference = self.network.reference or "path/to/file.py:build"
        raise XentError(
            f"{self.network.name} is an own module, whose code is no part of a run. Give it to compute with it: "
            f"load_run(path, module={reference!r}), on the command line --module {reference}."
        )
