"""What calls are checked on though their records don't name it: it stays where the old policies grant it.

Whether such a call needed it can't be told from the record, so it is neither use nor missing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from lpgen.core.arns import split_arn
from lpgen.core.grounds import Use
from lpgen.core.model import Action, Outcome, Resource, ResourceKind

_READ: Final = (ResourceKind.ARN, ResourceKind.FOLD)
_START_SESSION: Final = Action("ssm:StartSession")
_CREATE_CHANGE_SET: Final = Action("cloudformation:CreateChangeSet")
_WITH_TEMPLATE: Final = frozenset({_CREATE_CHANGE_SET, "cloudformation:CreateStack", "cloudformation:UpdateStack"})


@dataclass(frozen=True, slots=True, order=True)
class UnnamedResource:
    """An action that a call may need on a resource that its record doesn't name, and why."""

    action: Action
    resource: Resource
    why: str


def unnamed_resources(account: str, uses: Iterable[Use]) -> tuple[UnnamedResource, ...]:
    """What the uses of a principal of this account may have needed unnamed, sorted."""
    counted = [use for use in uses if use.outcome is not Outcome.DENIED and use.resource.kind in _READ]
    return tuple(sorted({*_session_documents(account, counted), *_transforms(account, counted)}))


def _session_documents(account: str, uses: Iterable[Use]) -> Iterable[UnnamedResource]:
    """The default session document, which a session takes that names none: each record shows a node, and a document
    where the request names one.

    https://docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-default-session-document.html
    """
    unnamed: Counter[tuple[str, str]] = Counter()
    for use in uses:
        if use.action == _START_SESSION:
            fields = split_arn(use.resource.text)
            is_document = fields.name.startswith("document/")
            unnamed[fields.partition, fields.region] += -use.evidence.records if is_document else use.evidence.records
    why = "a session that names no document is checked on the default one, which its record doesn't show"
    for (partition, region), records in unnamed.items():
        if records > 0:
            document = f"arn:{partition}:ssm:{region}:{account}:document/SSM-SessionManagerRunShell"
            yield UnnamedResource(_START_SESSION, Resource(ResourceKind.ARN, document), why)


def _transforms(account: str, uses: Iterable[Use]) -> Iterable[UnnamedResource]:
    """The transforms of a template, AWS's as well as the account's own, each of which a change set is created for.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-iam-template.html
    """
    why = "a template's transforms need it too, and records don't show which it has"
    for use in uses:
        if use.action in _WITH_TEMPLATE:
            fields = split_arn(use.resource.text)
            for owner in ("aws", account):
                transforms = f"arn:{fields.partition}:cloudformation:{fields.region}:{owner}:transform/*"
                yield UnnamedResource(_CREATE_CHANGE_SET, Resource(ResourceKind.FOLD, transforms), why)
