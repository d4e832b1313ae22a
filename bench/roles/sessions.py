"""The sessions of roles in which a scenario's calls are made, and the records that show who asks for them.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256
from typing import Final

from bench.perimeter.evaluator import as_list
from bench.perimeter.records import END, identity_of, key_of, unique_id, uuid_of
from bench.perimeter.scenario_files import account_of
from bench.roles.scenario import Scenario, days_of
from bench.scenario_reading import Json
from bench.tags.scenario import HOME

PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")
PLAIN: Final = "work"
"""The name of the session of a role's calls that name none."""

_SAML_AUDIENCE: Final = "https://signin.aws.amazon.com/saml"
_ISSUER_TYPES: Final = {
    "lambda": "AWS::Lambda::Function",
    "ec2": "AWS::EC2::Instance",
    "ecs": "AWS::ECS::Task",
}
_LATER: Final = 3
"""How many days after the logs count as later sessions."""


@dataclass(frozen=True, slots=True)
class Session:
    """A session of a role, and what tells it from others: the first of source identity, resource and name."""

    label: str
    role: str
    kind: str
    value: str
    day: date


# ---- Names


def kind_of(session: Json) -> str:
    """What tells a session from others."""
    return "source-identity" if "source_identity" in session else "resource" if "resource" in session else "name"


def sessions_of(scenario: Scenario, label: str, *, later: bool = False) -> Iterator[Session]:
    """The sessions of a label: those in the logs, or some after them."""
    session = scenario.sessions[label]
    kind = kind_of(session)
    text = session[{"source-identity": "source_identity"}.get(kind, kind)]
    days = [END + timedelta(days=ahead) for ahead in range(_LATER)] if later else days_of_session(scenario, label)
    for day in days:
        for index in range(session.get("per_day", 1)):
            yield Session(label, session["of"], kind, filled(text, label, day, index), day)


def days_of_session(scenario: Scenario, label: str) -> list[date]:
    """The days of a session's calls in the logs, in order."""
    length = scenario.content["days"]
    calls = [call for call in scenario.seen_calls if call.get("session") == label]
    return sorted({day for call in calls for day in days_of(call, length)})


def filled(text: str, label: str, day: date, index: int) -> str:
    """A text with its placeholders filled: they are different in each session."""

    def fill(found: re.Match[str]) -> str:
        seed = f"{text}/{label}/{day}/{index}/{found.start()}"
        return PLACEHOLDERS[found.group(1)](sha256(seed.encode()).hexdigest(), day)

    return PLACEHOLDER.sub(fill, text)


def _random(digest: str, _: date) -> str:
    letters = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ0123456789"
    number, found = int(digest, 16), ""
    for _number in range(20):
        number, at = divmod(number, len(letters))
        found += letters[at]
    return found


def _word(digest: str, _: date) -> str:
    pairs = [digest[at : at + 2] for at in range(0, 8, 2)]
    return "".join("bdfglmnprstvkzhj"[int(one[0], 16)] + "aeiou"[int(one[1], 16) % 5] for one in pairs)


PLACEHOLDERS: Final[Mapping[str, Callable[[str, date], str]]] = {
    "number": lambda digest, _: str(100_000 + int(digest, 16) % 900_000),
    "date": lambda _, day: day.isoformat(),
    "uuid": lambda digest, _: uuid_of(digest),
    "hex": lambda digest, _: digest[:16],
    "hex32": lambda digest, _: digest[:32],
    "random": _random,
    "word": _word,
}

# ---- Records


def identity_in(identity: Json, session: Json, label: str, day: date, index: int) -> Json:
    """The `userIdentity` of a call in a session, from that of a role's call."""
    name = filled(session["name"], label, day, index)
    issuer = identity["sessionContext"]["sessionIssuer"]
    context = {**identity["sessionContext"], "attributes": {"creationDate": f"{day}T00:00:00Z"}}
    context["attributes"]["mfaAuthenticated"] = "false"
    if "source_identity" in session:
        context["sourceIdentity"] = filled(session["source_identity"], label, day, index)
    found = {
        **identity,
        "principalId": f"{issuer['principalId']}:{name}",
        "arn": f"{identity['arn'].rpartition('/')[0]}/{name}",
        "accessKeyId": _key(label, day, index),
        "sessionContext": context,
    }
    if "resource" in session:
        arn = filled(session["resource"], label, day, index)
        service = arn.split(":")[2]
        if service == "ec2":
            context["ec2RoleDelivery"] = "2.0"
        found["inScopeOf"] = {"issuerType": _ISSUER_TYPES[service], "credentialsIssuedTo": arn}
    return found


def requests_of(scenario: Scenario) -> Iterator[Json]:
    """The records of requests for sessions: one per session and asker. Without an asker there is none."""
    for label, session in scenario.sessions.items():
        for day in days_of_session(scenario, label):
            for index in range(session.get("per_day", 1)):
                for number, asker in enumerate(as_list(session.get("asked_by"))):
                    yield _request(
                        session, asker, (label, day, index), f"{scenario.name}/{label}/{day}/{index}/{number}"
                    )


def _request(session: Json, asker: Json, place: tuple[str, date, int], seed: str) -> Json:
    role, (label, day, index) = session["of"], place
    name, account = filled(session["name"], label, day, index), account_of(role)
    asked = _Asked(role, name, f"{day}T00:00:{index % 60:02}Z")
    source = {"sourceIdentity": filled(session["source_identity"], *place)} if "source_identity" in session else {}
    parts = _federated(asked, asker) if "provider" in asker else _plain(asked, asker)
    answer = {
        "credentials": {
            "accessKeyId": _key(label, day, index),
            "sessionToken": "IQoJb3JpZ2luX2VjE",
            "expiration": f"{day:%b} {day.day}, {day.year}, 1:00:00 AM",
        },
        "assumedRoleUser": {
            "assumedRoleId": f"{unique_id(role)}:{name}",
            "arn": f"arn:aws:sts::{account}:assumed-role/{role.rpartition('/')[2]}/{name}",
        },
    }
    request = {"roleArn": role, "roleSessionName": name, "durationSeconds": 3600}
    service = asker.get("service")
    return {
        "eventVersion": "1.11",
        "userIdentity": parts["identity"],
        "eventTime": asked.time,
        "eventSource": "sts.amazonaws.com",
        "eventName": parts["name"],
        "awsRegion": HOME,
        "sourceIPAddress": service or "203.0.113.25",
        "userAgent": service or "Boto3/1.40.21 md/Botocore#1.40.21 ua/2.1 os/linux lang/python#3.12.9",
        "requestParameters": request | source | parts["request"],
        "responseElements": answer | source | parts["answer"],
        "requestID": uuid_of(f"{seed}/request"),
        "eventID": uuid_of(f"{seed}/assumed"),
        "readOnly": True,
        "resources": [{"accountId": account, "type": "AWS::IAM::Role", "ARN": role}],
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": account,
        "eventCategory": "Management",
    } | ({"sharedEventID": uuid_of(f"{seed}/shared")} if service else {})


@dataclass(frozen=True, slots=True)
class _Asked:
    role: str
    name: str
    time: str


def _plain(asked: _Asked, asker: Json) -> Json:
    """AssumeRole by a service, or by a role or user; of those of other accounts, records show only the ids."""
    identity = {"type": "AWSService", "invokedBy": asker.get("service")}
    if by := asker.get("by"):
        is_foreign = account_of(by) != account_of(asked.role)
        identity = identity_of({"by": by}, asked.time, is_foreign=is_foreign)
    return {"name": "AssumeRole", "identity": identity, "request": {}, "answer": {}}


def _federated(asked: _Asked, asker: Json) -> Json:
    """AssumeRoleWithSAML or AssumeRoleWithWebIdentity."""
    provider, subject = asker["provider"], asker["subject"]
    if ":saml-provider/" in provider:
        qualifier = key_of("", provider)
        identity = {"type": "SAMLUser", "principalId": f"{qualifier}:{subject}", "userName": subject}
        answer = {"subject": subject, "subjectType": "persistent", "issuer": "https://idp.example.com/saml"}
        answer |= {"audience": _SAML_AUDIENCE, "nameQualifier": qualifier}
        return {
            "name": "AssumeRoleWithSAML",
            "identity": {**identity, "identityProvider": qualifier},
            "request": {"principalArn": provider, "sAMLAssertionID": f"_{uuid_of(asked.name + asked.time)}"},
            "answer": answer,
        }
    audience = asker.get("audience", "sts.amazonaws.com")
    return {
        "name": "AssumeRoleWithWebIdentity",
        "identity": {
            "type": "WebIdentityUser",
            "principalId": f"{provider}:{audience}:{subject}",
            "userName": subject,
            "identityProvider": provider,
        },
        "request": {},
        "answer": {"subjectFromWebIdentityToken": subject, "provider": provider, "audience": audience},
    }


def _key(label: str, day: date, index: int) -> str:
    return key_of("ASIA", f"{label}/{day}/{index}")
