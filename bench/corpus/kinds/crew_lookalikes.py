"""Crews of roles that are harder to tell apart: copies that differ a little, and look-alikes with little difference.

https://docs.aws.amazon.com/wellarchitected/latest/saas-lens/tenant-isolation.html
https://docs.aws.amazon.com/wellarchitected/latest/security-pillar/sec_permissions_least_privileges.html
"""

from __future__ import annotations

from collections.abc import Iterator

from bench.corpus.calendar import Day, Use
from bench.corpus.crew import Apart, Crew, Member, labels
from bench.corpus.draw import Draw
from bench.corpus.kinds.recipes import daily, often, some_object, step, together
from bench.corpus.profile import Kinds, Profile, Schedule, grant

KINDS = Kinds()


@KINDS.crew()
def leader_by_month(d: Draw) -> Crew:
    """Six instances of a service, two of them younger; each month another one is the leader, which also cleans up."""
    queue, table, bucket = d.queue("events"), d.table("events"), d.bucket("events")
    names = ("amber", "birch", "cedar", "dune", "elm", "fir")
    work = together(
        step(daily, "sqs:ReceiveMessage DeleteMessage", queue),
        step(often(0.9), "dynamodb:PutItem Query", table),
        step(often(0.8), "s3:PutObject", some_object(bucket, "batch")),
        step(often(0.6), "s3:ListBucket", bucket),
        step(often(0.4), "cloudwatch:PutMetricData"),
    )
    leading = step(often(0.5), "dynamodb:DescribeTable", table)

    def schedule(number: int) -> Schedule:
        def day(today: Day) -> Iterator[Use]:
            yield from work(today)
            if today.date.month % len(names) == number:
                yield from leading(today)

        return day

    grants = [
        grant("sqs:*", queue.arn),
        grant("dynamodb:*", table.arn),
        grant("s3:*", bucket.arn, f"{bucket.arn}/*"),
        grant("cloudwatch:*"),
    ]
    members = [
        Member(
            name,
            Profile(
                f"{d.app}-{name}",
                "an instance of one service",
                grants,
                schedule(number),
                "ecs",
                born=-1 if number < 4 else 20 + number,
            ),
        )
        for number, name in enumerate(names)
    ]
    return Crew(members, merges=[labels(*names)])


@KINDS.crew()
def tenants(d: Draw) -> Crew:
    """Each tenant has a role of its own, so the code that works for one can't reach another's data."""
    names = ("acme", "globex", "initech", "umbrella")
    members = []
    for name in names:
        table, bucket = d.table(name), d.bucket(f"{name}-files")
        schedule = together(
            step(daily, "dynamodb:GetItem PutItem Query", table),
            step(often(0.9), "s3:GetObject PutObject", some_object(bucket, "files")),
            step(often(0.5), "s3:ListBucket", bucket),
        )
        grants = [grant("dynamodb:*", table.arn), grant("s3:*", bucket.arn, f"{bucket.arn}/*")]
        profile = Profile(f"{d.app}-{name}", "a tenant's role", grants, schedule, "ecs")
        members.append(Member(name, profile, tags={"tenant": name}))
    why = "a tenant's data must stay out of reach of the others"
    apart = [Apart(labels(name), labels(*names) - {name}, why) for name in names]
    return Crew(members, apart=apart)


@KINDS.crew()
def readers_and_one_who_deletes(d: Draw) -> Crew:
    bucket, group = d.bucket("recordings"), d.arn("cloudwatch", "alarm:*")
    reads = together(
        step(daily, "s3:GetObject GetObjectTagging GetObjectVersion", some_object(bucket, "calls")),
        step(daily, "s3:ListBucket GetBucketLocation", bucket),
        step(often(0.5), "cloudwatch:PutMetricData"),
        step(often(0.5), "cloudwatch:DescribeAlarms", group),
    )
    deletes = together(reads, step(often(0.2), "s3:DeleteObject", some_object(bucket, "calls")))
    grants = [grant("s3:*", bucket.arn, f"{bucket.arn}/*"), grant("cloudwatch:*")]
    names = ("index", "preview", "transcript")
    members = [Member(name, Profile(f"{d.app}-{name}", "reads recordings", grants, reads, "lambda")) for name in names]
    retention = Profile(f"{d.app}-retention", "reads recordings, and deletes old ones", grants, deletes, "lambda")
    why = "readers must not be able to delete recordings"
    return Crew(
        [*members, Member("retention", retention)],
        merges=[labels(*names)],
        apart=[Apart(labels("retention"), labels(*names), why)],
    )


@KINDS.crew()
def one_has_a_boundary(d: Draw) -> Crew:
    """A vendor's code runs in one of the copies, so that one has a permissions boundary."""
    queue, topic = d.queue("labels"), d.topic("labels")
    schedule = together(
        step(daily, "sqs:ReceiveMessage DeleteMessage", queue),
        step(often(0.9), "sns:Publish", topic),
        step(often(0.5), "sqs:GetQueueAttributes", queue),
    )
    grants = [grant("sqs:*", queue.arn), grant("sns:*", topic.arn)]
    limit = [grant("sqs:ReceiveMessage DeleteMessage GetQueueAttributes", queue.arn), grant("sns:Publish", topic.arn)]
    members = [
        Member(name, Profile(f"{d.app}-{name}", "makes labels", grants, schedule, "ecs")) for name in ("small", "large")
    ]
    fenced = Profile(f"{d.app}-plugin", "makes labels with a vendor's code", grants, schedule, "ecs", boundary=limit)
    why = "what runs a vendor's code has a boundary that the others lack"
    return Crew(
        [*members, Member("plugin", fenced)],
        merges=[labels("small", "large")],
        apart=[Apart(labels("plugin"), labels("small", "large"), why)],
    )


@KINDS.crew()
def environments_by_name(d: Draw) -> Crew:
    """Names and paths alone say that one of the copies is for user acceptance tests."""
    table, topic = d.table("offers"), d.topic("offers")
    schedule = together(
        step(daily, "dynamodb:GetItem Query", table),
        step(often(0.8), "sns:Publish", topic),
        step(often(0.4), "dynamodb:UpdateItem", table),
    )
    grants = [grant("dynamodb:*", table.arn), grant("sns:*", topic.arn)]
    style = d.between(0, 2)

    def profile(part: str, stage: str) -> Profile:
        name = (f"{d.app}-{stage}-{part}", f"{d.app}_{part}_{stage.upper()}", f"{d.app}-{part}")[style]
        path = f"/{stage}/" if style == 2 else "/"
        return Profile(name, "a service and its copy for tests", grants, schedule, "lambda", path=path)

    members = [
        Member("one", profile("offers1", "live")),
        Member("two", profile("offers2", "live")),
        Member("tests", profile("offers3", "uat")),
    ]
    why = "tests must not get production's access"
    apart = [Apart(labels("tests"), labels("one", "two"), why)]
    return Crew(members, merges=[labels("one", "two")], apart=apart)
