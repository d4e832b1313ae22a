"""What a crew kind declares: principals that belong together, and which of them should be merged, split or replaced.

The truth is that of the people who run them: what the jobs are, not what the logs happen to show. A case whose answer
is in no record, policy, tag or name that AWS would show is unfair: leave it out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from bench.corpus.calendar import Day, Use
from bench.corpus.draw import Draw
from bench.corpus.profile import Profile, Schedule
from bench.corpus.session import Session

PRODUCTION: Final = "production"
SECOND: Final = "second"
DEVELOPMENT: Final = "development"
QUIET: Final = "quiet"
CREW_ACCOUNTS: Final = {PRODUCTION: True, SECOND: True, DEVELOPMENT: True, QUIET: False}
"""The accounts of crews, and whether their trails record data events. `SECOND` and `QUIET` are production too."""

Choose = Callable[[Day], Session]
"""The session of a job on a day. Draw it from `today.rng` or from the date only."""


class UserKind(StrEnum):
    """Who uses a user."""

    PERSON = "person"
    WORKLOAD = "workload"
    BOTH = "both"


class Goal(StrEnum):
    """What kind of principal should replace a user."""

    PERMISSION_SET = "permission-set"
    ROLE = "role"
    QUESTION = "question"
    """Nothing that AWS shows says where it runs, so only the owner can say."""


@dataclass(frozen=True, slots=True)
class User:
    """The truth about a user, and its credentials.

    `goals` are the kinds of replacements that are right. `existing` is the label of the member that should replace it,
    "" where a new principal should. `keys` is how many access keys it has, which sessions name by number.
    `has_password` says whether it can sign in to the console, and `has_mfa` whether it has an MFA device.
    """

    kind: UserKind
    goals: tuple[Goal, ...]
    existing: str = ""
    keys: int = 1
    has_password: bool = False
    has_mfa: bool = False


@dataclass(frozen=True, slots=True)
class Job:
    """One of the jobs of a role: what it does, and in which sessions.

    `hours` are the UTC hours of its work, those of the profile where there are none. Uses with a time `at` keep it.
    """

    name: str
    schedule: Schedule
    session: Choose
    hours: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """A principal of a crew. `label` is its name in the crew, and `account` one of `CREW_ACCOUNTS`.

    A role with several `jobs` should be split into exactly these; all others must not be split. With jobs, the schedule
    of the profile is ignored: give `idle`. One job says in which sessions the whole role works.

    `tags` are those of the role or user. `trust` holds the statements of its trust policy, instead of those that follow
    from the profile's caller. `user` is the truth about a user.
    """

    label: str
    profile: Profile
    account: str = PRODUCTION
    jobs: Sequence[Job] = ()
    tags: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    trust: Sequence[Mapping[str, Any]] = ()
    user: User | None = None

    @property
    def should_split(self) -> bool:
        """Whether it has several jobs."""
        return len(self.jobs) > 1

    def schedule(self, today: Day) -> Iterator[Use]:
        """What it does on a day, in its sessions."""
        if not self.jobs:
            yield from self.profile.schedule(today)
        for job in self.jobs:
            start, end = job.hours or self.profile.hours
            for use in in_session(job.session, job.schedule)(today):
                at = use.at if use.at >= 0 else today.rng.randrange(start * 3600, end * 3600 - 600)
                yield replace(use, job=job.name, at=at)


@dataclass(frozen=True, slots=True)
class Apart:
    """Members that must not share a principal: none of `ones` with any of `others`, for the reason `why`."""

    ones: frozenset[str]
    others: frozenset[str]
    why: str


@dataclass(frozen=True, slots=True)
class Crew:
    """Principals that belong together, and the truth about them, by their labels.

    `merges` are sets of members that do the same job and should share one role. `apart` are those that must not.
    Members in neither may do either: the measure reports it, but counts no fault.
    """

    members: Sequence[Member]
    merges: Sequence[frozenset[str]] = ()
    apart: Sequence[Apart] = ()


CrewFunction = Callable[[Draw], Crew]


def idle(_: Day) -> Iterator[Use]:
    """Does nothing: the schedule of a profile whose member has jobs."""
    yield from ()


def in_session(choose: Choose, schedule: Schedule) -> Schedule:
    """The schedule in the session that is chosen for the day; uses that name a session keep it."""

    def day(today: Day) -> Iterator[Use]:
        session = choose(today)
        for use in schedule(today):
            yield use if use.session else replace(use, session=session)

    return day


def always(session: Session) -> Choose:
    """The same session on each day."""
    return lambda _: session


def labels(*names: str) -> frozenset[str]:
    """A set of labels."""
    return frozenset(names)
