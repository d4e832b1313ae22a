"""CloudWatch Observability Access Manager: a link needs the link action of each kind of data that it shares.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-Unified-Cross-Account-Setup.html
"""

from __future__ import annotations

from collections.abc import Iterator

from lpgen.core.cloudtrail.rules.call import Call, RuleTable
from lpgen.core.cloudtrail.rules.inferences import SHARED_TELEMETRY
from lpgen.core.cloudtrail.rules.listed import arn_type
from lpgen.core.cloudtrail.rules.types import NamedType, ResourceType, mapped, read_resources
from lpgen.core.model import NO_RESOURCE, MappedAction

_SOURCE = "oam.amazonaws.com"

SHARES = {
    "AWS::ApplicationInsights::Application": "applicationinsights",
    "AWS::CloudWatch::Metric": "cloudwatch",
    "AWS::InternetMonitor::Monitor": "internetmonitor",
    "AWS::Logs::LogGroup": "logs",
    "AWS::XRay::Trace": "xray",
}
"""The service whose data a link shares, by its type."""

_TYPES: dict[str, ResourceType] = {
    "link": NamedType("oam", "link/{}", "identifier"),
    "sink": arn_type("oam", "sinkIdentifier"),
}


def _map_creation(call: Call) -> tuple[MappedAction, ...]:
    """CreateLink: on the sink of the monitoring account, with the actions for the types that the link shares."""
    return (mapped("oam:CreateLink", read_resources(call, _TYPES, ("sink",))), *_link_actions(call))


def _map_update(call: Call) -> tuple[MappedAction, ...]:
    """UpdateLink, which states the shared types again."""
    return (mapped("oam:UpdateLink", read_resources(call, _TYPES, ("link",))), *_link_actions(call))


def _link_actions(call: Call) -> Iterator[MappedAction]:
    for service in sorted({SHARES[kind] for kind in call.texts("resourceTypes") if kind in SHARES}):
        yield mapped(f"{service}:Link", (NO_RESOURCE,), how=SHARED_TELEMETRY)


RULES: RuleTable = {
    (_SOURCE, "CreateLink"): _map_creation,
    (_SOURCE, "UpdateLink"): _map_update,
}
