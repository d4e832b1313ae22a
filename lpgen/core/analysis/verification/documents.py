"""The written documents, their new Allows, and the checks on their form.

The form is correct if every Allow lists actions that the catalog knows, every Deny is copied and none added, and AWS
accepts the documents: their sizes, their number, and the Sids of their statements.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from lpgen.core.analysis.grants.aws_policies import allows_of_left
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.evidence import PrincipalGrants
from lpgen.core.globs.match import has_wildcard
from lpgen.core.iam.limits import MANAGED_POLICY_LIMIT, ROLE_INLINE_LIMIT, USER_INLINE_LIMIT
from lpgen.core.iam.policy import policy_size, statement_depends_on_version, text_without_sid
from lpgen.core.model import LEGACY_VERSION, Action, Effect, Policy, PrincipalKind, Statement
from lpgen.core.replacements import Check, CheckStatus, LeftPolicy
from lpgen.errors import quote_input

_MAX_FINDINGS: Final = 50
"""The most findings that a check lists. Its count of examined items is complete."""


COMPARABLE: Final = "the policies can be compared"
"""The check that is unproven if comparing the policies takes too many steps."""


@dataclass(frozen=True, slots=True)
class WrittenDocument:
    """One document: its file name, whether it is for an inline policy, and its policy."""

    file: str
    inline: bool
    policy: Policy


@dataclass(frozen=True, slots=True)
class NewAllow:
    """One new Allow with its expanded actions. `place` is its file and statement.

    `named` are its resources for a quick lookup: most used resources are literally among them."""

    place: str
    version: str
    statement: Statement
    actions: frozenset[Action]
    named: frozenset[str]


@dataclass(slots=True)
class CheckNotes:
    """The findings of a running check. A failure takes precedence over unproven findings."""

    name: str
    examined: int = 0
    failed: list[str] = field(default_factory=list)
    unproven: list[str] = field(default_factory=list)

    def check(self) -> Check:
        """The finished check."""
        status = CheckStatus.FAILED if self.failed else CheckStatus.UNPROVEN if self.unproven else CheckStatus.PASSED
        return Check(self.name, status, self.examined, tuple((self.failed + self.unproven)[:_MAX_FINDINGS]))


def new_allows(documents: Iterable[WrittenDocument], catalog: Catalog) -> tuple[NewAllow, ...]:
    """Every Allow of the written documents, with its action patterns expanded again."""
    return tuple(
        _allow_of(
            _statement_place(document, statement),
            document.policy.version,
            statement,
            frozenset() if statement.not_action else catalog.expand(statement.patterns).actions,
        )
        for document in documents
        for statement in document.policy.statements
        if statement.effect is Effect.ALLOW
    )


def left_allows(grants: PrincipalGrants, left: Collection[LeftPolicy]) -> tuple[NewAllow, ...]:
    """Every Allow of the policies left attached, from the old policies."""
    found = allows_of_left(grants, left)
    return tuple(_allow_of(str(grant.ref), grant.version, grant.statement, grant.actions) for grant in found)


def _allow_of(place: str, version: str, statement: Statement, actions: frozenset[Action]) -> NewAllow:
    resources = frozenset(() if statement.not_resource else statement.resources)
    return NewAllow(place, version, statement, actions, resources)


def _statement_place(document: WrittenDocument, statement: Statement) -> str:
    """The file and number of a written statement, as text."""
    named = f" ({statement.sid})" if statement.sid else ""
    return f"{document.file}, statement {statement.index + 1}{named}"


# ---------------------------------------------------------------- actions


_KNOWN_ACTIONS: Final = "no wildcard action, only known actions"
_NO_RESOURCE: Final = "{place} has no resource"
_WILDCARD: Final = "{place} allows the wildcard `{pattern}`"
_UNKNOWN: Final = "{place} allows `{pattern}`, which the catalog doesn't know"


def check_actions(documents: Iterable[WrittenDocument], catalog: Catalog) -> Check:
    """The check that no Allow has a wildcard action, an unknown action or a NotAction, and each has a resource."""
    found = CheckNotes(_KNOWN_ACTIONS)
    for document in documents:
        for statement in document.policy.statements:
            if statement.effect is not Effect.ALLOW:
                continue
            place = _statement_place(document, statement)
            if statement.not_action:
                found.failed.append(f"{place} allows by NotAction")
            if not statement.resources:
                found.failed.append(_NO_RESOURCE.format(place=place))
            for pattern in statement.patterns:
                found.examined += 1
                if has_wildcard(pattern):
                    found.failed.append(_WILDCARD.format(place=place, pattern=pattern))
                elif str(catalog.canonical(pattern)) != pattern:
                    found.failed.append(_UNKNOWN.format(place=place, pattern=pattern))
    return found.check()


# ---------------------------------------------------------------- Denies


_DENIES_KEPT: Final = "every Deny is kept"
_DENY_MISSING: Final = "the Deny of {statement} is missing"
_DENY_ADDED: Final = "{place} denies what no old policy denies"


def check_denies(documents: Iterable[WrittenDocument], grants: PrincipalGrants) -> Check:
    """The check that the Denies are the same as in the old policies, except for their Sids."""
    old = {_deny_key(deny.statement, deny.version): str(deny.ref) for deny in grants.denies}
    new = {
        _deny_key(statement, document.policy.version): _statement_place(document, statement)
        for document in documents
        for statement in document.policy.statements
        if statement.effect is Effect.DENY
    }
    found = CheckNotes(_DENIES_KEPT, examined=len(old))
    found.failed.extend(_DENY_MISSING.format(statement=old[key]) for key in sorted(old.keys() - new.keys()))
    found.failed.extend(_DENY_ADDED.format(place=new[key]) for key in sorted(new.keys() - old.keys()))
    return found.check()


def _deny_key(statement: Statement, version: str) -> tuple[str, str]:
    legacy = version == LEGACY_VERSION and statement_depends_on_version(statement)
    return text_without_sid(statement.text), LEGACY_VERSION if legacy else ""


# ---------------------------------------------------------------- limits

_SID: Final = re.compile("[A-Za-z0-9]*")

_LARGE: Final = "{place} has {size} characters, more than {limit}"
_LARGE_INLINE: Final = "the inline policies have {size} characters, more than {limit}"
_REPEATED_SID: Final = "{place} has the Sid {sid} {count} times"
_WRONG_SID: Final = "{place} has the Sid {sid}, which may contain only letters and digits"
_MANY_ATTACHED: Final = (
    "{attached} managed policies are more than {quota}; if your quota is higher, give it with --attached-quota"
)


def check_limits(
    documents: Sequence[WrittenDocument], kind: PrincipalKind, *, attached_quota: int, left: int = 0
) -> Check:
    """The check that each document and all together fit AWS's limits, and that no document repeats a Sid.

    `attached_quota` is how many managed policies may be attached to the principal, and `left` how many are left
    attached.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_sid.html
    """
    found = CheckNotes("fits AWS's limits", examined=len(documents))
    managed = [document for document in documents if not document.inline]
    inline = sum(policy_size(document.policy) for document in documents if document.inline)
    inline_limit = ROLE_INLINE_LIMIT if kind is PrincipalKind.ROLE else USER_INLINE_LIMIT
    for document in managed:
        size = policy_size(document.policy)
        if size > MANAGED_POLICY_LIMIT:
            found.failed.append(_LARGE.format(place=document.file, size=size, limit=MANAGED_POLICY_LIMIT))
    attached = len(managed) + left
    if attached > attached_quota:
        found.failed.append(_MANY_ATTACHED.format(attached=attached, quota=attached_quota))
    if inline > inline_limit:
        found.failed.append(_LARGE_INLINE.format(size=inline, limit=inline_limit))
    for document in documents:
        file, sids = document.file, Counter(statement.sid for statement in document.policy.statements if statement.sid)
        repeated = ((sid, count) for sid, count in sids.items() if count > 1)
        found.failed += [_REPEATED_SID.format(place=file, sid=sid, count=count) for sid, count in repeated]
        wrong = (quote_input(sid) for sid in sids if not _SID.fullmatch(sid))
        found.failed += [_WRONG_SID.format(place=file, sid=sid) for sid in wrong]
    return found.check()
