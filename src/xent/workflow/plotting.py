"""Every chart by its name on the command line, drawn from runs or from labelled predictions."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from xent import figures
from xent.errors import XentError, nearest_hint
from xent.workflow.layer_figures import (
    draw_activation_map,
    draw_activations,
    draw_idle_units,
    draw_mistakes,
    draw_network,
    draw_saliency,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import altair as alt

    from xent.workflow.plot_sources import PlotSource

__all__ = ["FIGURES", "PlotSettings", "PlottedFigure", "figure_named", "plot"]

Look = dict[str, Any]


@dataclass(frozen=True)
class PlotSettings:
    """What may be set; what a figure has no use for must be left out.

    Parameters
    ----------
    metric : str, optional
        What is drawn by epoch, such as accuracy.
    scale : {"linear", "log"}, optional
        Of a loss.
    layer : int, optional
        Which layer's activations, from 1.
    cost_fn, cost_fp : float, optional
        Cost of a miss and of a false alarm.
    """

    metric: str | None = None
    scale: str | None = None
    layer: int | None = None
    cost_fn: float | None = None
    cost_fp: float | None = None


@dataclass(frozen=True)
class PlottedFigure:
    """A chart: what it shows, how it is drawn, which settings it takes.

    Parameters
    ----------
    summary : str
    draw : callable
        Sources, settings and look (theme, width, title) to a chart.
    settings : tuple of str
    takes_several : bool
        Whether more than one source may be given.
    """

    summary: str
    draw: Callable[[Sequence[PlotSource], PlotSettings, Look], Any]
    settings: tuple[str, ...] = ()
    takes_several: bool = False


def plot(
    name: str,
    sources: Sequence[PlotSource],
    settings: PlotSettings | None = None,
    *,
    theme: str = "light",
    width: int = 480,
    title: str | None = None,
) -> alt.TopLevelMixin:
    """Return a chart by its name.

    Parameters
    ----------
    name : str
        One of `FIGURES`.
    sources : sequence of PlotSource
        Most figures take one.
    settings : PlotSettings, optional
    theme : {"light", "dark"}
    width : int
        In pixels.
    title : str, optional
        By default the figure's own.

    Raises
    ------
    XentError
        When there is no such figure (the nearest is named), it takes no such setting, or the
        source lacks what it needs.
    """
    figure = figure_named(name)
    if not sources:
        raise XentError(f"{name} needs a run or a table of predictions, got none.")
    if len(sources) > 1 and not figure.takes_several:
        several = ", ".join(key for key, known in FIGURES.items() if known.takes_several)
        raise XentError(
            f"{name} takes one run or table, got {len(sources)}. Several are drawn by {several}."
        )
    chosen = PlotSettings() if settings is None else settings
    for setting, value in asdict(chosen).items():
        if value is not None and setting not in figure.settings:
            raise XentError(f"{name} has no use for --{setting.replace('_', '-')}: leave it out.")
    if width < 50:
        raise XentError(f"width must be at least 50 pixels, got {width}.")
    look: Look = {"theme": theme, "width": width}
    if title is not None:
        look["title"] = title
    chart: alt.TopLevelMixin = figure.draw(sources, chosen, look)
    return chart


def figure_named(name: str) -> PlottedFigure:
    """Return the figure of that name.

    Raises
    ------
    XentError
        When there is none; the nearest is named.

    Examples
    --------
    >>> figure_named("roc").takes_several
    True
    """
    if name not in FIGURES:
        raise XentError(
            f"there is no figure {name!r}.{nearest_hint(name, FIGURES)} xent plot --list shows all."
        )
    return FIGURES[name]


def _curves(chart: str, *, marks_decision: bool = True) -> Any:
    """Return how a curve of one or several binary targets is drawn."""

    def draw(sources: Sequence[PlotSource], _: PlotSettings, look: Look) -> Any:
        function = getattr(figures, chart)
        if len(sources) > 1:
            return function({source.name: source.as_task("binary") for source in sources}, **look)
        (source,) = sources
        evaluation = source.as_task("binary")
        if marks_decision and source.thresholds:
            return function(evaluation, points=source.thresholds, **look)
        return function(evaluation, **look)

    return draw


def _evaluated(chart: str, *tasks: str, **more: Callable[[PlotSource], Any]) -> Any:
    """Return how a chart of an evaluation is drawn, with what else it takes from the source."""

    def draw(sources: Sequence[PlotSource], _: PlotSettings, look: Look) -> Any:
        (source,) = sources
        evaluation = source.as_task(*tasks)
        given = {key: make(source) for key, make in more.items()}
        return getattr(figures, chart)(evaluation, **given, **look)

    return draw


def _recorded(chart: str) -> Any:
    """Return how a chart of a history is drawn."""

    def draw(sources: Sequence[PlotSource], _: PlotSettings, look: Look) -> Any:
        return getattr(figures, chart)(sources[0].run.history, **look)

    return draw


def _loss(sources: Sequence[PlotSource], settings: PlotSettings, look: Look) -> Any:
    run = sources[0].run
    more: Look = {} if settings.scale is None else {"scale": settings.scale}
    best = run.record.best_epoch or None
    return figures.loss_history(run.history, best_epoch=best, **more, **look)


def _metric(sources: Sequence[PlotSource], settings: PlotSettings, look: Look) -> Any:
    history = sources[0].run.history
    metric = settings.metric
    if metric is None:
        # what a history always has is not what is asked for
        usual = {"epoch", "learning_rate", "loss", "penalty"}
        metric = next((name for name in history.columns if name not in usual), "accuracy")
    return figures.metric_history(history, metric, **look)


def _roc_by_epoch(sources: Sequence[PlotSource], _: PlotSettings, look: Look) -> Any:
    run = sources[0].run
    if run.model.task == "regression":
        raise XentError(
            f"this figure needs classes, and the target of {run.folder.name} is regression."
        )
    if not run.curve_epochs:
        raise XentError(
            f"{run.folder} has no curves by epoch: they need a validation part. Train with a "
            "validation_fraction above 0."
        )
    positive = next(iter(run.curves(run.curve_epochs[-1])))
    found = {epoch: run.curves(epoch)[positive][0] for epoch in run.curve_epochs}
    named: Look = {"title": f"ROC curve by epoch: {positive}"}
    return figures.roc_by_epoch(found, **(named | look))


def _confusion(sources: Sequence[PlotSource], _: PlotSettings, look: Look) -> Any:
    (source,) = sources
    evaluation = source.as_task("binary", "multiclass")
    matrix = evaluation.confusion_matrix if evaluation.task == "multiclass" else None
    if matrix is None:
        counts = evaluation.at(source.decided_at).counts
        matrix = np.array([[counts.tn, counts.fp], [counts.fn, counts.tp]])
    return figures.confusion_matrix(matrix, classes=source.classes or None, **look)


def _retrieved(sources: Sequence[PlotSource], _: PlotSettings, look: Look) -> Any:
    (source,) = sources
    counts = source.as_task("binary").at(source.decided_at).counts
    return figures.retrieval_picture(counts, **look)


def _dashboard(sources: Sequence[PlotSource], _: PlotSettings, look: Look) -> Any:
    run = sources[0].run
    return figures.training_dashboard(run.history, best_epoch=run.record.best_epoch or None, **look)


def _cost(sources: Sequence[PlotSource], settings: PlotSettings, look: Look) -> Any:
    (source,) = sources
    evaluation = source.as_task("binary")
    if settings.cost_fn is None or settings.cost_fp is None:
        raise XentError(
            "cost needs --cost-fn and --cost-fp, the costs of a miss and of a false alarm. Without costs "
            "there is cost-curve."
        )
    costs: Look = {"cost_fn": settings.cost_fn, "cost_fp": settings.cost_fp}
    return figures.cost_by_threshold(evaluation, **costs, points=source.thresholds or None, **look)


def _correlation(sources: Sequence[PlotSource], _: PlotSettings, look: Look) -> Any:
    (source,) = sources
    names = source.run.column_encoder.feature_names
    return figures.correlation_matrix(source.encoded, names, **look)


def _importance(sources: Sequence[PlotSource], _: PlotSettings, look: Look) -> Any:
    from xent.evaluation.permutation_importance import permutation_importance
    from xent.runs.recalibrator_file import recalibrated

    (source,) = sources
    model, recalibrator = source.run.model, source.run.recalibrator

    def loss(y: Any, z: Any, weight: Any = None) -> float:
        values = model.distribution.nll(z.reshape(len(z), -1) if z.ndim > 1 else z, y)
        return float(np.average(np.asarray(values, dtype=np.float64), weights=weight))

    found = permutation_importance(
        lambda rows: recalibrated(model, model.engine.predict(rows), recalibrator),
        source.encoded,
        source.truth,
        loss,
        features=source.features,
        lower_is_better=True,
        weight=source.weight,
    )
    return figures.feature_importance(found, figure="loss (nats)", **look)


def _clipping(sources: Sequence[PlotSource], _: PlotSettings, look: Look) -> Any:
    (source,) = sources
    source.as_task("binary")
    names = [name for name in source.run.predictions.columns if name.startswith("z_")]
    return figures.loss_agreement(source.rows[names[0]].to_numpy(), source.truth, **look)


def _comparison(sources: Sequence[PlotSource], _: PlotSettings, look: Look) -> Any:
    return figures.run_comparison({source.name: source.evaluation for source in sources}, **look)


FIGURES: Final[dict[str, PlottedFigure]] = {
    "roc": PlottedFigure("ROC curve", _curves("roc_curve"), takes_several=True),
    "pr": PlottedFigure(
        "precision and recall", _curves("precision_recall_curve"), takes_several=True
    ),
    "det": PlottedFigure(
        "misses against false alarms, on normal-deviate axes",
        _curves("det_curve", marks_decision=False),
        takes_several=True,
    ),
    "roc-epochs": PlottedFigure("ROC curve of the validation part by epoch", _roc_by_epoch),
    "cost": PlottedFigure("cost by threshold", _cost, ("cost_fn", "cost_fp")),
    "cost-curve": PlottedFigure(
        "least cost for every mix of costs and prevalence", _evaluated("cost_curve", "binary")
    ),
    "gain": PlottedFigure(
        "positives held by the highest scores", _evaluated("gain_curve", "binary")
    ),
    "lift": PlottedFigure("lift of the highest scores", _evaluated("lift_curve", "binary")),
    "histogram": PlottedFigure(
        "scores by class",
        _evaluated(
            "score_histogram",
            "binary",
            classes=lambda source: tuple(source.classes),
            points=lambda source: source.thresholds or None,
        ),
    ),
    "calibration": PlottedFigure(
        "share of positives against probability", _evaluated("reliability_diagram", "binary")
    ),
    "clipping": PlottedFigure(
        "loss from logits and from clipped probabilities, row by row", _clipping
    ),
    "thresholds": PlottedFigure(
        "figures by threshold",
        _evaluated(
            "figures_by_threshold", "binary", points=lambda source: source.thresholds or None
        ),
    ),
    "confusion": PlottedFigure("confusion matrix", _confusion),
    "retrieved": PlottedFigure(
        "rows as dots: which are positive, which were called so", _retrieved
    ),
    "classes": PlottedFigure(
        "precision, recall, F1 of each class",
        _evaluated("class_figures", "multiclass", names=lambda source: source.classes),
    ),
    "labels": PlottedFigure(
        "precision, recall, F1 of each label",
        _evaluated("label_figures", "multilabel", names=lambda source: source.classes),
    ),
    "cooccurrence": PlottedFigure(
        "labels that occur together",
        _evaluated("label_cooccurrence", "multilabel", names=lambda source: source.classes),
    ),
    "predicted": PlottedFigure(
        "predicted against true", _evaluated("predicted_against_true", "regression")
    ),
    "residuals": PlottedFigure(
        "residuals against predicted", _evaluated("residuals_against_predicted", "regression")
    ),
    "residual-histogram": PlottedFigure(
        "distribution of residuals", _evaluated("residual_histogram", "regression")
    ),
    "dashboard": PlottedFigure("loss and every figure by epoch, a panel each", _dashboard),
    "history": PlottedFigure("loss by epoch", _loss, ("scale",)),
    "metric": PlottedFigure("a metric by epoch", _metric, ("metric",)),
    "gradients": PlottedFigure("gradient norm by layer by epoch", _recorded("gradient_norms")),
    "weights": PlottedFigure("weight norm by layer by epoch", _recorded("weight_norms")),
    "network": PlottedFigure("the network, layer by layer", draw_network),
    "activations": PlottedFigure("outputs of every layer", draw_activations),
    "activation-map": PlottedFigure(
        "outputs of one layer, unit by row", draw_activation_map, ("layer",)
    ),
    "idle-units": PlottedFigure("dead units and saturated outputs by layer", draw_idle_units),
    "correlation": PlottedFigure("correlation of the encoded features", _correlation),
    "importance": PlottedFigure("permutation importance of the columns", _importance),
    "mistakes": PlottedFigure(
        "images decided wrong most surely, right most surely, least surely",
        draw_mistakes,
    ),
    "saliency": PlottedFigure(
        "the same images, and where in them the network looked", draw_saliency
    ),
    "comparison": PlottedFigure("figures of several runs", _comparison, takes_several=True),
}
