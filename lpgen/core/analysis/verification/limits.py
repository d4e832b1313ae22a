"""The check that AWS takes the documents: their sizes, their number, and the Sids of their statements."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

from lpgen.core.analysis.verification.written import CheckNotes, WrittenDocument
from lpgen.core.iam.limits import (
    MANAGED_POLICY_LIMIT,
    ROLE_INLINE_LIMIT,
    USER_INLINE_LIMIT,
)
from lpgen.core.iam.policy import policy_size
from lpgen.core.model import PrincipalKind
from lpgen.core.replacements import Check
from lpgen.errors import quote_input

_SID: Final = re.compile("[A-Za-z0-9]*")


def check_limits(
    documents: Sequence[WrittenDocument], kind: PrincipalKind, *, attached_quota: int, left: int = 0
) -> Check:
    """The check that the documents, singly and together, fit AWS's limits, and that no Sid occurs twice in one.

    `attached_quota` is how many managed policies may be attached to the principal, and `left` how many are left
    attached.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_sid.html
    """
    found = CheckNotes("fits AWS's limits", examined=len(documents))
    managed = [document for document in documents if not document.inline]
    inline = sum(policy_size(document.policy) for document in documents if document.inline)
    inline_limit = ROLE_INLINE_LIMIT if kind is PrincipalKind.ROLE else USER_INLINE_LIMIT
    for document in managed:
        size = policy_size(document.policy)
        if size > MANAGED_POLICY_LIMIT:
            found.failed.append(f"{document.file} has {size} characters, more than {MANAGED_POLICY_LIMIT}")
    attached = len(managed) + left
    if attached > attached_quota:
        found.failed.append(
            f"{attached} managed policies are more than {attached_quota}; where the quota is raised, say so with"
            " --attached-quota"
        )
    if inline > inline_limit:
        found.failed.append(f"the inline policies have {inline} characters, more than {inline_limit}")
    for document in documents:
        sids = Counter(one.sid for one in document.policy.statements if one.sid)
        found.failed += [f"{document.file} has the Sid {sid} {count} times" for sid, count in sids.items() if count > 1]
        found.failed += [
            f"{document.file} has the Sid {quote_input(sid)}, which may hold letters and digits only"
            for sid in sids
            if not _SID.fullmatch(sid)
        ]
    return found.check()
