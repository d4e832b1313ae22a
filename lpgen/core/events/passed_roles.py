"""Roles that a call hands to an AWS service: `iam:PassRole`, which CloudTrail never records.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from lpgen.core.actions.catalog import CatalogSource
from lpgen.core.actions.catalog_table import read_catalog_table
from lpgen.core.events.rules.call import Call
from lpgen.core.events.rules.inferences import PASS_ROLE
from lpgen.core.events.rules.passing import PASS_ROLE_ACTION
from lpgen.core.model import UNKNOWN_RESOURCE, MappedAction, Resource, ResourceKind

_ROLE_ARN: Final = re.compile(r"arn:[a-z-]+:iam::(\d{12}):(?:role|instance-profile)/[\w+=,.@/-]+")
_ROLE_NAME: Final = re.compile(r"[\w+=,.@-]{1,128}")

_WRITES: Final = (
    "Associate",
    "Create",
    "Import",
    "Launch",
    "Modify",
    "Put",
    "Register",
    "Replace",
    "Restore",
    "Run",
    "Start",
    "Submit",
    "Update",
)

# The services whose principal carries the partition's suffix in China.
# https://docs.amazonaws.cn/en_us/aws/latest/userguide/iam.html
_SUFFIXED_IN_CHINA: Final = frozenset({"ec2.amazonaws.com", "elasticmapreduce.amazonaws.com"})


class PassedToRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The service to which the calls of an event source pass roles, with the page that names it.

    `operations` names the service for single operations, or for one parameter of an operation (`Operation.path`).
    """

    service: str = ""
    source: str = ""
    operations: dict[str, str] = {}


class PassedTo:
    """To which service each call passes its role, where AWS documents it."""

    def __init__(self, rows: dict[str, PassedToRow]) -> None:
        self._rows = rows

    @classmethod
    def from_catalog(cls, source: CatalogSource) -> PassedTo:
        """The table `pass_role` of a catalog: one row by event source.

        Raises:
            CatalogError: it can't be read.
        """
        return cls(read_catalog_table(source, "pass_role", dict[str, PassedToRow]))

    def service(self, event_source: str, operation: str, path: str) -> str:
        """The service principal, or "" where it isn't known."""
        row = self._rows.get(event_source)
        if row is None:
            return ""
        named = row.operations
        return named.get(f"{operation}.{path}") or named.get(operation) or row.service


class RoleParameter(msgspec.Struct, frozen=True):
    """One parameter that passes a role: its path, what a value without ARN names, and the service that gets it."""

    path: tuple[str, ...]
    names: str  # "role", "instance-profile", or "" where only an ARN can be read
    service: str


def role_parameters(
    passed_to: PassedTo, event_source: str, operation: str, roles: Iterable[str]
) -> list[RoleParameter]:
    """The parameters of an operation that pass roles, from the `roles` of its row."""
    found = []
    for text in roles:
        kind, colon, path = text.rpartition(":")
        names = {"name": "role", "profile": "instance-profile"}[kind] if colon else ""
        found.append(RoleParameter(tuple(path.split(".")), names, passed_to.service(event_source, operation, path)))
    return found


def passed_roles(call: Call, parameters: Iterable[RoleParameter]) -> tuple[MappedAction, ...]:
    """`iam:PassRole` for every role the call passes, one mapped action by receiving service.

    Only a role of the account itself can be passed, so that a role of another account is something else. An instance
    profile keeps its own ARN: only a snapshot of the account tells which role it holds. A parameter that
    is there but hidden passes an unknown role.
    """
    by_service: dict[str, set[Resource]] = {}
    for parameter in parameters:
        resources = set(_roles_at(call, parameter))
        if resources:
            by_service.setdefault(_principal(call, parameter.service), set()).update(resources)
    return tuple(
        MappedAction(PASS_ROLE_ACTION, tuple(sorted(resources)), PASS_ROLE, _context(service))
        for service, resources in sorted(by_service.items())
    )


def looks_like_pass(operation: str) -> bool:
    """Whether an operation that no table knows may pass a role: a verb that makes or changes something."""
    return operation.startswith(_WRITES)


def unlisted_roles(call: Call) -> tuple[MappedAction, ...]:
    """`iam:PassRole` for the role ARNs in top-level parameters named like a role, for operations no table knows."""
    names = [key for key in call.request if "role" in key.lower()]
    return passed_roles(call, [RoleParameter((name,), "", "") for name in names]) if names else ()


def _roles_at(call: Call, parameter: RoleParameter) -> Iterator[Resource]:
    if call.hides(*parameter.path):
        yield UNKNOWN_RESOURCE
    for text in call.texts(*parameter.path):
        match = _ROLE_ARN.fullmatch(text)
        if match:
            if match[1] == call.account or not call.account:
                yield Resource(ResourceKind.ARN, text)
        elif parameter.names and _ROLE_NAME.fullmatch(text):
            arn = call.arn("iam", f"{parameter.names}/{text}", region=False)
            yield Resource(ResourceKind.ARN, arn)


def _principal(call: Call, service: str) -> str:
    in_china = call.partition == "aws-cn" and service in _SUFFIXED_IN_CHINA
    return f"{service}.cn" if in_china else service


def _context(service: str) -> tuple[tuple[str, str], ...]:
    return (("iam:PassedToService", service),) if service else ()
