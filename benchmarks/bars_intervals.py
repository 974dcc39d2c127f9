"""Speed of intervals: DeLong against the plain AUC, bootstrap replicates against a loop over sklearn.

`--rows N` measures fewer rows. Both loops are timed over a few replicates: each of them costs the same.
"""

from __future__ import annotations

import sys

import numpy as np

import xent
from results import Row, ratio, report, take_turns
from xent.evaluation import roc_auc
from xent.evaluation.intervals import bootstrap_ranking, delong

N_OURS, N_SKLEARN = 30, 3


def main(n_rows: int) -> int:
    from sklearn.metrics import average_precision_score, f1_score, roc_auc_score

    generator = np.random.default_rng(0)
    y = generator.random(n_rows) < 0.3
    scores = generator.normal(size=n_rows) + 1.5 * y

    def sklearn_loop() -> None:
        for _ in range(N_SKLEARN):
            rows = generator.integers(0, n_rows, n_rows)
            truth, drawn = y[rows], scores[rows]
            roc_auc_score(truth, drawn)
            average_precision_score(truth, drawn)
            f1_score(truth, drawn >= 1)

    seconds = take_turns(
        {
            "auc": lambda: roc_auc(y, scores),
            "delong": lambda: delong(y, scores),
            "few": lambda: bootstrap_ranking(y, scores, threshold=1.0, n_bootstrap=2),
            "many": lambda: bootstrap_ranking(y, scores, threshold=1.0, n_bootstrap=2 + N_OURS),
            "sklearn": sklearn_loop,
            "whole": lambda: xent.evaluate(y, logits=scores).to_json(),
        },
        5,
    )
    slower, noise = ratio(seconds["delong"], seconds["auc"])
    # A thousand replicates sort once: the sort is the few less their two replicates.
    each = (np.array(seconds["many"]) - np.array(seconds["few"])) / N_OURS
    ours = np.array(seconds["few"]) + 998 * each
    faster, spread = ratio(
        (np.array(seconds["sklearn"]) * 1000 / N_SKLEARN).tolist(), ours.tolist()
    )
    name = "1,000 replicates of AUC, AP, F1, sklearn / xent"
    share, share_noise = ratio(seconds["whole"], ours.tolist())
    whole = "every figure with its default interval / 1,000 replicates of AUC, AP, F1"
    rows = [
        Row("DeLong / plain AUC", f"{slower:.2f}", "<= 4", slower <= 4, noise),
        Row(name, f"{faster:.1f}", ">= 30", faster >= 30, spread),
        Row(whole, f"{share:.2f}", "<= 2", share <= 2, share_noise),
    ]
    return report("intervals", rows, notes=[f"{n_rows:,} rows, 30 % positive, hardly a tie"])


if __name__ == "__main__":
    size = int(sys.argv[sys.argv.index("--rows") + 1]) if "--rows" in sys.argv else 1_000_000
    sys.exit(main(size))
