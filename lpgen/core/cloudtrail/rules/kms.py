"""KMS calls: keys by id, ARN or alias; ReEncrypt's two keys; alias operations on alias and key.

Source: https://docs.aws.amazon.com/kms/latest/developerguide/kms-api-permissions-reference.html. An action on a key is
authorized on the key's ARN, never on its alias, so an alias without a listed key leaves the resource unknown.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from lpgen.core.arns import split_arn
from lpgen.core.cloudtrail.key_grants import context_from_grant
from lpgen.core.cloudtrail.protected_data import CALLS, context_of_data, data_keys
from lpgen.core.cloudtrail.rules.call import Call, CompletionTable, RuleTable
from lpgen.core.cloudtrail.rules.inferences import CLOUDHSM_KEY_STORE, REPLICA_KEY, TAG_ON_CREATE
from lpgen.core.cloudtrail.rules.listed import ReaderType, exact, first_text, fold, is_arn_of, listed_arns
from lpgen.core.cloudtrail.rules.types import ReaderTable, mapped
from lpgen.core.model import NO_RESOURCE, MappedAction, Resource

_SOURCE = "kms.amazonaws.com"


def _read_keys(call: Call) -> Iterator[Resource]:
    """The keys that the record lists, else those that the request names by id or ARN."""
    listed = _list_keys(call)
    named = (_key_arn(call, first_text(call, name)) for name in ("keyId", "targetKeyId"))
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
    """The ARN of the key with this id or ARN; "" for an alias, whose key the request doesn't show."""
    if key.startswith("arn:"):
        return key if is_arn_of(key, "kms") and ":key/" in key else ""
    return "" if not key or key.startswith("alias/") else call.arn("kms", f"key/{key}")


def _map_create_grant(call: Call) -> tuple[MappedAction, ...]:
    """CreateGrant on the key, with the grantee and the operations; a call that failed grants nothing.

    Source: https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateGrant.html
    """
    own = mapped("kms:CreateGrant", _read_keys(call))
    if call.record.errorCode:
        return (own,)
    grantee, retiring = call.text("granteePrincipal"), call.text("retiringPrincipal")
    return (replace(own, context=context_from_grant(grantee, call.texts("operations"), retiring)),)


def _map_reencrypt(call: Call) -> tuple[MappedAction, ...]:
    """ReEncrypt: from the source key, which the ciphertext names, to the destination key.

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
        mapped("kms:ReEncryptFrom", (exact(arn) for arn in (source,) if arn)),
        mapped("kms:ReEncryptTo", (exact(arn) for arn in (target,) if arn)),
    )


def _match_key(call: Call, parameter: str, listed: tuple[str, ...]) -> str:
    """The listed key that a parameter names, else the parameter's own ARN; "" for an alias that nothing resolves."""
    arn = _key_arn(call, call.text(parameter))
    key = arn.rpartition("/")[2]
    return next((found for found in listed if key and found.endswith(f"/{key}")), arn)


def _map_create_key(call: Call) -> tuple[MappedAction, ...]:
    """CreateKey, and kms:TagResource on the new key where the call sets tags."""
    tags = (mapped("kms:TagResource", _read_new_key(call), how=TAG_ON_CREATE),) if call.has("tags") else ()
    return (mapped("kms:CreateKey", (NO_RESOURCE,)), *tags)


def _read_new_key(call: Call) -> Iterator[Resource]:
    yield from map(exact, _list_keys(call)) if _list_keys(call) else (fold(call.arn("kms", "key/"), "*"),)


def _map_replicate_key(call: Call) -> tuple[MappedAction, ...]:
    """ReplicateKey on the primary key, kms:CreateKey in the replica's Region, and kms:TagResource for tags.

    Source: https://docs.aws.amazon.com/kms/latest/APIReference/API_ReplicateKey.html
    """
    replica = fold(f"arn:{call.partition}:kms:{call.text('replicaRegion')}:{call.account}:key/mrk-", "*")
    tags = (mapped("kms:TagResource", (replica,), how=TAG_ON_CREATE),) if call.has("tags") else ()
    primary = tuple(_read_primary(call))
    return (
        mapped("kms:ReplicateKey", primary),
        mapped("kms:CreateKey", (NO_RESOURCE,), how=REPLICA_KEY),
        *tags,
    )


def _read_primary(call: Call) -> Iterator[Resource]:
    arn = _match_key(call, "keyId", _list_keys(call))
    return map(exact, (arn,) if arn else ())


def _map_key_store(call: Call) -> tuple[MappedAction, ...]:
    """A custom key store on CloudHSM needs to look the cluster up.

    CloudTrail calls the cluster `clusterId`, the API `cloudHsmClusterId`.
    Sources: https://docs.aws.amazon.com/kms/latest/developerguide/authorize-key-store.html and
    https://docs.aws.amazon.com/kms/latest/developerguide/ct-create-keystore.html
    """
    own = mapped(f"kms:{call.operation}", (NO_RESOURCE,))
    if not (call.has("cloudHsmClusterId") or call.has("clusterId")):
        return (own,)
    return (own, mapped("cloudhsm:DescribeClusters", (NO_RESOURCE,), how=CLOUDHSM_KEY_STORE))


def _complete_data(call: Call, actions: tuple[MappedAction, ...]) -> tuple[MappedAction, ...]:
    """The actions, with the resource whose data the call is made for.

    Source: https://docs.aws.amazon.com/kms/latest/developerguide/encrypt_context.html
    """
    keys, tables = call.catalog.facts(data_keys), call.arn("dynamodb", "table/")
    context = context_of_data(keys, lambda key: call.text("encryptionContext", key), tables)
    return tuple(replace(one, context=context) for one in actions)


RULES: RuleTable = {
    (_SOURCE, "CreateGrant"): _map_create_grant,
    (_SOURCE, "ReEncrypt"): _map_reencrypt,
    (_SOURCE, "CreateKey"): _map_create_key,
    (_SOURCE, "ReplicateKey"): _map_replicate_key,
    (_SOURCE, "CreateCustomKeyStore"): _map_key_store,
    (_SOURCE, "UpdateCustomKeyStore"): _map_key_store,
}

COMPLETIONS: CompletionTable = {(_SOURCE, name): _complete_data for name in CALLS}

READERS: ReaderTable = {_SOURCE: {"key": ReaderType(_read_keys), "alias": ReaderType(_read_aliases)}}
