"""The permissions that lpgen prints are those that a snapshot needs, and no others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from lpgen.core.choices import Duty
from lpgen.core.cloudtrail.event_map import EventMap
from lpgen.core.cloudtrail.records import Record
from lpgen.core.iam.authorize import decide
from lpgen.core.iam.decision import PolicySet, Request, Result
from lpgen.core.iam.policy import policy_from_json
from lpgen.core.model import Resource, ResourceKind
from lpgen.core.required_permissions import own_policies
from lpgen.edge.catalog.files import bundled_catalog, open_catalog
from tests.support.aws_organization import MANAGEMENT, ROLE, answer_missing
from tests.support.aws_proxy import Answer, AwsProxy, Call, Reply
from tests.support.snapshot_runs import EVERYTHING, take


def test_what_a_snapshot_calls_is_what_iam_policy_prints(proxy: AwsProxy, tmp_path: Path) -> None:
    """Nothing that it calls is outside, and nothing that is printed is for nothing. The map of events says which
    action a call needs."""
    proxy.reply = answer_two_regions
    assert take(tmp_path, replace(EVERYTHING, regions=())).gaps == ()
    printed = own_policies(bundled_catalog(), bucket="logs", role=ROLE, caller=f"arn:aws:iam::{MANAGEMENT}:role/lpgen")
    event_map = EventMap(open_catalog(None))
    used: dict[Duty, set[str]] = {Duty.SNAPSHOT: set(), Duty.MEMBER_ROLE: set()}
    for call in proxy.calls:
        duty = Duty.SNAPSHOT if call.account == MANAGEMENT else Duty.MEMBER_ROLE
        actions = needed_by(call, event_map)
        used[duty] |= actions
        assert actions or call.operation == "GetCallerIdentity"
        for action in actions:
            resource = call.parameters["RoleArn"] if action == "sts:AssumeRole" else "arn:aws:x:::any"
            assert allows(printed[duty], action, resource), f"{duty}: {action}"
    for duty, actions in used.items():
        listed = {one for entry in printed[duty]["Statement"] for one in entry["Action"]}
        assert listed - actions == ({"lambda:GetPolicy"} if duty is Duty.SNAPSHOT else LIST_ONLY)


def answer_two_regions(call: Call) -> Reply:
    """moto switches on all Regions there are; two are enough."""
    if call.operation == "DescribeRegions":
        items = "".join(f"<item><regionName>{one}</regionName></item>" for one in ("us-east-1", "eu-west-1"))
        return Answer(200, f"<DescribeRegionsResponse><regionInfo>{items}</regionInfo></DescribeRegionsResponse>")
    return answer_missing(call)


LIST_ONLY = {
    "cloudtrail:GetEventSelectors",
    "cloudtrail:GetTrail",
    "cloudtrail:GetTrailStatus",
    "dynamodb:GetResourcePolicy",
    "ecr:GetRepositoryPolicy",
    "kms:GetKeyPolicy",
    "lambda:GetPolicy",
    "s3:GetBucketPolicy",
    "s3:GetBucketAbac",
    "s3:GetBucketLogging",
    "s3:GetBucketVersioning",
    "secretsmanager:GetResourcePolicy",
    "sns:GetTopicAttributes",
    "sqs:GetQueueAttributes",
    "backup:GetBackupPlan",
    "backup:ListBackupSelections",
    "codebuild:BatchGetProjects",
    "codepipeline:GetPipeline",
    "dlm:GetLifecyclePolicy",
    "ecs:DescribeTaskDefinition",
    "events:ListTargetsByRule",
    "glue:GetCrawler",
    "glue:GetJob",
    "glue:GetWorkflow",
    "lambda:GetFunctionConfiguration",
    "pipes:DescribePipe",
    "sagemaker:DescribePipeline",
    "scheduler:GetSchedule",
    "ssm:DescribeMaintenanceWindowTasks",
    "ssm:GetDocument",
    "ssm:GetMaintenanceWindowTask",
    "states:DescribeStateMachine",
    "apprunner:DescribeService",
    "bedrock-agentcore:GetAgentRuntime",
    "bedrock-agentcore:GetCodeInterpreter",
    "ecs:DescribeServices",
    "ecs:DescribeTasks",
    "iam:GetAccessKeyLastUsed",
    "ecs:ListServices",
    "ecs:ListTasks",
    "eks:DescribePodIdentityAssociation",
    "eks:ListPodIdentityAssociations",
    "elasticmapreduce:DescribeCluster",
    "sagemaker:DescribeNotebookInstance",
}
"""What accounts without such resources are not asked."""


def needed_by(call: Call, event_map: EventMap) -> set[str]:
    names = {
        "ListEventSourceMappings": "ListEventSourceMappings20150331",
        "ListFunctions": "ListFunctions20150331",
        "GetPolicy": "GetPolicy20150331v2",
        "GetFunctionConfiguration": "GetFunctionConfiguration20150331v2",
    }
    name = names.get(call.operation, call.operation) if call.service == "lambda" else call.operation
    record = Record(eventSource=f"{call.service}.amazonaws.com", eventName=name)
    return {str(action.action) for action in event_map.map_record(record).actions}


def allows(policy: dict[str, Any], action: str, resource: str) -> bool:
    request = Request(f"arn:aws:iam::{MANAGEMENT}:role/lpgen", action, Resource(ResourceKind.ARN, resource), {})
    held = PolicySet(identity=(policy_from_json(policy, place=""),))
    return decide(request, held).result is Result.ALLOWED
