"""Attacks on the journal of a rollout: whatever it says, nothing is called that isn't in the plan."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lpgen.core.digests import digest_of_text
from lpgen.core.iam.policy import policy_from_json, policy_to_json
from lpgen.core.rollout.calls import CallKind, IamCall, inverse_calls
from lpgen.core.rollout.source import RolloutPlan
from lpgen.core.rollout.state import RolloutPhase
from lpgen.edge.rollout.journal import Journal, journal_of, read_journal
from lpgen.edge.rollout.plan_file import read_rollout_plan
from lpgen.errors import LpgenError, RolloutError
from tests.support.rollout_roles import empty_account, own_server
from tests.support.rollout_worlds import ACCOUNT, New, World, allow, deny, document

server = pytest.fixture(scope="module")(own_server)
world = pytest.fixture(empty_account)

Entries = list[dict[str, Any]]
ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"
EVERYTHING = document(allow("*"))
OLD = document(allow("s3:*"), deny("s3:DeleteBucket"), indent=3)
NEW = (New(document(allow("s3:GetObject"))), New(document(deny("s3:DeleteBucket")), inline=True))


LOCK, BEGIN = 1, 3


def edited(part: str, at: int, **changes: object) -> Callable[[Entries], None]:
    """Edits a call in the line that begins the first principal."""

    def edit(entries: Entries) -> None:
        entries[BEGIN][part][at].update(changes)

    return edit


def set_in_begin(**changes: object) -> Callable[[Entries], None]:
    return lambda entries: entries[BEGIN].update(changes)


def of_before(key: str, value: object) -> Callable[[Entries], None]:
    return lambda entries: entries[BEGIN]["before"].update({key: value})


def wider_before_and_inverse(entries: Entries) -> None:
    """What undoing would lead to and what it compares that with."""
    entries[BEGIN]["before"]["inline"]["own"] = EVERYTHING
    entries[BEGIN]["inverse"][0]["document"] = EVERYTHING


def forged(at: int, event: str, **more: object) -> Callable[[Entries], None]:
    def insert(entries: Entries) -> None:
        entry = {"event": event, "principal": entries[BEGIN]["principal"], "at": entries[BEGIN]["at"], **more}
        entries.insert(at if at >= 0 else len(entries) + 1 + at, entry)

    return insert


ATTACKS: dict[str, Callable[[Entries], object]] = {
    "inverse puts back more": edited("inverse", 0, document=EVERYTHING),
    "inverse and before": wider_before_and_inverse,
    "inverse attaches administrator": edited("inverse", 1, policy=ADMIN),
    "inverse of another role": edited("inverse", 0, principal="other"),
    "inverse of another kind": edited("inverse", 4, kind="attach"),
    "inverse deletes another policy": edited("inverse", 4, policy=f"arn:aws:iam::{ACCOUNT}:policy/lpgen/other"),
    "inverse deletes another document": edited("inverse", 4, document=EVERYTHING),
    "inverse reversed": lambda entries: entries[BEGIN]["inverse"].reverse(),
    "inverse shortened": lambda entries: entries[BEGIN]["inverse"].pop(),
    "calls edited": edited("calls", 0, document=EVERYTHING),
    "calls of another policy": edited("calls", 2, policy=ADMIN),
    "calls shortened": lambda entries: entries[BEGIN]["calls"].pop(),
    "before attached": of_before("attached", [ADMIN]),
    "before inline": of_before("inline", {"own": EVERYTHING}),
    "documents": lambda entries: entries[BEGIN]["documents"].update(
        dict.fromkeys(entries[BEGIN]["documents"], EVERYTHING)
    ),
    "another id": set_in_begin(principal_id="AROAOTHER"),
    "another account": set_in_begin(account="999988887777"),
    "another name": set_in_begin(name="other"),
    "another kind": set_in_begin(kind="user"),
    "another principal": set_in_begin(principal=f"arn:aws:iam::{ACCOUNT}:role/other"),
    "other digests": set_in_begin(digests={"plan": "", "source": "", "documents": {}}),
    "no digests": lambda entries: entries[BEGIN].pop("digests"),
    "another plan": lambda entries: entries[0].update(sha256="0" * 64),
    "another schema": lambda entries: entries[0].update(schema="lpgen.rollout-journal/1"),
    "no head": lambda entries: entries.pop(0),
    "no begin": lambda entries: entries.pop(BEGIN),
    "begins twice": lambda entries: entries.insert(BEGIN + 1, dict(entries[BEGIN])),
    "a step missing": lambda entries: entries.pop(5),
    "steps swapped": lambda entries: entries.insert(3, entries.pop(4)),
    "an event unknown": forged(6, "approved"),
    "a step beyond": forged(-1, "about", call=99),
    "a step before": forged(3, "about", call=-1),
    "a step of text": forged(3, "about", call="0"),
    "a list for a step": forged(4, "done", call=[0]),
    "done unbegun": forged(3, "done", call=3),
    "applied too early": forged(4, "applied"),
    "undone without undo": forged(6, "undone"),
    "undo done without undo": forged(6, "undo_done", policy="own", operation="PutRolePolicy"),
    "applied twice": forged(-1, "applied"),
    "no time": lambda entries: entries[-2].pop("at"),
    "another lock": lambda entries: entries[LOCK].update(nonce="0" * 32),
    "a lock of nobody": lambda entries: entries[LOCK].update(principal="nobody"),
    "no lock": lambda entries: entries.pop(LOCK),
}

LESS = {"no begin", "no lock", "another lock"}
"""What leaves less to undo, or no lock to take over, where it is linked again: no call that isn't the plan's."""


@pytest.fixture
def applied(world: World) -> World:
    """A role with a plan of five calls that was applied."""
    arn = world.make_role("app", inline={"own": OLD}, managed={"queues": document(allow("sqs:*"))})
    world.plan_of({arn: NEW})
    world.apply()
    return world


def lines_of(entries: Entries) -> bytes:
    return b"".join(json.dumps(entry).encode() + b"\n" for entry in entries)


def linked(entries: Entries) -> bytes:
    """The lines, each with the digest of the one before, as by somebody who knows how they are made."""
    lines: list[bytes] = []
    for entry in entries:
        chained = {**entry, "previous": digest_of_text(lines[-1])} if lines else entry
        lines.append(json.dumps(chained).encode())
    return b"".join(line + b"\n" for line in lines)


def is_held(world: World, plan: RolloutPlan, journal: bytes) -> bool:
    """Whether a journal is refused, or leads to no call but those that the plan has to take its calls back."""
    journal_of(world.plan).write_bytes(journal)
    try:
        states = read_journal(world.plan, plan).states
    except LpgenError:
        return True
    allowed = {principal.principal: list(map(compact, principal.inverse)) for principal in plan.principals}
    return all(compact(call) in allowed[arn] for arn, state in states.items() for _, call in state.calls_to_undo)


def is_refused(world: World, plan: RolloutPlan) -> bool:
    try:
        read_journal(world.plan, plan)
    except LpgenError:
        return True
    return False


def compact(call: IamCall) -> IamCall:
    if call.kind is not CallKind.PUT_INLINE:
        return call
    return replace(call, document=policy_to_json(policy_from_json(call.document, place="")))


def attacks(journal: bytes) -> Iterator[tuple[str, bytes, bytes]]:
    """Each attack with its bytes, as they are and linked again."""
    for name, attack in ATTACKS.items():
        entries = [json.loads(line) for line in journal.splitlines()]
        attack(entries)
        yield name, lines_of(entries), linked(entries)


def test_journal_that_was_edited_leads_to_no_call_that_is_not_in_the_plan(applied: World) -> None:
    plan, journal = read_rollout_plan(applied.plan), journal_of(applied.plan).read_bytes()
    (arn,) = read_journal(applied.plan, plan).states
    for name, plain, chained in attacks(journal):
        for text in (plain, chained):
            assert is_held(applied, plan, text), name
            assert is_refused(applied, plan) or (name in LESS and text == chained), name
    journal_of(applied.plan).write_bytes(journal)
    assert read_journal(applied.plan, plan).states[arn].phase is RolloutPhase.APPLIED


def test_undo_of_an_edited_journal_calls_nothing(applied: World) -> None:
    before, journal = applied.read(f"arn:aws:iam::{ACCOUNT}:role/app"), journal_of(applied.plan).read_bytes()
    for name, _, chained in attacks(journal):
        if name in ("inverse and before", "inverse attaches administrator", "documents", "applied too early"):
            journal_of(applied.plan).write_bytes(chained)
            assert "was edited" in str(applied.undo(status=1).exception), name
    assert applied.read(before.principal.arn) == before


@pytest.mark.parametrize("number", [1, 3])
def test_journal_of_another_schema_is_refused_by_its_number(applied: World, number: int) -> None:
    path = journal_of(applied.plan)
    path.write_text(path.read_text().replace("lpgen.rollout-journal/2", f"lpgen.rollout-journal/{number}"))
    before = applied.read(f"arn:aws:iam::{ACCOUNT}:role/app")
    refused = applied.undo(status=1).exception
    assert isinstance(refused, RolloutError)
    assert f"`{path}` has the schema `lpgen.rollout-journal/{number}`, and" in refused.message
    assert "use the version of lpgen that wrote it" in refused.hint
    assert applied.read(before.principal.arn) == before


def test_run_that_a_forged_journal_began_is_not_finished(world: World) -> None:
    """Plan and journal say that the role had everything already, in a document that IAM holds otherwise."""
    queues, private = document(allow("sqs:*")), document(allow("iam:PassRole"))
    arn = world.make_role("app", inline={"own": OLD}, managed={"queues": queues})
    before = world.read(arn)
    world.client.create_policy_version(
        PolicyArn=before.holding.attached[0], PolicyDocument=EVERYTHING, SetAsDefault=True
    )
    world.plan_of({arn: (*NEW, New(private))})
    plan = read_rollout_plan(world.plan)
    with Journal(world.plan, plan) as journal:
        (own,) = plan.principals
        journal.begin(world.read(arn), own.calls, inverse_calls(own.calls, dict(before.holding.inline)))
    world.client.set_default_policy_version(PolicyArn=before.holding.attached[0], VersionId="v1")
    assert "can't be finished" in world.apply(status=1).output
    assert world.read(arn) == before


def test_run_is_not_finished_where_only_the_journal_knows_what_the_old_policies_were(world: World) -> None:
    """An old policy had to make room, and the journal is all that says so: what comes after isn't believed."""
    names = [[f"arn:aws:s3:::data/{one}{at:090}" for at in range(45)] for one in "ab"]
    arn = world.make_role(
        "app",
        inline={"own": document(*(allow("sqs:*", f"arn:aws:sqs:*:*:{at:090}") for at in range(38)))},
        managed={"a": document(allow("s3:*")), "b": document(allow("s3:*"))},
    )
    before = world.read(arn)
    new = [
        New(document({**allow("s3:GetObject"), "Resource": some}), narrows=(policy,))
        for some, policy in zip(names, before.holding.attached, strict=True)
    ]
    world.plan_of({arn: new}, "--attached-quota", "3")
    plan = read_rollout_plan(world.plan)
    (own,) = plan.principals
    removal = next(at for at, call in enumerate(own.calls) if not call.adds)
    assert any(call.adds for call in own.calls[removal:])
    with Journal(world.plan, plan) as journal:
        journal.begin(before, own.calls, inverse_calls(own.calls, dict(before.holding.inline)))
        for at, call in enumerate(own.calls[: removal + 1]):
            journal.note("about", arn, call=at)
            world.writer.perform(call)
            journal.note("done", arn, call=at)
    assert "can't be finished" in world.apply(status=1).output
    world.undo()
    assert world.read(arn) == before


def test_journal_that_ends_early_leads_to_no_call_that_is_not_in_the_plan(applied: World) -> None:
    plan, journal = read_rollout_plan(applied.plan), journal_of(applied.plan).read_bytes()
    ends = [at + 1 for at, one in enumerate(journal) if one == ord("\n")]
    for end in (*ends, *range(0, len(journal), 97)):
        assert is_held(applied, plan, journal[:end]), end


def test_journal_of_a_full_disk_goes_on_after_its_last_whole_line(applied: World) -> None:
    path = journal_of(applied.plan)
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    applied.undo()
    assert b"}{" not in path.read_bytes()
    assert [json.loads(line)["event"] for line in path.read_bytes().splitlines()][-3:] == ["undone", "lock", "unlock"]


def test_plan_and_journal_are_their_owners_alone(applied: World, tmp_path: Path) -> None:
    journal_of(applied.plan).chmod(0o644)
    applied.undo()
    for path in (applied.plan, journal_of(applied.plan)):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert tmp_path == applied.home
