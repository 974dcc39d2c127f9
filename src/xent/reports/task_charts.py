"""Which charts of `xent.figures` a report shows, of each task and of the training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from xent import figures
from xent.reports.charts import themed_chart
from xent.reports.markup import Markup, element

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from xent.evaluation.curves import RocCurve
    from xent.evaluation.evaluations.binary import BinaryEvaluation
    from xent.evaluation.evaluations.multiclass import MulticlassEvaluation
    from xent.evaluation.evaluations.multilabel import MultilabelEvaluation
    from xent.evaluation.evaluations.regression import RegressionEvaluation

__all__ = [
    "calibration_charts",
    "class_charts",
    "label_charts",
    "number_charts",
    "training_charts",
]

# the figure that is shown by epoch beside the loss: the first that the history has
METRICS: Final = ("auc", "accuracy", "exact_match", "rmse")
MOST_NAMED: Final = 40  # classes or labels up to which bars have room


def training_charts(
    records: Sequence[dict[str, Any]], best_epoch: int, curves: Mapping[int, RocCurve] | None
) -> Markup:
    """Return loss, one figure, ROC curves, and the norms of gradients and weights by epoch."""
    metric = next((name for name in METRICS if name in records[-1]), None)
    charts = [
        themed_chart(
            "loss", lambda theme: figures.loss_history(records, best_epoch=best_epoch, theme=theme)
        )
    ]
    if metric is not None:
        charts.append(
            themed_chart(
                "metric",
                lambda theme: figures.metric_history(
                    records, metric, best_epoch=best_epoch, theme=theme
                ),
            )
        )
    if curves:
        charts.append(
            themed_chart("epochs", lambda theme: figures.roc_by_epoch(curves, theme=theme))
        )
    if "gradient_norms" in records[-1]:
        charts += [
            themed_chart("gradients", lambda theme: figures.gradient_norms(records, theme=theme)),
            themed_chart("weights", lambda theme: figures.weight_norms(records, theme=theme)),
        ]
    return _grid(charts)


def calibration_charts(e: BinaryEvaluation) -> Markup:
    """Return the reliability diagram."""
    return _grid(
        [themed_chart("reliability", lambda theme: figures.reliability_diagram(e, theme=theme))]
    )


def class_charts(e: MulticlassEvaluation, names: Sequence[str]) -> Markup:
    """Return figures by class and the confusion matrix."""
    charts = []
    if len(names) <= MOST_NAMED:
        charts.append(
            themed_chart(
                "classes", lambda theme: figures.class_figures(e, names=unlike(names), theme=theme)
            )
        )
    charts.append(
        themed_chart(
            "confusion",
            lambda theme: figures.confusion_matrix(
                e.confusion_matrix, classes=unlike(names), theme=theme
            ),
        )
    )
    return _grid(charts)


def label_charts(e: MultilabelEvaluation, names: Sequence[str]) -> Markup:
    """Return figures by label, and which labels occur together."""
    if len(names) > MOST_NAMED or e.decided is None:
        return Markup("")
    return _grid(
        [
            themed_chart(
                "labels", lambda theme: figures.label_figures(e, names=unlike(names), theme=theme)
            ),
            themed_chart(
                "cooccurrence",
                lambda theme: figures.label_cooccurrence(e, names=unlike(names), theme=theme),
            ),
        ]
    )


def number_charts(e: RegressionEvaluation) -> Markup:
    """Return predictions against the truth, and the residuals."""
    return _grid(
        [
            themed_chart("predicted", lambda theme: figures.predicted_against_true(e, theme=theme)),
            themed_chart(
                "residuals", lambda theme: figures.residuals_against_predicted(e, theme=theme)
            ),
            themed_chart("spread", lambda theme: figures.residual_histogram(e, theme=theme)),
        ]
    )


def unlike(names: Sequence[str]) -> list[str]:
    """Return names that differ from each other: 1 and "1" are two classes of one name.

    Examples
    --------
    >>> unlike(["a", "b", "a"])
    ['a', 'b', 'a (2)']
    """
    made: list[str] = []
    for name in names:
        new, count = name, 1
        while new in made:
            count += 1
            new = f"{name} ({count})"
        made.append(new)
    return made


def _grid(charts: Sequence[Markup]) -> Markup:
    # four are shown two by two
    return element("div", {"class": "charts two" if len(charts) == 4 else "charts"}, *charts)
