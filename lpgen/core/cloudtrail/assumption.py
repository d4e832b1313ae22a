"""Requests for sessions of roles: the caller, the role and the method, from one record.

The forms of these records, by method:

- `AssumeRole`, `AssumeRoleWithSAML`, `AssumeRoleWithWebIdentity`:
  https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html
- `AssumeRoot`: https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-track-privileged-tasks.html
- `AssumeRoleForPodIdentity`: the node asks EKS for a pod's session. The record shows the cluster and hides the rest.
  The session itself is an `AssumeRole` by `pods.eks.amazonaws.com`, with the pod in its tags.
  https://docs.aws.amazon.com/eks/latest/userguide/pod-id-abac.html
- `RolesAnywhere`: https://docs.aws.amazon.com/rolesanywhere/latest/userguide/authentication-create-session.html
- `Cognito`: https://docs.aws.amazon.com/cognito/latest/developerguide/understanding-amazon-cognito-entries.html
- `IdentityCenter`: https://docs.aws.amazon.com/singlesignon/latest/userguide/logging-using-cloudtrail.html
- `SwitchRole`:
  https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-aws-console-sign-in-events.html

AWS documents no record of the credential provider of IoT, so no record has the method `IoT`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

import msgspec

from lpgen.core.arns import split_arn
from lpgen.core.cloudtrail.caller import named_principal
from lpgen.core.cloudtrail.outcome import resource_of_denial
from lpgen.core.cloudtrail.records import Json, RawRecord, RequestScope, UserIdentity, decode_object, decode_resources
from lpgen.core.model import AssumptionMethod, Caller, CallerKind, Outcome

AssumptionKey = tuple[str, ...]
"""The key columns of `ASSUMPTIONS_SCHEMA`, in its order."""

MAX_TEXT_LENGTH: Final = 256
_MAX_ARN_LENGTH: Final = 2_048  # https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
_MAX_TAGS_LENGTH: Final = 2_048

_METHODS: Final = {
    ("sts.amazonaws.com", "AssumeRole"): AssumptionMethod.ASSUME_ROLE,
    ("sts.amazonaws.com", "AssumeRoleWithSAML"): AssumptionMethod.SAML,
    ("sts.amazonaws.com", "AssumeRoleWithWebIdentity"): AssumptionMethod.WEB_IDENTITY,
    ("sts.amazonaws.com", "AssumeRoot"): AssumptionMethod.ROOT,
    ("eks-auth.amazonaws.com", "AssumeRoleForPodIdentity"): AssumptionMethod.POD_IDENTITY,
    ("rolesanywhere.amazonaws.com", "CreateSession"): AssumptionMethod.ROLES_ANYWHERE,
    ("cognito-identity.amazonaws.com", "GetCredentialsForIdentity"): AssumptionMethod.COGNITO,
    ("sso.amazonaws.com", "GetRoleCredentials"): AssumptionMethod.IDENTITY_CENTER,
    ("sso.amazonaws.com", "Federate"): AssumptionMethod.IDENTITY_CENTER,
    ("signin.amazonaws.com", "SwitchRole"): AssumptionMethod.SWITCH_ROLE,
}


def assumption_method(event_source: str, event_name: str) -> AssumptionMethod | None:
    """The method if records of this call ask for a session of a role."""
    return _METHODS.get((event_source, event_name))


class _Parts(NamedTuple):
    """The parts of a record that the forms read."""

    record: RawRecord
    identity: UserIdentity
    request: Json
    response: Json


class _Asked(NamedTuple):
    """The facts that differ by form. `caller` is set if the record's `userIdentity` isn't the caller."""

    role: str
    role_id: str = ""
    provider: str = ""
    subject: str = ""
    audience: str = ""
    source_arn: str = ""
    caller: Caller | None = None
    failed: bool = False


_NOBODY: Final = UserIdentity()
_NO_SCOPE: Final = RequestScope()


def assumption_from_record(
    record: RawRecord, caller: Caller, *, method: AssumptionMethod, outcome: str, day: str
) -> AssumptionKey:
    """The key of a record in the table of assumptions. `outcome` is the record's outcome as for any call.

    A request that failed without a denial is undetermined: it doesn't show that the role trusts the caller.
    """
    parts = _Parts(
        record,
        record.userIdentity or _NOBODY,
        record.requestParameters if isinstance(record.requestParameters, dict) else {},
        record.responseElements if isinstance(record.responseElements, dict) else {},
    )
    asked = _FORMS[method](parts)
    caller = asked.caller or caller
    if outcome == _ALLOWED and (record.errorCode or record.errorMessage or asked.failed):
        outcome = Outcome.UNDETERMINED._value_
    scope = parts.identity.inScopeOf or _NO_SCOPE
    return (
        asked.role,
        asked.role_id or _id_of_session(parts.response),
        record.recipientAccountId or "",
        day,
        method._value_,
        caller.kind._value_,
        caller.principal,
        caller.principal_id,
        caller.account,
        _text(parts.identity.invokedBy),
        _arn_or_host(asked.provider),
        asked.subject[:MAX_TEXT_LENGTH],
        asked.audience[:MAX_TEXT_LENGTH],
        _text(parts.request.get("externalId")),
        _text(scope.sourceAccount),
        _arn_or_host(scope.sourceArn) or asked.source_arn,
        fold_session_name(_text(parts.request.get("roleSessionName"))),
        _session_tags(parts.request),
        _source_identity(parts),
        _mfa(parts),
        outcome,
        _text(record.errorCode),
    )


_ALLOWED: Final = Outcome.ALLOWED._value_


def issued_session(record: RawRecord, key: AssumptionKey) -> tuple[str, str, str] | None:
    """The role, the subject and the id of the session's key, if a record with this key gave a web identity a session.

    Numbers in the Git reference of a subject become `*`, because tags and pull requests have new ones.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html#cloudtrail-integration_examples-sts-api
    """
    role, _, _, _, method, *_ = key
    provider, subject, (outcome, error) = key[10], key[11], key[-2:]
    response = record.responseElements
    if method != AssumptionMethod.WEB_IDENTITY or outcome != _ALLOWED or error or not isinstance(response, dict):
        return None
    credentials = response.get("credentials")
    session_key = linkable_key(credentials.get("accessKeyId"), provider) if isinstance(credentials, dict) else ""
    head, mark, reference = subject.partition(_REFERENCE)
    folded = head + mark + fold_session_name(reference)
    return (role, folded, session_key) if role and subject and session_key else None


_REFERENCE: Final = ":ref:"
"""https://docs.github.com/en/actions/reference/security/oidc and
https://docs.gitlab.com/ci/secrets/id_token_authentication/"""


def linkable_key(key: object, provider: object) -> str:
    """The id of a key of a session that an identity provider in IAM gave, or "". A provider without an ARN, such as
    Cognito, has the users of an app, and their subjects show no job."""
    is_known = isinstance(provider, str) and provider.startswith("arn:")
    return key if is_known and isinstance(key, str) and _KEY.fullmatch(key) else ""


_KEY: Final = re.compile("[A-Z0-9]{16,128}")
"""https://docs.aws.amazon.com/STS/latest/APIReference/API_Credentials.html"""

# ---------------------------------------------------------------- the forms


def _read_assume_role(parts: _Parts) -> _Asked:
    return _Asked(_role(parts))


def _read_saml(parts: _Parts) -> _Asked:
    """The request names the provider, and the answer has what the assertion says."""
    request, response = parts.request, parts.response
    subject = _text(response.get("subject")) or _text(parts.identity.userName)
    return _Asked(
        _role(parts),
        provider=_arn_or_host(request.get("principalArn")),
        subject=subject,
        audience=_text(response.get("audience")),
    )


def _read_web_identity(parts: _Parts) -> _Asked:
    """The answer has the provider and what the token says. A failed record has them only in `userIdentity`.

    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html#STS-API-SAML-WIF
    """
    response, identity = parts.response, parts.identity
    provider, audience, subject = _split_web_identity(identity)
    provider = _arn_or_host(response.get("provider")) or provider
    subject = _text(response.get("subjectFromWebIdentityToken")) or subject
    return _Asked(
        _role(parts),
        provider=provider,
        subject=_fold_identity(subject) if provider == _COGNITO else _COMMIT.sub("*", subject),
        audience=_text(response.get("audience")) or audience,
    )


def _split_web_identity(identity: UserIdentity) -> tuple[str, str, str]:
    """The provider, audience and subject in `PROVIDER:AUDIENCE:SUBJECT`. All parts may contain colons, so the audience
    is known only if the subject is, or if there is only one way to split the text."""
    whole, subject = identity.principalId or "", identity.userName or ""
    provider = identity.identityProvider or _provider_of(whole)
    rest = whole.removeprefix(f"{provider}:") if provider and whole.startswith(f"{provider}:") else ""
    if subject:
        return provider, rest.removesuffix(f":{subject}") if rest.endswith(f":{subject}") else "", subject
    audience, colon, subject = rest.partition(":")
    return (provider, audience, subject) if colon and ":" not in subject else (provider, "", "")


def _provider_of(whole: str) -> str:
    return ":".join(whole.split(":")[:6]) if whole.startswith("arn:") else whole.partition(":")[0]


def _read_root(parts: _Parts) -> _Asked:
    """The target is an account's root user, as an ARN or as the account's id."""
    target = _text(parts.request.get("targetPrincipal"))
    return _Asked(target if target.isdecimal() else _role_text(target))


def _read_pod_identity(parts: _Parts) -> _Asked:
    """The record names the cluster, whose ARN follows from the node's.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneks.html#amazoneks-resources-for-iam-policies
    """
    cluster, node = _text(parts.request.get("clusterName")), split_arn(parts.identity.arn or "")
    place = f"{parts.record.awsRegion}:{node.account}"
    return _Asked("", source_arn=f"arn:{node.partition}:eks:{place}:cluster/{cluster}" if cluster and node.name else "")


def _read_roles_anywhere(parts: _Parts) -> _Asked:
    """The provider is the trust anchor. The source identity is the common name of the certificate's subject."""
    sets = parts.response.get("credentialSet")
    first = sets[0] if isinstance(sets, list) and sets and isinstance(sets[0], dict) else {}
    return _Asked(
        _role(parts),
        role_id=_id_of_session(first),
        provider=_arn_or_host(parts.request.get("trustAnchorArn")),
        subject=_text(first.get("sourceIdentity")),
    )


def _read_cognito(parts: _Parts) -> _Asked:
    """The audience is the identity pool. The role is in the request only if the app chooses it.

    https://docs.aws.amazon.com/cognito/latest/developerguide/iam-roles.html
    """
    pools = [resource.ARN or "" for resource in decode_resources(bytes(parts.record.resources)) or ()]
    found = [arn.partition(":identitypool/")[2] for arn in pools]
    return _Asked(
        _role_text(parts.request.get("customRoleArn")),
        provider=_COGNITO,
        subject=_fold_identity(_text(parts.request.get("identityId"))),
        audience=next(filter(None, found), "")[:MAX_TEXT_LENGTH],
    )


def _read_identity_center(parts: _Parts) -> _Asked:
    """The record names the account and the permission set, so the role is a glob. The role's own account has a record
    of `AssumeRoleWithSAML` too.

    https://docs.aws.amazon.com/singlesignon/latest/userguide/referencingpermissionsets.html
    """
    details, person = decode_object(parts.record.serviceEventDetails), parts.identity.onBehalfOf
    store = _arn_or_host(person and person.identityStoreArn)
    account, name = _text(details.get("account_id")), _text(details.get("role_name"))
    folder = f"arn:{split_arn(store).partition or 'aws'}:iam::{account}:role/aws-reserved/sso.amazonaws.com"
    role = f"{folder}/*AWSReservedSSO_{name}_*" if account and name else ""
    return _Asked(role, provider=store, subject=_text(person and person.userId))


def _read_switch_role(parts: _Parts) -> _Asked:
    """The record's `userIdentity` is the new session, and its additional data names the previous identity."""
    data, identity = decode_object(parts.record.additionalEventData), parts.identity
    principal = named_principal(_arn_or_host(data.get("SwitchFrom")))
    fields = split_arn(principal)
    kind = CallerKind.UNKNOWN
    if principal:
        kind = CallerKind.USER if fields.name.startswith("user/") else CallerKind.ROLE
    return _Asked(
        named_principal(identity.arn or ""),
        role_id=(identity.principalId or "").partition(":")[0],
        caller=Caller(kind, principal, account=fields.account),
        failed=parts.response.get("SwitchRole") != "Success",
    )


_FORMS: Final[Mapping[AssumptionMethod, Callable[[_Parts], _Asked]]] = {
    AssumptionMethod.ASSUME_ROLE: _read_assume_role,
    AssumptionMethod.SAML: _read_saml,
    AssumptionMethod.WEB_IDENTITY: _read_web_identity,
    AssumptionMethod.ROOT: _read_root,
    AssumptionMethod.POD_IDENTITY: _read_pod_identity,
    AssumptionMethod.ROLES_ANYWHERE: _read_roles_anywhere,
    AssumptionMethod.COGNITO: _read_cognito,
    AssumptionMethod.IDENTITY_CENTER: _read_identity_center,
    AssumptionMethod.SWITCH_ROLE: _read_switch_role,
}

# ---------------------------------------------------------------- their parts


def _role(parts: _Parts) -> str:
    return _role_text(parts.request.get("roleArn")) or resource_of_denial(parts.record.errorMessage or "")


def _role_text(value: object) -> str:
    """An ARN, or "" for any other text, so no request can name the role of overflow rows."""
    return value[:_MAX_ARN_LENGTH] if isinstance(value, str) and value.startswith("arn:") else ""


def _id_of_session(response: Mapping[str, Any]) -> str:
    """The role's id in the answer, without the session name."""
    user = response.get("assumedRoleUser")
    return _text(user.get("assumedRoleId")).partition(":")[0] if isinstance(user, dict) else ""


def _source_identity(parts: _Parts) -> str:
    context = parts.identity.sessionContext
    known = parts.request.get("sourceIdentity") or parts.response.get("sourceIdentity")
    return "yes" if known or (context and context.sourceIdentity) else ""


def _mfa(parts: _Parts) -> str:
    """Whether the caller used MFA: for its own session, or with this request.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_configure-api-require.html
    """
    context = parts.identity.sessionContext
    if parts.request.get("serialNumber"):
        return "true"
    found = context.attributes.mfaAuthenticated if context and context.attributes else None
    return _FLAGS.get(found, "")


_FLAGS: Final[Mapping[str | bool | None, str]] = {"true": "true", "false": "false", True: "true", False: "false"}


def _session_tags(request: Json) -> str:
    """The tags that the request sets, as a JSON object in the order of keys, up to the length limit; "" without any.

    A pod's name and id are new for each pod, so they become `*`.
    https://docs.aws.amazon.com/eks/latest/userguide/pod-id-abac.html
    """
    pairs = dict(_tag_pairs(request))
    if not pairs:
        return ""
    kept, room = {}, _MAX_TAGS_LENGTH
    for key in sorted(pairs):
        value = "*" if key in _POD_TAGS else pairs[key]
        room -= len(key) + len(value) + len('"":"",')
        if room < 0:
            break
        kept[key] = value
    return msgspec.json.encode(kept).decode()


_POD_TAGS: Final = frozenset({"kubernetes-pod-name", "kubernetes-pod-uid"})


def _tag_pairs(request: Json) -> Iterator[tuple[str, str]]:
    """AWS records tags of a request as a list, and tags from an identity provider as an object."""
    tags, claims = request.get("tags"), request.get("principalTags")
    for tag in tags if isinstance(tags, list) else ():
        if isinstance(tag, dict) and isinstance(tag.get("key"), str):
            yield _text(tag["key"]), _text(tag.get("value"))
    for key, value in claims.items() if isinstance(claims, dict) else ():
        yield key[:MAX_TEXT_LENGTH], _text(value)


_COGNITO: Final = "cognito-identity.amazonaws.com"
_COMMIT: Final = re.compile(r"\b[0-9a-f]{40}\b")
"""The id of a commit, which some CI services put into subjects."""

_UUID: Final = "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_STACK_SUFFIX: Final = "(?<=-)(?=[A-Za-z]*[0-9])[0-9A-Za-z]{12,13}$"  # CloudFormation appends it to names
_GENERATED: Final = re.compile(f"{_UUID}|{_STACK_SUFFIX}|[0-9a-fA-F]{{8,}}|[0-9]+")
_LONG: Final = re.compile("[0-9A-Za-z]{20,}")
_CHANGE: Final = re.compile("(?<=[a-z])[^a-z]|(?<=[A-Z])[^A-Z]|(?<=[0-9])[^0-9]")
_NUMBER: Final = re.compile("[0-9]+")
_MOST_CHANGES: Final = 0.4
_MOST_NUMBERS: Final = 2
"""Words change less often between lower case, upper case and digits than random text, and have few numbers."""


def fold_session_name(name: str) -> str:
    """The pattern of a session name: numbers, UUIDs, and long hexadecimal or random text become `*`."""
    return _GENERATED.sub("*", _LONG.sub(_fold_random, name))


def chosen_name(pattern: str) -> str:
    """The pattern of a session name, or "" if an SDK or a CI action generated it."""
    return "" if _DEFAULT_NAMES.fullmatch(pattern) else pattern


_DEFAULT_NAMES: Final = re.compile(r"(?:botocore-session|aws-sdk-[a-z-]+|aws-[a-z]+-sdk(?:-session)?)-\*|GitHubActions")
"""The defaults of the SDKs for Python, Java, PHP, JavaScript, .NET and Go, and of `configure-aws-credentials`."""


def _fold_random(found: re.Match[str]) -> str:
    text = found[0]
    changes, numbers = len(_CHANGE.findall(text)), len(_NUMBER.findall(text))
    return "*" if changes > _MOST_CHANGES * len(text) or numbers > _MOST_NUMBERS else text


def _fold_identity(identity: str) -> str:
    """The id of an app's user, `REGION:UUID`, without the UUID, because an app may have millions of users."""
    return identity.partition(":")[0] + ":*" if ":" in identity else ""


def _text(value: object) -> str:
    return value[:MAX_TEXT_LENGTH] if isinstance(value, str) else ""


def _arn_or_host(value: object) -> str:
    return value[:_MAX_ARN_LENGTH] if isinstance(value, str) else ""
