"""What the principals of benchmarks may do: statements as real policies have them, and the calls made with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Habit:
    """Something that a principal may do: a statement, and the calls it makes with it.

    In all texts `@` is the account, `%` the Region, `~` the principal's own name and `#` a number that tells this
    statement from others of the principal; `&` in a call is a number of a resource. A call is source, event name,
    parameters, and whether it only reads; one whose name ends in `!` is a data event.
    """

    actions: str
    resources: str = "*"
    calls: tuple[tuple[str, str, Json, bool], ...] = ()
    condition: Json | None = None
    effect: str = "Allow"
    negated: str = ""  # NotAction or NotResource


HABITS: Final = (
    Habit(
        "s3:GetObject s3:PutObject s3:DeleteObject",
        "arn:aws:s3:::~-data-#/*",
        (
            ("s3", "GetObject!", {"bucketName": "~-data-#", "key": "in/2026/part-&.csv"}, True),
            ("s3", "PutObject!", {"bucketName": "~-data-#", "key": "out/report-&.json"}, False),
        ),
    ),
    Habit(
        "s3:ListBucket s3:GetBucketLocation s3:GetBucketPolicy",
        "arn:aws:s3:::~-data-#",
        (("s3", "GetBucketLocation", {"bucketName": "~-data-#"}, True),),
    ),
    Habit("s3:*", "arn:aws:s3:::~-scratch-# arn:aws:s3:::~-scratch-#/*"),
    Habit(
        "dynamodb:GetItem dynamodb:PutItem dynamodb:Query dynamodb:DescribeTable",
        "arn:aws:dynamodb:%:@:table/~-#",
        (("dynamodb", "DescribeTable", {"tableName": "~-#"}, True),),
    ),
    Habit(
        "dynamodb:*",
        "arn:aws:dynamodb:%:@:table/~-#*",
        (
            ("dynamodb", "UpdateTable", {"tableName": "~-#-v&"}, False),
            ("dynamodb", "DescribeTable", {"tableName": "~-#-v&"}, True),
        ),
    ),
    Habit(
        "sqs:SendMessage sqs:ReceiveMessage sqs:DeleteMessage sqs:GetQueueAttributes",
        "arn:aws:sqs:%:@:~-#",
        (("sqs", "GetQueueAttributes", {"queueUrl": "https://sqs.%.amazonaws.com/@/~-#"}, True),),
    ),
    Habit("sqs:*", "arn:aws:sqs:%:@:~-*"),
    Habit(
        "sns:Publish sns:GetTopicAttributes",
        "arn:aws:sns:%:@:~-#",
        (("sns", "GetTopicAttributes", {"topicArn": "arn:aws:sns:%:@:~-#"}, True),),
    ),
    Habit(
        "lambda:InvokeFunction lambda:GetFunction lambda:UpdateFunctionCode",
        "arn:aws:lambda:%:@:function:~-#",
        (
            ("lambda", "GetFunction20150331v2", {"functionName": "~-#"}, True),
            ("lambda", "UpdateFunctionCode20150331v2", {"functionName": "~-#"}, False),
        ),
    ),
    Habit(
        "lambda:*",
        "*",
        (("lambda", "GetFunction20150331v2", {"functionName": "~-#-&"}, True),),
        {"StringEquals": {"aws:RequestedRegion": ["%"]}},
    ),
    Habit(
        "kms:Decrypt kms:GenerateDataKey",
        "arn:aws:kms:%:@:key/0000000#-1111-2222-3333-444455556666",
        (
            (
                "kms",
                "Decrypt",
                {"keyId": "arn:aws:kms:%:@:key/0000000#-1111-2222-3333-444455556666"},
                True,
            ),
        ),
    ),
    Habit("kms:*", "*", (), {"StringEquals": {"kms:ViaService": "s3.%.amazonaws.com"}}),
    Habit(
        "secretsmanager:GetSecretValue secretsmanager:DescribeSecret",
        "arn:aws:secretsmanager:%:@:secret:~/#-??????",
        (
            (
                "secretsmanager",
                "GetSecretValue",
                {"secretId": "arn:aws:secretsmanager:%:@:secret:~/#-AbCdEf"},
                True,
            ),
        ),
    ),
    Habit(
        "ssm:GetParameter ssm:GetParameters ssm:GetParametersByPath",
        "arn:aws:ssm:%:@:parameter/~/#/*",
        (("ssm", "GetParameter", {"name": "/~/#/key-&", "withDecryption": True}, True),),
    ),
    Habit(
        "logs:CreateLogStream logs:PutLogEvents",
        "arn:aws:logs:%:@:log-group:/aws/lambda/~-#:*",
        (
            (
                "logs",
                "CreateLogStream",
                {"logGroupName": "/aws/lambda/~-#", "logStreamName": "2026/s&"},
                False,
            ),
        ),
    ),
    Habit("logs:*", "*", (("logs", "DescribeLogGroups", {}, True),)),
    Habit(
        "cloudwatch:PutMetricData cloudwatch:Get* cloudwatch:List*", "*", (("monitoring", "GetMetricData", {}, True),)
    ),
    Habit(
        "ec2:Describe*",
        "*",
        (
            ("ec2", "DescribeInstances", {"filterSet": {}}, True),
            ("ec2", "DescribeVolumes", {"filterSet": {}}, True),
            ("ec2", "DescribeSubnets", {"filterSet": {}}, True),
        ),
    ),
    Habit(
        "ec2:StartInstances ec2:StopInstances ec2:RebootInstances ec2:CreateTags",
        "arn:aws:ec2:%:@:instance/*",
        (
            ("ec2", "StartInstances", {"instancesSet": {"items": [{"instanceId": "i-0abc0000000000&&"}]}}, False),
            ("ec2", "StopInstances", {"instancesSet": {"items": [{"instanceId": "i-0abc0000000000&&"}]}}, False),
        ),
        {"StringEquals": {"aws:ResourceTag/app": "~"}},
    ),
    Habit("ec2:*", "*", (("ec2", "DescribeVpcs", {}, True),), {"IpAddress": {"aws:SourceIp": ["10.#.0.0/16"]}}),
    Habit(
        "sts:AssumeRole",
        "arn:aws:iam::@:role/app/~-target-#",
        (
            (
                "sts",
                "AssumeRole",
                {"roleArn": "arn:aws:iam::@:role/app/~-target-#", "roleSessionName": "s&"},
                True,
            ),
        ),
    ),
    Habit("iam:GetRole iam:ListRolePolicies iam:ListAttachedRolePolicies", "arn:aws:iam::@:role/app/~*"),
    Habit(
        "iam:PassRole",
        "arn:aws:iam::@:role/app/~-exec-#",
        (),
        {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}},
    ),
    Habit(
        "ecs:DescribeTasks ecs:RunTask ecs:StopTask ecs:DescribeServices",
        "arn:aws:ecs:%:@:task/~-#/* arn:aws:ecs:%:@:service/~-#/* arn:aws:ecs:%:@:task-definition/~-#:*",
        (
            (
                "ecs",
                "DescribeServices",
                {"cluster": "~-#", "services": ["arn:aws:ecs:%:@:service/~-#/web-&"]},
                True,
            ),
        ),
    ),
    Habit(
        "cloudformation:*",
        "arn:aws:cloudformation:%:@:stack/~-#/*",
        (("cloudformation", "DescribeStacks", {"stackName": "~-#"}, True),),
    ),
    Habit("glue:Get* glue:BatchGet* glue:StartJobRun", "*", (("glue", "GetTables", {"databaseName": "d#"}, True),)),
    Habit(
        "states:StartExecution states:DescribeStateMachine",
        "arn:aws:states:%:@:stateMachine:~-#",
        (
            (
                "states",
                "DescribeStateMachine",
                {"stateMachineArn": "arn:aws:states:%:@:stateMachine:~-#"},
                True,
            ),
        ),
    ),
    Habit(
        "ecr:GetAuthorizationToken ecr:BatchGetImage ecr:GetDownloadUrlForLayer",
        "*",
        (("ecr", "GetAuthorizationToken", {}, True),),
    ),
    Habit("s3:Get* s3:List*", "arn:aws:s3:::shared-#-${aws:PrincipalAccount} arn:aws:s3:::shared-#/${aws:username}/*"),
    Habit("s3:GetObject", "arn:aws:s3:::~-secret-# arn:aws:s3:::~-secret-#/*", (), None, "Allow", "NotResource"),
    Habit("rds:Describe* rds:ListTagsForResource", "*", (("rds", "DescribeDBInstances", {}, True),)),
    Habit("elasticloadbalancing:Describe*", "*", (("elasticloadbalancing", "DescribeLoadBalancers", {}, True),)),
    Habit("athena:*", "arn:aws:athena:%:@:workgroup/~-#", (("athena", "GetWorkGroup", {"workGroup": "~-#"}, True),)),
    Habit("events:PutRule events:PutTargets events:DescribeRule", "arn:aws:events:%:@:rule/~-#"),
    Habit("s3:DeleteBucket s3:PutBucketPolicy", "*", (), None, "Deny"),
    Habit("*", "arn:aws:s3:::~-vault-#/*", (), {"Bool": {"aws:MultiFactorAuthPresent": "false"}}, "Deny"),
    Habit(
        "iam:* sts:* cloudfront:*",
        "*",
        (),
        {"StringNotEquals": {"aws:RequestedRegion": ["eu-west-1", "us-east-1"]}},
        "Deny",
        "NotAction",
    ),
)
"""What statements are drawn from; a principal has some of them several times, with other numbers."""

WEIGHTS: Final = tuple(1 if "*" in habit.actions else 3 for habit in HABITS)

_READERS: Final = (
    "acm athena autoscaling cloudformation cloudfront cloudtrail cloudwatch codebuild cognito-idp config dynamodb ec2 "
    "ecr ecs eks elasticache elasticloadbalancing events firehose glue guardduty iam kinesis kms lambda logs rds "
    "redshift route53 s3 sagemaker secretsmanager ses sns sqs ssm states wafv2 xray"
)

SHARED: Final[dict[str, tuple[tuple[str, str, str], ...]]] = {
    "arn:aws:iam::aws:policy/AdministratorAccess": (("Action", "*", "*"),),
    "arn:aws:iam::aws:policy/PowerUserAccess": (
        ("NotAction", "iam:* organizations:* account:*", "*"),
        ("Action", "iam:CreateServiceLinkedRole iam:ListRoles organizations:DescribeOrganization", "*"),
    ),
    "arn:aws:iam::aws:policy/ReadOnlyAccess": (
        ("Action", " ".join(f"{one}:{verb}*" for one in _READERS.split() for verb in ("Get", "List", "Describe")), "*"),
    ),
    "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore": (
        ("Action", "ssm:DescribeAssociation ssm:GetDocument ssm:UpdateInstanceInformation ssm:PutInventory", "*"),
        ("Action", "ssmmessages:CreateControlChannel ssmmessages:OpenDataChannel", "*"),
        ("Action", "ec2messages:AcknowledgeMessage ec2messages:GetEndpoint ec2messages:GetMessages", "*"),
    ),
    "arn:aws:iam::aws:policy/AmazonS3FullAccess": (("Action", "s3:* s3-object-lambda:*", "*"),),
    "arn:aws:iam::aws:policy/AmazonEC2FullAccess": (
        ("Action", "ec2:*", "*"),
        ("Action", "elasticloadbalancing:* cloudwatch:* autoscaling:*", "*"),
    ),
    "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole": (
        ("Action", "logs:CreateLogGroup logs:CreateLogStream logs:PutLogEvents", "*"),
    ),
}
SHARES: Final = (0.01, 0.02, 0.08, 0.25, 0.1, 0.1, 0.35)
"""What part of the principals has each of the shared policies."""
