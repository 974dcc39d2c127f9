"""The training step as compiled by PyTorch: a kernel or two for each layer, on CUDA one graph of them."""

from __future__ import annotations

import warnings
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

import torch
from torch._dynamo.exc import TorchDynamoException
from torch._functorch import config

from xent.errors import XentError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from torch import nn

__all__ = ["CompiledModule"]


class CompiledModule:
    """A module as compiled for training batches of one size.

    Parameters
    ----------
    module : torch.nn.Module
        Its parameters may still change, its layers not.
    device : torch.device
        On CUDA the kernels are recorded as one graph and sent at once (mode `reduce-overhead`).
    backend : str or callable, default "inductor"
        What `torch.compile` compiles with.

    Examples
    --------
    >>> compiled = CompiledModule(torch.nn.Linear(2, 1), torch.device("cpu"), backend="eager")
    >>> compiled(torch.zeros(3, 2)).shape
    torch.Size([3, 1])
    """

    def __init__(
        self,
        module: nn.Module,
        device: torch.device,
        *,
        backend: str | Callable[..., Any] = "inductor",
    ) -> None:
        self.device = device
        mode = "reduce-overhead" if device.type == "cuda" and backend == "inductor" else None
        with quiet():
            self._compiled = torch.compile(module, backend=backend, mode=mode, dynamic=False)
        self._is_traced = False

    def __call__(self, rows: torch.Tensor) -> torch.Tensor:
        """Return the logits of a training batch.

        Raises
        ------
        XentError
            If PyTorch cannot compile here.
        """
        try:
            # the scale of fp16 may ask for a second backward pass: what the first was given is kept
            with config.patch(donated_buffer=False), nullcontext() if self._is_traced else quiet():
                logits: torch.Tensor = self._compiled(rows)
        except TorchDynamoException as error:
            needs = (
                "Triton" if self.device.type == "cuda" else "a C++ compiler and Python's headers"
            )
            reason = " ".join(str(error).strip().splitlines()[:2])
            msg = (
                f"compile needs {needs}, and PyTorch could not compile the network: {reason} "
                "Install what is missing (on Debian: apt install g++ python3-dev), or leave compile out."
            )
            raise XentError(msg) from error
        self._is_traced = True
        return logits


@contextmanager
def quiet() -> Iterator[None]:
    """Run a block without the warnings of PyTorch about its own ways of loading and tracing."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.filterwarnings("ignore", message="The .grad attribute of a Tensor")
        yield
