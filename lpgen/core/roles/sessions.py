"""Which sessions of a role use what, from the table of signs, and who asks for them."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final, NamedTuple

from lpgen.core.arns import split_arn
from lpgen.core.cloudtrail.assumption import chosen_name, fold_session_name
from lpgen.core.cloudtrail.caller import names_in_signs, names_of
from lpgen.core.evidence import Use
from lpgen.core.globs.match import glob_match
from lpgen.core.model import Action, AssumptionMethod, Principal, ResourceKind
from lpgen.core.roles.model import SessionKind
from lpgen.core.usage.assumptions import Assumption
from lpgen.core.usage.columns import table_rows
from lpgen.core.usage.evidence_tally import without_any
from lpgen.core.usage.overflow import ANY
from lpgen.core.usage.session_links import SignKind, split_detail
from lpgen.core.usage.tables import Usage

_COLUMNS: Final = ("principal", "action", "resource", "kind", "detail", "first_seen", "last_seen", "records")
_KINDS: Final[dict[str, SessionKind | None]] = {
    SignKind.NAME.value: "name",
    SignKind.SOURCE_IDENTITY.value: "source-identity",
    SignKind.RESOURCE.value: "resource",
    SignKind.SUBJECT.value: "name",
    SignKind.KEY.value: "name",
    SignKind.UNKNOWN.value: None,
}
"""How a session is known, unless its name is shared by several subjects."""

_TYPE: Final = re.compile("^[^:/]*[:/]")
_AS: Final = " as "
_COMMON: Final = re.compile(r"\b(?:system:serviceaccount|repo|ref|refs|heads)\b")
"""What the subjects of all service accounts and pipelines have.

https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/
https://docs.github.com/en/actions/reference/security/oidc
"""


class Session(NamedTuple):
    """A group of a role's sessions: how it is known, and the pattern of its name, "" if all of it differs. A subject
    is followed by `as` and the name if it has several names."""

    kind: SessionKind
    value: str

    @property
    def subject(self) -> str:
        """The subject of its web identity, "" if it isn't known by one."""
        return self.value.rpartition(_AS)[0] or self.value if self.kind == "subject" else ""

    @property
    def name(self) -> str:
        """Its name. That of a resource is the last part of its path, without the type and a version or alias."""
        if self.kind == "subject":
            return _COMMON.sub("", self.value)
        if self.kind != "resource":
            return self.value
        path = _TYPE.sub("", split_arn(self.value).name, count=1)
        return path.partition(":")[0].rpartition("/")[2]


class Seen(NamedTuple):
    """When something was used, and in how many records."""

    first_day: date
    last_day: date
    records: int

    def __or__(self, other: Seen) -> Seen:
        return Seen(
            min(self.first_day, other.first_day), max(self.last_day, other.last_day), self.records + other.records
        )


@dataclass(frozen=True, slots=True)
class SessionUse:
    """The use of a role by session, for each action and resource as in the table of signs. `sessions` have all use.
    `unknown` use can't be assigned: a record shows no session, or there are too many. `is_partial` if some calls have
    no subject, but calls with one were the same."""

    sessions: dict[Session, Seen] = field(default_factory=dict)
    known: dict[Action, dict[str, dict[Session, Seen]]] = field(default_factory=lambda: defaultdict(dict))
    unknown: set[tuple[Action, str]] = field(default_factory=set)
    is_partial: bool = False

    def of(self, use: Use) -> dict[Session, Seen]:
        """The sessions that made calls of a use; none if a session isn't known."""
        resource, of_action = without_any(use.resource.text), self.known.get(use.action, {})
        found = of_action.get(resource, {})
        if not found and use.resource.kind is ResourceKind.UNKNOWN:  # names that never existed
            for some in of_action.values():
                _add(found, some)
        first = min((seen.first_day for seen in found.values()), default=date.max)
        is_unknown = (use.action, resource) in self.unknown or (use.action, ANY) in self.unknown
        # Data that an earlier version ingested have no sessions, and are older.
        return {} if is_unknown or use.evidence.first_seen[:10] < first.isoformat() else found


def _add(total: dict[Session, Seen], more: Mapping[Session, Seen]) -> None:
    for session, seen in more.items():
        total[session] = total[session] | seen if session in total else seen


_Row = tuple[Action, str, str, str, str, Seen]
"""A row of the table of signs about sessions: its action ("" for all calls), resource, kind, name, subject ("" if none
is known), and when it was seen. Web identities have a name only if somebody chose it."""


def sessions_from_usage(
    usage: Usage, roles: Iterable[Principal], full_arn: Callable[[str, str], str]
) -> dict[str, SessionUse]:
    """The use of each role by session, by its ARN. `full_arn` names resources of actions as the counted use does."""
    found: dict[str, list[_Row]] = {role.arn: [] for role in roles}
    named = {name: found[arn] for arn in found for name in names_in_signs(arn)}
    for role_name, action, resource, kind, detail, first, last, records in table_rows(usage.signs, _COLUMNS):
        if kind in _KINDS and role_name in named:
            seen = Seen(first.date(), last.date(), records)
            resource = resource if resource == ANY else without_any(full_arn(action, resource))
            named[role_name].append((action, resource, kind, *_name_and_subject(kind, detail), seen))
    return {arn: _use_from_rows(rows) for arn, rows in found.items()}


def _name_and_subject(kind: str, detail: str) -> tuple[str, str]:
    first, second = split_detail(detail)
    if kind == SignKind.SUBJECT:
        return chosen_name(first), second
    return (chosen_name(second) if kind == SignKind.KEY else detail), ""


def _use_from_rows(rows: Sequence[_Row]) -> SessionUse:
    """The use of one role. Calls belong to subjects of web identities if several of them share a name."""
    pairs = {(name, subject) for _, _, _, name, subject, _ in rows if subject}
    subjects = Counter(name for name, _ in pairs)
    names = Counter(subject for name, subject in pairs if subjects[name] > 1)
    sessions: dict[Session, Seen] = {}
    known: dict[Action, dict[str, dict[Session, Seen]]] = defaultdict(dict)
    unknown, unlinked = set[tuple[Action, str]](), set[tuple[Action, str]]()
    for action, resource, sign, name, subject, seen in rows:
        kind = _KINDS[sign]
        is_shared = kind == "name" and subjects[chosen_name(name)] > 1
        if is_shared and subject:
            several = names[subject] > 1 or _AS in subject
            session = Session("subject", f"{subject}{_AS}{name or ANY}" if several else subject)
        elif is_shared:  # of any of the subjects: for example, access logs don't name them
            unlinked.add((action, resource))
            continue
        elif kind and ANY not in (resource, name):
            session = Session(kind, name)
        else:
            unknown.add((action, resource))
            continue
        if action:
            _add(known[action].setdefault(resource, {}), {session: seen})
            sessions.setdefault(session, seen)
        else:  # the rows for all calls are the first
            _add(sessions, {session: seen})
    unknown |= {(action, resource) for action, resource in unlinked if action and resource not in known.get(action, {})}
    return SessionUse(sessions, known, unknown, is_partial=bool(unlinked))


def callers_of(sessions: Iterable[Session], requests: Sequence[Assumption]) -> tuple[str, ...]:
    """Who asks for sessions, sorted: services, principals, and subjects of identity providers.

    A source identity stays for the whole session, so requests that give one asked for the sessions with one, and only
    for these. The table of requests doesn't keep the identity itself. So it shows who asks for a session with one if
    the name of the session or the subject is the same, or if all requests with any come from one caller.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html
    """
    found: set[str] = set()
    for session in sessions:
        if session.subject:
            asking = (asked for asked in requests if asked.subject and glob_match(session.subject, asked.subject))
            found |= {*map(_caller, asking)}
            continue
        has_identity, name = session.kind == "source-identity", fold_session_name(session.name)
        fitting = [request for request in requests if _has_source_identity(request) == has_identity]
        own = [one for one in fitting if _is_named(one, name) or session.value == one.subject != ""]
        is_shared = not own and has_identity and len({*map(_caller, fitting)}) == 1
        found |= {*map(_caller, fitting if is_shared else own)}
    return tuple(sorted(found - {""}))


def _is_named(request: Assumption, name: str) -> bool:
    """Whether sessions of a request have a name, or none that anybody chose if the name is ""."""
    is_web = request.method is AssumptionMethod.WEB_IDENTITY
    return request.session_name == (name or ANY) or (is_web and not name and not chosen_name(request.session_name))


def _has_source_identity(request: Assumption) -> bool:
    """Whether a session has a source identity. Roles Anywhere sets that of the certificate's subject.

    https://docs.aws.amazon.com/rolesanywhere/latest/userguide/trust-model.html
    """
    return bool(request.source_identity) or (
        request.method is AssumptionMethod.ROLES_ANYWHERE and bool(request.subject)
    )


def _caller(request: Assumption) -> str:
    named = request.principal or request.subject or request.service
    return named or request.provider or request.caller_account or request.principal_id


def requests_by_role(roles: Iterable[Principal], requests: Iterable[Assumption]) -> dict[str, list[Assumption]]:
    """The requests that made sessions of each role, by its ARN."""
    arns = {name: role.arn for role in roles for name in names_of(role.arn)}
    found: dict[str, list[Assumption]] = {arn: [] for arn in arns.values()}
    for request in requests:
        if request.succeeded and request.role in arns:
            found[arns[request.role]].append(request)
    return found
