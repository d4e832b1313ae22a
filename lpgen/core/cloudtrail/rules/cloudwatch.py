"""CloudWatch Logs, CloudWatch's Observability Access Manager, and CloudTrail."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lpgen.core.cloudtrail.rules.call import Call, CompletionTable, RuleTable
from lpgen.core.cloudtrail.rules.inferences import (
    ACCOUNT_POLICY,
    SHARED_TELEMETRY,
    UNMASKED_LOGS,
    VENDED_LOGS,
)
from lpgen.core.cloudtrail.rules.resources import exact, fold, is_arn_of, mapped, resource_from_arn, tag_new
from lpgen.core.cloudtrail.rules.types import NamedType, ReaderTable, ReaderType
from lpgen.core.model import NO_RESOURCE, MappedAction, Resource

# ---------------------------------------------------------------- CloudWatch Logs

# Log groups by name or identifier, log streams and vended deliveries. In policies, a log group's ARN ends in `:*`,
# except for tagging actions.
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/iam-access-control-overview-cwl.html

_LOGS = "logs.amazonaws.com"

_GROUP_PATHS = (
    "logGroupName",
    "logGroupNames",
    "logGroupIdentifier",
    "logGroupIdentifiers",
    "resourceIdentifier",
    "logGroupArnList",
)


_GROUPS = ReaderType(lambda call: (fold(arn, ":*") for arn in _group_arns(call)), "logs", "log-group:*")
"""Log groups by name, or by an ARN with or without `:*` at its end."""


def _group_arns(call: Call) -> Iterator[str]:
    """The ARNs of the log groups that the request names, without `:*`."""
    for path in _GROUP_PATHS:
        for name in call.texts(path):
            if not name.startswith("arn:"):
                yield call.arn("logs", f"log-group:{name}")
            elif is_arn_of(name, "logs"):
                yield name.removesuffix(":*")


def _read_streams(call: Call) -> Iterator[Resource]:
    """The log stream that a call names, or any stream of the group if the name isn't logged."""
    stream = call.text("logStreamName")
    for arn in _group_arns(call):
        yield exact(f"{arn}:log-stream:{stream}") if stream else fold(f"{arn}:log-stream:", "*")


def _map_create_group(call: Call) -> tuple[MappedAction, ...]:
    """CreateLogGroup, with the tagging action on the group's ARN without `:*`.

    Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html
    """
    own = mapped("logs:CreateLogGroup", _GROUPS.read(call, ""))
    return (own, *tag_new(call, "logs:TagResource", map(exact, _group_arns(call))))


_UNMASKING = {"FilterLogEvents": "group", "GetLogEvents": "stream", "GetLogRecord": "group"}


def _map_events(call: Call) -> tuple[MappedAction, ...]:
    """A read of events, with logs:Unmask if it requests masked data.

    Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/mask-sensitive-log-data.html
    """
    groups = _GROUPS.read(call, "")
    read = tuple(_read_streams(call)) if _UNMASKING[call.operation] == "stream" else groups
    own = mapped(f"logs:{call.operation}", read or (_GROUPS.pattern(call),))
    return (own, mapped("logs:Unmask", groups, how=UNMASKED_LOGS)) if call.has("unmask") else (own,)


_POLICY_ACTIONS = {
    "DATA_PROTECTION_POLICY": "DataProtectionPolicy",
    "FIELD_INDEX_POLICY": "IndexPolicy",
    "SUBSCRIPTION_FILTER_POLICY": "SubscriptionFilter",
    "TRANSFORMER_POLICY": "Transformer",
}


def _map_account_policy(call: Call) -> tuple[MappedAction, ...]:
    """PutAccountPolicy and DeleteAccountPolicy, with the action of the policy's type on the log groups.

    Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutAccountPolicy.html
    """
    own = mapped(f"logs:{call.operation}", (NO_RESOURCE,))
    kind = _POLICY_ACTIONS.get(call.text("policyType"))
    if kind is None:
        return (own,)
    verb = call.operation.removesuffix("AccountPolicy")
    resource = NO_RESOURCE if kind == "IndexPolicy" else _GROUPS.pattern(call)
    return (own, mapped(f"logs:{verb}{kind}", (resource,), how=ACCOUNT_POLICY))


_VENDING = frozenset(
    {
        "bedrock",
        "bedrock-agentcore",
        "cloudfront",
        "codewhisperer",
        "ecs",
        "elasticloadbalancing",
        "events",
        "pcs",
        "qbusiness",
        "quicksight",
        "s3",
        "securityhub",
        "ses",
        "wisdom",
        "workmail",
    }
)
"""The services with an action AllowVendedLogDeliveryForResource."""


def _map_delivery_source(call: Call) -> tuple[MappedAction, ...]:
    """PutDeliverySource also needs an action of the service that vends the logs, on the resource that the logs are
    from.

    Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-and-resource-policy.html
    """
    own = mapped("logs:PutDeliverySource", NamedType("logs", "delivery-source:{}", "name").read(call, ""))
    tags = tag_new(call, "logs:TagResource", own.resources)
    arn = call.text("resourceArn")
    service = arn.split(":")[2] if arn.count(":") > 1 else ""
    if service not in _VENDING or not is_arn_of(arn, service):
        return (own, *tags)
    return (own, *tags, mapped(f"{service}:AllowVendedLogDeliveryForResource", (exact(arn),), how=VENDED_LOGS))


# ---------------------------------------------------------------- Observability Access Manager

# A link needs the link action of each service whose data it shares.
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-Unified-Cross-Account-Setup.html

_OAM = "oam.amazonaws.com"

LINKED_SERVICES = {
    "AWS::ApplicationInsights::Application": "applicationinsights",
    "AWS::CloudWatch::Metric": "cloudwatch",
    "AWS::InternetMonitor::Monitor": "internetmonitor",
    "AWS::Logs::LogGroup": "logs",
    "AWS::XRay::Trace": "xray",
}
"""The service whose data a link shares, by resource type."""


def _complete_link(call: Call, actions: tuple[MappedAction, ...]) -> tuple[MappedAction, ...]:
    """CreateLink and UpdateLink, with the actions for the types that the link shares. An update lists them all."""
    services = {LINKED_SERVICES[kind] for kind in call.texts("resourceTypes") if kind in LINKED_SERVICES}
    linked = (mapped(f"{service}:Link", (NO_RESOURCE,), how=SHARED_TELEMETRY) for service in sorted(services))
    return (*actions, *linked)


# ---------------------------------------------------------------- CloudTrail

# The event data stores that a query reads.
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudtrail.html

_QUERIED = re.compile(r"\b(?:FROM|JOIN)\s{1,4}([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\b", re.I)


def _read_queried(call: Call) -> Iterator[Resource]:
    """The event data stores whose ids follow FROM and JOIN in a query. They belong to the account that the request
    names as owner.

    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/query-create-edit-query.html
    """
    owner = call.text("eventDataStoreOwnerAccountId") or call.account
    place = f"arn:{call.partition}:cloudtrail:{call.region}:{owner}"
    for name in _QUERIED.findall(call.text("queryStatement")):
        yield resource_from_arn(f"{place}:eventdatastore/{name.lower()}")


RULES: RuleTable = {
    **{(_LOGS, operation): _map_events for operation in _UNMASKING},
    (_LOGS, "PutAccountPolicy"): _map_account_policy,
    (_LOGS, "DeleteAccountPolicy"): _map_account_policy,
    (_LOGS, "CreateLogGroup"): _map_create_group,
    (_LOGS, "PutDeliverySource"): _map_delivery_source,
}

COMPLETIONS: CompletionTable = {
    (_OAM, "CreateLink"): _complete_link,
    (_OAM, "UpdateLink"): _complete_link,
}

READERS: ReaderTable = {
    _LOGS: {"group": _GROUPS, "stream": ReaderType(_read_streams)},
    "cloudtrail.amazonaws.com": {"queried": ReaderType(_read_queried, "cloudtrail", "eventdatastore/*")},
}
