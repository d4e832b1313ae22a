"""Roles that several jobs share: sessions with different use, and a role for each job."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from heapq import heapify, heappop, heappush
from itertools import count
from typing import Final

from lpgen.core.analysis.scopes.scopes import NAMED_KINDS, NamedScopes, ScopeFinder
from lpgen.core.catalog.danger import Dangers
from lpgen.core.evidence import Use
from lpgen.core.globs.match import holds_variable
from lpgen.core.iam.match_resource import resources_intersect
from lpgen.core.iam.policy import policy_to_json
from lpgen.core.identity_center import permission_set_of
from lpgen.core.model import CURRENT_VERSION, Action, Outcome, Principal, Resource
from lpgen.core.replacements import Line, LineKind, Replacement
from lpgen.core.roles.candidates import Reviewed, has_job
from lpgen.core.roles.merges import Making, against_members, documents_of, made, renamed, risk_of, settings_of
from lpgen.core.roles.model import Against, AgainstKind, SessionGroup, Split, SplitPart, against, state_of
from lpgen.core.roles.names import Names
from lpgen.core.roles.needs import Pair, is_within, lines_with_pairs, uncovered, written_pairs
from lpgen.core.roles.sessions import Session, SessionUse, callers_of
from lpgen.core.usage.assumptions import Assumption

_MOST: Final = 500
"""The most different uses of sessions to compare. Comparing more takes seconds for each role."""

_LEAST_LOST: Final = 5
"""Each part must lack at least this part of the used pairs: a fifth."""

_MONTH: Final = 30
"""In so many covered days, all monthly jobs run once."""

_MOST_STEM: Final = 24
_WORDS: Final = re.compile("[A-Za-z0-9]+")
_ANY: Final = "*"
_PART: Final = "part"
_RECORDED: Final = (LineKind.OBSERVED, LineKind.INFERRED, LineKind.ATTEMPTED)
_WIDER: Final = "it allows more than the role's replacement"


@dataclass(frozen=True, slots=True)
class RoleInSessions:
    """A role with its use by session, the requests for its sessions, and the covered days of its account, sorted."""

    reviewed: Reviewed
    use: SessionUse
    requests: Sequence[Assumption]
    days: Sequence[date]


# ---------------------------------------------------------------- jobs


@dataclass(frozen=True, slots=True)
class Job:
    """Sessions that do the same, sorted, and what they use as a set of bits."""

    sessions: tuple[Session, ...]
    used: int


def jobs_of(use: Mapping[Session, int]) -> list[Job]:
    """The jobs of sessions, sorted, from what each uses as a set of bits; none if there is too much different use.

    Two jobs that share at least half of what the smaller one uses become one, the most alike first. Among these, those
    with the most in common are first, then those of the first sessions.
    """
    by_use: dict[int, list[Session]] = defaultdict(list)
    for session in sorted(use):
        by_use[use[session]].append(session)
    if len(by_use) > _MOST:
        return []
    jobs = {at: Job(tuple(some), bits) for at, (bits, some) in enumerate(by_use.items())}
    pairs = [(one, two) for one in jobs for two in jobs if one < two]
    heap = [(*likeness, one, two) for one, two in pairs if (likeness := _likeness(jobs[one], jobs[two]))]
    heapify(heap)
    numbers = count(len(jobs))
    while heap:
        *_, one, two = heappop(heap)
        if one in jobs and two in jobs:
            first, second, number = jobs.pop(one), jobs.pop(two), next(numbers)
            joined = Job(tuple(sorted(first.sessions + second.sessions)), first.used | second.used)
            for other, job in jobs.items():
                if likeness := _likeness(joined, job):
                    heappush(heap, (*likeness, other, number))
            jobs[number] = joined
    return sorted(jobs.values(), key=lambda job: job.sessions)


def _likeness(one: Job, two: Job) -> tuple[float, int] | None:
    """How alike two jobs are, the most alike first; None if they are different. A job without use is like any."""
    common, smaller = (one.used & two.used).bit_count(), min(one.used.bit_count(), two.used.bit_count())
    return (-common / smaller if smaller else -1.0, -common) if common * 2 >= smaller else None


# ---------------------------------------------------------------- what sessions use


@dataclass(frozen=True, slots=True)
class _Work:
    """What is known about the pairs of a replacement that have recorded use: the first day for each session.

    `used` has the recorded resources in place of the wider scopes that follow from them, and `scopes` says from which
    pair of the replacement each comes. `everyones` are pairs of the replacement that stay in each part, because lines
    without recorded use have them, or use by unknown sessions needs them. `unknown` is such use.
    """

    used: dict[Pair, dict[Session, date]]
    scopes: dict[Pair, set[Pair]]
    everyones: set[Pair]
    unknown: list[Use]

    def unused(self, job: Job) -> int:
        """How many pairs only other jobs use."""
        mine = self._pairs(job)
        return sum(1 for pair in self.used if pair not in mine and not self.scopes[pair] <= self.everyones)

    def narrowed(self, job: Job, own: Sequence[Use], scopes: ScopeFinder) -> dict[Pair, set[str]]:
        """The pairs of the replacement that a job doesn't get as they are, with the resources that it gets instead.

        Those that only others use have none. If others use other resources of a pair, the job gets the scope that a
        review would find from its own use.
        """
        mine, named = self._pairs(job), scopes.of_uses(own)
        used = {scope for pair in mine for scope in self.scopes[pair]}
        others = {scope for pair in self.used.keys() - mine for scope in self.scopes[pair]} - self.everyones
        found = {scope: _resources_within(scope, own, named) if scope in used else set[str]() for scope in others}
        return {scope: resources for scope, resources in found.items() if resources != {scope.resource}}

    def _pairs(self, job: Job) -> set[Pair]:
        return {pair for pair, by in self.used.items() if not by.keys().isdisjoint(job.sessions)}

    def crosses_after(self, job: Job, settled: date) -> bool:
        """Whether a job began after a day to use a pair that isn't everyone's and that another job had used before."""
        firsts = (
            (min(by.values()), min((by[session] for session in job.sessions if session in by), default=date.min))
            for pair, by in self.used.items()
            if by and not self.scopes[pair] <= self.everyones
        )
        return any(own > max(first, settled) for first, own in firsts)


def _work_of(one: RoleInSessions) -> _Work:
    work = _Work(defaultdict(dict), defaultdict(set), set(), [])
    by_action: dict[Action, set[Pair]] = defaultdict(set)
    for line, pairs in lines_with_pairs(one.reviewed.diff.draft.lines, one.reviewed.grants):
        if line.kind in _RECORDED:
            by_action[line.action].update(pairs)
        else:
            work.everyones.update(pairs)
    for use in one.reviewed.usage.uses:
        if use.outcome is Outcome.DENIED:
            continue
        seen = one.use.of(use)
        if not seen:
            work.unknown.append(use)
        for pair in by_action[use.action]:
            if _may_need(use.resource, pair):
                recorded = replace(pair, resource=use.resource.text) if is_within(use.resource, pair) else pair
                work.scopes[recorded].add(pair)
                firsts = work.used[recorded]
                for session, found in seen.items():
                    firsts[session] = min(found.first_day, firsts.get(session, found.first_day))
                if not seen:
                    work.everyones.add(pair)
    return work


def _may_need(resource: Resource, pair: Pair) -> bool:
    """Whether use of a resource may need a pair of its action."""
    if pair.excepted or resource.kind not in NAMED_KINDS or holds_variable(pair.resource, CURRENT_VERSION):
        return True
    return pair.resource == resource.text or resources_intersect(pair.resource, resource.text)


# ---------------------------------------------------------------- the proposals


def splits_of(roles: Iterable[RoleInSessions], dangers: Dangers, making: Making) -> Iterator[Split]:
    """The proposals for roles whose sessions do different jobs."""
    for one in roles:
        work, jobs = _jobs_of_role(one)
        if jobs:
            yield _split(one, work, jobs, dangers, making)


def saved_by_split(one: RoleInSessions) -> tuple[int, int]:
    """How many jobs a role should be split into, and how many used pairs they lack together. Both are 0 for one job."""
    work, jobs = _jobs_of_role(one)
    return len(jobs), sum(map(work.unused, jobs))


def _jobs_of_role(one: RoleInSessions) -> tuple[_Work, list[Job]]:
    """The jobs to split a role into, if any, and the use that shows them."""
    if not has_job(one.reviewed):
        return _Work({}, {}, set(), []), []
    work = _work_of(one)
    use = dict.fromkeys(one.use.sessions, 0)
    for at, by in enumerate(work.used.values()):
        for session in by:
            use[session] |= 1 << at
    jobs = jobs_of(use)
    least = min(map(work.unused, jobs), default=0)
    return work, jobs if len(jobs) > 1 and least * _LEAST_LOST >= len(work.used) else []


def _split(one: RoleInSessions, work: _Work, jobs: Sequence[Job], dangers: Dangers, making: Making) -> Split:
    role, parts, faults = one.reviewed.principal, [], []
    for job in jobs:
        sessions = _sessions(one.use, job)
        name = _new_name(role, sessions, making.names)
        # Use by unknown sessions may be of any job.
        by = ((use, one.use.of(use)) for use in one.reviewed.usage.uses)
        own = [use for use, some in by if not some or not some.keys().isdisjoint(job.sessions)]
        narrowed = work.narrowed(job, own, making.scopes)
        policy, fault = _policy(one.reviewed, renamed(role, name), narrowed, own, making)
        faults += [against(AgainstKind.UNPROVEN, detail=fault)] if fault else []
        parts.append(
            SplitPart(
                name=name,
                sessions=sessions,
                callers=callers_of(job.sessions, one.requests),
                removed=len(narrowed),
                dangerous_removed=sum(dangers.is_dangerous(pair.action) for pair in narrowed),
                policy=documents_of(policy),
            )
        )
    found = (*against_members([one.reviewed], making), *faults[:1], *_against(one, work, jobs, parts))
    is_set = permission_set_of(role.arn) is not None
    return Split(
        role=role.arn,
        state=state_of(found),
        parts=tuple(parts),
        trust=json.loads(policy_to_json(role.trust)) if role.trust and not is_set else None,
        left=tuple(policy.arn for policy in one.reviewed.diff.draft.left),
        settings=settings_of([role]),
        risk=risk_of([one.reviewed]),
        against=found,
    )


def _sessions(use: SessionUse, job: Job) -> tuple[SessionGroup, ...]:
    seen = use.sessions
    found = sorted(job.sessions, key=lambda session: (-seen[session].records, session))
    return tuple(SessionGroup.from_attributes(seen[one], one, value=one.value or _ANY) for one in found)


def _new_name(role: Principal, sessions: Iterable[SessionGroup], names: Names) -> str:
    """A free name: that of the role or permission set, and that of the most used sessions with any words."""
    of, callers = permission_set_of(role.arn), (Session(one.kind, one.value).name for one in sessions)
    words = next(filter(None, map(_WORDS.findall, callers)), [_PART])
    ending = "-".join(["", *words])[:_MOST_STEM]
    return names.take(role.account, of.name if of else role.name, (ending,), is_set=of is not None)


def _policy(
    one: Reviewed, role: Principal, narrowed: Mapping[Pair, Collection[str]], uses: Iterable[Use], making: Making
) -> tuple[Replacement, str]:
    """The policy of a part: the role's replacement with other resources in place of some pairs. And why it isn't
    proven."""
    diff, grants = one.diff, replace(one.grants, principal=role)
    lines = tuple(_narrowed(lines_with_pairs(diff.draft.lines, grants), narrowed))
    draft = replace(diff.draft, lines=lines)
    replacement, fault = made(replace(diff, principal=role, draft=draft), grants, uses, making)
    whole, takes = one.proposal.replacement, making.catalog.takes_resource
    asked = (pair for pair in written_pairs(replacement, grants) if pair.excepted or takes(pair.action, pair.resource))
    if not fault and whole and uncovered(asked, written_pairs(whole, grants)):
        fault = _WIDER
    return replacement, fault


def _resources_within(pair: Pair, uses: Iterable[Use], named: NamedScopes) -> set[str]:
    """The resources of uses within the scope of a pair, as wide as they are `named`."""
    found = set[str]()
    for use in uses:
        if use.action == pair.action and use.outcome is not Outcome.DENIED and _may_need(use.resource, pair):
            scope = named.of(use)
            resource = scope.resource if scope else use.resource
            found.add(resource.text if is_within(resource, pair) else pair.resource)
    return {pair.resource} if pair.resource in found else found


def _narrowed(lines: Iterable[tuple[Line, Sequence[Pair]]], narrow: Mapping[Pair, Collection[str]]) -> Iterator[Line]:
    """Lines with other resources in place of some pairs; no line without any."""
    for line, pairs in lines:
        kept = [text for pair in pairs for text in sorted(narrow.get(pair, (pair.resource,)))]
        if narrow.keys().isdisjoint(pairs):
            yield line
        elif kept:
            yield replace(line, scope=replace(line.scope, resources=tuple(dict.fromkeys(kept))))


def _against(one: RoleInSessions, work: _Work, jobs: Sequence[Job], parts: Sequence[SplitPart]) -> Iterator[Against]:
    days = one.days
    if work.unknown or one.use.unknown or one.use.is_partial:
        yield against(AgainstKind.SESSIONS_UNKNOWN, (use.action for use in work.unknown))
    recent = days[-_MONTH] if len(days) >= _MONTH else date.min
    groups = [group for part in parts for group in part.sessions]
    if new := [group.value for group in groups if group.first_day >= recent or group.first_day == group.last_day]:
        yield against(AgainstKind.NEW_SESSIONS, new)
    settled = days[min(_MONTH, len(days)) - 1] if days else date.max
    since = (max(settled, min(group.first_day for group in part.sessions)) for part in parts)
    if crossed := [
        part.name for job, day, part in zip(jobs, since, parts, strict=True) if work.crosses_after(job, day)
    ]:
        yield against(AgainstKind.CROSSED_BEFORE, crossed)
    if uncalled := [part.name for part in parts if not part.callers]:
        yield against(AgainstKind.CALLERS_UNKNOWN, uncalled)
