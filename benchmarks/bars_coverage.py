"""How often the intervals hold the truth: binormal scores, calibrated, decided at 0.5.

4,000 sets a cell, 200 with `--quick`; a set's classes are drawn, not fixed. Writes docs/coverage.md.

A cell must hold the truth in 93 to 97% of its sets where at least 20 positive rows and 20 events of
the counted kind are expected, and nowhere in fewer than 88%. The events of a rate are its numerator;
of F1 the true positives; of an area A its n_eff (1 - A), where n_eff = A (1 - A) / variance is the number
of independent rows that would tell as much; of a mean loss Kish's (sum l)^2 / sum l^2.
"""

from __future__ import annotations

import math
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from statistics import NormalDist

import numpy as np

import xent
from results import Row, report
from xent.evaluation import average_precision, davis_goadrich_area, equal_error_rate, score_counts
from xent.evaluation.intervals import (
    average_precision_interval,
    decision_interval,
    delong,
    mean_interval,
)

PAGE = Path(__file__).resolve().parents[1] / "docs" / "coverage.md"
DECISIONS = ("f1", "precision", "recall", "fpr")
NAMES = ("auc", "ap", "log_loss", "brier", *DECISIONS)
TITLES = {
    "auc": "AUC",
    "ap": "AP",
    "log_loss": "log loss",
    "brier": "Brier",
    "f1": "F1",
    "fpr": "FPR",
}
CELLS = tuple(product((100, 1000, 10_000), (0.05, 0.2, 0.5), (0.7, 0.9, 0.99)))
POPULATION = 4_000_000
ENOUGH = 20
CLUSTER_ROWS = 5
BOOTSTRAPPED = {"davis_goadrich_area": davis_goadrich_area, "equal_error_rate": equal_error_rate}


@dataclass(frozen=True)
class Coverage:
    """Share of the sets whose interval holds the truth, and the events that are expected."""

    share: float
    events: float


def draw(generator, n, prevalence, auc):
    d = math.sqrt(2) * NormalDist().inv_cdf(auc)
    y = generator.random(n) < prevalence
    x = generator.normal(size=n) + d * y
    return y, d * x - d * d / 2 + math.log(prevalence / (1 - prevalence))


def losses(y, z):
    return np.logaddexp(0, np.where(y, -z, z)), (1 / (1 + np.exp(-z)) - y) ** 2


def cover(cell, n_sets):
    """Return the coverage of every figure in a cell of independent rows."""
    n, prevalence, auc = cell
    generator = np.random.default_rng([n, int(prevalence * 100), int(auc * 100)])
    y, z = draw(generator, POPULATION, prevalence, auc)
    counts = score_counts(y, z).at(0.0)
    log, brier = losses(y, z)
    truth = {name: getattr(counts, name) for name in DECISIONS}
    truth |= {
        "auc": auc,
        "ap": average_precision(y, z),
        "log_loss": log.mean(),
        "brier": brier.mean(),
    }
    held, widths = {name: [] for name in truth}, {name: [] for name in truth}
    for _ in range(n_sets):
        y, z = draw(generator, n, prevalence, auc)
        found, (log_rows, brier_rows) = score_counts(y, z).at(0.0), losses(y, z)
        estimates = {name: decision_interval(found, name) for name in DECISIONS}
        estimates |= {"auc": delong(y, z), "ap": average_precision_interval(y, z)}
        estimates |= {"log_loss": mean_interval(log_rows), "brier": mean_interval(brier_rows)}
        for name, estimate in estimates.items():
            if estimate.has_interval:
                held[name].append(estimate.low <= truth[name] <= estimate.high)
                widths[name].append(estimate.value)
    per_row = n / POPULATION
    events = {"f1": counts.tp, "precision": counts.tp, "recall": counts.tp, "fpr": counts.fp}
    events = {name: count * per_row for name, count in events.items()}
    for name in ("auc", "ap"):
        spread = np.var(widths[name])
        events[name] = truth[name] * (1 - truth[name]) ** 2 / spread if spread > 0 else 0.0
    for name, rows in (("log_loss", log), ("brier", brier)):
        events[name] = n * rows.mean() ** 2 / np.mean(rows**2)
    return {
        name: Coverage(float(np.mean(hits)) if hits else math.nan, float(events[name]))
        for name, hits in held.items()
    }


def draw_clusters(generator, n_clusters, prevalence, auc):
    """Draw rows whose scores share a part within their cluster: half of the variance."""
    n = n_clusters * CLUSTER_ROWS
    cluster = np.repeat(np.arange(n_clusters), CLUSTER_ROWS)
    d = math.sqrt(2) * NormalDist().inv_cdf(auc)
    shared, own = generator.normal(size=n_clusters)[cluster], generator.normal(size=n)
    y = generator.random(n) < prevalence
    x = math.sqrt(0.5) * (shared + own) + d * y
    return y, d * x - d * d / 2 + math.log(prevalence / (1 - prevalence)), cluster


def cover_clusters(n_sets):
    """Return the coverage of whole evaluations of clustered rows, and of those that ignore the clusters."""
    prevalence, auc, n_clusters = 0.3, 0.8, 200
    generator = np.random.default_rng(5)
    y, z, _ = draw_clusters(generator, POPULATION // CLUSTER_ROWS, prevalence, auc)
    names = ("auc", "average_precision", "log_loss", "brier", "f1", "precision", "recall", "fpr")
    whole = xent.evaluate(y, logits=z, n_bootstrap=0)
    truth = {name: whole[name].value for name in names}
    held = {name: [] for name in names}
    for _ in range(n_sets):
        y, z, cluster = draw_clusters(generator, n_clusters, prevalence, auc)
        evaluation = xent.evaluate(y, logits=z, cluster=cluster, n_bootstrap=200)
        for name in names:
            estimate = evaluation[name]
            held[name].append(estimate.low <= truth[name] <= estimate.high)
    return {name: float(np.mean(hits)) for name, hits in held.items()}


def cover_bootstrap(n_sets):
    """Return the coverage of the bootstrap's intervals of figures of the whole curve."""
    generator = np.random.default_rng(6)
    y, z = draw(generator, POPULATION, 0.2, 0.9)
    truth = {name: figure(y, z) for name, figure in BOOTSTRAPPED.items()}
    held = {name: [] for name in truth}
    for _ in range(n_sets):
        y, z = draw(generator, 1000, 0.2, 0.9)
        evaluation = xent.evaluate(y, logits=z, n_bootstrap=200)
        for name, value in truth.items():
            held[name].append(evaluation[name].low <= value <= evaluation[name].high)
    return {name: float(np.mean(hits)) for name, hits in held.items()}


def is_demanded(cell, found):
    n, prevalence, _ = cell
    return n * prevalence >= ENOUGH and found.events >= ENOUGH


def bars(table, clusters, bootstrap, slack):
    """Return a row a kind of cell: the lowest and the highest share, and how many lie outside."""
    rows = []
    for name in NAMES:
        inside = [
            found[name].share for cell, found in table.items() if is_demanded(cell, found[name])
        ]
        others = [
            found[name].share for cell, found in table.items() if not is_demanded(cell, found[name])
        ]
        others = [share for share in others if not math.isnan(share)]
        title = TITLES.get(name, name)
        if inside:
            holds = min(inside) >= 0.93 - slack and max(inside) <= 0.97 + slack
            text = f"{min(inside):.3f} to {max(inside):.3f} ({len(inside)} cells)"
            rows.append(Row(f"{title}, 20 positives and 20 events", text, "0.93 to 0.97", holds))
        if others:
            text = f"{min(others):.3f} ({len(others)} cells)"
            rows.append(
                Row(f"{title}, elsewhere, lowest", text, ">= 0.88", min(others) >= 0.88 - slack)
            )
    for kind, found in (
        ("1,000 rows in 200 clusters", clusters),
        ("bootstrap, 1,000 rows", bootstrap),
    ):
        for name, share in found.items():
            holds = 0.93 - slack <= share <= 0.97 + slack
            rows.append(
                Row(f"{TITLES.get(name, name)}, {kind}", f"{share:.3f}", "0.93 to 0.97", holds)
            )
    return rows


def page(table, clusters, bootstrap, n_sets):
    """Return docs/coverage.md."""
    lines = [
        "# How often the intervals hold the truth",
        "",
        f"Written by `make bars-coverage`: {n_sets:,} simulated sets a cell, 95% intervals. Scores are normal in",
        "both classes, probabilities calibrated, decisions at 0.5; each row is drawn with its class, so that the",
        "number of positive rows varies. A share in brackets is of a cell where fewer than 20 positive rows, or",
        "fewer than 20 events of the counted kind, are expected: the numerator of a rate, the true positives of F1,",
        "of an area A its n_eff (1 - A) with n_eff = A (1 - A) / variance, of a mean loss (sum of losses)² / sum of",
        "squared losses. There no method that knows the rows alone can promise much.",
        "",
        "| rows | prevalence | AUC | "
        + " | ".join(TITLES.get(name, name) for name in NAMES)
        + " |",
        "| --- " * (3 + len(NAMES)) + "|",
    ]
    for cell, found in table.items():
        shares = [
            f"{100 * found[name].share:.1f}"
            if is_demanded(cell, found[name])
            else f"({100 * found[name].share:.1f})"
            for name in NAMES
        ]
        n, prevalence, auc = cell
        lines.append(f"| {n:,} | {prevalence} | {auc} | " + " | ".join(shares) + " |")
    lines += [
        "",
        "1,000 rows in 200 clusters of 5 (half of the scores' variance is the cluster's), evaluated with `cluster=`:",
        "",
    ]
    lines += ["| figure | % |", "| --- | --- |"]
    lines += [f"| `{name}` | {100 * share:.1f} |" for name, share in clusters.items()]
    lines += [
        "",
        "Figures of the whole curve by the bootstrap, 1,000 rows, prevalence 0.2, AUC 0.9:",
        "",
    ]
    lines += ["| figure | % |", "| --- | --- |"]
    lines += [f"| `{name}` | {100 * share:.1f} |" for name, share in bootstrap.items()]
    return "\n".join(lines) + "\n"


def main(n_sets: int, *, writes: bool) -> int:
    with ProcessPoolExecutor() as pool:
        others = [pool.submit(work, n_sets) for work in (cover_clusters, cover_bootstrap)]
        table = dict(zip(CELLS, pool.map(cover, CELLS, [n_sets] * len(CELLS)), strict=True))
        clusters, bootstrap = (other.result() for other in others)
    if writes:
        PAGE.write_text(page(table, clusters, bootstrap, n_sets), encoding="utf-8")
    # three standard errors of a share near 0.95, for the sets are finite
    slack = 3 * math.sqrt(0.95 * 0.05 / n_sets) if n_sets < 4000 else 0.0
    return report(
        "coverage", bars(table, clusters, bootstrap, slack), notes=[f"{n_sets} sets a cell"]
    )


if __name__ == "__main__":
    quick = "--quick" in sys.argv
    sys.exit(main(200 if quick else 4000, writes=not quick))
