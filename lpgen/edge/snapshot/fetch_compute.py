"""Fetches the resources of an account that run with a role, and its users with a password.

A row of the table `compute` names a kind of resource: the calls from its list to its description, and the fields of the
answers with its ARN and roles.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import compress
from typing import Any, Final

import msgspec

from lpgen.core.catalog.catalog_table import CatalogSource, read_catalog_table
from lpgen.core.compute import Compute
from lpgen.core.snapshots import Subject
from lpgen.edge.aws_session import AwsSession, CallerIdentity, aws_errors
from lpgen.edge.catalog.files import bundled_catalog
from lpgen.edge.snapshot.answers import GONE, answer_pages, role_in, values_at
from lpgen.edge.snapshot.fetch_resources import fill_texts
from lpgen.edge.snapshot.gap_list import GapList
from lpgen.errors import AwsError

_WORKERS: Final = 8

_Object = dict[str, Any]


class _ComputeCall(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A call. It is made for each object that the call before it found: `arguments` are fields of that object, and
    `fixed` ones are always the same.

    It finds the objects at the path `items` of its pages, or the pages themselves, with all fields of the object that
    it was made for. A text becomes an object with the field `item`.
    """

    operation: str
    items: str = ""
    arguments: dict[str, str] = {}
    fixed: dict[str, Any] = {}

    def wanted(self, objects: Iterable[_Object]) -> list[tuple[_Object, list[_Object]]]:
        """The arguments of each call to make, with its objects. Nothing is asked twice, nor without all arguments."""
        found: dict[str, tuple[_Object, list[_Object]]] = {}
        for obj in objects:
            arguments = {name: obj.get(source) for name, source in self.arguments.items()}
            if all(arguments.values()):
                found.setdefault(repr(arguments), ({**self.fixed, **arguments}, []))[1].append(obj)
        return list(found.values())

    def objects(self, page: _Object, parent: _Object) -> Iterator[_Object]:
        """The objects in a page."""
        for item in values_at(page, self.items) if self.items else [page]:
            yield {**parent, **(item if isinstance(item, dict) else {"item": item})}


class _ComputeKind(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A kind of resource: its type in the service authorization reference; its calls, which need `actions`; its ARN,
    with fields of the last objects in braces; and the paths of its roles and instance profiles, ARNs or names.

    `needed` is a field that must be true. `overriding` are the paths of roles that replace `roles` if there are any.
    `tags` are session tags, with fields too, unless the field `untagged` is true. `regions` are the Regions of a
    service that is missing from boto3's lists.
    """

    type: str
    service: str
    calls: tuple[_ComputeCall, ...]
    arn: str
    actions: tuple[str, ...]
    source: tuple[str, ...]
    needed: str = ""
    overriding: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()
    tags: dict[str, str] = {}
    untagged: str = ""
    regions: tuple[str, ...] = ()


def _read_table(source: CatalogSource) -> dict[str, _ComputeKind]:
    return read_catalog_table(source, "compute", dict[str, _ComputeKind])


@dataclass(frozen=True, slots=True)
class ComputeFetcher:
    """Fetches the resources of one account that run with a role.

    `roles` are the ARNs of its roles by name, and `profiles` the ARNs of roles by the name of their instance profile.
    Such names occur once in an account.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    """

    session: AwsSession
    caller: CallerIdentity
    roles: Mapping[str, str]
    profiles: Mapping[str, str]
    gaps: GapList
    table: Mapping[str, _ComputeKind] = field(default_factory=lambda: bundled_catalog().facts(_read_table))

    def fetch(self, regions: Iterable[str]) -> list[Compute]:
        """The resources in some Regions, sorted. A service that a Region doesn't offer has none there."""
        places = [
            (kind, region) for region in regions for kind in self.table.values() if self._is_offered(kind, region)
        ]
        with ThreadPoolExecutor(_WORKERS) as pool:
            return sorted({found for some in pool.map(lambda place: list(self._all(*place)), places) for found in some})

    def _is_offered(self, kind: _ComputeKind, region: str) -> bool:
        """Whether a Region may offer a service. Every Region has EC2, so boto3 doesn't know a Region without it."""
        if kind.regions:
            return region in kind.regions
        service, ec2 = (self.session.offers(name, region, self.caller.partition) for name in (kind.service, "ec2"))
        return service or not ec2

    def _all(self, kind: _ComputeKind, region: str) -> Iterator[Compute]:
        objects: list[_Object] = [
            {"partition": self.caller.partition, "account": self.caller.account, "region": region}
        ]
        for call in kind.calls:
            objects = [
                found
                for arguments, parents in call.wanted(objects)
                for page in self._ask(kind, region, call.operation, arguments)
                for obj in parents
                for found in call.objects(page, obj)
            ]
        for obj in objects:
            if kind.needed and not obj.get(kind.needed):
                continue
            tags = {} if obj.get(kind.untagged) else kind.tags
            for role in self._roles_of(kind, obj):
                try:
                    yield Compute(kind.arn.format_map(obj), role, tuple(sorted(fill_texts(tags, obj).items())))
                except KeyError as error:
                    where = f"{kind.service} in {region}"
                    self.gaps.add(self.caller.account, Subject.COMPUTE, f"an answer lacks {error}", where=where)

    def _ask(self, kind: _ComputeKind, region: str, operation: str, arguments: _Object) -> list[_Object]:
        """The pages of an answer. If it can't be read, there are none, and a gap. A deleted resource isn't a gap."""
        with self.gaps.catch(self.caller.account, Subject.COMPUTE, where=f"{kind.service} in {region}"):
            try:
                client = (
                    self.session.client(kind.service, region)
                    if kind.regions
                    else self.session.known_client(kind.service, region, self.caller.partition)
                )
                with aws_errors("read what runs with a role"):
                    return answer_pages(client, operation, arguments)
            except AwsError as error:
                if not GONE.search(error.code):
                    raise
        return []

    def _roles_of(self, kind: _ComputeKind, obj: _Object) -> set[str]:
        texts = [text for path in kind.overriding for text in values_at(obj, path)]
        texts = texts or [text for path in kind.roles for text in values_at(obj, path)]
        roles = {role_in(text, self.caller.account, self.roles) for text in texts}
        held = {
            self.profiles.get(text.rpartition("/")[2], "") for path in kind.profiles for text in values_at(obj, path)
        }
        return (roles | held) - {""}


def fetch_login_profiles(session: AwsSession, users: Iterable[Mapping[str, Any]]) -> list[str]:
    """The ARNs of the users that have a password for the console, sorted.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetLoginProfile.html

    Raises:
        AwsError: it can't be read for a user.
    """

    def has_password(user: Mapping[str, Any]) -> bool:
        try:
            with aws_errors("read who has a password"):
                session.client("iam").get_login_profile(UserName=user["UserName"])
        except AwsError as error:
            if error.code == "NoSuchEntity":
                return False
            raise
        return True

    known = sorted(users, key=lambda user: str(user["Arn"]))
    with ThreadPoolExecutor(_WORKERS) as pool:
        return [user["Arn"] for user in compress(known, pool.map(has_password, known))]
