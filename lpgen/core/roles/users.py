"""Which IAM users should become roles: who uses each, what replaces it, and the steps.

https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from lpgen.core.evidence import LogCoverage
from lpgen.core.findings import PrincipalClass
from lpgen.core.model import Outcome, PolicyKind, Principal
from lpgen.core.roles.candidates import Reviewed
from lpgen.core.roles.merges import documents_of, uses_user_variables
from lpgen.core.roles.model import (
    Against,
    AgainstKind,
    EvidenceKind,
    Step,
    Target,
    TargetKind,
    UserEvidence,
    UserFinding,
    UserFindingKind,
    UserKey,
    UserKind,
    UserMove,
    against,
    state_of,
)
from lpgen.core.roles.signs import CONSOLE, TOOLS, Credentials, IamKey, KeyUse, UserSigns
from lpgen.core.roles.targets import UNKNOWN, UNNEEDED, Targets

_OLD: Final = timedelta(365)
_NAME_TAGS: Final = frozenset({"name", "owner", "team", "contact", "email", "purpose", "application", "service"})
_MOST: Final = 4


@dataclass(frozen=True, slots=True)
class UserFacts:
    """What is known about a user: its review, its signs in the logs, and its credentials as IAM reports them."""

    reviewed: Reviewed
    signs: UserSigns
    credentials: Credentials
    coverage: LogCoverage
    min_days: int

    @property
    def user(self) -> Principal:
        """The user."""
        return self.reviewed.principal

    @property
    def first_day(self) -> date:
        """The first day that the logs of the account cover; the last possible day without logs."""
        covered = self.coverage.account(self.user.account)
        return covered.first_day if covered else date.max

    @property
    def used_keys(self) -> Mapping[str, KeyUse]:
        """The use of each key that the logs show."""
        return {key: use for key, use in self.signs.keys.items() if key}

    @property
    def has_use(self) -> bool:
        """Whether it called anything that a policy allows."""
        usage = self.reviewed.usage
        return bool(usage.unmapped) or any(use.outcome is not Outcome.DENIED for use in usage.uses)

    @property
    def is_used_elsewhere(self) -> bool:
        """Whether IAM dates a use in the covered days, and the logs show none."""
        if self.signs.keys:
            return False
        used = (key.last_used for key in self.credentials.keys)
        return self.reviewed.diff.principal_class is PrincipalClass.UNSEEN or any(
            day is not None and day >= self.first_day for day in used
        )

    @property
    def keys(self) -> tuple[UserKey, ...]:
        """The keys, from IAM and from the logs. Without ids, the only key in each is the same key."""
        reported = {key.id: key for key in self.credentials.keys}
        used = self.used_keys
        unnamed = [key for key in reported.values() if not key.id.startswith(_KEY_PREFIX) and key.active is not False]
        if len(used) == len(unnamed) == 1:
            (key,) = unnamed
            reported = {**{one: reported[one] for one in reported if one != key.id}, next(iter(used)): key}
        return tuple(
            _key(id_, reported.get(id_, IamKey(id_)), used.get(id_, KeyUse())) for id_ in sorted({*reported, *used})
        )


_KEY_PREFIX: Final = "AKIA"


def _key(id_: str, known: IamKey, use: KeyUse) -> UserKey:
    days = [*use.days, *([known.last_used] if known.last_used else [])]
    last = max(days, default=None)
    return UserKey(id=id_, active=known.active, created=known.created, last_used=last, days_used=len(use.days))


def kind_of_user(facts: UserFacts) -> UserKind:
    """Who uses a user, by its sign-ins and by how its keys are used."""
    signs = facts.signs
    keys = signs.keys.values()
    if not (signs.keys or signs.sign_ins or facts.has_use):
        is_known = facts.first_day != date.max and not facts.is_used_elsewhere
        return UserKind.UNUSED if is_known else UserKind.UNKNOWN
    is_person = bool(signs.sign_ins) or not CONSOLE.isdisjoint(signs.programs) or any(use.is_of_person for use in keys)
    is_workload = any(use.is_of_workload for use in keys)
    if is_person and is_workload:
        return UserKind.BOTH
    if is_person:
        return UserKind.PERSON
    is_one_program = bool(keys) and all(len(use.programs) == 1 and TOOLS.isdisjoint(use.programs) for use in keys)
    has_no_person = facts.credentials.password is False and is_one_program
    return UserKind.WORKLOAD if is_workload or has_no_person else UserKind.UNKNOWN


def move_of_user(facts: UserFacts, targets: Targets) -> UserMove:
    """What should replace a user, and the steps."""
    kind, reviewed = kind_of_user(facts), facts.reviewed
    target = _target(facts, kind, targets)
    found = tuple(_against(facts, kind, target))
    replacement = reviewed.proposal.replacement
    return UserMove(
        user=facts.user.arn,
        kind=kind,
        state=state_of(found),
        evidence=tuple(_evidence(facts)),
        keys=facts.keys,
        goes_to=target,
        policy=documents_of(replacement) if target.new and replacement else None,
        steps=tuple(_steps(facts, kind, target)),
        against=found,
        findings=tuple(_findings(facts)),
    )


def _target(facts: UserFacts, kind: UserKind, targets: Targets) -> Target:
    if kind is UserKind.UNUSED or (kind is UserKind.PERSON and not facts.has_use):
        return UNNEEDED
    if kind is UserKind.PERSON:
        return targets.for_person(facts.reviewed)
    return targets.for_workload(facts.reviewed, facts.signs.programs) if kind is UserKind.WORKLOAD else UNKNOWN


def _against(facts: UserFacts, kind: UserKind, target: Target) -> Iterator[Against]:
    reviewed = facts.reviewed
    days = reviewed.diff.use.covered_days
    if days < facts.min_days:
        yield against(AgainstKind.FEW_DAYS, detail=days)
    if facts.has_use and not reviewed.proposal.safe:
        yield against(AgainstKind.UNSAFE_REPLACEMENT)
    if kind in (UserKind.WORKLOAD, UserKind.BOTH) and target.kind is TargetKind.QUESTION:
        yield against(AgainstKind.COMPUTE_UNKNOWN)
    if kind is UserKind.UNKNOWN:
        yield against(AgainstKind.KIND_UNKNOWN)
    if shared := [key for key, use in facts.used_keys.items() if use.is_shared]:
        yield against(AgainstKind.SHARED_KEY, shared)
    if reviewed.is_suspected:
        yield against(AgainstKind.SUSPECTED_USE)
    if uses_user_variables(reviewed):
        yield against(AgainstKind.USER_VARIABLES)
    if facts.is_used_elsewhere:
        yield against(AgainstKind.USED_ELSEWHERE)


# ---------------------------------------------------------------- evidence

_FACTS: Final = {
    EvidenceKind.CONSOLE_SIGN_IN: "it signed in to the console on {count} days, last on {last}",
    EvidenceKind.MFA: "{text}",
    EvidenceKind.PASSWORD: "it has a password for the console",
    EvidenceKind.NO_PASSWORD: "it has no password for the console",
    EvidenceKind.KEY: "{key} was used on {count} days, last on {last}",
    EvidenceKind.KEY_UNUSED: "{key} wasn't used in the covered days",
    EvidenceKind.USER_AGENT: "{key} was used by {text}",
    EvidenceKind.HOURS: "{key} was used {text}",
    EvidenceKind.NETWORKS: "{key} was used from {text}",
    EvidenceKind.NAME_TAG: "its tag {key} is {text}",
}
_KEY: Final = "key {key}"
_TEMPORARY: Final = "a session or the console"
_MFA: Final = {"yes": "it signed in with MFA", "no": "it signed in without MFA"}
_HAS_MFA: Final = "it has an MFA device"
_ON_WEEKENDS: Final = "on weekends too"
_ON_WEEKDAYS: Final = "on weekdays"
_BY_DAY: Final = "{days}, within working hours"
_AROUND: Final = "{days}, around the clock"
_UNKNOWN_PLACE: Final = "an unknown place"
_MORE: Final = "{names} and {count} more"


def _fact(kind: EvidenceKind, **parameters: object) -> UserEvidence:
    return UserEvidence(kind=kind, text=_FACTS[kind].format_map(parameters))


def _evidence(facts: UserFacts) -> Iterator[UserEvidence]:
    signs, credentials = facts.signs, facts.credentials
    if signs.sign_ins:
        yield _fact(EvidenceKind.CONSOLE_SIGN_IN, count=len(signs.sign_ins), last=max(signs.sign_ins))
    for answer in sorted(signs.mfa & _MFA.keys()):
        yield _fact(EvidenceKind.MFA, text=_MFA[answer])
    if credentials.mfa and "yes" not in signs.mfa:
        yield _fact(EvidenceKind.MFA, text=_HAS_MFA)
    if credentials.password is not None:
        yield _fact(EvidenceKind.PASSWORD if credentials.password else EvidenceKind.NO_PASSWORD)
    for key in facts.keys:
        if key.id not in signs.keys:
            yield _fact(EvidenceKind.KEY_UNUSED, key=_KEY.format(key=key.id))
    for id_, use in sorted(signs.keys.items()):
        key_words = _KEY.format(key=id_) if id_ else _TEMPORARY
        if id_:
            yield _fact(EvidenceKind.KEY, key=key_words, count=len(use.days), last=max(use.days))
        yield _fact(EvidenceKind.USER_AGENT, key=key_words, text=_listed(use.programs))
        days = _ON_WEEKENDS if use.on_weekends else _ON_WEEKDAYS
        yield _fact(EvidenceKind.HOURS, key=key_words, text=(_BY_DAY if use.by_day else _AROUND).format(days=days))
        yield _fact(EvidenceKind.NETWORKS, key=key_words, text=_listed(use.networks))
    for tag, value in facts.user.tags:
        if tag.lower() in _NAME_TAGS:
            yield _fact(EvidenceKind.NAME_TAG, key=tag, text=value)


def _listed(texts: Iterable[str]) -> str:
    found = sorted(text or _UNKNOWN_PLACE for text in texts)
    names = ", ".join(found[:_MOST])
    return _MORE.format(names=names, count=len(found) - _MOST) if len(found) > _MOST else names


def _findings(facts: UserFacts) -> Iterator[UserFinding]:
    inline = [policy.name for policy in facts.user.policies if policy.kind is PolicyKind.INLINE]
    last = facts.coverage.last_day or date.min
    is_used = {key.id for key in facts.keys if key.days_used or not _is_idle(key, facts)}
    unused = [key.id for key in facts.keys if key.active is not False and key.id not in is_used]
    old = [key.id for key in facts.keys if key.created and key.id in is_used and last - key.created > _OLD]
    signs_in_only = bool(facts.signs.sign_ins) and not facts.has_use and not facts.used_keys
    found = {
        UserFindingKind.INLINE_POLICY: inline,
        UserFindingKind.UNUSED_KEY: unused,
        UserFindingKind.SIGN_IN_ONLY: [facts.user.arn] if signs_in_only else [],
        UserFindingKind.OLD_KEY: old,
    }
    yield from (UserFinding(kind=kind, names=tuple(sorted(names))) for kind, names in found.items() if names)


def _is_idle(key: UserKey, facts: UserFacts) -> bool:
    return key.last_used is None or key.last_used < facts.first_day


# ---------------------------------------------------------------- steps

_DAYS: Final = 14
_STEPS: Final = {
    "ask": ("{question}", "The owner has answered."),
    "assign": (
        "Assign {kind} {target} to the person.",
        "The person works with it: its sessions call what the user called.",
    ),
    "create": (
        "Create role {target} with the least-privilege policy, and let the person or the program assume it.",
        "Sessions of role {target} call what the user called, and no call is denied.",
    ),
    "deactivate": ("Deactivate key {key}.", "No use of key {key} for {days} covered days, and no denied call."),
    "deactivate-any": (
        "Deactivate the keys of user {user}, if it has any.",
        "No call of user {user} for {days} covered days, and no denied call.",
    ),
    "password": (
        "Delete the user's console password.",
        "No sign-in of the user for {days} covered days.",
    ),
    "wait": ("Wait for a month, in which monthly jobs run.", "No call of the user for 30 covered days."),
    "delete-key": ("Delete key {key}.", "IAM no longer lists key {key}."),
    "delete": ("Delete user {user}.", "IAM no longer lists user {user}."),
}


def _step(name: str, **parameters: object) -> Step:
    text, check = (part.format_map({"days": _DAYS, **parameters}) for part in _STEPS[name])
    return Step(text=text, check=check)


def _steps(facts: UserFacts, kind: UserKind, target: Target) -> Iterator[Step]:
    """The steps. What can be undone, such as deactivating a key, comes before what can't."""
    if target.kind is TargetKind.QUESTION and kind is not UserKind.UNUSED:
        yield _step("ask", question=target.text)
    elif target.new:
        yield _step("create", target=target.name)
    elif target.kind is not TargetKind.QUESTION:
        yield _step("assign", kind=target.kind.value.replace("-", " "), target=target.name)
    keys = [key.id for key in facts.keys]
    yield from (_step("deactivate", key=key.id) for key in facts.keys if key.active is not False)
    if not keys:
        yield _step("deactivate-any", user=facts.user.name)
    if facts.credentials.password or facts.signs.sign_ins:
        yield _step("password")
    yield _step("wait")
    yield from (_step("delete-key", key=key) for key in keys)
    yield _step("delete", user=facts.user.name)
