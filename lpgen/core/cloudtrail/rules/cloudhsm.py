"""CloudHSM: tagging calls name clusters and backups by ids that say which of the two they are.

https://docs.aws.amazon.com/cloudhsm/latest/APIReference/API_TagResource.html
"""

from __future__ import annotations

from collections.abc import Iterator

from lpgen.core.cloudtrail.rules.call import Call
from lpgen.core.cloudtrail.rules.listed import ReaderType, exact, is_arn_of
from lpgen.core.cloudtrail.rules.types import NamedType, ReaderTable, ResourceType
from lpgen.core.model import Resource

_KINDS = {"cluster-": "cluster", "backup-": "backup"}


def _read_tagged(call: Call) -> Iterator[Resource]:
    """The cluster or backup that a tagging call names by id or ARN."""
    for name in call.texts("resourceId"):
        if is_arn_of(name, "cloudhsm"):
            yield exact(name)
        for start, kind in _KINDS.items():
            if name.startswith(start):
                yield exact(call.arn("cloudhsm", f"{kind}/{name}"))


_TYPES: dict[str, ResourceType] = {
    "backup": NamedType("cloudhsm", "backup/{}", "backupId"),
    "tagged": ReaderType(_read_tagged),
}


READERS: ReaderTable = {"cloudhsm.amazonaws.com": _TYPES}
