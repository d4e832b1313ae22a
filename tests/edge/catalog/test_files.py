"""Which catalog folder counts, and what its files may be called."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path

import pytest

from lpgen.edge.catalog.files import (
    HOME_VARIABLE,
    FolderSource,
    bundled_catalog,
    bundled_folder,
    newest_user_folder,
    open_catalog,
    user_folder,
)
from lpgen.errors import CatalogError
from tests.support.catalog_samples import write_zoo


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for the user's catalogs."""
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "home"))
    return tmp_path / "home"


def path_of(source: object) -> Path:
    assert isinstance(source, FolderSource)
    return source.path


def test_given_folder_comes_first(home: Path, tmp_path: Path) -> None:
    write_zoo(home / "2026-05-06")
    given = write_zoo(tmp_path / "given")
    assert path_of(open_catalog(given).source) == given


def test_newest_of_the_users_folder_comes_second(home: Path) -> None:
    for name in ("2026-05-06", "2026-05-06.001", "2025-12-31"):
        write_zoo(home / name)
    assert path_of(open_catalog().source) == home / "2026-05-06.001"


def test_bundled_catalog_comes_last(home: Path) -> None:
    assert not home.exists()
    assert path_of(open_catalog().source) == bundled_folder()
    home.mkdir()
    assert len(open_catalog().actions()) == len(bundled_catalog().actions()) == 22_091


@pytest.mark.usefixtures("home")
def test_bundled_catalog_is_one_for_all_who_ask() -> None:
    assert open_catalog() is bundled_catalog() is bundled_catalog()


def test_folders_that_are_no_whole_catalog_are_passed_over(home: Path) -> None:
    write_zoo(home / "2026-05-06")
    write_zoo(home / ".incoming-x1")
    write_zoo(home / "zzz")
    (home / "2027-01-01").mkdir()
    (home / "2028-01-01").write_text("no folder")
    assert newest_user_folder() == home / "2026-05-06"


def test_users_folder_that_cant_be_read_is_an_error_with_its_place(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_path: Path, **_options: object) -> bool:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "is_dir", refuse)
    with pytest.raises(CatalogError, match="Permission denied") as found:
        newest_user_folder()
    assert str(home) in found.value.message
    assert "--catalog" in found.value.hint


def test_users_folder_is_the_platforms_without_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(HOME_VARIABLE, raising=False)
    assert user_folder().parts[-2:] == ("lpgen", "catalogs")
    assert user_folder().is_absolute()


def test_folder_without_a_catalog_is_an_error_at_once(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match=r"manifest\.json"):
        open_catalog(tmp_path)
    with pytest.raises(CatalogError):
        open_catalog(tmp_path / "missing")


def test_installed_package_has_its_catalog_inside_and_a_checkout_beside(tmp_path: Path) -> None:
    package = tmp_path / "site" / "lpgen"
    package.mkdir(parents=True)
    with pytest.raises(CatalogError, match="missing"):
        bundled_folder(package)
    write_zoo(package.parent / "action_catalog")
    assert bundled_folder(package) == package.parent / "action_catalog"
    write_zoo(package / "_catalog")
    assert bundled_folder(package) == package / "_catalog"


def test_table_comes_from_the_bundled_catalog_where_the_folder_lacks_it(tmp_path: Path) -> None:
    bundled, own = write_zoo(tmp_path / "bundled"), write_zoo(tmp_path / "own")
    (bundled / "rows").mkdir()
    for name in ("rows/ec2.amazonaws.com", "both"):
        (bundled / f"{name}.json").write_text('"bundled"')
    (own / "both.json").write_text('"own"')
    source = FolderSource(own, bundled)
    assert source.has_table("rows/ec2.amazonaws.com")
    assert source.read_table("rows/ec2.amazonaws.com") == b'"bundled"'
    assert source.read_table("both") == b'"own"'
    assert not source.has_table("neither")
    with pytest.raises(CatalogError, match="neither"):
        source.read_table("neither")


def test_manifest_never_comes_from_another_folder(tmp_path: Path) -> None:
    bundled, own = write_zoo(tmp_path / "bundled"), write_zoo(tmp_path / "own")
    (own / "manifest.json").unlink()
    source = FolderSource(own, bundled)
    assert not source.has_table("manifest")
    with pytest.raises(CatalogError, match="manifest"):
        source.read_table("manifest")


def test_every_table_of_the_bundled_catalog_is_there_for_another_folder(tmp_path: Path) -> None:
    opened = open_catalog(write_zoo(tmp_path / "own")).source
    tables = [path for path in bundled_folder().glob("*.json") if path.stem != "manifest"]
    assert tables
    for path in tables:
        assert opened.read_table(path.stem) == path.read_bytes()


@pytest.mark.parametrize(
    "name",
    [
        "../secret",
        "a/../../secret",
        "/etc/passwd",
        "",
        ".",
        "..",
        "a//b",
        "a\x00b",
        ".hidden",
        "a/b/c",
        "a" * 3000,
        "operations/" + "a" * 3000,
    ],
)
def test_name_that_leaves_the_folder_is_no_table(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret.json").write_text("1")
    folder = write_zoo(tmp_path / "own")
    source = FolderSource(folder, folder)
    assert not source.has_table(name)
    with pytest.raises(CatalogError):
        source.read_table(name)


@pytest.mark.parametrize("prefix", ["../manifest", "", "S3", "a/b", "x\n", "a" * 3000])
def test_name_that_is_no_prefix_is_no_service(tmp_path: Path, prefix: str) -> None:
    with pytest.raises(CatalogError):
        FolderSource(write_zoo(tmp_path / "own")).read_service(prefix)


def test_folder_lists_its_services_sorted_and_nothing_else(tmp_path: Path) -> None:
    folder = write_zoo(tmp_path / "own")
    for name in ("ark.json", "notes.txt", ".hidden.json", "Upper.json"):
        shutil.copy(folder / "services" / "zoo.json", folder / "services" / name)
    assert FolderSource(folder).service_prefixes() == ("ark", "zoo")
