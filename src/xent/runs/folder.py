"""The run folder: where its files lie, how it is named, how a new one is made."""

from __future__ import annotations

import contextlib
import re
import secrets
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from xent.errors import XentError, nearest_hint

__all__ = ["RunFolder", "create_run_folder", "open_run_folder"]

# what a folder name keeps of the name of the data
_LONGEST_NAME = 40


@dataclass(frozen=True)
class RunFolder:
    """The files of one run, by name.

    Examples
    --------
    >>> RunFolder(Path("runs/a")).model.name
    'model.safetensors'
    """

    path: Path

    @property
    def record(self) -> Path:
        """What was asked and how it went: recipe, versions, data, seed, status."""
        return self.path / "run.json"

    @property
    def split(self) -> Path:
        """The rows of each part, by their place in the file."""
        return self.path / "split.json"

    @property
    def encoder(self) -> Path:
        """From the columns of a table to the network's inputs, and from codes to class names."""
        return self.path / "encoder.json"

    @property
    def model(self) -> Path:
        """The trained network: named arrays, and in the metadata what they mean."""
        return self.path / "model.safetensors"

    @property
    def history(self) -> Path:
        """One line an epoch, appended as training goes."""
        return self.path / "history.jsonl"

    @property
    def curves(self) -> Path:
        """ROC and PR curves of the validation part at some epochs."""
        return self.path / "curves"

    @property
    def predictions(self) -> Path:
        """The predictions for the rows that were held out."""
        return self.path / "predictions.parquet"

    @property
    def evaluation(self) -> Path:
        """The verdict, with the constant predictor and the linear baseline."""
        return self.path / "evaluation.json"

    @property
    def decision(self) -> Path:
        """The threshold that predictions are decided with, where one was chosen."""
        return self.path / "decision.json"

    @property
    def recalibrator(self) -> Path:
        """What makes good for the network's probabilities, where one was fitted."""
        return self.path / "recalibrator.json"

    @property
    def checkpoints(self) -> Path:
        """The state from which an interrupted training goes on."""
        return self.path / "checkpoints"

    @property
    def table(self) -> Path:
        """A copy of a table that came from memory, kept while the training can still be resumed."""
        return self.checkpoints / "table.parquet"

    @property
    def test_table(self) -> Path:
        """The same for a test table that came from memory."""
        return self.checkpoints / "test_table.parquet"

    def remove_unfinished(self) -> None:
        """Delete the hidden files that a killed process was writing and never renamed into place."""
        for folder in (self.path, self.curves, self.checkpoints):
            for path in folder.glob(".*"):
                if path.is_file():
                    path.unlink(missing_ok=True)

    def remove(self) -> None:
        """Delete the folder and all that is in it: a start that failed leaves nothing behind."""
        shutil.rmtree(self.path, ignore_errors=True)


def create_run_folder(runs: Path | str, data_name: str) -> RunFolder:
    """Make a new, empty run folder; its name sorts by time and was never used before.

    Parameters
    ----------
    runs : path
        The folder of all runs, made when absent.
    data_name : str
        The name of the data; only its letters, digits, dashes and underscores are kept.

    Raises
    ------
    XentError
        When the folder cannot be made.

    Examples
    --------
    >>> import tempfile
    >>> folder = create_run_folder(tempfile.mkdtemp(), "../Phishing sites.csv")
    >>> folder.path.name.split("-", 1)[1][:-5]
    'phishing-sites'
    """
    runs = Path(runs)
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    stem = _folder_stem(data_name)
    try:
        runs.mkdir(parents=True, exist_ok=True)
        while True:
            path = runs / f"{stamp}-{stem}-{secrets.token_hex(2)}"
            with contextlib.suppress(FileExistsError):
                path.mkdir()
                return RunFolder(path)
    except OSError as error:
        raise XentError(
            f"runs: cannot make a folder in {runs}: {error.strerror or error}."
        ) from error


def open_run_folder(path: Path | str) -> RunFolder:
    """Return the folder of an existing run.

    Raises
    ------
    XentError
        When there is no such folder (the nearest is named), or it holds no run.
    """
    path = Path(path)
    if path.name == "run.json":
        path = path.parent
    try:
        if path.is_file():
            raise XentError(f"{path} is a file; a run's folder is needed.")
        if not path.is_dir():
            siblings = (
                [str(entry) for entry in path.parent.iterdir() if entry.is_dir()]
                if path.parent.is_dir()
                else []
            )
            raise XentError(f"there is no run folder {path}.{nearest_hint(str(path), siblings)}")
        if not (path / "run.json").is_file():
            raise XentError(
                f"{path} is not a run folder: it holds no run.json.{_runs_within(path)}"
            )
    except OSError as error:
        raise XentError(f"{path} cannot be read: {error.strerror or error}.") from error
    return RunFolder(path)


def _runs_within(path: Path) -> str:
    """Return a hint when `path` is the folder of all runs."""
    runs = sorted(entry.parent for entry in path.glob("*/run.json"))
    return f" Name one of the runs in it, such as {runs[-1]}." if runs else ""


def _folder_stem(data_name: str) -> str:
    name = re.split(r"[/\\]", data_name)[-1].split(".", maxsplit=1)[0]
    kept = re.sub(r"[^a-z0-9_]+", "-", name.lower()).strip("-")[:_LONGEST_NAME].strip("-")
    return kept or "data"
