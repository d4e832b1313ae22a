"""The principals of a corpus: drawn from their kinds, with policies and identities."""

from __future__ import annotations

import random
import string
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from bench.corpus.calendar import START
from bench.corpus.draw import Draw
from bench.corpus.evaluator import Evaluator
from bench.corpus.half import half_of
from bench.corpus.intrusions import Intrusion, draw_intrusion
from bench.corpus.organization import Account
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
        return self.kind.safe_is_right is not None or self.kind.role is not None

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


def _principal(kind: Kind, profile: Profile, draw: Draw, intrusion: Intrusion | None) -> Principal:
    if kind.safe_is_right is None and kind.role is None:
        policies = write_policies(draw, profile, intrusion.grants if intrusion else ())
    else:
        policies = write_exact_policies(draw, profile)
    unique_id = ("AIDA" if profile.caller == "user" else "AROA") + "".join(draw.rng.choices(_ID_LETTERS, k=17))
    evaluator = Evaluator(policies.documents(), policies.boundary)
    return Principal(kind, profile, draw.account, draw.region, unique_id, policies, evaluator, intrusion)
