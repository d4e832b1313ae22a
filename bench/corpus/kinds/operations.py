"""Those who keep things running."""

from __future__ import annotations

from collections.abc import Iterator

from bench.corpus.calendar import Day, NeedKind, Place, Use
from bench.corpus.draw import Draw
from bench.corpus.kinds.recipes import passing
from bench.corpus.profile import Kinds, Profile, grant

KINDS = Kinds()


@KINDS.kind(steady=True)
def volume_backup(d: Draw) -> Profile:
    volumes = [d.own("ec2", f"volume/vol-0{d.hex(16)}") for _ in range(d.between(2, 9))]
    most, share = d.between(1, 4), d.rng.uniform(0.5, 1)

    def day(today: Day) -> Iterator[Use]:
        if not today.chance(share):
            return
        yield today.use("ec2:DescribeVolumes")
        for volume in today.some(volumes, most):
            snapshot = f"snap-0{today.rng.getrandbits(64):016x}"
            made = (("ec2:CreateSnapshot", d.arn("ec2", "snapshot/*", account="")),)
            yield today.use("ec2:CreateSnapshot", volume, also=made, answer={"snapshotId": snapshot})

    grants = [
        grant("ec2:DescribeVolumes"),
        grant("ec2:CreateSnapshot", d.arn("ec2", "volume/*"), d.arn("ec2", "snapshot/*", account="")),
    ]
    return Profile(f"{d.app}-backup", "snapshots of fixed volumes every night", grants, day, "lambda", (1, 5))


@KINDS.kind()
def snapshot_cleaner(d: Draw) -> Profile:
    most = d.between(1, 4)

    def day(today: Day) -> Iterator[Use]:
        yield today.use("ec2:DescribeSnapshots")
        for number in range(today.rng.randrange(most + 1)):
            snapshot = d.arn("ec2", f"snapshot/snap-0{today.index:08x}{number:08x}", account="")
            yield today.use("ec2:DeleteSnapshot", snapshot, NeedKind.NEW_NAME)
        if today.every(7):
            yield today.use("rds:DescribeDBSnapshots", d.arn("rds", "snapshot:*"))
            old = d.arn("rds", f"snapshot:{d.app}-{today.date:%Y-%m-%d}")
            yield today.use("rds:DeleteDBSnapshot", old, NeedKind.NEW_NAME)

    grants = [
        grant("ec2:DescribeSnapshots DeleteSnapshot"),
        grant("rds:DescribeDBSnapshots DeleteDBSnapshot"),
    ]
    return Profile(f"{d.app}-cleanup", "deletes old snapshots, each with another id", grants, day, "lambda", (2, 7))


@KINDS.kind(steady=True)
def cluster_autoscaler(d: Draw) -> Profile:
    groups = [
        d.own("autoscaling", f"autoScalingGroup:{d.uuid()}:autoScalingGroupName/{d.name()}")
        for _ in range(d.between(1, 4))
    ]
    share, look = d.rng.uniform(0.2, 1), d.between(5, 20)

    def day(today: Day) -> Iterator[Use]:
        yield today.use("autoscaling:DescribeAutoScalingGroups")
        yield today.use("ec2:DescribeLaunchTemplateVersions")
        for group in today.some(groups, 1 if today.chance(share) else 0):
            yield today.use("autoscaling:SetDesiredCapacity", group)
        if today.every(look):
            yield today.use("ec2:DescribeInstanceTypes")
            yield today.use("ec2:DescribeImages")

    grants = [
        grant("autoscaling:DescribeAutoScalingGroups DescribeAutoScalingInstances DescribeLaunchConfigurations"),
        grant("ec2:DescribeLaunchTemplateVersions DescribeInstanceTypes DescribeImages"),
        grant("autoscaling:SetDesiredCapacity TerminateInstanceInAutoScalingGroup"),
    ]
    return Profile(f"{d.app}-autoscaler", "scales fixed groups of instances", grants, day, "oidc")


@KINDS.kind()
def dns_controller(d: Draw) -> Profile:
    zones = [
        Place(f"arn:aws:route53:::hostedzone/Z{d.upper(12)}", born) for born in d.births(d.between(1, 3), (70, 200))
    ]

    def day(today: Day) -> Iterator[Use]:
        yield today.use("route53:ListHostedZones")
        for zone in today.some(zones, 2):
            if zone.born == today.index:
                yield today.use("route53:GetHostedZone", zone)
            yield today.use("route53:ListResourceRecordSets", zone)
            if today.chance(0.4):
                yield today.use("route53:ChangeResourceRecordSets", zone)

    grants = [
        grant("route53:ListHostedZones"),
        grant(
            "route53:GetHostedZone ListResourceRecordSets ChangeResourceRecordSets", "arn:aws:route53:::hostedzone/*"
        ),
    ]
    return Profile(f"{d.app}-dns", "keeps DNS records of zones that slowly grow in number", grants, day, "oidc")


@KINDS.kind()
def secret_rotator(d: Draw) -> Profile:
    secrets = d.growing(d.secret, d.between(3, 12), (20, 90))
    pace = d.pick(30, 60, 90)

    def day(today: Day) -> Iterator[Use]:
        for number, secret in enumerate(secrets):
            if secret.exists(today.index) and today.every(pace, number * 7):
                yield today.use("secretsmanager:DescribeSecret", secret)
                yield today.use("secretsmanager:GetRandomPassword")
                yield today.use("secretsmanager:PutSecretValue", secret)
                yield today.use("secretsmanager:UpdateSecretVersionStage", secret)

    names = "DescribeSecret GetSecretValue PutSecretValue UpdateSecretVersionStage"
    grants = [
        grant(f"secretsmanager:{names}", d.arn("secretsmanager", f"secret:{d.prefix}*")),
        grant("secretsmanager:GetRandomPassword"),
    ]
    return Profile(
        f"{d.app}-rotate", "rotates a growing set of secrets, each monthly or less often", grants, day, "lambda", (3, 6)
    )


@KINDS.kind()
def patch_runner(d: Draw) -> Profile:
    instances = [d.own("ec2", f"instance/i-0{d.hex(16)}", born) for born in d.births(d.between(3, 8), (10, 60))]
    weekday = d.between(0, 4)

    def day(today: Day) -> Iterator[Use]:
        if today.date.weekday() != weekday:
            return
        yield today.use("ssm:DescribeInstanceInformation")
        document = Place(f"arn:aws:ssm:{d.region}::document/AWS-RunPatchBaseline")
        chosen = today.some(instances, 3)
        also = tuple(("ssm:SendCommand", place.arn) for place in chosen)
        ids = [place.arn.rpartition("/")[2] for place in chosen]
        new = any(place.born > 0 and today.index - place.born < 31 for place in chosen)
        kind = NeedKind.NEW_RESOURCE if new else NeedKind.ORDINARY
        yield today.use("ssm:SendCommand", document, kind, also=also, params={"instanceIds": ids})
        yield today.use("ssm:ListCommandInvocations")

    grants = [
        grant("ssm:DescribeInstanceInformation ListCommandInvocations ListCommands"),
        grant("ssm:SendCommand", d.arn("ec2", "instance/*"), f"arn:aws:ssm:{d.region}::document/AWS-*"),
    ]
    return Profile(f"{d.app}-patch", "patches instances every week, new ones too", grants, day, "role", (20, 24))


@KINDS.kind()
def certificate_manager(d: Draw) -> Profile:
    pace, zone = d.between(40, 120), Place(f"arn:aws:route53:::hostedzone/Z{d.upper(12)}")

    def day(today: Day) -> Iterator[Use]:
        if today.every(7):
            yield today.use("acm:ListCertificates")
        if today.every(pace):
            number = today.index // pace
            made = Place(d.arn("acm", f"certificate/{number:08x}-0000-4000-a000-{today.index:012x}"))
            answer = {"certificateArn": made.arn}
            yield today.use("acm:RequestCertificate", kind=NeedKind.RARE, answer=answer)
            yield today.use("acm:DescribeCertificate", made, NeedKind.NEW_NAME)
            yield today.use("route53:ChangeResourceRecordSets", zone, NeedKind.RARE)

    grants = [
        grant("acm:ListCertificates RequestCertificate DescribeCertificate"),
        grant("route53:ChangeResourceRecordSets GetHostedZone", zone.arn),
    ]
    return Profile(f"{d.app}-certs", "requests a certificate every few months", grants, day, "oidc", (8, 17))


@KINDS.kind(steady=True)
def night_stopper(d: Draw) -> Profile:
    instances = [d.own("ec2", f"instance/i-0{d.hex(16)}") for _ in range(d.between(2, 12))]

    def day(today: Day) -> Iterator[Use]:
        yield today.use("ec2:DescribeInstances")
        action = "ec2:StopInstances" if today.date.weekday() in (4, 2) else "ec2:StartInstances"
        if today.is_workday:
            for instance in today.some(instances, 3):
                yield today.use(action, instance)

    grants = [
        grant("ec2:DescribeInstances"),
        grant("ec2:StopInstances StartInstances", d.arn("ec2", "instance/*")),
    ]
    return Profile(f"{d.app}-nights", "stops and starts fixed instances", grants, day, "lambda", (5, 20))


@KINDS.kind()
def task_scheduler(d: Draw) -> Profile:
    task, execution, pace = d.role("task"), d.role("execution"), d.between(1, 3)
    families = d.growing(lambda born: d.own("ecs", f"task-definition/{d.name()}:1", born), d.between(1, 4), (45, 120))
    release = d.between(10, 40)

    def day(today: Day) -> Iterator[Use]:
        if not today.every(pace):
            return
        for family in today.some(families, 2):
            revision = 1 + (today.index - max(family.born, 0)) // release
            definition = Place(f"{family.arn.rpartition(':')[0]}:{revision}", family.born)
            kind = NeedKind.NEW_NAME if revision > 1 else None
            hidden = (*passing(task), *passing(execution))
            yield today.use("ecs:RunTask", definition, kind, unseen=hidden)

    grants = [
        grant("ecs:RunTask", d.arn("ecs", f"task-definition/{d.prefix}*")),
        grant("iam:PassRole", task, execution),
    ]
    return Profile(f"{d.app}-cron", "runs tasks, whose roles no record of it shows", grants, day, "role")
