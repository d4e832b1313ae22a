"""Managed policies of AWS that stay attached because a replacement would be a copy: it would allow and deny the same.

A copy doesn't get the actions that AWS adds to the original:
https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-vs-inline.html#aws-managed-policies
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from lpgen.core.analysis.grants.aws_policies import attached_of_aws
from lpgen.core.analysis.synthesis.lines import covers, lines_for_grants
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.evidence import Grant, PrincipalGrants, StatementRef
from lpgen.core.identity_center import is_of_permission_set
from lpgen.core.model import Action
from lpgen.core.replacements import LeftPolicy, Line, LineKind, Scope


def left_as_copies(
    grants: PrincipalGrants, lines: Iterable[Line], left: Sequence[LeftPolicy], catalog: Catalog
) -> Iterator[LeftPolicy]:
    """The policies of AWS, besides those `left` already, all of whose Allows the lines cover; each with these lines.

    The roles of a permission set are replaced together, by one inline policy, so theirs don't stay.
    """
    by_action: dict[Action, list[Line]] = defaultdict(list)
    for line in lines:
        by_action[line.action].append(line)
    parents = {grant.ref: grant for grant in grants.allows}
    known = {policy.arn for policy in left}
    for policy, allows in attached_of_aws(grants):
        if policy.arn in known or is_of_permission_set(grants.principal):
            continue
        if all(grant.actions and by_action.keys() >= grant.actions for grant in allows):
            copied = [*_copied_lines(allows, by_action, parents, catalog)]
            found = tuple(line for line in copied if line)
            if len(found) == len(copied):
                yield replace(policy, lines=found)


def _copied_lines(
    allows: Iterable[Grant],
    lines: Mapping[Action, Sequence[Line]],
    parents: Mapping[StatementRef, Grant],
    catalog: Catalog,
) -> Iterator[Line | None]:
    """For each action and resource of a policy's Allows the line that covers it, cut to it, or None."""
    for grant in allows:
        for action in sorted(grant.actions):
            for whole in lines_for_grants((grant,), action, kind=LineKind.KEPT, why="", catalog=catalog):
                names = (
                    [whole.scope.resources] if whole.scope.not_resource else [(one,) for one in whole.scope.resources]
                )
                for resources in names:
                    part = replace(whole, scope=Scope(resources, whole.scope.not_resource))
                    cover = next((line for line in lines[action] if covers(line, part, parents)), None)
                    yield cover and replace(cover, scope=part.scope, parent=part.parent)
