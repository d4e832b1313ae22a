"""Updating the catalog from a service reference: what is kept, and that a failure changes nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from lpgen.core.catalog.catalog import Catalog
from lpgen.core.catalog.service_reference import IndexRow
from lpgen.core.model import AccessLevel, Action
from lpgen.edge.catalog.files import HOME_VARIABLE, FolderSource, open_catalog
from lpgen.edge.catalog.update import CatalogUpdate, FetchLimits, _target, fetch_references, update_catalog
from lpgen.edge.private_files import sync_folder
from lpgen.errors import CatalogError
from tests.support.catalog_samples import write_zoo
from tests.support.reference_server import (
    ARK_REFERENCE,
    ZOO_REFERENCE,
    Answer,
    bytes_answer,
    good_server,
    index_of,
    json_answer,
    redirect_answer,
    serve,
)

pytestmark = pytest.mark.usefixtures("home")

QUICK = FetchLimits(silence=0.5, duration=2, size=1 << 20, tries=2, pause=0, parallel=2)
DATE = "2026-11-25"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the user's catalogs, with one from before."""
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "home"))
    write_zoo(tmp_path / "home" / "2026-01-02")
    return tmp_path / "home"


def run_update(answers: dict[str, Answer | list[Answer]]) -> CatalogUpdate:
    with serve(answers) as url:
        return update_catalog(open_catalog(), date=DATE, url=url, limits=QUICK)


def bytes_below(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_update_writes_a_dated_catalog_that_is_then_the_newest(home: Path) -> None:
    update = run_update(good_server())
    assert update.path == home / DATE
    opened = open_catalog()
    assert isinstance(opened.source, FolderSource)
    assert opened.source.path == update.path
    assert opened.date == DATE
    assert opened.prefixes() == ("ark", "zoo")
    assert opened.manifest.counts.actions == 7
    assert sorted(path.name for path in home.iterdir()) == ["2026-01-02", DATE]


def test_update_says_what_came_and_what_went() -> None:
    changes = run_update(good_server()).changes
    assert changes.services_added == ("ark",)
    assert changes.services_removed == ()
    assert changes.actions_removed == ("zoo:ListLions",)
    assert changes.actions_added == (
        "ark:Float",
        "zoo:GetLion",
        "zoo:ListCages",
        "zoo:ShareLion",
        "zoo:TagLion",
        "zoo:Unannotated",
    )


def test_update_carries_over_what_the_reference_lacks_and_marks_the_rest_unknown() -> None:
    run_update(good_server())
    catalog = open_catalog()
    known = catalog.detail(Action("zoo:FeedLion"))
    assert known.first_seen == "2021-03-04"
    assert known.dependents == ("iam:PassRole",)
    assert {use.type: use.required for use in known.resources} == {"lion": True, "cage": None}
    new = catalog.detail(Action("zoo:TagLion"))
    assert new.first_seen == DATE
    assert new.dependents is None
    assert [use.required for use in new.resources] == [None]
    assert json.loads(catalog.source.read_service("zoo"))["name"] == "Amazon Zoo"
    assert catalog.manifest.oldest_release == "2020-05-20"


def test_update_takes_first_seen_from_the_bundled_catalog_where_the_newest_lost_it() -> None:
    reference = {"Name": "s3", "Actions": [{"Name": "GetObject"}]}
    run_update({"/": index_of("s3"), "/v1/s3/s3.json": json_answer(reference)})
    detail = open_catalog().detail(Action("s3:GetObject"))
    assert detail.first_seen == "2020-05-20"
    assert detail.level is AccessLevel.READ


def test_update_reads_levels_from_the_flags() -> None:
    run_update(good_server())
    catalog = open_catalog()
    levels = {action: catalog.detail(action).level for action in catalog.service_actions("zoo")}
    assert levels == {
        "zoo:FeedLion": AccessLevel.WRITE,
        "zoo:GetLion": AccessLevel.READ,
        "zoo:ListCages": AccessLevel.LIST,
        "zoo:ShareLion": AccessLevel.PERMISSIONS_MANAGEMENT,
        "zoo:TagLion": AccessLevel.TAGGING,
        "zoo:Unannotated": AccessLevel.WRITE,
    }


def test_update_keeps_operations_and_tells_unknown_from_none() -> None:
    table = json.loads(run_update(good_server()).path.joinpath("authorized_actions", "zoo.json").read_text())
    assert table == {
        "FeedLion": [
            {"action": "zoo:FeedLion", "context": {}},
            {"action": "iam:PassRole", "context": {"iam:PassedToService": ["zoo.amazonaws.com"]}},
        ],
        "GetLion": None,
        "Ping": [],
    }
    assert not open_catalog().source.has_table("authorized_actions/ark")


def test_update_reads_resource_types_with_all_their_formats() -> None:
    run_update(good_server())
    catalog = open_catalog()
    assert catalog.arn_formats("zoo", "cage") == (
        "arn:${Partition}:zoo:::cage/${Id}",
        "arn:${Partition}:zoo:::den/${Id}",
    )
    assert catalog.takes_resource(Action("zoo:FeedLion"), "arn:aws:zoo:::den/7")
    assert not catalog.takes_resource(Action("zoo:TagLion"), "arn:aws:zoo:::den/7")


def test_same_reference_gives_the_same_bytes() -> None:
    with serve(good_server()) as url:
        paths = [update_catalog(open_catalog(), date=DATE, url=url, limits=QUICK).path for _ in range(2)]
    assert [path.name for path in paths] == [DATE, f"{DATE}.001"]
    services = [{k: v for k, v in bytes_below(path).items() if k != "manifest.json"} for path in paths]
    assert services[0] == services[1]


def test_update_of_an_update_keeps_first_seen() -> None:
    with serve(good_server()) as url:
        for date in (DATE, "2027-01-01"):
            update_catalog(open_catalog(), date=date, url=url, limits=QUICK)
    catalog = open_catalog()
    assert catalog.date == "2027-01-01"
    assert catalog.detail(Action("zoo:TagLion")).first_seen == DATE


def test_update_tries_again_after_a_passing_failure() -> None:
    answers = good_server()
    answers["/v1/zoo/zoo.json"] = [bytes_answer(b"busy", status=503), json_answer(ZOO_REFERENCE)]
    answers["/v1/ark/ark.json"] = [bytes_answer(b'{"Name"', stated=100), json_answer(ARK_REFERENCE)]
    assert run_update(answers).manifest.counts.services == 2


def test_update_follows_a_redirect_on_the_server() -> None:
    answers = good_server()
    answers["/moved"] = answers["/v1/zoo/zoo.json"]
    answers["/v1/zoo/zoo.json"] = redirect_answer("/moved")
    assert run_update(answers).manifest.counts.services == 2


def slow_answer(handler: BaseHTTPRequestHandler) -> None:
    """Says nothing until the other side has gone."""
    handler.connection.settimeout(10)
    handler.rfile.read(1)


def changed(**fields: object) -> Answer:
    return json_answer(ZOO_REFERENCE | fields)


FAILURES: dict[str, tuple[Callable[[], dict[str, Answer | list[Answer]]], str]] = {
    "one service is missing": (lambda: {"/v1/zoo/zoo.json": bytes_answer(b"gone", status=404)}, "answered 404"),
    "a server error that stays": (lambda: {"/v1/zoo/zoo.json": bytes_answer(b"", status=500)}, "answered 500"),
    "a truncated body": (lambda: {"/v1/zoo/zoo.json": bytes_answer(b'{"Name": "zoo"}', stated=999)}, "bytes early"),
    "half a document": (lambda: {"/v1/zoo/zoo.json": bytes_answer(b'{"Name": "zoo", "Actions": [')}, "can't be read"),
    "an empty body": (lambda: {"/v1/zoo/zoo.json": bytes_answer(b"")}, "can't be read"),
    "silence": (lambda: {"/v1/zoo/zoo.json": slow_answer}, "couldn't be fetched"),
    "a huge body": (lambda: {"/v1/zoo/zoo.json": bytes_answer(b" " * (2 << 20))}, "is larger than"),
    "another service's file": (lambda: {"/v1/zoo/zoo.json": json_answer(ARK_REFERENCE)}, "belongs to `ark`"),
    "a page instead of JSON": (lambda: {"/v1/zoo/zoo.json": bytes_answer(b"<html>")}, "can't be read"),
    "bytes that are no text": (lambda: {"/v1/zoo/zoo.json": bytes_answer(b'{"Name": "\xff\xfe"}')}, "can't be read"),
    "deep nesting": (lambda: {"/v1/zoo/zoo.json": bytes_answer(b"[" * 100_000)}, "can't be read"),
    "no index": (lambda: {"/": bytes_answer(b"", status=404)}, "answered 404"),
    "an empty index": (lambda: {"/": json_answer([])}, "lists no services"),
    "an index that is an object": (lambda: {"/": json_answer({})}, "index"),
    "a service twice": (lambda: {"/": index_of("zoo", "ark", "zoo")}, "twice"),
    "a service name that climbs": (lambda: {"/": index_of("zoo", "../../evil")}, "index"),
    "a service name with a null": (lambda: {"/": index_of("zoo", "a\x00b")}, "index"),
    "an absolute service name": (lambda: {"/": index_of("/etc/passwd")}, "index"),
    "a local file": (lambda: {"/": json_answer([{"service": "zoo", "url": "file:///etc/passwd"}])}, "isn't fetched"),
    "FTP": (lambda: {"/": json_answer([{"service": "zoo", "url": "ftp://127.0.0.1/x"}])}, "isn't fetched"),
    "an odd port": (lambda: {"/": json_answer([{"service": "zoo", "url": "http://127.0.0.1:99999999/"}])}, "fetched"),
    "an odd address": (lambda: {"/": json_answer([{"service": "zoo", "url": "http://[/"}])}, "fetched"),
    "a redirect to a file": (lambda: {"/v1/zoo/zoo.json": redirect_answer("file:///etc/passwd")}, "answered 302"),
    "a redirect to itself": (lambda: {"/v1/zoo/zoo.json": redirect_answer("/v1/zoo/zoo.json")}, "answered 302"),
    "a wildcard in an action's name": (
        lambda: {"/v1/zoo/zoo.json": changed(Actions=[{"Name": "Feed*"}])},
        "can't be read",
    ),
    "a colon in an action's name": (lambda: {"/v1/zoo/zoo.json": changed(Actions=[{"Name": "a:b"}])}, "can't be read"),
    "an escape in an action's name": (
        lambda: {"/v1/zoo/zoo.json": changed(Actions=[{"Name": "A\x1b[2J"}])},
        "can't be",
    ),
    "an action name that is a number": (lambda: {"/v1/zoo/zoo.json": changed(Actions=[{"Name": 7}])}, "can't be read"),
    "a very long action name": (lambda: {"/v1/zoo/zoo.json": changed(Actions=[{"Name": "A" * 9999}])}, "can't be read"),
    "an action twice": (lambda: {"/v1/zoo/zoo.json": changed(Actions=[{"Name": "Ab"}, {"Name": "aB"}])}, "twice"),
    "a format that is no ARN": (
        lambda: {"/v1/zoo/zoo.json": changed(Resources=[{"Name": "lion", "ARNFormats": ["*"]}])},
        "can't be read",
    ),
    "an authorized action with a wildcard": (
        lambda: {
            "/v1/zoo/zoo.json": changed(
                Operations=[{"Name": "X", "AuthorizedActions": [{"Name": "*", "Service": "iam"}]}]
            )
        },
        "can't be read",
    ),
}


@pytest.mark.parametrize("name", FAILURES)
def test_failure_leaves_the_old_catalog_whole(name: str, home: Path) -> None:
    answers, message = FAILURES[name]
    before = bytes_below(home)
    with pytest.raises(CatalogError, match=message):
        run_update(good_server() | answers())
    assert bytes_below(home) == before
    assert sorted(path.name for path in home.iterdir()) == ["2026-01-02"]
    assert open_catalog().date == "2026-01-02"


def test_failure_half_way_through_writing_leaves_the_old_catalog_whole(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full_disk(folder: Path) -> None:
        if folder.name == "services":
            raise OSError(28, "no space left on device")
        sync_folder(folder)

    monkeypatch.setattr("lpgen.edge.catalog.update.sync_folder", full_disk)
    before = bytes_below(home)
    with pytest.raises(CatalogError, match="no space left"):
        run_update(good_server())
    assert bytes_below(home) == before
    assert sorted(path.name for path in home.iterdir()) == ["2026-01-02"]


def test_place_that_cannot_be_made_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "file" / "home"))
    with pytest.raises(CatalogError, match="write the catalog"):
        run_update(good_server())


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://127.0.0.1/", "data:,[]", "nonsense", ""])
def test_only_http_is_fetched(url: str) -> None:
    with pytest.raises(CatalogError, match="isn't fetched"):
        fetch_references(url, limits=QUICK)


def test_index_over_https_never_leads_to_http() -> None:
    assert _target("https://a/", IndexRow(service="zoo", url="https://b/zoo.json")) == "https://b/zoo.json"
    with pytest.raises(CatalogError, match="only https"):
        _target("https://a/", IndexRow(service="zoo", url="http://a/zoo.json"))


def test_progress_counts_every_service() -> None:
    told: list[tuple[int, int]] = []
    with serve(good_server()) as url:
        fetch_references(url, limits=QUICK, progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 2), (2, 2)]


def test_whatever_was_current_is_compared_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "home"))
    with serve(good_server()) as url:
        update = update_catalog(Catalog(FolderSource(write_zoo(tmp_path / "x"))), date=DATE, url=url, limits=QUICK)
    assert update.before.date == "2026-01-02"
    assert update.changes.services_added == ("ark",)
