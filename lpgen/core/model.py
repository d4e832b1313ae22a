"""The domain types, and nothing else. Every other module speaks in these words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, NewType

Action = NewType("Action", str)
"""A canonical action, `service:Name` as the catalog spells it. Only `Catalog` makes one."""

ActionPattern = NewType("ActionPattern", str)
"""A pattern in `Action` or `NotAction` of a policy statement: may have wildcards, any case, or be unknown."""


# ---------------------------------------------------------------- actions


class AccessLevel(StrEnum):
    """An action's access level, in the words and the order of the service authorization reference."""

    LIST = "List"
    READ = "Read"
    WRITE = "Write"
    TAGGING = "Tagging"
    PERMISSIONS_MANAGEMENT = "Permissions management"


READ_LEVELS: Final = frozenset({AccessLevel.LIST, AccessLevel.READ})
"""The levels of actions that change nothing."""


class Visibility(StrEnum):
    """How CloudTrail can show an action's use."""

    MANAGEMENT = "management"  # a management event, recorded unless the trail excludes it
    DATA = "data"  # a data event, recorded only where the trail's selectors ask for it
    INFERRED = "inferred"  # no record of its own, but a rule reads its use off another record (iam:PassRole)
    NEVER = "never"  # CloudTrail never records it, or no operation is known that would leave a record


# ---------------------------------------------------------------- records and usage


class Category(StrEnum):
    """CloudTrail's `eventCategory`, as far as it can hold a call by a principal."""

    MANAGEMENT = "management"
    DATA = "data"
    NETWORK_ACTIVITY = "network_activity"


class Outcome(StrEnum):
    """The outcome of authorization in a record. Errors other than denials mean that the call was authorized."""

    ALLOWED = "allowed"
    DENIED = "denied"
    UNDETERMINED = "undetermined"  # throttled, malformed or failed inside AWS
    UNAUTHENTICATED = "unauthenticated"  # AWS refused the credentials: the caller is unknown, and the record is a skip


class DenialKind(StrEnum):
    """Which wall refused a denied call, as far as the error message says."""

    NONE = ""  # not a denial
    IDENTITY = "identity"
    RESOURCE = "resource"
    BOUNDARY = "boundary"
    SCP = "scp"
    RCP = "rcp"
    SESSION = "session"
    VPC_ENDPOINT = "vpc_endpoint"
    EXPLICIT = "explicit"  # an explicit deny whose policy type the message doesn't name
    UNSTATED = "unstated"


class CallerKind(StrEnum):
    """The kind of the caller. Only ROLE and USER have usage; the others are counted skips. Those of CROSS_ACCOUNT_ID
    have rows of their own too, since the caller's own logs need not hold the call."""

    ROLE = "role"
    USER = "user"
    ROOT = "root"
    SERVICE = "service"
    CROSS_ACCOUNT = "cross_account"
    CROSS_ACCOUNT_ID = "cross_account_id"  # a role or user, nearly always of another account, known only by its id
    FEDERATED = "federated"
    ANONYMOUS = "anonymous"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Caller:
    """The principal that made a record's call. `principal` is an IAM role or user ARN, or "" where `kind` has none; a
    log has only the id of a caller from another account.

    `principal_id` is the role's `AROA…` or the user's `AIDA…` id without a session name, or "". `service_session` is
    true where an AWS service assumed the role (a service role or service-linked role).
    """

    kind: CallerKind
    principal: str = ""
    principal_id: str = ""
    account: str = ""
    service_session: bool = False


@dataclass(frozen=True, slots=True)
class OutcomeDetail:
    """A record's outcome with the error code it was read from ("" without an error) and the wall that refused it.

    `denied_by` is the ARN of the denying policy where the error message names it, or "".
    """

    outcome: Outcome
    error_code: str = ""
    denial_kind: DenialKind = DenialKind.NONE
    denied_by: str = ""


class ResourceKind(StrEnum):
    """How a resource is known. NONE and UNKNOWN differ: the action takes none, or it couldn't be read."""

    ARN = "arn"  # one exact ARN
    FOLD = "fold"  # a glob that represents many ARNs of one shape
    NONE = "none"
    UNKNOWN = "unknown"
    OVERFLOW = "overflow"  # too many distinct resources of one principal and action to keep apart


@dataclass(frozen=True, slots=True, order=True)
class Resource:
    """The resource of an action. `text` is an ARN (ARN), a glob (FOLD), and `*` for the other kinds."""

    kind: ResourceKind
    text: str = "*"


NO_RESOURCE = Resource(ResourceKind.NONE)
UNKNOWN_RESOURCE = Resource(ResourceKind.UNKNOWN)

OBSERVED = "observed"
"""The `how` of an action whose own call was recorded; any other value names the inference rule."""


@dataclass(frozen=True, slots=True)
class MappedAction:
    """One action that a recorded call needs, on the resources it needs it for (never empty, sorted, unfolded).

    `how` is `OBSERVED` or the name of the inference rule. `context` holds allow-listed condition values, sorted pairs
    of key and value, such as `("iam:PassedToService", "lambda.amazonaws.com")`, and the facts in a record of a KMS
    grant.
    """

    action: Action
    resources: tuple[Resource, ...]
    how: str = OBSERVED
    context: tuple[tuple[str, str], ...] = ()


class MappingStatus(StrEnum):
    """How the event map disposed of a record."""

    MAPPED = "mapped"
    NO_PERMISSION = "no_permission"  # the call needs no permission (sts:GetCallerIdentity, sign-in events)
    UNMAPPED = "unmapped"  # the map doesn't know it: reported, never guessed


@dataclass(frozen=True, slots=True)
class RecordMapping:
    """The actions a recorded call needs, whatever its outcome and caller. `actions` is empty unless MAPPED."""

    status: MappingStatus
    actions: tuple[MappedAction, ...] = ()


class SkipReason(StrEnum):
    """Why a file or a record is not in the usage table."""

    UNREADABLE_FILE = "unreadable_file"  # not gzip or JSON, truncated, or of a shape that lpgen doesn't know
    NOT_CLOUDTRAIL = "not_cloudtrail"  # a digest, Config or other file in the same tree
    BAD_RECORD = "bad_record"  # a record with wrong types, of an unknown eventType, or without eventSource or eventName
    UNKNOWN_VERSION = "unknown_version"  # a record whose major event version isn't 1
    MISPLACED = "misplaced"  # a record of another account than the one whose folder its file lies in
    DUPLICATE = "duplicate"  # an event id seen before in the same file
    NO_TIME = "no_time"  # a record without eventTime: nothing says which day it shows
    FUTURE = "future"  # a record later than the delivery of its log file, or than the ingest
    OUT_OF_WINDOW = "out_of_window"
    INSIGHT = "insight"
    AGGREGATED = "aggregated"
    SERVICE_EVENT = "service_event"  # AwsServiceEvent: no call, no IAM action
    NETWORK_COPY = "network_activity_copy"  # a network activity event: the copy of a call through a VPC endpoint
    UNAUTHENTICATED = "unauthenticated"  # AWS refused the credentials, so the caller is unknown
    NO_PERMISSION = "no_permission"
    UNMAPPED = "unmapped"
    SERVICE_CALLER = "service_caller"
    ROOT_CALLER = "root_caller"
    CROSS_ACCOUNT_CALLER = "cross_account_caller"
    FEDERATED_CALLER = "federated_caller"
    ANONYMOUS_CALLER = "anonymous_caller"
    UNKNOWN_CALLER = "unknown_caller"
    DENIED = "denied"  # only in `lpgen map`: in the usage table a denied record is a row of its own outcome
    UNDETERMINED = "undetermined"  # likewise


# ---------------------------------------------------------------- policies


class Effect(StrEnum):
    """A statement's effect."""

    ALLOW = "Allow"
    DENY = "Deny"


@dataclass(frozen=True, slots=True, order=True)
class Condition:
    """One operator and key of a condition block, with its values sorted. Operators and keys keep their spelling."""

    operator: str
    key: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Statement:
    """One policy statement, normalised: single values became tuples; order of patterns is as written.

    `patterns` holds `NotAction` patterns where `not_action` is true, and `resources` holds `NotResource` patterns where
    `not_resource` is true. `resources` is empty where the statement has neither (trust policies). `conditions` are
    sorted. `principals` is None in identity policies, else sorted pairs of type and value (`("AWS", "*")`). `text` is
    the statement as written, compact JSON with its own key order, to be carried verbatim.
    """

    index: int
    sid: str
    effect: Effect
    patterns: tuple[ActionPattern, ...]
    not_action: bool
    resources: tuple[str, ...]
    not_resource: bool
    conditions: tuple[Condition, ...]
    principals: tuple[tuple[str, str], ...] | None
    not_principal: bool
    text: str


LEGACY_VERSION = "2008-10-17"
"""The language version in which policy variables are literal text; it is also what a document without one has."""

CURRENT_VERSION = "2012-10-17"


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy document, normalised once."""

    version: str
    statements: tuple[Statement, ...]


class PolicyKind(StrEnum):
    """The kind of a policy, by its place."""

    INLINE = "inline"
    CUSTOMER_MANAGED = "customer_managed"
    AWS_MANAGED = "aws_managed"
    SCP = "scp"  # a service control policy: it caps grants and grants nothing
    RCP = "rcp"  # a resource control policy: it caps use of an account's resources
    RESOURCE = "resource"  # the policy of a resource; of a role, its trust policy


@dataclass(frozen=True, slots=True)
class AttachedPolicy:
    """A policy that counts for a principal. `document` is None where the snapshot lacks it (grants unknown).

    `arn` is "" for inline policies; `group` names the group that brings it, or is "". `created` is when the version
    in force was made, in UTC, and `version` its id, where the snapshot says so.
    """

    kind: PolicyKind
    name: str
    arn: str
    group: str
    created: datetime | None
    document: Policy | None
    version: str = ""


class PrincipalKind(StrEnum):
    """A role or a user."""

    ROLE = "role"
    USER = "user"


@dataclass(frozen=True, slots=True)
class Principal:
    """A role or user as the snapshot shows it. Times are UTC; `boundary` is None where there is none.

    `last_used` is a role's `RoleLastUsed` date, None where the snapshot has none (never used within 400 days), and
    `last_used_region` the Region of that use, or "".
    `instance_profiles` are the ARNs of the profiles that hold the role. `tags` are sorted pairs.
    """

    arn: str
    principal_id: str
    account: str
    kind: PrincipalKind
    name: str
    path: str
    created: datetime | None = None
    last_used: datetime | None = None
    policies: tuple[AttachedPolicy, ...] = ()
    boundary: AttachedPolicy | None = None
    trust: Policy | None = None
    groups: tuple[str, ...] = ()
    instance_profiles: tuple[str, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()
    last_used_region: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """A group of users as the snapshot shows it; `members` are user ARNs, sorted."""

    arn: str
    account: str
    name: str
    path: str
    policies: tuple[AttachedPolicy, ...]
    members: tuple[str, ...]


class SnapshotProblemKind(StrEnum):
    """The kinds of problems in files of authorization details."""

    NOT_A_SNAPSHOT = "not_a_snapshot"  # a file in a searched folder that holds no authorization details
    TRUNCATED = "truncated"  # pages are missing, so principals may be
    MALFORMED_POLICY = "malformed_policy"  # a policy that can't be read: grants unknown
    MISSING_POLICY = "missing_policy"  # attached, but not in the files: grants unknown
    MISSING_GROUP = "missing_group"  # a user is in it, but it isn't in the files: grants unknown
    DUPLICATE = "duplicate"  # the files disagree about a principal, group or policy; the latest was taken


@dataclass(frozen=True, slots=True, order=True)
class SnapshotProblem:
    """Something wrong in the files: where (an ARN, an account or a file), and one sentence about it."""

    kind: SnapshotProblemKind
    place: str
    message: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The content of `get-account-authorization-details` for one or more accounts. Everything is sorted by ARN.

    `sources` are the files it was read from, as named on the command line or found below a folder, sorted.
    """

    principals: tuple[Principal, ...]
    groups: tuple[Group, ...]
    problems: tuple[SnapshotProblem, ...]
    sources: tuple[str, ...]
