"""The trails of a plan as AWS CLI commands, as Terraform, or as a CloudFormation template.

https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_CreateTrail.html
https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_PutEventSelectors.html
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator

from lpgen.core.observe.plan import AccountPlan, ObservePlan, PlannedTrail
from lpgen.core.observe.selections import selector_document
from lpgen.core.trails import Selector
from lpgen.errors import InvocationError
from lpgen.report.iac.hcl import Attribute, Block, hcl_comments, hcl_list, hcl_string, render_block
from lpgen.report.iac.yaml import yaml_text

_OPERATORS = {
    "Equals": "equals",
    "StartsWith": "starts_with",
    "EndsWith": "ends_with",
    "NotEquals": "not_equals",
    "NotStartsWith": "not_starts_with",
    "NotEndsWith": "not_ends_with",
}


def plan_as_cli(whole: ObservePlan) -> str:
    """The trails of one account as AWS CLI commands, with a line break at the end.

    Raises:
        InvocationError: the plan has trails of several accounts or of none.
    """
    plan = _only_account(whole)
    return "\n".join(["#!/bin/sh", *hcl_comments(_notes(plan)).splitlines(), "set -eu", *_calls(plan), ""])


def plan_as_terraform(whole: ObservePlan) -> str:
    """The trails of one account as Terraform.

    Raises:
        InvocationError: the plan has trails of several accounts or of none, or one of an existing trail.
    """
    plan = _only_new(whole)
    return hcl_comments(_notes(plan)) + "\n" + "\n".join(render_block(_resource(planned)) for planned in plan.trails)


def plan_as_cloudformation(whole: ObservePlan) -> str:
    """The trails of one account as a CloudFormation template.

    Raises:
        InvocationError: the plan has trails of several accounts or of none, or one of an existing trail.
    """
    plan = _only_new(whole)
    description, *notes = _notes(plan)
    template = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": description,
        "Metadata": {"lpgen": notes},
        "Resources": {
            re.sub("[^A-Za-z0-9]", "", planned.trail.name.title()): {
                "Type": "AWS::CloudTrail::Trail",
                "Properties": {
                    "TrailName": planned.trail.name,
                    "S3BucketName": planned.trail.bucket,
                    "IsMultiRegionTrail": True,
                    "IncludeGlobalServiceEvents": True,
                    "IsLogging": True,
                    "AdvancedEventSelectors": [selector_document(selector) for selector in planned.trail.selectors],
                },
            }
            for planned in plan.trails
        },
    }
    return yaml_text(template)


def _only_account(whole: ObservePlan) -> AccountPlan:
    with_trails = [account for account in whole.accounts if account.trails]
    if len(with_trails) != 1:
        accounts = ", ".join(trail.account for trail in with_trails)
        raise InvocationError(
            f"code is for one account, but the plan has trails of {accounts or 'none'}",
            hint="choose one with `--account`" if with_trails else "`--format text` shows why",
        )
    return with_trails[0]


def _only_new(whole: ObservePlan) -> AccountPlan:
    plan = _only_account(whole)
    if not all(trail.is_new for trail in plan.trails):
        raise InvocationError(
            "an existing trail can't be changed without all its other settings",
            hint="use `--format cli`, or put the selectors of `--format json` into your own code",
        )
    return plan


def _notes(plan: AccountPlan) -> Iterator[str]:
    yield f"Trails of account {plan.account} for data events, written by `lpgen observe`."
    if all(trail.is_new for trail in plan.trails):
        yield "The bucket policy must allow each new trail to write, with the condition key aws:SourceArn."
        yield "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html"
    else:
        yield "This replaces all selectors of the trail. Coverage by the trail counts only from that day on."


# ---------------------------------------------------------------- the AWS CLI


def _calls(plan: AccountPlan) -> Iterator[str]:
    for planned in plan.trails:
        trail = planned.trail
        if planned.is_new:
            made = {
                "Name": trail.name,
                "S3BucketName": trail.bucket,
                "IsMultiRegionTrail": True,
                "IncludeGlobalServiceEvents": True,
            }
            yield _call("create-trail", trail.home_region, made)
        selectors = [selector_document(selector) for selector in trail.selectors]
        name = trail.name if planned.is_new else trail.arn
        yield _call("put-event-selectors", trail.home_region, {"TrailName": name, "AdvancedEventSelectors": selectors})
        if planned.is_new:
            yield _call("start-logging", trail.home_region, {"Name": trail.name})


def _call(operation: str, region: str, request: dict[str, object]) -> str:
    return (
        f"aws cloudtrail {operation} --region {shlex.quote(region)} --cli-input-json {shlex.quote(json.dumps(request))}"
    )


# ---------------------------------------------------------------- Terraform


def _resource(planned: PlannedTrail) -> Block:
    trail = planned.trail
    return Block(
        "resource",
        ("aws_cloudtrail", trail.name.replace("-", "_")),
        (
            Attribute("name", hcl_string(trail.name)),
            Attribute("s3_bucket_name", hcl_string(trail.bucket)),
            Attribute("is_multi_region_trail", "true"),
            Attribute("include_global_service_events", "true"),
            *map(_selector_block, trail.selectors),
        ),
    )


def _selector_block(selector: Selector) -> Block:
    said = selector_document(selector)
    fields = said["FieldSelectors"]
    assert isinstance(fields, list)
    blocks: list[Block] = []
    for field in fields:
        tests = (
            Attribute(name, hcl_list(map(hcl_string, field[operator])))
            for operator, name in _OPERATORS.items()
            if operator in field
        )
        blocks.append(Block("field_selector", (), (Attribute("field", hcl_string(field["Field"])), *tests)))
    return Block("advanced_event_selector", (), (Attribute("name", hcl_string(str(said["Name"]))), *blocks))
