"""Estimators: scikit-learn's way to fit a network and ask it for probabilities."""

from __future__ import annotations

from xent.estimators.classifier import XentClassifier
from xent.estimators.regressor import XentRegressor

__all__ = ["XentClassifier", "XentRegressor"]
