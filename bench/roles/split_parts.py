"""Which part of a proposed split a session is in, and what the sessions of each part do and need."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from functools import cached_property

from bench.perimeter.evaluator import as_list
from bench.perimeter.records import unique_id
from bench.perimeter.scenario_files import account_of
from bench.roles.scenario import Scenario, days_of
from bench.roles.sessions import PLAIN, Session, sessions_of
from bench.scenario_reading import Json


@dataclass(frozen=True, slots=True)
class Place:
    """An entry for sessions in a split: the number of its part, and of the entry in it."""

    part: int
    entry: int


@dataclass(frozen=True)
class Placement:
    """A split of a role, and where it puts the role's sessions. It has no slots because it keeps what it computes."""

    scenario: Scenario
    split: Json

    @property
    def role(self) -> str:
        """The ARN of the role."""
        found: str = self.split["role"]
        return found

    @property
    def parts(self) -> list[Json]:
        """The parts."""
        found: list[Json] = self.split["parts"]
        return found

    @cached_property
    def _patterns(self) -> dict[tuple[str, str], set[Place]]:
        found: dict[tuple[str, str], set[Place]] = {}
        for number, part in enumerate(self.parts):
            for index, entry in enumerate(part["sessions"]):
                found.setdefault((entry["kind"], entry["value"]), set()).add(Place(number, index))
        return found

    @cached_property
    def _globs(self) -> list[tuple[str, str]]:
        return [(kind, value) for kind, value in self._patterns if "*" in value]

    def places_of(self, kind: str, value: str) -> set[Place]:
        """The entries of a session: of those whose pattern matches, the ones with the most literal letters."""
        if exact := self._patterns.get((kind, value)):
            return exact
        matching = [glob for one, glob in self._globs if one == kind and fnmatchcase(value, glob)]
        most = max((len(glob.replace("*", "")) for glob in matching), default=0)
        best = [glob for glob in matching if len(glob.replace("*", "")) == most]
        return {place for glob in best for place in self._patterns[kind, glob]}

    @cached_property
    def _of_labels(self) -> dict[tuple[str, bool], set[int]]:
        return {
            (label, later): self._parts(label, later) for label in self.scenario.sessions for later in (False, True)
        }

    def _parts(self, label: str, later: bool) -> set[int]:
        sessions = sessions_of(self.scenario, label, later=later)
        return {place.part for one in sessions for place in self.places_of(one.kind, one.value)}

    def parts_of(self, label: str, *, later: bool = False) -> set[int]:
        """The numbers of the parts that have sessions of a label, in the logs or after them."""
        return self._of_labels[label, later]

    def calls_of(self, part: int, *, future: bool = False) -> list[Json]:
        """The allowed calls of a part's sessions, in the logs or after them."""
        labels = {label for label in self.scenario.sessions if part in self.parts_of(label, later=future)}
        if part in {place.part for place in self.places_of("name", PLAIN)}:
            labels.add("")
        return [
            call
            for call in self.scenario.content.get("calls", ())
            if call["by"] == self.role and call.get("session", "") in labels
            if bool(call.get("future")) == future and not call.get("error")
        ]


def used_sessions(scenario: Scenario, role: str) -> Iterator[tuple[Session, list[Json]]]:
    """The sessions of a role with allowed calls in the logs, each with these calls."""
    length = scenario.content["days"]
    calls: dict[tuple[str, date], list[Json]] = {}
    for call in scenario.seen_calls:
        if call["by"] == role and not call.get("error"):
            for day in days_of(call, length):
                calls.setdefault((call.get("session", ""), day), []).append(call)
    for label, session in scenario.sessions.items():
        if session["of"] == role:
            found = ((one, calls.get((label, one.day), [])) for one in sessions_of(scenario, label))
            yield from ((one, these) for one, these in found if these)
    for (label, day), these in calls.items():
        if not label:
            yield Session("", role, "name", PLAIN, day), these


def askers_of(scenario: Scenario, label: str) -> Iterator[frozenset[str]]:
    """What an output may call each of those who ask for the sessions of a label."""
    for asker in as_list(scenario.sessions[label].get("asked_by")):
        by = asker.get("by", "")
        ids = {by, unique_id(by), f"{unique_id(by)}:{PLAIN}"} if by else set()
        if by and account_of(by) not in scenario.accounts:
            ids |= {account_of(by), f"arn:aws:iam::{account_of(by)}:root"}
        yield frozenset(ids | {asker[key] for key in ("service", "provider", "subject") if key in asker})
