"""What tests/engines/test_torch_ranks.py runs: six ranks exchange numbers until one is lost. Not a test itself.

They are forked from one process, which has PyTorch loaded once for all.
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import socket
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from xent.engines import torch_ranks
from xent.launch import Launch, RankLostError

if TYPE_CHECKING:
    from collections.abc import Callable

N_RANKS = 6
# on a busy machine all that are left must have the time to answer,
torch_ranks.ROLL_CALL_SECONDS = 5.0
# and a rank that hears of the loss only when another has given up waiting is found out
torch_ranks.FAREWELL_SECONDS = 60.0


def start(folder: Path, lost: int, how: str, what: str) -> None:
    """Run all ranks to their end."""
    folder.mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    os.environ |= {"WORLD_SIZE": str(N_RANKS), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    processes = []
    for rank in range(N_RANKS):
        process = os.fork()
        if process == 0:
            os.environ["RANK"] = str(rank)
            # after what the ranks do at exit: to take PyTorch down in every process would take longest
            atexit.register(os._exit, 0)
            exchange(folder, Launch(rank, N_RANKS), lost, END[how], EXCHANGE[what])
            sys.exit()
        processes.append(process)
    for process in processes:
        os.waitpid(process, 0)


def exchange(
    folder: Path,
    launch: Launch,
    lost: int,
    end: Callable[[], None],
    travel: Callable[[torch_ranks.Ranks], object],
) -> None:
    """Exchange until it fails; write who speaks, what is said, and after how many seconds."""
    ranks = torch_ranks.Ranks(launch)
    begin = time.monotonic()
    try:
        with ranks.training():
            for step in range(1000):
                if ranks.rank == lost and step == 5:
                    end()
                travel(ranks)
    except RankLostError as error:
        said = [error.speaker, str(error), time.monotonic() - begin]
        (folder / f"{launch.rank}.json").write_text(json.dumps(said))
    except OSError:
        pass


def kill() -> None:
    """End this process as a lack of memory would."""
    os.kill(os.getpid(), signal.SIGKILL)


def fail() -> None:
    """Fail as a full disk would."""
    raise OSError("out of luck")


END = {"killed": kill, "failed": fail}
EXCHANGE = {
    "numbers": lambda ranks: ranks.add_up(torch.ones(100)),
    "texts": lambda ranks: ranks.gather_texts("a"),
}

if __name__ == "__main__":
    for case in sys.argv[2:]:
        rank, *rest = case.split()
        start(Path(sys.argv[1]) / case, int(rank), *rest)
