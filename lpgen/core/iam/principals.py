"""The principal that makes a request, and how `Principal` and `NotPrincipal` elements name it.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from lpgen.core.arns import account_in_arn, is_account_id
from lpgen.core.model import Effect, Statement

ANONYMOUS = "anonymous"
"""The name for the caller of an unsigned request."""


class PrincipalForm(StrEnum):
    """The kind of principal that makes a request."""

    USER = "user"
    ROLE = "role"  # a role itself; callers use it through a session
    ROLE_SESSION = "role session"
    FEDERATED_SESSION = "federated user session"  # of sts:GetFederationToken
    ROOT = "root user"
    SERVICE = "service or provider"  # a service principal, or an identity provider without an ARN
    PROVIDER = "identity provider"
    ANONYMOUS = "anonymous"
    OTHER = "other"


_WITHOUT_IDENTITY = frozenset((PrincipalForm.SERVICE, PrincipalForm.PROVIDER, PrincipalForm.ANONYMOUS))


@dataclass(frozen=True, slots=True)
class RequestPrincipal:
    """A parsed principal. `account`, and `name` of a role or user, are "" if there is none."""

    text: str
    form: PrincipalForm
    account: str = ""
    name: str = ""
    service_linked: bool = False

    @property
    def has_identity_policies(self) -> bool:
        """Whether identity policies, a boundary, a session policy and SCPs can apply to it."""
        return self.form not in _WITHOUT_IDENTITY


_ROOT = re.compile(r"arn:[a-z0-9-]+:iam::([0-9]{12}):root")
_ARN = re.compile(r"arn:[a-z0-9-]+:(iam|sts)::([0-9]{12}):([a-z-]+)/(.+)", re.DOTALL)
_FORMS = {
    ("iam", "user"): PrincipalForm.USER,
    ("iam", "role"): PrincipalForm.ROLE,
    ("iam", "saml-provider"): PrincipalForm.PROVIDER,
    ("iam", "oidc-provider"): PrincipalForm.PROVIDER,
    ("sts", "assumed-role"): PrincipalForm.ROLE_SESSION,
    ("sts", "federated-user"): PrincipalForm.FEDERATED_SESSION,
}
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create-service-linked-role.html: AWS reserves the path and
# the start of the name. A session's ARN shows only the name.
_SERVICE_LINKED_PATH = "aws-service-role/"
_SERVICE_LINKED_NAME = "AWSServiceRoleFor"


@lru_cache(maxsize=4096)
def principal_from_text(text: str) -> RequestPrincipal:
    """The principal with this ARN, account id, name of a service or provider, or `anonymous`."""
    if text == ANONYMOUS:
        return RequestPrincipal(text, PrincipalForm.ANONYMOUS)
    if is_account_id(text):
        return RequestPrincipal(text, PrincipalForm.ROOT, text)
    if not text.startswith("arn:"):
        return RequestPrincipal(text, PrincipalForm.SERVICE)
    if root := _ROOT.fullmatch(text):
        return RequestPrincipal(text, PrincipalForm.ROOT, root[1])
    found = _ARN.fullmatch(text)
    form = _FORMS.get((found[1], found[3])) if found else None
    if found is None or form is None:
        return RequestPrincipal(text, PrincipalForm.OTHER, account_in_arn(text))
    if form is PrincipalForm.ROLE:
        linked = found[4].startswith(_SERVICE_LINKED_PATH)
        return RequestPrincipal(text, form, found[2], found[4].rpartition("/")[2], linked)
    if form is PrincipalForm.ROLE_SESSION:
        role = found[4].partition("/")[0]
        return RequestPrincipal(text, form, found[2], role, role.startswith(_SERVICE_LINKED_NAME))
    return RequestPrincipal(text, form, found[2], found[4].rpartition("/")[2])


# ---------------------------------------------------------------- elements


class Naming(StrEnum):
    """How an element names a principal. This decides what the element grants and what limits the grant."""

    NONE = "not named"
    ACCOUNT = "by its account"
    ROLE = "by the role or user behind the session"
    DIRECT = "itself"


_RANK = {Naming.NONE: 0, Naming.ACCOUNT: 1, Naming.ROLE: 2, Naming.DIRECT: 3}
_OTHER_KINDS = frozenset(("Service", "Federated", "CanonicalUser"))


def naming_of(statement: Statement, principal: RequestPrincipal, *, bounded: bool) -> Naming:
    """How a statement of a resource policy names the principal, in `Principal` or by not listing it in `NotPrincipal`.

    A statement without either element names no principal. `bounded`: the principal has a permissions boundary. Then a
    Deny with `NotPrincipal` always applies to it.
    """
    if statement.principals is None:
        return Naming.NONE
    if not statement.not_principal:
        named = (_entry_naming(entry, principal) for entry in statement.principals)
        return max(named, key=_RANK.__getitem__, default=Naming.NONE)
    if bounded and statement.effect is Effect.DENY and principal.has_identity_policies:
        return Naming.DIRECT
    return Naming.NONE if _is_excepted(statement.principals, principal) else Naming.DIRECT


def _is_excepted(entries: Iterable[tuple[str, str]], principal: RequestPrincipal) -> bool:
    """Whether `NotPrincipal` lists the principal.

    An entry for its account also excludes it, unless the element lists principals of that account: AWS requires listing
    the account with them, so then the entry isn't meant for other principals.
    """
    named = {_entry_naming(entry, principal) for entry in entries}
    if named & {Naming.DIRECT, Naming.ROLE}:
        return True
    return Naming.ACCOUNT in named and not any(
        account_in_arn(value) == principal.account and not _ROOT.fullmatch(value) for _, value in entries
    )


def _entry_naming(entry: tuple[str, str], principal: RequestPrincipal) -> Naming:
    kind, value = entry
    if kind in _OTHER_KINDS:
        return Naming.DIRECT if value == principal.text and not principal.has_identity_policies else Naming.NONE
    if value == "*":
        return Naming.DIRECT
    if not principal.has_identity_policies:
        return Naming.NONE
    if value == principal.text and principal.form is not PrincipalForm.ROOT:
        # A request by a role is made in a session. The role's ARN names the session only by its role.
        return Naming.ROLE if principal.form is PrincipalForm.ROLE else Naming.DIRECT
    return _indirect_naming(value, principal)


def _indirect_naming(value: str, principal: RequestPrincipal) -> Naming:
    other = principal_from_text(value)
    if other.account != principal.account or not other.account:
        return Naming.NONE
    if other.form is PrincipalForm.ROOT:
        return Naming.ACCOUNT
    # Names are unique in an account, regardless of the path. A federated session doesn't show its user, so the user
    # with its name is assumed, as is usual.
    behind = _BEHIND_SESSIONS.get(principal.form) is other.form and other.name == principal.name
    return Naming.ROLE if behind else Naming.NONE


_BEHIND_SESSIONS = {
    PrincipalForm.ROLE_SESSION: PrincipalForm.ROLE,
    PrincipalForm.FEDERATED_SESSION: PrincipalForm.USER,
}
