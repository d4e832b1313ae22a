"""Checks within a call that its record doesn't show: dependent actions, passed roles, and other resources.

The records don't show whether a call needed these permissions. So they count neither as use nor as missing, and are
kept if the old policies grant them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final

from lpgen.core.analysis.grants.granting import action_is_named_in
from lpgen.core.analysis.grants.trust import trusted_services
from lpgen.core.analysis.observability.missed_use import MissedUse, MissReason, ObservedUse
from lpgen.core.analysis.scopes.scopes import NamedScope
from lpgen.core.arns import split_arn
from lpgen.core.catalog.catalog import Catalog
from lpgen.core.cloudtrail.rules.inferences import COPY_SOURCE
from lpgen.core.cloudtrail.rules.passing import PASS_ROLE_ACTION, UnnamedPassRow, passed_roles_from_catalog
from lpgen.core.evidence import Grant, Use
from lpgen.core.model import OBSERVED, UNKNOWN_RESOURCE, AccessLevel, Action, Outcome, Principal, Resource, ResourceKind

_NAMED: Final = (ResourceKind.ARN, ResourceKind.FOLD)
"""The kinds of resources that a record names."""

# ---------------------------------------------------------------- dependent actions


_ALSO_NEEDED: Final = "{caller} also needs it and leaves no separate record of that"
_KEPT_FOR_CALLER: Final = "kept for that action"
_APART: Final = (AccessLevel.TAGGING, AccessLevel.PERMISSIONS_MANAGEMENT)
"""Permissions to manage permissions aren't kept because of a list: it names `kms:PutKeyPolicy` for each creation of a
key."""

# Their needs depend on their parameters, from which the event map reads them.
_READ_OFF_THE_REQUEST: Final = frozenset(
    {
        "cloudformation:DescribeStacks",
        "cloudfront:CreateDistribution",
        "fsx:DeleteFileSystem",
        "imagebuilder:CreateContainerRecipe",
        "imagebuilder:CreateImage",
        "imagebuilder:CreateImagePipeline",
        "imagebuilder:CreateImageRecipe",
        "imagebuilder:DistributeImage",
        "imagebuilder:ImportDiskImage",
        "imagebuilder:UpdateImagePipeline",
        "lambda:CreateFunction",
        "rds:DeleteDBInstance",
        "rds:StopDBInstance",
        "states:CreateStateMachine",
        "states:TestState",
        "states:UpdateStateMachine",
    }
)

# A call of a function URL needs both. AWS doesn't say which record it leaves.
# https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html
_INVOKE_URL: Final = Action("lambda:InvokeFunctionUrl")
_INVOKE: Final = Action("lambda:InvokeFunction")


def dependent_actions(observed: ObservedUse, catalog: Catalog) -> Iterator[MissedUse]:
    """The granted actions that are checked within calls, on the resources of these calls if they fit, else on any
    resource.

    The service authorization reference lists them as dependent actions of the called action. CloudTrail records calls
    of other services that are made with the caller's permissions. Tags on creation are read from the request.
    https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
    """
    uses, patterns = observed.believed, observed.lines.patterns.by_text
    for action, callers in callers_by_dependent(uses, observed.grants.allows, catalog).items():
        if grants := observed.grants_of(action):
            named = {use.resource for use in uses if use.action in callers}
            wider = {patterns[resource.text].resource if resource.text in patterns else resource for resource in named}
            scope = tuple(sorted(wider)) if _are_all_named(action, named, catalog) else (UNKNOWN_RESOURCE,)
            why = _ALSO_NEEDED.format(caller=callers[0])
            yield MissedUse(action, MissReason.DEPENDENT_ACTION, why, _KEPT_FOR_CALLER, grants, scope)


def callers_by_dependent(
    uses: Iterable[Use], allows: Iterable[Grant], catalog: Catalog
) -> Mapping[Action, tuple[Action, ...]]:
    """The actions that are checked within used or attempted actions, each with those actions.

    Calls of function URLs leave no record, so actions within them are included if one of the Allows names them.
    """
    found: dict[Action, set[Action]] = {}
    if any(_INVOKE_URL in grant.actions and action_is_named_in(grant, _INVOKE) for grant in allows):
        found[_INVOKE] = {_INVOKE_URL}
    for action in {use.action for use in uses if use.outcome is not Outcome.DENIED}:
        for needed in _dependents(action, catalog):
            found.setdefault(needed, set()).add(action)
    return {needed: tuple(sorted(callers)) for needed, callers in sorted(found.items())}


def _are_all_named(action: Action, named: Collection[Resource], catalog: Catalog) -> bool:
    """Whether the calls name every resource on which the action is checked, because it requires no other type."""
    if not all(resource.kind in _NAMED for resource in named):
        return False
    types = {catalog.resource_type(action, resource.text) for resource in named}
    required = {taken.type for taken in catalog.detail(action).resources if taken.required is not False}
    return "" not in types and required <= types


def _dependents(action: Action, catalog: Catalog) -> Iterator[Action]:
    service = action.partition(":")[0]
    for listed in () if action in _READ_OFF_THE_REQUEST else catalog.detail(action).dependents or ():
        needed = catalog.canonical(listed) if listed.partition(":")[0] == service and listed != action else None
        if needed and catalog.detail(needed).level not in _APART:
            yield needed


# ---------------------------------------------------------------- passed roles

_PASSES: Final = "{action} passes {passes}, which its records don't name"
_KEPT_ON_TRUSTING: Final = "kept on the roles that trust the service"
_KEPT_ON_UNKNOWN: Final = "kept on the roles that the policies name and lpgen doesn't know"


class ImplicitPassedRoles:
    """The roles that a principal may have passed by calls whose records don't name them.

    The task definition of `ecs:RunTask` has roles that need `iam:PassRole`, but the record shows only the name of the
    task definition. A role can be passed this way if it belongs to the account and trusts the service it is passed to,
    or if the policies name it and its trust isn't known. Each row of the table of these calls cites its page.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
    """

    def __init__(self, catalog: Catalog, principals: Iterable[Principal]) -> None:
        rows, known = passed_roles_from_catalog(catalog.source).unnamed, tuple(principals)
        self._rows = {row.action: row for row in rows}
        self._roles = _roles_by_trust(known, {row.to for row in rows})
        self._known = frozenset(principal.arn for principal in known)

    def missed_uses(self, observed: ObservedUse) -> Iterator[MissedUse]:
        """`iam:PassRole` on each role that calls of the principal may have passed without naming it, if it is
        granted."""
        if PASS_ROLE_ACTION not in observed.granted:
            return
        grants = observed.grants_of(PASS_ROLE_ACTION)
        roles = dict(self.roles(observed.grants.principal.account, observed.believed))
        for row in self._passing(observed.believed):
            for role in self._unknown_roles(grants):
                roles.setdefault(role, _PASSES.format(action=row.action, passes=row.passes))
        for role, why in roles.items():
            sign = _KEPT_ON_TRUSTING if role in self._known else _KEPT_ON_UNKNOWN
            on = (Resource(ResourceKind.ARN, role),)
            yield MissedUse(PASS_ROLE_ACTION, MissReason.PASSED_ROLE, why, sign, grants, on)

    def _unknown_roles(self, grants: Iterable[Grant]) -> Iterator[str]:
        """The roles that statements name, without wildcards, and that aren't among the known principals."""
        named = (name for grant in grants if not grant.statement.not_resource for name in grant.statement.resources)
        return (name for name in named if name not in self._known and not any(mark in name for mark in "*?$"))

    def roles(self, account: str, uses: Iterable[Use]) -> Mapping[str, str]:
        """The roles of the account that the uses may have passed without naming them, each with a clause that names the
        call."""
        found: dict[str, str] = {}
        for row in self._passing(uses):
            for role in self._roles[account, row.to]:
                found.setdefault(role, _PASSES.format(action=row.action, passes=row.passes))
        return found

    def _passing(self, uses: Iterable[Use]) -> list[UnnamedPassRow]:
        """The rows of the calls among the uses that pass a role without naming it, sorted."""
        return sorted({self._rows[use.action] for use in uses if self._is_passing(use)}, key=lambda row: row.action)

    def _is_passing(self, use: Use) -> bool:
        row = self._rows.get(use.action)
        if row is None or use.outcome is Outcome.DENIED or use.how != OBSERVED:
            return False
        return f":{row.names}/" in use.resource.text if row.names else True


def _roles_by_trust(principals: Iterable[Principal], services: Iterable[str]) -> Mapping[tuple[str, str], list[str]]:
    wanted = frozenset(services)
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for principal in principals:
        for service in sorted(wanted & trusted_services(principal)):
            found[principal.account, service].append(principal.arn)
    return found


# ---------------------------------------------------------------- resources that records don't name

_DEFAULT_DOCUMENT: Final = (
    "a session without a document is checked on the default document, which its record doesn't show"
)
_TRANSFORMS: Final = "the transforms of a template also need it, and records don't show them"
_COPIED_TAGS: Final = "a copy includes the tags of its source, and records don't show whether there are any"
_NO_REVISION: Final = "a call that names no revision may be checked on the name without a revision"
_TAGS_OF_JOB: Final = "the tags of a job may also be checked on its definition"
_AUTOMATION_DEFINITION: Final = "a runbook may also be checked as an automation definition"

_START_SESSION: Final = Action("ssm:StartSession")
_CREATE_CHANGE_SET: Final = Action("cloudformation:CreateChangeSet")
_READ_TAGS: Final = {
    "s3:GetObject": Action("s3:GetObjectTagging"),
    "s3:GetObjectVersion": Action("s3:GetObjectVersionTagging"),
}
_WRITE_TAGS: Final = Action("s3:PutObjectTagging")
_SUBMIT_JOB: Final = Action("batch:SubmitJob")
_TAG_JOB: Final = Action("batch:TagResource")
_OF_ANY_REVISION: Final = frozenset({_SUBMIT_JOB, Action("ecs:RunTask"), Action("ecs:StartTask")})
_OF_RUNBOOKS: Final = frozenset(map(Action, ("ssm:StartAutomationExecution", "ssm:StartChangeRequestExecution")))
_WITH_TEMPLATE: Final = frozenset({_CREATE_CHANGE_SET, "cloudformation:CreateStack", "cloudformation:UpdateStack"})

_Unnamed = tuple[Action, Resource, str]
"""An action that a call may need, a resource that its record doesn't name, and why."""


def unnamed_resources(observed: ObservedUse) -> Iterator[MissedUse]:
    """The actions that a principal's uses may have needed on resources that their records don't name."""
    account = observed.grants.principal.account
    counted = [use for use in observed.believed if use.resource.kind in _NAMED]
    patterns = observed.lines.patterns.by_text
    found = {*_session_documents(account, counted), *_transforms(account, counted), *_copied_tags(counted, patterns)}
    found.update(_other_names(counted))
    for action, resource, why in sorted(found):
        grants = observed.grants_of(action)
        yield MissedUse(action, MissReason.UNNAMED_RESOURCE, why, "", grants, (resource,))


def _session_documents(account: str, uses: Iterable[Use]) -> Iterable[_Unnamed]:
    """The default document of sessions that name none.

    Each record shows a node, and a document if the request names one.

    https://docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-default-session-document.html
    """
    unnamed: Counter[tuple[str, str]] = Counter()
    for use in uses:
        if use.action == _START_SESSION:
            fields = split_arn(use.resource.text)
            is_document = fields.name.startswith("document/")
            unnamed[fields.partition, fields.region] += -use.evidence.records if is_document else use.evidence.records
    for (partition, region), records in unnamed.items():
        if records > 0:
            document = f"arn:{partition}:ssm:{region}:{account}:document/SSM-SessionManagerRunShell"
            yield _START_SESSION, Resource(ResourceKind.ARN, document), _DEFAULT_DOCUMENT


def _transforms(account: str, uses: Iterable[Use]) -> Iterable[_Unnamed]:
    """The transforms of a template: AWS's and the account's own. Each needs permission to create a change set.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-iam-template.html
    """
    for use in uses:
        if use.action in _WITH_TEMPLATE:
            fields = split_arn(use.resource.text)
            for owner in ("aws", account):
                transforms = f"arn:{fields.partition}:cloudformation:{fields.region}:{owner}:transform/*"
                yield _CREATE_CHANGE_SET, Resource(ResourceKind.FOLD, transforms), _TRANSFORMS


def _other_names(uses: Sequence[Use]) -> Iterable[_Unnamed]:
    """The resources on which AWS checks calls according to denials, though its page names others.

    - A definition that a call names without a revision, on the newest revision or on none:
      https://docs.aws.amazon.com/batch/latest/userguide/iam-example-restrict-job-submission.html and
      https://github.com/aws/aws-sdk-js/issues/4280; https://github.com/aws/aws-cdk/issues/30368 and
      https://github.com/widdix/complete-aws-iam-reference/issues/79
    - The tags of a job, also on its definition: https://github.com/wri/gfw-data-api/pull/175
    - A runbook, as a document or as an automation definition:
      https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-setup-identity-based-policies.html and
      https://github.com/aws-solutions/automated-security-response-on-aws/issues/26
    """
    tags_jobs = any(use.action == _TAG_JOB for use in uses)
    for use in uses:
        arn = use.resource.text
        if use.action in _OF_ANY_REVISION and arn.endswith(":*"):
            yield use.action, Resource(ResourceKind.ARN, arn.removesuffix(":*")), _NO_REVISION
        if tags_jobs and use.action == _SUBMIT_JOB and ":job-definition/" in arn:
            yield _TAG_JOB, use.resource, _TAGS_OF_JOB
        if use.action in _OF_RUNBOOKS and ":document/" in arn:
            name = arn.replace(":document/", ":automation-definition/", 1)
            yield use.action, Resource(ResourceKind.FOLD, f"{name}:*"), _AUTOMATION_DEFINITION


def _copied_tags(uses: Sequence[Use], patterns: Mapping[str, NamedScope]) -> Iterable[_Unnamed]:
    """The tags of copied objects. A copy includes them by default, and no record shows whether an object has any.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
    """
    sources = [use for use in uses if use.how == COPY_SOURCE and use.action in _READ_TAGS]
    if not sources:
        return
    for use in (*sources, *(use for use in uses if use.action == "s3:PutObject")):
        action = _READ_TAGS.get(use.action, _WRITE_TAGS)
        pattern = patterns.get(use.resource.text)
        yield action, pattern.resource if pattern else use.resource, _COPIED_TAGS
