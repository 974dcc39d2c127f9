"""What an audit found: one fault, and all of them with what was measured."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xent.audits.sweep import Sweep

__all__ = ["Audit", "Fault"]


@dataclass(frozen=True)
class Fault:
    """One fault of a model and its loss.

    Attributes
    ----------
    check : str
        Its name.
    severity : {"wrong", "refused", "costly"}
        Another loss than was meant; one that the library refuses; the right loss, which loses digits
        or gradients where the model is far off.
    seen : str
        What was seen, with figures.
    cure : str
        In terms of the model's own library.
    with_xent : str
        The cure in xent, or '' where it has none.
    evidence : mapping
        The figures behind it.
    """

    check: str
    severity: str
    seen: str
    cure: str
    with_xent: str = ""
    evidence: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Audit:
    """What is wrong with a model and its loss, and what they can bear.

    Attributes
    ----------
    model, loss : str
    library : str
        With its version, such as "torch 2.13.0".
    outputs : str
        What the model puts out: "logits", "probabilities", ...
    links : tuple of str
        The functions that it ends in, the last first.
    takes : str
        What the loss takes its outputs for.
    faults : tuple of Fault
        The gravest first.
    sweeps : tuple of Sweep
        The pair over all logits, in several formats, for both labels.
    not_measured : mapping from str to str
        What could not be looked at, and why.

    Examples
    --------
    >>> audit = Audit("Net", "BCEWithLogitsLoss", "torch 2.13.0", "logits", (), "logits", (), (), {})
    >>> audit.is_clean
    True
    >>> print(audit)
    Net with BCEWithLogitsLoss (torch 2.13.0)
    model puts out: logits
    loss takes: logits
    Nothing found.
    """

    model: str
    loss: str
    library: str
    outputs: str
    links: tuple[str, ...]
    takes: str
    faults: tuple[Fault, ...]
    sweeps: tuple[Sweep, ...]
    not_measured: Mapping[str, str]

    @property
    def is_clean(self) -> bool:
        """Whether nothing was found."""
        return not self.faults

    def __str__(self) -> str:
        through = f" (through {' of '.join(self.links)})" if self.links else ""
        lines = [
            f"{self.model} with {self.loss} ({self.library})",
            f"model puts out: {self.outputs}{through}",
            f"loss takes: {self.takes}",
        ]
        for fault in self.faults:
            lines.append(f"{fault.check} ({fault.severity}): {fault.seen}")
            lines.append(f"    cure: {fault.cure}")
            if fault.with_xent:
                lines.append(f"    with xent: {fault.with_xent}")
        if not self.faults:
            lines.append("Nothing found.")
        lines += [f"not measured: {name} ({why})" for name, why in self.not_measured.items()]
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """Return plain values for JSON; numbers that are none, or infinite, are None."""
        return {
            "model": self.model,
            "loss": self.loss,
            "library": self.library,
            "outputs": self.outputs,
            "links": list(self.links),
            "takes": self.takes,
            "faults": [
                {
                    "check": fault.check,
                    "severity": fault.severity,
                    "seen": fault.seen,
                    "cure": fault.cure,
                    "with_xent": fault.with_xent,
                    "evidence": _plain(dict(fault.evidence)),
                }
                for fault in self.faults
            ],
            "measured": [sweep.to_json() for sweep in self.sweeps],
            "not_measured": dict(self.not_measured),
        }


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
