"""Distributions as plain data, for recipes and run folders: dictionaries that JSON can hold."""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import Any

from xent.distributions.bernoulli import Bernoulli, MultiLabel
from xent.distributions.categorical import Categorical, MultiLabelSoftmax
from xent.distributions.compositions import Multiple, Sum
from xent.distributions.dice import SoftDice
from xent.distributions.distribution import Distribution
from xent.distributions.location_scale import Gaussian, Laplace
from xent.distributions.modifiers import ClassWeights, Focal, LabelSmoothing
from xent.distributions.poisson import Poisson
from xent.errors import XentError, nearest_hint

__all__ = ["describe", "from_description"]

_CLASSES: dict[str, Any] = {
    kind.__name__: kind
    for kind in (
        Bernoulli,
        Categorical,
        MultiLabel,
        MultiLabelSoftmax,
        Gaussian,
        Laplace,
        Poisson,
        ClassWeights,
        LabelSmoothing,
        Focal,
        SoftDice,
        Multiple,
        Sum,
    )
}
_KIND = "kind"
# Deeper than anyone nests; a hostile file could exhaust the stack.
_DEEPEST = 20


def describe(distribution: Distribution) -> dict[str, Any]:
    """Return a distribution as a dictionary of JSON values.

    Examples
    --------
    >>> describe(Categorical(3))
    {'kind': 'Categorical', 'n_classes': 3}
    """
    record: Any = distribution
    parts = {field.name: _plain(getattr(record, field.name)) for field in fields(record)}
    return {_KIND: type(distribution).__name__, **parts}


def from_description(description: object) -> Distribution:
    """Return the distribution that `describe` turned into a dictionary.

    Parameters
    ----------
    description : dict
        Checked whatever it holds: it may come from a file.

    Raises
    ------
    XentError
        If the description is no such dictionary; the message names the part.

    Examples
    --------
    >>> from_description({"kind": "Categorical", "n_classes": 3})
    Categorical(n_classes=3)
    """
    return _built(description, 0)


def _plain(value: Any) -> Any:
    if isinstance(value, Distribution):
        return describe(value)
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


def _built(description: object, depth: int) -> Distribution:
    if depth > _DEEPEST:
        raise XentError(f"a distribution must not nest deeper than {_DEEPEST} levels.")
    if not isinstance(description, dict):
        raise XentError(
            f"a distribution must be described by a dictionary, got {description!r:.80}."
        )
    name = description.get(_KIND)
    if not isinstance(name, str) or name not in _CLASSES:
        hint = nearest_hint(name, _CLASSES) if isinstance(name, str) else ""
        raise XentError(f"kind must name a distribution, got {name!r:.80}.{hint}")
    known = [field.name for field in fields(_CLASSES[name])]
    given = {key: _value(value, depth) for key, value in description.items() if key != _KIND}
    for key in given:
        if key not in known:
            raise XentError(f"{name} has no setting {key!r:.80}.{nearest_hint(str(key), known)}")
    missing = [key for key in _required(name) if key not in given]
    if missing:
        raise XentError(f"{name} lacks {', '.join(missing)}.")
    built: Distribution = _CLASSES[name](**given)
    return built


def _required(name: str) -> list[str]:
    return [field.name for field in fields(_CLASSES[name]) if field.default is MISSING]


def _value(value: object, depth: int) -> object:
    if isinstance(value, dict):
        return _built(value, depth + 1)
    if isinstance(value, list):
        if depth > _DEEPEST:
            raise XentError(f"a distribution must not nest deeper than {_DEEPEST} levels.")
        return tuple(_value(item, depth + 1) for item in value)
    return value
