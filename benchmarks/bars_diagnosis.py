"""The doctor's false alarms and power on simulated predictions, and what it says of honest models."""

from __future__ import annotations

import sys
import warnings
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from results import Row, report, shared_data
from xent.diagnosis import diagnose_predictions

if TYPE_CHECKING:
    from collections.abc import Callable

    from xent.arrays import Array

N_HEALTHY, N_FAULTY, N_ROWS = 1000, 200, 1000
HARMLESS = {"miscalibration", "constant output"}


def sigmoid(z: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-z)))


def healthy(seed: int) -> tuple[Array, Array, Array, np.random.Generator]:
    """Return calibrated predictions with an AUC of 0.85."""
    generator = np.random.default_rng(seed)
    z = generator.normal(size=N_ROWS) * 1.9 - 0.5
    return generator.random(N_ROWS) < sigmoid(z), sigmoid(z), z, generator


FAULTS: dict[str, Callable[..., tuple[Array, Array]]] = {
    "logits as probabilities": lambda y, _, z, __: (y, z),
    "squeezed twice": lambda y, p, _, __: (y, sigmoid(p)),
    "constant output": lambda y, *_: (y, np.full(len(y), y.mean())),
    "reversed ranking": lambda y, p, *_: (y, 1 - p),
    "shifted targets": lambda y, p, _, g: (np.roll(y, g.integers(1, 6) * g.choice([-1, 1])), p),
    "shuffled targets": lambda y, p, _, g: (g.permutation(y), p),
    "clipped": lambda y, p, *_: (y, np.clip(p, 0.02, 0.98)),
    "miscalibration": lambda y, _, z, __: (y, sigmoid(2 * z)),
}


def false_alarms() -> list[Row]:
    found: Counter[str] = Counter()
    for seed in range(N_HEALTHY):
        y, p, *_ = healthy(seed)
        found.update(finding.check for finding in diagnose_predictions(y, probabilities=p).findings)
    return [
        Row(
            f"false alarms on {N_HEALTHY} healthy sets: {check}",
            f"{found[check] / N_HEALTHY:.1%}",
            "<= 1 %",
            found[check] <= 0.01 * N_HEALTHY,
            "",
        )
        for check in (*FAULTS, "imbalance")
    ]


def power() -> list[Row]:
    rows = []
    for fault, make in FAULTS.items():
        n_first = 0
        for seed in range(N_FAULTY):
            y, p = make(*healthy(100_000 + seed))
            findings = diagnose_predictions(y, probabilities=p).findings
            n_first += bool(findings) and findings[0].check == fault
        share = n_first / N_FAULTY
        rows.append(
            Row(
                f"named first in {N_FAULTY} sets: {fault}",
                f"{share:.1%}",
                ">= 95 %",
                share >= 0.95,
                "",
            )
        )
    return rows


def honest_models() -> list[Row]:
    """Return what is raised for models of scikit-learn on real data."""
    import polars as pl
    from sklearn.datasets import load_breast_cancer
    from sklearn.dummy import DummyClassifier
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import train_test_split
    from sklearn.naive_bayes import GaussianNB

    phishing = pl.read_csv(shared_data() / "phishing.csv")
    spam = pl.read_csv(shared_data() / "spambase.csv", infer_schema_length=None)
    tables = {
        "breast cancer": load_breast_cancer(return_X_y=True),
        "phishing": (phishing.drop("Result").to_numpy(), (phishing["Result"] == -1).to_numpy()),
        "spambase": (spam[:, :-1].to_numpy(), spam[:, -1].to_numpy()),
    }
    models = (
        LogisticRegression(max_iter=500),
        RandomForestClassifier(random_state=0),
        GaussianNB(),
        DummyClassifier(),
    )
    rows = []
    for name, (X, y) in tables.items():
        X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
        for model in models:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                p = model.fit(X_train, y_train).predict_proba(X_test)[:, 1]
            findings = diagnose_predictions(y_test, probabilities=p).findings
            checks = [finding.check for finding in findings]
            rows.append(
                Row(
                    f"{type(model).__name__} on {name}",
                    ", ".join(checks) or "nothing",
                    "miscalibration or constant output only",
                    set(checks) <= HARMLESS,
                    "",
                )
            )
    return rows


if __name__ == "__main__":
    sys.exit(report("diagnosis", [*false_alarms(), *power(), *honest_models()]))
