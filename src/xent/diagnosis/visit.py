"""One visit of the doctor: the checks in their order, what they found, and why others did not run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xent.diagnosis.finding import Diagnosis

if TYPE_CHECKING:
    from collections.abc import Callable

    from xent.diagnosis.finding import Finding

__all__ = ["Visit"]


class Visit:
    """Collects findings while the checks run one after the other.

    Examples
    --------
    >>> visit = Visit()
    >>> visit.look("drift", lambda: None)
    False
    >>> visit.look("leak", lambda: None, hidden_by="there is one class only")
    False
    >>> visit.diagnosis().ran, dict(visit.diagnosis().left_out)
    (('drift',), {'leak': 'there is one class only'})
    """

    def __init__(self) -> None:
        self._findings: list[Finding] = []
        self._ran: list[str] = []
        self._left_out: dict[str, str] = {}

    def look(self, check: str, call: Callable[[], Finding | None], hidden_by: str = "") -> bool:
        """Run one check, unless something hides what it looks for; return whether it found something."""
        if hidden_by:
            self._left_out[check] = hidden_by
            return False
        self._ran.append(check)
        found = call()
        if found is not None:
            self._findings.append(found)
        return found is not None

    def look_for_all(
        self, check: str, call: Callable[[], list[Finding]], hidden_by: str = ""
    ) -> bool:
        """Run one check that may find several faults; return whether it found any."""
        if hidden_by:
            self._left_out[check] = hidden_by
            return False
        self._ran.append(check)
        found = call()
        self._findings += found
        return bool(found)

    def diagnosis(self) -> Diagnosis:
        """Return what was found so far."""
        return Diagnosis(tuple(self._findings), tuple(self._ran), dict(self._left_out))
