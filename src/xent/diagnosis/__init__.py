"""What is wrong with this data, these predictions, this training: named checks with evidence and cure."""

from xent.diagnosis.binary_predictions import (
    constant_output,
    logits_as_probabilities,
    reversed_ranking,
)
from xent.diagnosis.finding import Diagnosis, Finding
from xent.diagnosis.label_noise import LabelNoise, label_noise_candidates
from xent.diagnosis.network_health import diagnose_activations
from xent.diagnosis.predictions import diagnose_predictions
from xent.diagnosis.probability_faults import clipped, miscalibrated, row_sums, squeezed_twice
from xent.diagnosis.ranking_faults import shifted_targets, shuffled_targets
from xent.diagnosis.tables import diagnose_table
from xent.diagnosis.training_history import diagnose_history

__all__ = [
    "Diagnosis",
    "Finding",
    "LabelNoise",
    "clipped",
    "constant_output",
    "diagnose_activations",
    "diagnose_history",
    "diagnose_predictions",
    "diagnose_table",
    "label_noise_candidates",
    "logits_as_probabilities",
    "miscalibrated",
    "reversed_ranking",
    "row_sums",
    "shifted_targets",
    "shuffled_targets",
    "squeezed_twice",
]
