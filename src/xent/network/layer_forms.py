"""Every form of layer, and its description as JSON."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, Final, TypeAlias

from xent.errors import XentError, nearest_hint
from xent.network.checks import as_mapping, check_keys
from xent.network.image_layers import AvgPool2d, Conv2d, GlobalAvgPool, MaxPool2d, Pixels
from xent.network.layers import (
    Activate,
    BatchNorm,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    LayerNorm,
    Scale,
)
from xent.network.residual import MAX_DEPTH, Residual

__all__ = ["Layer", "as_layers", "layer_from_json", "layer_to_json"]

Layer: TypeAlias = (
    Dense
    | Dropout
    | BatchNorm
    | Scale
    | Activate
    | LayerNorm
    | Flatten
    | Embedding
    | Pixels
    | Conv2d
    | MaxPool2d
    | AvgPool2d
    | GlobalAvgPool
    | Residual
)

_KINDS: Final[dict[str, type[Layer]]] = {
    "dense": Dense,
    "dropout": Dropout,
    "batch_norm": BatchNorm,
    "scale": Scale,
    "activate": Activate,
    "layer_norm": LayerNorm,
    "flatten": Flatten,
    "embedding": Embedding,
    "pixels": Pixels,
    "conv2d": Conv2d,
    "max_pool2d": MaxPool2d,
    "avg_pool2d": AvgPool2d,
    "global_avg_pool": GlobalAvgPool,
    "residual": Residual,
}
_NESTED: Final = ("layers", "shortcut")


def as_layers(name: str, values: object) -> tuple[Layer, ...]:
    """Return layers as a tuple, or refuse what is none.

    A list is as good as a tuple to the one who writes it; kept, it would not be frozen.
    """
    try:
        layers: tuple[Layer, ...] = tuple(values)  # type: ignore[arg-type] # what is not iterable is the mistake to report
    except TypeError:
        msg = f"expected several layers, got {values!r}. For a single one write ({values!r},)."
        raise XentError(msg) from None
    forms = tuple(_KINDS.values())
    for layer in layers:
        if not isinstance(layer, forms):
            known = ", ".join(form.__name__ for form in forms)
            msg = f"{name} must hold layers ({known}), got {layer!r}."
            raise XentError(msg)
    return layers


def layer_to_json(layer: Layer) -> dict[str, Any]:
    """Return the layer as a dictionary of JSON values.

    Examples
    --------
    >>> layer_to_json(Dropout(0.2))
    {'kind': 'dropout', 'rate': 0.2}
    """
    kind = next(name for name, form in _KINDS.items() if type(layer) is form)
    values = {field.name: getattr(layer, field.name) for field in fields(layer)}
    for name in _NESTED:
        if name in values:
            values[name] = [layer_to_json(inner) for inner in values[name]]
    for name, value in values.items():  # JSON has no tuples
        if isinstance(value, tuple):
            values[name] = list(value)
    return {"kind": kind, **values}


def layer_from_json(description: object, depth: int = 0) -> Layer:
    """Return the layer that `layer_to_json` described; every value is checked.

    Raises
    ------
    XentError
        If the description is not one of a layer.

    Examples
    --------
    >>> layer_from_json({"kind": "dense", "n_units": 10})
    Dense(n_units=10, activation='identity', init=None)
    """
    values = as_mapping("a layer", description)
    kind = values.pop("kind", None)
    form = _KINDS.get(kind) if isinstance(kind, str) else None
    if form is None:
        hint = nearest_hint(kind, _KINDS) if isinstance(kind, str) else ""
        msg = f"the kind of a layer must be one of {', '.join(_KINDS)}, got {kind!r}.{hint}"
        raise XentError(msg)
    known = [field.name for field in fields(form)]
    check_keys(f"a {kind} layer", values, known)
    for name in _NESTED:
        if name in values:
            values[name] = layers_from_json(f"a {kind} layer", values[name], depth + 1)
    try:
        return form(**values)
    except TypeError:
        msg = f"a {kind} layer needs {', '.join(known)}, got {', '.join(values) or 'none of them'}."
        raise XentError(msg) from None


def layers_from_json(what: str, descriptions: object, depth: int = 0) -> tuple[Layer, ...]:
    """Return the layers of a JSON array."""
    if not isinstance(descriptions, list):
        msg = f"the layers of {what} must be a JSON array, got {type(descriptions).__name__}."
        raise XentError(msg)
    if depth > MAX_DEPTH:
        msg = f"the layers of {what} are nested deeper than {MAX_DEPTH}."
        raise XentError(msg)
    return tuple(layer_from_json(inner, depth) for inner in descriptions)
