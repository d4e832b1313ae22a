"""A reader who leaves early stops no work: real pipes whose other end is closed, and what commands have done then."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.cli.test_main import DETAILS, RECORD, run
from tests.support.aws_servers import Server, moto_server
from tests.support.rollout_worlds import New, World, allow, document, proxy

pytestmark = pytest.mark.slow


CLOSED = 141


def run_unread(
    *arguments: str, unread: str = "stdout", environment: Mapping[str, str] | None = None
) -> tuple[int, str]:
    """The exit code of a command whose reader is gone before it writes, and what the other stream holds."""
    reading, writing = os.pipe()
    os.close(reading)
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **dict.fromkeys(unread.split(), writing)}
    command = [sys.executable, "-m", "lpgen", *arguments]
    with subprocess.Popen(command, **streams, text=True, env=environment) as process:  # type: ignore[call-overload]
        os.close(writing)
        rest = "".join(part for part in process.communicate(timeout=120) if part)
        return process.returncode, rest


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Policies, a data folder, a baseline, and policies that have drifted since."""
    folder = tmp_path_factory.mktemp("closed")
    (folder / "logs.json").write_text(json.dumps({"Records": [RECORD]}), encoding="utf-8")
    (folder / "policies.json").write_text(json.dumps(DETAILS), encoding="utf-8")
    drifted = json.dumps(DETAILS).replace('"s3:*"', '"*"')
    (folder / "drifted.json").write_text(drifted, encoding="utf-8")
    ground = ["--data", str(folder / "data"), "--policies", str(folder / "policies.json")]
    assert run("ingest", str(folder / "logs.json"), *ground[:2]).returncode == 0
    assert run("baseline", "save", "first", *ground).returncode == 0
    return folder


def test_commands_whose_output_nobody_reads_end_with_what_they_found(home: Path) -> None:
    data, drifted = ["--data", str(home / "data")], ["--policies", str(home / "drifted.json")]
    also = home / "drift.json"
    for arguments, code in (
        (["review", *data, *drifted], CLOSED),
        (["review", *data, *drifted, "--format", "csv"], CLOSED),
        (["review", *data, *drifted, "-o", "/dev/stdout"], CLOSED),
        (["review", *data, *drifted, "--principal", "nobody"], 2),
        (["review", "--data", str(home / "none"), *drifted], 3),
        (["drift", *data, *drifted, "--also", str(also)], CLOSED),
        (["drift", *data, *drifted, "--fail-on", "high"], 1),
        (["drift", *data, *drifted, "--fail-on", "high", "-o", "/dev/stdout"], 1),
        (["drift", *data, *drifted, "--since", "2020-01-01"], 2),
        (["map", str(home / "logs.json")], CLOSED),
        (["catalog", "expand", "*"], CLOSED),
        (["--help"], CLOSED),
    ):
        found, rest = run_unread(*arguments)
        assert (arguments, found) == (arguments, code)
        assert "Traceback" not in rest
    assert json.loads(also.read_bytes())["summary"]["critical"] == 1


@pytest.mark.parametrize("unread", ["stderr", "stdout stderr"])
def test_ingest_whose_talk_nobody_reads_takes_all_records(unread: str, home: Path, tmp_path: Path) -> None:
    code, _ = run_unread("ingest", str(home / "logs.json"), "--data", str(tmp_path / "data"), unread=unread)
    assert code == CLOSED
    assert "1 file was already known" in run("ingest", str(home / "logs.json"), "--data", str(tmp_path / "data")).stderr


def test_ingest_whose_terminal_is_closed_takes_all_records(home: Path, tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "lpgen", "ingest", str(home / "logs.json"), "--data", str(tmp_path / "data")]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        os.close(ours)
        assert process.wait(timeout=120) == CLOSED
    assert "1 file was already known" in run("ingest", str(home / "logs.json"), "--data", str(tmp_path / "data")).stderr


# ---------------------------------------------------------------- rollouts


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with moto_server() as running:
        yield running


def test_rollout_whose_reader_leaves_after_a_line_is_applied_completely(server: Server, tmp_path: Path) -> None:
    world = World(server, tmp_path)
    roles = [world.make_role(f"left-{number}", inline={"own": document(allow("s3:*"))}) for number in range(3)]
    narrow = New(document(allow("s3:GetObject")), narrows=("own",))
    world.plan_of({arn: [narrow] for arn in roles})
    gone = threading.Event()

    def wait_for_reader(_: int, __: str) -> str:
        assert gone.wait(timeout=60)
        return ""

    with proxy(server, wait_for_reader) as (url, written):
        command = [sys.executable, "-m", "lpgen", "rollout", "apply", str(world.plan), "--all", "--yes"]
        environment = {**Server(url).environment, "AWS_MAX_ATTEMPTS": "1"}
        with subprocess.Popen(
            [*command, "--settle", "0"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline()
            process.stdout.close()
            gone.set()
            assert process.wait(timeout=120) == CLOSED
    assert written.count("AttachRolePolicy") == len(roles)
    for arn in roles:
        holding = world.read(arn).holding
        assert (len(holding.attached), holding.inline) == (1, ())
    code, _ = run_unread("rollout", "undo", str(world.plan), "--yes", "--settle", "0", environment=server.environment)
    assert code == CLOSED
    assert [dict(world.read(arn).holding.inline) for arn in roles] == [{"own": document(allow("s3:*"))}] * 3


def test_rollout_that_fails_unread_is_rolled_back_and_exits_with_3(server: Server, tmp_path: Path) -> None:
    world = World(server, tmp_path)
    role = world.make_role("refused", inline={"own": document(allow("s3:*"))})
    world.plan_of({role: [New(document(allow("s3:GetObject")), narrows=("own",))]})
    with proxy(server, lambda _, operation: "refuse" if operation == "DeleteRolePolicy" else "") as (url, _):
        environment = {**Server(url).environment, "AWS_MAX_ATTEMPTS": "1"}
        options = ("--all", "--yes", "--settle", "0")
        code, _ = run_unread(
            "rollout", "apply", str(world.plan), *options, unread="stdout stderr", environment=environment
        )
    assert code == 3
    assert dict(world.read(role).holding.inline) == {"own": document(allow("s3:*"))}
    assert world.read(role).holding.attached == ()
