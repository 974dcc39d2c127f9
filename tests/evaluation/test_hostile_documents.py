"""Whatever stands in a document, its reader gives what it describes or says what is wrong."""

from __future__ import annotations

import json
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.evaluation.states.hostile import WRONG, places, replaced, without

from xent import decisions, evaluation
from xent.distributions import Bernoulli
from xent.errors import XentError

if TYPE_CHECKING:
    from collections.abc import Callable

RNG = np.random.default_rng(5)
N = 40
Y = RNG.random(N) < 0.4
Z = RNG.normal(0, 1, N) + Y
P = 1 / (1 + np.exp(-Z))
CODES = RNG.integers(0, 3, N)
CLASS_LOGITS = RNG.normal(size=(N, 3))
WEIGHT = RNG.random(N) + 0.1


def states() -> dict[str, tuple[Any, Callable[[Any], Any]]]:
    """Return a state of each kind with its reader."""
    made: dict[str, Any] = {}
    for name, weight in (("", None), (" of weights", WEIGHT)):
        binned, sums = evaluation.BinnedState(n_bins=1024), evaluation.ExactSum()
        confusion, numbers = evaluation.ConfusionState(3), evaluation.RegressionState()
        binned.update(Y, logits=Z, weight=weight)
        confusion.update(CODES, labels=CLASS_LOGITS.argmax(axis=1), weight=weight)
        numbers.update(Z, predictions=Z + 0.1, weight=weight)
        sums.add(Z if weight is None else Z * weight)
        states = (binned, confusion, numbers, sums)
        made |= {f"{type(state).__name__}{name}": state for state in states}
    return {name: (state, type(state).from_json) for name, state in made.items()}


def others() -> dict[str, tuple[Any, Callable[[Any], Any]]]:
    """Return one of each other thing that goes to JSON, with its reader."""
    constant = evaluation.fit_constant("binary", Y, distribution=Bernoulli())
    part = evaluation.judge("binary", Y, Z, distribution=Bernoulli(), constant=constant)
    recalibrators = [
        evaluation.fit_temperature(Y, logits=Z),
        evaluation.fit_platt(Y, logits=Z),
        evaluation.fit_isotonic(Y, logits=Z),
        evaluation.prior_shift(trained=[0.5, 0.5], target=[0.9, 0.1]),
    ]
    curves = [
        evaluation.thin(evaluation.roc_curve(Y, Z), 5),
        evaluation.thin(evaluation.pr_curve(Y, Z), 5),
        evaluation.thin(evaluation.det_curve(Y, Z), 5),
        evaluation.thin(evaluation.gain_curve(Y, Z), 5),
        evaluation.thin(evaluation.lift_curve(Y, Z), 5),
        evaluation.figure_at_thresholds(Y, Z, figure="mcc", thresholds=[0.0, 0.5]),
        evaluation.cost_curve(Y[:6], Z[:6]),
    ]
    rest = [
        constant,
        evaluation.Verdict("binary", {"test": part}),
        evaluation.delong(Y, Z),
        decisions.choose(Y, P, costs=decisions.Costs(fn=5, fp=1), n_bootstrap=20),
        decisions.choose(
            Y, P, objective="f1", constraints=decisions.Constraints(max_fpr=0.5), n_bootstrap=20
        ),
        decisions.CostDecision(("a", "b"), ((0.0, 1.0), (5.0, 0.0)), reject_cost=0.3),
    ]
    read = evaluation.recalibrator_from_json
    return {
        **{type(made).__name__: (made, read) for made in recalibrators},
        **{type(made).__name__: (made, type(made).from_json) for made in [*curves, *rest]},
    }


MADE = {**states(), **others()}
DOCUMENTS = {name: json.loads(json.dumps(made.to_json())) for name, (made, _) in MADE.items()}
# JSON's text holds no integer of more than 4,300 digits
HOSTILE = (*(value for value in WRONG if value != 10**5000), 10**400)
NOT_OBJECTS: tuple[Any, ...] = (None, 3, "x", [], [{}], True, {})


def is_refused_or_kept(name: str, document: Any) -> bool:
    """Whether a document is refused, or what is made of it reads as the same once it is written."""
    reader = MADE[name][1]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            written = json.dumps(reader(document).to_json())
        except XentError:
            return True
        return json.dumps(reader(json.loads(written)).to_json()) == written


@pytest.mark.parametrize("name", MADE)
def test_what_was_written_is_read(name: str) -> None:
    made = MADE[name][1](DOCUMENTS[name])
    assert json.loads(json.dumps(made.to_json())) == DOCUMENTS[name]


@pytest.mark.parametrize("name", MADE)
def test_no_single_fault_does_anything_but_a_refusal(name: str) -> None:
    for document in NOT_OBJECTS:
        with pytest.raises(XentError):
            MADE[name][1](document)
    for path in places(DOCUMENTS[name]):
        documents = [replaced(DOCUMENTS[name], path, value) for value in HOSTILE]
        for document in [*documents, *([without(DOCUMENTS[name], path)] if path else [])]:
            try:
                assert is_refused_or_kept(name, document)
            except Exception as error:
                error.add_note(f"{path}: {document}"[:500])
                raise


@pytest.mark.parametrize("name", MADE)
def test_several_faults_at_once(name: str) -> None:
    @given(st.data())
    @settings(max_examples=30)
    def damage(data: st.DataObject) -> None:
        document = DOCUMENTS[name]
        for _ in range(data.draw(st.integers(2, 4))):
            path = data.draw(st.sampled_from([path for path in places(document) if path] or [()]))
            if path and data.draw(st.booleans()):
                document = without(document, path)
            else:
                document = replaced(document, path, data.draw(st.sampled_from(HOSTILE)))
        assert is_refused_or_kept(name, document)

    damage()
