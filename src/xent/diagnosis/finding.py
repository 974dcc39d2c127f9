"""What a check found, and the list of what all checks found."""

from __future__ import annotations

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
        Chance of seeing this without the fault; 0 where it is impossible without it.
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
            f"{f.check} (p = {f.p_value:.2g}): {f.seen}\n    cure: {f.cure}" for f in self.findings
        ] or [f"Nothing found by {len(self.ran)} checks."]
        lines += [f"not checked: {name} ({why})" for name, why in self.left_out.items()]
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        findings = [{**vars(f), "evidence": dict(f.evidence)} for f in self.findings]
        return {"findings": findings, "ran": list(self.ran), "left_out": dict(self.left_out)}
