"""Known accounts, and services that send source keys."""

from __future__ import annotations

from lpgen.core.arns import is_account_id
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.catalog.catalog_table import read_catalog_table
from lpgen.core.trust.known_parties import known_account, services_with_source_keys
from lpgen.edge.catalog.files import bundled_catalog
from tests.support.catalog_samples import zoo_source


def test_known_account_names_vendors_and_services_of_aws() -> None:
    catalog = bundled_catalog()
    assert known_account(catalog, "454464851268") == "Cloudhealth"
    assert known_account(catalog, "127311923021") == "ELB logs (AWS)"
    assert known_account(catalog, "111122223333") == ""


def test_each_known_account_has_one_name_and_a_page() -> None:
    rows = read_catalog_table(bundled_catalog().source, "known_accounts", list[dict[str, object]])
    accounts = [account for row in rows for account in as_list(row["accounts"])]
    assert len(rows) == 238
    assert len(set(accounts)) == len(accounts) == 498
    assert all(is_account_id(account) for account in accounts)
    assert all(str(row["source"]).startswith("http") for row in rows)


def as_list(value: object) -> list[str]:
    assert isinstance(value, list)
    return value


def test_services_with_source_keys_have_keys_and_a_page_of_aws() -> None:
    rows = services_with_source_keys(bundled_catalog())
    assert rows["states.amazonaws.com"].keys == ("aws:SourceAccount", "aws:SourceArn")
    assert rows["codebuild.amazonaws.com"].keys == ("aws:SourceArn",)
    for service, row in rows.items():
        assert service.endswith(".amazonaws.com")
        assert row.keys
        assert set(row.keys) <= {"aws:SourceAccount", "aws:SourceArn"}
        assert row.source.startswith("https://docs.aws.amazon.com/")


def test_a_catalog_without_the_tables_knows_nobody() -> None:
    catalog = Catalog(zoo_source())
    assert known_account(catalog, "454464851268") == ""
    assert services_with_source_keys(catalog) == {}
