"""What rollout scenarios share: principals with a plan, moments to disturb a run, and what another party does."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from tests.support.rollout_judge import LOCKS, Judge, Target, targets_from_plan
from tests.support.rollout_stage import ATTACHED_QUOTA, OTHER, Fault, Run, Stage, Turns
from tests.support.rollout_worlds import TRUST, New, World, allow, deny, document

_ANY: Final = document(allow("*"))
_GUARD: Final = document(deny("sns:DeleteTopic"))
_MORE: Final = document(allow("sts:GetCallerIdentity"))


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
    """A role with room for one more policy: an old one has to go before the second new one is attached."""
    others = {
        f"p{number}": document(allow(f"kms:{verb}*"))
        for number, verb in enumerate(("De", "En", "Ge", "Li", "Re", "Up"))
    }
    managed = {"topics": document(allow("sns:*")), "queues": document(allow("sqs:*")), "guard": _GUARD, **others}
    inline = {"long": document(allow("s3:PutObject", "arn:aws:s3:::" + "x" * 10_080))}
    big = world.make_role("big", managed=managed, inline=inline)
    news = {"guard": _GUARD, "topics": document(allow("sns:Publish")), "queues": document(allow("sqs:SendMessage"))}
    return {big: [New(text, narrows=(old,)) for old, text in news.items()]}


CASTS: Final = {"one": _one, "two": _two, "full": _full}


@dataclass(slots=True)
class Cast:
    """Principals with a plan, and the operations that an undisturbed apply and undo call."""

    name: str
    plan: str
    targets: tuple[Target, ...]
    operations: dict[str, list[str]] = field(default_factory=dict)
    locks: set[str] = field(default_factory=set)


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
            assert all(not entry["refusals"] for entry in plan["principals"]), plan
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
            made = {arn for event in self.stage.events for arn in event.after.made}
            cast.locks |= {arn.rpartition("/")[2] for arn in made if LOCKS in arn}
            cast.operations[command] = [event.operation for event in self.stage.events if event.run == run.label]

    def play(self, kind: Callable[[Play], None], name: str, seed: str) -> Play:
        """One play of a kind of scenario, judged."""
        random = Random(f"{seed} {name}")
        cast = self.cast(random.choice(("one", "one", "one", "two", "two", "two", "two", "full")))
        play = Play(self.stage, cast, random)
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

    def finish(self, folder: str) -> Run:
        """Applies, which is to succeed unless another party did something."""
        run = self.run(folder, "apply")
        if run.status and not any(event.run == OTHER for event in self.stage.events):
            self.broken.append(f"{run.label}, which nobody disturbed, exited with {run.status}")
        return run

    def expect_refusal(self, run: Run, targets: Iterable[Target]) -> None:
        """Judges a run that may not touch these principals."""
        self.broken += [f"{run.label} exited with 0"] * (run.status == 0)
        self.broken += self.judge().touched(run, targets)

    def half_applied(self) -> list[Target]:
        """The principals whose rollout has begun and hasn't ended."""
        state = self.stage.state
        return [
            target
            for target in self.cast.targets
            if (held := state.slots.get(target.key)) not in (target.old, target.new)
            or (held == target.old and state.made.keys() & target.new.keys())
        ]

    def judge(self) -> Judge:
        return Judge(self.cast.targets, self.stage.events, self.runs)

    # ------------------------------------------------------------ moments

    def moment(self, command: str = "apply", *, is_late: bool = False) -> int:
        """The number of a call of an undisturbed run, often a write; where it `is_late`, from the first write on."""
        operations = self.cast.operations[command]
        writes = [at for at, name in enumerate(operations, 1) if not name.startswith(("Get", "List"))]
        numbers = range(writes[0] if is_late else 1, len(operations) + 1)
        return self.random.choice(writes if writes and self.random.random() < 0.5 else numbers)

    def fault(self, name: str, command: str = "apply", *, is_late: bool = False, **more: Any) -> Fault:
        """A fault at a moment of the seed's choice, before or after the call."""
        return Fault(self.moment(command, is_late=is_late), name, is_after=self.random.random() < 0.5, **more)

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
                self._put(target.key, slot.removeprefix("inline "), _ANY)

        return self.act(f"let {slot} allow everything", do)

    def detach_new(self, target: Target) -> Callable[[], None]:
        return self.remove(target, self.random.sample(sorted(target.new), 1))

    def add_deny(self, target: Target) -> Callable[[], None]:
        """Denies the principal something that its replacement keeps."""
        text = document(deny(self.random.choice(sorted(target.keep) or ["s3:GetObject"])))
        return self.act("deny in an emergency", lambda: self._put(target.key, "emergency", text))

    def take_name(self, target: Target) -> Callable[[], None]:
        """Makes a policy of a planned name first: with the planned document, or another one."""
        slot = self.random.choice(sorted(target.new))
        text = self.random.choice((target.new[slot], _ANY))

        def do() -> None:
            path, _, name = slot.partition(":policy")[2].rpartition("/")
            if not slot.startswith("arn:"):
                self._put(target.key, slot.removeprefix("inline "), text)
            elif slot not in self.stage.state.made:
                self.stage.iam.create_policy(PolicyName=name, Path=f"{path}/", PolicyDocument=text)

        return self.act(f"take the name of {slot}", do)

    def fill_quota(self, target: Target) -> Callable[[], None]:
        """Attaches policies of others up to the quota."""
        kind, name = self._name(target.key)

        def do() -> None:
            held = self.stage.state.slots.get(target.key)
            attached = sum(slot.startswith("arn:") for slot in held or ())
            for number in range(ATTACHED_QUOTA - attached if held is not None else 0):
                made = self.stage.iam.create_policy(PolicyName=f"more-{number}", PolicyDocument=_MORE)
                self._call("attach", kind, PolicyArn=made["Policy"]["Arn"], **name)

        return self.act("fill the quota", do)

    def empty_quota(self, target: Target) -> Callable[[], None]:
        """Removes them again."""
        slots = [slot for slot in self.stage.state.slots.get(target.key, ()) if ":policy/more-" in slot]
        return self.remove(target, slots)

    def delete_locks(self) -> Callable[[], None]:
        def do() -> None:
            for arn in self.stage.state.made:
                if LOCKS in arn:
                    self.stage.iam.delete_policy(PolicyArn=arn)

        return self.act("delete lock", do)

    def make_lock(self, target: Target) -> Callable[[], None]:
        """Makes the lock of a principal, as lpgen names it."""
        names = [name for name in self.cast.locks if target.id in name] or [target.id]
        fields = {"PolicyName": names[0], "Path": "/lpgen/lock/", "PolicyDocument": _MORE}
        return self.act("make lock", lambda: self.stage.iam.create_policy(**fields))

    def recreate(self, target: Target) -> Callable[[], None]:
        """Deletes a principal, and makes another one of its name and policies."""
        kind, name = self._name(target.key)

        def do() -> None:
            self._delete(target.key)
            trust = {"AssumeRolePolicyDocument": TRUST} if kind == "role" else {}
            getattr(self.stage.iam, f"create_{kind}")(**name, **trust)
            for slot, text in target.old.items():
                if slot.startswith("arn:"):
                    self._call("attach", kind, PolicyArn=slot, **name)
                else:
                    self._put(target.key, slot.removeprefix("inline "), text)

        return self.act(f"recreate {target.key}", do)

    def tag(self, target: Target) -> Callable[[], None]:
        kind, name = self._name(target.key)
        tags = [{"Key": "team", "Value": "a"}]
        return self.act(f"tag {target.key}", lambda: getattr(self.stage.iam, f"tag_{kind}")(Tags=tags, **name))

    def _put(self, key: str, name: str, text: str) -> None:
        if key in self.stage.state.slots:
            kind, owner = self._name(key)
            self._call("put", kind, PolicyName=name, PolicyDocument=text, **owner)

    def _call(self, verb: str, kind: str, **fields: str) -> None:
        getattr(self.stage.iam, f"{verb}_{kind}_policy")(**fields)

    def _name(self, key: str) -> tuple[str, dict[str, str]]:
        kind, name = key.split("/")
        return kind, {f"{kind.capitalize()}Name": name}

    # ------------------------------------------------------------ what to read of it

    def story(self) -> str:
        """The schedule, the broken rules, the calls that changed something, and what is held at the end."""
        writes = [str(event) for event in self.stage.events if not event.is_read or not event.status]
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
