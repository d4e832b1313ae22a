"""WAF calls about what a web ACL protects: the protected resource's own service authorizes them too.

Each service has its own actions for it; load balancers and AppSync have new ones beside an older `SetWebACL`, and AWS
lists both.
Sources: https://docs.aws.amazon.com/waf/latest/developerguide/security_iam_service-with-iam.html (actions that require
additional permissions settings) and https://docs.aws.amazon.com/service-authorization/latest/reference/list_wafv2.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from lpgen.core.arns import split_arn
from lpgen.core.events.rules.call import Call, RuleTable
from lpgen.core.events.rules.inferences import WEB_ACL_LINK
from lpgen.core.events.rules.listed import exact, is_arn_of
from lpgen.core.events.rules.types import mapped
from lpgen.core.model import NO_RESOURCE, MappedAction, Resource

_SOURCE: Final = "wafv2.amazonaws.com"

_ON: Final = {"resource": "resourceArn", "acl": "webACLArn"}

ACTIONS: Final[dict[str, dict[str, str]]] = {
    # By call, then by the service of the protected resource: its actions, each with what it is needed on.
    "AssociateWebACL": {
        "amplify": "amplify:AssociateWebACL=resource",
        "apigateway": "apigateway:SetWebACL=resource",
        "apprunner": "apprunner:AssociateWebAcl=resource,acl",
        "appsync": "appsync:AssociateWebACL=resource appsync:SetWebACL",
        "bedrock-agentcore": "bedrock-agentcore:GatewayAssociateWebACL=resource",
        "cognito-idp": "cognito-idp:AssociateWebACL=resource,acl",
        "ec2": "ec2:AssociateVerifiedAccessInstanceWebAcl=resource",
        "elasticloadbalancing": (
            "elasticloadbalancing:CreateWebACLAssociation=resource elasticloadbalancing:SetWebAcl"
        ),
    },
    "DisassociateWebACL": {
        "amplify": "amplify:DisassociateWebACL=resource",
        "apigateway": "apigateway:SetWebACL=resource",
        "apprunner": "apprunner:DisassociateWebAcl=resource",
        "appsync": "appsync:DisassociateWebACL=resource appsync:SetWebACL",
        "bedrock-agentcore": "bedrock-agentcore:GatewayDisassociateWebACL=resource",
        "cognito-idp": "cognito-idp:DisassociateWebACL=resource",
        "ec2": "ec2:DisassociateVerifiedAccessInstanceWebAcl=resource",
        "elasticloadbalancing": (
            "elasticloadbalancing:DeleteWebACLAssociation=resource elasticloadbalancing:SetWebAcl"
        ),
    },
    "GetWebACLForResource": {
        "amplify": "amplify:GetWebACLForResource=resource",
        "apprunner": "apprunner:DescribeWebAclForService=resource",
        "appsync": "appsync:GetWebACLForResource=resource",
        "bedrock-agentcore": "bedrock-agentcore:GatewayGetWebACLForResource=resource",
        "cognito-idp": "cognito-idp:GetWebACLForResource=resource",
        "ec2": "ec2:GetVerifiedAccessInstanceWebAcl=resource",
        "elasticloadbalancing": "elasticloadbalancing:GetLoadBalancerWebACL=resource",
    },
    "ListResourcesForWebACL": {
        "AMPLIFY": "amplify:ListResourcesForWebACL",
        "APPLICATION_LOAD_BALANCER": "elasticloadbalancing:DescribeWebACLAssociation",
        "APPSYNC": "appsync:ListResourcesForWebACL",
        "APP_RUNNER_SERVICE": "apprunner:ListAssociatedServicesForWebAcl=acl",
        "COGNITO_USER_POOL": "cognito-idp:ListResourcesForWebACL=acl",
        "VERIFIED_ACCESS_INSTANCE": "ec2:DescribeVerifiedAccessInstanceWebAclAssociations",
    },
}

_DEFAULT_TYPE: Final = "APPLICATION_LOAD_BALANCER"
"""The type of resources that ListResourcesForWebACL lists where the request names none."""


def _map_link(call: Call) -> tuple[MappedAction, ...]:
    """The WAF action on the web ACL and the resource, and the actions of the resource's service."""
    own = mapped(f"wafv2:{call.operation}", _read_named(call, ("acl", "resource")))
    return (own, *_map_service(call, ACTIONS[call.operation], _find_service(call)))


def _find_service(call: Call) -> str:
    """What tells the service: the type that is listed, or the service in the resource's ARN."""
    if call.operation == "ListResourcesForWebACL":
        is_hidden = isinstance(call.record.requestParameters, str)
        return call.text("resourceType") or ("" if is_hidden else _DEFAULT_TYPE)
    return split_arn(call.text("resourceArn")).service


def _map_service(call: Call, actions: Mapping[str, str], service: str) -> Iterator[MappedAction]:
    for word in actions.get(service, "").split():
        action, _, needed_on = word.partition("=")
        named = tuple(_read_named(call, tuple(needed_on.split(",")))) if needed_on else (NO_RESOURCE,)
        yield mapped(action, named, how=WEB_ACL_LINK)


def _read_named(call: Call, needed_on: tuple[str, ...]) -> Iterator[Resource]:
    for name in needed_on:
        arn = call.text(_ON[name])
        if is_arn_of(arn, *_SERVICES):
            yield exact(arn)


_SERVICES: Final = ("wafv2", *ACTIONS["AssociateWebACL"])

RULES: RuleTable = {(_SOURCE, operation): _map_link for operation in ACTIONS}
