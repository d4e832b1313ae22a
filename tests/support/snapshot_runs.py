"""Snapshots as tests take and open them, the command line in this process, and a proxy that refuses some calls."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lpgen.cli.main import main
from lpgen.core.snapshots import SnapshotStamp
from lpgen.edge.aws_session import AwsSession, Connection, open_session
from lpgen.edge.data_folder.snapshot_folder import TakenSnapshot, find_snapshot, open_snapshot
from lpgen.edge.snapshot.account import SnapshotScope
from lpgen.edge.snapshot.fetch import take_snapshot
from tests.support.aws_organization import ROLE, answer_missing
from tests.support.aws_proxy import DENIED, Call, Reply

NOW = datetime(2026, 9, 30, 12, 0, 5, tzinfo=UTC)
EVERYTHING = SnapshotScope(
    role=ROLE,
    resource_policies=True,
    resource_tags=True,
    schedules=True,
    compute=True,
    regions=("us-east-1", "eu-west-1"),
)
LITTLE = SnapshotScope(role=ROLE, last_accessed=False)


def refuse(*operations: str, reply: Reply = DENIED, account: str = "") -> Callable[[Call], Reply]:
    """Refuses some operations, of one account or all, and answers the others."""

    def answer(call: Call) -> Reply:
        refused = call.operation in operations and account in ("", call.account)
        return reply if refused else answer_missing(call)

    return answer


def session() -> AwsSession:
    """A session with the credentials of the environment."""
    return open_session(Connection())


def take(data: Path, wanted: SnapshotScope = LITTLE) -> SnapshotStamp:
    """Takes a snapshot, and says nothing."""
    return take_snapshot(session(), wanted, data, now=NOW, print_status=lambda _: None)


def opened(data: Path) -> TakenSnapshot:
    """The newest snapshot of a data folder."""
    folder = find_snapshot(data)
    assert folder is not None
    return open_snapshot(folder)


@dataclass(frozen=True, slots=True)
class Done:
    """What a command wrote."""

    stdout: str
    stderr: str


def lpgen(*arguments: str, status: int = 0) -> Done:
    """Runs the command line in this process, against the proxy."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "argv", ["lpgen", *arguments])
        with pytest.raises(SystemExit) as left:
            main()
    assert (left.value.code or 0) == status, err.getvalue() + out.getvalue()
    return Done(out.getvalue(), err.getvalue())
