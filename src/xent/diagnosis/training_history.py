"""What a training's history tells: its losses, and the norms of its gradients and weights."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from xent.diagnosis.loss_curves import (
    diverged,
    not_finished,
    nothing_learned,
    over_fitting,
    rate_too_small,
    starts_too_high,
    swinging,
    under_fitting,
    worse_than_constant,
)
from xent.diagnosis.network_health import (
    exploding_gradients,
    idle_layers,
    still_weights,
    vanishing_gradients,
)
from xent.diagnosis.visit import Visit
from xent.errors import XentError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from xent.arrays import FloatArray
    from xent.diagnosis.finding import Diagnosis

__all__ = ["diagnose_history"]

MIN_EPOCHS = 5
NO_NORMS = "no norms were recorded"
NO_CONSTANT = "the constant predictor's loss was not given"
NO_BASELINE = "the linear baseline's loss was not given"
NO_VALIDATION = "there is no validation loss"


def diagnose_history(
    history: Sequence[Mapping[str, Any]],
    *,
    constant_loss: float | None = None,
    baseline_loss: float | None = None,
) -> Diagnosis:
    """Return what looks wrong with a training, from its epochs' losses and norms.

    These are rules, not tests: their p value is NaN.

    Parameters
    ----------
    history : sequence of mappings
        A record an epoch, with ``loss`` and, where there are, ``validation_loss``, ``gradient_norms`` and
        ``weight_norms`` (a mapping of array names to norms).
    constant_loss, baseline_loss : float, optional
        What the constant predictor and a linear model reach on the training rows, in the unit of ``loss``.

    Raises
    ------
    XentError
        When there is no epoch, or one has no loss.

    Examples
    --------
    >>> falling = [0.69, 0.5, 0.4, 0.3, 0.2, 0.15, 0.1, 0.07]
    >>> held_out = [0.69, 0.55, 0.5, 0.52, 0.6, 0.7, 0.8, 0.9]
    >>> records = [{"loss": a, "validation_loss": b} for a, b in zip(falling, held_out)]
    >>> diagnose_history(records).findings[0].check
    'over-fitting'
    """
    if not history:
        raise XentError("history must have at least one epoch, got none.")
    if any("loss" not in record for record in history):
        raise XentError("every record of a history must have a loss.")
    visit = Visit()
    loss, held = _column(history, "loss"), _column(history, "validation_loss")
    visit.look("diverged", lambda: diverged(loss))
    hidden = "" if np.isfinite(loss).all() else "the loss is not finite"
    _look_at_norms(visit, history)
    visit.look(
        "starts too high",
        lambda: starts_too_high(loss, constant_loss or 0.0),
        hidden or ("" if constant_loss is not None else NO_CONSTANT),
    )
    hidden = hidden or ("" if len(loss) >= MIN_EPOCHS else f"fewer than {MIN_EPOCHS} epochs")
    _look_at_losses(visit, (loss, held), hidden, constant_loss, baseline_loss)
    return visit.diagnosis()


def _look_at_norms(visit: Visit, history: Sequence[Mapping[str, Any]]) -> None:
    gradients, weights = _norms(history, "gradient_norms"), _norms(history, "weight_norms")
    for check, call, norms in (
        ("exploding gradients", exploding_gradients, gradients),
        ("vanishing gradients", vanishing_gradients, gradients),
        ("dead units", idle_layers, gradients),
        ("weights stand still", still_weights, weights),
    ):
        visit.look(check, functools.partial(call, norms), "" if norms else NO_NORMS)


def _look_at_losses(
    visit: Visit,
    losses: tuple[FloatArray, FloatArray],
    hidden: str,
    constant: float | None,
    baseline: float | None,
) -> None:
    loss, held = losses
    watched = held if np.isfinite(held).all() else loss
    is_flat = visit.look("nothing learned", lambda: nothing_learned(loss, constant), hidden)
    no_constant = "" if constant is not None else NO_CONSTANT
    visit.look(
        "worse than constant",
        lambda: worse_than_constant(loss, constant or 0.0),
        hidden or no_constant,
    )
    visit.look("swinging", lambda: swinging(loss), hidden)
    no_validation = "" if np.isfinite(held).all() else NO_VALIDATION
    visit.look("over-fitting", lambda: over_fitting(loss, held), hidden or no_validation)
    no_baseline = no_constant or ("" if baseline is not None else NO_BASELINE)
    visit.look(
        "under-fitting",
        lambda: under_fitting(loss, baseline or 0.0, constant or 0.0),
        hidden or no_baseline,
    )
    flat = "nothing was learned" if is_flat else ""
    creeps = visit.look("learning rate too small", lambda: rate_too_small(loss), hidden or flat)
    visit.look(
        "not finished",
        lambda: not_finished(watched),
        hidden or ("the learning rate is too small" if creeps else ""),
    )


def _column(history: Sequence[Mapping[str, Any]], name: str) -> FloatArray:
    values = [record.get(name) for record in history]
    return np.array([math.nan if value is None else float(value) for value in values])


def _norms(history: Sequence[Mapping[str, Any]], name: str) -> list[dict[str, float]]:
    """Return the norms of every epoch, a null as no number; nothing where an epoch has none."""
    found = [record.get(name) for record in history]
    if not all(isinstance(norms, dict) and norms for norms in found):
        return []
    return [
        {key: math.nan if value is None else float(value) for key, value in norms.items()}
        for norms in found
        if norms is not None
    ]
