"""Batch: job definitions, with or without a revision.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsbatch.html
"""

from __future__ import annotations

from collections.abc import Iterator

from lpgen.core.cloudtrail.rules.call import Call
from lpgen.core.cloudtrail.rules.listed import ReaderType
from lpgen.core.cloudtrail.rules.types import NamedType, ReaderTable, ResourceType, resource_from_arn
from lpgen.core.globs.match import has_wildcard
from lpgen.core.model import Resource

_SOURCE = "batch.amazonaws.com"


def _read_submitted(call: Call) -> Iterator[Resource]:
    """The job definition to run, whose ARN in the request has a revision even where the caller leaves it open.

    https://docs.aws.amazon.com/batch/latest/userguide/iam-example-restrict-job-submission.html
    """
    for text in call.texts("jobDefinition"):
        start, found, name = text.rpartition("job-definition/")
        if not has_wildcard(text) and bool(found) == text.startswith("arn:"):
            named = name if ":" in name else f"{name}:*"
            yield resource_from_arn(start + found + named if found else call.arn("batch", f"job-definition/{named}"))


_TYPES: dict[str, ResourceType] = {
    "definition": NamedType("batch", "job-definition/{}", "jobDefinition|jobDefinitionName"),
    "submitted": ReaderType(_read_submitted),
}

READERS: ReaderTable = {_SOURCE: _TYPES}
