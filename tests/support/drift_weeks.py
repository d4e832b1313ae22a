"""Six simulated weeks of the sample organization: logs, policies, catalog and trails go on, and something happens.

The logs of a day repeat those of four weeks before, so that by themselves nothing is new and nothing falls silent.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from lpgen.app.baseline import save
from lpgen.app.drift import drift
from lpgen.app.inputs import AnalysisFiles, AnalysisInputs
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.catalog.catalog_table import CatalogSource
from lpgen.core.drift.comparison import DriftOptions
from lpgen.core.drift.findings import Drift
from lpgen.core.options import Options
from lpgen.core.replacements import Decision, DecisionKind
from lpgen.edge.catalog.files import bundled_catalog
from lpgen.edge.data_folder.baseline_folder import find_baseline, open_baseline
from lpgen.edge.readers.trail_settings import read_trails
from tests.support.ingests import ingest
from tests.support.sample_organization import ROOT, SECURITY, SHOP, details, issuer, records, role

Json = dict[str, Any]

END = date(2026, 9, 30)
CYCLE = 28
UNUSED_DAYS = 30
APPLY_DAYS = 30

ENGINEER = role("data/data-engineer")
FORWARDER = role("siem-forwarder", SECURITY)
STOREFRONT = role("app/storefront-api")
RELEASES = role("release-manager")
AUDITOR = role("security/audit-runner")
CONTRACTOR = role("contractor")
GONE = role("break-glass-admin")
SHOP_TRAIL = f"arn:aws:cloudtrail:us-east-1:{SHOP}:trail/shop"
SECURITY_TRAIL = f"arn:aws:cloudtrail:us-east-1:{SECURITY}:trail/security"
NEW_ACTION = "guardduty:ShareDetector"
FELL_OUT = ("dynamodb.amazonaws.com", "DescribeTable")


_ACCEPTED = tuple(
    Decision(DecisionKind.ACCEPT, "", "", "", item, "", "", "no last accessed reports", "tests", "")
    for item in ("unseen-under-star", "administrator")
)


@dataclass(frozen=True, slots=True)
class _Grown:
    """The bundled catalog with one action more, as a later one would be."""

    whole: CatalogSource

    def service_prefixes(self) -> tuple[str, ...]:
        return self.whole.service_prefixes()

    def read_service(self, prefix: str) -> bytes:
        content = self.whole.read_service(prefix)
        if prefix != "guardduty":
            return content
        service = json.loads(content)
        service["actions"].append(
            {
                "name": NEW_ACTION.partition(":")[2],
                "levels": ["Permissions management"],
                "resources": [],
                "conditions": [],
                "dependents": None,
                "first_seen": "2026-10-20",
            }
        )
        return json.dumps(service).encode()

    def read_table(self, name: str) -> bytes:
        content = self.whole.read_table(name)
        if name != "manifest":
            return content
        return json.dumps({**json.loads(content), "version": "2026.10.20", "date": "2026-10-20"}).encode()

    def has_table(self, name: str) -> bool:
        return self.whole.has_table(name)


def grown_catalog() -> Catalog:
    return Catalog(_Grown(bundled_catalog().source))


@dataclass(slots=True)
class Organization:
    """The organization as it is in the current week."""

    home: Path
    week: int = 0
    catalog: Catalog = field(default_factory=bundled_catalog)
    accounts: dict[str, Json] = field(
        default_factory=lambda: {account: copy.deepcopy(details(account)) for account in (SHOP, SECURITY)}
    )
    logging: dict[str, bool] = field(default_factory=lambda: {SHOP_TRAIL: True, SECURITY_TRAIL: True})
    muted: list[Callable[[Json], bool]] = field(default_factory=list)
    extra: list[Json] = field(default_factory=list)

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def day(self) -> date:
        return END + timedelta(days=7 * self.week)

    # ------------------------------------------------------------ what happens

    def holder(self, arn: str) -> Json:
        details = self.accounts[arn.split(":")[4]]
        return next(
            detail for detail in (*details["RoleDetailList"], *details["UserDetailList"]) if detail["Arn"] == arn
        )

    def add_statement(self, arn: str, name: str, *actions: str) -> None:
        statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
        policy = {"PolicyName": name, "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]}}
        self.holder(arn).setdefault("RolePolicyList", []).append(policy)

    def apply_proposals(self, *spared: str) -> tuple[str, ...]:
        """Puts the safe proposals of the newest baseline in place, but for those spared."""
        proposals = open_baseline(find_baseline(self.data)).proposals
        folder = self.data / "baselines" / f"week-{self.week - 1}" / "proposals.json"
        written = {item["principal"]: item["documents"] for item in json.loads(folder.read_bytes())}
        safe = tuple(sorted(arn for arn, proposal in proposals.items() if proposal.waiting_since and arn not in spared))
        for arn in safe:
            holder = self.holder(arn)
            kind = "UserPolicyList" if ":user/" in arn else "RolePolicyList"
            holder[kind] = [
                {"PolicyName": f"lpgen-{number}", "PolicyDocument": document}
                for number, document in enumerate(written[arn], start=1)
            ]
            holder["AttachedManagedPolicies"] = []
            if "GroupList" in holder:
                holder["GroupList"] = []
        return safe

    def copy_role(self, arn: str, name: str) -> None:
        """Makes a role like another, with one harmless grant of its own."""
        made = {**copy.deepcopy(self.holder(arn)), "Arn": role(name), "RoleName": name, "Path": "/"}
        made |= {"RoleId": "AROACONTRACTOR", "RolePolicyList": [], "AttachedManagedPolicies": []}
        made |= {"CreateDate": self.day.isoformat() + "T00:00:00Z", "InstanceProfileList": []}
        self.accounts[SHOP]["RoleDetailList"].append(made)
        self.add_statement(role(name), "own", "sqs:ReceiveMessage")

    def remove_role(self, arn: str) -> None:
        roles = self.accounts[arn.split(":")[4]]["RoleDetailList"]
        roles.remove(self.holder(arn))

    def call(self, arn: str, source: str, name: str, *, at: date, parameters: Json | None = None) -> None:
        """Makes a principal call something: like its last record but for what was called."""
        last = max(
            (record for record in records() if issuer(record) == arn), key=lambda record: str(record["eventTime"])
        )
        record = {**copy.deepcopy(last), "eventSource": source, "eventName": name, "requestParameters": parameters}
        for key in ("resources", "responseElements", "errorCode", "errorMessage"):
            record.pop(key, None)
        record |= {"eventID": f"planted-{name}", "eventTime": f"{at.isoformat()}T06:00:00Z", "readOnly": False}
        self.extra.append(record)

    # ------------------------------------------------------------ the weekly run

    def advance(self) -> None:
        """A week goes by: its logs are ingested."""
        logs = self.home / f"week-{self.week}.json"
        logs.write_text(json.dumps({"Records": list(self._week_records())}), encoding="utf-8")
        ingest([logs], self.catalog, data=self.data)
        self.extra.clear()

    def _week_records(self) -> Iterator[Json]:
        first = self.day - timedelta(days=6)
        for record in records():
            seen = date.fromisoformat(str(record["eventTime"])[:10])
            if seen <= END - timedelta(days=CYCLE):
                continue
            while seen < first:
                seen += timedelta(days=CYCLE)
            moved = {**record, "eventTime": seen.isoformat() + str(record["eventTime"])[10:]}
            moved["eventID"] = f"{record['eventID']}-{self.week}"
            if seen <= self.day and not any(mutes(moved) for mutes in self.muted):
                yield moved
        yield from self.extra

    def inputs(self) -> AnalysisInputs:
        folder = self.home / f"inputs-{self.week}"
        folder.mkdir(exist_ok=True)
        for account, found in self.accounts.items():
            (folder / f"{account}.json").write_text(json.dumps(found), encoding="utf-8")
        trails = []
        for arn, logging in self.logging.items():
            path = folder / f"trail-{arn.rpartition('/')[2]}.txt"
            path.write_text("\n".join(json.dumps(one) for one in _trail(arn, logging=logging)), encoding="utf-8")
            trails.append(path)
        files = AnalysisFiles(tuple(folder / f"{account}.json" for account in self.accounts), tuple(trails))
        # Any number of expected denials is fine: a planted call must not make its principal's replacement unsafe. Nor
        # must the lack of last accessed reports, which the weeks don't have.
        options = Options(trails=read_trails(files.trails), as_of=self.day, max_risk=1, decisions=_ACCEPTED)
        return AnalysisInputs(self.data, files.policies, self.catalog, options, files=files)

    def save(self) -> None:
        save(self.inputs(), f"week-{self.week}", saved=datetime.combine(self.day, datetime.min.time(), UTC))

    def drift(self) -> Drift:
        """What drifted since the newest baseline."""
        return drift(self.inputs(), choice=DriftOptions(UNUSED_DAYS, APPLY_DAYS))


def _trail(arn: str, *, logging: bool) -> Iterator[Json]:
    region = arn.split(":")[3]
    yield {
        "Trail": {
            "Name": arn.rpartition("/")[2],
            "TrailARN": arn,
            "HomeRegion": region,
            "IsMultiRegionTrail": True,
            "IncludeGlobalServiceEvents": True,
            "IsOrganizationTrail": False,
        }
    }
    yield {"TrailARN": arn, "EventSelectors": [{"ReadWriteType": "All", "IncludeManagementEvents": True}]}
    yield {"IsLogging": logging}


def sample_logs() -> Path:
    return ROOT / "AWSLogs"
