"""What a training's history tells: over-fitting, under-fitting, divergence, a rate that is too large."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from xent.diagnosis.finding import Diagnosis, Finding
from xent.errors import XentError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from xent.arrays import FloatArray

__all__ = ["diagnose_history"]

MIN_EPOCHS = 5
# a validation loss this much above its best, relative to what training had gained, is over-fitting
REGRET = 0.1
# the last fifth still gains this share of all that was gained: training was not done
STILL_GAINING = 0.1
# less than this share of the first loss was ever gained: nothing was learned
NOTHING_GAINED = 0.01
# of the epochs, how many go up by more than the trend comes down
SWINGING = 0.4


def diagnose_history(history: Sequence[Mapping[str, Any]]) -> Diagnosis:
    """Return what looks wrong with a training, from its epochs' losses.

    These are rules, not tests: their p-value is NaN.

    Parameters
    ----------
    history : sequence of mappings
        A record an epoch, with ``loss`` and, where rows were held out, ``validation_loss``.

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
    loss = _column(history, "loss")
    held = _column(history, "validation_loss")
    checks: dict[str, Callable[[FloatArray, FloatArray], Finding | None]] = {
        "diverged": _diverged,
        "nothing learned": _nothing_learned,
        "swinging": _swinging,
        "over-fitting": _over_fitting,
        "not finished": _not_finished,
    }
    if not np.isfinite(loss).all():
        left_out = dict.fromkeys(list(checks)[1:], "the loss is not finite")
        found = _diverged(loss, held)
        return Diagnosis(() if found is None else (found,), ("diverged",), left_out)
    left_out = {}
    if len(loss) < MIN_EPOCHS:
        left_out = dict.fromkeys(list(checks)[1:], f"fewer than {MIN_EPOCHS} epochs")
    elif not np.isfinite(held).all():
        left_out = {"over-fitting": "there is no validation loss"}
    ran = tuple(name for name in checks if name not in left_out)
    findings = (checks[name](loss, held) for name in ran)
    return Diagnosis(tuple(found for found in findings if found is not None), ran, left_out)


def _column(history: Sequence[Mapping[str, Any]], name: str) -> FloatArray:
    values = [record.get(name) for record in history]
    return np.array([math.nan if value is None else float(value) for value in values])


def _diverged(loss: FloatArray, _held: FloatArray) -> Finding | None:
    bad = np.flatnonzero(~np.isfinite(loss))
    grown = len(loss) > 1 and loss[-1] > 2 * abs(loss[0]) + 1e-12 and loss[-1] > loss[0]
    if bad.size:
        seen = f"the loss of epoch {bad[0] + 1} is not finite"
    elif grown:
        seen = f"the loss grew from {loss[0]:.4g} to {loss[-1]:.4g}"
    else:
        return None
    cure = "a smaller learning_rate, clip_norm=1, or features on one scale"
    return Finding("diverged", math.nan, seen, cure, {"first": float(loss[0])})


def _nothing_learned(loss: FloatArray, _held: FloatArray) -> Finding | None:
    gained = loss[0] - loss.min()
    if gained > NOTHING_GAINED * abs(loss[0]):
        return None
    seen = f"the training loss went from {loss[0]:.4g} to {loss.min():.4g} in {len(loss)} epochs"
    cure = (
        "another learning_rate (ten times larger, ten times smaller); check that features and target belong to the "
        "same rows"
    )
    return Finding("nothing learned", math.nan, seen, cure, {"gained": float(gained)})


def _swinging(loss: FloatArray, _held: FloatArray) -> Finding | None:
    steps = np.diff(loss)
    gained = loss[0] - loss.min()
    rises = steps[steps > 0]
    if gained <= 0 or len(rises) < SWINGING * len(steps) or rises.sum() < gained:
        return None
    seen = f"the training loss rose in {len(rises)} of {len(steps)} epochs, by {rises.sum():.4g} in all"
    cure = "a smaller learning_rate, or larger batches"
    evidence = {"n_rises": len(rises), "gained": float(gained)}
    return Finding("swinging", math.nan, seen, cure, evidence)


def _over_fitting(loss: FloatArray, held: FloatArray) -> Finding | None:
    best = int(held.argmin())
    regret, gained = held[-1] - held[best], held[0] - held[best]
    still_falls = loss[-1] < loss[best]
    if best >= len(held) - 2 or not still_falls or regret <= REGRET * max(gained, 1e-12):
        return None
    seen = (
        f"the validation loss was least in epoch {best + 1} ({held[best]:.4g}) and rose to {held[-1]:.4g}, while the "
        f"training loss fell on to {loss[-1]:.4g}"
    )
    cure = "early_stopping (its weights are then those of the best epoch), weight_decay, dropout, or more rows"
    return Finding("over-fitting", math.nan, seen, cure, {"best_epoch": best + 1})


def _not_finished(loss: FloatArray, held: FloatArray) -> Finding | None:
    watched = held if np.isfinite(held).all() else loss
    last = max(2, len(watched) // 5)
    before, after = watched[:-last].min(), watched[-last:].min()
    gained = watched[0] - watched.min()
    if gained <= 0 or before - after <= STILL_GAINING * gained:
        return None
    seen = f"the last {last} epochs still gained {before - after:.4g} of {gained:.4g} in all"
    cure = "more epochs, or a larger learning_rate"
    return Finding("not finished", math.nan, seen, cure, {"gained_last": float(before - after)})
