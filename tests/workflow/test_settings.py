"""Data settings and recipes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from xent.errors import XentError
from xent.workflow import DataSettings
from xent.workflow.recipe import SETTING_NAMES, read_recipe, settings_of


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"target": 3}, "target must be the name of a column"),
        ({"drop": 3}, "drop must be a list of column names"),
        ({"drop": [3]}, "drop must be a list of column names"),
        ({"task": "binray"}, "Did you mean 'binary'"),
        ({"test_fraction": 1}, "test_fraction must be"),
        ({"test_fraction": -0.1}, "test_fraction must be"),
        ({"test_fraction": "a"}, "test_fraction must be"),
        ({"test_fraction": True}, "test_fraction must be"),
        ({"runs": ""}, "runs must be a folder"),
        ({"runs": 3}, "runs must be a folder"),
        ({"target": "a", "targets": "b"}, "exclude each other"),
        ({"split": "a", "test": "b.csv"}, "exclude each other"),
        ({"split": "a", "group": "b"}, "split and group exclude"),
        ({"split": "a", "time": "b"}, "split and time exclude"),
    ],
)
def test_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(XentError) as caught:
        DataSettings(**settings)
    assert words in str(caught.value)


def test_one_name_is_a_list_of_one() -> None:
    settings = DataSettings(targets="label_*", drop=["a", "b"], runs=Path("x") / "y")
    assert settings.targets == ("label_*",)
    assert settings.drop == ("a", "b")
    assert settings.runs == "x/y"
    assert DataSettings(**json.loads(json.dumps(settings.as_json()))) == settings


def test_names_are_told_apart() -> None:
    assert len(set(SETTING_NAMES)) == len(SETTING_NAMES)
    data, training = settings_of({"epochs": 3, "target": "a"}, {"target": "b", "dtype": "float64"})
    assert (data.target, training.epochs, training.dtype) == ("b", 3, "float64")


def test_paths_in_a_recipe_are_meant_from_where_it_lies(tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_text('test = "held.csv"\n')
    assert read_recipe(tmp_path / "recipe.toml") == {"test": str(tmp_path / "held.csv")}


def test_unreadable_recipes(tmp_path: Path) -> None:
    with pytest.raises(XentError, match="cannot be read"):
        read_recipe(tmp_path)
    (tmp_path / "recipe.toml").write_bytes(b"\xff")
    with pytest.raises(XentError, match="not a TOML"):
        read_recipe(tmp_path / "recipe.toml")
