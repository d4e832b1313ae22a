"""A page and the files beside it: together or not at all, and never those of two runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lpgen.edge.output_folder import remove_files_of_page, write_page
from lpgen.errors import OutputError

ONE, OTHER = "1" * 32, "2" * 32


def write(page: Path, digest: str, content: bytes = b"page") -> bool:
    files = [("0001.html", digest.encode()), ("0002.html", b"more")]
    return write_page(page, [content], digest=digest, files=files)


def found(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_a_page_has_its_files_beside_it_for_their_owner_only(tmp_path: Path) -> None:
    page = tmp_path / "review.html"
    assert [write(page, ONE), write(page, ONE)] == [False, True]
    assert found(tmp_path) == [f"review-files/{ONE}/0001.html", f"review-files/{ONE}/0002.html", "review.html"]
    for path in (tmp_path / "review-files").rglob("*"):
        assert path.stat().st_mode & 0o077 == 0


def test_files_of_earlier_runs_go_and_what_others_put_there_stays(tmp_path: Path) -> None:
    page = tmp_path / "review.html"
    write(page, ONE)
    folder = tmp_path / "review-files"
    for name in ("notes", "." + "lpgen-" + "a" * 32, "3" * 31):
        (folder / name).mkdir()
    (folder / ("4" * 32)).write_text("a file")
    (folder / ("5" * 32)).symlink_to(tmp_path)
    write(page, OTHER)
    assert sorted(path.name for path in folder.iterdir()) == sorted([OTHER, "notes", "3" * 31, "4" * 32, "5" * 32])
    assert page.exists()


def test_a_page_without_files_leaves_none(tmp_path: Path) -> None:
    page = tmp_path / "review.html"
    remove_files_of_page(page)
    write(page, ONE)
    remove_files_of_page(page)
    assert found(tmp_path) == ["review.html"]
    assert not (tmp_path / "review-files").exists()
    write(page, ONE)
    (tmp_path / "review-files" / "notes").write_text("mine")
    remove_files_of_page(page)
    assert found(tmp_path) == ["review-files/notes", "review.html"]


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
@pytest.mark.parametrize("at", ["files", "page"])
def test_what_was_there_stays_where_writing_fails(error: type[BaseException], at: str, tmp_path: Path) -> None:
    page = tmp_path / "review.html"
    write(page, ONE, b"old")

    def failing(one: object) -> Iterator[object]:
        yield one
        raise error

    files = failing(("0001.html", b"new")) if at == "files" else iter([("0001.html", b"new")])
    content = failing(b"new") if at == "page" else iter([b"new"])
    with pytest.raises(OutputError if error is OSError else error):
        write_page(page, content, digest=OTHER, files=files)  # type: ignore[arg-type]
    assert page.read_bytes() == b"old"
    assert f"review-files/{ONE}/0001.html" in found(tmp_path)
    assert not [one for one in found(tmp_path) if ".lpgen-" in one or OTHER in one]


def test_the_page_is_asked_for_when_its_files_are_there(tmp_path: Path) -> None:
    page, folder = tmp_path / "review.html", tmp_path / "review-files" / ONE

    def content() -> Iterator[bytes]:
        assert found(folder) == ["0001.html"]
        yield b"page"

    write_page(page, content(), digest=ONE, files=[("0001.html", b"data")])
    assert page.read_bytes() == b"page"


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "review-files").write_text("mine")
    with pytest.raises(OutputError, match="review-files"):
        write(tmp_path / "review.html", ONE)
    assert found(tmp_path) == ["review-files"]
    with pytest.raises(OutputError, match="no folder"):
        write(tmp_path / "gone" / "review.html", ONE)


@pytest.mark.parametrize("name", ["review", "a b#1?%", "-", "éü"])
def test_the_folder_is_called_by_the_page(name: str, tmp_path: Path) -> None:
    write(tmp_path / f"{name}.html", ONE)
    assert (tmp_path / f"{name}-files" / ONE).is_dir()


@pytest.mark.parametrize("name", ["review.html", "review-files"])
def test_a_page_and_its_folder_are_no_links(name: str, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    (precious / ONE).mkdir(parents=True)
    (tmp_path / name).symlink_to(precious)
    with pytest.raises(OutputError, match="is a link"):
        write(tmp_path / "review.html", OTHER)
    remove_files_of_page(tmp_path / "review.html")
    assert [path.name for path in precious.iterdir()] == [ONE]
