"""The API described: as OpenAPI for programs, and as a small page for people."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from xent import __version__
from xent.reports.markup import Markup, element, join

__all__ = ["api_page", "openapi_json"]

_IDENTIFIER: Final = {
    "name": "id",
    "in": "path",
    "required": True,
    "schema": {"type": "string"},
    "description": "Name of the run's folder.",
}
_ERROR: Final = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {"type": "string"},
        "row": {"type": "integer", "description": "From 0."},
        "column": {"type": ["string", "null"]},
    },
}
_CELL: Final = {"type": ["number", "string", "boolean", "null"]}
_ROWS: Final = {
    "type": "array",
    "minItems": 1,
    "maxItems": 10_000,
    "items": {"type": "object", "additionalProperties": _CELL},
}
_PREDICTIONS: Final = {
    "type": "object",
    "required": ["threshold", "positive", "predictions"],
    "properties": {
        "threshold": {"type": ["number", "null"]},
        "positive": {"type": ["string", "null"]},
        "predictions": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["decision"],
                "properties": {
                    "probabilities": {"type": "object", "additionalProperties": {"type": "number"}},
                    "mean": {"type": "number"},
                    "decision": {},
                },
            },
        },
    },
}
_PAIR: Final = {
    "type": "object",
    "required": ["a", "b"],
    "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
}


@lru_cache(maxsize=1)
def openapi_json() -> dict[str, Any]:
    """Return the OpenAPI 3.1 document.

    Examples
    --------
    >>> sorted(openapi_json()["paths"])[:2]
    ['/api/compare', '/api/runs']
    """
    run = "/api/runs/{id}"
    counts = {"type": "integer", "minimum": 0, "maximum": 999_999_999_999}
    first = {"name": "from", "in": "query", "schema": counts, "description": "Only later lines."}
    after = {"name": "after", "in": "query", "schema": counts, "description": "Last line known."}
    epoch = {"name": "epoch", "in": "path", "required": True, "schema": counts}
    rows_content = {
        "application/json": {"schema": _ROWS},
        "text/csv": {"schema": {"type": "string"}},
    }
    paths = {
        "/api/runs": {"get": _operation("All runs, the newest first.")},
        run: {"get": _operation("One run: record, columns, verdict, decision.", [_IDENTIFIER])},
        f"{run}/history": {"get": _operation("The records of the epochs.", [_IDENTIFIER, first])},
        f"{run}/events": {
            "get": _operation(
                "Epochs as they come, as server-sent events. The id of an event is the line of history.jsonl; "
                "Last-Event-ID resumes.",
                [_IDENTIFIER, after],
                answer={"text/event-stream": {}},
            )
        },
        f"{run}/curves/{{epoch}}": {
            "get": _operation("ROC and precision-recall curves of an epoch.", [_IDENTIFIER, epoch])
        },
        f"{run}/findings": {
            "get": _operation("What the doctor says of the training.", [_IDENTIFIER])
        },
        f"{run}/report": {
            "get": _operation("The report, as HTML.", [_IDENTIFIER], answer={"text/html": {}})
        },
        f"{run}/predict": {
            "post": _operation(
                "Predict rows: a list of objects, column to value, null where it is missing; or a CSV file.",
                [_IDENTIFIER],
                body=rows_content,
                answer={"application/json": {"schema": _PREDICTIONS}},
            )
        },
        f"{run}/stop": {
            "post": _operation(
                "End the training after its present batch; the best weights are kept. Needs the token.",
                [_IDENTIFIER],
                status="202",
            )
        },
        "/api/compare": {
            "post": _operation(
                "Two runs, paired by row.", body={"application/json": {"schema": _PAIR}}
            )
        },
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "xent studio", "version": __version__},
        "paths": paths,
        "components": {
            "schemas": {"Error": _ERROR},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{}, {"token": []}],
    }


def api_page() -> str:
    """Return the description as a page."""
    parts: list[Markup] = []
    for path, operations in openapi_json()["paths"].items():
        for method, operation in operations.items():
            parts += [
                element("h2", None, element("code", None, f"{method.upper()} {path}")),
                element("p", None, operation["summary"]),
                *_content_items(operation),
            ]
    lead = element(
        "p",
        None,
        'JSON in and out; errors are {"error": ...}, with row and column where a row is wrong. ',
        element("a", {"href": "/api/openapi.json"}, "openapi.json"),
        " describes it for programs.",
    )
    example = (
        "curl -X POST http://127.0.0.1:8765/api/runs/RUN/predict -H 'Content-Type: application/json' \\\n"
        '  -d \'[{"age": 31, "city": "Oslo", "income": null}]\''
    )
    head = Markup(
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><title>API - xent studio</title>'
        '<link rel="icon" href="/assets/icon.svg"><link rel="stylesheet" href="/assets/report.css">'
        '<link rel="stylesheet" href="/assets/studio.css">'
    )
    top = element("header", None, element("nav", None, element("a", {"href": "/"}, "Runs")))
    body = join([top, element("h1", None, "API"), lead, element("pre", None, example), *parts])
    return f'<!doctype html>\n<html lang="en">{element("head", None, head)}{element("body", None, body)}</html>\n'


def _content_items(operation: dict[str, Any]) -> list[Markup]:
    items = [
        f"{parameter['name']} ({parameter['in']}): {parameter.get('description', 'a number')}"
        for parameter in operation["parameters"]
    ]
    items += [f"body: {kind}" for kind in operation.get("requestBody", {}).get("content", {})]
    return [element("ul", None, *[element("li", None, item) for item in items])] if items else []


def _operation(
    summary: str,
    parameters: list[dict[str, Any]] | None = None,
    *,
    body: dict[str, Any] | None = None,
    answer: dict[str, Any] | None = None,
    status: str = "200",
) -> dict[str, Any]:
    error = {
        "description": "What is wrong.",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
    }
    good = {
        "description": "Done.",
        "content": answer or {"application/json": {"schema": {"type": "object"}}},
    }
    operation: dict[str, Any] = {
        "summary": summary,
        "parameters": parameters or [],
        "responses": {status: good, "4XX": error, "503": error},
    }
    if body is not None:
        operation["requestBody"] = {"required": True, "content": body}
    return operation
