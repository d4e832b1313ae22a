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
from tests.support.worlds import ACCOUNT, allow, exactly, policy, role, usage_of, use


def kept_scopes(
    action: str, granted: list[str], uses: list[Use], kind: str, options: Options | None = None
) -> set[str]:
    """The resources of a kind that stay for an action of the bundled catalog."""
    principal = role(policy(allow(sorted({action, *(one.action for one in uses)}), granted)))
    grants = grants_from_principals([principal], bundled_catalog())
    usage = usage_of({principal.arn: uses})
    (found,) = diff_usage(usage, grants, bundled_catalog(), options or exactly()).principals
    assert found.ungranted == ()
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
        principal = role(policy(allow([*sorted({one.action for one in uses}), *actions], "arn:aws:s3:::*")))
        (found,) = diff_usage(
            usage_of({principal.arn: uses}, data_from=None),
            grants_from_principals([principal], bundled_catalog()),
            bundled_catalog(),
            options or exactly(),
        ).principals
        assert found.ungranted == ()
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
