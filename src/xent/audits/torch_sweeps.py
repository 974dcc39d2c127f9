"""A module's end and its loss, run over all logits in several formats."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np
import torch

from xent.audits.exact_losses import Masses, exact_binary, exact_class
from xent.audits.precision import logit_grid, precision_named
from xent.audits.sweep import Sweep
from xent.audits.torch_readings import targets_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from xent.arrays import FloatArray
    from xent.audits.readings import Reading
    from xent.audits.torch_losses import AuditedLoss

    # logits of shape (n, k), in any format, to what the loss is given
    Head: TypeAlias = Callable[[torch.Tensor], torch.Tensor]

__all__ = ["Composition", "exact_at", "sweep"]

SLOW_STRIDE: Final = 64
WIDE: Final = 16  # outputs; of more of them fewer logits are run, for the sake of memory


@dataclass(frozen=True)
class Composition:
    """What is measured: from logits through the end of a module to a loss.

    Attributes
    ----------
    name : str
        For tables and charts.
    head : callable
        From logits (n, k) to outputs, of n rows.
    loss : AuditedLoss
    reading : Reading
        What the loss makes of targets.
    shape : tuple of int
        Of a row of outputs: () or (k,).
    chunk : int
        How many rows the head takes at once.
    is_quick : bool
        Whether the loss computes all rows in one call.
    """

    name: str
    head: Head
    loss: AuditedLoss
    reading: Reading
    shape: tuple[int, ...]
    chunk: int
    is_quick: bool = True

    @property
    def n_outputs(self) -> int:
        """How many logits a row has."""
        return self.shape[0] if self.shape else 1

    def rows(
        self, logits: FloatArray, label: int, dtype: torch.dtype
    ) -> tuple[FloatArray, FloatArray]:
        """Return the loss (n,) and its derivative at the first logit (n,), computed in a dtype."""
        values = np.empty(len(logits))
        slopes = np.empty(len(logits))
        for start in range(0, len(logits), self.chunk):
            part = logits[start : start + self.chunk]
            value, slope = self._chunk(part, label, dtype)
            values[start : start + len(part)] = value[: len(part)]
            slopes[start : start + len(part)] = slope[: len(part)]
        return values, slopes

    def _chunk(
        self, logits: FloatArray, label: int, dtype: torch.dtype
    ) -> tuple[FloatArray, FloatArray]:
        """Return loss and derivative of one chunk, filled up: the head knows one number of rows."""
        filled = np.zeros((self.chunk, self.n_outputs))
        filled[: len(logits)] = logits
        given = torch.tensor(filled, dtype=dtype, requires_grad=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            outputs = self.head(given).reshape(-1, *self.shape)
        targets = targets_of(self.reading.form, label, self.chunk, self.shape, outputs.dtype)
        if not self.is_quick:
            outputs, targets = outputs[: len(logits)], targets[: len(logits)]
        values = self.loss.rows(outputs, targets)
        slopes = torch.zeros_like(given)
        if values.requires_grad:
            (slopes,) = torch.autograd.grad(values.sum(), given)
        return _numpy(values), _numpy(slopes[:, 0])


def sweep(composition: Composition, label: int, dtype: str, *, stride: int = 1) -> Sweep:
    """Return a composition run over the whole grid of a format, beside the exact loss.

    Parameters
    ----------
    composition : Composition
        Of a loss that is a log-likelihood.
    label : int
        1: the running logit speaks for the truth; 0: against it.
    dtype : str
        "float64", "float32", "float16" or "bfloat16".
    stride : int
        How many times fewer points.
    """
    stride = max(stride, composition.n_outputs // WIDE) if composition.is_quick else SLOW_STRIDE
    running = logit_grid(precision_named(dtype), stride=stride)
    logits = np.zeros((len(running), composition.n_outputs))
    logits[:, 0] = running
    value, gradient = composition.rows(logits, label, getattr(torch, dtype))
    exact_value, exact_gradient = exact_at(composition.reading, logits, label)
    return Sweep(
        composition.name,
        dtype,
        label,
        running,
        value,
        gradient,
        exact_value,
        exact_gradient,
        _at_infinity(composition, label, getattr(torch, dtype)),
    )


def _at_infinity(composition: Composition, label: int, dtype: torch.dtype) -> tuple[float, float]:
    """Return the loss at the logits minus infinity and infinity: many formulas are 0 * inf there."""
    found = []
    for logit in (-math.inf, math.inf):
        row = np.zeros((1, composition.n_outputs))
        row[0, 0] = logit
        try:
            (value,), _ = composition.rows(row, label, dtype)
        except Exception:  # noqa: BLE001 (a loss that checks its outputs may refuse in any way)
            value = math.nan
        found.append(float(value))
    return found[0], found[1]


def exact_at(reading: Reading, logits: FloatArray, label: int) -> tuple[FloatArray, FloatArray]:
    """Return the exact loss and its derivative at the first logit, at logits of shape (n, k)."""
    masses = reading.masses.get(label, Masses())
    if reading.family == "classes":
        return exact_class(logits, 1 - label, masses)
    value, gradient = exact_binary(logits[:, 0], label, masses)
    return value + _resting(reading, logits, label), gradient


def _resting(reading: Reading, logits: FloatArray, label: int) -> float:
    """Return what the other outputs of a row, which rest at 0, add to its loss: log 2 each, weighted.

    Their labels are 0, or, where the targets are one-hot and the running one is not the true one,
    one of them is 1.
    """
    n_others = logits.shape[1] - 1
    if not n_others:
        return 0.0
    of_negative, of_positive = (reading.masses.get(k, Masses()) for k in (0, 1))
    n_true = 1 if reading.form == "one-hot" and label == 0 else 0
    mass: float = (n_others - n_true) * (of_negative.own + of_negative.others)
    mass += n_true * (of_positive.own + of_positive.others)
    return mass * math.log(2.0)


def _numpy(values: Any) -> FloatArray:
    array: FloatArray = values.detach().double().numpy()
    return array
