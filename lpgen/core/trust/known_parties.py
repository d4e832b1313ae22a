"""Accounts and services that trust policies name, as far as AWS's pages and published lists know them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from lpgen.core.catalog.catalog import Catalog
from lpgen.core.catalog.catalog_table import CatalogSource, read_optional_table

SOURCE_ACCOUNT: Final = "aws:SourceAccount"


class SourceKeys(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The condition keys that AWS's page shows in the trust policy of a role for a service."""

    service: str
    """The service principal."""
    keys: tuple[str, ...]
    """`aws:SourceAccount`, `aws:SourceArn`, or both."""
    source: str


class _KnownAccounts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    accounts: tuple[str, ...]
    source: str
    type: str = "vendor"


def known_account(catalog: Catalog, account: str) -> str:
    """The name of the vendor or of AWS's service that uses an account, or "". A hint for readers, no reason to trust.

    https://github.com/fwdcloudsec/known_aws_accounts
    """
    return catalog.facts(_names_by_account).get(account, "")


def _names_by_account(source: CatalogSource) -> Mapping[str, str]:
    rows = read_optional_table(source, "known_accounts", list[_KnownAccounts], [])
    return {account: f"{row.name} (AWS)" if row.type == "aws" else row.name for row in rows for account in row.accounts}


def services_with_source_keys(catalog: Catalog) -> Mapping[str, SourceKeys]:
    """By service principal, the services that AWS's pages show with a source key in a role's trust policy.

    Other services may send these keys too, or not: then a condition on them denies every request.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
    """
    return catalog.facts(_rows_by_service)


def _rows_by_service(source: CatalogSource) -> Mapping[str, SourceKeys]:
    return {row.service: row for row in read_optional_table(source, "source_keys", list[SourceKeys], [])}
