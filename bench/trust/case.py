"""One role of a scenario, with what `lpgen trust` says about it."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from bench.trust.assumptions import Assumption
from bench.trust.probes import make_probes, seeds_from
from bench.trust.referee import (
    Json,
    Request,
    allows,
    request_from_json,
    worlds,
)
from bench.trust.scenario_files import Scenario

_ID_SUBJECT: Final = re.compile(r"repo:([^/:@]+)@(\d+)/([^:@]+)@(\d+)(:.*)", re.DOTALL)


@dataclass(frozen=True)
class Case:
    """One role of a scenario, with what the output says about it."""

    scenario: Scenario
    arn: str
    output: Json

    @property
    def expected(self) -> Json:
        """What the scenario expects of the role."""
        expected: Json = self.scenario.content["expect"][self.arn]
        return expected

    @property
    def old(self) -> Json:
        """The trust policy of the snapshot."""
        old: Json = self.scenario.roles[self.arn]["AssumeRolePolicyDocument"]
        return old

    @property
    def new(self) -> Json | None:
        """The proposed trust policy."""
        return self.output.get("proposal")

    @property
    def in_force(self) -> Json:
        """The policy of a role whose owner follows the output."""
        return self.new or self.old

    @cached_property
    def attempts(self) -> tuple[Assumption, ...]:
        """The recorded attempts to assume the role."""
        return tuple(attempt for attempt in self.scenario.assumptions if attempt.role == self.arn)

    @cached_property
    def successes(self) -> tuple[Assumption, ...]:
        """The recorded assumptions of the role."""
        return tuple(attempt for attempt in self.attempts if attempt.succeeded)

    @cached_property
    def probes(self) -> tuple[Request, ...]:
        """Requests to compare both policies by."""
        asked = [*self.expected.get("accepted", []), *self.expected.get("rejected", [])]
        future = [attempt for attempt in self.scenario.future if attempt.role == self.arn]
        seeds = [*map(request_from_json, asked), *seeds_from((*self.attempts, *future))]
        return make_probes(self.old, self.in_force, thin_out(seeds))

    @cached_property
    def known_ids(self) -> frozenset[tuple[str, str, str]]:
        """The ids that belong to a repository, as (owner/repository, owner id, repository id)."""
        ids = {
            (name, str(row["owner_id"]), str(row["repository_id"])) for name, row in self.scenario.github_ids.items()
        }
        for attempt in self.attempts:
            found = _ID_SUBJECT.fullmatch(attempt.subject)
            if found and f"{found.group(1)}/{found.group(3)}" not in self.scenario.github_ids:
                ids.add((f"{found.group(1)}/{found.group(3)}", found.group(2), found.group(4)))
        return frozenset(ids)

    def old_form(self, subject: str) -> str | None:
        """A GitHub subject without its ids, if they are known to be the repository's."""
        found = _ID_SUBJECT.fullmatch(subject)
        if not found or (f"{found.group(1)}/{found.group(3)}", found.group(2), found.group(4)) not in self.known_ids:
            return None
        return f"repo:{found.group(1)}/{found.group(3)}{found.group(5)}"

    def old_allows(self, request: Request) -> bool:
        """Whether the old policy allows a request, or the same request of a subject without ids."""
        if allows(self.old, request):
            return True
        for key, values in request.context.items():
            if key.endswith(":sub") and (plain := self.old_form(values[0])):
                return allows(self.old, request.with_values({key: (plain,)}))
        return False


def thin_out(requests: Iterable[Request]) -> tuple[Request, ...]:
    """The requests without those that differ only in time, address or unique id, and at most 12 of each shape."""
    kept: dict[object, Request] = {}
    counts: dict[object, int] = defaultdict(int)
    for request in requests:
        bare = request.with_values({"aws:currenttime": None, "aws:userid": None, "aws:sourceip": None})
        key = (bare.action, bare.kind, bare.id, frozenset(bare.context.items()))
        shape = (bare.action, bare.kind, frozenset(bare.context))
        if key not in kept and counts[shape] < 12:
            counts[shape] += 1
            kept[key] = bare
    return tuple(kept.values())


def lost_requests(case: Case, attempts: Iterable[Assumption]) -> Iterator[str]:
    """The requests of the attempts that the old policy allowed, and the proposal doesn't."""
    if case.new is None:
        return
    for attempt in attempts:
        for request in attempt.requests:
            if not all(allows(case.new, request, world) for world in worlds(case.old, request)):
                yield f"denied: {summarize(request.with_values({'aws:currenttime': None, 'aws:userid': None}))}"


def summarize(request: Request) -> str:
    """A request in one line."""
    shown = {key: values[0] for key, values in request.context.items() if values}
    return f"{request.action} by {request.id} {json.dumps(shown)}"
