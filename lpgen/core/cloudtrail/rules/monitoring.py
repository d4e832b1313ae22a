"""CloudTrail: what a query reads, tags on create and the roles passed.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudtrail.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from lpgen.core.cloudtrail.rules.call import Call
from lpgen.core.cloudtrail.rules.types import ReaderTable, resource_from_arn
from lpgen.core.model import Resource

_QUERIED = re.compile(r"\b(?:FROM|JOIN)\s{1,4}([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\b", re.I)


@dataclass(frozen=True, slots=True)
class _QueriedStoreType:
    """The event data stores that a query reads, which it names by id.

    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/query-create-edit-query.html
    """

    def read(self, call: Call, _paths: str) -> tuple[Resource, ...]:
        """The stores whose ids follow FROM and JOIN, in the account that the request names as their owner."""
        owner = call.text("eventDataStoreOwnerAccountId") or call.account
        return tuple(self._resource(call, owner, name) for name in _QUERIED.findall(call.text("queryStatement")))

    def pattern(self, call: Call) -> Resource:
        """The pattern of all stores of the account."""
        return self._resource(call, call.account, "*")

    def _resource(self, call: Call, owner: str, name: str) -> Resource:
        place = f"arn:{call.partition}:cloudtrail:{call.region}:{owner}"
        return resource_from_arn(f"{place}:eventdatastore/{name.lower()}")


READERS: ReaderTable = {"cloudtrail.amazonaws.com": {"queried": _QueriedStoreType()}}
