"""An own module from where it comes: an object, a function or class, or ``file.py:build``."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import inspect
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from xent.engines.module_reference import parse_reference
from xent.engines.torch_module import copied, seeded
from xent.errors import XentError, nearest_hint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from xent.engines.module_reference import ModuleReference
    from xent.network.shapes import Shape

__all__ = ["BuiltModule", "build_module"]


@dataclass(frozen=True, eq=False)
class BuiltModule:
    """A module as it starts, and where its code is.

    Attributes
    ----------
    module : torch.nn.Module
        Nobody else's: a given object has been copied.
    reference, sha256 : str or None
        Of the file, where there is one.
    """

    module: nn.Module
    reference: str | None = None
    sha256: str | None = None


def build_module(source: object, shape: Shape, n_outputs: int, *, seed: int = 0) -> BuiltModule:
    """Return the module that a source stands for.

    Parameters
    ----------
    source : torch.nn.Module, callable or str
        An object, which is copied; a function or class; or ``file.py:build``, whose file is executed.
        A function gets as many of ``n_inputs``, ``n_outputs`` and ``shape`` as its signature names.
    shape : tuple of int
        Of a row.
    n_outputs : int
        How many logits are needed.
    seed : int
        What the function draws follows from it.

    Raises
    ------
    XentError
        When the source is none of these, or its code fails.

    Examples
    --------
    >>> built = build_module(lambda n_inputs: nn.Linear(n_inputs, 1), (30,), 1)
    >>> built.module
    Linear(in_features=30, out_features=1, bias=True)
    """
    if isinstance(source, nn.Module):
        return BuiltModule(copied(source))
    if isinstance(source, str):
        reference = parse_reference(source)
        sha256 = reference.sha256()
        with _importable(reference), seeded(seed, torch.device("cpu")):
            build = _loaded(reference, sha256)
        if isinstance(build, nn.Module):
            return BuiltModule(copied(build), reference.short, sha256)
        with _importable(reference):
            module = _called(build, reference.short, shape, n_outputs, seed)
        return BuiltModule(module, reference.short, sha256)
    if callable(source):
        name = getattr(source, "__name__", type(source).__name__)
        return BuiltModule(_called(source, name, shape, n_outputs, seed))
    raise XentError(
        "module must be a torch.nn.Module, a function or class that makes one, or 'path/to/file.py:build', "
        f"got {source!r:.200}."
    )


def _called(
    build: Callable[..., Any], name: str, shape: Shape, n_outputs: int, seed: int
) -> nn.Module:
    """Return what a function or class makes, under a seed."""
    known = {"n_inputs": torch.Size(shape).numel(), "n_outputs": n_outputs, "shape": shape}
    arguments = _arguments(build, name, known)
    try:
        with seeded(seed, torch.device("cpu")):
            module = build(**arguments)
    except Exception as error:
        raise XentError(f"module: {name} failed ({type(error).__name__}: {error}).") from error
    if not isinstance(module, nn.Module):
        raise XentError(
            f"module: {name} must return a torch.nn.Module, got {type(module).__name__}."
        )
    return module


def _arguments(build: Callable[..., Any], name: str, known: dict[str, Any]) -> dict[str, Any]:
    try:
        parameters = inspect.signature(build).parameters.values()
    except (TypeError, ValueError):  # a function written in C
        return {}
    by_name = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    for parameter in parameters:
        is_needed = parameter.default is inspect.Parameter.empty
        if parameter.kind == inspect.Parameter.POSITIONAL_ONLY and is_needed:
            raise XentError(f"module: {name} must take {parameter.name!r} by name, not by place.")
        if parameter.kind in by_name and is_needed and parameter.name not in known:
            raise XentError(
                f"module: {name} needs {parameter.name!r}, and is called with what it names of "
                f"{', '.join(known)}.{nearest_hint(parameter.name, list(known))} Give the others a default."
            )
    named = [parameter.name for parameter in parameters if parameter.kind in by_name]
    return {own: value for own, value in known.items() if own in named}


def _loaded(reference: ModuleReference, sha256: str) -> Any:
    """Return the function or class, its file executed as a module of its own."""
    # pickled objects find their classes by this name while the process runs
    place = hashlib.sha256(f"{reference.path.resolve()} {sha256}".encode()).hexdigest()
    name = f"xent_module_{place[:16]}"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, reference.path)
        assert spec is not None
        assert spec.loader is not None
        loaded = importlib.util.module_from_spec(spec)
        sys.modules[name] = loaded
        try:
            spec.loader.exec_module(loaded)
        except BaseException as error:
            del sys.modules[name]
            if not isinstance(error, Exception | SystemExit):
                raise
            raise XentError(
                f"module: {reference.path} failed ({type(error).__name__}: {error})."
            ) from error
    found = getattr(sys.modules[name], reference.name, None)
    if found is None:
        names = [own for own in vars(sys.modules[name]) if not own.startswith("_")]
        raise XentError(
            f"module: {reference.path} has no {reference.name!r}.{nearest_hint(reference.name, names)}"
        )
    if not callable(found):
        raise XentError(
            f"module: {reference.short} must be a function or class, got {type(found).__name__}."
        )
    return found


@contextlib.contextmanager
def _importable(reference: ModuleReference) -> Iterator[None]:
    """Let a file import its neighbors while it is executed."""
    folder = str(reference.path.resolve().parent)
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        with contextlib.suppress(ValueError):
            sys.path.remove(folder)
