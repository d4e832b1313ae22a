"""The resources that calls name: whether they exist, who made them, and whose they are.

A caller can make up a name, and some calls succeed anyway: deletes of missing resources, reads of lists that skip
missing names, and creates of existing resources. `lenient_calls.json` lists them with AWS's pages. A program that looks
before it creates a resource needs the action, but the name isn't evidence for a scope.
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
    """The actions whose calls succeed whether or not the named resource exists.

    `creates` has the Regions in which creates succeed for existing resources; none means all.
    """

    of_anything: frozenset[str]
    creates: Mapping[str, tuple[str, ...]]


def lenient_calls(source: CatalogSource) -> _LenientCalls:
    """The lenient calls of a catalog."""
    table = read_catalog_table(source, "lenient_calls", dict[str, dict[str, _LenientCall]])
    creates = table.pop("idempotent_creates")
    of_anything = frozenset[str]().union(*table.values())
    return _LenientCalls(of_anything, {action: call.regions for action, call in creates.items()})


_Makers = Mapping[str, str]
"""By resource, the first principal that named it successfully, for resources that a call may have created."""

_COLUMNS: Final = ("principal", "resource", "outcome", "error_code", "first_seen")


def makers_from_usage(usage: Usage) -> _Makers:
    """The principal that named each resource first, for resources that a call may have created."""
    rows = distinct_rows(usage.table, ("action", "resource"))
    created = {resource for action, resource in rows if _may_create(Action(action), resource)}
    first: dict[str, tuple[datetime, str]] = {}
    for principal, resource, outcome, error, moment in table_rows(usage.table, _COLUMNS) if created else ():
        if resource in created and outcome == Outcome.ALLOWED and not error and moment is not None:
            seen = moment, principal
            first[resource] = min(seen, first.get(resource, seen))
    return {resource: principal for resource, (_, principal) in first.items()}


def made_resources(usage: PrincipalUsage, makers: _Makers, creates: Mapping[str, Collection[str]]) -> frozenset[str]:
    """The resources that a principal certainly made: its call succeeded and would have failed for an existing resource,
    and no principal named them earlier."""
    return frozenset(
        use.resource.text
        for use in usage.uses
        if is_creation_of(use) and makers.get(use.resource.text) == usage.principal
        if use.action not in creates or (creates[use.action] and not set(creates[use.action]).intersection(use.regions))
    )


_DELETES: Final = ("Cancel", "Delete", "Deregister", "Release", "Terminate")
_CREATES: Final = ("Create", "Run", "Register", "Request", "Allocate", "Import", "Start")
_UNTYPED: Final = {"s3": "bucket", "sns": "topic", "sqs": "queue"}
"""The resource type of ARNs without a type in these services."""


def is_creation_of(use: Use) -> bool:
    """Whether a use created the resource that it names. Failed calls created none."""
    return use.is_done and use.resource.kind in _NAMED and _may_create(use.action, use.resource.text)


def _may_create(action: Action, arn: str) -> bool:
    """Whether an action creates a resource of this ARN's type."""
    return _acts_on_resource_type(action, _CREATES, arn)


def _is_deletion_of(use: Use) -> bool:
    """Whether a use deleted the resource that it names. Dry runs and failed calls didn't."""
    return (
        use.is_done
        and use.resource.kind is ResourceKind.ARN
        and _acts_on_resource_type(use.action, _DELETES, use.resource.text)
    )


def _acts_on_resource_type(action: Action, verbs: tuple[str, ...], arn: str) -> bool:
    """Whether an action does one of the verbs to the resource itself.

    `DeleteVolume` deletes a `volume/…`, but `DeleteTags` doesn't delete a subnet, and `CreateGrant` doesn't create a
    key.
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
    """Whether a use was an allowed call for a missing resource."""
    is_allowed = use.outcome is Outcome.ALLOWED and use.how == OBSERVED
    return is_allowed and catalog.facts(ErrorCodes).says_missing(use.error_code)


def without_missing_names(usage: PrincipalUsage, grants: PrincipalGrants, dangers: Dangers) -> PrincipalUsage:
    """The usage without the names that never existed.

    A name in another allowed use, such as its creation, exists. If each statement that allows the call also allowed the
    action on an existing name, the call adds nothing. Otherwise its resource becomes unknown, and the statement keeps
    its scope. A dangerous action keeps the name itself, because anyone could widen its scope in this way.
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
            kept.append(use)  # use that nothing allows needs an explanation
        elif not all(_is_known(grant, known[use.action]) for grant in met):
            key = (use.action, use.error_code)
            opened[key] = _merged(opened[key], use) if key in opened else replace(use, resource=UNKNOWN_RESOURCE)
    return replace(usage, uses=(*kept, *opened.values()))


def _is_missing(use: Use, real: Iterable[str], catalog: Catalog) -> bool:
    is_named = use.resource.kind in (*_NAMED, ResourceKind.OVERFLOW)
    return is_named and use.resource.text not in real and names_nothing(use, catalog)


def _is_known(grant: Grant, uses: Sequence[Use]) -> bool:
    """Whether a statement allowed the action on an existing resource."""
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


# ---------------------------------------------------------------- owners: a record may show an id but not its owner


def without_owned(usage: PrincipalUsage) -> PrincipalUsage:
    """The usage without uses of resources as any account's, if the principal deleted them: only the owner can delete.

    For example, security groups are created and deleted with the instances in them, and there may be hundreds.
    """
    owned = {of_any_account(use.resource.text) for use in usage.uses if _is_deletion_of(use)}
    if not owned:
        return usage
    left = tuple(use for use in usage.uses if not (is_of_any_account(use.resource) and use.resource.text in owned))
    return replace(usage, uses=left)


def without_duplicate_owners(uses: Sequence[Use], patterns: Container[str]) -> Iterable[Use]:
    """The uses without resources of the principal's own account that also appear as any account's, because an id is
    globally unique. A resource that a rule turns into a pattern, such as the account's subnets, is kept."""
    shared = {(use.action, use.resource.text, use.outcome) for use in uses if is_of_any_account(use.resource)}
    for use in uses:
        arn = use.resource.text if shared and use.resource.kind is ResourceKind.ARN else ""
        if not arn or arn in patterns or (use.action, of_any_account(arn), use.outcome) not in shared:
            yield use


def is_of_any_account(resource: Resource) -> bool:
    """Whether a resource is listed as any account's."""
    return resource.kind is ResourceKind.FOLD and split_arn(resource.text).account == ANY_ACCOUNT


def of_any_account(arn: str) -> str:
    """The ARN as any account's. An ARN without an account is returned unchanged."""
    fields = split_arn(arn)
    return ":".join(("arn", *fields._replace(account=ANY_ACCOUNT))) if fields.account else arn
