"""The change of a role's trust policy in a rollout: when two policies say the same, and what the change means."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from lpgen.core.arns import account_in_arn
from lpgen.core.digests import digest_of_text
from lpgen.core.globs.match import pattern_contains
from lpgen.core.iam.policy import Meaning, meaning_of, policy_from_json
from lpgen.core.model import Policy
from lpgen.core.trust.conditions import demanded_values
from lpgen.core.trust.github_ids import other_format
from lpgen.core.trust.issuers import Issuer, issuer_of
from lpgen.core.trust.lines import subject_key, trust_lines
from lpgen.core.trust.undo import why_no_undo
from lpgen.errors import PolicyError

TRUST_POLICY: Final = "trust policy"
"""The name of the trust policy among a role's policies. No inline policy can have it, because of the space."""


@dataclass(frozen=True, slots=True)
class TrustChange:
    """A role's trust policy before, as compact JSON, and the text of the narrowed one.

    `nearest` is the policy, as compact JSON, that an undo puts in place if IAM wouldn't take the old one back, or "".
    """

    before: str
    after: str
    nearest: str = ""

    @property
    def nearest_sha256(self) -> str:
        """The digest of the nearest policy, or ""."""
        return digest_of_text(self.nearest) if self.nearest else ""

    @property
    def restored(self) -> str:
        """The policy that an undo puts in place."""
        return self.nearest or self.before

    @property
    def is_needed(self) -> bool:
        """Whether the policies differ in meaning."""
        return not same_trust(self.before, self.after)

    @property
    def policies(self) -> tuple[Policy, Policy]:
        """Both policies.

        Raises:
            PolicyError: one breaks IAM's grammar.
        """
        return policy_from_json(self.before, place=TRUST_POLICY), policy_from_json(self.after, place=TRUST_POLICY)


def same_trust(text: str, other: str) -> bool:
    """Whether two trust policies say the same.

    IAM doesn't keep their text: it writes account ids as ARNs of accounts, and changes the order of principals.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-accounts
    """
    if text == other:
        return True
    try:
        return _meaning(text) == _meaning(other)
    except PolicyError:
        return False


def _meaning(text: str) -> Meaning:
    policy = policy_from_json(text, place=TRUST_POLICY)
    named = [{(kind, _plain(name)) for kind, name in statement.principals or ()} for statement in policy.statements]
    statements = tuple(
        replace(statement, principals=tuple(sorted(principals)))
        for statement, principals in zip(policy.statements, named, strict=True)
    )
    return meaning_of(replace(policy, statements=statements))


def _plain(principal: str) -> str:
    """The principal, with the id of an account for its ARN."""
    account = account_in_arn(principal)
    return account if account and principal.endswith(f"::{account}:root") else principal


def added_subjects(old: Policy, new: Policy, ids: Mapping[str, tuple[str, str]] | None = None) -> dict[str, str]:
    """The subjects with GitHub's ids that only the new policy names, and the same subjects without ids, which the old
    policy must allow. With `ids`, only subjects with these ids."""
    known = {subject for _, subject in _subjects(old)}
    found = {}
    for issuer, subject in _subjects(new):
        plain = "" if any(pattern_contains(value, subject) for value in known) else other_format(issuer, subject, {})
        if plain and (ids is None or other_format(issuer, plain, ids) == subject):
            found[subject] = plain
    return found


def _subjects(policy: Policy) -> Iterator[tuple[Issuer, str]]:
    for line in trust_lines(policy):
        issuer = issuer_of(line.value) if line.is_web_identity else None
        if issuer is not None:
            values = demanded_values(line.statement.conditions, subject_key(line.host))
            yield from ((issuer, value) for value in values)


_ALSO: Final = "the narrowed trust policy also allows {subject}, which is GitHub's new form of {plain}"
_SESSIONS: Final = (
    "the narrowed trust policy ends no session, and a session lasts up to 12 hours. To end all sessions that began"
    " earlier, run after the rollout: aws iam put-role-policy --role-name {role}"
    " --policy-name AWSRevokeOlderSessions --policy-document '{document}'"
)


_NOT_BACK: Final = (
    "an undo doesn't restore the old trust policy, because {why}. It puts the nearest one that IAM accepts in place:"
    " {nearest}"
)
_LACKS: Final = "the trust policy lacks the old statement {statement}"
_HAS: Final = "the trust policy has the new statement {statement}"


def differences_after_undo(before: str, restored: str) -> Iterator[str]:
    """How the trust policy after an undo differs from the old one, in sentences."""
    old, new = (policy_from_json(text, place=TRUST_POLICY).statements for text in (before, restored))
    for says, own, other in ((_LACKS, old, new), (_HAS, new, old)):
        known = {statement.text for statement in other}
        yield from (says.format(statement=statement.text) for statement in own if statement.text not in known)


def notes_of_change(role: str, change: TrustChange) -> Iterator[str]:
    """What to know before a trust policy is narrowed."""
    if change.nearest:
        yield _NOT_BACK.format(why=why_no_undo(change.policies[0]), nearest=change.nearest)
    for subject, plain in sorted(added_subjects(*change.policies).items()):
        yield _ALSO.format(subject=subject, plain=plain)
    yield _SESSIONS.format(role=shlex.quote(role), document=_REVOCATION)


_REVOCATION: Final = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"DateLessThan":'
    """{"aws:TokenIssueTime":"'$(date -u +%Y-%m-%dT%H:%M:%SZ)'"}}}]}"""
)
"""The document that AWS's console attaches to revoke sessions, with the current time from a shell. The longest session
of a role is 12 hours.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_revoke-sessions.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_update-role-settings.html
"""
