"""What the losses of a training's epochs tell. These are rules, not tests: their p value is NaN."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from xent.diagnosis.finding import Finding

if TYPE_CHECKING:
    from xent.arrays import FloatArray

__all__ = [
    "diverged",
    "not_finished",
    "nothing_learned",
    "over_fitting",
    "rate_too_small",
    "starts_too_high",
    "swinging",
    "under_fitting",
    "worse_than_constant",
]

# a validation loss this much above its best, relative to what training had gained, is over-fitting
REGRET = 0.1
# the last fifth still gains this share of all that was gained: training was not done
STILL_GAINING = 0.1
# less than this share of the first loss was ever gained: nothing was learned
NOTHING_GAINED = 0.01
# of the epochs, how many go up by more than the trend comes down
SWINGING = 0.4
# the first epoch's loss over the constant predictor's
HIGH_START = 1.5
# a network that fits its own rows this much worse than a line fits too little
BEHIND = 0.02
# a loss that falls as evenly as this in both halves, and by no more than this share of itself, creeps
EVEN, LITTLE = 0.8, 0.3


def diverged(loss: FloatArray) -> Finding | None:
    """Find a loss that is no number, or grew to more than twice its first value."""
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


def starts_too_high(loss: FloatArray, constant: float) -> Finding | None:
    """Find a first loss far above that of the constant predictor: the outputs begin on another scale.

    Losses of continuous targets can be negative: the excess is compared with the constant's distance from 0.
    """
    excess = float(loss[0]) - constant
    if excess <= (HIGH_START - 1) * abs(constant) or constant == 0:
        return None
    seen = f"the first epoch has a loss of {loss[0]:.4g}, the constant predictor {constant:.4g}"
    cure = (
        "begin with smaller weights and the output's bias at the constant predictor; scale features and target; "
        "a smaller learning_rate, if the first steps threw it off"
    )
    return Finding("starts too high", math.nan, seen, cure, {"first": float(loss[0])})


def nothing_learned(loss: FloatArray, constant: float | None) -> Finding | None:
    """Find a loss that never fell by more than a hundredth.

    One below the constant predictor's was learned all the same, within the first epoch.
    """
    gained = loss[0] - loss.min()
    is_learned = constant is not None and worse_than_constant(loss, constant) is None
    if gained > NOTHING_GAINED * abs(loss[0]) or is_learned:
        return None
    seen = f"the training loss went from {loss[0]:.4g} to {loss.min():.4g} in {len(loss)} epochs"
    cure = (
        "another learning_rate (ten times larger, ten times smaller); check that features and target belong to the "
        "same rows"
    )
    return Finding("nothing learned", math.nan, seen, cure, {"gained": float(gained)})


def worse_than_constant(watched: FloatArray, constant: float) -> Finding | None:
    """Find that the best epoch is no better than always saying the same."""
    best = float(watched.min())
    if best < constant - 1e-3 * abs(constant):
        return None
    seen = f"the best epoch has a loss of {best:.4g}, always saying the same has {constant:.4g}"
    cure = (
        "look at the data first: do features and target belong to the same rows, do the features say anything? "
        "Then another learning_rate"
    )
    return Finding(
        "worse than constant", math.nan, seen, cure, {"best": best, "constant": constant}
    )


def swinging(loss: FloatArray) -> Finding | None:
    """Find a loss that goes up nearly as often as down, and by more than it gains: steps are too long."""
    steps = np.diff(loss)
    gained = loss[0] - loss.min()
    rises = steps[steps > 0]
    if gained <= 0 or len(rises) < SWINGING * len(steps) or rises.sum() < gained:
        return None
    seen = f"the training loss rose in {len(rises)} of {len(steps)} epochs, by {rises.sum():.4g} in all"
    cure = "a smaller learning_rate, or larger batches"
    evidence = {"n_rises": len(rises), "gained": float(gained)}
    return Finding("swinging", math.nan, seen, cure, evidence)


def over_fitting(loss: FloatArray, held: FloatArray) -> Finding | None:
    """Find a validation loss that rose from its best while the training loss fell on."""
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


def under_fitting(loss: FloatArray, baseline: float, constant: float) -> Finding | None:
    """Find a network that fits the rows it was trained on worse than a line does."""
    best, scale = float(loss.min()), abs(constant - baseline)
    if scale == 0 or best - baseline <= BEHIND * scale:
        return None
    seen = f"the best training loss is {best:.4g}, a linear model fits the same rows with {baseline:.4g}"
    cure = "more epochs, a larger learning_rate, more or wider layers; less weight_decay or dropout"
    return Finding("under-fitting", math.nan, seen, cure, {"best": best, "baseline": baseline})


def rate_too_small(loss: FloatArray) -> Finding | None:
    """Find a loss that creeps: it falls in a straight line from first to last epoch, and by little."""
    steps, half = np.diff(loss), len(loss) // 2
    gained = loss[0] - loss[-1]
    second = loss[half] - loss[-1]
    is_even = gained > 0 and bool((steps < 0).all()) and EVEN * gained <= 2 * second
    if len(loss) < 10 or not is_even or gained > LITTLE * abs(loss[0]):
        return None
    seen = f"the loss falls in a straight line, from {loss[0]:.4g} to {loss[-1]:.4g} in {len(loss)} epochs"
    cure = "a learning_rate three to ten times larger"
    return Finding("learning rate too small", math.nan, seen, cure, {"gained": float(gained)})


def not_finished(watched: FloatArray) -> Finding | None:
    """Find that the last fifth of the epochs still gained."""
    last = max(2, len(watched) // 5)
    before, after = watched[:-last].min(), watched[-last:].min()
    gained = watched[0] - watched.min()
    if gained <= 0 or before - after <= STILL_GAINING * gained:
        return None
    seen = f"the last {last} epochs still gained {before - after:.4g} of {gained:.4g} in all"
    cure = "more epochs, or a larger learning_rate"
    return Finding("not finished", math.nan, seen, cure, {"gained_last": float(before - after)})
