"""Fetches the policies of resources: buckets, keys, queues, topics, secrets, functions and repositories.

Of a function it is the policy of the function itself, not of its versions and aliases.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from lpgen.core.snapshots import Subject
from lpgen.edge.aws_session import AwsSession, Caller, aws_errors
from lpgen.edge.snapshot.gap_list import GapList
from lpgen.errors import AwsError, quote_input

_WORKERS: Final = 8

Resource = Mapping[str, str]
"""A resource by the name that its service asks for: a bucket with its `region`, a repository with its `arn`."""


@dataclass(frozen=True, slots=True)
class _Service:
    """How to list one service's resources, and how to get a resource's policy.

    `arn_and_policy` gives the policy's JSON, None where there is none; so do errors with a code in `no_policy`. A
    service that is `in_one_region` lists the resources of all Regions wherever it is asked.
    """

    name: str
    words: str
    resources: Callable[[Any], Iterator[Resource]]
    arn_and_policy: Callable[[Any, Resource, Caller], tuple[str, str | None]]
    no_policy: frozenset[str] = frozenset()
    in_one_region: bool = False


@dataclass(frozen=True, slots=True)
class FetchedPolicy:
    """The policy of one resource, as JSON."""

    service: str
    resource: str
    policy: str


def fetch_resource_policies(
    session: AwsSession, caller: Caller, regions: Iterable[str], gaps: GapList
) -> Iterator[FetchedPolicy]:
    """The policies of the account's resources in some Regions; a resource without one gives nothing."""
    wanted = tuple(regions)
    places = [
        (service, region)
        for service in _SERVICES
        for region in ((session.region,) if service.in_one_region else wanted)
    ]
    fetch = _Fetch(session, caller, wanted, gaps)
    with ThreadPoolExecutor(_WORKERS) as pool:
        for found in pool.map(lambda place: tuple(fetch.all_of(*place)), places):
            yield from found


@dataclass(frozen=True, slots=True)
class _Fetch:
    session: AwsSession
    caller: Caller
    regions: tuple[str, ...]
    gaps: GapList

    def all_of(self, service: _Service, region: str) -> Iterator[FetchedPolicy]:
        """The policies of a service's resources in a Region."""
        resources: list[Resource] = []
        where = "" if service.in_one_region else region
        with self.gaps.catch(self.caller.account, Subject.RESOURCE_POLICIES, what=service.name, where=where):
            client = self.session.known_client(service.name, region, self.caller.partition)
            with aws_errors(f"list the {service.words}"):
                resources = list(service.resources(client))
        for resource in resources:
            home = resource.get("region", "")
            if not home or home in self.regions:
                yield from self._one(service, resource, home or region)

    def _one(self, service: _Service, resource: Resource, region: str) -> Iterator[FetchedPolicy]:
        name = resource["name"]
        try:
            client = self.session.client(service.name, region)
            with aws_errors(f"read the policy of {quote_input(name)}"):
                arn, policy = service.arn_and_policy(client, resource, self.caller)
        except AwsError as error:
            if error.code not in service.no_policy:
                self.gaps.add(self.caller.account, Subject.RESOURCE_POLICIES, error, what=service.name, where=name)
            return
        if policy:
            yield FetchedPolicy(service.name, arn, policy)


# ---------------------------------------------------------------- the services


def _listed(client: Any, operation: str, name: str, field: str, **arguments: Any) -> Iterator[Resource]:
    """The value of a field of every resource that an operation lists; with `field` "" each one is the value itself."""
    for page in client.get_paginator(operation).paginate(**arguments):
        for one in page.get(name, ()):
            yield {"name": one[field] if field else one}


def list_buckets(client: Any) -> Iterator[Resource]:
    """The buckets, each with its Region; paged, since only then the answer names that.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html
    """
    for page in client.get_paginator("list_buckets").paginate(PaginationConfig={"PageSize": 1000}):
        for one in page.get("Buckets", ()):
            yield {"name": one["Name"], "region": one.get("BucketRegion", "")}


def _bucket_policy(client: Any, bucket: Resource, caller: Caller) -> tuple[str, str | None]:
    answer = client.get_bucket_policy(Bucket=bucket["name"], ExpectedBucketOwner=caller.account)
    return f"arn:{caller.partition}:s3:::{bucket['name']}", answer["Policy"]


def _key_policy(client: Any, key: Resource, _caller: Caller) -> tuple[str, str | None]:
    return key["name"], client.get_key_policy(KeyId=key["name"], PolicyName="default")["Policy"]


def _queue_policy(client: Any, queue: Resource, _caller: Caller) -> tuple[str, str | None]:
    answer = client.get_queue_attributes(QueueUrl=queue["name"], AttributeNames=["QueueArn", "Policy"])["Attributes"]
    return answer["QueueArn"], answer.get("Policy")


def _topic_policy(client: Any, topic: Resource, _caller: Caller) -> tuple[str, str | None]:
    return topic["name"], client.get_topic_attributes(TopicArn=topic["name"])["Attributes"].get("Policy")


def _secret_policy(client: Any, secret: Resource, _caller: Caller) -> tuple[str, str | None]:
    return secret["name"], client.get_resource_policy(SecretId=secret["name"]).get("ResourcePolicy")


def _function_policy(client: Any, function: Resource, _caller: Caller) -> tuple[str, str | None]:
    return function["name"], client.get_policy(FunctionName=function["name"])["Policy"]


def _repositories(client: Any) -> Iterator[Resource]:
    for page in client.get_paginator("describe_repositories").paginate():
        for one in page.get("repositories", ()):
            yield {"name": one["repositoryName"], "arn": one["repositoryArn"]}


def _repository_policy(client: Any, repository: Resource, _caller: Caller) -> tuple[str, str | None]:
    return repository["arn"], client.get_repository_policy(repositoryName=repository["name"])["policyText"]


_SERVICES: Final = (
    _Service("s3", "buckets", list_buckets, _bucket_policy, frozenset({"NoSuchBucketPolicy", "NoSuchBucket"}), True),
    _Service(
        "kms",
        "keys",
        partial(_listed, operation="list_keys", name="Keys", field="KeyArn"),
        _key_policy,
        frozenset({"NotFoundException"}),
    ),
    _Service(
        "sqs",
        "queues",
        partial(_listed, operation="list_queues", name="QueueUrls", field="", PaginationConfig={"PageSize": 1000}),
        _queue_policy,
        frozenset({"QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"}),
    ),
    _Service(
        "sns",
        "topics",
        partial(_listed, operation="list_topics", name="Topics", field="TopicArn"),
        _topic_policy,
        frozenset({"NotFound", "NotFoundException"}),
    ),
    _Service(
        "secretsmanager",
        "secrets",
        partial(_listed, operation="list_secrets", name="SecretList", field="ARN"),
        _secret_policy,
        frozenset({"ResourceNotFoundException"}),
    ),
    _Service(
        "lambda",
        "functions",
        partial(_listed, operation="list_functions", name="Functions", field="FunctionArn"),
        _function_policy,
        frozenset({"ResourceNotFoundException"}),
    ),
    _Service(
        "ecr",
        "repositories",
        _repositories,
        _repository_policy,
        frozenset({"RepositoryPolicyNotFoundException", "RepositoryNotFoundException"}),
    ),
)
"""A resource deleted between the listing and the reading has no policy."""
