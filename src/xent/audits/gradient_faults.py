"""Parameters that the loss cannot reach."""

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
    """Yield where no gradient arrives, although the outputs depend on what waits for it."""
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
    elif facts is not None and facts.dead and not seen.is_constant:
        named = ", ".join(facts.dead[:N_NAMED])
        more = f" and {len(facts.dead) - N_NAMED} more" if len(facts.dead) > N_NAMED else ""
        yield Fault(
            "dead gradients",
            "wrong",
            f"{len(facts.dead)} of {facts.n_parameters} trainable arrays get a gradient of exactly 0 on this "
            f"batch although the outputs depend on them: {named}{more}.",
            "look for .detach(), no_grad and rounding in forward, for units that never fire, and for "
            "a link or loss that is flat here.",
            "xent train names layers that stand still, in the history and in its warnings.",
            {"parameters": facts.n_parameters, "dead": list(facts.dead)},
        )
