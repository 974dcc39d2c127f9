"""States merge with their kind only."""

from __future__ import annotations

from itertools import permutations

import pytest

from xent.errors import XentError
from xent.evaluation import (
    BinaryState,
    BinnedState,
    ConfusionState,
    ExactSum,
    MulticlassState,
    MultilabelState,
    RegressionState,
)

STATES = {
    "binary": BinaryState,
    "binned": BinnedState,
    "confusion": lambda: ConfusionState(3),
    "multiclass": lambda: MulticlassState(3),
    "multilabel": lambda: MultilabelState(3),
    "regression": RegressionState,
    "sum": ExactSum,
}


@pytest.mark.parametrize(("mine", "theirs"), list(permutations(STATES, 2)))
def test_another_kind_is_refused(mine: str, theirs: str) -> None:
    with pytest.raises(XentError, match="merges with another"):
        STATES[mine]().merge(STATES[theirs]())


@pytest.mark.parametrize("kind", STATES)
@pytest.mark.parametrize("other", [None, 5, "x"])
def test_what_is_no_state_is_refused(kind: str, other: object) -> None:
    with pytest.raises(XentError, match="merges with another"):
        STATES[kind]().merge(other)
