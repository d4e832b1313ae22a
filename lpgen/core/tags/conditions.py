"""A condition on one tag: the document, what objects to it, who can write the tag, and the backtest."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from functools import cached_property
from typing import Any, Final

from lpgen.core.analysis.grants.applicable_policies import known_context, policies_met, request_of
from lpgen.core.arns import account_in_arn
from lpgen.core.evidence import Grant, StatementRef
from lpgen.core.globs.match import fold_case
from lpgen.core.iam.authorize import decide
from lpgen.core.iam.decision import Request, Result
from lpgen.core.iam.policy import policy_from_json
from lpgen.core.model import CURRENT_VERSION, Policy, PolicyKind, Principal, Resource, Visibility
from lpgen.core.tags.guard import guard
from lpgen.core.tags.holdings import TypedUse
from lpgen.core.tags.model import TagProposal, TagWindow, UsedResource
from lpgen.core.tags.reasons import REFUSING, TagReason, TagReasonKind, tag_reason
from lpgen.core.tags.rewrite import MadeWith
from lpgen.core.tags.use import TagUse
from lpgen.core.tags.writers import TagWriter, Written, names_of
from lpgen.core.usage.principal_usage import recorded_context

_BUCKET: Final = "s3:bucket"
_DAY: Final = timedelta(1)
_WINDOW: Final = timedelta(30)
_REFUSED: Final = (Result.IMPLICITLY_DENIED, Result.EXPLICITLY_DENIED)


class TagCondition:
    """A condition on one tag at work. With `by_principal`, it compares with the principal's own tag."""

    def __init__(self, draft: TypedUse, key: str, values: tuple[str, ...]) -> None:
        self.draft, self.key, self.values = draft, key, values
        self.world, self.allow, self.holding = draft.world, draft.allow, draft.holding
        self.by_principal = self._is_by_principal()

    def _is_by_principal(self) -> bool:
        """Whether each of several principals has the tag with the one value of all resources that it uses."""
        holding = self.holding
        is_shared = len(holding.holders) > 1 and holding.policy.kind is PolicyKind.CUSTOMER_MANAGED
        return is_shared and holding.document.version == CURRENT_VERSION and all(map(self._has_value, holding.holders))

    def _has_value(self, holder: Principal) -> bool:
        tags = [self.draft.tag(resource, self.key) for resource in self.draft.used_by(holder)]
        own = _tag_of(holder, self.key)
        return own is not None and {tag.value for tag in tags if tag} <= {own}

    def proposal(self, holder: Principal) -> TagProposal:
        """The proposal for one of the principals that have the policy."""
        own = _tag_of(holder, self.key) if self.by_principal else None
        values = self.values if own is None else (own,)
        used = tuple(one for one in self._used if own is None or one.resource in self.draft.used_by(holder))
        near = {arn: self.draft.is_allowed(arn, self.key, values) for arn in self.draft.near}
        names = {one.resource for one in used}
        is_refused = any(one.kind in REFUSING for one in self._reasons)
        statement = self.allow.statement
        return TagProposal(
            policy=self.holding.policy.arn or self.holding.policy.name,
            group=self.holding.policy.group,
            statement=statement.index,
            sid=statement.sid,
            type=self.allow.type,
            resources=self.allow.patterns,
            key=self.key,
            values=values,
            principal_tag=self.by_principal,
            reasons=self._reasons,
            used=used,
            excluded=tuple(arn for arn, is_allowed in near.items() if not is_allowed),
            still_allowed=tuple(arn for arn, is_in in near.items() if is_in and arn not in names),
            added=() if is_refused else self.rewritten[0],
            document=None if is_refused else self.rewritten[1],
            writers=self._writers,
            guard=guard(self._written, self._managers) if names_of(self._writers) and not is_refused else None,
            backtest=tuple(self._backtest()),
        )

    @cached_property
    def _used(self) -> tuple[UsedResource, ...]:
        tags = ((resource, self.draft.tag(resource, self.key)) for resource in self.draft.used)
        return tuple(UsedResource(resource=resource, value=tag.value if tag else None) for resource, tag in tags)

    # ---------------------------------------------------------------- the document

    @cached_property
    def rewritten(self) -> tuple[tuple[dict[str, Any], ...], dict[str, Any]]:
        """The statements in place of the old one, and the whole document; none if it can't be split."""
        old, statements = self.allow.statement, self.holding.document.statements
        taken = {one.sid for one in statements if one is not old}
        values = (f"${{aws:PrincipalTag/{self.key}}}",) if self.by_principal else self.values
        for is_short in (False, True):
            added = self.allow.rewritten(self.key, values, self._made_with, taken, is_short=is_short) or ()
            parts = ((json.loads(one.text),) if one is not old else added for one in statements)
            document = {"Version": self.holding.document.version, "Statement": [one for some in parts for one in some]}
            if not self.holding.is_too_large(policy_from_json(document, place=self.holding.policy.name)):
                break
        return added, document

    @cached_property
    def _made_with(self) -> MadeWith:
        """The actions that created resources with one of the values, and those that also did without it."""
        made = [use for uses in self.draft.uses.values() for use in uses if use.creates]
        values = {use: self.world.use.values_set(use, self.key) for use in made}
        bare = frozenset(use.action for use in made if not values[use] or not values[use] <= {*self.values})
        return MadeWith(frozenset(use.action for use in made) - bare, bare)

    @cached_property
    def _document(self) -> Policy:
        return policy_from_json(self.rewritten[1], place=self.holding.policy.name)

    # ---------------------------------------------------------------- reasons

    @cached_property
    def _reasons(self) -> tuple[TagReason, ...]:
        return tuple(self._against())

    def _against(self) -> Iterator[TagReason]:
        kind, used, use = TagReasonKind, self.draft.used, self.world.use
        tags = {resource: self.draft.tag(resource, self.key) for resource in used}
        first = {resource: min(days, default=date.min) for resource, days in used.items()}
        blind, days = self._not_recorded(), self._covered_days()
        names = {
            kind.AMBIGUOUS_KEY: [resource for resource, tag in tags.items() if tag and tag.is_ambiguous],
            kind.ABAC_OFF: [one for one in used if self.allow.type == _BUCKET and one not in self.world.abac],
            kind.TAGS_UNKNOWN: [resource for resource, tag in tags.items() if tag is None],
            kind.TAGS_CHANGED: [one for one in used if use.changed(one, self.key, first[one])],
            kind.NOT_RECORDED: blind,
            kind.OBSERVED_REFUSED: list(self._refused()),
            kind.TAG_WRITERS: names_of(self._writers),
        }
        yield from (tag_reason(about, found) for about, found in names.items() if found)
        if days < self.world.min_days:
            yield tag_reason(kind.FEW_DAYS, detail=days)
        if self.holding.is_too_large(self._document):
            yield tag_reason(kind.TOO_LARGE)

    def _covered_days(self) -> int:
        covered = (self.world.coverage.account(holder.account) for holder in self.holding.holders)
        return min(one.covered_days if one else 0 for one in covered)

    def _not_recorded(self) -> list[str]:
        """The actions that heed the condition and whose use the logs couldn't have shown."""
        observability, statement = self.world.observability, self.allow.statement
        policy, holder = self.holding.policy, self.holding.holders[0]
        ref = StatementRef(policy.arn or policy.name, policy.kind, policy.group, statement.index, statement.sid)
        only = replace(statement, resources=self.allow.narrowed)
        regions = tuple(sorted({use.region for uses in self.draft.uses.values() for use in uses} - {""}))
        found = []
        for action in sorted(self.allow.heeding):
            grant = Grant(ref, self.holding.document.version, only, frozenset({action}), ())
            is_data = observability.visibility(action) is Visibility.DATA
            if is_data and observability.blind_spot(action, holder.account, regions, (grant,)):
                found.append(str(action))
        return found

    def _refused(self) -> Iterator[str]:
        """The resources of observed calls that the old policies allowed and the new ones refuse."""
        guards, own = self.world.world.guards, self.holding.policy
        for holder in self.holding.holders:
            new = [
                self._document if (one.arn, one.group, one.name) == (own.arn, own.group, own.name) else one.document
                for one in holder.policies
            ]
            identity = tuple(filter(None, new))
            for use in self.draft.uses[holder.arn]:
                request = self._request(holder, use)
                before = decide(request, policies_met(holder, use.resource, guards))
                after = decide(request, policies_met(holder, use.resource, guards, identity=identity))
                if before.result not in _REFUSED and after.result in _REFUSED:
                    yield use.resource

    def _request(self, holder: Principal, use: TagUse) -> Request:
        """The request of a use, with the tags that the resource had. A resource that the call created had none."""
        resource, own = Resource(use.kind, use.resource), _tag_of(holder, self.key)
        context = known_context(holder, resource, recorded_context(use.region, use.endpoint, use.context))
        context |= {} if own is None else {f"aws:PrincipalTag/{self.key}": (own,)}
        if use.creates:
            values = self.world.use.values_set(use, self.key)
            context[f"aws:ResourceTag/{self.key}"] = ()
            context |= {} if len(values) > 1 else {f"aws:RequestTag/{self.key}": tuple(values)}
        else:
            tags = self.world.use.tags_of(use.resource).values()
            context |= {f"aws:ResourceTag/{one.key}": (one.value,) for one in tags if not one.is_ambiguous}
        return request_of(holder, use.action, resource, context=context, guards=self.world.world.guards)

    # ---------------------------------------------------------------- writers and backtest

    @cached_property
    def _written(self) -> Written:
        tags = {arn: self.draft.tag(arn, self.key) for arn in self.draft.near}
        others = {tag.value for tag in tags.values() if tag and tag.value not in self.values}
        excluded = tuple(arn for arn in tags if not self.draft.is_allowed(arn, self.key, self.values))
        holders = self.holding.holders if self.by_principal else ()
        return Written(self.key, self.values, self.allow, excluded, self._accounts, holders, tuple(sorted(others)))

    @cached_property
    def _accounts(self) -> frozenset[str]:
        """The accounts of the principals and of the used resources."""
        found = {account_in_arn(resource) for resource in self.draft.used}
        return frozenset({*found, *(holder.account for holder in self.holding.holders)} - {""})

    @cached_property
    def _managers(self) -> frozenset[str]:
        """The tag managers: those that were named, and those that were seen to write the tag."""
        seen = self.world.use.writers_seen(self.allow.type, self.key)
        return frozenset({*self.world.managers, *(seen - {holder.arn for holder in self.holding.holders})})

    @cached_property
    def _writers(self) -> tuple[TagWriter, ...]:
        return self.world.writers.of(self._written, self._managers)

    def _backtest(self) -> Iterator[TagWindow]:
        covered = self.world.coverage.account(self.holding.holders[0].account)
        if covered is None:
            return
        used, use = self.draft.used, self.world.use
        tags = {
            resource: None if use.changed(resource, self.key, min(days, default=date.min)) else tag
            for resource, days in used.items()
            for tag in (self.draft.tag(resource, self.key),)
        }
        for number in (3, 2, 1):
            day = covered.last_day - number * _WINDOW
            values = {tag.value for arn, tag in tags.items() if tag and min(used[arn], default=date.max) <= day}
            later = [arn for arn, days in used.items() if any(day < one <= day + _WINDOW for one in days)]
            if day - covered.first_day + _DAY >= _WINDOW and values:
                yield TagWindow(
                    until=day,
                    refused=tuple(arn for arn in later if (tag := tags[arn]) and tag.value not in values),
                    unknown=tuple(arn for arn in later if tags[arn] is None),
                )


def _tag_of(principal: Principal, key: str) -> str | None:
    """The value of a principal's tag, or None."""
    return next((value for name, value in principal.tags if fold_case(name) == fold_case(key)), None)
