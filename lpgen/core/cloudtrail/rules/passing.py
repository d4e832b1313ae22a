"""Roles that a call passes to an AWS service: `iam:PassRole`, which CloudTrail never records.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Set
from typing import Final, NamedTuple

import msgspec

from lpgen.core.arns import split_arn
from lpgen.core.catalog.catalog_table import CatalogSource, read_catalog_table
from lpgen.core.cloudtrail.rules.call import Call
from lpgen.core.cloudtrail.rules.inferences import PASS_ROLE, UNREAD_REQUEST
from lpgen.core.model import UNKNOWN_RESOURCE, Action, MappedAction, Resource, ResourceKind

PASS_ROLE_ACTION: Final = Action("iam:PassRole")

ROLE_UNREAD: Final = MappedAction(PASS_ROLE_ACTION, (UNKNOWN_RESOURCE,), UNREAD_REQUEST)
"""The action of a call that may have passed a role in parameters that can't be read."""

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-names
_ENTITY_ARN: Final = re.compile(r"arn:[a-z-]+:iam::\d{12}:(?:role|instance-profile)/[\w+=,.@/-]+", re.ASCII)
_NAME: Final = re.compile(r"[\w+=,.@-]{1,128}", re.ASCII)

# The services whose principal has the suffix `.cn` in China.
# https://docs.amazonaws.cn/en_us/aws/latest/userguide/iam.html
# https://docs.aws.amazon.com/emr/latest/ManagementGuide/using-service-linked-roles-cleanup.html
_SUFFIXED_IN_CHINA: Final = frozenset({"ec2.amazonaws.com", "elasticmapreduce.amazonaws.com"})


# The verbs that create or change something. An operation with such a verb may pass a role even if no table has it.
WRITES: Final = (
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


class RoleParameter(NamedTuple):
    """A parameter that passes a role.

    `names` is what a value that isn't an ARN names: "role", "instance-profile", or "" if only ARNs can be read.
    `service` receives the role, or is "" if unknown.
    """

    path: tuple[str, ...]
    names: str
    service: str


def _role_parameter(text: str, service: str) -> RoleParameter:
    """The parameter from its text in a table: `path`, or `name:path` or `profile:path` if it can have a name."""
    kind, _, path = text.rpartition(":")
    return RoleParameter(tuple(path.split(".")), {"": "", "name": "role", "profile": "instance-profile"}[kind], service)


class PassedToRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The service that receives the roles passed by an event source's calls, with the page that names it.

    `operations` has the service for single operations, or for one parameter of an operation (`Operation.path`).
    """

    service: str = ""
    source: str = ""
    operations: dict[str, str] = {}


class UnnamedPassRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An action whose calls pass roles that their records don't name, or name only as in `names`."""

    action: str
    passes: str
    to: str
    source: str
    names: str = ""


class _PassedRoles(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The table `pass_role` of a catalog: by event source, the service that receives roles, as AWS documents it, and
    the calls that pass roles without naming them."""

    passed_to: dict[str, PassedToRow]
    unnamed: tuple[UnnamedPassRow, ...]


def passed_roles_from_catalog(source: CatalogSource) -> _PassedRoles:
    """The table of a catalog.

    Raises:
        CatalogError: it can't be read.
    """
    return read_catalog_table(source, "pass_role", _PassedRoles)


def role_parameters(row: PassedToRow | None, operation: str, roles: Iterable[str]) -> tuple[RoleParameter, ...]:
    """The parameters of an operation that pass roles, from the `roles` of its row and from the row of its event
    source."""
    services = row.operations if row else {}
    default = services.get(operation) or (row.service if row else "")
    return tuple(
        _role_parameter(text, services.get(f"{operation}.{text.rpartition(':')[2]}") or default) for text in roles
    )


def roles_at(call: Call, parameters: Iterable[RoleParameter]) -> tuple[MappedAction, ...]:
    """`iam:PassRole` for the roles in a call's parameters, with one mapped action per receiving service.

    A hidden parameter passes an unknown role.
    """
    by_service: dict[str, set[Resource]] = {}
    for path, names, service in parameters:
        found = by_service.setdefault(service, set())
        found |= {UNKNOWN_RESOURCE} if call.hides(*path) else set()
        found |= _roles(entity_arn(call, names, text) for text in call.texts(*path))
    return tuple(action for service, roles in sorted(by_service.items()) for action in passed(call, roles, service))


def passed_roles(call: Call, texts: Iterable[str], service: str) -> tuple[MappedAction, ...]:
    """`iam:PassRole` to a service, on the texts that are ARNs of roles or instance profiles."""
    return passed(call, _roles(texts), service)


def passed(call: Call, roles: Set[Resource], service: str) -> tuple[MappedAction, ...]:
    """`iam:PassRole` to a service, on the roles of the call's account: only those can be passed. Empty if there are
    none.

    An instance profile keeps its own ARN, because only a snapshot of the account shows its role.
    """
    own = (role for role in roles if not call.account or split_arn(role.text).account in ("", call.account))
    resources = tuple(sorted(own))
    if call.partition == "aws-cn" and service in _SUFFIXED_IN_CHINA:
        service = f"{service}.cn"
    context = (("iam:PassedToService", service),) if service else ()
    return (MappedAction(PASS_ROLE_ACTION, resources, PASS_ROLE, context),) if resources else ()


def unlisted_roles(call: Call) -> tuple[MappedAction, ...]:
    """`iam:PassRole` for role ARNs in top-level parameters with "role" in their name, for operations without a table
    row."""
    return roles_at(call, [RoleParameter((name,), "", "") for name in call.request if "role" in name.lower()])


def _roles(texts: Iterable[str]) -> set[Resource]:
    return {Resource(ResourceKind.ARN, text) for text in texts if _ENTITY_ARN.fullmatch(text)}


def entity_arn(call: Call, names: str, text: str) -> str:
    """The ARN of the role or instance profile that a text names, or the text itself if it isn't a plain name.

    `names` is "role", "instance-profile", or "" if the parameter takes only ARNs.
    """
    is_name = names and _NAME.fullmatch(text)
    return call.arn("iam", f"{names}/{text}", region=False) if is_name else text


def is_role_arn(text: str) -> bool:
    """Whether a text is the ARN of one IAM role."""
    return bool(_ENTITY_ARN.fullmatch(text)) and ":role/" in text
