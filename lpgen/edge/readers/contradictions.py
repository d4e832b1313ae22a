"""Contradictions: facts that can't hold for one account at one time, though each is well formed.

Names are unique within an account whatever their path, and ids are unique everywhere.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from lpgen.core.arns import is_account_id, split_arn
from lpgen.edge.readers.iam_pages import GroupDetail, ManagedPolicy, Page, RoleDetail, UserDetail
from lpgen.errors import quote_input

Named = RoleDetail | UserDetail | GroupDetail | ManagedPolicy


def contradictions_of_file(pages: Sequence[Page]) -> Iterator[str]:
    """A sentence for each contradiction within one file, which shows its accounts at one time."""
    kinds: tuple[tuple[Named, ...], ...] = (
        tuple(one for page in pages for one in page.role_detail_list),
        tuple(one for page in pages for one in page.user_detail_list),
        tuple(one for page in pages for one in page.group_detail_list),
        tuple(one for page in pages for one in page.policies),
    )
    for details in kinds:
        yield from _same_names(details)
        for detail in details:
            yield from _own_contradictions(detail)


def ids_of_pages(pages: Iterable[Page]) -> Iterator[tuple[str, str]]:
    """The id and ARN of each principal."""
    for page in pages:
        principals: tuple[RoleDetail | UserDetail, ...] = (*page.role_detail_list, *page.user_detail_list)
        yield from ((one.unique_id, one.arn) for one in principals)


def contradictory_ids(ids: Iterable[tuple[str, str]]) -> Iterator[str]:
    """A sentence for each id that principals of different accounts have, of all ids and ARNs."""
    owners: dict[str, str] = {}
    for principal_id, arn in ids:
        other = owners.setdefault(principal_id, arn) if principal_id else arn
        if split_arn(other).account != split_arn(arn).account:
            pair = f"{quote_input(other)} and {quote_input(arn)}"
            yield f"{pair} have the same id {quote_input(principal_id)} in two accounts"


def _same_names(details: Iterable[Named]) -> Iterator[str]:
    known: dict[tuple[str, str], Named] = {}
    for one in details:
        other = known.setdefault((split_arn(one.arn).account, _name(one).lower()), one)
        if other.arn != one.arn:
            yield f"{quote_input(other.arn)} and {quote_input(one.arn)} have the same name in one account"
        elif other != one:
            yield f"{quote_input(one.arn)} is there twice, with different content"


def _own_contradictions(one: Named) -> Iterator[str]:
    if not one.arn.endswith(f"/{_name(one)}"):
        yield f"{quote_input(one.arn)} has the name {quote_input(_name(one))}"
    account = split_arn(one.arn).account
    for other in _arns_beside(one):
        if is_account_id(split_arn(other).account) and split_arn(other).account != account:
            yield f"{quote_input(one.arn)} has {quote_input(other)}, which is in another account"
    for name, count in Counter(_policy_names(one)).items():
        if count > 1:
            yield f"{quote_input(one.arn)} has the policy or version {quote_input(name)} {count} times"
    if isinstance(one, ManagedPolicy):
        default = {version.version_id for version in one.policy_version_list if version.is_default_version}
        if len(default | ({one.default_version_id} - {""} if default else set())) > 1:
            yield f"{quote_input(one.arn)} has several default versions"


def _arns_beside(one: Named) -> Iterator[str]:
    """The ARNs that must be in the account of their owner."""
    if isinstance(one, ManagedPolicy):
        return
    yield from (reference.policy_arn for reference in one.attached_managed_policies)
    if isinstance(one, RoleDetail | UserDetail) and one.permissions_boundary is not None:
        yield one.permissions_boundary.permissions_boundary_arn
    if isinstance(one, RoleDetail):
        yield from (profile.arn for profile in one.instance_profile_list)


def _policy_names(one: Named) -> Iterator[str]:
    if isinstance(one, ManagedPolicy):
        return (version.version_id for version in one.policy_version_list if version.version_id)
    return (policy.policy_name for policy in one.inline_policies)


def _name(one: Named) -> str:
    is_unnamed = isinstance(one, ManagedPolicy) and not one.name
    return one.arn.rpartition("/")[2] if is_unnamed else one.name
