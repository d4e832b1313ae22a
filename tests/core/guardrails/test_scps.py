"""Which SCPs are proposed for which use, what they refuse, and what speaks against them."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lpgen.core.guardrails.facts import GuardrailFacts, read_facts
from lpgen.core.guardrails.organization import ExistingResource, ServiceAccess, Unit
from lpgen.core.guardrails.scp import ScpKind, ScpProposal
from lpgen.core.guardrails.use import UnitCall, is_refused
from lpgen.core.iam.policy import policy_from_json
from lpgen.core.model import Policy
from lpgen.core.perimeter.reasons import ProposalState
from lpgen.edge.catalog.files import bundled_catalog
from tests.core.graph.cases import principal, service
from tests.core.guardrails.worlds import (
    APP,
    AUDIT,
    MANAGEMENT,
    OTHER,
    OU,
    call,
    kinds,
    proposal,
    quiet,
    report,
)
from tests.support.worlds import ACCOUNT, allow

SERVICES, REGIONS, DANGEROUS = ScpKind.SERVICES, ScpKind.REGIONS, ScpKind.DANGEROUS
FACTS: GuardrailFacts = read_facts(bundled_catalog().source)
REPORT = {OU: report(s3="2026-02-01T00:00:00Z", gamelift="", braket="", kms="")}
BREAK_GLASS = "arn:aws:iam::*:role/break-glass"
DEPLOYER = principal("role/deployer", allow("iam:*"))


def policy_of(found: ScpProposal) -> Policy:
    assert found.policy is not None, found.reasons
    return policy_from_json(found.policy, place="a test")


def refuses(found: ScpProposal, action: str, *, by: str = APP.arn, region: str = "us-east-1") -> bool:
    return is_refused(policy_of(found), UnitCall(by, ACCOUNT, action, region, ()))


def kept(found: ScpProposal) -> dict[str, Any]:
    return {one.name: one for one in found.kept}


# ---------------------------------------------------------------- services


def test_services_without_a_date_and_without_a_call_are_denied() -> None:
    found = proposal(SERVICES, quiet(ACCOUNT), call(APP, "s3:ListBuckets"), reports=REPORT)
    assert (found.state, found.denies) == (ProposalState.SAFE, ("braket", "gamelift"))
    assert refuses(found, "gamelift:CreateFleet")
    assert not refuses(found, "s3:ListBuckets")
    assert not refuses(found, "kms:CreateKey")
    assert kept(found)["kms"].why != kept(found)["s3"].why


def test_service_with_a_call_that_the_report_lacks_is_kept() -> None:
    found = proposal(SERVICES, quiet(ACCOUNT), call(APP, "gamelift:CreateFleet", days=1), reports=REPORT)
    assert found.denies == ("braket",)
    assert kept(found)["gamelift"].accounts == (ACCOUNT,)


def test_denied_calls_and_service_linked_roles_dont_count() -> None:
    linked = principal(
        "role/aws-service-role/gamelift.amazonaws.com/AWSServiceRoleForGameLift", trusts=service("gamelift")
    )
    calls = [call(APP, "braket:CreateJob", error="AccessDenied"), call(linked, "gamelift:CreateFleet")]
    found = proposal(SERVICES, quiet(ACCOUNT), *calls, principals=(APP, linked), reports=REPORT)
    assert found.denies == ("braket", "gamelift")


def test_calls_of_root_users_count() -> None:
    found = proposal(SERVICES, quiet(ACCOUNT), call(ACCOUNT, "gamelift:CreateFleet", days=1), reports=REPORT)
    assert found.denies == ("braket",)


def test_services_need_the_report_of_the_unit() -> None:
    found = proposal(SERVICES, quiet(ACCOUNT), reports={"ou-other": REPORT[OU]})
    assert (found.state, kinds(found)) == (ProposalState.REFUSED, ["no-access-report"])


def test_use_by_the_management_account_alone_doesnt_count() -> None:
    row = {"ServiceNamespace": "gamelift", "LastAuthenticatedTime": "2026-02-01T00:00:00Z"}
    only = {**row, "EntityPath": f"o-1/r-1/{MANAGEMENT}", "TotalAuthenticatedEntities": 1}
    several = {**only, "TotalAuthenticatedEntities": 2}
    alone, more = msgspec.convert([only, several], list[ServiceAccess])
    assert (alone.is_used(MANAGEMENT), more.is_used(MANAGEMENT)) == (False, True)


@pytest.mark.parametrize("name", sorted(FACTS.never_denied))
def test_services_that_every_account_needs_are_never_denied(name: str) -> None:
    found = proposal(SERVICES, quiet(ACCOUNT), reports={OU: report(**{name: "", "gamelift": ""})})
    assert found.denies == ("gamelift",)


def test_logs_of_every_account_are_needed() -> None:
    found = proposal(SERVICES, quiet(ACCOUNT), accounts=(ACCOUNT, OTHER, MANAGEMENT), reports=REPORT)
    assert (found.state, kinds(found)) == (ProposalState.REFUSED, ["missing-logs"])
    assert found.reasons[0].names == (OTHER,)


def test_few_days_make_a_proposal_unsafe() -> None:
    found = proposal(SERVICES, quiet(ACCOUNT), quiet(OTHER, 30), accounts=(ACCOUNT, OTHER), reports=REPORT)
    assert (found.state, kinds(found), found.reasons[0].names) == (ProposalState.UNSAFE, ["few-days"], (OTHER,))


def test_nothing_is_proposed_for_the_management_account() -> None:
    found = proposal(SERVICES, quiet(MANAGEMENT), accounts=(MANAGEMENT,), reports=REPORT)
    assert (found.state, kinds(found)) == (ProposalState.REFUSED, ["management-account"])


def test_what_the_scps_of_today_deny_isnt_denied_again() -> None:
    full = {"Version": "2012-10-17", "Statement": [allow("*")]}
    deny = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Deny", "Action": ["gamelift:*", "braket:*"], "Resource": "*"}],
    }
    found = proposal(SERVICES, quiet(ACCOUNT), reports=REPORT, scps=[[full], [full, deny], [full]])
    assert (found.state, kinds(found)) == (ProposalState.REFUSED, ["already"])


def test_a_full_level_is_too_many() -> None:
    full = {"Version": "2012-10-17", "Statement": [allow("*")]}
    found = proposal(SERVICES, quiet(ACCOUNT), reports=REPORT, scps=[[full], [full] * FACTS.quota.attached, [full]])
    assert (found.state, kinds(found)) == (ProposalState.UNSAFE, ["too-many"])


def test_quotas_are_those_of_the_latest_date() -> None:
    assert (FACTS.quota.since, FACTS.quota.size, FACTS.quota.attached) == ("2026-05-15", 10240, 10)


# ---------------------------------------------------------------- Regions


def test_unused_regions_are_denied_but_for_global_services() -> None:
    found = proposal(REGIONS, quiet(ACCOUNT), call(APP, "ec2:DescribeInstances", region="eu-west-1"))
    assert (found.state, found.denies) == (ProposalState.SAFE, ("ap-southeast-2", "eu-central-1", "us-west-2"))
    assert refuses(found, "ec2:RunInstances", region="us-west-2")
    assert not refuses(found, "ec2:RunInstances", region="eu-west-1")
    assert not refuses(found, "route53:CreateHostedZone", region="us-west-2")


def test_region_with_a_resource_or_a_call_of_another_account_stays() -> None:
    bucket = ExistingResource(f"arn:aws:sqs:us-west-2:{ACCOUNT}:queue")
    calls = [quiet(OTHER), call(principal("role/x", account=OTHER), "ec2:DescribeVpcs", region="eu-central-1", days=1)]
    found = proposal(REGIONS, quiet(ACCOUNT), *calls, accounts=(ACCOUNT, OTHER), inventory=[bucket])
    assert found.denies == ("ap-southeast-2", "eu-west-1")


def test_region_that_a_resource_reaches_stays() -> None:
    profile = ExistingResource(f"arn:aws:bedrock:us-east-1:{ACCOUNT}:inference-profile/x", ("us-west-2",))
    found = proposal(REGIONS, quiet(ACCOUNT), inventory=[profile])
    assert "us-west-2" not in found.denies
    assert kinds(found) == ["region-reached"]
    assert found.reasons[0].names == (profile.arn,)


def test_regions_arent_safe_if_resources_arent_known() -> None:
    found = proposal(REGIONS, quiet(ACCOUNT), inventory=None)
    assert (found.state, kinds(found)) == (ProposalState.UNSAFE, ["resources-unknown"])


def test_global_inference_profile_needs_requests_without_a_region() -> None:
    profile = ExistingResource(f"arn:aws:bedrock:us-east-1:{ACCOUNT}:inference-profile/global.model", ("*",))
    found = proposal(REGIONS, quiet(ACCOUNT), inventory=[profile])
    assert (found.state, kinds(found)) == (ProposalState.SAFE, ["region-reached"])
    assert not refuses(found, "bedrock:InvokeModel", region="unspecified")
    assert refuses(found, "bedrock:InvokeModel", region="us-west-2")


@pytest.mark.parametrize(("name", "listed", "state"), [("us.model", False, "unsafe"), ("us.model", True, "safe")])
def test_used_inference_profile_must_be_listed(name: str, listed: bool, state: str) -> None:
    arn = f"arn:aws:bedrock:us-east-1:{ACCOUNT}:inference-profile/{name}"
    used = call(APP, "bedrock:GetInferenceProfile", {"inferenceProfileIdentifier": arn})
    found = proposal(REGIONS, quiet(ACCOUNT), used, inventory=[ExistingResource(arn, ("us-west-2",))] if listed else [])
    assert found.state == state
    assert ("us-west-2" in found.denies) is not listed


def test_stack_sets_of_other_accounts_deploy_to_their_regions() -> None:
    sets = f"arn:aws:cloudformation:eu-central-1:{MANAGEMENT}:stackset/baseline:1"
    found = proposal(REGIONS, quiet(ACCOUNT), inventory=[ExistingResource(sets, ("eu-west-1",))])
    assert found.denies == ("ap-southeast-2", "eu-central-1", "us-west-2")


def test_resources_of_the_management_account_keep_no_region() -> None:
    queue = ExistingResource(f"arn:aws:sqs:eu-west-1:{MANAGEMENT}:queue")
    found = proposal(REGIONS, quiet(ACCOUNT), accounts=(ACCOUNT, MANAGEMENT), inventory=[queue])
    assert "eu-west-1" in found.denies


def test_logs_without_the_home_region_may_lack_regions() -> None:
    found = proposal(REGIONS, call(APP, "ec2:DescribeInstances", region="eu-west-1"))
    assert (found.state, kinds(found)) == (ProposalState.REFUSED, ["single-region-logs"])


def test_break_glass_is_excepted_everywhere() -> None:
    found = proposal(REGIONS, quiet(ACCOUNT), break_glass=(BREAK_GLASS,))
    assert not refuses(found, "ec2:RunInstances", region="us-west-2", by=f"arn:aws:iam::{ACCOUNT}:role/break-glass")
    assert refuses(found, "ec2:RunInstances", region="us-west-2", by=f"arn:aws:iam::{ACCOUNT}:role/break-glass-2")


# ---------------------------------------------------------------- dangerous actions


def test_dangerous_actions_that_nobody_used_are_denied_to_all() -> None:
    found = proposal(DANGEROUS, quiet(ACCOUNT))
    assert found.state is ProposalState.SAFE
    assert {"cloudtrail:StopLogging", "organizations:LeaveOrganization", "kms:ScheduleKeyDeletion"} <= set(found.denies)
    assert refuses(found, "cloudtrail:StopLogging", by=f"arn:aws:iam::{ACCOUNT}:root")


def test_the_users_of_a_dangerous_action_are_excepted() -> None:
    found = proposal(DANGEROUS, quiet(ACCOUNT), call(AUDIT, "cloudtrail:StopLogging", {"name": "x"}, days=1))
    assert not refuses(found, "cloudtrail:StopLogging", by=AUDIT.arn)
    assert refuses(found, "cloudtrail:StopLogging")
    assert refuses(found, "cloudtrail:DeleteTrail", by=AUDIT.arn)
    assert [one.principal for one in found.exceptions] == [AUDIT.arn]


def test_names_that_others_can_create_are_unsafe() -> None:
    stop = call(AUDIT, "cloudtrail:StopLogging", {"name": "x"}, days=1)
    found = proposal(DANGEROUS, quiet(ACCOUNT), stop, principals=(APP, AUDIT, DEPLOYER))
    assert (found.state, kinds(found), found.reasons[0].names) == (
        ProposalState.UNSAFE,
        ["role-names"],
        (DEPLOYER.arn,),
    )


def test_actions_of_many_principals_and_of_root_users_are_kept() -> None:
    many = [principal(f"role/r{number}") for number in range(4)]
    calls = [call(one, "kms:DisableKey", {"keyId": "1"}, days=1) for one in many]
    calls += [call(ACCOUNT, "account:CloseAccount", days=1)]
    found = proposal(DANGEROUS, quiet(ACCOUNT), *calls, principals=many)
    assert not {"kms:DisableKey", "account:CloseAccount"} & set(found.denies)
    assert {"kms:DisableKey"} <= kept(found).keys()


def test_roles_of_a_permission_set_are_excepted_by_its_pattern() -> None:
    name = "role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Security_0123456789abcdef"
    person = principal(name)
    stop = call(person, "cloudtrail:StopLogging", {"name": "x"}, days=1)
    found = proposal(DANGEROUS, quiet(ACCOUNT), stop, principals=(APP, person))
    assert not refuses(found, "cloudtrail:StopLogging", by=person.arn)
    assert not refuses(found, "cloudtrail:StopLogging", by=person.arn[:-16] + "fedcba9876543210")
    assert refuses(found, "cloudtrail:StopLogging", by=person.arn.replace("Security", "Other"))


def test_the_test_command_names_a_sandbox() -> None:
    sandbox = Unit(OTHER, (OTHER,), "my-sandbox")
    found = proposal(DANGEROUS, quiet(ACCOUNT), quiet(OTHER), accounts=(ACCOUNT, OTHER), units=[sandbox])
    assert f"--target-id {OTHER}" in found.test
    assert "--target-id TEST-ACCOUNT-ID" in proposal(DANGEROUS, quiet(ACCOUNT)).test


# ---------------------------------------------------------------- laws

_CALLS = st.lists(
    st.tuples(
        st.sampled_from((APP, AUDIT, ACCOUNT)),
        st.sampled_from(("gamelift:CreateFleet", "kms:DisableKey", "cloudtrail:StopLogging", "ec2:DescribeVpcs")),
        st.sampled_from(("us-east-1", "eu-west-1", "us-west-2")),
    ),
    max_size=4,
)


@given(_CALLS, st.sampled_from(ScpKind))
def test_no_recorded_call_is_refused(calls: list[Any], kind: ScpKind) -> None:
    records = [call(by, action, {"name": "x", "keyId": "1"}, region=region, days=1) for by, action, region in calls]
    found = proposal(kind, quiet(ACCOUNT), *records, reports=REPORT)
    for by, action, region in calls if found.policy else ():
        arn = f"arn:aws:iam::{by}:root" if isinstance(by, str) else by.arn
        assert not refuses(found, action, by=arn, region=region)
    for statement in (found.policy or {"Statement": []})["Statement"]:
        assert statement["Effect"] == "Deny"
