"""Ctrl-C as a flag: training ends after the batch under way, with a whole state."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

__all__ = ["InterruptFlag", "interrupt_flag"]


class InterruptFlag:
    """True once Ctrl-C was pressed."""

    def __init__(self) -> None:
        self.is_set = False

    def __bool__(self) -> bool:
        return self.is_set


@contextmanager
def interrupt_flag() -> Iterator[InterruptFlag]:
    """Catch the first Ctrl-C in a flag; a second one interrupts at once, as ever.

    Outside the main thread Python delivers no signals, and the flag stays false.
    """
    flag = InterruptFlag()
    if threading.current_thread() is not threading.main_thread():
        yield flag
        return
    previous = signal.getsignal(signal.SIGINT)

    def note(_number: int, _frame: FrameType | None) -> None:
        flag.is_set = True
        signal.signal(signal.SIGINT, previous)

    signal.signal(signal.SIGINT, note)
    try:
        yield flag
    finally:
        signal.signal(signal.SIGINT, previous)
