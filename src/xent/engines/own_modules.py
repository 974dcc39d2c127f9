"""Own modules as networks: described for a training, and brought back together with their code."""

from __future__ import annotations

import dataclasses
import warnings
from typing import TYPE_CHECKING

from xent.engines.making import require_torch
from xent.errors import XentError

if TYPE_CHECKING:
    from xent.arrays import Array
    from xent.distributions import Distribution
    from xent.network import ModuleNetwork, Pixels

__all__ = ["own_network", "with_code"]


def own_network(
    source: object,
    X: Array,
    distribution: Distribution,
    *,
    dtype: str,
    pixels: Pixels | None = None,
    seed: int = 0,
) -> ModuleNetwork:
    """Return an own module as a network, after it has been seen to end in logits.

    Parameters
    ----------
    source : torch.nn.Module, callable or str
        An object, which is copied; a function or class that makes one; or ``file.py:build``.
    X : ndarray, shape (n, ...)
        Training rows.
    distribution : Distribution
        What the logits are for.
    dtype : {"float32", "float64"}
        All floating-point parameters and buffers are converted to it.
    pixels : Pixels, optional
        How images are standardized before the module gets them.
    seed : int
        What making the module draws follows from it.

    Raises
    ------
    XentError
        When there is no such module, or it does not fit.
    """
    require_torch()
    from xent.engines.torch_module_checks import described_module
    from xent.engines.torch_module_source import build_module

    built = build_module(source, tuple(X.shape[1:]), distribution.n_outputs, seed=seed)
    return described_module(built, X, distribution, dtype=dtype, pixels=pixels, seed=seed)


def with_code(network: ModuleNetwork, source: object, dtype: str) -> ModuleNetwork:
    """Return a network that was read from a file together with the module that it describes.

    A file that has changed since the training is warned of; a module with other parameters is refused.

    Parameters
    ----------
    network : ModuleNetwork
    source : torch.nn.Module, callable or str
        As in `own_network`. A file's code is executed.
    dtype : {"float32", "float64"}

    Raises
    ------
    XentError
        When there is no such module, or it is another one.
    """
    require_torch()
    from xent.engines.torch_module_checks import same_arrays
    from xent.engines.torch_module_source import build_module

    built = build_module(source, network.row_shape, network.n_outputs)
    if network.sha256 is not None and built.sha256 not in {None, network.sha256}:
        warnings.warn(
            f"module: {built.reference} has changed since the training (its sha256 differs): what it computes may "
            "differ too.",
            stacklevel=2,
        )
    difference = same_arrays(network, built.module, dtype)
    if difference:
        raise XentError(
            f"module: this is not the module that was trained ({network.name}): {difference}."
        )
    return dataclasses.replace(network, template=built.module)
