"""The domain types. Every other module uses them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, NewType

Action = NewType("Action", str)
"""A canonical action, `service:Name` as the catalog spells it. Only `Catalog` makes one."""

ActionPattern = NewType("ActionPattern", str)
"""A pattern in `Action` or `NotAction` of a policy statement. It may have wildcards or any case, or be unknown."""


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
    INFERRED = "inferred"  # no record of its own, but a rule infers its use from another record (iam:PassRole)
    NEVER = "never"  # CloudTrail never records it, or no known operation leaves a record


# ---------------------------------------------------------------- records and usage


class Category(StrEnum):
    """The values of CloudTrail's `eventCategory` for calls by principals, and one for S3 server access logs. Those show
    use, but not that there was none: S3 delivers them on a best-effort basis."""

    MANAGEMENT = "management"
    DATA = "data"
    NETWORK_ACTIVITY = "network_activity"
    ACCESS_LOG = "access_log"


class Outcome(StrEnum):
    """The outcome of authorization in a record. Errors other than denials mean that the call was authorized."""

    ALLOWED = "allowed"
    DENIED = "denied"
    UNDETERMINED = "undetermined"  # throttled, malformed or failed inside AWS
    UNAUTHENTICATED = "unauthenticated"  # AWS refused the credentials: the caller is unknown, and the record is a skip


class DenialKind(StrEnum):
    """The kind of policy that denied a call, if the error message states it."""

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
    """The kind of the caller. Only ROLE and USER have usage; other kinds are skips. Calls of CROSS_ACCOUNT_ID also have
    rows of their own, because the caller's own logs may not hold the call."""

    ROLE = "role"
    USER = "user"
    ROOT = "root"
    SERVICE = "service"
    CROSS_ACCOUNT = "cross_account"
    CROSS_ACCOUNT_ID = "cross_account_id"  # a role or user, usually of another account, known only by its id
    FEDERATED = "federated"
    ANONYMOUS = "anonymous"
    UNKNOWN = "unknown"


class AssumptionMethod(StrEnum):
    """The ways to get a session of a role. The first four are operations of STS."""

    ASSUME_ROLE = "AssumeRole"
    SAML = "AssumeRoleWithSAML"
    WEB_IDENTITY = "AssumeRoleWithWebIdentity"
    ROOT = "AssumeRoot"
    POD_IDENTITY = "AssumeRoleForPodIdentity"
    ROLES_ANYWHERE = "RolesAnywhere"
    COGNITO = "Cognito"
    IOT = "IoT"
    IDENTITY_CENTER = "IdentityCenter"
    SWITCH_ROLE = "SwitchRole"


@dataclass(frozen=True, slots=True)
class Caller:
    """The principal that made a record's call. `principal` is the ARN of an IAM role or user, or "" if `kind` has none.
    For a caller from another account, a log has only the id.

    `principal_id` is the role's `AROA…` or the user's `AIDA…` id without a session name, or "". `service_session` is
    true if an AWS service assumed the role (a service role or service-linked role).
    """

    kind: CallerKind
    principal: str = ""
    principal_id: str = ""
    account: str = ""
    service_session: bool = False


@dataclass(frozen=True, slots=True)
class OutcomeDetail:
    """A record's outcome with its error code ("" without an error) and the kind of policy that denied it.

    `denied_by` is the ARN of the denying policy if the error message names it, or "".
    """

    outcome: Outcome
    error_code: str = ""
    denial_kind: DenialKind = DenialKind.NONE
    denied_by: str = ""


class ResourceKind(StrEnum):
    """How a resource is known. NONE: the action has no resource. UNKNOWN: the resource couldn't be read."""

    ARN = "arn"  # one exact ARN
    FOLD = "fold"  # a glob that represents many ARNs of one shape
    NONE = "none"
    UNKNOWN = "unknown"
    OVERFLOW = "overflow"  # too many distinct resources of one principal and action


@dataclass(frozen=True, slots=True, order=True)
class Resource:
    """The resource of an action. `text` is an ARN (ARN), a glob (FOLD), or `*` (other kinds)."""

    kind: ResourceKind
    text: str = "*"


NO_RESOURCE = Resource(ResourceKind.NONE)
UNKNOWN_RESOURCE = Resource(ResourceKind.UNKNOWN)

OBSERVED = "observed"
"""The `how` of an action whose own call was recorded; any other value names the inference rule."""


@dataclass(frozen=True, slots=True)
class MappedAction:
    """One action that a recorded call needs, and its resources (never empty, sorted, unfolded).

    `how` is `OBSERVED` or the name of the inference rule. `context` has allow-listed condition values as sorted pairs
    of key and value, such as `("iam:PassedToService", "lambda.amazonaws.com")`, and the facts in a record of a KMS
    grant.
    """

    action: Action
    resources: tuple[Resource, ...]
    how: str = OBSERVED
    context: tuple[tuple[str, str], ...] = ()


class MappingStatus(StrEnum):
    """The result of the event map for a record."""

    MAPPED = "mapped"
    NO_PERMISSION = "no_permission"  # the call needs no permission (sts:GetCallerIdentity, sign-in events)
    UNMAPPED = "unmapped"  # the map doesn't know it; reported, never guessed


@dataclass(frozen=True, slots=True)
class RecordMapping:
    """The actions that a recorded call needs, whatever its outcome and caller. `actions` is empty unless MAPPED."""

    status: MappingStatus
    actions: tuple[MappedAction, ...] = ()


class SkipReason(StrEnum):
    """Why a file or a record is not in the usage table."""

    UNREADABLE_FILE = "unreadable_file"  # not gzip or JSON, truncated, or of an unknown structure
    NOT_CLOUDTRAIL = "not_cloudtrail"  # a digest, Config or other file in the same tree
    BAD_RECORD = "bad_record"  # a record with wrong types, of an unknown eventType, or without eventSource or eventName
    UNKNOWN_VERSION = "unknown_version"  # a record whose major event version isn't 1
    MISPLACED = "misplaced"  # a record whose account differs from the account of the file's folder
    DUPLICATE = "duplicate"  # an event id seen before in the same file
    NO_TIME = "no_time"  # a record without eventTime, so its day is unknown
    FUTURE = "future"  # a record later than the delivery of its log file, or than the ingest
    OUT_OF_WINDOW = "out_of_window"
    INSIGHT = "insight"
    AGGREGATED = "aggregated"
    SERVICE_EVENT = "service_event"  # AwsServiceEvent: not a call, and no IAM action
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
    DENIED = "denied"  # only in `lpgen map`; in the usage table, a denied record is a row with that outcome
    UNDETERMINED = "undetermined"  # only in `lpgen map`


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
    """One policy statement, normalised: single values become tuples. The order of patterns is as written.

    `patterns` has `NotAction` patterns if `not_action` is true, and `resources` has `NotResource` patterns if
    `not_resource` is true. `resources` is empty if the statement has neither (trust policies). `conditions` are sorted.
    `principals` is None in identity policies, otherwise sorted pairs of type and value (`("AWS", "*")`). `text` is the
    statement as written: compact JSON in the original key order, for verbatim copies.
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
"""The language version in which policy variables are literal text, and the default for documents without a version."""

CURRENT_VERSION = "2012-10-17"


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy document, normalised once."""

    version: str
    statements: tuple[Statement, ...]


class PolicyKind(StrEnum):
    """The kind of a policy."""

    INLINE = "inline"
    CUSTOMER_MANAGED = "customer_managed"
    AWS_MANAGED = "aws_managed"
    SCP = "scp"  # a service control policy, which limits permissions and grants none
    RCP = "rcp"  # a resource control policy, which limits the use of an account's resources
    RESOURCE = "resource"  # the policy of a resource; for a role, its trust policy


@dataclass(frozen=True, slots=True)
class AttachedPolicy:
    """A policy that applies to a principal. `document` is None if the snapshot lacks it (grants unknown).

    `arn` is "" for inline policies. `group` is the name of the group that has the policy, or "". `created` is the
    creation time of the default version in UTC, and `version` its id, if the snapshot has them. `other_versions` are
    the documents that could become the default, if they were read.
    """

    kind: PolicyKind
    name: str
    arn: str
    group: str
    created: datetime | None
    document: Policy | None
    version: str = ""
    other_versions: tuple[Policy, ...] = ()


class PrincipalKind(StrEnum):
    """A role or a user."""

    ROLE = "role"
    USER = "user"


@dataclass(frozen=True, slots=True)
class Principal:
    """A role or user in the snapshot. Times are UTC. `boundary` is None without a permissions boundary.

    `last_used` is a role's `RoleLastUsed` date, or None if the snapshot has none (not used within 400 days).
    `last_used_region` is the Region of that use, or "". `instance_profiles` are the ARNs of the profiles with the role.
    `tags` are sorted pairs.
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

    @property
    def is_service_linked(self) -> bool:
        """Whether it is a service-linked role, which only AWS can use or change.

        https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create-service-linked-role.html
        """
        return self.path.startswith("/aws-service-role/")


@dataclass(frozen=True, slots=True)
class Group:
    """A group of users in the snapshot. `members` are user ARNs, sorted."""

    arn: str
    account: str
    name: str
    path: str
    policies: tuple[AttachedPolicy, ...]
    members: tuple[str, ...]


class SnapshotProblemKind(StrEnum):
    """The kinds of problems in files of authorization details."""

    NOT_A_SNAPSHOT = "not_a_snapshot"  # a file in a searched folder without authorization details
    TRUNCATED = "truncated"  # pages are missing, so principals may be
    MALFORMED_POLICY = "malformed_policy"  # a policy that can't be read: grants unknown
    MISSING_POLICY = "missing_policy"  # attached, but not in the files: grants unknown
    MISSING_GROUP = "missing_group"  # a user is a member, but the files lack the group: grants unknown
    DUPLICATE = "duplicate"  # the files disagree about a principal, group or policy; the latest is used


@dataclass(frozen=True, slots=True, order=True)
class SnapshotProblem:
    """A problem in the files: its place (an ARN, an account or a file), and one sentence about it."""

    kind: SnapshotProblemKind
    place: str
    message: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The content of `get-account-authorization-details` for one or more accounts. Everything is sorted by ARN.

    `sources` are the files, as named on the command line or found below a folder, sorted.
    """

    principals: tuple[Principal, ...]
    groups: tuple[Group, ...]
    problems: tuple[SnapshotProblem, ...]
    sources: tuple[str, ...]
