"""API Gateway and AppSync."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from lpgen.core.cloudtrail.rules.call import EVERY_READ, Call, CompletionTable, RuleTable, texts_at, values_at
from lpgen.core.cloudtrail.rules.inferences import (
    API_CERTIFICATE,
    API_POLICY,
    DOMAIN_ACCESS,
    MERGED_API,
    REQUEST_OPTION,
    TAG_ON_CREATE,
)
from lpgen.core.cloudtrail.rules.passing import passed_roles
from lpgen.core.cloudtrail.rules.resources import (
    as_literal,
    exact,
    fold,
    is_arn_of,
    mapped,
    read_arns,
    read_request_path,
    resource_from_arn,
)
from lpgen.core.cloudtrail.rules.types import NamedType
from lpgen.core.model import MappedAction, Resource

# ---------------------------------------------------------------- API Gateway

# The action is the HTTP verb of the request. The resource is its path, with ids.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-control-access-using-iam-policies-to-invoke-api.html,
# https://docs.aws.amazon.com/apigateway/latest/developerguide/arn-format-reference.html and
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonapigatewaymanagement.html (the
# additional actions on policies and certificates).

_API_GATEWAY = "apigateway.amazonaws.com"


def _map_tag(call: Call) -> tuple[MappedAction, ...]:
    """TagResource: both versions use the same path but different verbs. The tagged resource shows the version."""
    is_second = "/apis" in call.text("resourceArn") or "/v2/" in call.text("resourceArn")
    tags = read_request_path(call, ("/tags/{resourceArn}",))
    return (mapped("apigateway:POST" if is_second else "apigateway:PUT", (tags,)),)


# ---------------------------------------------------------------- actions that the request body needs


def _complete_body(call: Call, actions: tuple[MappedAction, ...]) -> tuple[MappedAction, ...]:
    """The additional actions on policies, certificates and tags, and the roles that the call passes."""
    (resource,) = actions[0].resources
    further = (*_map_policy(call, resource), *_map_certificate(call, resource), *_map_roles(call))
    return (*actions, *_map_tags(call), *further)


_TAGGED_CREATIONS = (
    "CreateApiKey",
    "CreateDomainName",
    "CreateDomainNameAccessAssociation",
    "CreateRestApi",
    "CreateStage",
    "CreateUsagePlan",
    "CreateVpcLink",
    "GenerateClientCertificate",
)


def _map_tags(call: Call) -> tuple[MappedAction, ...]:
    """apigateway:PUT on the tags of a new resource, if the call sets any. Version 2 APIs don't need it.

    Sources: https://docs.aws.amazon.com/service-authorization/latest/reference/list_apigateway.html and
    https://docs.aws.amazon.com/service-authorization/latest/reference/list_apigatewayv2.html (API operations)
    """
    return _map_tagging(call, "PUT") if call.operation in _TAGGED_CREATIONS else ()


def _map_tagging(call: Call, verb: str) -> tuple[MappedAction, ...]:
    """The action that tags the new resource, if the call sets tags. Its ARN isn't known before the call."""
    if not any(tags for body in _bodies(call) for tags in values_at(body, ("tags",))):
        return ()
    tags = fold(call.arn("apigateway", "/tags/", account=False), "*")
    return (mapped(f"apigateway:{verb}", (tags,), how=TAG_ON_CREATE),)


_POLICY_ACTIONS = {
    "CreateRestApi": "apigateway:UpdateRestApiPolicy",
    "UpdateRestApi": "apigateway:UpdateRestApiPolicy",
    "CreateDomainName": "apigateway:UpdateDomainNamePolicy",
    "UpdateDomainName": "apigateway:UpdateDomainNamePolicy",
}


def _map_policy(call: Call, resource: Resource) -> tuple[MappedAction, ...]:
    """The action on a resource policy, if the call sets or changes the policy of an API or a private domain."""
    action = _POLICY_ACTIONS.get(call.operation)
    if not action:
        return ()
    paths = {path for path, _ in _patches(call)}
    asked = [action] if "/policy" in paths or any(True for _ in _body_texts(call, "policy")) else []
    if "/managementPolicy" in paths and call.operation == "UpdateDomainName":
        asked.append("apigateway:UpdateDomainNameManagementPolicy")
    return tuple(mapped(name, (resource,), how=API_POLICY) for name in asked)


def _map_certificate(call: Call, resource: Resource) -> tuple[MappedAction, ...]:
    """The action on a domain's certificates for mutual TLS, if the call adds or removes one."""
    if call.operation not in ("CreateDomainName", "UpdateDomainName"):
        return ()
    stores = [*_body_texts(call, "mutualTlsAuthentication", "truststoreUri")]
    stores += [value for path, value in _patches(call) if path == "/mutualTlsAuthentication/truststoreUri"]
    if not stores:
        return ()
    action = "AddCertificateToDomain" if any(stores) else "RemoveCertificateFromDomain"
    return (mapped(f"apigateway:{action}", (resource,), how=API_CERTIFICATE),)


_ROLE_FIELDS = ("credentials", "credentialsArn", "authorizerCredentials", "authorizerCredentialsArn")


def _map_roles(call: Call) -> tuple[MappedAction, ...]:
    """The roles that the call passes to integrations, authorizers and the account's logging."""
    roles = [text for name in _ROLE_FIELDS for text in _body_texts(call, name)]
    patched = ("/cloudwatchRoleArn", "/credentials", "/authorizerCredentials")
    roles += [value for path, value in _patches(call) if path in patched]
    return passed_roles(call, roles, _API_GATEWAY)


def _body_texts(call: Call, *path: str) -> Iterator[str]:
    """The texts at a path of the body, which is logged at the top level or under a name such as
    `putIntegrationInput`."""
    for body in _bodies(call):
        yield from texts_at(body, path)


def _bodies(call: Call) -> tuple[object, ...]:
    return (call.request, *(value for name, value in call.request.items() if name.endswith("Input")))


def _patches(call: Call) -> Iterator[tuple[str, str]]:
    """The path and the value of each patch operation. The value is "" for a removal."""
    for body in _bodies(call):
        for patch in values_at(body, ("patchOperations",)):
            yield next(texts_at(patch, ("path",)), ""), next(texts_at(patch, ("value",)), "")


# ---------------------------------------------------------------- actions with names


def _map_routing_rule(call: Call) -> tuple[MappedAction, ...]:
    """Routing rules have their own actions, on ARNs with an account. ListRoutingRules doesn't name a rule."""
    action = "UpdateRoutingRule" if call.operation == "PutRoutingRule" else call.operation
    names = (as_literal(call.text("domainName")) or "*", as_literal(call.text("routingRuleId")) or "*")
    arn = call.arn("apigateway", "/domainnames/{}/routingrules/{}".format(*names))
    return (mapped(f"apigateway:{action}", () if action.startswith("List") else (resource_from_arn(arn),)),)


def _complete_domain_access(call: Call, actions: tuple[MappedAction, ...]) -> tuple[MappedAction, ...]:
    """CreateDomainNameAccessAssociation also needs the access action on the private domain.

    Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-private-custom-domains-provider.html
    """
    domains = (arn for arn in _body_texts(call, "domainNameArn") if is_arn_of(arn, "apigateway"))
    return (
        *actions,
        mapped("apigateway:CreateAccessAssociation", map(exact, domains), how=DOMAIN_ACCESS),
        *_map_tags(call),
    )


def _map_reject_access(call: Call) -> tuple[MappedAction, ...]:
    """RejectDomainNameAccessAssociation needs only the access action, on the private domain.

    Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_apigateway.html (API operations)
    """
    return (mapped("apigateway:RejectAccessAssociation", read_arns(call, "apigateway", "domainNameArn")),)


def _map_delete_access(call: Call) -> tuple[MappedAction, ...]:
    """DeleteDomainNameAccessAssociation, whose path parameter is the association's ARN."""
    return (mapped("apigateway:DELETE", read_arns(call, "apigateway", "domainNameAccessAssociationArn")),)


def _map_create_portal(call: Call) -> tuple[MappedAction, ...]:
    """CreatePortal and CreatePortalProduct, with tagging, and with reading the products of a portal.

    Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_apigatewayv2.html (API operations)
    """
    kind = "portals" if call.operation == "CreatePortal" else "portalproducts"
    own = mapped(f"apigateway:{call.operation}", (fold(call.arn("apigateway", f"/{kind}/"), "*"),))
    products = read_arns(call, "apigateway", "includedPortalProductArns")
    shown = (mapped("apigateway:GetPortalProduct", products, how=REQUEST_OPTION),) if products else ()
    return (own, *shown, *_map_tagging(call, "POST"))


_ROUTING_RULES = ("CreateRoutingRule", "DeleteRoutingRule", "GetRoutingRule", "ListRoutingRules", "PutRoutingRule")

# ---------------------------------------------------------------- AppSync

# Both APIs of an association with a merged API authorize it.
# https://docs.aws.amazon.com/appsync/latest/devguide/merged-api.html and
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_appsync.html (operations)

_GRAPHQL_API: Final = NamedType("appsync", "apis/{}", "apiId")


_ASSOCIATIONS: Final = {
    "AssociateSourceGraphqlApi": "mergedApiIdentifier",
    "AssociateMergedGraphqlApi": "sourceApiIdentifier",
}
"""By operation: the parameter with the API that its action is needed on."""


def _map_associate(call: Call) -> tuple[MappedAction, ...]:
    """An association needs an action on both APIs, no matter which of them requests it."""
    named = {
        name: _GRAPHQL_API.read(call, parameter) or (_GRAPHQL_API.pattern(call),)
        for name, parameter in _ASSOCIATIONS.items()
    }
    own = mapped(f"appsync:{call.operation}", named.pop(call.operation))
    return (own, *(mapped(f"appsync:{name}", apis, how=MERGED_API) for name, apis in named.items()))


RULES: RuleTable = {
    (_API_GATEWAY, "TagResource"): _map_tag,
    **{(_API_GATEWAY, operation): _map_routing_rule for operation in _ROUTING_RULES},
    (_API_GATEWAY, "DeleteDomainNameAccessAssociation"): _map_delete_access,
    (_API_GATEWAY, "RejectDomainNameAccessAssociation"): _map_reject_access,
    (_API_GATEWAY, "CreatePortal"): _map_create_portal,
    (_API_GATEWAY, "CreatePortalProduct"): _map_create_portal,
    **{("appsync.amazonaws.com", operation): _map_associate for operation in _ASSOCIATIONS},
}

COMPLETIONS: CompletionTable = {
    (_API_GATEWAY, EVERY_READ): _complete_body,
    (_API_GATEWAY, "CreateDomainNameAccessAssociation"): _complete_domain_access,
}
