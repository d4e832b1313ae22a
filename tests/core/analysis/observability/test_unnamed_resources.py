"""What calls are checked on without naming it stays where the old policies grant it, and nowhere else."""

from __future__ import annotations

import pytest

from lpgen.core.analysis.grants.principal_grants import grants_from_principals
from lpgen.core.choices import KeepUnobservable, keep_each
from lpgen.core.evidence import Use
from lpgen.core.options import Options
from lpgen.edge.catalog.files import bundled_catalog
from tests.core.analysis.test_diff import kept
from tests.support.diffs import diff_usage
from tests.support.worlds import ACCOUNT, allow, exactly, month_by_month, policy, role, usage_of, use


def kept_scopes(
    action: str, granted: list[str], uses: list[Use], kind: str, options: Options | None = None
) -> set[str]:
    """The resources of a kind that stay for an action of the bundled catalog."""
    principal = role(policy(allow(sorted({action, *(use.action for use in uses)}), granted)))
    grants = grants_from_principals([principal], bundled_catalog())
    usage = usage_of({principal.arn: month_by_month(uses)})
    (found,) = diff_usage(usage, grants, bundled_catalog(), options or exactly()).principals
    assert found.use.ungranted == ()
    return {scope for scope in kept(found).get(action, ()) if f":{kind}/" in scope}


NO_KEEP = exactly(keep_unobservable=keep_each(KeepUnobservable.NONE))


def test_diff_keeps_the_default_document_of_sessions_that_name_none() -> None:
    """https://docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-default-session-document.html"""
    default = f"arn:aws:ssm:us-east-1:{ACCOUNT}:document/SSM-SessionManagerRunShell"
    nodes = [
        use("ssm:StartSession", f"arn:aws:ec2:us-east-1:{ACCOUNT}:instance/i-0123456789abcdef{last}") for last in "01"
    ]
    named = use("ssm:StartSession", "arn:aws:ssm:us-east-1::document/AWS-StartSSHSession")
    places = ["arn:aws:ec2:*:*:instance/*", "arn:aws:ssm:*:*:document/*"]

    def documents(uses: list[Use], granted: list[str] = places, options: Options | None = None) -> set[str]:
        return kept_scopes("ssm:StartSession", granted, uses, "document", options)

    assert documents(nodes[:1]) == {default}
    assert documents([nodes[0], named]) == {named.resource.text}
    assert documents([*nodes, named]) == {default, named.resource.text}
    assert documents(nodes, options=NO_KEEP) == set()
    assert documents(nodes, places[:1]) == set()


def test_diff_keeps_the_tagging_of_objects_that_are_copied() -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html"""
    days = [f"arn:aws:s3:::from/orders-2026090{day}/*" for day in range(1, 6)]
    sources = [use("s3:GetObject", day, how="copy-source") for day in days]
    target = use("s3:PutObject", "arn:aws:s3:::to/orders/*")
    tagging = ["s3:GetObjectTagging", "s3:PutObjectTagging"]

    def stays(uses: list[Use], actions: list[str], options: Options | None = None) -> dict[str, set[str]]:
        principal = role(policy(allow([*sorted({use.action for use in uses}), *actions], "arn:aws:s3:::*")))
        (found,) = diff_usage(
            usage_of({principal.arn: uses}, data_from=None),
            grants_from_principals([principal], bundled_catalog()),
            bundled_catalog(),
            options or exactly(),
        ).principals
        assert found.use.ungranted == ()
        return {action: scopes for action, scopes in kept(found).items() if action in tagging}

    everything = {
        "s3:GetObjectTagging": set(days),
        "s3:PutObjectTagging": {target.resource.text},
    }
    assert stays([*sources, target], tagging) == everything
    assert stays([*sources, target], []) == {}


@pytest.mark.parametrize("action", ["CreateChangeSet", "CreateStack", "UpdateStack"])
def test_diff_keeps_creating_change_sets_for_the_transforms_that_templates_may_have(action: str) -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-iam-template.html"""
    stacks = f"arn:aws:cloudformation:us-east-1:{ACCOUNT}:stack/app/*"
    serverless = "arn:aws:cloudformation:us-east-1:aws:transform/Serverless-2016-10-31"

    def transforms(granted: list[str], used: str = action, options: Options | None = None) -> set[str]:
        uses = [use(f"cloudformation:{used}", stacks)]
        return kept_scopes("cloudformation:CreateChangeSet", granted, uses, "transform", options)

    assert transforms([stacks, serverless]) == {serverless}
    owned = {f"arn:aws:cloudformation:us-east-1:{owner}:transform/*" for owner in ("aws", ACCOUNT)}
    assert transforms(["*"]) == owned
    assert transforms([stacks]) == set()
    assert transforms(["*"], options=NO_KEEP) == set()
    assert transforms(["*"], "DescribeStacks") == set()


@pytest.mark.parametrize(
    ("action", "kind"),
    [("batch:SubmitJob", "job-definition"), ("ecs:RunTask", "task-definition"), ("ecs:StartTask", "task-definition")],
)
def test_diff_keeps_the_name_without_a_revision_of_calls_that_name_none(action: str, kind: str) -> None:
    """https://github.com/aws/aws-sdk-js/issues/4280 and https://github.com/aws/aws-cdk/issues/30368"""
    name = f"arn:aws:{action.partition(':')[0]}:us-east-1:{ACCOUNT}:{kind}/nightly"

    def definitions(named: str, granted: str, options: Options | None = None) -> set[str]:
        return kept_scopes(action, [granted], [use(action, named)], kind, options)

    assert definitions(f"{name}:*", "*") == {name, f"{name}:*"}
    assert definitions(f"{name}:3", "*") == {f"{name}:3"}
    assert definitions(f"{name}:*", f"{name}:*") == {f"{name}:*"}
    assert definitions(f"{name}:*", "*", NO_KEEP) == {f"{name}:*"}


def test_diff_keeps_tagging_the_definitions_of_jobs_that_get_tags() -> None:
    """https://github.com/wri/gfw-data-api/pull/175"""
    batch = f"arn:aws:batch:us-east-1:{ACCOUNT}:"
    submitted = use("batch:SubmitJob", f"{batch}job-definition/nightly:4")
    tagged = use("batch:TagResource", f"{batch}job/*")

    def definitions(uses: list[Use], granted: str = "*") -> set[str]:
        return kept_scopes("batch:TagResource", [granted, submitted.resource.text], uses, "job-definition")

    assert definitions([submitted, tagged]) == {submitted.resource.text}
    assert definitions([submitted]) == set()


@pytest.mark.parametrize("owner", ["", ACCOUNT])
@pytest.mark.parametrize("action", ["ssm:StartAutomationExecution", "ssm:StartChangeRequestExecution"])
def test_diff_keeps_the_automation_definition_of_a_runbook(action: str, owner: str) -> None:
    """https://github.com/aws-solutions/automated-security-response-on-aws/issues/26"""
    document = f"arn:aws:ssm:us-east-1:{owner}:document/Stop-Instances"
    definition = f"arn:aws:ssm:us-east-1:{owner}:automation-definition/Stop-Instances:*"

    def definitions(granted: str, options: Options | None = None) -> set[str]:
        return kept_scopes(action, [granted, document], [use(action, document)], "automation-definition", options)

    assert definitions("*") == {definition}
    assert definitions(definition) == {definition}
    assert definitions("*", NO_KEEP) == set()
