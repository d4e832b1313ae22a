"""Why `lpgen rollout` doesn't change a principal: others own it, or a mistake would cost too much.

`edge/rollout/apply.py` finds the reasons that only IAM can show while a plan is applied. Their rows are here too,
because the schema of plans lists all kinds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Self

from lpgen.core.globs.match import has_wildcard
from lpgen.core.iam.limits import ATTACHED_POLICIES_LIMIT, MANAGED_POLICY_LIMIT
from lpgen.core.iam.policy import policy_size
from lpgen.core.identity_center import is_of_permission_set
from lpgen.core.model import Principal
from lpgen.core.options import is_chosen
from lpgen.core.principal_names import hint_of_name
from lpgen.core.registry.row import Finding, Kind, Row
from lpgen.core.rollout.fingerprint import policies_sha256
from lpgen.core.rollout.written_replacement import WrittenPlan
from lpgen.core.tooling import Tooling, tooling_of
from lpgen.errors import InvocationError, quote_input

_NAME: Final = re.compile(r"[A-Za-z0-9_+=,.@-]{1,64}")
"""Names of roles and users. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""

# ---------------------------------------------------------------- kinds

_USE_ARN: Final = "use the ARN of a role or user"
_NO_REASON: Final = "no reason is given"
_AS_CODE: Final = "(`lpgen generate --as` writes them as terraform or cloudformation)"


def _leave_groups(*, groups: tuple[str, ...], folder: str) -> str:
    named = f"the {'group' if len(groups) == 1 else 'groups'} {', '.join(groups)}"
    return (
        f"it would have to leave {named}, and lpgen never changes group memberships: first attach the documents in"
        f" {folder} by hand, then remove it from {named}"
    )


class RefusalKind(Kind):
    """Why a principal isn't rolled out. The kinds from CALLER on are found only when the plan is applied."""

    SERVICE_LINKED = Row(
        "service_linked", "service-linked", message="a service-linked role: only AWS changes its policies"
    )
    SSO = Row(
        "sso",
        "managed by IAM Identity Center",
        message="IAM Identity Center manages this role: put the replacement into its permission set",
    )
    ORGANIZATION_ACCESS = Tooling.ORGANIZATION_ACCESS.row
    CONTROL_TOWER = Tooling.CONTROL_TOWER.row
    STACK_SETS = Tooling.STACK_SETS.row
    CDK_BOOTSTRAP = Tooling.CDK_BOOTSTRAP.row
    BREAK_GLASS = Row(
        "break_glass", "break-glass", parameters={"glob": str}, message="a break-glass role, named by `{glob}`"
    )
    MANAGED_AS_CODE = Row(
        "managed_as_code",
        "managed as code",
        parameters={"case": str, "folder": str, "glob": str, "resource": str, "stack": str},
        message={
            "by-option": "managed as code, by --managed-as-code {glob}: put the documents of {folder} into that code "
            + _AS_CODE,
            "by-stack": "managed as code: change the resource {resource} in the template of the stack {stack}, from the"
            " documents of {folder} " + _AS_CODE,
        },
    )
    NOT_SAFE = Row(
        "not_safe",
        "not called safe",
        parameters={"why": str},
        message="the replacement isn't called safe: {why}",
        step="--unsafe",
    )
    GROUPS = Row("groups", "user in a group", parameters={"groups": tuple, "folder": str}, message=_leave_groups)
    NOT_IN_POLICIES = Row("not_in_policies", "not in the given policies", message="the given policies don't contain it")
    OTHER_POLICIES = Row(
        "other_policies",
        "generated from other policies",
        parameters={"case": str},
        message={
            "recreated": "it was deleted and created again after the replacement was made",
            "changed": "the replacement was generated from other policies: generate it again",
            "missing": "the given policies lack the document of a policy that it has",
        },
    )
    NAME = Row("name", "an invalid name", message="its name or ARN isn't valid in IAM")
    NO_SPACE = Row(
        "no_space",
        "too large",
        parameters={"case": str, "why": str, "file": str, "size": int},
        message={"order": "{why}", "document": "{file} has {size:,} characters, and AWS allows 6,144"},
    )
    NOTHING_TO_DO = Row(
        "nothing_to_do",
        "nothing to do",
        parameters={"case": str},
        message={
            "in-place": "its policies already match the replacement",
            "no-policy": "the replacement has no policy, because no granted action was used: check the role by hand",
        },
    )
    NO_UNDO = Row(
        "no_undo",
        "no way back",
        parameters={"why": str},
        message="{why}, so an undo couldn't restore its trust policy: generate without --trust, or accept the nearest"
        " policy",
        step="--no-exact-undo GLOB",
    )
    NOT_PROVEN = Row("not_proven", "not proven", parameters={"why": str}, message="{why}")
    NOT_REPRODUCED = Row(
        "not_reproduced",
        "differs from what the data folder gives",
        parameters={"what": str},
        message="from the data folder, these options give {what}: generate the output again",
    )
    CALLER = Row(
        "caller",
        "lpgen's own access",
        message="lpgen runs as this principal or assumed a role through it: a change could lock lpgen out",
    )
    OTHER_ACCOUNT = Row(
        "other_account", "in another account", parameters={"why": str}, message="{why}", step="--assume-role NAME"
    )
    CHANGED = Row(
        "changed",
        "changed since",
        parameters={"case": str, "kind": str, "why": str},
        message={
            "applied": "it was rolled out and has changed since: {why}",
            "gone": "the {kind} no longer exists",
            "policies": "its policies have changed since the plan was made: take a new snapshot, generate and plan"
            " again",
            "plan": "the plan was edited: its old policies don't match its fingerprint",
        },
    )
    NAME_TAKEN = Row(
        "name_taken",
        "a name is taken",
        parameters={"case": str, "policy": str},
        message={
            "own": "it already has a policy {policy} with other content",
            "account": "the policy {policy} already exists: delete it if nobody needs it",
        },
    )
    QUOTA = Row(
        "quota",
        "beyond a quota",
        parameters={"needed": int, "what": str, "allowed": int, "advice": str},
        message="it needs {needed:,} {what}, and the account's quota is {allowed:,}{advice}",
    )
    LOCKED = Row("locked", "locked by another run", parameters={"why": str}, message="{why}")
    JOURNAL = Row(
        "journal",
        "interrupted",
        message="an earlier run on this principal was interrupted and can't be finished: run `lpgen rollout undo`"
        " first",
    )


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason not to roll out a principal, as in plans: a sentence, and the option that overrides it, or ""."""

    kind: RefusalKind
    why: str
    override: str = ""

    @classmethod
    def of(cls, kind: RefusalKind, /, **parameters: object) -> Self:
        """A refusal with the message of its row."""
        found = Finding(kind, parameters)
        return cls(kind, found.message, found.step)


# ---------------------------------------------------------------- what the principal is


@dataclass(frozen=True, slots=True)
class Exceptions:
    """The exceptions that a person makes for principals. Globs match names; `included` are exact ARNs.

    `attached_quota` is how many managed policies a principal may have; AWS allows 10 unless the quota was raised.
    `decided_break_glass` are names from the decisions file, which may belong to other accounts. `no_exact_undo` match
    roles whose undo may put the nearest trust policy in place.
    """

    break_glass: tuple[str, ...] = ()
    managed_as_code: tuple[str, ...] = ()
    included: tuple[str, ...] = ()
    unsafe: bool = False
    attached_quota: int = ATTACHED_POLICIES_LIMIT
    decided_break_glass: tuple[str, ...] = ()
    no_exact_undo: tuple[str, ...] = ()


def refusals_of_principal(principal: Principal, exceptions: Exceptions, *, folder: str) -> tuple[Refusal, ...]:
    """The reasons in a principal itself not to change it; empty without any.

    `folder` has its replacement. Reasons name it if a person must use the documents in it.
    """
    return (
        *_reserved(principal),
        *_tooling(principal, exceptions),
        *_declared(principal, exceptions, folder),
        *_stack(principal, folder),
        *_groups(principal, folder),
        *_impossible_name(principal),
    )


def _reserved(principal: Principal) -> Iterator[Refusal]:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/using-service-linked-roles.html and
    https://docs.aws.amazon.com/singlesignon/latest/userguide/referencingpermissionsets.html"""
    if principal.is_service_linked:
        yield Refusal.of(RefusalKind.SERVICE_LINKED)
    elif is_of_permission_set(principal):
        yield Refusal.of(RefusalKind.SSO)


def _tooling(principal: Principal, exceptions: Exceptions) -> Iterator[Refusal]:
    if principal.arn not in exceptions.included:
        yield from (Refusal.of(RefusalKind[tooling.name], principal=principal.arn) for tooling in tooling_of(principal))


def _declared(principal: Principal, exceptions: Exceptions, folder: str) -> Iterator[Refusal]:
    glob = named_by(principal, (*exceptions.break_glass, *exceptions.decided_break_glass))
    if glob:
        yield Refusal.of(RefusalKind.BREAK_GLASS, glob=glob)
    glob = named_by(principal, exceptions.managed_as_code)
    if glob:
        yield Refusal.of(RefusalKind.MANAGED_AS_CODE, case="by-option", glob=glob, folder=folder)


def refuse_idle_exceptions(exceptions: Exceptions, principals: Iterable[Principal]) -> None:
    """Refuse exceptions that match no principal of the policies, because they would have no effect.

    A glob with a wildcard may match no principal, because people use the same globs for every account.

    Raises:
        InvocationError: a name or ARN matches no principal.
    """
    known = list(principals)
    options = {
        "--break-glass": exceptions.break_glass,
        "--managed-as-code": exceptions.managed_as_code,
        "--include": exceptions.included,
        "--no-exact-undo": exceptions.no_exact_undo,
    }
    for option, names in options.items():
        for name in names:
            is_exact = option == "--include"
            if not is_exact and has_wildcard(name):
                continue
            if not any(principal.arn == name if is_exact else named_by(principal, (name,)) for principal in known):
                hint = _USE_ARN if is_exact else hint_of_name(name, (principal.arn for principal in known))
                raise InvocationError(f"no principal of the policies matches {option} {quote_input(name)}", hint=hint)


_UNTAGGED_RESOURCE: Final = "of the role"
_UNTAGGED_STACK: Final = "that made it"


def named_by(principal: Principal, globs: tuple[str, ...]) -> str:
    """The first of the globs that matches a principal, or ""."""
    return next((glob for glob in globs if is_chosen(principal, glob)), "")


def _stack(principal: Principal, folder: str) -> Iterator[Refusal]:
    """A refusal for principals that CloudFormation tagged as its own. It would undo a change, or fail because of it.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-resource-tags.html
    """
    tags = dict(principal.tags)
    if any(key.startswith("aws:cloudformation:") for key in tags):
        resource = tags.get("aws:cloudformation:logical-id", _UNTAGGED_RESOURCE)
        stack = tags.get("aws:cloudformation:stack-name", _UNTAGGED_STACK)
        yield Refusal.of(RefusalKind.MANAGED_AS_CODE, case="by-stack", resource=resource, stack=stack, folder=folder)


def _groups(principal: Principal, folder: str) -> Iterator[Refusal]:
    """A refusal for users in groups. A person must add the new policies before the user leaves the groups."""
    if principal.groups:
        yield Refusal.of(RefusalKind.GROUPS, groups=principal.groups, folder=folder)


def _impossible_name(principal: Principal) -> Iterator[Refusal]:
    fields = principal.arn.split(":", 5)
    named = principal.arn.endswith(f":{principal.kind}{principal.path}{principal.name}")
    if not _NAME.fullmatch(principal.name) or len(fields) < 6 or not named or not principal.account:
        yield Refusal.of(RefusalKind.NAME)


# ---------------------------------------------------------------- what was written for it


def refusals_of_written(written: WrittenPlan, principal: Principal, exceptions: Exceptions) -> Iterator[Refusal]:
    """Why a replacement isn't put in place: the policies differ, or it isn't safe, or it doesn't fit.

    Whether a replacement is safe doesn't concern a trust policy, which has its own proof.
    """
    if written.principal_id != principal.principal_id:
        yield Refusal.of(RefusalKind.OTHER_POLICIES, case="recreated")
    elif written.policies_sha256 != policies_sha256(principal, with_boundary=False):
        yield Refusal.of(RefusalKind.OTHER_POLICIES, case="changed")
    documents = [policy.document for policy in (*principal.policies, *filter(None, [principal.boundary]))]
    if None in documents or (written.trust and principal.trust is None):
        yield Refusal.of(RefusalKind.OTHER_POLICIES, case="missing")
    if written.is_trust_only:
        return
    if not written.safe and not exceptions.unsafe:
        yield Refusal.of(RefusalKind.NOT_SAFE, why="; ".join(written.not_safe_because) or _NO_REASON)
    if not written.documents and not written.left:
        yield Refusal.of(RefusalKind.NOTHING_TO_DO, case="no-policy")
    for document in written.documents:
        size = policy_size(document.text)
        if not document.inline and size > MANAGED_POLICY_LIMIT:
            yield Refusal.of(RefusalKind.NO_SPACE, case="document", file=document.file, size=size)
