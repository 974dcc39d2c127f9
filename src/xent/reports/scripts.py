"""The page's scripts and styles, and the policy under which a browser runs these scripts and nothing else."""

from __future__ import annotations

import base64
import hashlib
from functools import lru_cache
from importlib.resources import files

__all__ = ["chart_library", "page_policy", "page_script", "page_style"]


@lru_cache(maxsize=1)
def chart_library() -> str:
    """Return vega-embed with all it needs, as one script that leaves one global name, `xent`.

    Wrapped in a function, since the bundle's own one-letter names would else be the page's.
    """
    import vl_convert

    bundle: str = vl_convert.javascript_bundle("window.xent = {embed: vegaEmbed};")
    return _closed(f"(()=>{{{bundle}\n}})();")


def page_script() -> str:
    """Return the page's own script."""
    return _closed(_asset("report.js"))


def page_style() -> str:
    """Return the page's style sheet."""
    return _asset("report.css")


def page_policy(*scripts: str) -> str:
    """Return the content security policy that lets these scripts run, and no request leave the page.

    Examples
    --------
    >>> page_policy("1").split("; ")[1]
    "script-src 'sha256-a4ayc/80/OGda4BO/1o/V0etpOqiLx1JwB5S3beHW0s='"
    """
    hashes = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
        for script in scripts
    )
    return f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data:"


def _closed(script: str) -> str:
    # inside a script element only these could end it; in JavaScript strings the escape means the same
    return script.replace("</script", "<\\/script").replace("<!--", "<\\!--")


def _asset(name: str) -> str:
    return (files("xent.reports") / "assets" / name).read_text(encoding="utf-8")
