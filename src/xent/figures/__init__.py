"""Charts: pure functions from plain arrays, or an evaluation, to an `altair.Chart`, light or dark.

Each chart is loaded when it is first named, and altair with it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xent.figures.activations import activation_distributions as activation_distributions
    from xent.figures.activations import activation_map as activation_map
    from xent.figures.batch_lines import batch_losses as batch_losses
    from xent.figures.classes import class_figures as class_figures
    from xent.figures.clipped_losses import loss_agreement as loss_agreement
    from xent.figures.comparison import run_comparison as run_comparison
    from xent.figures.confusion import confusion_matrix as confusion_matrix
    from xent.figures.correlation import correlation_matrix as correlation_matrix
    from xent.figures.costs import cost_by_threshold as cost_by_threshold
    from xent.figures.costs import cost_curve as cost_curve
    from xent.figures.dashboard import training_dashboard as training_dashboard
    from xent.figures.det import det_curve as det_curve
    from xent.figures.diagram import network_diagram as network_diagram
    from xent.figures.history import loss_history as loss_history
    from xent.figures.history import metric_history as metric_history
    from xent.figures.image_cases import class_cases as class_cases
    from xent.figures.image_cases import label_cases as label_cases
    from xent.figures.image_cases import number_cases as number_cases
    from xent.figures.image_numbers import image_values as image_values
    from xent.figures.image_sheets import image_sheet as image_sheet
    from xent.figures.importance import feature_importance as feature_importance
    from xent.figures.labels import label_cooccurrence as label_cooccurrence
    from xent.figures.labels import label_figures as label_figures
    from xent.figures.lift import gain_curve as gain_curve
    from xent.figures.lift import lift_curve as lift_curve
    from xent.figures.loss_audit import loss_by_logit as loss_by_logit
    from xent.figures.loss_audit_ranges import usable_logits as usable_logits
    from xent.figures.norms import gradient_norms as gradient_norms
    from xent.figures.norms import idle_units as idle_units
    from xent.figures.norms import weight_norms as weight_norms
    from xent.figures.pictures import save as save
    from xent.figures.pr import precision_recall_curve as precision_recall_curve
    from xent.figures.predicted import predicted_against_true as predicted_against_true
    from xent.figures.probability_losses import decision_step as decision_step
    from xent.figures.probability_losses import loss_by_probability as loss_by_probability
    from xent.figures.reliability import reliability_diagram as reliability_diagram
    from xent.figures.residuals import residual_histogram as residual_histogram
    from xent.figures.residuals import residuals_against_predicted as residuals_against_predicted
    from xent.figures.retrieval import retrieval_picture as retrieval_picture
    from xent.figures.roc import roc_curve as roc_curve
    from xent.figures.roc_epochs import roc_by_epoch as roc_by_epoch
    from xent.figures.scatter import fitted_line as fitted_line
    from xent.figures.scores import score_histogram as score_histogram
    from xent.figures.surface import surface_map as surface_map
    from xent.figures.theme import DARK as DARK
    from xent.figures.theme import LIGHT as LIGHT
    from xent.figures.theme import Theme as Theme
    from xent.figures.thresholds import figures_by_threshold as figures_by_threshold

_MODULE_OF = {
    "DARK": "theme",
    "LIGHT": "theme",
    "Theme": "theme",
    "activation_distributions": "activations",
    "activation_map": "activations",
    "batch_losses": "batch_lines",
    "class_cases": "image_cases",
    "class_figures": "classes",
    "confusion_matrix": "confusion",
    "correlation_matrix": "correlation",
    "cost_by_threshold": "costs",
    "cost_curve": "costs",
    "decision_step": "probability_losses",
    "det_curve": "det",
    "feature_importance": "importance",
    "figures_by_threshold": "thresholds",
    "fitted_line": "scatter",
    "gain_curve": "lift",
    "gradient_norms": "norms",
    "idle_units": "norms",
    "image_sheet": "image_sheets",
    "image_values": "image_numbers",
    "label_cases": "image_cases",
    "label_cooccurrence": "labels",
    "label_figures": "labels",
    "lift_curve": "lift",
    "loss_by_logit": "loss_audit",
    "loss_agreement": "clipped_losses",
    "loss_by_probability": "probability_losses",
    "loss_history": "history",
    "metric_history": "history",
    "network_diagram": "diagram",
    "number_cases": "image_cases",
    "precision_recall_curve": "pr",
    "predicted_against_true": "predicted",
    "reliability_diagram": "reliability",
    "residual_histogram": "residuals",
    "residuals_against_predicted": "residuals",
    "retrieval_picture": "retrieval",
    "roc_by_epoch": "roc_epochs",
    "roc_curve": "roc",
    "run_comparison": "comparison",
    "save": "pictures",
    "score_histogram": "scores",
    "surface_map": "surface",
    "training_dashboard": "dashboard",
    "usable_logits": "loss_audit_ranges",
    "weight_norms": "norms",
}

__all__ = list(_MODULE_OF)


def __getattr__(name: str) -> Any:
    """Load a chart on first use (PEP 562)."""
    if name not in _MODULE_OF:
        from xent.errors import nearest_hint

        raise AttributeError(
            f"module 'xent.figures' has no attribute {name!r}.{nearest_hint(name, __all__)}"
        )
    value = getattr(import_module(f"xent.figures.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
