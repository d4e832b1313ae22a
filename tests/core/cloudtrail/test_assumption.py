"""Requests for sessions of roles: each form as AWS documents it, and texts that a caller chooses to do harm."""

from __future__ import annotations

import json
from typing import Any, Final

import msgspec

from lpgen.core.cloudtrail.assumption import assumption_from_record, assumption_method, fold_session_name
from lpgen.core.cloudtrail.caller import caller_from_identity, caller_in_log_of
from lpgen.core.cloudtrail.records import RawRecord
from lpgen.core.usage.tables import ASSUMPTIONS_SCHEMA
from tests.support.case_tables import each_case

ACCOUNT: Final = "111122223333"
ROLE: Final = f"arn:aws:iam::{ACCOUNT}:role/app"
OIDC: Final = f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"
SUBJECT: Final = "repo:octo-org/octo-repo:ref:refs/heads/main"
_SESSION: Final = {"assumedRoleUser": {"assumedRoleId": "AROAAPP:run-17", "arn": "arn:aws:sts::x:assumed-role/app/run"}}
_WEB_USER: Final = {
    "type": "WebIdentityUser",
    "principalId": f"{OIDC}:sts.amazonaws.com:{SUBJECT}",
    "userName": SUBJECT,
    "identityProvider": OIDC,
}
_NODE: Final = {
    "type": "AssumedRole",
    "principalId": "AROANODE:i-07574d724fb843fda",
    "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/node/i-07574d724fb843fda",
    "accountId": ACCOUNT,
    "sessionContext": {
        "sessionIssuer": {
            "type": "Role",
            "principalId": "AROANODE",
            "arn": f"arn:aws:iam::{ACCOUNT}:role/node",
            "accountId": ACCOUNT,
        },
        "attributes": {"creationDate": "2024-04-16T08:23:33Z", "mfaAuthenticated": "false"},
    },
}
_STS: Final = "sts.amazonaws.com"
_POD: Final = "0cda7f85-c1f9-4dee-b6e9-a0b50c8f3012"

CASES: Final[dict[str, tuple[str, str, dict[str, Any], dict[str, str]]]] = {
    "a user with MFA, a source identity and an external id": (
        _STS,
        "AssumeRole",
        {
            "userIdentity": {
                "type": "IAMUser",
                "principalId": "AIDAUSER",
                "arn": f"arn:aws:iam::{ACCOUNT}:user/JohnDoe",
                "accountId": ACCOUNT,
            },
            "requestParameters": {
                "roleArn": ROLE,
                "roleSessionName": "JohnDoe-EC2-dev",
                "externalId": "partner-7",
                "sourceIdentity": "JohnDoe",
                "serialNumber": f"arn:aws:iam::{ACCOUNT}:mfa/JohnDoe",
            },
            "responseElements": {**_SESSION, "sourceIdentity": "JohnDoe"},
        },
        {
            "role": ROLE,
            "role_id": "AROAAPP",
            "caller_kind": "user",
            "principal": f"arn:aws:iam::{ACCOUNT}:user/JohnDoe",
            "principal_id": "AIDAUSER",
            "caller_account": ACCOUNT,
            "external_id": "partner-7",
            "session_name": "JohnDoe-EC*-dev",
            "source_identity": "yes",
            "mfa": "true",
        },
    ),
    "a role that hands on tags": (
        _STS,
        "AssumeRole",
        {
            "userIdentity": _NODE,
            "requestParameters": {
                "incomingTransitiveTags": {"Department": "Engineering"},
                "tags": [{"key": "Email", "value": "a@example.com"}, {"key": "CostCenter", "value": "12345"}],
                "roleArn": ROLE,
                "roleSessionName": "Role2WithTags",
            },
            "responseElements": _SESSION,
        },
        {
            "role": ROLE,
            "role_id": "AROAAPP",
            "caller_kind": "role",
            "principal": f"arn:aws:iam::{ACCOUNT}:role/node",
            "principal_id": "AROANODE",
            "caller_account": ACCOUNT,
            "session_name": "Role*WithTags",
            "session_tags": '{"CostCenter":"12345","Email":"a@example.com"}',
            "mfa": "false",
        },
    ),
    "another account, as the role's own account sees it": (
        _STS,
        "AssumeRole",
        {
            "userIdentity": {"type": "AWSAccount", "principalId": "AIDAFAR", "accountId": "777788889999"},
            "requestParameters": {"roleArn": ROLE, "roleSessionName": "x"},
            "responseElements": _SESSION,
        },
        {
            "role": ROLE,
            "role_id": "AROAAPP",
            "caller_kind": "cross_account_id",
            "principal_id": "AIDAFAR",
            "caller_account": "777788889999",
            "session_name": "x",
        },
    ),
    "a service, with the resource for which it asks": (
        _STS,
        "AssumeRole",
        {
            "userIdentity": {
                "type": "AWSService",
                "invokedBy": "pods.eks.amazonaws.com",
                "inScopeOf": {
                    "sourceArn": f"arn:aws:eks:us-west-2:{ACCOUNT}:cluster/prod",
                    "sourceAccount": ACCOUNT,
                },
            },
            "requestParameters": {
                "roleArn": ROLE,
                "roleSessionName": "eks-prod-app-498124c2-a555-40bf-9059-ca9a26821eb0",
                "tags": [
                    {"key": "kubernetes-namespace", "value": "ns-a"},
                    {"key": "kubernetes-pod-name", "value": "app1"},
                    {"key": "kubernetes-pod-uid", "value": _POD},
                ],
            },
            "responseElements": _SESSION,
        },
        {
            "role": ROLE,
            "role_id": "AROAAPP",
            "caller_kind": "service",
            "service": "pods.eks.amazonaws.com",
            "source_account": ACCOUNT,
            "source_arn": f"arn:aws:eks:us-west-2:{ACCOUNT}:cluster/prod",
            "session_name": "eks-prod-app-*",
            "session_tags": '{"kubernetes-namespace":"ns-a","kubernetes-pod-name":"*","kubernetes-pod-uid":"*"}',
        },
    ),
    "a denied user, whose request CloudTrail omits": (
        _STS,
        "AssumeRole",
        {
            "userIdentity": _NODE,
            "errorCode": "AccessDenied",
            "errorMessage": f"User: x is not authorized to perform: sts:AssumeRole on resource: {ROLE}",
            "requestParameters": None,
        },
        {
            "role": ROLE,
            "caller_kind": "role",
            "principal": f"arn:aws:iam::{ACCOUNT}:role/node",
            "principal_id": "AROANODE",
            "caller_account": ACCOUNT,
            "mfa": "false",
            "outcome": "denied",
            "error_code": "AccessDenied",
        },
    ),
    "a failure after authorization": (
        _STS,
        "AssumeRole",
        {
            "userIdentity": {"type": "AWSService", "invokedBy": "lambda.amazonaws.com"},
            "errorCode": "ValidationError",
            "requestParameters": {"roleArn": ROLE, "roleSessionName": "f"},
        },
        {
            "role": ROLE,
            "caller_kind": "service",
            "service": "lambda.amazonaws.com",
            "session_name": "f",
            "outcome": "undetermined",
            "error_code": "ValidationError",
        },
    ),
    "a SAML user": (
        _STS,
        "AssumeRoleWithSAML",
        {
            "userIdentity": {
                "type": "SAMLUser",
                "principalId": "SampleUkh1i4+ExamplexL/jEvs=:ada",
                "userName": "ada",
                "identityProvider": "bdGOnTesti4+ExamplexL/jEvs=",
            },
            "requestParameters": {
                "roleArn": ROLE,
                "roleSessionName": "ada",
                "principalArn": f"arn:aws:iam::{ACCOUNT}:saml-provider/Shibboleth",
                "principalTags": {"Project": "Unicorn", "CostCenter": "98"},
            },
            "responseElements": {
                **_SESSION,
                "subject": "ada",
                "issuer": "https://server.example.com/idp",
                "audience": "https://signin.aws.amazon.com/saml",
            },
        },
        {
            "role": ROLE,
            "role_id": "AROAAPP",
            "caller_kind": "federated",
            "provider": f"arn:aws:iam::{ACCOUNT}:saml-provider/Shibboleth",
            "subject": "ada",
            "audience": "https://signin.aws.amazon.com/saml",
            "session_name": "ada",
            "session_tags": '{"CostCenter":"98","Project":"Unicorn"}',
        },
    ),
    "a workflow": (
        _STS,
        "AssumeRoleWithWebIdentity",
        {
            "userIdentity": _WEB_USER,
            "requestParameters": {"roleArn": ROLE, "roleSessionName": "GitHubActions"},
            "responseElements": {
                **_SESSION,
                "subjectFromWebIdentityToken": SUBJECT,
                "provider": OIDC,
                "audience": "sts.amazonaws.com",
            },
        },
        {
            "role": ROLE,
            "role_id": "AROAAPP",
            "caller_kind": "federated",
            "provider": OIDC,
            "subject": SUBJECT,
            "audience": "sts.amazonaws.com",
            "session_name": "GitHubActions",
        },
    ),
    "a workflow with another subject, denied": (
        _STS,
        "AssumeRoleWithWebIdentity",
        {
            "userIdentity": {**_WEB_USER, "principalId": f"{OIDC}:api://audience:{SUBJECT}"},
            "errorCode": "AccessDenied",
            "errorMessage": "An unknown error occurred",
            "requestParameters": {"roleArn": ROLE, "roleSessionName": "1699456147945229070"},
        },
        {
            "role": ROLE,
            "caller_kind": "federated",
            "provider": OIDC,
            "subject": SUBJECT,
            "audience": "api://audience",
            "session_name": "*",
            "outcome": "denied",
            "error_code": "AccessDenied",
        },
    ),
    "a web identity without its user name, which can be split in several ways": (
        _STS,
        "AssumeRoleWithWebIdentity",
        {"userIdentity": {"type": "WebIdentityUser", "principalId": f"{OIDC}:a:b:c"}, "errorCode": "AccessDenied"},
        {"caller_kind": "federated", "provider": OIDC, "outcome": "denied", "error_code": "AccessDenied"},
    ),
    "a user of an app": (
        _STS,
        "AssumeRoleWithWebIdentity",
        {
            "userIdentity": {
                "type": "WebIdentityUser",
                "principalId": f"cognito-identity.amazonaws.com:eu-west-1:pool:eu-west-1:{_POD}",
                "userName": f"eu-west-1:{_POD}",
                "identityProvider": "cognito-identity.amazonaws.com",
            },
            "requestParameters": {"roleArn": ROLE, "roleSessionName": "CognitoIdentityCredentials"},
            "responseElements": _SESSION,
        },
        {
            "role": ROLE,
            "role_id": "AROAAPP",
            "caller_kind": "federated",
            "provider": "cognito-identity.amazonaws.com",
            "subject": "eu-west-1:*",
            "audience": "eu-west-1:pool",
            "session_name": "CognitoIdentityCredentials",
        },
    ),
    "the root user of a member account": (
        _STS,
        "AssumeRoot",
        {"userIdentity": _NODE, "requestParameters": {"targetPrincipal": "222222222222"}, "responseElements": {}},
        {
            "role": "222222222222",
            "caller_kind": "role",
            "principal": f"arn:aws:iam::{ACCOUNT}:role/node",
            "principal_id": "AROANODE",
            "caller_account": ACCOUNT,
            "mfa": "false",
        },
    ),
    "a node that asks for a pod": (
        "eks-auth.amazonaws.com",
        "AssumeRoleForPodIdentity",
        {
            "userIdentity": _NODE,
            "requestParameters": {"clusterName": "prod", "token": "HIDDEN_DUE_TO_SECURITY_REASONS"},
            "responseElements": None,
        },
        {
            "caller_kind": "role",
            "principal": f"arn:aws:iam::{ACCOUNT}:role/node",
            "principal_id": "AROANODE",
            "caller_account": ACCOUNT,
            "source_arn": f"arn:aws:eks:us-west-2:{ACCOUNT}:cluster/prod",
            "mfa": "false",
        },
    ),
    "a host with a certificate": (
        "rolesanywhere.amazonaws.com",
        "CreateSession",
        {
            "userIdentity": {"type": "Unknown", "accountId": ACCOUNT},
            "requestParameters": {
                "roleArn": ROLE,
                "trustAnchorArn": f"arn:aws:rolesanywhere:us-west-2:{ACCOUNT}:trust-anchor/ta",
                "profileArn": f"arn:aws:rolesanywhere:us-west-2:{ACCOUNT}:profile/p",
            },
            "responseElements": {"credentialSet": [{**_SESSION, "sourceIdentity": "CN=client-01"}]},
        },
        {
            "role": ROLE,
            "role_id": "AROAAPP",
            "caller_kind": "unknown",
            "caller_account": ACCOUNT,
            "provider": f"arn:aws:rolesanywhere:us-west-2:{ACCOUNT}:trust-anchor/ta",
            "subject": "CN=client-01",
        },
    ),
    "an identity pool": (
        "cognito-identity.amazonaws.com",
        "GetCredentialsForIdentity",
        {
            "userIdentity": {"type": "Unknown"},
            "requestParameters": {"identityId": f"us-east-1:{_POD}", "logins": {"x": "HIDDEN_DUE_TO_SECURITY_REASONS"}},
            "responseElements": {"identityId": f"us-east-1:{_POD}"},
            "resources": [
                {
                    "accountId": ACCOUNT,
                    "type": "AWS::Cognito::IdentityPool",
                    "ARN": f"arn:aws:cognito-identity:us-east-1:{ACCOUNT}:identitypool/us-east-1:pool",
                }
            ],
        },
        {
            "caller_kind": "unknown",
            "provider": "cognito-identity.amazonaws.com",
            "subject": "us-east-1:*",
            "audience": "us-east-1:pool",
        },
    ),
    "a person in Identity Center": (
        "sso.amazonaws.com",
        "GetRoleCredentials",
        {
            "userIdentity": {
                "type": "IdentityCenterUser",
                "accountId": "607481581596",
                "onBehalfOf": {
                    "userId": "976710cc5d-9d976f61",
                    "identityStoreArn": "arn:aws:identitystore::607481581596:identitystore/d-976710cc5d",
                },
            },
            "eventType": "AwsServiceEvent",
            "serviceEventDetails": {"role_name": "AdministratorAccess", "account_id": "950363612855"},
        },
        {
            "role": "arn:aws:iam::950363612855:role/aws-reserved/sso.amazonaws.com/"
            "*AWSReservedSSO_AdministratorAccess_*",
            "caller_kind": "federated",
            "caller_account": "607481581596",
            "provider": "arn:aws:identitystore::607481581596:identitystore/d-976710cc5d",
            "subject": "976710cc5d-9d976f61",
        },
    ),
    "a switch in the console": (
        "signin.amazonaws.com",
        "SwitchRole",
        {
            "userIdentity": {
                "type": "AssumedRole",
                "principalId": "AROAADMIN:bob@example.com",
                "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/admin/bob@example.com",
                "accountId": ACCOUNT,
            },
            "eventType": "AwsConsoleSignIn",
            "requestParameters": None,
            "responseElements": {"SwitchRole": "Success"},
            "additionalEventData": {"SwitchFrom": "arn:aws:iam::203016562928:user/bob@example.com"},
        },
        {
            "role": f"arn:aws:sts::{ACCOUNT}:assumed-role/admin",
            "role_id": "AROAADMIN",
            "caller_kind": "user",
            "principal": "arn:aws:iam::203016562928:user/bob@example.com",
            "caller_account": "203016562928",
        },
    ),
    "a failed switch in the console": (
        "signin.amazonaws.com",
        "SwitchRole",
        {
            "userIdentity": {"type": "AssumedRole"},
            "responseElements": {"SwitchRole": "Failure"},
            "additionalEventData": "HIDDEN_DUE_TO_SECURITY_REASONS",
        },
        {"caller_kind": "unknown", "outcome": "undetermined"},
    ),
}
"""The event source and name, the record's fields, and the texts that aren't ""."""


def key_of(source: str, name: str, fields: dict[str, Any]) -> dict[str, str]:
    """The columns of a record's key that have a text, without the account, day and method."""
    whole = {"awsRegion": "us-west-2", "recipientAccountId": ACCOUNT, "eventSource": source, "eventName": name}
    record = msgspec.json.decode(json.dumps(whole | fields), type=RawRecord)
    caller = caller_in_log_of(caller_from_identity(record.userIdentity), ACCOUNT)
    outcome = "denied" if record.errorCode == "AccessDenied" else "allowed"
    method = assumption_method(source, name)
    assert method is not None
    key = assumption_from_record(record, caller, method=method, outcome=outcome, day="2024-03-01")
    row = dict(zip(ASSUMPTIONS_SCHEMA.names, key, strict=False))
    assert len(key) == ASSUMPTIONS_SCHEMA.get_field_index("first_seen")
    assert (row.pop("account"), row.pop("day"), row.pop("method")) == (ACCOUNT, "2024-03-01", method.value)
    return {column: text for column, text in row.items() if text}


@each_case("case", CASES)
def test_each_documented_form_fills_the_columns_that_it_shows(case: str) -> None:
    source, name, fields, expected = CASES[case]
    assert key_of(source, name, fields) == {"outcome": "allowed", **expected}


def test_other_calls_ask_for_no_session() -> None:
    assert assumption_method("sts.amazonaws.com", "GetCallerIdentity") is None
    assert assumption_method("s3.amazonaws.com", "AssumeRole") is None


def test_texts_of_callers_are_cut_and_never_name_the_role_of_overflow_rows() -> None:
    long = "x" * 5_000
    fields = {
        "requestParameters": {
            "roleArn": "*",
            "roleSessionName": "a" + "-" * 5_000,
            "externalId": long,
            "tags": [{"key": f"{number:04}", "value": long} for number in range(50)],
            "principalTags": {"k": {"odd": 1}},
        },
        "userIdentity": {**_WEB_USER, "principalId": f"{OIDC}:{long}:{long}", "userName": long},
        "responseElements": {"assumedRoleUser": "odd", "credentialSet": "odd", "provider": 7},
    }
    for source, name in (call[:2] for call in CASES.values()):
        found = key_of(source, name, fields)
        assert "role" not in found or found["role"].startswith("arn:"), name
        assert all(len(text) <= 2_100 for text in found.values()), name
        assert len(found.get("subject", "")) <= 256 >= len(found.get("external_id", "")), name
        assert json.loads(found["session_tags"]).keys() <= {"k", *(f"{number:04}" for number in range(50))}


@each_case(
    "name, folded",
    (
        ("GitHubActions", "GitHubActions"),
        ("botocore-session-1675698641", "botocore-session-*"),
        ("i-064d652934ecf0bfc", "i-*"),
        ("0cda7f85-c1f9-4dee-b6e9-a0b50c8f3012", "*"),
        ("sIYwVKsTqMYDjkWAHQeRtPzXcVbNmLkj", "*"),
        ("q7w2e9r4t1y6u3i8o5p0a2s", "*"),
        ("ProcessOrdersDailyExport", "ProcessOrdersDailyExport"),
        ("ProcessOrdersV2DailyExport", "ProcessOrdersV*DailyExport"),
        ("orders-Export-1XK9QZ2M4TWYD", "orders-Export-*"),
        ("orders-Export-aB3dEf6hIj9k", "orders-Export-*"),
        ("ada.lovelace@example.com", "ada.lovelace@example.com"),
    ),
)
def test_fold_session_name_keeps_what_a_person_wrote(name: str, folded: str) -> None:
    assert fold_session_name(name) == folded == fold_session_name(folded)
