"""A used action whose lines lack a type that AWS's reference requires is doubted, unless another type will do."""

from __future__ import annotations

import pytest

from lpgen.core.analysis.caveats.replacement import ReplacementCaveat
from lpgen.core.analysis.grants.principal_grants import grants_from_principals
from lpgen.core.model import Principal
from lpgen.core.replacements import Decision, DecisionKind
from lpgen.edge.catalog.files import bundled_catalog
from tests.support.diffs import diff_usage
from tests.support.worlds import ACCOUNT, allow, exactly, policy, role, usage_of, use

CATALOG = bundled_catalog()
EC2 = f"arn:aws:ec2:us-east-1:{ACCOUNT}"
INSTANCE, VOLUME = f"{EC2}:instance/i-1", f"{EC2}:volume/vol-1"
QUEUE, JOB = f"arn:aws:batch:us-east-1:{ACCOUNT}:job-queue/q", f"arn:aws:batch:us-east-1:{ACCOUNT}:job/j"
GLUE = f"arn:aws:glue:us-east-1:{ACCOUNT}"
GLUE_TABLE = (f"{GLUE}:catalog", f"{GLUE}:database/d", f"{GLUE}:table/d/t")


def doubts(principal: Principal, action: str, *resources: str, decisions: tuple[Decision, ...] = ()) -> list[str]:
    usage = usage_of({principal.arn: [use(action, resource) for resource in resources]})
    grants = grants_from_principals([principal], CATALOG)
    (diff,) = diff_usage(usage, grants, CATALOG, exactly(decisions=decisions)).principals
    return [caveat.message for caveat in diff.assessment.open_caveats if caveat.kind is ReplacementCaveat.REQUIRED_TYPE]


@pytest.mark.parametrize(
    ("action", "whole", "missing"),
    [
        ("ec2:AttachVolume", (INSTANCE, VOLUME), "volume"),
        ("batch:SubmitJob", (JOB, QUEUE), "job-queue"),
        ("glue:GetTable", GLUE_TABLE, "table"),
    ],
)
def test_a_type_that_the_reference_requires_and_no_line_names_is_doubted(
    action: str, whole: tuple[str, ...], missing: str
) -> None:
    principal = role(policy(allow(action, "*")))
    assert doubts(principal, action, *whole) == []
    (said,) = doubts(principal, action, *whole[:-1])
    assert said.startswith(f"AWS's reference requires a {missing} for {action}, and only the old policies")


def test_what_the_old_policies_dont_allow_wasnt_needed() -> None:
    principal = role(policy(allow("ec2:AttachVolume", f"{EC2}:instance/*")))
    assert doubts(principal, "ec2:AttachVolume", INSTANCE) == []


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("elasticloadbalancing:CreateRule", f"arn:aws:elasticloadbalancing:us-east-1:{ACCOUNT}:listener/app/l/1/2"),
        ("bedrock:InvokeModel", "arn:aws:bedrock:us-east-1::foundation-model/m"),
        ("athena:TagResource", f"arn:aws:athena:us-east-1:{ACCOUNT}:workgroup/w"),
    ],
)
def test_types_that_stand_for_each_other_are_not_missed(action: str, resource: str) -> None:
    assert doubts(role(policy(allow(action, "*"))), action, resource) == []


def test_a_line_on_everything_names_every_type() -> None:
    assert doubts(role(policy(allow("ec2:AttachVolume", "*"))), "ec2:AttachVolume", "*") == []


def test_a_decision_accepts_it() -> None:
    principal = role(policy(allow("ec2:AttachVolume", "*")))
    accept = Decision(
        DecisionKind.ACCEPT, "*", "", "", "required-type ec2:AttachVolume volume", "", "", "checked", "ann", ""
    )
    assert doubts(principal, "ec2:AttachVolume", INSTANCE, decisions=(accept,)) == []
