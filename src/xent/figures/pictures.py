"""Charts as files: pictures, pages that need no network, and Vega-Lite's JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from xent.errors import XentError, nearest_hint
from xent.files import write_atomically

if TYPE_CHECKING:
    import altair as alt

__all__ = ["ENDINGS", "save"]

ENDINGS: Final = (".html", ".json", ".pdf", ".png", ".svg")
LARGEST_SCALE: Final = 10

# The policy lets no request leave the page, whatever the chart's data say; without eval Vega needs
# its interpreter (ast). The bundle is inside a function, since its globals (T, n, e) are anyone's.
PAGE: Final = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>body {{ margin: 16px; background: {background}; }}</style>
</head>
<body>
<div id="chart"></div>
<script>(function () {{
{bundle}
}})();</script>
<script>xent.embed("#chart", {specification}, {{
  ast: true, renderer: "svg", actions: {{export: true, editor: false, source: false, compiled: false}}
}});</script>
</body>
</html>
"""


def save(chart: alt.TopLevelMixin, path: Path | str, *, scale: float = 2) -> Path:
    """Write a chart to a file; the ending says as what.

    .png, .svg and .pdf are drawn without a browser. .html is one page with everything in it, which
    asks no network and offers no foreign editor. .json is the Vega-Lite specification.

    Parameters
    ----------
    chart : altair chart
        Any, of this room or not.
    path : path
        The folder must exist. A file of that name is replaced, never half.
    scale : float
        Of a .png: how many of its pixels make one of the chart's, up to 10.

    Returns
    -------
    pathlib.Path
        Where it was written.

    Raises
    ------
    XentError
        When the ending is unknown, the scale out of range, or the file cannot be written.

    Examples
    --------
    >>> import altair as alt, tempfile
    >>> chart = alt.Chart(alt.Data(values=[{"x": 1}])).mark_point().encode(x="x:Q")
    >>> path = save(chart, Path(tempfile.mkdtemp()) / "one.svg")
    >>> path.read_text()[:4]
    '<svg'
    """
    path = Path(path)
    check_picture(path, scale)
    # altair has checked every part when it was made; checking each row again takes most of the time
    write_atomically(path, _content(chart.to_dict(validate=False), path.suffix.lower(), scale))
    return path


def check_picture(path: Path, scale: float) -> None:
    """Refuse what `save` would refuse, before the chart is made.

    Raises
    ------
    XentError
        When the ending is unknown, or the scale out of range.
    """
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        raise XentError(
            f"path must end in one of {', '.join(ENDINGS)}, got {path.name!r}."
            f"{nearest_hint(ending, ENDINGS) if ending else ''}"
        )
    if not 0 < scale <= LARGEST_SCALE:
        raise XentError(f"scale must be above 0 and at most {LARGEST_SCALE}, got {scale}.")


def _content(specification: dict[str, Any], ending: str, scale: float) -> bytes | str:
    import vl_convert

    # texts of charts are data: nothing is loaded from anywhere while drawing
    offline: dict[str, Any] = {"vl_version": _vega_lite_version(), "allowed_base_urls": []}
    if ending == ".png":
        png: bytes = vl_convert.vegalite_to_png(specification, scale=scale, **offline)
        return png
    if ending == ".svg":
        svg: str = vl_convert.vegalite_to_svg(specification, **offline)
        return svg
    if ending == ".pdf":
        pdf: bytes = vl_convert.vegalite_to_pdf(specification, **offline)
        return pdf
    if ending == ".json":
        return json.dumps(specification, indent=1, allow_nan=False) + "\n"
    return _page(specification)


def _page(specification: dict[str, Any]) -> str:
    import html

    import vl_convert

    title = specification.get("title", "chart")
    text = title.get("text", "chart") if isinstance(title, dict) else title
    bundle = vl_convert.javascript_bundle(
        "window.xent = {embed: vegaEmbed};", vl_version=_vega_lite_version()
    )
    return PAGE.format(
        title=html.escape(" ".join(text) if isinstance(text, list) else str(text)),
        background=html.escape(str(specification.get("background", "#ffffff"))),
        bundle=bundle.replace("</script", "<\\/script"),
        # a text of the data cannot end the script: in JSON "<" is the same as its code
        specification=json.dumps(specification, allow_nan=False).replace("<", "\\u003c"),
    )


def _vega_lite_version() -> str:
    """Return the version that altair writes, or the newest one that can be drawn."""
    import altair as alt
    import vl_convert

    wanted = ".".join(alt.SCHEMA_VERSION.removeprefix("v").split(".")[:2])
    known: list[str] = vl_convert.get_vegalite_versions()
    return wanted if wanted in known else known[-1]
