"""What is wrong with this data, these predictions, this training: named checks with evidence and cure."""

from __future__ import annotations

from xent.diagnosis.binary_predictions import (
    constant_output,
    logits_as_probabilities,
    reversed_ranking,
)
from xent.diagnosis.finding import Diagnosis, Finding

__all__ = [
    "Diagnosis",
    "Finding",
    "constant_output",
    "logits_as_probabilities",
    "reversed_ranking",
]
