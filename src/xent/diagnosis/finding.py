"""What a check found, and the list of what all checks found."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Diagnosis", "Finding"]


@dataclass(frozen=True)
class Finding:
    """One fault: what was seen, how sure, and the cure.

    Parameters
    ----------
    check : str
        Name of the check.
    p_value : float
        Chance of seeing this without the fault; 0 where it is impossible without it, NaN where it is a rule, not a
        test.
    seen : str
        What was seen, with figures.
    cure : str
    evidence : mapping
        The figures behind it.
    """

    check: str
    p_value: float
    seen: str
    cure: str
    evidence: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Diagnosis:
    """Findings, the most basic first; which checks ran, and why others could not.

    Examples
    --------
    >>> print(Diagnosis((), ran=("constant",), left_out={}))
    Nothing found by 1 checks.
    """

    findings: tuple[Finding, ...]
    ran: tuple[str, ...]
    left_out: Mapping[str, str]

    def __str__(self) -> str:
        lines = [
            f"{found.check}{_sure(found.p_value)}: {found.seen}\n    cure: {found.cure}"
            for found in self.findings
        ] or [f"Nothing found by {len(self.ran)} checks."]
        lines += [f"not checked: {name} ({why})" for name, why in self.left_out.items()]
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        findings = [
            {
                "check": found.check,
                "p_value": _plain(found.p_value),
                "seen": found.seen,
                "cure": found.cure,
                "evidence": {name: _plain(value) for name, value in found.evidence.items()},
            }
            for found in self.findings
        ]
        return {"findings": findings, "ran": list(self.ran), "left_out": dict(self.left_out)}


def _sure(p_value: float) -> str:
    if math.isnan(p_value):
        return ""
    return " (certain)" if p_value == 0 else f" (p = {p_value:.2g})"


def _plain(value: Any) -> Any:
    """Return a value that JSON can hold: NaN and infinite numbers are None."""
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
