"""Roles that do one job with small differences, and similar roles that must stay apart."""

from __future__ import annotations

from bench.corpus.calendar import Day, NeedKind, Place
from bench.corpus.crew import Apart, Crew, Member, labels
from bench.corpus.draw import Draw
from bench.corpus.kinds.held_back.crews.schedules import on_days
from bench.corpus.kinds.recipes import bucket_grant, daily, log_grant, log_group, often, some_object, step, together
from bench.corpus.profile import Kinds, Profile, grant

KINDS = Kinds()


@KINDS.crew()
def one_also_looks(d: Draw) -> Crew:
    """Four workers consume one queue. One of them also checks alarms and its own service.

    They all have the same policy, so a shared role would give none of them new permissions.
    """
    queue, table, bucket = d.queue("parcels"), d.table("parcels"), d.bucket("labels")
    service = d.own("ecs", f"service/{d.app}/parcels")
    consuming = together(
        step(daily, "sqs:ReceiveMessage DeleteMessage", queue),
        step(daily, "dynamodb:GetItem UpdateItem", table),
        step(often(0.8), "s3:PutObject", some_object(bucket, "pdf")),
        step(often(0.5), "sqs:GetQueueAttributes", queue),
    )
    looking = together(
        step(often(0.6), "cloudwatch:DescribeAlarms"),
        step(often(0.4), "ecs:DescribeServices", service),
    )
    grants = [grant("sqs:*", queue.arn), grant("dynamodb:*", table.arn), bucket_grant(bucket)]
    grants += [grant("cloudwatch:Describe* Get*"), grant("ecs:Describe*", service.arn)]
    names = d.rng.sample(("air", "road", "rail", "sea", "bike", "drone"), 4)
    members = [
        Member(
            name,
            Profile(
                f"{d.app}-{name}-parcels",
                "a consumer of a queue",
                grants,
                together(consuming, looking) if name == names[0] else consuming,
                "ecs",
            ),
            tags={"service": d.app, "team": d.subject},
        )
        for name in names
    ]
    return Crew(members, merges=[labels(*names)])


@KINDS.crew()
def report_of_the_quarter(d: Draw) -> Crew:
    """Four exporters. One also writes a quarterly report, and another also deletes old exports.

    The three that don't delete have the same policy, so a shared role would give none of them new permissions.
    """
    table, bucket, day = d.table("sales"), d.bucket("exports"), d.between(3, 25)
    exporting = together(
        step(daily, "dynamodb:Query", table),
        step(daily, "s3:PutObject", some_object(bucket, "daily")),
        step(often(0.6), "s3:ListBucket", bucket),
        step(often(0.4), "dynamodb:DescribeTable", table),
    )

    def quarter(today: Day) -> NeedKind | None:
        return NeedKind.RARE if today.quarterly(day) else None

    report = together(
        step(quarter, "dynamodb:Scan", table),
        step(quarter, "ce:GetCostAndUsage"),
        step(quarter, "s3:PutObject", some_object(bucket, "quarter")),
    )
    removing = step(often(0.15), "s3:DeleteObject", some_object(bucket, "daily"))
    grants = [
        grant("dynamodb:Query Scan DescribeTable", table.arn),
        bucket_grant(bucket, "GetObject", "PutObject", "List*"),
    ]
    grants.append(grant("ce:GetCostAndUsage"))
    work = {
        "csv": (exporting, grants),
        "json": (exporting, grants),
        "parquet": (together(exporting, report), grants),
        "tidy": (together(exporting, removing), [*grants, grant("s3:DeleteObject", f"{bucket.arn}/*")]),
    }
    members = [
        Member(name, Profile(f"{d.app}-export-{name}", "exports sales", reach, schedule, "lambda"))
        for name, (schedule, reach) in work.items()
    ]
    exporters, why = labels("csv", "json", "parquet"), "those who export must not be able to remove exports"
    return Crew(members, merges=[exporters], apart=[Apart(labels("tidy"), exporters, why)])


@KINDS.crew()
def names_of_three_tools(d: Draw) -> Crew:
    """Three functions serve one queue. Each role was made by another tool, so their names have nothing in common."""
    queue, table, topic = d.queue("intake"), d.table("intake"), d.topic("accepted")
    stack = "".join(word.title() for word in (d.pick("nova", "delta", "orbit"), "back", "end"))
    names = {
        "console": (f"{d.pick('heron', 'otter', 'lynx')}-role-{d.hex(8)}", "/service-role/"),
        "stack": (f"{stack}-HandlerServiceRole{d.hex(8).upper()}-{d.upper(12)}", "/"),
        "module": (f"tf-{d.pick('lmb', 'fn', 'exec')}-{d.between(100, 999)}-{d.region}", "/"),
    }
    shares = {name: d.rng.uniform(0.5, 1) for name in names}
    written = {
        "console": [grant("sqs:*", queue.arn), grant("dynamodb:*", table.arn), grant("sns:*", topic.arn)],
        "stack": [
            grant("sqs:ReceiveMessage DeleteMessage GetQueueAttributes GetQueueUrl", queue.arn),
            grant("dynamodb:GetItem PutItem UpdateItem Query", table.arn),
            grant("sns:Publish", topic.arn),
        ],
        "module": [
            grant("sqs:*Message* Get*", queue.arn),
            grant("dynamodb:*Item Query", table.arn),
            grant("sns:Publish"),
        ],
    }
    members = []
    for label, (name, path) in names.items():
        stream = Place(f"{log_group(d, name.partition('-role')[0]).arn}:log-stream:stream-1")
        work = on_days(
            often(shares[label]),
            step(daily, "sqs:ReceiveMessage DeleteMessage", queue),
            step(daily, "dynamodb:GetItem PutItem", table),
            step(often(0.7), "sns:Publish", topic),
            step(often(0.3), "logs:CreateLogStream PutLogEvents", stream),
        )
        reach = [*written[label], log_grant(d)]
        profile = Profile(name, "a function that serves a queue", reach, work, "lambda", path=path)
        members.append(Member(label, profile, tags={"service": d.app}))
    return Crew(members, merges=[labels(*names)])


@KINDS.crew()
def tenants_in_one_bucket(d: Draw) -> Crew:
    """All tenants share a bucket, but each role reaches one folder and one secret. Two tenants have two roles each."""
    bucket, queue = d.bucket("exchange"), d.queue("exchange")
    one, two, three = d.rng.sample(("northwind", "contoso", "fabrikam", "tailspin", "wingtip"), 3)
    members, copies = [], {one: 2, two: 2, three: 1}
    for tenant, count in copies.items():
        secret = d.secret(f"{tenant}-sftp")
        for number in range(1, count + 1):
            work = on_days(
                often(d.rng.uniform(0.7, 1)),
                step(daily, "secretsmanager:GetSecretValue", secret),
                step(daily, "s3:GetObject PutObject", some_object(bucket, tenant)),
                step(often(0.7), "sqs:SendMessage", queue),
            )
            grants = [
                grant("s3:GetObject PutObject DeleteObject", f"{bucket.arn}/{tenant}/*"),
                grant("secretsmanager:GetSecretValue DescribeSecret", secret.arn),
                grant("sqs:SendMessage", queue.arn),
            ]
            profile = Profile(f"{d.app}-sync-{tenant}-{number}", "exchanges files of a tenant", grants, work, "ecs")
            members.append(Member(f"{tenant}{number}", profile))
    of = {tenant: labels(*(f"{tenant}{number}" for number in range(1, count + 1))) for tenant, count in copies.items()}
    why = "a tenant's files and credentials must stay out of reach of the others"
    apart = [Apart(of[one], of[two] | of[three], why), Apart(of[two], of[three], why)]
    return Crew(members, merges=[of[one], of[two]], apart=apart)
