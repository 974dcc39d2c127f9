"""Labelled predictions as a whole: every figure of their task, each with its interval."""

from xent.evaluation.evaluations.binary import BinaryEvaluation
from xent.evaluation.evaluations.compare import (
    Comparison,
    FigureComparison,
    compare_evaluations,
)
from xent.evaluation.evaluations.compare_models import ModelComparison, compare_models
from xent.evaluation.evaluations.evaluate import compare, evaluate
from xent.evaluation.evaluations.evaluation import Evaluation
from xent.evaluation.evaluations.multiclass import MulticlassEvaluation
from xent.evaluation.evaluations.multilabel import MultilabelEvaluation
from xent.evaluation.evaluations.operating_point import OperatingPoint
from xent.evaluation.evaluations.regression import RegressionEvaluation

__all__ = [
    "BinaryEvaluation",
    "Comparison",
    "Evaluation",
    "FigureComparison",
    "ModelComparison",
    "MulticlassEvaluation",
    "MultilabelEvaluation",
    "OperatingPoint",
    "RegressionEvaluation",
    "compare",
    "compare_evaluations",
    "compare_models",
    "evaluate",
]
