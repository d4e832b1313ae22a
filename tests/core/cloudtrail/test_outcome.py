"""Denials, undetermined calls and authorized errors in the spellings that services really use."""

from __future__ import annotations

import pytest

from lpgen.core.cloudtrail.outcome import ErrorCodes, essential_message, normalise_error_code
from lpgen.core.cloudtrail.records import Record
from lpgen.core.model import DenialKind, Outcome, OutcomeDetail
from lpgen.edge.catalog.files import bundled_catalog

CODES = bundled_catalog().facts(ErrorCodes)
USER = "User: arn:aws:sts::111122223333:assumed-role/app/s is not authorized to perform: s3:GetObject on resource: x "


def outcome_of(
    code: str | None, message: str | None = None, response: dict[str, object] | None = None
) -> OutcomeDetail:
    return CODES.outcome_from_record(
        Record("s3.amazonaws.com", "GetObject", errorCode=code, errorMessage=message, responseElements=response)
    )


@pytest.mark.parametrize(
    "code",
    [
        "AccessDenied",
        "AccessDeniedException",
        "Client.UnauthorizedOperation",
        "UnauthorizedOperation",
        "UnauthorizedException",
        "NotAuthorized",
        "NotAuthorizedException",
        "AuthorizationError",
        "AuthorizationErrorException",
        "VpceAccessDenied",
        "ForbiddenException",
        "Forbidden",
        "Client.UnauthorizedAccess",
        "KMSAccessDeniedException",
        "com.amazonaws.organizations#AccessDeniedException",
        "AllAccessDisabled",
        "UnauthorizedClientException",
        "UnauthorizedResourceAccessException",
    ],
)
def test_outcome_of_a_denial_is_denied_in_every_spelling(code: str) -> None:
    found = outcome_of(code)
    assert (found.outcome, found.error_code) == (Outcome.DENIED, code)


@pytest.mark.parametrize(
    "code",
    [
        "ThrottlingException",
        "Client.RequestLimitExceeded",
        "TooManyRequestsException",
        "SlowDown",
        "ThrottledClientException",
        "ValidationException",
        "ValidationError",
        "Client.InvalidParameterValue",
        "Client.InvalidInstanceID.Malformed",
        "MalformedPolicyDocumentException",
        "InternalFailure",
        "Server.InternalError",
        "Server.AnythingElse",
        "InternalServiceException",
        "ServiceUnavailable",
        "MissingSecurityHeader",
        "AccountProblem",
        "OptInRequired",
        "SubscriptionRequiredException",
        "Client.AuthFailure",
    ],
)
def test_outcome_of_a_call_that_may_have_failed_before_authorization_is_undetermined(code: str) -> None:
    assert outcome_of(code).outcome is Outcome.UNDETERMINED


@pytest.mark.parametrize(
    "code",
    [
        "UnauthenticatedException",
        "AuthorizationHeaderMalformed",
        "AuthorizationQueryParametersError",
        "Client.InvalidSecurity.RequestHasExpired",
        "UnsupportedSignature",
        "InvalidClientTokenId",
        "InvalidAccessKeyId",
        "ExpiredTokenException",
        "ExpiredToken",
        "Client.RequestExpired",
        "RequestTimeTooSkewed",
        "SignatureDoesNotMatch",
        "InvalidSignatureException",
        "IncompleteSignatureException",
        "MissingAuthenticationTokenException",
        "UnrecognizedClientException",
        "com.amazon.coral.service#UnrecognizedClientException",
    ],
)
def test_outcome_of_refused_credentials_is_unauthenticated(code: str) -> None:
    assert outcome_of(code) == OutcomeDetail(Outcome.UNAUTHENTICATED, code)


def test_outcome_of_an_ec2_auth_failure_turns_on_its_message() -> None:
    refused = "AWS was not able to validate the provided access credentials"
    assert outcome_of("Client.AuthFailure", refused).outcome is Outcome.UNAUTHENTICATED
    assert outcome_of("AuthFailure", "The address '192.0.2.1' does not belong to you.").outcome is Outcome.UNDETERMINED
    assert outcome_of("Client.AuthFailure", "Not authorized for images: [ami-1]").outcome is Outcome.DENIED
    assert essential_message(refused) != essential_message("The address '192.0.2.1' does not belong to you.")


SCP = "arn:aws:organizations::987654321098:policy/o-qv5af4abcd/service_control_policy/p-2kgnabcd"


@pytest.mark.parametrize(
    ("tail", "policy"),
    [
        (f"with an explicit deny in a service control policy: {SCP}", SCP),
        (
            "with an explicit deny in a permissions boundary: arn:aws:iam::111122223333:policy/edge",
            "arn:aws:iam::111122223333:policy/edge",
        ),
        (
            "with an explicit deny in an identity-based policy: arn:aws:iam::111122223333:policy/team/deny.",
            "arn:aws:iam::111122223333:policy/team/deny",
        ),
        ("with an explicit deny in a service control policy", ""),
        ("because no service control policy allows the s3:GetObject action", ""),
    ],
)
def test_outcome_of_a_denial_names_the_policy_that_its_message_names(tail: str, policy: str) -> None:
    assert outcome_of("AccessDenied", USER + tail).denied_by == policy
    assert (policy in essential_message(USER + tail)) or not policy


@pytest.mark.parametrize(
    "code",
    [
        "NoSuchBucketPolicy",
        "NoSuchTagSet",
        "ResourceNotFoundException",
        "Client.InvalidInstanceID.NotFound",
        "EntityAlreadyExists",
        "LimitExceededException",
        "ConditionalCheckFailedException",
        "EntityTemporarilyUnmodifiableException",
        "Client.DryRunOperation",
        "DryRunOperationException",
        "BucketAlreadyOwnedByYou",
    ],
)
def test_outcome_of_other_errors_is_allowed_with_the_code(code: str) -> None:
    assert outcome_of(code) == OutcomeDetail(Outcome.ALLOWED, code)


def test_outcome_without_error_is_allowed() -> None:
    assert outcome_of(None) == OutcomeDetail(Outcome.ALLOWED)


@pytest.mark.parametrize(
    ("tail", "kind"),
    [
        ("because no identity-based policy allows the s3:GetObject action", DenialKind.IDENTITY),
        ("because no resource-based policy allows the s3:GetObject action", DenialKind.RESOURCE),
        ("because no permissions boundary allows the s3:GetObject action", DenialKind.BOUNDARY),
        ("because no session policy allows the s3:GetObject action", DenialKind.SESSION),
        ("because no service control policy allows the s3:GetObject action", DenialKind.SCP),
        ("because no VPC endpoint policy allows the s3:GetObject action", DenialKind.VPC_ENDPOINT),
        ("with an explicit deny in a service control policy", DenialKind.SCP),
        ("with an explicit deny in a resource control policy", DenialKind.RCP),
        ("with an explicit deny in a resource-based policy", DenialKind.RESOURCE),
        ("with an explicit deny in an identity-based policy", DenialKind.IDENTITY),
        ("with an explicit deny in a permissions boundary", DenialKind.BOUNDARY),
        ("with an explicit deny", DenialKind.EXPLICIT),
        ("", DenialKind.UNSTATED),
    ],
)
def test_outcome_names_the_wall_that_the_message_names(tail: str, kind: DenialKind) -> None:
    assert outcome_of("AccessDenied", USER + tail) == OutcomeDetail(Outcome.DENIED, "AccessDenied", kind)


def test_outcome_of_a_vpc_endpoint_denial_needs_no_message() -> None:
    assert outcome_of("VpceAccessDenied").denial_kind is DenialKind.VPC_ENDPOINT


def test_outcome_of_a_denial_behind_another_code_is_read_from_its_message() -> None:
    found = outcome_of("ClientException", USER + "because no identity-based policy allows it")
    assert found == OutcomeDetail(Outcome.DENIED, "ClientException", DenialKind.IDENTITY)


def test_outcome_of_a_dry_run_stays_allowed_whatever_its_message_says() -> None:
    assert outcome_of("Client.DryRunOperation", USER).outcome is Outcome.ALLOWED


def test_outcome_reads_an_error_that_stands_only_in_the_response_elements() -> None:
    assert outcome_of(None, None, {"errorCode": "AccessDenied", "errorMessage": USER}).outcome is Outcome.DENIED
    assert outcome_of(None, None, {"error": {"code": "Throttling"}}).outcome is Outcome.UNDETERMINED


def test_outcome_takes_no_field_of_a_response_for_an_error_that_only_resembles_one() -> None:
    assert outcome_of(None, None, {"code": "AccessDenied", "message": "ok"}) == OutcomeDetail(Outcome.ALLOWED)
    assert outcome_of(None, None, {"error": 0, "errorCode": 7}) == OutcomeDetail(Outcome.ALLOWED)


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("Client.UnauthorizedOperation", "unauthorizedoperation"),
        ("com.amazonaws.x#AccessDeniedException", "accessdenied"),
        ("AccessDenied", "accessdenied"),
        ("ThrottlingException: slow", "throttling"),
        ("", ""),
    ],
)
def test_normalise_error_code_takes_off_what_differs_by_service(code: str, name: str) -> None:
    assert normalise_error_code(code) == name


@pytest.mark.parametrize(
    "end",
    [
        "because no identity-based policy allows the action",
        "with an explicit deny in a service control policy",
        "with an Explicit Deny",
        "on resource: arn:aws:s3:::b/k",
        "",
    ],
)
def test_essential_message_says_what_the_message_says_whoever_calls(end: str) -> None:
    messages = [f"User: {who} is not authorized to perform: s3:GetObject {end}" for who in ("arn:x/a", "arn:x/b")]
    assert len({essential_message(message) for message in messages}) == 1
    for code in ("AccessDenied", "Odd"):
        records = [
            Record(eventSource="s3.amazonaws.com", eventName="GetObject", errorCode=code, errorMessage=message)
            for message in (messages[0], essential_message(messages[0]))
        ]
        assert CODES.outcome_from_record(records[0]) == CODES.outcome_from_record(records[1])
    assert essential_message("the call failed") == essential_message("no such key") != ""
