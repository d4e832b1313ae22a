"""The instances, and what starts and counts them."""

from __future__ import annotations

from datetime import timedelta

from sample_logs.planted.calls import (
    arn,
    describe,
    listing,
)
from sample_logs.planted.delivery_cast import _SWAP, target_group
from sample_logs.planted.deploy_calls import (
    run_instances,
    session_of,
    terminate_instances,
)
from sample_logs.planted.identities import ManagedPolicy, Role, allow, document, service_trust
from sample_logs.planted.member import SERVICE_LINKED, Member, every_day, on_workdays, weekly
from sample_logs.planted.records import Call, Chronicle, Session
from sample_logs.planted.world import EAST, SECURITY, SHOP, WEST, choose, hex_of

NODES = ("i-0a41d27be5c3f9081", "i-0b7e92c16d04aa35f", "i-0f3c58e9a2471bd06")


FLEET_NODE = Role(
    "fleet-node",
    SHOP,
    service_trust("ec2"),
    profile="fleet-node-profile",
    managed=(
        ManagedPolicy(
            "fleet-node-access",
            SHOP,
            [
                allow(
                    [
                        "ec2:DescribeInstances",
                        "ec2:DescribeTags",
                        "ec2:AssociateIamInstanceProfile",
                        "ec2:ReplaceIamInstanceProfileAssociation",
                    ],
                    "*",
                    Sid="SelfService",
                ),
                allow("iam:PassRole", f"arn:aws:iam::{SHOP}:role/*", Sid="SwapProfile"),
                allow("states:*", "*", Sid="TaskResults"),
                allow(
                    ["ssm:UpdateInstanceInformation", "ssm:ListInstanceAssociations", "ssmmessages:*", "ec2messages:*"],
                    "*",
                    Sid="SessionManager",
                ),
            ],
        ),
    ),
    tags={"team": "search"},
    last_used="2026-09-30T21:10:44+00:00",
)


LAUNCHER = Role(
    "batch-launcher",
    SHOP,
    service_trust("states"),
    inline={
        "launch": document(
            allow(
                ["ec2:RunInstances", "ec2:TerminateInstances", "ec2:StopInstances", "ec2:CreateTags"], "*", Sid="Run"
            ),
            allow(["ec2:DescribeInstances", "ec2:DescribeInstanceStatus"], "*", Sid="Look"),
            allow("iam:PassRole", f"arn:aws:iam::{SHOP}:role/fleet-*", Sid="Pass"),
        )
    },
    last_used="2026-09-28T03:12:40+00:00",
)


def _launch(chronicle: Chronicle) -> None:
    for number, moment in enumerate(weekly("launch", 0, start=2, end=4)):
        who = session_of(LAUNCHER, hex_of(32, "execution", number)).through("states")
        job = f"reindex-{number:02}"
        run = run_instances(FLEET_NODE, EAST, moment, job)
        if number == 0:
            dry = run.failing("Client.DryRunOperation", "Request would have succeeded, but DryRun flag is set.")
            chronicle.tell(who, moment - timedelta(minutes=2), EAST, dry)
        chronicle.tell(who, moment, EAST, run)
        instance = run.response["instancesSet"]["items"][0]["instanceId"] if run.response else ""
        look = describe("DescribeInstances", {"instancesSet": {"items": [{"instanceId": instance}]}, "filterSet": {}})
        chronicle.tell(who, moment + timedelta(minutes=3), EAST, look)
        chronicle.tell(who, moment + timedelta(hours=2), EAST, terminate_instances(EAST, instance))


def _fleet(chronicle: Chronicle) -> None:
    for number, moment in enumerate(on_workdays("fleet", 2, 0, 24)):
        instance = choose(NODES, "node", number)
        agent = "aws-sdk-go/1.55.8 (go1.24.4; linux; arm64) amazon-ssm-agent/3.3.2746.0"
        who = Session(FLEET_NODE, instance, ip="10.30.1.88", agent=agent, ec2_delivery=True)
        node = arn("ec2", EAST, SHOP, f"instance/{instance}")
        heartbeat = Call(
            "ssm",
            "UpdateInstanceInformation",
            {
                "instanceId": instance,
                "agentName": "amazon-ssm-agent",
                "agentVersion": "3.3.2746.0",
                "platformType": "Linux",
            },
            read_only=False,
            needs=(("ssm:UpdateInstanceInformation", node),),
        )
        chronicle.tell(who, moment, EAST, heartbeat)
        if number % 3 == 0:
            tags = {"filterSet": {"items": [{"name": "resource-id", "valueSet": {"items": [{"value": instance}]}}]}}
            chronicle.tell(who, moment, EAST, describe("DescribeTags", tags))


COLLECTOR = Role(
    "inventory-collector",
    SHOP,
    service_trust("ec2"),
    profile="inventory-collector",
    inline={
        "inventory": document(
            allow(["rds:DescribeDBInstances", "ec2:DescribeInstances", "ec2:CreateTags", "ec2:DescribeVpcs"], "*")
        )
    },
    last_used="2026-09-30T05:03:00+00:00",
)


def _collect(chronicle: Chronicle) -> None:
    for number, moment in enumerate(weekly("inventory", 0, 1, 2, 3, 4, start=4, end=6)):
        who = Session(COLLECTOR, "i-09d17c3be60a5f842", ip="10.30.2.14", ec2_delivery=True)
        chronicle.tell(
            who, moment, EAST, listing("rds", "DescribeDBInstances", request={"maxRecords": 100}, target=ANY_DB)
        )
        if number % 4 == 0:
            chronicle.tell(who, moment, EAST, describe("DescribeVolumes", {"volumeSet": {}, "filterSet": {}}))


ANY_DB = arn("rds", EAST, SHOP, "db:*")


SERVICE_ROLE = Role(
    "AWSServiceRoleForAutoScaling",
    SHOP,
    service_trust("autoscaling"),
    path="/aws-service-role/autoscaling.amazonaws.com/",
    managed=(
        ManagedPolicy(
            "AutoScalingServiceRolePolicy",
            "aws",
            [
                allow(
                    ["ec2:Describe*", "ec2:RunInstances", "ec2:TerminateInstances", "elasticloadbalancing:Describe*"],
                    "*",
                )
            ],
            path="/aws-service-role/",
            version="v10",
            created="2025-11-12T18:19:06+00:00",
        ),
    ),
    last_used="2026-09-30T20:00:00+00:00",
)


def _scale(chronicle: Chronicle) -> None:
    for number, moment in enumerate(every_day("scale", 1)):
        who = session_of(SERVICE_ROLE, "AutoScaling").through("autoscaling")
        call = describe("DescribeInstances", {"instancesSet": {}, "filterSet": {}})
        if number % 3 == 0:
            call = listing("elasticloadbalancing", "DescribeTargetHealth", request={"targetGroupArn": target_group()})
        chronicle.tell(who, moment, EAST, call)


CAST = (
    Member(
        FLEET_NODE,
        "Could swap its own instance profile (`ec2:AssociateIamInstanceProfile` and "
        "`ec2:ReplaceIamInstanceProfileAssociation` with `iam:PassRole` on `role/*`) and never did. Could run a state "
        "machine as platform-deployer (`states:*`), and never did",
        "All of these are removed, first in the review as dangerous and unused; `ssmmessages` and `ec2messages` leave "
        "no record, and the old statement names them, so they stay; so does `ssm:ListInstanceAssociations`, which "
        "SSM Agent rarely calls",
        _fleet,
        keep=(
            ("ssmmessages:OpenDataChannel", "*"),
            ("ec2messages:GetMessages", "*"),
            ("ssm:ListInstanceAssociations", "*"),
        ),
        drop=(*_SWAP, "iam:PassRole", "ec2:DescribeInstances", "states:CreateStateMachine", "states:StartExecution"),
        verdicts={
            "ec2:AssociateIamInstanceProfile": "unused",
            "ec2:ReplaceIamInstanceProfileAssociation": "unused",
            "iam:PassRole": "unused",
            "states:CreateStateMachine": "unused",
            "ssmmessages:OpenDataChannel": "unobservable",
            "ssm:ListInstanceAssociations": "unobservable",
        },
        flags=("dangerous_unused",),
    ),
    Member(
        LAUNCHER,
        "`RunInstances` with an instance profile (whose name differs from its role's), tags on create, one dry run; "
        "terminates the instances that it launched",
        "`iam:PassRole` for `role/fleet-node`, found through the profile in the export; instances, interfaces and "
        "volumes that the call creates become patterns in account and Region; `ec2:CreateTags` is inferred",
        _launch,
        drop=("ec2:StopInstances", "ec2:DescribeInstanceStatus"),
        refuse=(
            ("iam:PassRole", f"arn:aws:iam::{SHOP}:role/fleet-admin"),
            ("ec2:RunInstances", arn("ec2", WEST, SECURITY, f"subnet/subnet-{hex_of(17, 'elsewhere')}")),
        ),
        verdicts={"iam:PassRole": "used", "ec2:CreateTags": "used", "ec2:StopInstances": "unused"},
        flags=("resource_patterns",),
    ),
    Member(
        COLLECTOR,
        "Called `ec2:DescribeVolumes` successfully, although nothing grants or explains it",
        "Ungranted and unexplained: not added; EC2's granted List actions are kept and shown for review, and "
        "`ec2:CreateTags` is removed; not safe",
        _collect,
        safe=False,
        reasons=("unexplained_use",),
        keep=(("ec2:DescribeInstances", "*"), ("ec2:DescribeVpcs", "*")),
        drop=("ec2:DescribeVolumes", "ec2:CreateTags"),
        verdicts={"ec2:DescribeVolumes": "ungranted", "ec2:DescribeInstances": "unused", "ec2:CreateTags": "unused"},
    ),
    Member(
        SERVICE_ROLE,
        "A service-linked role with calls",
        "Class service_linked: shown, never replaced",
        _scale,
        kind=SERVICE_LINKED,
        safe=None,
    ),
)
