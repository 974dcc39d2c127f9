"""How often the intervals hold the truth: binormal scores, calibrated, decided at 0.5.

4,000 sets a cell, 200 with `--quick`; a set's classes are drawn, not fixed.
"""

from __future__ import annotations

import math
import sys
from concurrent.futures import ProcessPoolExecutor
from itertools import product
from statistics import NormalDist

import numpy as np

from results import Row, report
from xent.evaluation import average_precision, score_counts
from xent.evaluation.intervals import (
    average_precision_interval,
    decision_interval,
    delong,
    mean_interval,
)

DECISIONS = ("f1", "precision", "recall", "fpr")
CELLS = tuple(product((100, 1000, 10_000), (0.05, 0.2, 0.5), (0.7, 0.9, 0.99)))


def draw(generator, n, prevalence, auc):
    d = math.sqrt(2) * NormalDist().inv_cdf(auc)
    y = generator.random(n) < prevalence
    x = generator.normal(size=n) + d * y
    return y, d * x - d * d / 2 + math.log(prevalence / (1 - prevalence))


def losses(y, z):
    return np.logaddexp(0, np.where(y, -z, z)), (1 / (1 + np.exp(-z)) - y) ** 2


def cover(cell, n_sets):
    n, prevalence, auc = cell
    generator = np.random.default_rng([n, int(prevalence * 100), int(auc * 100)])
    y, z = draw(generator, 4_000_000, prevalence, auc)
    counts = score_counts(y, z).at(0.0)
    log, brier = losses(y, z)
    truth = {name: getattr(counts, name) for name in DECISIONS}
    truth |= {
        "auc": auc,
        "ap": average_precision(y, z),
        "log_loss": log.mean(),
        "brier": brier.mean(),
    }
    held = {name: [] for name in truth}
    for _ in range(n_sets):
        y, z = draw(generator, n, prevalence, auc)
        counts, (log, brier) = score_counts(y, z).at(0.0), losses(y, z)
        found = {name: decision_interval(counts, name) for name in DECISIONS}
        found |= {"auc": delong(y, z), "ap": average_precision_interval(y, z)}
        found |= {"log_loss": mean_interval(log), "brier": mean_interval(brier)}
        for name, estimate in found.items():
            if estimate.has_interval:
                held[name].append(estimate.low <= truth[name] <= estimate.high)
    return {name: float(np.mean(hits)) if hits else math.nan for name, hits in held.items()}


def main(n_sets: int) -> int:
    with ProcessPoolExecutor() as pool:
        shares = list(pool.map(cover, CELLS, [n_sets] * len(CELLS)))
    rows = [
        Row(
            f"{name}, n={n}, prevalence {prevalence}, AUC {auc}",
            f"{share:.3f}",
            ">= 0.88",
            not share < 0.88,
        )
        for (n, prevalence, auc), cell in zip(CELLS, shares, strict=True)
        for name, share in cell.items()
    ]
    return report("coverage", rows, notes=[f"{n_sets} sets a cell"])


if __name__ == "__main__":
    sys.exit(main(200 if "--quick" in sys.argv else 4000))
