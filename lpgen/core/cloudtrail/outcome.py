"""Whether a recorded call was authorized: one classifier over the spellings of all services.

Sources: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html,
https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html,
https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html,
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from lpgen.core.cloudtrail.records import Record
from lpgen.core.model import DenialKind, Outcome, OutcomeDetail

ALLOWED: Final = OutcomeDetail(Outcome.ALLOWED)

# Codes are compared in lower case, without `Client.`/`Server.`, a namespace before `#`, or a final `Exception`.
_AUTHORIZED_DRY_RUN: Final = frozenset({"dryrunoperation", "dryrun"})

_DENIALS: Final = frozenset(
    {
        "accessforbidden",
        "allaccessdisabled",
        "authorization",
        "authorizationerror",
        "authorizationfailure",
        "forbidden",
        "invalidaccess",
        "notauthorized",
        "operationnotpermittedbypolicy",
        "unauthorized",
        "unauthorizedaccess",
        "unauthorizedclient",
        "unauthorizedoperation",
        "unauthorizedresourceaccess",
        "userunauthorized",
    }
)

# AWS refused the credentials before it looked at any policy, so the caller isn't known.
# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html,
# https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html,
# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html,
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html,
# and botocore's models of CloudWatch Logs, Lightsail and SNS, version 1.44.8
_UNAUTHENTICATED: Final = frozenset(
    {
        "authorizationheadermalformed",
        "authorizationqueryparameterserror",
        "expiredtoken",
        "incompletesignature",
        "invalidaccesskeyid",
        "invalidclienttokenid",
        "invalidsecurity",
        "invalidsecurity.requesthasexpired",
        "invalidsignature",
        "invalidtoken",
        "missingauthenticationtoken",
        "requestexpired",
        "requesttimetooskewed",
        "signaturedoesnotmatch",
        "tokenrefreshrequired",
        "unauthenticated",
        "unrecognizedclient",
        "unsupportedsignature",
    }
)

# EC2 also answers `AuthFailure` to callers that it knows, such as for an address that isn't theirs.
# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
_AUTH_FAILURE: Final = "authfailure"
_NOT_VALIDATED: Final = re.compile("not able to validate the provided access credentials", re.IGNORECASE)

# AWS knows who called, but the account can't use the service.
# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html,
# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html,
# https://docs.aws.amazon.com/awssupport/latest/APIReference/Welcome.html
_NOT_SUBSCRIBED: Final = frozenset(
    {
        "accountdisabled",
        "accountproblem",
        "blocked",
        "notsignedup",
        "optinrequired",
        "pendingverification",
        "subscriptionrequired",
    }
)

_THROTTLED: Final = frozenset(
    {
        "bandwidthlimitexceeded",
        "ec2throttled",
        "limitexceeded.throttling",
        "priorrequestnotcomplete",
        "provisionedthroughputexceeded",
        "requestlimitexceeded",
        "requestthrottled",
        "slowdown",
        "throttled",
        "throttledclient",
        "throttling",
        "toomanyrequests",
        "toomanyrequestsfault",
        "transactioninprogress",
    }
)

_MALFORMED: Final = frozenset(
    {
        "badrequest",
        "invalidaction",
        "invalidargument",
        "invaliddigest",
        "invalidinput",
        "invalidparameter",
        "invalidparametercombination",
        "invalidparametervalue",
        "invalidquery",
        "invalidqueryparameter",
        "invaliduri",
        "missingaction",
        "missingparameter",
        "missingrequiredparameter",
        "missingsecurityheader",
        "serialization",
        "unknownoperation",
        "unknownparameter",
        "validation",
        "validationerror",
    }
)

_FAILED_INSIDE: Final = frozenset(
    {
        "dependencytimeout",
        "internal",
        "internalerror",
        "internalfailure",
        "internalserver",
        "internalservererror",
        "internalservererrorfault",
        "internalservice",
        "internalserviceerror",
        "internalservicefault",
        "kmsinternal",
        "requesttimeout",
        "service",
        "serviceerror",
        "servicefailure",
        "serviceunavailable",
        "unavailable",
    }
)

_UNDETERMINED: Final = {_AUTH_FAILURE} | _NOT_SUBSCRIBED | _THROTTLED | _MALFORMED | _FAILED_INSIDE

_NOT_AUTHORIZED: Final = re.compile(
    r"is not authorized to perform|not authorized to perform this operation|not authorized for images", re.IGNORECASE
)

_WALL: Final = re.compile(
    r"(?:because no|explicit deny in an?) "
    r"(identity-based|resource-based|service control|resource control|permissions boundary|session|vpc endpoint)",
    re.IGNORECASE,
)

_EXPLICIT: Final = re.compile("explicit deny", re.IGNORECASE)

# https://aws.amazon.com/blogs/security/enhanced-access-denied-error-messages-with-policy-arns
_DENYING_POLICY: Final = re.compile(r"explicit deny in an? [a-z -]{1,40}: (arn:[^\s\"',;]{1,512})", re.IGNORECASE)

DENIED_RESOURCE: Final = re.compile(r"is not authorized to perform: ([\w-]+:\w+) on resource: (arn:[^\s\"']+)")
"""The action and the resource that a denial names."""

_ESSENTIAL: Final = (DENIED_RESOURCE, _NOT_AUTHORIZED, _WALL, _EXPLICIT, _DENYING_POLICY, _NOT_VALIDATED)

_KIND_BY_WALL: Final = {
    "identity-based": DenialKind.IDENTITY,
    "resource-based": DenialKind.RESOURCE,
    "service control": DenialKind.SCP,
    "resource control": DenialKind.RCP,
    "permissions boundary": DenialKind.BOUNDARY,
    "session": DenialKind.SESSION,
    "vpc endpoint": DenialKind.VPC_ENDPOINT,
}


def outcome_from_record(record: Record) -> OutcomeDetail:
    """A record's outcome, with the error code as the service spells it.

    A denial is one by its code or, where the service hides it behind another code, by its message. A call whose
    credentials AWS refused is unauthenticated. Throttled, malformed and internally failed calls are undetermined: they
    may have failed before authorization. Every other error means that the call was authorized, and so does an
    authorized dry run.
    """
    code, message = record.errorCode or "", record.errorMessage or ""
    if not code and not message:
        code, message = _error_from_response(record.responseElements)
        if not code and not message:
            return ALLOWED
    outcome = _outcome_from_code(code)
    if outcome is not Outcome.DENIED and message and _says_not_authorized(code, message):
        outcome = Outcome.DENIED
    if outcome is Outcome.DENIED:
        named = _DENYING_POLICY.search(message)
        return OutcomeDetail(outcome, code, _denial_kind(code, message), named[1].rstrip(".") if named else "")
    if normalise_error_code(code) == _AUTH_FAILURE and _NOT_VALIDATED.search(message):
        outcome = Outcome.UNAUTHENTICATED
    return OutcomeDetail(outcome, code)


@lru_cache(maxsize=4096)
def _outcome_from_code(code: str) -> Outcome:
    name = normalise_error_code(code)
    if name in _AUTHORIZED_DRY_RUN:
        return Outcome.ALLOWED
    if name in _DENIALS or name.endswith("accessdenied"):
        return Outcome.DENIED
    if name in _UNAUTHENTICATED:
        return Outcome.UNAUTHENTICATED
    if name in _UNDETERMINED or name.endswith(".malformed") or name.startswith("malformed"):
        return Outcome.UNDETERMINED
    return Outcome.UNDETERMINED if code.startswith("Server.") else Outcome.ALLOWED


def normalise_error_code(code: str) -> str:
    """An error code in lower case without the dressing that differs by service.

    `Client.UnauthorizedOperation`, `com.amazonaws.x#AccessDeniedException` and `AccessDenied` become
    `unauthorizedoperation`, `accessdenied` and `accessdenied`.
    """
    name = code.rpartition("#")[2].partition(":")[0].strip().lower()
    name = name.removeprefix("client.").removeprefix("server.")
    return name.removesuffix("exception")


def _says_not_authorized(code: str, message: str) -> bool:
    if normalise_error_code(code) in _AUTHORIZED_DRY_RUN:
        return False
    return _NOT_AUTHORIZED.search(message) is not None


def _denial_kind(code: str, message: str) -> DenialKind:
    if normalise_error_code(code) == "vpceaccessdenied":
        return DenialKind.VPC_ENDPOINT
    found = _WALL.search(message)
    if found:
        return _KIND_BY_WALL[found[1].lower()]
    return DenialKind.EXPLICIT if "explicit deny" in message.lower() else DenialKind.UNSTATED


@lru_cache(maxsize=4096)
def essential_message(message: str) -> str:
    """The parts of an error's message that decide anything: messages that differ only in a session's name become equal.

    The parts are kept verbatim; the result is never empty.
    """
    parts = (one.search(message) for one in _ESSENTIAL)
    texts = [part.group() for part in parts if part]
    return " | ".join(texts) or "-"


def _error_from_response(response: dict[str, object] | str | None) -> tuple[str, str]:
    """The error code and message inside the response elements, where some services log them, or two empty strings."""
    if not isinstance(response, dict):
        return "", ""
    inner = response.get("error")
    source: Mapping[str, object] = inner if isinstance(inner, dict) else response
    code = _first_text(source, ("errorCode", "ErrorCode", "code", "Code") if source is inner else ("errorCode",))
    message = _first_text(source, ("errorMessage", "ErrorMessage", "message", "Message") if code else ("errorMessage",))
    return code, message


def _first_text(source: Mapping[str, object], keys: tuple[str, ...]) -> str:
    for key in keys:
        value = source.get(key)
        if isinstance(value, str) and value:
            return value
    return ""
