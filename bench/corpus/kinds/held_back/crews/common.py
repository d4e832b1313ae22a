"""What the held-back crews share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from bench.corpus.calendar import Day, NeedKind, Use
from bench.corpus.crew import Member, in_session
from bench.corpus.draw import Draw
from bench.corpus.kinds.recipes import When, together
from bench.corpus.profile import Grant, Profile, Schedule, grant
from bench.corpus.session import Session

SSO_PATH: Final = "/aws-reserved/sso.amazonaws.com/eu-west-1/"
PEOPLE: Final = (
    *(("ana", "ruiz"), ("tomas", "berg"), ("priya", "nair"), ("liam", "osei"), ("yuki", "mori"), ("nadia", "haddad")),
    *(("jonas", "keller"), ("chloe", "martin"), ("femi", "adeyemi"), ("ines", "costa"), ("oskar", "lind")),
)
MAC: Final = "aws-cli/2.27.7 md/awscrt#0.26.1 ua/2.1 os/macos#24.5.0 md/arch#arm64 lang/python#3.13.3 md/pyimpl#CPython"
WINDOWS: Final = "aws-cli/2.24.10 md/awscrt#0.23.8 ua/2.0 os/windows#11 md/arch#amd64 lang/python#3.12.9"
AMAZON_LINUX: Final = (
    "aws-cli/2.25.0 md/awscrt#0.23.8 ua/2.1 os/linux#6.1.134-152.225.amzn2023.x86_64 md/arch#x86_64 "
    "lang/python#3.9.21 md/distrib#amzn.2023"
)
SERVER: Final = (
    "Boto3/1.35.99 md/Botocore#1.35.99 ua/2.0 os/linux#5.15.0-122-generic md/arch#x86_64 lang/python#3.10.12"
)


def workdays(share: float) -> When:
    """Happens on this share of workdays."""
    return lambda today: NeedKind.ORDINARY if today.is_workday and today.chance(share) else None


def on_days(when: When, *schedules: Schedule) -> Schedule:
    """The schedules on the days that `when` names."""

    def day(today: Day) -> Iterator[Use]:
        if when(today):
            yield from together(*schedules)(today)

    return day


def at_second(second: int, schedule: Schedule) -> Schedule:
    """The schedule in the minutes after a second of the day, as a timer starts it."""

    def day(today: Day) -> Iterator[Use]:
        for number, use in enumerate(schedule(today)):
            yield replace(use, at=second + 2 * number + today.rng.randrange(2))

    return day


def after(d: Draw, when: When) -> When:
    """Only after the logs end."""
    return lambda today: when(today) if today.index >= d.days else None


def some_people(d: Draw, count: int, among: Sequence[tuple[str, str]] = PEOPLE) -> list[tuple[str, str]]:
    """So many people, each a first and a last name."""
    return d.rng.sample(among, count)


def addresses(d: Draw, count: int) -> list[str]:
    """Public addresses, such as those of offices and homes."""
    return [f"203.0.113.{d.between(1, 250)}" for _ in range(count)]


def private_address(d: Draw) -> str:
    """An address in a VPC."""
    return f"10.{d.between(0, 60)}.{d.between(0, 250)}.{d.between(4, 250)}"


def reserved_name(d: Draw, name: str) -> str:
    """The role's name of a permission set."""
    return f"AWSReservedSSO_{d.subject.title()}{name}_{d.hex(16)}"


def role_arn(d: Draw, name: str) -> str:
    """The ARN of a role of the account."""
    return d.arn("iam", f"role/{name}", region="")


def trusting(principal: str, condition: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
    """A trust policy for a principal."""
    more = {"Condition": condition} if condition else {}
    return [{"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole", **more}]


@dataclass(frozen=True, slots=True)
class Opener:
    """The role that opens the sessions of another one, and its own sessions.

    Trust policies can only name roles that exist, so it is a member too.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-roles
    """

    d: Draw
    name: str
    caller: str
    sessions: Sequence[str]

    @property
    def arn(self) -> str:
        """The role's ARN."""
        path = SSO_PATH if self.caller == "sso" else "/"
        return role_arn(self.d, f"{path[1:]}{self.name}")

    def session(self, number: int) -> str:
        """The ARN of one of its sessions."""
        name = self.sessions[number % len(self.sessions)]
        return f"arn:aws:sts::{self.d.account.id}:assumed-role/{self.name}/{name}"

    def member(self, label: str, work: Schedule, *grants: Grant) -> Member:
        """The role as a member, with what it does besides."""
        reach = [*grants, grant("sts:AssumeRole", role_arn(self.d, f"*{self.d.app}*"))]
        path = SSO_PATH if self.caller == "sso" else "/"

        def choose(today: Day) -> Session:
            return Session(today.rng.choice(self.sessions))

        about = "opens sessions of another role of the crew"
        profile = Profile(self.name, about, reach, in_session(choose, work), self.caller, path=path)
        return Member(label, profile)


def task_opener(d: Draw, name: str) -> Opener:
    """A long-running ECS task that opens sessions."""
    return Opener(d, name, "ecs", [d.hex(32)])


def timer_opener(d: Draw, name: str) -> Opener:
    """A Lambda function that opens sessions."""
    return Opener(d, name, "lambda", [f"{d.app}-timer"])


def set_opener(d: Draw, name: str, people: Sequence[tuple[str, str]]) -> Opener:
    """A permission set whose people open sessions."""
    return Opener(d, reserved_name(d, name), "sso", [f"{first}.{last}@example.com" for first, last in people])
