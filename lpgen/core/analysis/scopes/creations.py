"""Which uses make or delete the very resource that they name, by the names of actions and resource types."""

from __future__ import annotations

import re
from typing import Final

from lpgen.core.arns import split_arn
from lpgen.core.evidence import Use
from lpgen.core.model import Action, ResourceKind

_DELETES: Final = ("Cancel", "Delete", "Deregister", "Release", "Terminate")
_CREATES: Final = ("Create", "Run", "Register", "Request", "Allocate", "Import", "Start")
_NAMED: Final = (ResourceKind.ARN, ResourceKind.FOLD)
_UNTYPED: Final = {"s3": "bucket", "sns": "topic", "sqs": "queue"}
"""What an ARN without a type is of in these services."""


def is_creation_of(use: Use) -> bool:
    """Whether a use makes the resource that it names; one that failed makes none."""
    return use.is_done and use.resource.kind in _NAMED and may_create(use.action, use.resource.text)


def may_create(action: Action, arn: str) -> bool:
    """Whether an action makes a resource of this ARN's type."""
    return _is_of_the_noun(action, _CREATES, arn)


def is_deletion_of(use: Use) -> bool:
    """Whether a use deleted the resource that it names. A dry run didn't, and neither did one that failed."""
    return (
        use.is_done
        and use.resource.kind is ResourceKind.ARN
        and _is_of_the_noun(use.action, _DELETES, use.resource.text)
    )


def _is_of_the_noun(action: Action, verbs: tuple[str, ...], arn: str) -> bool:
    """Whether an action does what one of the verbs says to the resource that it is granted on.

    `DeleteVolume` deletes a `volume/…`, but `DeleteTags` deletes no subnet, and `CreateGrant` makes no key.
    """
    name = action.partition(":")[2]
    verb = next((one for one in verbs if name.startswith(one)), "")
    fields = split_arn(arn)
    kind, *rest = re.split("[/:]", fields.name)
    kind = _UNTYPED.get(fields.service) or (kind if rest else "")
    noun, kind = _plain_noun(name.removeprefix(verb)), _plain_noun(kind)
    return bool(verb and noun and kind) and (noun.endswith(kind) or kind.endswith(noun))


def _plain_noun(text: str) -> str:
    """A noun of an action or a resource type in one spelling; an address is an elastic IP."""
    plain = "".join(filter(str.isalnum, text.lower())).removesuffix("s")
    return "elasticip" if plain == "addres" else plain
