"""Which engine computes a network, and on which device."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from xent.engines.numpy_engine import NumpyEngine, computes
from xent.engines.ranks import ONE_RANK
from xent.errors import XentError, nearest_hint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xent.distributions import Distribution
    from xent.engines.engine import Engine
    from xent.engines.ranks import RankGroup
    from xent.network import ModuleNetwork, Network

__all__ = ["ENGINES", "make_engine", "prediction_engine"]

ENGINES: Final = ("auto", "numpy", "torch")
_NO_TORCH: Final = "engine 'torch' needs PyTorch, which is not installed. Install it with: pip install 'xent[torch]'"


def make_engine(
    name: str,
    network: Network | ModuleNetwork,
    distribution: Distribution,
    dtype: str = "float32",
    *,
    device: str = "auto",
    precision: str = "full",
    augment: Sequence[str] = (),
    deterministic: bool = True,
    compiled: bool = False,
    ranks: RankGroup = ONE_RANK,
) -> Engine:
    """Return an engine by its name.

    Parameters
    ----------
    name : {"auto", "numpy", "torch"}
        auto: NumPy's on a CPU where it computes all layers, else PyTorch's.
    network : Network or ModuleNetwork
    distribution : Distribution
    dtype : {"float32", "float64"}
    device : str, default "auto"
        A device of PyTorch; auto: a GPU where there is one that knows the dtype, else the CPU.
    precision : {"full", "bf16", "fp16"}
        What the layers compute in; only with PyTorch.
    augment : sequence of {"flip", "shift", "crop", "color"}
        How the images of a training batch are changed, at random; only with PyTorch.
    deterministic : bool, default True
        On CUDA, use algorithms that give the same bits in every run; on a CPU all do.
    compiled : bool, default False
        Compile the training step; only with PyTorch.
    ranks : RankGroup, optional
        The processes that train together; several need PyTorch.

    Raises
    ------
    XentError
        If the engine is not installed, has no such device, or does not compute these layers.

    Examples
    --------
    >>> from xent.distributions import Bernoulli
    >>> from xent.network import mlp
    >>> type(make_engine("numpy", mlp(2, (3,), 1), Bernoulli())).__name__
    'NumpyEngine'
    """
    if name not in ENGINES:
        known = ", ".join(ENGINES)
        raise XentError(
            f"engine must be one of {known}, got {name!r}.{nearest_hint(name, ENGINES)}"
        )
    if ranks.size > 1:
        refuse_numpy(name, ranks.size)
        name = "torch"
    if name == "auto":
        is_plain = precision == "full" and not compiled
        on_numpy = computes(network) and device in {"auto", "cpu"} and is_plain
        name = "numpy" if on_numpy else "torch"
    if name == "numpy":
        _refuse_foreign(device, precision, augment, compiled=compiled)
        return NumpyEngine(network, distribution, dtype)
    require_torch()
    from xent.engines.torch_devices import find_device
    from xent.engines.torch_engine import TorchEngine

    found = find_device(device, dtype)
    together: Any = None if ranks.size == 1 else ranks
    return TorchEngine(
        network,
        distribution,
        dtype,
        found if together is None else together.own_device(found),
        precision=precision,
        augment=augment,
        deterministic=deterministic,
        compiled=compiled,
        ranks=together,
    )


def _refuse_foreign(device: str, precision: str, augment: Sequence[str], *, compiled: bool) -> None:
    """Refuse what only PyTorch has, where NumPy's engine was asked for."""
    if device not in {"auto", "cpu"}:
        raise XentError(
            f"device of engine 'numpy' must be cpu, got {device!r}. Use engine='torch'."
        )
    if precision != "full":
        raise XentError(f"precision {precision!r} needs engine='torch'.")
    if compiled:
        raise XentError("compile needs engine='torch'. Leave it out.")
    if augment:
        raise XentError("augment changes images, which engine='torch' computes. Leave it out.")


def prediction_engine(
    network: Network | ModuleNetwork, distribution: Distribution, dtype: str = "float32"
) -> Engine:
    """Return an engine to predict with: NumPy's where it computes all layers, for it is always there."""
    if computes(network):
        return NumpyEngine(network, distribution, dtype)
    return make_engine("torch", network, distribution, dtype)


def refuse_numpy(name: str, n_ranks: int) -> None:
    """Refuse an engine that computes in one process only."""
    if name == "numpy":
        raise XentError(
            f"engine 'numpy' trains in one process, and this is one of {n_ranks} ranks (WORLD_SIZE={n_ranks}). "
            "Use engine='torch' (--engine torch), or start without torchrun."
        )
    require_torch()


def require_torch() -> None:
    """Say in one line how to install PyTorch where it is absent."""
    try:
        import torch  # noqa: F401 (whether it is there is the question)
    except ImportError:
        raise XentError(_NO_TORCH) from None
