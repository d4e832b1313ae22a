"""Readers of what lpgen wrote itself, after somebody edited it: tables, ledger, snapshots, baselines, output folders,
plans and journals; and the review of edited policies and logs, rendered in every format."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from lpgen.app.inputs import AnalysisInputs
from lpgen.app.review import analyse
from lpgen.app.rollout_plan import read_written_output
from lpgen.core.digests import digest_of_text, digests_from_summary
from lpgen.core.options import Options
from lpgen.core.rollout.calls import HeldPolicies
from lpgen.core.snapshots import Gap, Subject, TakenAccount
from lpgen.core.workloads import Schedule
from lpgen.edge.data_folder.baseline_folder import list_baselines, open_baseline
from lpgen.edge.data_folder.immutable_folder import MANIFEST
from lpgen.edge.data_folder.ledger import count_unread_files
from lpgen.edge.data_folder.ledger_integrity import read_sums
from lpgen.edge.data_folder.snapshot_folder import SnapshotWriter, find_snapshot, open_snapshot
from lpgen.edge.data_folder.usage_files import read_usage
from lpgen.edge.output_folder import SUMMARY
from lpgen.edge.readers.iam_snapshot import read_snapshot
from lpgen.edge.readers.snapshot_files import read_snapshot_list
from lpgen.edge.replacement_files import read_output, read_replacements
from lpgen.edge.rollout.iam_writer import LivePrincipal
from lpgen.edge.rollout.journal import Journal, journal_of, read_journal
from lpgen.edge.rollout.plan_file import read_rollout_plan, read_whole_plan
from lpgen.errors import OutputError
from lpgen.report.iac.files import CodeForm
from tests.attack.fuzz.input_targets import choosing, chosen, put
from tests.attack.fuzz.target import Target
from tests.attack.fuzz.world import ACCOUNT, ROLE, details, record, scratch, world
from tests.report.rendered import code_files, render_review
from tests.support.ingests import ingest
from tests.support.worlds import catalog

_FORMATS: Final = ("text", "markdown", "json", "html", "sarif")


def _copied(of: str) -> Path:
    """A part of the world to spoil: a fresh copy where its files can be changed."""
    target = scratch() / "spoiled" / of
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(world() / of, target)
    for path in target.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)
    return target


@cache
def _files(of: str, pattern: str = "*") -> tuple[str, ...]:
    folder = world() / of
    return tuple(sorted(path.relative_to(folder).as_posix() for path in folder.rglob(pattern) if path.is_file()))


def _contents(of: str, pattern: str = "*") -> Iterator[bytes]:
    return choosing((number, (world() / of / name).read_bytes()) for number, name in enumerate(_files(of, pattern)))


def _spoiled(of: str, data: bytes, pattern: str = "*") -> Path:
    name, content = chosen(data, _files(of, pattern))
    folder = _copied(of)
    (folder / name).write_bytes(content)
    return folder


# ---------------------------------------------------------------- the data folder


def _read_tables(data: bytes) -> object:
    usage = read_usage(_spoiled("data", data, "*.parquet"))
    return [table.to_pylist() for table in (usage.table, usage.skips, usage.coverage)]


def _tables() -> Iterator[bytes]:
    return _contents("data", "*.parquet")


def _read_ledger(data: bytes) -> object:
    folder = put("ledger/ledger.sqlite", data).parent
    return read_sums(folder), count_unread_files(folder)


def _ledger() -> Iterator[bytes]:
    yield (world() / "data" / "ledger.sqlite").read_bytes()


def _seal(folder: Path) -> None:
    """Makes the digests of a manifest fit its files, as an attacker would."""
    manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_bytes())
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    manifest["files"] = {
        name: {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
        for name, content in sorted(files.items())
        if name != MANIFEST
    }
    manifest.pop("digest", "")
    digest = hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()
    (folder / MANIFEST).write_text(json.dumps({**manifest, "digest": digest}), encoding="utf-8")


def _digested(data: bytes) -> bytes:
    """A manifest with the digest that fits it, so that what it says is read at all."""
    try:
        manifest = json.loads(data)
        manifest.pop("digest", "")
        text = json.dumps(manifest, sort_keys=True)
    except (ValueError, AttributeError, TypeError, RecursionError):
        return data
    return json.dumps({**manifest, "digest": hashlib.sha256(text.encode()).hexdigest()}).encode()


_BASELINE: Final = "data/baselines/first"


def _read_baseline(data: bytes) -> object:
    name, content = chosen(data, _files(_BASELINE))
    folder = _copied(_BASELINE)
    (folder / name).write_bytes(_digested(content) if name == MANIFEST else content)
    if name != MANIFEST:
        _seal(folder)
    found = open_baseline(folder)
    principals = read_snapshot(found.files.policies).principals
    return list_baselines(folder.parents[1]), found.usage(), principals


def _baseline() -> Iterator[bytes]:
    return (content for content in _contents(_BASELINE) if len(content) < 100_000)


@cache
def taken_snapshot() -> Path:
    """A snapshot below the world."""
    data = scratch() / "world" / "snapshots-data"
    account = TakenAccount(ACCOUNT, "main", 1, 1)
    with SnapshotWriter(data, datetime(2026, 9, 30, 12, 0, 5, tzinfo=UTC)) as writer:
        writer.write_json("policies/111122223333.json", details())
        writer.write_json("scps.json", {ACCOUNT: []})
        writer.write_json(
            "schedules/111122223333.json", [asdict(Schedule("rule", "a", "rate(7 days)", True, 7, (ROLE,)))]
        )
        writer.finish((account,), (Gap(ACCOUNT, Subject.TRAILS, "", "denied"),), about={"caller": ROLE})
    found = find_snapshot(data)
    assert found is not None
    return found


def _snapshot() -> str:
    return str(taken_snapshot().relative_to(world()))


def _read_taken(data: bytes) -> object:
    name, content = chosen(data, _files(_snapshot()))
    folder = _copied(_snapshot())
    (folder / name).write_bytes(_digested(content) if name == MANIFEST else content)
    if name != MANIFEST:
        _seal(folder)
    taken = open_snapshot(folder)
    schedules = read_snapshot_list(taken.schedules, Schedule)
    return taken.stamp, read_snapshot(taken.policies), schedules, taken.scps, taken.organization


def _taken() -> Iterator[bytes]:
    world()
    return _contents(_snapshot())


# ---------------------------------------------------------------- replacements and rollouts


def _read_output(data: bytes) -> object:
    """An output folder in which one file was edited, and all digests with it."""
    folder = _spoiled("out", data)
    name, _ = chosen(data, _files("out"))
    found = read_output(folder)
    if name == SUMMARY:
        (folder / name).write_bytes(_digested_summary(data[1:]))
    else:
        seal_output(folder)
    return found, read_replacements(folder), read_written_output(folder)


def seal_output(folder: Path) -> None:
    """Makes the digests of a summary fit the folder, as an attacker would."""
    summary: dict[str, Any] = json.loads((folder / SUMMARY).read_bytes())
    summary["files"] = {name: digest_of_text((folder / name).read_bytes()) for name in summary["files"]}
    (folder / SUMMARY).write_bytes(_digested_summary(json.dumps(summary).encode()))


def _digested_summary(data: bytes) -> bytes:
    """A summary with the root digest that fits it, as far as it has the parts of one."""
    try:
        summary = json.loads(data)
        return json.dumps({**summary, "digest": digests_from_summary(summary).root}).encode()
    except (ValueError, AttributeError, TypeError, RecursionError, OutputError):
        return data


def _output() -> Iterator[bytes]:
    return _contents("out")


def _read_plan(data: bytes) -> object:
    path = put("rollout/plan.json", data)
    return read_rollout_plan(path), read_whole_plan(path)


def _plan() -> Iterator[bytes]:
    yield (world() / "plan.json").read_bytes()


def _read_journal(data: bytes) -> object:
    """A journal of the world's plan, whose lines follow each other."""
    path = rollout_plan()
    journal_of(path).write_bytes(_chained(data))
    states = read_journal(path, read_rollout_plan(path)).states.values()
    return [(state.next_call, state.calls_to_undo, state.unfinished, state.applied_at) for state in states]


def _chained(journal: bytes) -> bytes:
    """A journal each line of which holds the digest of the line before, as an attacker would make it."""
    lines: list[bytes] = []
    for line in journal.split(b"\n")[:-1]:
        try:
            entry = json.loads(line)
            if lines and "previous" in entry:
                entry["previous"] = digest_of_text(lines[-1])
            lines.append(json.dumps(entry).encode())
        except (ValueError, TypeError, RecursionError):
            lines.append(line)
    return b"".join(line + b"\n" for line in lines)


@cache
def rollout_plan() -> Path:
    """The world's plan, where its journal can be written."""
    return put("journal/plan.json", (world() / "plan.json").read_bytes())


def _journal() -> Iterator[bytes]:
    path = rollout_plan()
    journal_of(path).unlink(missing_ok=True)
    plan = read_rollout_plan(path)
    (one,) = [found for found in plan.principals if found.calls]
    (principal,) = [found for found in read_snapshot([world() / "policies.json"]).principals if found.arn == ROLE]
    inline = tuple(sorted((text.policy, text.text) for text in one.before if text.inline))
    attached = tuple(sorted(text.policy for text in one.before if not text.inline))
    texts = tuple((text.policy, text.text) for text in one.before if not text.inline)
    with Journal(path, plan) as journal:
        journal.begin(LivePrincipal(principal, HeldPolicies(inline, attached), texts), one.calls, one.inverse)
        for number in range(len(one.calls)):
            journal.note("about", ROLE, call=number)
            journal.note("done", ROLE, call=number)
        journal.note("applied", ROLE)
        journal.note("undo", ROLE)
    whole = journal_of(path).read_bytes()
    lines = whole.splitlines(keepends=True)
    yield from (b"".join(lines[:end]) for end in (1, 2, 4, len(lines)))


# ---------------------------------------------------------------- the whole review


def _review(data: Path, policies: Path) -> object:
    report = analyse(AnalysisInputs(data, [policies], catalog(), Options(min_days=5)))
    texts = [render_review(report, arn_format) for arn_format in _FORMATS]
    return texts, [code_files(report.proposals, form) for form in CodeForm]


def _review_policies(data: bytes) -> object:
    return _review(world() / "data", put("review/policies.json", data))


def _policies() -> Iterator[bytes]:
    yield json.dumps(details()).encode()
    roles = {"RoleDetailList": details()["RoleDetailList"]}
    for action, resource, more in (
        ("*", "*", {}), ("s3:Get*", ["arn:aws:s3:::data"], {}), (["iam:PassRole", "sqs:*"], "*", {}),
        ("s3:*", "arn:aws:s3:::${aws:username}", {"Condition": {"StringLike": {"aws:RequestedRegion": "us-*"}}}),
    ):  # fmt: skip
        statement = {"Effect": "Allow", "Action": action, "Resource": resource, **more}
        whole = json.loads(json.dumps(roles))
        whole["RoleDetailList"][0]["RolePolicyList"][0]["PolicyDocument"]["Statement"] = [statement]
        yield json.dumps(whole).encode()


def _review_logs(data: bytes) -> object:
    folder = scratch() / "reviewed"
    shutil.rmtree(folder, ignore_errors=True)
    logs = put("reviewed/logs.json", data)
    ingest([logs], catalog(), data=folder / "data")
    return _review(folder / "data", world() / "policies.json")


def _logs() -> Iterator[bytes]:
    calls = [
        record(1, "GetBucketTagging", "s3.amazonaws.com", bucketName="data"),
        record(2, "CreateQueue", "sqs.amazonaws.com", queueName="jobs"),
        {**record(3, "PutObject", "s3.amazonaws.com", bucketName="data", key="a/b"), "errorCode": "NoSuchBucket"},
        record(4, "CreateKeyPair", "ec2.amazonaws.com", keyName="k"),
    ]
    yield json.dumps({"Records": calls}).encode()
    yield from (json.dumps({"Records": [call]}).encode() for call in calls)


_Pair = tuple[Callable[[bytes], object], Callable[[], Iterable[bytes]]]
_READERS: Final[dict[str, _Pair]] = {
    "usage-tables": (_read_tables, _tables),
    "ledger": (_read_ledger, _ledger),
    "baseline": (_read_baseline, _baseline),
    "snapshot": (_read_taken, _taken),
    "output-folder": (_read_output, _output),
    "rollout-plan": (_read_plan, _plan),
    "rollout-journal": (_read_journal, _journal),
    "review-policies": (_review_policies, _policies),
    "review-logs": (_review_logs, _logs),
}
_SLOWNESS: Final = {"review-logs": 10, "review-policies": 4, "usage-tables": 2, "baseline": 2}
TARGETS: Final = tuple(Target(name, read, seeds, _SLOWNESS.get(name, 1)) for name, (read, seeds) in _READERS.items())
