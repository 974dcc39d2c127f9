"""The verdict of each task: every figure beside the constant predictor's, reasons, JSON, text."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

from xent import evaluation as ev
from xent.distributions import (
    Bernoulli,
    Categorical,
    Gaussian,
    Laplace,
    MultiLabel,
    MultiLabelSoftmax,
    Poisson,
)
from xent.errors import XentError
from xent.evaluation import Figure, PartFigures, Verdict

RNG = np.random.default_rng(6)
N = 200
WEIGHT = RNG.integers(0, 4, N).astype(float)


def judged(task: str, y: Any, z: Any, distribution: Any, **keywords: Any) -> PartFigures:
    weight = keywords.get("weight")
    constant = ev.fit_constant(task, y, distribution=distribution, weight=weight)
    return ev.judge(task, y, z, distribution=distribution, constant=constant, **keywords)


@pytest.mark.parametrize("weight", [None, WEIGHT])
@pytest.mark.parametrize("threshold", [0.5, 0.8])
def test_binary(weight: Any, threshold: float) -> None:
    y = RNG.random(N) < 0.4
    z = RNG.normal(2.0 * y - 1, 1.5).astype(np.float32)
    part = judged("binary", y, z[:, None], Bernoulli(), weight=weight, threshold=threshold)
    p = 1 / (1 + np.exp(-z.astype(float)))
    keys: dict[str, Any] = {"labels": p >= threshold, "weight": weight}
    expected = {
        "log_loss": ev.log_loss(y, logits=z, weight=weight),
        "accuracy": ev.accuracy(y, **keys),
        "precision": ev.precision(y, **keys),
        "recall": ev.recall(y, **keys),
        "fpr": ev.fpr(y, **keys),
        "f1": ev.f1(y, **keys),
        "auc": ev.roc_auc(y, z, weight=weight),
        "brier": ev.brier(y, probabilities=p, weight=weight),
    }
    assert list(part.figures) == list(expected)
    for name, value in expected.items():
        assert part[name].value == pytest.approx(value, rel=1e-12), name
        assert part[name].why == ""
        assert part[name].low is part[name].high is None
    share = np.average(y, weights=weight)
    assert part["accuracy"].constant == pytest.approx(max(share, 1 - share))
    assert part["auc"].constant == 0.5
    assert part["brier"].constant == pytest.approx(share * (1 - share))
    assert part.n_rows == (N if weight is None else (weight > 0).sum())


@pytest.mark.parametrize("weight", [None, WEIGHT])
def test_multiclass(weight: Any) -> None:
    y, z = RNG.integers(0, 3, N), RNG.normal(size=(N, 3))
    z[np.arange(N), y] += 1
    part = judged("multiclass", y, z, Categorical(3), weight=weight)
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    keys: dict[str, Any] = {"labels": z.argmax(axis=1), "weight": weight}
    expected = {
        "log_loss": ev.multiclass_log_loss(y, logits=z, weight=weight),
        "accuracy": ev.accuracy(y, **keys),
        "macro_precision": ev.multiclass_precision(y, **keys),
        "macro_recall": ev.multiclass_recall(y, **keys),
        "macro_f1": ev.multiclass_f1(y, **keys),
        "top_2_accuracy": ev.top_k_accuracy(y, p, k=2, weight=weight),
        "macro_auc": ev.one_vs_rest_auc(y, p, weight=weight),
        "brier": ev.multiclass_brier(y, probabilities=p, weight=weight),
    }
    assert list(part.figures) == list(expected)
    for name, value in expected.items():
        assert part[name].value == pytest.approx(value, rel=1e-12), name
    shares = np.bincount(y, weights=weight) / (N if weight is None else weight.sum())
    assert part["accuracy"].constant == pytest.approx(shares.max())
    assert part["top_2_accuracy"].constant == pytest.approx(1 - shares.min())
    assert part["macro_auc"].constant == 0.5
    assert part["log_loss"].constant == pytest.approx(-(shares * np.log(shares)).sum())
    assert "top_2_accuracy" not in judged("multiclass", y % 2, z[:, :2], Categorical(2)).figures


@pytest.mark.parametrize("weight", [None, WEIGHT])
def test_multilabel(weight: Any) -> None:
    y = RNG.random((N, 3)) < [0.2, 0.5, 0.7]
    z = RNG.normal(2.0 * y - 1)
    part = judged("multilabel", y, z, MultiLabel(3), weight=weight)
    keys: dict[str, Any] = {"labels": z >= 0, "weight": weight}
    loss = ev.multilabel_log_loss(y, logits=z, weight=weight)
    expected = {
        "log_loss": loss,
        "log_loss_row_sum": 3 * loss,
        "exact_match": ev.exact_match(y, **keys),
        "hamming_loss": ev.hamming_loss(y, **keys),
        "micro_f1": ev.multilabel_f1(y, average="micro", **keys),
        "macro_f1": ev.multilabel_f1(y, average="macro", **keys),
        "samples_jaccard": ev.multilabel_jaccard(y, average="samples", undefined=1.0, **keys),
        "macro_auc": ev.multilabel_auc(y, z, weight=weight),
        "lrap": ev.lrap(y, z, weight=weight),
    }
    assert list(part.figures) == list(expected)
    for name, value in expected.items():
        assert part[name].value == pytest.approx(value, rel=1e-12), name
    assert part["macro_auc"].constant == 0.5
    assert part["exact_match"].constant <= part["exact_match"].value


def test_labels_that_share_a_softmax() -> None:
    y = RNG.random((N, 4)) < 0.4
    z = RNG.normal(2.0 * y)
    family = MultiLabelSoftmax(4)
    part = judged("multilabel", y, z, family)
    labels = z == z.max(axis=1, keepdims=True)
    assert part["hamming_loss"].value == pytest.approx(ev.hamming_loss(y, labels=labels))
    assert part["log_loss_row_sum"].value == pytest.approx(np.mean(family.nll(z, y)))
    assert part["log_loss"].value == pytest.approx(np.mean(family.nll(z, y)) / 4)
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    assert part["macro_auc"].value == pytest.approx(ev.multilabel_auc(y, p))
    assert part["lrap"].value == pytest.approx(ev.lrap(y, p))


@pytest.mark.parametrize("weight", [None, WEIGHT])
@pytest.mark.parametrize("family", [Gaussian(), Gaussian(sd=2.0), Laplace()])
def test_regression(weight: Any, family: Any) -> None:
    y = RNG.normal(5, 2, N)
    z = np.column_stack([RNG.normal(y), RNG.normal(0, 0.3, N)])[:, : family.n_outputs]
    part = judged("regression", y, z, family, weight=weight)
    keys: dict[str, Any] = {"predictions": z[:, 0], "weight": weight}
    expected = {
        "nll": ev.nll(y, parameters=z, distribution=family, weight=weight),
        "mae": ev.mae(y, **keys),
        "rmse": ev.rmse(y, **keys),
        "r2": ev.r2(y, **keys),
        "median_ae": ev.median_absolute_error(y, **keys),
    }
    assert list(part.figures) == list(expected)
    for name, value in expected.items():
        assert part[name].value == pytest.approx(value, rel=1e-12), name
    if isinstance(family, Gaussian):
        assert part["r2"].constant == pytest.approx(0.0, abs=1e-12)
        assert part["rmse"].constant == pytest.approx(
            np.sqrt(np.average((y - np.average(y, weights=weight)) ** 2, weights=weight))
        )


def test_counts_have_a_deviance() -> None:
    y, z = RNG.poisson(3, N), RNG.normal(1, 0.2, N)
    part = judged("regression", y, z, Poisson())
    expected = ev.poisson_deviance(y, predictions=np.exp(z))
    assert part["deviance"].value == pytest.approx(expected, rel=1e-12)
    assert part["deviance"].constant > 0
    huge = judged("regression", y, np.full(N, 1e4), Poisson())
    assert huge["rmse"].why == huge["deviance"].why == "a predicted mean is infinite"
    assert huge["nll"].value == math.inf
    none = judged("regression", np.zeros(3), np.zeros(3), Poisson())
    assert none["deviance"].constant == pytest.approx(0.0, abs=1e-300)


def test_undefined_has_a_reason() -> None:
    part = judged("binary", [0, 0, 0], [-1.0, -2.0, -3.0], Bernoulli())
    assert math.isnan(part["precision"].value)
    assert part["precision"].why == "no row is predicted positive"
    assert part["recall"].why == "there is no positive row"
    assert part["auc"].why == "one class is absent"
    assert part["f1"].why == "no row is positive or predicted positive"
    assert (part["log_loss"].constant, part["brier"].constant) == (0.0, 0.0)
    constant = ev.fit_constant("binary", [0, 0], distribution=Bernoulli())
    part = ev.judge("binary", [0, 1], [-9.0, 9.0], distribution=Bernoulli(), constant=constant)
    assert part["log_loss"].constant == math.inf  # training held no positive row
    part = judged("binary", [0, 1], [np.inf, 0.0], Bernoulli())
    assert part["log_loss"].value == math.inf
    assert part["log_loss"].why == "what was said to be impossible happened"
    part = judged("regression", [2.0, 2.0], [1.0, 2.0], Gaussian(sd=1.0))
    assert part["r2"].why == "y is constant"
    part = judged("regression", [2.0], [[2.0, -np.inf]], Gaussian())
    assert part["nll"].why == "every value was said to be certain"


def test_macro_figures_say_what_they_left_out() -> None:
    y, z = (
        np.array([0, 0, 1, 1]),
        np.array([[2.0, 1, 0, 0], [1, 2, 0, 0], [0, 3, 1, 0], [0, 1, 0, 0]]),
    )
    part = judged("multiclass", y, z, Categorical(4))
    assert part["macro_precision"].value == pytest.approx((1 + 2 / 3) / 2)
    assert part["macro_precision"].why == "2 of 4 classes left out (never predicted)"
    assert part["macro_recall"].why == "2 of 4 classes left out (absent)"
    assert part["macro_recall"].constant == 0.5  # over the same two classes
    # The constant predictor predicts one class only: its precision averages over other classes.
    assert math.isnan(part["macro_precision"].constant)
    assert part["macro_auc"].constant == 0.5
    alone = judged("multiclass", [1, 1], z[:2], Categorical(4))
    assert alone["macro_auc"].why == "every class is absent, or alone"
    labels = judged("multilabel", [[1, 0], [1, 0]], [[1.0, -1.0], [2.0, -2.0]], MultiLabel(2))
    assert labels["macro_f1"].why == "1 of 2 labels left out (neither true nor predicted)"
    assert labels["macro_auc"].why == "every label is the same in every row"
    none = judged("multilabel", [[0, 0]], [[-1.0, -1.0]], MultiLabel(2))
    assert none["micro_f1"].why == "no label is true or predicted"
    assert none["lrap"].why == "every row has no label, or all of them"
    assert none["samples_jaccard"].value == 1.0


def test_soft_labels_have_losses_only() -> None:
    soft = np.array([[0.3, 0.7], [1.0, 0.0]])
    for task, y, family in (
        ("binary", soft[:, 0], Bernoulli()),
        ("multiclass", soft, Categorical(2)),
        ("multilabel", soft, MultiLabel(2)),
    ):
        part = judged(task, y, np.zeros((2, family.n_outputs)), family)
        assert part["log_loss"].value == pytest.approx(math.log(2))
        rest = {name: f for name, f in part.figures.items() if not name.startswith("log_loss")}
        assert all(math.isnan(f.value) and f.why == "y holds soft labels" for f in rest.values())
        assert rest
        assert "top_2_accuracy" not in rest


def test_order_and_zero_weights() -> None:
    y, z = RNG.integers(0, 3, N), RNG.normal(size=(N, 3)).round(1)
    order = RNG.permutation(N)
    constant = ev.fit_constant("multiclass", y, distribution=Categorical(3))
    keys: dict[str, Any] = {"distribution": Categorical(3), "constant": constant}
    part = ev.judge("multiclass", y, z, **keys)
    turned = ev.judge("multiclass", y[order], z[order], **keys)
    weight = np.r_[np.ones(N), 0]
    longer = ev.judge("multiclass", np.r_[y, 0], np.r_[z, [[np.nan] * 3]], weight=weight, **keys)
    for name, figure in part.figures.items():
        assert turned[name].value == pytest.approx(figure.value, rel=1e-12)
        assert longer[name].value == pytest.approx(figure.value, rel=1e-12)
    assert longer.n_rows == N


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"task": "binry"}, "task must be one of .* Did you mean 'binary'"),
        ({"threshold": 1.5}, r"threshold must lie in \[0, 1\], got 1.5"),
        ({"y": [0, 1, 1]}, "y must have shape"),
        ({"y": [0, 2]}, r"y must lie in \[0, 1\]"),
        ({"z": [0.0, math.nan]}, "z must not hold NaN"),
        ({"z": [[0.0, 1.0], [0.0, 1.0]]}, "z must have shape"),
        ({"z": 0.5}, r"z must be numbers of shape \(n,\) or \(n, 1\), got float64"),
        ({"z": ["a", "b"]}, "z must be numbers of shape .* got <U1"),
        ({"weight": [1, 2, 3]}, "weight must have 2 rows"),
        ({"constant": ev.ConstantPredictor((1.0, 2.0))}, "constant must have 1 parameters"),
        ({"y": [], "z": []}, "y must have at least one row"),
    ],
)
def test_input_is_checked(changes: dict[str, Any], message: str) -> None:
    keys: dict[str, Any] = {
        "task": "binary",
        "y": [0, 1],
        "z": [0.0, 1.0],
        "distribution": Bernoulli(),
        "constant": ev.ConstantPredictor((0.0,)),
    }
    with pytest.raises(XentError, match=message):
        ev.judge(**keys | changes)


def example() -> Verdict:
    y, z = np.array([1, 1, 0, 0, 0]), np.array([-5.0, 3.0, -2.0, 1.0, -1.0])
    constant = ev.fit_constant("binary", y, distribution=Bernoulli())
    keys: dict[str, Any] = {"distribution": Bernoulli(), "constant": constant}
    return Verdict(
        "binary",
        {
            "training": ev.judge("binary", y, z, **keys),
            "test": ev.judge("binary", [0, 0], [-2.0, -np.inf], **keys),
        },
    )


def test_json_and_back() -> None:
    verdict = example()
    written = json.loads(json.dumps(verdict.to_json(), allow_nan=False))
    test_auc = written["parts"]["test"]["figures"]["auc"]
    assert test_auc == {
        "value": None,
        "constant": None,
        "why": "one class is absent",
        "low": None,
        "high": None,
    }
    again = Verdict.from_json(written)
    assert again.to_json() == verdict.to_json()
    assert str(again) == str(verdict)
    assert list(again.parts) == ["training", "test"]
    infinite = PartFigures(1, {"log_loss": Figure(math.inf, -math.inf, "why", 0.5, math.inf)})
    written = json.loads(json.dumps(Verdict("binary", {"test": infinite}).to_json()))
    assert Verdict.from_json(written).parts["test"] == infinite


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda d: d.pop("parts"), "must hold a mapping 'parts'"),
        (lambda d: d.update(task="other"), "task must be one of"),
        (lambda d: d["parts"].update(test=3), "part 'test' must have a number n_rows"),
        (lambda d: d["parts"]["test"].update(n_rows=True), "must have a number n_rows, got True"),
        (lambda d: d["parts"]["test"].update(n_rows=-1), "must have a number n_rows, got -1"),
        (lambda d: d["parts"]["test"].update(figures=[]), "must hold a mapping 'figures'"),
        (lambda d: d["parts"]["test"]["figures"].update(acc={}), "unknown or damaged figure 'acc'"),
        (lambda d: d["parts"]["test"]["figures"].update(auc=1), "damaged figure 'auc'"),
        (
            lambda d: d["parts"]["test"]["figures"]["auc"].update(value="high"),
            "value of the figure 'auc' must be a number, got 'high'",
        ),
        (
            lambda d: d["parts"]["test"]["figures"]["auc"].update(low=True),
            "low of the figure 'auc' must be a number",
        ),
        (
            lambda d: d["parts"]["test"]["figures"]["auc"].update(why=1),
            "why of the figure 'auc' must be a text",
        ),
    ],
)
def test_a_damaged_verdict_is_refused(damage: Any, message: str) -> None:
    written = example().to_json()
    damage(written)
    with pytest.raises(XentError, match=message):
        Verdict.from_json(written)
    with pytest.raises(XentError, match="must hold a mapping 'parts'"):
        Verdict.from_json([])  # type: ignore[arg-type]


def test_text() -> None:
    assert str(example()).splitlines() == [
        "           training    const.      test    const.",
        "             5 rows              2 rows",
        "log loss     1.3618    0.6730    0.0635    0.5108",
        "accuracy     0.6000    0.6000    1.0000    1.0000",
        "precision    0.5000         -         -         -",
        "recall       0.5000    0.0000         -         -",
        "FPR          0.3333    0.0000    0.0000    0.0000",
        "F1           0.5000    0.0000         -         -",
        "AUC          0.5000    0.5000         -         -",
        "Brier        0.3220    0.2400    0.0071    0.1600",
        "",
        "precision (test): no row is predicted positive",
        "recall (test): there is no positive row",
        "F1 (test): no row is positive or predicted positive",
        "AUC (test): one class is absent",
    ]


def test_text_with_intervals_and_gaps() -> None:
    parts = {
        "training": PartFigures(1000, {"rmse": Figure(68213.4, 115_396.0, low=67e3, high=69e3)}),
        "test": PartFigures(5, {"mae": Figure(12.5, 2.5e-7)}),
    }
    lines = str(Verdict("regression", parts)).splitlines()
    assert lines[2].split("  ")[0] == "RMSE"
    assert "68,213 [67,000, 69,000]" in lines[2]
    assert lines[3].split() == ["MAE", "-", "-", "12.50", "2.50e-07"]
    assert len({len(line) for line in lines[2:]}) == 1
    assert str(Verdict("binary", {})) == "\n"


def test_table_is_plain_data() -> None:
    rows = ev.verdict_table(dict(example().parts))
    assert [row["figure"] for row in rows][:2] == ["log_loss", "accuracy"]
    assert {row["label"] for row in rows} >= {"log loss", "FPR", "AUC", "Brier"}
    first = rows[0]
    assert (first["unit"], first["better"]) == ("nats", "lower")
    assert list(first["parts"]) == ["training", "test"]
    assert first["parts"]["training"]["value"] == pytest.approx(1.3618, abs=1e-4)
    assert rows[6]["parts"]["test"]["why"] == "one class is absent"


def test_a_verdict_does_not_change() -> None:
    verdict = example()
    with pytest.raises(TypeError):
        verdict.parts["test"] = verdict.parts["training"]  # type: ignore[index]
    with pytest.raises(TypeError):
        verdict.parts["test"].figures["auc"] = Figure(1.0)  # type: ignore[index]
    with pytest.raises(XentError, match="task must be one of"):
        Verdict("other", {})


def test_a_verdict_gives_its_parts_by_name():
    from xent.distributions import Bernoulli
    from xent.evaluation import fit_constant, judge

    y, z = [1, 1, 0, 0], [2.0, 0.5, -1.0, 0.3]
    constant = fit_constant("binary", y, distribution=Bernoulli())
    verdict = Verdict(
        "binary", {"test": judge("binary", y, z, distribution=Bernoulli(), constant=constant)}
    )
    assert verdict["test"]["auc"].value == 1.0
    with pytest.raises(XentError, match=r"the verdict has no part 'tets'\. Did you mean 'test'\?"):
        verdict["tets"]


def test_a_constant_has_a_spread_of_its_own():
    """Beside a model whose sd is that of its residuals the constant has that of the target, the best of its family."""
    y = np.array([1.0, 2.0, 3.0, 6.0])
    free = ev.fit_constant("regression", y, distribution=Gaussian())
    close = ev.judge("regression", y, y + 0.1, distribution=Gaussian(sd=0.1), constant=free)
    nll = 0.5 * np.log(2 * np.pi * y.var()) + 0.5
    assert close["nll"].constant == pytest.approx(nll)
    assert close["rmse"].constant == pytest.approx(y.std())
    with pytest.raises(XentError, match="must have 1 parameters"):
        ev.judge(
            "regression",
            y,
            y,
            distribution=Gaussian(sd=1.0),
            constant=ev.ConstantPredictor((1, 2, 3)),
        )
