"""Command line options made from the settings' own records: each is described once, where it is defined."""

from __future__ import annotations

import csv
import dataclasses
import inspect
from typing import TYPE_CHECKING, Annotated, Any

import typer

from xent.errors import XentError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["given_settings", "option_parameters", "split_list"]

_SEED = "random_state"


def option_parameters(settings: type) -> list[inspect.Parameter]:
    """Return one option for each field of a settings record, None where it is not given.

    Parameters
    ----------
    settings : dataclass
        Its fields carry their help in ``metadata["help"]``.
    """
    return [_parameter(field) for field in dataclasses.fields(settings)]


def given_settings(records: Sequence[type], options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that were given on the command line, in the types of the settings.

    Parameters
    ----------
    records : sequence of dataclass
        Whose fields the options are.
    options : mapping of str to value
        As typer gives them: text, lists of text, booleans, None.

    Raises
    ------
    XentError
        When a text is no value of its setting.
    """
    given = {}
    for field in (field for record in records for field in dataclasses.fields(record)):
        value = options[_option_name(field)]
        if value is not None and value != []:
            given[field.name] = _read(field, value)
    return given


def split_list(values: list[str]) -> tuple[str, ...]:
    """Return names given by repetition, by commas, or both; quotes protect a comma.

    Examples
    --------
    >>> split_list(["a,b", "c", '"d,e"'])
    ('a', 'b', 'c', 'd,e')
    """
    rows = csv.reader(values, skipinitialspace=True)
    return tuple(name.strip() for row in rows for name in row if name.strip())


def _option_name(field: dataclasses.Field[Any]) -> str:
    return "seed" if field.name == _SEED else field.name


def _parameter(field: dataclasses.Field[Any]) -> inspect.Parameter:
    name, kind = _option_name(field), str(field.type).removesuffix(" | None")
    dashed = name.replace("_", "-")
    flag = f"--{dashed}/--no-{dashed}" if kind == "bool" else f"--{dashed}"
    is_list = kind == "tuple[str, ...]"
    # numbers come as text, so that a wrong one is refused in the words of its setting
    annotation: Any = bool | None if kind == "bool" else list[str] if is_list else str | None
    metavar = None if kind == "bool" else "<names>" if is_list else f"<{_kind_of(field)}>"
    option = typer.Option(flag, help=_help(field), metavar=metavar, show_default=False)
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[annotation, option]
    )


def _kind_of(field: dataclasses.Field[Any]) -> str:
    if field.name == _SEED:
        return "int"
    return next((kind for kind in ("int", "float") if str(field.type).startswith(kind)), "text")


def _help(field: dataclasses.Field[Any]) -> str:
    text, default = str(field.metadata["help"]), field.default
    if default in (None, ()) or default is dataclasses.MISSING:
        return text
    shown = ",".join(map(str, default)) if isinstance(default, tuple) else default
    return f"{text} [{'on' if shown is True else 'off' if shown is False else shown}]"


def _read(field: dataclasses.Field[Any], value: Any) -> Any:
    readers: dict[str, Callable[[str], Any]] = {"hidden": _widths, "class_weight": _class_weight}
    if isinstance(value, bool):
        return value
    if isinstance(value, list):
        return split_list(value)
    if field.name in readers:
        return readers[field.name](value)
    kind = _kind_of(field)
    if kind == "text":
        return value
    try:
        return int(value) if kind == "int" else float(value)
    except ValueError:
        number = "a whole number" if kind == "int" else "a number"
        raise XentError(f"{_option_name(field)} must be {number}, got {value!r}.") from None


def _widths(text: str) -> tuple[int, ...]:
    if text.strip().lower() in {"none", ""}:
        return ()
    try:
        return tuple(int(width) for width in text.split(","))
    except ValueError:
        raise XentError(
            f"hidden must be layer widths such as 100,100, or none, got {text!r}."
        ) from None


def _class_weight(text: str) -> str | dict[str, float]:
    if text.strip().lower() == "balanced":
        return "balanced"
    weights = {}
    for pair in split_list([text]):
        name, sign, weight = pair.rpartition("=")
        try:
            weights[name if sign else ""] = float(weight)
        except ValueError:
            name = ""
        if not name:
            raise XentError(
                f"class_weight must be balanced, or pairs such as no=1,yes=5, got {text!r}."
            )
    return weights
