"""The PyTorch engine: the same networks and losses on autograd, with convolutions and GPUs."""

from __future__ import annotations

import math
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from xent.engines.augmentation import draw_changes
from xent.engines.engine import check_outputs, check_state
from xent.engines.losses import make_loss
from xent.engines.torch_augmentation import changed_images
from xent.engines.torch_layers import BatchNormModule, DropoutModule, NetworkModule, modules_of
from xent.engines.torch_module import ModuleBinding, seeded
from xent.engines.torch_precision import Arithmetic
from xent.errors import XentError
from xent.network import (
    ModuleNetwork,
    Network,
    initial_parameters,
    initial_running,
    parameter_layout,
    running_layout,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager

    from xent.arrays import Array
    from xent.distributions import Distribution
    from xent.engines.torch_ranks import Ranks
    from xent.network import Network

__all__ = ["TorchEngine"]

# numbers that the widest layer may hold for a block of rows when predicting: on a CPU, and elsewhere
PREDICTION_NUMBERS = 1 << 23
DEVICE_NUMBERS = 1 << 27


class TorchEngine:
    """A network and its distribution as numbers, computed by PyTorch.

    It answers as `NumpyEngine` does. All parameters are views of one flat vector and all gradients
    of another: on a CPU NumPy arrays that share the tensors' memory, elsewhere the tensors
    themselves, so that optimizers, penalties and checkpoints are the same code.

    Parameters
    ----------
    network : Network
        The description; it ends in logits.
    distribution : Distribution
        What the logits are the parameters of; ``distribution.n_outputs`` must be the network's.
    dtype : {"float32", "float64"}
        Of parameters and logits.
    device : str, default "cpu"
        A device of PyTorch.
    precision : {"full", "bf16", "fp16"}
        What the layers compute in (`torch.autocast`); parameters, logits and the loss keep `dtype`, which is
        float32 then.
    augment : sequence of {"flip", "shift", "crop", "color"}
        How the images of a training batch are changed, at random.
    deterministic : bool, default True
        On CUDA, use algorithms that give the same bits in every run.
    compiled : bool, default False
        Compile the training step (`torch.compile`).

    Examples
    --------
    >>> from xent.distributions import Bernoulli
    >>> from xent.network import mlp
    >>> engine = TorchEngine(mlp(30, (100, 100), 1), Bernoulli(), "float64")
    >>> engine.init(np.random.default_rng(0))
    >>> engine.predict(np.zeros((2, 30))).shape
    (2, 1)
    """

    def __init__(
        self,
        network: Network | ModuleNetwork,
        distribution: Distribution,
        dtype: str = "float32",
        device: str = "cpu",
        *,
        precision: str = "full",
        augment: Sequence[str] = (),
        deterministic: bool = True,
        compiled: bool = False,
        ranks: Ranks | None = None,
    ) -> None:
        check_outputs(network, distribution)
        if augment and len(network.row_shape) != 3:
            raise XentError(
                f"augment changes images, and the rows have shape {network.row_shape}. Leave it out."
            )
        if precision != "full" and dtype == "float64":
            # `torch.autocast` passes float64 by: nothing would be computed in half precision
            raise XentError(f"precision {precision!r} goes with dtype float32, got {dtype}.")
        self.augment = tuple(augment)
        self.network, self.distribution, self.dtype = network, distribution, np.dtype(dtype)
        self.device, self.precision = torch.device(device), precision
        self._arithmetic = Arithmetic(
            self.device, precision, deterministic=deterministic, n_overflowed=self._n_overflowed
        )
        self.layout = parameter_layout(network)
        self.dropout_generator = np.random.Generator(np.random.SFC64(0))
        self._float = getattr(torch, self.dtype.name)
        self._memory_format = _memory_format(network, self.device, precision)
        self._parameters = self._zeros(network.n_parameters)
        self._gradient = self._zeros(network.n_parameters)
        self._own: ModuleBinding | None = None
        if isinstance(network, ModuleNetwork):
            self._own = ModuleBinding(network, self._float, self.device)
            self._running = self._tensor(self._own.start(self.dtype)["running"])
            self.module: Any = self._own.module
        else:
            self._running = self._tensor(initial_running(network, self.dtype))
            self.module = NetworkModule(network).to(device=self.device, dtype=self._float)
        self.parameters, self.gradient, self.running = (
            self._as_vector(own) for own in (self._parameters, self._gradient, self._running)
        )
        self._bind()
        # what computes a training batch of the usual size
        self._forward = self._compiled_module() if compiled else self.module
        self._logits = torch.empty((0, network.n_outputs), dtype=self._float)
        self.reserve(1)
        # the rows of the batch at work that are computed here
        self._place = slice(0, 0)
        self._ranks = ranks
        if ranks is not None:
            for norm in self._norms:
                norm.add_up = ranks.total

    def _zeros(self, n: int) -> torch.Tensor:
        return torch.zeros(n, dtype=self._float, device=self.device)

    def _as_vector(self, own: torch.Tensor) -> Any:
        """Return the NumPy array that shares the tensor's memory, or the tensor where NumPy cannot reach it."""
        return own.numpy() if self.device.type == "cpu" else own

    def _bind(self) -> None:
        """Make the module's parameters, their gradients and running moments views of the vectors."""
        self._norms: list[BatchNormModule] = []
        self._dropouts: list[DropoutModule] = []
        if self._own is not None:
            self._own.bind(self._parameters, self._gradient, self._running)
            return
        own = dict(self.module.named_parameters())
        for slot in self.layout:
            parameter = own[slot.name]
            parameter.data = self._parameters[slot.where].view(slot.shape)
            parameter.grad = self._gradient[slot.where].view(slot.shape)
        self._norms += modules_of(self.module, BatchNormModule)
        for norm, slot in zip(self._norms, running_layout(self.network), strict=True):
            norm.running_mean, norm.running_variance = self._running[slot.where].view(slot.shape)
        self._dropouts += modules_of(self.module, DropoutModule)

    def _compiled_module(self) -> Any:
        from xent.engines.torch_compiling import CompiledModule

        return CompiledModule(self.module, self.device)

    def init(self, generator: np.random.Generator) -> None:
        """Draw the initial parameters; the same generator gives the same ones in every engine and dtype.

        An own module starts as it was built.
        """
        network = self.network
        if isinstance(network, ModuleNetwork):
            assert self._own is not None
            self.load_state(self._own.start(self.dtype))
            return
        start = initial_parameters(network, generator, self.dtype)
        self.load_state({"parameters": start, "running": initial_running(network, self.dtype)})

    def views(self, flat: Array) -> dict[str, Array]:
        """Return the named arrays of a flat vector, without copying."""
        return {slot.name: flat[slot.where].reshape(slot.shape) for slot in self.layout}

    def reserve(self, batch_size: int) -> None:
        """Allocate the buffers of the loss for batches of up to `batch_size` rows."""
        self._n_reserved = batch_size
        self._loss = make_loss(self.distribution, batch_size, self.dtype)
        self._delta = np.empty((batch_size, self.network.n_outputs), self.dtype)

    def loss_and_grad(
        self, X: Array, y: Array, weight: Array | None = None, total: float | None = None
    ) -> float:
        """Return Σ w_i nll_i / total in nats and leave its gradient in `gradient`.

        Parameters
        ----------
        X : ndarray, shape (n, *network.row_shape)
        y : ndarray
            Targets in the form of ``distribution.check_targets``.
        weight : ndarray, shape (n,), optional
        total : float, optional
            The divisor; by default Σ w_i.
        """
        n = len(X)
        if total is None:
            total = float(n) if weight is None else float(np.sum(weight, dtype=np.float64))
        if n > self._n_reserved:
            self.reserve(n)
        self._place = place = slice(0, n) if self._ranks is None else self._ranks.slice_of(n)
        self._set_shares(weight, n)
        self.module.train()
        rows = self._training_rows(X)
        self._draw_dropouts(n)
        if self._own is not None:
            self._own.make_ready(len(rows))
        forward = self._forward if n == self._n_reserved else self.module
        with self._draws(), self._arithmetic.forward():
            z = forward(rows).to(self._float)
        self._logits = z.detach().cpu()
        delta = self._delta[: len(z)]
        # the loss is computed outside the graph, with its exact gradient: the graph ends in the logits
        nll = self._loss(self._logits.numpy(), y[place], delta)
        factor = 1 / total if weight is None else (weight[place] / total)[:, None]
        if self._ranks is not None and not self._ranks.counts(n):
            factor = 0.0
        np.multiply(delta, np.asarray(factor, self.dtype), out=delta)
        self._arithmetic.backward(z, self._tensor(delta), self._gradient)
        if self._ranks is not None:
            self._logits, nll = self._ranks.completed(self._gradient, self._logits, nll, n)
        if weight is None:
            return float(np.add.reduce(nll, dtype=np.float64)) / total
        return float(np.dot(nll.astype(np.float64), weight)) / total

    def _training_rows(self, X: Array) -> torch.Tensor:
        """Return the rows of a training batch, images changed at random."""
        rows = self._rows(X[self._place])
        if not self.augment:
            return rows
        changes = draw_changes(self.augment, len(X), self.dropout_generator)
        return changed_images(rows, changes.of(self._place)).contiguous(
            memory_format=self._memory_format
        )

    def _n_overflowed(self, own: bool) -> int:
        """Return how many ranks overflowed, given whether this one did."""
        return int(own if self._ranks is None else self._ranks.add_up(torch.tensor([int(own)])))

    def _set_shares(self, weight: Array | None, n: int) -> None:
        """Tell the norms what each row of a training batch counts; PyTorch itself refuses a single row."""
        shares = None
        if self._norms and (weight is not None or n == 1 or self._ranks is not None):
            own = np.ones(n) if weight is None else weight
            share = own / np.sum(own, dtype=np.float64)
            # Bessel's correction needs the number of rows that the weights are worth (Kish)
            worth = torch.tensor(
                1 / float(np.dot(share, share)), dtype=self._float, device=self.device
            )
            counts = self._ranks is None or self._ranks.counts(n)
            shares = self._tensor((share[self._place] * counts).astype(self.dtype))
            for norm in self._norms:
                norm.worth = worth
        for norm in self._norms:
            norm.shares = shares

    def _draw_dropouts(self, n: int) -> None:
        """Draw which numbers of n rows are dropped, as the NumPy engine draws: layer after layer."""
        for dropout in self._dropouts:
            rate, row = dropout.layer.rate, math.prod(dropout.shape)
            bits = self.dropout_generator.bit_generator.random_raw((n * row + 1) // 2)
            # all ranks draw for the whole batch, and so stay in step
            own = bits.view(np.uint32)[self._place.start * row : self._place.stop * row]
            kept = own >= np.uint32(round(rate * 2**32))
            factors = np.multiply(kept, self.dtype.type(1 / (1 - rate)), dtype=self.dtype)
            dropout.factors = self._tensor(factors.reshape(-1, *dropout.shape))

    def _draws(self, seed: int | None = None) -> AbstractContextManager[None]:
        """Let what an own module draws follow from a seed, or from the engine's generator."""
        if self._own is None:
            return nullcontext()
        if seed is None:
            seed = int(self.dropout_generator.bit_generator.random_raw())
        return seeded(seed, self.device)

    def predict(self, X: Array) -> Array:
        """Return the logits, shape (n, n_outputs); dropout is off and batch normalization uses its running moments."""
        z = np.empty((len(X), self.network.n_outputs), self.dtype)
        for block, rows in self._blocks(X):
            with self._draws(0), self._arithmetic.forward():
                z[block] = self.module(rows).to(self._float).cpu().numpy()
        return z

    def activations(self, X: Array, places: Sequence[int] | None = None) -> tuple[Array, ...]:
        """Return the outputs of the layers at these places for `X`, or of all layers in their order."""
        shapes = self.network.shapes[1:]
        wanted = range(len(shapes)) if places is None else places
        found = [np.empty((len(X), *shapes[place]), self.dtype) for place in wanted]
        for block, rows in self._blocks(X):
            with self._draws(0), self._arithmetic.forward():
                outputs = self.module.outputs(rows)
            for output, place in zip(found, wanted, strict=True):
                output[block] = outputs[place].to(self._float).cpu().numpy()
        return tuple(found)

    @property
    def logits(self) -> Array:
        """The logits of the last training batch, shape (n, n_outputs)."""
        logits: Array = self._logits.numpy()
        return logits

    def state(self) -> dict[str, Array]:
        """Return what training changes: parameters and running moments; on a CPU views, not copies.

        In fp16 also the factor that keeps small gradients above 0.
        """
        whole: dict[str, Array] = {}
        if self._own is not None:
            self._own.gather()
            whole = {"counters": self._own.counts}
        if self._arithmetic.scale is not None:
            whole["loss_scale"] = self._arithmetic.scale.state()
        own = {"parameters": self._parameters, "running": self._running}
        return {**{name: tensor.cpu().numpy() for name, tensor in own.items()}, **whole}

    def fixed(self) -> dict[str, Array]:
        """Return the parameters of an own module that are not trained, by name."""
        return {} if self._own is None else self._own.frozen_arrays()

    def load_fixed(self, arrays: dict[str, Array]) -> None:
        """Take over what `fixed` returned."""
        if self._own is not None:
            self._own.load_frozen(arrays)

    def load_state(self, state: dict[str, Array]) -> None:
        """Take over parameters and running moments."""
        own = {"parameters": self._parameters, "running": self._running}
        needed, scale = self.state(), self._arithmetic.scale
        needed.pop("loss_scale", None)  # a network that only starts has none
        check_state(state, needed)
        for name, tensor in own.items():
            tensor.copy_(torch.from_numpy(np.ascontiguousarray(state[name])))
        if scale is not None and "loss_scale" in state:
            scale.load_state(state["loss_scale"])
        if self._own is not None:
            self._own.load_counts(state["counters"])

    def _tensor(self, values: Array) -> torch.Tensor:
        values = np.ascontiguousarray(values)
        # PyTorch knows no memory that is only read, such as a file's
        return torch.from_numpy(values if values.flags.writeable else values.copy()).to(self.device)

    def _rows(self, X: Array) -> torch.Tensor:
        """Return rows as the module takes them; pixels travel as whole numbers."""
        return self._tensor(X).to(self._float, memory_format=self._memory_format)

    def _blocks(self, X: Array) -> Iterator[tuple[slice, torch.Tensor]]:
        shape = self.network.row_shape
        if X.shape[1:] != shape:
            raise XentError(f"X must have shape (n, {', '.join(map(str, shape))}), got {X.shape}.")
        self.module.eval()
        for norm in self._norms:
            norm.shares = None
        numbers = PREDICTION_NUMBERS if self.device.type == "cpu" else DEVICE_NUMBERS
        step = max(1, numbers // max(self.network.sizes))
        with torch.no_grad():
            for start in range(0, len(X), step):
                block = slice(start, min(start + step, len(X)))
                yield block, self._rows(X[block])


def _memory_format(
    network: Network | ModuleNetwork, device: torch.device, precision: str
) -> torch.memory_format:
    """Return how images lie in memory: a place's channels side by side, where that is faster.

    An own module may count on PyTorch's usual order, such as with `view`.
    """
    if isinstance(network, ModuleNetwork) or len(network.row_shape) != 3:
        return torch.contiguous_format
    if device.type == "cpu" or (device.type == "cuda" and precision != "full"):
        return torch.channels_last
    return torch.contiguous_format
