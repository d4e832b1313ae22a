"""Plans and journals of schema 1, as lpgen wrote them once, are still applied, watched and undone."""

from __future__ import annotations

import json
import shutil
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from lpgen.app.rollout import watch
from lpgen.core.rollout.calls import Call
from lpgen.core.usage.tables import merge_usage
from lpgen.edge.catalog.files import open_catalog
from lpgen.edge.rollout.iam_writer import LivePrincipal
from lpgen.edge.rollout.journal import journal_of, read_journal
from lpgen.edge.rollout.plan_file import read_rollout_plan
from tests.support.aws_servers import Server
from tests.support.rollout_roles import own_server
from tests.support.rollout_worlds import ACCOUNT, World, allow, deny, document

FILES = Path(__file__).parent / "rollout_formats"
APP, GLASS, ROBOT = (f"arn:aws:iam::{ACCOUNT}:{one}" for one in ("role/app", "role/glass", "user/robot"))
IDS = {APP: "AROARZPUZDIKKJZDEGXDN"}

server = pytest.fixture(scope="module")(own_server)


@pytest.fixture
def world(server: Server, tmp_path: Path) -> World:
    """The account that the files were written for, with the plan."""
    for call in ("reset", "seed?a=7"):  # the seed decides the ids of the principals, which the files name
        urllib.request.urlopen(urllib.request.Request(f"{server.url}/moto-api/{call}", method="POST")).read()
    found = World(server, tmp_path)
    own = document(allow("s3:*"), deny("s3:DeleteBucket"), indent=3)
    found.make_role("app", inline={"own": own}, managed={"queues": document(allow("sqs:*"))})
    found.make_role("glass", inline={"own": document(allow("s3:*"))})
    found.make_user("robot", inline={"own": document(allow("s3:*"), indent=1)})
    shutil.copy(FILES / "plan-1.json", found.plan)
    return found


def use_journal(world: World, name: str) -> None:
    """Brings the account into the state that a journal tells of."""
    shutil.copy(FILES / f"{name}.journal", journal_of(world.plan))
    for one in read_journal(world.plan, read_rollout_plan(world.plan)).values():
        for number in sorted(one.done):
            world.writer.perform(one.calls[number])
        for entry in entries(world, one.principal, "undo_done"):
            world.writer.perform(next(call for call in one.inverse if undid(entry, call)))


def entries(world: World, principal: str, event: str) -> Iterator[dict[str, Any]]:
    for line in journal_of(world.plan).read_text().splitlines():
        entry = json.loads(line)
        if (entry["event"], entry.get("principal")) == (event, principal):
            yield entry


def undid(entry: dict[str, Any], call: Call) -> bool:
    return (entry["operation"], entry["policy"]) == (call.operation, call.policy)


def states(world: World) -> list[LivePrincipal]:
    return [world.read(arn) for arn in (APP, GLASS, ROBOT)]


def test_old_plan_is_applied_only_where_somebody_trusts_it(world: World) -> None:
    before = states(world)
    assert before[0].principal.principal_id == IDS[APP]
    refused = world.apply(status=1)
    assert "--trust-output" in str(getattr(refused.exception, "hint", ""))
    assert states(world) == before
    applied = world.apply("--trust-output", status=1)  # one of the three is a break-glass role
    assert "UNCHECKED" in applied.output
    assert applied.output.count(": applied") == 2
    world.undo()
    assert states(world) == before
    assert not world.made_policies()


def test_old_plan_is_proven_too(world: World) -> None:
    before = states(world)
    whole = json.loads(world.plan.read_text())
    text = json.dumps(whole).replace("s3:GetObject", "iam:PassRole")
    world.plan.write_text(text)
    assert "not proven" in world.apply("--trust-output", status=1).output
    assert states(world) == before


@pytest.mark.parametrize("name", ["applied-1", "killed-1", "killed-undo-1", "undone-1"])
def test_old_journal_is_undone_without_any_option(world: World, name: str) -> None:
    before = states(world)
    use_journal(world, name)
    assert (states(world) == before) is (name == "undone-1")
    result = world.undo()
    assert ("nothing to undo" in result.output) is (name == "undone-1")
    assert states(world) == before
    assert not world.made_policies()


def test_old_journal_of_a_killed_run_is_finished(world: World) -> None:
    before = states(world)
    use_journal(world, "killed-1")
    world.apply("--trust-output", "--role", "app")
    after = world.read(APP)
    assert [name for name, _ in after.holding.inline] != ["own"]
    assert len(after.holding.attached) == 1
    world.undo()
    assert states(world) == before


def test_old_journal_is_watched(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(FILES / "applied-1.journal", journal_of(world.plan))
    monkeypatch.setattr("lpgen.app.rollout.read_usage", lambda _: merge_usage([]))
    watched = watch(read_rollout_plan(world.plan), world.plan, world.home, open_catalog(None), snapshot="none")
    assert [one.principal for one in watched] == [APP, ROBOT]
    assert all(datetime.fromisoformat(one.applied_at) < datetime.now(UTC) for one in watched)
