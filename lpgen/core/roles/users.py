"""Which IAM users should become roles: who uses each, what replaces it, and the steps.

https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from msgspec.structs import replace

from lpgen.core.cloudtrail.origin import AgentFamily
from lpgen.core.evidence import LogCoverage
from lpgen.core.findings import PrincipalClass
from lpgen.core.model import Outcome, PolicyKind, Principal
from lpgen.core.principal_names import words_of_name
from lpgen.core.roles.candidates import Reviewed
from lpgen.core.roles.merges import documents_of, settings_of, uses_user_variables
from lpgen.core.roles.model import (
    Against,
    AgainstKind,
    EvidenceKind,
    FindingKind,
    Merge,
    Step,
    Target,
    UserEvidence,
    UserFinding,
    UserKey,
    UserKind,
    UserMove,
    against,
    state_of,
)
from lpgen.core.roles.needs import Need, uncovered
from lpgen.core.roles.signs import CONSOLE, TOOLS, WORKPLACE_WORDS, WORKPLACES, Credentials, KeyUse, UserSigns
from lpgen.core.roles.targets import UNKNOWN, UNNEEDED, Targets

_KEY_ID: Final = "AKIA"
_USED_MFA: Final = "yes"
_OLD: Final = timedelta(365)
_OWNER_TAGS: Final = frozenset({"owner", "team", "contact", "email"})
_NAME_TAGS: Final = _OWNER_TAGS | {"name", "purpose", "application", "service"}
_SHARED: Final = "{number} users who do the same job can share it"


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
    def has_mfa(self) -> bool:
        """Whether it has an MFA device or used one. Programs can't use any."""
        return bool(self.credentials.mfa) or _USED_MFA in self.signs.mfa

    @property
    def names_workplace(self) -> bool:
        """Whether its name or a tag names a pipeline or compute. Tags for its owner or team don't count."""
        texts = (self.user.name, *(value for key, value in self.user.tags if key.lower() not in _OWNER_TAGS))
        return any(
            not WORKPLACE_WORDS.isdisjoint(words_of_name(text)) or any(name in text.lower() for name in WORKPLACES)
            for text in texts
        )

    @property
    def is_used_elsewhere(self) -> bool:
        """Whether IAM dates a use in the covered days, and the logs show none."""
        last = max((key.last_used for key in self.credentials.keys if key.last_used), default=date.min)
        is_dated = self.reviewed.diff.principal_class is PrincipalClass.UNSEEN or last >= self.first_day
        return is_dated and not self.signs.keys

    @property
    def keys(self) -> tuple[UserKey, ...]:
        """The keys, from IAM and from the logs. Without ids, the only key in each is the same key."""
        known, used = {key.id: key for key in self.credentials.keys}, self.used_keys
        unnamed = [id_ for id_, key in known.items() if not id_.startswith(_KEY_ID) and key.active is not False]
        if len(used) == len(unnamed) == 1:
            known[next(iter(used))] = known.pop(unnamed[0])
        return tuple(
            _key(id_, known.get(id_, UserKey(id=id_)), used.get(id_, KeyUse())) for id_ in sorted({*known, *used})
        )


def _key(id_: str, known: UserKey, use: KeyUse) -> UserKey:
    last = max((*use.days, *filter(None, [known.last_used])), default=None)
    return replace(known, id=id_, last_used=last, days_used=len(use.days))


def kind_of_user(facts: UserFacts) -> UserKind:
    """Who uses a user, by its sign-ins and by how its keys are used."""
    signs = facts.signs
    keys = signs.keys.values()
    if not (signs.keys or signs.sign_ins or facts.has_use):
        return "unknown" if facts.first_day == date.max or facts.is_used_elsewhere else "unused"
    works_as_person = not facts.names_workplace and any(use.is_of_person for use in keys)
    # A pipeline that deploys by day looks the same.
    works_as_person &= facts.credentials.password is not False or signs.programs != {AgentFamily.TERRAFORM.value}
    is_person = bool(signs.sign_ins) or facts.has_mfa or not CONSOLE.isdisjoint(signs.programs) or works_as_person
    is_one_program = bool(keys) and all(len(use.programs) == 1 and TOOLS.isdisjoint(use.programs) for use in keys)
    has_no_person = (facts.credentials.password is False and is_one_program) or facts.names_workplace
    is_workload = (has_no_person and not is_person) or any(use.is_of_workload for use in keys)
    if is_person:
        return "both" if is_workload else "person"
    return "workload" if is_workload else "unknown"


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
        left=tuple(policy.arn for policy in reviewed.diff.draft.left) if target.new else (),
        settings=settings_of([facts.user]) if target.new else None,
    )


def shared_move(move: UserMove, merge: Merge, needs: Mapping[str, Need]) -> UserMove:
    """The move of a user to the role or permission set that it could share, instead of to a new one of its own.

    A safe move stays as it is if the shared role isn't safe. `needs` are those of all members, by ARN.
    """
    target = move.goes_to
    if not target.new or (move.state == "safe" and merge.state != "safe"):
        return move
    extra = uncovered(frozenset().union(*map(needs.__getitem__, merge.members)), needs[move.user])
    target = replace(target, name=merge.name, over_grant=len(extra), text=_SHARED.format(number=len(merge.members)))
    found = {one.kind: one for one in (*move.against, *merge.against)}
    return replace(
        move,
        state=state_of(found.values()),
        goes_to=target,
        policy=None,
        steps=(_first_step(target), *move.steps[1:]),
        against=tuple(found.values()),
        left=(),
        settings=None,
    )


def _target(facts: UserFacts, kind: UserKind, targets: Targets) -> Target:
    if kind == "unused" or (kind == "person" and not facts.has_use):
        return UNNEEDED
    if kind == "person":
        return targets.for_person(facts.reviewed)
    return targets.for_workload(facts.reviewed, facts.signs.programs) if kind == "workload" else UNKNOWN


def _against(facts: UserFacts, kind: UserKind, target: Target) -> Iterator[Against]:
    reviewed = facts.reviewed
    days = reviewed.diff.use.covered_days
    if shared := [key for key, use in facts.used_keys.items() if use.is_shared]:
        yield against(AgainstKind.SHARED_KEY, shared)
    tests = {
        AgainstKind.FEW_DAYS: days < facts.min_days,
        AgainstKind.UNSAFE_REPLACEMENT: facts.has_use and not reviewed.proposal.safe,
        AgainstKind.COMPUTE_UNKNOWN: kind in ("workload", "both") and target.kind == "question",
        AgainstKind.KIND_UNKNOWN: kind == "unknown",
        AgainstKind.TRUST_UNCONFIRMED: kind == "workload" and target.kind == "role" and not target.new,
        AgainstKind.SUSPECTED_USE: reviewed.is_suspected,
        AgainstKind.USER_VARIABLES: uses_user_variables(reviewed),
        AgainstKind.USED_ELSEWHERE: facts.is_used_elsewhere,
    }
    yield from (against(found, detail=days) for found, is_found in tests.items() if is_found)


# ---------------------------------------------------------------- evidence

_KEY: Final = "key {key}"
_TEMPORARY: Final = "a session or the console"
_MFA: Final = {"yes": "it signed in with MFA", "no": "it signed in without MFA", "device": "it has an MFA device"}
_DAYS_OF_WEEK: Final = {True: "on weekends too", False: "on weekdays"}
_HOURS: Final = {True: "within working hours", False: "around the clock"}
_UNKNOWN_PLACE: Final = "an unknown place"


def _fact(kind: EvidenceKind, **parameters: object) -> UserEvidence:
    return UserEvidence(kind=kind, text=kind.text.format_map(parameters))


def _evidence(facts: UserFacts) -> Iterator[UserEvidence]:
    signs, credentials = facts.signs, facts.credentials
    if signs.sign_ins:
        yield _fact(EvidenceKind.CONSOLE_SIGN_IN, count=len(signs.sign_ins), last=max(signs.sign_ins))
    for answer in sorted(_MFA.keys() & {*signs.mfa, *(["device"] if credentials.mfa else [])}):
        yield _fact(EvidenceKind.MFA, text=_MFA[answer])
    if credentials.password is not None:
        yield _fact(EvidenceKind.PASSWORD if credentials.password else EvidenceKind.NO_PASSWORD)
    yield from (_fact(EvidenceKind.KEY_UNUSED, key=key.id) for key in facts.keys if not key.days_used)
    for id_, use in sorted(signs.keys.items()):
        key = _KEY.format(key=id_) if id_ else _TEMPORARY
        if id_:
            yield _fact(EvidenceKind.KEY, key=id_, count=len(use.days), last=max(use.days))
        yield _fact(EvidenceKind.USER_AGENT, key=key, text=_listed(use.programs))
        yield _fact(EvidenceKind.HOURS, key=key, days=_DAYS_OF_WEEK[use.on_weekends], hours=_HOURS[use.by_day])
        yield _fact(EvidenceKind.NETWORKS, key=key, text=_listed(use.networks))
    for tag, value in facts.user.tags:
        if tag.lower() in _NAME_TAGS:
            yield _fact(EvidenceKind.NAME_TAG, key=tag, text=value)


def _listed(texts: Iterable[str]) -> str:
    return ", ".join(sorted(text or _UNKNOWN_PLACE for text in texts))


def _findings(facts: UserFacts) -> Iterator[UserFinding]:
    last = facts.coverage.last_day or date.min
    used = [key for key in facts.keys if key.days_used or (key.last_used and key.last_used >= facts.first_day)]
    signs_in_only = facts.signs.sign_ins and not facts.has_use and not facts.used_keys
    found: Mapping[FindingKind, list[str]] = {
        "inline-policy": [policy.name for policy in facts.user.policies if policy.kind is PolicyKind.INLINE],
        "unused-key": [key.id for key in facts.keys if key.active is not False and key not in used],
        "sign-in-only": [facts.user.arn] if signs_in_only else [],
        "old-key": [key.id for key in used if key.created and last - key.created > _OLD],
    }
    yield from (UserFinding(kind=kind, names=tuple(sorted(names))) for kind, names in found.items() if names)


# ---------------------------------------------------------------- steps

_DAYS: Final = 14
_STEPS: Final = {
    "ask": ("{question}", "The owner has answered."),
    "assign": (
        "Assign {kind} {target} to the person.",
        "The person works with it: its sessions call what the user called.",
    ),
    "create": (
        "Create {kind} {target} with the least-privilege policy, and let the person or the program use it.",
        "Sessions of {kind} {target} call what the user called, and no call is denied.",
    ),
    "deactivate": ("Deactivate key {key}.", "No use of key {key} for {days} covered days, and no denied call."),
    "deactivate-any": (
        "Deactivate the keys of user {user}, if it has any.",
        "No call of user {user} for {days} covered days, and no denied call.",
    ),
    "password": ("Delete the user's console password.", "No sign-in of the user for {days} covered days."),
    "wait": ("Wait for a month, in which monthly jobs run.", "No call of the user for 30 covered days."),
    "delete-key": ("Delete key {key}.", "IAM no longer lists key {key}."),
    "delete": ("Delete user {user}.", "IAM no longer lists user {user}."),
}


def _step(name: str, **parameters: object) -> Step:
    text, check = (part.format_map({"days": _DAYS, **parameters}) for part in _STEPS[name])
    return Step(text=text, check=check)


def _first_step(target: Target) -> Step:
    return _step("create" if target.new else "assign", kind=target.kind.replace("-", " "), target=target.name)


def _steps(facts: UserFacts, kind: UserKind, target: Target) -> Iterator[Step]:
    """The steps. What can be undone, such as deactivating a key, comes before what can't."""
    if target.kind != "question":
        yield _first_step(target)
    elif kind != "unused":
        yield _step("ask", question=target.text)
    keys = facts.keys
    yield from (_step("deactivate", key=key.id) for key in keys if key.active is not False)
    if not keys:
        yield _step("deactivate-any", user=facts.user.name)
    if facts.credentials.password or facts.signs.sign_ins:
        yield _step("password")
    yield _step("wait")
    yield from (_step("delete-key", key=key.id) for key in keys)
    yield _step("delete", user=facts.user.name)
