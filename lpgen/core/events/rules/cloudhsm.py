"""CloudHSM: tagging calls name clusters and backups by ids that say which of the two they are.

https://docs.aws.amazon.com/cloudhsm/latest/APIReference/API_TagResource.html
"""

from __future__ import annotations

from collections.abc import Iterator

from lpgen.core.events.rules.call import Call, RuleTable
from lpgen.core.events.rules.declared import NamedType, ResourceType, declared_rules
from lpgen.core.events.rules.listed import ReaderType, exact, is_arn_of
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

_LINES = """
CopyBackupToRegion backup #TagResource:+backup
ListTags           tagged
TagResource        tagged
UntagResource      tagged
"""


def _has_tags(call: Call) -> bool:
    return call.has("tagList")


RULES: RuleTable = declared_rules("cloudhsm.amazonaws.com", "cloudhsm", _TYPES, _LINES, has_tags=_has_tags)
