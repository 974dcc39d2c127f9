"""model.safetensors: a trained network as named arrays, with JSON in the metadata that says what they mean."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from xent.data import TargetCoding
from xent.distributions import Distribution, describe, from_description
from xent.engines import make_engine, prediction_engine
from xent.engines.own_modules import with_code
from xent.engines.stored_engine import StoredEngine
from xent.errors import XentError
from xent.files import write_atomically
from xent.network import ModuleNetwork, Network
from xent.network.module_network import KIND
from xent.runs.module_arrays import check_array, module_arrays, stored_arrays
from xent.runs.reading import check_format, damaged, parse_json_object, read_bytes

if TYPE_CHECKING:
    from pathlib import Path

    from xent.arrays import Array
    from xent.engines import Engine

__all__ = ["Model", "model_bytes", "read_model", "with_module", "write_model"]

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

    engine, state = model.engine, model.engine.state()  # NumPy arrays, also of a GPU
    arrays = {
        name: np.asarray(view, order="C")
        for name, view in engine.views(state["parameters"]).items()
    }
    if isinstance(engine.network, ModuleNetwork):
        arrays |= module_arrays(engine)
    elif state[_MOMENTS].size:
        arrays[_MOMENTS] = state[_MOMENTS]
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


def read_model(path: Path, expected: str | None = None, module: object = None) -> Model:
    """Return the model of a file.

    Parameters
    ----------
    path : path
    expected : str, optional
        The fingerprint that the file must have.
    module : torch.nn.Module, callable or str, optional
        The code of a network that is an own module, as `xent.load_run` takes it. Without it such a model has its
        numbers and computes nothing: no code is executed because a file asks for it.

    Raises
    ------
    XentError
        When the file is absent, damaged, from a newer xent, or its arrays do not fit its network; or when the module
        is another one.
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
        model = _built(metadata, arrays)
    except XentError as error:
        raise damaged(path, str(error).rstrip(".")) from None
    return model if module is None else with_module(model, module)


def with_module(model: Model, module: object) -> Model:
    """Return a model that was read without the code of its own module together with that code.

    Raises
    ------
    XentError
        When the network is no own module, or the module is another one.
    """
    engine = model.engine
    if not isinstance(engine, StoredEngine):
        raise XentError(
            "module= is the code of an own module, and this network is none. Leave it out."
        )
    network = with_code(engine.network, module, engine.dtype.name)
    whole = make_engine("torch", network, engine.distribution, engine.dtype.name)
    whole.load_state(engine.state())
    whole.load_fixed(engine.fixed())  # type: ignore[attr-defined] # of the PyTorch engine
    return Model(whole, model.target)


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
    described = metadata.get("network")
    is_own = isinstance(described, dict) and described.get("kind") == KIND
    target = TargetCoding.from_json(metadata.get("target"))
    dtype = metadata.get("dtype")
    if dtype not in {"float32", "float64"}:
        raise XentError(f"dtype must be float32 or float64, got {dtype!r:.40}")
    distribution = from_description(metadata.get("distribution"))
    engine: Engine
    if is_own:
        own = ModuleNetwork.from_json(described)
        engine = StoredEngine(
            own, distribution, dtype, *stored_arrays(own, arrays, np.dtype(dtype))
        )
    else:
        engine = _filled(Network.from_json(described), distribution, dtype, arrays)
    n_outputs = engine.network.n_outputs
    if target.n_outputs != n_outputs and target.task != "regression":
        raise XentError(
            f"a {target.task} target needs {target.n_outputs} outputs, the network has {n_outputs}"
        )
    return Model(engine, target)


def _filled(
    network: Network, distribution: Distribution, dtype: str, arrays: dict[str, Array]
) -> Engine:
    """Return an engine with the arrays of a file as its numbers."""
    # sizes first: a network described as enormous must not be allocated before its arrays are seen to be there
    if network.n_parameters != sum(
        array.size for name, array in arrays.items() if name != _MOMENTS
    ):
        raise XentError(
            f"the network has {network.n_parameters:,} parameters, and the arrays do not"
        )
    engine = prediction_engine(network, distribution, dtype)
    state = {name: np.array(array) for name, array in engine.state().items()}
    views = engine.views(state["parameters"])
    for name in {*views, *arrays} - {_MOMENTS}:
        check_array(name, views.get(name), arrays.get(name))
        np.copyto(views[name], arrays[name])
    if state[_MOMENTS].size or _MOMENTS in arrays:
        check_array(_MOMENTS, state[_MOMENTS], arrays.get(_MOMENTS))
        np.copyto(state[_MOMENTS], arrays[_MOMENTS])
    engine.load_state(state)
    return engine
