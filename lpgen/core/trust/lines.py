"""The lines of a trust policy, one for each principal of an Allow statement, and the assumptions that each line allows.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import msgspec

from lpgen.core.arns import account_in_arn, is_account_id, split_arn
from lpgen.core.iam.conditions import conditions_match
from lpgen.core.iam.decision import NO, YES, Answer, Match, Request, all_of, maybe
from lpgen.core.iam.match_statement import action_matches
from lpgen.core.model import CallerKind, Effect, Policy, Principal, Resource, ResourceKind, Statement
from lpgen.core.usage.assumptions import Assumption

AWS: Final = "AWS"
SERVICE: Final = "Service"
FEDERATED: Final = "Federated"

ASSUME: Final = {
    AWS: "sts:AssumeRole",
    SERVICE: "sts:AssumeRole",
    "saml": "sts:AssumeRoleWithSAML",
    "web": "sts:AssumeRoleWithWebIdentity",
}
PODS: Final = "pods.eks.amazonaws.com"
POD_TAGS: Final = ("eks-cluster-arn", "kubernetes-namespace", "kubernetes-service-account")
"""The session tags that tell the pods of EKS Pod Identity apart, and stay the same for all pods of a service account.

https://docs.aws.amazon.com/eks/latest/userguide/pod-id-abac.html
"""

_UNIQUE_ID: Final = re.compile(r"A(?:ROA|IDA|GPA)[A-Z0-9]{12,124}")
_OIDC: Final = ":oidc-provider/"
_PEOPLE: Final = (
    CallerKind.ROLE,
    CallerKind.USER,
    CallerKind.ROOT,
    CallerKind.CROSS_ACCOUNT,
    CallerKind.CROSS_ACCOUNT_ID,
)


@dataclass(frozen=True, slots=True)
class TrustLine:
    """One principal of an Allow statement in a trust policy of this language version. `kind` is the type of the
    principal, and `value` is the principal, both as written."""

    statement: Statement
    kind: str
    value: str
    version: str

    @property
    def account(self) -> str:
        """The account of an AWS principal, or "" for anyone and for other types."""
        return (self.value if is_account_id(self.value) else account_in_arn(self.value)) if self.kind == AWS else ""

    @property
    def is_whole_account(self) -> bool:
        """Whether it names an account and so leaves the choice of principals to it."""
        return self.kind == AWS and (is_account_id(self.value) or self.value.endswith(":root"))

    @property
    def is_anyone(self) -> bool:
        """Whether it names everyone."""
        return self.kind == AWS and self.value == "*"

    @property
    def is_deleted(self) -> bool:
        """Whether it is the unique id that IAM shows in place of a deleted role or user.

        https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-roles
        """
        return self.kind == AWS and _UNIQUE_ID.fullmatch(self.value) is not None

    @property
    def is_web_identity(self) -> bool:
        """Whether it is an OpenID Connect provider, or one of the providers that need no ARN."""
        return self.kind == FEDERATED and ":saml-provider/" not in self.value

    @property
    def host(self) -> str:
        """The prefix of the condition keys of a web identity provider."""
        return self.value.rpartition(_OIDC)[2] if self.is_web_identity else ""

    @property
    def assumes(self) -> bool:
        """Whether its statement allows to assume the role, rather than only, for example, to tag the session."""
        return action_matches(self.statement, self.action.lower())

    @property
    def action(self) -> str:
        """The action that its principal needs to assume the role."""
        return ASSUME[self.kind if self.kind != FEDERATED else "web" if self.is_web_identity else "saml"]


def trust_lines(policy: Policy) -> tuple[TrustLine, ...]:
    """The lines of the Allow statements that list principals, in the order of the policy."""
    return tuple(
        TrustLine(statement, kind, value, policy.version)
        for statement in policy.statements
        if statement.effect is Effect.ALLOW and not statement.not_principal
        for kind, value in statement.principals or ()
        if kind in (AWS, SERVICE, FEDERATED)
    )


def deleted_principals(policy: Policy) -> tuple[str, ...]:
    """The unique ids that a policy's statements have in place of deleted principals."""
    named = (pair for statement in policy.statements for pair in statement.principals or ())
    return tuple(value for kind, value in named if kind == AWS and _UNIQUE_ID.fullmatch(value))


def pod_tags(assumption: Assumption) -> dict[str, str]:
    """The tags of the pod that a request of EKS Pod Identity is for, as far as its record shows them."""
    if assumption.service != PODS or not assumption.session_tags:
        return {}
    tags = msgspec.json.decode(assumption.session_tags, type=dict[str, str])
    return {tag: tags[tag] for tag in POD_TAGS if tag in tags}


def tag_key(tag: str) -> str:
    """The condition key of a session tag in a request."""
    return f"aws:RequestTag/{tag}"


def subject_key(host: str) -> str:
    """The condition key of a web identity's subject."""
    return f"{host}:sub"


def request_of(assumption: Assumption, role: Principal, action: str) -> Request:
    """The request that an assumption made for one of its actions, as far as its record shows it."""
    context: dict[str, tuple[str, ...]] = {}
    if assumption.shown_subject and assumption.provider:
        context[subject_key(assumption.provider.rpartition(_OIDC)[2])] = (assumption.subject,)
    if assumption.caller_kind in _PEOPLE:
        # The record of a denied request lacks its parameters.
        has_parameters = assumption.succeeded or bool(assumption.external_id)
        if has_parameters and assumption.shown_external_id == assumption.external_id:
            context["sts:ExternalId"] = (assumption.external_id,) if assumption.external_id else ()
        context |= {"aws:PrincipalAccount": (assumption.caller_account,)} if assumption.caller_account else {}
        context |= {"aws:PrincipalArn": (assumption.principal,)} if shows_caller(assumption) else {}
    if assumption.source_account:
        context["aws:SourceAccount"] = (assumption.source_account,)
    context |= {tag_key(tag): (value,) for tag, value in pod_tags(assumption).items()}
    resource = Resource(ResourceKind.ARN, role.arn)
    caller = assumption.principal or assumption.service or assumption.provider or assumption.caller_account
    return Request(caller, action, resource, context, resource_account=role.account)


def allows(line: TrustLine, assumption: Assumption, role: Principal, *, action: str = "") -> Match:
    """Whether a line allows the call of an assumption, or only the given action of the call. Another statement may
    allow its session tags and source identity."""
    named, action = names(line, assumption), action or line.action
    if named.answer is Answer.NO or not action_matches(line.statement, action.lower()):
        return NO
    return all_of((named, condition_match_of(line, request_of(assumption, role, action))))


def further_actions(assumption: Assumption) -> tuple[str, ...]:
    """The actions that an assumption needed besides the one that assumes the role.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_permissions-required
    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html
    """
    tags = ("sts:TagSession",) if assumption.session_tags else ()
    return (*tags, "sts:SetSourceIdentity") if assumption.source_identity else tags


def condition_match_of(line: TrustLine, request: Request) -> Match:
    """Whether a request meets the conditions of a line."""
    return conditions_match(line.statement.conditions, line.version, request) if line.statement.conditions else YES


def names(line: TrustLine, assumption: Assumption) -> Match:
    """Whether a line names the caller of an assumption. A caller that the record names only by its id may be any
    principal of its account."""
    if line.kind == SERVICE:
        called = assumption.caller_kind == CallerKind.SERVICE
        return _match(called and line.value.removesuffix(".cn") == assumption.service.removesuffix(".cn"))
    if line.kind == FEDERATED:
        return _match(line.value == assumption.provider)
    if line.is_anyone:
        return YES
    if assumption.caller_kind not in _PEOPLE:
        return NO
    if line.is_deleted:
        return _match(line.value == assumption.principal_id)
    if line.is_whole_account or line.account != assumption.caller_account:
        return _match(line.account == assumption.caller_account)
    if not assumption.principal:
        return maybe("aws:PrincipalArn")
    if line.value == assumption.principal or _is_session_of(line.value, assumption.principal):
        return YES
    return maybe("aws:PrincipalArn") if _is_session_of(assumption.principal, line.value) else NO


def _is_session_of(value: str, role: str) -> bool:
    """Whether a principal is a session of a role. The session's ARN shows the role without its path."""
    session, found = split_arn(value), split_arn(role)
    name = session.name.removeprefix("assumed-role/").partition("/")[0]
    return session.service == "sts" and session.account == found.account and name == found.name.rpartition("/")[2]


def shows_caller(assumption: Assumption) -> bool:
    """Whether the record shows the whole ARN of the caller. A switch in the console shows a role without its path."""
    return split_arn(assumption.principal).service == "iam"


def _match(holds: bool) -> Match:
    return YES if holds else NO


def lines_of_each(
    assumptions: Iterable[Assumption], lines: Iterable[TrustLine], role: Principal
) -> Iterator[tuple[Assumption, tuple[TrustLine, ...]]]:
    """Each assumption with the lines that allow it or may do so. Most assumptions differ only in the day."""
    known: dict[tuple[str, ...], tuple[TrustLine, ...]] = {}
    for assumption in assumptions:
        key = request_key(assumption)
        if key not in known:
            known[key] = lines_for(assumption, lines, role)
        yield assumption, known[key]


def request_key(assumption: Assumption) -> tuple[str, ...]:
    """What decides whether a trust policy allows an assumption."""
    seen = assumption
    caller = (seen.caller_kind, seen.principal, seen.principal_id, seen.caller_account, seen.service, seen.provider)
    tags = seen.session_tags if seen.service == PODS else ""
    return (*caller, seen.subject, seen.external_id, seen.source_account, tags, *further_actions(seen))


def lines_for(assumption: Assumption, lines: Iterable[TrustLine], role: Principal) -> tuple[TrustLine, ...]:
    """The lines that allow an assumption, or may do so."""
    return tuple(line for line in lines if allows(line, assumption, role).answer is not Answer.NO)
