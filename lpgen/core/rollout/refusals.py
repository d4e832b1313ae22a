"""Which principals aren't rolled out: those that aren't ours to change, and those where a mistake costs most."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from lpgen.core.globs.match import has_wildcard
from lpgen.core.iam.limits import ATTACHED_POLICIES_LIMIT
from lpgen.core.identity_center import is_of_permission_set
from lpgen.core.model import Principal
from lpgen.core.options import is_chosen
from lpgen.core.principal_names import hint_of_name
from lpgen.core.registry.refusals import RefusalKind
from lpgen.core.rollout.plan import Refusal
from lpgen.core.tooling import tooling_of
from lpgen.errors import InvocationError, quote_input

_NAME: Final = re.compile(r"[A-Za-z0-9_+=,.@-]{1,64}")
"""Names of roles and users. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""


@dataclass(frozen=True, slots=True)
class Exceptions:
    """What a person says of single principals. Globs are of names, `included` are exact ARNs.

    `attached_quota` is how many managed policies a principal may have; AWS allows 10 unless the quota was raised.
    `decided_break_glass` are the names of the decisions file, which may be of other accounts.
    """

    break_glass: tuple[str, ...] = ()
    managed_as_code: tuple[str, ...] = ()
    included: tuple[str, ...] = ()
    unsafe: bool = False
    attached_quota: int = ATTACHED_POLICIES_LIMIT
    decided_break_glass: tuple[str, ...] = ()


def refusals_of_principal(principal: Principal, exceptions: Exceptions, *, folder: str) -> tuple[Refusal, ...]:
    """Why a principal isn't to be changed, from what it is; empty where nothing speaks against it.

    `folder` is where its replacement lies, to be named where a person has to take it from there.
    """
    return (
        *_reserved(principal),
        *_tooling(principal, exceptions),
        *_declared(principal, exceptions, folder),
        *_stack(principal, folder),
        *_groups(principal, folder),
        *_unspeakable(principal),
    )


def _reserved(principal: Principal) -> Iterator[Refusal]:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/using-service-linked-roles.html and
    https://docs.aws.amazon.com/singlesignon/latest/userguide/referencingpermissionsets.html"""
    if principal.path.startswith("/aws-service-role/"):
        yield Refusal.of(RefusalKind.SERVICE_LINKED)
    elif is_of_permission_set(principal):
        yield Refusal.of(RefusalKind.SSO)


def _tooling(principal: Principal, exceptions: Exceptions) -> Iterator[Refusal]:
    if principal.arn not in exceptions.included:
        yield from (Refusal.of(kind, principal=principal.arn) for kind in tooling_of(principal))


def _declared(principal: Principal, exceptions: Exceptions, folder: str) -> Iterator[Refusal]:
    glob = _named_by(principal, (*exceptions.break_glass, *exceptions.decided_break_glass))
    if glob:
        yield Refusal.of(RefusalKind.BREAK_GLASS, glob=glob)
    glob = _named_by(principal, exceptions.managed_as_code)
    if glob:
        yield Refusal.of(RefusalKind.MANAGED_AS_CODE, case="by-option", glob=glob, folder=folder)


def refuse_idle_exceptions(exceptions: Exceptions, principals: Iterable[Principal]) -> None:
    """Ends on an exception that names no principal of the policies: it would protect or include nobody.

    A glob with a wildcard may match nobody yet: people give the same ones for every account.

    Raises:
        InvocationError: there is such a name or ARN.
    """
    known = list(principals)
    options = {
        "--break-glass": exceptions.break_glass,
        "--managed-as-code": exceptions.managed_as_code,
        "--include": exceptions.included,
    }
    for option, names in options.items():
        for name in names:
            is_exact = option == "--include"
            if not is_exact and has_wildcard(name):
                continue
            if not any(one.arn == name if is_exact else _named_by(one, (name,)) for one in known):
                hint = "use the ARN of a role or user" if is_exact else hint_of_name(name, (one.arn for one in known))
                raise InvocationError(f"no principal of the policies matches {option} {quote_input(name)}", hint=hint)


def _named_by(principal: Principal, globs: tuple[str, ...]) -> str:
    return next((one for one in globs if is_chosen(principal, one)), "")


def _stack(principal: Principal, folder: str) -> Iterator[Refusal]:
    """CloudFormation tags what it makes, and would undo a change or stumble over it.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-resource-tags.html
    """
    tags = dict(principal.tags)
    if any(key.startswith("aws:cloudformation:") for key in tags):
        resource = tags.get("aws:cloudformation:logical-id", "of the role")
        stack = tags.get("aws:cloudformation:stack-name", "that made it")
        yield Refusal.of(RefusalKind.MANAGED_AS_CODE, case="by-stack", resource=resource, stack=stack, folder=folder)


def _groups(principal: Principal, folder: str) -> Iterator[Refusal]:
    """By hand, what is new must come first: of a user who left, nobody knows what the groups granted."""
    if principal.groups:
        yield Refusal.of(RefusalKind.GROUPS, groups=principal.groups, folder=folder)


def _unspeakable(principal: Principal) -> Iterator[Refusal]:
    fields = principal.arn.split(":", 5)
    named = principal.arn.endswith(f":{principal.kind}{principal.path}{principal.name}")
    if not _NAME.fullmatch(principal.name) or len(fields) < 6 or not named or not principal.account:
        yield Refusal.of(RefusalKind.NAME)
