"""The check that the documents fit AWS's limits."""

from __future__ import annotations

from collections.abc import Sequence

from lpgen.core.analysis.checks.written import CheckNotes, WrittenDocument
from lpgen.core.model import PrincipalKind
from lpgen.core.policies.limits import (
    ATTACHED_POLICIES_LIMIT,
    MANAGED_POLICY_LIMIT,
    ROLE_INLINE_LIMIT,
    USER_INLINE_LIMIT,
)
from lpgen.core.policies.policy import policy_size
from lpgen.core.replacements import Check


def check_sizes(documents: Sequence[WrittenDocument], kind: PrincipalKind) -> Check:
    """Each document and all of them together are within AWS's limits."""
    found = CheckNotes("fits AWS's size limits", examined=len(documents))
    managed = [document for document in documents if not document.inline]
    inline = sum(policy_size(document.policy) for document in documents if document.inline)
    inline_limit = ROLE_INLINE_LIMIT if kind is PrincipalKind.ROLE else USER_INLINE_LIMIT
    for document in managed:
        size = policy_size(document.policy)
        if size > MANAGED_POLICY_LIMIT:
            found.failed.append(f"{document.file} has {size} characters, more than {MANAGED_POLICY_LIMIT}")
    if len(managed) > ATTACHED_POLICIES_LIMIT:
        found.failed.append(f"{len(managed)} managed policies are more than {ATTACHED_POLICIES_LIMIT}")
    if inline > inline_limit:
        found.failed.append(f"the inline policies have {inline} characters, more than {inline_limit}")
    return found.check()
