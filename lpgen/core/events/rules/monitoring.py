"""CloudWatch and CloudTrail: what watches the account, by name, with tags on create and the roles passed.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html and
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudtrail.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from lpgen.core.events.rules.call import Call, RuleTable
from lpgen.core.events.rules.declared import NamedType, ResourceType, declared_rules, resource_from_arn
from lpgen.core.model import Resource

_WATCH_TYPES: dict[str, ResourceType] = {
    "alarm": NamedType("cloudwatch", "alarm:{}", "alarmName|alarmNames"),
    "dashboard": NamedType("cloudwatch", "dashboard/{}", "dashboardName|dashboardNames", region=False),
    "insight-rule": NamedType("cloudwatch", "insight-rule/{}", "ruleName|ruleNames"),
    "metric-stream": NamedType("cloudwatch", "metric-stream/{}", "name|names"),
    "mute-rule": NamedType("cloudwatch", "alarm-mute-rule:{}", "name|alarmMuteRuleName"),
}

_WATCH_LINES = """
DeleteAlarms              alarm
DescribeAlarmHistory      alarm
DescribeAlarms            alarm
DisableAlarmActions       alarm
EnableAlarmActions        alarm
PutCompositeAlarm         alarm #TagResource
PutMetricAlarm            alarm #TagResource
SetAlarmState             alarm
DeleteDashboards          dashboard
GetDashboard              dashboard
PutDashboard              dashboard
DeleteInsightRules        insight-rule
DisableInsightRules       insight-rule
EnableInsightRules        insight-rule
GetInsightRuleReport      insight-rule
PutInsightRule            insight-rule #TagResource
DeleteMetricStream        metric-stream
GetMetricStream           metric-stream
PutMetricStream           metric-stream #TagResource @roleArn=streams.metrics.cloudwatch.amazonaws.com
StartMetricStreams        metric-stream
StopMetricStreams         metric-stream
"""

_QUERIED = re.compile(r"\b(?:FROM|JOIN)\s{1,4}([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\b", re.I)


@dataclass(frozen=True, slots=True)
class _QueriedStoreType:
    """The event data stores that a query reads, which it names by id.

    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/query-create-edit-query.html
    """

    def read(self, call: Call, _paths: str) -> tuple[Resource, ...]:
        """The stores whose ids follow FROM and JOIN, in the account that the request names as their owner."""
        owner = call.text("eventDataStoreOwnerAccountId") or call.account
        return tuple(self._resource(call, owner, name) for name in _QUERIED.findall(call.text("queryStatement")))

    def pattern(self, call: Call) -> Resource:
        """The pattern of all stores of the account."""
        return self._resource(call, call.account, "*")

    def _resource(self, call: Call, owner: str, name: str) -> Resource:
        place = f"arn:{call.partition}:cloudtrail:{call.region}:{owner}"
        return resource_from_arn(f"{place}:eventdatastore/{name.lower()}")


_TRAIL_TYPES: dict[str, ResourceType] = {
    "trail": NamedType("cloudtrail", "trail/{}", "name|trailName"),
    "channel": NamedType("cloudtrail", "channel/{}", "channel"),
    "dashboard": NamedType("cloudtrail", "dashboard/{}", "name|dashboardId"),
    "eventdatastore": NamedType("cloudtrail", "eventdatastore/{}", "eventDataStore"),
    "queried": _QueriedStoreType(),
}

_TRAIL_LINES = """
CreateTrail                   trail #AddTags @cloudWatchLogsRoleArn=cloudtrail.amazonaws.com
UpdateTrail                   trail @cloudWatchLogsRoleArn=cloudtrail.amazonaws.com
DeleteTrail                   trail
GetEventSelectors             trail
GetTrail                      trail
GetTrailStatus                trail
PutEventSelectors             trail
StartLogging                  trail
StopLogging                   trail
GetInsightSelectors           trail? eventdatastore?
PutInsightSelectors           trail? eventdatastore? eventdatastore?=insightsDestination
CreateChannel                 +channel eventdatastore=destinations.location #AddTags
DeleteChannel                 channel
GetChannel                    channel
UpdateChannel                 channel
CreateDashboard               dashboard #AddTags
DeleteDashboard               dashboard
GetDashboard                  dashboard
StartDashboardRefresh         dashboard
UpdateDashboard               dashboard
CancelQuery                   eventdatastore
CreateEventDataStore          +eventdatastore #AddTags
DeleteEventDataStore          eventdatastore
DescribeQuery                 eventdatastore
DisableFederation             eventdatastore
EnableFederation              eventdatastore @federationRoleArn=lakeformation.amazonaws.com
GenerateQuery                 eventdatastore=eventDataStores
GetEventDataStore             eventdatastore
GetQueryResults               eventdatastore
ListQueries                   eventdatastore
RestoreEventDataStore         eventdatastore
StartEventDataStoreIngestion  eventdatastore
StartQuery                    queried
StopEventDataStoreIngestion   eventdatastore
UpdateEventDataStore          eventdatastore
"""


def _has_trail_tags(call: Call) -> bool:
    return call.has("tagsList") or call.has("tags")


RULES: RuleTable = {
    **declared_rules("monitoring.amazonaws.com", "cloudwatch", _WATCH_TYPES, _WATCH_LINES),
    **declared_rules("cloudtrail.amazonaws.com", "cloudtrail", _TRAIL_TYPES, _TRAIL_LINES, has_tags=_has_trail_tags),
}
