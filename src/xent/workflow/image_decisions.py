"""What a run decided about images: which rows to look at, and where in them the network looked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from xent.decisions import CostDecision, Decision
from xent.distributions import Categorical
from xent.evaluation.occlusion import occlusion_map
from xent.figures.image_cases import class_cases, label_cases, number_cases
from xent.reports.image_section import ImageEvidence

if TYPE_CHECKING:
    from xent.arrays import Array, FloatArray
    from xent.engines import Engine
    from xent.figures.image_cases import ImageCase
    from xent.workflow.plot_sources import PlotSource

__all__ = ["ImageDecisions", "image_decisions", "image_evidence", "is_image_run"]

IMAGES_AT_ONCE: Final = 64


@dataclass(frozen=True, eq=False)
class ImageDecisions:
    """Images that are worth a look.

    Attributes
    ----------
    images : uint8 array of shape (n, channels, height, width)
    cases : dict of str to list of ImageCase
        What is said of them, by the heading of their group; each case's row is that of its image here.
    files : list of str
        A name for each image.
    """

    images: Array
    cases: dict[str, list[ImageCase]]
    files: list[str]

    @property
    def in_order(self) -> list[ImageCase]:
        """The cases, group after group."""
        return [case for group in self.cases.values() for case in group]


def is_image_run(engine: Engine) -> bool:
    """Return whether a network takes images."""
    return len(engine.network.row_shape) == 3


def image_decisions(source: PlotSource) -> ImageDecisions:
    """Return the surest mistakes, the surest hits and the least sure of a part's rows.

    Raises
    ------
    XentError
        When the run has no such part, learned from no images, or these are not there any more.
    """
    pixels = source.pixels
    chosen = _cases(source)
    rows = [case.row for group in chosen.values() for case in group]
    names = source.files
    count = iter(range(len(rows)))
    cases = {
        heading: [replace(case, row=next(count)) for case in group]
        for heading, group in chosen.items()
    }
    places = source.places
    return ImageDecisions(pixels[places[rows]], cases, [names[row] for row in rows])


def _cases(source: PlotSource) -> dict[str, list[ImageCase]]:
    evaluation, truth = source.evaluation, source.truth
    task, predicted = evaluation.task, np.asarray(evaluation.rows.predicted, dtype=np.float64)
    if task == "regression":
        return number_cases(truth, predicted)
    if task == "multilabel":
        return label_cases(truth, predicted, names=source.classes)
    p = np.stack([1 - predicted, predicted], axis=1) if task == "binary" else predicted
    return class_cases(truth, p, _decided(source, predicted, p), classes=source.classes)


def _decided(source: PlotSource, predicted: FloatArray, p: FloatArray) -> Any:
    """Return the codes of the decided classes: by threshold, by costs, or the most probable one."""
    decision = source.run.decision
    if isinstance(decision, CostDecision):
        return decision.apply(p)
    if isinstance(decision, Decision):
        return decision.apply(predicted).astype(np.int64)
    return None


def image_evidence(engine: Engine, task: str, decisions: ImageDecisions) -> ImageEvidence:
    """Return where in each case's image the network looked.

    Grad-CAM for a PyTorch network with a convolution; for every other one, occlusion with patches of an
    eighth of the image, of the log odds of what was decided: those still differ where probabilities
    are 1 by rounding.
    """
    cases = decisions.in_order
    images = decisions.images
    outcome = np.array([case.outcome for case in cases], dtype=np.int64)
    sign = np.array([case.sign for case in cases], dtype=np.int64)
    if task == "binary" and engine.network.n_outputs == 1:
        # one logit, of the positive class: what speaks for the other speaks against it
        outcome, sign = np.zeros_like(outcome), np.where(outcome == 1, sign, -sign)
    if hasattr(engine, "module"):
        from xent.engines.torch_saliency import grad_cam, has_convolution

        if has_convolution(engine):
            return ImageEvidence(grad_cam(engine, images, outcome, sign), "grad_cam")

    def predict(some: Array) -> FloatArray:
        return _evidence_for(engine, task, engine.predict(some))

    drops = occlusion_map(predict, images, outcome, batch_size=IMAGES_AT_ONCE)
    return ImageEvidence(drops * sign[:, None, None], "occlusion")


def _evidence_for(engine: Engine, task: str, z: Array) -> FloatArray:
    """Return log odds of each class or label, or the number predicted, shape (n, n_outcomes)."""
    logits = np.asarray(z, dtype=np.float64)
    if isinstance(engine.distribution, Categorical):
        return _log_odds(logits)
    if task == "regression":
        return np.asarray(engine.distribution.mean(logits), dtype=np.float64).reshape(len(z), -1)
    return logits


def _log_odds(z: FloatArray) -> FloatArray:
    """Return log p_k - log(1 - p_k) of a softmax: z_k less the log of the sum of the others' exp."""
    rows, top = np.arange(len(z)), z.argmax(axis=1)
    without_top = z.copy()
    without_top[rows, top] = -np.inf
    total = np.logaddexp.reduce(z, axis=1)[:, None]
    share = np.exp(z - total)
    share[rows, top] = 0  # all others are at most one half: 1 less it keeps its digits
    odds: FloatArray = z - total - np.log1p(-share)
    odds[rows, top] = z[rows, top] - np.logaddexp.reduce(without_top, axis=1)
    return odds
