"""What a CloudTrail record says about an assumption of a role.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from bench.trust.referee import Json, Request, as_list

METHODS: Final = ("AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity")
BUILT_IN_PROVIDERS: Final = (
    "accounts.google.com",
    "cognito-identity.amazonaws.com",
    "graph.facebook.com",
    "www.amazon.com",
)
"""Providers that policies name by their host; all others are resources with an ARN."""

_SHOWN: Final = (
    "aws:requestedregion",
    "aws:requesttag/",
    "aws:securetransport",
    "aws:tagkeys",
    "aws:userid",
    "sts:externalid",
    "sts:rolesessionname",
    "sts:sourceidentity",
    "sts:transitivetagkeys",
)
"""Context keys, or their beginnings, that every record shows if the request had them."""

_CALLER_KEYS: Final = ("aws:principalarn", "aws:principalaccount", "aws:principaltype", "aws:username")
_SESSION_KEYS: Final = ("aws:multifactorauthpresent", "aws:multifactorauthage")


@dataclass(frozen=True, slots=True)
class Assumption:
    """One recorded attempt to assume a role; `requests` has one request per action that it needs."""

    role: str
    event_id: str
    shared_id: str
    time: str
    succeeded: bool
    method: str
    requests: tuple[Request, ...]

    @property
    def request(self) -> Request:
        """The request for the assumption itself."""
        return self.requests[0]

    @property
    def subject(self) -> str:
        """The subject of a web identity or SAML assertion, or an empty string if the record doesn't show it."""
        values = next((values for key, values in self.request.context.items() if key.endswith(":sub")), ("",))
        return values[0]

    @property
    def day(self) -> str:
        """The UTC day, as in 2026-08-01."""
        return self.time[:10]


def assumptions_from(records: Iterable[Json]) -> tuple[Assumption, ...]:
    """The assumptions in the records. A caller's copy of a record replaces the copy that shows only its account."""
    found = [read for record in records if (read := read_assumption(record)) is not None]
    full = {read.shared_id for read in found if read.shared_id and not read.request.caller_hidden}
    return tuple(read for read in found if not (read.request.caller_hidden and read.shared_id in full))


def read_assumption(record: Json) -> Assumption | None:
    """The assumption that a record shows, or None if it shows none, or no role."""
    if record.get("eventSource") != "sts.amazonaws.com" or record.get("eventName") not in METHODS:
        return None
    asked = record.get("requestParameters") or {}
    named = [
        resource.get("ARN", "") for resource in record.get("resources") or () if ":role/" in resource.get("ARN", "")
    ]
    role = asked.get("roleArn") or next(iter(named), "")
    if not role:
        return None
    request = _request_from(record, role)
    return Assumption(
        role,
        record["eventID"],
        record.get("sharedEventID", ""),
        record["eventTime"],
        not record.get("errorCode"),
        record["eventName"],
        tuple(replace(request, action=action) for action in _actions(record)),
    )


def _actions(record: Json) -> list[str]:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_permissions-required"""
    asked = record.get("requestParameters") or {}
    actions = [f"sts:{record['eventName']}"]
    if asked.get("tags") or asked.get("principalTags") or asked.get("transitiveTagKeys"):
        actions.append("sts:TagSession")
    if asked.get("sourceIdentity"):
        actions.append("sts:SetSourceIdentity")
    if asked.get("providedContexts"):
        actions.append("sts:SetContext")
    return actions


def _request_from(record: Json, role: str) -> Request:
    context = _shared_context(record)
    reader = {"AssumeRoleWithSAML": _read_saml, "AssumeRoleWithWebIdentity": _read_web_identity}
    return reader.get(record["eventName"], _read_caller)(record, role, context)


def _shared_context(record: Json) -> dict[str, tuple[str, ...]]:
    asked = record.get("requestParameters") or {}
    context: dict[str, tuple[str, ...]] = {
        "aws:requestedregion": (record["awsRegion"],),
        "aws:securetransport": ("true",),
        "aws:currenttime": (record["eventTime"],),
    }
    for key, field in (
        ("sts:rolesessionname", "roleSessionName"),
        ("sts:externalid", "externalId"),
        ("sts:sourceidentity", "sourceIdentity"),
    ):
        if asked.get(field):
            context[key] = (asked[field],)
    if asked.get("transitiveTagKeys"):
        context["sts:transitivetagkeys"] = tuple(asked["transitiveTagKeys"])
    tags = {tag["key"]: tag["value"] for tag in as_list(asked.get("tags"))} | (asked.get("principalTags") or {})
    context.update({f"aws:requesttag/{key}".lower(): (value,) for key, value in tags.items()})
    if tags:
        context["aws:tagkeys"] = tuple(tags)
    if _is_address(record.get("sourceIPAddress", "")):
        context["aws:sourceip"] = (record["sourceIPAddress"],)
    if record.get("vpcEndpointId"):
        context["aws:sourcevpce"] = (record["vpcEndpointId"],)
    return context


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _hides(shown: tuple[str, ...], issuer: str | None) -> Callable[[str], bool]:
    """Which absent keys a record doesn't show. Keys of another identity provider are absent from the request itself."""

    def hidden(key: str) -> bool:
        if key.startswith((*_SHOWN, *shown)):
            return False
        prefix = key.rpartition(":")[0]
        if prefix == "saml" or "." in prefix:
            return prefix == issuer
        return True

    return hidden


def _read_caller(record: Json, role: str, context: dict[str, tuple[str, ...]]) -> Request:
    identity = record.get("userIdentity") or {}
    action, kind = "sts:AssumeRole", identity.get("type", "")
    if kind == "AWSService":
        return Request(action, "Service", identity["invokedBy"], "", context, _hides(_CALLER_KEYS, None))
    account = identity.get("accountId") or role.split(":")[4]
    context["aws:principalaccount"] = (account,)
    if identity.get("principalId"):
        context["aws:userid"] = (identity["principalId"],)
    arn = identity.get("arn", "")
    if not arn:
        return Request(action, "AWS", account, account, context, _hides((), None), caller_hidden=True)
    session = identity.get("sessionContext") or {}
    context["aws:principalarn"] = ((session.get("sessionIssuer") or {}).get("arn") or arn,)
    if kind == "IAMUser":
        context["aws:username"] = (identity.get("userName") or arn.rpartition("/")[2],)
    # A serial number means that the request has a code of this device.
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_configure-api-require.html
    asked = record.get("requestParameters") or {}
    mfa = "true" if asked.get("serialNumber") else (session.get("attributes") or {}).get("mfaAuthenticated")
    if mfa:
        context["aws:multifactorauthpresent"] = (mfa,)
    return Request(action, "AWS", arn, account, context, _hides((*_CALLER_KEYS, *_SESSION_KEYS), None))


def _read_saml(record: Json, _role: str, context: dict[str, tuple[str, ...]]) -> Request:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-saml"""
    answer, identity = record.get("responseElements") or {}, record.get("userIdentity") or {}
    asked = record.get("requestParameters") or {}
    shown: Mapping[str, str | None] = {
        "saml:aud": answer.get("audience"),
        "saml:iss": answer.get("issuer"),
        "saml:namequalifier": answer.get("nameQualifier") or identity.get("identityProvider"),
        "saml:sub": answer.get("subject") or identity.get("userName"),
        "saml:sub_type": answer.get("subjectType"),
    }
    context.update({key: (value,) for key, value in shown.items() if value})
    hidden = _hides((*_CALLER_KEYS, *_SESSION_KEYS), "saml")
    return Request("sts:AssumeRoleWithSAML", "Federated", asked.get("principalArn", ""), "", context, hidden)


def _read_web_identity(record: Json, role: str, context: dict[str, tuple[str, ...]]) -> Request:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-wif"""
    answer, identity = record.get("responseElements") or {}, record.get("userIdentity") or {}
    provider = answer.get("provider") or identity.get("identityProvider") or ""
    issuer = provider.partition(":oidc-provider/")[2] or provider
    if provider and not provider.startswith("arn:") and provider not in BUILT_IN_PROVIDERS:
        provider = f"arn:aws:iam::{role.split(':')[4]}:oidc-provider/{provider}"
    audience = answer.get("audience", "")
    rest = identity.get("principalId", "").partition(f"{answer.get('provider') or identity.get('identityProvider')}:")[
        2
    ]
    if not audience and "://" not in rest:
        audience = rest.partition(":")[0]
    subject = answer.get("subjectFromWebIdentityToken") or identity.get("userName") or ""
    if not subject and audience and rest.startswith(f"{audience}:"):
        subject = rest[len(audience) + 1 :]
    context.update(
        {f"{issuer}:{name}".lower(): (value,) for name, value in (("sub", subject), ("aud", audience)) if value}
    )
    hidden = _hides((*_CALLER_KEYS, *_SESSION_KEYS), issuer.lower())
    return Request("sts:AssumeRoleWithWebIdentity", "Federated", provider, "", context, hidden)
