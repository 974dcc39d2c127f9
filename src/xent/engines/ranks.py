"""The ranks of a training: what the trainer and a session ask of one process or of several alike."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

__all__ = ["ONE_RANK", "OneRank", "RankGroup"]


class RankGroup(Protocol):
    """The processes that train one network together.

    Attributes
    ----------
    rank, size : int
        Which of how many this is.
    """

    rank: int
    size: int

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

    rank, size = 0, 1

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
