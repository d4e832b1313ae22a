"""Those who look at everything, and those who judge it."""

from __future__ import annotations

from collections.abc import Iterator

from bench.corpus.calendar import ANY, Day, NeedKind, Place, Use
from bench.corpus.draw import Draw
from bench.corpus.profile import Kinds, Profile, grant

KINDS = Kinds()
_LISTINGS = (
    *("ec2:DescribeInstances", "ec2:DescribeSecurityGroups", "ec2:DescribeVpcs", "iam:ListRoles", "iam:ListUsers"),
    *("s3:ListAllMyBuckets", "lambda:ListFunctions", "kms:ListKeys", "rds:DescribeDBInstances", "sqs:ListQueues"),
    *("cloudtrail:DescribeTrails", "dynamodb:ListTables", "sns:ListTopics", "ecs:ListClusters", "kms:ListAliases"),
    *("ec2:DescribeSubnets", "ec2:DescribeNetworkInterfaces", "ec2:DescribeRegions"),
)
_ABOUT = {
    "s3": (
        *("s3:GetBucketVersioning", "s3:GetBucketLogging", "s3:GetBucketPolicy"),
        *("s3:GetBucketAcl", "s3:GetBucketPublicAccessBlock", "s3:GetEncryptionConfiguration"),
    ),
    "lambda": ("lambda:GetPolicy", "lambda:GetFunction"),
    "kms": ("kms:DescribeKey", "kms:GetKeyRotationStatus"),
    "dynamodb": ("dynamodb:DescribeTable", "dynamodb:DescribeContinuousBackups"),
    "sns": ("sns:GetTopicAttributes",),
    "sqs": ("sqs:GetQueueAttributes",),
}
_READ_EVERYTHING = [
    grant("ec2:Describe* Get*"),
    grant("iam:Get* List* GenerateCredentialReport"),
    grant("s3:Get* List*"),
    grant("lambda:Get* List*"),
    grant("kms:Describe* Get* List*"),
    grant("rds:Describe* List*"),
    grant("sqs:Get* List*"),
    grant("sns:Get* List*"),
    grant("cloudtrail:Describe* Get* List* LookupEvents"),
    grant("dynamodb:Describe* List*"),
    grant("ecs:Describe* List*"),
]


def _inspect(d: Draw, today: Day, service: str, most: int) -> Iterator[Use]:
    """Looks at some resources of the account, each in its own Region."""
    actions = _ABOUT[service]
    for place in today.some(d.account.estate.get(service, []), most):
        yield today.use(actions[today.index % len(actions)], place)


@KINDS.kind()
def posture_scanner(d: Draw) -> Profile:
    services, pace = d.rng.sample(sorted(_ABOUT), d.between(3, 6)), d.between(1, 3)

    def day(today: Day) -> Iterator[Use]:
        if not today.every(pace):
            return
        for action in today.rng.sample(_LISTINGS, 4):
            yield today.use(action, d.arn("rds", "db:*") if action == "rds:DescribeDBInstances" else ANY)
        yield from _inspect(d, today, today.rng.choice(services), 6)
        if today.chance(0.1):
            yield today.use("organizations:ListAccounts", kind=NeedKind.DENIED)

    return Profile(f"{d.app}-posture", "reads the settings of everything in the account", _READ_EVERYTHING, day)


@KINDS.kind()
def inventory_crawler(d: Draw) -> Profile:
    targets = [
        Place(f"arn:aws:iam::{100000000000 + 7919 * d.between(1, 10**6)}:role/inventory-reader", born)
        for born in d.births(d.between(4, 9), (50, 150))
    ]

    def day(today: Day) -> Iterator[Use]:
        if today.every(3):
            yield today.use("organizations:ListAccounts")
        for target in today.some(targets, 2):
            yield today.use("sts:AssumeRole", target)

    grants = [
        grant("organizations:ListAccounts DescribeOrganization"),
        grant("sts:AssumeRole", "arn:aws:iam::*:role/inventory-reader"),
    ]
    return Profile(f"{d.app}-inventory", "assumes a role in every account, new accounts too", grants, day, "lambda")


@KINDS.kind()
def log_forwarder(d: Draw) -> Profile:
    bucket, queue = d.bucket("logs"), d.queue("notifications")

    def day(today: Day) -> Iterator[Use]:
        yield today.use("sqs:ReceiveMessage", queue)
        yield today.use("sqs:DeleteMessage", queue)
        key = f"AWSLogs/{d.account.id}/CloudTrail/{d.region}/{today.date:%Y/%m/%d}/{today.rng.randrange(9**9)}.json.gz"
        yield today.use("s3:GetObject", bucket.at(key))
        if today.every(5):
            yield today.use("sqs:GetQueueAttributes", queue)

    grants = [
        grant("s3:GetObject", f"{bucket.arn}/AWSLogs/*"),
        grant("sqs:ReceiveMessage DeleteMessage GetQueueAttributes ChangeMessageVisibility", queue.arn),
    ]
    return Profile(f"{d.app}-siem", "reads log files by date as a queue announces them", grants, day, "user")


@KINDS.kind(steady=True)
def access_reviewer(d: Draw) -> Profile:
    when = d.between(1, 28)

    def day(today: Day) -> Iterator[Use]:
        if today.monthly(when):
            for action in ("GenerateCredentialReport", "GetCredentialReport", "GetAccountSummary", "ListPolicies"):
                yield today.use(f"iam:{action}", kind=NeedKind.RARE)
            yield today.use("iam:GetAccountAuthorizationDetails", kind=NeedKind.RARE)
        if today.quarterly(when):
            yield today.use("access-analyzer:ListAnalyzers", kind=NeedKind.RARE)
            yield today.use("iam:GetAccountPasswordPolicy", kind=NeedKind.RARE)

    grants = [grant("iam:Get* List* GenerateCredentialReport"), grant("access-analyzer:List*")]
    return Profile(f"{d.app}-access-review", "reviews access monthly, more each quarter", grants, day, "lambda", (4, 9))


@KINDS.kind()
def findings_collector(d: Draw) -> Profile:
    detector = {"detectorId": d.hex(32)}
    buckets = d.growing(d.bucket, 1, (100, 220))

    def day(today: Day) -> Iterator[Use]:
        yield today.use("guardduty:ListFindings", params=detector)
        yield today.use("securityhub:GetFindings", d.arn("securityhub", "hub/default"))
        if today.chance(0.3):
            yield today.use("guardduty:GetFindings", params=detector)
        for bucket in today.some(buckets, 1):
            yield today.use("s3:PutObject", bucket.at(f"findings/{today.date:%Y%m%d}.json"))

    grants = [
        grant("guardduty:ListFindings GetFindings ListDetectors"),
        grant("securityhub:GetFindings"),
        grant("s3:PutObject", f"arn:aws:s3:::{d.dns_prefix}*/*"),
    ]
    return Profile(f"{d.app}-findings", "collects findings into buckets", grants, day, "lambda")


@KINDS.kind()
def tag_auditor(d: Draw) -> Profile:
    pace, most = d.between(1, 7), d.between(1, 5)

    def day(today: Day) -> Iterator[Use]:
        if today.every(pace):
            yield today.use("tag:GetResources")
            yield today.use("s3:ListAllMyBuckets", ANY)
        for place in today.some(d.account.estate.get("s3", []), most):
            yield today.use("s3:GetBucketTagging", place)

    grants = [grant("tag:GetResources"), grant("s3:ListAllMyBuckets GetBucketTagging GetBucketLocation")]
    return Profile(f"{d.app}-tags", "reads the tags of each bucket, new ones too", grants, day, "lambda", (6, 9))
