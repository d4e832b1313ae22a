"""GuardDuty and Security Hub: what lies below a detector, the one hub of a Region, and tags on create.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonguardduty.html and
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecurityhub.html
"""

from __future__ import annotations

from lpgen.core.events.rules.call import RuleTable
from lpgen.core.events.rules.declared import NamedType, ResourceType, declared_rules


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
    "plan": NamedType("guardduty", "malware-protection-plan/{}", "malwareProtectionPlanId"),
}

_GUARD_LINES = """
CreateDetector                #TagResource:+detector
CreateFilter                  new-filter #TagResource
CreateIPSet                   #TagResource:new-ipset
CreateMalwareProtectionPlan   #TagResource:+plan @role=malware-protection-plan.guardduty.amazonaws.com
CreatePublishingDestination   #TagResource:new-destination
CreateThreatIntelSet          #TagResource:new-intel
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
    "product": NamedType("securityhub", "product/{}", "findings.productArn|findings.ProductArn"),
}

_HUB_OPERATIONS = """
AcceptAdministratorInvitation AcceptInvitation BatchDisableStandards BatchEnableStandards BatchUpdateFindings
CreateActionTarget CreateInsight CreateMembers DeclineInvitations DeleteActionTarget DeleteInsight
DeleteInvitations DeleteMembers DescribeActionTargets DescribeHub DescribeOrganizationConfiguration
DescribeProducts DescribeStandards DescribeStandardsControls DisableImportFindingsForProduct DisableSecurityHub
DisassociateFromAdministratorAccount DisassociateFromMasterAccount DisassociateMembers
EnableImportFindingsForProduct GetAdministratorAccount GetEnabledStandards GetFindingHistory GetFindings
GetInsightResults GetInsights GetInvitationsCount GetMasterAccount GetMembers InviteMembers
ListEnabledProductsForImport ListInvitations ListMembers UpdateActionTarget UpdateFindings UpdateInsight
UpdateOrganizationConfiguration UpdateSecurityHubConfiguration UpdateStandardsControl
"""

# The second version of some operations keeps the first one's action.
# https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_GetFindingsV2.html
_HUB_LINES = """
BatchImportFindings                        product
BatchUpdateFindingsV2=BatchUpdateFindings  hubv2
EnableSecurityHub                          hub #TagResource
GetFindingStatisticsV2=GetAdhocInsightResults hubv2
GetFindingsV2=GetFindings                  hubv2
"""


def _hub_lines() -> str:
    return _HUB_LINES + "\n".join(f"{operation} hub" for operation in _HUB_OPERATIONS.split())


RULES: RuleTable = {
    **declared_rules("guardduty.amazonaws.com", "guardduty", _GUARD_TYPES, _GUARD_LINES),
    **declared_rules("securityhub.amazonaws.com", "securityhub", _HUB_TYPES, _hub_lines()),
}
