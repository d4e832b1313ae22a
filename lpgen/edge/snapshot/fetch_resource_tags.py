"""Fetches the tags of an account's resources, as far as their services report them to one API.

https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

from lpgen.edge.aws_session import AwsSession, Caller, aws_errors, page_contents
from lpgen.errors import AwsError

_WORKERS: Final = 8
_PAGE_SIZE: Final = 100  # the most that the API allows


@dataclass(frozen=True, slots=True)
class FetchedTags:
    """The pages of a Region's tagged resources, or why there are none."""

    region: str
    pages: tuple[dict[str, Any], ...] = ()
    error: AwsError | None = None


def fetch_resource_tags(session: AwsSession, caller: Caller, regions: Iterable[str]) -> Iterator[FetchedTags]:
    """The tagged resources of some Regions; those that never had a tag aren't among them."""

    def fetch(region: str) -> FetchedTags:
        try:
            client = session.known_client("resourcegroupstaggingapi", region, caller.partition)
            with aws_errors("read the tags of resources"):
                pages = client.get_paginator("get_resources").paginate(ResourcesPerPage=_PAGE_SIZE)
                return FetchedTags(region, tuple(map(page_contents, pages)))
        except AwsError as error:
            return FetchedTags(region, error=error)

    with ThreadPoolExecutor(_WORKERS) as pool:
        yield from pool.map(fetch, regions)
