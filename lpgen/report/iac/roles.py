"""The files of new and shared roles and of splits: policies, trust policies, Terraform, CloudFormation templates, and
evidence."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from lpgen.core.choices import RolesPart
from lpgen.core.roles.model import RolesReport, State
from lpgen.report.iac.guardrails import policy_code
from lpgen.report.render import ROLES

_OTHER: Final = re.compile(r"[^A-Za-z0-9-]+")
_TYPES: Final = ("aws_iam_policy", "AWS::IAM::ManagedPolicy")
_NAMES: Final = ("policy", "ManagedPolicyName", "PolicyDocument")


def files_of_roles(report: RolesReport) -> Iterator[tuple[str, str]]:
    """The path below the output folder and the text of each file. Each user and each shared role has a folder, and so
    has each role to split, with a folder for each part.

    Those that aren't safe yet are in `not-safe-yet`.
    """
    yield "evidence.md", ROLES.text(report, "markdown")
    for user in report.users:
        folder = _folder(user.state, "users", user.user)
        yield f"{folder}/evidence.md", ROLES.text(RolesReport(users=(user,), parts=(RolesPart.USERS,)), "markdown")
        yield from _policies(folder, user.goes_to.name, user.policy or ())
    for merge in report.merges:
        folder = _folder(merge.state, "shared", "\n".join((merge.name, *merge.members)))
        yield f"{folder}/evidence.md", ROLES.text(RolesReport(merges=(merge,), parts=(RolesPart.MERGES,)), "markdown")
        yield from _policies(folder, merge.name, merge.policy)
        if merge.trust is not None:
            yield f"{folder}/trust.json", json.dumps(merge.trust, indent=2) + "\n"
    for split in report.splits:
        folder = _folder(split.state, "splits", split.role)
        yield f"{folder}/evidence.md", ROLES.text(RolesReport(splits=(split,), parts=(RolesPart.SPLITS,)), "markdown")
        for number, part in enumerate(split.parts, 1):
            yield from _policies(f"{folder}/{number}-{_OTHER.sub('-', part.name)}", part.name, part.policy)
        if split.trust is not None:
            yield f"{folder}/trust.json", json.dumps(split.trust, indent=2) + "\n"


def _folder(state: State, kind: str, about: str) -> str:
    digest = hashlib.sha256(about.encode(errors="surrogatepass")).hexdigest()[:8]
    name = _OTHER.sub("-", about.partition("\n")[0].rpartition("/")[2])[:64]
    return f"{'' if state == 'safe' else 'not-safe-yet/'}{kind}/{name}-{digest}"


def _policies(folder: str, name: str, documents: Sequence[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """Each document as JSON, and in a folder of its own as Terraform and CloudFormation."""
    for number, document in enumerate(documents, 1):
        yield f"{folder}/policy-{number}.json", json.dumps(document, indent=2) + "\n"
        yield from policy_code(f"{folder}/code-{number}", f"{name}-{number}", document, _TYPES, _NAMES, {})
