"""Names as users type them: a loss with its arguments, a file with what is in it."""

from __future__ import annotations

import ast
import contextlib
import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xent.errors import XentError, nearest_hint

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["importing_from", "is_in_a_file", "loaded_from_file", "loss_call"]


def is_in_a_file(text: str) -> bool:
    """Return whether a text is ``file.py:name``.

    Examples
    --------
    >>> is_in_a_file("net.py:build"), is_in_a_file("BCELoss(reduction='sum')")
    (True, False)
    """
    path, colon, _ = text.rpartition(":")
    return bool(colon) and path.endswith(".py")


def loss_call(text: str) -> tuple[str, dict[str, Any]]:
    """Return the name of a loss, and its keyword arguments; nothing is evaluated.

    Raises
    ------
    XentError
        When it is no name, or an argument no plain value.

    Examples
    --------
    >>> loss_call("BinaryCrossentropy(from_logits=True)")
    ('BinaryCrossentropy', {'from_logits': True})
    >>> loss_call("nn.BCELoss")
    ('BCELoss', {})
    """
    refusal = XentError(
        f"loss must be a name such as BCEWithLogitsLoss, BinaryCrossentropy(from_logits=True) "
        f"or losses.py:my_loss, got {text!r}."
    )
    try:
        node = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError):
        raise refusal from None
    arguments: dict[str, Any] = {}
    if isinstance(node, ast.Call):
        if node.args:
            raise XentError(f"loss: name the arguments of {text!r}, such as reduction='mean'.")
        for keyword in node.keywords:
            try:
                arguments[str(keyword.arg)] = ast.literal_eval(keyword.value)
            except ValueError:
                raise refusal from None
        node = node.func
    if isinstance(node, ast.Attribute):
        return node.attr, arguments
    if isinstance(node, ast.Name):
        return node.id, arguments
    raise refusal


def loaded_from_file(text: str, argument: str) -> Any:
    """Run a Python file of the user's, and return what it calls by a name.

    Parameters
    ----------
    text : str
        ``file.py:name``. The file is executed; its folder is where it imports from.
    argument : str
        What it was given as, for messages.

    Raises
    ------
    XentError
        When there is no such file or name, or the file fails.
    """
    place, _, name = text.rpartition(":")
    if not is_in_a_file(text):
        raise XentError(
            f"{argument} must be file.py:build, got {text!r}. Name what is in the file."
        )
    path = Path(place).resolve()
    if not path.is_file():
        raise XentError(f"{argument}: there is no file {place!r}.")
    module = _executed(path, argument, place)
    if not hasattr(module, name):
        known = [public for public in vars(module) if not public.startswith("_")]
        raise XentError(
            f"{argument}: {place} has nothing called {name!r}.{nearest_hint(name, known)}"
        )
    return getattr(module, name)


def _executed(path: Path, argument: str, place: str) -> Any:
    own_name = f"audited_{path.stem}"
    specification = importlib.util.spec_from_file_location(own_name, path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[own_name] = module  # dataclasses look their module up there
    try:
        with importing_from(path.parent):
            specification.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # a script that parses its own arguments exits
        del sys.modules[own_name]
        raise XentError(
            f"{argument}: {place} does not run: {type(error).__name__}: {error}"
        ) from error
    return module


@contextlib.contextmanager
def importing_from(folder: Path) -> Iterator[None]:
    """Let code import what lies in a folder."""
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        with contextlib.suppress(ValueError):  # the code may have changed the path itself
            sys.path.remove(str(folder))
