"""Tests pass whatever signals the process that starts them ignores or blocks."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from tests.support.documents import ROOT

_IGNORED = (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM, signal.SIGCHLD)
_INTERRUPTED = "tests/cli/test_exit_codes.py::test_an_interrupted_command_exits_with_130_in_one_line"


def _ignore_signals() -> None:
    for number in _IGNORED:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, _IGNORED)


@pytest.mark.slow
def test_a_test_that_interrupts_a_command_passes_where_signals_are_ignored() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:xdist", _INTERRUPTED],
        cwd=ROOT,
        preexec_fn=_ignore_signals,  # no thread runs here, and no option of `subprocess` does this
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout
    assert "1 tests ran" in done.stdout
