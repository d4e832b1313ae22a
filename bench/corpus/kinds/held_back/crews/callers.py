"""The people, machines and tools that use the principals of held-back crews, and the trust policies for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bench.corpus.calendar import Day
from bench.corpus.crew import Member, in_session
from bench.corpus.draw import Draw
from bench.corpus.profile import Grant, Profile, Schedule, grant
from bench.corpus.session import Session

SSO_PATH: Final = "/aws-reserved/sso.amazonaws.com/eu-west-1/"
PEOPLE: Final = (
    *(("ana", "ruiz"), ("tomas", "berg"), ("priya", "nair"), ("liam", "osei"), ("yuki", "mori"), ("nadia", "haddad")),
    *(("jonas", "keller"), ("chloe", "martin"), ("femi", "adeyemi"), ("ines", "costa"), ("oskar", "lind")),
)
STAFF: Final = (("klara", "brandt"), ("idris", "bello"), ("marta", "kovac"), ("wei", "zhang"), ("tuva", "holm"))
MAC: Final = "aws-cli/2.27.7 md/awscrt#0.26.1 ua/2.1 os/macos#24.5.0 md/arch#arm64 lang/python#3.13.3 md/pyimpl#CPython"
WINDOWS: Final = "aws-cli/2.24.10 md/awscrt#0.23.8 ua/2.0 os/windows#11 md/arch#amd64 lang/python#3.12.9"
AMAZON_LINUX: Final = (
    "aws-cli/2.25.0 md/awscrt#0.23.8 ua/2.1 os/linux#6.1.134-152.225.amzn2023.x86_64 md/arch#x86_64 "
    "lang/python#3.9.21 md/distrib#amzn.2023"
)
SERVER: Final = (
    "Boto3/1.35.99 md/Botocore#1.35.99 ua/2.0 os/linux#5.15.0-122-generic md/arch#x86_64 lang/python#3.10.12"
)
JAVA: Final = "aws-sdk-java/2.31.78 md/io#sync md/http#Apache ua/2.1 os/Linux#6.1.141 lang/java#21.0.7 m/D,N"


def some_people(d: Draw, count: int, among: Sequence[tuple[str, str]] = PEOPLE) -> list[tuple[str, str]]:
    """This many people, as pairs of a first and a last name."""
    return d.rng.sample(among, count)


def addresses(d: Draw, count: int) -> list[str]:
    """Public addresses, such as those of offices and homes."""
    return [f"203.0.113.{d.between(1, 250)}" for _ in range(count)]


def private_address(d: Draw) -> str:
    """An address in a VPC."""
    return f"10.{d.between(0, 60)}.{d.between(0, 250)}.{d.between(4, 250)}"


def reserved_name(d: Draw, name: str) -> str:
    """The name of a permission set's role."""
    return f"AWSReservedSSO_{d.subject.title()}{name}_{d.hex(16)}"


def role_arn(d: Draw, name: str) -> str:
    """The ARN of a role of the account."""
    return d.arn("iam", f"role/{name}", region="")


def trusting(principal: str, condition: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
    """A trust policy for a principal."""
    more = {"Condition": condition} if condition else {}
    return [{"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole", **more}]


def trusting_subjects(provider: str, *subjects: str) -> list[dict[str, Any]]:
    """A trust policy for an identity provider's subjects, which may contain wildcards."""
    issuer = provider.partition("oidc-provider/")[2]
    condition = {"StringEquals": {f"{issuer}:aud": "sts.amazonaws.com"}, "StringLike": {f"{issuer}:sub": [*subjects]}}
    return [
        {
            "Effect": "Allow",
            "Principal": {"Federated": provider},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": condition,
        }
    ]


def provider_arn(d: Draw, issuer: str) -> str:
    """The ARN of an identity provider of the account."""
    return d.arn("iam", f"oidc-provider/{issuer}", region="")


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
