"""A loss on the batch that training would give it: shape, reduction, broadcasting, refusals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import torch

from xent.audits.torch_data import spread_places
from xent.audits.torch_models import first_line
from xent.errors import XentError

if TYPE_CHECKING:
    from xent.audits.torch_losses import AuditedLoss

__all__ = ["BatchFacts", "batch_facts"]

N_ROWS: Final = 12
TOLERANCE: Final = 1e-4


@dataclass(frozen=True)
class BatchFacts:
    """The loss of one batch beside the losses of its rows.

    Attributes
    ----------
    n_rows : int
    outputs_shape, targets_shape, loss_shape : tuple of int
        The last is () for a number.
    value : float
        The loss of the batch; the mean where it is not one number.
    mean_of_rows, mean_of_pairs : float
        Of every row with its own target, and of every row with every target; NaN where the loss
        refuses single rows.
    refusal : str
        What the library said, where it refuses the batch.
    is_one_row : bool
        Whether the whole batch is read as one row of n classes.
    is_spread : bool
        Whether one column of targets is compared with each of several outputs.
    """

    n_rows: int
    outputs_shape: tuple[int, ...]
    targets_shape: tuple[int, ...]
    loss_shape: tuple[int, ...] = ()
    value: float = float("nan")
    mean_of_rows: float = float("nan")
    mean_of_pairs: float = float("nan")
    refusal: str = ""
    is_one_row: bool = False
    is_spread: bool = False

    @property
    def is_mean(self) -> bool:
        """Whether the loss is the mean over rows."""
        return _near(self.value, self.mean_of_rows)

    @property
    def is_sum(self) -> bool:
        """Whether the loss is the sum over rows."""
        return _near(self.value, self.n_rows * self.mean_of_rows) and not self.is_mean

    @property
    def is_of_pairs(self) -> bool:
        """Whether the loss is the mean (or the sum) over all pairs of a row and a target."""
        if self.is_mean or self.is_sum:
            return False
        pairs = self.mean_of_pairs
        return any(_near(self.value, factor * pairs) for factor in (1, self.n_rows, self.n_rows**2))


def batch_facts(loss: AuditedLoss, outputs: torch.Tensor, targets: torch.Tensor) -> BatchFacts:
    """Return what a loss makes of a few rows of a batch, exactly as they are shaped."""
    places = spread_places(targets, N_ROWS)
    rows, truth = outputs.detach()[places], targets[places]
    facts = _facts(loss, rows, truth)
    may_broadcast = rows.shape != truth.shape and rows.numel() == truth.numel()
    if may_broadcast and _near(facts.mean_of_rows, facts.mean_of_pairs):
        # an absolute error with all outputs on one side is linear: rows and pairs have one mean
        return _facts(loss, _drawn_in(truth).reshape(rows.shape).to(rows.dtype), truth)
    return facts


def _drawn_in(truth: torch.Tensor) -> torch.Tensor:
    """Return outputs close to their targets, and inside the range of these."""
    values = truth.double()
    return values + 0.1 * ((values.min() + values.max()) / 2 - values)


def _facts(loss: AuditedLoss, rows: torch.Tensor, truth: torch.Tensor) -> BatchFacts:
    shapes = (len(rows), tuple(rows.shape), tuple(truth.shape))
    try:
        value = loss.batch(rows, truth)
    except XentError:
        raise
    except Exception as error:  # noqa: BLE001 (a refusal of the library's is what is looked for)
        return BatchFacts(*shapes, refusal=f"{type(error).__name__}: {first_line(error)}")
    shape = tuple(value.shape) if value.numel() > 1 else ()
    mean = float(value.detach().double().mean())
    pairs = _pairs(loss, rows, truth)
    return BatchFacts(
        *shapes,
        loss_shape=shape,
        value=mean,
        mean_of_rows=float(pairs.diagonal().mean()),
        mean_of_pairs=float(pairs.mean()),
        is_one_row=_is_one_row(rows, truth, mean),
        is_spread=_is_spread(loss, rows, truth, mean),
    )


def _pairs(loss: AuditedLoss, rows: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """Return the loss (n, n) of every row with every target; NaN where single rows are refused."""
    n = len(rows)
    values = torch.full((n, n), float("nan"), dtype=torch.float64)
    try:
        for i in range(n):
            for j in range(n):
                value = loss.batch(rows[i : i + 1], truth[j : j + 1])
                values[i, j] = value.detach().double().mean()
    except Exception:  # noqa: BLE001 (some losses need a batch: then there is nothing to compare)
        return torch.full((n, n), float("nan"), dtype=torch.float64)
    return values


def _is_one_row(rows: torch.Tensor, truth: torch.Tensor, value: float) -> bool:
    """Whether the loss is the cross-entropy of a softmax over the rows of the batch."""
    if rows.numel() != len(rows) or truth.numel() != len(rows):
        return False
    log_p = torch.log_softmax(rows.double().reshape(-1), dim=0)
    return _near(float(-(truth.double().reshape(-1) * log_p).sum()), value)


def _is_spread(loss: AuditedLoss, rows: torch.Tensor, truth: torch.Tensor, value: float) -> bool:
    is_column = truth.ndim == 2 and truth.shape[1] == 1
    if not is_column or rows.ndim != 2 or rows.shape[1] == 1 or not truth.is_floating_point():
        return False
    try:
        spread = loss.batch(rows, truth.expand(rows.shape))
    except Exception:  # noqa: BLE001 (then it is not the same)
        return False
    return _near(float(spread.detach().double().mean()), value)


def _near(a: float, b: float) -> bool:
    return abs(a - b) <= TOLERANCE * max(abs(a), abs(b), 1e-3)
