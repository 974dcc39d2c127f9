"""Damage to a state's JSON: every field in turn becomes what it must not be."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

WRONG: tuple[Any, ...] = (
    None,
    "x",
    "",
    [],
    {},
    [[]],
    True,
    -1,
    1.5,
    float("nan"),
    float("inf"),
    1 << 63,
    10**5000,
    "0x" + "f" * 5000,
    "-0x1",
    [1, 2],
    {"a": 1},
)


def same(a: Any, b: Any) -> bool:
    """Whether two JSON values are the same: unlike ==, True is not 1."""
    try:
        return json.dumps(a) == json.dumps(b)
    except ValueError:  # an integer without a text
        return False


def places(document: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to every value, the first three of a list."""
    yield path
    if isinstance(document, dict):
        for name in document:
            yield from places(document[name], (*path, name))
    if isinstance(document, list):
        for place in range(min(len(document), 3)):
            yield from places(document[place], (*path, place))


def replaced(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    """Return a copy with another value at the end of a path."""
    if not path:
        return value
    changed = copy.deepcopy(document)
    parent = changed
    for step in path[:-1]:
        parent = parent[step]
    parent[path[-1]] = value
    return changed


def without(document: Any, path: tuple[Any, ...]) -> Any:
    """Return a copy without what lies at the end of a path."""
    changed = copy.deepcopy(document)
    parent = changed
    for step in path[:-1]:
        parent = parent[step]
    del parent[path[-1]]
    return changed


def damaged(document: Any) -> Iterator[tuple[str, Any]]:
    """Yield what is wrong, and a document with that one fault."""
    for path in places(document):
        held: Any = document
        for step in path:
            held = held[step]
        for value in WRONG:
            if not same(value, held):
                yield (
                    f"{path} = {value!s:.20}" if not _huge(value) else f"{path} huge",
                    replaced(document, path, value),
                )
        if path:
            yield f"{path} absent", without(document, path)


def _huge(value: Any) -> bool:
    return isinstance(value, int) and value > 1 << 64
