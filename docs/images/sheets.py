"""Makes the sheets of docs/figures.md from built-in examples: every figure of `xent plot`, light and dark."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import vl_convert
from PIL import Image

import xent
from xent.figures.theme import theme_named
from xent.workflow.plot_sources import PlotSource
from xent.workflow.plotting import PlotSettings, plot

if TYPE_CHECKING:
    from collections.abc import Sequence

HERE = Path(__file__).parent
COLUMNS, WIDTH, SCALE, GAP = 3, 360, 0.75, 12
# (figure, run) of each sheet
SHEETS: dict[str, list[tuple[str, str]]] = {
    "scores": [
        *((name, "cancer") for name in ("roc", "pr", "det", "histogram", "calibration")),
        *((name, "cancer") for name in ("thresholds", "cost", "cost-curve", "gain", "lift")),
        *((name, "cancer") for name in ("confusion", "retrieved")),
    ],
    "training": [
        *((name, "cancer") for name in ("dashboard", "history", "metric", "roc-epochs")),
        *((name, "cancer") for name in ("gradients", "weights", "activations", "activation-map")),
        *((name, "cancer") for name in ("idle-units", "network", "correlation", "importance")),
    ],
    "tasks": [
        *((name, "wine") for name in ("classes", "confusion")),
        *((name, "diabetes") for name in ("predicted", "residuals", "residual-histogram")),
        ("comparison", "diabetes"),
    ],
}
EXAMPLES: dict[str, dict[str, Any]] = {
    "cancer": {"source": "example:breast_cancer", "positive": "malignant"},
    "wine": {"source": "example:wine"},
    "diabetes": {"source": "example:diabetes"},
}


def picture(figure: str, source: PlotSource, theme: str) -> Image.Image:
    """Return one figure of a run."""
    settings = PlotSettings(cost_fn=5.0, cost_fp=1.0) if figure == "cost" else None
    chart = plot(figure, [source], settings, theme=theme, width=WIDTH)
    png = vl_convert.vegalite_to_png(chart.to_dict(validate=False), scale=SCALE)
    return Image.open(io.BytesIO(png)).convert("RGB")


def sheet(pictures: Sequence[Image.Image], background: str) -> Image.Image:
    """Return pictures side by side: each goes beneath the shortest column."""
    wide = max(image.width for image in pictures) + GAP
    ends, places = [0] * COLUMNS, []
    for image in pictures:
        column = ends.index(min(ends))
        places.append((column * wide, ends[column]))
        ends[column] += image.height + GAP
    whole = Image.new("RGB", (COLUMNS * wide, max(ends)), background)
    for image, place in zip(pictures, places, strict=True):
        whole.paste(image, place)
    return whole


def draw_sheets() -> None:
    """Train on the examples and write every sheet, light and dark."""
    with tempfile.TemporaryDirectory() as folder:
        runs = {
            name: xent.train(
                settings["source"],
                target="target",
                positive=settings.get("positive"),
                hidden=(24, 12),
                epochs=60,
                random_state=1,
                runs=folder,
            )
            for name, settings in EXAMPLES.items()
        }
        for name, figures in SHEETS.items():
            for theme in ("light", "dark"):
                pictures = [
                    picture(figure, PlotSource(run, runs[run]), theme) for figure, run in figures
                ]
                drawn = sheet(pictures, theme_named(theme).background)
                # 160 colors are enough for lines and letters, and a third of the bytes
                small = drawn.quantize(160, method=Image.Quantize.MEDIANCUT)
                small.save(HERE / f"figures-{name}-{theme}.png", optimize=True)


if __name__ == "__main__":
    draw_sheets()
