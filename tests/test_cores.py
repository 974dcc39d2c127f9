"""The cores that this process may use, not those of the machine."""

from __future__ import annotations

import os

import pytest

from xent.cores import n_cores


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system has no affinity")
def test_a_process_that_is_held_to_one_core_has_one() -> None:
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(before)})
        assert n_cores() == 1
    finally:
        os.sched_setaffinity(0, before)
    assert n_cores() == len(before)


def test_without_affinity_it_is_the_machine_that_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    for n_found, n_used in ((3, 3), (None, 1)):
        monkeypatch.setattr(os, "cpu_count", lambda n=n_found: n)
        assert n_cores() == n_used
