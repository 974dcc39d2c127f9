"""Which parameters the loss of a batch does not move, although they move the outputs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import torch

from xent.audits.torch_models import LEAST_SPREAD

if TYPE_CHECKING:
    from xent.audits.torch_losses import AuditedLoss
    from xent.audits.torch_models import AuditedModel

__all__ = ["GradientFacts", "gradient_facts"]

LEAST_MOVE: Final = 1e-3


@dataclass(frozen=True)
class GradientFacts:
    """What one backward pass reached.

    Attributes
    ----------
    n_parameters : int
        Trainable arrays.
    dead : tuple of str
        Those without a gradient, or with zeros only, of which the outputs depend nevertheless.
    is_cut : bool
        Whether the loss has no gradient at all.
    not_finite : tuple of str
        Those whose gradient holds an infinite number, or none.
    """

    n_parameters: int
    dead: tuple[str, ...]
    is_cut: bool
    not_finite: tuple[str, ...] = ()


def gradient_facts(
    model: AuditedModel, loss: AuditedLoss, inputs: torch.Tensor, targets: torch.Tensor
) -> GradientFacts:
    """Return what the loss of a batch tells the parameters."""
    trained = {name: p for name, p in model.module.named_parameters() if p.requires_grad}
    with torch.enable_grad():
        outputs = model(inputs)
        value = loss.batch(outputs, targets)
    slopes: list[torch.Tensor | None] = [None] * len(trained)
    if value.requires_grad and trained:
        slopes = list(torch.autograd.grad(value.sum(), list(trained.values()), allow_unused=True))
    by_name = dict(zip(trained, slopes, strict=True))
    silent = [name for name, slope in by_name.items() if slope is None or not bool(slope.any())]
    broken = [
        name
        for name, slope in by_name.items()
        if slope is not None and not bool(torch.isfinite(slope).all())
    ]
    dead = [name for name in silent if _moves(model, trained[name], inputs, outputs)]
    return GradientFacts(len(trained), tuple(dead), not value.requires_grad, tuple(broken))


def _moves(
    model: AuditedModel, p: torch.Tensor, inputs: torch.Tensor, before: torch.Tensor
) -> bool:
    """Whether a large random change of a parameter changes the outputs."""
    kept = p.detach().clone()
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(p.shape, generator=generator, dtype=torch.float32).to(p.dtype)
    try:
        with torch.no_grad():
            p.add_(noise * 2 * max(float(kept.abs().max()) if kept.numel() else 0.0, LEAST_SPREAD))
            after = model(inputs)
    finally:
        with torch.no_grad():
            p.copy_(kept)
    change = (after.double() - before.detach().double()).abs().max()
    return bool(change > LEAST_MOVE)
