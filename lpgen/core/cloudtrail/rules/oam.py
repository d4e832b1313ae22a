"""CloudWatch Observability Access Manager: a link needs the link action of each kind of data that it shares.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-Unified-Cross-Account-Setup.html
"""

from __future__ import annotations

from collections.abc import Iterator

from lpgen.core.cloudtrail.rules.call import Call, CompletionTable
from lpgen.core.cloudtrail.rules.inferences import SHARED_TELEMETRY
from lpgen.core.cloudtrail.rules.types import mapped
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


def _complete_link(call: Call, actions: tuple[MappedAction, ...]) -> tuple[MappedAction, ...]:
    """CreateLink and UpdateLink, with the actions for the types that the link shares: an update states them again."""
    return (*actions, *_link_actions(call))


def _link_actions(call: Call) -> Iterator[MappedAction]:
    for service in sorted({SHARES[kind] for kind in call.texts("resourceTypes") if kind in SHARES}):
        yield mapped(f"{service}:Link", (NO_RESOURCE,), how=SHARED_TELEMETRY)


COMPLETIONS: CompletionTable = {
    (_SOURCE, "CreateLink"): _complete_link,
    (_SOURCE, "UpdateLink"): _complete_link,
}
