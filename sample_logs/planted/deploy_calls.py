"""API calls that build and run things (EC2, Lambda, ECS, CloudFormation, IAM, STS) as CloudTrail writes them."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from urllib.parse import quote

from sample_logs.planted.calls import arn, resource, tag_specification
from sample_logs.planted.identities import Json, Role
from sample_logs.planted.records import Call, Session, session_token
from sample_logs.planted.world import SHOP, digest_of, ec2_id, hex_of, mixed_of, spoken, uuid_of, zulu

IMAGE = "ami-0c4f7023847b90238"
SUBNET = "subnet-0bb1c79de3a51f2c4"
SECURITY_GROUP = "sg-0d9b1e6a7c52f8340"


def run_instances(role: Role, region: str, moment: datetime, job: str) -> Call:
    """`RunInstances` with an instance profile, one EBS volume and tags."""
    instance, interface = ec2_id("i", job, moment), ec2_id("eni", job, moment)
    made = arn("ec2", region, SHOP, f"instance/{instance}")
    tags = {"job": job, "team": "search"}
    request = {
        "instancesSet": {"items": [{"imageId": IMAGE, "minCount": 1, "maxCount": 1}]},
        "groupSet": {"items": [{"groupId": SECURITY_GROUP}]},
        "instanceType": "c7g.2xlarge",
        "blockDeviceMapping": {
            "items": [
                {"deviceName": "/dev/xvda", "ebs": {"volumeSize": 60, "deleteOnTermination": True, "volumeType": "gp3"}}
            ]
        },
        "monitoring": {"enabled": False},
        "subnetId": SUBNET,
        "disableApiTermination": False,
        "iamInstanceProfile": {"name": role.profile},
        "clientToken": uuid_of("client", job, moment),
        "tagSpecificationSet": tag_specification("instance", tags),
    }
    item: Json = {
        "instanceId": instance,
        "imageId": IMAGE,
        "instanceState": {"code": 0, "name": "pending"},
        "privateDnsName": "ip-10-30-1-88.ec2.internal",
        "amiLaunchIndex": 0,
        "productCodes": {},
        "instanceType": "c7g.2xlarge",
        "launchTime": int(moment.timestamp()) * 1000,
        "placement": {"availabilityZone": f"{region}a", "tenancy": "default"},
        "monitoring": {"state": "disabled"},
        "subnetId": SUBNET,
        "vpcId": "vpc-05d8a1f0c2be47796",
        "privateIpAddress": "10.30.1.88",
        "stateReason": {"code": "pending", "message": "pending"},
        "architecture": "arm64",
        "rootDeviceType": "ebs",
        "rootDeviceName": "/dev/xvda",
        "blockDeviceMapping": {},
        "virtualizationType": "hvm",
        "hypervisor": "xen",
        "tagSet": {"items": [{"key": key, "value": value} for key, value in tags.items()]},
        "groupSet": {"items": [{"groupId": SECURITY_GROUP, "groupName": "batch"}]},
        "sourceDestCheck": True,
        "networkInterfaceSet": {"items": [{"networkInterfaceId": interface, "subnetId": SUBNET, "ownerId": SHOP}]},
        "iamInstanceProfile": {"arn": role.profile_arn, "id": f"AIPA{hex_of(17, role.profile_arn).upper()}"},
        "ebsOptimized": False,
    }
    response = {
        "requestId": uuid_of("run", job, moment),
        "reservationId": f"r-0{hex_of(16, job, moment)}",
        "ownerId": SHOP,
        "groupSet": {},
        "instancesSet": {"items": [item]},
    }
    needs = (
        ("ec2:RunInstances", arn("ec2", region, "", f"image/{IMAGE}")),
        ("ec2:RunInstances", arn("ec2", region, SHOP, f"subnet/{SUBNET}")),
        ("ec2:RunInstances", arn("ec2", region, SHOP, f"security-group/{SECURITY_GROUP}")),
        ("ec2:RunInstances", arn("ec2", region, SHOP, f"network-interface/{interface}")),
        ("ec2:RunInstances", arn("ec2", region, SHOP, f"volume/{ec2_id('vol', job, moment)}")),
        ("ec2:RunInstances", made),
        ("ec2:CreateTags", made),
        ("iam:PassRole", role.arn),
    )
    return Call("ec2", "RunInstances", request, response, read_only=False, needs=needs)


def terminate_instances(region: str, instance: str) -> Call:
    """`TerminateInstances` of one instance."""
    return Call(
        "ec2",
        "TerminateInstances",
        {"instancesSet": {"items": [{"instanceId": instance}]}},
        {
            "requestId": uuid_of("terminate", instance),
            "instancesSet": {
                "items": [
                    {
                        "instanceId": instance,
                        "currentState": {"code": 32, "name": "shutting-down"},
                        "previousState": {"code": 16, "name": "running"},
                    }
                ]
            },
        },
        read_only=False,
        needs=(("ec2:TerminateInstances", arn("ec2", region, SHOP, f"instance/{instance}")),),
    )


# ---------------------------------------------------------------- Lambda


def _configuration(function: str, region: str, role: str, moment: datetime) -> Json:
    return {
        "functionName": function,
        "functionArn": arn("lambda", region, SHOP, f"function:{function}"),
        "runtime": "python3.13",
        "role": role,
        "handler": "app.handler",
        "codeSize": 48211 + digest_of(moment)[0],
        "description": "",
        "timeout": 20,
        "memorySize": 512,
        "lastModified": moment.strftime("%Y-%m-%dT%H:%M:%S.000+0000"),
        "codeSha256": mixed_of(43, "code", function, moment) + "=",
        "version": "$LATEST",
        "tracingConfig": {"mode": "PassThrough"},
        "revisionId": uuid_of("revision", function, moment),
        "state": "Active",
        "packageType": "Zip",
        "architectures": ["arm64"],
    }


def function_call(event: str, action: str, function: str, region: str, request: Json | None = None) -> Call:
    """A read or a small write of Lambda's, under its versioned event name."""
    reads = event.startswith(("Get", "List"))
    return Call(
        "lambda",
        event,
        {"functionName": function} | (request or {}),
        read_only=reads,
        needs=((action, arn("lambda", region, SHOP, f"function:{function}")),),
    )


def update_code(function: str, region: str, role: str, moment: datetime) -> Call:
    """`UpdateFunctionCode20150331v2`, which names the function by its ARN."""
    named = arn("lambda", region, SHOP, f"function:{function}")
    request = {
        "fullyQualifiedArn": {
            "arnPrefix": {"partition": "aws", "region": region, "account": SHOP},
            "relativeId": {"functionName": function},
            "functionQualifier": {},
        },
        "functionName": named,
        "publish": False,
        "dryRun": False,
    }
    return Call(
        "lambda",
        "UpdateFunctionCode20150331v2",
        request,
        _configuration(function, region, role, moment),
        read_only=False,
        needs=(("lambda:UpdateFunctionCode", named),),
    )


def create_function(function: str, region: str, role: str, moment: datetime) -> Call:
    """`CreateFunction20150331`, which passes the execution role."""
    request = {
        "functionName": function,
        "runtime": "python3.13",
        "role": role,
        "handler": "app.handler",
        "code": {},
        "timeout": 20,
        "memorySize": 512,
        "publish": False,
        "packageType": "Zip",
        "architectures": ["arm64"],
    }
    named = arn("lambda", region, SHOP, f"function:{function}")
    return Call(
        "lambda",
        "CreateFunction20150331",
        request,
        _configuration(function, region, role, moment),
        read_only=False,
        needs=(("lambda:CreateFunction", named), ("iam:PassRole", role)),
    )


# ---------------------------------------------------------------- CloudFormation and ECS


def stack_id(stack: str, region: str) -> str:
    """A stack's ARN, with the id that CloudFormation gave it."""
    return arn("cloudformation", region, SHOP, f"stack/{stack}/{uuid_of('stack', stack, region)}")


def stack_call(name: str, stack: str, region: str, change_set: str = "", *, read_only: bool = True) -> Call:
    """A CloudFormation call that names the stack by name and, where it has one, the change set by ARN."""
    identifier = stack_id(stack, region)
    request: Json = {"stackName": stack}
    if change_set:
        request |= {
            "changeSetName": arn("cloudformation", region, SHOP, f"changeSet/{change_set}/{uuid_of(change_set)}")
        }
    response: Json | None = None
    if name == "CreateChangeSet":
        request |= {"changeSetName": change_set, "capabilities": ["CAPABILITY_NAMED_IAM"], "changeSetType": "UPDATE"}
        response = {
            "id": arn("cloudformation", region, SHOP, f"changeSet/{change_set}/{uuid_of(change_set)}"),
            "stackId": identifier,
        }
    return Call(
        "cloudformation",
        name,
        request,
        response,
        read_only=read_only,
        needs=((f"cloudformation:{name}", identifier),),
    )


def register_task(family: str, region: str, task_role: str, execution_role: str, revision: int) -> Call:
    """`RegisterTaskDefinition`, which passes two roles."""
    definition = arn("ecs", region, SHOP, f"task-definition/{family}:{revision}")
    image = f"{SHOP}.dkr.ecr.{region}.amazonaws.com/{family}:{hex_of(12, family, revision)}"
    asked: Json = {
        "family": family,
        "taskRoleArn": task_role,
        "executionRoleArn": execution_role,
        "networkMode": "awsvpc",
        "containerDefinitions": [
            {"name": "app", "image": image, "essential": True, "portMappings": [{"containerPort": 8080}]}
        ],
        "requiresCompatibilities": ["FARGATE"],
        "cpu": "1024",
        "memory": "2048",
    }
    answered = {"taskDefinition": asked | {"taskDefinitionArn": definition, "revision": revision, "status": "ACTIVE"}}
    return Call(
        "ecs",
        "RegisterTaskDefinition",
        asked,
        answered,
        read_only=False,
        needs=(
            ("ecs:RegisterTaskDefinition", definition),
            ("iam:PassRole", task_role),
            ("iam:PassRole", execution_role),
        ),
    )


def service_call(name: str, cluster: str, service: str, region: str, definition: str = "") -> Call:
    """`UpdateService` or `DescribeServices`."""
    named = arn("ecs", region, SHOP, f"service/{cluster}/{service}")
    if name == "DescribeServices":
        return Call("ecs", name, {"cluster": cluster, "services": [service]}, needs=((f"ecs:{name}", named),))
    response = {"service": {"serviceArn": named, "serviceName": service, "status": "ACTIVE", "desiredCount": 4}}
    request: Json = {"cluster": cluster, "service": service, "taskDefinition": definition, "forceNewDeployment": False}
    return Call("ecs", name, request, response, read_only=False, needs=((f"ecs:{name}", named),))


# ---------------------------------------------------------------- IAM and STS


def role_call(name: str, role: Role, request: Json | None = None, response: Json | None = None) -> Call:
    """An IAM write on a role."""
    asked = {"roleName": role.name} | (request or {})
    return Call("iam", name, asked, response, read_only=False, needs=((f"iam:{name}", role.arn),))


def create_role(role: Role, generation: int, moment: datetime) -> Call:
    """`CreateRole` of one incarnation of a role."""
    trust = json.dumps(role.trust)
    made = {
        "path": role.path,
        "roleName": role.name,
        "roleId": role.id_of(generation),
        "arn": role.arn,
        "createDate": spoken(moment),
        "assumeRolePolicyDocument": quote(trust),
    }
    return role_call("CreateRole", role, {"path": role.path, "assumeRolePolicyDocument": trust}, {"role": made})


def user_call(name: str, user: str, response: Json | None = None, *, read_only: bool = True) -> Call:
    """An IAM call of a user on itself."""
    return Call(
        "iam",
        name,
        {"userName": user},
        response,
        read_only=read_only,
        needs=((f"iam:{name}", f"arn:aws:iam::{SHOP}:user/{user}"),),
    )


def assume_role(role: Role, session: str, moment: datetime, request: Json | None = None) -> Call:
    """`AssumeRole` on a role, with the credentials' non-secret parts in the response."""
    token = "IQoJb3JpZ2luX2VjE" + mixed_of(46, "token", role.arn, session, moment)
    response = {
        "credentials": {
            "accessKeyId": session_token(role.arn, session, zulu(moment)),
            "sessionToken": token,
            "expiration": spoken(moment + timedelta(hours=1)),
        },
        "assumedRoleUser": {
            "assumedRoleId": f"{role.unique_id}:{session}",
            "arn": f"arn:aws:sts::{role.account}:assumed-role/{role.name}/{session}",
        },
    }
    return Call(
        "sts",
        "AssumeRole",
        {"roleArn": role.arn, "roleSessionName": session} | (request or {}),
        response,
        resources=(resource("AWS::IAM::Role", role.arn, role.account),),
        needs=(("sts:AssumeRole", role.arn),),
    )


def caller_identity() -> Call:
    """`GetCallerIdentity`, which needs no permission."""
    return Call("sts", "GetCallerIdentity", skip="no_permission")


def session_of(role: Role, name: str, *, ip: str = "10.20.4.17", agent: str = "", mfa: bool = False) -> Session:
    """A session of a role; without an agent, boto3's."""
    return Session(role, name, ip=ip, agent=agent, mfa=mfa) if agent else Session(role, name, ip=ip, mfa=mfa)
