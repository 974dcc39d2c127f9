"""Parameters that the loss cannot reach, or breaks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xent.audits.fault import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xent.audits.observations import Observations

__all__ = ["gradient_faults", "is_cut"]

N_NAMED = 3


def is_cut(seen: Observations) -> bool:
    """Return whether the loss changes with the outputs, and has no gradient at all."""
    if seen.gradients is not None and seen.gradients.n_parameters:
        return seen.gradients.is_cut and seen.reading.takes != "nothing"
    own = seen.own_sweeps()
    return bool(own) and not any(sweep.gradient.any() for sweep in own)


def gradient_faults(seen: Observations) -> Iterator[Fault]:
    """Yield where a gradient is no number, or does not arrive although the outputs wait for it."""
    facts = seen.gradients
    if is_cut(seen):
        yield Fault(
            "no gradient",
            "wrong",
            "the loss has no gradient at all: a step on the way is not differentiable, or cut off.",
            "look for argmax, round, comparisons, .item(), .detach(), .numpy() and no_grad.",
            "engines differentiate every layer they have, and check it against finite differences.",
            {"gradients that were asked for": sum(len(s.gradient) for s in seen.own_sweeps())},
        )
    elif facts is not None and facts.not_finite:
        yield Fault(
            "gradients that are no number",
            "wrong",
            f"{len(facts.not_finite)} of {facts.n_parameters} trainable arrays get a gradient with NaN or infinity "
            f"on this batch: {_named(facts.not_finite)}. One step makes every weight NaN.",
            "look for sqrt, norm, division and log at 0 in forward and loss: clamp what they are given.",
            "xent train stops at a loss that is no number, and names the batch and the layer.",
            {"parameters": facts.n_parameters, "no number": list(facts.not_finite)},
        )
    elif facts is not None and facts.dead and not seen.is_constant:
        yield Fault(
            "dead gradients",
            "wrong",
            f"{len(facts.dead)} of {facts.n_parameters} trainable arrays get a gradient of exactly 0 on this "
            f"batch although the outputs depend on them: {_named(facts.dead)}.",
            "look for .detach(), no_grad and rounding in forward, for units that never fire, and for "
            "a link or loss that is flat here.",
            "xent train names layers that stand still, in the history and in its warnings.",
            {"parameters": facts.n_parameters, "dead": list(facts.dead)},
        )


def _named(parameters: tuple[str, ...]) -> str:
    more = f" and {len(parameters) - N_NAMED} more" if len(parameters) > N_NAMED else ""
    return ", ".join(parameters[:N_NAMED]) + more
