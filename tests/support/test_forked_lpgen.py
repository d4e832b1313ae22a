"""Forked commands of the tests behave as `python -m lpgen` does: exit codes, bytes, variables, folder and signals."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.case_tables import each_case
from tests.support.forked_lpgen import run_forked, run_forked_bytes, start_forked

REQUEST = (
    b'{"principal": "arn:aws:iam::111122223333:role/\xc3\xa4", "action": "s3:GetObject", "identityPolicies": []}\n'
)


def ended(done: subprocess.CompletedProcess[bytes]) -> tuple[int, bytes, bytes]:
    return done.returncode, done.stdout, done.stderr


@each_case(
    "arguments, given, variables",
    [
        (["--version"], b"", {}),
        (["--help"], b"", {"COLUMNS": "120"}),
        (["review", "--nonsense"], b"", {}),
        (["review", "--data", "nothing", "--policies", "nothing"], b"", {}),
        (["authorize", "-"], REQUEST + b"nonsense\n", {}),
        (["catalog", "expand", "s3:GetObject*"], b"", {"PYTHONIOENCODING": "latin-1"}),
    ],
)
def test_a_forked_command_ends_as_a_fresh_process_does(
    arguments: list[str], given: bytes, variables: dict[str, str], tmp_path: Path
) -> None:
    environment = {**os.environ, **variables}
    fresh = subprocess.run(
        [sys.executable, "-m", "lpgen", *arguments],
        input=given, capture_output=True, env=environment, cwd=tmp_path, check=False,
    )  # fmt: skip
    assert ended(run_forked_bytes(*arguments, stdin=given, env=environment, cwd=tmp_path)) == ended(fresh)


def test_forked_commands_have_a_folder_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "requests.jsonl").write_bytes(REQUEST)
    done = run_forked("authorize", "requests.jsonl", cwd=tmp_path)
    assert (done.returncode, done.stderr, done.stdout.count("\n")) == (0, "", 1)


def test_the_end_of_a_forked_command_names_the_signal() -> None:
    reading, writing = os.pipe()
    with open(os.devnull, "r+b", buffering=0) as nothing:
        process = start_forked(["authorize", "-"], (reading, nothing, nothing), env=os.environ)
    os.close(reading)
    with process:
        process.kill()
        assert process.wait() == -9
    os.close(writing)


def test_a_forked_command_that_takes_too_long_is_ended() -> None:
    reading, writing = os.pipe()
    with pytest.raises(subprocess.TimeoutExpired):
        run_forked("authorize", f"/dev/fd/{reading}", timeout=0)
    os.close(reading)
    os.close(writing)
