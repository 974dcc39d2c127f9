"""What the norms of gradients and weights and the units' outputs tell of a network in training."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import numpy as np

from xent.diagnosis.finding import Diagnosis, Finding
from xent.diagnosis.visit import Visit
from xent.errors import XentError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from xent.arrays import Array

__all__ = [
    "diagnose_activations",
    "exploding_gradients",
    "idle_layers",
    "still_weights",
    "vanishing_gradients",
]

# the first layer's gradient against the last one's; units differ in number, so only orders count
VANISHING = 1e-5
# an epoch's gradient over the median one
EXPLODING = 1e3
# the share of epochs in which it must be so
MOST_EPOCHS = 0.8
# weights that moved by this part of their norm did not move
STILL = 1e-4
DEAD_SHARE = 0.5
SATURATED, NEARLY_ALL, SATURATED_SHARE = 0.99, 0.95, 0.5
MIN_ROWS = 20


def vanishing_gradients(norms: Sequence[Mapping[str, float]]) -> Finding | None:
    """Find a first layer whose gradient is a tiny part of the last one's, in most epochs."""
    names = _weights(norms)
    if len(names) < 3:
        return None
    first, last = (
        np.array([float(epoch[name]) for epoch in norms]) for name in (names[0], names[-1])
    )
    is_small = (last > 0) & (first < VANISHING * last)
    if np.mean(is_small) < MOST_EPOCHS:
        return None
    ratio = float(np.median(first[is_small] / last[is_small]))
    seen = (
        f"in {int(is_small.sum())} of {len(norms)} epochs the gradient of {names[0]} is a tiny part of that of "
        f"{names[-1]} ({ratio:.0e} in the median)"
    )
    cure = "activation 'relu', fewer layers, batch_norm, or another init: the first layers learn nothing"
    return Finding("vanishing gradients", math.nan, seen, cure, {"ratio": ratio})


def exploding_gradients(norms: Sequence[Mapping[str, float]]) -> Finding | None:
    """Find an epoch whose gradient is no number, or a thousand times the median one."""
    total = np.array([math.sqrt(sum(float(v) ** 2 for v in epoch.values())) for epoch in norms])
    if not np.isfinite(total).all():
        epoch = int(np.flatnonzero(~np.isfinite(total))[0]) + 1
        seen = f"the gradient of epoch {epoch} is not finite"
        evidence: dict[str, Any] = {"epoch": epoch}
    else:
        usual, worst = float(np.median(total)), int(total.argmax())
        if len(total) < 3 or total[worst] <= EXPLODING * usual or usual == 0:
            return None
        seen = f"the gradient of epoch {worst + 1} has the norm {total[worst]:.1e}, in the median it is {usual:.1e}"
        evidence = {"epoch": worst + 1, "ratio": float(total[worst]) / usual}
    cure = "a smaller learning_rate, clip_norm=1; features on one scale"
    return Finding("exploding gradients", math.nan, seen, cure, evidence)


def idle_layers(norms: Sequence[Mapping[str, float]]) -> Finding | None:
    """Find layers whose weights had no gradient at all in the last half of the epochs: their units are dead."""
    last = norms[len(norms) // 2 :]
    names = _weights(norms)
    idle = [name for name in names if all(float(epoch[name]) == 0 for epoch in last)]
    if not idle or len(last) < 2:
        return None
    seen = f"the gradient of {', '.join(idle)} is 0 in the last {len(last)} epochs"
    cure = "a smaller learning_rate, init 'he_normal' or activation 'leaky_relu'; was the layer meant to be frozen?"
    return Finding("dead units", math.nan, seen, cure, {"layers": idle})


def still_weights(norms: Sequence[Mapping[str, float]]) -> Finding | None:
    """Find weights whose norms hardly changed from the first epoch to the last."""
    names = _weights(norms)
    if not names or len(norms) < 5:
        return None
    first, last = (
        np.array([float(epoch[name]) for name in names]) for epoch in (norms[0], norms[-1])
    )
    moved = np.abs(last - first) / np.maximum(first, 1e-300)
    if float(moved.max()) > STILL:
        return None
    seen = f"no layer's weights changed their norm by more than {moved.max():.0e} in {len(norms)} epochs"
    cure = "a learning_rate ten to a hundred times larger; are the gradients 0?"
    return Finding("weights stand still", math.nan, seen, cure, {"moved": float(moved.max())})


def diagnose_activations(
    activations: Sequence[object], functions: Sequence[str] | None = None
) -> Diagnosis:
    """Return what looks wrong with the outputs of a network's hidden layers.

    Parameters
    ----------
    activations : sequence of arrays of shape (n, width)
        Of each hidden layer, for the same rows; at least 20 of them.
    functions : sequence of str, optional
        The activation of each layer, such as "relu", "tanh" or "sigmoid"; ends at which they saturate are then known,
        else only units that say the same for every row are looked for.

    Raises
    ------
    XentError
        When an array has another shape, or the functions are not one a layer.

    Examples
    --------
    >>> hidden = np.column_stack([np.arange(100.0), np.zeros((100, 3))])
    >>> diagnose_activations([hidden]).findings[0].check
    'dead units'
    """
    layers = [_layer(values, place) for place, values in enumerate(activations)]
    if functions is not None and len(functions) != len(layers):
        raise XentError(f"functions must be {len(layers)}, one a layer, got {len(functions)}.")
    visit = Visit()
    visit.look_for_all("dead units", lambda: _dead_units(layers))
    visit.look_for_all(
        "saturated units",
        lambda: _saturated_units(layers, functions or ()),
        "" if functions is not None else "the activation functions were not given",
    )
    return visit.diagnosis()


def _dead_units(layers: list[Array]) -> list[Finding]:
    found = []
    for place, outputs in enumerate(layers):
        n_dead = int(np.count_nonzero(outputs.min(axis=0) == outputs.max(axis=0)))
        if n_dead < DEAD_SHARE * outputs.shape[1]:
            continue
        seen = (
            f"{n_dead} of {outputs.shape[1]} units of layer {place + 1} have one output for all {len(outputs):,} "
            "rows"
        )
        cure = "a smaller learning_rate, init 'he_normal' or activation 'leaky_relu'"
        evidence = {"layer": place + 1, "n_units": n_dead}
        found.append(Finding("dead units", math.nan, seen, cure, evidence))
    return found


def _saturated_units(layers: list[Array], functions: Sequence[str]) -> list[Finding]:
    found = []
    for place, (outputs, function) in enumerate(zip(layers, functions, strict=True)):
        if function not in {"tanh", "sigmoid"}:
            continue
        signed = outputs if function == "tanh" else 2 * outputs - 1
        at_end = np.mean(np.abs(signed) > SATURATED, axis=0)
        n_units = int(np.count_nonzero(at_end > NEARLY_ALL))
        if n_units < SATURATED_SHARE * outputs.shape[1]:
            continue
        seen = (
            f"{n_units} of {outputs.shape[1]} units of layer {place + 1} are at an end of {function} in nearly all "
            "rows"
        )
        cure = "smaller first weights, features on one scale, batch_norm, or activation 'relu'"
        evidence = {"layer": place + 1, "n_units": n_units}
        found.append(Finding("saturated units", math.nan, seen, cure, evidence))
    return found


def _layer(values: object, place: int) -> Array:
    outputs = np.asarray(values)
    if outputs.ndim != 2 or len(outputs) < MIN_ROWS or outputs.shape[1] == 0:
        raise XentError(
            f"activations[{place}] must have shape (n, width) with at least {MIN_ROWS} rows, got {outputs.shape}."
        )
    return outputs


def _weights(norms: Sequence[Mapping[str, float]]) -> list[str]:
    """Return the names of the layers' weights that every epoch has, in the order of the layers.

    The parts of an own module, which it may call anything, stand in their order there.
    """
    common = set(norms[0]).intersection(*norms[1:])
    names = [name for name in norms[0] if name in common and name.endswith(".weight")]
    if not all(re.match(r"layers\.\d+\.", name) for name in names):
        return names
    return sorted(names, key=lambda name: [int(n) for n in re.findall(r"\d+", name)])
