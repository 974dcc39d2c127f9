"""What the API says of one run: its record, columns, curves, findings, report."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Final

from xent.data import ImageEncoder
from xent.diagnosis import diagnose_history
from xent.errors import XentError
from xent.runs.curve_files import curve_epochs
from xent.studio.rows import columns_of
from xent.studio.runs_index import RunNotFoundError, history_records

if TYPE_CHECKING:
    from xent.runs import Run
    from xent.studio.runs_index import RunsIndex

__all__ = ["ReportShelf", "curves_json", "findings_json", "run_json"]

_MOST_REPORTS: Final = 4
# of a longer history the doctor sees a part, evenly chosen
_MOST_RECORDS: Final = 5_000


def run_json(index: RunsIndex, identifier: str) -> dict[str, Any]:
    """Return all that the page of a run shows; a damaged run says what is damaged.

    Raises
    ------
    RunNotFoundError
    """
    from xent.workflow.reporting import training_command

    if identifier not in index.ids():
        raise RunNotFoundError(f"there is no run {identifier!r} here.")
    summary = index.summary(identifier)
    if summary["damaged"]:
        return summary
    run = index.run(identifier)
    record = run.record
    more: dict[str, Any] = {
        "recipe": record.recipe,
        "command": training_command(run),
        "versions": record.versions,
        "warnings": record.warnings,
        "curve_epochs": curve_epochs(run.files.curves),
        "columns": [],
        "images": None,
        "decision": None,
        "verdict": None,
        "can_predict": run.files.model.name in record.files,
    }
    try:
        encoder = run.encoder
        if isinstance(encoder, ImageEncoder):
            more["images"] = list(encoder.shape)
        else:
            more["columns"] = [column.to_json() for column in columns_of(encoder)]
        if more["can_predict"]:
            more["verdict"] = run.verdict.to_json()
            more["baseline"] = {
                "name": run.evaluation.baseline_name,
                "verdict": run.evaluation.baseline.to_json(),
            }
            more["decision"] = None if run.decision is None else run.decision.to_json()
            more["classes"] = [str(label) for label in run.model.target.classes]
    except XentError as error:
        more["damaged"] = index.told(error)
        more["can_predict"] = False
    return {**summary, **more}


def curves_json(run: Run, epoch: int) -> dict[str, Any]:
    """Return the ROC and the precision-recall curve of each class at an epoch.

    Raises
    ------
    XentError
        When there are none, or their file is damaged or a link.
    """
    for path in (run.files.curves, run.files.curves / f"{epoch}.json"):
        if path.is_symlink():
            raise XentError(f"{path.name} is a link, which is not followed.")
    curves = [
        {"class": name, "roc": roc.to_json(), "pr": pr.to_json()}
        for name, (roc, pr) in run.curves(epoch).items()
    ]
    return {"epoch": epoch, "curves": curves}


def findings_json(index: RunsIndex, identifier: str) -> dict[str, Any]:
    """Return what the doctor says of a training, also of one that goes on, and the warnings of its record.

    A finished one is judged beside the linear model as well.
    """
    folder, run = index.folder(identifier), index.run(identifier)
    records, damaged = history_records(folder)
    records = [record for record in records if "loss" in record]
    step = -(-len(records) // _MOST_RECORDS) or 1
    try:
        if folder.model.name in run.record.files and not damaged:
            from xent.workflow.diagnosing import diagnose_training

            diagnosis = diagnose_training(run)
        else:
            diagnosis = diagnose_history(records[::step])
        found = diagnosis.to_json()["findings"] if records else []
    except (XentError, TypeError, ValueError):
        found = []
    notes = [f"line {number} of history.jsonl is damaged" for number in damaged[:5]]
    return {"findings": found, "warnings": [*run.record.warnings, *notes]}


class ReportShelf:
    """The reports of some runs, each made when it is first asked for and again when its run has changed.

    A report.html that lies in the folder is not served: it may be older than the run's decision, or from elsewhere.

    Parameters
    ----------
    index : RunsIndex
    """

    def __init__(self, index: RunsIndex) -> None:
        self._index = index
        self._made: OrderedDict[str, tuple[tuple[Any, ...], str]] = OrderedDict()
        self._lock = threading.Lock()

    def report(self, identifier: str) -> str:
        """Return a report as HTML.

        Raises
        ------
        XentError
            When the run is not finished, or a file of it is damaged.
        """
        from xent.workflow.reporting import report_run

        run = self._index.run(identifier)
        files = run.files
        stamp = tuple(
            path.stat().st_mtime_ns if path.exists() else 0
            for path in (files.record, files.model, files.decision, files.recalibrator)
        )
        with self._lock:
            known = self._made.get(identifier)
            if known is None or known[0] != stamp:
                known = (stamp, report_run(run))
                self._made[identifier] = known
                if len(self._made) > _MOST_REPORTS:
                    self._made.popitem(last=False)
            self._made.move_to_end(identifier)
        return known[1]
