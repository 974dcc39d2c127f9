"""Started again by torchrun: which run the ranks of this launch were training."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Final

from xent.files import write_atomically
from xent.runs import load_run
from xent.runs.sources import path_of

if TYPE_CHECKING:
    from xent.launch import Launch
    from xent.runs import RunFolder
    from xent.training import TrainingSettings

__all__ = ["find_relaunched", "write_launch"]

_NAME: Final = "launch.json"
# what torchrun says when it was given no name
_NO_NAMES: Final = {"", "none"}


def write_launch(launch: Launch, folder: RunFolder) -> None:
    """Note which launch trains a run, for its ranks to find it when torchrun starts them again."""
    text = json.dumps({"launch": _identity(launch)}, ensure_ascii=False)
    write_atomically(folder.checkpoints / _NAME, text + "\n")


def find_relaunched(launch: Launch, source: object, runs: str, training: TrainingSettings) -> str:
    """Return the folder of the run that the ranks of this launch were training before they were started again.

    Parameters
    ----------
    launch : Launch
    source : path, data frame or array
    runs : str
        The folder of all runs.
    training : TrainingSettings
        A run with others is another training of the same program; the seed may be a fresh one.

    Returns
    -------
    str
        Empty for a first start, or when they were stopped before there was a run.
    """
    if not launch.n_restarts:
        return ""
    identity = _identity(launch)
    wanted = {**training.as_json(), "random_state": None}
    for path in sorted(Path(runs).glob(f"*/checkpoints/{_NAME}"), reverse=True):
        try:
            if json.loads(path.read_text(encoding="utf-8")) != {"launch": identity}:
                continue
            record = load_run(path.parents[1]).record
        except (OSError, ValueError, RecursionError):  # another run's, damaged: not ours to judge
            continue
        recipe = {name: record.recipe.get(name) for name in wanted}
        if {**recipe, "random_state": None} == wanted and record.data.path == path_of(source):
            return str(path.parents[1])
    return ""


def _identity(launch: Launch) -> str:
    """Return what is the same for all starts of one launch, and for no other launch."""
    if launch.run_id not in _NO_NAMES:
        return launch.run_id
    parent = os.getppid()
    return f"{socket.gethostname()} {parent} {_begin_of(parent)}"


def _begin_of(process: int) -> str:
    """Return when a process began, in the system's ticks; empty where the system does not say."""
    try:
        text = Path(f"/proc/{process}/stat").read_text(encoding="utf-8")
    except OSError:
        return ""
    # the name, in brackets, may hold spaces; the 22nd field is the 20th after it
    return text.rpartition(")")[2].split()[19]
