"""Whatever goes wrong in a rollout, a principal ends with its old policies to the byte, or undo can put them back."""

from __future__ import annotations

import json
import os
import signal
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from lpgen.edge.rollout import journal as rollout_journal
from lpgen.edge.rollout.iam_writer import IamWriter, LivePrincipal
from lpgen.edge.rollout.journal import journal_of
from tests.support.aws_servers import Server, moto_server
from tests.support.law_examples import examples
from tests.support.rollout_worlds import NARROWED, New, World, allow, deny, document, proxy

pytestmark = pytest.mark.slow


OLD_INLINE = document(allow("s3:*"), deny("s3:DeleteBucket"), indent=3)
NEW = (New(document(allow("s3:GetObject"))), New(document(deny("s3:DeleteBucket")), inline=True))
CALLS = 6
LOCK = UNLOCK = 1


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with moto_server() as running:
        yield running


@pytest.fixture
def world(server: Server, tmp_path: Path) -> World:
    """An empty account."""
    reset(server)
    return World(server, tmp_path)


def reset(server: Server) -> None:
    urllib.request.urlopen(urllib.request.Request(f"{server.url}/moto-api/reset", method="POST")).read()


def planned(world: World) -> tuple[str, LivePrincipal]:
    """A role with a plan of six calls, the last one for its trust policy, and how it is before."""
    arn = world.make_role("app", inline={"own": OLD_INLINE}, managed={"queues": document(allow("sqs:*"))})
    world.trusts[arn] = NARROWED
    plan = world.plan_of({arn: NEW})
    assert len(plan["principals"][0]["calls"]) == CALLS
    return arn, world.read(arn)


# ---------------------------------------------------------------- errors


@pytest.mark.parametrize("at", range(CALLS))
def test_error_at_any_call_ends_the_rollout_with_the_role_as_it_was(world: World, at: int) -> None:
    arn, before = planned(world)
    with proxy(world.server, lambda number, _: "refuse" if number == LOCK + at else "") as (url, seen):
        result = world.apply(url=url, status=3)
    assert "AccessDenied" in result.output
    assert "failed, and was restored" in result.output
    assert len(seen) == LOCK + 2 * at + 1 + UNLOCK
    assert world.read(arn) == before
    assert not world.made_policies()


@pytest.mark.parametrize("at", range(LOCK + CALLS + UNLOCK))
def test_lost_answer_to_any_call_is_found_out_by_reading(world: World, at: int) -> None:
    arn, before = planned(world)
    with proxy(world.server, lambda number, _: "lose" if number == at else "") as (url, _):
        world.apply(url=url)
    assert len(world.read(arn).holding.attached) == 1
    assert world.read(arn).holding.trust == NARROWED
    world.undo()
    assert world.read(arn) == before
    assert not world.made_policies()


@pytest.mark.parametrize("at", range(LOCK + 1, LOCK + CALLS))
def test_error_while_taking_back_leaves_the_rest_to_undo(world: World, at: int) -> None:
    arn, before = planned(world)

    with proxy(world.server, lambda number, _: "refuse" if number >= at else "") as (url, _):
        result = world.apply(url=url, status=3)
    assert "NOT RESTORED" in result.output
    world.undo()
    assert world.read(arn) == before
    assert not world.made_policies()


def test_first_error_ends_the_rollout_of_all_that_follow(world: World) -> None:
    arns = [world.make_role(name, inline={"own": OLD_INLINE}) for name in ("a", "b", "c")]
    before = [world.read(arn) for arn in arns]
    world.plan_of(dict.fromkeys(arns, NEW))
    with proxy(world.server, lambda number, _: "refuse" if number == 8 else "") as (url, _):
        result = world.apply(url=url, status=3)
    assert "role/b: failed, and was restored" in result.output
    assert "role/c: not reached" in result.output
    assert [world.read(arn) == was for arn, was in zip(arns, before, strict=True)] == [False, True, True]
    world.undo()
    assert [world.read(arn) for arn in arns] == before


def test_one_principal_whose_lock_is_refused_hides_no_outcome(world: World) -> None:
    arns = [world.make_role(name, inline={"own": OLD_INLINE}) for name in ("a", "b", "c")]
    before = [world.read(arn) for arn in arns]
    world.plan_of(dict.fromkeys(arns, NEW))

    def second_lock() -> Callable[[int, str], str]:
        locks: list[int] = []

        def refuse(_: int, operation: str) -> str:
            locks.extend([1] if operation == "CreatePolicy" else [])
            return "refuse" if operation == "CreatePolicy" and len(locks) == at else ""

        return refuse

    at = 3  # the lock and the policy of the first, then the lock of the second
    with proxy(world.server, second_lock()) as (url, _):
        output = world.apply(url=url, status=3).output
    assert "role/a: applied" in output
    assert "role/b: failed, and was restored" in output
    assert "role/c: not reached" in output
    world.apply()
    at = 2  # an undo creates nothing but locks
    with proxy(world.server, second_lock()) as (url, _):
        output = world.undo(url=url, status=3).output
    assert "role/c: undone" in output
    assert "role/b: NOT RESTORED" in output
    assert "role/a: undone" in output
    world.undo()
    assert [world.read(arn) for arn in arns] == before


# ---------------------------------------------------------------- kill -9


class KillPoint:
    """Kills the process at the nth moment: after each line of the journal, and after each call before it is noted."""

    def __init__(self, at: int) -> None:
        self._left = at

    def reached(self) -> None:
        self._left -= 1
        if self._left < 0:
            os.kill(os.getpid(), signal.SIGKILL)


def dying(change: Callable[..., Any], point: KillPoint) -> Callable[..., Any]:
    def change_and_die(*arguments: Any) -> Any:
        answer = change(*arguments)
        point.reached()
        return answer

    return change_and_die


def killed(action: Callable[[], object], at: int) -> bool:
    """Runs an action in a process that is killed at a moment; False where it ended before."""
    child = os.fork()
    if child == 0:  # pragma: no cover
        point = KillPoint(at)
        write = rollout_journal.Journal._write

        def write_and_die(journal: rollout_journal.Journal, entry: dict[str, object]) -> None:
            write(journal, entry)
            point.reached()

        for name in ("perform", "create_lock", "delete_lock"):
            setattr(IamWriter, name, dying(getattr(IamWriter, name), point))
        rollout_journal.Journal._write = write_and_die  # type: ignore[method-assign, assignment]
        try:
            action()
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


MOMENTS = 9 + 3 * CALLS  # the first line; lock, its creation and deletion, two lines each; begin, applied; 3 a call
AROUND_A_CREATION, AROUND_AN_ATTACHMENT, AROUND_A_REMOVAL = (5, 6, 7), (11, 12, 13), (17, 18, 19)
AROUND_THE_TRUST_POLICY = (20, 21, 22)


def test_kill_at_any_moment_of_apply_can_be_undone(world: World) -> None:
    arn, before = planned(world)
    for at in range(MOMENTS):
        assert killed(world.apply, at)
        world.undo()
        assert world.read(arn) == before, f"undone after moment {at}"
        assert not world.made_policies()
        journal_of(world.plan).unlink()
    assert not killed(world.apply, MOMENTS)


def test_kill_at_any_moment_of_apply_can_be_finished(world: World) -> None:
    arn, before = planned(world)
    world.apply()
    after = world.read(arn)
    world.undo()
    for at in (
        0,
        1,
        2,
        3,
        *AROUND_A_CREATION,
        *AROUND_AN_ATTACHMENT,
        *AROUND_A_REMOVAL,
        *AROUND_THE_TRUST_POLICY,
        MOMENTS - 1,
    ):
        journal_of(world.plan).unlink()
        assert killed(world.apply, at)
        world.apply()
        assert world.read(arn) == after, f"finished after moment {at}"
        world.undo()
        assert world.read(arn) == before


def test_kill_at_any_moment_of_undo_can_be_undone_again(world: World) -> None:
    arn, before = planned(world)
    moments = 8 + 3 * CALLS
    for at in range(moments):
        world.apply()
        assert killed(world.undo, at)
        if at == moments // 2:
            assert "can't be finished" in world.apply(status=1).output
        world.undo()
        assert world.read(arn) == before, f"after moment {at}"
        assert not world.made_policies()
        journal_of(world.plan).unlink()


def test_line_of_the_journal_that_a_kill_cut_short_is_forgotten(world: World) -> None:
    arn, before = planned(world)
    assert killed(world.apply, 8)  # it had noted the second call, and not made it
    path = journal_of(world.plan)
    whole = path.read_bytes()
    for cut in range(len(whole) - 40, len(whole)):
        path.write_bytes(whole[:cut])
        if cut in (len(whole) - 1, len(whole) - 40):
            world.undo()
            assert world.read(arn) == before
            world.undo()


# ---------------------------------------------------------------- random policies


NAMES = st.text("abcXYZ019_+=,.@-", min_size=1, max_size=12)
STATEMENTS = st.lists(
    st.builds(
        lambda effect, action, where: {"Effect": effect, "Action": action, "Resource": where},
        st.sampled_from(["Allow", "Deny"]),
        st.sampled_from(["s3:*", "sqs:Send*", ["ec2:Describe*", "sns:Publish"]]),
        st.sampled_from(["*", "arn:aws:s3:::data/${aws:username}/%2A?*", "arn:aws:s3:::b & <c> é"]),
    ),
    min_size=1,
    max_size=3,
)
DOCUMENTS = st.builds(
    lambda statements, indent, ascii_only: json.dumps(
        {"Version": "2012-10-17", "Statement": statements}, indent=indent, ensure_ascii=ascii_only
    ),
    STATEMENTS,
    st.sampled_from([None, 1, 4]),
    st.booleans(),
)


NAMED = {"s3:*": "s3:GetObject", "sqs:Send*": "sqs:SendMessage", "ec2:Describe*": "ec2:DescribeVpcs"}


def narrowed(text: str) -> str:
    """A document that allows one action of each pattern of another, and denies the same."""
    policy = json.loads(text)
    for one in policy["Statement"]:
        if one["Effect"] == "Allow":
            action = one["Action"] if isinstance(one["Action"], str) else one["Action"][0]
            one["Action"] = NAMED[action]
    return json.dumps(policy, indent=2)


@settings(max_examples=examples(6), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    inline=st.dictionaries(NAMES, DOCUMENTS, max_size=3),
    managed=st.dictionaries(NAMES, DOCUMENTS, max_size=3),
    inline_new=st.booleans(),
)
def test_apply_then_undo_is_the_identity(
    server: Server,
    tmp_path_factory: pytest.TempPathFactory,
    inline: dict[str, str],
    managed: dict[str, str],
    inline_new: bool,
) -> None:
    reset(server)
    world = World(server, tmp_path_factory.mktemp("random"))
    arn = world.make_role("app", inline=inline, managed={f"m{name}": text for name, text in managed.items()})
    before = world.read(arn)
    new = [New(narrowed(text), inline_new) for text in (*inline.values(), *managed.values())]
    assume(new)
    (planned,) = world.plan_of({arn: new})["principals"]
    assume(planned["calls"])  # there are none where documents are too many or too long together
    world.apply()
    assert world.read(arn).holding != before.holding
    world.undo()
    assert world.read(arn) == before
    assert not world.made_policies()
