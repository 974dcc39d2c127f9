"""How the ranks of one start find each other, and nothing of a start before.

A launcher that starts the ranks again keeps the store in which they leave their addresses, and so
the old addresses with it: a rank that reads before rank 0 has written calls a process that is gone.
The count of restarts is no name for a start, for on several machines it differs between them.
"""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING, Any, Final

from torch.distributed.distributed_c10d import PrefixStore

if TYPE_CHECKING:
    from datetime import timedelta

    from xent.launch import Launch

__all__ = ["meet"]

_PAUSE_SECONDS: Final = 0.01


def meet(store: Any, launch: Launch, patience: timedelta) -> PrefixStore:
    """Return the part of a store that belongs to the ranks that are here now.

    Each rank says a word that nobody said before. Rank 0 answers with that word and the name of the
    part, and waits until all have taken the name: an answer to a word of an earlier start is taken
    by nobody.

    Raises
    ------
    RuntimeError
        When somebody does not come in time.
    """
    own = secrets.token_hex(16)
    end = time.monotonic() + patience.total_seconds()
    name = (
        _invite(store, launch.size, own, end) if launch.is_first else _call(store, launch, own, end)
    )
    return PrefixStore(f"xent/{name}", store)


def _invite(store: Any, n_ranks: int, name: str, end: float) -> str:
    """Answer every rank until all have taken the name."""
    missing = set(range(1, n_ranks))
    answered: dict[int, str] = {}
    while missing:
        for rank in sorted(missing):
            word = _read(store, f"xent/word/{rank}")
            if word and answered.get(rank) != word:
                answered[rank] = word
                store.set(f"xent/answer/{rank}", f"{word} {name}")
            if _read(store, f"xent/taken/{rank}") == name:
                missing.discard(rank)
        _pause(end, f"nothing is heard of rank {min(missing, default=0)}")
    return name


def _call(store: Any, launch: Launch, word: str, end: float) -> str:
    """Say the word until rank 0 answers it, and take the name."""
    store.set(f"xent/word/{launch.rank}", word)
    while True:
        answered, _, name = _read(store, f"xent/answer/{launch.rank}").partition(" ")
        if answered == word:
            store.set(f"xent/taken/{launch.rank}", name)
            return name
        _pause(end, "nothing is heard of rank 0")


def _read(store: Any, key: str) -> str:
    """Return a text of the store; an empty one where there is none, for the store itself would wait."""
    return store.get(key).decode() if store.check([key]) else ""


def _pause(end: float, otherwise: str) -> None:
    if time.monotonic() > end:
        raise RuntimeError(otherwise)
    time.sleep(_PAUSE_SECONDS)
