"""model.safetensors: a trained network as named arrays, with JSON in the metadata that says what they mean."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from xent.data import TargetCoding
from xent.distributions import Distribution, describe, from_description
from xent.engines import prediction_engine
from xent.errors import XentError
from xent.files import write_atomically
from xent.network import Network
from xent.runs.reading import check_format, damaged, parse_json_object, read_bytes

if TYPE_CHECKING:
    from pathlib import Path

    from xent.arrays import Array
    from xent.engines import Engine

__all__ = ["Model", "model_bytes", "read_model", "write_model"]

FORMAT: Final = "xent-model"
VERSION: Final = 1
_DESCRIPTION = "xent"
_MOMENTS = "running"


@dataclass(frozen=True, eq=False)
class Model:
    """A trained network, ready to predict.

    Attributes
    ----------
    engine : Engine
        The network with its parameters; its distribution is the plain one.
    target : TargetCoding
        The task, and the classes behind the codes.
    """

    engine: Engine
    target: TargetCoding

    @property
    def distribution(self) -> Distribution:
        """What the logits are the parameters of."""
        return self.engine.distribution

    @property
    def task(self) -> str:
        """What is predicted: binary, multiclass, multilabel or regression."""
        return self.target.task


def write_model(path: Path, model: Model) -> None:
    """Write a model, atomically."""
    write_atomically(path, model_bytes(model))


def model_bytes(model: Model) -> bytes:
    """Return the content of a model file."""
    from safetensors.numpy import save

    engine = model.engine
    arrays = {
        name: np.ascontiguousarray(view) for name, view in engine.views(engine.parameters).items()
    }
    if engine.running.size:
        arrays[_MOMENTS] = engine.running
    described = {
        "format": FORMAT,
        "version": VERSION,
        "network": engine.network.to_json(),
        "distribution": describe(engine.distribution),
        "target": model.target.to_json(),
        "dtype": engine.dtype.name,
    }
    # one entry: the library writes several in an order of its own, another each time
    metadata = {_DESCRIPTION: json.dumps(described)}
    return bytes(save(arrays, metadata))


def read_model(path: Path, expected: str | None = None) -> Model:
    """Return the model of a file.

    Raises
    ------
    XentError
        When the file is absent, damaged, from a newer xent, or its arrays do not fit its network.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    content = read_bytes(path, expected)
    try:
        arrays = load(content)
    except (SafetensorError, KeyError, ValueError, TypeError) as error:
        raise damaged(path, f"no safetensors file ({error})") from None
    metadata = _metadata(content, path)
    try:
        return _built(metadata, arrays)
    except XentError as error:
        raise damaged(path, str(error).rstrip(".")) from None


def _metadata(content: bytes, path: Path) -> dict[str, Any]:
    """Return the metadata of a safetensors file that was read before, with its JSON values parsed."""
    n_bytes = int.from_bytes(content[:8], "little")
    header = parse_json_object(content[8 : 8 + n_bytes].decode(errors="replace"), path)
    texts = header.get("__metadata__")
    if not isinstance(texts, dict) or not isinstance(texts.get(_DESCRIPTION), str):
        raise damaged(path, f"its metadata must have an entry {_DESCRIPTION!r}")
    values = parse_json_object(texts[_DESCRIPTION], path)
    check_format(values, FORMAT, VERSION, path)
    return values


def _built(metadata: dict[str, Any], arrays: dict[str, Array]) -> Model:
    network = Network.from_json(metadata.get("network"))
    target = TargetCoding.from_json(metadata.get("target"))
    dtype = metadata.get("dtype")
    if dtype not in {"float32", "float64"}:
        raise XentError(f"dtype must be float32 or float64, got {dtype!r:.40}")
    # sizes first: a network described as enormous must not be allocated before its arrays are seen to be there
    if network.n_parameters != sum(
        array.size for name, array in arrays.items() if name != _MOMENTS
    ):
        raise XentError(
            f"the network has {network.n_parameters:,} parameters, and the arrays do not"
        )
    engine = prediction_engine(network, from_description(metadata.get("distribution")), dtype)
    views = engine.views(engine.parameters)
    for name in {*views, *arrays} - {_MOMENTS}:
        _check_same_shape(name, views.get(name), arrays.get(name))
        np.copyto(views[name], arrays[name])
    if engine.running.size or _MOMENTS in arrays:
        _check_same_shape(_MOMENTS, engine.running, arrays.get(_MOMENTS))
        np.copyto(engine.running, arrays[_MOMENTS])
    if target.n_outputs != network.n_outputs and target.task != "regression":
        raise XentError(
            f"a {target.task} target needs {target.n_outputs} outputs, the network has {network.n_outputs}"
        )
    return Model(engine, target)


def _check_same_shape(name: str, expected: Array | None, found: Array | None) -> None:
    if expected is None or found is None:
        raise XentError(
            f"array {name} is {'unknown to the network' if expected is None else 'missing'}"
        )
    if expected.shape != found.shape or expected.dtype != found.dtype:
        raise XentError(
            f"array {name} must have shape {expected.shape} and dtype {expected.dtype}, "
            f"got {found.shape} and {found.dtype}"
        )
    if not np.isfinite(found).all():
        raise XentError(f"array {name} holds values that are not finite")
