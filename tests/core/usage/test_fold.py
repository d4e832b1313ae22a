"""Folding: what is unbounded becomes its type's pattern, from one ARN alone."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lpgen.core.globs.match import glob_match, holds_variable
from lpgen.core.model import CURRENT_VERSION, NO_RESOURCE, UNKNOWN_RESOURCE, Resource, ResourceKind
from lpgen.core.usage.unbounded_names import Folds
from lpgen.edge.catalog.files import bundled_catalog
from tests.support.case_tables import each_case

SHAPES = {
    service: [*row.get("open", ()), *row.get("numbered", ())]
    for service, row in json.loads(bundled_catalog().source.read_table("folds")).items()
}

EXACT = [
    "arn:aws:s3:::bucket",
    "arn:aws:s3:::bucket/key",
    "arn:aws:s3:us-east-1:111122223333:accesspoint/reports/object/key",
    "arn:aws:ec2:us-east-1:111122223333:instance/i-0123456789abcdef0",
    "arn:aws:iam::111122223333:role/team/deploy",
    "arn:aws:logs:us-east-1:111122223333:log-group:/aws/lambda/fn",
    "arn:aws:dynamodb:us-east-1:111122223333:table/orders/index/by-day",
    "arn:aws:states:us-east-1:111122223333:stateMachine:nightly",
    "arn:aws:codebuild:us-east-1:111122223333:project/site",
    "arn:aws:apigateway:us-east-1::/restapis/abc123/stages/prod",
    "arn:aws:lambda:us-east-1:111122223333:function:api:live",
    "arn:aws:lambda:us-east-1:111122223333:function:7",
    "arn:aws:ecs:us-east-1:111122223333:task-definition/web",
    "arn:aws:batch:us-east-1:111122223333:job-queue/web-7",
    "arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/web",
]

FOLDED = [
    ("arn:aws:s3:::bucket/dir/key", "arn:aws:s3:::bucket/dir/*"),
    ("arn:aws:s3:::bucket/a/b/key", "arn:aws:s3:::bucket/a/b/*"),
    ("arn:aws:s3:::bucket/a/b/c/d/key", "arn:aws:s3:::bucket/a/b/*"),
    ("arn:aws:s3:::bucket/dir/", "arn:aws:s3:::bucket/dir/*"),
    ("arn:aws:s3:::bucket//key", "arn:aws:s3:::bucket//*"),
    ("arn:aws-cn:s3:::bucket/a/b/c:d", "arn:aws-cn:s3:::bucket/a/b/*"),
    (
        "arn:aws:s3:us-east-1:111122223333:accesspoint/reports/object/a/b/c",
        "arn:aws:s3:us-east-1:111122223333:accesspoint/reports/object/a/b/*",
    ),
    (
        "arn:aws:logs:us-east-1:111122223333:log-group:/aws/lambda/fn:log-stream:2024/03/01/[$LATEST]0a1b",
        "arn:aws:logs:us-east-1:111122223333:log-group:/aws/lambda/fn:log-stream:*",
    ),
    ("arn:aws:ecs:us-east-1:111122223333:task/main/0a1b", "arn:aws:ecs:us-east-1:111122223333:task/main/*"),
    (
        "arn:aws:quicksight:us-east-1:111122223333:dataset/orders/ingestion/0a1b",
        "arn:aws:quicksight:us-east-1:111122223333:dataset/orders/ingestion/*",
    ),
    (
        "arn:aws:macie2:us-east-1:111122223333:classification-job/0a1b",
        "arn:aws:macie2:us-east-1:111122223333:classification-job/*",
    ),
    ("arn:aws:ecs:us-east-1:111122223333:task/0a1b", "arn:aws:ecs:us-east-1:111122223333:task/*"),
    (
        "arn:aws:states:us-east-1:111122223333:execution:nightly:0a1b",
        "arn:aws:states:us-east-1:111122223333:execution:nightly:*",
    ),
    (
        "arn:aws:states:us-east-1:111122223333:express:nightly:run:0a1b",
        "arn:aws:states:us-east-1:111122223333:express:nightly:*",
    ),
    (
        "arn:aws:codebuild:us-east-1:111122223333:build/site:0a1b",
        "arn:aws:codebuild:us-east-1:111122223333:build/site:*",
    ),
    ("arn:aws:ssm:us-east-1:111122223333:session/ann-0a1b", "arn:aws:ssm:us-east-1:111122223333:session/*"),
    ("arn:aws:sts::111122223333:assumed-role/deploy/ann", "arn:aws:sts::111122223333:assumed-role/deploy/*"),
    # With the next revision, which a call without a number means, the old number is refused:
    # https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html
    (
        "arn:aws:ecs:us-east-1:111122223333:task-definition/web:7",
        "arn:aws:ecs:us-east-1:111122223333:task-definition/web:*",
    ),
    (
        "arn:aws:batch:us-east-1:111122223333:job-definition/web:7",
        "arn:aws:batch:us-east-1:111122223333:job-definition/web:*",
    ),
    ("arn:aws:lambda:us-east-1:111122223333:function:api:7", "arn:aws:lambda:us-east-1:111122223333:function:api:*"),
    ("arn:aws:lambda:us-east-1:580247275435:layer:Agent:14", "arn:aws:lambda:us-east-1:580247275435:layer:Agent:*"),
    ("arn:aws:batch:us-east-1:111122223333:job/0a1b", "arn:aws:batch:us-east-1:111122223333:job/*"),
    (
        "arn:aws:emr-serverless:us-east-1:111122223333:/applications/00f1/jobruns/00g2",
        "arn:aws:emr-serverless:us-east-1:111122223333:/applications/00f1/jobruns/*",
    ),
    (
        "arn:aws:cloudformation:us-east-1:111122223333:stack/site/0a1b-2c3d",
        "arn:aws:cloudformation:us-east-1:111122223333:stack/site/*",
    ),
    (
        "arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/app/web/50dc6c495c0c9188",
        "arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/app/web/*",
    ),
    (
        "arn:aws:elasticloadbalancing:us-east-1:111122223333:listener/net/web/50dc6c495c0c9188/f2f7dc8efc522ab2",
        "arn:aws:elasticloadbalancing:us-east-1:111122223333:listener/net/web/*/*",
    ),
    (
        "arn:aws:elasticloadbalancing:us-east-1:111122223333:targetgroup/web/73e2d6bc24d8a067",
        "arn:aws:elasticloadbalancing:us-east-1:111122223333:targetgroup/web/*",
    ),
    # What IAM would read as a wildcard or a variable stands for one character.
    ("arn:aws:s3:::bucket/what*ever", "arn:aws:s3:::bucket/what?ever"),
    ("arn:aws:s3:::bucket/*", "arn:aws:s3:::bucket/?"),
    ("arn:aws:s3:::bucket/a?b", "arn:aws:s3:::bucket/a?b"),
    ("arn:aws:s3:::bucket/${aws:username}", "arn:aws:s3:::bucket/?{aws:username}"),
    ("arn:aws:s3:::bucket/*/b/c", "arn:aws:s3:::bucket/?/b/*"),
    ("arn:aws:sqs:us-east-1:111122223333:a*b", "arn:aws:sqs:us-east-1:111122223333:a?b"),
]


def fold_resource(resource: Resource) -> Resource:
    return bundled_catalog().facts(Folds).fold(resource)


@pytest.mark.parametrize("arn", EXACT)
def test_fold_resource_keeps_what_a_person_named(arn: str) -> None:
    resource = Resource(ResourceKind.ARN, arn)
    assert fold_resource(resource) == resource


@each_case("arn, pattern", FOLDED)
def test_fold_resource_folds_what_has_no_end(arn: str, pattern: str) -> None:
    assert fold_resource(Resource(ResourceKind.ARN, arn)) == Resource(ResourceKind.FOLD, pattern)


@pytest.mark.parametrize(
    "resource",
    [NO_RESOURCE, UNKNOWN_RESOURCE, Resource(ResourceKind.OVERFLOW), Resource(ResourceKind.FOLD, "arn:aws:s3:::b/*/c")],
)
def test_fold_resource_leaves_other_kinds_alone(resource: Resource) -> None:
    assert fold_resource(resource) == resource


_NAMES = st.text(alphabet="ab7/:*?${}\ufffd é", max_size=12)
_SERVICES = st.sampled_from([*SHAPES, "sqs", ""])


@st.composite
def _arns(draw: st.DrawFn) -> str:
    service = draw(_SERVICES)
    head = draw(st.sampled_from([*SHAPES.get(service, ()), "", "bucket/"]))
    for _ in range(head.count("{}")):
        head = head.replace("{}", draw(_NAMES), 1)
    place = draw(st.sampled_from(["", "us-east-1"]))
    return f"arn:aws:{service}:{place}:{place and '111122223333'}:{head.partition('*')[0]}{draw(_NAMES)}"


@given(_arns() | _NAMES)
def test_fold_resource_matches_the_arn_and_is_stable(arn: str) -> None:
    folded = fold_resource(Resource(ResourceKind.ARN, arn))
    assert fold_resource(folded) == folded
    assert glob_match(folded.text, arn)
    assert not holds_variable(folded.text, CURRENT_VERSION)
    if folded.kind is ResourceKind.ARN:
        assert folded.text == arn
        assert not set("*?") & set(arn)


@each_case(
    "service, template",
    [(service, shape) for service, shapes in SHAPES.items() for shape in shapes],
)
def test_folds_are_shapes_of_the_catalog(service: str, template: str) -> None:
    """Each template is an ARN format of the service, or one that its documentation gives and the reference lacks."""
    beyond = {
        ("backup", "recovery-point:*"),
        ("bedrock", "async-invoke/*"),
        ("codebuild", "report/{}:*"),
        ("codebuild", "sandbox/{}:*"),
        ("ecs", "task/*"),
        ("kinesis", "stream/{}/consumer/{}:*"),  # the reference has the type of stream as a placeholder
        ("ssm", "command/*"),
        ("sts", "assumed-role/{}/*"),
        ("sts", "federated-user/*"),
        ("states", "express:{}:*"),
    }
    formats = _last_fields(service, bundled_catalog().source.read_service("iam" if service == "sts" else service))
    shapes = {re.sub(r"\$\{\w+\}", "{}", arn_format) for arn_format in formats}
    wanted = template.replace("*", "{}")
    assert (service, template) in beyond or any(
        shape == wanted or shape == wanted.replace("{}:{}", "{}") for shape in shapes
    )


def _last_fields(service: str, text: bytes) -> set[str]:
    found = re.findall(rf'arn:[^:"]*:{service}:[^:"]*:[^:"]*:([^",]+)', text.decode())
    return {one.strip() for one in found}
