"""An own module at work: its parameters and buffers tied to the flat vectors of an engine."""

from __future__ import annotations

import copy
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from xent.errors import XentError
from xent.network.module_network import FACTOR, OFFSET

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xent.arrays import Array, IntArray
    from xent.network import ModuleNetwork, Pixels

__all__ = ["LogitsModule", "ModuleBinding", "seeded"]

_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm)


class LogitsModule(nn.Module):
    """An own module from rows to logits of shape (n, n_outputs).

    Below it the pixels of images are standardized, above it the outputs of a regression are brought
    into the unit of the target.

    Parameters
    ----------
    module : torch.nn.Module
    network : ModuleNetwork
    """

    factor: torch.Tensor
    offset: torch.Tensor

    def __init__(self, module: nn.Module, network: ModuleNetwork) -> None:
        super().__init__()
        self.module = module
        self.pixels = None if network.pixels is None else StandardPixels(network.pixels)
        self.names = tuple(layer.name for layer in network.layers)
        self.n_outputs, self.has_unit = network.n_outputs, network.has_unit
        if self.has_unit:
            self.register_buffer("factor", torch.ones(network.n_outputs))
            self.register_buffer("offset", torch.zeros(network.n_outputs))

    def forward(self, a: torch.Tensor) -> torch.Tensor:
        """Return the logits of the rows."""
        # the rows may be the caller's own, and a module may change them in place
        z: torch.Tensor = self.module(a.clone() if self.pixels is None else self.pixels(a))
        if z.ndim < 2:
            z = z.reshape(-1, self.n_outputs)
        return z * self.factor + self.offset if self.has_unit else z

    def outputs(self, a: torch.Tensor) -> list[torch.Tensor]:
        """Return what each part puts out; the last is the logits."""
        found: dict[str, torch.Tensor] = {}
        parts = dict(self.module.named_modules())
        hooks = [parts[name].register_forward_hook(_kept(found, name)) for name in self.names[:-1]]
        try:
            z = self(a)
        finally:
            for hook in hooks:
                hook.remove()
        return [*(found[name] for name in self.names[:-1]), z]


class StandardPixels(nn.Module):
    """(x/255 - mean) / sd, channel by channel.

    Parameters
    ----------
    pixels : Pixels
    """

    mean: torch.Tensor
    sd: torch.Tensor

    def __init__(self, pixels: Pixels) -> None:
        super().__init__()
        for name in ("mean", "sd"):
            values = torch.tensor(getattr(pixels, name), dtype=torch.float64)
            self.register_buffer(name, values[:, None, None], persistent=False)

    def forward(self, a: torch.Tensor) -> torch.Tensor:
        """Return the standardized pixels."""
        return (a / 255 - self.mean) / self.sd


class ModuleBinding:
    """A copy of a network's own module, its parameters and buffers views of an engine's vectors.

    Parameters
    ----------
    network : ModuleNetwork
        With a template.
    dtype : torch.dtype
        All floating-point parameters and buffers are converted to it.
    device : torch.device

    Attributes
    ----------
    module : LogitsModule
    """

    def __init__(self, network: ModuleNetwork, dtype: torch.dtype, device: torch.device) -> None:
        if network.template is None:
            raise XentError(
                f"the code of {network.name} is needed ({network.reference or 'an own module'}): "
                "give it as module=."
            )
        own = copied(network.template)
        self.network, self.device = network, device
        self.module = LogitsModule(own, network).to(device=device, dtype=dtype)
        parameters = dict(own.named_parameters())
        for array in network.trained:
            parameters[array.name].requires_grad_(True)
        for array in network.frozen:
            parameters[array.name].requires_grad_(False)
        self.trained = [parameters[array.name] for array in network.trained]
        self.frozen = {array.name: parameters[array.name] for array in network.frozen}
        self.buffers = [self._holder(array.name) for array in network.buffers]
        self.counters = [self._holder(array.name) for array in network.counters]
        self.norms = [part for part in own.modules() if isinstance(part, _NORMS)]

    def _holder(self, name: str) -> tuple[nn.Module, str]:
        """Return the part that holds a buffer, and what it calls it."""
        if name in {FACTOR, OFFSET}:
            return self.module, name.rpartition(".")[2]
        path, _, last = name.rpartition(".")
        return self.module.module.get_submodule(path), last

    def start(self, dtype: np.dtype[Any]) -> dict[str, Array]:
        """Return the state in which training starts: what the template holds, in the engine's dtype."""
        template, network = self.network.template, self.network
        held = {**dict(template.named_parameters()), **dict(template.named_buffers())}
        held[FACTOR], held[OFFSET] = (
            make(network.n_outputs, dtype=torch.float64) for make in (torch.ones, torch.zeros)
        )
        return {
            "parameters": _joined([held[own.name] for own in network.trained], dtype),
            "running": _joined([held[own.name] for own in network.buffers], dtype),
            "counters": _joined([held[own.name] for own in network.counters], np.dtype(np.int64)),
        }

    def bind(self, parameters: torch.Tensor, gradient: torch.Tensor, running: torch.Tensor) -> None:
        """Make parameters, gradients and buffers views of these vectors, whose values hold from now on."""
        start = 0
        for parameter in self.trained:
            where = slice(start, start + parameter.numel())
            parameter.data = parameters[where].view(parameter.shape)
            parameter.grad = gradient[where].view(parameter.shape)
            start = where.stop
        self.views = []
        start = 0
        for part, name in self.buffers:
            own = getattr(part, name)
            view = running[start : start + own.numel()].view(own.shape)
            setattr(part, name, view)
            self.views.append(view)
            start += own.numel()

    def gather(self) -> None:
        """Take back buffers that the module has replaced by new ones instead of changing them in place."""
        for (part, name), view in zip(self.buffers, self.views, strict=True):
            own = getattr(part, name)
            if own is not view:
                view.copy_(own.detach())
                setattr(part, name, view)

    @property
    def counts(self) -> IntArray:
        """The whole-number buffers as one vector, such as how many batches a norm has seen."""
        return _joined(self._held(self.counters), np.dtype(np.int64))

    def load_counts(self, counts: Array) -> None:
        """Take over such a vector."""
        start = 0
        for own in self._held(self.counters):
            values = torch.from_numpy(counts[start : start + own.numel()].copy())
            own.copy_(values.view(own.shape))
            start += own.numel()

    def frozen_arrays(self) -> dict[str, Array]:
        """Return the parameters that are not trained, by name."""
        return {name: own.detach().cpu().numpy() for name, own in self.frozen.items()}

    def load_frozen(self, arrays: dict[str, Array]) -> None:
        """Take over what `frozen_arrays` returned."""
        for name, own in self.frozen.items():
            own.data.copy_(torch.from_numpy(np.ascontiguousarray(arrays[name])))

    def make_ready(self, n_rows: int) -> None:
        """Make a module that is in training mode ready for a batch of so many rows.

        PyTorch refuses to standardize a batch of one row, which has no spread: batch normalization
        then takes its running moments, as when predicting.
        """
        if n_rows == 1:
            for norm in self.norms:
                norm.eval()

    def _held(self, places: list[tuple[nn.Module, str]]) -> list[torch.Tensor]:
        return [getattr(part, name) for part, name in places]


def copied(template: nn.Module) -> nn.Module:
    """Return a copy of a module, which is left as it is.

    Raises
    ------
    XentError
        If PyTorch cannot copy it.
    """
    try:
        return copy.deepcopy(template)
    except Exception as error:
        raise XentError(
            f"module: {type(template).__name__} cannot be copied ({' '.join(str(error).split()).rstrip('.')}). "
            "Keep what cannot be copied out of its attributes; of an object that has computed before, give the "
            "function that makes it: module=build."
        ) from error


@contextmanager
def seeded(seed: int, device: torch.device) -> Iterator[None]:
    """Let what PyTorch draws in a block follow from a seed, and nothing outside notice.

    Examples
    --------
    >>> draws = []
    >>> for _ in range(2):
    ...     with seeded(7, torch.device("cpu")):
    ...         draws.append(torch.rand(3))
    >>> torch.equal(*draws)
    True
    """
    # torch.manual_seed would also change the generators of devices that are not used here
    state = torch.get_rng_state()
    own: Any = getattr(torch, device.type) if device.type in {"cuda", "mps"} else None
    with nothing_on(device):
        own_state = None if own is None else own.get_rng_state()
        try:
            torch.default_generator.manual_seed(seed)
            if own is not None:
                own.manual_seed(seed)
            yield
        finally:
            torch.set_rng_state(state)
            if own is not None:
                own.set_rng_state(own_state)


@contextmanager
def nothing_on(device: torch.device) -> Iterator[None]:
    """Make a GPU the current one."""
    if device.type == "cuda":
        with torch.cuda.device(device):
            yield
    else:
        yield


def _joined(tensors: list[torch.Tensor], dtype: np.dtype[Any]) -> Array:
    """Return the numbers of tensors in one vector."""
    parts = [own.detach().cpu().reshape(-1).numpy().astype(dtype) for own in tensors]
    return np.concatenate([*parts, np.empty(0, dtype)])


def _kept(found: dict[str, torch.Tensor], name: str) -> Any:
    def keep(_module: nn.Module, _inputs: Any, output: Any) -> None:
        # a later part may change it in place
        found[name] = first_tensor(output).clone()

    return keep


def first_tensor(output: Any) -> Any:
    """Return a part's output, or the first tensor of several."""
    while isinstance(output, tuple | list) and output:
        output = output[0]
    return output
