"""Fetches the trails that record one account, with what they select and whether they log."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from lpgen.edge.aws_session import AwsSession, aws_errors, page_contents
from lpgen.errors import AwsError, quote_input


@dataclass(slots=True)
class FetchedTrails:
    """Trails by ARN: settings, event selectors and status, as the AWS CLI prints them; and why others are missing."""

    found: dict[str, tuple[dict[str, Any], ...]] = field(default_factory=dict)
    failed: dict[str, AwsError] = field(default_factory=dict)


def fetch_trails(session: AwsSession) -> FetchedTrails:
    """The trails of all Regions that the account sees, the organization's among them.

    https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_ListTrails.html

    Raises:
        AwsError: they can't be listed.
    """
    trails = FetchedTrails()
    with aws_errors("list the trails"):
        pages = session.client("cloudtrail").get_paginator("list_trails").paginate()
        listed = {one["TrailARN"]: one["HomeRegion"] for page in pages for one in page.get("Trails", ())}
    for arn, region in sorted(listed.items()):
        try:
            trails.found[arn] = _fetch(session.client("cloudtrail", region), arn)
        except AwsError as error:
            trails.failed[arn] = error
    return trails


def _fetch(client: Any, arn: str) -> tuple[dict[str, Any], ...]:
    """The answers about a trail. All three are needed: without its status it would count as logging."""
    with aws_errors(f"read the trail {quote_input(arn)}"):
        return (
            page_contents(client.get_trail(Name=arn)),
            page_contents(client.get_event_selectors(TrailName=arn)),
            page_contents(client.get_trail_status(Name=arn)),
        )
