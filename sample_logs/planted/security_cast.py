"""The security team's roles: a scanner, a cross-account auditor and a forwarder of findings."""

from __future__ import annotations

from datetime import timedelta

from sample_logs.planted.calls import (
    arn,
    bucket_call,
    describe,
    key_call,
    list_buckets,
    listing,
)
from sample_logs.planted.deploy_calls import (
    assume_role,
    session_of,
)
from sample_logs.planted.identities import (
    Json,
    ManagedPolicy,
    Role,
    allow,
    document,
    service_trust,
    trust_of,
)
from sample_logs.planted.member import Member, every_day, on_workdays
from sample_logs.planted.records import UNDETERMINED, Chronicle
from sample_logs.planted.shop_cast import IMAGES, KEY, UPLOADS
from sample_logs.planted.world import EAST, SECURITY, SHOP, WEST, hex_of, uuid_of

SCANNER = Role(
    "posture-scanner",
    SHOP,
    trust_of(
        {"AWS": f"arn:aws:iam::{SECURITY}:root"}, condition={"StringEquals": {"sts:ExternalId": "larkspur-posture"}}
    ),
    path="/security/",
    managed=(
        ManagedPolicy(
            "posture-scanner-read",
            SHOP,
            [
                allow(
                    [
                        "ec2:Describe*",
                        "s3:GetBucket*",
                        "s3:ListAllMyBuckets",
                        "kms:List*",
                        "kms:DescribeKey",
                        "iam:List*",
                    ],
                    "*",
                    Sid="Read",
                )
            ],
            path="/security/",
        ),
    ),
    last_used="2026-09-30T22:40:00+00:00",
)


READER = Role(
    "audit-reader",
    SECURITY,
    trust_of({"AWS": f"arn:aws:iam::{SHOP}:role/security/audit-runner"}),
    managed=(
        ManagedPolicy(
            "audit-reader-access",
            SECURITY,
            [allow(["iam:Get*", "iam:List*", "config:*", "cloudtrail:*"], "*", Sid="Audit")],
        ),
    ),
    last_used="2026-09-30T13:00:00+00:00",
)


RUNNER = Role(
    "audit-runner",
    SHOP,
    service_trust("lambda"),
    path="/security/",
    inline={"assume": document(allow("sts:AssumeRole", "arn:aws:iam::*:role/audit-*"))},
    last_used="2026-09-30T12:59:00+00:00",
)


SIEM = Role(
    "siem-forwarder",
    SECURITY,
    service_trust("lambda"),
    inline={"findings": document(allow(["guardduty:*", "securityhub:GetFindings"], "*"))},
    last_used="2026-09-30T23:10:00+00:00",
)


def _scan(chronicle: Chronicle) -> None:
    limit = ("Client.RequestLimitExceeded", "Request limit exceeded.")
    slow = ("ThrottlingException", "Rate exceeded")
    for number, moment in enumerate(every_day("scanner", 2, 21, 23)):
        region = (EAST, WEST)[number % 2]
        who = session_of(SCANNER, "posture", ip="192.0.2.44", agent="Boto3/1.40.21 posture-scanner/5.2")
        bucket = (IMAGES, UPLOADS)[number // 2 % 2]
        policy = bucket_call("GetBucketPolicy", "s3:GetBucketPolicy", bucket, region, "policy")
        steps = [
            describe("DescribeInstances", {"instancesSet": {}, "filterSet": {}}),
            describe("DescribeSecurityGroups", {"securityGroupSet": {}, "filterSet": {}}),
            describe("DescribeSnapshots", {"ownersSet": {"items": [{"owner": "self"}]}, "filterSet": {}}).failing(
                *limit, UNDETERMINED
            ),
            policy.failing("NoSuchBucketPolicy", "The bucket policy does not exist"),
        ]
        if region == EAST and number % 4 == 0:
            steps += [
                list_buckets(EAST),
                key_call("DescribeKey", KEY),
                key_call("ListGrants", KEY).failing(*slow, UNDETERMINED),
            ]
        if number % 8 == 5:
            steps[1] = steps[1].failing(*limit, UNDETERMINED)
        for offset, call in enumerate(steps):
            chronicle.tell(who, moment + timedelta(seconds=offset), region, call)


def _audit(chronicle: Chronicle) -> None:
    for number, moment in enumerate(on_workdays("audit", 1, 12, 13)):
        runner = session_of(
            RUNNER, "audit-runner", ip="192.0.2.33", agent="Boto3/1.40.21 exec-env/AWS_Lambda_python3.13"
        )
        session = f"audit-{moment:%Y%m%d}"
        shared = uuid_of("shared", moment)
        call = assume_role(READER, session, moment)
        chronicle.tell(runner, moment, EAST, call, shared=shared)
        there: Json = {
            "type": "AWSAccount",
            "principalId": f"{RUNNER.unique_id}:audit-runner",
            "accountId": SHOP,
        }
        chronicle.log(
            there,
            moment,
            EAST,
            call,
            account=SECURITY,
            ip=runner.ip,
            agent=runner.agent,
            skip="cross_account_caller",
            shared=shared,
        )
        reader = session_of(READER, session, ip=runner.ip, agent=runner.agent)
        rule = arn("config", EAST, SECURITY, "config-rule/config-rule-q1w2e3")
        reads = (
            listing("iam", "ListRoles"),
            listing("config", "DescribeConfigRules"),
            listing(
                "config", "GetComplianceDetailsByConfigRule", request={"configRuleName": "log-bucket"}, target=rule
            ),
            listing("cloudtrail", "DescribeTrails"),
        )
        for offset, read in enumerate((reads[0], reads[1 + number % 3])):
            chronicle.tell(reader, moment + timedelta(seconds=5 + offset), EAST, read)


def _forward(chronicle: Chronicle) -> None:
    detector, hub = hex_of(32, "detector"), arn("securityhub", EAST, SECURITY, "hub/default")
    for number, moment in enumerate(every_day("siem", 2)):
        who = session_of(SIEM, "siem-forwarder", ip="192.0.2.5", agent="Boto3/1.40.21 exec-env/AWS_Lambda_python3.13")
        calls = (
            listing("guardduty", "ListFindings", request={"detectorId": detector}),
            listing("securityhub", "GetFindings", request={"maxResults": 100}, target=hub),
            listing("guardduty", "ListDetectors"),
        )
        chronicle.tell(who, moment, EAST, calls[number % 3])


CAST = (
    Member(
        SCANNER,
        "Throttled: `ec2:DescribeSnapshots` and `kms:ListGrants` never succeeded; `GetBucketPolicy` only ever "
        "answered NoSuchBucketPolicy",
        "The throttled actions are attempted: kept, flagged, and never counted as used; NoSuchBucketPolicy means "
        "that the call was authorized, so `s3:GetBucketPolicy` is used",
        _scan,
        keep=(("ec2:DescribeSnapshots", "*"), ("kms:ListGrants", KEY)),
        drop=("ec2:DescribeVpcs", "iam:ListUsers", "s3:GetBucketAcl"),
        verdicts={
            "ec2:DescribeSnapshots": "attempted",
            "kms:ListGrants": "attempted",
            "s3:GetBucketPolicy": "used",
            "ec2:DescribeSecurityGroups": "used",
            "ec2:DescribeVpcs": "unused",
        },
        flags=("attempted",),
    ),
    Member(
        RUNNER,
        "Assumes a role in the other account; AssumeRole is in both logs under one sharedEventID",
        "`sts:AssumeRole` on exactly that role, counted once, in the caller's account",
        _audit,
        refuse=(("sts:AssumeRole", f"arn:aws:iam::{SECURITY}:role/audit-admin"),),
        verdicts={"sts:AssumeRole": "used"},
    ),
    Member(
        READER,
        "The cross-account auditor: assumed from the shop's account, reads in its own account",
        "The used reads; the AWSAccount record of AssumeRole is a skip (cross-account caller), not its use",
        drop=("cloudtrail:StopLogging", "cloudtrail:DeleteTrail", "config:DeleteConfigRule", "iam:GetRole"),
        verdicts={"cloudtrail:StopLogging": "unused", "iam:GetRole": "unused"},
    ),
    Member(
        SIEM,
        "A quiet reader in the security account",
        "Three reads; safe",
        _forward,
        drop=("guardduty:DeleteDetector", "guardduty:GetFindings"),
        verdicts={"guardduty:DeleteDetector": "unused"},
    ),
)
