"""Secrets Manager calls: secrets by name or by an ARN with or without its random suffix, and what creating needs.

Sources: https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_iam-permissions.html and the permissions
that https://docs.aws.amazon.com/secretsmanager/latest/apireference/ states for each operation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lpgen.core.cloudtrail.rules.call import Call, RuleTable, texts_at
from lpgen.core.cloudtrail.rules.inferences import (
    SECRET_BATCH,
    SECRET_POLICY_CHECK,
    SECRET_REPLICA,
    SECRET_ROTATION,
    TAG_ON_CREATE,
)
from lpgen.core.cloudtrail.rules.listed import ReaderType, exact, fold, is_arn_of
from lpgen.core.cloudtrail.rules.passing import passed_roles
from lpgen.core.cloudtrail.rules.types import ReaderTable, mapped
from lpgen.core.model import NO_RESOURCE, MappedAction, Resource

_SOURCE = "secretsmanager.amazonaws.com"


_SUFFIX = re.compile(r"-[A-Za-z0-9]{6}$")
_ANY_SUFFIX = "-??????"


def _read_secrets(call: Call) -> Iterator[Resource]:
    """The secret that a call names; by the ARN that AWS answers with where there is one, as a name lacks the suffix."""
    answered = [
        arn for key in ("arn", "aRN") for arn in texts_at(call.response, (key,)) if is_arn_of(arn, "secretsmanager")
    ]
    if answered:
        yield from map(exact, answered)
    else:
        yield from (_secret(call, name) for name in call.texts("secretId") or call.texts("name"))


def _secret(call: Call, name: str) -> Resource:
    """The secret with this name or ARN: exact where the ARN has its six-character suffix, else any suffix.

    Source: https://docs.aws.amazon.com/secretsmanager/latest/userguide/troubleshoot.html (partial ARNs)
    """
    if is_arn_of(name, "secretsmanager"):
        return exact(name) if _SUFFIX.search(name) else fold(name, _ANY_SUFFIX)
    return fold(call.arn("secretsmanager", f"secret:{name}"), _ANY_SUFFIX)


def _map_create_secret(call: Call) -> tuple[MappedAction, ...]:
    """CreateSecret, with the actions of the tags and the replicas that it makes.

    The suffix that the answer shows is no part of the request, and no other call ever makes it again.
    Source: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
    """
    secret = tuple(_secret(call, name) for name in call.texts("name")) or tuple(_read_secrets(call))
    actions = [mapped("secretsmanager:CreateSecret", secret)]
    if call.has("tags"):
        actions.append(mapped("secretsmanager:TagResource", secret, how=TAG_ON_CREATE))
    if call.has("addReplicaRegions"):
        actions.append(mapped("secretsmanager:ReplicateSecretToRegions", secret, how=SECRET_REPLICA))
    return tuple(actions)


def _map_rotate_secret(call: Call) -> tuple[MappedAction, ...]:
    """RotateSecret, with lambda:InvokeFunction on the rotation function and iam:PassRole on the role of the request.

    Source: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RotateSecret.html
    """
    own = mapped("secretsmanager:RotateSecret", _read_secrets(call))
    functions = [arn for arn in call.texts("rotationLambdaARN") if is_arn_of(arn, "lambda")]
    invoke = (mapped("lambda:InvokeFunction", map(exact, functions), how=SECRET_ROTATION),) if functions else ()
    return (own, *invoke, *passed_roles(call, call.texts("externalSecretRotationRoleArn"), _SOURCE))


def _map_batch(call: Call) -> tuple[MappedAction, ...]:
    """BatchGetSecretValue: reading each secret of the list, or listing where it filters.

    Source: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_BatchGetSecretValue.html
    """
    names = call.texts("secretIdList")
    read = [_secret(call, name) for name in names] or [fold(call.arn("secretsmanager", "secret:"), "*")]
    actions = [
        mapped("secretsmanager:BatchGetSecretValue", (NO_RESOURCE,)),
        mapped("secretsmanager:GetSecretValue", read, how=SECRET_BATCH),
    ]
    if call.has("filters"):
        actions.append(mapped("secretsmanager:ListSecrets", (NO_RESOURCE,), how=SECRET_BATCH))
    return tuple(actions)


def _map_validate_policy(call: Call) -> tuple[MappedAction, ...]:
    """ValidateResourcePolicy needs the action that would put the policy too; it need not name a secret.

    Source: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ValidateResourcePolicy.html
    """
    secret = tuple(_read_secrets(call))
    return (
        mapped("secretsmanager:ValidateResourcePolicy", secret),
        mapped("secretsmanager:PutResourcePolicy", secret, how=SECRET_POLICY_CHECK),
    )


RULES: RuleTable = {
    (_SOURCE, "CreateSecret"): _map_create_secret,
    (_SOURCE, "RotateSecret"): _map_rotate_secret,
    (_SOURCE, "BatchGetSecretValue"): _map_batch,
    (_SOURCE, "ValidateResourcePolicy"): _map_validate_policy,
}

READERS: ReaderTable = {_SOURCE: {"secret": ReaderType(_read_secrets)}}
