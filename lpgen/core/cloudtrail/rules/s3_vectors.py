"""S3 Vectors: vector indexes, and the calls that read what their vectors hold.

Sources: https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-vectors-access-management.html,
https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-vectors-cloudtrail-log-example.html,
https://docs.aws.amazon.com/AmazonS3/latest/API/API_S3VectorBuckets_QueryVectors.html and
https://docs.aws.amazon.com/AmazonS3/latest/API/API_S3VectorBuckets_ListVectors.html
"""

from __future__ import annotations

from typing import Final

from lpgen.core.cloudtrail.rules.call import Call, Rule, RuleTable
from lpgen.core.cloudtrail.rules.inferences import VECTOR_CONTENT
from lpgen.core.cloudtrail.rules.listed import ListedType
from lpgen.core.cloudtrail.rules.types import NamedType, ReaderTable, ResourceType, mapped
from lpgen.core.model import MappedAction

_SOURCE: Final = "s3vectors.amazonaws.com"


_INDEX: Final = ListedType(
    "s3vectors",
    ("AWS::S3Vectors::Index",),
    NamedType("s3vectors", "bucket/{}/index/{}", "vectorBucketName,indexName|vectorBucketArn,indexName|indexArn"),
)

_CONTENT: Final = {"QueryVectors": ("returnMetadata",), "ListVectors": ("returnMetadata", "returnData")}
"""The parameters of a call that ask for the content of vectors, which s3vectors:GetVectors allows."""


def _map_reading(operation: str) -> Rule:
    def map_call(call: Call) -> tuple[MappedAction, ...]:
        indexes = _INDEX.read(call, "") or (_INDEX.pattern(call),)
        own = mapped(f"s3vectors:{operation}", indexes)
        if not (call.has("filter") or any(_is_true(call, name) for name in _CONTENT[operation])):
            return (own,)
        return (own, mapped("s3vectors:GetVectors", indexes, how=VECTOR_CONTENT))

    return map_call


def _is_true(call: Call, name: str) -> bool:
    """Whether a flag is set; CloudTrail logs it as text."""
    return call.request.get(name) is True or call.text(name).lower() == "true"


_TYPES: dict[str, ResourceType] = {"index": _INDEX}

RULES: RuleTable = {
    **{(_SOURCE, operation): _map_reading(operation) for operation in _CONTENT},
}

READERS: ReaderTable = {_SOURCE: _TYPES}
