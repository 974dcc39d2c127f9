"""Reports: what a run, or labelled predictions from anywhere, has to show, as one page of HTML."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

import numpy as np

from xent.decisions import Decision, judge_cost_decision, judge_decision
from xent.diagnosis import diagnose_predictions
from xent.engines.stored_engine import StoredEngine
from xent.errors import XentError
from xent.evaluation.evaluations import evaluate
from xent.reports import report_page
from xent.reports.cost_decision_section import cost_decision_section
from xent.reports.decision_section import decision_section
from xent.reports.image_section import image_section
from xent.reports.markup import element, join
from xent.reports.origin_sections import PartRows, asked_section, data_section, findings_section
from xent.reports.task_sections import Named, history_section, task_sections
from xent.reports.verdict_section import figures_section, verdict_section
from xent.training import TrainingSettings
from xent.workflow.data_settings import DataSettings
from xent.workflow.diagnosing import diagnose_run
from xent.workflow.image_decisions import image_decisions, image_evidence, is_image_run
from xent.workflow.plot_sources import PlotSource

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from xent.arrays import Array
    from xent.evaluation import RocCurve
    from xent.evaluation.evaluations import Evaluation
    from xent.reports.markup import Markup
    from xent.reports.page import Section
    from xent.runs import Run
    from xent.workflow.prediction_files import LabelledPredictions

__all__ = ["report_predictions", "report_run", "training_command"]


def report_run(run: Run) -> str:
    """Return the report of a finished run as HTML.

    Its views are of the test rows, or of the validation rows where there are no others.

    Parameters
    ----------
    run : Run

    Raises
    ------
    XentError
        When the run is not finished, or a file of it is damaged.
    """
    record, target = run.record, run.model.target
    sections = [verdict_section(run.evaluation)]
    part = _last_part(run)
    decision = run.decision if isinstance(run.decision, Decision) else None
    if part is not None:
        named = Named(_names(run), f"{part} rows", target.names)
        evaluation = _evaluation(run, part)
        sections += [
            *_decision_sections(run, evaluation, part),
            *task_sections(evaluation, named, decision),
        ]
    shown, left_out = _image_sections(run, part)
    sections += shown
    if len(run.history):
        sections.append(history_section(run.history.records, record.best_epoch, _roc_curves(run)))
    sections += [
        findings_section(diagnose_run(run), record.warnings),
        data_section(_parts(run), _facts(run)),
        asked_section(record, training_command(run)),
    ]
    what = ", ".join(target.names[:5]) + (", ..." if len(target.names) > 5 else "")
    lead = f"{record.task} of {what}"
    if target.positive is not None:
        lead += f", positive class {target.positive}"
    folder = f"run {run.folder.name}, {record.status}, {record.started[:10]}"
    lines = [element("p", None, lead), element("p", None, folder), *_recalibrated(run), *left_out]
    return report_page(record.data.name, join(lines), sections)


def report_predictions(predictions: LabelledPredictions, evaluation: Evaluation) -> str:
    """Return the report of labelled predictions as HTML.

    Parameters
    ----------
    predictions : LabelledPredictions
    evaluation : Evaluation
        Of them.
    """
    named = Named(tuple(map(str, predictions.classes)), "rows", ())
    sections = [figures_section(evaluation), *task_sections(evaluation, named, None)]
    if predictions.declared in {"probabilities", "logits", "scores"} and predictions.y.ndim == 1:
        given: dict[str, Any] = {predictions.declared: predictions.predicted}
        found = diagnose_predictions(predictions.y, weight=predictions.weight, **given)
        sections.append(findings_section({"predictions": found}, ()))
    counted = _counted(predictions.y, named.classes, evaluation.task)
    sections.append(data_section([PartRows("rows", len(predictions.y), counted)], ()))
    lead = f"{evaluation.task}, given as {predictions.declared}"
    if evaluation.task == "binary":
        lead += f", positive class {predictions.classes[-1]}"
    return report_page(predictions.name, element("p", None, lead), sections)


def training_command(run: Run) -> list[str]:
    """Return the command that repeats a run's training, with every setting that is not the default."""
    record = run.record
    defaults = {
        name: field.default
        for settings in (DataSettings, TrainingSettings)
        for name, field in settings.__dataclass_fields__.items()
    }
    words = ["xent", "train", record.data.path or record.data.name]
    for name, value in record.recipe.items():
        default = defaults.get(name)
        same = list(default) if isinstance(default, tuple) else default
        if (
            name == "random_state"
            or value in (same, default)
            or (name == "dtype" and value == "float32")
        ):
            continue
        option = name.replace("_", "-")
        if isinstance(value, bool):
            words.append(f"--{option}" if value else f"--no-{option}")
        else:
            words += [f"--{option}", _option_text(value)]
    return [*words, "--seed", str(record.seed)]


def _option_text(value: Any) -> str:
    if isinstance(value, dict):
        return json.dumps(value)
    if not isinstance(value, list):
        return str(value)
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(value)
    return line.getvalue()


def _last_part(run: Run) -> str | None:
    parts = run.predictions["part"].unique().to_list()
    return next((name for name in ("test", "validation") if name in parts), None)


def _names(run: Run) -> tuple[str, ...]:
    target = run.model.target
    return target.names if target.task == "multilabel" else tuple(map(str, target.classes))


def _evaluation(run: Run, part: str) -> Evaluation:
    """Return the evaluation of a part's predictions; thresholds are on probabilities, as in decisions."""
    rows, model = _rows(run, part), run.model
    weight = rows["weight"].to_numpy() if "weight" in rows.columns else None
    y = _truth(run, rows)
    if model.task == "regression":
        return evaluate(y, predictions=rows["mean"].to_numpy(), weight=weight)
    outputs = [name for name in rows.columns if name.startswith("z_")]
    z = rows.select(outputs).to_numpy().astype(np.float64)
    p = np.asarray(model.distribution.mean(z[:, 0] if model.task == "binary" else z))
    return evaluate(y, probabilities=p, weight=weight)


def _rows(run: Run, part: str) -> pl.DataFrame:
    return run.predictions.filter(run.predictions["part"] == part)


def _truth(run: Run, rows: pl.DataFrame) -> Array:
    target = run.model.target
    if target.task == "multilabel":
        return target.encode(rows.select([f"y_{name}" for name in target.names]).to_numpy())
    return target.encode(rows["y"].to_numpy())


def _decision_sections(run: Run, evaluation: Evaluation, part: str) -> list[Section]:
    """Return what was decided, judged on the run's test rows where there are some."""
    decision, rows = run.decision, evaluation.rows
    if decision is None:
        return []
    if isinstance(decision, Decision):
        judgment = None
        if part == "test":
            judgment = judge_decision(decision, rows.y, rows.predicted, weight=rows.weight)
        return [decision_section(decision, judgment)]
    costs = None
    if part == "test":
        held = run.predictions.filter(run.predictions["part"] == part)
        p = held.select([f"p_{name}" for name in decision.classes]).to_numpy()
        costs = judge_cost_decision(decision, rows.y, p, weight=rows.weight)
    return [cost_decision_section(decision, costs)]


def _recalibrated(run: Run) -> list[Markup]:
    if run.recalibrator is None:
        return []
    text = (
        "The run has a recalibrator. The verdict is the network's own, as training left it; the views and "
        "figures that follow are of the recalibrated probabilities."
    )
    return [element("p", {"class": "warning"}, text)]


def _image_sections(run: Run, part: str | None) -> tuple[list[Section], list[Markup]]:
    """Return the sheet of a run's images; where they are not there any more, a line that says so."""
    if part is None or not is_image_run(run.model.engine):
        return [], []
    source = PlotSource(run.folder.name, run, part)
    try:
        decisions = image_decisions(source)
    except XentError as reason:
        text = f"The images are left out: {reason}"
        return [], [element("p", {"class": "warning"}, text)]
    engine, evidence, left_out = run.model.engine, None, []
    if isinstance(engine, StoredEngine):
        text = "Where the network looked is left out: the code of the own module was not given (--module)."
        left_out.append(element("p", {"class": "warning"}, text))
    else:
        evidence = image_evidence(engine, run.model.task, decisions)
    section = image_section(
        decisions.images,
        decisions.cases,
        files=decisions.files,
        evidence=evidence,
        rows=f"{part} rows",
    )
    return [section], left_out


def _roc_curves(run: Run) -> dict[int, RocCurve]:
    """Return the ROC curves of the positive class by epoch; none without one."""
    if run.model.task != "binary":
        return {}
    found = {epoch: run.curves(epoch) for epoch in run.curve_epochs}
    return {epoch: next(iter(curves.values()))[0] for epoch, curves in found.items() if curves}


def _parts(run: Run) -> list[PartRows]:
    names, task = _names(run), run.model.task
    parts = []
    for name, figures in run.verdict.parts.items():
        counted: dict[str, int] = {}
        if name in set(run.predictions["part"].to_list()):
            counted = _counted(_truth(run, _rows(run, name)), names, task)
        elif task != "regression" and run.settings.get("weight") is None:
            # the constant predictor is fitted on these rows: it says the shares of the classes
            shares = np.ravel(run.model.distribution.mean(run.evaluation.constant.outputs(1)))
            counts = np.rint(shares * figures.n_rows).astype(int).tolist()
            if task == "binary":
                counts = [figures.n_rows - counts[0], counts[0]]
            counted = dict(zip(names, counts, strict=True))
        parts.append(PartRows(name, figures.n_rows, counted))
    return parts


def _counted(y: Array, names: Sequence[str], task: str) -> dict[str, int]:
    if task == "regression":
        return {}
    if task == "multilabel":
        return dict(zip(names, np.asarray(y).astype(bool).sum(axis=0).tolist(), strict=True))
    counts = np.bincount(np.asarray(y, dtype=np.int64).ravel(), minlength=len(names))
    return dict(zip(names, counts.tolist(), strict=False))


def _facts(run: Run) -> list[tuple[str, object]]:
    if is_image_run(run.model.engine):
        channels, height, width = run.model.engine.network.row_shape
        size = f"{height} × {width} pixels, {channels} channel{'s' * (channels > 1)}"
        return [("images", size)]
    encoder = run.column_encoder
    n_categorical = len(encoder.categorical)
    names = [f"{len(encoder.numeric.names) - len(encoder.boolean):,} numeric"]
    names += [f"{len(encoder.boolean):,} boolean"] if encoder.boolean else []
    names += [f"{n_categorical:,} categorical"] if n_categorical else []
    n_inputs = run.model.engine.network.n_inputs
    return [("columns", ", ".join(names)), ("inputs of the network", f"{n_inputs:,}")]
