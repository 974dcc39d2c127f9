"""The recipe: settings from a TOML file and from arguments, of which the arguments win."""

from __future__ import annotations

import dataclasses
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xent.engines.module_reference import parse_reference
from xent.errors import XentError, nearest_hint
from xent.training import TrainingSettings
from xent.workflow.data_settings import DataSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["SETTING_NAMES", "read_recipe", "settings_of"]

_DATA_NAMES = tuple(f.name for f in dataclasses.fields(DataSettings))
_TRAINING_NAMES = tuple(f.name for f in dataclasses.fields(TrainingSettings))
SETTING_NAMES = (*_DATA_NAMES, *_TRAINING_NAMES)


def read_recipe(path: Path | str) -> dict[str, Any]:
    """Return the settings of a recipe file: TOML, one setting a line.

    Raises
    ------
    XentError
        When the file is absent or no TOML, or names a setting that does not exist (the nearest is named).
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
        values = tomllib.loads(text)
    except FileNotFoundError:
        raise XentError(f"recipe: there is no file {path}.") from None
    except OSError as error:
        raise XentError(f"recipe: {path} cannot be read: {error.strerror or error}.") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise XentError(f"recipe: {path} is not a TOML file ({error}).") from None
    for name in values:
        refuse_unknown(name, where=f"{path.name}: ")
    # a path in a recipe is meant from where the recipe lies
    if isinstance(values.get("test"), str):
        values["test"] = str(path.parent / values["test"])
    if isinstance(values.get("module"), str):
        values["module"] = parse_reference(values["module"]).absolute(path.parent.absolute())
    return values


def settings_of(
    recipe: Mapping[str, Any], arguments: Mapping[str, Any]
) -> tuple[DataSettings, TrainingSettings]:
    """Return the settings of a recipe and of arguments; where both give one, the argument holds.

    Examples
    --------
    >>> data, training = settings_of({"target": "y", "epochs": 5}, {"epochs": 9})
    >>> data.target, training.epochs, training.dtype
    ('y', 9, 'float32')
    """
    values = {**recipe, **arguments}
    for name in values:
        refuse_unknown(name)
    training = TrainingSettings(
        **{name: values[name] for name in _TRAINING_NAMES if name in values}
    )
    if training.dtype is None:
        training = dataclasses.replace(training, dtype="float32")
    if training.module is not None:  # also from another folder it is that file
        training = dataclasses.replace(training, module=parse_reference(training.module).absolute())
    return DataSettings(**{name: values[name] for name in _DATA_NAMES if name in values}), training


def refuse_unknown(name: str, where: str = "") -> None:
    """Raise for a setting that does not exist, naming the nearest."""
    if name not in SETTING_NAMES:
        raise XentError(f"{where}there is no setting {name!r}.{nearest_hint(name, SETTING_NAMES)}")
