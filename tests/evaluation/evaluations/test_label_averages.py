"""Label sets averaged over rows and pooled: values, coverage, rows that hang together."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from xent import evaluation as ev
from xent.evaluation import evaluate

FIGURES = ("precision", "recall", "f1", "jaccard")
PLAIN: dict[str, Any] = {name: getattr(ev, f"multilabel_{name}") for name in FIGURES}


def draw(generator: Any, n: int) -> tuple[Any, Any]:
    """Labels of a row share a propensity, and so do mistakes: rows are what is independent."""
    busy, careless = generator.normal(size=(2, n, 1))
    y = generator.normal(size=(n, 4)) + busy > 0.3
    return y, y ^ (generator.normal(size=(n, 4)) + careless > 1.6)


@pytest.mark.parametrize("average", ["samples", "micro"])
@pytest.mark.parametrize("weighted", [False, True])
def test_values_are_those_of_the_plain_functions(average: str, weighted: bool) -> None:
    y, labels = draw(np.random.default_rng(0), 50)
    weight = np.random.default_rng(1).integers(0, 3, 50) if weighted else None
    e = evaluate(y, labels=labels, weight=weight, n_bootstrap=0)
    empty = 1.0 if average == "samples" else math.nan
    for name in FIGURES:
        keys: dict[str, Any] = {"average": average, "undefined": empty, "weight": weight}
        estimate = e[f"{average}_{name}"]
        assert estimate.value == pytest.approx(PLAIN[name](y, labels=labels, **keys))
        assert 0 <= estimate.low < estimate.value < estimate.high <= 1
        assert estimate.method.startswith("Hall" if average == "samples" else "Wilson")


@pytest.mark.parametrize("figure", ["micro_precision", "micro_f1", "micro_jaccard", "samples_f1"])
def test_intervals_cover_though_labels_of_a_row_hang_together(figure: str) -> None:
    generator = np.random.default_rng(0)
    y, labels = draw(generator, 200_000)
    truth = evaluate(y, labels=labels)[figure].value
    estimates = []
    for _ in range(300):
        y, labels = draw(generator, 60)
        estimates.append(evaluate(y, labels=labels)[figure])
    held = np.mean([e.low <= truth <= e.high for e in estimates])
    assert 0.91 <= held <= 0.985


def test_perfect_label_sets_have_a_width() -> None:
    y, _ = draw(np.random.default_rng(0), 50)
    e: Any = evaluate(y, labels=y)
    assert (e.micro_f1.value, e.micro_f1.high) == (1.0, 1.0)
    assert 0.8 < e.micro_f1.low < 1


def test_copies_in_clusters_widen_to_the_interval_without_them() -> None:
    y, labels = draw(np.random.default_rng(0), 80)
    long: dict[str, Any] = {"labels": np.repeat(labels, 4, axis=0)}
    names = np.repeat(np.arange(80), 4)
    for figure in ("micro_f1", "samples_f1"):
        alone = evaluate(y, labels=labels)[figure].width
        copies = evaluate(np.repeat(y, 4, axis=0), **long)[figure].width
        clustered = evaluate(np.repeat(y, 4, axis=0), cluster=names, **long)[figure].width
        assert copies == pytest.approx(alone / 2, rel=0.1)
        assert clustered == pytest.approx(alone, rel=0.1)


def test_nothing_to_count_in_and_one_row_only_say_why() -> None:
    nothing: Any = evaluate(np.zeros((3, 2), bool), labels=np.zeros((3, 2), bool))
    assert nothing.micro_f1.why == "no label is true or predicted"
    assert nothing.samples_f1.value == 1.0
    one: Any = evaluate([[1, 1], [0, 0]], labels=[[1, 0], [0, 0]])
    assert one.micro_recall.value == 0.5
    assert not one.micro_recall.has_interval
    assert one.micro_recall.why == "all that counts lies in one row or cluster"
