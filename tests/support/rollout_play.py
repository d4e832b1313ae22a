"""What rollout scenarios share: principals with a plan, moments to disturb a run, and what another party does."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from tests.support.rollout_judge import Judge, Target, targets_from_plan
from tests.support.rollout_stage import Fault, Run, Stage, Turns
from tests.support.rollout_worlds import New, World, allow, deny, document

_ANY: Final = document(allow("*"))


def _one(world: World) -> dict[str, list[New]]:
    managed = {"queues": document(allow("sqs:*")), "guard": document(deny("s3:DeleteBucket"))}
    app = world.make_role("app", inline={"own": document(allow("s3:*"))}, managed=managed)
    news = (document(deny("s3:DeleteBucket")), document(allow("s3:GetObject"), allow("sqs:SendMessage")))
    return {app: [New(text) for text in news]}


def _two(world: World) -> dict[str, list[New]]:
    web = world.make_role("web", managed={"tables": document(allow("dynamodb:*"))})
    ann = world.make_user("ann", inline={"mine": document(allow("ec2:*"), deny("ec2:TerminateInstances"))})
    new = document(allow("ec2:DescribeInstances"), deny("ec2:TerminateInstances"))
    return {web: [New(document(allow("dynamodb:GetItem")))], ann: [New(new, inline=True)]}


def _full(world: World) -> dict[str, list[New]]:
    """A role at the quota, with so much inline that a new policy has to take the place of an old one."""
    others = {
        f"p{number}": document(allow(f"kms:{verb}*")) for number, verb in enumerate(("De", "En", "Ge", "Li", "Re"))
    }
    managed = {"topics": document(allow("sns:*")), "guard": document(deny("sns:DeleteTopic")), **others}
    more = {f"q{number}": document(allow(f"kms:{verb}*")) for number, verb in enumerate(("Cr", "Up", "Ta"))}
    inline = {"long": document(allow("s3:PutObject", "arn:aws:s3:::" + "x" * 9_900))}
    big = world.make_role("big", managed=managed | more, inline=inline)
    news = (
        New(document(deny("sns:DeleteTopic")), narrows=("guard",)),
        New(document(allow("sns:Publish")), narrows=("topics",)),
    )
    return {big: list(news)}


CASTS: Final = {"one": _one, "two": _two, "full": _full}


@dataclass(slots=True)
class Cast:
    """Principals with a plan, and the operations that an undisturbed apply and undo call."""

    name: str
    plan: str
    targets: tuple[Target, ...]
    operations: dict[str, list[str]] = field(default_factory=dict)


class Theatre:
    """The stage, and the casts that were planned so far."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self._home = stage.home / "plans"
        self._home.mkdir()
        self._world = World(stage.moto, self._home)
        self._casts: dict[str, Cast] = {}

    def cast(self, name: str) -> Cast:
        """A cast in an account of its own, each time with the same ids."""
        stage = self.stage
        for old in stage.home.iterdir():
            if old != self._home:
                shutil.rmtree(old) if old.is_dir() else old.unlink()
        stage.reset(sorted(CASTS).index(name))
        stage.runs.clear()
        stage.events.clear()
        stage.families.clear()
        replacements = CASTS[name](self._world)
        if name not in self._casts:
            self._world.home = self._home / name
            self._world.home.mkdir()
            plan = self._world.plan_of(replacements)
            assert all(not one["refusals"] for one in plan["principals"]), plan
            self._casts[name] = Cast(name, self._world.plan.read_text("utf-8"), targets_from_plan(plan))
            stage.state = stage.read_state()
            self._rehearse(self._casts[name])
            return self.cast(name)
        stage.state = stage.read_state()
        assert stage.state.ids == {target.key: target.id for target in self._casts[name].targets}
        return self._casts[name]

    def _rehearse(self, cast: Cast) -> None:
        play = Play(self.stage, cast, Random(0))
        for command in ("apply", "undo"):
            run = play.run("rehearsal", command)
            assert run.status == 0, run.output
            cast.operations[command] = [event.operation for event in self.stage.events if event.run == run.label]

    def play(self, kind: Callable[[Play], None], name: str, seed: str) -> Play:
        """One play of a kind of scenario, judged."""
        random = Random(f"{seed} {name}")
        play = Play(self.stage, self.cast(random.choice(("one", "one", "two", "two", "full"))), random)
        kind(play)
        play.broken[:0] = play.judge().faults()
        return play


@dataclass(slots=True)
class Play:
    """One scenario as it is played: its random choices, its runs, and the rules that it found broken."""

    stage: Stage
    cast: Cast
    random: Random
    runs: list[Run] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    # ------------------------------------------------------------ runs

    def run(self, folder: str, command: str, *options: str, faults: tuple[Fault, ...] = ()) -> Run:
        """Runs lpgen to its end."""
        run = self._start(folder, command, *options, faults=faults)
        return self.stage.finish(run)

    def _start(
        self, folder: str, command: str, *options: str, faults: tuple[Fault, ...] = (), is_gated: bool = False
    ) -> Run:
        self.stage.folder(folder, self.cast.plan)
        words = (command, *options) if command != "apply" or "--role" in options else (command, "--all", *options)
        run = self.stage.start(folder, *words, faults=faults, is_gated=is_gated)
        self.runs.append(run)
        return run

    def run_together(self, *commands: tuple[str, str]) -> list[Run]:
        """Runs several processes, each in its folder; their calls alternate as the seed says."""
        labels = {f"{folder}.{command}.{len(self.stage.runs) + at}" for at, (folder, command) in enumerate(commands, 1)}
        self.stage.turns = Turns(self.random, labels)
        runs = [self._start(folder, command, is_gated=True) for folder, command in commands]
        ends = [threading.Thread(target=self.stage.finish, args=(run,)) for run in runs]
        for end in ends:
            end.start()
        for end in ends:
            end.join()
        self.stage.turns = None
        return runs

    def undo(self, folder: str, *options: str) -> Run:
        """Undoes, and judges what is left."""
        run = self.run(folder, "undo", *options)
        self.broken += self.judge().undone(run)
        return run

    def judge(self) -> Judge:
        return Judge(self.cast.targets, self.stage.events, self.runs)

    # ------------------------------------------------------------ moments

    def moment(self, command: str = "apply", *, since: str = "") -> int:
        """The number of a call of an undisturbed run: half of the time a write, else any."""
        operations = self.cast.operations[command]
        first = next((at for at, one in enumerate(operations, 1) if one.startswith(since)), 1)
        numbers = range(first, len(operations) + 1)
        writes = [at for at in numbers if not operations[at - 1].startswith(("Get", "List"))]
        return self.random.choice(writes if writes and self.random.random() < 0.5 else numbers)

    def fault(self, name: str, command: str = "apply", *, since: str = "", **more: Any) -> Fault:
        """A fault at a moment of the seed's choice, before or after the call."""
        return Fault(self.moment(command, since=since), name, is_after=self.random.random() < 0.5, **more)

    def wire(self, command: str = "apply") -> Fault:
        """The connection fails: once, or longer than lpgen tries again."""
        name = self.random.choice(("drop", "drop", "error", "repeat"))
        return self.fault(name, command, wire=name, times=self.random.choice((1, 1, 2, 3)))

    # ------------------------------------------------------------ the other party

    @property
    def target(self) -> Target:
        """A principal of the seed's choice."""
        return self.random.choice(self.cast.targets)

    def act(self, name: str, do: Callable[[], object]) -> Callable[[], None]:
        return lambda: self.stage.act(name, do)

    def remove(self, target: Target, slots: list[str]) -> Callable[[], None]:
        """Removes policies that the principal holds at that moment."""
        return self.act(f"remove {' '.join(slots)}", lambda: self._remove(target.key, slots))

    def _remove(self, key: str, slots: Iterable[str]) -> None:
        for slot in [slot for slot in slots if slot in self.stage.state.slots.get(key, {})]:
            kind, name = self._name(key)
            if slot.startswith("arn:"):
                self._call("detach", kind, PolicyArn=slot, **name)
            else:
                self._call("delete", kind, PolicyName=slot.removeprefix("inline "), **name)

    def delete_principal(self, target: Target) -> Callable[[], None]:
        return self.act(f"delete {target.key}", lambda: self._delete(target.key))

    def _delete(self, key: str) -> None:
        self._remove(key, self.stage.state.slots.get(key, {}))
        kind, name = self._name(key)
        if key in self.stage.state.slots:
            getattr(self.stage.iam, f"delete_{kind}")(**name)

    def change_new(self, target: Target) -> Callable[[], None]:
        """Lets a new policy of the principal, if it exists, allow everything."""
        slot = self.random.choice(sorted(target.new))

        def do() -> None:
            if slot.startswith("arn:") and slot in self.stage.state.made:
                self.stage.iam.create_policy_version(PolicyArn=slot, PolicyDocument=_ANY, SetAsDefault=True)
            elif slot in self.stage.state.slots.get(target.key, {}):
                kind, name = self._name(target.key)
                self._call("put", kind, PolicyName=slot.removeprefix("inline "), PolicyDocument=_ANY, **name)

        return self.act(f"let {slot} allow everything", do)

    def _call(self, verb: str, kind: str, **fields: str) -> None:
        getattr(self.stage.iam, f"{verb}_{kind}_policy")(**fields)

    def _name(self, key: str) -> tuple[str, dict[str, str]]:
        kind, name = key.split("/")
        return kind, {f"{kind.capitalize()}Name": name}

    # ------------------------------------------------------------ what to read of it

    def story(self) -> str:
        """The schedule, the broken rules, the calls that changed something, and what is held at the end."""
        writes = [str(event) for event in self.stage.events if not event.is_read or event.note]
        state = {key: sorted(slots) for key, slots in self.stage.state.slots.items()}
        said = [f"{run.label} printed:\n{run.output[-1500:]}" for run in self.runs if run.status]
        parts = {
            f"schedule ({self.cast.name})": [str(run) for run in self.runs],
            "broken rules": self.broken,
            "calls that change something": writes,
            "state at the end": [json.dumps(state, indent=1), *sorted(self.stage.state.made)],
            "output": said,
        }
        return "\n".join(f"{title}:\n" + "\n".join(f"  {line}" for line in lines) for title, lines in parts.items())
