"""After training: the model in the target's units, the verdict, the baseline, the predictions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from xent.engines import prediction_engine
from xent.evaluation import PartFigures, Verdict, fit_constant, judge
from xent.evaluation.verdict_intervals import with_intervals
from xent.runs import Evaluation, Model
from xent.runs.evaluation_file import write_evaluation
from xent.runs.model_file import write_model
from xent.runs.predictions import prediction_table, write_table
from xent.training import Part
from xent.workflow.baseline import fit_baseline

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xent.arrays import Array
    from xent.distributions import Distribution
    from xent.engines import Engine
    from xent.evaluation import ConstantPredictor
    from xent.runs import RunFolder
    from xent.training.fitting import TargetScale
    from xent.workflow.preparing import PreparedData, Rows

__all__ = ["evaluate_parts", "finished_model", "write_results"]


def finished_model(
    engine: Engine, distribution: Distribution, prepared: PreparedData, scale: TargetScale
) -> Model:
    """Return the trained network with the plain distribution, in the units of the target.

    The engine that was trained is left as it is: it could go on.
    """
    own = prediction_engine(engine.network, distribution, engine.dtype.name)
    own.load_state(engine.state())
    scale.unscale(own)
    return Model(own, prepared.target)


def evaluate_parts(
    model: Model, prepared: PreparedData, outputs: Mapping[str, Array], family: Distribution
) -> Evaluation:
    """Return the verdict on every part, beside the constant predictor and a linear baseline fitted here.

    Parameters
    ----------
    model : Model
    prepared : PreparedData
    outputs : mapping of str to ndarray
        The model's outputs for the rows of each part.
    family : Distribution
        Of the constant and the baseline: the model's, with a free spread where the model's own was
        found after training. Each then has the spread that suits it.
    """
    training, distribution = prepared.parts["training"], model.distribution
    constant = fit_constant(model.task, training.y, distribution=family, weight=training.weight)
    baseline = fit_baseline(family, Part(training.X, training.y, training.weight))
    verdict = {
        part: _figures(model.task, rows, outputs[part], distribution, constant)
        for part, rows in prepared.parts.items()
    }
    # the last part is the one that nothing was fitted to or chosen by
    last, rows = list(prepared.parts.items())[-1]
    verdict[last] = with_intervals(
        verdict[last],
        model.task,
        rows.y,
        outputs[last],
        distribution=distribution,
        weight=rows.weight,
    )
    linear = {
        part: _figures(model.task, rows, baseline.predict(rows.X), family, constant)
        for part, rows in prepared.parts.items()
    }
    return Evaluation(
        Verdict(model.task, verdict), constant, baseline.name, Verdict(model.task, linear)
    )


def write_results(
    folder: RunFolder, model: Model, prepared: PreparedData, family: Distribution
) -> Evaluation:
    """Judge the model and write model, evaluation and the predictions for the rows that were held out."""
    outputs = {part: model.engine.predict(rows.X) for part, rows in prepared.parts.items()}
    evaluation = evaluate_parts(model, prepared, outputs, family)
    tables = [
        prediction_table(
            model,
            outputs[part],
            rows=rows.rows,
            part=part,
            y=rows.labels,
            weight=rows.weight,
            group=rows.group,
            file=rows.file,
        )
        for part, rows in prepared.parts.items()
    ]
    held_out = tables[1:] or [tables[0].clear()]
    write_model(folder.model, model)
    write_table(folder.predictions, pl.concat(held_out, how="vertical_relaxed"))
    write_evaluation(folder.evaluation, evaluation)
    return evaluation


def _figures(
    task: str, rows: Rows, z: Array, distribution: Distribution, constant: ConstantPredictor
) -> PartFigures:
    return judge(task, rows.y, z, distribution=distribution, constant=constant, weight=rows.weight)
