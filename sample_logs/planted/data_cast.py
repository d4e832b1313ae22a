"""Those who work with data: analysts, pipelines and backups, and the role whose session was stolen."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sample_logs.planted.calls import (
    arn,
    athena_query,
    bucket_call,
    bucket_location,
    create_snapshot,
    describe,
    list_buckets,
    listing,
    no_identity_policy,
    not_authorized,
    start_job_run,
)
from sample_logs.planted.deploy_calls import caller_identity, session_of
from sample_logs.planted.identities import ManagedPolicy, Role, allow, document, service_trust, trust_of
from sample_logs.planted.member import GRANTS_UNKNOWN, Member, moments, on_workdays, weekly
from sample_logs.planted.records import DENIED, Call, Chronicle, Session
from sample_logs.planted.world import DAYS, EAST, OREGON, SECURITY, SHOP, hex_of, instant, uuid_of

LAKE = "larkspur-analytics-lake"
REPORTS = "larkspur-finance-reports"
VOLUMES = ("vol-0e5a9d37c1b82f640", "vol-04c8b1f6a93de7250")
RECREATED_ON = date(2026, 6, 20)
ACCOUNT_TRUST = trust_of({"AWS": f"arn:aws:iam::{SHOP}:root"})

ENGINEER = Role(
    "data-engineer",
    SHOP,
    ACCOUNT_TRUST,
    path="/data/",
    inline={
        "all-but-administration": document(
            {
                "Sid": "AllButAdministration",
                "Effect": "Allow",
                "NotAction": ["iam:*", "organizations:*", "account:*"],
                "Resource": "*",
            }
        )
    },
    last_used="2026-09-30T16:30:00+00:00",
)
BOUNDARY = ManagedPolicy(
    "analytics-boundary",
    SHOP,
    [allow(["s3:Get*", "s3:List*", "glue:*", "logs:*"], "*", Sid="AtMost")],
    path="/boundaries/",
)
ETL = Role(
    "analytics-etl",
    SHOP,
    service_trust("glue"),
    path="/data/",
    boundary=BOUNDARY,
    managed=(
        ManagedPolicy(
            "analytics-etl-access",
            SHOP,
            [
                allow("glue:*", "*", Sid="Glue"),
                allow(
                    ["s3:GetBucketLocation", "s3:GetObject", "s3:GetBucketTagging"],
                    [f"arn:aws:s3:::{LAKE}", f"arn:aws:s3:::{LAKE}/*"],
                ),
                allow("athena:*", "*", Sid="Athena"),
            ],
        ),
    ),
    last_used="2026-09-30T02:20:00+00:00",
)
ANALYST = Role(
    "storage-analyst",
    SHOP,
    ACCOUNT_TRUST,
    path="/data/",
    inline={
        "storage-lens": document(
            allow(
                ["s3:ListAllMyBuckets", "s3:ListStorageLensConfigurations", "s3:GetStorageLensConfiguration"],
                "*",
                Sid="Lens",
            )
        )
    },
    last_used="2026-09-28T13:00:00+00:00",
)
REPORTER = Role(
    "reporting-export",
    SHOP,
    service_trust("ec2"),
    profile="reporting-export",
    inline={
        "reports": document(
            allow("s3:*", [f"arn:aws:s3:::{REPORTS}", f"arn:aws:s3:::{REPORTS}/*"], Sid="Reports"),
            allow(
                ["athena:StartQueryExecution", "athena:GetQueryExecution", "athena:StopQueryExecution"],
                "*",
                Sid="Query",
            ),
        )
    },
    last_used="2026-09-30T06:10:00+00:00",
)
BACKUP = Role(
    "nightly-backup",
    SHOP,
    service_trust("lambda"),
    created="2026-06-20T10:12:44+00:00",
    generation=2,
    inline={
        "snapshots": document(
            allow(
                [
                    "ec2:DescribeVolumes",
                    "ec2:DescribeSnapshots",
                    "ec2:CreateSnapshot",
                    "ec2:DeleteSnapshot",
                    "ec2:CreateTags",
                ],
                "*",
            )
        )
    },
    last_used="2026-09-30T01:30:00+00:00",
)
LEGACY = Role(
    "legacy-etl",
    SECURITY,
    service_trust("glue"),
    managed=(ManagedPolicy("legacy-etl-access", SECURITY, [], exported=False),),
    inline={"run": document(allow("glue:StartJobRun", "*"))},
    last_used="2026-09-27T04:00:00+00:00",
)
WORKGROUP = arn("athena", EAST, SHOP, "workgroup/analytics")
_PERSON = "aws-cli/2.28.11 md/awscrt#0.27.6 ua/2.1 os/macos#24.6.0 md/arch#arm64 lang/python#3.13.5"


def _engineer(chronicle: Chronicle) -> None:
    for moment in on_workdays("engineer", 1, 9, 17):
        who = session_of(ENGINEER, "yusuf.demir", ip="198.51.100.40", agent=_PERSON)
        query = uuid_of("query", moment)
        steps = [
            listing("glue", "GetDatabases", request={"maxResults": 100}, target=arn("glue", EAST, SHOP, "catalog")),
            athena_query("analytics", EAST, str(moment)),
            listing("athena", "GetQueryExecution", request={"queryExecutionId": query}, target=WORKGROUP),
        ]
        if moment.weekday() == 2:
            steps.append(bucket_location(LAKE, EAST))
        for offset, call in enumerate(steps):
            chronicle.tell(who, moment + timedelta(seconds=20 * offset), EAST, call)


def _etl(chronicle: Chronicle) -> None:
    for number, moment in enumerate(weekly("etl", 0, 1, 2, 3, 4, start=1, end=4)):
        who = session_of(ETL, "GlueJobRunnerSession", ip="10.20.12.5", agent="Boto3/1.40.21 exec-env/AWS_Glue")
        run = f"jr_{hex_of(64, 'run', moment)}"
        job = arn("glue", EAST, SHOP, "job/orders-daily")
        chronicle.tell(who, moment, EAST, start_job_run("orders-daily", EAST, SHOP, str(moment)))
        call = listing("glue", "GetJobRun", request={"jobName": "orders-daily", "runId": run}, target=job)
        chronicle.tell(who, moment + timedelta(minutes=9), EAST, call)
        if number % 9 == 0:
            chronicle.tell(who, moment, EAST, bucket_location(LAKE, EAST))
        if number % 20 == 7:
            action = "athena:StartQueryExecution"
            because = f"because no permissions boundary allows the {action} action"
            refused = not_authorized(
                athena_query("analytics", EAST, f"refused {number}"), _sts(who), because, "AccessDeniedException"
            )
            chronicle.tell(who, moment + timedelta(minutes=1), EAST, refused)


def _sts(who: Session) -> str:
    assert isinstance(who.holder, Role)
    return f"arn:aws:sts::{who.holder.account}:assumed-role/{who.holder.name}/{who.name}"


def _analyst(chronicle: Chronicle) -> None:
    for number, moment in enumerate(weekly("lens", 0, 3)):
        agent = (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0"
        )
        who = Session(ANALYST, "freya.holm", ip="198.51.100.52", agent=agent, console=True, mfa=True)
        lens = {"Host": f"{SHOP}.s3-control.{EAST}.amazonaws.com", "accountId": SHOP}
        chronicle.tell(who, moment, EAST, list_buckets(EAST))
        chronicle.tell(who, moment, EAST, listing("s3", "ListStorageLensConfigurations", request=lens))
        if number % 5 == 0:
            inner = Call("s3", "GetStorageLensDashboardDataInternal", lens | {"storagelens": "", "configId": "default"})
            chronicle.tell(who, moment + timedelta(seconds=2), EAST, inner, skip="unmapped")


def _report(chronicle: Chronicle) -> None:
    who = Session(REPORTER, "i-0c2b6f81d7e940a35", ip="10.30.4.9", ec2_delivery=True)
    for number, moment in enumerate(weekly("report", 0, 1, 2, 3, 4, start=5, end=7)):
        call = athena_query("finance", EAST, f"report {number}")
        if number % 3 == 0:
            call = bucket_call("GetBucketVersioning", "s3:GetBucketVersioning", REPORTS, EAST, "versioning")
        chronicle.tell(who, moment, EAST, call)
    _probe(chronicle)


def _probe(chronicle: Chronicle) -> None:
    """The attacker, with the instance's credentials, from outside and also in a region nobody uses."""
    thief = Session(
        REPORTER, "i-0c2b6f81d7e940a35", ip="198.51.100.222", agent="python-requests/2.32.3", ec2_delivery=True
    )
    for day in (date(2026, 8, 22), date(2026, 8, 23)):
        for region, moment in zip((EAST, OREGON), (instant(day, 2, 14), instant(day, 2, 31)), strict=True):
            chronicle.tell(thief, moment, region, caller_identity())
            for number, call in enumerate(_probes(region, _sts(thief))):
                chronicle.tell(thief, moment + timedelta(seconds=3 + 2 * number), region, call)
        call = bucket_call("DeleteBucket", "s3:DeleteBucket", REPORTS, EAST)
        because = "with an explicit deny in a service control policy"
        refused = not_authorized(call, _sts(thief), because, target=f"arn:aws:s3:::{REPORTS}")
        chronicle.tell(thief, instant(day, 2, 50), EAST, refused)


def _probes(region: str, who: str) -> list[Call]:
    refused: list[Call] = []
    for source, name, target, request in (
        ("iam", "ListUsers", f"arn:aws:iam::{SHOP}:user/", None),
        ("iam", "ListRoles", f"arn:aws:iam::{SHOP}:role/", None),
        ("iam", "CreateUser", f"arn:aws:iam::{SHOP}:user/svc-backup", None),
        ("secretsmanager", "ListSecrets", "*", None),
        ("dynamodb", "ListTables", arn("dynamodb", region, SHOP, "table/*"), None),
        ("lambda", "ListFunctions20150331", "*", None),
    ):
        if region != EAST and source == "iam":
            continue  # IAM is global: its records are in us-east-1
        action = f"{source}:{name.removesuffix('20150331')}"
        code = "AccessDenied" if source in ("iam", "lambda") else "AccessDeniedException"
        call = Call(source, name, request, read_only=name != "CreateUser", needs=((action, target),))
        refused.append(not_authorized(call, who, no_identity_policy(action), code))
    look = describe("DescribeInstances", {"instancesSet": {}, "filterSet": {}})
    refused.append(
        not_authorized(look, who, no_identity_policy("ec2:DescribeInstances"), "Client.UnauthorizedOperation")
    )
    assert all(call.outcome == DENIED for call in refused)
    return refused


def _back_up(chronicle: Chronicle) -> None:
    for day in DAYS:
        old = day < RECREATED_ON
        who = Session(
            BACKUP,
            "nightly-backup",
            ip="192.0.2.12",
            agent="Boto3/1.40.21 exec-env/AWS_Lambda_python3.13",
            generation=1 if old else 2,
        )
        (moment,) = moments("backup", day, 1, 1, 2)
        chronicle.tell(who, moment, EAST, describe("DescribeVolumes", {"volumeSet": {}, "filterSet": {}}))
        if day.weekday() in (0, 3):
            for volume in VOLUMES:
                chronicle.tell(who, moment + timedelta(seconds=4), EAST, create_snapshot(volume, EAST, moment))
        if old and day.weekday() == 6:
            chronicle.tell(who, moment + timedelta(seconds=30), EAST, _delete_snapshot(moment))


def _delete_snapshot(moment: datetime) -> Call:
    snapshot = f"snap-0{hex_of(16, 'expired', moment)}"
    target = arn("ec2", EAST, "", f"snapshot/{snapshot}")
    response = {"requestId": uuid_of("delete", snapshot), "_return": True}
    return Call(
        "ec2",
        "DeleteSnapshot",
        {"snapshotId": snapshot, "force": False},
        response,
        read_only=False,
        needs=(("ec2:DeleteSnapshot", target),),
    )


def _legacy(chronicle: Chronicle) -> None:
    for moment in weekly("legacy", 6, start=3, end=5):
        who = session_of(LEGACY, "GlueJobRunnerSession", ip="10.60.3.3", agent="Boto3/1.26.90 exec-env/AWS_Glue")
        chronicle.tell(who, moment, EAST, start_job_run("findings-archive", EAST, SECURITY, str(moment)))


CAST = (
    Member(
        ENGINEER,
        "`NotAction` with administration services: grants everything else",
        "The used actions, each enumerated, and unobservable actions of used services, such as S3; nothing else "
        "stays, because `NotAction` names no service. Not safe, because nothing shows whether SQS and similar "
        "services are in use",
        _engineer,
        drop=("ec2:RunInstances", "sagemaker:CreateEndpoint", "sqs:SendMessage", "kms:ScheduleKeyDeletion"),
        refuse=(("iam:CreateUser", f"arn:aws:iam::{SHOP}:user/x"),),
        verdicts={
            "ec2:RunInstances": "unused",
            "sagemaker:CreateEndpoint": "unused",
            "sqs:SendMessage": "unobservable",
            "s3:GetObject": "unobservable",
        },
        safe=False,
        reasons=("unseen_under_star",),
    ),
    Member(
        ETL,
        "A permissions boundary without Athena, which refuses the role's Athena calls",
        "The boundary stays attached; use within it is kept; Athena calls are denied, so they aren't use and Athena "
        "is removed",
        _etl,
        keep=(("s3:GetObject", f"arn:aws:s3:::{LAKE}/day/1.parquet"),),
        drop=("athena:StartQueryExecution", "glue:DeleteDatabase", "s3:GetBucketTagging"),
        verdicts={"glue:DeleteDatabase": "unused", "s3:GetObject": "unobservable", "s3:GetBucketTagging": "unused"},
    ),
    Member(
        ANALYST,
        "Successful records of `GetStorageLensDashboardDataInternal`, which only the console calls and no page "
        "documents",
        "Incomplete: the event is reported as unmapped, and nothing is guessed; not safe until a person accepts it",
        _analyst,
        safe=False,
        reasons=("unmapped_event",),
        drop=("s3:GetStorageLensConfiguration",),
        verdicts={"s3:GetStorageLensConfiguration": "unused"},
    ),
    Member(
        REPORTER,
        "An attacker probes with the stolen session: two nights, two Regions, all denied",
        "The denied actions are reported and widen nothing; `s3:DeleteBucket`, granted but denied by a service "
        "control policy, is unused and removed",
        _report,
        keep=(("s3:PutObject", f"arn:aws:s3:::{REPORTS}/2026/09.csv"),),
        drop=(
            "iam:ListUsers",
            "iam:ListRoles",
            "iam:CreateUser",
            "secretsmanager:ListSecrets",
            "dynamodb:ListTables",
            "lambda:ListFunctions",
            "ec2:DescribeInstances",
            "s3:DeleteBucket",
            "athena:StopQueryExecution",
            "athena:GetQueryExecution",
        ),
        verdicts={"s3:DeleteBucket": "unused", "athena:StopQueryExecution": "unused", "s3:PutObject": "unobservable"},
        flags=("denied",),
    ),
    Member(
        BACKUP,
        f"Deleted and created again under its name on {RECREATED_ON}; both ids are in the logs, and the export has the "
        "newer one",
        "Only the newer role's use counts; only the old role used `ec2:DeleteSnapshot`, so it is unused; flagged as "
        "recreated",
        _back_up,
        drop=("ec2:DeleteSnapshot", "ec2:DescribeSnapshots"),
        verdicts={"ec2:DeleteSnapshot": "unused", "ec2:CreateTags": "used", "ec2:DescribeSnapshots": "unused"},
        safe=False,
        reasons=("recreated",),
    ),
    Member(
        LEGACY,
        "An attached customer-managed policy is missing from the export",
        "Grants unknown: no replacement",
        _legacy,
        kind=GRANTS_UNKNOWN,
        safe=None,
        reasons=("grants_unknown",),
    ),
)
