"""compare_models: several models against one, on the same rows, with one correction for all of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from xent.errors import XentError, nearest_hint
from xent.evaluation.evaluations.compare import (
    Comparison,
    compare_evaluations,
    holm_adjusted,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xent.evaluation.evaluations.evaluation import Evaluation

__all__ = ["ModelComparison", "compare_models"]


@dataclass(frozen=True)
class ModelComparison:
    """Several models, each against the reference.

    Attributes
    ----------
    reference : str
    comparisons : dict of str to Comparison
        By the model's name; a is the reference, b the model. The adjusted p-values are Holm's over
        all figures of all models.
    """

    reference: str
    comparisons: dict[str, Comparison]

    def __getitem__(self, name: str) -> Comparison:
        if name not in self.comparisons:
            hint = nearest_hint(name, tuple(self.comparisons))
            raise XentError(f"{name!r} was not compared with {self.reference!r}.{hint}")
        return self.comparisons[name]

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        compared = {name: comparison.to_json() for name, comparison in self.comparisons.items()}
        return {"reference": self.reference, "models": compared}

    def __str__(self) -> str:
        blocks = [
            f"a: {self.reference}\nb: {name}\n\n{comparison}"
            for name, comparison in self.comparisons.items()
        ]
        *others, last = (block.rsplit("\n", maxsplit=1)[0] for block in blocks)
        note = "p by paired tests, adjusted by Holm for the number of figures and models"
        return "\n\n".join([*others, f"{last}\n{note}"])


def compare_models(
    evaluations: Mapping[str, Evaluation], *, reference: str | None = None
) -> ModelComparison:
    """Compare evaluations of the same rows with one of them, paired.

    Parameters
    ----------
    evaluations : mapping of str to Evaluation
        From `xent.evaluate`, of the same rows in the same order.
    reference : str, optional
        With which all others are compared; by default the first.

    Raises
    ------
    XentError
        When there are fewer than two, or they are of different tasks or rows.

    Examples
    --------
    >>> from xent.evaluation import evaluate
    >>> y = [0, 0, 0, 1, 1, 1]
    >>> models = {
    ...     "old": evaluate(y, probabilities=[0.1, 0.4, 0.6, 0.3, 0.8, 0.9]),
    ...     "new": evaluate(y, probabilities=[0.1, 0.2, 0.3, 0.6, 0.7, 0.9]),
    ...     "other": evaluate(y, probabilities=[0.1, 0.2, 0.3, 0.2, 0.7, 0.9]),
    ... }
    >>> found = compare_models(models)
    >>> list(found.comparisons), round(found["new"]["auc"].test.difference.value, 4)
    (['new', 'other'], 0.2222)
    """
    names = list(evaluations)
    if len(names) < 2:
        raise XentError(f"at least two models are needed to compare, got {len(names)}.")
    reference = names[0] if reference is None else reference
    if reference not in evaluations:
        raise XentError(
            f"reference must be one of the models, got {reference!r}.{nearest_hint(reference, names)}"
        )
    found = {
        name: compare_evaluations(evaluations[reference], evaluations[name])
        for name in names
        if name != reference
    }
    return ModelComparison(reference, _adjusted(found))


def _adjusted(found: dict[str, Comparison]) -> dict[str, Comparison]:
    """Return the comparisons with Holm's correction over all of them."""
    adjusted = holm_adjusted(
        {
            (name, figure): compared.test.p_value
            for name, comparison in found.items()
            for figure, compared in comparison.figures.items()
        }
    )
    return {
        name: replace(
            comparison,
            figures={
                figure: replace(compared, adjusted_p_value=adjusted[name, figure])
                for figure, compared in comparison.figures.items()
            },
        )
        for name, comparison in found.items()
    }
