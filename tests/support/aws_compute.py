"""What runs with a role in one account on moto's server, and answers to the calls that moto lacks.

Code runs as `app-0`, or as `app-2` on instances, whose profile has the role's name. ECS pulls images as `app-1`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

from tests.support.aws_proxy import Answer, Call
from tests.support.aws_schedules import ALSO, DOES, STARTS

_ACCOUNT: Final = "123456789012"
_HERE: Final = f"us-east-1:{_ACCOUNT}"
_CLUSTER: Final = f"arn:aws:eks:{_HERE}:cluster/main"

POD: Final = {
    "eks-cluster-arn": _CLUSTER,
    "eks-cluster-name": "main",
    "kubernetes-namespace": "shop",
    "kubernetes-service-account": "orders",
}
"""The session tags of the association `a-tagged`."""


def make_compute(client: Callable[[str], Any], account: str) -> None:
    """Makes what moto can make; `client` gives the client of a service. What schedules start is there before."""
    assert account == _ACCOUNT
    profile = {"Name": "app-2"}
    client("ec2").run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1, IamInstanceProfile=profile)
    client("autoscaling").create_launch_configuration(
        LaunchConfigurationName="old", ImageId="ami-12c6146b", InstanceType="t3.micro", IamInstanceProfile="app-2"
    )
    template = {"Resources": {"Handle": {"Type": "AWS::CloudFormation::WaitConditionHandle"}}}
    client("cloudformation").create_stack(StackName="stack", TemplateBody=json.dumps(template), RoleARN=DOES)
    ecs = client("ecs")
    ecs.create_cluster(clusterName="main")
    ecs.create_service(cluster="main", serviceName="web", taskDefinition="nightly", desiredCount=0)
    client("sagemaker").create_notebook_instance(
        NotebookInstanceName="notes", InstanceType="ml.t3.medium", RoleArn=DOES
    )
    client("glue").create_dev_endpoint(EndpointName="try", RoleArn=DOES)
    client("emr").run_job_flow(
        Name="crunch",
        JobFlowRole="app-2",
        ServiceRole="app-1",
        Instances={"InstanceCount": 1, "KeepJobFlowAliveWhenNoSteps": True, "MasterInstanceType": "m5.large"},
    )
    client("eks").create_cluster(name="main", roleArn=ALSO, resourcesVpcConfig={"subnetIds": ["subnet-1", "subnet-2"]})
    client("bedrock-agentcore-control").create_agent_runtime(
        agentRuntimeName="agent",
        agentRuntimeArtifact={
            "containerConfiguration": {"containerUri": f"{_ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/a:1"}
        },
        roleArn=DOES,
        networkConfiguration={"networkMode": "PUBLIC"},
    )
    _make_credentials(client("iam"))


def _make_credentials(iam: Any) -> None:
    """A password, a key and an MFA device of a user, and an instance profile without a role."""
    iam.create_login_profile(UserName="ann", Password="Never-to-be-read-1")
    iam.create_access_key(UserName="ann")
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName="ann")["VirtualMFADevice"]["SerialNumber"]
    codes = {"AuthenticationCode1": "123456", "AuthenticationCode2": "654321"}
    iam.enable_mfa_device(UserName="ann", SerialNumber=device, **codes)
    iam.create_instance_profile(InstanceProfileName="empty")


def _association(name: str, **facts: Any) -> dict[str, Any]:
    arn = f"arn:aws:eks:{_HERE}:podidentityassociation/main/{name}"
    pod = {"clusterName": "main", "namespace": "shop", "serviceAccount": "orders"}
    return {**pod, "associationArn": arn, "associationId": name, "roleArn": DOES, **facts}


_ASSOCIATIONS: Final = (
    _association("a-tagged"),
    _association("a-untagged", disableSessionTags=True),
    _association("a-elsewhere", targetRoleArn="arn:aws:iam::999999999999:role/target"),
)
_SERVICE: Final = {"ServiceArn": f"arn:aws:apprunner:{_HERE}:service/{{0}}/1"}
_INTERPRETER: Final = {
    "codeInterpreterId": "code-1",
    "codeInterpreterArn": f"arn:aws:bedrock-agentcore:{_HERE}:code-interpreter-custom/code-1",
}
_VERSIONS: Final = "".join(
    f"<item><launchTemplateId>{template}</launchTemplateId><launchTemplateData><iamInstanceProfile>{profile}"
    "</iamInstanceProfile></launchTemplateData></item>"
    for template, profile in (
        ("lt-1", "<name>app-2</name>"),
        ("lt-1", f"<arn>arn:aws:iam::{_ACCOUNT}:instance-profile/app-2</arn>"),
        ("lt-2", "<name>without-a-role</name>"),
    )
)


def _app(name: str) -> dict[str, Any]:
    return {key: text.format(name) for key, text in _SERVICE.items()}


_TASKS: Final[dict[str, dict[str, Any]]] = {
    "plain": {"enableExecuteCommand": True, "overrides": {}},
    "again": {"enableExecuteCommand": True},
    "closed": {"enableExecuteCommand": False},
    "other": {"enableExecuteCommand": True, "overrides": {"taskRoleArn": STARTS}},
}
"""Tasks of one definition: with ECS Exec, without, and with a role of its own."""


def _answer_here(call: Call) -> dict[str, Any] | None:
    """The answer of the account's Region."""
    last = call.parameters.get("path", "").rpartition("/")[2]
    definition = f"arn:aws:ecs:{_HERE}:task-definition/nightly:1"
    tasks = [
        {"taskArn": f"arn:aws:ecs:{_HERE}:task/main/{name}", "taskDefinitionArn": definition, **facts}
        for name, facts in _TASKS.items()
    ]
    match call.service, call.operation:
        case "apprunner", "ListServices":  # boto3 has no paginator for it
            found = _app("second" if "NextToken" in call.parameters else "first")
            return {"ServiceSummaryList": [found]} | ({} if "NextToken" in call.parameters else {"NextToken": "more"})
        case "apprunner", "DescribeService":
            role = {"InstanceRoleArn": DOES}
            return {"Service": {"ServiceArn": call.parameters["ServiceArn"], "InstanceConfiguration": role}}
        case "bedrock-agentcore", "ListCodeInterpreters":
            return {"codeInterpreterSummaries": [_INTERPRETER]}
        case "bedrock-agentcore", "GetCodeInterpreter":
            return {**_INTERPRETER, "executionRoleArn": DOES}
        case "ecs", "ListTasks":
            return {"taskArns": [task["taskArn"] for task in tasks]}
        case "ecs", "DescribeTasks":
            return {"tasks": tasks}
        case "eks", "ListPodIdentityAssociations":
            return {"associations": [_association(str(found["associationId"])) for found in _ASSOCIATIONS]}
        case "eks", "DescribePodIdentityAssociation":
            return {"association": next(found for found in _ASSOCIATIONS if found["associationId"] == last)}
    return None


_ELSEWHERE: Final[dict[tuple[str, str], dict[str, Any]]] = {
    ("apprunner", "ListServices"): {"ServiceSummaryList": []},
    ("bedrock-agentcore", "ListCodeInterpreters"): {"codeInterpreterSummaries": []},
}


def answer_compute(call: Call) -> Answer | None:
    """The answer to a call that moto lacks; None to others."""
    is_here = (call.account, call.region) == (_ACCOUNT, "us-east-1")
    if call.operation == "DescribeLaunchTemplateVersions":
        assert [call.parameters[f"LaunchTemplateVersion.{number}"] for number in (1, 2)] == ["$Default", "$Latest"]
        found = f"<launchTemplateVersionSet>{_VERSIONS if is_here else ''}</launchTemplateVersionSet>"
        return Answer(200, f"<DescribeLaunchTemplateVersionsResponse>{found}</DescribeLaunchTemplateVersionsResponse>")
    answer = _answer_here(call) if is_here else _ELSEWHERE.get((call.service, call.operation))
    return Answer(200, json.dumps(answer)) if answer is not None else None
