"""Which uses make or delete the very resource that they name, by the names of actions and resource types."""

from __future__ import annotations

import re
from typing import Final

from lpgen.core.arns import split_arn
from lpgen.core.evidence import Use
from lpgen.core.model import Action, Outcome, ResourceKind

_DELETES: Final = ("Cancel", "Delete", "Deregister", "Release", "Terminate")
_CREATES: Final = ("Create", "Run", "Register", "Request", "Allocate", "Import", "Start")
_NAMED: Final = (ResourceKind.ARN, ResourceKind.FOLD)


def is_creation_of(use: Use) -> bool:
    """Whether a use makes the resource that it names."""
    is_named = use.outcome is not Outcome.DENIED and use.resource.kind in _NAMED
    return is_named and _is_of_the_noun(use.action, _CREATES, use.resource.text)


def is_deletion_of(use: Use) -> bool:
    """Whether a use deleted the resource that it names. A dry run didn't, and neither did one that failed."""
    is_done = use.outcome is Outcome.ALLOWED and not use.error_code and use.resource.kind is ResourceKind.ARN
    return is_done and _is_of_the_noun(use.action, _DELETES, use.resource.text)


def _is_of_the_noun(action: Action, verbs: tuple[str, ...], arn: str) -> bool:
    """Whether an action does what one of the verbs says to the resource that it is granted on.

    `DeleteVolume` deletes a `volume/…`, but `DeleteTags` deletes no subnet, and `CreateGrant` makes no key. An ARN that
    shows no type is taken to be of the action's noun.
    """
    name = action.partition(":")[2]
    verb = next((one for one in verbs if name.startswith(one)), "")
    kind, *rest = re.split("[/:]", split_arn(arn).name)
    noun, kind = _plain_noun(name.removeprefix(verb)), _plain_noun(kind) if rest else ""
    return bool(verb) and (noun.endswith(kind) or kind.endswith(noun))


def _plain_noun(text: str) -> str:
    """A noun of an action or a resource type in one spelling; an address is an elastic IP."""
    plain = "".join(filter(str.isalnum, text.lower())).removesuffix("s")
    return "elasticip" if plain == "addres" else plain
