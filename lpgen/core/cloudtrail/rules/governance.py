"""CloudFormation, Config, Organizations and Data Exports."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lpgen.core.arns import is_account_id
from lpgen.core.cloudtrail.rules.call import Call, CompletionTable, RuleTable, values_at
from lpgen.core.cloudtrail.rules.inferences import LIST_ALL, TEMPLATE_SOURCE
from lpgen.core.cloudtrail.rules.resources import exact, exact_or_any, mapped, resource_from_arn, tag_new
from lpgen.core.cloudtrail.rules.ssm import document_arn
from lpgen.core.cloudtrail.rules.types import NamedType, ReaderTable, ReaderType, ResourceType, read_resources
from lpgen.core.globs.match import has_wildcard
from lpgen.core.model import NO_RESOURCE, MappedAction, Resource

# ---------------------------------------------------------------- CloudFormation

# Stacks by name. Their ARN also has an id. Without a service role, CloudFormation uses the caller's session, and its
# calls have their own records.
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_cloudformation.html and
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-iam-servicerole.html

_CLOUDFORMATION = "cloudformation.amazonaws.com"


@dataclass(frozen=True, slots=True)
class _StackSetType:
    """Stack sets by name. Stack sets of a delegated administrator belong to the management account.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStackSet.html
    """

    named: NamedType

    def read(self, call: Call, paths: str) -> tuple[Resource, ...]:
        """The stack sets that the request names."""
        return self.named.read(_as_owner(call), paths)

    def pattern(self, call: Call) -> Resource:
        """The pattern of all stack sets."""
        return self.named.pattern(_as_owner(call))


def _as_owner(call: Call) -> Call:
    """The call, for any account if it is by a delegated administrator: the record doesn't show the owner of the stack
    sets."""
    return call.of_any_account() if call.text("callAs") == "DELEGATED_ADMIN" else call


_STACK_TYPES: dict[str, ResourceType] = {
    "stack": NamedType("cloudformation", "stack/{}/*", "stackName"),
    "stackset": _StackSetType(NamedType("cloudformation", "stackset/{}:*", "stackSetName")),
}


def _map_stack_description(call: Call) -> tuple[MappedAction, ...]:
    """DescribeStacks. Without a stack name it describes all stacks and also needs the list action.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStacks.html
    """
    described = mapped("cloudformation:DescribeStacks", read_resources(call, _STACK_TYPES, ("stack",)))
    if call.has("stackName"):
        return (described,)
    return (described, mapped("cloudformation:ListStacks", (NO_RESOURCE,), how=LIST_ALL))


# ---------------------------------------------------------------- Config

# The template of a conformance pack.
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsconfig.html

_CONFIG = "config.amazonaws.com"


def _complete_pack(call: Call, actions: tuple[MappedAction, ...]) -> tuple[MappedAction, ...]:
    """A conformance pack, with the action that reads its template from Systems Manager.

    https://docs.aws.amazon.com/config/latest/APIReference/API_PutConformancePack.html
    """
    document = call.text("templateSSMDocumentDetails", "documentName")
    if not document:
        return actions
    arn = document_arn(call, document)
    return (*actions, mapped("ssm:GetDocument", (exact(arn),) if arn else (), how=TEMPLATE_SOURCE))


# ---------------------------------------------------------------- Organizations

# ARNs from ids. Requests name neither the organization nor the management account. The account in these ARNs is always
# the management account. See the policy examples for delegated administrators at
# https://docs.aws.amazon.com/organizations/latest/userguide/security_iam_resource-based-policy-examples.html and
# https://docs.aws.amazon.com/accounts/latest/reference/security_account-permissions-ref.html
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsorganizations.html and
# https://docs.aws.amazon.com/organizations/latest/userguide/orgs_permissions_iam-policies.html

_ORGANIZATIONS = "organizations.amazonaws.com"

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


@dataclass(frozen=True, slots=True)
class _EntityType:
    """Entities of some kinds. The start of an id shows the kind; an account's id has twelve digits.

    https://docs.aws.amazon.com/organizations/latest/APIReference/API_Target.html
    """

    kinds: tuple[str, ...]
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
    """The entity with an id. AWS's own entities, such as `p-FullAWSAccess`, don't belong to an organization.

    https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListPolicies.html
    """
    if text.endswith("FullAWSAccess"):
        return resource_from_arn(f"arn:{call.partition}:organizations::aws:policy/*/{text}")
    return _resource(call, _SHAPES[kind].format(text))


def _kind_of_id(text: str) -> str:
    if is_account_id(text):
        return "account"
    return next((kind for prefix, kind in _KIND_BY_PREFIX.items() if text.startswith(prefix)), "")


_ORGANIZATION_TYPES: dict[str, ResourceType] = {
    "account": _EntityType(("account",), "accountId"),
    "handshake": _EntityType(("handshake",), "handshakeId"),
    "parent": _EntityType(("organizationalunit", "root"), "parentId"),
    "policy": _EntityType(("policy",), "policyId"),
    "resource-policy": _EntityType(("resourcepolicy",), "resourcePolicyId"),
    "root": _EntityType(("root",), "rootId"),
    "target": _EntityType(("account", "organizationalunit", "root"), "targetId|childId"),
    "tagged": _EntityType(tuple(_SHAPES), "resourceId"),
    "transfer": _EntityType(("responsibilitytransfer",), "id"),
    "unit": _EntityType(("organizationalunit",), "organizationalUnitId"),
}


def _map_policy_creation(call: Call) -> tuple[MappedAction, ...]:
    """CreatePolicy. The policy's type, in lower case, is part of its ARN."""
    kind = call.text("type").lower()
    text = f"policy/o-*/{kind if kind and not has_wildcard(kind) else '*'}/p-*"
    created = (_resource(call, text),)
    return (
        mapped("organizations:CreatePolicy", created),
        *tag_new(call, "organizations:TagResource", created),
    )


def _read_account(call: Call) -> Iterator[Resource]:
    """The caller's own account, or the member account that the call names."""
    member = call.text("accountId")
    if is_account_id(member):
        yield resource_from_arn(call.of_any_account().arn("account", f"account/o-*/{member}", region=False))
    else:
        yield resource_from_arn(call.arn("account", "account", region=False))


# ---------------------------------------------------------------- Data Exports

# Changing an export is also authorized on the tables that it queries.
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsbillingandcostmanagementdataexports.html


def _read_tables(call: Call) -> Iterator[Resource]:
    """The tables that an export queries: the keys of its table settings.

    https://docs.aws.amazon.com/cur/latest/userguide/bcm-data-exports-access.html
    """
    for settings in values_at(call.request, ("export", "dataQuery", "tableConfigurations")):
        for name in settings if isinstance(settings, dict) else ():
            yield exact_or_any(call.arn("bcm-data-exports", "table/"), str(name))


RULES: RuleTable = {
    (_CLOUDFORMATION, "DescribeStacks"): _map_stack_description,
    (_ORGANIZATIONS, "CreatePolicy"): _map_policy_creation,
}

COMPLETIONS: CompletionTable = {
    (_CONFIG, "PutConformancePack"): _complete_pack,
    (_CONFIG, "PutOrganizationConformancePack"): _complete_pack,
}

READERS: ReaderTable = {
    _CLOUDFORMATION: _STACK_TYPES,
    _ORGANIZATIONS: _ORGANIZATION_TYPES,
    "account.amazonaws.com": {"account": ReaderType(_read_account)},
    "bcm-data-exports.amazonaws.com": {"table": ReaderType(_read_tables)},
}
