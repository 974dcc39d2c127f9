"""Ranks find those of their own start in a store that still holds an earlier one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

torch = pytest.importorskip("torch")

from torch.distributed import HashStore, PrefixStore  # noqa: E402 (after the skip)

from xent.engines.torch_meeting import meet  # noqa: E402
from xent.launch import Launch  # noqa: E402

SOON = timedelta(seconds=20)


def start(store: HashStore, n_ranks: int) -> list[PrefixStore]:
    """Let every rank of one start meet the others, rank 0 last."""
    with ThreadPoolExecutor(n_ranks) as pool:
        ranks = reversed(range(n_ranks))
        return list(pool.map(lambda rank: meet(store, Launch(rank, n_ranks), SOON), ranks))


def test_all_ranks_share_a_part_that_no_start_before_has_written() -> None:
    store = HashStore()
    for number in range(3):
        first, *others = start(store, 3)
        assert not first.check(["address"])
        first.set("address", str(number))
        assert [other.get("address") for other in others] == [str(number).encode()] * 2


def test_a_rank_that_ended_before_rank_0_came_is_waited_for_again() -> None:
    store = HashStore()
    with pytest.raises(RuntimeError, match="nothing is heard of rank 0"):
        meet(store, Launch(1, 2), timedelta(seconds=0.02))
    # rank 0 answers the word of the process that is gone: nobody takes it
    with pytest.raises(RuntimeError, match="nothing is heard of rank 1"):
        meet(store, Launch(0, 2), timedelta(seconds=0.05))
    second, first = start(store, 2)
    first.set("address", "here")
    assert second.get("address") == b"here"
