"""Service last accessed, as IAM reports it of a principal: when each service that its policies allow was last tried.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetServiceLastAccessedDetails.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

SERVICES: Final = sorted(
    path.stem for path in (Path(__file__).parents[2] / "action_catalog" / "services").glob("*.json")
)
"""The prefixes of all services in the service authorization reference."""


def last_accessed_report(
    arn: str, services: Iterable[str], tried: Mapping[str, datetime], made: datetime
) -> dict[str, Any]:
    """The report that was completed at a moment. Denied tries count, and those that no log shows."""
    return {
        "JobStatus": "COMPLETED",
        "JobType": "SERVICE_LEVEL",
        "JobCreationDate": _text(made),
        "JobCompletionDate": _text(made),
        "ServicesLastAccessed": [_service(arn, one, tried.get(one)) for one in sorted({*services, *tried})],
        "IsTruncated": False,
    }


def _service(arn: str, service: str, last: datetime | None) -> dict[str, Any]:
    entry = {"ServiceName": service, "ServiceNamespace": service, "TotalAuthenticatedEntities": int(last is not None)}
    return entry | ({"LastAuthenticated": _text(last), "LastAuthenticatedEntity": arn} if last else {})


def _text(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
