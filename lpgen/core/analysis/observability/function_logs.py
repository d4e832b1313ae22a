"""The log streams that the functions of a role write to, though no record shows what they write.

For each execution environment Lambda makes a stream of its own, in its function's log group, with the function's role:
https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-loggroups.html
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from lpgen.core.analysis.grants.aws_policies import is_service_policy
from lpgen.core.analysis.grants.scope import narrow_scope
from lpgen.core.analysis.grants.trust import only_trusted_service
from lpgen.core.analysis.observability.missed_use import ObservedUse
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.model import Action, Resource, ResourceKind

PUT_LOG_EVENTS: Final = Action("logs:PutLogEvents")
_CREATE_LOG_STREAM: Final = Action("logs:CreateLogStream")


def written_streams(observed: ObservedUse, configured: Iterable[str], catalog: Catalog) -> tuple[Resource, ...]:
    """The granted streams of the `configured` log groups, and those that the role was seen to make; empty where others
    than Lambda may assume the role, or where a policy of AWS for service roles keeps its scope.

    Agents on instances and in containers keep a stream for longer than logs reach back, so theirs aren't known.
    """
    grants = observed.grants_of(PUT_LOG_EVENTS)
    if only_trusted_service(observed.grants.principal) != "lambda.amazonaws.com":
        return ()
    made = [line.scope for line in observed.lines.lines if line.action == _CREATE_LOG_STREAM]
    if any(scope.not_resource for scope in made) or any(is_service_policy(grant.ref.policy) for grant in grants):
        return ()
    names = {f"{group}:log-stream:*" for group in configured}.union(*(scope.resources for scope in made))
    streams = (Resource(ResourceKind.FOLD, name) for name in sorted(names))
    return tuple(
        stream
        for stream in streams
        if any(narrow_scope(grant, PUT_LOG_EVENTS, stream, catalog=catalog) for grant in grants)
    )
