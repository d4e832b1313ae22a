"""Facts about guardrails, as the rows of the table `guardrails`: quotas, global services, and what to deny."""

from __future__ import annotations

import msgspec

from lpgen.core.catalog.catalog_table import CatalogSource, read_catalog_table


class Quota(msgspec.Struct, frozen=True):
    """The largest SCP in characters, and how many SCPs a root, unit or account can have, since an ISO date.

    https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html
    """

    since: str
    size: int
    attached: int
    source: tuple[str, ...]


class GuardrailFacts(msgspec.Struct, frozen=True):
    """The table. `never_denied` are services that no SCP denies as a whole.

    `global_actions` are patterns of actions whose endpoint isn't in the Region that is used. `dangerous` are actions
    that few principals need. `without_boundary_key` are actions that the service authorization reference lists with
    `iam:PermissionsBoundary`, although AWS's guide to delegation limits them otherwise.
    """

    quotas: tuple[Quota, ...]
    never_denied: frozenset[str]
    global_actions: tuple[str, ...]
    dangerous: tuple[str, ...]
    without_boundary_key: frozenset[str]

    @property
    def quota(self) -> Quota:
        """The quotas of today."""
        return max(self.quotas, key=lambda quota: quota.since)


def read_facts(source: CatalogSource) -> GuardrailFacts:
    """The facts of a catalog, for `Catalog.facts`."""
    return read_catalog_table(source, "guardrails", GuardrailFacts)
