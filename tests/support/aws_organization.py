"""An organization of three accounts on moto's server, and the parts of AWS that moto lacks.

The management account has a unit with a member in it and a member below the root. Its schedules are in
`aws_schedules.py`. Service last accessed, which moto doesn't know, is answered here: for the first question a job is
not done yet, and a report has two pages.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import Any

import boto3

from tests.support.aws_compute import answer_compute, make_compute
from tests.support.aws_pollers import answer_pollers
from tests.support.aws_proxy import Answer, Call
from tests.support.aws_schedules import answer_schedules, make_schedules
from tests.support.aws_servers import ACCESS_KEY, REGION, SECRET_KEY, Server

MANAGEMENT = "123456789012"
ROLE = "lpgen-read"


def statement(action: str, resource: str = "*", **more: Any) -> dict[str, Any]:
    """An Allow statement; further fields by keyword."""
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def document(*statements: dict[str, Any]) -> dict[str, Any]:
    """A policy document."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


TRUST = document({"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"})
SCP = document({"Effect": "Deny", "Action": "organizations:LeaveOrganization", "Resource": "*"})
UNIT_SCP = document(statement("s3:*"), statement("sqs:*"))
RCP = document({"Effect": "Deny", "Principal": "*", "Action": "s3:DeleteBucket", "Resource": "*"})
BUCKET_POLICY = document(statement("s3:GetObject", "arn:aws:s3:::lpgen-logs/*", Principal={"AWS": MANAGEMENT}))
QUEUE_TAGS = {"team": "orders", "stage": "prod"}
QUEUE_POLICY = document(statement("sqs:SendMessage", Principal="*"))


@dataclass(frozen=True, slots=True)
class Organization:
    """The organization as it was made."""

    server: Server
    root: str
    unit: str
    in_unit: str
    below_root: str

    @property
    def accounts(self) -> tuple[str, ...]:
        """All three, sorted."""
        return tuple(sorted((MANAGEMENT, self.in_unit, self.below_root)))

    def client(self, service: str, account: str = MANAGEMENT, region: str = REGION) -> Any:
        """A client that reaches moto without any of lpgen's code."""
        keys = {"aws_access_key_id": ACCESS_KEY, "aws_secret_access_key": SECRET_KEY}
        session = boto3.Session(region_name=region, **keys)
        if account != MANAGEMENT:
            sts = session.client("sts", endpoint_url=self.server.url)
            given = sts.assume_role(RoleArn=f"arn:aws:iam::{account}:role/{ROLE}", RoleSessionName="test")[
                "Credentials"
            ]
            session = boto3.Session(
                region_name=region,
                aws_access_key_id=given["AccessKeyId"],
                aws_secret_access_key=given["SecretAccessKey"],
                aws_session_token=given["SessionToken"],
            )
        return session.client(service, endpoint_url=self.server.url)


def make_organization(server: Server) -> Organization:
    """Makes the organization on an empty server."""
    bare = Organization(server, "", "", "", "")
    client = bare.client("organizations")
    client.create_organization(FeatureSet="ALL")
    root = client.list_roots()["Roots"][0]["Id"]
    for kind in ("SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"):
        client.enable_policy_type(RootId=root, PolicyType=kind)
    ids = [
        client.create_account(Email=f"{name}@example.com", AccountName=name)["CreateAccountStatus"]["AccountId"]
        for name in ("workload", "sandbox")
    ]
    unit = client.create_organizational_unit(ParentId=root, Name="Workloads")["OrganizationalUnit"]["Id"]
    client.move_account(AccountId=ids[0], SourceParentId=root, DestinationParentId=unit)
    made = Organization(server, root, unit, *ids)
    _attach(made, "SERVICE_CONTROL_POLICY", SCP, root)
    _attach(made, "SERVICE_CONTROL_POLICY", UNIT_SCP, unit)
    client.detach_policy(PolicyId="p-FullAWSAccess", TargetId=unit)
    _attach(made, "RESOURCE_CONTROL_POLICY", RCP, unit)
    for account in made.accounts:
        _fill_account(made, account)
    _make_resources(made)
    make_schedules(made.client, MANAGEMENT)
    make_compute(made.client, MANAGEMENT)
    return made


def _attach(made: Organization, kind: str, content: dict[str, Any], target: str) -> None:
    client = made.client("organizations")
    name = f"{kind}-{target}"
    policy = client.create_policy(Content=json.dumps(content), Description="", Name=name, Type=kind)["Policy"]
    client.attach_policy(PolicyId=policy["PolicySummary"]["Id"], TargetId=target)


def _fill_account(made: Organization, account: str) -> None:
    """Roles with inline and managed policies, a boundary, an instance profile and tags; a user in a group."""
    iam = made.client("iam", account)
    managed = iam.create_policy(PolicyName="shared", PolicyDocument=json.dumps(document(statement("ec2:Describe*"))))
    arn = managed["Policy"]["Arn"]
    for number in range(3):
        name = f"app-{number}"
        iam.create_role(
            RoleName=name,
            Path="/team/",
            AssumeRolePolicyDocument=json.dumps(TRUST),
            Tags=[{"Key": "team", "Value": f"ünï {number}"}],
        )
        own = document(
            statement(f"s3:Get*{number}"), statement("sqs:*", Condition={"Bool": {"aws:SecureTransport": "true"}})
        )
        iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=json.dumps(own))
    iam.attach_role_policy(RoleName="app-0", PolicyArn=arn)
    iam.put_role_permissions_boundary(RoleName="app-1", PermissionsBoundary=arn)
    iam.create_instance_profile(InstanceProfileName="app-2")
    iam.add_role_to_instance_profile(InstanceProfileName="app-2", RoleName="app-2")
    iam.create_user(UserName="ann")
    iam.create_group(GroupName="readers")
    iam.put_group_policy(GroupName="readers", PolicyName="read", PolicyDocument=json.dumps(document(statement("s3:*"))))
    iam.add_user_to_group(GroupName="readers", UserName="ann")


def _make_resources(made: Organization) -> None:
    s3 = made.client("s3")
    for bucket in ("lpgen-logs", "lpgen-plain"):
        s3.create_bucket(Bucket=bucket)
    s3.put_bucket_policy(Bucket="lpgen-logs", Policy=json.dumps(BUCKET_POLICY))
    s3.put_bucket_versioning(Bucket="lpgen-logs", VersioningConfiguration={"Status": "Suspended"})
    trails = made.client("cloudtrail")
    trails.create_trail(Name="organization", S3BucketName="lpgen-logs", IsMultiRegionTrail=True)
    data = {"Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::lpgen-plain/"]}
    selector = {"ReadWriteType": "All", "IncludeManagementEvents": True, "DataResources": [data]}
    trails.put_event_selectors(TrailName="organization", EventSelectors=[selector])
    trails.start_logging(Name="organization")
    far = made.client("cloudtrail", region="eu-west-1")
    far.create_trail(Name="stopped", S3BucketName="lpgen-logs", IsMultiRegionTrail=True)
    for name in ("lpgen-queue", "lpgen-bare"):
        made.client("sqs", region="eu-west-1").create_queue(QueueName=name, tags=QUEUE_TAGS if "queue" in name else {})
    url = made.client("sqs", region="eu-west-1").get_queue_url(QueueName="lpgen-queue")["QueueUrl"]
    policy = {"Policy": json.dumps(QUEUE_POLICY)}
    made.client("sqs", region="eu-west-1").set_queue_attributes(QueueUrl=url, Attributes=policy)
    made.client("kms").create_key()
    tables = made.client("dynamodb")
    for name in ("lpgen-table", "lpgen-bare"):
        tables.create_table(
            TableName=name,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
    table = tables.describe_table(TableName="lpgen-table")["Table"]["TableArn"]
    allowed = document(statement("dynamodb:GetItem", Principal="*", Resource=table))
    tables.put_resource_policy(ResourceArn=table, Policy=json.dumps(allowed))
    made.client("sns").create_topic(Name="lpgen-topic")
    secrets = made.client("secretsmanager")
    secrets.create_secret(Name="lpgen-secret", SecretString="never-to-be-read")
    secrets.put_resource_policy(
        SecretId="lpgen-secret", ResourcePolicy=json.dumps(document(statement("secretsmanager:*", Principal="*")))
    )
    ecr = made.client("ecr")
    for name in ("lpgen-repository", "lpgen-bare"):
        ecr.create_repository(repositoryName=name)
    ecr.set_repository_policy(
        repositoryName="lpgen-repository",
        policyText=json.dumps(document({"Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage"})),
    )


# ---------------------------------------------------------------- service last accessed


_JOBS: dict[str, str] = {}
"""Whom the jobs are about."""


def answer_missing(call: Call) -> Answer | None:
    """The answer to a call that moto lacks; None to others."""
    return (
        answer_access_report(call)
        or answer_last_accessed(call)
        or answer_schedules(call)
        or answer_pollers(call)
        or answer_compute(call)
    )


def answer_access_report(call: Call) -> Answer | None:
    """The answer to a call about access reports of the organization; None to others."""
    if call.operation == "GenerateOrganizationsAccessReport":
        job = str(uuid.uuid5(uuid.NAMESPACE_URL, call.parameters["EntityPath"]))
        return _answer(call.operation, f"<JobId>{job}</JobId>")
    if call.operation != "GetOrganizationsAccessReport":
        return None
    known = "<ServiceName>Amazon S3</ServiceName><ServiceNamespace>s3</ServiceNamespace>"
    row = f"<member>{known}<LastAuthenticatedTime>2026-08-01T00:00:00Z</LastAuthenticatedTime></member>"
    begun = "<JobStatus>COMPLETED</JobStatus><JobCreationDate>2026-09-01T00:00:00Z</JobCreationDate>"
    counts = "<NumberOfServicesAccessible>1</NumberOfServicesAccessible><IsTruncated>false</IsTruncated>"
    return _answer(call.operation, f"{begun}<AccessDetails>{row}</AccessDetails>{counts}")


def answer_last_accessed(call: Call) -> Answer | None:
    """The answer to a call about service last accessed; None to others."""
    if call.operation == "GenerateServiceLastAccessedDetails":
        assert call.parameters["Granularity"] == "ACTION_LEVEL"
        job = str(uuid.uuid5(uuid.NAMESPACE_URL, call.parameters["Arn"]))
        _JOBS[job] = call.parameters["Arn"]
        return _answer(call.operation, f"<JobId>{job}</JobId>")
    if call.operation != "GetServiceLastAccessedDetails":
        return None
    arn, second = _JOBS[call.parameters["JobId"]], "Marker" in call.parameters
    begun = "<JobType>ACTION_LEVEL</JobType><JobCreationDate>2026-09-01T00:00:00Z</JobCreationDate>"
    if call.number == 1:
        return _answer(call.operation, f"<JobStatus>IN_PROGRESS</JobStatus>{begun}<ServicesLastAccessed/>")
    done = f"<JobStatus>COMPLETED</JobStatus>{begun}<JobCompletionDate>2026-09-01T00:00:01Z</JobCompletionDate>"
    more = "<IsTruncated>false</IsTruncated>" if second else "<IsTruncated>true</IsTruncated><Marker>next</Marker>"
    members = _service("sqs", arn, tried=False) if second else _service("s3", arn, tried=True)
    return _answer(call.operation, f"{done}<ServicesLastAccessed>{members}</ServicesLastAccessed>{more}")


def _service(name: str, arn: str, *, tried: bool) -> str:
    entity = f"<LastAuthenticatedEntity>{arn}</LastAuthenticatedEntity>"
    when = f"<LastAuthenticated>2026-08-01T00:00:00Z</LastAuthenticated>{entity}"
    action = "<ActionName>GetObject</ActionName><LastAccessedTime>2026-08-01T00:00:00Z</LastAccessedTime>"
    tracked = f"<TrackedActionsLastAccessed><member>{action}</member></TrackedActionsLastAccessed>"
    known = f"<ServiceName>{name}</ServiceName><ServiceNamespace>{name}</ServiceNamespace>"
    count = f"<TotalAuthenticatedEntities>{int(tried)}</TotalAuthenticatedEntities>"
    return f"<member>{known}{count}{when + tracked if tried else ''}</member>"


def _answer(operation: str, result: str) -> Answer:
    inner = (
        f"<{operation}Result>{result}</{operation}Result><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata>"
    )
    return Answer(
        200, f'<{operation}Response xmlns="https://iam.amazonaws.com/doc/2010-05-08/">{inner}</{operation}Response>'
    )
