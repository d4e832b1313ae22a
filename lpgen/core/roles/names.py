"""Names for new roles and permission sets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain, count
from typing import Final

from lpgen.core.identity_center import permission_set_of
from lpgen.core.model import Principal, PrincipalKind

_LONGEST_ROLE: Final = 64
"""https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html"""

_LONGEST_SET: Final = 32
"""https://docs.aws.amazon.com/singlesignon/latest/APIReference/API_CreatePermissionSet.html"""


class Names:
    """Hands out names that no role or permission set in an account has, each only once. Names that differ only in case
    count as one."""

    def __init__(self, principals: Iterable[Principal]) -> None:
        roles = [one for one in principals if one.kind is PrincipalKind.ROLE]
        self._taken = {(one.account, one.name.lower()) for one in roles}
        self._taken |= {(one.account, of.name.lower()) for one in roles if (of := permission_set_of(one.arn))}

    def take(self, account: str, base: str, endings: Sequence[str] = ("",), *, is_set: bool = False) -> str:
        """A free name: the base, cut to the length that AWS allows, and the first ending that makes the name free. If
        none does, a number follows the last ending."""
        longest = _LONGEST_SET if is_set else _LONGEST_ROLE
        numbered = (f"{endings[-1]}-{number}" for number in count(2))
        names = (f"{base[: longest - len(ending)]}{ending}" for ending in chain(endings, numbered))
        found = next(name for name in names if (account, name.lower()) not in self._taken)
        self._taken.add((account, found.lower()))
        return found
