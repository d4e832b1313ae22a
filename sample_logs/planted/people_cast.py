"""The security team's roles, single sign-on, the emergency role, the service-linked role, and two users in a group."""

from __future__ import annotations

from datetime import date, timedelta

from sample_logs.planted.calls import arn, bucket_call, describe, key_call, list_buckets, listing
from sample_logs.planted.delivery_cast import ADMINISTRATOR
from sample_logs.planted.deploy_calls import assume_role, create_role, role_call, session_of, user_call
from sample_logs.planted.data_cast import BACKUP, RECREATED_ON
from sample_logs.planted.identities import (
    Group,
    Json,
    ManagedPolicy,
    Role,
    User,
    allow,
    document,
    service_trust,
    trust_of,
)
from sample_logs.planted.member import SERVICE_LINKED, SSO, UNUSED, Member, every_day, on_workdays, weekly
from sample_logs.planted.records import UNDETERMINED, Call, Chronicle, Session
from sample_logs.planted.shop_cast import IMAGES, INVOICES, KEY, TEMPORARY_POLICY, UPLOADS
from sample_logs.planted.world import EAST, SECURITY, SHOP, WEST, access_key, hex_of, instant, spoken, uuid_of

SSO_PATH = "/aws-reserved-sso/sso.amazonaws.com/eu-west-1/"
SAML_TRUST = trust_of(
    {"Federated": f"arn:aws:iam::{SHOP}:saml-provider/AWSSSO_7f3e2b1c9d084a65_DO_NOT_DELETE"},
    "sts:AssumeRoleWithSAML",
    {"StringEquals": {"SAML:aud": "https://signin.aws.amazon.com/saml"}},
)
CLI = "aws-cli/2.28.11 md/awscrt#0.27.6 ua/2.1 os/macos#24.6.0 md/arch#arm64 lang/python#3.13.5"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"

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
DEVELOPER = Role(
    "AWSReservedSSO_DeveloperAccess_4f1c2d9be07a8356",
    SHOP,
    SAML_TRUST,
    path=SSO_PATH,
    inline={"AwsSSOInlinePolicy": document(allow(["logs:*", "cloudformation:Describe*", "lambda:Get*"], "*"))},
    last_used="2026-09-30T17:00:00+00:00",
    last_region=WEST,
)
SSO_ADMIN = Role(
    "AWSReservedSSO_AdministratorAccess_9b02e7f4a1c8d563",
    SHOP,
    SAML_TRUST,
    path=SSO_PATH,
    managed=(ADMINISTRATOR,),
    last_used="2026-07-21T09:31:00+00:00",
)
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
EMERGENCY = Role(
    "break-glass-admin",
    SHOP,
    trust_of({"AWS": f"arn:aws:iam::{SHOP}:root"}, condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}}),
    created="2024-11-04T07:55:10+00:00",
    managed=(ADMINISTRATOR,),
)
SELF = "arn:aws:iam::*:user/${aws:username}"
HOME = "arn:aws:s3:::larkspur-home/${aws:username}/*"
DEVELOPERS = Group(
    "developers",
    SHOP,
    managed=(
        ManagedPolicy(
            "developers-self-service",
            SHOP,
            [
                allow(
                    [
                        "iam:GetUser",
                        "iam:ListAccessKeys",
                        "iam:CreateAccessKey",
                        "iam:DeleteAccessKey",
                        "iam:ListMFADevices",
                    ],
                    SELF,
                    Sid="OwnKeys",
                ),
                allow(["s3:GetObject", "s3:PutObject"], HOME, Sid="OwnHome"),
            ],
        ),
    ),
    inline={
        "developers-read": document(
            allow(["ec2:DescribeInstances", "logs:DescribeLogGroups", "cloudformation:DescribeStacks"], "*", Sid="Look")
        )
    },
)
TOMAS = User(
    "tomas.lindqvist",
    SHOP,
    (DEVELOPERS,),
    inline={
        "staging-database": document(
            allow(
                ["rds:DescribeDBInstances", "rds:StartDBInstance", "rds:StopDBInstance"],
                arn("rds", EAST, SHOP, "db:staging*"),
            )
        )
    },
)
PRIYA = User("priya.nair", SHOP, (DEVELOPERS,))


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
            RUNNER, "audit-runner", ip="54.82.11.33", agent="Boto3/1.40.21 exec-env/AWS_Lambda_python3.13"
        )
        session = f"audit-{moment:%Y%m%d}"
        shared = uuid_of("shared", moment)
        call = assume_role(READER, session, moment)
        planted = chronicle.tell(runner, moment, EAST, call)
        planted.record["sharedEventID"] = shared
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
            listing("iam", "ListRoles", target=f"arn:aws:iam::{SECURITY}:role/"),
            listing("config", "DescribeConfigRules"),
            listing(
                "config", "GetComplianceDetailsByConfigRule", request={"configRuleName": "log-bucket"}, target=rule
            ),
            listing("cloudtrail", "DescribeTrails"),
        )
        for offset, read in enumerate((reads[0], reads[1 + number % 3])):
            chronicle.tell(reader, moment + timedelta(seconds=5 + offset), EAST, read)


def _forward(chronicle: Chronicle) -> None:
    detector = hex_of(32, "detector")
    for number, moment in enumerate(every_day("siem", 2)):
        who = session_of(SIEM, "siem-forwarder", ip="54.82.12.5", agent="Boto3/1.40.21 exec-env/AWS_Lambda_python3.13")
        calls = (
            listing("guardduty", "ListFindings", request={"detectorId": detector}),
            listing("securityhub", "GetFindings", request={"maxResults": 100}),
            listing("guardduty", "ListDetectors"),
        )
        chronicle.tell(who, moment, EAST, calls[number % 3])


def _develop(chronicle: Chronicle) -> None:
    for number, moment in enumerate(on_workdays("sso", 1, 7, 16)):
        name = ("astrid.berg@larkspur.example", "li.wei@larkspur.example")[number % 2]
        who = Session(DEVELOPER, name, ip="198.51.100.71", agent=BROWSER, console=True, mfa=False)
        chronicle.tell(
            who, moment, WEST, listing("logs", "DescribeLogGroups", target=arn("logs", WEST, SHOP, "log-group:*"))
        )
        chronicle.tell(
            who,
            moment,
            WEST,
            listing("cloudformation", "DescribeStacks", target=arn("cloudformation", WEST, SHOP, "stack/*")),
        )
        if number % 6 == 0:
            sign_in = Call(
                "signin",
                "ConsoleLogin",
                None,
                {"ConsoleLogin": "Success"},
                read_only=False,
                event_type="AwsConsoleSignIn",
            )
            chronicle.tell(who, moment - timedelta(minutes=1), EAST, sign_in, skip="no_permission")


def _administer(chronicle: Chronicle) -> None:
    """Recreates nightly-backup, and gives and takes the temporary policy of invoice-renderer."""
    who = Session(SSO_ADMIN, "ines.carvalho@larkspur.example", ip="198.51.100.24", agent=BROWSER, console=True)
    remade = instant(RECREATED_ON, 10, 12, 44)
    policy = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sqs:CreateQueue","Resource":"*"}]}'
    inline = {"policyName": "snapshots"}
    document_text = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["ec2:DescribeVolumes","ec2:DescribeSnapshots","ec2:CreateSnapshot","ec2:DeleteSnapshot","ec2:CreateTags"],"Resource":"*"}]}'
    for moment, call in (
        (remade - timedelta(minutes=2), role_call("DeleteRolePolicy", BACKUP, inline)),
        (remade - timedelta(minutes=1), role_call("DeleteRole", BACKUP)),
        (remade, create_role(BACKUP, 2, remade)),
        (remade + timedelta(minutes=1), role_call("PutRolePolicy", BACKUP, inline | {"policyDocument": document_text})),
        (
            instant(date(2026, 7, 8), 9, 5),
            role_call("PutRolePolicy", INVOICES, {"policyName": TEMPORARY_POLICY, "policyDocument": policy}),
        ),
        (instant(date(2026, 7, 21), 9, 31), role_call("DeleteRolePolicy", INVOICES, {"policyName": TEMPORARY_POLICY})),
    ):
        chronicle.tell(who, moment, EAST, call)


def _scale(chronicle: Chronicle) -> None:
    for number, moment in enumerate(every_day("scale", 1)):
        who = session_of(SERVICE_ROLE, "AutoScaling").through("autoscaling")
        call = describe("DescribeInstances", {"instancesSet": {}, "filterSet": {}})
        if number % 3 == 0:
            call = listing("elasticloadbalancing", "DescribeTargetHealth", request={"targetGroupArn": "HIDDEN"})
        chronicle.tell(who, moment, EAST, call)


def _tomas(chronicle: Chronicle) -> None:
    who = Session(TOMAS, ip="198.51.100.33", agent=CLI)
    staging = arn("rds", EAST, SHOP, "db:staging")
    for number, moment in enumerate(weekly("tomas", 0, 2, 4)):
        call = describe("DescribeInstances", {"instancesSet": {}, "filterSet": {}})
        if number % 3 == 0:
            call = listing("rds", "DescribeDBInstances", request={"dBInstanceIdentifier": "staging"}, target=staging)
        chronicle.tell(who, moment, EAST, call)
        if number % 9 == 0:
            start = Call(
                "rds",
                "StartDBInstance",
                {"dBInstanceIdentifier": "staging"},
                {"dBInstanceIdentifier": "staging", "dBInstanceStatus": "starting", "dBInstanceArn": staging},
                read_only=False,
                needs=(("rds:StartDBInstance", staging),),
            )
            chronicle.tell(who, moment + timedelta(minutes=1), EAST, start)
        if number % 7 == 0:
            chronicle.tell(who, moment + timedelta(minutes=2), EAST, user_call("ListAccessKeys", TOMAS.name))


def _priya(chronicle: Chronicle) -> None:
    who = Session(PRIYA, ip="198.51.100.35", agent=CLI)
    for number, moment in enumerate(weekly("priya", 1, 3)):
        groups = listing("logs", "DescribeLogGroups", target=arn("logs", EAST, SHOP, "log-group:*"))
        chronicle.tell(who, moment, EAST, groups)
        if number % 12 == 5:
            key = {
                "userName": PRIYA.name,
                "accessKeyId": access_key("AKIA", PRIYA.arn, number),
                "status": "Active",
                "createDate": spoken(moment),
            }
            later = moment + timedelta(minutes=3)
            chronicle.tell(
                who, later, EAST, user_call("CreateAccessKey", PRIYA.name, {"accessKey": key}, read_only=False)
            )
            chronicle.tell(who, later, EAST, user_call("DeleteAccessKey", PRIYA.name, read_only=False))


_GROUP_DROPS = ("cloudformation:DescribeStacks", "iam:ListMFADevices")

CAST = (
    Member(
        SCANNER,
        "Throttled: `ec2:DescribeSnapshots` and `kms:ListGrants` never got through; `GetBucketPolicy` only ever answered "
        "NoSuchBucketPolicy",
        "The throttled actions are attempted: kept, flagged, never counted as used; NoSuchBucketPolicy means authorized, so "
        "`s3:GetBucketPolicy` is used",
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
        "The cross-account auditor: assumed from the shop's account, reads in its own",
        "The reads used; the AWSAccount record of AssumeRole is a skip (cross-account caller), not its use",
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
    Member(
        DEVELOPER,
        "An IAM Identity Center role with people's sessions",
        "Class sso: the permission set is to be edited, not the role; no replacement for the role itself",
        _develop,
        kind=SSO,
        safe=None,
    ),
    Member(
        SSO_ADMIN,
        "An IAM Identity Center administrator who recreated a role and changed another's policy",
        "Class sso; the logged changes explain other findings",
        _administer,
        kind=SSO,
        safe=None,
    ),
    Member(
        SERVICE_ROLE,
        "A service-linked role with calls",
        "Class service_linked: shown, never replaced",
        _scale,
        kind=SERVICE_LINKED,
        safe=None,
    ),
    Member(
        EMERGENCY,
        "Never used, older than 400 days, AdministratorAccess",
        "Class unused: a proposal to disable it, supported by the empty `RoleLastUsed`; not an empty policy",
        kind=UNUSED,
        safe=None,
        reasons=("never_used",),
    ),
    Member(
        TOMAS,
        "A user with a group's policies and an inline policy of his own",
        "The group's replacement covers what either member used; his own policy keeps what he used of it",
        _tomas,
        drop=("rds:StopDBInstance", *_GROUP_DROPS),
        carry=(SELF, HOME),
        keep=(("s3:GetObject", HOME),),
        verdicts={"rds:StopDBInstance": "unused", "iam:ListAccessKeys": "used", "s3:GetObject": "unobservable"},
        flags=("group",),
        carried_as={TOMAS.arn: SELF},
    ),
    Member(
        PRIYA,
        "A user who has nothing but the group",
        "Her needs are met by the group's replacement",
        _priya,
        drop=_GROUP_DROPS,
        carry=(SELF, HOME),
        keep=(("s3:PutObject", HOME),),
        verdicts={"iam:CreateAccessKey": "used", "iam:ListMFADevices": "unused"},
        flags=("group",),
        carried_as={PRIYA.arn: SELF},
    ),
)
GROUP_DROPS = _GROUP_DROPS
