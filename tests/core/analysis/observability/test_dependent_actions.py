"""Actions that are checked within a call to another of their service: kept, since no record of their own shows it."""

from __future__ import annotations

from typing import Any

from lpgen.core.analysis.grants.principal_grants import grants_from_principals
from lpgen.core.analysis.observability.implicit_checks import callers_by_dependent
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.choices import KeepUnobservable, keep_each
from lpgen.core.evidence import Use
from lpgen.core.findings import PrincipalDiff, Verdict
from lpgen.core.model import Action, Outcome
from lpgen.core.options import Options
from lpgen.edge.catalog.files import bundled_catalog
from tests.core.analysis.test_diff import kept, verdicts
from tests.support.diffs import diff_usage
from tests.support.worlds import allow, exactly, policy, role, usage_of, use

HERE = "us-east-1:111122223333"
PIPELINE = f"arn:aws:imagebuilder:{HERE}:image-pipeline/web"
START, READ = "imagebuilder:StartImagePipelineExecution", "imagebuilder:GetImagePipeline"
CATALOG = bundled_catalog()


def found(statements: list[dict[str, Any]], *uses: Use, options: Options | None = None) -> PrincipalDiff:
    principal = role(policy(*statements))
    grants = grants_from_principals([principal], CATALOG)
    (diff,) = diff_usage(usage_of({principal.arn: list(uses)}), grants, CATALOG, options or exactly()).principals
    return diff


def needed(*uses: Use, catalog: Catalog = CATALOG) -> list[str]:
    return list(callers_by_dependent(uses, (), catalog))


def test_what_a_call_needs_of_its_service_stays_on_what_the_call_names() -> None:
    diff = found([allow([START, READ], f"arn:aws:imagebuilder:{HERE}:*/*")], use(START, PIPELINE))
    assert kept(diff) == {START: {PIPELINE}, READ: {PIPELINE}}
    assert verdicts(diff) == {START: Verdict.USED, READ: Verdict.UNOBSERVABLE}
    (line,) = (line for line in diff.draft.lines if line.action == READ)
    assert line.why == f"{START} also needs it and leaves no separate record of that"


def test_it_stays_there_though_it_was_used_elsewhere() -> None:
    other = f"arn:aws:imagebuilder:{HERE}:image-pipeline/other"
    diff = found([allow([START, READ], "*")], use(START, PIPELINE), use(READ, other))
    assert kept(diff)[READ] == {PIPELINE, other}
    assert verdicts(diff)[READ] is Verdict.USED


def test_what_is_checked_on_something_that_the_call_does_not_name_keeps_its_scope() -> None:
    cluster = f"arn:aws:rds:{HERE}:cluster:orders"
    diff = found([allow(["rds:CreateDBCluster", "rds:CreateDBInstance"], f"arn:aws:rds:{HERE}:*")],
                 use("rds:CreateDBCluster", cluster))  # fmt: skip
    assert kept(diff)["rds:CreateDBInstance"] == {f"arn:aws:rds:{HERE}:*"}


def test_nothing_is_needed_of_calls_that_were_not_made_or_not_to_be_kept() -> None:
    statements = [allow([START, READ], "*")]
    denied = use(START, PIPELINE, outcome=Outcome.DENIED)
    assert kept(found(statements, denied)) == {}
    none = exactly(keep_unobservable=keep_each(KeepUnobservable.NONE))
    assert kept(found(statements, use(START, PIPELINE), options=none)) == {START: {PIPELINE}}


def test_what_is_listed_of_other_services_tags_and_rights_is_not_needed() -> None:
    assert needed(use("kms:CreateKey", "*")) == []
    vpc = use("ec2:CreateVpcEndpoint", f"arn:aws:ec2:{HERE}:vpc/vpc-1")
    assert needed(vpc) == ["ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcs"]


def test_what_turns_on_parameters_is_read_off_the_request_alone() -> None:
    for action in ("cloudformation:DescribeStacks", "states:UpdateStateMachine", "imagebuilder:CreateImage"):
        assert CATALOG.detail(Action(action)).dependents
        assert needed(use(action, "*")) == []


def test_who_may_call_function_urls_goes_on_invoking_functions() -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"""
    function = f"arn:aws:lambda:{HERE}:function:web"
    both = ["lambda:InvokeFunctionUrl", "lambda:InvokeFunction"]
    for names in (both, ["lambda:InvokeFunction*"]):
        assert kept(found([allow(names, function)]))["lambda:InvokeFunction"] == {function}
    listing = use("lambda:ListFunctions", "*")
    assert "lambda:InvokeFunction" not in needed(listing)
    invoked = f"arn:aws:lambda:{HERE}:function:invoked"
    diff = found([allow("lambda:*", "*")], use("lambda:InvokeFunction", invoked))
    assert kept(diff)["lambda:InvokeFunction"] == {invoked}
