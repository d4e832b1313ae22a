"""What calls show of the resources that they name: whether these exist, who made them, and whose they are.

A caller can make up a name. Some calls succeed all the same: deletes of what isn't there, reads of lists of names that
leave out what is missing, and creates of what is there already. `lenient_calls.json` lists them with AWS's pages. And a
program that looks before it creates needs the action, but the name that it looks for is no evidence for a scope.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import msgspec

from lpgen.core.arns import split_arn
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.catalog.catalog_table import CatalogSource, read_catalog_table
from lpgen.core.catalog.danger import Dangers
from lpgen.core.cloudtrail.outcome import ErrorCodes
from lpgen.core.cloudtrail.rules.call import ANY_ACCOUNT
from lpgen.core.evidence import Grant, PrincipalGrants, PrincipalUsage, Use
from lpgen.core.globs.match import as_glob
from lpgen.core.iam.match_resource import resource_match, resources_intersect
from lpgen.core.model import OBSERVED, UNKNOWN_RESOURCE, Action, Outcome, Resource, ResourceKind
from lpgen.core.usage.columns import distinct_rows, table_rows
from lpgen.core.usage.principal_usage import merge_evidence
from lpgen.core.usage.tables import Usage

_NAMED: Final = (ResourceKind.ARN, ResourceKind.FOLD)

# ---------------------------------------------------------------- making and deleting


class _LenientCall(msgspec.Struct, frozen=True):
    page: str
    why: str
    regions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _LenientCalls:
    """The actions whose calls succeed whether or not what they name exists. `creates` have the Regions in which they
    succeed for what exists already, none for all."""

    of_anything: frozenset[str]
    creates: Mapping[str, tuple[str, ...]]


def lenient_calls(source: CatalogSource) -> _LenientCalls:
    """The lenient calls of a catalog."""
    table = read_catalog_table(source, "lenient_calls", dict[str, dict[str, _LenientCall]])
    creates = table.pop("idempotent_creates")
    of_anything = frozenset[str]().union(*table.values())
    return _LenientCalls(of_anything, {action: call.regions for action, call in creates.items()})


_Makers = Mapping[str, str]
"""By resource the principal that named it first with success, for resources that some call may have created."""

_COLUMNS: Final = ("principal", "resource", "outcome", "error_code", "first_seen")


def makers_from_usage(usage: Usage) -> _Makers:
    """Who named each resource first, of those that a call may have created."""
    rows = distinct_rows(usage.table, ("action", "resource"))
    created = {resource for action, resource in rows if _may_create(Action(action), resource)}
    first: dict[str, tuple[datetime, str]] = {}
    for principal, resource, outcome, error, moment in table_rows(usage.table, _COLUMNS) if created else ():
        if resource in created and outcome == Outcome.ALLOWED and not error and moment is not None:
            seen = moment, principal
            first[resource] = min(seen, first.get(resource, seen))
    return {resource: principal for resource, (_, principal) in first.items()}


def made_resources(usage: PrincipalUsage, makers: _Makers, creates: Mapping[str, Collection[str]]) -> frozenset[str]:
    """The resources that a principal certainly made: its call succeeded and would have failed for what exists, and
    nobody named them earlier."""
    return frozenset(
        use.resource.text
        for use in usage.uses
        if is_creation_of(use) and makers.get(use.resource.text) == usage.principal
        if use.action not in creates or (creates[use.action] and not set(creates[use.action]).intersection(use.regions))
    )


_DELETES: Final = ("Cancel", "Delete", "Deregister", "Release", "Terminate")
_CREATES: Final = ("Create", "Run", "Register", "Request", "Allocate", "Import", "Start")
_UNTYPED: Final = {"s3": "bucket", "sns": "topic", "sqs": "queue"}
"""What an ARN without a type is of in these services."""


def is_creation_of(use: Use) -> bool:
    """Whether a use makes the resource that it names; one that failed makes none."""
    return use.is_done and use.resource.kind in _NAMED and _may_create(use.action, use.resource.text)


def _may_create(action: Action, arn: str) -> bool:
    """Whether an action makes a resource of this ARN's type."""
    return _acts_on_resource_type(action, _CREATES, arn)


def _is_deletion_of(use: Use) -> bool:
    """Whether a use deleted the resource that it names. A dry run didn't, and neither did one that failed."""
    return (
        use.is_done
        and use.resource.kind is ResourceKind.ARN
        and _acts_on_resource_type(use.action, _DELETES, use.resource.text)
    )


def _acts_on_resource_type(action: Action, verbs: tuple[str, ...], arn: str) -> bool:
    """Whether an action does what one of the verbs says to the resource that it is granted on.

    `DeleteVolume` deletes a `volume/…`, but `DeleteTags` deletes no subnet, and `CreateGrant` makes no key.
    """
    name = action.partition(":")[2]
    verb = next((verb for verb in verbs if name.startswith(verb)), "")
    fields = split_arn(arn)
    kind, *rest = re.split("[/:]", fields.name)
    kind = _UNTYPED.get(fields.service) or (kind if rest else "")
    noun, kind = _plain_noun(name.removeprefix(verb)), _plain_noun(kind)
    return bool(verb and noun and kind) and (noun.endswith(kind) or kind.endswith(noun))


def _plain_noun(text: str) -> str:
    """A noun of an action or a resource type in one spelling; an address is an elastic IP."""
    plain = "".join(filter(str.isalnum, text.lower())).removesuffix("s")
    return "elasticip" if plain == "addres" else plain


# ---------------------------------------------------------------- missing resources


def names_nothing(use: Use, catalog: Catalog) -> bool:
    """Whether a use was an allowed call for something that wasn't there."""
    is_allowed = use.outcome is Outcome.ALLOWED and use.how == OBSERVED
    return is_allowed and catalog.facts(ErrorCodes).says_missing(use.error_code)


def without_missing_names(usage: PrincipalUsage, grants: PrincipalGrants, dangers: Dangers) -> PrincipalUsage:
    """The usage without the names that never existed.

    A name that another allowed use shows, such as its creation, exists. If each statement that allows the call also
    allowed the action on an existing name, the call adds nothing. Otherwise its resource becomes unknown, and the
    statement keeps its own scope; that of a dangerous action, which anybody could widen so, is the name itself.
    """
    catalog = dangers.catalog
    allowed = (use for use in usage.uses if use.outcome is Outcome.ALLOWED)
    real = {use.resource.text for use in allowed if not names_nothing(use, catalog)}
    missing = [use for use in usage.uses if _is_missing(use, real, catalog)]
    if not missing:
        return usage
    kept = [use for use in usage.uses if not _is_missing(use, real, catalog)]
    known: Mapping[Action, list[Use]] = defaultdict(list)
    for use in kept:
        known[use.action].append(use)
    opened: dict[tuple[Action, str], Use] = {}
    for use in missing:
        met = [grant for grant in grants.allows if use.action in grant.actions and _meets(grant, use)]
        if not met or (
            dangers.is_dangerous(use.action) and not all(_is_known(grant, known[use.action]) for grant in met)
        ):
            kept.append(use)  # what nothing allows has to be explained
        elif not all(_is_known(grant, known[use.action]) for grant in met):
            key = (use.action, use.error_code)
            opened[key] = _merged(opened[key], use) if key in opened else replace(use, resource=UNKNOWN_RESOURCE)
    return replace(usage, uses=(*kept, *opened.values()))


def _is_missing(use: Use, real: Iterable[str], catalog: Catalog) -> bool:
    is_named = use.resource.kind in (*_NAMED, ResourceKind.OVERFLOW)
    return is_named and use.resource.text not in real and names_nothing(use, catalog)


def _is_known(grant: Grant, uses: Sequence[Use]) -> bool:
    """Whether a statement allowed the action on something that was there."""
    return any(use.outcome is not Outcome.DENIED and _meets(grant, use) for use in uses)


def _meets(grant: Grant, use: Use) -> bool:
    """Whether the resources of a statement may allow a use."""
    if grant.statement.not_resource or use.resource.kind not in _NAMED:
        return True
    meets = resource_match if use.resource.kind is ResourceKind.ARN else resources_intersect
    return any(meets(as_glob(resource, grant.version), use.resource.text) for resource in grant.statement.resources)


def _merged(use: Use, other: Use) -> Use:
    contexts = tuple(sorted({*use.contexts, *other.contexts}))
    return replace(use, contexts=contexts, evidence=merge_evidence(use.evidence, other.evidence))


# ---------------------------------------------------------------- owners: a record may show an id, but not whose it is


def without_owned(usage: PrincipalUsage) -> PrincipalUsage:
    """The usage, with resources that the principal deleted no longer treated as any account's: only the owner can
    delete.

    Security groups, for one, are made and deleted with what is launched into them, and there may be hundreds.
    """
    owned = {of_any_account(use.resource.text) for use in usage.uses if _is_deletion_of(use)}
    if not owned:
        return usage
    left = tuple(use for use in usage.uses if not (is_of_any_account(use.resource) and use.resource.text in owned))
    return replace(usage, uses=left)


def without_duplicate_owners(uses: Sequence[Use], patterns: Container[str]) -> Iterable[Use]:
    """The uses without those of the principal's own account that also appear as any account's, since an id names one
    thing in the world. A resource that a rule turns into a pattern, such as the own subnets, is kept."""
    shared = {(use.action, use.resource.text, use.outcome) for use in uses if is_of_any_account(use.resource)}
    for use in uses:
        arn = use.resource.text if shared and use.resource.kind is ResourceKind.ARN else ""
        if not arn or arn in patterns or (use.action, of_any_account(arn), use.outcome) not in shared:
            yield use


def is_of_any_account(resource: Resource) -> bool:
    """Whether a resource is listed as any account's."""
    return resource.kind is ResourceKind.FOLD and split_arn(resource.text).account == ANY_ACCOUNT


def of_any_account(arn: str) -> str:
    """The ARN as any account's; one without an account is returned unchanged."""
    fields = split_arn(arn)
    return ":".join(("arn", *fields._replace(account=ANY_ACCOUNT))) if fields.account else arn
