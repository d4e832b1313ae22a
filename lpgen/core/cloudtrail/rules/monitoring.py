"""CloudTrail: what a query reads.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudtrail.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lpgen.core.cloudtrail.rules.call import Call
from lpgen.core.cloudtrail.rules.listed import ReaderType
from lpgen.core.cloudtrail.rules.types import ReaderTable, resource_from_arn
from lpgen.core.model import Resource

_QUERIED = re.compile(r"\b(?:FROM|JOIN)\s{1,4}([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\b", re.I)


def _read_queried(call: Call) -> Iterator[Resource]:
    """The event data stores whose ids follow FROM and JOIN in a query, of the account that the request names as owner.

    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/query-create-edit-query.html
    """
    owner = call.text("eventDataStoreOwnerAccountId") or call.account
    place = f"arn:{call.partition}:cloudtrail:{call.region}:{owner}"
    for name in _QUERIED.findall(call.text("queryStatement")):
        yield resource_from_arn(f"{place}:eventdatastore/{name.lower()}")


READERS: ReaderTable = {
    "cloudtrail.amazonaws.com": {"queried": ReaderType(_read_queried, "cloudtrail", "eventdatastore/*")}
}
