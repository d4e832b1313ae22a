"""Takes a snapshot: reads everything that an analysis needs from the accounts of an organization, and stores it.

A part that can't be read becomes a gap, and the rest is read. Nothing is changed in AWS.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from lpgen.core.snapshots import SnapshotStamp, Subject
from lpgen.edge.aws_session import AwsSession, CallerIdentity, is_denied
from lpgen.edge.data_folder.snapshot_folder import (
    ACCESS_REPORTS,
    LAST_ACCESSED,
    ORGANIZATION,
    RCPS,
    SCPS,
    TRAILS,
    SnapshotWriter,
)
from lpgen.edge.readers.json_files import INDEX
from lpgen.edge.snapshot.account import AccountRead, AccountReader, SnapshotScope
from lpgen.edge.snapshot.fetch_last_accessed import fetch_access_report
from lpgen.edge.snapshot.fetch_organization import RCP, SCP, Organization, fetch_levels, fetch_organization
from lpgen.edge.snapshot.gap_list import GapList
from lpgen.errors import AwsError, InvocationError, SnapshotError
from lpgen.version import __version__

_ACCOUNTS_AT_ONCE: Final = 4

_PrintStatus = Callable[[str], None]


def take_snapshot(
    session: AwsSession, wanted: SnapshotScope, data: Path, *, now: datetime, print_status: _PrintStatus
) -> SnapshotStamp:
    """Reads the requested parts into a new snapshot in the data folder. `print_status` gets a line for each account.

    Raises:
        AwsError: the caller's identity can't be read.
        InvocationError: a requested account isn't in the organization.
        SnapshotError: no account's policies can be read, or the snapshot can't be written. No snapshot is created.
    """
    caller = session.caller()
    with SnapshotWriter(data, now) as writer:
        run = _Run(session, caller, wanted, writer, print_status)
        organization = run.read_organization()
        reads = run.read_accounts(run.choose_accounts(organization))
        gaps = run.gaps.gaps()
        taken = tuple(read.taken for read in reads.values() if read.taken is not None)
        if not taken:
            first = next((f": {gap}" for gap in gaps if gap.account), "")
            raise SnapshotError(f"no account's policies could be read{first}", hint=_NEEDS)
        about = {"lpgen_version": __version__, "caller": caller.arn}
        name = organization.id if organization else ""
        return writer.finish(taken, gaps, organization=name, regions=wanted.regions, about=about)


_NEEDS: Final = "`lpgen iam-policy snapshot` and `lpgen iam-policy member-role` print the required permissions"


@dataclass(slots=True)
class _Run:
    """An unfinished snapshot."""

    session: AwsSession
    caller: CallerIdentity
    wanted: SnapshotScope
    writer: SnapshotWriter
    print_status: _PrintStatus
    gaps: GapList = field(default_factory=GapList)

    # ------------------------------------------------------------ the organization

    def read_organization(self) -> Organization | None:
        """Writes the tree and the SCPs and RCPs of each account, if they can be read."""
        try:
            organization = fetch_organization(self.session)
        except AwsError as error:
            self.gaps.add("", Subject.ORGANIZATION, error)
            return None
        if organization is None:
            for file in (SCPS, RCPS):  # without an organization neither kind exists
                self.writer.write_json(file, {self.caller.account: []})
            return None
        policies: list[object] = []
        for subject, kind, file in ((Subject.SCPS, SCP, SCPS), (Subject.RCPS, RCP, RCPS)):
            with self.gaps.catch("", subject):
                levels, facts = fetch_levels(self.session, organization, kind)
                self.writer.write_json(file, levels)
                policies += facts
        self.writer.write_json(ORGANIZATION, {**_tree(organization), "policies": policies})
        if self.wanted.last_accessed and self.caller.account == organization.management_account:
            self._write_access_reports(organization)
        return organization

    def _write_access_reports(self, organization: Organization) -> None:
        """Writes the access report of each root, unit and account, until a permission is missing."""
        for node in organization.nodes:
            try:
                report = fetch_access_report(self.session, "/".join((organization.id, *node.path)))
            except AwsError as error:
                self.gaps.add("", Subject.ACCESS_REPORTS, error, where=node.id)
                if is_denied(error):
                    return
            else:
                self.writer.write_json(f"{ACCESS_REPORTS}/{node.id}.json", report)

    def choose_accounts(self, organization: Organization | None) -> dict[str, str]:
        """The accounts to read, each with its name if known.

        Raises:
            InvocationError: a requested account isn't in the organization.
        """
        names = {node.id: node.name for node in organization.accounts} if organization else {}
        unknown_accounts = sorted(set(self.wanted.accounts or ()) - names.keys() - {self.caller.account})
        if organization is not None and unknown_accounts:
            why = f"the account `{unknown_accounts[0]}` isn't in the organization `{organization.id}`"
            raise InvocationError(why, hint="check --accounts")
        chosen: Iterable[str] = (self.caller.account,)
        if self.wanted.role and self.wanted.accounts is not None:
            chosen = self.wanted.accounts
        elif self.wanted.role and organization is not None:
            chosen = (node.id for node in organization.accounts if node.state in ("ACTIVE", ""))
        elif self.wanted.role:
            known = Subject.ORGANIZATION not in {gap.subject for gap in self.gaps.gaps()}
            why = "there is no organization" if known else "the accounts of the organization can't be read"
            self.print_status(f"{why}, so only {self.caller.account} is read; name others with --accounts ID,ID")
        return {account: names.get(account, "") for account in sorted(set(chosen))}

    # ------------------------------------------------------------ the accounts

    def read_accounts(self, accounts: Mapping[str, str]) -> dict[str, AccountRead]:
        """Reads the accounts, given with their names, a few at a time."""
        with ThreadPoolExecutor(_ACCOUNTS_AT_ONCE) as pool:
            reads = dict(zip(accounts, pool.map(self._read_account, accounts, accounts.values()), strict=True))
        self._write_trails(reads)
        index = {file: arn for read in reads.values() for file, arn in read.index.items()}
        if index:
            self.writer.write_json(f"{LAST_ACCESSED}/{INDEX}", dict(sorted(index.items())))
        return reads

    def _read_account(self, account: str, name: str) -> AccountRead:
        try:
            session = self._session_of(account)
            caller = session.caller()
        except AwsError as error:
            self.gaps.add(account, Subject.ACCOUNT, error)
            read = AccountRead()
        else:
            read = AccountReader(session, caller, self.wanted, self.writer, self.gaps).read(name)
        taken = read.taken
        self.print_status(f"{account}: {f'{taken.roles} roles, {taken.users} users' if taken else 'could not be read'}")
        return read

    def _session_of(self, account: str) -> AwsSession:
        if account == self.caller.account:
            return self.session
        return self.session.assume_role(f"arn:{self.caller.partition}:iam::{account}:role/{self.wanted.role}")

    def _write_trails(self, reads: Mapping[str, AccountRead]) -> None:
        """Writes each trail once. All accounts see an organization's trail, and its own account can surely read it."""
        found: dict[str, tuple[dict[str, Any], ...]] = {}
        for account, read in reads.items():
            for arn, documents in read.trails.found.items():
                if arn not in found or _account_of(arn) == account:
                    found[arn] = documents
        for arn, documents in found.items():
            self.writer.write_json(f"{TRAILS}/{_file_of(arn)}", *documents)
        failed = {
            arn: error for read in reads.values() for arn, error in read.trails.failed.items() if arn not in found
        }
        for arn, error in failed.items():
            self.gaps.add(_account_of(arn), Subject.TRAILS, error, where=arn)


def _tree(organization: Organization) -> dict[str, Any]:
    return {
        "id": organization.id,
        "management_account": organization.management_account,
        "policy_types": sorted(organization.policy_types),
        "nodes": [asdict(node) for node in organization.nodes],
    }


def _account_of(trail: str) -> str:
    return trail.split(":")[4]


def _file_of(trail: str) -> str:
    _, _, _, region, account, resource = trail.split(":", 5)
    return f"{account}-{region}-{resource.rpartition('/')[2]}.json"
