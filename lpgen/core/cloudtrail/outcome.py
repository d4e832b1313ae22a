"""Whether a recorded call was authorized: one classifier for the error codes and messages of all services.

The catalog's table `error_codes` lists codes by meaning. Sources for messages:
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html,
https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html,
https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html,
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Final

import msgspec

from lpgen.core.catalog.catalog import Catalog
from lpgen.core.catalog.catalog_table import CatalogSource, read_catalog_table
from lpgen.core.cloudtrail.records import Record
from lpgen.core.model import UNKNOWN_RESOURCE, DenialKind, MappedAction, Outcome, OutcomeDetail, Resource, ResourceKind

ALLOWED: Final = OutcomeDetail(Outcome.ALLOWED)

# EC2 also returns `AuthFailure` to known callers, for example for an address that isn't theirs.
# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
_AUTH_FAILURE: Final = "authfailure"
_NOT_VALIDATED: Final = re.compile("not able to validate the provided access credentials", re.IGNORECASE)

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

_DENIED_RESOURCE: Final = re.compile(r"is not authorized to perform: ([\w-]+:\w+) on resource: (arn:[^\s\"']+)")
"""The action and the resource that a denial names."""

_ESSENTIAL: Final = (_DENIED_RESOURCE, _NOT_AUTHORIZED, _WALL, _EXPLICIT, _DENYING_POLICY, _NOT_VALIDATED)

_KIND_BY_WALL: Final = {
    "identity-based": DenialKind.IDENTITY,
    "resource-based": DenialKind.RESOURCE,
    "service control": DenialKind.SCP,
    "resource control": DenialKind.RCP,
    "permissions boundary": DenialKind.BOUNDARY,
    "session": DenialKind.SESSION,
    "vpc endpoint": DenialKind.VPC_ENDPOINT,
}


class _ErrorCodeRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Error codes with the same meaning, as `normalise_error_code` returns them. Codes for missing resources have no
    final `fault`. `service` is the service whose model has the codes; other services may share them."""

    codes: tuple[str, ...]
    source: tuple[str, ...]
    service: str = ""
    why: str = ""


class _ErrorCodeTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    outcomes: dict[Outcome, list[_ErrorCodeRow]]
    missing: list[_ErrorCodeRow]


class ErrorCodes:
    """The meanings of error codes: an outcome, or that a resource named in the call doesn't exist."""

    def __init__(self, source: CatalogSource) -> None:
        table = read_catalog_table(source, "error_codes", _ErrorCodeTable)
        self._outcomes = {code: key for key, rows in table.outcomes.items() for row in rows for code in row.codes}
        self._missing = frozenset(code for row in table.missing for code in row.codes)

    def says_missing(self, code: str) -> bool:
        """Whether a code says that a resource named in the call doesn't exist.

        The call was allowed, so its action counts. But a caller can make up names, so a missing resource doesn't show
        what the caller works with. Codes for a missing part of an existing resource don't count here: a bucket's
        policy, a table's index, a repository's image, a queue's KMS key.
        """
        return normalise_error_code(code).removesuffix("fault") in self._missing

    def outcome_from_record(self, record: Record) -> OutcomeDetail:
        """A record's outcome, with the error code as the service spells it.

        A denial shows in the code, or in the message if the service uses another code. A call is unauthenticated if AWS
        refused its credentials. Throttled, malformed and internally failed calls are undetermined: they may have failed
        before authorization. Any other error means that the call was authorized, as does an authorized dry run.
        """
        code, message = record.errorCode or "", record.errorMessage or ""
        if not code and not message:
            code, message = _error_from_response(record.responseElements)
            if not code and not message:
                return ALLOWED
        name = normalise_error_code(code)
        stated = self._outcomes.get(name)
        outcome = stated or _unlisted_outcome(code, name)
        if stated is not Outcome.ALLOWED and _NOT_AUTHORIZED.search(message):
            outcome = Outcome.DENIED
        if outcome is Outcome.DENIED:
            named = _DENYING_POLICY.search(message)
            return OutcomeDetail(outcome, code, _denial_kind(name, message), named[1].rstrip(".") if named else "")
        if name == _AUTH_FAILURE and _NOT_VALIDATED.search(message):
            outcome = Outcome.UNAUTHENTICATED
        return OutcomeDetail(outcome, code)


def _unlisted_outcome(code: str, name: str) -> Outcome:
    if name.endswith("accessdenied"):
        return Outcome.DENIED
    is_unread = name.endswith(".malformed") or name.startswith("malformed") or code.startswith("Server.")
    return Outcome.UNDETERMINED if is_unread else Outcome.ALLOWED


@lru_cache(maxsize=4096)
def normalise_error_code(code: str) -> str:
    """An error code in lower case, without the prefixes and suffixes that differ by service.

    `Client.UnauthorizedOperation`, `com.amazonaws.x#AccessDeniedException` and `AccessDenied` become
    `unauthorizedoperation`, `accessdenied` and `accessdenied`.
    """
    name = code.rpartition("#")[2].partition(":")[0].strip().lower()
    name = name.removeprefix("client.").removeprefix("server.")
    return name.removesuffix("exception")


def _denial_kind(name: str, message: str) -> DenialKind:
    if name == "vpceaccessdenied":
        return DenialKind.VPC_ENDPOINT
    found = _WALL.search(message)
    if found:
        return _KIND_BY_WALL[found[1].lower()]
    return DenialKind.EXPLICIT if _EXPLICIT.search(message) else DenialKind.UNSTATED


@lru_cache(maxsize=4096)
def essential_message(message: str) -> str:
    """The parts of an error message that lpgen reads. Messages that differ only in the session name become equal.

    The parts are unchanged. The result is never empty.
    """
    parts = (pattern.search(message) for pattern in _ESSENTIAL)
    texts = [part.group() for part in parts if part]
    return " | ".join(texts) or "-"


def _error_from_response(response: dict[str, object] | str | None) -> tuple[str, str]:
    """The error code and message in the response elements, where some services log them, or two empty strings."""
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


# ---------------------------------------------------------------- the resource of a denial

# `User: … is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::111122223333:role/app …`
# https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html


def resource_of_denial(message: str) -> str:
    """The ARN of the resource that the message of a denial names, or ""."""
    found = _DENIED_RESOURCE.search(message)
    return found[2].rstrip(".,") if found else ""


def name_denied_resource(
    actions: tuple[MappedAction, ...], record: Record, catalog: Catalog
) -> tuple[MappedAction, ...]:
    """The actions of a denied call, whose parameters CloudTrail omits. The action in the message gets the resource in
    the message, if none could be read.

    If the record has parameters, the resource that they name is kept. If it has none, the message is more precise than
    a pattern.
    """
    is_open = _is_open if record.requestParameters else _is_open_without_request
    found = _DENIED_RESOURCE.search(record.errorMessage or "") if any(map(is_open, actions)) else None
    if found is None:
        return actions
    name, arn = found[1].casefold(), found[2].rstrip(".,")
    if "?" in arn or "${" in arn:
        return actions
    resource = Resource(ResourceKind.FOLD if "*" in arn else ResourceKind.ARN, arn)
    return tuple(
        replace(action, resources=(resource,))
        if is_open(action) and action.action.casefold() == name and catalog.takes_resource(action.action, arn)
        else action
        for action in actions
    )


def _is_open(action: MappedAction) -> bool:
    return action.resources == (UNKNOWN_RESOURCE,)


def _is_open_without_request(action: MappedAction) -> bool:
    return all(resource == UNKNOWN_RESOURCE or resource.kind is ResourceKind.FOLD for resource in action.resources)
