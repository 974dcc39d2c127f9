"""Models of other libraries and their losses, audited: what is wrong, by what they do, and what it costs."""

from xent.audits.auditing import DTYPES, audit, measure_losses
from xent.audits.fault import Audit, Fault
from xent.audits.observations import Column
from xent.audits.sweep import Stretch, Sweep, Usable
from xent.audits.tables import sweep_table

__all__ = [
    "DTYPES",
    "Audit",
    "Column",
    "Fault",
    "Stretch",
    "Sweep",
    "Usable",
    "audit",
    "measure_losses",
    "sweep_table",
]
