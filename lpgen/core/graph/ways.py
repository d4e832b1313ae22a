"""The documented ways to gain another principal's rights, as rows of the table `escalations`."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from lpgen.core.catalog.catalog_table import CatalogSource, read_catalog_table

Gain = Literal["role", "user", "permissions", "group", "resource"]
"""What a way gains: the rights of a role or user, any permission, the rights of a group, or a resource's content."""

TARGET: Final = "target"
SELF: Final = "self"
POLICY: Final = "policy"
GROUP: Final = "group"
COMPUTE: Final = "compute"
NEW: Final = "new"
ANY: Final = "any"
OBJECTS: Final = "objects"

ASSUME_ROLE: Final = "sts:AssumeRole"


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A request that a way needs. `on` names its resource, and `context` the condition keys that the way fixes.

    `on` is `target` (what is gained), `self` (the caller), `policy` (a customer managed policy attached to the caller
    or the target), `group`, `compute TYPE` (an existing resource that runs with the target), `new TYPE` (one that the
    caller creates), `any TYPE` (some existing resource), `objects` (what the target contains) or `*`. Steps with the
    same `on` are about the same resource.
    """

    action: str
    on: str
    context: dict[str, str] = {}

    @property
    def place(self) -> str:
        """The first word of `on`."""
        return self.on.partition(" ")[0]

    @property
    def type(self) -> str:
        """The resource type in `on`, such as `lambda:function`, or ""."""
        return self.on.partition(" ")[2]


class Way(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A way to gain rights: its steps, and services. If there are services, the gained role must trust one of them.

    `does` completes the sentence "A can become B: it ...". `caller` is `user`, or outside the
    snapshot `provider` or `service`, for a way that only these have. `exists`
    is a type of compute that must exist although no step names it. `account` is `member` for a way that works only from
    the management account or a delegated administrator onto a member account, and `own` for one that works only on
    resources of the caller's account. `shape` names a way whose gain depends on more than its steps.
    """

    id: str
    does: str
    pages: tuple[str, ...]
    gains: Gain
    steps: tuple[Step, ...]
    trusts: tuple[str, ...] = ()
    caller: str = ""
    exists: str = ""
    account: str = ""
    shape: str = ""
    note: str = ""

    @property
    def compute(self) -> str:
        """The type of the existing resource that runs with the gained role, or ""."""
        return next((step.type for step in self.steps if step.place == COMPUTE), "")

    @property
    def is_decided(self) -> bool:
        """Whether policies and the inventory of compute decide what the way gains."""
        if self.shape == "provider":
            return any(step.type == "iam:saml-provider" and step.place == ANY for step in self.steps)
        return self.shape not in ("artifact", "partial", "root") and (
            self.account != "member" or self.shape == "identity-center"
        )

    @property
    def existing_types(self) -> frozenset[str]:
        """The types of existing resources that it needs."""
        return frozenset({self.exists, *(step.type for step in self.steps if step.place in (COMPUTE, ANY))} - {""})

    @property
    def needs_instance_profile(self) -> bool:
        """Whether an instance profile must already have the gained role. An instance gets its role through one.

        https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_switch-role-ec2_instance-profiles.html
        """
        adds = any(step.action == "iam:AddRoleToInstanceProfile" for step in self.steps)
        return "ec2.amazonaws.com" in self.trusts and not adds


class WayTable(msgspec.Struct, frozen=True):
    """The table: all ways, sorted by id, and the services whose resources RCPs limit."""

    source: str
    rcp_services: tuple[str, ...]
    ways: tuple[Way, ...]


def read_ways(source: CatalogSource) -> WayTable:
    """The ways of a catalog, for `Catalog.facts`."""
    return read_catalog_table(source, "escalations", WayTable)
