"""The losses of torch that users meet, as compositions: the tables of what each can bear."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import torch
from torch.nn import functional

from xent.audits.torch_losses import AuditedLoss, torch_loss
from xent.audits.torch_readings import read_loss
from xent.audits.torch_sweeps import Composition, sweep
from xent.distributions import Bernoulli, Categorical

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from xent.audits.sweep import Sweep

__all__ = ["HEADS", "standard_composition", "standard_compositions", "standard_sweeps"]

CHUNK: Final = 1 << 14


def _same(z: torch.Tensor) -> torch.Tensor:
    return z


def _softmax(z: torch.Tensor) -> torch.Tensor:
    return torch.softmax(z, dim=-1)


def _log_softmax(z: torch.Tensor) -> torch.Tensor:
    return torch.log_softmax(z, dim=-1)


HEADS: Final[dict[str, Callable[[torch.Tensor], torch.Tensor]]] = {
    "": _same,
    "sigmoid": torch.sigmoid,
    "softmax": _softmax,
    "log_softmax": _log_softmax,
}


def standard_compositions() -> tuple[Composition, ...]:
    """Return the losses from probabilities and from logits, for one logit and for two classes.

    Examples
    --------
    >>> [composition.name for composition in standard_compositions()][:2]
    ['BCELoss(sigmoid(x))', 'BCEWithLogitsLoss(x)']
    """
    return (*_of_one_logit(), *_of_two_classes())


def standard_sweeps(dtypes: Sequence[str], *, stride: int = 1) -> list[Sweep]:
    """Return every standard loss of torch, swept in every format, for both labels."""
    return [
        sweep(composition, label, dtype, stride=stride)
        for composition in standard_compositions()
        for dtype in dtypes
        for label in (1, 0)
    ]


def _of_one_logit() -> list[Composition]:
    losses: list[tuple[str, Callable[..., Any], Any]] = [
        ("BCELoss(sigmoid(x))", torch.sigmoid, "BCELoss"),
        ("BCEWithLogitsLoss(x)", _same, "BCEWithLogitsLoss"),
        ("-logsigmoid(±x)", _same, _row_loss(lambda z: -functional.logsigmoid(z))),
        ("softplus(∓x)", _same, _row_loss(lambda z: functional.softplus(-z))),
        ("soft_margin_loss(x)", _same, _named("soft_margin_loss", _soft_margin)),
        ("logaddexp(0, ∓x)", _same, _row_loss(lambda z: torch.logaddexp(torch.zeros_like(z), -z))),
        ("-log(sigmoid(x))", torch.sigmoid, _named("log of p", _log_of_probability)),
        ("xent Bernoulli", _same, _named("xent", _bernoulli)),
    ]
    return [standard_composition(name, head, loss, ()) for name, head, loss in losses]


def _of_two_classes() -> list[Composition]:
    losses: list[tuple[str, Callable[..., Any], Any]] = [
        ("CrossEntropyLoss(x, 0)", _same, "CrossEntropyLoss"),
        ("NLLLoss(log_softmax(x, 0))", _log_softmax, "NLLLoss"),
        ("-log(softmax(x, 0))", _softmax, _named("log of p", _log_of_class)),
        ("xent Categorical", _same, _named("xent", _categorical)),
    ]
    return [standard_composition(name, head, loss, (2,)) for name, head, loss in losses]


def standard_composition(
    name: str, head: Callable[..., Any], loss: Any, shape: tuple[int, ...]
) -> Composition:
    """Return a loss behind a function of logits, as it is measured for the tables."""
    audited = loss if isinstance(loss, AuditedLoss) else torch_loss(loss)
    return Composition(name, head, audited, read_loss(audited, shape), shape, CHUNK)


def _named(name: str, rows: Callable[..., Any]) -> AuditedLoss:
    return AuditedLoss(name, "torch", lambda z, y: rows(z, y).mean(), rows, "mean")


def _row_loss(loss_of_margin: Callable[[torch.Tensor], torch.Tensor]) -> AuditedLoss:
    """Return the loss of y = 1 as a loss of both labels: that of y = 0 is its mirror image."""
    return _named("margin", lambda z, y: loss_of_margin(torch.where(y > 0.5, z, -z)))


def _log_of_probability(p: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return torch.where(y > 0.5, -torch.log(p), -torch.log(1 - p))


def _soft_margin(z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return functional.soft_margin_loss(z, 2 * y - 1, reduction="none")


def _log_of_class(p: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return -torch.log(p)[torch.arange(len(p)), y]


class _Exact(torch.autograd.Function):
    """A distribution of xent with its own gradient, for the tables."""

    @staticmethod
    def forward(context: Any, z: torch.Tensor, y: torch.Tensor, distribution: Any) -> Any:
        wide = z.detach().float() if z.dtype in {torch.bfloat16, torch.float16} else z.detach()
        value, gradient = distribution.value_and_grad(wide, y)
        context.save_for_backward(gradient.to(z.dtype))
        return value.to(z.dtype)

    @staticmethod
    def backward(context: Any, *slopes: Any) -> Any:
        (gradient,) = context.saved_tensors
        slope = slopes[0].reshape(-1, *[1] * (gradient.ndim - 1))
        return slope * gradient, None, None


def _bernoulli(z: torch.Tensor, y: torch.Tensor) -> Any:
    return _Exact.apply(z, y.float().to(torch.int64), Bernoulli())  # type: ignore[no-untyped-call]


def _categorical(z: torch.Tensor, y: torch.Tensor) -> Any:
    return _Exact.apply(z, y, Categorical(z.shape[1]))  # type: ignore[no-untyped-call]
