"""Distributions over classes: what modifiers of their targets and of their loss build upon.

A target weighs masses on the classes of an outcome, and the loss of a row is sum_k mass_k * -log
P(k). Class weights and label smoothing change the masses, focal loss multiplies them by a power of
1 - P(k): all keep the exact formulas. The last axis of masses runs over the classes of one
outcome: (n, 2) for a binary target, (n, n_labels, 2) for independent labels, (n, n_classes) for
one of several classes.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from xent.distributions.distribution import Distribution

if TYPE_CHECKING:
    from xent.distributions.exact import Arithmetic
    from xent.distributions.namespaces import AnyArray

__all__ = ["ClassDistribution", "Core"]


class ClassDistribution(Distribution):
    """A distribution over classes whose targets are masses: plain, weighted or smoothed."""

    @property
    @abstractmethod
    def core(self) -> Core:
        """The plain distribution under all modifiers."""

    @abstractmethod
    def masses(self, a: Arithmetic, z: AnyArray, y: AnyArray) -> AnyArray:
        """Return the masses that targets put on the classes, in the dtype of `z`."""


class Core(ClassDistribution):
    """A plain distribution over classes."""

    @property
    def core(self) -> Core:
        """The distribution itself."""
        return self

    @property
    @abstractmethod
    def mass_shape(self) -> tuple[int, ...]:
        """Shape of the masses of one row; the last axis runs over the classes of one outcome."""

    @abstractmethod
    def weighted_value(self, a: Arithmetic, z: AnyArray, masses: AnyArray) -> AnyArray:
        """Return sum mass_k * -log P(k) of each row."""

    @abstractmethod
    def weighted_grad(self, a: Arithmetic, z: AnyArray, masses: AnyArray) -> AnyArray:
        """Return the gradient of `weighted_value`."""

    @abstractmethod
    def outcomes(self, a: Arithmetic, z: AnyArray) -> tuple[AnyArray, AnyArray, AnyArray]:
        """Return P(k), 1 - P(k) and -log P(k), shaped as the masses."""

    @abstractmethod
    def output_probabilities(self, a: Arithmetic, z: AnyArray) -> tuple[AnyArray, AnyArray]:
        """Return the probability that each output stands for and its complement, (n, n_outputs)."""

    @abstractmethod
    def pull_back(self, p: AnyArray, _q: AnyArray, slope: AnyArray) -> AnyArray:
        """Return the gradient at the outputs, given the slope at their probabilities."""

    @abstractmethod
    def probability_surprisals(self, xp: object, p: AnyArray) -> AnyArray:
        """Return -log P(k), shaped as the masses, from probabilities (n, n_outputs)."""
