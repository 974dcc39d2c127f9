"""Ctrl-C as a flag, in the main thread only."""

from __future__ import annotations

import signal
import threading

import pytest

from xent.training.interrupt import interrupt_flag


def test_the_first_ctrl_c_is_a_flag_and_the_second_interrupts():
    with interrupt_flag() as flag:
        assert not flag
        signal.raise_signal(signal.SIGINT)
        assert flag
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_another_thread_gets_a_flag_that_stays_false():
    seen = []

    def work():
        with interrupt_flag() as flag:
            seen.append(bool(flag))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [False]
