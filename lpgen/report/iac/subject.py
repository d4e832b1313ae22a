"""The input for code: one principal with its new documents, the policies that they replace, and the names to use.

The name of a file or a Terraform block depends only on its principal, not on other principals in the output.
Otherwise, a name could change, and Terraform would destroy and recreate the resource. So a name that another principal
could also have always ends with a hash.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from lpgen.core.findings import Detachment, PrincipalClass, Proposal
from lpgen.core.folders import files_of_sets, folder_of_account
from lpgen.core.identity_center import PermissionSet, permission_set_of, permission_set_policy
from lpgen.core.model import Principal, PrincipalKind
from lpgen.report.plan import goes_with, is_there, plan_note

_PERMISSION_SETS: Final = "permission-sets"
"""The folder for files that cover all roles of a permission set."""


@dataclass(frozen=True, slots=True)
class CodeDocument:
    """One policy document: the name of its policy, whether it is inline, and its JSON.

    `exists` means that the principal already has a policy of this name, from an earlier run.
    """

    name: str
    inline: bool
    text: str
    exists: bool = False


@dataclass(frozen=True, slots=True)
class CodeSubject:
    """One principal. `reasons` are why its replacement isn't called safe; empty if it is safe or in place.

    `note` is the note of the plan. `detach` doesn't include policies with the names of the new ones, which they become,
    or policies left attached, whose ARNs are in `left`. If all roles of a permission set get the same policy, it is
    written once: `roles` are their ARNs, and `set_file` is the name of its file. `trust` is the narrowed trust
    policy or "".
    """

    principal: Principal
    documents: tuple[CodeDocument, ...]
    detach: Detachment
    reasons: tuple[str, ...] = ()
    note: str = ""
    of_permission_set: bool = False
    roles: tuple[str, ...] = ()
    set_file: str = ""
    left: tuple[str, ...] = ()
    trust: str = ""

    @property
    def permission_set(self) -> str:
        """The name of the permission set that gets this policy, or ""."""
        found = permission_set_of(self.principal.arn) if self.roles else None
        return found.name if found else ""

    @property
    def folder(self) -> str:
        """The folder of its file: by account, with a separate folder if it isn't called safe."""
        folder = _PERMISSION_SETS if self.permission_set else folder_of_account(self.principal)
        return f"{folder}/not-safe-yet" if self.reasons else folder

    @property
    def file(self) -> str:
        """The name of its file, without the extension."""
        return self.set_file or file_of_principal(self.principal)


def subject_of_proposal(proposal: Proposal, trust: str = "") -> CodeSubject | None:
    """The subject of a proposal, or None if it has neither a document to put in place nor a policy left attached.

    `trust` is the text of its narrowed trust policy, or "".
    """
    replacement = proposal.replacement
    if replacement is None or replacement.refusal or not (replacement.documents or replacement.left):
        return None
    reasons = () if proposal.in_place else _reasons(proposal)
    of_set = proposal.diff.principal_class is PrincipalClass.SSO
    documents = tuple(
        CodeDocument(document.name, document.inline, document.text, is_there(proposal, document))
        for document in replacement.documents
    )
    whole = permission_set_policy(document.text for document in documents) if of_set else ""
    return CodeSubject(
        replacement.principal,
        (CodeDocument(documents[0].name, True, whole),) if whole else documents,
        goes_with(proposal, replacement.documents),
        reasons,
        plan_note(proposal),
        of_set,
        left=tuple(policy.arn for policy in replacement.left),
        trust=trust,
    )


def once_per_set(subjects: Iterable[CodeSubject]) -> tuple[CodeSubject, ...]:
    """The subjects in order. Roles of one permission set with the same policy become one subject, the first of them."""
    found: dict[PermissionSet | str, list[CodeSubject]] = defaultdict(list)
    for subject in subjects:
        of = permission_set_of(subject.principal.arn) if subject.of_permission_set else None
        found[of or subject.principal.arn].append(subject)
    files = files_of_sets(of for of in found if isinstance(of, PermissionSet))
    return tuple(
        subject
        for of, same in found.items()
        for subject in (_merged(same, files[of]) if isinstance(of, PermissionSet) else same)
    )


def _merged(same: Sequence[CodeSubject], file: str) -> Iterable[CodeSubject]:
    """The roles of one permission set as one subject, or unchanged if their policies differ."""
    if len({tuple(document.text for document in subject.documents) for subject in same}) > 1:
        return same
    base = next((subject for subject in same if subject.reasons), same[0])  # an unsafe role makes the whole set unsafe
    detach = Detachment(
        managed=_union(subject.detach.managed for subject in same),
        inline=_union(subject.detach.inline for subject in same),
        groups=_union(subject.detach.groups for subject in same),
    )
    roles = tuple(subject.principal.arn for subject in same)
    return [replace(base, detach=detach, roles=roles, set_file=file)]


def _union(names: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(sorted({name for some in names for name in some}))


def _reasons(proposal: Proposal) -> tuple[str, ...]:
    found = tuple(caveat.message for caveat in proposal.caveats)
    return found if found or proposal.safe else ("nothing was verified",)


# ---------------------------------------------------------------- names


_WORD: Final = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z0-9]+|[A-Z0-9]+")
_OTHERS_LABEL: Final = re.compile(r"user_.*|(?:.*_)?(?:[0-9a-f]{8}|part\d+)")
_OTHERS_FILE: Final = re.compile(r"versions|user-.*", re.IGNORECASE)
_SPECIAL_FILE: Final = re.compile(
    r"\..*|(?:.*_)?override|(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?|.*-[0-9a-f]{8}", re.IGNORECASE
)
"""Names that Terraform ignores or reads differently, that Windows can't hold, or that end like a hash.

https://developer.hashicorp.com/terraform/language/files/override and
https://learn.microsoft.com/en-us/windows/win32/fileio/naming-a-file
"""


def label_of_principal(principal: Principal) -> str:
    """The label of a principal's blocks in snake case, unique in its account.

    Only names such as `storefront-api` get a label without a hash. `storefront_api` and `StorefrontApi` would otherwise
    have the same label.
    """
    words = _WORD.findall(principal.name)
    label = "_".join(words).lower()
    is_role = principal.kind is PrincipalKind.ROLE
    plain = label.replace("_", "-") == principal.name and label[:1].isalpha()
    if not is_role or not label[:1].isalpha():
        label = f"{principal.kind}_{label}".rstrip("_")
    own = label if is_role else label.removeprefix("user_")
    return label if plain and not _OTHERS_LABEL.fullmatch(own) else f"{label}_{_hash_of(principal)}"


def label_of_trust(principal: Principal) -> str:
    """The label of a role's trust policy. No other label ends with this hash."""
    return f"{label_of_principal(principal)}_trust_{_hash_of(principal)}"


def label_of_set(name: str) -> str:
    """The label of a permission set's documents in snake case. Only names such as `DeveloperAccess` get no hash."""
    words = _WORD.findall(name)
    label = "_".join(["permission_set", *words]).lower()
    plain = "".join(map(str.capitalize, words)) == name and not _OTHERS_LABEL.fullmatch(label)
    return label if plain else f"{label}_{_hash(name)}"


def file_of_principal(principal: Principal) -> str:
    """The name of a principal's file without extension, unique in its account: the principal's own name if possible.

    IAM doesn't allow two role names that differ only in case, so this works on case-insensitive file systems.
    """
    name, is_role = principal.name, principal.kind is PrincipalKind.ROLE
    file = name if is_role else f"{principal.kind}-{name}"
    if not _SPECIAL_FILE.fullmatch(file) and not (is_role and _OTHERS_FILE.fullmatch(file)):
        return file
    return f"{re.sub(r'^[.]', '_', file)}-{_hash_of(principal)}"


def _hash_of(principal: Principal) -> str:
    return _hash(f"{principal.kind}/{principal.name}")


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:8]
