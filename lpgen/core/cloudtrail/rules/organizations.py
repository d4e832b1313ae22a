"""Organizations and account management: ids become ARNs whose organization and management account no request names.

The account in these ARNs is the organization's management account, whichever account calls: the examples of policies
for delegated administrators at
https://docs.aws.amazon.com/organizations/latest/userguide/security_iam_resource-based-policy-examples.html and
https://docs.aws.amazon.com/accounts/latest/reference/security_account-permissions-ref.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsorganizations.html and
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_permissions_iam-policies.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lpgen.core.arns import is_account_id
from lpgen.core.cloudtrail.rules.call import Call, RuleTable
from lpgen.core.cloudtrail.rules.inferences import TAG_ON_CREATE
from lpgen.core.cloudtrail.rules.listed import ReaderType
from lpgen.core.cloudtrail.rules.types import ReaderTable, ResourceType, mapped, resource_from_arn
from lpgen.core.globs.match import has_wildcard
from lpgen.core.model import MappedAction, Resource

_SOURCE = "organizations.amazonaws.com"

_SHAPES = {
    "account": "account/o-*/{}",
    "organizationalunit": "ou/o-*/{}",
    "policy": "policy/o-*/*/{}",
    "root": "root/o-*/{}",
    "handshake": "handshake/o-*/*/{}",
    "responsibilitytransfer": "transfer/o-*/*/*/{}",
    "resourcepolicy": "resourcepolicy/o-*/{}",
}
_KIND_BY_PREFIX = {
    "ou-": "organizationalunit",
    "r-": "root",
    "p-": "policy",
    "h-": "handshake",
    "rp-": "resourcepolicy",
}
_OWNED_BY_AWS = "FullAWSAccess"


@dataclass(frozen=True, slots=True)
class _EntityType:
    """Entities of some kinds, distinguished by the start of their ids; an account's id is twelve digits.

    https://docs.aws.amazon.com/organizations/latest/APIReference/API_Target.html
    """

    kinds: frozenset[str]
    paths: str

    def read(self, call: Call, paths: str) -> tuple[Resource, ...]:
        """The entities of these kinds whose ids are at the paths."""
        return tuple(
            _entity_resource(call, kind, text)
            for path in (paths or self.paths).split("|")
            for text in call.texts(*path.split("."))
            if (kind := _kind_of_id(text)) in self.kinds and not has_wildcard(text)
        )

    def pattern(self, call: Call) -> Resource:
        """The pattern of all entities of the first of the kinds."""
        return _resource(call, _SHAPES[min(self.kinds)].format("*"))


def _resource(call: Call, text: str) -> Resource:
    """The resource with this name in the caller's organization."""
    return resource_from_arn(call.of_any_account().arn("organizations", text, region=False))


def _entity_resource(call: Call, kind: str, text: str) -> Resource:
    """The entity with an id; AWS's own, such as `p-FullAWSAccess`, belong to no organization.

    https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListPolicies.html
    """
    if text.endswith(_OWNED_BY_AWS):
        return resource_from_arn(f"arn:{call.partition}:organizations::aws:policy/*/{text}")
    return _resource(call, _SHAPES[kind].format(text))


def _kind_of_id(text: str) -> str:
    if is_account_id(text):
        return "account"
    return next((kind for prefix, kind in _KIND_BY_PREFIX.items() if text.startswith(prefix)), "")


def _entity(kinds: Iterable[str], paths: str) -> _EntityType:
    return _EntityType(frozenset(kinds), paths)


_TYPES: dict[str, ResourceType] = {
    "account": _entity(("account",), "accountId"),
    "handshake": _entity(("handshake",), "handshakeId"),
    "parent": _entity(("organizationalunit", "root"), "parentId"),
    "policy": _entity(("policy",), "policyId"),
    "resource-policy": _entity(("resourcepolicy",), "resourcePolicyId"),
    "root": _entity(("root",), "rootId"),
    "target": _entity(("account", "organizationalunit", "root"), "targetId|childId"),
    "tagged": _entity(_SHAPES, "resourceId"),
    "transfer": _entity(("responsibilitytransfer",), "id"),
    "unit": _entity(("organizationalunit",), "organizationalUnitId"),
}


def _map_policy_creation(call: Call) -> tuple[MappedAction, ...]:
    """CreatePolicy: the policy's type, in lower case, is part of its ARN."""
    kind = call.text("type").lower()
    text = f"policy/o-*/{kind if kind and not has_wildcard(kind) else '*'}/p-*"
    created = (_resource(call, text),)
    action = mapped("organizations:CreatePolicy", created)
    if not call.has("tags"):
        return (action,)
    return (action, mapped("organizations:TagResource", created, how=TAG_ON_CREATE))


def _read_account(call: Call) -> Iterator[Resource]:
    """The caller's own account, or the member account that the call names."""
    member = call.text("accountId")
    if is_account_id(member):
        yield resource_from_arn(call.of_any_account().arn("account", f"account/o-*/{member}", region=False))
    else:
        yield resource_from_arn(call.arn("account", "account", region=False))


RULES: RuleTable = {(_SOURCE, "CreatePolicy"): _map_policy_creation}

READERS: ReaderTable = {_SOURCE: _TYPES, "account.amazonaws.com": {"account": ReaderType(_read_account)}}
