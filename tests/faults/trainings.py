"""A process that trains for the kill test: it loads xent once and forks a child for each training.

Reads one JSON object a line on standard input and answers each with the child's exit code, negative for a signal:

    {"runs": folder, "table": file, "settings": {...}, "log": file, "kill_after_batches": n or null,
     "kill_after_seconds": s or null, "resume": run folder or null, "each_batch": true or false}

The child logs a line for every batch that it trains, and reports the start of its training through a pipe, so that
the clock of `kill_after_seconds` does not run while the table is read.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
import traceback
import warnings

import xent
import xent.workflow
from xent.training import Callback, checkpoint


class Log(Callback):
    """Logs every batch, and dies after some number of them."""

    def __init__(self, path: str, kill_after: int | None, started: int) -> None:
        self.file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self.left, self.started = kill_after, started

    def train_begin(self, moment: object) -> None:
        os.write(self.started, b"x")

    def batch_end(self, moment: xent.training.Moment) -> None:
        os.write(self.file, f"{moment.epoch} {moment.batch}\n".encode())
        if self.left is not None:
            self.left -= 1
            if self.left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)


def train(order: dict, started: int) -> None:
    if order["each_batch"]:  # every batch gets the checkpoint that long epochs get every 20 s
        checkpoint.SECONDS_BETWEEN_LONG = 0.0
        checkpoint.BUDGET = float("inf")
    log = Log(order["log"], order["kill_after_batches"], started)
    if order["resume"] is not None:
        xent.resume(order["resume"], callbacks=[log])
    else:
        xent.train(order["table"], runs=order["runs"], callbacks=[log], **order["settings"])


def fork(order: dict) -> int:
    begun, started = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.close(begun)
            train(order, started)
            code = 0
        except BaseException:  # noqa: BLE001 - printed; the child must never go on as its parent
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)
    os.close(started)
    os.read(begun, 1)
    if order["kill_after_seconds"] is not None:
        time.sleep(order["kill_after_seconds"])
        os.kill(child, signal.SIGKILL)  # a child that is done stays a zombie until it is waited for
    _, status = os.waitpid(child, 0)
    os.close(begun)
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    for line in sys.stdin:
        print(fork(json.loads(line)), flush=True)
