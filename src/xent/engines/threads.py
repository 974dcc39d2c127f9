"""How many threads BLAS may use: one where the products are small, all where they are large."""

from __future__ import annotations

import math
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from xent.cores import n_cores

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xent.network import ModuleNetwork, Network

__all__ = ["blas_threads", "blas_versions", "suitable_threads"]

# below this many multiplications a step, handing work to a second thread costs more than it saves
SMALL_STEP = 100_000_000


def suitable_threads(network: Network | ModuleNetwork, batch_size: int) -> int:
    """Return the number of BLAS threads for training a network at this batch size.

    Examples
    --------
    >>> from xent.network import mlp
    >>> suitable_threads(mlp(30, (100, 100), 1), 350)
    1
    """
    # forward, and backward to the weights and to the layer below
    multiplications = 3 * batch_size * _n_multiplications(network)
    return 1 if multiplications < SMALL_STEP else n_cores()


def _n_multiplications(network: Network | ModuleNetwork) -> int:
    """Return about how many multiplications the forward pass of a row takes: a filter meets every place."""
    total = 0
    for layer, below, above in zip(
        network.layers, network.shapes[:-1], network.shapes[1:], strict=True
    ):
        n_parameters = sum(math.prod(own.shape) for own in layer.parameters(below))
        total += n_parameters * math.prod(above[1:] if len(above) == 3 else ())
    return total


@contextmanager
def blas_threads(n_threads: int) -> Iterator[bool]:
    """Run a block with `n_threads` BLAS threads; yields False when no BLAS could be told so."""
    from threadpoolctl import ThreadpoolController

    controller = ThreadpoolController().select(user_api="blas")
    if not controller.lib_controllers:
        yield False
        return
    with controller.limit(limits=n_threads), _torch_threads(n_threads):
        yield all(library.num_threads == n_threads for library in controller.lib_controllers)


@contextmanager
def _torch_threads(n_threads: int) -> Iterator[None]:
    """Give PyTorch as many threads, where it is loaded."""
    torch = sys.modules.get("torch")
    if torch is None:
        yield
        return
    before = torch.get_num_threads()
    torch.set_num_threads(n_threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def blas_versions() -> list[str]:
    """Return name and version of each BLAS that is loaded, for the record of a run."""
    from threadpoolctl import ThreadpoolController

    controller = ThreadpoolController().select(user_api="blas")
    return sorted(
        {f"{library.internal_api} {library.version}" for library in controller.lib_controllers}
    )
