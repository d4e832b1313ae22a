"""Trust policies: the principals that may assume a role, and the outsiders among them.

lpgen tests unknown principals: anyone, the accounts and organizations in the policy, and users of a public identity
provider. An unknown principal belongs to no organization and gives any external ID.

Your own accounts are defined as in the zone of trust of IAM Access Analyzer:
https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-findings.html
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from lpgen.core.arns import account_in_arn, is_account_id
from lpgen.core.choices import Severity
from lpgen.core.evidence import LogCoverage
from lpgen.core.findings import OutsideTrust
from lpgen.core.globs.match import fold_case
from lpgen.core.guards import Guards
from lpgen.core.iam.authorize import decide
from lpgen.core.iam.decision import PolicySet, Request, Result
from lpgen.core.iam.match_statement import action_matches
from lpgen.core.iam.policy import policy_from_json
from lpgen.core.iam.principals import PrincipalForm, principal_from_text
from lpgen.core.model import Effect, Principal, PrincipalKind, Resource, ResourceKind, Statement
from lpgen.core.registry.row import IAM_GUIDE, Kind, Row
from lpgen.core.snapshots import SnapshotStamp

_ASSUME_ROLE: Final = "sts:assumerole"
_SIGN_INS: Final = {"AWS": _ASSUME_ROLE, "Federated": "sts:assumerolewithsaml"}
_OF_PROGRAMS: Final = (":role/", ":assumed-role/", ":oidc-provider/")
_OF_PEOPLE: Final = "/AWSReservedSSO_"


def trusted_services(principal: Principal) -> frozenset[str]:
    """The services that a role's trust policy names, without the `.cn` that some have in China."""
    return frozenset(name.removesuffix(".cn") for name in _trusted_to_assume(principal, "Service"))


def trusted_accounts(principal: Principal) -> frozenset[str]:
    """The accounts that a role's trust policy names, by themselves or in ARNs."""
    names = _trusted_to_assume(principal, "AWS")
    return frozenset(name if is_account_id(name) else account_in_arn(name) for name in names) - {""}


def trusted_kinds(principal: Principal) -> frozenset[str]:
    """The kinds of principals that may assume a role: services by name, web identity providers by the first labels of
    their host, SAML, and AWS for others. A user has its own kind."""
    if principal.kind is PrincipalKind.USER:
        return frozenset({"user"})
    pairs = {pair for statement in trust_allows(principal) for pair in statement.principals or ()}
    return frozenset(name if kind == "Service" else _kind_of_provider(kind, name) for kind, name in pairs)


def _kind_of_provider(kind: str, name: str) -> str:
    is_web = kind == "Federated" and ":saml-provider/" not in name
    return ".".join(name.rpartition(":oidc-provider/")[2].split(".")[:2]) if is_web else kind


def _trusted_to_assume(principal: Principal, kind: str) -> Iterator[str]:
    """The principals of a kind that may assume a role."""
    for statement in trust_allows(principal):
        if action_matches(statement, _ASSUME_ROLE):
            yield from (name for found, name in statement.principals or () if found == kind)


def trust_allows(principal: Principal) -> Iterator[Statement]:
    """The Allow statements of a role's trust policy."""
    statements = principal.trust.statements if principal.trust else ()
    return (statement for statement in statements if statement.effect is Effect.ALLOW)


def may_be_people(principal: Principal) -> bool:
    """Whether people may use a principal in the console: a user, or a role that users, other roles or an organization's
    sign-in may assume without an external ID, which the console can't give.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_switch-role-console.html
    """
    return principal.kind is PrincipalKind.USER or any(
        kind in _SIGN_INS and action_matches(statement, _SIGN_INS[kind])
        for statement in trust_allows(principal)
        if all(fold_case(condition.key) != fold_case(EXTERNAL_ID) for condition in statement.conditions)
        for kind, _ in statement.principals or ()
    )


def only_trusted_service(principal: Principal) -> str:
    """The service that is the only principal in a role's trust policy, or ""."""
    found: set[tuple[str, str]] = set()
    for statement in trust_allows(principal):
        if statement.not_principal:
            return ""
        found.update(statement.principals or ())
    kind, name = found.pop() if len(found) == 1 else ("", "")
    return name.removesuffix(".cn") if kind == "Service" else ""


def is_assumed_by_people(principal: Principal) -> bool:
    """Whether a role's trust policy names accounts, users or people of a company's identity provider, and no service.

    Programs use a role or a web identity provider.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
    """
    trusted = [pair for statement in trust_allows(principal) for pair in statement.principals or ()]
    if any(kind == "Service" for kind, _ in trusted):
        return False
    return any(_OF_PEOPLE in name or not any(part in name for part in _OF_PROGRAMS) for _, name in trusted)


# ---------------------------------------------------------------- outsiders


_ACCOUNT: Final = re.compile(r"(?<!\d)\d{12}(?!\d)", re.ASCII)
_ORGANIZATION: Final = re.compile(r"o-[a-z0-9]{10,32}", re.ASCII)
NOBODYS: Final = "000000000000"
_ORGANIZATION_KEYS: Final = frozenset({"aws:principalorgid", "aws:principalorgpaths"})
_ACCOUNT_KEYS: Final = frozenset({"aws:principalaccount", "aws:principalarn"})
EXTERNAL_ID: Final = "sts:ExternalId"

# Providers that sign in anyone, the claim that distinguishes their customers, and its value in an unknown user's token.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-wif
# https://docs.aws.amazon.com/cognito/latest/developerguide/role-trust-and-permissions.html
# https://docs.github.com/en/actions/how-tos/secure-your-work/security-harden-deployments/oidc-in-aws
# https://docs.gitlab.com/ci/cloud_services/aws/
# https://developer.hashicorp.com/terraform/cloud-docs/workspaces/dynamic-provider-credentials/aws-configuration
# https://buildkite.com/docs/pipelines/security/oidc/aws
_PROVIDERS: Final = {
    "accounts.google.com": ("aud", "stranger"),
    "cognito-identity.amazonaws.com": ("aud", "us-east-1:00000000-0000-0000-0000-000000000000"),
    "graph.facebook.com": ("app_id", "stranger"),
    "www.amazon.com": ("app_id", "stranger"),
    "token.actions.githubusercontent.com": ("sub", "repo:stranger/stranger:ref:refs/heads/main"),
    "gitlab.com": ("sub", "project_path:stranger/stranger:ref_type:branch:ref:main"),
    "app.terraform.io": ("sub", "organization:stranger:project:stranger:workspace:stranger:run_phase:apply"),
    "agent.buildkite.com": ("sub", "organization:stranger:pipeline:stranger:ref:refs/heads/main:commit:0:step:"),
}

ALLOW_ALL: Final = policy_from_json(
    {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}, place="a stranger"
)


@dataclass(frozen=True, slots=True)
class UnknownPrincipal:
    """An unknown principal to test, and the known part of its request."""

    case: str
    who: str
    arn: str
    action: str
    context: Mapping[str, tuple[str, ...]]


def own_accounts(
    principals: Iterable[Principal], guards: Guards, snapshot: SnapshotStamp | None, coverage: LogCoverage | None = None
) -> frozenset[str]:
    """Your own accounts: the accounts of the policies, the SCPs or RCPs, the snapshot, and the logs."""
    taken, read = snapshot.accounts if snapshot else (), coverage.accounts if coverage else ()
    known = (principals, guards.scps, guards.rcps, taken, read)
    return frozenset(source.account for sources in known for source in sources) - {""}


def _trust_item(*, who: str, limits: str, subject: str = "", **_: object) -> str:
    return " ".join(filter(None, ("outside-trust", subject, who, limits)))


class OutsideTrustKind(Kind):
    """The kind of finding that this module detects."""

    OUTSIDE_TRUST = Row(
        "outside-trust",
        "Someone outside your accounts can assume a role.",
        parameters={"case": str, "who": str, "limits": str, "under": str},
        message={
            "everyone": "anyone in the world can assume it{under}",
            "account": "account {who} (no logs or policies given) can assume it{under}",
            "organization": "any account of the organization {who} can assume it{under}",
            "provider": "any user of {who} can assume it{under}",
        },
        step="name the trusted principals in its trust policy, with external IDs for other companies, or accept this",
        item=_trust_item,
        help="The trust policy of the role allows anyone, another account, another organization, or any user of a "
        "public identity provider. Accounts of the logs, policies, SCPs and snapshot are yours.",
        source=f"{IAM_GUIDE}/access-analyzer-findings.html",
        severity=Severity.CRITICAL,
        score="9.8",
    )


_UNDER: Final = ", if the conditions on {keys} are met"


def outside_trust(
    principals: Iterable[Principal], own: Collection[str], organization: str = ""
) -> tuple[OutsideTrust, ...]:
    """The outsiders that the roles trust beyond the accounts `own`, worst first. `organization` is yours, or ""."""
    found = [trust for principal in principals for trust in _of_role(principal, own, organization)]
    order = tuple(Severity)
    return tuple(sorted(found, key=lambda trust: (order.index(trust.severity), trust.principal, trust.item)))


def _of_role(role: Principal, own: Collection[str], organization: str) -> list[OutsideTrust]:
    found: dict[tuple[str, str], OutsideTrust] = {}
    for statement in trust_allows(role):
        for unknown in unknown_principals(statement, own, organization):
            limits = _limits(unknown, role)
            if limits is None:
                continue
            severity = _severity(unknown, limits, organization)
            keys = ", ".join(limits)
            under = _UNDER.format(keys=keys) if limits else ""
            parameters = {"case": unknown.case, "who": unknown.who, "limits": keys, "under": under}
            trust = OutsideTrust(OutsideTrustKind.OUTSIDE_TRUST, parameters, principal=role.arn, severity=severity)
            found.setdefault((unknown.case, unknown.who), trust)
    anyone = found.get(("everyone", "anyone"))
    return [anyone] if anyone is not None and not anyone.parameters["limits"] else list(found.values())


def _limits(unknown: UnknownPrincipal, role: Principal) -> tuple[str, ...] | None:
    """The condition keys that still decide whether the principal may assume the role; None if it may not."""
    for external_id in ({EXTERNAL_ID: ("stranger",)}, {}):
        limits = open_conditions(role, unknown.arn, unknown.action, {**unknown.context, **external_id})
        if limits is not None:
            return limits
    return None


def open_conditions(
    role: Principal, who: str, action: str, context: Mapping[str, tuple[str, ...]]
) -> tuple[str, ...] | None:
    """The condition keys that still decide whether an outsider with every permission of its own may assume a role; None
    if it may not."""
    resource = Resource(ResourceKind.ARN, role.arn)
    request = Request(who, action, resource, context, resource_account=role.account)
    decision = decide(request, PolicySet(identity=(ALLOW_ALL,), resource=role.trust))
    return decision.depends_on if decision.result in (Result.ALLOWED, Result.DEPENDS) else None


def _severity(unknown: UnknownPrincipal, limits: Iterable[str], organization: str) -> Severity:
    folded = {fold_case(key) for key in limits}
    if unknown.case == "organization":
        return Severity.CRITICAL if organization else Severity.HIGH
    if unknown.case == "provider":
        return Severity.HIGH if {key for key in folded if not key.endswith(":aud")} else Severity.CRITICAL
    limited = unknown.case == "account" and fold_case(EXTERNAL_ID) in folded
    return Severity.HIGH if limited else Severity.CRITICAL


# ---------------------------------------------------------------- principals to test


def unknown_principals(statement: Statement, own: Collection[str], organization: str) -> Iterator[UnknownPrincipal]:
    """The unknown principals to test for a statement. `own` are your accounts, and `organization` is yours, or ""."""
    for kind, value in statement.principals or ():
        if kind == "Federated" and not statement.not_principal:
            yield from _of_provider(value, own)
        elif value == "*" or statement.not_principal:
            yield _of_account("everyone", NOBODYS)
            for account in sorted(_named(statement, _ACCOUNT_KEYS, _ACCOUNT) - {*own}):
                yield _of_account("account", account)
            yield from _of_organizations(statement, _of_account("everyone", NOBODYS), organization)
        elif kind == "AWS" and (named := principal_from_text(value)).account not in ("", *own):
            arn = "" if named.form is PrincipalForm.ROOT else value
            unknown = _of_account("account", named.account, arn)
            yield unknown
            yield from _of_organizations(statement, unknown, organization)


def _of_account(case: str, account: str, arn: str = "") -> UnknownPrincipal:
    arn = arn or f"arn:aws:iam::{account}:user/stranger"
    context = {
        "aws:PrincipalAccount": (account,),
        "aws:PrincipalArn": (arn,),
        "aws:PrincipalOrgID": (),
        "aws:PrincipalOrgPaths": (),
        "aws:PrincipalIsAWSService": ("false",),
        "aws:ViaAWSService": ("false",),
    }
    return UnknownPrincipal(case, "anyone" if case == "everyone" else account, arn, "sts:AssumeRole", context)


def _of_organizations(statement: Statement, unknown: UnknownPrincipal, organization: str) -> Iterator[UnknownPrincipal]:
    for other in sorted(_named(statement, _ORGANIZATION_KEYS, _ORGANIZATION) - {organization}):
        context = {key: values for key, values in unknown.context.items() if key != "aws:PrincipalOrgPaths"}
        yield replace(unknown, case="organization", who=other, context={**context, "aws:PrincipalOrgID": (other,)})


def _of_provider(value: str, own: Collection[str]) -> Iterator[UnknownPrincipal]:
    account = principal_from_text(value).account
    if account and account not in own:
        action = "sts:AssumeRoleWithSAML" if ":saml-provider/" in value else "sts:AssumeRoleWithWebIdentity"
        yield UnknownPrincipal("account", account, value, action, {})
        return
    host = value.rpartition(":oidc-provider/")[2]
    if host in _PROVIDERS:
        claim, said = _PROVIDERS[host]
        yield UnknownPrincipal("provider", host, value, "sts:AssumeRoleWithWebIdentity", {f"{host}:{claim}": (said,)})


def _named(statement: Statement, keys: Collection[str], pattern: re.Pattern[str]) -> set[str]:
    """The values that conditions on some keys name."""
    values = (
        value for condition in statement.conditions if fold_case(condition.key) in keys for value in condition.values
    )
    return {name for value in values for name in pattern.findall(value)}
