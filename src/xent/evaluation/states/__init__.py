"""States that take rows batch by batch and merge: one pass, exactly, for data of any size."""

from xent.evaluation.states.binary_state import BinaryState
from xent.evaluation.states.binned_state import BinnedState
from xent.evaluation.states.brackets import Bracket
from xent.evaluation.states.confusion_state import ConfusionState
from xent.evaluation.states.exact_sum import ExactSum
from xent.evaluation.states.multiclass_state import MulticlassState
from xent.evaluation.states.multilabel_state import MultilabelState
from xent.evaluation.states.regression_state import RegressionState

__all__ = [
    "BinaryState",
    "BinnedState",
    "Bracket",
    "ConfusionState",
    "ExactSum",
    "MulticlassState",
    "MultilabelState",
    "RegressionState",
]
