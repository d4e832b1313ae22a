"""People: single sign-on, the emergency role, and two users in a group."""

from __future__ import annotations

import json
from datetime import date, timedelta

from sample_logs.planted.calls import (
    arn,
    describe,
    listing,
)
from sample_logs.planted.data_cast import BACKUP, RECREATED_ON
from sample_logs.planted.delivery_cast import ADMINISTRATOR
from sample_logs.planted.deploy_calls import (
    create_role,
    role_call,
    stack_call,
    user_call,
)
from sample_logs.planted.exchange_cast import INVOICES, TEMPORARY_POLICY
from sample_logs.planted.identities import (
    Group,
    ManagedPolicy,
    Role,
    User,
    allow,
    document,
    trust_of,
)
from sample_logs.planted.member import SSO, UNUSED, Member, on_workdays, weekly
from sample_logs.planted.records import Call, Chronicle, Session
from sample_logs.planted.world import EAST, SHOP, WEST, access_key, instant, spoken

SSO_PATH = "/aws-reserved/sso.amazonaws.com/eu-west-1/"


SAML_TRUST = trust_of(
    {"Federated": f"arn:aws:iam::{SHOP}:saml-provider/AWSSSO_7f3e2b1c9d084a65_DO_NOT_DELETE"},
    "sts:AssumeRoleWithSAML",
    {"StringEquals": {"SAML:aud": "https://signin.aws.amazon.com/saml"}},
)


CLI = "aws-cli/2.28.11 md/awscrt#0.27.6 ua/2.1 os/macos#24.6.0 md/arch#arm64 lang/python#3.13.5"


BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"


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


def _develop(chronicle: Chronicle) -> None:
    groups = listing("logs", "DescribeLogGroups", target=arn("logs", WEST, SHOP, "log-group:*"))
    for number, moment in enumerate(on_workdays("sso", 1, 7, 16)):
        name = ("astrid.berg@larkspur.example", "li.wei@larkspur.example")[number % 2]
        who = Session(DEVELOPER, name, ip="198.51.100.71", agent=BROWSER, console=True)
        chronicle.tell(who, moment, WEST, groups)
        chronicle.tell(who, moment, WEST, stack_call("DescribeStacks", "storefront-eu", WEST))
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
    policy = json.dumps(document(allow("sqs:CreateQueue", "*")))
    inline = {"policyName": "snapshots"}
    snapshots = json.dumps(BACKUP.inline["snapshots"])
    for moment, call in (
        (remade - timedelta(minutes=2), role_call("DeleteRolePolicy", BACKUP, inline)),
        (remade - timedelta(minutes=1), role_call("DeleteRole", BACKUP)),
        (remade, create_role(BACKUP, 2, remade)),
        (remade + timedelta(minutes=1), role_call("PutRolePolicy", BACKUP, inline | {"policyDocument": snapshots})),
        (
            instant(date(2026, 7, 8), 9, 5),
            role_call("PutRolePolicy", INVOICES, {"policyName": TEMPORARY_POLICY, "policyDocument": policy}),
        ),
        (instant(date(2026, 7, 21), 9, 31), role_call("DeleteRolePolicy", INVOICES, {"policyName": TEMPORARY_POLICY})),
    ):
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


GROUP_DROPS = _GROUP_DROPS


CAST = (
    Member(
        DEVELOPER,
        "An IAM Identity Center role with people's sessions",
        "Class sso: the replacement is for the permission set, because the role itself can't be edited",
        _develop,
        kind=SSO,
        keep=(("logs:PutLogEvents", arn("logs", WEST, SHOP, "log-group:/dev:log-stream:a")),),
        drop=("logs:DeleteLogGroup", "cloudformation:DescribeStackEvents", "lambda:GetFunction"),
        verdicts={"logs:DeleteLogGroup": "unused", "lambda:GetFunction": "unused", "logs:PutLogEvents": "unobservable"},
    ),
    Member(
        SSO_ADMIN,
        "An IAM Identity Center administrator who recreated a role and changed another role's policy",
        "Class sso; four IAM actions remain, on the two roles with their paths; the logged changes explain other "
        "findings; not safe, because most of its actions were new each time",
        _administer,
        kind=SSO,
        drop=("iam:CreateUser", "s3:DeleteBucket", "ec2:RunInstances"),
        refuse=(("iam:PutRolePolicy", f"arn:aws:iam::{SHOP}:role/break-glass-admin"),),
        verdicts={"iam:CreateUser": "unused"},
        safe=False,
        reasons=("unusual_use",),
    ),
    Member(
        EMERGENCY,
        "Never used, older than 400 days, AdministratorAccess",
        "Class unused: a proposal to disable it, supported by the empty `RoleLastUsed`, not an empty policy",
        kind=UNUSED,
        safe=None,
        flags=("never_used",),
    ),
    Member(
        TOMAS,
        "A user with a group's policies and his own inline policy",
        "The actions that he used, through the group's replacement that covers both members or through his own; his "
        "inline policy keeps the actions that he used",
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
        "A user with only a group's policies",
        "The actions that she used, through the group's replacement",
        _priya,
        drop=_GROUP_DROPS,
        carry=(SELF, HOME),
        keep=(("s3:PutObject", HOME),),
        verdicts={"iam:CreateAccessKey": "used", "iam:ListMFADevices": "unused"},
        flags=("group",),
        carried_as={PRIYA.arn: SELF},
    ),
)
