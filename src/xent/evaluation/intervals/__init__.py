"""How sure a figure is: intervals, paired tests, and the rows that an interval of a given width needs."""

from xent.evaluation.intervals.estimate import Estimate

__all__ = ["Estimate"]
