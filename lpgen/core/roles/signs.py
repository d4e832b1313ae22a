"""How a user calls and signs in, from the table of signs, and its keys and password as IAM reports them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

from lpgen.core.cloudtrail.origin import AgentFamily
from lpgen.core.roles.model import UserKey
from lpgen.core.usage.columns import table_rows
from lpgen.core.usage.overflow import ANY
from lpgen.core.usage.session_links import SignKind
from lpgen.core.usage.tables import Usage

_COLUMNS: Final = ("principal", "resource", "kind", "detail", "first_seen", "last_seen")
_WEEKEND: Final = 6
_HOURS: Final = 24
_WEEKEND_SHARE: Final = 5
"""A week has 29% of weekend days. The evening of a Friday in America is a Saturday in UTC, so up to a fifth is none."""

_WORKING_HOURS: Final = 13
_FEW_HOURS: Final = 10
"""Up to a tenth of the hours may be outside working hours."""

_ENOUGH_DAYS: Final = 5
_ENOUGH_HOURS: Final = 3
"""A person doesn't start at the same hour every day, as a scheduled job does."""

TOOLS: Final = frozenset({"aws-cli", AgentFamily.TERRAFORM.value, AgentFamily.BROWSER.value, AgentFamily.CONSOLE.value})
"""The programs that people use directly. Programs of pipelines use them too."""

CONSOLE: Final = frozenset({AgentFamily.BROWSER.value, AgentFamily.CONSOLE.value})
WORKPLACES: Final[Mapping[str, str]] = {
    "github-actions": "token.actions.githubusercontent.com",
    "gitlab": "gitlab",
    "bitbucket": "api.bitbucket.org",
    "circleci": "oidc.circleci.com",
    "buildkite": "agent.buildkite.com",
    "jenkins": "jenkins",
    "aws-lambda": "lambda.amazonaws.com",
    "aws-ecs": "ecs-tasks.amazonaws.com",
    "aws-ec2": "ec2.amazonaws.com",
}
"""Pipelines and compute that user agents name, and how the host of the OIDC provider or the service begins that assumes
their roles."""

WORKPLACE_WORDS: Final = frozenset({"ci", "cd", "cicd", "gha", "pipeline", "pipelines", "automation", "bot", "robot"})
"""Words for a pipeline or a program in the names of its user."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What IAM reports about a user's credentials. None: not known. The id of a key may be only its number."""

    password: bool | None = None
    mfa: bool | None = None
    keys: tuple[UserKey, ...] = ()


@dataclass(slots=True)
class KeyUse:
    """The use of a key: its days, how often each hour is the first or last of a day, the networks and the programs."""

    days: set[date] = field(default_factory=set)
    hours: Counter[int] = field(default_factory=Counter)
    networks: set[str] = field(default_factory=set)
    programs: set[str] = field(default_factory=set)

    @property
    def on_weekends(self) -> bool:
        """Whether it is used on weekends as on other days."""
        weekend = sum(day.isoweekday() >= _WEEKEND for day in self.days)
        return len(self.days) >= _ENOUGH_DAYS and weekend * _WEEKEND_SHARE > len(self.days)

    @property
    def by_day(self) -> bool:
        """Whether it is used within working hours, in any time zone, except for a few days, such as those on call."""
        starts = range(_HOURS)
        most = max(sum(self.hours[(start + hour) % _HOURS] for hour in range(_WORKING_HOURS)) for start in starts)
        return (self.hours.total() - most) * _FEW_HOURS <= self.hours.total()

    @property
    def is_of_person(self) -> bool:
        """Whether it is used as people work: with their tools, on weekdays by day, at changing hours."""
        works = len(self.days) >= _ENOUGH_DAYS and not self.on_weekends and self.by_day
        return works and bool(self.programs) and self.programs <= TOOLS and len(self.hours) >= _ENOUGH_HOURS

    @property
    def is_of_workload(self) -> bool:
        """Whether it is used as no person works: by a pipeline or compute, or on weekends too or around the clock.

        People on call also work at night with their tools, but rarely.
        """
        always = self.on_weekends or (len(self.days) >= _ENOUGH_DAYS and not self.by_day)
        is_often = len(self.days) * 2 > (max(self.days) - min(self.days)).days if self.days else False
        is_by_tool = not TOOLS.isdisjoint(self.programs)
        return (always and (is_often or not is_by_tool)) or bool(WORKPLACES.keys() & self.programs)

    @property
    def is_shared(self) -> bool:
        """Whether it is used from several networks and by several programs."""
        return len({one for one in self.networks if "/" in one or one == ANY}) > 1 and len(self.programs) > 1


@dataclass(slots=True)
class UserSigns:
    """How one user calls, by key ("": the console and temporary credentials), and on which days it signs in."""

    keys: dict[str, KeyUse] = field(default_factory=lambda: defaultdict(KeyUse))
    sign_ins: set[date] = field(default_factory=set)
    mfa: set[str] = field(default_factory=set)

    @property
    def programs(self) -> frozenset[str]:
        """The programs of all calls."""
        return frozenset(program for use in self.keys.values() for program in use.programs)


def signs_from_usage(usage: Usage, users: Iterable[str]) -> dict[str, UserSigns]:
    """How each of the users calls and signs in."""
    found = {user: UserSigns() for user in users}
    for user, key, kind, detail, first, last in table_rows(usage.signs, _COLUMNS):
        if user in found:
            _add_sign(found[user], key, SignKind(kind), detail, (first, last))
    return found


def _add_sign(signs: UserSigns, key: str, kind: SignKind, detail: str, times: tuple[datetime, datetime]) -> None:
    if kind is SignKind.MFA:
        signs.mfa.add(detail)
    elif kind is SignKind.SIGN_IN:
        signs.sign_ins.update(time.date() for time in times)
    elif kind is SignKind.DAY:
        signs.keys[key].days.update(time.date() for time in times)
        signs.keys[key].hours.update({time.hour for time in times})
    elif kind is SignKind.NETWORK:
        signs.keys[key].networks.add(detail)
    elif detail != AgentFamily.SERVICE.value:
        signs.keys[key].programs.add(detail)
