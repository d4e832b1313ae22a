"""Schedules of one account on moto's server, one for each kind of work, and answers to the calls that moto lacks.

Each starts its work as `app-2` and does it as `app-0`, and where there is a third role it is `app-1`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from tests.support.aws_proxy import Answer, Call

_ACCOUNT: Final = "123456789012"
_HERE: Final = f"us-east-1:{_ACCOUNT}"
DOES, ALSO, STARTS = (f"arn:aws:iam::{_ACCOUNT}:role/team/app-{number}" for number in range(3))
YEARLY: Final = "cron(0 0 1 1 ? *)"

_GLUE_STEP: Final = {
    "Type": "Task",
    "Resource": "arn:aws:states:::glue:startJobRun.sync",
    "Parameters": {"JobName": "etl"},
    "End": True,
}
_TARGETS: Final[dict[str, dict[str, Any]]] = {
    "lambda": {"Arn": f"arn:aws:lambda:{_HERE}:function:worker"},
    "states": {"Arn": f"arn:aws:states:{_HERE}:stateMachine:steps"},
    "ecs": {
        "Arn": f"arn:aws:ecs:{_HERE}:cluster/main",
        "EcsParameters": {"TaskDefinitionArn": f"arn:aws:ecs:{_HERE}:task-definition/nightly:1"},
    },
    "codebuild": {"Arn": f"arn:aws:codebuild:{_HERE}:project/build"},
    "batch": {
        "Arn": f"arn:aws:batch:{_HERE}:job-queue/main",
        "BatchParameters": {"JobDefinition": "crunch", "JobName": "etl-or-not"},
    },
    "codepipeline": {"Arn": f"arn:aws:codepipeline:{_HERE}:release"},
    "sagemaker": {"Arn": f"arn:aws:sagemaker:{_HERE}:pipeline/train"},
    "ssm": {
        "Arn": f"arn:aws:ssm:{_HERE}:automation-definition/Restart:$DEFAULT",
        "Input": json.dumps({"AutomationAssumeRole": [ALSO]}),
    },
}


def make_schedules(client: Callable[[str], Any], account: str) -> None:
    """Makes the schedules and what they start; `client` gives the client of a service."""
    assert account == _ACCOUNT
    _make_work(client)
    events = client("events")
    for name, target in _TARGETS.items():
        state = "DISABLED" if name == "sagemaker" else "ENABLED"
        events.put_rule(Name=f"to-{name}", ScheduleExpression=YEARLY, State=state)
        events.put_targets(Rule=f"to-{name}", Targets=[{"Id": "1", "RoleArn": STARTS, **target}])
    events.put_rule(Name="on-events", EventPattern=json.dumps({"source": ["aws.ec2"]}))
    events.put_targets(Rule="on-events", Targets=[{"Id": "1", "RoleArn": ALSO, **_TARGETS["lambda"]}])
    for name, expression, target in (
        ("weekly", "rate(7 days)", _TARGETS["lambda"]),
        ("unclear", "cron(0 0 ? * 2#6 *)", {"Arn": "arn:aws:scheduler:::aws-sdk:glue:startJobRun"}),
        ("over", "at(2020-01-01T00:00:00)", _TARGETS["lambda"]),
        ("ended", "rate(300 days)", _TARGETS["lambda"]),
    ):
        given = {"Input": json.dumps({"JobName": "etl"})} if name == "unclear" else {}
        end = {"EndDate": datetime(2021, 1, 1, tzinfo=UTC)} if name == "ended" else {}
        client("scheduler").create_schedule(
            Name=name,
            ScheduleExpression=expression,
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={"RoleArn": STARTS, **target, **given},
            **end,
        )
    glue = client("glue")
    glue.create_trigger(
        Name="quarterly",
        Type="SCHEDULED",
        Schedule="cron(0 0 1 */3 ? *)",
        WorkflowName="loads",
        Actions=[{"JobName": "etl"}, {"CrawlerName": "shelves"}],
        StartOnCreation=True,
    )
    glue.create_crawler(
        Name="shelves", Role="service/app-0", Targets={"S3Targets": [{"Path": "s3://lpgen-plain"}]}, Schedule=YEARLY
    )
    window = client("ssm").create_maintenance_window(
        Name="patches", Schedule="cron(0 30 23 ? * TUE#3 *)", Duration=2, Cutoff=1, AllowUnassociatedTargets=True
    )
    client("ssm").register_task_with_maintenance_window(
        WindowId=window["WindowId"], TaskArn="Restart", TaskType="AUTOMATION", ServiceRoleArn=STARTS
    )
    rule = {"RuleName": "monthly", "TargetBackupVaultName": "Default", "ScheduleExpression": "cron(0 5 1 * ? *)"}
    client("backup").create_backup_plan(BackupPlan={"BackupPlanName": "archive", "Rules": [rule]})


def _make_work(client: Callable[[str], Any]) -> None:
    glue = client("glue")
    glue.create_job(Name="etl", Role="app-1", Command={"Name": "glueetl"})
    glue.create_workflow(Name="loads")
    definition = {"StartAt": "Load", "States": {"Load": _GLUE_STEP}}
    client("stepfunctions").create_state_machine(name="steps", definition=json.dumps(definition), roleArn=DOES)
    client("ecs").register_task_definition(
        family="nightly",
        taskRoleArn=DOES,
        executionRoleArn=ALSO,
        containerDefinitions=[{"name": "main", "image": "busybox", "memory": 64}],
    )
    client("codebuild").create_project(
        name="build",
        serviceRole=DOES,
        source={"type": "S3", "location": "lpgen-plain/source.zip"},
        artifacts={"type": "NO_ARTIFACTS"},
        environment={
            "type": "LINUX_CONTAINER",
            "image": "aws/codebuild/standard:7.0",
            "computeType": "BUILD_GENERAL1_SMALL",
        },
    )
    _make_pipeline(client)
    client("batch").register_job_definition(
        jobDefinitionName="crunch",
        type="container",
        containerProperties={
            "image": "busybox",
            "vcpus": 1,
            "memory": 64,
            "jobRoleArn": DOES,
            "environment": [{"name": "ROLE", "value": ALSO}],
        },
    )
    client("sagemaker").create_pipeline(
        PipelineName="train",
        PipelineDefinition=json.dumps({"Version": "2020-12-01", "Steps": []}),
        ClientRequestToken="0" * 32,
        RoleArn=DOES,
    )
    steps = [{"name": "wait", "action": "aws:sleep", "inputs": {"Duration": "PT1S"}}]
    document = {"schemaVersion": "0.3", "assumeRole": DOES, "mainSteps": steps}
    client("ssm").create_document(
        Name="Restart", Content=json.dumps(document), DocumentType="Automation", DocumentFormat="JSON"
    )


def _make_pipeline(client: Callable[[str], Any]) -> None:
    """moto makes a pipeline only with a role that trusts CodePipeline, so this one does for a moment."""
    iam = client("iam")
    trust = iam.get_role(RoleName="app-0")["Role"]["AssumeRolePolicyDocument"]
    trusting = json.loads(json.dumps(trust).replace("ec2.amazonaws.com", "codepipeline.amazonaws.com"))
    iam.update_assume_role_policy(RoleName="app-0", PolicyDocument=json.dumps(trusting))
    action = {
        "name": "Build",
        "actionTypeId": {"category": "Build", "owner": "AWS", "provider": "CodeBuild", "version": "1"},
        "configuration": {"ProjectName": "build"},
        "roleArn": ALSO,
    }
    client("codepipeline").create_pipeline(
        pipeline={
            "name": "release",
            "roleArn": DOES,
            "artifactStore": {"type": "S3", "location": "lpgen-plain"},
            "stages": [{"name": "Source", "actions": [action]}, {"name": "Build", "actions": [action]}],
        }
    )
    iam.update_assume_role_policy(RoleName="app-0", PolicyDocument=json.dumps(trust))


_POLICY: Final = {"PolicyId": "policy-1", "State": "ENABLED"}
_ANSWERS: Final[dict[str, dict[str, Any]]] = {
    "GetFunctionConfiguration": {
        "FunctionName": "worker",
        "Role": DOES,
        "Environment": {"Variables": {"PASSWORD": "never-to-be-read"}},
    },
    "GetLifecyclePolicies": {"Policies": [_POLICY]},
    "GetLifecyclePolicy": {
        "Policy": {
            **_POLICY,
            "ExecutionRoleArn": DOES,
            "PolicyDetails": {
                "Schedules": [
                    {"CreateRule": {"Interval": 12, "IntervalUnit": "HOURS"}},
                    {"CreateRule": {"CronExpression": YEARLY}},
                ]
            },
        }
    },
    "ListBackupSelections": {"BackupSelectionsList": [{"SelectionName": "all", "IamRoleArn": DOES}]},
    "GetMaintenanceWindowTask": {
        "TaskInvocationParameters": {"Automation": {"Parameters": {"AutomationAssumeRole": [ALSO]}}}
    },
}


def answer_schedules(call: Call) -> Answer | None:
    """The answer to a call that moto lacks; None to others."""
    if call.operation == "GetLifecyclePolicies" and (call.account, call.region) != (_ACCOUNT, "us-east-1"):
        return Answer(200, json.dumps({"Policies": []}))
    answer = _ANSWERS.get(call.operation)
    return Answer(200, json.dumps(answer)) if answer is not None else None
