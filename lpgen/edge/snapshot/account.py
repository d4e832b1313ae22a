"""Reads an account into a snapshot: policies, quotas, identity providers, last accessed reports, trails, versioned
buckets, schedules, functions, event sources, what runs with a role, and the policies and tags of its resources."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from lpgen.core.compute import compute_to_json
from lpgen.core.iam.policy import policy_from_json
from lpgen.core.snapshots import Subject, TakenAccount
from lpgen.core.workloads import FunctionLogs
from lpgen.edge.aws_session import AwsSession, CallerIdentity, aws_errors, page_contents
from lpgen.edge.data_folder.snapshot_folder import (
    ABAC_BUCKETS,
    ACCOUNT_SUMMARIES,
    BUCKET_LOGGING,
    COMPUTE,
    CREDENTIALS,
    EVENT_SOURCES,
    FUNCTIONS,
    IDENTITY_PROVIDERS,
    LAST_ACCESSED,
    LOGIN_PROFILES,
    POLICIES,
    RESOURCE_POLICIES,
    RESOURCE_TAGS,
    SCHEDULES,
    VERSIONED_BUCKETS,
    VPC_ENDPOINTS,
    SnapshotWriter,
)
from lpgen.edge.snapshot.fetch_bucket_logging import fetch_bucket_logging
from lpgen.edge.snapshot.fetch_compute import ComputeFetcher, fetch_login_profiles
from lpgen.edge.snapshot.fetch_credentials import fetch_credentials
from lpgen.edge.snapshot.fetch_last_accessed import fetch_last_accessed
from lpgen.edge.snapshot.fetch_pollers import PollerFetcher
from lpgen.edge.snapshot.fetch_resources import (
    FetchedPolicy,
    fetch_abac_buckets,
    fetch_resource_policies,
    fetch_resource_tags,
    fetch_versioned_buckets,
)
from lpgen.edge.snapshot.fetch_schedules import ScheduleFetcher
from lpgen.edge.snapshot.gap_list import GapList
from lpgen.errors import AwsError, PolicyError, quote_input

_SERVICE_LINKED: Final = "/aws-service-role/"


@dataclass(frozen=True, slots=True)
class SnapshotScope:
    """The parts to read. `role` is the name of the role to assume in other accounts, "" to read only the caller's.

    If `accounts` is None, every active account of the organization is read. If `regions` is empty, the enabled Regions
    of each account are read.
    """

    role: str = ""
    accounts: tuple[str, ...] | None = None
    regions: tuple[str, ...] = ()
    resource_policies: bool = False
    resource_tags: bool = False
    last_accessed: bool = True
    schedules: bool = False
    compute: bool = False


@dataclass(slots=True)
class _FetchedTrails:
    """Trails by ARN, as the AWS CLI prints settings, event selectors and status; and why others are missing."""

    found: dict[str, tuple[dict[str, Any], ...]] = field(default_factory=dict)
    failed: dict[str, AwsError] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AccountRead:
    """The result for an account. `taken` is None if its policies can't be read. `index` names its report files."""

    taken: TakenAccount | None = None
    trails: _FetchedTrails = field(default_factory=_FetchedTrails)
    index: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AccountReader:
    """Reads an account. A part that can't be read becomes a gap."""

    session: AwsSession
    caller: CallerIdentity
    wanted: SnapshotScope
    writer: SnapshotWriter
    gaps: GapList

    def read(self, name: str) -> AccountRead:
        """Writes the account's files except its trails, which several accounts may share."""
        try:
            pages = _fetch_policies(self.session)
        except AwsError as error:
            self.gaps.add(self.caller.account, Subject.POLICIES, error)
            return AccountRead()
        self.writer.write_json(f"{POLICIES}/{self.caller.account}.json", pages)
        for subject, folder, operations in _IAM_FACTS:
            with self.gaps.catch(self.caller.account, subject):
                facts = _fetch_iam_facts(self.session, subject, operations)
                document = {"account": self.caller.account, **facts}
                self.writer.write_json(f"{folder}/{self.caller.account}.json", document)
        trails = _FetchedTrails()
        with self.gaps.catch(self.caller.account, Subject.TRAILS):
            trails = _fetch_trails(self.session)
        versioned = fetch_versioned_buckets(self.session, self.caller, self.wanted.regions, self.gaps)
        self.writer.write_json(f"{VERSIONED_BUCKETS}/{self.caller.account}.json", versioned)
        logging = fetch_bucket_logging(self.session, self.caller, self.wanted.regions, self.gaps)
        self.writer.write_json(f"{BUCKET_LOGGING}/{self.caller.account}.json", logging)
        index = self._read_last_accessed(pages) if self.wanted.last_accessed else {}
        if self.wanted.resource_policies:
            self._read_resource_policies(self._regions(Subject.RESOURCE_POLICIES))
            self._read_endpoints(self._regions(Subject.VPC_ENDPOINTS))
        if self.wanted.resource_tags:
            self._read_resource_tags(self._regions(Subject.RESOURCE_TAGS))
            abac = fetch_abac_buckets(self.session, self.caller, self.wanted.regions, self.gaps)
            self.writer.write_json(f"{ABAC_BUCKETS}/{self.caller.account}.json", abac)
        if self.wanted.schedules:
            self._read_work(pages, self._regions(Subject.SCHEDULES))
        if self.wanted.compute:
            self._read_compute(pages, self._regions(Subject.COMPUTE))
        roles, users = len(_principals_in(pages, "role")), len(_principals_in(pages, "user"))
        return AccountRead(TakenAccount(self.caller.account, name, roles, users), trails, index)

    def _read_last_accessed(self, pages: list[_DetailsPage]) -> dict[str, str]:
        """Writes the reports of all roles and users. Returns the principal's ARN by file.

        Service-linked roles are omitted, because their policies can't be replaced.
        """
        files = {
            principal["Arn"]: f"{self.caller.account}-{kind}-{principal['Arn'].rpartition('/')[2]}.json"
            for kind in ("role", "user")
            for principal in _principals_in(pages, kind)
            if not principal.get("Path", "/").startswith(_SERVICE_LINKED)
        }
        index: dict[str, str] = {}
        for report in fetch_last_accessed(self.session, sorted(files)):
            if report.error is not None:
                self.gaps.add(self.caller.account, Subject.LAST_ACCESSED, report.error, where=report.arn)
                continue
            self.writer.write_json(f"{LAST_ACCESSED}/{files[report.arn]}", *report.pages)
            index[files[report.arn]] = report.arn
        return index

    # ------------------------------------------------------------ resource policies

    def _read_resource_policies(self, regions: tuple[str, ...]) -> None:
        for found in fetch_resource_policies(self.session, self.caller, regions, self.gaps):
            try:
                self._write_policy(found)
            except PolicyError as error:
                where = found.resource
                self.gaps.add(self.caller.account, Subject.RESOURCE_POLICIES, error, what=found.service, where=where)

    def _read_endpoints(self, regions: tuple[str, ...]) -> None:
        """Writes the account's VPC endpoints. A Region that can't be read is a gap."""
        pages: list[_DetailsPage] = []
        for region in regions:
            with self.gaps.catch(self.caller.account, Subject.VPC_ENDPOINTS, where=region):
                client = self.session.known_client("ec2", region, self.caller.partition)
                with aws_errors("list VPC endpoints"):
                    pages += map(page_contents, client.get_paginator("describe_vpc_endpoints").paginate())
        found = {"VpcEndpoints": [endpoint for page in pages for endpoint in page["VpcEndpoints"]]}
        self.writer.write_json(f"{VPC_ENDPOINTS}/{self.caller.account}.json", found)

    def _write_policy(self, found: FetchedPolicy) -> None:
        """Writes a policy.

        Raises:
            PolicyError: lpgen couldn't read it back.
        """
        policy_from_json(found.policy, place=found.resource)
        name = hashlib.sha256(found.resource.encode()).hexdigest()[:16]  # an ARN may not be a valid file name
        document = {"resource": found.resource, "account": self.caller.account, "policy": json.loads(found.policy)}
        self.writer.write_json(f"{RESOURCE_POLICIES}/{self.caller.account}-{found.service}-{name}.json", document)

    def _read_resource_tags(self, regions: tuple[str, ...]) -> None:
        for region, pages in fetch_resource_tags(self.session, self.caller, regions, self.gaps):
            if any(page.get("ResourceTagMappingList") for page in pages):
                self.writer.write_json(f"{RESOURCE_TAGS}/{self.caller.account}-{region}.json", pages)

    def _read_work(self, pages: list[_DetailsPage], regions: tuple[str, ...]) -> None:
        roles = _role_names(pages)
        fetcher = ScheduleFetcher(self.session, self.caller, roles, self.writer.taken.date(), self.gaps)
        found = list(map(asdict, fetcher.fetch(regions)))
        self.writer.write_json(f"{SCHEDULES}/{self.caller.account}.json", found)
        functions = _fetch_functions(self.session, self.caller, regions, self.gaps)
        self.writer.write_json(f"{FUNCTIONS}/{self.caller.account}.json", list(map(asdict, functions)))
        held = {function.function: function.role for function in functions}
        pollers = PollerFetcher(self.session, self.caller, held, self.gaps).fetch(regions)
        self.writer.write_json(f"{EVENT_SOURCES}/{self.caller.account}.json", list(map(asdict, pollers)))

    def _read_compute(self, pages: list[_DetailsPage], regions: tuple[str, ...]) -> None:
        profiles = {
            profile["InstanceProfileName"]: role["Arn"]
            for role in _principals_in(pages, "role")
            for profile in role.get("InstanceProfileList", ())
        }
        fetcher = ComputeFetcher(self.session, self.caller, _role_names(pages), profiles, self.gaps)
        self.writer.write_json(f"{COMPUTE}/{self.caller.account}.json", compute_to_json(fetcher.fetch(regions)))
        with self.gaps.catch(self.caller.account, Subject.LOGIN_PROFILES):
            found = fetch_login_profiles(self.session, _principals_in(pages, "user"))
            self.writer.write_json(f"{LOGIN_PROFILES}/{self.caller.account}.json", found)
        credentials = fetch_credentials(self.session, self.caller, _principals_in(pages, "user"), self.gaps)
        self.writer.write_json(f"{CREDENTIALS}/{self.caller.account}.json", credentials)

    def _regions(self, subject: Subject) -> tuple[str, ...]:
        """The Regions to search for resources."""
        if self.wanted.regions:
            return self.wanted.regions
        try:
            with aws_errors("list the Regions"):
                found = self.session.client("ec2").describe_regions()["Regions"]
            return tuple(sorted(region["RegionName"] for region in found))
        except AwsError as error:
            self.gaps.add(self.caller.account, subject, error, what=f"except for {self.session.region}")
            return (self.session.region,)


# ---------------------------------------------------------------- policies


_PAGE_SIZE: Final = 1000  # the most that IAM allows

_DetailsPage = Mapping[str, Any]


def _fetch_policies(session: AwsSession) -> list[_DetailsPage]:
    """The pages of authorization details, with documents and times as the AWS CLI prints them.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html

    Raises:
        AwsError: a page can't be read. Without all pages nothing is known about an account.
    """
    with aws_errors("read the policies of roles and users"):
        paginator = session.client("iam").get_paginator("get_account_authorization_details")
        return [page_contents(page) for page in paginator.paginate(PaginationConfig={"PageSize": _PAGE_SIZE})]


def _principals_in(pages: Iterable[_DetailsPage], kind: str) -> list[_DetailsPage]:
    """The roles (`role`) or users (`user`) of the pages."""
    name = f"{kind.title()}DetailList"
    return [principal for page in pages for principal in page.get(name, ())]


def _role_names(pages: Iterable[_DetailsPage]) -> dict[str, str]:
    """The ARNs of the roles by name."""
    return {role["RoleName"]: role["Arn"] for role in _principals_in(pages, "role")}


_IAM_FACTS: Final = (
    (Subject.QUOTAS, ACCOUNT_SUMMARIES, ("get_account_summary",)),
    (Subject.IDENTITY_PROVIDERS, IDENTITY_PROVIDERS, ("list_open_id_connect_providers", "list_saml_providers")),
)
"""Facts about an account that IAM tells without pages: the subject, the folder of the snapshot, and the calls.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountSummary.html
https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListOpenIDConnectProviders.html
https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListSAMLProviders.html
"""


def _fetch_iam_facts(session: AwsSession, subject: Subject, operations: Iterable[str]) -> dict[str, Any]:
    """The fields of the answers to some calls of IAM.

    Raises:
        AwsError: one can't be read.
    """
    with aws_errors(f"read the account's {subject}"):
        answers = [page_contents(getattr(session.client("iam"), operation)()) for operation in operations]
    return {name: value for answer in answers for name, value in answer.items()}


# ---------------------------------------------------------------- trails


def _fetch_trails(session: AwsSession) -> _FetchedTrails:
    """The trails of all Regions that the account can see, including the organization's.

    https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_ListTrails.html

    Raises:
        AwsError: they can't be listed.
    """
    trails = _FetchedTrails()
    with aws_errors("list the trails"):
        pages = session.client("cloudtrail").get_paginator("list_trails").paginate()
        listed = {trail["TrailARN"]: trail["HomeRegion"] for page in pages for trail in page.get("Trails", ())}
    for arn, region in sorted(listed.items()):
        try:
            trails.found[arn] = _fetch_trail(session.client("cloudtrail", region), arn)
        except AwsError as error:
            trails.failed[arn] = error
    return trails


def _fetch_trail(client: Any, arn: str) -> tuple[dict[str, Any], ...]:
    """The answers about a trail. All three are needed. Without its status, the trail would count as logging."""
    with aws_errors(f"read the trail {quote_input(arn)}"):
        return (
            page_contents(client.get_trail(Name=arn)),
            page_contents(client.get_event_selectors(TrailName=arn)),
            page_contents(client.get_trail_status(Name=arn)),
        )


# ---------------------------------------------------------------- functions


def _fetch_functions(
    session: AwsSession, caller: CallerIdentity, regions: Iterable[str], gaps: GapList
) -> list[FunctionLogs]:
    """The functions in some Regions with their log groups, sorted.

    A Region where they can't be listed is a gap. Without a configured log group, a function's group is named after it:
    https://docs.aws.amazon.com/lambda/latest/api/API_LoggingConfig.html
    """
    found: list[FunctionLogs] = []
    for region in regions:
        pages: list[Mapping[str, Any]] = []
        with gaps.catch(caller.account, Subject.FUNCTIONS, where=region):
            client = session.known_client("lambda", region, caller.partition)
            with aws_errors("list functions"):
                pages = list(client.get_paginator("list_functions").paginate())
        for function in (function for page in pages for function in page["Functions"]):
            group = function.get("LoggingConfig", {}).get("LogGroup") or f"/aws/lambda/{function['FunctionName']}"
            arn = f"arn:{caller.partition}:logs:{region}:{caller.account}:log-group:{group}"
            found.append(FunctionLogs(function["FunctionArn"], function["Role"], arn))
    return sorted(found, key=lambda function: function.function)
