"""States that take rows batch by batch and merge: one pass, exactly, for data of any size."""

from xent.evaluation.states.binary_state import BinaryState
from xent.evaluation.states.binned_state import BinnedState, Bracket
from xent.evaluation.states.confusion_state import ConfusionState
from xent.evaluation.states.exact_sum import ExactSum
from xent.evaluation.states.regression_state import RegressionState

__all__ = ["BinaryState", "BinnedState", "Bracket", "ConfusionState", "ExactSum", "RegressionState"]
