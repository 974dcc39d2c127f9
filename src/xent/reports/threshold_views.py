"""The linked views of a threshold page, in Vega-Lite: each draws a curve once, and follows signals.

`now` and `best` are rows of the table of thresholds, with the figures that the page's script derives; `chosen` is a row
or null, `costs` what the fields hold. Colors are names that the script replaces by those of the page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["VIEWS", "threshold_views"]

HEIGHT: Final = 250
SHARE: Final = [0, 1]
LOOKS: Final = {
    "best": {"shape": "triangle-up", "color": "@best", "size": 110},
    "chosen": {"shape": "diamond", "color": "@chosen", "size": 130},
    "now": {"shape": "circle", "color": "@now", "size": 110},
}
SIGNALS: Final = ("now", "best", "chosen", "costs")
MARKS: Final = ("best", "chosen", "now")  # the last is drawn on top
VIEWS: Final = {
    "roc": "ROC curve",
    "pr": "Precision and recall",
    "histogram": "Scores by class",
    "cost": "Cost by threshold",
    "figures": "Figures by threshold",
    "cost_curve": "Cost curve",
}


def threshold_views(
    score: str, domain: tuple[float, float], prevalence: float, *, marks: Sequence[str] = MARKS
) -> dict[str, Any]:
    """Return the specification of each view, by the names in `VIEWS`.

    Parameters
    ----------
    score : str
        What the thresholds are on, such as "predicted probability".
    domain : tuple of float
        Of the axis of thresholds.
    prevalence : float
        Share of positive rows, the precision of chance.
    marks : sequence of str
        Which thresholds are marked: "best", "chosen", "now", without "chosen" where none was.
    """
    axis = {"scale": {"domain": list(domain), "nice": False}, "title": f"threshold ({score})"}
    made = {
        "roc": _roc(marks),
        "pr": _pr(marks, prevalence),
        "histogram": _histogram(marks, axis | {"title": score}),
        "cost": _cost(marks, axis),
        "figures": _figures(marks, axis),
        "cost_curve": _cost_curve(),
    }
    return {name: _whole(name, layers) for name, layers in made.items()}


def _whole(name: str, layers: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "description": f"{VIEWS[name]}: the threshold, the cheapest one and the chosen one are marked",
        "width": "container",
        "height": HEIGHT,
        # the script gives them their values
        "params": [{"name": signal, "value": None} for signal in SIGNALS],
        "layer": layers,
    }


def _position(field: str, title: str, **more: Any) -> dict[str, Any]:
    return {"field": field, "type": "quantitative", "title": title, **more}


def _shares(x: str, y: str, x_title: str, y_title: str) -> dict[str, Any]:
    scale = {"scale": {"domain": SHARE}}
    return {"x": _position(x, x_title, **scale), "y": _position(y, y_title, **scale)}


def _line(encoding: dict[str, Any], **mark: Any) -> dict[str, Any]:
    order = {"order": {"field": "i", "type": "quantitative"}}
    shown = {"type": "line", "strokeWidth": 2, "color": "@line", "clip": True, **mark}
    return {"data": {"name": "curve"}, "mark": shown, "encoding": encoding | order}


def _straight(values: list[dict[str, float]], encoding: dict[str, Any]) -> dict[str, Any]:
    return {
        "data": {"values": values},
        "mark": {"type": "line", "strokeDash": [4, 4], "strokeWidth": 1, "color": "@faint"},
        "encoding": encoding,
    }


def _points(marks: Sequence[str], x: str, y: str, encoding: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the three marks; one without a place (a precision of nothing) is left out."""
    return [
        {
            "data": {"values": [{}]},
            "transform": [
                {"calculate": f"{name} ? {name}.{x} : null", "as": x},
                {"calculate": f"{name} ? {name}.{y} : null", "as": y},
                {"filter": f"isValid(datum.{x}) && isValid(datum.{y})"},
            ],
            "mark": {"type": "point", "filled": name != "chosen", "opacity": 1, **LOOKS[name]}
            | {"strokeWidth": 2, "clip": False},
            "encoding": encoding,
        }
        for name in marks
    ]


def _rules(marks: Sequence[str], axis: dict[str, Any]) -> list[dict[str, Any]]:
    dashes = {"best": [2, 3], "chosen": [6, 3], "now": [1, 0]}
    return [
        {
            "data": {"values": [{}]},
            "transform": [
                {"calculate": f"{name} ? {name}.at : null", "as": "at"},
                {"filter": "isValid(datum.at)"},
            ],
            "mark": {"type": "rule", "color": LOOKS[name]["color"], "strokeDash": dashes[name]}
            | {"strokeWidth": 2 if name == "now" else 1.5},
            "encoding": {"x": _position("at", **axis)},
        }
        for name in marks
    ]


def _roc(marks: Sequence[str]) -> list[dict[str, Any]]:
    encoding = _shares("fpr", "recall", "false positive rate", "recall (true positive rate)")
    chance = _straight([{"fpr": 0, "recall": 0}, {"fpr": 1, "recall": 1}], encoding)
    return [chance, _line(encoding), *_points(marks, "fpr", "recall", encoding)]


def _pr(marks: Sequence[str], prevalence: float) -> list[dict[str, Any]]:
    encoding = _shares("recall", "precision", "recall", "precision")
    ends = [{"recall": end, "precision": prevalence} for end in (0, 1)]
    return [
        _straight(ends, encoding),
        _line(encoding),
        *_points(marks, "recall", "precision", encoding),
    ]


def _histogram(marks: Sequence[str], axis: dict[str, Any]) -> list[dict[str, Any]]:
    # from the threshold on a row is called positive: those bins are drawn full
    opacity = {"condition": {"test": "datum.high > now.at", "value": 0.95}, "value": 0.35}
    height = _position(
        "height",
        "share of the class (root scale)",
        scale={"type": "sqrt", "nice": False},
        axis={"format": "%", "labelExpr": "format(abs(datum.value), '.2~%')", "tickCount": 6},
        stack=None,
    )
    bars = {
        "data": {"name": "bins"},
        "mark": {"type": "bar", "binSpacing": 0.5},
        "encoding": {
            "x": _position("low", bin="binned", **axis),
            "x2": {"field": "high"},
            "y": height,
            "color": {
                "field": "class",
                "type": "nominal",
                "title": None,
                "legend": {"orient": "bottom"},
                "scale": {
                    "domain": ["positive", "negative"],
                    "range": ["@positive", "@negative"],
                },
            },
            "opacity": opacity,
            "tooltip": [
                {"field": "class", "type": "nominal"},
                {"field": "rows", "type": "quantitative", "format": ",.6~g"},
                {"field": "low", "type": "quantitative", "format": ".4~g"},
                {"field": "high", "type": "quantitative", "format": ".4~g"},
            ],
        },
    }
    return [bars, *_rules(marks, axis)]


def _cost(marks: Sequence[str], axis: dict[str, Any]) -> list[dict[str, Any]]:
    at = _position("at", **axis)
    # the costs are those of the fields: expectation over the classes at the given prevalence
    formula = (
        "costs.share * (costs.fn * datum.fnr + costs.tp * datum.recall)"
        " + (1 - costs.share) * (costs.fp * datum.fpr + costs.tn * (1 - datum.fpr))"
    )
    title = "expected cost a row"
    # not from the data: else every step would scale, and draw, the whole curve anew
    scale = {"domain": {"expr": "[0, costs.top]"}, "nice": False}
    y = _position("cost", title, scale=scale, axis={"minExtent": 34})
    # the counts change at the scores, between the thresholds
    line = _line({"x": at, "y": y}, interpolate="step")
    line["transform"] = [{"calculate": formula, "as": "cost"}]
    points = _points(marks, "at", "cost", {"x": at, "y": y})
    for point in points:
        # above the axis' end they stand at its end
        point["transform"].append({"calculate": "min(datum.cost, costs.top)", "as": "cost"})
    return [line, *_rules(marks, axis), *points]


def _figures(marks: Sequence[str], axis: dict[str, Any]) -> list[dict[str, Any]]:
    shown = ["precision", "recall", "f1", "mcc"]
    hues, dashes = [f"@hue{k}" for k in range(1, 5)], [[1, 0], [8, 3], [2, 2], [8, 3, 2, 3]]
    capital = "datum.label == 'f1' || datum.label == 'mcc' ? upper(datum.label) : datum.label"
    legend = {"orient": "bottom", "columns": 4, "labelExpr": capital}
    figure = {"field": "figure", "type": "nominal", "title": None, "legend": legend}
    encoding = {
        "x": _position("at", **axis),
        "y": _position("value", "value", scale={"domain": SHARE}),
        "color": figure | {"scale": {"domain": shown, "range": hues}},
        "strokeDash": figure | {"scale": {"domain": shown, "range": dashes}},
    }
    lines = _line(encoding, interpolate="step")
    lines["mark"].pop("color")
    lines["transform"] = [
        {"fold": shown, "as": ["figure", "value"]},
        {"filter": "isValid(datum.value)"},
    ]
    return [lines, *_rules(marks, axis)]


def _cost_curve() -> list[dict[str, Any]]:
    encoding = {
        "x": _position("x", "share of the largest cost that misses have", scale={"domain": SHARE}),
        "y": _position("y", "cost, share of the largest", scale={"domain": [0, 0.5]}),
    }
    trivial = _straight([{"x": 0, "y": 0}, {"x": 0.5, "y": 0.5}, {"x": 1, "y": 0}], encoding)
    envelope = {
        "data": {"name": "envelope"},
        "mark": {"type": "line", "strokeWidth": 2, "color": "@line"},
        "encoding": encoding,
    }
    # a threshold is a line: FPR where only false alarms cost, FNR where only misses do
    line = {
        "data": {"values": [{"x": 0}, {"x": 1}]},
        "transform": [{"calculate": "datum.x ? 1 - now.recall : now.fpr", "as": "y"}],
        "mark": {"type": "line", "strokeWidth": 1.5, "color": "@now", "clip": True},
        "encoding": encoding,
    }
    mix = {
        "data": {"values": [{}]},
        "transform": [{"calculate": "costs.mix", "as": "x"}, {"filter": "isValid(datum.x)"}],
        "mark": {"type": "rule", "color": "@best", "strokeDash": [2, 3], "strokeWidth": 1.5},
        "encoding": {"x": encoding["x"]},
    }
    point = {
        "data": {"values": [{}]},
        "transform": [
            {"calculate": "costs.mix", "as": "x"},
            {"calculate": "costs.mix * (1 - now.recall) + (1 - costs.mix) * now.fpr", "as": "y"},
            {"filter": "isValid(datum.x) && datum.y <= 0.5"},
        ],
        "mark": {"type": "point", "filled": True, "opacity": 1, **LOOKS["now"]},
        "encoding": encoding,
    }
    return [trivial, envelope, line, mix, point]
