"""Models of other libraries and their losses, audited: what is wrong, by what they do, and what it costs."""

from xent.audits.auditing import audit, measure_losses
from xent.audits.fault import Audit, Fault
from xent.audits.sweep import Stretch, Sweep, Usable

__all__ = ["Audit", "Fault", "Stretch", "Sweep", "Usable", "audit", "measure_losses"]
