"""CloudTrail records in AWS's own order of fields, kept together with what each of them was planted for."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sample_logs.planted.identities import Json, Role, User
from sample_logs.planted.world import access_key, hex_of, mixed_of, unique_id, upper_of, uuid_of, zulu

Need = tuple[str, str]
"""An action and the resource it is needed on: an ARN, or `*` where the action takes none."""

ALLOWED = "allowed"
DENIED = "denied"
UNDETERMINED = "undetermined"

_VERSIONS = {
    "s3": "1.11",
    "dynamodb": "1.11",
    "kms": "1.11",
    "ec2": "1.10",
    "iam": "1.10",
    "secretsmanager": "1.11",
    "lambda": "1.11",
    "sts": "1.08",
    "signin": "1.09",
}
_GLOBAL_HOSTS = {"iam": "iam.amazonaws.com", "route53": "route53.amazonaws.com"}
_HOST_NAMES = {"elasticloadbalancing": "elasticloadbalancing", "ecr": "api.ecr"}


@dataclass(frozen=True, slots=True)
class Call:
    """One API call: what the service logs of it, and the actions it needs."""

    source: str
    name: str
    request: Json | None = None
    response: Json | None = None
    read_only: bool = True
    resources: Sequence[Json] = ()
    needs: tuple[Need, ...] = ()
    data: bool = False
    outcome: str = ALLOWED
    error: tuple[str, str] | None = None
    extra: Json = field(default_factory=dict)
    event_type: str = "AwsApiCall"
    skip: str = ""  # why the record is nobody's use, where that lies in the call

    def failing(self, code: str, message: str, outcome: str = ALLOWED) -> Call:
        """The same call, answered with an error."""
        return replace(self, error=(code, message), outcome=outcome, response=None)


@dataclass(frozen=True, slots=True)
class Session:
    """Who calls, from where. `identity` builds `userIdentity`; `agent` is the user agent."""

    holder: Role | User
    name: str = ""
    ip: str = "10.20.4.17"
    agent: str = "Boto3/1.40.21 md/Botocore#1.40.21 ua/2.1 os/linux#6.1.147 md/arch#aarch64 lang/python#3.13.5"
    invoked_by: str = ""
    hours: int = 1
    generation: int = 0
    mfa: bool = False
    ec2_delivery: bool = False
    console: bool = False
    endpoint: str = ""

    def through(self, service: str) -> Session:
        """The same session, used by a service on the caller's behalf."""
        host = f"{service}.amazonaws.com"
        return replace(self, invoked_by=host, ip=host, agent=host)

    @property
    def role_id(self) -> str:
        """The `AROA…` id behind the session, or the user's `AIDA…` id."""
        if isinstance(self.holder, Role) and self.generation:
            return self.holder.id_of(self.generation)
        return self.holder.unique_id

    def identity(self, moment: datetime) -> Json:
        """The `userIdentity` element."""
        found = self._user() if isinstance(self.holder, User) else self._role(self.holder, moment)
        return found | ({"invokedBy": self.invoked_by} if self.invoked_by else {})

    def _user(self) -> Json:
        assert isinstance(self.holder, User)
        return {
            "type": "IAMUser",
            "principalId": self.role_id,
            "arn": self.holder.arn,
            "accountId": self.holder.account,
            "accessKeyId": access_key("AKIA", self.holder.arn),
            "userName": self.holder.name,
        }

    def _role(self, role: Role, moment: datetime) -> Json:
        begun = moment.replace(minute=(moment.minute // 20) * 20 % 60, second=7) - timedelta(minutes=20)
        context: Json = {
            "sessionIssuer": {
                "type": "Role",
                "principalId": self.role_id,
                "arn": role.arn,
                "accountId": role.account,
                "userName": role.name,
            },
            "attributes": {"creationDate": zulu(begun), "mfaAuthenticated": "true" if self.mfa else "false"},
        }
        if self.ec2_delivery:
            context["ec2RoleDelivery"] = "2.0"
        return {
            "type": "AssumedRole",
            "principalId": f"{self.role_id}:{self.name}",
            "arn": f"arn:aws:sts::{role.account}:assumed-role/{role.name}/{self.name}",
            "accountId": role.account,
            "accessKeyId": access_key("ASIA", role.arn, self.name, zulu(begun)),
            "sessionContext": context,
        }


@dataclass(frozen=True, slots=True)
class Planted:
    """One record with its place in the bucket and what it was planted for. `skip` is empty where it is usage."""

    account: str
    region: str
    moment: datetime
    record: Json
    principal: str
    principal_id: str
    outcome: str
    needs: tuple[Need, ...]
    skip: str


class Chronicle:
    """Everything that was logged, in the order in which it was told."""

    def __init__(self) -> None:
        self.planted: list[Planted] = []
        self._told: Counter[tuple[Any, ...]] = Counter()

    def tell(
        self, who: Session, moment: datetime, region: str, call: Call, *, skip: str = "", shared: str = ""
    ) -> Planted:
        """Log a call by a role or user in its own account."""
        return self.log(
            who.identity(moment),
            moment,
            region,
            call,
            account=who.holder.account,
            ip=who.ip,
            agent=who.agent,
            principal=who.holder.arn,
            principal_id=who.role_id,
            skip=skip,
            endpoint=who.endpoint,
            console=who.console and call.source != "signin",
            shared=shared,
        )

    def log(
        self,
        identity: Json,
        moment: datetime,
        region: str,
        call: Call,
        *,
        account: str,
        ip: str,
        agent: str,
        principal: str = "",
        principal_id: str = "",
        skip: str = "",
        endpoint: str = "",
        console: bool = False,
        shared: str = "",
    ) -> Planted:
        """Log a call by anyone."""
        key = (account, region, zulu(moment), principal or ip, call.source, call.name)
        self._told[key] += 1
        seed = (*key, self._told[key])
        record = _record(identity, moment, region, call, account=account, ip=ip, agent=agent, seed=seed)
        record |= {"sharedEventID": shared} if shared else {}
        record |= {"vpcEndpointId": endpoint, "vpcEndpointAccountId": account} if endpoint else {}
        record["eventCategory"] = "Data" if call.data else "Management"
        record |= _tls(call, region, ip)
        record |= {"sessionCredentialFromConsole": "true"} if console else {}
        planted = Planted(
            account, region, moment, record, principal, principal_id, call.outcome, call.needs, skip or call.skip
        )
        self.planted.append(planted)
        return planted


def _tls(call: Call, region: str, ip: str) -> Json:
    if ip.endswith(".amazonaws.com") or ip == "AWS Internal" or call.source == "signin":
        return {}
    host = _GLOBAL_HOSTS.get(call.source) or f"{_HOST_NAMES.get(call.source, call.source)}.{region}.amazonaws.com"
    if call.source == "s3" and isinstance(call.request, dict) and "Host" in call.request:
        host = str(call.request["Host"])
    return {
        "tlsDetails": {
            "tlsVersion": "TLSv1.3",
            "cipherSuite": "TLS_AES_128_GCM_SHA256",
            "clientProvidedHostHeader": host,
        }
    }


def _request_id(source: str, seed: Sequence[object]) -> str:
    if source == "dynamodb":
        return upper_of(52, "request", *seed)
    if source == "s3":
        return upper_of(16, "request", *seed)
    return uuid_of("request", *seed)


def _record(
    identity: Json,
    moment: datetime,
    region: str,
    call: Call,
    *,
    account: str,
    ip: str,
    agent: str,
    seed: Sequence[object],
) -> Json:
    record: Json = {
        "eventVersion": _VERSIONS.get(call.source, "1.09"),
        "userIdentity": identity,
        "eventTime": zulu(moment),
        "eventSource": f"{call.source}.amazonaws.com",
        "eventName": call.name,
        "awsRegion": region,
        "sourceIPAddress": ip,
        "userAgent": agent,
    }
    if call.error:
        record |= {"errorCode": call.error[0], "errorMessage": call.error[1]}
    record |= {"requestParameters": call.request, "responseElements": call.response}
    if call.source == "s3":
        record["additionalEventData"] = {
            "SignatureVersion": "SigV4",
            "CipherSuite": "TLS_AES_128_GCM_SHA256",
            "bytesTransferredIn": 0,
            "AuthenticationMethod": "AuthHeader",
            "x-amz-id-2": mixed_of(54, "host", *seed) + "=",
            "bytesTransferredOut": 300 + int(hex_of(2, "bytes", *seed), 16),
        }
    if call.source != "signin":
        record["requestID"] = _request_id(call.source, seed)
    record["eventID"] = uuid_of("event", *seed)
    record["readOnly"] = call.read_only
    if call.resources:
        record["resources"] = list(call.resources)
    record |= {"eventType": call.event_type, **call.extra, "managementEvent": not call.data}
    record["recipientAccountId"] = account
    return record


def uses_of(planted: Sequence[Planted]) -> dict[str, dict[str, set[str]]]:
    """Allowed use per principal ARN, as action to resources; a recreated role's old id is left out."""
    found: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for entry in planted:
        if entry.skip or entry.outcome != ALLOWED:
            continue
        for action, resource in entry.needs:
            found[f"{entry.principal} {entry.principal_id}"][action].add(resource)
    return found


def session_token(*parts: object) -> str:
    """A key id as an `accessKeyId` in response elements."""
    return unique_id("ASIA", *parts)[:20]
