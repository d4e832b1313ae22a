"""KMS and Secrets Manager."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from lpgen.core.arns import split_arn
from lpgen.core.cloudtrail.kms_context import CALLS, context_from_grant, context_of_data, data_keys
from lpgen.core.cloudtrail.rules.call import Call, CompletionTable, RuleTable
from lpgen.core.cloudtrail.rules.inferences import (
    CLOUDHSM_KEY_STORE,
    REPLICA_KEY,
    SECRET_BATCH,
    SECRET_POLICY_CHECK,
    SECRET_REPLICA,
    SECRET_ROTATION,
)
from lpgen.core.cloudtrail.rules.passing import passed_roles
from lpgen.core.cloudtrail.rules.resources import exact, fold, is_arn_of, listed_arns, mapped, read_arns, tag_new
from lpgen.core.cloudtrail.rules.types import ReaderTable, ReaderType
from lpgen.core.model import NO_RESOURCE, MappedAction, Resource

# ---------------------------------------------------------------- KMS

# Keys by id, ARN or alias; ReEncrypt's two keys; alias operations on alias and key.
# https://docs.aws.amazon.com/kms/latest/developerguide/kms-api-permissions-reference.html. An action on a key is
# authorized on the key's ARN, never on its alias. So the resource is unknown if the request has only an alias and the
# record lists no key.

_KMS = "kms.amazonaws.com"


def _read_keys(call: Call) -> Iterator[Resource]:
    """The keys that the record lists, or else those that the request names by id or ARN."""
    listed = _list_keys(call)
    named = (_key_arn(call, call.text(name)) for name in ("keyId", "targetKeyId"))
    return map(exact, listed or filter(None, named))


def _read_aliases(call: Call) -> Iterator[Resource]:
    """The alias that an alias operation names."""
    name = call.text("aliasName")
    if name.startswith("alias/"):
        yield exact(call.arn("kms", name))
    elif is_arn_of(name, "kms"):
        yield exact(name)


def _list_keys(call: Call) -> tuple[str, ...]:
    return tuple(arn for arn in listed_arns(call, "kms") if split_arn(arn).name.startswith("key/"))


def _key_arn(call: Call, key: str) -> str:
    """The ARN of the key with this id or ARN. "" for an alias, because the request doesn't show its key."""
    if key.startswith("arn:"):
        return key if is_arn_of(key, "kms") and ":key/" in key else ""
    return "" if not key or key.startswith("alias/") else call.arn("kms", f"key/{key}")


def _map_create_grant(call: Call) -> tuple[MappedAction, ...]:
    """CreateGrant on the key, with the grantee and the operations. A failed call grants nothing.

    Source: https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateGrant.html
    """
    own = mapped("kms:CreateGrant", _read_keys(call))
    if call.record.errorCode:
        return (own,)
    grantee, retiring = call.text("granteePrincipal"), call.text("retiringPrincipal")
    return (replace(own, context=context_from_grant(grantee, call.texts("operations"), retiring)),)


def _map_reencrypt(call: Call) -> tuple[MappedAction, ...]:
    """ReEncrypt, from the source key, which the ciphertext names, to the destination key.

    Source: https://docs.aws.amazon.com/kms/latest/APIReference/API_ReEncrypt.html
    """
    listed = _list_keys(call)
    source = _match_key(call, "sourceKeyId", listed)
    target = _match_key(call, "destinationKeyId", listed)
    if not source:
        source = next((arn for arn in listed if arn != target), target if len(listed) == 1 else "")
    if not target:
        target = next((arn for arn in listed if arn != source), source if len(listed) == 1 else "")
    return (
        mapped("kms:ReEncryptFrom", (exact(source),) if source else ()),
        mapped("kms:ReEncryptTo", (exact(target),) if target else ()),
    )


def _match_key(call: Call, parameter: str, listed: tuple[str, ...]) -> str:
    """The listed key that a parameter names, or else the ARN in the parameter. "" for an alias that can't be
    resolved."""
    arn = _key_arn(call, call.text(parameter))
    key = arn.rpartition("/")[2]
    return next((found for found in listed if key and found.endswith(f"/{key}")), arn)


def _map_create_key(call: Call) -> tuple[MappedAction, ...]:
    """CreateKey, and kms:TagResource on the new key if the call sets tags."""
    made = tuple(map(exact, _list_keys(call))) or (fold(call.arn("kms", "key/"), "*"),)
    return (mapped("kms:CreateKey", (NO_RESOURCE,)), *tag_new(call, "kms:TagResource", made))


def _map_replicate_key(call: Call) -> tuple[MappedAction, ...]:
    """ReplicateKey on the primary key, kms:CreateKey in the replica's Region, and kms:TagResource for tags.

    Source: https://docs.aws.amazon.com/kms/latest/APIReference/API_ReplicateKey.html
    """
    replica = fold(f"arn:{call.partition}:kms:{call.text('replicaRegion')}:{call.account}:key/mrk-", "*")
    primary = _match_key(call, "keyId", _list_keys(call))
    return (
        mapped("kms:ReplicateKey", (exact(primary),) if primary else ()),
        mapped("kms:CreateKey", (NO_RESOURCE,), how=REPLICA_KEY),
        *tag_new(call, "kms:TagResource", (replica,)),
    )


def _map_key_store(call: Call) -> tuple[MappedAction, ...]:
    """A custom key store on CloudHSM needs to describe the cluster.

    CloudTrail calls the cluster `clusterId`, the API `cloudHsmClusterId`.
    Sources: https://docs.aws.amazon.com/kms/latest/developerguide/authorize-key-store.html and
    https://docs.aws.amazon.com/kms/latest/developerguide/ct-create-keystore.html
    """
    own = mapped(f"kms:{call.operation}", (NO_RESOURCE,))
    if not (call.has("cloudHsmClusterId") or call.has("clusterId")):
        return (own,)
    return (own, mapped("cloudhsm:DescribeClusters", (NO_RESOURCE,), how=CLOUDHSM_KEY_STORE))


def _complete_data(call: Call, actions: tuple[MappedAction, ...]) -> tuple[MappedAction, ...]:
    """The actions, with the resource whose data the call is for.

    Source: https://docs.aws.amazon.com/kms/latest/developerguide/encrypt_context.html
    """
    keys, tables = call.catalog.facts(data_keys), call.arn("dynamodb", "table/")
    context = context_of_data(keys, lambda key: call.text("encryptionContext", key), tables)
    return tuple(replace(action, context=context) for action in actions)


# ---------------------------------------------------------------- Secrets Manager

# Secrets by name, or by an ARN with or without its random suffix, and the actions that creating one needs.
# https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_iam-permissions.html and the permissions that
# https://docs.aws.amazon.com/secretsmanager/latest/apireference/ states for each operation.

_SECRETS_MANAGER = "secretsmanager.amazonaws.com"

_SUFFIX = re.compile(r"-[A-Za-z0-9]{6}$")
_ANY_SUFFIX = "-??????"


def _read_secrets(call: Call) -> Iterator[Resource]:
    """The secret that a call names. The ARN in the response is preferred, because a name lacks the suffix."""
    answered = [arn for arn in (*call.shown("arn"), *call.shown("aRN")) if is_arn_of(arn, "secretsmanager")]
    named = call.texts("secretId") or call.texts("name")
    return map(exact, answered) if answered else (_secret(call, name) for name in named)


def _secret(call: Call, name: str) -> Resource:
    """The secret with this name or ARN. Without the six-character suffix, a pattern for any suffix.

    Source: https://docs.aws.amazon.com/secretsmanager/latest/userguide/troubleshoot.html (partial ARNs)
    """
    if is_arn_of(name, "secretsmanager"):
        return exact(name) if _SUFFIX.search(name) else fold(name, _ANY_SUFFIX)
    return fold(call.arn("secretsmanager", f"secret:{name}"), _ANY_SUFFIX)


def _map_create_secret(call: Call) -> tuple[MappedAction, ...]:
    """CreateSecret, with the actions for its tags and replicas.

    The suffix in the response isn't used: the request doesn't have it, and every new secret gets another one.
    Source: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
    """
    secret = tuple(_secret(call, name) for name in call.texts("name")) or tuple(_read_secrets(call))
    own = (mapped("secretsmanager:CreateSecret", secret), *tag_new(call, "secretsmanager:TagResource", secret))
    if not call.has("addReplicaRegions"):
        return own
    return (*own, mapped("secretsmanager:ReplicateSecretToRegions", secret, how=SECRET_REPLICA))


def _map_rotate_secret(call: Call) -> tuple[MappedAction, ...]:
    """RotateSecret, with lambda:InvokeFunction on the rotation function and iam:PassRole on the role of the request.

    Source: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RotateSecret.html
    """
    own = mapped("secretsmanager:RotateSecret", _read_secrets(call))
    functions = read_arns(call, "lambda", "rotationLambdaARN")
    invoke = (mapped("lambda:InvokeFunction", functions, how=SECRET_ROTATION),) if functions else ()
    return (own, *invoke, *passed_roles(call, call.texts("externalSecretRotationRoleArn"), _SECRETS_MANAGER))


def _map_batch(call: Call) -> tuple[MappedAction, ...]:
    """BatchGetSecretValue reads each secret in the list, or lists secrets if it has filters.

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
    """ValidateResourcePolicy also needs the action that puts the policy. It can be called without a secret.

    Source: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ValidateResourcePolicy.html
    """
    secret = tuple(_read_secrets(call))
    return (
        mapped("secretsmanager:ValidateResourcePolicy", secret),
        mapped("secretsmanager:PutResourcePolicy", secret, how=SECRET_POLICY_CHECK),
    )


RULES: RuleTable = {
    (_KMS, "CreateGrant"): _map_create_grant,
    (_KMS, "ReEncrypt"): _map_reencrypt,
    (_KMS, "CreateKey"): _map_create_key,
    (_KMS, "ReplicateKey"): _map_replicate_key,
    (_KMS, "CreateCustomKeyStore"): _map_key_store,
    (_KMS, "UpdateCustomKeyStore"): _map_key_store,
    (_SECRETS_MANAGER, "CreateSecret"): _map_create_secret,
    (_SECRETS_MANAGER, "RotateSecret"): _map_rotate_secret,
    (_SECRETS_MANAGER, "BatchGetSecretValue"): _map_batch,
    (_SECRETS_MANAGER, "ValidateResourcePolicy"): _map_validate_policy,
}

COMPLETIONS: CompletionTable = {(_KMS, name): _complete_data for name in CALLS}

READERS: ReaderTable = {
    _KMS: {"key": ReaderType(_read_keys), "alias": ReaderType(_read_aliases)},
    _SECRETS_MANAGER: {"secret": ReaderType(_read_secrets)},
}
