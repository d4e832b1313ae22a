"""Signals as a shell hands them to a command in the foreground, whatever started the tests."""

from __future__ import annotations

import signal


def restore_default_signals() -> None:
    """Stops ignoring and blocking signals, as `nohup` and `&` make a process do, here and in processes to come.

    Python itself ignores SIGPIPE and SIGXFSZ in each process, and that stays.
    """
    for number in signal.valid_signals() - {signal.SIGPIPE, signal.SIGXFSZ}:
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
