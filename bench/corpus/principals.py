"""The principals of a corpus: drawn from their kinds, with policies and identities."""

from __future__ import annotations

import random
import string
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count as numbers
from itertools import product
from typing import Any, Final

from bench.corpus.calendar import START
from bench.corpus.crew import CREW_ACCOUNTS, PRODUCTION, Crew, CrewFunction, Member
from bench.corpus.draw import Draw
from bench.corpus.evaluator import Evaluator
from bench.corpus.half import HELD_BACK, TUNED, half_of
from bench.corpus.intrusions import Intrusion, draw_intrusion
from bench.corpus.organization import Account, draw_crew_accounts
from bench.corpus.policies import Attached, write_exact_policies, write_policies
from bench.corpus.profile import Kind, Profile, Role

SSO_PATH: Final = "/aws-reserved/sso.amazonaws.com/eu-west-1/"
_ID_LETTERS: Final = string.ascii_uppercase + "234567"


@dataclass(frozen=True, slots=True)
class Principal:
    """A role or user. `policies` are what it has now, wider than it needs."""

    kind: Kind
    profile: Profile
    account: Account
    region: str
    unique_id: str
    policies: Attached
    evaluator: Evaluator
    intrusion: Intrusion | None = None
    member: Member | None = None

    @property
    def is_user(self) -> bool:
        """Whether it is an IAM user."""
        return self.profile.caller == "user"

    @property
    def arn(self) -> str:
        """The ARN, with its path."""
        kind = "user" if self.is_user else "role"
        return f"arn:aws:iam::{self.account.id}:{kind}{self.profile.path}{self.profile.name}"

    @property
    def created(self) -> datetime:
        """When it was created."""
        first = max(self.profile.born, self.account.opened)
        earlier = -600 if self.is_judged else -200
        return datetime.combine(START, datetime.min.time()) + timedelta(days=first if first >= 0 else earlier)

    @property
    def is_judged(self) -> bool:
        """Whether it has exactly the policies that its kind declares, and no service last accessed."""
        return self.kind.safe_is_right is not None or self.kind.role is not None or self.member is not None

    def about(self) -> dict[str, Any]:
        """The entry of `principals.json`; only kinds with a role show it there."""
        role = {"role": self.kind.role, "is_ordinary": self.kind.role is Role.ORDINARY} if self.kind.role else {}
        return role | {
            "arn": self.arn,
            "kind": self.kind.name,
            "steady": self.kind.steady,
            "safe_is_right": self.kind.safe_is_right,
            "half": half_of(self.kind.name),
            "about": self.profile.about,
            "account": self.account.id,
            "region": self.region,
            "created": self.created.date().isoformat(),
        }


def draw_principals(
    halves: Sequence[Sequence[Kind]],
    accounts: Sequence[Account],
    *,
    count: int,
    days: int,
    seed: int,
    pace: float = 1.0,
) -> list[Principal]:
    """The principals: as many of each half as of the other, and of its kinds, spread over the accounts.

    What is drawn of one doesn't depend on which other kinds are asked for, except for the accounts' estates.
    """
    found: list[Principal] = []
    names: set[tuple[str, str]] = set()
    for number in range(count):
        turn, half = divmod(number, len(halves))
        copy, place = divmod(turn, len(halves[half]))
        kind = halves[half][place]
        rng = random.Random(f"{seed}/{kind.name}/{copy}")
        draw = Draw(rng, rng.choice(accounts), days, pace)
        profile = kind.draw(draw)
        if (draw.account.id, profile.name.lower()) in names:
            raise ValueError(f"two principals of one account are called {profile.name}")
        names.add((draw.account.id, profile.name.lower()))
        copies = max(1, count // len(halves) // len(halves[half]))
        found.append(_principal(kind, profile, draw, draw_intrusion(draw, kind.name, copy, copies)))
    return found


def draw_judged(
    kinds: Iterable[Kind], accounts: Mapping[str, Account], *, copies: int, days: int, seed: int
) -> list[Principal]:
    """The principals of kinds that name their account: so many of each."""
    found = []
    for copy in range(copies):
        for kind in kinds:
            draw = Draw(random.Random(f"{seed}/judged/{kind.name}/{copy}"), accounts[kind.account], days)
            found.append(_principal(kind, kind.draw(draw), draw, None))
    return found


@dataclass(frozen=True, slots=True)
class DrawnCrew:
    """A crew of a corpus: its kind, its half, and its principals by label."""

    kind: str
    half: str
    crew: Crew
    principals: Mapping[str, Principal]


def draw_crews(
    kinds: Mapping[str, CrewFunction], *, copies: int, days: int, seed: int
) -> tuple[list[Account], list[DrawnCrew]]:
    """So many crews of each kind, and their accounts: three for each half and copy."""
    accounts: list[Account] = []
    found: list[DrawnCrew] = []
    for half, copy in product((TUNED, HELD_BACK), range(copies)):
        here = draw_crew_accounts(random.Random(f"{seed}/crews/{half}/{copy}"), CREW_ACCOUNTS, copy)
        accounts += here.values()
        taken: set[str] = set()
        for kind, function in kinds.items():
            if half_of(kind) == half:
                attempts = (f"{seed}/crew/{kind}/{copy}/{attempt}" for attempt in numbers())
                found.append(next(filter(None, (_draw_crew(kind, function, here, days, at, taken) for at in attempts))))
    return accounts, found


def _draw_crew(
    kind: str, function: CrewFunction, accounts: Mapping[str, Account], days: int, seed: str, taken: set[str]
) -> DrawnCrew | None:
    """A crew; None if another one already has its application's name."""
    draw = Draw(random.Random(seed), accounts[PRODUCTION], days)
    if draw.app in taken:
        return None
    taken.add(draw.app)
    draw.neighbors = accounts
    crew = function(draw)
    principals: dict[str, Principal] = {}
    arns: set[str] = set()
    for member in crew.members:
        profile = replace(member.profile, schedule=member.schedule)
        made = _principal(Kind(kind, _no_profile, steady=False), profile, draw.in_account(member.account), None, member)
        if member.label in principals or made.arn.lower() in arns:
            raise ValueError(f"two members of {kind} are called {member.label} or {made.arn}")
        principals[member.label] = made
        arns.add(made.arn.lower())
    return DrawnCrew(kind, half_of(kind), crew, principals)


def _no_profile(_: Draw) -> Profile:
    raise NotImplementedError


def _principal(
    kind: Kind, profile: Profile, draw: Draw, intrusion: Intrusion | None, member: Member | None = None
) -> Principal:
    if kind.safe_is_right is None and kind.role is None and member is None:
        policies = write_policies(draw, profile, intrusion.grants if intrusion else ())
    else:
        policies = write_exact_policies(draw, profile)
    unique_id = ("AIDA" if profile.caller == "user" else "AROA") + "".join(draw.rng.choices(_ID_LETTERS, k=17))
    evaluator = Evaluator(policies.documents(), policies.boundary)
    return Principal(kind, profile, draw.account, draw.region, unique_id, policies, evaluator, intrusion, member)
