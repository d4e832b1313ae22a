"""Fetches the policies and tags of an account's resources, and finds buckets with versions of objects,
and those whose tags control access.

Resources with policies are buckets, keys, queues, topics, secrets, functions, tables and repositories. For a function,
only its own policy is read, not the policies of its versions and aliases.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from lpgen.core.catalog.catalog_table import CatalogSource, read_catalog_table
from lpgen.core.snapshots import Subject
from lpgen.edge.aws_session import AwsSession, CallerIdentity, aws_errors, page_contents
from lpgen.edge.catalog.files import bundled_catalog
from lpgen.edge.snapshot.gap_list import GapList
from lpgen.errors import AwsError, quote_input

_WORKERS: Final = 8

_Resource = Mapping[str, Any]
"""A resource as its service lists it."""


class _Service(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How to list one service's resources, and how to get a resource's policy.

    The answers of `listing` have the resources in `items`, by the field `name`, or as plain names. With a field
    `region`, any Region lists the resources of all Regions. The answer of `asking`, or its `part`, has the `policy`. In
    the texts of its `arguments`, `{Name}` is a field of the resource. In the `arn` it may also be a field of the
    answer. Errors with a code in `no_policy` mean that there is no policy or no longer a resource. Both calls need
    `actions`.
    """

    words: str
    listing: str
    items: str
    name: str
    asking: str
    arguments: dict[str, str | list[str]]
    policy: str
    arn: str
    no_policy: frozenset[str]
    actions: tuple[str, ...]
    source: tuple[str, ...]
    part: str = ""
    region: str = ""
    page_size: int = 0

    def resources(self, client: Any) -> Iterator[_Resource]:
        """The resources. S3 names the Regions of buckets only in pages."""
        size = {"PaginationConfig": {"PageSize": self.page_size}} if self.page_size else {}
        for page in client.get_paginator(self.listing).paginate(**size):
            for item in page.get(self.items, ()):
                yield item if isinstance(item, dict) else {self.name: item}

    def arn_and_policy(self, client: Any, resource: _Resource, caller: CallerIdentity) -> tuple[str, str | None]:
        """A resource's ARN, and its policy as JSON or None."""
        place = {"partition": caller.partition, "account": caller.account, "region": client.meta.region_name}
        known = {**resource, **place}
        answer = getattr(client, self.asking)(**fill_texts(self.arguments, known))
        answer = answer[self.part] if self.part else answer
        return self.arn.format_map({**answer, **known}), answer.get(self.policy)


def fill_texts(value: Any, known: Mapping[str, Any]) -> Any:
    """The arguments of a call, with known texts in place of their names in braces."""
    if isinstance(value, dict):
        return {name: fill_texts(part, known) for name, part in value.items()}
    if isinstance(value, list):
        return [fill_texts(part, known) for part in value]
    return value.format_map(known) if isinstance(value, str) else value


def _resource_services(source: CatalogSource) -> dict[str, _Service]:
    """The services with resource policies, by their names in the SDK."""
    return read_catalog_table(source, "resource_policies", dict[str, _Service])


@dataclass(frozen=True, slots=True)
class FetchedPolicy:
    """The policy of one resource, as JSON."""

    service: str
    resource: str
    policy: str


def fetch_resource_policies(
    session: AwsSession, caller: CallerIdentity, regions: Iterable[str], gaps: GapList
) -> Iterator[FetchedPolicy]:
    """The policies of the account's resources in some Regions. Resources without a policy are omitted."""
    wanted = tuple(regions)
    places = [
        (name, service, region)
        for name, service in bundled_catalog().facts(_resource_services).items()
        for region in ((session.region,) if service.region else wanted)
    ]
    fetch = _Fetch(session, caller, wanted, gaps)
    with ThreadPoolExecutor(_WORKERS) as pool:
        for found in pool.map(lambda place: tuple(fetch.all_of(*place)), places):
            yield from found


@dataclass(frozen=True, slots=True)
class _Fetch:
    session: AwsSession
    caller: CallerIdentity
    regions: tuple[str, ...]
    gaps: GapList

    def all_of(self, name: str, service: _Service, region: str) -> Iterator[FetchedPolicy]:
        """The policies of a service's resources in a Region."""
        resources: list[_Resource] = []
        where = "" if service.region else region
        with self.gaps.catch(self.caller.account, Subject.RESOURCE_POLICIES, what=name, where=where):
            client = self.session.known_client(name, region, self.caller.partition)
            with aws_errors(f"list the {service.words}"):
                resources = list(service.resources(client))
        for resource in resources:
            home = resource.get(service.region, "")
            if not home or home in self.regions:
                yield from self._policy(name, service, resource, home or region)

    def _policy(self, service: str, how: _Service, resource: _Resource, region: str) -> Iterator[FetchedPolicy]:
        name = resource[how.name]
        try:
            client = self.session.client(service, region)
            with aws_errors(f"read the policy of {quote_input(name)}"):
                arn, policy = how.arn_and_policy(client, resource, self.caller)
        except AwsError as error:
            if error.code not in how.no_policy:
                self.gaps.add(self.caller.account, Subject.RESOURCE_POLICIES, error, what=service, where=name)
            return
        if policy:
            yield FetchedPolicy(service, arn, policy)


# ---------------------------------------------------------------- tags


_TAGS_PAGE_SIZE: Final = 100  # the most that the API allows


def fetch_resource_tags(
    session: AwsSession, caller: CallerIdentity, regions: Iterable[str], gaps: GapList
) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The pages of tagged resources in some Regions, if their services report tags to the tagging API.

    Resources that never had a tag are omitted.
    https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html
    """

    def fetch(region: str) -> tuple[str, list[dict[str, Any]]]:
        with gaps.catch(caller.account, Subject.RESOURCE_TAGS, where=region):
            client = session.known_client("resourcegroupstaggingapi", region, caller.partition)
            with aws_errors("read the tags of resources"):
                pages = client.get_paginator("get_resources").paginate(ResourcesPerPage=_TAGS_PAGE_SIZE)
                return region, list(map(page_contents, pages))
        return region, []

    with ThreadPoolExecutor(_WORKERS) as pool:
        yield from pool.map(fetch, regions)


# ---------------------------------------------------------------- settings of buckets


def fetch_versioned_buckets(
    session: AwsSession, caller: CallerIdentity, regions: Iterable[str], gaps: GapList
) -> list[str]:
    """The ARNs of the buckets in some or all Regions that have or had versioning, sorted.

    A bucket whose versioning is suspended keeps its versions.
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketVersioning.html
    """
    question = BucketQuestion(Subject.VERSIONED_BUCKETS, "versioning", "get_bucket_versioning", "Status")
    return [f"arn:{caller.partition}:s3:::{name}" for name, _ in ask_buckets(session, caller, regions, gaps, question)]


def fetch_abac_buckets(session: AwsSession, caller: CallerIdentity, regions: Iterable[str], gaps: GapList) -> list[str]:
    """The ARNs of the buckets in some or all Regions whose tags control access, sorted.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketAbac.html
    """
    words = "attribute-based access control"
    question = BucketQuestion(Subject.ABAC_BUCKETS, words, "get_bucket_abac", "AbacStatus")
    found = ask_buckets(session, caller, regions, gaps, question)
    return [f"arn:{caller.partition}:s3:::{name}" for name, answer in found if answer.get("Status") == "Enabled"]


@dataclass(frozen=True, slots=True)
class BucketQuestion:
    """A setting of buckets: what it is called, and the operation whose answer has it as `field`."""

    subject: Subject
    words: str
    operation: str
    field: str


def ask_buckets(
    session: AwsSession, caller: CallerIdentity, regions: Iterable[str], gaps: GapList, question: BucketQuestion
) -> list[tuple[str, Any]]:
    """The names of the buckets in some or all Regions that have a setting, each with the setting, sorted."""
    subject, wanted = question.subject, frozenset(regions)

    def ask(bucket: _Resource) -> Any:
        name, doing = bucket["Name"], f"read the {question.words} of {quote_input(bucket['Name'])}"
        with gaps.catch(caller.account, subject, where=name), aws_errors(doing):
            call = getattr(session.client("s3", bucket.get("BucketRegion", "")), question.operation)
            return call(Bucket=name, ExpectedBucketOwner=caller.account).get(question.field)
        return None

    with gaps.catch(caller.account, subject), aws_errors("list the buckets"):
        every = bundled_catalog().facts(_resource_services)["s3"].resources(session.client("s3"))
        buckets = [bucket for bucket in every if not wanted or bucket.get("BucketRegion", "") in {"", *wanted}]
        with ThreadPoolExecutor(_WORKERS) as pool:
            answers = zip(buckets, pool.map(ask, buckets), strict=True)
            return sorted((bucket["Name"], answer) for bucket, answer in answers if answer is not None)
    return []
