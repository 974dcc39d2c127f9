"""The report: one page of HTML that needs nothing else, with a threshold that moves every view of it."""

from xent.reports.page import Section, report_page
from xent.reports.threshold_table import ThresholdTable, threshold_table

__all__ = ["Section", "ThresholdTable", "report_page", "threshold_table"]
