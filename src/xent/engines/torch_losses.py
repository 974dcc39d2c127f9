"""The exact losses of `xent.distributions` for PyTorch's own training loops."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from xent.errors import XentError

if TYPE_CHECKING:
    from xent.distributions import Distribution

__all__ = ["TorchLoss", "nll"]

_HALVES = (torch.bfloat16, torch.float16)


def nll(distribution: Distribution, z: torch.Tensor, y: Any) -> torch.Tensor:
    """Return the loss of each row, in nats, with its exact gradient.

    The gradient is the formula of the distribution, not what autograd makes of the value; it is
    itself made of differentiable operations, so that second derivatives follow. Under
    `torch.autocast` the loss is computed in float32, from outputs of half precision too.

    Parameters
    ----------
    distribution : Distribution
    z : torch.Tensor, shape (n, n_outputs), or (n,) where n_outputs is 1
        The outputs of a network.
    y : torch.Tensor or array
        Targets, as the distribution has them.

    Returns
    -------
    torch.Tensor, shape (n,)

    Raises
    ------
    XentError
        If outputs or targets do not fit.

    Examples
    --------
    >>> from xent.distributions import Bernoulli
    >>> z = torch.tensor([40.0], requires_grad=True)
    >>> nll(Bernoulli(), z, torch.tensor([1.0])).sum().backward()
    >>> z.grad
    tensor([-4.2484e-18])
    """
    if z.dtype in _HALVES:
        z = z.float()
    values: torch.Tensor = _Nll.apply(z, y, distribution)  # type: ignore[no-untyped-call]
    return values


class TorchLoss(torch.nn.Module):
    """The mean loss of a batch, in nats, in place of a loss of `torch.nn`.

    Parameters
    ----------
    distribution : Distribution
        Such as ``Bernoulli()`` where `torch.nn.BCEWithLogitsLoss` stood.

    Examples
    --------
    >>> from xent.distributions import Categorical
    >>> loss = TorchLoss(Categorical(3))
    >>> loss(torch.tensor([[0.5, 0.3, 0.6], [0.5, 0.4, 0.3]]), torch.tensor([2, 0]))
    tensor(0.9874)
    """

    def __init__(self, distribution: Distribution) -> None:
        super().__init__()
        self.distribution = distribution

    def forward(self, z: torch.Tensor, y: Any, weight: torch.Tensor | None = None) -> torch.Tensor:
        """Return the mean over the rows, weighted where weights of shape (n,) are given."""
        losses = nll(self.distribution, z, y)
        if weight is None:
            return losses.mean()
        if weight.shape != losses.shape:  # (n, 1) times (n,) would be (n, n)
            raise XentError(
                f"weight must have shape {tuple(losses.shape)}, one for each row, got {tuple(weight.shape)}."
            )
        return (weight * losses).sum() / weight.sum()

    def extra_repr(self) -> str:
        """Return what stands between the brackets."""
        return repr(self.distribution)


class _Nll(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, z: torch.Tensor, y: Any, distribution: Distribution) -> torch.Tensor:
        ctx.save_for_backward(z)
        ctx.y, ctx.distribution = y, distribution
        values: torch.Tensor = distribution.nll(z, y)
        return values

    @staticmethod
    def backward(ctx: Any, *slopes: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        (z,) = ctx.saved_tensors
        gradient = ctx.distribution.grad(z, ctx.y)
        slope = slopes[0]
        return gradient * (slope if gradient.ndim == 1 else slope[:, None]), None, None
