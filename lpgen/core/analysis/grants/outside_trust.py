"""The outsiders that may assume a role, by its trust policy: principals outside one's own accounts.

Strangers are tried one by one: anyone, the accounts and organizations that the policy names, and the users whom a
public identity provider signs in. A stranger belongs to no organization and says any external ID.

Accounts are one's own as in an analyzer's zone of trust:
https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-findings.html
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from lpgen.core.choices import Severity
from lpgen.core.evidence import LogCoverage
from lpgen.core.findings import OutsideTrust
from lpgen.core.globs.match import fold_case
from lpgen.core.guards import Guards
from lpgen.core.iam.authorize import decide
from lpgen.core.iam.decision import PolicySet, Request, Result
from lpgen.core.iam.policy import policy_from_json
from lpgen.core.iam.principals import PrincipalForm, principal_from_text
from lpgen.core.model import Effect, Policy, Principal, Resource, ResourceKind, Statement
from lpgen.core.registry.row import IAM_GUIDE, Kind, Row
from lpgen.core.snapshots import SnapshotStamp

_ACCOUNT: Final = re.compile(r"(?<!\d)\d{12}(?!\d)", re.ASCII)
_ORGANIZATION: Final = re.compile(r"o-[a-z0-9]{10,32}", re.ASCII)
_NOBODYS: Final = "000000000000"
_ORGANIZATION_KEYS: Final = frozenset({"aws:principalorgid", "aws:principalorgpaths"})
_ACCOUNT_KEYS: Final = frozenset({"aws:principalaccount", "aws:principalarn"})
_EXTERNAL_ID: Final = "sts:ExternalId"

# Providers that sign in anybody, the claim that distinguishes their customers, and its value in a stranger's token.
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

_ALLOW_ALL: Final = policy_from_json(
    {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}, place="a stranger"
)


def _trust_item(*, who: str, limits: str, subject: str = "", **_: object) -> str:
    return " ".join(filter(None, ("outside-trust", subject, who, limits)))


class OutsideTrustKind(Kind):
    """The kind of finding that this module detects."""

    OUTSIDE_TRUST = Row(
        "outside-trust",
        "Somebody outside can assume a role.",
        parameters={"case": str, "who": str, "limits": str, "under": str},
        message={
            "everyone": "anyone in the world can assume it{under}",
            "account": "account {who} (no logs or policies given) can assume it{under}",
            "organization": "any account of the organization {who} can assume it{under}",
            "provider": "anyone whom {who} signs in can assume it{under}",
        },
        step="name the trusted principals in its trust policy, with external IDs for other companies, or accept this",
        item=_trust_item,
        help="The trust policy of the role lets in anyone, another account, another organization, or whoever signs in "
        "at a public identity provider. Accounts of the logs, policies, SCPs and snapshot are yours.",
        source=f"{IAM_GUIDE}/access-analyzer-findings.html",
        severity=Severity.CRITICAL,
        score="9.8",
    )


@dataclass(frozen=True, slots=True)
class _Stranger:
    """A stranger to try, and the known part of the request."""

    case: str
    who: str
    arn: str
    action: str
    context: Mapping[str, tuple[str, ...]]


def own_accounts(
    principals: Iterable[Principal], guards: Guards, snapshot: SnapshotStamp | None, coverage: LogCoverage | None = None
) -> frozenset[str]:
    """One's own accounts: those that the policies, the SCPs or RCPs, the snapshot, or the logs are of."""
    taken, read = snapshot.accounts if snapshot else (), coverage.accounts if coverage else ()
    known = (principals, guards.scps, guards.rcps, taken, read)
    return frozenset(one.account for some in known for one in some) - {""}


def outside_trust(
    principals: Iterable[Principal], own: Collection[str], organization: str = ""
) -> tuple[OutsideTrust, ...]:
    """The outsiders that the roles trust beyond the accounts `own`, worst first; `organization` is one's own or ""."""
    found = [
        trust for one in principals if one.trust is not None for trust in _of_role(one, one.trust, own, organization)
    ]
    order = tuple(Severity)
    return tuple(sorted(found, key=lambda one: (order.index(one.severity), one.principal, one.item)))


def _of_role(role: Principal, trust: Policy, own: Collection[str], organization: str) -> list[OutsideTrust]:
    found: dict[tuple[str, str], OutsideTrust] = {}
    for statement in trust.statements:
        if statement.effect is not Effect.ALLOW:
            continue
        for stranger in _strangers(statement, own, organization):
            limits = _limits(stranger, role, trust)
            if limits is None:
                continue
            severity = _severity(stranger, limits, organization)
            keys = ", ".join(limits)
            under = f", if the conditions on {keys} are met" if limits else ""
            parameters = {"case": stranger.case, "who": stranger.who, "limits": keys, "under": under}
            one = OutsideTrust(OutsideTrustKind.OUTSIDE_TRUST, parameters, principal=role.arn, severity=severity)
            found.setdefault((stranger.case, stranger.who), one)
    anyone = found.get(("everyone", "anyone"))
    return [anyone] if anyone is not None and not anyone.parameters["limits"] else list(found.values())


def _limits(stranger: _Stranger, role: Principal, trust: Policy) -> tuple[str, ...] | None:
    """The condition keys that still decide whether the stranger may assume the role; None where it may not."""
    policies = PolicySet(identity=(_ALLOW_ALL,), resource=trust)
    resource = Resource(ResourceKind.ARN, role.arn)
    for external_id in ({_EXTERNAL_ID: ("stranger",)}, {}):
        request = Request(
            stranger.arn, stranger.action, resource, {**stranger.context, **external_id}, resource_account=role.account
        )
        decision = decide(request, policies)
        if decision.result in (Result.ALLOWED, Result.DEPENDS):
            return decision.depends_on
    return None


def _severity(stranger: _Stranger, limits: Iterable[str], organization: str) -> Severity:
    folded = {fold_case(key) for key in limits}
    if stranger.case == "organization":
        return Severity.CRITICAL if organization else Severity.HIGH
    if stranger.case == "provider":
        return Severity.HIGH if {key for key in folded if not key.endswith(":aud")} else Severity.CRITICAL
    limited = stranger.case == "account" and fold_case(_EXTERNAL_ID) in folded
    return Severity.HIGH if limited else Severity.CRITICAL


# ---------------------------------------------------------------- principals to try


def _strangers(statement: Statement, own: Collection[str], organization: str) -> Iterator[_Stranger]:
    for kind, value in statement.principals or ():
        if kind == "Federated" and not statement.not_principal:
            yield from _of_provider(value, own)
        elif value == "*" or statement.not_principal:
            yield _of_account("everyone", _NOBODYS)
            for account in sorted(_named(statement, _ACCOUNT_KEYS, _ACCOUNT) - {*own}):
                yield _of_account("account", account)
            yield from _of_organizations(statement, _of_account("everyone", _NOBODYS), organization)
        elif kind == "AWS" and (named := principal_from_text(value)).account not in ("", *own):
            arn = "" if named.form is PrincipalForm.ROOT else value
            stranger = _of_account("account", named.account, arn)
            yield stranger
            yield from _of_organizations(statement, stranger, organization)


def _of_account(case: str, account: str, arn: str = "") -> _Stranger:
    arn = arn or f"arn:aws:iam::{account}:user/stranger"
    context = {
        "aws:PrincipalAccount": (account,),
        "aws:PrincipalArn": (arn,),
        "aws:PrincipalOrgID": (),
        "aws:PrincipalOrgPaths": (),
        "aws:PrincipalIsAWSService": ("false",),
        "aws:ViaAWSService": ("false",),
    }
    return _Stranger(case, "anyone" if case == "everyone" else account, arn, "sts:AssumeRole", context)


def _of_organizations(statement: Statement, stranger: _Stranger, organization: str) -> Iterator[_Stranger]:
    for one in sorted(_named(statement, _ORGANIZATION_KEYS, _ORGANIZATION) - {organization}):
        context = {key: values for key, values in stranger.context.items() if key != "aws:PrincipalOrgPaths"}
        yield replace(stranger, case="organization", who=one, context={**context, "aws:PrincipalOrgID": (one,)})


def _of_provider(value: str, own: Collection[str]) -> Iterator[_Stranger]:
    account = principal_from_text(value).account
    if account and account not in own:
        action = "sts:AssumeRoleWithSAML" if ":saml-provider/" in value else "sts:AssumeRoleWithWebIdentity"
        yield _Stranger("account", account, value, action, {})
        return
    host = value.rpartition(":oidc-provider/")[2]
    if host in _PROVIDERS:
        claim, said = _PROVIDERS[host]
        yield _Stranger("provider", host, value, "sts:AssumeRoleWithWebIdentity", {f"{host}:{claim}": (said,)})


def _named(statement: Statement, keys: Collection[str], pattern: re.Pattern[str]) -> set[str]:
    """The values that conditions on some keys name."""
    values = (value for one in statement.conditions if fold_case(one.key) in keys for value in one.values)
    return {name for value in values for name in pattern.findall(value)}
