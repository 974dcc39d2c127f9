"""Exported models against their runs on 100,000 rows made to tell them apart, for every task, on real data."""

from __future__ import annotations

import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

from results import Row, report

N_ROWS = 100_000
TRAINING = {"epochs": 5, "random_state": 0}
#: file of ../shared/data, what stands in for it where that is absent, settings, what is decided with
CASES: dict[str, tuple[str, str, dict[str, Any], str]] = {
    "binary, adult, threshold from costs": (
        "adult.csv", "example:breast_cancer", {"target": "income"}, "threshold",
    ),
    "binary, phishing, isotonic": (
        "phishing.csv", "example:breast_cancer", {"target": "Result"}, "isotonic",
    ),
    "multiclass, wine quality": (
        "wine_quality.csv", "example:wine", {"target": "quality", "task": "multiclass"}, "",
    ),
    "multiclass, wine quality, costs and abstention": (
        "wine_quality.csv", "example:wine", {"target": "quality", "task": "multiclass"}, "costs",
    ),
    "multilabel, emotions": ("emotions.csv", "", {"targets": ("label_*",)}, ""),
    "regression, California": (
        "california_housing.csv", "example:diabetes", {"target": "median_house_value"}, "",
    ),
    "regression, California, float64": (
        "california_housing.csv", "example:diabetes",
        {"target": "median_house_value", "dtype": "float64"}, "",
    ),
}  # fmt: skip
STAND_IN_TARGET = "target"


def trained(name: str, folder: str) -> Any:
    """Return the run of a case, with its decision; None where there is no data for it."""
    import xent
    from xent.workflow.deciding import decide_run, decide_run_by_costs
    from xent.workflow.recalibrating import recalibrate_run

    file, stand_in, settings, decided = CASES[name]
    source: Any = Path(__file__).resolve().parents[2] / "shared" / "data" / file
    if not source.exists():
        if not stand_in:
            return None
        source, settings = stand_in, {**settings, "target": STAND_IN_TARGET}
    run = xent.train(source, **{**TRAINING, **settings, "runs": folder})
    if decided == "threshold":
        decide_run(run, {"cost_fn": 5.0, "cost_fp": 1.0})
    if decided == "isotonic":
        recalibrate_run(run, "isotonic")
    if decided == "costs":
        decide_run_by_costs(run, None, 0.4)
    return run


def rows_of(name: str, parity: Any, dtype: str) -> list[Row]:
    """Return the bars of one case: no flip; and within 1e-6, but where the network's dtype does not itself know."""
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in parity.n_of_kind.items() if count)
    flips = f"{parity.n_flips} of {parity.n_rows:,}"
    ties = f"{parity.n_ties} rows within 1e-6 apart, {parity.n_tie_flips} of them differently"
    rows = [Row(f"{name}: decided differently ({kinds})", flips, "0", parity.n_flips == 0, ties)]
    for what, chosen in (
        ("largest difference", [kind for kind in parity.differences if kind != "offset"]),
        ("of rows offset by 1e6", ["offset"]),
    ):
        apart = max(parity.differences[kind] for kind in chosen)
        own = max(parity.roundings[kind] for kind in chosen)
        bar = f"<= 1e-6, or 8 times what {dtype} is itself off ({own:.1e})"
        if apart <= 1e-6:
            bar = "<= 1e-6"
        rows.append(Row(f"{name}: {what}", f"{apart:.1e}", bar, apart <= max(1e-6, 8 * own)))
    return rows


def main() -> int:
    """Measure every case, or those whose names hold a word of the command line."""
    from xent.workflow.exporting import export

    warnings.simplefilter("ignore")
    wanted = sys.argv[1:]
    rows: list[Row] = []
    sizes, status = [], 0
    for name in CASES:
        if wanted and not any(word in name for word in wanted):
            continue
        with tempfile.TemporaryDirectory() as folder:
            run = trained(name, folder)
            if run is None:
                print(f"skipped: {name} (no data)")
                continue
            done = export(run, Path(folder) / "model.onnx", n_checked=N_ROWS)
            print(f"{name}\n{done.parity}", flush=True)
            rows += rows_of(name, done.parity, run.model.engine.dtype.name)
            sizes.append(f"{name}: {done.n_bytes / 1e3:.0f} kB")
            # after each case: the next may take minutes
            status = report("onnx", rows, notes=["files: " + "; ".join(sizes)])
    return status


if __name__ == "__main__":
    sys.exit(main())
