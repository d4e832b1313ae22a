"""Two people, or a person and an intruder, at one rollout: what each of them can do to the other's role."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lpgen.cli.help import StoppedCommandError
from lpgen.core.model import PrincipalKind
from lpgen.core.rollout.calls import HeldPolicies, inverse_calls
from lpgen.core.rollout.lock import LOCK_PATH, lock_arn, lock_parameters
from lpgen.edge.rollout.iam_writer import IamWriter
from lpgen.edge.rollout.journal import Journal
from lpgen.edge.rollout.plan_file import read_whole_plan
from lpgen.edge.rollout.run import Run, outwait_late_calls
from lpgen.errors import AwsError, RolloutError
from tests.support.iam_stand_in import IamAccount, open_stand_in
from tests.support.rollout_roles import empty_account, own_server
from tests.support.rollout_worlds import ACCOUNT, TRUST, New, World, allow, document, proxy

OLD_INLINE = document(allow("s3:*"))
QUEUES = document(allow("sqs:*"))
NEW = (New(document(allow("s3:GetObject"))), New(document(allow("sqs:SendMessage"))))
EVERYTHING = document(allow("*"))


server = pytest.fixture(scope="module")(own_server)
world = pytest.fixture(empty_account)


@pytest.fixture
def arn(world: World) -> str:
    """A role with a plan of six calls: two policies are created and attached, and two old ones removed."""
    role = world.make_role("app", inline={"own": OLD_INLINE}, managed={"queues": QUEUES})
    assert len(world.plan_of({role: NEW})["principals"][0]["calls"]) == 6
    return role


def before_write(world: World, operation: str, act: Callable[[], object]) -> str:
    """Applies the plan while somebody else acts before the first call of an operation; what lpgen prints."""
    acted: list[object] = []

    def spoil(_: int, found: str) -> str:
        if found == operation and not acted:
            acted.append(act())
        return ""

    with proxy(world.server, spoil) as (url, _):
        result = world.apply(url=url, status=None)
    assert acted
    return f"{result.exit_code} {result.output}"


def lock_of(world: World, arn: str) -> str:
    return lock_arn(arn, world.read(arn).principal.principal_id)


def attached(world: World, arn: str) -> list[str]:
    return [policy.rpartition("/")[2].rpartition("-")[0] for policy in world.read(arn).holding.attached]


# ---------------------------------------------------------------- two runs


def test_a_second_run_changes_nothing_while_the_first_one_works(world: World, arn: str, tmp_path: Path) -> None:
    copy = World(world.server, tmp_path / "copy")
    copy.home.mkdir()
    shutil.copy(world.plan, copy.plan)
    seen: list[str] = []

    def apply_copy() -> None:
        was = world.read(arn)
        seen.append(copy.apply(status=1).output)
        assert world.read(arn) == was

    assert before_write(world, "DetachRolePolicy", apply_copy).startswith("0 ")
    assert "it is locked: `lpgen rollout of the plan " in seen[0]
    assert len(world.read(arn).holding.attached) == 2
    world.undo()
    assert copy.apply().exit_code == 0


def test_a_lock_that_appears_after_the_check_stops_a_run_before_its_first_call(world: World, arn: str) -> None:
    was = world.read(arn)
    other = lock_parameters(lock_of(world, arn), "lpgen rollout of another plan, since yesterday, run 1")
    said = before_write(world, "CreatePolicy", lambda: world.client.create_policy(**other))
    assert "it is locked: `lpgen rollout of another plan, since yesterday, run 1`" in said
    assert world.read(arn) == was
    assert world.made_policies() == {lock_of(world, arn)}


def test_only_unlock_removes_the_lock_of_a_lost_journal(world: World, arn: str) -> None:
    text = "lpgen rollout of the plan 0123456789ab, since 2026-11-30T08:00:00Z, run 1"
    world.client.create_policy(**lock_parameters(lock_of(world, arn), text))
    assert text in world.apply(status=1).output
    assert world.made_policies() == {lock_of(world, arn)}
    assert text in world.run("unlock", str(world.plan), answer="n", status=1).output
    assert world.made_policies() == {lock_of(world, arn)}
    world.run("unlock", str(world.plan), "--role", "app", "--yes")
    assert not world.made_policies()
    assert "no principal is locked" in world.run("unlock", str(world.plan), "--yes").output
    world.apply()


@pytest.mark.usefixtures("arn")
def test_a_copy_of_the_journal_of_a_killed_run_takes_over_no_lock(world: World, tmp_path: Path) -> None:
    def lose_the_rest(number: int, _: str) -> str:
        return "refuse" if number >= 3 else ""  # taking back and unlocking fail too, as after a kill

    with proxy(world.server, lose_the_rest) as (url, _):
        world.apply(url=url, status=3)
    copy = World(world.server, tmp_path / "copy")
    copy.home.mkdir()
    shutil.copy(world.plan, copy.plan)
    shutil.copy(f"{world.plan}.journal", f"{copy.plan}.journal")
    assert "it is locked" in copy.undo(status=1).output
    world.undo()
    assert not world.made_policies()


def test_a_run_whose_lock_was_removed_changes_nothing_more(world: World, arn: str) -> None:
    was = world.read(arn)
    said = before_write(world, "AttachRolePolicy", lambda: world.client.delete_policy(PolicyArn=lock_of(world, arn)))
    assert said.startswith("3 ")
    assert "no longer belongs to this run: somebody removed it: nothing else was changed" in said
    assert len(world.read(arn).holding.attached) == 2  # the call that was under way
    world.undo()
    assert world.read(arn) == was


def test_a_run_stops_when_a_journal_that_looks_like_its_own_takes_over_its_lock(
    world: World, arn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a snapshot of the file system, where the copy has the number of the original."""
    monkeypatch.setattr(Journal, "identity", "the same")
    copy = World(world.server, tmp_path / "copy")
    copy.home.mkdir()

    def undo_by_copy() -> None:
        shutil.copy(world.plan, copy.plan)
        shutil.copy(f"{world.plan}.journal", f"{copy.plan}.journal")
        copy.undo()

    said = before_write(world, "AttachRolePolicy", undo_by_copy)
    assert said.startswith("3 ")
    assert "NoSuchEntity" in said or "no longer belongs to this run" in said
    assert world.read(arn).holding.inline == (("own", OLD_INLINE),)
    assert world.read(arn).holding.attached == (f"arn:aws:iam::{ACCOUNT}:policy/queues",)


def test_a_user_who_joins_a_group_meanwhile_does_not_count_as_applied(world: World) -> None:
    user = world.make_user("ann", inline={"own": OLD_INLINE})
    world.client.create_group(GroupName="admins")
    world.plan_of({user: NEW[:1]})
    join = {"GroupName": "admins", "UserName": "ann"}
    said = before_write(world, "DeleteUserPolicy", lambda: world.client.add_user_to_group(**join))
    assert said.startswith("3 ")
    assert "it has joined admins since" in said
    assert world.read(user).holding.inline == (("own", OLD_INLINE),)


# ---------------------------------------------------------------- interrupts and late calls


def interrupted(world: World, command: Callable[..., object], operation: str, *, seconds: float = 0.3) -> None:
    """Interrupts a command while the first call of an operation is under way."""
    sent: list[str] = []

    def interrupt(_: int, found: str) -> str:
        if found == operation and not sent:
            sent.append(operation)
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(seconds)
        return ""

    with proxy(world.server, interrupt) as (url, _), pytest.raises(StoppedCommandError):
        command(url=url)
    assert sent


def test_an_interrupt_waits_for_the_answer_of_the_call_that_was_sent(world: World, arn: str) -> None:
    was = world.read(arn)
    interrupted(world, world.apply, "DetachRolePolicy")
    assert world.read(arn) == was
    assert not world.made_policies()


@pytest.mark.usefixtures("arn")
def test_an_interrupt_waits_for_the_lock_that_is_being_created(world: World) -> None:
    interrupted(world, world.apply, "CreatePolicy", seconds=2)
    assert not world.made_policies()
    world.apply()


def test_an_interrupt_of_an_undo_waits_for_the_answer_too(world: World, arn: str) -> None:
    was = world.read(arn)
    world.apply()
    interrupted(world, world.undo, "DetachRolePolicy")
    events = [json.loads(line)["event"] for line in Path(f"{world.plan}.journal").read_bytes().splitlines()]
    assert events[-2:] == ["undo_about", "undo_done"]
    world.undo()
    assert world.read(arn) == was


@pytest.mark.parametrize(("seconds_ago", "waits"), [(0, 60), (50, 10), (61, 0), (-3600, 60)])
def test_a_run_waits_until_a_call_in_doubt_cannot_be_carried_out_any_more(
    world: World, arn: str, monkeypatch: pytest.MonkeyPatch, seconds_ago: int, waits: int
) -> None:
    slept: list[float] = []
    clock = SimpleNamespace(sleep=slept.append, monotonic=time.monotonic)
    monkeypatch.setattr("lpgen.edge.rollout.run.time", clock)
    with Journal(world.plan, read_whole_plan(world.plan)) as journal:
        own = Run(world.writer, journal, 15.0, lambda _: None)
        (plan,) = read_whole_plan(world.plan).principals
        journal.begin(world.read(arn), plan.calls, inverse_calls(plan.calls, {"own": OLD_INLINE}))
        journal.note("about", arn, call=0)
        sent = datetime.now(UTC) - timedelta(seconds=seconds_ago)
        journal._sent[arn] = sent.isoformat()
        outwait_late_calls(arn, own)
        journal.note("refused", arn, call=0)
        outwait_late_calls(arn, own)
    assert sum(slept) == pytest.approx(waits, abs=1)


# ---------------------------------------------------------------- somebody else


def test_a_plan_that_is_replaced_after_it_was_read_is_not_applied(world: World, arn: str) -> None:
    plan = read_whole_plan(world.plan)
    shutil.rmtree(world.home / "out")
    world.plan_of({arn: NEW[:1]})
    with pytest.raises(RolloutError, match="was replaced since it was read"):
        Journal(world.plan, plan).__enter__()
    assert not Path(f"{world.plan}.journal").exists()


def test_a_policy_that_is_deleted_while_it_is_read_is_no_sign_that_the_role_is_gone() -> None:
    account = IamAccount(trust=TRUST)
    account.make_role("app", {"own": OLD_INLINE}, {"queues": QUEUES})
    queues = account.attached["app"][0]
    answers = iter([False, True])

    def step(operation: str, perform: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        if operation == "get_policy" and not next(answers, True):
            del account.policies[queues]
            account.attached["app"].clear()
        return perform()

    writer = IamWriter(open_stand_in(account, step))
    assert writer.read_principal(PrincipalKind.ROLE, "app").holding == HeldPolicies((("own", OLD_INLINE),), trust=TRUST)
    account.attached["app"].append(queues)
    with pytest.raises(AwsError, match="keep changing"):
        writer.read_principal(PrincipalKind.ROLE, "app")
    account.delete_role("app")
    assert writer.read_principal_id(PrincipalKind.ROLE, "app") == ""


@pytest.mark.slow
def test_what_somebody_else_removed_stays_removed_and_then_the_replacement_stays(world: World, arn: str) -> None:
    queues = f"arn:aws:iam::{ACCOUNT}:policy/queues"
    said = before_write(
        world, "DeleteRolePolicy", lambda: world.client.detach_role_policy(RoleName="app", PolicyArn=queues)
    )
    assert said.startswith("3 ")
    assert attached(world, arn) == ["lpgen-app-1", "lpgen-app-2"]
    assert queues not in world.read(arn).holding.attached


def test_a_role_that_is_deleted_during_an_apply_is_skipped_and_leaves_nothing(world: World, arn: str) -> None:
    other = world.make_role("other", inline={"own": OLD_INLINE})
    shutil.rmtree(world.home / "out")
    world.plan_of({arn: NEW, other: NEW[:1]})

    def delete() -> None:
        for policy in world.read(arn).holding.attached:
            world.client.detach_role_policy(RoleName="app", PolicyArn=policy)
        for name, _ in world.read(arn).holding.inline:
            world.client.delete_role_policy(RoleName="app", PolicyName=name)
        world.client.delete_role(RoleName="app")

    said = before_write(world, "AttachRolePolicy", delete)
    assert "role/app: skipped: it was deleted" in said
    assert "role/other: applied" in said
    assert world.undo().exit_code == 0
    assert not world.made_policies()
    assert world.read(other).holding.inline == (("own", OLD_INLINE),)


def test_another_version_of_a_new_policy_is_noticed_before_a_role_counts_as_applied(world: World, arn: str) -> None:
    def widen() -> None:
        for policy in world.read(arn).holding.attached:
            if "/lpgen/" in policy:
                world.client.create_policy_version(PolicyArn=policy, PolicyDocument=EVERYTHING, SetAsDefault=True)

    said = before_write(world, "DeleteRolePolicy", widen)
    assert said.startswith("3 ")
    assert "was changed since" in said
    assert world.read(arn).holding.attached == (f"arn:aws:iam::{ACCOUNT}:policy/queues",)
    assert world.read(arn).holding.inline == (("own", OLD_INLINE),)


def test_a_planned_policy_that_somebody_else_created_is_never_attached(world: World, arn: str) -> None:
    plan = json.loads(world.plan.read_text(encoding="utf-8"))
    created = plan["principals"][0]["calls"][0]["parameters"]
    names = {"PolicyName": created["PolicyName"], "Path": created["Path"], "PolicyDocument": created["PolicyDocument"]}
    was = world.read(arn)
    acted: list[object] = []

    def spoil(_: int, operation: str) -> str:
        if operation == "CreatePolicy" and any(LOCK_PATH in policy for policy in world.made_policies()) and not acted:
            acted.append(world.client.create_policy(**names))
        return ""

    with proxy(world.server, spoil) as (url, _):
        assert "EntityAlreadyExists" in world.apply(url=url, status=3).output
    assert acted
    assert world.read(arn) == was
    assert len(world.made_policies()) == 1


# ---------------------------------------------------------------- one plan on top of another


def plan_on_top(world: World, arn: str, replacement: tuple[New, ...], home: Path) -> World:
    """A second plan for a role whose first one was applied."""
    later = World(world.server, home)
    later.home.mkdir()
    later.plan_of({arn: replacement})
    return later


@pytest.mark.slow
def test_a_plan_is_not_undone_while_a_later_one_lies_on_top(world: World, arn: str, tmp_path: Path) -> None:
    first = world.read(arn)
    world.apply()
    second = world.read(arn)
    for name, new in [
        ("inline", New(NEW[0].text, inline=True)),
        ("managed", New(document(allow("s3:GetObject", resource="arn:aws:s3:::b/*")))),
    ]:
        later = plan_on_top(world, arn, (new,), tmp_path / name)
        later.apply()
        third = world.read(arn)
        said = world.undo(status=1).output
        assert "a later rollout added " in said
        assert ": undo that rollout first" in said
        assert world.read(arn) == third
        later.undo()
        assert world.read(arn) == second
    world.undo()
    assert world.read(arn) == first


def test_undo_leaves_a_new_policy_that_a_later_rollout_only_detached(world: World, arn: str, tmp_path: Path) -> None:
    """The later plan adds nothing, so nothing shows that it lies on top; what its undo needs is there all the same."""
    world.apply()
    queues = next(policy for policy in world.read(arn).holding.attached if "lpgen-app-2" in policy)
    later = plan_on_top(world, arn, NEW[:1], tmp_path / "later")
    later.apply()
    assert "was detached by somebody else, who may need it again: it is kept" in world.undo(status=3).output
    assert queues in world.made_policies()
    assert world.read(arn).holding.inline == (("own", OLD_INLINE),)
    later.undo(status=1)
    assert queues in world.read(arn).holding.attached


@pytest.mark.parametrize("lost", ["the journal", "its end"])
def test_undo_names_what_a_lost_journal_does_not_say(world: World, arn: str, lost: str) -> None:
    journal = Path(f"{world.plan}.journal")
    if lost == "its end":
        world.apply()
        world.undo()
        undone = journal.read_bytes()
    world.apply()
    if lost == "its end":
        journal.write_bytes(undone)
    else:
        journal.unlink()
    was = world.read(arn)
    said = world.undo(status=1).output
    assert "role/app: not restored: it has " in said
    assert "already undone" not in said
    assert world.undo("--role", "app", status=1).output == said
    assert world.read(arn) == was


def test_a_full_disk_names_the_role_that_stands_in_between_and_its_lock(
    world: World, arn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    was, lines = world.read(arn), [OSError(errno.ENOSPC, "No space left on device")] * 99 + [None] * 8

    def write(_: int) -> None:
        if full := lines.pop():
            raise full

    with monkeypatch.context() as patched:
        patched.setattr("lpgen.edge.rollout.journal.os.fsync", write)
        said = world.apply(status=3).output
    assert "role/app: NOT RESTORED: run `lpgen rollout undo` on this plan" in said
    assert "No space left on device" in said
    assert "its lock may remain" in said
    world.undo()
    assert world.read(arn) == was
