"""Writes a corpus day by day: logs and truth as the days pass, policies and settings at the end."""

from __future__ import annotations

import gzip
import json
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import Any, Final

from bench.corpus.access_logs import IN_ACCESS_LOGS, is_in_access_logs, write_access_logs
from bench.corpus.authorization import authorization_details
from bench.corpus.calendar import START, Day, NeedKind, Use, days_of
from bench.corpus.crew_truth import credential_report, crew_truth
from bench.corpus.half import HALVES, half_of
from bench.corpus.intrusions import DANGEROUS, STARTED_AT, STOPPED_AT
from bench.corpus.kinds import CREWS, INTRUDED, JUDGED
from bench.corpus.last_accessed import SERVICES, last_accessed_report
from bench.corpus.operations.delivery import OPERATIONS
from bench.corpus.operations.table import NEVER
from bench.corpus.organization import (
    Account,
    draw_accounts,
    draw_intruded_accounts,
    draw_judged_accounts,
    trail_settings,
)
from bench.corpus.planned import NEVER_ON, NO_PLAN, Planned, read_plan
from bench.corpus.principals import DrawnCrew, Principal, draw_crews, draw_judged, draw_principals
from bench.corpus.records import region_of, spread, write_assumption, write_record
from bench.corpus.session_records import SessionBook
from bench.corpus.truth import FAILURES_SCHEMA, JOB, TRUTH_SCHEMA, TruthWriter

Json = dict[str, Any]

LATER_DAYS: Final = 365
_ALL: Final[Json] = {"Effect": "Allow", "Action": "*", "Resource": "*"}


@dataclass(frozen=True, slots=True)
class Asked:
    """What to write: `half` is `tuned`, `held-back` or `both`, `judged` how many principals of each judged kind.

    `intruders` is how many principals of each kind to add in accounts that hold intruders. Without intrusions, nobody
    but the principals themselves does anything. The trails of `plan` exist in the last `plan_days`. At `pace` 2, new
    resources come twice as often. With `has_access_logs`, buckets have server access logs in the last `plan_days`.
    `crews` is how many crews of each kind to add.
    """

    seed: int
    half: str = "both"
    principals: int = 360
    months: int = 12
    judged: int = 0
    intruders: int = 0
    has_intrusions: bool = True
    plan: Path | None = None
    plan_days: int = 31
    has_access_logs: bool = False
    pace: float = 1.0
    crews: int = 0

    @property
    def judges(self) -> bool:
        """Whether some principals have needs in the year after the logs."""
        return self.judged + self.intruders + self.crews > 0


class Corpus:
    """A drawn corpus. Both halves are drawn alike, whichever one is written."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.days = days_of(asked.months)
        planned = read_plan(asked.plan, self._first_planned()) if asked.plan else NO_PLAN
        logs_since = self._first_planned() if asked.has_access_logs else NEVER_ON
        self._planned = replace(planned, access_logs_since=logs_since)
        rng = random.Random(f"{asked.seed}/organization")
        self.accounts = draw_accounts(rng, asked.principals, len(self.days))
        halves = list(HALVES.values())
        everyone = draw_principals(
            halves, self.accounts, count=asked.principals, days=len(self.days), seed=asked.seed, pace=asked.pace
        )
        if asked.judged:
            judged = draw_judged_accounts(random.Random(f"{asked.seed}/judged"))
            self.accounts += judged.values()
            everyone += draw_judged(JUDGED.values(), judged, copies=asked.judged, days=len(self.days), seed=asked.seed)
        if asked.intruders:
            intruded = draw_intruded_accounts(random.Random(f"{asked.seed}/intruded"))
            self.accounts += intruded.values()
            everyone += draw_judged(
                INTRUDED.values(), intruded, copies=asked.intruders, days=len(self.days), seed=asked.seed
            )
        self.crews: list[DrawnCrew] = []
        if asked.crews:
            crew_accounts, crews = draw_crews(CREWS, copies=asked.crews, days=len(self.days), seed=asked.seed)
            self.accounts += crew_accounts
            self.crews = [crew for crew in crews if asked.half in ("both", crew.half)]
            everyone += [principal for crew in crews for principal in crew.principals.values()]
        self.principals = [one for one in everyone if asked.half in ("both", half_of(one.kind.name))]
        self._book = SessionBook(self.principals)
        for one in self.principals:
            if asked.has_intrusions and one.intrusion and one.intrusion.silences:
                one.account.silences.append(_silence(one.intrusion.first, one.intrusion.last))

    def _first_planned(self) -> datetime:
        return datetime.combine(self.days[-self.asked.plan_days], datetime.min.time())

    def write(self, folder: Path) -> Json:
        """Writes everything into the folder; returns counts of principals, records and files."""
        folder.mkdir(parents=True, exist_ok=True)
        start = datetime.combine(START, datetime.min.time())
        last_used = {
            principal.arn: start - timedelta(days=principal.profile.used_before)
            for principal in self.principals
            if principal.profile.used_before
        }
        tried: dict[str, dict[str, datetime]] = defaultdict(dict)
        counts = {"principals": len(self.principals), "records": 0, "files": 0}
        intruders: dict[str, Json] = {}
        schema = FAILURES_SCHEMA if self.asked.intruders else TRUTH_SCHEMA
        schema = schema.append(JOB) if self.asked.crews else schema
        with TruthWriter(folder / "truth.parquet", schema) as truth:
            for index, today in enumerate(self.days):
                self._write_day(folder, truth, (index, today), counts, last_used, tried, intruders)
                if today.day == 1:
                    truth.flush()
        self._write_settings(folder, last_used, intruders)
        self._write_last_accessed(folder / "last-accessed", tried)
        if self.asked.judges:
            self._write_later(folder / "later.parquet")
            _write_json(folder / "scps.json", _scps(self.principals))
        return counts

    def _write_day(
        self,
        folder: Path,
        truth: TruthWriter,
        when: tuple[int, date],
        counts: dict[str, int],
        last_used: dict[str, datetime],
        tried: dict[str, dict[str, datetime]],
        intruders: dict[str, Json],
    ) -> None:
        files: dict[tuple[str, str], list[Json]] = defaultdict(list)
        for principal in self.principals:
            today = Day(*when, random.Random(f"{self.asked.seed}/{principal.arn}/{when[0]}"))
            stolen = _timed_intruder(principal, today) if self.asked.has_intrusions else ()
            for use, moment in chain(_timed(principal, today), stolen):
                record = _tell(truth, use, principal, moment, today.rng, planned=self._planned)
                last_used[principal.arn] = moment
                for action in (use.action, *(action for action, _ in (*use.also, *use.unseen))):
                    tried[principal.arn][action.partition(":")[0]] = moment
                if use.scenario:
                    _note_intruder(intruders, principal, use, when[1])
                if principal.profile.assumed_by:
                    seen = write_assumption(principal, moment, today.rng)
                    files[principal.account.id, seen["awsRegion"]].append(seen)
                if record and principal.member:
                    for start in self._book.dress(record, use, principal, moment, today.rng):
                        files[start["recipientAccountId"], start["awsRegion"]].append(start)
                if record:
                    files[principal.account.id, record["awsRegion"]].append(record)
        if when[1] == self._planned.since.date():
            for account in self.accounts:
                for change in self._planned.changes(account):
                    files[account.id, change["awsRegion"]].append(change)
        for (owner, region), found in files.items():
            records = [record for record in found if record["eventCategory"] != IN_ACCESS_LOGS]
            lines = [record for record in found if record["eventCategory"] == IN_ACCESS_LOGS]
            write_access_logs(folder / "access-logs", lines)
            if records:
                _write_file(folder / "logs", owner, region, when[1], records)
            counts["records"] += len(records)
        counts["files"] += len(files)

    def _write_settings(self, folder: Path, last_used: dict[str, datetime], intruders: dict[str, Json]) -> None:
        (folder / "policies").mkdir(exist_ok=True)
        for account in self.accounts:
            here = [one for one in self.principals if one.account is account]
            details = authorization_details(here, last_used, self._book)
            _write_json(folder / "policies" / f"{account.id}.json", details)
            if any(one.member and one.member.user for one in here):
                report = credential_report(here, self._book)
                (folder / "policies" / f"{account.id}-credential-report.csv").write_text(report, encoding="utf-8")
        trails = [
            setting
            for account in self.accounts
            for setting in (*trail_settings(account), *self._planned.settings(account))
        ]
        _write_json(folder / "trails.json", trails)
        _write_json(folder / "principals.json", [one.about() for one in self.principals])
        _write_json(folder / "intrusions.json", [_listed(one) for one in intruders.values()])
        if self.asked.crews:
            _write_json(folder / "roles.json", [crew_truth(crew, self._book) for crew in self.crews])
        _write_json(folder / "accounts.json", [one.about() for one in self.accounts])

    def _write_later(self, path: Path) -> None:
        """The first of each need that judged kinds have in the year after the logs."""
        known: set[tuple[str, str, str, str]] = set()
        judged = [principal for principal in self.principals if principal.is_judged]
        schema = TRUTH_SCHEMA.append(JOB) if self.asked.crews else TRUTH_SCHEMA
        with TruthWriter(path, schema) as later:
            for index in range(len(self.days), len(self.days) + LATER_DAYS):
                for principal in judged:
                    rng = random.Random(f"{self.asked.seed}/{principal.arn}/{index}")
                    for use, moment in _timed(principal, Day(index, START + timedelta(days=index), rng)):
                        key = (principal.arn, use.job, use.action, use.place.arn)
                        if key not in known:
                            known.add(key)
                            _tell(later, use, principal, moment, rng, unlogged="after_the_logs")

    def _write_last_accessed(self, folder: Path, tried: dict[str, dict[str, datetime]]) -> None:
        """A report per principal, of every service that its policies allow."""
        folder.mkdir(exist_ok=True)
        made = datetime.combine(self.days[-1], datetime.min.time()) + timedelta(days=1)
        index: dict[str, str] = {}
        others = [principal for principal in self.principals if not principal.is_judged]
        for number, principal in enumerate(others):
            name = f"{number:04}.json"
            index[name] = principal.arn
            found = last_accessed_report(
                principal.arn, principal.evaluator.services(SERVICES), tried[principal.arn], made
            )
            _write_json(folder / name, found)
        _write_json(folder / "index.json", index)


def _scps(principals: Sequence[Principal]) -> Json:
    """The SCPs by account id, each a list of levels, for `--scps`."""
    open_level: list[Json] = [{"Version": "2012-10-17", "Statement": [_ALL]}]
    denied: dict[str, list[Json]] = {}
    for principal in principals:
        if principal.profile.scp:
            denied.setdefault(principal.account.id, [_ALL]).extend(
                dict(statement) for statement in principal.profile.scp
            )
    capped = {
        account: [open_level, [{"Version": "2012-10-17", "Statement": statements}]]
        for account, statements in denied.items()
    }
    return {"*": [open_level], **capped}


def _silence(first: int, last: int) -> tuple[datetime, datetime]:
    midnight = datetime.combine(START, datetime.min.time())
    return (
        midnight + timedelta(days=first, seconds=STOPPED_AT),
        midnight + timedelta(days=last, seconds=STARTED_AT),
    )


def _timed(principal: Principal, today: Day) -> Iterator[tuple[Use, datetime]]:
    """The principal's own uses of the day with their times, in order."""
    midnight = datetime.combine(today.date, datetime.min.time())
    if today.index < max(principal.profile.born, principal.account.opened):
        return
    uses = list(principal.profile.schedule(today))
    moments = spread(today.rng, principal.profile.hours, midnight, len(uses))
    timed = [midnight + timedelta(seconds=use.at) if use.at >= 0 else at for use, at in zip(uses, moments, strict=True)]
    yield from sorted(zip(uses, timed, strict=True), key=itemgetter(1))


def _timed_intruder(principal: Principal, today: Day) -> Iterator[tuple[Use, datetime]]:
    """The uses of the principal's intruder on the day with their times, in order."""
    midnight = datetime.combine(today.date, datetime.min.time())
    if today.index < max(principal.profile.born, principal.account.opened):
        return
    stolen: list[Use] = list(principal.intrusion.uses(today)) if principal.intrusion else []
    if principal.profile.intruder:
        facts: Json = {"kind": NeedKind.INTRUDER, "scenario": principal.kind.theme}
        stolen += [replace(use, **facts) for use in principal.profile.intruder(today)]
    moments = spread(today.rng, (0, 24), midnight, len(stolen))
    for use, moment in zip(stolen, moments, strict=True):
        yield use, midnight + timedelta(seconds=use.at) if use.at >= 0 else moment


def _tell(
    truth: TruthWriter,
    use: Use,
    principal: Principal,
    moment: datetime,
    rng: random.Random,
    *,
    unlogged: str = "",
    planned: Planned = NO_PLAN,
) -> Json | None:
    """Adds the needs of a use to the truth; returns its record, None where none is written."""
    needs = [(use.action, use.place.arn), *use.also, *use.unseen]
    allowed = [principal.evaluator.allows(*need) for need in needs]
    if use.kind is NeedKind.DENIED and all(allowed):
        return None
    if not all(allowed) and use.kind not in (NeedKind.INTRUDER, NeedKind.DENIED):
        raise ValueError(f"the policies of {principal.arn} don't allow what it needs: {needs}")
    unlogged = unlogged or _why_unlogged(use, principal.account, moment)
    record = None if unlogged else write_record(use, principal, moment, rng, allowed=all(allowed))
    if unlogged == "data_event_off" and (planned.is_on(principal.account, moment) or planned.logs_access(moment)):
        # With its own randomness, so the rest of the corpus stays the same with a plan.
        own = random.Random(f"{principal.arn}/{moment}/{needs}")
        other = write_record(use, principal, moment, own, allowed=all(allowed))
        if planned.records(principal.account, other, moment):
            record, unlogged = other, ""
        elif planned.logs_access(moment) and is_in_access_logs(other):
            record, unlogged = other | {"eventCategory": IN_ACCESS_LOGS}, ""
    for number, ((action, resource), is_allowed) in enumerate(zip(needs, allowed, strict=True)):
        is_unseen = number > len(use.also)
        truth.add(
            {
                "principal": principal.arn,
                "account": principal.account.id,
                "region": region_of(use, principal),
                "time": moment,
                "action": action,
                "resource": resource,
                "kind": _kind(use, action),
                "allowed": is_allowed,
                "logged": record is not None and not is_unseen,
                "unlogged": unlogged or ("not_in_record" if is_unseen else ""),
                "scenario": use.scenario,
                "dangerous": bool(use.scenario) and action in DANGEROUS,
                "born": START + timedelta(days=use.place.born) if use.place.born >= 0 else None,
                "event_id": record["eventID"] if record and not is_unseen else "",
                "error": use.error,
                "job": use.job,
            }
        )
    return record


def _kind(use: Use, action: str) -> NeedKind:
    """The kind of a use's need: other actions than the use's own hide in its call."""
    is_hidden = action != use.action and use.kind is not NeedKind.INTRUDER
    return NeedKind.HIDDEN_IN_CALL if is_hidden else use.kind


def _why_unlogged(use: Use, account: Account, moment: datetime) -> str:
    operation = OPERATIONS[use.action]
    if operation.data_type == NEVER:
        return "never_recorded"
    if operation.data_type and not account.records(operation.data_type, reads=operation.reads):
        return "data_event_off"
    return "logging_stopped" if account.is_silent(moment) else ""


def _note_intruder(intruders: dict[str, Json], principal: Principal, use: Use, today: date) -> None:
    intrusion = principal.intrusion
    first = START + timedelta(days=intrusion.first) if intrusion else today
    last = START + timedelta(days=intrusion.last) if intrusion else today
    found = intruders.setdefault(
        principal.arn,
        {
            "principal": principal.arn,
            "kind": principal.kind.name,
            "half": half_of(principal.kind.name),
            "scenario": use.scenario,
            "first_day": first.isoformat(),
            "last_day": last.isoformat(),
            "succeeded": set(),
            "denied": set(),
        },
    )
    found["last_day"] = max(found["last_day"], last.isoformat())
    outcome = "succeeded" if principal.evaluator.allows(use.action, use.place.arn) else "denied"
    if use.error and outcome == "succeeded":
        outcome = "failed"
    found.setdefault(outcome, set()).add((use.action, use.place.arn))


def _listed(intruder: Json) -> Json:
    outcomes = [name for name in ("succeeded", "denied", "failed") if name in intruder]
    pairs = {name: [list(pair) for pair in sorted(intruder[name])] for name in outcomes}
    return intruder | pairs | {"dangerous": sorted({action for action, _ in pairs["succeeded"]} & DANGEROUS)}


def _write_file(logs: Path, account: str, region: str, day: date, records: Sequence[Json]) -> None:
    """A log file in the layout of a trail's bucket.

    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html
    """
    folder = logs / f"AWSLogs/{account}/CloudTrail/{region}/{day:%Y/%m/%d}"
    folder.mkdir(parents=True, exist_ok=True)
    body = json.dumps({"Records": sorted(records, key=lambda one: str(one["eventTime"]))}, separators=(",", ":"))
    unique = records[0]["eventID"].replace("-", "")[:16]
    name = f"{account}_CloudTrail_{region}_{day:%Y%m%d}T2355Z_{unique}.json.gz"
    (folder / name).write_bytes(gzip.compress(body.encode(), 5, mtime=0))


def _write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
