"""Every mistake of the user: one line on standard error, exit code 2, no traceback, no folder left behind."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tests.cli.conftest import Outcome, table_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Xent = Callable[..., Outcome]

LINES = table_text().splitlines()


def refused(outcome: Outcome, tmp_path: Path, *words: str) -> None:
    """Assert the form of a refusal, and that it says what is wrong."""
    assert outcome.code == 2
    lines = outcome.err.splitlines()
    assert sum(line.startswith("error: ") for line in lines) == 1
    assert all(line.startswith(("error: ", "warning: ")) for line in lines)
    assert "Traceback" not in outcome.err + outcome.out
    for word in words:
        assert word in lines[-1]
    assert not list(tmp_path.glob("runs/*"))


def changed(row: int, column: int, value: str) -> str:
    """Return the table with one cell changed."""
    lines = list(LINES)
    cells = lines[row].split(",")
    cells[column] = value
    lines[row] = ",".join(cells)
    return "\n".join(lines) + "\n"


MISTAKES = {
    "no such file": ("", ["nothing.csv", "--target", "label"], ["nothing.csv"]),
    "empty file": ("", ["data.csv", "--target", "label"], ["data.csv", "empty"]),
    "only a header": (LINES[0] + "\n", ["data.csv", "--target", "label"], ["no rows"]),
    "broken row": (
        "\n".join([*LINES[:4], "1,2,3", *LINES[4:]]),
        ["data.csv", "--target", "label"],
        ["line 5"],
    ),
    "no such column": (
        "\n".join(LINES),
        ["data.csv", "--target", "lable"],
        ["lable", "Did you mean 'label'?"],
    ),
    "no such column to drop": (
        "\n".join(LINES),
        ["data.csv", "--target", "label", "--drop", "widht"],
        ["widht", "Did you mean 'width'?"],
    ),
    "one class only": (
        "\n".join([LINES[0], *[line for line in LINES if line.endswith("yes")]]),
        ["data.csv", "--target", "label"],
        ["one class only"],
    ),
    "missing target": (changed(7, 3, ""), ["data.csv", "--target", "label"], ["label", "row 7"]),
    "NaN target": (changed(7, 3, "nan"), ["data.csv", "--target", "label"], ["label", "row 7"]),
    "labels out of range": (
        "a,l_1,l_2\n" + "1,0,1\n2,1,0\n3,2,1\n" * 80,
        ["data.csv", "--targets", "l_*"],
        ["l_1", "row 3"],
    ),
    "more classes than rows": (
        "a,y\n" + "".join(f"{i},c{i}\n" for i in range(30)),
        ["data.csv", "--target", "y", "--task", "multiclass"],
        ["30 classes"],
    ),
    "infinite feature": (
        changed(9, 0, "inf"),
        ["data.csv", "--target", "label", "--seed", "1"],
        ["width", "row 9"],
    ),
    "negative weight": (
        changed(9, 1, "-1"),
        ["data.csv", "--target", "label", "--weight", "height"],
        ["height", "negative"],
    ),
    "no target": ("\n".join(LINES), ["data.csv"], ["target is needed", "'label'"]),
    "no file": ("", [], ["FILE is needed"]),
    "positive is no class": (
        "\n".join(LINES),
        ["data.csv", "--target", "label", "--positive", "yse"],
        ["yse", "Did you mean 'yes'?"],
    ),
    "unknown option": (
        "\n".join(LINES),
        ["data.csv", "--target", "label", "--epoch", "3"],
        ["--epoch"],
    ),
    "not a number": (
        "\n".join(LINES),
        ["data.csv", "--target", "label", "--epochs", "many"],
        ["epochs", "many"],
    ),
    "no epochs": (
        "\n".join(LINES),
        ["data.csv", "--target", "label", "--epochs", "0"],
        ["epochs must be"],
    ),
    "unknown activation": (
        "\n".join(LINES),
        ["data.csv", "--target", "label", "--activation", "sigmod"],
        ["sigmod", "'sigmoid'"],
    ),
    "unknown task": (
        "\n".join(LINES),
        ["data.csv", "--target", "label", "--task", "binray"],
        ["'binary'"],
    ),
    "hidden layers": (
        "\n".join(LINES),
        ["data.csv", "--target", "label", "--hidden", "a,b"],
        ["hidden"],
    ),
    "class weights": (
        "\n".join(LINES),
        ["data.csv", "--target", "label", "--class-weight", "yes"],
        ["class_weight"],
    ),
    "class weight of no class": (
        "\n".join(LINES),
        ["data.csv", "--target", "label", "--class-weight", "yep=2"],
        ["yep"],
    ),
    "distribution of another task": (
        "\n".join(LINES),
        ["data.csv", "--target", "label", "--distribution", "poisson"],
        ["distribution", "poisson"],
    ),
    "two kinds of target": (
        "\n".join(LINES),
        ["data.csv", "--target", "label", "--targets", "width"],
        ["exclude each other"],
    ),
    "a folder in the way": (
        "\n".join(LINES),
        ["data.csv", "--target", "label", "--runs", "data.csv"],
        ["runs", "data.csv"],
    ),
    "resume with settings": ("", ["--resume", "runs/x", "--epochs", "3"], ["--epochs"]),
    "resume of nothing": ("", ["--resume", "runs/x"], ["there is no run folder"]),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_train_refuses(mistake: str, xent: Xent, tmp_path: Path) -> None:
    text, arguments, words = MISTAKES[mistake]
    (tmp_path / "data.csv").write_text(text)
    refused(xent("train", *arguments), tmp_path, *words)


def test_unknown_verb(xent: Xent, tmp_path: Path) -> None:
    refused(xent("trian"), tmp_path, "trian")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("epoch = 3\n", ["recipe.toml", "epoch", "Did you mean 'epochs'?"]),
        ("epochs = \n", ["recipe.toml", "TOML"]),
        ('epochs = "three"\n', ["epochs must be"]),
        ("[training]\nepochs = 3\n", ["training"]),
    ],
)
def test_recipe_refused(
    text: str, words: list[str], xent: Xent, table: Path, tmp_path: Path
) -> None:
    (tmp_path / "recipe.toml").write_text(text)
    outcome = xent("train", table, "--target", "label", "--recipe", "recipe.toml")
    refused(outcome, tmp_path, *words)


def test_no_recipe(xent: Xent, table: Path, tmp_path: Path) -> None:
    refused(xent("train", table, "--recipe", "none.toml"), tmp_path, "recipe", "none.toml")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a finished run."""
    import xent

    folder = tmp_path_factory.mktemp("trained")
    (folder / "flowers.csv").write_text(table_text())
    run = xent.train(
        folder / "flowers.csv", target="label", epochs=2, hidden=(3,), random_state=0, runs=folder
    )
    return run.folder


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("width,color,label\n1,red,yes\n", ["height"]),
        ("width,height,color,label\nwide,1,red,yes\n", ["width", "wide", "row 1"]),
        ("width,height,color,label\n1,inf,red,yes\n", ["height", "row 1"]),
    ],
)
@pytest.mark.parametrize("verb", ["predict", "evaluate"])
def test_table_that_does_not_fit(
    verb: str, text: str, words: list[str], trained: Path, xent: Xent, tmp_path: Path
) -> None:
    (tmp_path / "new.csv").write_text(text)
    refused(xent(verb, trained, "new.csv"), tmp_path, *words)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("width,height,color\n1,1,red\n", ["label", "target"]),
        ("width,height,color,label\n1,1,red,perhaps\n", ["perhaps"]),
        ("width,height,color,label\n1,1,red,\n", ["label", "missing"]),
    ],
)
def test_evaluate_needs_labels(
    text: str, words: list[str], trained: Path, xent: Xent, tmp_path: Path
) -> None:
    (tmp_path / "new.csv").write_text(text)
    refused(xent("evaluate", trained, "new.csv"), tmp_path, *words)


@pytest.mark.parametrize("output", ["p.xlsx", "nowhere/p.csv"])
def test_predict_output(output: str, trained: Path, xent: Xent, tmp_path: Path) -> None:
    (tmp_path / "new.csv").write_text(table_text(5))
    refused(xent("predict", trained, "new.csv", "--output", output), tmp_path, "output")
    assert not (tmp_path / output).exists()


@pytest.mark.parametrize("verb", ["predict", "evaluate"])
def test_no_run(verb: str, xent: Xent, table: Path, tmp_path: Path) -> None:
    refused(xent(verb, "runs/none", table), tmp_path, "there is no run folder")
    refused(xent(verb, tmp_path, table), tmp_path, "run.json")


def test_folder_of_runs_is_no_run(trained: Path, xent: Xent, table: Path, tmp_path: Path) -> None:
    outcome = xent("predict", trained.parent, table)
    refused(outcome, tmp_path, "is not a run folder", trained.name)


def test_run_of_a_newer_xent(trained: Path, xent: Xent, table: Path, tmp_path: Path) -> None:
    newer = tmp_path / "newer"
    newer.mkdir()
    values = json.loads((trained / "run.json").read_text())
    (newer / "run.json").write_text(json.dumps({**values, "version": 2}))
    refused(xent("predict", newer, table), tmp_path, "run.json", "newer xent")


def test_mistakes_under_json_are_lines_too(xent: Xent, tmp_path: Path) -> None:
    outcome = xent("train", "nothing.csv", "--target", "y", "--json")
    refused(outcome, tmp_path, "nothing.csv")
    assert outcome.out == ""


def test_out_of_memory_is_one_line(xent: Xent, table: Path, tmp_path: Path) -> None:
    outcome = xent("train", table, "--target", "label", "--hidden", "10000000,10000000")
    refused(outcome, tmp_path, "memory")


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt, BrokenPipeError, OSError(28, "No space left")]
)
def test_what_is_no_mistake(
    error: BaseException, xent: Xent, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> None:
        raise error

    monkeypatch.setattr("xent.cli.entry.make_app", fail)
    monkeypatch.setattr("xent.cli.entry._drop_output", lambda: None)
    outcome = xent("--version")
    expected = {KeyboardInterrupt: 130, BrokenPipeError: 1}
    assert outcome.code == expected.get(error, 2)  # type: ignore[call-overload]
    assert "Traceback" not in outcome.err
