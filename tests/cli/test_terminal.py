"""Every command on a terminal of 80 columns, with and without colour, and in a pipe."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rich.cells import cell_len

from tests.cli.test_main import DETAILS, RECORD
from tests.journeys.test_rollout_loop import record
from tests.support.aws_servers import Server, moto_server
from tests.support.rollout_worlds import World, allow, document
from tests.support.terminals import COLOR, COLUMNS, in_pipe, lines_of, on_terminal

POLICIES = ["--data", "data", "--policies", "policies.json"]

COMMANDS: dict[str, list[str]] = {
    "no command": [],
    "help": ["--help"],
    "ingest": ["ingest", "logs.json", "bad.json", "--data", "data"],
    "review": ["review", *POLICIES],
    "review of snapshot": ["review", "--data", "taken"],
    "generate": ["generate", *POLICIES, "--output", "out"],
    "verify": ["verify", "written", *POLICIES],
    "explain": ["explain", "app", "s3:GetObject", *POLICIES],
    "wildcards": ["wildcards", *POLICIES],
    "backtest": ["backtest", *POLICIES, "--train", "1", "--test", "1"],
    "baseline save": ["baseline", "save", "again", *POLICIES],
    "baseline list": ["baseline", "list", "--data", "data"],
    "baseline show": ["baseline", "show", "--data", "data"],
    "drift": ["drift", "--data", "data", "--policies", "changed.json"],
    "snapshot": ["snapshot", "--data", "taken", "--no-last-accessed", "--no-schedules", "--no-compute"],
    "catalog expand": ["catalog", "expand", "s3:Get*", "nothing:*"],
    "catalog show": ["catalog", "show", "iam:PassRole"],
    "catalog stats": ["catalog", "stats"],
    "rollout apply": ["rollout", "apply", "plan.json", "--all"],
    "rollout undo": ["rollout", "undo", "plan.json"],
    "rollout watch": ["rollout", "watch", "plan.json", "--data", "data"],
    "wrong option": ["review", "--nonsense"],
    "wrong command": ["reviwe"],
    "missing data": ["review", "--data", "nowhere", "--policies", "policies.json"],
}

PRODUCTS: dict[str, list[str]] = {  # lines for programs, whose width is theirs
    "map": ["map", "logs.json"],
    "authorize": ["authorize", "requests.jsonl"],
    "iam-policy": ["iam-policy", "snapshot"],
    "rollout plan": ["rollout", "plan", "written", "--policies", "policies.json", "--unsafe", "--trust-output"],
    "drift json": ["drift", "--data", "data", "--policies", "changed.json", "--format", "json"],
    "wildcards csv": ["wildcards", *POLICIES, "--format", "csv"],
}


QUICK = ("no command", "review", "drift", "missing data")
"""The commands of `make test`; `make test-all` runs them all."""

COLORFUL = (
    "help",
    "ingest",
    "review",
    "verify",
    "explain",
    "wildcards",
    "baseline list",
    "drift",
    "rollout apply",
    "snapshot",
)
"""The commands that draw in colour or draw lines anew, and some that never did."""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with moto_server() as running:
        yield running


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, server: Server) -> Path:
    """A folder in which every command has what it needs."""
    home = tmp_path_factory.mktemp("terminal")
    (home / "logs.json").write_text(json.dumps({"Records": [RECORD]}), encoding="utf-8")
    (home / "bad.json").write_text('{"Records": [', encoding="utf-8")
    (home / "policies.json").write_text(json.dumps(DETAILS), encoding="utf-8")
    request = {"id": "1", "principal": "arn:aws:iam::111122223333:role/app", "action": "s3:GetObject", "resource": "*"}
    (home / "requests.jsonl").write_text(json.dumps(request), encoding="utf-8")
    changed = json.loads(json.dumps(DETAILS).replace("s3:*", "*"))
    (home / "changed.json").write_text(json.dumps(changed), encoding="utf-8")
    world = World(server, home)
    arn = world.make_role("app", inline={"own": document(allow("s3:*"))})
    seen = record(arn, world.read(arn).principal.principal_id, "s3:ListBuckets", datetime.now(UTC) - timedelta(days=1))
    (home / "recent.json").write_text(json.dumps({"Records": [seen]}), encoding="utf-8")
    for arguments in (
        ["ingest", "logs.json", "--data", "data"],
        ["generate", *POLICIES, "--output", "written", "--min-days", "0"],
        ["baseline", "save", "first", *POLICIES],
        ["ingest", "recent.json", "--data", "taken"],
        ["snapshot", "--data", "taken", "--no-last-accessed", "--no-schedules", "--no-compute"],
        ["generate", "--data", "taken", "--output", "real", "--min-days", "0"],
        ["rollout", "plan", "real", "--data", "taken", "--unsafe", "--min-days", "0", "-o", "plan.json"],
    ):
        status, shown = in_pipe(arguments, cwd=home, variables=server.environment)
        assert status in (0, 1), shown
    return home


def shown_by(home: Path, server: Server, name: str, **variables: str) -> str:
    arguments = {**COMMANDS, **PRODUCTS}[name]
    return on_terminal(arguments, cwd=home, variables={**server.environment, **variables}, answer="n\n")[1]


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in COMMANDS]
)
def test_every_line_fits_the_terminal(home: Path, server: Server, name: str) -> None:
    shown = shown_by(home, server, name)
    assert shown.strip()
    assert [line for line in lines_of(shown) if is_too_long(line)] == []


def is_too_long(line: str) -> bool:
    """Whether a line doesn't fit; one word that nobody would break, such as a path, may."""
    return cell_len(line) > COLUMNS and " " in line.strip()


@pytest.mark.slow
@pytest.mark.parametrize("name", COLORFUL)
def test_no_color_is_respected(home: Path, server: Server, name: str) -> None:
    assert not COLOR.search(shown_by(home, server, name, NO_COLOR="1"))


@pytest.mark.slow
@pytest.mark.parametrize("name", COLORFUL)
def test_a_dumb_terminal_gets_no_escapes(home: Path, server: Server, name: str) -> None:
    assert "\x1b" not in shown_by(home, server, name, TERM="dumb")


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.slow) if name == "drift json" else name for name in (*COMMANDS, *PRODUCTS)],
)
def test_a_pipe_gets_no_escapes_and_no_redrawn_lines(home: Path, server: Server, name: str) -> None:
    arguments = {**COMMANDS, **PRODUCTS}[name]
    _, shown = in_pipe(arguments, cwd=home, variables=server.environment)
    assert "\x1b" not in shown
    assert "\r" not in shown


def test_a_terminal_gets_color(home: Path, server: Server) -> None:
    assert COLOR.search(shown_by(home, server, "drift"))


@pytest.mark.slow
def test_the_demo_fits_and_ends_with_what_to_do_next(tmp_path: Path) -> None:
    status, shown = on_terminal(["demo"], cwd=tmp_path)
    lines = lines_of(shown)
    assert status == 0
    assert [line for line in lines if is_too_long(line)] == []
    last = " ".join(" ".join(lines[lines.index(next(line for line in lines if "Next steps" in line)) :]).split())
    assert "Graph: 11 open paths" in shown
    assert "orders-worker" in (tmp_path / "lpgen-demo" / "graph.html").read_text(encoding="utf-8")
    assert [command for command in ("review", "generate") if f" {command} --data " not in last.replace("\\ ", "")] == []
