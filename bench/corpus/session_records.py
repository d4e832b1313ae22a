"""What sessions of crews put into records, and the records that begin them.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-aws-console-sign-in-events.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from bench.corpus.calendar import Use
from bench.corpus.principals import Principal
from bench.corpus.profile import stable_number
from bench.corpus.records import AGENTS, address_of, session_name, uuid_of, zulu
from bench.corpus.session import Session

Json = dict[str, Any]

_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_SERVICES: Final = {"lambda": "lambda", "ec2": "ec2", "ecs": "ecs-tasks"}
_PROVIDERS: Final = {
    "oidc": "token.actions.githubusercontent.com",
    "sso": "AWSSSO_0123456789abcdef_DO_NOT_DELETE",
}


@dataclass(slots=True)
class Seen:
    """How the sessions of a job appear in records."""

    names: set[str] = field(default_factory=set)
    source_identities: set[str] = field(default_factory=set)
    functions: set[str] = field(default_factory=set)
    subjects: set[str] = field(default_factory=set)


@dataclass(slots=True)
class KeyUse:
    """The last use of an access key, as IAM dates it."""

    moment: datetime
    service: str
    region: str


class SessionBook:
    """Keeps which sessions began on the day that is written, and which keys and sessions were used at all."""

    def __init__(self, principals: Iterable[Principal]) -> None:
        self._by_arn = {one.arn: one for one in principals}
        self._accounts = {one.account.id for one in self._by_arn.values()}
        self._begun: dict[tuple[str, Session, str], datetime] = {}
        self.seen: dict[tuple[str, str], Seen] = defaultdict(Seen)
        """By the ARN of a role and the name of its job."""
        self.key_uses: dict[tuple[str, int], KeyUse] = {}
        """By the ARN of a user and the number of its key."""
        self.signed_in: dict[str, datetime] = {}
        """The last sign-in to the console by the ARN of a user."""

    def dress(self, record: Json, use: Use, principal: Principal, moment: datetime, rng: random.Random) -> list[Json]:
        """Puts the session of the use into its record; returns the records that begin the session, if it is new."""
        session = use.session or Session()
        key = (principal.arn, session, f"{moment:%Y%m%d}")
        began = self._begun.get(key)
        if is_new := began is None:
            began = self._begun[key] = moment - timedelta(seconds=2)
        self._note(use, principal, session, moment, record)
        if "amazonaws.com" not in record["userAgent"]:
            record["userAgent"] = session.agent or record["userAgent"]
            record["sourceIPAddress"] = session.address or record["sourceIPAddress"]
        if principal.is_user:
            record["userIdentity"] = _user_identity(principal, session, began)
            if session.console:
                record["sessionCredentialFromConsole"] = "true"
                record["userAgent"] = session.agent or AGENTS["sso"]
            return _sign_in(principal, session, began, rng) if is_new else []
        invoked = {name: value for name, value in record["userIdentity"].items() if name == "invokedBy"}
        record["userIdentity"] = _role_identity(principal, session, began) | invoked
        return list(self._assumption(principal, session, began, rng)) if is_new else []

    def _note(self, use: Use, principal: Principal, session: Session, moment: datetime, record: Json) -> None:
        if not principal.is_user:
            seen = self.seen[principal.arn, use.job]
            seen.names.add(_name(principal, session, moment))
            seen.source_identities.update(filter(None, [session.source_identity]))
            seen.functions.update(filter(None, [session.issued_to]))
            caller = _caller(principal, session, moment)
            seen.subjects.update([caller] if _is_federated(caller) else [])
        elif session.console:
            self.signed_in[principal.arn] = moment
        else:
            service = record["eventSource"].partition(".")[0]
            self.key_uses[principal.arn, session.key] = KeyUse(moment, service, record["awsRegion"])

    def _assumption(
        self, principal: Principal, session: Session, began: datetime, rng: random.Random
    ) -> Iterator[Json]:
        """The records of the call that returned the session's credentials: also that of the caller's account.

        The record in the role's account only says of callers of other accounts that they are of these.
        https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html#cloudtrail-integration_examples-sts-api
        """
        by = _caller(principal, session, began)
        if not by:
            return
        record = _base(principal, "sts.amazonaws.com", "AssumeRole", began, rng)
        record["requestParameters"] = {
            "roleArn": principal.arn,
            "roleSessionName": _name(principal, session, began),
        } | ({"sourceIdentity": session.source_identity} if session.source_identity else {})
        record["responseElements"] = _credentials(principal, session, began)
        record["resources"] = [{"accountId": principal.account.id, "type": "AWS::IAM::Role", "ARN": principal.arn}]
        record["readOnly"] = True
        record["sourceIPAddress"] = session.address or address_of(principal)
        record["userAgent"] = session.agent or AGENTS.get(principal.profile.caller, by)
        if _is_federated(by):
            record |= _federated(principal, by)
        elif by.startswith("arn:"):
            record["userIdentity"] = self._caller_identity(by, began)
        else:
            record |= {"userIdentity": {"type": "AWSService", "invokedBy": by}, "sourceIPAddress": by, "userAgent": by}
            record["sharedEventID"] = uuid_of(rng)
        owner = by.split(":")[4] if by.startswith("arn:") else principal.account.id
        if owner != principal.account.id:
            record["sharedEventID"] = uuid_of(rng)
            if owner in self._accounts:
                yield record | {"recipientAccountId": owner, "eventID": uuid_of(rng)}
            caller_id = record["userIdentity"]["principalId"]
            record["userIdentity"] = {"type": "AWSAccount", "principalId": caller_id, "accountId": owner}
        yield record

    def _caller_identity(self, arn: str, began: datetime) -> Json:
        """The identity of a role or user that assumes a role; of a role also as `assumed-role/NAME/SESSION`."""
        account, rest = arn.split(":")[4:6]
        words = rest.split("/")
        if words[0] == "user":
            known = self._by_arn.get(arn)
            return {
                "type": "IAMUser",
                "principalId": known.unique_id if known else _letters("AIDA", arn, 17),
                "arn": arn,
                "accountId": account,
                "accessKeyId": access_key(known, 1) if known else _letters("AKIA", arn, 16),
                "userName": words[-1],
            }
        is_session = words[0] == "assumed-role"
        name, session = (words[1], words[2]) if is_session else (words[-1], words[-1])
        role = f"arn:aws:iam::{account}:role/{name}" if is_session else arn
        known = self._by_arn.get(role)
        unique_id = known.unique_id if known else _letters("AROA", role, 17)
        issuer = {"type": "Role", "principalId": unique_id, "arn": role, "accountId": account, "userName": name}
        return {
            "type": "AssumedRole",
            "principalId": f"{unique_id}:{session}",
            "arn": f"arn:aws:sts::{account}:assumed-role/{name}/{session}",
            "accountId": account,
            "accessKeyId": _letters("ASIA", f"{role}/{session}/{began:%Y%m%d}", 16),
            "sessionContext": {
                "sessionIssuer": issuer,
                "attributes": {"creationDate": zulu(began - timedelta(minutes=5)), "mfaAuthenticated": "false"},
            },
        }


def access_key(principal: Principal, number: int) -> str:
    """The ID of one of a user's access keys."""
    return _letters("AKIA", f"{principal.arn}/{number}", 16)


def provider_of(principal: Principal) -> str:
    """The ARN of the identity provider that a federated role trusts."""
    account, caller = principal.account.id, principal.profile.caller
    for statement in principal.member.trust if principal.member else ():
        if federated := statement["Principal"].get("Federated"):
            return str(federated)
    if caller == "irsa":
        issuer = f"oidc.eks.{principal.region}.amazonaws.com/id/{stable_number(account):032X}"
        return f"arn:aws:iam::{account}:oidc-provider/{issuer}"
    kind = "saml" if caller == "sso" else "oidc"
    return f"arn:aws:iam::{account}:{kind}-provider/{_PROVIDERS[caller]}"


def _caller(principal: Principal, session: Session, began: datetime) -> str:
    """Who asks for a session: an ARN, a service, or the subject of an identity provider; "" if no record shows it."""
    return session.by or _default_caller(principal, session, began)


def _is_federated(caller: str) -> bool:
    return bool(caller) and not caller.startswith("arn:") and not caller.endswith(".amazonaws.com")


def _default_caller(principal: Principal, session: Session, began: datetime) -> str:
    match principal.profile.caller:
        case "oidc":
            return f"repo:example/{principal.profile.name}:ref:refs/heads/main"
        case "irsa":
            return f"system:serviceaccount:default:{principal.profile.name}"
        case "sso":
            return _name(principal, session, began)
        case caller if caller in _SERVICES:
            return f"{_SERVICES[caller]}.amazonaws.com"
    return principal.profile.service


def _name(principal: Principal, session: Session, moment: datetime) -> str:
    return session.name or session_name(principal, moment)


def _role_identity(principal: Principal, session: Session, began: datetime) -> Json:
    account, name = principal.account.id, _name(principal, session, began)
    mfa = "true" if session.mfa else "false"
    context: Json = {
        "sessionIssuer": {
            "type": "Role",
            "principalId": principal.unique_id,
            "arn": principal.arn,
            "accountId": account,
            "userName": principal.profile.name,
        },
        "attributes": {"creationDate": zulu(began), "mfaAuthenticated": mfa},
    }
    if principal.profile.caller in ("oidc", "irsa"):
        context["webIdFederationData"] = {"federatedProvider": provider_of(principal), "attributes": {}}
    if principal.profile.caller == "ec2":
        context["ec2RoleDelivery"] = "2.0"
    if session.source_identity:
        context["sourceIdentity"] = session.source_identity
    scope = {"issuerType": "AWS::Lambda::Function", "credentialsIssuedTo": session.issued_to}
    return {
        "type": "AssumedRole",
        "principalId": f"{principal.unique_id}:{name}",
        "arn": f"arn:aws:sts::{account}:assumed-role/{principal.profile.name}/{name}",
        "accountId": account,
        "accessKeyId": _temporary_key(principal, session, began),
        "sessionContext": context,
    } | ({"inScopeOf": scope} if session.issued_to else {})


def _user_identity(principal: Principal, session: Session, began: datetime) -> Json:
    is_temporary = session.console or session.mfa
    attributes = {"creationDate": zulu(began), "mfaAuthenticated": "true" if session.mfa else "false"}
    key = _temporary_key(principal, session, began) if is_temporary else access_key(principal, session.key)
    return {
        "type": "IAMUser",
        "principalId": principal.unique_id,
        "arn": principal.arn,
        "accountId": principal.account.id,
        "accessKeyId": key,
        "userName": principal.profile.name,
    } | ({"sessionContext": {"attributes": attributes}} if is_temporary else {})


def _sign_in(principal: Principal, session: Session, began: datetime, rng: random.Random) -> list[Json]:
    """`ConsoleLogin`, or `GetSessionToken` with MFA, where the session begins with one."""
    mfa = f"arn:aws:iam::{principal.account.id}:mfa/{principal.profile.name}"
    identity = _user_identity(principal, Session(key=session.key), began)
    where = {"sourceIPAddress": session.address or address_of(principal)}
    if session.console:
        del identity["accessKeyId"]
        more = {"MFAIdentifier": mfa} if session.mfa else {}
        answer = {"LoginTo": "https://console.aws.amazon.com/console/home", "MobileVersion": "No"}
        record = _base(principal, "signin.amazonaws.com", "ConsoleLogin", began, rng) | where
        record |= {"userIdentity": identity, "userAgent": session.agent or AGENTS["sso"], "awsRegion": "us-east-1"}
        record |= {"requestParameters": None, "responseElements": {"ConsoleLogin": "Success"}}
        record |= {"additionalEventData": answer | more | {"MFAUsed": "Yes" if session.mfa else "No"}}
        return [record | {"readOnly": False, "eventType": "AwsConsoleSignIn"}]
    if not session.mfa:
        return []
    record = _base(principal, "sts.amazonaws.com", "GetSessionToken", began, rng) | where
    answer = {"credentials": _credentials(principal, session, began)["credentials"]}
    record |= {"requestParameters": {"serialNumber": mfa, "durationSeconds": 43200}, "responseElements": answer}
    return [record | {"userIdentity": identity, "userAgent": session.agent or AGENTS["user"], "readOnly": True}]


def _federated(principal: Principal, subject: str) -> Json:
    """What sets the record of a federated sign-in apart.

    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html#STS-API-SAML-WIF
    """
    provider = provider_of(principal)
    if principal.profile.caller == "sso":
        identity = {"type": "SAMLUser", "principalId": f"{stable_number(provider):x}=:{subject}", "userName": subject}
        identity["identityProvider"] = f"{stable_number(provider):x}="
        return {"eventName": "AssumeRoleWithSAML", "userIdentity": identity}
    identity = {
        "type": "WebIdentityUser",
        "principalId": f"{provider}:sts.amazonaws.com:{subject}",
        "userName": subject,
        "identityProvider": provider,
    }
    return {"eventName": "AssumeRoleWithWebIdentity", "userIdentity": identity}


def _credentials(principal: Principal, session: Session, began: datetime) -> Json:
    name = _name(principal, session, began)
    return {
        "credentials": {
            "accessKeyId": _temporary_key(principal, session, began),
            "expiration": f"{began + timedelta(hours=12):%b %-d, %Y, %-I:%M:%S %p}",
        },
        "assumedRoleUser": {
            "assumedRoleId": f"{principal.unique_id}:{name}",
            "arn": f"arn:aws:sts::{principal.account.id}:assumed-role/{principal.profile.name}/{name}",
        },
    }


def _base(principal: Principal, source: str, event: str, moment: datetime, rng: random.Random) -> Json:
    return {
        "eventVersion": "1.11",
        "eventTime": zulu(moment),
        "eventSource": source,
        "eventName": event,
        "awsRegion": principal.region,
        "requestID": uuid_of(rng),
        "eventID": uuid_of(rng),
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": principal.account.id,
        "eventCategory": "Management",
    }


def _temporary_key(principal: Principal, session: Session, began: datetime) -> str:
    return _letters("ASIA", f"{principal.arn}/{session}/{began:%Y%m%d}", 16)


@lru_cache(maxsize=20_000)
def _letters(prefix: str, text: str, count: int) -> str:
    return prefix + "".join(random.Random(text).choices(_LETTERS, k=count))
