"""Those who watch, repair, copy and count.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
https://grafana.com/docs/grafana/latest/datasources/aws-cloudwatch/configure/
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_CopySnapshot.html
https://docs.aws.amazon.com/waf/latest/developerguide/waf-ip-set-managing.html
https://docs.datadoghq.com/cloud_cost_management/setup/aws/
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from bench.corpus.calendar import Day, NeedKind, Place, Use
from bench.corpus.draw import Draw
from bench.corpus.kinds.recipes import log_group, write_logs
from bench.corpus.profile import Kinds, Profile, grant

KINDS = Kinds()


@KINDS.kind(steady=True)
def blocklist_updater(d: Draw) -> Profile:
    sets = [
        d.own("wafv2", f"regional/ipset/{d.app}-{word}/{d.uuid()}") for word in d.pick(("v4",), ("v4", "v6"), ("bots",))
    ]
    feed, group = d.bucket("feeds"), log_group(d, d.name("blocklist"))
    shares = [d.rng.uniform(0.02, 1) for _ in sets]

    def day(today: Day) -> Iterator[Use]:
        yield today.use("s3:GetObject", feed.at("reputation/latest.txt"))
        for place, share in zip(sets, shares, strict=True):
            yield today.use("wafv2:GetIPSet", place)
            if today.chance(share):
                yield today.use("wafv2:UpdateIPSet", place)
        yield from write_logs(today, group)

    listed = [place.arn for place in sets]
    reach = listed if d.chance(0.6) else [d.arn("wafv2", "regional/ipset/*/*")]
    grants = [grant("wafv2:GetIPSet UpdateIPSet", *reach), grant("s3:GetObject", f"{feed.arn}/*")]
    about, managed = "writes addresses to block into fixed sets", ("AWSLambdaBasicExecutionRole",)
    return Profile(f"{d.app}-blocklist", about, grants, day, "lambda", managed=managed)


@KINDS.kind(steady=True)
def dead_letter_replayer(d: Draw) -> Profile:
    words = [d.part() for _ in range(d.between(1, 4))]
    queues = [(d.queue(f"{word}-dlq"), d.queue(word)) for word in words]
    share = d.rng.uniform(0.02, 0.2)

    def day(today: Day) -> Iterator[Use]:
        for failed, _ in queues:
            yield today.use("sqs:GetQueueAttributes", failed)
        for failed, target in queues:
            if today.chance(share):
                yield today.use("sqs:ReceiveMessage", failed)
                yield today.use("sqs:SendMessage", target)
                yield today.use("sqs:DeleteMessage", failed)

    grants = [
        grant("sqs:GetQueueAttributes ReceiveMessage DeleteMessage", *(failed.arn for failed, _ in queues)),
        grant("sqs:SendMessage", *(target.arn for _, target in queues)),
    ]
    about = "watches fixed queues of failed messages, and sends them again on some days"
    return Profile(f"{d.app}-redrive", about, grants, day, "lambda")


@KINDS.kind(steady=True)
def dashboards(d: Draw) -> Profile:
    groups = [d.own("logs", f"log-group:/{d.pick('ecs', 'app')}/{d.app}/{d.part()}:*") for _ in range(d.between(1, 5))]
    explores, shares = d.rng.uniform(0.05, 0.4), [d.rng.uniform(0.01, 0.6) for _ in groups]

    def day(today: Day) -> Iterator[Use]:
        yield today.use("cloudwatch:GetMetricData")
        yield today.use("cloudwatch:ListMetrics")
        for group, share in zip(groups, shares, strict=True):
            if today.is_workday and today.chance(share):
                yield today.use("logs:StartQuery", group)
                yield today.use("logs:GetQueryResults", group)
        if today.chance(explores):
            yield today.use("logs:DescribeLogGroups", d.arn("logs", "log-group:*"))
            yield today.use("ec2:DescribeRegions")
            yield today.use("tag:GetResources")
            yield today.use("cloudwatch:DescribeAlarms", d.arn("cloudwatch", "alarm:*"))

    grants = [
        grant("cloudwatch:DescribeAlarms DescribeAlarmsForMetric ListMetrics GetMetricData GetInsightRuleReport"),
        grant("logs:DescribeLogGroups GetLogGroupFields StartQuery StopQuery GetQueryResults GetLogEvents"),
        grant("ec2:DescribeTags DescribeInstances DescribeRegions"),
        grant("tag:GetResources"),
    ]
    return Profile(f"{d.app}-grafana", "draws metrics and logs", grants, day, d.pick("irsa", "vendor", "ec2"))


@KINDS.kind()
def disaster_copy(d: Draw) -> Profile:
    databases = [(d.name(), born) for born in d.births(d.between(1, 4), (60, 200))]
    keep, pace, region = d.pick(7, 14, 35), d.pick(1, 1, 7), d.other_region
    key = Place(d.arn("kms", f"key/{d.uuid()}", region=region))

    def copy(name: str, born: int, today: Day, age: int) -> Place:
        dated = f"dr-{name.lower().replace('_', '-')}-{today.date - timedelta(days=age):%Y-%m-%d}"
        return Place(d.arn("rds", f"snapshot:{dated}", region=region), born)

    def day(today: Day) -> Iterator[Use]:
        if not today.every(pace):
            return
        yield today.use("rds:DescribeDBInstances", d.arn("rds", "db:*"))
        yield today.use("rds:DescribeDBSnapshots", d.arn("rds", "snapshot:*"))
        for name, born in databases:
            if born > today.index:
                continue
            source = d.arn("rds", f"snapshot:rds:{name.lower().replace('_', '-')}-{today.date:%Y-%m-%d}-03-10")
            more = {"sourceDBSnapshotIdentifier": source}
            also = (("rds:CopyDBSnapshot", source),)
            yield today.use("rds:CopyDBSnapshot", copy(name, born, today, 0), NeedKind.NEW_NAME, also=also, params=more)
            if today.index - keep > max(born, 0):
                yield today.use("rds:DeleteDBSnapshot", copy(name, born, today, keep), NeedKind.NEW_NAME)
        if today.chance(0.5):
            yield today.use("kms:DescribeKey", key)

    both = (d.arn("rds", "snapshot:*"), d.arn("rds", "snapshot:*", region=region))
    grants = [
        grant("rds:DescribeDBInstances DescribeDBSnapshots"),
        grant("rds:CopyDBSnapshot DeleteDBSnapshot AddTagsToResource", *both),
        grant("kms:DescribeKey CreateGrant", key.arn),
    ]
    about = "copies the snapshots of databases to a second Region, and deletes old copies"
    return Profile(f"{d.app}-dr-copy", about, grants, day, "lambda", (4, 8))


@KINDS.kind(steady=True)
def cost_vendor(d: Draw) -> Profile:
    bucket, report = d.bucket("cur"), d.pick("hourly", "finops", "cost-report")
    share, weekday, inventory = d.rng.uniform(0.4, 1), d.between(0, 6), d.between(1, 28)

    def day(today: Day) -> Iterator[Use]:
        if today.chance(share):
            following = today.date.replace(day=1) + timedelta(days=32)
            month = f"{today.date:%Y%m}01-{following:%Y%m}01"
            yield today.use("s3:ListBucket", bucket)
            yield today.use("s3:GetObject", bucket.at(f"{report}/{month}/{report}-Manifest.json"))
            yield today.use("s3:GetObject", bucket.at(f"{report}/{month}/{report}-00001.parquet"))
        if today.date.weekday() == weekday:
            yield today.use("cur:DescribeReportDefinitions")
            yield today.use("organizations:ListAccounts")
            yield today.use("s3:GetBucketLocation", bucket)
        if today.monthly(inventory):
            yield today.use("ec2:DescribeInstances", kind=NeedKind.RARE)
            yield today.use("ec2:DescribeVolumes", kind=NeedKind.RARE)
        if today.every(4):
            yield today.use("ce:GetCostAndUsage")

    grants = [
        grant("s3:ListBucket GetBucketLocation GetObject", bucket.arn, f"{bucket.arn}/*"),
        grant("cur:DescribeReportDefinitions"),
        grant("ce:Get* Describe* List*"),
        grant("organizations:Describe* List*"),
        grant("ec2:Describe*"),
    ]
    name = d.pick(f"{d.app}-DatadogIntegrationRole", f"vantage-{d.app}-connection", f"CloudHealth-{d.app}")
    return Profile(name, "another company that reads the cost reports", grants, day, "vendor")
