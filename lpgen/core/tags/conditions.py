"""A condition on one tag: the document, what objects to it, who can write the tag, and the backtest."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from functools import cached_property
from itertools import chain
from typing import Any, Final

from lpgen.core.analysis.grants.applicable_policies import policies_met, recorded_request
from lpgen.core.arns import account_in_arn
from lpgen.core.backtests import NEXT, earlier_ends
from lpgen.core.evidence import Grant, StatementRef
from lpgen.core.globs.match import fold_case
from lpgen.core.iam.authorize import decide
from lpgen.core.iam.decision import Request, Result
from lpgen.core.iam.policy import policy_from_json
from lpgen.core.model import CURRENT_VERSION, Policy, PolicyKind, Principal, Resource, Visibility
from lpgen.core.perimeter.reasons import ProposalState
from lpgen.core.tags.holdings import TypedUse
from lpgen.core.tags.model import REFUSING, TagProposal, TagReason, TagReasonKind, TagWindow, UsedResource, tag_reason
from lpgen.core.tags.rewrite import MadeWith
from lpgen.core.tags.use import KnownTag, TagUse
from lpgen.core.tags.writers import TagWriter, Written, guard, names_of
from lpgen.core.usage.principal_usage import recorded_context

_BUCKET: Final = "s3:bucket"
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
        names = self.draft.used if own is None else self.draft.used_by(holder)
        excluded = self.draft.shut_out(self.key, values)
        is_refused = any(reason.kind in REFUSING for reason in self._reasons)
        stated = ProposalState.UNSAFE if self._reasons else ProposalState.SAFE
        return TagProposal(
            policy=self.holding.policy.arn or self.holding.policy.name,
            group=self.holding.policy.group,
            statement=self.allow.statement.index,
            sid=self.allow.statement.sid,
            type=self.allow.type,
            resources=self.allow.patterns,
            key=self.key,
            values=values,
            principal_tag=self.by_principal,
            state=ProposalState.REFUSED if is_refused else stated,
            reasons=self._reasons,
            used=tuple(
                UsedResource(resource=resource, value=tag.value if tag else None)
                for resource, tag in self._tags.items()
                if resource in names
            ),
            excluded=excluded,
            still_allowed=tuple(arn for arn in self.draft.near if arn not in {*excluded, *names}),
            added=() if is_refused else self.rewritten[0],
            document=None if is_refused else self.rewritten[1],
            writers=self._writers,
            guard=guard(self._written, self._managers) if names_of(self._writers) and not is_refused else None,
            backtest=tuple(self._backtest()),
        )

    @cached_property
    def _tags(self) -> Mapping[str, KnownTag | None]:
        """The tags of the used resources."""
        return {resource: self.draft.tag(resource, self.key) for resource in self.draft.used}

    # ---------------------------------------------------------------- the document

    @cached_property
    def rewritten(self) -> tuple[tuple[dict[str, Any], ...], dict[str, Any]]:
        """The statements in place of the old one, and the whole document; none if it can't be split."""
        old, statements = self.allow.statement, self.holding.document.statements
        taken = {statement.sid for statement in statements if statement is not old}
        values = (f"${{aws:PrincipalTag/{self.key}}}",) if self.by_principal else self.values
        for is_short in (False, True):
            added = self.allow.rewritten(self.key, values, self._made_with, taken, is_short=is_short)
            parts = (added if statement is old else (json.loads(statement.text),) for statement in statements)
            document = {"Version": self.holding.document.version, "Statement": [*chain.from_iterable(parts)]}
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
        kind, tags = TagReasonKind, self._tags
        covered = [self.world.coverage.account(holder.account) for holder in self.holding.holders]
        days = min(account.covered_days if account else 0 for account in covered)
        is_bucket = self.allow.type == _BUCKET
        names = {
            kind.AMBIGUOUS_KEY: [resource for resource, tag in tags.items() if tag and tag.is_ambiguous],
            kind.ABAC_OFF: [resource for resource in tags if is_bucket and resource not in self.world.abac],
            kind.TAGS_UNKNOWN: [resource for resource, tag in tags.items() if tag is None],
            kind.TAGS_CHANGED: list(filter(self._was_changed, tags)),
            kind.NOT_RECORDED: self._not_recorded(),
            kind.OBSERVED_REFUSED: list(self._refused()),
            kind.TAG_WRITERS: names_of(self._writers),
        }
        found = [tag_reason(about, some) for about, some in names.items() if some]
        found += [tag_reason(kind.FEW_DAYS, detail=days)] if days < self.world.min_days else []
        return (*found, *([tag_reason(kind.TOO_LARGE)] if self.holding.is_too_large(self._document) else []))

    def _was_changed(self, resource: str) -> bool:
        """Whether the tag was changed since the first use of a resource."""
        return self.world.use.changed(resource, self.key, min(self.draft.used[resource], default=date.min))

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
        guards = self.world.world.guards
        for holder in self.holding.holders:
            new = (self._document if self.holding.has(held) else held.document for held in holder.policies)
            identity = tuple(filter(None, new))
            for use in self.draft.uses[holder.arn]:
                request = self._request(holder, use)
                before = decide(request, policies_met(holder, use.resource, guards))
                after = decide(request, policies_met(holder, use.resource, guards, identity=identity))
                if before.result not in _REFUSED and after.result in _REFUSED:
                    yield use.resource

    def _request(self, holder: Principal, use: TagUse) -> Request:
        """The request of a use, with the tags that the resource had. A resource that the call created had none."""
        seen, own = recorded_context(use.region, use.endpoint, use.context), _tag_of(holder, self.key)
        resource, guards = Resource(use.kind, use.resource), self.world.world.guards
        request = recorded_request(holder, use.action, resource, seen, guards)
        context = {**request.context, **({} if own is None else {f"aws:PrincipalTag/{self.key}": (own,)})}
        if use.creates:
            values = self.world.use.values_set(use, self.key)
            context[f"aws:ResourceTag/{self.key}"] = ()
            context |= {} if len(values) > 1 else {f"aws:RequestTag/{self.key}": tuple(values)}
        else:
            tags = self.world.use.tags_of(use.resource).values()
            context |= {f"aws:ResourceTag/{tag.key}": (tag.value,) for tag in tags if not tag.is_ambiguous}
        return replace(request, context=context)

    # ---------------------------------------------------------------- writers and backtest

    @cached_property
    def _written(self) -> Written:
        near = (self.draft.tag(arn, self.key) for arn in self.draft.near)
        others = {value for tag in near if tag for value in tag.values} - {*self.values}
        excluded = self.draft.shut_out(self.key, self.values)
        accounts = {*map(account_in_arn, self._tags), *(holder.account for holder in self.holding.holders)} - {""}
        holders = self.holding.holders if self.by_principal else ()
        return Written(self.key, self.values, self.allow, excluded, frozenset(accounts), holders, tuple(sorted(others)))

    @cached_property
    def _managers(self) -> frozenset[str]:
        """The tag managers: those that were named, and those that were seen to write the tag."""
        seen = self.world.use.writers_seen(self.allow.type, self.key)
        return frozenset({*self.world.managers, *(seen - {holder.arn for holder in self.holding.holders})})

    @cached_property
    def _writers(self) -> tuple[TagWriter, ...]:
        return self.world.writers.of(self._written, self._managers)

    def _backtest(self) -> Iterator[TagWindow]:
        used = self.draft.used
        tags = {arn: None if self._was_changed(arn) else tag for arn, tag in self._tags.items()}
        for day in earlier_ends(self.world.coverage.account(self.holding.holders[0].account)):
            values = {tag.value for arn, tag in tags.items() if tag and min(used[arn], default=date.max) <= day}
            later = [arn for arn, days in used.items() if any(day < seen <= day + NEXT for seen in days)]
            refused = tuple(arn for arn in later if (tag := tags[arn]) and tag.value not in values)
            if values:
                yield TagWindow(until=day, refused=refused, unknown=tuple(arn for arn in later if tags[arn] is None))


def _tag_of(principal: Principal, key: str) -> str | None:
    """The value of a principal's tag, or None."""
    return next((value for name, value in principal.tags if fold_case(name) == fold_case(key)), None)
