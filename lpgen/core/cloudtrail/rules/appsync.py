"""AppSync calls on merged APIs: both APIs of an association authorize it.

Sources: https://docs.aws.amazon.com/appsync/latest/devguide/merged-api.html and
https://docs.aws.amazon.com/service-authorization/latest/reference/list_appsync.html (operations)
"""

from __future__ import annotations

from typing import Final

from lpgen.core.cloudtrail.rules.call import Call, RuleTable
from lpgen.core.cloudtrail.rules.inferences import MERGED_API
from lpgen.core.cloudtrail.rules.types import NamedType, mapped
from lpgen.core.model import MappedAction

_SOURCE: Final = "appsync.amazonaws.com"

_API: Final = NamedType("appsync", "apis/{}", "apiId")


def _map_associate(call: Call) -> tuple[MappedAction, ...]:
    """An association, whichever side asks for it: the merged API takes a source, which joins it."""
    actions = {
        "AssociateSourceGraphqlApi": "mergedApiIdentifier",
        "AssociateMergedGraphqlApi": "sourceApiIdentifier",
    }
    named = {name: _API.read(call, parameter) or (_API.pattern(call),) for name, parameter in actions.items()}
    own = mapped(f"appsync:{call.operation}", named.pop(call.operation))
    return (own, *(mapped(f"appsync:{name}", apis, how=MERGED_API) for name, apis in named.items()))


RULES: RuleTable = {
    (_SOURCE, "AssociateMergedGraphqlApi"): _map_associate,
    (_SOURCE, "AssociateSourceGraphqlApi"): _map_associate,
}
