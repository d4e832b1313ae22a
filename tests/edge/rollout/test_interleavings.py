"""Laws of rollouts under every interleaving: runs of copies of a plan, failures, kills and changes by others.

Policies are sets of actions here: an `Allow` gives actions, a `Deny` takes them away. So each call can
be judged by what the role may do before and after it, without lpgen's own evaluator.
"""

from __future__ import annotations

import contextlib
import copy
import json
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from lpgen.app.rollout import Accounts, Checked, apply_rollout, undo_rollout
from lpgen.core.rollout.lock import LOCK_PATH
from lpgen.core.rollout.plan import OutcomeKind, RolloutOutcome
from lpgen.core.rollout.source import RolloutPlan
from lpgen.edge.rollout.iam_writer import IamWriter
from lpgen.edge.rollout.journal import Journal, journal_of, read_journal
from lpgen.edge.rollout.plan_file import read_whole_plan
from lpgen.edge.rollout.run import Run, comes_true, look_last
from lpgen.errors import LpgenError
from tests.support.aws_servers import Server
from tests.support.iam_stand_in import ACCOUNT, IamAccount, ManagedPolicy, failure, open_stand_in
from tests.support.law_examples import examples
from tests.support.rollout_roles import own_server
from tests.support.rollout_worlds import NARROWED, TRUST, New, World, allow, deny, document

OLD = {"own": document(allow("s3:GetObject"), deny("s3:DeleteBucket")), "more": document(allow("s3:DeleteObject"))}
OLD_MANAGED = {
    "wide": document(allow("s3:PutObject")),
    "wider": document(allow("s3:ListBucket"), allow("s3:DeleteBucket")),
}
NEW = (
    New(document(allow("s3:GetObject"), allow("s3:PutObject"))),
    New(document(deny("s3:DeleteBucket")), inline=True),
    New(document(allow("s3:ListBucket"))),
)
KEPT = frozenset({"s3:GetObject", "s3:PutObject", "s3:ListBucket"})
OLD_RIGHTS = KEPT | {"s3:DeleteObject"}
ROLE = "app"
ARN = f"arn:aws:iam::{ACCOUNT}:role/{ROLE}"


@dataclass(frozen=True, slots=True)
class Start:
    """A role as it is before any run, and its plan."""

    plan_file: Path
    plan: RolloutPlan
    account: IamAccount


server = pytest.fixture(scope="module")(own_server)


@pytest.fixture(scope="module")
def start(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Start:
    """The plan is made once, from moto."""
    world = World(server, tmp_path_factory.mktemp("planned"))
    arn = world.make_role(ROLE, inline=OLD, managed=OLD_MANAGED)
    world.trusts[arn] = NARROWED
    world.plan_of({arn: NEW})
    live = world.read(arn)
    account = IamAccount(
        ids={ROLE: live.principal.principal_id},
        inline={ROLE: dict(live.holding.inline)},
        attached={ROLE: list(live.holding.attached)},
        policies={arn: ManagedPolicy(f"ANPAOLD{at}", "", [text]) for at, (arn, text) in enumerate(live.documents)},
        trust=live.holding.trust,
    )
    plan = read_whole_plan(world.plan)
    assert plan.principals[0].calls, plan.principals[0].refusals
    return Start(world.plan, plan, account)


def rights_of(documents: Sequence[str]) -> frozenset[str]:
    """The tokens that documents allow, without those that they deny."""
    statements = [item for text in documents for item in json.loads(text)["Statement"]]
    allowed, denied = (
        {statement["Action"] for statement in statements if statement["Effect"] == effect}
        for effect in ("Allow", "Deny")
    )
    return frozenset(allowed - denied)


# ---------------------------------------------------------------- what may happen


class Fault(StrEnum):
    """What becomes of one call of a run."""

    REFUSED = "refused"
    THROTTLED = "throttled"
    LOST = "lost"  # AWS makes the call, and the answer is lost
    DROPPED = "dropped"  # the call doesn't reach AWS
    LATE = "late"  # the answer is lost, and AWS makes the call almost a minute later
    PAGE = "page"  # AWS makes the call, and a gateway answers with a page of its own
    EMPTY = "empty"  # AWS makes the call, and the answer lacks what it should hold
    KILLED_BEFORE = "killed before"
    KILLED_AFTER = "killed after"
    KILLED_LATE = "killed late"  # AWS makes the call of a killed run almost a minute later


class Change(StrEnum):
    """What somebody else does, without lpgen."""

    DETACH_OLD = "detach an old policy"
    DELETE_INLINE = "delete an old inline policy"
    EDIT_INLINE = "edit an old inline policy"
    DELETE_ROLE = "delete the role"
    RECREATE_ROLE = "delete the role and create it again"
    NEW_VERSION = "make another version of a policy of lpgen's the default"
    DETACH_NEW = "detach a policy of lpgen's"
    ATTACH = "attach a policy of their own"
    DELETE_LOCK = "delete the lock"
    TAKE_NAME = "create a planned policy first"
    FILL_QUOTA = "attach as many policies as fit"
    EDIT_TRUST = "edit the trust policy"


@dataclass(frozen=True, slots=True)
class Story:
    """What happens: which run makes the next call, and faults and changes by the number of the call, counted in all.

    `undo_faults` are those of the first undo after the runs, with numbers of its own. The name of an operation in place
    of a number is its first call.
    """

    runs: int
    order: tuple[int, ...] = ()
    faults: tuple[tuple[int | str, Fault], ...] = ()
    changes: tuple[tuple[int | str, Change], ...] = ()
    undo_faults: tuple[tuple[int | str, Fault], ...] = ()


_SHOWN_BY = {
    Change.DELETE_INLINE: "list_role_policies",
    Change.EDIT_INLINE: "list_role_policies",
    Change.NEW_VERSION: "list_policy_versions",
    Change.EDIT_TRUST: "get_role",
}
"""The operations that show changes to a run."""

STEPS = st.integers(0, 160)
DETACH, CREATE, UPDATE = "detach_role_policy", "create_policy", "update_assume_role_policy"
THEIRS = TRUST.replace("ec2.amazonaws.com", "lambda.amazonaws.com")
STORIES = st.builds(
    Story,
    st.integers(1, 3),
    st.lists(st.integers(0, 2), max_size=120).map(tuple),
    st.lists(st.tuples(STEPS, st.sampled_from(Fault)), max_size=3).map(tuple),
    st.lists(st.tuples(STEPS, st.sampled_from(Change)), max_size=2).map(tuple),
    st.lists(st.tuples(STEPS, st.sampled_from(Fault)), max_size=2).map(tuple),
)


class KilledError(BaseException):
    """The process is gone: it writes nothing more, and calls nothing."""


class Clock:
    """A clock on which waiting takes no time."""

    def __init__(self) -> None:
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def monotonic(self) -> float:
        return self.now

    def moment(self, *_: object) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.now)


CLOCK = Clock()
LATE_SECONDS = 55.0
SETTLE_SECONDS = 15.0
WRITES = ("attach", "detach", "put", "delete", "create", "update")


@dataclass(slots=True)
class Play:
    """An account while a story is played. `broken` are the rules that a call of lpgen's has broken."""

    start: Start
    story: Story
    account: IamAccount
    steps: int = 0
    dead: set[int] = field(default_factory=set)
    broken: list[str] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    blind: dict[int, dict[str, float]] = field(default_factory=dict)
    """The runs that others' changes can have surprised, with the operations that will show these to them, and when."""
    seen: set[str] = field(default_factory=set)
    late: list[tuple[float, int, str, Callable[[], dict[str, Any]], bool]] = field(default_factory=list)
    """Calls that AWS makes at a time: when, whose, what, and whether others surprised the run as it sent them."""

    def step(self, run: int, operation: str, perform: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """One call of a run, with what the story has for it."""
        if run in self.dead:
            raise KilledError
        self.steps += 1
        self.make_late_calls(CLOCK.now)
        now = (self.steps,) if operation in self.seen else (self.steps, operation)
        self.seen.add(operation)
        for change in (change for at, change in self.story.changes if at in now):
            self._change(change)
        fault = next((fault for at, fault in self.story.faults if at in now), None)
        self.log.append(f"{self.steps} run {run} {operation} {fault or ''}")
        if fault is Fault.KILLED_BEFORE:
            self.dead.add(run)
            raise KilledError
        if fault is Fault.REFUSED:
            raise failure("AccessDenied", 403)
        if fault is Fault.THROTTLED:
            raise failure("Throttling", 400)
        if fault is Fault.DROPPED:
            raise ReadTimeoutError(endpoint_url="")
        if fault in (Fault.LATE, Fault.KILLED_LATE):
            call = (CLOCK.now + LATE_SECONDS, run, operation, perform, self._is_surprised(run))
            self.late += [call] * operation.startswith(WRITES)
            if fault is Fault.LATE:
                raise ReadTimeoutError(endpoint_url="")
            self.dead.add(run)
            raise KilledError
        before, surprised = self._role(), self._is_surprised(run)
        answer = perform()
        self.blind.get(run, {}).pop(operation, None)
        if operation.startswith(WRITES):
            self._judge(operation, before, surprised=surprised)
        if fault is Fault.KILLED_AFTER:
            self.dead.add(run)
            raise KilledError
        if fault is Fault.LOST:
            raise ReadTimeoutError(endpoint_url="")
        if fault is Fault.PAGE:
            raise failure("403", 403)
        if fault is Fault.EMPTY:
            raise KeyError(operation)
        return answer

    def make_late_calls(self, now: float) -> None:
        """Makes the late calls whose time has come."""
        for call in [call for call in self.late if call[0] <= now]:
            self.late.remove(call)
            _, run, operation, perform, surprised = call
            self.log.append(f"{self.steps} run {run} {operation}, late")
            before = self._role()
            with contextlib.suppress(ClientError):
                perform()
            self._judge(f"{operation}, late,", before, surprised=surprised)

    def _is_surprised(self, run: int) -> bool:
        """Whether somebody else has changed something since the last look of a run, which looks again after waits."""
        moments = self.blind.get(run, {}).values()
        return any(moment == CLOCK.now for moment in moments) if self.story.runs == 1 else bool(moments)

    def _role(self) -> tuple[frozenset[str], str]:
        """What the role may do, and its trust policy."""
        return rights_of(self.account.documents(ROLE)), self.account.trust

    def _judge(self, operation: str, role: tuple[frozenset[str], str], *, surprised: bool) -> None:
        """A call of lpgen's takes nothing that stays, gives nothing that the role didn't have, and replaces nobody
        else's trust policy."""
        (before, trust), (after, trust_after) = role, self._role()
        if trust == THEIRS != trust_after and not surprised:
            self.broken.append(f"{self.steps}: {operation} replaced somebody else's trust policy")
        if trust_after not in (TRUST, NARROWED, THEIRS):
            self.broken.append(f"{self.steps}: {operation} wrote the trust policy {trust_after}")
        is_other = self.account.ids.get(ROLE) != self.start.account.ids[ROLE]
        if (before - after) & KEPT and not surprised:
            self.broken.append(f"{self.steps}: {operation} took {sorted((before - after) & KEPT)}")
        if is_other and after != before and not surprised:
            self.broken.append(f"{self.steps}: {operation} changed another role")
        if (after - before) - OLD_RIGHTS and not surprised:
            self.broken.append(f"{self.steps}: {operation} gave {sorted((after - before) - OLD_RIGHTS)}")

    def _change(self, change: Change) -> None:
        self.log.append(f"{self.steps} {change}")
        for run in range(3):
            shown_by = _SHOWN_BY.get(change, "list_attached_role_policies")
            self.blind.setdefault(run, {})[shown_by] = CLOCK.now
        account, theirs = self.account, document(allow("s3:GetBucketAcl"))
        attached, inline = account.attached.get(ROLE, []), account.inline.get(ROLE, {})
        of_lpgen = [arn for arn in account.policies if ":policy/lpgen/" in arn and LOCK_PATH not in arn]
        match change:
            case Change.DETACH_OLD:
                account.attached[ROLE] = [arn for arn in attached if not arn.endswith("/wide")]
            case Change.DELETE_INLINE:
                inline.pop("own", None)
            case Change.EDIT_INLINE if "more" in inline:
                inline["more"] = theirs
            case Change.DELETE_ROLE | Change.RECREATE_ROLE:
                account.delete_role(ROLE)
                if change is Change.RECREATE_ROLE:
                    account.make_role(ROLE, {}, {})
            case Change.NEW_VERSION:
                for arn in of_lpgen:
                    account.policies[arn].versions.append(theirs)
            case Change.DETACH_NEW:
                account.attached[ROLE] = [arn for arn in attached if arn not in of_lpgen]
            case Change.ATTACH if ROLE in account.ids:
                attached.append(account.make_policy("/", f"theirs-{self.steps}", theirs))
            case Change.DELETE_LOCK:
                remove_locks(account)
            case Change.TAKE_NAME:
                for call in self.start.plan.principals[0].calls:
                    if call.kind == "create_policy" and call.policy not in account.policies:
                        account.make_policy("/lpgen/", call.policy.rpartition("/")[2], call.document)
            case Change.EDIT_TRUST:
                account.trust = THEIRS
            case Change.FILL_QUOTA if ROLE in account.ids:
                while len(attached) < 10:
                    attached.append(account.make_policy("/", f"filler-{self.steps}-{len(attached)}", theirs))


# ---------------------------------------------------------------- playing


class StandInAccounts(Accounts):
    """The account, as the application asks for it."""

    def reach(self, account: str) -> str:  # noqa: ARG002
        return ""

    def writer(self, account: str) -> IamWriter:  # noqa: ARG002
        return IamWriter(self.session)


class Stage:
    """Lets one of several threads make the next call, in the order of the story."""

    def __init__(self, play: Play) -> None:
        self.play = play
        self.waiting: dict[int, threading.Semaphore] = {}
        self.ready = threading.Semaphore(0)
        self.failures: list[Exception] = []

    def step(self, run: int) -> Callable[[str, Callable[[], dict[str, Any]]], dict[str, Any]]:
        def wait_and_step(operation: str, perform: Callable[[], dict[str, Any]]) -> dict[str, Any]:
            self.ready.release()
            self.waiting[run].acquire()
            return self.play.step(run, operation, perform)

        return wait_and_step

    def run(self, tasks: Sequence[Callable[[int], None]]) -> None:
        """Runs tasks, a thread each, that call only when it's their turn."""
        ended: set[int] = set()

        def work(number: int) -> None:
            try:
                tasks[number](number)
            except KilledError:
                pass
            except Exception as error:
                self.failures.append(error)
            finally:
                ended.add(number)
                self.ready.release()

        threads = [threading.Thread(target=work, args=(number,), daemon=True) for number in range(len(tasks))]
        self.waiting = {number: threading.Semaphore(0) for number in range(len(tasks))}
        for thread in threads:
            thread.start()
            self.ready.acquire()  # it waits for its first turn, or has ended
        order = iter(self.play.story.order)
        while alive := [number for number in range(len(tasks)) if number not in ended]:
            turn = next(order, 0)
            self.waiting[turn if turn in alive else alive[0]].release()
            self.ready.acquire()
        for thread in threads:
            thread.join(timeout=10)
        if self.failures:
            raise ExceptionGroup("runs ended unexpectedly", self.failures)


@pytest.fixture
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting takes no time."""
    for module in ("iam_writer", "run"):
        monkeypatch.setattr(f"lpgen.edge.rollout.{module}.time", CLOCK)
    for module in ("journal", "run"):
        moments = SimpleNamespace(now=CLOCK.moment, fromisoformat=datetime.fromisoformat)
        monkeypatch.setattr(f"lpgen.edge.rollout.{module}.datetime", moments)
    monkeypatch.setattr("lpgen.edge.rollout.journal.os.fsync", lambda _: None)


def alone(play: Play, story: Story | None = None) -> StandInAccounts:
    """The account for a run that no other one disturbs."""
    calm = Play(play.start, story or Story(1), play.account, broken=play.broken, late=play.late)
    return StandInAccounts(open_stand_in(play.account, lambda name, perform: calm.step(0, name, perform)))


def undo(plan: Path, play: Play, story: Story | None = None) -> tuple[RolloutOutcome, ...]:
    """The outcomes of an undo of all that a journal began; none where it was killed."""
    if not journal_of(plan).exists():
        return ()
    begun = read_journal(plan, play.start.plan).to_undo
    accounts, settled = alone(play, story), SETTLE_SECONDS
    try:
        return tuple(
            undo_rollout(plan, play.start.plan, begun, accounts, settle_seconds=settled, print_status=lambda _: None)
        )
    except KilledError:
        return ()
    finally:
        read_journal(plan, play.start.plan)


def apply_alone(plan: Path, play: Play) -> tuple[RolloutOutcome, ...]:
    """The outcome of an apply that nothing disturbs."""
    checked, accounts, settled = [Checked(play.start.plan.principals[0], ())], alone(play), SETTLE_SECONDS
    return tuple(
        apply_rollout(plan, play.start.plan, checked, accounts, settle_seconds=settled, print_status=lambda _: None)
    )


def remove_locks(account: IamAccount) -> None:
    account.policies = {arn: policy for arn, policy in account.policies.items() if LOCK_PATH not in arn}


def play_story(start: Start, story: Story, folder: Path) -> Iterator[str]:
    """Plays a story, applies and undoes what it left, and yields each rule that was broken."""
    play = Play(start, story, copy.deepcopy(start.account))
    stage = Stage(play)
    plans = [folder / f"run-{number}" / "plan.json" for number in range(story.runs)]
    outcomes: dict[int, RolloutOutcome] = {}
    for plan in plans:
        plan.parent.mkdir()
        shutil.copy(start.plan_file, plan)

    def apply(number: int) -> None:
        accounts = StandInAccounts(open_stand_in(play.account, stage.step(number)))
        checked = [Checked(start.plan.principals[0], ())]
        try:
            (outcomes[number],) = apply_rollout(
                plans[number],
                start.plan,
                checked,
                accounts,
                settle_seconds=SETTLE_SECONDS,
                print_status=lambda _: None,
            )
        except LpgenError:
            return

    stage.run([apply] * story.runs)
    yield from play.broken
    play.broken.clear()
    quiet = not story.changes
    after = set(play.account.documents(ROLE))
    for number, outcome in outcomes.items():
        if outcome.kind is OutcomeKind.APPLIED and quiet and rights_of(tuple(after)) != KEPT:
            yield f"run {number} says applied, and the role may {sorted(rights_of(tuple(after)))}"
        if outcome.kind is OutcomeKind.APPLIED and quiet and play.account.trust != NARROWED:
            yield f"run {number} says applied, and the trust policy is {play.account.trust}"
    # Whatever the runs have left, each journal can be read, and undone where it is.
    for number, plan in enumerate(plans):
        undo(plan, play, Story(1, faults=story.undo_faults))
        undone = undo(plan, play)
        if (story.faults or story.undo_faults) and any(outcome.kind is OutcomeKind.REFUSED for outcome in undone):
            remove_locks(play.account)  # of another run, which was killed
            undone = undo(plan, play)
        yield from (f"undo of run {number}: {rule}" for rule in play.broken)
        wrong = {OutcomeKind.STUCK, *((OutcomeKind.REFUSED,) if quiet else ())}
        yield from (
            f"undo of run {number} is {outcome.kind}: {outcome.why}" for outcome in undone if outcome.kind in wrong
        )
    if quiet:
        was, now = start.account, play.account
        if (was.inline, {ROLE: sorted(was.attached[ROLE])}) != (now.inline, {ROLE: sorted(now.attached[ROLE])}):
            yield f"the role isn't as it was: {now.inline} {now.attached}"
        if was.trust != now.trust:
            yield f"the trust policy isn't as it was: {now.trust}"
        # A lock is left where a run was killed, or where AWS refused to delete it.
        faulty = story.faults or story.undo_faults
        left = sorted(arn for arn in set(now.policies) - set(was.policies) if not (faulty and LOCK_PATH in arn))
        if left:
            yield f"policies are left: {left}"
        remove_locks(play.account)
        undo(plans[0], play)  # what another run's use of a policy kept it from
        yield from (
            f"apply again: {outcome}"
            for outcome in apply_alone(plans[0], play)
            if outcome.kind is not OutcomeKind.APPLIED
        )
    play.make_late_calls(CLOCK.now + LATE_SECONDS)
    yield from play.broken
    if quiet and play.account.trust != NARROWED:
        yield f"after all late calls the trust policy is {play.account.trust}"
    if quiet and rights_of(play.account.documents(ROLE)) != KEPT:
        yield f"after all late calls the role may {sorted(rights_of(play.account.documents(ROLE)))}"


@pytest.mark.slow
@pytest.mark.usefixtures("fast")
@settings(max_examples=examples(2000), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(story=STORIES)
@example(story=Story(2, (0, 1) * 60, (), ()))
@example(story=Story(2, (0,) * 40 + (1,) * 40, (), ()))
@example(story=Story(1, faults=((DETACH, Fault.LATE),)))
@example(story=Story(1, faults=((CREATE, Fault.KILLED_LATE),)))
@example(story=Story(1, faults=(("attach_role_policy", Fault.PAGE),)))
@example(story=Story(1, faults=(("list_attached_role_policies", Fault.EMPTY),)))
@example(story=Story(1, faults=((DETACH, Fault.THROTTLED),), changes=((DETACH, Change.DETACH_NEW),)))
@example(story=Story(1, undo_faults=((DETACH, Fault.LATE),)))
@example(story=Story(1, undo_faults=((DETACH, Fault.KILLED_LATE),)))
@example(story=Story(1, faults=((UPDATE, Fault.LATE),)))
@example(story=Story(1, faults=((UPDATE, Fault.LOST),)))
@example(story=Story(1, faults=((UPDATE, Fault.KILLED_BEFORE),)))
@example(story=Story(1, faults=((UPDATE, Fault.KILLED_AFTER),)))
@example(story=Story(1, faults=((UPDATE, Fault.KILLED_LATE),)))
@example(story=Story(1, undo_faults=((UPDATE, Fault.LATE),)))
@example(story=Story(1, undo_faults=((UPDATE, Fault.KILLED_LATE),)))
@example(story=Story(1, changes=((UPDATE, Change.EDIT_TRUST),)))
@example(story=Story(1, changes=((DETACH, Change.EDIT_TRUST),)))
@example(story=Story(1, faults=((UPDATE, Fault.THROTTLED),), changes=((UPDATE, Change.EDIT_TRUST),)))
@example(story=Story(1, (), (), ((40, Change.DELETE_ROLE),)))
@example(story=Story(1, (), (), ((70, Change.NEW_VERSION),)))
@example(story=Story(1, (), (), ((88, Change.NEW_VERSION), (103, Change.DETACH_OLD))))
def test_no_interleaving_takes_what_stays_or_gives_what_was_not_there(
    start: Start, tmp_path_factory: pytest.TempPathFactory, story: Story
) -> None:
    folder = tmp_path_factory.mktemp("story")
    broken = list(play_story(start, story, folder))
    shutil.rmtree(folder)
    assert broken == [], "\n".join([str(story), *broken])


# ---------------------------------------------------------------- single stories


@pytest.fixture
def applied(start: Start, tmp_path: Path, fast: None) -> tuple[Path, Play]:  # noqa: ARG001
    """A plan that was applied, in an account of its own."""
    plan = Path(shutil.copy(start.plan_file, tmp_path))
    play = Play(start, Story(1), copy.deepcopy(start.account))
    assert [outcome.kind for outcome in apply_alone(plan, play)] == [OutcomeKind.APPLIED]
    return plan, play


def behind(account: IamAccount, old: IamAccount, is_old: Callable[[str, Mapping[str, Any]], bool]) -> StandInAccounts:
    """An account of which some readings are 20 seconds old."""
    until = CLOCK.now + 20

    def perform(operation: str, given: Mapping[str, Any]) -> dict[str, Any]:
        shown = old if CLOCK.now < until and is_old(operation, given) else account
        return shown.perform(operation, given)

    shown = cast(IamAccount, SimpleNamespace(perform=perform))
    return StandInAccounts(open_stand_in(shown, lambda _, read: read()))


def undo_in(accounts: StandInAccounts, plan: Path, start: Start) -> list[OutcomeKind]:
    undone = undo_rollout(plan, start.plan, [ARN], accounts, settle_seconds=SETTLE_SECONDS, print_status=lambda _: None)
    return [outcome.kind for outcome in undone]


def test_undo_puts_back_what_an_old_reading_shows_as_still_there(start: Start, applied: tuple[Path, Play]) -> None:
    plan, play = applied
    of_role = ("list_attached_role_policies", "list_role_policies", "get_role_policy")
    accounts = behind(play.account, start.account, lambda operation, _: operation in of_role)
    assert undo_in(accounts, plan, start) == [OutcomeKind.UNDONE]
    assert set(play.account.documents(ROLE)) == set(start.account.documents(ROLE))


@pytest.mark.parametrize("is_own", [True, False])
def test_an_old_reading_of_a_released_lock_is_outwaited(
    start: Start, applied: tuple[Path, Play], *, is_own: bool
) -> None:
    plan, play = applied
    old = copy.deepcopy(play.account)
    number = read_journal(plan, start.plan).numbers[ARN][-1] if is_own else "0" * 32
    old.make_policy(LOCK_PATH, start.account.ids[ROLE], "{}", f"lpgen rollout, run {number}")
    accounts = behind(play.account, old, lambda _, given: LOCK_PATH in given.get("PolicyArn", ""))
    assert undo_in(accounts, plan, start) == [OutcomeKind.UNDONE]
    assert not [arn for arn in play.account.policies if "/lpgen/" in arn]


def test_a_lock_that_was_created_late_is_taken_over(start: Start, applied: tuple[Path, Play]) -> None:
    plan, play = applied
    number = read_journal(plan, start.plan).numbers[ARN][-1]
    play.account.make_policy(LOCK_PATH, start.account.ids[ROLE], "{}", f"lpgen rollout, run {number}")
    assert undo_in(alone(play), plan, start) == [OutcomeKind.UNDONE]
    assert not [arn for arn in play.account.policies if "/lpgen/" in arn]


def test_undo_changes_no_role_that_was_created_again_meanwhile(applied: tuple[Path, Play]) -> None:
    plan, play = applied
    at = "attach_role_policy"
    story = Story(1, faults=((at, Fault.THROTTLED),), changes=((at, Change.RECREATE_ROLE),))
    assert [outcome.kind for outcome in undo(plan, play, story)] == [OutcomeKind.GONE]
    assert play.account.documents(ROLE) == []
    assert not [arn for arn in play.account.policies if "/lpgen/" in arn]


@pytest.mark.parametrize("fails", [True, False])
@pytest.mark.usefixtures("fast")
def test_an_interrupted_apply_says_how_it_ended(start: Start, tmp_path: Path, *, fails: bool) -> None:
    plan = Path(shutil.copy(start.plan_file, tmp_path))
    account = copy.deepcopy(start.account)
    interrupted: list[str] = []

    def step(operation: str, perform: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        if operation == DETACH and not interrupted:
            interrupted.append(operation)
            raise KeyboardInterrupt
        if interrupted and fails and operation == "delete_policy":
            raise failure("AccessDenied", 403)
        return perform()

    checked, accounts = [Checked(start.plan.principals[0], ())], StandInAccounts(open_stand_in(account, step))
    outcomes = apply_rollout(plan, start.plan, checked, accounts, settle_seconds=15, print_status=lambda _: None)
    outcome = next(outcomes)
    with pytest.raises(KeyboardInterrupt):
        next(outcomes)
    assert outcome.kind is (OutcomeKind.STUCK if fails else OutcomeKind.TAKEN_BACK)
    assert outcome.why[0] == "interrupted"
    assert ("`lpgen rollout undo`" in " ".join(outcome.why)) is fails
    assert set(account.documents(ROLE)) == set(start.account.documents(ROLE))


@pytest.mark.usefixtures("fast")
def test_a_check_that_waited_is_made_again(start: Start, tmp_path: Path) -> None:
    plan = Path(shutil.copy(start.plan_file, tmp_path))
    shows = iter([False, False, True, True])
    with Journal(plan, start.plan) as journal:
        accounts = StandInAccounts(open_stand_in(start.account, lambda _, perform: perform()))
        run = Run(accounts.writer(""), journal, SETTLE_SECONDS, lambda _: None)
        looks: list[bool] = []
        look_last(lambda: looks.append(comes_true(lambda: next(shows), run)), run)
    assert looks == [True, True]


def test_what_somebody_else_removes_as_it_is_put_back_stays_removed(start: Start, applied: tuple[Path, Play]) -> None:
    plan, play = applied

    def step(operation: str, perform: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        answer = perform()
        if operation == "put_role_policy":
            play.account.inline[ROLE].clear()
        return answer

    assert undo_in(StandInAccounts(open_stand_in(play.account, step)), plan, start) == [OutcomeKind.STUCK]
    left = dict(play.account.inline[ROLE])
    assert undo_in(StandInAccounts(open_stand_in(play.account, step)), plan, start) != [OutcomeKind.UNDONE]
    assert "own" not in left
    assert "own" not in play.account.inline[ROLE]
