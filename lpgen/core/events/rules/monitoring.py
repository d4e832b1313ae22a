"""CloudWatch, CloudTrail and Config: what watches the account, by name, with tags on create and the roles passed.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html,
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudtrail.html and
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsconfig.html
"""

from __future__ import annotations

from lpgen.core.events.rules.call import Call, RuleTable
from lpgen.core.events.rules.declared import NamedType, ResourceType, declared_rules

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

_TRAIL_TYPES: dict[str, ResourceType] = {
    "trail": NamedType("cloudtrail", "trail/{}", "name|trailName"),
    "channel": NamedType("cloudtrail", "channel/{}", "channel"),
    "dashboard": NamedType("cloudtrail", "dashboard/{}", "name|dashboardId"),
    "eventdatastore": NamedType("cloudtrail", "eventdatastore/{}", "eventDataStore"),
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
CreateChannel                 +channel +eventdatastore #AddTags
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
StartQuery                    eventdatastore
StopEventDataStoreIngestion   eventdatastore
UpdateEventDataStore          eventdatastore
"""


def _has_trail_tags(call: Call) -> bool:
    return call.has("tagsList") or call.has("tags")


_CONFIG_TYPES: dict[str, ResourceType] = {
    "recorder": NamedType(
        "config", "configuration-recorder/{}/*", "configurationRecorderName|configurationRecorder.name~default"
    ),
    "recorders": NamedType("config", "configuration-recorder/{}/*", "configurationRecorderNames"),
    "pack": NamedType("config", "conformance-pack/{}/*", "conformancePackName"),
    "query": NamedType("config", "stored-query/{}/*", "queryName|storedQuery.queryName"),
    "authorization": NamedType("config", "aggregation-authorization/{}/{}", "authorizedAccountId,authorizedAwsRegion"),
    # The ids in these ARNs are AWS's choice, and requests give names alone.
    "rule": NamedType("config", "config-rule/*", "configRule.configRuleArn"),
    "aggregator": NamedType("config", "config-aggregator/*", "configurationAggregatorArn"),
    "organization-rule": NamedType("config", "organization-config-rule/*", "organizationConfigRuleArn"),
    "organization-pack": NamedType("config", "organization-conformance-pack/*", "organizationConformancePackArn"),
    "remediation": NamedType("config", "remediation-configuration/*", "remediationConfigurationArn"),
}

_AGGREGATOR_OPERATIONS = """
BatchGetAggregateResourceConfig DeleteConfigurationAggregator DescribeAggregateComplianceByConfigRules
DescribeAggregateComplianceByConformancePacks DescribeConfigurationAggregatorSourcesStatus
GetAggregateComplianceDetailsByConfigRule GetAggregateConfigRuleComplianceSummary
GetAggregateConformancePackComplianceSummary GetAggregateDiscoveredResourceCounts GetAggregateResourceConfig
ListAggregateDiscoveredResources SelectAggregateResourceConfig
"""

_CONFIG_LINES = """
DeleteConfigurationRecorder          recorder
DescribeConfigurationRecorders       recorders
DescribeConfigurationRecorderStatus  recorders
PutConfigurationRecorder             recorder=configurationRecorder.name~default #TagResource @configurationRecorder.roleARN=config.amazonaws.com
StartConfigurationRecorder           recorder=configurationRecorderName
StopConfigurationRecorder            recorder=configurationRecorderName
DeleteConfigRule                     rule
DeleteEvaluationResults              rule
GetComplianceDetailsByConfigRule     rule
GetCustomRulePolicy                  rule
PutConfigRule                        rule #TagResource
PutExternalEvaluation                rule
StartConfigRulesEvaluation           rule
DeleteConformancePack                pack
DescribeConformancePackCompliance    pack
GetConformancePackComplianceDetails  pack
PutConformancePack                   pack #TagResource
DeleteStoredQuery                    query
GetStoredQuery                       query
PutStoredQuery                       query #TagResource
DeleteAggregationAuthorization       authorization
PutAggregationAuthorization          authorization #TagResource
PutConfigurationAggregator           aggregator #TagResource @organizationAggregationSource.roleArn=config.amazonaws.com
DeleteOrganizationConfigRule         organization-rule
GetOrganizationConfigRuleDetailedStatus organization-rule
GetOrganizationCustomRulePolicy      organization-rule
GetOrganizationConformancePackDetailedStatus organization-pack
PutOrganizationConfigRule            organization-rule
DeleteOrganizationConformancePack    organization-pack
PutOrganizationConformancePack       organization-pack
DeleteRemediationConfiguration       remediation
DescribeRemediationConfigurations    remediation
PutRemediationConfigurations         remediation
"""  # noqa: E501


def _config_lines() -> str:
    return _CONFIG_LINES + "\n".join(f"{operation} aggregator" for operation in _AGGREGATOR_OPERATIONS.split())


RULES: RuleTable = {
    **declared_rules("monitoring.amazonaws.com", "cloudwatch", _WATCH_TYPES, _WATCH_LINES),
    **declared_rules("cloudtrail.amazonaws.com", "cloudtrail", _TRAIL_TYPES, _TRAIL_LINES, has_tags=_has_trail_tags),
    **declared_rules("config.amazonaws.com", "config", _CONFIG_TYPES, _config_lines()),
}
