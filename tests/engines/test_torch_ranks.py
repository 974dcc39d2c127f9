"""Two gloo ranks compute what one process computes, and stop together."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from xent.engines import ONE_RANK, make_engine
from xent.errors import XentError
from xent.launch import Launch, RankLostError, find_launch, is_heard

PROGRAM = Path(__file__).parent / "rank_program.py"
LOST_RANK_PROGRAM = PROGRAM.with_name("lost_rank_program.py")
TOLERANCE = {"float32": 1e-6, "float64": 1e-12}
TRAININGS = (
    "plain", "norm_and_dropout", "weights", "penalties", "rmsprop", "momentum", "single_rows",
)  # fmt: skip
# which of six ranks is lost, how, and in an exchange of what: who says so, and what
LOST = {
    "2 killed numbers": (0, "rank 2 has gone: killed, or its connection is lost. "),
    "4 killed texts": (0, "rank 4 has gone: killed, or its connection is lost. "),
    "0 killed numbers": (1, "rank 0 has gone: killed, or its connection is lost. "),
    "3 failed numbers": (0, "rank 3 has gone: out of luck. "),
}
TWO = {"WORLD_SIZE": "2", "RANK": "1", "MASTER_ADDR": "localhost", "MASTER_PORT": "29500"}


@pytest.fixture(scope="module")
def both(run_ranks, tmp_path_factory) -> dict[str, Any]:
    """Return what rank 0 found: every case alone and together."""
    folder = tmp_path_factory.mktemp("ranks")
    done = run_ranks([str(PROGRAM), str(folder / "found.json")], folder)
    assert [one.returncode for one in done] == [0, 0], done[0].stderr + done[1].stderr
    return json.loads((folder / "found.json").read_text())


@pytest.mark.parametrize(
    ("name", "dtype"),
    [
        *((name, "float64") for name in TRAININGS),
        ("norm_and_dropout", "float32"),
        ("weights", "float32"),
    ],
)
def test_the_same_training_as_one_process(both: dict[str, Any], name: str, dtype: str) -> None:
    for what in ("parameters", "running", "history"):
        alone, together = both["found"][f"{name} {dtype} {what}"]
        np.testing.assert_allclose(together, alone, rtol=0, atol=TOLERANCE[dtype])


@pytest.mark.parametrize("dtype", sorted(TOLERANCE))
@pytest.mark.parametrize("n", [1, 2, 5])
def test_the_same_step_of_an_image_network(both: dict[str, Any], n: int, dtype: str) -> None:
    # also with one row, for which there are too many ranks
    for what in ("gradient", "running", "logits", "loss"):
        alone, together = both["found"][f"images_{n} {dtype} {what}"]
        # what is 0 but for rounding is compared with the largest number beside it
        largest = max(1.0, float(np.max(np.abs(alone))))
        np.testing.assert_allclose(together, alone, rtol=0, atol=TOLERANCE[dtype] * largest)


def test_ranks_stay_alike_to_the_last_bit(both: dict[str, Any]) -> None:
    assert both["same"]


@pytest.mark.parametrize("who", ["0", "1"])
def test_ranks_stop_after_the_same_batch(both: dict[str, Any], who: str) -> None:
    # a wish within an epoch travels with the next batch; at an epoch's last batch and after it, it holds at once
    for rank, stops in enumerate(both["all_stops"]):
        reason = "enough" if str(rank) == who else "another rank asked for it"
        assert stops[who] == [[3, reason], [4, reason], [4, reason]]


@pytest.fixture(scope="module")
def lost(run_ranks, tmp_path_factory) -> Path:
    """Return the folder in which the ranks that were left have written what they heard."""
    folder = tmp_path_factory.mktemp("lost")
    program = [sys.executable, str(LOST_RANK_PROGRAM), str(folder), *LOST]
    done = subprocess.run(program, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.parametrize("case", LOST)
def test_all_that_are_left_hear_at_once_who_is_lost(lost: Path, case: str) -> None:
    # also those that wait for a rank which waits for the lost one
    speaker, message = LOST[case]
    said = {path.stem: json.loads(path.read_text()) for path in (lost / case).iterdir()}
    assert sorted(said) == [str(rank) for rank in range(6) if rank != int(case[0])]
    for who, text, seconds in said.values():
        assert (who, text[: len(message)]) == (speaker, message)
        assert seconds < 40  # and not when the first has given up waiting, after 60


def test_texts_of_other_lengths_and_letters(both: dict[str, Any]) -> None:
    assert both["texts"] == ["", "é"]


def test_alone_without_the_environment() -> None:
    assert find_launch({}) is None
    assert find_launch({"WORLD_SIZE": "1"}) is None


def test_the_environment_of_torchrun() -> None:
    more = {"LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "2", "TORCHELASTIC_RESTART_COUNT": "3"}
    launch = find_launch({**TWO, **more, "TORCHELASTIC_RUN_ID": "a"})
    assert launch == Launch(1, 2, local_rank=1, local_size=2, n_restarts=3, run_id="a")
    assert not launch.is_first


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"WORLD_SIZE": "two"}, "WORLD_SIZE must be a whole number of at least 0, got 'two'"),
        ({"WORLD_SIZE": "2"}, "RANK and MASTER_ADDR and MASTER_PORT must be set as well"),
        ({**TWO, "RANK": "2"}, "RANK must be below WORLD_SIZE, 2, got 2"),
        ({**TWO, "LOCAL_RANK": "-1"}, "LOCAL_RANK must be a whole number"),
    ],
)
def test_an_environment_that_makes_no_sense(environment: dict[str, str], message: str) -> None:
    with pytest.raises(XentError, match=message):
        find_launch(environment)


def test_one_rank_speaks(monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_heard(XentError("a"))
    for name, value in TWO.items():
        monkeypatch.setenv(name, value)
    assert not is_heard(XentError("a"))
    assert is_heard(RankLostError("rank 0 has gone", speaker=1))
    monkeypatch.setenv("RANK", "0")
    assert is_heard(XentError("a"))


def test_numpy_trains_alone() -> None:
    from xent.distributions import Bernoulli
    from xent.network import mlp

    class Two(type(ONE_RANK)):
        size = 2

    with pytest.raises(XentError, match="--engine torch"):
        make_engine("numpy", mlp(2, (), 1), Bernoulli(), ranks=Two())
