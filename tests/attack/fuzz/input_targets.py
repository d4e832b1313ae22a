"""Readers of the files that people give an analysis, and of catalogs. Where a reader takes several files, the first
byte of the input says which of them the rest replaces."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

from lpgen.app.map import map_line
from lpgen.core.analysis.grants.principal_grants import grants_from_principals
from lpgen.core.cloudtrail.event_map import EventMap
from lpgen.core.cloudtrail.records import RawRecord, record_from_raw
from lpgen.core.last_accessed import last_accessed_by_principal
from lpgen.core.model import ActionPattern
from lpgen.core.rollout.fingerprint import policies_sha256
from lpgen.core.trails import describe_trail, trails_of_accounts
from lpgen.edge.catalog.files import bundled_folder, open_catalog
from lpgen.edge.logs.record_files import records_from_bytes
from lpgen.edge.readers.decisions_file import read_decisions
from lpgen.edge.readers.guard_files import read_guards
from lpgen.edge.readers.iam_snapshot import read_snapshot
from lpgen.edge.readers.last_accessed import read_last_accessed
from lpgen.edge.readers.snapshot_files import read_organization_paths, read_resource_tags
from lpgen.edge.readers.trail_settings import read_trails
from tests.attack.fuzz.target import Target
from tests.attack.fuzz.world import ACCOUNT, ROLE, details, record, scratch
from tests.support.worlds import catalog

_DOCUMENT: Final = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}


def put(name: str, data: bytes) -> Path:
    """A file of these bytes in the scratch folder."""
    path = scratch() / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def chosen(data: bytes, names: tuple[str, ...]) -> tuple[str, bytes]:
    """Which of some files an input replaces, by its first byte, and with what."""
    return names[data[0] % len(names) if data else 0], data[1:]


def choosing(seeds: Iterable[tuple[int, bytes]]) -> Iterator[bytes]:
    """Seeds for `chosen`: the number of a file and its content."""
    return (bytes([number]) + content for number, content in seeds)


def _json(*documents: object) -> Iterator[bytes]:
    return (json.dumps(document).encode() for document in documents)


# ---------------------------------------------------------------- policies and guards


def _read_details(data: bytes) -> object:
    snapshot = read_snapshot([put("details.json", data)])
    grants = grants_from_principals(snapshot.principals, catalog())
    prints = [
        policies_sha256(principal, with_boundary=with_it)
        for principal in snapshot.principals
        for with_it in (True, False)
    ]
    return grants, prints, [f"{problem.place}: {problem.message}" for problem in snapshot.problems]


def _details() -> Iterator[bytes]:
    whole = details()
    pages = [{name: value} for name, value in whole.items()]
    encoded = json.loads(json.dumps(whole).replace('"2020-01-01T00:00:00Z"', "1577836800.5"))
    return _json(whole, pages, {**whole, "IsTruncated": True, "Marker": "m"}, encoded, *pages)


_GUARDS: Final = ("boundary.json", "scps.json", "rcps.json", "resources/index.json", "resources/one.json")


def _read_guards(data: bytes) -> object:
    name, content = chosen(data, _GUARDS)
    folder = put("guards/resources/index.json", b'{"one.json": "arn:aws:s3:::data"}').parent
    put("guards/resources/one.json", json.dumps(_DOCUMENT).encode())
    path = put(f"guards/{name}", content)
    guards = read_guards(
        path if name == "boundary.json" else None,
        path if name == "scps.json" else None,
        folder if name.startswith("resources") else None,
        rcps=path if name == "rcps.json" else None,
    )
    principals = read_snapshot([put("whole.json", json.dumps(details()).encode())]).principals
    guards = guards.with_trust(principals)
    return [
        (guards.scps_of(principal), guards.rcps_of(principal.account), guards.policy_of(principal.arn))
        for principal in principals
    ]


def _guards() -> Iterator[bytes]:
    levels = [[_DOCUMENT], [_DOCUMENT, _DOCUMENT]]
    by_account = {ACCOUNT: levels, "*": []}
    policy = {"resource": "arn:aws:s3:::data", "account": ACCOUNT, "policy": json.dumps(_DOCUMENT)}
    return choosing(
        (number, json.dumps(one).encode())
        for number, one in (
            (0, _DOCUMENT), (0, json.dumps(_DOCUMENT)), (1, levels), (1, by_account), (2, levels), (2, by_account),
            (3, {"one.json": "arn:aws:s3:::data"}), (4, policy), (4, _DOCUMENT), (4, {"Policy": json.dumps(_DOCUMENT)}),
        )
    )  # fmt: skip


# ---------------------------------------------------------------- decisions, trails, last accessed, snapshots' extras


def _read_decisions(data: bytes) -> object:
    name, content = chosen(data, ("decisions.toml", "decisions.json"))
    return read_decisions(put(name, content))


def _decisions() -> Iterator[bytes]:
    keep = {"do": "keep", "principal": ROLE, "action": "s3:Get*", "resource": "*", "reason": "r", "owner": "o"}
    drop = {"do": "drop", "action": "s3:*", "since": "2026-01-01", "until": "2026-01-31", "reason": "r", "owner": "o"}
    accept = {"do": "accept", "item": "young-*", "reason": "r", "owner": "o", "expires": "2027-06-30"}
    table = "\n".join(
        f"[[decision]]\n{fields}" for one in (keep, drop, accept) for fields in ["\n".join(map(_toml, one.items()))]
    )
    yield b"\x00" + table.encode()
    yield b"\x00[[decision]]\nexpires = 2027-06-30T10:00:00+02:00\n"
    yield from (b"\x01" + one for one in _json([keep, drop], {"decision": [accept]}, []))


def _toml(field: tuple[str, str]) -> str:
    return f"{field[0]} = {json.dumps(field[1])}"


_TRAIL: Final = {
    "Name": "main", "S3BucketName": "logs", "IncludeGlobalServiceEvents": True, "IsMultiRegionTrail": True,
    "HomeRegion": "us-east-1", "TrailARN": f"arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/main",
    "HasCustomEventSelectors": True, "IsOrganizationTrail": False,
}  # fmt: skip
_CLASSIC: Final = {
    "TrailARN": _TRAIL["TrailARN"],
    "EventSelectors": [
        {"ReadWriteType": "WriteOnly", "IncludeManagementEvents": True, "ExcludeManagementEventSources": ["x"],
         "DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::b/"]}]}
    ],
}  # fmt: skip
_ADVANCED: Final = {
    "TrailARN": _TRAIL["TrailARN"],
    "AdvancedEventSelectors": [
        {"Name": "n", "FieldSelectors": [{"Field": "eventCategory", "Equals": ["Data"]},
                                         {"Field": "resources.ARN", "NotStartsWith": ["arn:aws:s3:::b"]}]}
    ],
}  # fmt: skip


def _read_trails(data: bytes) -> object:
    trails = read_trails([put("trails.json", data)])
    return [describe_trail(trail) for trail in trails], trails_of_accounts(trails, [ACCOUNT, "444455556666"])


def _trails() -> Iterator[bytes]:
    status = {"IsLogging": False, "LatestDeliveryTime": 1.0}
    return _json([{"Trail": _TRAIL}, _CLASSIC], [{"trailList": [_TRAIL]}, _ADVANCED, status], {"Trail": _TRAIL})


def _read_last_accessed(data: bytes) -> object:
    name, content = chosen(data, ("app.json", "index.json"))
    put("accessed/index.json", b'{"app.json": "' + ROLE.encode() + b'"}')
    put("accessed/app.json", next(_json(_REPORT)))
    reports, problems = read_last_accessed(put(f"accessed/{name}", content).parent)
    principals = read_snapshot([put("whole.json", json.dumps(details()).encode())]).principals
    return last_accessed_by_principal(reports, principals), problems


_REPORT: Final[dict[str, Any]] = {
    "JobStatus": "COMPLETED", "JobType": "ACTION_LEVEL", "JobCreationDate": "2026-10-01T10:00:00Z",
    "JobCompletionDate": "2026-10-01T10:00:01Z", "IsTruncated": False,
    "ServicesLastAccessed": [
        {"ServiceName": "Amazon S3", "ServiceNamespace": "s3", "LastAuthenticated": "2026-09-20T23:30:00-02:00",
         "LastAuthenticatedEntity": ROLE, "LastAuthenticatedRegion": "eu-west-1", "TotalAuthenticatedEntities": 1,
         "TrackedActionsLastAccessed": [{"ActionName": "PutObject", "LastAccessedTime": 1790000000.5}]},
        {"ServiceName": "Amazon SQS", "ServiceNamespace": "sqs", "TotalAuthenticatedEntities": 0},
    ],
}  # fmt: skip


def _last_accessed() -> Iterator[bytes]:
    pages = [{**_REPORT, "IsTruncated": True, "Marker": "m"}, _REPORT]
    return choosing(
        (number, json.dumps(one).encode())
        for number, one in (
            (0, _REPORT), (0, pages), (0, {"JobStatus": "IN_PROGRESS"}), (1, {"app.json": ROLE}), (1, {})
        )
    )  # fmt: skip


def _read_organization(data: bytes) -> object:
    name, content = chosen(data, ("organization.json", "tags.json"))
    path = put(name, content)
    if name == "tags.json":
        return read_resource_tags([path], "arn:aws:s3:::data")
    return read_organization_paths(path)


def _organization() -> Iterator[bytes]:
    tags = [{"ResourceTagMappingList": [{"ResourceARN": "arn:aws:s3:::data", "Tags": [{"Key": "a", "Value": "b"}]}]}]
    tree = {"id": "o-1", "nodes": [{"id": ACCOUNT, "path": ["r-1", "ou-1", ACCOUNT], "is_account": True}]}
    return choosing((number, json.dumps(one).encode()) for number, one in ((0, tree), (1, tags)))


# ---------------------------------------------------------------- catalogs

_TABLES: Final = (
    "manifest.json", "services/sts.json", "dangerous.json", "event_sources.json", "companions.json",
    "operations/sts.amazonaws.com.json", "mapping_rows/sts.json", "unsigned_rows.json", "data_events.json",
)  # fmt: skip


@cache
def _tables() -> dict[str, bytes]:
    """Files of the bundled catalog that are small enough, with a service and all that belongs to it."""
    whole = bundled_folder()
    return {name: (whole / name).read_bytes() for name in _TABLES if (whole / name).is_file()}


def _read_catalog(data: bytes) -> object:
    name, content = chosen(data, tuple(_tables()))
    folder = scratch() / "catalog"
    for other, original in _tables().items():
        put(f"catalog/{other}", content if other == name else original)
    found = open_catalog(folder)
    answers: list[object] = [found.date, found.version, found.prefixes(), found.expand([ActionPattern("sts:*")])]
    answers += [found.detail(action) for action in found.service_actions("sts")]
    answers += [found.resource_type(action, ROLE) for action in found.service_actions("sts")]
    return answers, [map_line(record_from_raw(record), EventMap(found)) for record in _sts_call()]


@cache
def _sts_call() -> tuple[RawRecord, ...]:
    call = record(1, "AssumeRole", "sts.amazonaws.com", roleArn=ROLE, roleSessionName="s")
    found = records_from_bytes(json.dumps({"Records": [call]}).encode())
    return tuple(record for record in found if isinstance(record, RawRecord))


def _catalogs() -> Iterator[bytes]:
    return choosing(enumerate(_tables().values()))


_Pair = tuple[Callable[[bytes], object], Callable[[], Iterable[bytes]]]
_READERS: Final[dict[str, _Pair]] = {
    "authorization-details": (_read_details, _details),
    "guards": (_read_guards, _guards),
    "decisions": (_read_decisions, _decisions),
    "trails": (_read_trails, _trails),
    "last-accessed": (_read_last_accessed, _last_accessed),
    "organization": (_read_organization, _organization),
    "catalog": (_read_catalog, _catalogs),
}
TARGETS: Final = tuple(Target(name, read, seeds) for name, (read, seeds) in _READERS.items())
