"""What a kind declares of each of its principals."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from bench.corpus.calendar import Day, Use
from bench.corpus.draw import Draw

if TYPE_CHECKING:
    from bench.corpus.crew import CrewFunction

Schedule = Callable[[Day], Iterator[Use]]


@dataclass(frozen=True, slots=True)
class Grant:
    """Actions of one service on resources, which the principal's work needs; policies are written around it."""

    service: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]


def grant(actions: str, *resources: str) -> Grant:
    """A grant of `service:Name Name Name`; on `*` where no resource is given."""
    service, _, names = actions.partition(":")
    return Grant(service, tuple(names.split()), resources or ("*",))


@dataclass(frozen=True, slots=True)
class Profile:
    """A principal as its kind declares it.

    `caller` says how its sessions come about: `lambda`, `ec2`, `ecs`, `oidc`, `irsa` for pods of a cluster, `sso`,
    `role`, `user`, `vendor` for another company, or the service that assumes it, such as `firehose.amazonaws.com`.
    `hours` are the UTC hours of its work; `born` is the day on which it was created; `is_admin` gives it
    `AdministratorAccess`, `managed` names further AWS managed policies.

    Only judged kinds use the rest: `denies` are Deny statements of its own, `boundary` is its permissions boundary,
    `scp` holds statements of an SCP on its account, `trusted` is the foreign principal that assumes it, `console` says
    that a user works in the console, `assumed_by` is the service that assumes it for work that no trail
    shows, and `used_before` is how many days before the first day IAM dates its last use.

    `intruder` is what somebody does with a victim's stolen credentials, as `Role.VICTIM` describes.
    """

    name: str
    about: str
    grants: Sequence[Grant]
    schedule: Schedule
    caller: str = "role"
    hours: tuple[int, int] = (0, 24)
    path: str = "/"
    born: int = -1
    is_admin: bool = False
    managed: tuple[str, ...] = ()
    denies: Sequence[Grant] = ()
    boundary: Sequence[Grant] = ()
    scp: Sequence[Mapping[str, Any]] = ()
    trusted: str = ""
    console: bool = False
    assumed_by: str = ""
    used_before: int = 0
    intruder: Schedule | None = None

    @property
    def service(self) -> str:
        """The service that assumes it and makes its calls, "" where there is none."""
        return self.caller if "." in self.caller else ""


KindFunction = Callable[[Draw], Profile]


class Role(StrEnum):
    """What a kind is there for in the accounts that hold intruders."""

    VICTIM = "victim"
    """An intruder uses its credentials too, on few or many days."""
    BYSTANDER = "bystander"
    """It resembles a victim, and must learn nothing from the intruder."""
    ORDINARY = "ordinary"
    """It does something harmful on a day or two, as its job."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of principals. Of a steady kind the needs stay the same all year, except for the keys of objects.

    Of a judged kind, `safe_is_right` says whether calling a replacement safe would be right, if it allows all needs.
    `account` is its account, by the names of `bench.corpus.organization.JUDGED_ACCOUNTS`.

    Kinds with a `role` live in the accounts of `bench.corpus.organization.INTRUDED_ACCOUNTS`. `theme` is how the
    intruder of a victim behaves.
    """

    name: str
    draw: KindFunction
    steady: bool
    safe_is_right: bool | None = None
    account: str = ""
    role: Role | None = None
    theme: str = ""


class Kinds:
    """The kinds of a theme, in the order of their declaration."""

    def __init__(self) -> None:
        self.found: list[Kind] = []
        self.crews: dict[str, CrewFunction] = {}

    def kind(self, *, steady: bool = False) -> Callable[[KindFunction], KindFunction]:
        """Declares a function as a kind under its name."""

        def declare(function: KindFunction) -> KindFunction:
            self.found.append(Kind(function.__name__, function, steady))
            return function

        return declare

    def judged(self, *, safe_is_right: bool, account: str = "recorded") -> Callable[[KindFunction], KindFunction]:
        """Declares a function as a judged kind under its name."""

        def declare(function: KindFunction) -> KindFunction:
            self.found.append(Kind(function.__name__, function, False, safe_is_right, account))
            return function

        return declare

    def victim(self, theme: str, account: str) -> Callable[[KindFunction], KindFunction]:
        """Declares a function as a kind of victims, whose intruder behaves as the theme says."""
        return self._with_role(Role.VICTIM, account, theme)

    def bystander(self, account: str) -> Callable[[KindFunction], KindFunction]:
        """Declares a function as a kind of bystanders."""
        return self._with_role(Role.BYSTANDER, account)

    def ordinary(self, account: str) -> Callable[[KindFunction], KindFunction]:
        """Declares a function as a kind whose job is harmful on a day or two."""
        return self._with_role(Role.ORDINARY, account)

    def crew(self) -> Callable[[CrewFunction], CrewFunction]:
        """Declares a function as a kind of crews under its name."""

        def declare(function: CrewFunction) -> CrewFunction:
            self.crews[function.__name__] = function
            return function

        return declare

    def _with_role(self, role: Role, account: str, theme: str = "") -> Callable[[KindFunction], KindFunction]:
        def declare(function: KindFunction) -> KindFunction:
            kind = Kind(function.__name__, function, False, account=account, role=role, theme=theme)
            self.found.append(kind)
            return function

        return declare


def stable_number(text: str) -> int:
    """A number that depends on the text only."""
    return zlib.crc32(text.encode())
