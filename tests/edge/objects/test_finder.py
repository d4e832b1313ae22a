"""Finding log objects: the way through folders, with as few listings as it takes."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import pytest

from lpgen.core.usage.log_layout import LogScope
from lpgen.edge.data_folder.object_plan import ObjectPlan
from lpgen.edge.object_store import Body, ListingPage, StoredObject
from lpgen.edge.objects import finder as object_finder
from lpgen.edge.objects.finder import find_objects
from lpgen.errors import AccessError, AwsError

A, B = "111122223333", "444455556666"


@dataclass(slots=True)
class MemoryStore:
    """A bucket `b` in memory, with pages of two; `denied` prefixes can't be listed."""

    keys: list[str]
    denied: tuple[str, ...] = ()
    listed: list[str] = field(default_factory=list)

    def elsewhere(self) -> MemoryStore:
        return self

    def list_page(self, prefix: str, *, by_folder: bool, after: str = "", token: str = "") -> ListingPage:
        """As the protocol says; a token is the last name of the page before."""
        self.listed.append(prefix)
        if prefix.removeprefix("s3://b/") in self.denied:
            raise AccessError("denied")
        found: list[str] = []
        for name in sorted(f"s3://b/{key}" for key in self.keys):
            if name.startswith(prefix):
                head, slash, _ = name.removeprefix(prefix).partition("/")
                entry = prefix + head + slash if by_folder and slash else name
                if entry not in found and entry > (token or after):
                    found.append(entry)
        page, more = found[:2], found[2:]
        objects = tuple(StoredObject(one, 1, "e") for one in page if not (by_folder and one.endswith("/")))
        folders = tuple(one for one in page if by_folder and one.endswith("/"))
        return ListingPage(objects, folders, page[-1] if more else "")

    def read_all(self, objects: Iterable[StoredObject]) -> Iterator[tuple[StoredObject, Body | AwsError]]:
        """Never asked for."""
        raise NotImplementedError(objects)


def found_in(store: MemoryStore, address: str = "s3://b/", scope: LogScope = LogScope()) -> list[str]:  # noqa: B008
    steps = find_objects(store, [address], scope, threads=2)
    return sorted(obj.name.removeprefix("s3://b/") for step in steps for obj in step.objects)


def key(account: str, name: str, root: str = "AWSLogs") -> str:
    return f"{root}/{account}/CloudTrail/us-east-1/2024/03/05/{name}.json.gz"


def test_find_objects_finds_every_root_below_an_address_and_leaves_the_rest() -> None:
    roots = ("AWSLogs", "one/AWSLogs", "one/more/AWSLogs", "x/y/z/AWSLogs")
    logs = [key(A, "log", root) for root in roots]
    store = MemoryStore([*logs, "athena/out/result.json", "one/notes.json", "beside.json", "readme.txt"])
    steps = [*find_objects(store, ["s3://b/"], LogScope())]
    found = sorted(obj.name.removeprefix("s3://b/") for step in steps for obj in step.objects)
    assert found == sorted([*logs, "one/notes.json", "beside.json"])
    assert [label for step in steps for label in step.left] == ["athena"]
    assert sum(step.ignored for step in steps) == 1
    assert not any(step.failures for step in steps)


def test_find_objects_takes_everything_where_there_is_no_root() -> None:
    keys = [f"export/{n}/{n}/{n}/{n}/{n}/log.json" for n in range(5)]
    assert found_in(MemoryStore([*keys, "export/a.parquet"])) == keys


def test_find_objects_says_when_it_gives_up_the_search(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(object_finder, "SEARCH_FOLDERS", 4)
    store = MemoryStore([key(A, "log"), *(f"data/{n}/part.parquet" for n in range(9)), "deep/er/AWSLogs/x.json"])
    steps = [*find_objects(store, ["s3://b/"], LogScope())]
    assert [obj.name for step in steps for obj in step.objects] == [f"s3://b/{key(A, 'log')}"]
    assert [failure.path for step in steps for failure in step.failures] == ["s3://b/"]
    alone = MemoryStore([f"data/{n}/part.json" for n in range(9)])
    assert len(found_in(alone)) == 9


def test_find_objects_reads_all_pages_of_folders_and_days() -> None:
    keys = [key(f"{account:012}", f"log-{n}") for account in range(7) for n in range(5)]
    assert found_in(MemoryStore(keys)) == sorted(keys)


def test_find_objects_goes_into_no_folder_that_is_not_wanted() -> None:
    store = MemoryStore([key(A, "log"), key(B, "log"), f"AWSLogs/{A}/Config/us-east-1/x.json"])
    assert found_in(store, scope=LogScope(accounts=frozenset({A}))) == [key(A, "log")]
    assert not any(B in prefix or "Config" in prefix for prefix in store.listed)
    before = len(store.listed)
    assert found_in(store, f"s3://b/AWSLogs/{B}/", LogScope(accounts=frozenset({A}))) == []
    assert len(store.listed) == before


def owners_in(keys: list[str], address: str = "s3://b/") -> set[str]:
    """The accounts and Regions that a listing for one account meets."""
    steps = find_objects(MemoryStore(keys), [address], LogScope(accounts=frozenset({A})), threads=2)
    return {owner for step in steps for owner in step.owners}


def test_find_objects_says_whose_logs_it_met_and_where_names_do_not_say() -> None:
    flat = f"flat/{A}_CloudTrail_us-east-1_20240305T0000Z_abcdefghijklmnop.json.gz"
    region = "us-east-1"
    assert owners_in([key(B, "log"), key(A, "log")]) == {A, B, region}
    assert owners_in([key(B, "log")]) == {B}
    assert owners_in([key(A, "log")], f"s3://b/AWSLogs/{A}/") == {A, region}
    assert owners_in([key(A, "log")], f"s3://b/AWSLogs/{A}/CloudTrail/{region}") == {A, region}
    assert owners_in([flat]) == {A, region}
    assert owners_in([flat], f"s3://b/{flat}") == {A, region}
    assert owners_in([flat, "flat/export.json"]) == {A, region, ""}


def test_find_objects_takes_what_a_person_points_at_though_it_is_no_trail() -> None:
    store = MemoryStore([f"AWSLogs/{A}/elasticloadbalancing/us-east-1/x.json.gz"])
    assert found_in(store) == []
    assert len(found_in(store, f"s3://b/AWSLogs/{A}/elasticloadbalancing")) == 1


def test_find_objects_names_what_it_cannot_list_below_an_address() -> None:
    store = MemoryStore([key(A, "log"), key(B, "log")], denied=(f"AWSLogs/{B}/",))
    steps = [*find_objects(store, ["s3://b/"], LogScope())]
    assert [failure.path for step in steps for failure in step.failures] == [f"s3://b/AWSLogs/{B}/"]
    with pytest.raises(AccessError):
        found_in(store, f"s3://b/AWSLogs/{B}/")


def test_plan_keeps_neighbours_and_copies_together() -> None:
    sizes = {"b/2": 3, "a/1": 4, "b/1": 2, "z/1": 4, "a/2": 5, "d/1": 9 << 20, "c/1": 10 << 20}
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        plan = ObjectPlan(connection)
        connection.execute("CREATE TABLE objects (name, size, etag, sha256)")
        connection.execute("CREATE TABLE files (sha256)")
        connection.execute("INSERT INTO objects VALUES ('a/2', 5, 'e5', 'known'), ('a/1', 4, 'e4', 'forgotten')")
        connection.execute("INSERT INTO files VALUES ('known')")
        plan.add(StoredObject(name, size, f"e{size}") for name, size in sizes.items())
        assert plan.queue_new() == (6, sum(sizes.values()) - 5, 1)
        chunks = [[obj.name for obj in chunk] for chunk in plan.chunks(target_bytes=8, target_files=9)]
    assert chunks == [["c/1"], ["d/1"], ["a/1", "z/1"], ["b/1", "b/2"]]
