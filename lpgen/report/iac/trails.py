"""The trails of a plan as code: commands of the AWS CLI, Terraform, or a CloudFormation template.

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
    """The trails of one account as commands of the AWS CLI, with a line break at the end.

    Raises:
        InvocationError: there are trails of several accounts or none.
    """
    return _commands(_only_account(whole))


def plan_as_terraform(whole: ObservePlan) -> str:
    """The same as Terraform.

    Raises:
        InvocationError: as above, or a trail exists, and Terraform only makes new ones.
    """
    return _terraform(_only_new(whole))


def plan_as_cloudformation(whole: ObservePlan) -> str:
    """The same as a CloudFormation template.

    Raises:
        InvocationError: as above, or a trail exists, and a template only makes new ones.
    """
    return _template(_only_new(whole))


def _only_account(whole: ObservePlan) -> AccountPlan:
    with_trails = [account for account in whole.accounts if account.trails]
    if len(with_trails) != 1:
        accounts = ", ".join(trail.account for trail in with_trails)
        raise InvocationError(
            f"code is for one account, and there are trails of {accounts or 'none'}",
            hint="choose one with `--account`" if with_trails else "`--format text` says why",
        )
    return with_trails[0]


def _only_new(whole: ObservePlan) -> AccountPlan:
    plan = _only_account(whole)
    if not all(trail.is_new for trail in plan.trails):
        raise InvocationError(
            "a trail that exists can't be changed without all its other settings",
            hint="use `--format cli`, or put the selectors of `--format json` into your own code",
        )
    return plan


def _notes(plan: AccountPlan) -> Iterator[str]:
    yield f"Trails of account {plan.account} for data events, written by `lpgen observe`."
    if all(trail.is_new for trail in plan.trails):
        yield "The policy of the bucket must let each new trail write, by the condition key aws:SourceArn."
        yield "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html"
    else:
        yield "This replaces all selectors of the trail: what it records counts as known only from that day on."


# ---------------------------------------------------------------- the AWS CLI


def _commands(plan: AccountPlan) -> str:
    return "\n".join(["#!/bin/sh", *hcl_comments(_notes(plan)).splitlines(), "set -eu", *_calls(plan), ""])


def _calls(plan: AccountPlan) -> Iterator[str]:
    for one in plan.trails:
        trail = one.trail
        if one.is_new:
            made = {
                "Name": trail.name,
                "S3BucketName": trail.bucket,
                "IsMultiRegionTrail": True,
                "IncludeGlobalServiceEvents": True,
            }
            yield _call("create-trail", trail.home_region, made)
        selectors = [selector_document(selector) for selector in trail.selectors]
        name = trail.name if one.is_new else trail.arn
        yield _call("put-event-selectors", trail.home_region, {"TrailName": name, "AdvancedEventSelectors": selectors})
        if one.is_new:
            yield _call("start-logging", trail.home_region, {"Name": trail.name})


def _call(operation: str, region: str, request: dict[str, object]) -> str:
    return (
        f"aws cloudtrail {operation} --region {shlex.quote(region)} --cli-input-json {shlex.quote(json.dumps(request))}"
    )


# ---------------------------------------------------------------- Terraform and CloudFormation


def _terraform(plan: AccountPlan) -> str:
    return hcl_comments(_notes(plan)) + "\n" + "\n".join(render_block(_resource(trail)) for trail in plan.trails)


def _resource(one: PlannedTrail) -> Block:
    trail = one.trail
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
    blocks = (
        Block(
            "field_selector",
            (),
            (
                Attribute("field", hcl_string(field["Field"])),
                *(
                    Attribute(name, hcl_list(map(hcl_string, field[operator])))
                    for operator, name in _OPERATORS.items()
                    if operator in field
                ),
            ),
        )
        for field in fields
    )
    return Block("advanced_event_selector", (), (Attribute("name", hcl_string(str(said["Name"]))), *blocks))


def _template(plan: AccountPlan) -> str:
    resources = {
        re.sub("[^A-Za-z0-9]", "", trail.trail.name.title()): {
            "Type": "AWS::CloudTrail::Trail",
            "Properties": {
                "TrailName": trail.trail.name,
                "S3BucketName": trail.trail.bucket,
                "IsMultiRegionTrail": True,
                "IncludeGlobalServiceEvents": True,
                "IsLogging": True,
                "AdvancedEventSelectors": [selector_document(selector) for selector in trail.trail.selectors],
            },
        }
        for trail in plan.trails
    }
    template = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": next(_notes(plan)),
        "Metadata": {"lpgen": list(_notes(plan))[1:]},
        "Resources": resources,
    }
    return yaml_text(template)
