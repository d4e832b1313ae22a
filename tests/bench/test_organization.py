"""The organization that benchmarks measure is what they say it is."""

from __future__ import annotations

from pathlib import Path

from bench.organization import STATEMENTS, write_organization
from lpgen.core.analysis.grants.principal_grants import grants_from_principals
from lpgen.core.catalog.catalog import Catalog
from lpgen.edge.catalog.files import open_catalog
from lpgen.edge.readers.iam_snapshot import read_snapshot


def test_organization_gives_every_principal_so_many_statements(tmp_path: Path) -> None:
    catalog: Catalog = open_catalog()
    write_organization(tmp_path, principals=12, seed=1)
    snapshot = read_snapshot([tmp_path / "details"])
    assert not snapshot.problems
    grants = grants_from_principals(snapshot.principals, catalog)
    assert [len(grant.allows) + len(grant.denies) for grant in grants] == [STATEMENTS] * 12


def test_organization_is_the_same_for_the_same_seed(tmp_path: Path) -> None:
    for name in ("one", "other"):
        write_organization(tmp_path / name, principals=5, seed=3)
    files = [sorted(path for path in (tmp_path / name).rglob("*") if path.is_file()) for name in ("one", "other")]
    assert len(files[0]) == len(files[1]) > 200
    assert [path.read_bytes() for path in files[0]] == [path.read_bytes() for path in files[1]]
