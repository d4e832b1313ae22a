"""What runs in and around Kubernetes clusters, as the controllers' own installation guides set their roles up.

https://cert-manager.io/docs/configuration/acme/dns01/route53/
https://external-secrets.io/latest/provider/aws-secrets-manager/
https://github.com/vmware-tanzu/velero-plugin-for-aws
https://grafana.com/docs/loki/latest/configure/storage/
https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/deploy/installation/
https://github.com/kubernetes-sigs/aws-ebs-csi-driver/blob/master/docs/install.md
"""

from __future__ import annotations

from collections.abc import Iterator

from bench.corpus.calendar import Day, NeedKind, Place, Use
from bench.corpus.draw import Draw
from bench.corpus.kinds.recipes import read_encrypted, read_secret, write_encrypted
from bench.corpus.profile import Kinds, Profile, grant

KINDS = Kinds()


def _pod_role(d: Draw, service: str) -> str:
    """The name of a pod's role, as Terraform modules, eksctl and people make it."""
    return d.pick(
        f"{d.app}-{service}",
        f"{d.app}-eks-{service}-irsa",
        f"eksctl-{d.app}-addon-iamserviceaccount-{service}-Role1-{d.upper(12)}",
        f"{service}-{d.app}-{d.between(2020, 2025)}{d.between(10**15, 10**16 - 1)}",
    )[:64]


@KINDS.kind()
def cert_issuer(d: Draw) -> Profile:
    zones = [Place(f"arn:aws:route53:::hostedzone/Z{d.upper(d.pick(13, 20))}") for _ in range(d.between(1, 3))]
    zones += [Place(f"arn:aws:route53:::hostedzone/Z{d.upper(20)}", d.day_in_year(0.1, 0.9))] if d.chance(0.3) else []
    births = d.births(d.between(3, 14), (15, 90))
    certificates = [(born, d.pick(*zones), d.between(0, 59)) for born in births]
    lookup = d.chance(0.6)

    def day(today: Day) -> Iterator[Use]:
        for born, zone, offset in certificates:
            due = born == today.index or (born < today.index and today.every(60, offset))
            if not due or not zone.exists(today.index):
                continue
            if lookup:
                yield today.use("route53:ListHostedZonesByName")
            yield today.use("route53:ChangeResourceRecordSets", zone)
            change = f"arn:aws:route53:::change/C{today.rng.getrandbits(80):020X}"
            yield today.use("route53:GetChange", change, NeedKind.NEW_NAME)
            yield today.use("route53:ChangeResourceRecordSets", zone)

    reach = [zone.arn for zone in zones] if d.chance(0.4) else ["arn:aws:route53:::hostedzone/*"]
    grants = [
        grant("route53:GetChange", "arn:aws:route53:::change/*"),
        grant("route53:ChangeResourceRecordSets ListResourceRecordSets", *reach),
        grant("route53:ListHostedZonesByName"),
    ]
    about = "answers DNS challenges for certificates that are renewed every 60 days"
    return Profile(_pod_role(d, "cert-manager"), about, grants, day, "irsa")


@KINDS.kind()
def secret_syncer(d: Draw) -> Profile:
    secrets = d.growing(d.secret, d.between(4, 15), (d.between(15, 40), d.between(50, 120)))
    renamed = d.day_in_year()
    old = d.secret("legacy")
    new = d.secret("legacy-v2", renamed)
    parameters = [d.own("ssm", f"parameter/{d.app}/{d.part()}") for _ in range(d.between(0, 4))]
    key = d.key() if d.chance(0.5) else None

    def day(today: Day) -> Iterator[Use]:
        current = old if today.index < renamed else new
        for secret in (*today.some(secrets, 8), current):
            yield from read_secret(today, secret, key)
            if today.chance(0.3):
                yield today.use("secretsmanager:DescribeSecret", secret)
        for parameter in today.some(parameters, 2):
            yield today.use("ssm:GetParameter", parameter)

    names = "secretsmanager:GetSecretValue DescribeSecret GetResourcePolicy ListSecretVersionIds"
    grants = [
        grant(names, d.arn("secretsmanager", f"secret:{d.prefix}*")),
        grant("ssm:GetParameter GetParameters", d.arn("ssm", f"parameter/{d.app}/*")),
        grant("kms:Decrypt", key.arn if key else d.arn("kms", "key/*")),
    ]
    return Profile(_pod_role(d, "external-secrets"), "copies secrets into a cluster every hour", grants, day, "irsa")


@KINDS.kind()
def cluster_backup(d: Draw) -> Profile:
    bucket, keep, hourly = d.bucket("velero"), d.pick(7, 14, 30), d.chance(0.3)
    births = d.births(d.between(2, 6), (15, 60))
    lives = [(born, born + d.between(60, 300) if d.chance(0.4) else 10**6) for born in births]
    volumes = [d.own("ec2", f"volume/vol-0{d.hex(16)}", born, died) for born, died in lives]
    drills = {d.between(20, max(21, d.days - 5)) for _ in range(d.between(0, 2))}

    def day(today: Day) -> Iterator[Use]:
        name = f"backups/daily-{today.date:%Y%m%d}020000"
        yield today.use("s3:ListBucket", bucket)
        yield today.use("ec2:DescribeVolumes")
        for volume in today.some(volumes, 4):
            made = (("ec2:CreateSnapshot", d.arn("ec2", "snapshot/*", account="")),)
            answer = {"snapshotId": f"snap-0{today.rng.getrandbits(64):016x}"}
            yield today.use("ec2:CreateSnapshot", volume, also=made, answer=answer)
        yield today.use("s3:PutObject", bucket.at(f"{name}/velero-backup.json"))
        if hourly:
            yield today.use("s3:PutObject", bucket.at(f"backups/hourly-{today.date:%Y%m%d}/velero-backup.json"))
        if today.index >= keep:
            old = d.arn("ec2", f"snapshot/snap-0{today.index - keep:08x}{today.rng.randrange(9):08x}", account="")
            yield today.use("ec2:DescribeSnapshots")
            yield today.use("ec2:DeleteSnapshot", old, NeedKind.NEW_NAME)
            yield today.use("s3:DeleteObject", bucket.at(f"backups/daily-{today.index - keep}/velero-backup.json"))
        if today.index in drills:
            yield today.use("s3:GetObject", bucket.at(f"{name}/velero-backup.json"))
            made_volume = d.arn("ec2", f"volume/vol-0{today.index:016x}")
            yield today.use("ec2:CreateVolume", made_volume, NeedKind.NEW_NAME)

    grants = [
        grant("ec2:DescribeVolumes DescribeSnapshots CreateTags CreateVolume CreateSnapshot DeleteSnapshot"),
        grant("s3:GetObject DeleteObject PutObject AbortMultipartUpload ListMultipartUploadParts", f"{bucket.arn}/*"),
        grant("s3:ListBucket", bucket.arn),
    ]
    about = "backs up a cluster: manifests to a bucket, snapshots of volumes that come and go"
    return Profile(_pod_role(d, "velero"), about, grants, day, "irsa", (1, 6))


@KINDS.kind(steady=True)
def chunk_store(d: Draw) -> Profile:
    buckets = [d.bucket(part) for part in d.pick(("chunks",), ("chunks", "ruler"), ("metrics",))]
    key, tenant = d.key() if d.chance(0.4) else None, d.pick("fake", d.subject, "anonymous")
    compaction, busy, release = d.between(1, 7), d.between(2, 5), d.between(35, 110)

    def day(today: Day) -> Iterator[Use]:
        for bucket in buckets:
            if today.every(release, len(bucket.arn)):
                yield today.use("s3:GetBucketLocation", bucket, NeedKind.RARE)
            yield today.use("s3:ListBucket", bucket)
            for number in range(today.rng.randint(1, busy)):
                chunk = bucket.at(f"{tenant}/{today.rng.getrandbits(48):012x}:{today.index:x}:{number}")
                if key:
                    yield from write_encrypted(today, chunk, key)
                    yield from read_encrypted(today, chunk, key)
                else:
                    yield today.use("s3:PutObject", chunk)
                    yield today.use("s3:GetObject", chunk)
        if today.every(compaction):
            yield today.use("s3:DeleteObject", buckets[0].at(f"{tenant}/old/{today.index:x}"))

    both = [arn for bucket in buckets for arn in (bucket.arn, f"{bucket.arn}/*")]
    grants = [
        grant("s3:ListBucket GetBucketLocation PutObject GetObject DeleteObject", *both),
        grant("kms:Decrypt GenerateDataKey", key.arn if key else d.arn("kms", "key/*")),
    ]
    about = "keeps logs or metrics as chunks in fixed buckets"
    return Profile(_pod_role(d, d.pick("loki", "thanos", "mimir")), about, grants, day, "irsa")


@KINDS.kind()
def ingress_controller(d: Draw) -> Profile:
    def group(born: int = -1, died: int = 1_000_000) -> Place:
        name = f"k8s-{d.subject[:8]}-{d.part()[:8]}-{d.hex(10)}"
        return d.own("elasticloadbalancing", f"targetgroup/{name}/{d.hex(16)}", born, died)

    births = d.births(d.between(2, 6), (d.between(5, 20), d.between(30, 80)))
    groups = [group(born, born + d.between(30, 200) if d.chance(0.5) else 1_000_000) for born in births]
    security = d.own("ec2", f"security-group/sg-0{d.hex(16)}")

    def day(today: Day) -> Iterator[Use]:
        yield today.use("elasticloadbalancing:DescribeLoadBalancers")
        yield today.use("elasticloadbalancing:DescribeTargetGroups")
        for place in groups:
            if place.born == today.index:
                yield today.use("elasticloadbalancing:CreateTargetGroup", place, NeedKind.NEW_NAME)
                yield today.use("elasticloadbalancing:RegisterTargets", place, NeedKind.NEW_NAME)
                yield today.use("ec2:AuthorizeSecurityGroupIngress", security)
            if place.died == today.index:
                yield today.use("elasticloadbalancing:DeleteTargetGroup", place)
        for place in today.some(groups, 3):
            yield today.use("elasticloadbalancing:RegisterTargets", place)
            yield today.use("elasticloadbalancing:DeregisterTargets", place)
            yield today.use("elasticloadbalancing:DescribeTargetHealth")
        if today.every(6):
            for action in ("DescribeSubnets", "DescribeSecurityGroups", "DescribeVpcs", "DescribeAvailabilityZones"):
                yield today.use(f"ec2:{action}")

    own = d.arn("elasticloadbalancing", "targetgroup/*/*")
    grants = [
        grant("elasticloadbalancing:DescribeLoadBalancers DescribeTargetGroups DescribeTargetHealth DescribeListeners"),
        grant("elasticloadbalancing:CreateTargetGroup CreateLoadBalancer CreateListener AddTags"),
        grant("elasticloadbalancing:RegisterTargets DeregisterTargets DeleteTargetGroup ModifyTargetGroup", own),
        grant("ec2:DescribeSubnets DescribeSecurityGroups DescribeVpcs DescribeAvailabilityZones DescribeInstances"),
        grant("ec2:AuthorizeSecurityGroupIngress RevokeSecurityGroupIngress CreateSecurityGroup"),
    ]
    about = "makes target groups for the services of a cluster"
    return Profile(_pod_role(d, "aws-load-balancer-controller"), about, grants, day, "irsa")


@KINDS.kind()
def volume_driver(d: Draw) -> Profile:
    share, salt = d.rng.uniform(0.05, 0.5), d.hex(6)
    rollout = d.between(10, 30)
    volumes = [Place(d.arn("ec2", f"volume/vol-0{d.hex(16)}")) for _ in range(d.between(2, 5))]

    def move(today: Day, volume: Place, action: str, kind: NeedKind) -> Use:
        node = f"i-0{salt}{today.index // rollout:06x}{today.rng.randrange(4):04x}"
        also = ((action, d.arn("ec2", f"instance/{node}")),)
        return today.use(action, volume, kind, also=also, params={"instanceId": node})

    def day(today: Day) -> Iterator[Use]:
        if today.every(rollout) or today.chance(0.1):
            for volume in today.some(volumes, 2):
                yield move(today, volume, "ec2:DetachVolume", NeedKind.NEW_NAME)
                yield move(today, volume, "ec2:AttachVolume", NeedKind.NEW_NAME)
        if today.chance(share):
            made = Place(d.arn("ec2", f"volume/vol-0{salt}{today.index:010x}"))
            yield today.use("ec2:CreateVolume", made, NeedKind.NEW_NAME)
            yield move(today, made, "ec2:AttachVolume", NeedKind.NEW_NAME)
            if today.chance(0.6):
                yield move(today, made, "ec2:DetachVolume", NeedKind.NEW_NAME)
                yield today.use("ec2:DeleteVolume", made, NeedKind.NEW_NAME)
        yield today.use("ec2:DescribeVolumes")
        if today.every(3):
            yield today.use("ec2:DescribeInstances")
            yield today.use("ec2:DescribeAvailabilityZones")

    grants = [
        grant("ec2:DescribeVolumes DescribeInstances DescribeAvailabilityZones DescribeSnapshots DescribeTags"),
        grant("ec2:CreateVolume DeleteVolume ModifyVolume", d.arn("ec2", "volume/*")),
        grant("ec2:AttachVolume DetachVolume", d.arn("ec2", "volume/*"), d.arn("ec2", "instance/*")),
    ]
    return Profile(_pod_role(d, "ebs-csi-controller"), "makes and attaches the volumes of pods", grants, day, "irsa")


@KINDS.kind()
def image_puller(d: Draw) -> Profile:
    registry = str(d.between(10**11, 10**12 - 1))

    def repository(born: int = -1) -> Place:
        return Place(d.arn("ecr", f"repository/{d.subject}/{d.part()}", account=registry), born)

    repositories = d.growing(repository, d.between(4, 12), (d.between(10, 30), d.between(50, 120)))
    cluster, instance = d.own("eks", f"cluster/{d.app}"), Place(d.arn("ec2", f"instance/i-0{d.hex(16)}"))
    mirrored = Place(d.arn("ecr", f"repository/docker-hub/library/{d.pick('redis', 'nginx', 'busybox')}"))

    def day(today: Day) -> Iterator[Use]:
        yield today.use("ecr:GetAuthorizationToken")
        new = [place for place in repositories if place.born == today.index]
        pulled = [*new, *today.some(repositories, 4), *([mirrored] if today.chance(0.1) else [])]
        for place in dict.fromkeys(pulled):
            yield today.use("ecr:BatchGetImage", place)
            yield today.use("ecr:GetDownloadUrlForLayer", place)
        if today.chance(0.2):
            yield today.use("eks:DescribeCluster", cluster)
            yield today.use("ec2:DescribeInstances")
        yield today.use("ssm:UpdateInstanceInformation", instance)

    grants = [grant("ssm:UpdateInstanceInformation GetParameter"), grant("ssmmessages:*")]
    policies = ("AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryReadOnly")
    name = d.pick(f"{d.app}-node", f"{d.app}-eks-node-group-{d.upper(12)}", f"eksctl-{d.app}-NodeInstanceRole")
    about = "the nodes of a cluster, which pull images of a growing set of applications"
    return Profile(name, about, grants, day, "ec2", managed=policies)
