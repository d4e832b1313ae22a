"""The owner of lpgen's credentials, and the roles that they were assumed through."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from lpgen.core.model import PrincipalKind
from lpgen.edge.aws_session import AwsSession


@dataclass(frozen=True, slots=True)
class CallerName:
    """A principal as far as a caller's ARN names it: a session's has the role's name without its path."""

    account: str
    kind: PrincipalKind
    name: str

    def is_principal(self, account: str, kind: PrincipalKind, name: str) -> bool:
        """Whether it is this principal; IAM takes names that differ only in case as the same."""
        return (self.account, self.kind, self.name.lower()) == (account, kind, name.lower())


_CALLER: Final = re.compile(r"arn:[^:]+:(?:sts|iam)::([0-9]{12}):(assumed-role|role|user)/(.+)", re.DOTALL)


def _caller_from_arn(arn: str) -> CallerName | None:
    """The principal of a caller's ARN; None for the root user and federated users.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-arns
    """
    found = _CALLER.fullmatch(arn)
    if found is None:
        return None
    account, kind, rest = found.groups()
    if kind == "assumed-role":
        return CallerName(account, PrincipalKind.ROLE, rest.partition("/")[0])
    return CallerName(account, PrincipalKind(kind), rest.rpartition("/")[2])


def caller_chain(session: AwsSession) -> tuple[CallerName, ...]:
    """The caller, and the roles that its profile assumes on the way, as far as the configuration names them.

    https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-role.html

    Raises:
        AwsError: there are no valid credentials.
    """
    arns = [session.caller().arn, *_configured_roles(session)]
    found = [_caller_from_arn(arn) for arn in arns]
    return tuple(dict.fromkeys(one for one in found if one is not None))


def _configured_roles(session: AwsSession) -> Iterator[str]:
    core: Any = session.boto._session
    profiles = core.full_config.get("profiles", {})
    name, seen = session.boto.profile_name, set[str]()
    while name in profiles and name not in seen:
        seen.add(name)
        profile = profiles[name]
        if "role_arn" in profile:
            yield profile["role_arn"]
        name = profile.get("source_profile", "")
