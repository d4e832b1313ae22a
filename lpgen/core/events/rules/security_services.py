"""GuardDuty and Security Hub: what lies below a detector, the one hub of a Region, and tags on create.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonguardduty.html and
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecurityhub.html
"""

from __future__ import annotations

from lpgen.core.events.rules.call import Call, Rule, RuleTable
from lpgen.core.events.rules.declared import NamedType, ResourceType, declared_rules, mapped, read_resources
from lpgen.core.events.rules.inferences import SECURITY_CONTROLS
from lpgen.core.model import NO_RESOURCE, MappedAction


def _within_detector(kind: str, name: str) -> NamedType:
    return NamedType("guardduty", f"detector/{{}}/{kind}/{{}}", f"detectorId,{name}")


_GUARD_TYPES: dict[str, ResourceType] = {
    "detector": NamedType("guardduty", "detector/{}", "detectorId"),
    "filter": _within_detector("filter", "filterName"),
    "new-filter": _within_detector("filter", "name"),
    "ipset": _within_detector("ipset", "ipSetId"),
    "new-ipset": NamedType("guardduty", "detector/{}/ipset/*", "detectorId"),
    "destination": _within_detector("publishingdestination", "destinationId"),
    "new-destination": NamedType("guardduty", "detector/{}/publishingdestination/*", "detectorId"),
    "intel": _within_detector("threatintelset", "threatIntelSetId"),
    "new-intel": NamedType("guardduty", "detector/{}/threatintelset/*", "detectorId"),
    "new-threats": NamedType("guardduty", "detector/{}/threatentityset/*", "detectorId"),
    "new-trusted": NamedType("guardduty", "detector/{}/trustedentityset/*", "detectorId"),
    "plan": NamedType("guardduty", "malware-protection-plan/{}", "malwareProtectionPlanId"),
}

_GUARD_LINES = """
CreateDetector                #TagResource:+detector
CreateFilter                  new-filter #TagResource
CreateIPSet                   #TagResource:new-ipset
CreateMalwareProtectionPlan   #TagResource:+plan @role=malware-protection-plan.guardduty.amazonaws.com
CreatePublishingDestination   #TagResource:new-destination
CreateThreatEntitySet         #TagResource:new-threats
CreateThreatIntelSet          #TagResource:new-intel
CreateTrustedEntitySet        #TagResource:new-trusted
DeleteDetector                detector
DeleteFilter                  filter
DeleteIPSet                   ipset
DeleteMalwareProtectionPlan   plan
DeletePublishingDestination   destination
DeleteThreatIntelSet          intel
DescribePublishingDestination destination
GetCoverageStatistics         detector
GetDetector                   detector
GetFilter                     filter
GetIPSet                      ipset
GetMalwareProtectionPlan      plan
GetThreatIntelSet             intel
ListCoverage                  detector
StartMalwareScan              @scanConfiguration.role=malware-protection.guardduty.amazonaws.com
UpdateDetector                detector
UpdateFilter                  filter
UpdateIPSet                   ipset
UpdateMalwareProtectionPlan   plan @role=malware-protection-plan.guardduty.amazonaws.com
UpdatePublishingDestination   destination
UpdateThreatIntelSet          intel
"""

_HUB_TYPES: dict[str, ResourceType] = {
    # A Region has one hub, and no request names it.
    "hub": NamedType("securityhub", "hub/default", "hubArn"),
    "hubv2": NamedType("securityhub", "hubv2/*", "hubV2Arn"),
    "connector": NamedType("securityhub", "connectorv2/{}", "connectorId"),
    "rule": NamedType("securityhub", "automation-rule/{}", "updateAutomationRulesRequestItems.ruleArn"),
    "product": NamedType("securityhub", "product/{}", "findings.productArn|findings.ProductArn"),
}

_HUB_OPERATIONS = """
AcceptAdministratorInvitation AcceptInvitation BatchDisableStandards BatchEnableStandards BatchGetControlEvaluations
BatchUpdateFindings
CreateActionTarget CreateInsight CreateMembers DeclineInvitations DeleteActionTarget DeleteInsight
DeleteInvitations DeleteMembers DescribeActionTargets DescribeHub DescribeOrganizationConfiguration
DescribeProducts DescribeStandards DescribeStandardsControls DisableImportFindingsForProduct
DisableOrganizationAdminAccount DisableSecurityHub
DisassociateFromAdministratorAccount DisassociateFromMasterAccount DisassociateMembers
EnableImportFindingsForProduct EnableOrganizationAdminAccount GetAdministratorAccount GetEnabledStandards
GetFindingHistory GetFindings GetInsightResults GetInsights GetInvitationsCount GetMasterAccount GetMembers
InviteMembers ListEnabledProductsForImport ListInvitations ListMembers ListOrganizationAdminAccounts
StartConfigurationPolicyAssociation StartConfigurationPolicyDisassociation UpdateActionTarget UpdateFindings
UpdateInsight UpdateOrganizationConfiguration UpdateSecurityHubConfiguration UpdateStandardsControl
"""

# The second version of some operations keeps the first one's action.
# https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_GetFindingsV2.html
_HUB_LINES = """
BatchImportFindings                        product
BatchUpdateFindingsV2=BatchUpdateFindings  hubv2
EnableSecurityHub                          hub #TagResource
GetFindingStatisticsV2=GetAdhocInsightResults hubv2
GetFindingsV2=GetFindings                  hubv2
BatchUpdateAutomationRules                 rule
CreateTicketV2                             connector
DeleteConnectorV2                          connector
GetConnectorV2                             connector
RegisterConnectorV2=ConnectorRegistrationsV2
UpdateConnectorV2                          connector
"""

_HUBV2_OPERATIONS = """
DescribeProductsV2 GenerateRecommendedPolicyV2 GetFindingsTrendsV2 GetRecommendedPolicyV2 GetResourcesStatisticsV2
GetResourcesTrendsV2 GetResourcesV2
"""


def _hub_lines() -> str:
    hub = (f"{operation} hub" for operation in _HUB_OPERATIONS.split())
    hubv2 = (f"{operation} hubv2" for operation in _HUBV2_OPERATIONS.split())
    return _HUB_LINES + "\n".join((*hub, *hubv2))


# What looks at controls needs the action of their first version too, and so does what changes one: the reference lists
# both as dependent actions.
_CONTROL_ACTIONS = {
    "BatchGetSecurityControls": "DescribeStandardsControls",
    "BatchGetStandardsControlAssociations": "DescribeStandardsControls",
    "BatchUpdateStandardsControlAssociations": "UpdateStandardsControl",
    "GetSecurityControlDefinition": "DescribeStandardsControls",
    "ListStandardsControlAssociations": "DescribeStandardsControls",
    "UpdateSecurityControl": "UpdateStandardsControl",
}


def _map_controls(needed: str) -> Rule:
    def map_call(call: Call) -> tuple[MappedAction, ...]:
        hub = read_resources(call, _HUB_TYPES, ("hub",))
        return (
            mapped(f"securityhub:{call.operation}", (NO_RESOURCE,)),
            mapped(f"securityhub:{needed}", hub, how=SECURITY_CONTROLS),
        )

    return map_call


RULES: RuleTable = {
    **declared_rules("guardduty.amazonaws.com", "guardduty", _GUARD_TYPES, _GUARD_LINES),
    **declared_rules("securityhub.amazonaws.com", "securityhub", _HUB_TYPES, _hub_lines()),
    **{("securityhub.amazonaws.com", name): _map_controls(needed) for name, needed in _CONTROL_ACTIONS.items()},
}
