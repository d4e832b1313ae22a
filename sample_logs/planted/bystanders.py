"""What is in every real bucket beside the calls of roles and users: services, root, federation, service events."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sample_logs.planted.calls import bucket_call, resource
from sample_logs.planted.delivery_cast import DEPLOYER, EXECUTION_ROLE, GITHUB, PUBLISHER, subject_of
from sample_logs.planted.deploy_calls import assume_role
from sample_logs.planted.identities import Json, Role
from sample_logs.planted.member import every_day, weekly
from sample_logs.planted.people_cast import BROWSER, DEVELOPER
from sample_logs.planted.records import Call, Chronicle
from sample_logs.planted.shop_cast import CHECKOUT, KEY, STOREFRONT
from sample_logs.planted.sprawl_cast import SCHEDULED, job_starts, session_of_job
from sample_logs.planted.world import EAST, SECURITY, SHOP, WEST, hex_of, instant, uuid_of

LOG_BUCKET = "larkspur-org-cloudtrail"

SERVICE_CALLER = "service_caller"
FEDERATED = "federated_caller|no_permission"
ROOT = "root_caller|no_permission"
SERVICE_EVENT = "service_event"


def tell_bystanders(chronicle: Chronicle) -> None:
    """Log everything that is nobody's use."""
    _services_assume_roles(chronicle)
    _cloudtrail_checks_its_bucket(chronicle)
    _federation(chronicle)
    _root_signs_in(chronicle)
    _key_rotates(chronicle)


def _by_service(service: str) -> Json:
    return {"type": "AWSService", "invokedBy": f"{service}.amazonaws.com"}


def _services_assume_roles(chronicle: Chronicle) -> None:
    for service, role, pace in (
        ("lambda", CHECKOUT, every_day("lambda assumes", 1)),
        ("ecs-tasks", STOREFRONT, weekly("ecs assumes", 1, 4)),
        ("ecs-tasks", EXECUTION_ROLE, weekly("ecs pulls", 1, 3)),
    ):
        host = f"{service}.amazonaws.com"
        for moment in pace:
            session = role.name if service == "lambda" else hex_of(32, role.arn, moment)
            call = assume_role(role, session, moment)
            shared = uuid_of("shared", role.arn, moment)
            chronicle.log(
                _by_service(service),
                moment,
                EAST,
                call,
                account=SHOP,
                ip=host,
                agent=host,
                skip=SERVICE_CALLER,
                shared=shared,
            )


def _cloudtrail_checks_its_bucket(chronicle: Chronicle) -> None:
    host = "cloudtrail.amazonaws.com"
    for moment in every_day("log bucket", 1):
        call = bucket_call("GetBucketAcl", "s3:GetBucketAcl", LOG_BUCKET, EAST, "acl")
        call.resources[0]["accountId"] = SECURITY
        chronicle.log(
            _by_service("cloudtrail"),
            moment,
            EAST,
            call,
            account=SECURITY,
            ip=host,
            agent=host,
            skip=SERVICE_CALLER,
            shared=uuid_of("shared acl", moment),
        )


def _federation(chronicle: Chronicle) -> None:
    for role, days in ((DEPLOYER, (1, 3)), (PUBLISHER, (0, 2, 4))):
        for moment in weekly("federation" + role.name, *days, start=8, end=9):
            _pipeline_assumes(chronicle, role, role.name, f"run-{moment:%m%d}", moment)
    for job, moment in job_starts():
        _pipeline_assumes(chronicle, SCHEDULED, job, session_of_job(job, moment), moment)
    for moment in weekly("saml", 0, start=6, end=7):
        name = "astrid.berg@larkspur.example"
        identity = {
            "type": "SAMLUser",
            "principalId": f"{hex_of(27, 'saml')}=:{name}",
            "userName": name,
            "identityProvider": f"{hex_of(27, 'saml')}=",
        }
        call = _federated("AssumeRoleWithSAML", DEVELOPER, name, moment)
        chronicle.log(identity, moment, WEST, call, account=SHOP, ip="198.51.100.71", agent=BROWSER, skip=FEDERATED)


def _pipeline_assumes(chronicle: Chronicle, role: Role, repository: str, session: str, moment: datetime) -> None:
    subject = subject_of(repository)
    identity = {
        "type": "WebIdentityUser",
        "principalId": f"{GITHUB}:sts.amazonaws.com:{subject}",
        "userName": subject,
        "identityProvider": GITHUB,
    }
    call = _federated("AssumeRoleWithWebIdentity", role, session, moment)
    agent = "configure-aws-credentials"
    chronicle.log(identity, moment, EAST, call, account=SHOP, ip="198.51.100.19", agent=agent, skip=FEDERATED)


def _federated(name: str, role: Role, session: str, moment: datetime) -> Call:
    call = assume_role(role, session, moment)
    return Call("sts", name, call.request, call.response, resources=call.resources)


def _root_signs_in(chronicle: Chronicle) -> None:
    identity = {
        "type": "Root",
        "principalId": SHOP,
        "arn": f"arn:aws:iam::{SHOP}:root",
        "accountId": SHOP,
        "accessKeyId": "",
    }
    for day in (date(2026, 6, 17), date(2026, 9, 2)):
        sign_in = Call(
            "signin",
            "ConsoleLogin",
            None,
            {"ConsoleLogin": "Success"},
            read_only=False,
            event_type="AwsConsoleSignIn",
            extra={},
        )
        planted = chronicle.log(
            identity, instant(day, 13, 5, 9), EAST, sign_in, account=SHOP, ip="198.51.100.8", agent=BROWSER, skip=ROOT
        )
        planted.record["additionalEventData"] = {
            "LoginTo": "https://console.aws.amazon.com/console/home",
            "MobileVersion": "No",
            "MFAUsed": "Yes",
        }


def _key_rotates(chronicle: Chronicle) -> None:
    identity = {"accountId": SHOP, "invokedBy": "AWS Internal"}
    for day in (date(2026, 7, 2), date(2026, 7, 2) + timedelta(days=90)):
        if day > date(2026, 9, 30):
            continue
        call = Call(
            "kms",
            "RotateKey",
            read_only=False,
            resources=(resource("AWS::KMS::Key", KEY, SHOP),),
            event_type="AwsServiceEvent",
            extra={"serviceEventDetails": {"keyId": KEY.rsplit("/", 1)[1], "rotationType": "AUTOMATIC"}},
        )
        chronicle.log(
            identity,
            instant(day, 4, 17, 20),
            EAST,
            call,
            account=SHOP,
            ip="AWS Internal",
            agent="AWS Internal",
            skip=SERVICE_EVENT,
        )
