from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xent.distributions import (
    Bernoulli,
    Categorical,
    ClassWeights,
    Focal,
    Gaussian,
    LabelSmoothing,
    Laplace,
    MultiLabel,
    MultiLabelSoftmax,
    Poisson,
    SoftDice,
    describe,
    from_description,
    pos_weight,
)
from xent.errors import XentError

EVERY = [
    Bernoulli(),
    Categorical(3),
    MultiLabel(4),
    MultiLabelSoftmax(4, normalized=True),
    Gaussian(),
    Gaussian(sd=0.5),
    Laplace(),
    Laplace(scale=2),
    Poisson(),
    ClassWeights(Categorical(3), (1, 2, 3)),
    pos_weight(MultiLabel(2), (2, 3)),
    LabelSmoothing(Bernoulli(), 0.1),
    Focal(ClassWeights(LabelSmoothing(Bernoulli(), 0.1), (1, 2)), 1.5),
    SoftDice(),
    SoftDice(2.0, Categorical(3)),
    2 * Gaussian(),
    MultiLabel(3) + 0.5 * SoftDice() + Focal(MultiLabel(3)),
]


@pytest.mark.parametrize("distribution", EVERY, ids=repr)
def test_descriptions_survive_json(distribution):
    text = json.dumps(describe(distribution))
    assert from_description(json.loads(text)) == distribution


@pytest.mark.parametrize(
    ("description", "message"),
    [
        (None, "must be described by a dictionary, got None"),
        ([], "must be described by a dictionary"),
        ({}, "kind must name a distribution, got None"),
        ({"kind": 3}, "kind must name"),
        ({"kind": "Categoricl", "n_classes": 3}, "Did you mean 'Categorical'"),
        ({"kind": "Categorical"}, "Categorical lacks n_classes"),
        (
            {"kind": "Categorical", "n_clases": 3},
            "no setting 'n_clases'.* Did you mean 'n_classes'",
        ),
        ({"kind": "Categorical", "n_classes": "3"}, "n_classes must be an integer"),
        ({"kind": "Categorical", "n_classes": True}, "n_classes must be an integer"),
        ({"kind": "Gaussian", "sd": "1"}, "sd must be a number"),
        (
            {"kind": "MultiLabelSoftmax", "n_labels": 2, "normalized": "no"},
            "normalized must be True or False",
        ),
        ({"kind": "Focal", "distribution": "Bernoulli"}, "needs a distribution over classes"),
        ({"kind": "Sum", "terms": 3}, "terms must be a tuple of distributions"),
        ({"kind": "Sum", "terms": ["x"]}, "terms must be a distribution"),
        (
            {"kind": "Multiple", "term": {"kind": "Bernoulli"}, "factor": [1]},
            "factor must be a number",
        ),
        ({"kind": "SoftDice", "distribution": [1]}, "must be over classes"),
        (
            {"kind": "ClassWeights", "distribution": {"kind": "Bernoulli"}, "weights": [[1], 2]},
            "must be numbers",
        ),
        (
            {
                "kind": "ClassWeights",
                "distribution": {"kind": "Bernoulli"},
                "weights": {"kind": "Bernoulli"},
            },
            "numbers",
        ),
    ],
)
def test_hostile_descriptions_are_refused(description, message):
    with pytest.raises(XentError, match=message):
        from_description(description)


def test_endless_nesting_is_refused():
    nested = {"kind": "Bernoulli"}
    for _ in range(500):
        nested = {"kind": "Multiple", "term": nested, "factor": 1.0}
    with pytest.raises(XentError, match="must not nest deeper"):
        from_description(nested)
    weights = 1.0
    for _ in range(500):
        weights = [weights]
    with pytest.raises(XentError, match="must not nest deeper"):
        from_description(
            {"kind": "ClassWeights", "distribution": {"kind": "Bernoulli"}, "weights": weights}
        )


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["kind", "n_classes", "distribution", "weights", "terms", "term", "factor", "sd"]
            ),
            inner
            | st.sampled_from(
                ["Categorical", "Gaussian", "ClassWeights", "Sum", "Multiple", "SoftDice", "Focal"]
            ),
            max_size=4,
        )
    ),
    max_leaves=8,
)


@settings(max_examples=60)
@given(JSON)
def test_nothing_but_a_distribution_or_an_error_comes_out(description):
    try:
        distribution = from_description(description)
    except XentError:
        return
    assert from_description(describe(distribution)) == distribution
