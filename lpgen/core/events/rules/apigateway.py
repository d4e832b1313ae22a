"""API Gateway calls: the action is the HTTP verb of the request, the resource its path with the ids in it.

Sources: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-control-access-using-iam-policies-to-invoke-api.html,
https://docs.aws.amazon.com/apigateway/latest/developerguide/arn-format-reference.html and
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonapigatewaymanagement.html (the additional
actions on policies and certificates).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote

from lpgen.core.events.rules.apigateway_operations import LINES
from lpgen.core.events.rules.call import Call, Rule, RuleTable, texts_at, values_at
from lpgen.core.events.rules.declared import mapped, resource_from_arn
from lpgen.core.events.rules.inferences import API_CERTIFICATE, API_POLICY, DOMAIN_ACCESS, TAG_ON_CREATE
from lpgen.core.events.rules.listed import as_literal, exact, fold, is_arn_of
from lpgen.core.events.rules.passing import passed_roles
from lpgen.core.model import MappedAction, Resource

SOURCE = "apigateway.amazonaws.com"

_PARAMETER = re.compile(r"\{(\w+)\}")


def parse_operations(lines: str) -> dict[str, tuple[tuple[str, str], ...]]:
    """The verbs and path templates of each operation: two where both versions have one of that name."""
    found: dict[str, tuple[tuple[str, str], ...]] = {}
    for line in lines.split("\n"):
        if line:
            operation, verb, template = line.split(" ")
            found[operation] = (*found.get(operation, ()), (verb, template))
    return found


def _map_request(forms: tuple[tuple[str, str], ...]) -> Rule:
    """A rule for the request that the call is, and for what its body needs besides."""

    def map_call(call: Call) -> tuple[MappedAction, ...]:
        verb, template = _choose_form(call, forms)
        resource = resource_from_arn(_request_arn(call, template))
        return (mapped(f"apigateway:{verb}", (resource,)), *_map_body(call, resource))

    return map_call


def _choose_form(call: Call, forms: tuple[tuple[str, str], ...]) -> tuple[str, str]:
    """The form whose path parameters the call has, else the first: `restApiId` tells version 1, `apiId` version 2.

    Tags have one path in both versions and another verb: there the tagged resource tells.
    """
    if call.operation == "TagResource":
        second = "/apis" in call.text("resourceArn") or "/v2/" in call.text("resourceArn")
        return forms[-1] if second else forms[0]
    return next((form for form in forms if all(call.text(name) for name in _PARAMETER.findall(form[1]))), forms[0])


def _request_arn(call: Call, template: str) -> str:
    """The ARN of a request path, `*` standing for what the call doesn't say; a tagged ARN is URL-encoded in it."""

    def fill(match: re.Match[str]) -> str:
        value = call.text(match[1])
        return (quote(value, safe="") if match[1] == "resourceArn" else as_literal(value)) or "*"

    owned = template.startswith("/domainnameaccessassociations")
    return call.arn("apigateway", _PARAMETER.sub(fill, template), account=owned)


# ---------------------------------------------------------------- what a body needs besides


def _map_body(call: Call, resource: Resource) -> tuple[MappedAction, ...]:
    """The additional actions on policies and certificates, and the roles that the call hands over."""
    return (*_map_tags(call), *_map_policy(call, resource), *_map_certificate(call, resource), *_map_roles(call))


_TAGGED_CREATIONS = (
    "CreateApiKey",
    "CreateDomainName",
    "CreateRestApi",
    "CreateStage",
    "CreateUsagePlan",
    "CreateVpcLink",
    "GenerateClientCertificate",
)


def _map_tags(call: Call) -> tuple[MappedAction, ...]:
    """apigateway:PUT on the tags of what a creation of version 1 makes, where it sets any.

    Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_apigateway.html (API operations)
    """
    if call.operation not in _TAGGED_CREATIONS or call.has("apiId") or not _has_body_tags(call):
        return ()
    tags = fold(call.arn("apigateway", "/tags/", account=False), "*")
    return (mapped("apigateway:PUT", (tags,), how=TAG_ON_CREATE),)


def _has_body_tags(call: Call) -> bool:
    return any(True for body in _bodies(call) for tags in values_at(body, ("tags",)) if tags)


_POLICY_ACTIONS = {
    "CreateRestApi": "apigateway:UpdateRestApiPolicy",
    "UpdateRestApi": "apigateway:UpdateRestApiPolicy",
    "CreateDomainName": "apigateway:UpdateDomainNamePolicy",
    "UpdateDomainName": "apigateway:UpdateDomainNamePolicy",
}


def _map_policy(call: Call, resource: Resource) -> tuple[MappedAction, ...]:
    """The action on resource policies, where the call sets or changes that of an API or a private domain."""
    action = _POLICY_ACTIONS.get(call.operation)
    changed = any(path == "/policy" for path, _ in _patches(call)) or any(True for _ in _body_texts(call, "policy"))
    return (mapped(action, (resource,), how=API_POLICY),) if action and changed else ()


def _map_certificate(call: Call, resource: Resource) -> tuple[MappedAction, ...]:
    """The action on a domain's certificates for mutual TLS, where the call adds or removes one."""
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
    """The roles that integrations, authorizers and the account's logging are given."""
    roles = [text for name in _ROLE_FIELDS for text in _body_texts(call, name)]
    patched = ("/cloudwatchRoleArn", "/credentials", "/authorizerCredentials")
    roles += [value for path, value in _patches(call) if path in patched]
    return passed_roles(call, roles, SOURCE)


def _body_texts(call: Call, *path: str) -> Iterator[str]:
    """The texts at a path of the body, which is logged at the top or under a name such as `putIntegrationInput`."""
    for body in _bodies(call):
        yield from texts_at(body, path)


def _bodies(call: Call) -> tuple[object, ...]:
    return (call.request, *(value for name, value in call.request.items() if name.endswith("Input")))


def _patches(call: Call) -> Iterator[tuple[str, str]]:
    """The path and the value ("" where it is removed) of each patch operation of an update."""
    for body in _bodies(call):
        for patch in values_at(body, ("patchOperations",)):
            yield next(texts_at(patch, ("path",)), ""), next(texts_at(patch, ("value",)), "")


# ---------------------------------------------------------------- actions that have names


def map_routing_rule(call: Call) -> tuple[MappedAction, ...]:
    """Routing rules have actions of their own, on ARNs with an account."""
    action = "UpdateRoutingRule" if call.operation == "PutRoutingRule" else call.operation
    names = (as_literal(call.text("domainName")) or "*", as_literal(call.text("routingRuleId")) or "*")
    arn = call.arn("apigateway", "/domainnames/{}/routingrules/{}".format(*names))
    return (mapped(f"apigateway:{action}", (resource_from_arn(arn),)),)


def map_domain_access(call: Call) -> tuple[MappedAction, ...]:
    """CreateDomainNameAccessAssociation needs the access action on the private domain too.

    Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-private-custom-domains-provider.html
    """
    own = resource_from_arn(_request_arn(call, "/domainnameaccessassociations"))
    domains = (arn for arn in _body_texts(call, "domainNameArn") if is_arn_of(arn, "apigateway"))
    return (
        mapped("apigateway:POST", (own,)),
        mapped("apigateway:CreateAccessAssociation", map(exact, domains), how=DOMAIN_ACCESS),
    )


_ROUTING_RULES = ("CreateRoutingRule", "DeleteRoutingRule", "GetRoutingRule", "ListRoutingRules", "PutRoutingRule")

RULES: RuleTable = {
    **{(SOURCE, operation): _map_request(forms) for operation, forms in parse_operations(LINES).items()},
    **{(SOURCE, operation): map_routing_rule for operation in _ROUTING_RULES},
    (SOURCE, "CreateDomainNameAccessAssociation"): map_domain_access,
}
