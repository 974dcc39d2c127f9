"""Confusion matrices that merge: any grouping equals one pass."""

from __future__ import annotations

import numpy as np
import pytest

from xent import evaluation as ev
from xent.errors import XentError
from xent.evaluation.states import ConfusionState


@pytest.mark.parametrize("weighted", [False, True])
def test_batches_are_one_pass(weighted: bool) -> None:
    rng = np.random.default_rng(0)
    y, labels = rng.integers(0, 4, (2, 900))
    weight = rng.random(900) if weighted else None
    whole, parts = ConfusionState(4), [ConfusionState(4) for _ in range(3)]
    whole.update(y, labels=labels, weight=weight)
    for k, part in enumerate(parts):
        part.update(y[k::3], labels=labels[k::3], weight=None if weight is None else weight[k::3])
    assert parts[2].merge(parts[0].merge(parts[1])) == whole
    expected = ev.confusion_matrix(y, labels=labels, n_classes=4, weight=weight)
    np.testing.assert_allclose(whole.matrix, expected, rtol=1e-13)


def test_mistakes_are_named() -> None:
    state = ConfusionState(2)
    state.update([], labels=[])
    with pytest.raises(XentError, match="labels must hold class codes"):
        state.update([0], labels=[2])
    with pytest.raises(XentError, match="n_classes"):
        state.merge(ConfusionState(3))
    with pytest.raises(XentError, match="n_classes"):
        ConfusionState(1)
