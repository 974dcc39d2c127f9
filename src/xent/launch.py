"""How this process was launched: alone, or as one rank of a data parallel training.

Read from the environment that torchrun, and any launcher that follows it, sets for its processes.
"""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from xent.errors import XentError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Launch", "RankLostError", "find_launch", "give_way", "is_first", "is_heard"]

_GIVE_WAY_SECONDS: Final = 3.0
_NEEDED: Final = ("RANK", "MASTER_ADDR", "MASTER_PORT")


class RankLostError(XentError):
    """A rank of a data parallel training was killed, failed, or can no longer be reached.

    Parameters
    ----------
    message : str
    speaker : int
        The lowest rank that is left: the one to say so.
    """

    def __init__(self, message: str, speaker: int = 0) -> None:
        super().__init__(message)
        self.speaker = speaker


@dataclass(frozen=True)
class Launch:
    """The place of this process among those of a data parallel training.

    Attributes
    ----------
    rank, size : int
        Which of how many processes this is.
    local_rank, local_size : int
        The same among those on this machine.
    n_restarts : int
        How often torchrun has started the processes again.
    run_id : str
        The name that torchrun gave this launch; "none" or empty where it has no own.

    Examples
    --------
    >>> Launch(rank=1, size=2).is_first
    False
    """

    rank: int
    size: int
    local_rank: int = 0
    local_size: int = 1
    n_restarts: int = 0
    run_id: str = ""

    @property
    def is_first(self) -> bool:
        """Whether this is rank 0, the one that writes and prints."""
        return self.rank == 0


def find_launch(environment: Mapping[str, str] | None = None) -> Launch | None:
    """Return this process' place among several; None where it is alone.

    Parameters
    ----------
    environment : mapping of str to str, optional
        By default that of the process.

    Raises
    ------
    XentError
        When WORLD_SIZE promises several processes, and the rest is missing or makes no sense.

    Examples
    --------
    >>> find_launch({}) is None
    True
    >>> two = {"WORLD_SIZE": "2", "RANK": "1", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "29500"}
    >>> find_launch(two).rank
    1
    """
    given = os.environ if environment is None else environment
    size = _count(given, "WORLD_SIZE", 1)
    if size <= 1:
        return None
    missing = [name for name in _NEEDED if not given.get(name)]
    if missing:
        raise XentError(
            f"WORLD_SIZE is {size}, but {' and '.join(missing)} must be set as well, as torchrun does. "
            "Start with torchrun, or unset WORLD_SIZE."
        )
    rank = _count(given, "RANK", 0)
    if rank >= size:
        raise XentError(f"RANK must be below WORLD_SIZE, {size}, got {rank}.")
    return Launch(
        rank=rank,
        size=size,
        local_rank=_count(given, "LOCAL_RANK", 0),
        local_size=_count(given, "LOCAL_WORLD_SIZE", 1),
        n_restarts=_count(given, "TORCHELASTIC_RESTART_COUNT", 0),
        run_id=given.get("TORCHELASTIC_RUN_ID", ""),
    )


def is_first() -> bool:
    """Tell whether this process is alone or rank 0: the one that prints."""
    try:
        launch = find_launch()
    except XentError:
        return True
    return launch is None or launch.is_first


def is_heard(error: BaseException) -> bool:
    """Tell whether this process is the one to print an error: one rank says it for all."""
    if isinstance(error, RankLostError):
        launch = find_launch()
        return launch is None or launch.rank == error.speaker
    return is_first()


def give_way() -> None:
    """Let rank 0 say first what is wrong everywhere: launchers end all ranks when one of them ends badly.

    Ranks that have joined part in order; this is for mistakes that are found before, such as an unknown option.
    """
    if "xent.engines.torch_ranks" not in sys.modules:
        time.sleep(_GIVE_WAY_SECONDS)


def _count(given: Mapping[str, str], name: str, absent: int) -> int:
    text = given.get(name, "")
    if not text:
        return absent
    if not (text.isascii() and text.isdigit()):
        raise XentError(f"{name} must be a whole number of at least 0, got {text!r}.")
    return int(text)
