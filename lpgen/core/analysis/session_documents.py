"""The document of sessions that name none: what StartSession is checked against, though its record doesn't show it.

A session that is started without a document takes the default one, which the caller has to be allowed.
https://docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-default-session-document.html
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

from lpgen.core.arns import split_arn
from lpgen.core.grounds import Use
from lpgen.core.model import Action, Outcome, ResourceKind

START_SESSION: Final = Action("ssm:StartSession")
SESSION_WITHOUT_DOCUMENT: Final = (
    "a session that names no document is checked against the default one, which its record doesn't show"
)
_READ: Final = (ResourceKind.ARN, ResourceKind.FOLD)
_DEFAULT: Final = "document/SSM-SessionManagerRunShell"


def default_documents(account: str, uses: Iterable[Use]) -> tuple[str, ...]:
    """The default session documents of the Regions in which sessions were started that named no document.

    Each record shows a node, and a document where the request names one.
    """
    unnamed: Counter[tuple[str, str]] = Counter()
    for use in uses:
        if use.action == START_SESSION and use.outcome is not Outcome.DENIED and use.resource.kind in _READ:
            fields = split_arn(use.resource.text)
            is_document = fields.name.startswith("document/")
            unnamed[fields.partition, fields.region] += -use.evidence.records if is_document else use.evidence.records
    places = sorted(place for place, records in unnamed.items() if records > 0)
    return tuple(f"arn:{partition}:ssm:{region}:{account}:{_DEFAULT}" for partition, region in places)
