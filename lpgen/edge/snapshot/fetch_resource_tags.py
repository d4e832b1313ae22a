"""Fetches the tags of an account's resources, as far as their services report them to one API.

https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from lpgen.core.snapshots import Subject
from lpgen.edge.aws_session import AwsSession, Caller, aws_errors, page_contents
from lpgen.edge.snapshot.gap_list import GapList

_WORKERS: Final = 8
_PAGE_SIZE: Final = 100  # the most that the API allows


def fetch_resource_tags(
    session: AwsSession, caller: Caller, regions: Iterable[str], gaps: GapList
) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The pages of the tagged resources of some Regions; those that never had a tag aren't among them."""

    def fetch(region: str) -> tuple[str, list[dict[str, Any]]]:
        with gaps.catch(caller.account, Subject.RESOURCE_TAGS, where=region):
            client = session.known_client("resourcegroupstaggingapi", region, caller.partition)
            with aws_errors("read the tags of resources"):
                pages = client.get_paginator("get_resources").paginate(ResourcesPerPage=_PAGE_SIZE)
                return region, list(map(page_contents, pages))
        return region, []

    with ThreadPoolExecutor(_WORKERS) as pool:
        yield from pool.map(fetch, regions)
