"""The ranks of a training: what the trainer and a session ask of one process or of several alike."""

from __future__ import annotations

import os
from contextlib import nullcontext
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from xent.engines.torch_ranks import Ranks
    from xent.launch import Launch

__all__ = ["ONE_RANK", "OneRank", "RankGroup", "join_ranks"]


class RankGroup(Protocol):
    """The processes that train one network together.

    Attributes
    ----------
    rank, size : int
        Which of how many this is.
    local_size : int
        How many of them share this machine.
    """

    rank: int
    size: int
    local_size: int

    def agreed_after_batch(self, reason: str) -> str:
        """Return why all ranks stop after this batch, "" while they go on, given this rank's own reason."""

    def agreed_after_epoch(self, reason: str) -> str:
        """Return why all ranks stop after this epoch, "" while they go on, given this rank's own reason."""

    def training(self) -> AbstractContextManager[None]:
        """Return the frame of a training: in it a rank that ends badly tells the others."""

    def announce(self, result: str) -> None:
        """Tell the other ranks how the run has ended, from rank 0."""


class OneRank:
    """A process that trains alone: it agrees with itself.

    Examples
    --------
    >>> OneRank().agreed_after_batch("interrupted")
    'interrupted'
    """

    rank, size, local_size = 0, 1, 1

    def agreed_after_batch(self, reason: str) -> str:
        """Return the reason."""
        return reason

    def agreed_after_epoch(self, reason: str) -> str:
        """Return the reason."""
        return reason

    def training(self) -> AbstractContextManager[None]:
        """Return a frame that does nothing."""
        return nullcontext()

    def announce(self, result: str) -> None:
        """Do nothing: nobody waits."""


ONE_RANK: Final = OneRank()


def join_ranks(launch: Launch) -> Ranks:
    """Return the ranks of this launch, once all of them are there.

    Raises
    ------
    XentError
        When PyTorch is not installed, or the ranks do not find each other.
    """
    from xent.engines.making import require_torch

    # what is lost is said in one line; PyTorch would add pages of its own stack
    os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")
    require_torch()
    from xent.engines.torch_ranks import Ranks

    return Ranks(launch)
