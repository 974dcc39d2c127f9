"""What can be imported: rooms stay light, public names are explained, every example in a docstring runs."""

from __future__ import annotations

import doctest
import importlib
import inspect
import json
import pkgutil
import subprocess
import sys

import pytest

import xent

ROOMS = sorted(module.name for module in pkgutil.iter_modules(xent.__path__) if module.ispkg)
MODULES = sorted(module.name for module in pkgutil.walk_packages(xent.__path__, prefix="xent."))

HEAVY = ["torch", "scipy", "polars", "pandas", "altair", "sklearn", "typer", "rich", "joblib"]
# what a room cannot do without; all others get by with NumPy
NEEDED = {
    "cli": {"typer"},
    "estimators": {"sklearn", "scipy", "joblib", "pandas"},  # scikit-learn loads pandas where it is
    "runs": {"polars"},
    "workflow": {"polars"},
}


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_loads_only_what_it_needs(room: str) -> None:
    program = f"import sys, json, xent.{room}\nprint(json.dumps([m for m in {HEAVY!r} if m in sys.modules]))"
    process = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert set(json.loads(process.stdout)) <= NEEDED.get(room, set())


@pytest.mark.parametrize("name", ["xent", *(f"xent.{room}" for room in ROOMS)])
def test_every_public_name_exists_and_is_explained(name: str) -> None:
    module = importlib.import_module(name)
    assert inspect.getdoc(module), f"{name} has no docstring"
    assert len(set(module.__all__)) == len(module.__all__)
    for public in module.__all__:
        value = getattr(module, public)
        if inspect.isclass(value) or inspect.isroutine(value):
            assert _own_docstring(value), f"{name}.{public} has no docstring"


@pytest.mark.parametrize("name", ["xent", *(f"xent.{room}" for room in ROOMS)])
def test_every_public_method_is_explained(name: str) -> None:
    module = importlib.import_module(name)
    for public in module.__all__:
        value = getattr(module, public)
        if not inspect.isclass(value):
            continue
        for method, function in inspect.getmembers(value, inspect.isfunction):
            if not method.startswith("_") and function.__module__.startswith("xent."):
                assert inspect.getdoc(getattr(value, method)), (
                    f"{name}.{public}.{method} has no docstring"
                )


@pytest.mark.parametrize(
    "name", ["xent", *(name for name in MODULES if not name.endswith("__main__"))]
)
def test_the_examples_of_a_module_run(name: str) -> None:
    module = importlib.import_module(name)
    results = doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE)
    has_examples = ">>> " in inspect.getsource(module)
    assert bool(results.attempted) == has_examples
    assert results.failed == 0, f"{results.failed} of {results.attempted} examples of {name} fail"


def _own_docstring(value: object) -> str | None:
    """Return the docstring written for an object; a dataclass without one has its signature there."""
    text = inspect.getdoc(value)
    name = getattr(value, "__name__", "")
    return None if text is None or text.startswith(f"{name}(") else text
