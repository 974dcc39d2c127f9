"""What a network predicts: distributions, their exact losses and gradients, and modifiers."""

from xent.distributions.bernoulli import Bernoulli, MultiLabel
from xent.distributions.categorical import Categorical, MultiLabelSoftmax, top_labels
from xent.distributions.classes import ClassDistribution
from xent.distributions.compositions import Multiple, Sum
from xent.distributions.descriptions import describe, from_description
from xent.distributions.dice import SoftDice
from xent.distributions.distribution import Distribution
from xent.distributions.information import cross_entropy, entropy, kl_divergence
from xent.distributions.location_scale import Gaussian, Laplace
from xent.distributions.modifiers import ClassWeights, Focal, LabelSmoothing, pos_weight
from xent.distributions.poisson import Poisson
from xent.distributions.probabilities import ProbabilityLoss, nll_from_probabilities

__all__ = [
    "Bernoulli",
    "Categorical",
    "ClassDistribution",
    "ClassWeights",
    "Distribution",
    "Focal",
    "Gaussian",
    "LabelSmoothing",
    "Laplace",
    "MultiLabel",
    "MultiLabelSoftmax",
    "Multiple",
    "Poisson",
    "ProbabilityLoss",
    "SoftDice",
    "Sum",
    "cross_entropy",
    "describe",
    "entropy",
    "from_description",
    "kl_divergence",
    "nll_from_probabilities",
    "pos_weight",
    "top_labels",
]
