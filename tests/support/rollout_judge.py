"""The judge of rollouts: it says which rule a log of calls broke. It shares no code with lpgen.

The rules are those of docs/rollout.md, call by call. What another party took away or gave is no fault of lpgen, and
neither is a call that lpgen made before any answer could have shown it what the other party did.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final

from tests.support.rollout_stage import ATTACHED_QUOTA, LOST, OTHER, Event, Run, Slots, State

LOCKS: Final = ":policy/lpgen/lock/"
_WRITES: Final = frozenset(
    f"{verb}{kind}Policy" for verb in ("Attach", "Detach", "Put", "Delete") for kind in ("Role", "User")
) | {"CreatePolicy", "DeletePolicy", "TagPolicy", "UntagPolicy"}
_CRASHES: Final = ("Traceback", "was edited: ", "unexpected error", "this is a bug")

Probes = frozenset[str]


@dataclass(frozen=True, slots=True)
class Target:
    """A principal of a plan: its id, and what it holds before and after."""

    key: str
    id: str
    old: Slots
    new: Slots

    @property
    def keep(self) -> Probes:
        """What the replacement keeps."""
        return allowed(self.old) & allowed(self.new)


def targets_from_plan(plan: Mapping[str, Any]) -> tuple[Target, ...]:
    """The principals of a plan that aren't refused."""
    return tuple(
        Target(
            f"{entry['kind']}/{entry['name']}", entry["principal_id"], _slots(entry["before"]), _slots(entry["after"])
        )
        for entry in plan["principals"]
        if not entry["refusals"]
    )


def _slots(policies: Sequence[Mapping[str, str]]) -> Slots:
    prefixes = {"inline": "inline ", "managed": ""}
    return {
        prefixes[policy["type"]] + policy["policy"]: json.dumps(json.loads(policy["document"])) for policy in policies
    }


# ---------------------------------------------------------------- a small evaluator, for statements without conditions

_PROBES: Final = (
    *("s3:GetObject", "s3:PutObject", "s3:DeleteBucket", "sqs:SendMessage", "sqs:DeleteQueue", "iam:CreateUser"),
    *("ec2:DescribeInstances", "ec2:RunInstances", "ec2:TerminateInstances", "dynamodb:GetItem", "dynamodb:PutItem"),
    *("sns:Publish", "sns:DeleteTopic", "kms:Decrypt", "kms:ScheduleKeyDeletion"),
)


def _matching(slots: Slots, effect: str) -> Probes:
    statements = [statement for text in slots.values() for statement in json.loads(text).get("Statement", ())]
    patterns = [
        pattern
        for statement in statements
        if statement["Effect"] == effect
        for pattern in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
    ]
    return frozenset(probe for probe in _PROBES if any(fnmatchcase(probe, pattern) for pattern in patterns))


def denied(slots: Slots) -> Probes:
    return _matching(slots, "Deny")


def allowed(slots: Slots) -> Probes:
    return _matching(slots, "Allow") - denied(slots)


# ---------------------------------------------------------------- the rules


@dataclass(slots=True)
class Judge:
    """The log of a play, and the faults that it shows."""

    targets: Sequence[Target]
    events: Sequence[Event]
    runs: Sequence[Run]

    def faults(self) -> list[str]:
        """One sentence for each broken rule; the first broken call comes first."""
        found = [*self._calls(), *self._exclusion()]
        for run in self.runs:
            found += [f"{run.label} printed `{word}`" for word in _CRASHES if word in run.output]
            if run.words[0] == "apply" and run.status == 0:
                found += self._applied(run)
            if run.words[0] == "apply" and run.status > 0 and not run.has_wire_faults:
                found += self._failed(run)
        return [*dict.fromkeys(found)]

    @property
    def _is_unlocked(self) -> bool:
        """Whether another party deleted locks: then other runs of lpgen are as unforeseen as other parties."""
        return any(event.operation == "delete lock" for event in self.events)

    def _chosen(self, run: Run) -> list[Target]:
        names = [word for before, word in zip(run.words, run.words[1:], strict=False) if before == "--role"]
        return [target for target in self.targets if not names or target.key.split("/")[1] in names]

    # ------------------------------------------------------------ each call

    def _calls(self) -> Iterator[str]:
        """What no call of lpgen may do, whatever came before it."""
        remover: dict[tuple[str, str], str] = {}
        attacher: dict[tuple[str, str], str] = {}
        creator: dict[str, str] = {}
        for event in self.events:
            is_lpgen, journal = event.run != OTHER, event.journal
            if is_lpgen and not event.is_read and event.operation not in _WRITES:
                yield f"{event}: not a call that a rollout makes"
            for target in self.targets:
                if is_lpgen:
                    yield from self._permissions(event, target)
                for slot in _changed(event, target.key):
                    key = target.key, slot
                    was, is_there = (slot in state.slots.get(target.key, {}) for state in (event.before, event.after))
                    if is_lpgen and slot not in target.old and slot not in target.new:
                        yield f"{event}: changes `{slot}`, which isn't of the plan"
                    elif is_lpgen and slot in target.old and is_there and remover.get(key, journal) != journal:
                        yield f"{event}: puts back `{slot}`, which {remover[key]} removed"
                    elif is_lpgen and slot in target.new and was and attacher.get(key) != journal:
                        if not self._is_unseen(event.run, target, event.number):
                            verb = "overwrites" if is_there else "removes"
                            yield f"{event}: {verb} `{slot}`, which {attacher.get(key)} attached"
                    elif is_lpgen and slot in target.new and is_there and creator.get(slot, journal) != journal:
                        yield f"{event}: attaches `{slot}`, which {creator[slot]} created"
                    if not (was and is_there and slot.startswith("arn:")):
                        (attacher if is_there else remover)[key] = journal
            for arn in event.before.made.keys() ^ event.after.made.keys():
                if arn in event.after.made:
                    creator[arn] = journal
                elif is_lpgen and creator.get(arn) != journal:
                    yield f"{event}: deletes `{arn}`, which {creator.get(arn)} created"

    def _permissions(self, event: Event, target: Target) -> Iterator[str]:
        before, after = event.before.slots.get(target.key), event.after.slots.get(target.key)
        if before is None or after is None or before == after:
            return
        if event.before.ids[target.key] != target.id and not self._is_unseen(event.run, target, event.number):
            yield f"{event}: changes {target.key}, which was created again"
        lost = (allowed(before) - allowed(after)) & target.keep
        opened = (denied(before) - denied(after)) & denied(target.old)
        gained = allowed(after) - allowed(before) - allowed(target.old)
        if (lost or opened or gained) and self._is_unseen(event.run, target, event.number):
            return
        if lost:
            yield f"{event}: takes {sorted(lost)} from {target.key}, which the replacement keeps"
        if opened:
            yield f"{event}: lifts the Deny of {sorted(opened)} from {target.key}"
        if gained:
            yield f"{event}: allows {target.key} {sorted(gained)}, which it wasn't allowed before"

    def _is_unseen(self, run: str, target: Target, before: int, since: int = 0) -> bool:
        """Whether another party changed something of a principal that no answer could have shown a run so far."""
        for act in self.events[since:before]:
            if act.run == run or (act.run != OTHER and not self._is_unlocked):
                continue
            seen = [event for event in self.events[act.number + 1 : before] if event.run == run]
            for slot in (*_changed(act, target.key), *_edited(act, target)):
                if not any(_shows(event, act, slot=slot, key=target.key) for event in seen):
                    return True
        return False

    # ------------------------------------------------------------ two runs

    def _exclusion(self) -> Iterator[str]:
        """Two journals never work at one principal at a time, and none under the lock of another."""
        for target in self.targets:
            writes = [event for event in self.events if event.run != OTHER and self._writes_to(event, target)]
            for event in writes:
                for run in sorted({other.run for other in writes if other.journal != event.journal}):
                    numbers = [other.number for other in writes if other.run == run]
                    if numbers[0] < event.number < numbers[-1] and not self._is_unlocked:
                        yield f"{event.run} and {run} changed {target.key} at the same time"
            holder = ""
            for event in self.events:
                made, gone = (
                    event.after.made.keys() - event.before.made.keys(),
                    event.before.made.keys() - event.after.made.keys(),
                )
                if any(LOCKS in arn and target.id in arn for arn in made):
                    holder = event.journal
                elif any(LOCKS in arn and target.id in arn for arn in gone):
                    holder = ""
                elif holder and event in writes and event.journal != holder:
                    yield f"{event}: {target.key} is locked by {holder}"

    def _writes_to(self, event: Event, target: Target) -> bool:
        """Whether a call changed a principal, or a policy that is only its own; locks don't count."""
        changed = event.before.made.keys() ^ event.after.made.keys()
        return bool(_changed(event, target.key)) or bool(changed & target.new.keys())

    # ------------------------------------------------------------ the end of a run

    def _state(self, at: int) -> State:
        return self.events[at - 1].after if at else self.events[0].before

    def _applied(self, run: Run) -> Iterator[str]:
        """Exit code 0 says that each principal holds exactly its replacement."""
        for target in self._chosen(run):
            held = self._state(run.last).slots.get(target.key)
            writes = [
                event.number
                for event in self.events[run.first : run.last]
                if event.run == run.label and self._writes_to(event, target)
            ]
            is_exact = held == target.new and self._state(run.last).ids[target.key] == target.id
            if not is_exact and not self._is_unseen(run.label, target, run.last, since=max(writes, default=run.first)):
                yield f"{run.label} exited with 0, but {target.key} holds {_named(held, target)}"

    def _failed(self, run: Run) -> Iterator[str]:
        """A run that fails leaves what nobody else took away: the old policies, or the replacement."""
        for target in self._chosen(run):
            held = self._state(run.last).slots.get(target.key)
            is_other = self._state(run.last).ids.get(target.key) != target.id
            if held is None or is_other or self._is_unseen(run.label, target, run.last):
                continue
            removed = {slot for slot in target.old if self._remover(target, slot, run.last) == OTHER}
            left = {slot: text for slot, text in target.old.items() if slot not in removed}
            given = _foreign_denies(held, target)
            lost = (target.keep & allowed(left)) - given - allowed(held)
            if lost:
                yield f"{run.label} failed, and {target.key} lacks {sorted(lost)}: it holds {_named(held, target)}"

    def _remover(self, target: Target, slot: str, until: int) -> str:
        """The journal that removed a slot, where it is missing; `other` where somebody else did."""
        for event in reversed(self.events[:until]):
            if slot in _changed(event, target.key):
                return "" if slot in event.after.slots.get(target.key, {}) else event.journal
        return ""

    def undone(self, run: Run) -> list[str]:
        """What an undisturbed undo left undone of what its journal did."""
        found, state = [], self._state(run.last)
        for target in self._chosen(run):
            events = self.events[: run.last]
            touched = [event for event in events if event.journal != run.journal and _changed(event, target.key)]
            held = state.slots.get(target.key)
            worked = any(event.journal == run.journal and self._writes_to(event, target) for event in events)
            if held is None or state.ids[target.key] != target.id:
                if worked and target.key.split("/")[1] not in run.output:
                    found.append(f"{run.label} doesn't name {target.key}, which is missing")
                continue
            missing = [slot for slot in target.old if self._remover(target, slot, run.last) == run.journal]
            is_full = sum(slot.startswith("arn:") for slot in held) >= ATTACHED_QUOTA
            if missing and not is_full:
                found.append(f"{run.label} left {target.key} without {missing}: it holds {_named(held, target)}")
            is_old = all(held.get(slot) == text for slot, text in target.old.items())
            stays = [slot for slot, text in target.new.items() if held.get(slot) == text]
            if worked and ((not touched and held != target.old) or (is_old and stays)):
                found.append(f"{run.label} left {target.key} with {_named(held, target)}")
        if all(event.journal == run.journal or event.before is event.after for event in self.events[: run.last]):
            found += [f"{run.label} exited with {run.status}"] * (run.status != 0)
            found += [f"{run.label} left {sorted(state.made)} in the account"] * bool(state.made)
        return found

    def touched(self, run: Run, targets: Iterable[Target]) -> list[str]:
        """The calls of a run that changed these principals."""
        events = [event for event in self.events if event.run == run.label]
        return [
            f"{event}: changes {target.key}, which is locked"
            for target in targets
            for event in events
            if self._writes_to(event, target)
        ]

    def locks(self, run: Run) -> list[str]:
        """How an undisturbed apply broke the discipline of locks."""
        found = []
        mine = [event for event in self.events if event.run == run.label and not event.is_read]
        for target in self._chosen(run):
            about = [event for event in mine if _is_lock(event, target) or self._writes_to(event, target)]
            if not about or not _is_lock(about[0], target) or about[0].operation != "CreatePolicy":
                found.append(
                    f"{run.label}: the first write to {target.key} isn't its lock: {about[0] if about else None}"
                )
            elif not _is_lock(about[-1], target) or about[-1].operation != "DeletePolicy":
                found.append(f"{run.label}: the last write to {target.key} doesn't release its lock: {about[-1]}")
        return found


def _is_lock(event: Event, target: Target) -> bool:
    changed = event.before.made.keys() ^ event.after.made.keys()
    return any(LOCKS in arn and target.id in arn for arn in changed)


def _changed(event: Event, key: str) -> list[str]:
    """The slots of a principal that an event changed; `id` where the principal itself was made or deleted."""
    if event.before is event.after:
        return []
    before, after = event.before.slots.get(key, {}), event.after.slots.get(key, {})
    slots = sorted(slot for slot in before.keys() | after.keys() if before.get(slot) != after.get(slot))
    return slots + ["id"] * (event.before.ids.get(key) != event.after.ids.get(key))


def _edited(event: Event, target: Target) -> list[str]:
    """The new policies of a principal, attached or not, whose documents an event changed."""
    before, after = event.before.made, event.after.made
    return [slot for slot in target.new if slot in before and slot in after and before[slot] != after[slot]]


def _shows(event: Event, act: Event, *, slot: str, key: str) -> bool:
    """Whether the answer to a call shows what another party did to a slot."""
    if not event.status or LOST in event.note:
        return False
    name, is_arn, is_about = slot.removeprefix("inline "), slot.startswith("arn:"), event.principal == key
    is_edit = slot in act.before.slots.get(key, {}) and slot in act.after.slots.get(key, {})
    if slot == "id":
        return is_about and (event.operation in ("GetRole", "GetUser") or event.status == 404)
    if is_arn and (is_edit or slot in _made(act)):
        return event.operation in ("GetPolicy", "ListPolicyVersions") and event.fields.get("PolicyArn") == slot
    if not is_about:
        return False
    is_named = name in (event.fields.get("PolicyName"), event.fields.get("PolicyArn"))
    if event.status >= 400:
        return is_named
    is_list = event.operation.endswith("Policies") and ("Attached" in event.operation) == is_arn and not is_edit
    return is_list or (event.is_read and is_named)


def _made(act: Event) -> set[str]:
    """The policies of lpgen that an event edited while they weren't attached."""
    return {arn for arn in act.before.made if act.after.made.get(arn, "") != act.before.made[arn]}


def _foreign_denies(held: Slots, target: Target) -> Probes:
    return denied({slot: text for slot, text in held.items() if slot not in target.old and slot not in target.new})


def _named(held: Slots | None, target: Target) -> str:
    """What a principal holds, in short."""
    if held is None:
        return "nothing, since it is missing"
    sides = {"old": target.old, "new": target.new}
    said = []
    for slot, text in sorted(held.items()):
        side = next((side for side, slots in sides.items() if slot in slots), "foreign")
        is_other = side != "foreign" and sides[side][slot] != text
        said.append(f"{side} {slot.rpartition('/')[2]}{' with another document' * is_other}")
    return ", ".join(said) or "no policy"
