"""The doctor's false alarms and power on simulated predictions, and what it says of honest models."""

from __future__ import annotations

import sys
import warnings
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from results import Row, report, shared_data
from xent.diagnosis import diagnose_predictions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from xent.arrays import Array

N_HEALTHY, N_FAULTY, N_ROWS = 1000, 200, 1000
HARMLESS = {"miscalibration", "constant output"}


@dataclass(frozen=True, eq=False)
class Rows:
    """Truth, honest predictions, what they were made from, and the generator that goes on."""

    y: Array
    p: Array
    z: Array
    generator: np.random.Generator


@dataclass(frozen=True)
class Simulation:
    """Healthy predictions of one task, and the faults that are put into them."""

    task: str
    healthy: Callable[[int], Rows]
    given: Callable[[Rows], dict[str, Any]]
    # by the check that must fire; what stands behind a colon tells forms of one fault apart
    faults: Mapping[str, Callable[[Rows], dict[str, Any]]]


def sigmoid(z: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-z)))


def softmax(z: Array) -> Array:
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return np.asarray(e / e.sum(axis=1, keepdims=True))


def two_classes(seed: int) -> Rows:
    """Return calibrated predictions with an AUC of 0.85."""
    generator = np.random.default_rng(seed)
    z = generator.normal(size=N_ROWS) * 1.9 - 0.5
    return Rows(generator.random(N_ROWS) < sigmoid(z), sigmoid(z), z, generator)


def five_classes(seed: int) -> Rows:
    """Return calibrated probabilities of five classes; one against the rest has a mean AUC of 0.86."""
    generator = np.random.default_rng(seed)
    z = generator.normal(size=(N_ROWS, 5)) * 1.6 + np.linspace(0, 0.5, 5)
    p = softmax(z)
    y = (generator.random((N_ROWS, 1)) > p.cumsum(axis=1)[:, :-1]).sum(axis=1)
    return Rows(y, p, z, generator)


def six_labels(seed: int) -> Rows:
    """Return calibrated probabilities of six labels, each with an AUC of 0.85."""
    generator = np.random.default_rng(seed)
    common = generator.normal(size=(N_ROWS, 1)) * 0.5
    z = generator.normal(size=(N_ROWS, 6)) * 1.8 - 0.5 + common
    return Rows((generator.random((N_ROWS, 6)) < sigmoid(z)).astype(int), sigmoid(z), z, generator)


def numbers(seed: int) -> Rows:
    """Return targets with normal noise around their predictions, which explain 72 % of the variance."""
    generator = np.random.default_rng(seed)
    predicted = generator.normal(size=N_ROWS) * 1.6 + 20
    noise = generator.normal(size=N_ROWS)
    return Rows(predicted + noise, predicted, noise, generator)


def probabilities(y: Array, p: Array) -> dict[str, Any]:
    return {"y": y, "probabilities": p}


def predictions(y: Array, p: Array, **ends: Array) -> dict[str, Any]:
    return {"y": y, "predictions": p, **ends}


def moved(rows: Rows) -> Array:
    """Return the truth, one to five rows further or back."""
    lag = rows.generator.integers(1, 6) * rows.generator.choice([-1, 1])
    return np.roll(rows.y, lag, axis=0)


def shuffled(rows: Rows) -> Array:
    return rows.generator.permutation(rows.y)


def flipped(rows: Rows, share: float) -> Array:
    """Return the truth, some labels replaced by another class or by their opposite."""
    is_flipped = rows.generator.random(rows.y.shape) < share
    if rows.p.ndim == 1 or rows.p.shape == rows.y.shape:
        return np.where(is_flipped, 1 - rows.y, rows.y)
    k = rows.p.shape[1]
    other = (rows.y + rows.generator.integers(1, k, len(rows.y))) % k
    return np.where(is_flipped, other, rows.y)


def two_swapped(rows: Rows) -> Array:
    """Return the probabilities with two columns in each other's place."""
    one, other = rows.generator.choice(rows.p.shape[1], 2, replace=False)
    order = np.arange(rows.p.shape[1])
    order[[one, other]] = order[[other, one]]
    return rows.p[:, order]


def first_column(rows: Rows, column: Array) -> Array:
    return np.column_stack([column, rows.p[:, 1:]])


def outlying(rows: Rows) -> Array:
    """Return targets of which ten rows have 30 times the noise."""
    size = np.ones(N_ROWS)
    size[rows.generator.choice(N_ROWS, 10, replace=False)] = 30
    return rows.p + rows.z * size


BINARY: dict[str, Callable[[Rows], dict[str, Any]]] = {
    "logits as probabilities": lambda r: probabilities(r.y, r.z),
    "squeezed twice": lambda r: probabilities(r.y, sigmoid(r.p)),
    "constant output": lambda r: probabilities(r.y, np.full(N_ROWS, r.y.mean())),
    "reversed ranking": lambda r: probabilities(r.y, 1 - r.p),
    "shifted targets": lambda r: probabilities(moved(r), r.p),
    "shuffled targets": lambda r: probabilities(shuffled(r), r.p),
    "clipped": lambda r: probabilities(r.y, np.clip(r.p, 0.02, 0.98)),
    "label noise": lambda r: probabilities(flipped(r, 0.15), r.p),
    "miscalibration": lambda r: probabilities(r.y, sigmoid(2 * r.z)),
    "miscalibration: share": lambda r: probabilities(r.y, sigmoid(r.z + 0.7)),
}
CLASSES: dict[str, Callable[[Rows], dict[str, Any]]] = {
    "logits as probabilities": lambda r: probabilities(r.y, r.z),
    "rows do not sum to 1": lambda r: probabilities(r.y, sigmoid(r.z)),
    "squeezed twice": lambda r: probabilities(r.y, softmax(r.p)),
    "constant output": lambda r: probabilities(
        r.y, np.tile(np.bincount(r.y) / N_ROWS, (N_ROWS, 1))
    ),
    "swapped columns": lambda r: probabilities(r.y, two_swapped(r)),
    "shifted targets": lambda r: probabilities(moved(r), r.p),
    "shuffled targets": lambda r: probabilities(shuffled(r), r.p),
    "clipped": lambda r: probabilities(r.y, np.clip(r.p, 0.01, 0.99)),
    "label noise": lambda r: probabilities(flipped(r, 0.2), r.p),
    "miscalibration": lambda r: probabilities(r.y, softmax(2 * r.z)),
    "miscalibration: shares": lambda r: probabilities(
        r.y, softmax(r.z + np.array([0.7, 0, 0, 0, 0]))
    ),
}
LABELS: dict[str, Callable[[Rows], dict[str, Any]]] = {
    "logits as probabilities": lambda r: probabilities(r.y, r.z),
    "swapped columns": lambda r: probabilities(r.y, two_swapped(r)),
    "squeezed twice": lambda r: probabilities(r.y, sigmoid(r.p)),
    "constant output": lambda r: probabilities(
        r.y, first_column(r, np.full(N_ROWS, r.y[:, 0].mean()))
    ),
    "shifted targets": lambda r: probabilities(moved(r), r.p),
    "reversed ranking": lambda r: probabilities(r.y, first_column(r, 1 - r.p[:, 0])),
    "shuffled targets": lambda r: probabilities(shuffled(r), r.p),
    "clipped": lambda r: probabilities(r.y, np.clip(r.p, 0.02, 0.98)),
    "label noise": lambda r: probabilities(flipped(r, 0.15), r.p),
    "miscalibration": lambda r: probabilities(r.y, first_column(r, sigmoid(2 * r.z[:, 0]))),
}
NUMBERS: dict[str, Callable[[Rows], dict[str, Any]]] = {
    "constant output": lambda r: predictions(r.y, np.full(N_ROWS, r.y.mean())),
    "other scale": lambda r: predictions(np.exp(r.y / 10), r.p / 10),
    "other scale: standardized": lambda r: predictions(r.y, (r.p - r.p.mean()) / r.y.std()),
    "shifted targets": lambda r: predictions(moved(r), r.p),
    "reversed ranking": lambda r: predictions(r.y, 40 - r.p),
    "shuffled targets": lambda r: predictions(shuffled(r), r.p),
    "few rows dominate": lambda r: predictions(outlying(r), r.p),
    "mean bias": lambda r: predictions(r.y, r.p + 0.25),
    "miscalibration": lambda r: predictions(r.y, 20 + 1.3 * (r.p - 20)),
    "uneven residuals": lambda r: predictions(r.p + r.z * np.exp(0.3 * (r.p - 20)), r.p),
    "crossed intervals": lambda r: predictions(r.y, r.p, low=r.p + 2, high=r.p - 2),
    "wrong coverage": lambda r: predictions(r.y, r.p, low=r.p - 1.6, high=r.p + 1.6),
}
SIMULATIONS = (
    Simulation("two classes", two_classes, lambda r: probabilities(r.y, r.p), BINARY),
    Simulation("five classes", five_classes, lambda r: probabilities(r.y, r.p), CLASSES),
    Simulation("six labels", six_labels, lambda r: probabilities(r.y, r.p), LABELS),
    Simulation(
        "numbers",
        numbers,
        lambda r: predictions(r.y, r.p, low=r.p - 1.959964, high=r.p + 1.959964),
        NUMBERS,
    ),
)


def false_alarms(simulation: Simulation, n_sets: int = N_HEALTHY) -> Counter[str]:
    """Return how often each check fires on healthy predictions; checks that never fire count 0."""
    found: Counter[str] = Counter()
    for seed in range(n_sets):
        diagnosis = diagnose_predictions(**simulation.given(simulation.healthy(seed)))
        found.update(dict.fromkeys(diagnosis.ran, 0))
        found.update(finding.check for finding in diagnosis.findings)
    return found


def n_named_first(simulation: Simulation, fault: str, n_sets: int = N_FAULTY) -> int:
    """Return in how many sets that carry a fault its check is the first finding."""
    n_first = 0
    for seed in range(n_sets):
        given = simulation.faults[fault](simulation.healthy(100_000 + seed))
        findings = diagnose_predictions(**given).findings
        n_first += bool(findings) and findings[0].check == fault.partition(":")[0]
    return n_first


def simulated() -> list[Row]:
    rows = []
    for simulation in SIMULATIONS:
        for check, n_found in false_alarms(simulation).items():
            figure = f"{simulation.task}, false alarms on {N_HEALTHY} healthy sets: {check}"
            is_held = n_found <= 0.01 * N_HEALTHY
            rows.append(Row(figure, f"{n_found / N_HEALTHY:.1%}", "<= 1 %", is_held, ""))
        for fault in simulation.faults:
            share = n_named_first(simulation, fault) / N_FAULTY
            figure = f"{simulation.task}, named first in {N_FAULTY} sets: {fault}"
            rows.append(Row(figure, f"{share:.1%}", ">= 95 %", share >= 0.95, ""))
    return rows


def real_tables() -> dict[str, tuple[Array, Array]]:
    """Return features and class codes of real data, two classes and several."""
    import polars as pl
    from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine

    tables = {
        "breast cancer": load_breast_cancer(return_X_y=True),
        "iris": load_iris(return_X_y=True),
        "wine": load_wine(return_X_y=True),
        "digits": load_digits(return_X_y=True),
    }
    phishing = pl.read_csv(shared_data() / "phishing.csv")
    spam = pl.read_csv(shared_data() / "spambase.csv", infer_schema_length=None)
    quality = pl.read_csv(shared_data() / "wine_quality.csv", infer_schema_length=None)
    tables["phishing"] = phishing.drop("Result").to_numpy(), (phishing["Result"] == -1).to_numpy()
    tables["spambase"] = spam[:, :-1].to_numpy(), spam[:, -1].to_numpy()
    # the outermost grades have a handful of rows: they count with their neighbors
    grade = np.clip(quality["quality"].to_numpy(), 4, 8) - 4
    tables["wine quality"] = quality.drop("quality", "color").to_numpy(), grade
    return tables


def honest_models(
    tables: Mapping[str, tuple[Array, Array]],
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what models of scikit-learn say of rows that were held out."""
    from sklearn.dummy import DummyClassifier
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import train_test_split
    from sklearn.naive_bayes import GaussianNB

    models = (
        LogisticRegression(max_iter=500),
        RandomForestClassifier(random_state=0),
        GaussianNB(),
        DummyClassifier(),
    )
    for name, (X, y) in tables.items():
        X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
        for model in models:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                p = model.fit(X_train, y_train).predict_proba(X_test)
            said = p[:, 1] if p.shape[1] == 2 else p
            yield f"{type(model).__name__} on {name}", probabilities(y_test, said)


def honest() -> list[Row]:
    rows = []
    for figure, given in honest_models(real_tables()):
        checks = [finding.check for finding in diagnose_predictions(**given).findings]
        bar = "miscalibration or constant output only"
        rows.append(Row(figure, ", ".join(checks) or "nothing", bar, set(checks) <= HARMLESS, ""))
    return rows


if __name__ == "__main__":
    sys.exit(report("diagnosis", [*simulated(), *honest()]))
