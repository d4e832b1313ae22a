"""People, and the roles and keys that people use."""

from __future__ import annotations

from collections.abc import Iterator

from bench.corpus.calendar import Day, NeedKind, Use
from bench.corpus.draw import Draw
from bench.corpus.profile import Kinds, Profile, grant

KINDS = Kinds()
_SSO = "/aws-reserved/sso.amazonaws.com/eu-west-1/"


def _permission_set(d: Draw, name: str) -> str:
    """The role's name of a permission set that only this account has.

    https://docs.aws.amazon.com/singlesignon/latest/userguide/using-iam-roles.html
    """
    team = d.app.title().replace("-", "")
    return f"AWSReservedSSO_{team}{name}"[:47] + f"_{d.hex(16)}"


@KINDS.kind()
def developer(d: Draw) -> Profile:
    functions = d.growing(d.function, d.between(3, 8), (20, 60))
    queues = d.growing(d.queue, d.between(2, 5), (20, 70))

    def day(today: Day) -> Iterator[Use]:
        if not today.is_workday or today.chance(0.15):
            return
        yield today.use("lambda:ListFunctions")
        for function in today.some(functions, 1):
            yield today.use("lambda:GetFunction", function)
            if today.chance(0.2):
                yield today.use("lambda:UpdateFunctionConfiguration", function)
            if today.chance(0.2):
                yield today.use("lambda:InvokeFunction", function)
        if today.chance(0.4):
            yield today.use("logs:DescribeLogGroups")
            yield today.use("cloudwatch:DescribeAlarms", d.arn("cloudwatch", "alarm:*"))
        if today.chance(0.1):
            for queue in today.some(queues, 1):
                yield today.use("sqs:GetQueueAttributes", queue)
        if today.chance(0.02):
            yield today.use("iam:ListUsers", kind=NeedKind.DENIED)
        if today.chance(0.02):
            made = d.arn("sqs", f"{d.prefix}try{today.index}")
            yield today.use("sqs:CreateQueue", made, NeedKind.NEW_NAME)
            yield today.use("sqs:DeleteQueue", made, NeedKind.NEW_NAME)

    grants = [
        grant("lambda:ListFunctions GetFunction UpdateFunctionConfiguration InvokeFunction"),
        grant("logs:Describe* Get* Filter*"),
        grant("cloudwatch:Describe* Get* List*"),
        grant("sqs:*"),
    ]
    return Profile(_permission_set(d, "Developer"), "developers in the console", grants, day, "sso", (7, 19), _SSO)


@KINDS.kind()
def administrator(d: Draw) -> Profile:
    share = d.rng.uniform(0.05, 0.4)

    def day(today: Day) -> Iterator[Use]:
        if not today.is_workday or not today.chance(share):
            return
        yield today.use("iam:ListRoles")
        yield today.use("organizations:ListAccounts")
        if today.chance(0.3):
            role = d.arn("iam", f"role/{d.app}-adhoc{today.index}", region="")
            yield today.use("iam:CreateRole", role, NeedKind.NEW_NAME)
            yield today.use("iam:PutRolePolicy", role, NeedKind.NEW_NAME)
        if today.chance(0.3):
            for table in today.some(d.account.estate.get("dynamodb", []), 1):
                yield today.use("dynamodb:DescribeTable", table)
        if today.chance(0.2):
            yield today.use("ec2:DescribeSecurityGroups")
            yield today.use("cloudtrail:LookupEvents")

    about, name = "administrators, who do what comes up", _permission_set(d, "AdministratorAccess")
    return Profile(name, about, (), day, "sso", (7, 19), _SSO, is_admin=True)


@KINDS.kind()
def analyst(d: Draw) -> Profile:
    groups = d.growing(lambda born: d.own("athena", f"workgroup/{d.app}-{d.part()}", born), d.between(1, 3), (60, 150))
    buckets = d.growing(d.bucket, d.between(1, 3), (60, 150))

    def day(today: Day) -> Iterator[Use]:
        if not today.is_workday or today.chance(0.3):
            return
        yield today.use("athena:ListWorkGroups")
        for group in today.some(groups, 1):
            yield today.use("athena:StartQueryExecution", group)
        for bucket in today.some(buckets, 1):
            yield today.use("s3:GetObject", bucket.at(f"results/{today.rng.randrange(10**6)}.csv"))

    grants = [
        grant("athena:*"),
        grant("s3:GetObject ListBucket", f"arn:aws:s3:::{d.dns_prefix}*", f"arn:aws:s3:::{d.dns_prefix}*/*"),
        grant("glue:Get*"),
    ]
    return Profile(_permission_set(d, "Analyst"), "analysts with Athena", grants, day, "sso", (8, 18), _SSO)


@KINDS.kind()
def on_call(d: Draw) -> Profile:
    share = d.rng.uniform(0.04, 0.12)

    def day(today: Day) -> Iterator[Use]:
        if not today.chance(share):
            return
        yield today.use("cloudwatch:DescribeAlarms", d.arn("cloudwatch", "alarm:*"))
        yield today.use("ec2:DescribeInstances")
        instance = d.arn("ec2", f"instance/i-0{today.rng.getrandbits(64):016x}")
        yield today.use("ec2:RebootInstances", instance, NeedKind.NEW_NAME)
        if today.chance(0.3):
            for place in today.some(d.account.estate.get("sqs", []), 1):
                yield today.use("sqs:GetQueueAttributes", place)

    grants = [
        grant("cloudwatch:Describe* Get* List*"),
        grant("ec2:Describe* RebootInstances"),
        grant("sqs:Get* List*"),
    ]
    return Profile(f"{d.app}-oncall", "whoever is on call, a few times a year", grants, day, "user")


@KINDS.kind()
def break_glass(d: Draw) -> Profile:
    drills = set(d.rng.sample(range(20, d.days), min(d.between(0, 2), d.days - 20)))

    def day(today: Day) -> Iterator[Use]:
        if today.index not in drills:
            return
        yield today.use("iam:ListUsers", kind=NeedKind.RARE)
        role = d.arn("iam", f"role/{d.app}-restored", region="")
        yield today.use("iam:UpdateAssumeRolePolicy", role, NeedKind.RARE)
        yield today.use("ec2:DescribeInstances", kind=NeedKind.RARE)
        yield today.use("cloudtrail:DescribeTrails", kind=NeedKind.RARE)

    return Profile(
        f"{d.app}-break-glass", "for emergencies: used on two days a year at most", (), day, "role", is_admin=True
    )


@KINDS.kind(steady=True)
def script_key(d: Draw) -> Profile:
    bucket = d.bucket("feeds")
    weekday = d.between(0, 6)

    def day(today: Day) -> Iterator[Use]:
        if today.date.weekday() != weekday:
            return
        yield today.use("s3:ListBucket", bucket)
        yield today.use("s3:PutObject", bucket.at(f"inbound/{today.date:%Y-%m-%d}.csv"))
        yield today.use("s3:GetBucketLocation", bucket)
        if today.chance(0.1):
            yield today.use("s3:ListAllMyBuckets", kind=NeedKind.DENIED)

    grants = [grant("s3:ListBucket PutObject GetBucketLocation GetObject", bucket.arn, f"{bucket.arn}/*")]
    return Profile(f"{d.app}-script", "a script with an access key, once a week", grants, day, "user")
