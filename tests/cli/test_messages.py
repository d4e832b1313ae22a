"""How much a command says on stderr: `--quiet`, `--verbose`, `--debug`, and a line while the user waits."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from lpgen.version import __version__
from tests.support.aws_servers import Server, moto_server
from tests.support.terminals import in_pipe, lines_of, on_terminal, shown_until

SNAPSHOT = ["snapshot", "--no-last-accessed", "--no-schedules", "--no-compute", "--data", "data"]
SECRET = "secret-of-the-test"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with moto_server() as started:
        yield started


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of a server that takes connections and never answers."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


def connection(address: str) -> dict[str, str]:
    return {
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": address,
    }


def test_quiet_leaves_out_all_but_errors(server: Server, tmp_path: Path) -> None:
    code, said = in_pipe([*SNAPSHOT, "--quiet"], cwd=tmp_path, variables=connection(server.url))
    assert (code, said) == (0, "")
    code, said = in_pipe(["review", "--data", "nowhere", "-q"], cwd=tmp_path)
    assert code == 2
    assert said.startswith("lpgen: ")


def test_verbose_says_the_steps_and_not_each_call(server: Server, tmp_path: Path) -> None:
    _, said = in_pipe(["review", "--data", "no-data", "--policies", "none", "-v"], cwd=tmp_path)
    assert "reading no-data\n" in said
    _, said = in_pipe([*SNAPSHOT, "-v"], cwd=tmp_path, variables=connection(server.url))
    assert "waiting for" not in said


def test_debug_logs_calls_with_their_answers_and_no_secret(server: Server, tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    code, said = in_pipe([*SNAPSHOT, "--debug-log", str(log)], cwd=tmp_path, variables=connection(server.url))
    written = log.read_text("utf-8")
    assert code == 0
    assert "GetCallerIdentity" not in said
    assert "sts GetCallerIdentity answered 200, request " in written
    assert "iam GetAccountAuthorizationDetails answered 200" in written
    assert SECRET not in written
    assert "Authorization" not in written.replace("GetAccountAuthorizationDetails", "")


def test_debug_log_of_a_failure_holds_its_cause(tmp_path: Path) -> None:
    code, said = in_pipe(["review", "--data", "nowhere\x1b[31m", "--debug"], cwd=tmp_path)
    assert code == 2
    assert "Traceback" in said
    assert "\x1b" not in said


@pytest.mark.parametrize("place", ["missing/log.txt", "."])
def test_debug_log_that_cannot_be_written_is_an_error(place: str, tmp_path: Path) -> None:
    code, said = in_pipe(["config", "--debug-log", place], cwd=tmp_path)
    assert code == 2
    assert said.startswith("lpgen: can't write ")


def test_debug_log_is_its_owners_and_no_link(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    assert [in_pipe(["config", "--debug-log", str(log)], cwd=tmp_path)[0] for _ in range(2)] == [0, 0]
    assert log.stat().st_mode & 0o777 == 0o600
    assert log.read_text("utf-8").count(f"lpgen {__version__}, Python ") == 2
    (tmp_path / "link").symlink_to(log)
    code, said = in_pipe(["config", "--debug-log", "link"], cwd=tmp_path)
    assert (code, "is a link" in said) == (2, True)
    assert log.read_text("utf-8").count(f"lpgen {__version__}, Python ") == 2


def test_debug_log_may_be_a_device(tmp_path: Path) -> None:
    code, said = in_pipe(["config", "--debug-log", "/dev/stderr"], cwd=tmp_path)
    assert (code, f"lpgen {__version__}, Python " in said) == (0, True)
    assert in_pipe(["config", "--debug-log", "/dev/null"], cwd=tmp_path)[0] == 0


def test_quiet_and_verbose_contradict_each_other(tmp_path: Path) -> None:
    assert in_pipe(["config", "-q", "-v"], cwd=tmp_path)[0] == 2


def test_a_dead_endpoint_is_waited_for_in_sight(silent: str, tmp_path: Path) -> None:
    """The command would wait for ten seconds and more: it is interrupted once the line is there."""
    variables = {**connection(silent), "AWS_MAX_ATTEMPTS": "1"}
    shown = shown_until(r"waiting for sts GetCallerIdentity in us-east-1 \(\d+ s\)", SNAPSHOT, variables, tmp_path)
    assert "\r\x1b[K" in shown


@pytest.mark.parametrize("option", ["--quiet", "--debug"])
def test_no_line_is_drawn_where_none_is_wanted(option: str, tmp_path: Path) -> None:
    code, shown = on_terminal(["config", option], cwd=tmp_path)
    assert code == 0
    assert "\r\x1b[K" not in shown
    assert lines_of(shown)[0].startswith("setting") or option == "--debug"
