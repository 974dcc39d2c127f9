"""How the figures of a run's layers and images are drawn: those that need its network and its rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xent import figures
from xent.errors import XentError
from xent.network import Activate, Dense
from xent.workflow.image_decisions import image_decisions, image_evidence
from xent.workflow.unit_outputs import unit_outputs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xent.workflow.image_decisions import ImageDecisions
    from xent.workflow.plot_sources import PlotSource
    from xent.workflow.plotting import PlotSettings

__all__ = [
    "draw_activation_map",
    "draw_activations",
    "draw_idle_units",
    "draw_mistakes",
    "draw_network",
    "draw_saliency",
]

Look = dict[str, Any]


def draw_network(sources: Sequence[PlotSource], _: PlotSettings, look: Look) -> Any:
    """Draw the network of a run."""
    return figures.network_diagram(sources[0].run.model.engine.network, **look)


def _outputs_by_unit(source: PlotSource) -> tuple[list[str], list[Any]]:
    """Return name and output of every layer, a number a unit or channel."""
    engine = source.run.model.engine
    layers = engine.network.layers
    names = [f"{place}: {_layer_name(layer)}" for place, layer in enumerate(layers, 1)]
    return names, unit_outputs(engine, source.encoded)


def _layer_name(layer: Any) -> str:
    kind = getattr(layer, "name", type(layer).__name__.lower())
    activation = getattr(layer, "activation", None)
    if activation is None or isinstance(layer, Dense | Activate):
        return activation or kind
    return kind if activation == "identity" else f"{kind} {activation}"


def draw_activations(sources: Sequence[PlotSource], _: PlotSettings, look: Look) -> Any:
    """Draw the outputs of every layer."""
    names, outputs = _outputs_by_unit(sources[0])
    return figures.activation_distributions(outputs, names=names, **look)


def draw_activation_map(sources: Sequence[PlotSource], settings: PlotSettings, look: Look) -> Any:
    """Draw the outputs of one layer, unit by row."""
    (source,) = sources
    _, outputs = _outputs_by_unit(source)
    # by default the last hidden one
    layer = max(len(outputs) - 1, 1) if settings.layer is None else settings.layer
    if not 1 <= layer <= len(outputs):
        raise XentError(f"layer must be 1 to {len(outputs)}, got {layer}.")
    y = source.truth if source.truth.ndim == 1 else None
    return figures.activation_map(outputs[layer - 1], y=y, **look)


def draw_idle_units(sources: Sequence[PlotSource], _: PlotSettings, look: Look) -> Any:
    """Draw dead units and saturated outputs by layer."""
    (source,) = sources
    return figures.idle_units(source.run.model.engine.network, _outputs_by_unit(source)[1], **look)


def draw_mistakes(sources: Sequence[PlotSource], _: PlotSettings, look: Look) -> Any:
    """Draw the images decided wrong most surely, right most surely, and least surely."""
    decisions = _shown(sources[0])
    return figures.image_sheet(decisions.images, decisions.cases, files=decisions.files, **look)


def draw_saliency(sources: Sequence[PlotSource], _: PlotSettings, look: Look) -> Any:
    """Draw the same images, and where in them the network looked."""
    decisions, model = _shown(sources[0]), sources[0].run.model
    evidence = image_evidence(model.engine, model.task, decisions)
    return figures.image_sheet(
        decisions.images,
        decisions.cases,
        heats=evidence.heats,
        files=decisions.files,
        **{"title": "What decided", "subtitle": evidence.legend, **look},
    )


def _shown(source: PlotSource) -> ImageDecisions:
    decisions = image_decisions(source)
    if not decisions.cases:
        raise XentError(f"{source.name} predicts every row exactly: there is no image to show.")
    return decisions
