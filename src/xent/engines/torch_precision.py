"""What the layers of a PyTorch module compute in, and with which algorithms."""

from __future__ import annotations

import os
import warnings
from contextlib import ExitStack, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import torch

from xent.errors import XentError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from xent.arrays import Array

__all__ = ["HALVES", "Arithmetic", "LossScale", "same_algorithms"]

HALVES: Final = {"bf16": torch.bfloat16, "fp16": torch.float16}

# as torch.amp.GradScaler has them
FIRST_SCALE: Final = 2.0**16
LARGEST_SCALE: Final = 2.0**24
STEPS_BEFORE_GROWTH: Final = 2000
# below it the gradient itself leaves the range of fp16, and no factor mends it
SMALLEST_SCALE: Final = 2.0**-24


class Arithmetic:
    """The precision of the forward and backward pass, and whether they repeat bit by bit.

    Parameters
    ----------
    device : torch.device
    precision : {"full", "bf16", "fp16"}
        Of the layers (`torch.autocast`). Parameters, logits, the loss and the gradient of the
        parameters keep their dtype.
    deterministic : bool
        On CUDA, use algorithms that give the same bits in every run. On a CPU all do.
    n_overflowed : callable, optional
        Of several processes that train together: given whether this one's gradient overflowed,
        how many did.

    Examples
    --------
    >>> arithmetic = Arithmetic(torch.device("cpu"), "bf16")
    >>> with arithmetic.forward():
    ...     (torch.ones(2, 2) @ torch.ones(2, 2)).dtype
    torch.bfloat16
    """

    def __init__(
        self,
        device: torch.device,
        precision: str = "full",
        *,
        deterministic: bool = True,
        n_overflowed: Callable[[bool], int] = int,
    ) -> None:
        if precision not in {"full", *HALVES}:
            raise XentError(f"precision must be full, {' or '.join(HALVES)}, got {precision!r}.")
        self._device, self._half = device.type, HALVES.get(precision)
        self._is_strict = deterministic and device.type == "cuda"
        if self._is_strict:
            # read by cuBLAS when it is first used: with it, it takes the same ways in every run
            os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
            # one value reaches each place where windows do not overlap: its order cannot matter
            warnings.filterwarnings("ignore", message="max_pool2d_with_indices_backward")
        self.scale = LossScale(n_overflowed) if precision == "fp16" else None

    def forward(self) -> AbstractContextManager[Any]:
        """Return the context of a forward pass."""
        if self._half is None:
            return same_algorithms() if self._is_strict else nullcontext()
        stack = ExitStack()
        if self._is_strict:
            stack.enter_context(same_algorithms())
        stack.enter_context(torch.autocast(self._device, dtype=self._half))
        return stack

    def backward(self, z: torch.Tensor, delta: torch.Tensor, gradient: torch.Tensor) -> None:
        """Leave in `gradient` the gradient of the parameters, given that of the logits.

        Parameters
        ----------
        z, delta : torch.Tensor, shape (n, n_outputs)
            The logits, with their graph, and the loss's gradient at them.
        gradient : torch.Tensor, shape (n_parameters,)
            What the parameters accumulate in.
        """
        with same_algorithms() if self._is_strict else nullcontext():
            if self.scale is None:
                gradient.zero_()
                z.backward(delta)  # type: ignore[no-untyped-call]
            else:
                self.scale.backward(z, delta, gradient)


class LossScale:
    """The factor that keeps small gradients above 0 in fp16 (Micikevicius et al. 2018).

    The gradient of the logits is multiplied by it, and that of the parameters divided. Where the
    product leaves the range of fp16 the factor is halved and the backward pass alone is done again,
    until all is finite: other than with `torch.amp.GradScaler` no batch is skipped, and the number
    of steps is that of the schedule. After 2,000 steps without that the factor doubles.

    Parameters
    ----------
    n_overflowed : callable, optional
        As in `Arithmetic`: all processes do the pass again or none, for they may exchange numbers in it.

    Attributes
    ----------
    factor : float
        A power of 2, so that dividing by it loses nothing.
    n_steps : int
        Steps since the factor changed.
    """

    def __init__(self, n_overflowed: Callable[[bool], int] = int) -> None:
        self.n_overflowed = n_overflowed
        self.factor, self.n_steps = FIRST_SCALE, 0

    def backward(self, z: torch.Tensor, delta: torch.Tensor, gradient: torch.Tensor) -> None:
        """Leave in `gradient` the gradient of the parameters; not finite only where no factor mends it."""
        while True:
            gradient.zero_()
            # the graph is kept, for the pass may have to be done again
            z.backward(delta * self.factor, retain_graph=True)  # type: ignore[no-untyped-call]
            gradient.mul_(1 / self.factor)
            # what was not finite before the pass is not the factor's fault
            is_mendable = self.factor > SMALLEST_SCALE and bool(torch.isfinite(delta).all())
            if not self.n_overflowed(is_mendable and not bool(torch.isfinite(gradient).all())):
                break
            self.factor, self.n_steps = self.factor / 2, 0
        self.n_steps += 1
        if self.n_steps >= STEPS_BEFORE_GROWTH:
            self.factor, self.n_steps = min(2 * self.factor, LARGEST_SCALE), 0

    def state(self) -> Array:
        """Return what must survive an interruption.

        Examples
        --------
        >>> LossScale().state()
        array([65536.,     0.])
        """
        return np.array([self.factor, self.n_steps], np.float64)

    def load_state(self, state: Array) -> None:
        """Take back what `state` returned.

        Raises
        ------
        XentError
            If it holds no factor and number of steps.
        """
        state = np.asarray(state)
        if state.shape != (2,) or not SMALLEST_SCALE <= state[0] <= LARGEST_SCALE or state[1] < 0:
            msg = f"loss_scale must hold a factor and a number of steps, got {state.tolist()}."
            raise XentError(msg)
        self.factor, self.n_steps = float(state[0]), int(state[1])


@contextmanager
def same_algorithms() -> Iterator[None]:
    """Run a block with algorithms that give the same bits in every run; what held before is restored.

    Where PyTorch has no such algorithm it warns, and names the operation.

    Examples
    --------
    >>> with same_algorithms():
    ...     torch.are_deterministic_algorithms_enabled()
    True
    >>> torch.are_deterministic_algorithms_enabled()
    False
    """
    before = torch.are_deterministic_algorithms_enabled()
    only_warned = torch.is_deterministic_algorithms_warn_only_enabled()
    benchmark = torch.backends.cudnn.benchmark
    memory: Any = torch.utils.deterministic
    fills = memory.fill_uninitialized_memory
    torch.use_deterministic_algorithms(True, warn_only=True)
    # which algorithm is fastest differs from run to run; and nothing here reads memory before it is written
    torch.backends.cudnn.benchmark = memory.fill_uninitialized_memory = False
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before, warn_only=only_warned)
        torch.backends.cudnn.benchmark = benchmark
        memory.fill_uninitialized_memory = fills
