"""The files of new and shared roles and of splits: policies, trust policies, Terraform, CloudFormation templates, and
evidence."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import starmap
from typing import Any, Final, NamedTuple

from msgspec import structs

from lpgen.core.arns import account_in_arn
from lpgen.core.choices import RolesPart
from lpgen.core.roles.model import Merge, RoleSettings, RolesReport, State
from lpgen.report.iac.hcl import Attribute, Block, hcl_comments, hcl_heredoc, hcl_string, render_block
from lpgen.report.iac.yaml import REPLACED, yaml_text
from lpgen.report.render import ROLES

_OTHER: Final = re.compile(r"[^A-Za-z0-9-]+")
_LABEL: Final = re.compile(r"\W+|^(?=\d)", re.ASCII)
_DURATION: Final = (
    "The policy files don't say for how long sessions last: set `max_session_duration` as in the old role."
)


class _Role(NamedTuple):
    """What a new role has in addition to its own policies."""

    trust: dict[str, Any]
    settings: RoleSettings
    left: Sequence[str]


def files_of_roles(report: RolesReport) -> Iterator[tuple[str, str]]:
    """The path below the output folder and the text of each file. Each user and each shared role has a folder, and so
    has each role to split, with a folder for each part.

    Those that aren't safe yet are in `not-safe-yet`.
    """
    yield "evidence.md", ROLES.text(report, "markdown")
    for user in report.users:
        folder = _folder(user.state, "users", user.user)
        yield f"{folder}/evidence.md", ROLES.text(RolesReport(users=(user,), parts=(RolesPart.USERS,)), "markdown")
        yield from _files(folder, user.goes_to.name, user.policy or (), None)
    for merge in report.merges:
        folder = _folder(merge.state, "shared", "\n".join((merge.name, *merge.members)))
        yield f"{folder}/evidence.md", ROLES.text(RolesReport(merges=(merge,), parts=(RolesPart.MERGES,)), "markdown")
        yield from _files_of_merge(folder, merge)
        if merge.trust is not None:
            yield f"{folder}/trust.json", json.dumps(merge.trust, indent=2) + "\n"
    for split in report.splits:
        folder = _folder(split.state, "splits", split.role)
        yield f"{folder}/evidence.md", ROLES.text(RolesReport(splits=(split,), parts=(RolesPart.SPLITS,)), "markdown")
        role = _Role(split.trust, split.settings, split.left) if split.trust is not None else None
        for number, part in enumerate(split.parts, 1):
            yield from _files(f"{folder}/{number}-{_OTHER.sub('-', part.name)}", part.name, part.policy, role)
        if split.trust is not None:
            yield f"{folder}/trust.json", json.dumps(split.trust, indent=2) + "\n"


def _files_of_merge(folder: str, merge: Merge) -> Iterator[tuple[str, str]]:
    """The files of a shared role: in several accounts, those of each account's role, with the account's boundary."""
    if merge.kind != "role" or merge.trust is None:
        yield from _files(folder, merge.name, merge.policy, None)
        return
    first, *others = dict.fromkeys(map(account_in_arn, merge.members))
    for account in (first, *others):
        boundary = merge.settings.boundary.replace(f"::{first}:", f"::{account}:")
        role = _Role(merge.trust, structs.replace(merge.settings, boundary=boundary), merge.left)
        yield from _files(f"{folder}/{account}" if others else folder, merge.name, merge.policy, role)


def _folder(state: State, kind: str, about: str) -> str:
    digest = hashlib.sha256(about.encode(errors="surrogatepass")).hexdigest()[:8]
    name = _OTHER.sub("-", about.partition("\n")[0].rpartition("/")[2])[:64]
    return f"{'' if state == 'safe' else 'not-safe-yet/'}{kind}/{name}-{digest}"


def _files(
    folder: str, name: str, documents: Sequence[dict[str, Any]], role: _Role | None
) -> Iterator[tuple[str, str]]:
    """Policies, also with their role, if its trust policy is known, as Terraform, and as a CloudFormation template
    unless CloudFormation would replace some of its text.

    Without its boundary a role could do more than what was verified. So the role is left out if its boundary
    has no ARN.
    https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/iam_role and
    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-role.html
    """
    for number, document in enumerate(documents, 1):
        yield f"{folder}/policy-{number}.json", json.dumps(document, indent=2) + "\n"
    if role and role.settings.boundary and not role.settings.boundary.startswith("arn:"):
        role = None
    if not (documents or role):
        return
    named = {f"{name}-{number}": document for number, document in enumerate(documents, 1)}
    blocks = [*starmap(_policy_block, named.items()), *(_role_blocks(name, named, role) if role else ())]
    resources = {
        f"Policy{number}": {
            "Type": "AWS::IAM::ManagedPolicy",
            "Properties": {"ManagedPolicyName": own, "PolicyDocument": document},
        }
        for number, (own, document) in enumerate(named.items(), 1)
    }
    if role:
        resources["Role"] = _role_resource(name, list(resources), role)
    head = hcl_comments([_DURATION]) if role else ""
    yield f"{folder}/{'role' if role else 'policies'}.tf", head + "\n".join(map(render_block, blocks))
    if not REPLACED.search(json.dumps([named, role and (role.trust, structs.asdict(role.settings))])):
        template = {"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources}
        yield f"{folder}/template.yaml", yaml_text(template)


def _label(name: str) -> str:
    return _LABEL.sub("_", name).lower()


def _policy_block(name: str, document: dict[str, Any]) -> Block:
    content = Attribute("policy", hcl_heredoc(json.dumps(document, indent=2)))
    return Block("resource", ("aws_iam_policy", _label(name)), (Attribute("name", hcl_string(name)), content))


def _role_blocks(name: str, policies: Iterable[str], role: _Role) -> Iterator[Block]:
    settings, label = role.settings, _label(name)
    tags = (f"  {hcl_string(key)} = {hcl_string(value)}\n" for key, value in settings.tags.items())
    body = [Attribute("name", hcl_string(name)), Attribute("path", hcl_string(settings.path))]
    if settings.boundary:
        body.append(Attribute("permissions_boundary", hcl_string(settings.boundary)))
    if settings.tags:
        body.append(Attribute("tags", f"{{\n{''.join(tags)}}}"))
    body.append(Attribute("assume_role_policy", hcl_heredoc(json.dumps(role.trust, indent=2))))
    yield Block("resource", ("aws_iam_role", label), tuple(body))
    arns = [*(f"aws_iam_policy.{_label(own)}.arn" for own in policies), *map(hcl_string, role.left)]
    for number, arn in enumerate(arns, 1):
        attached = (Attribute("role", f"aws_iam_role.{label}.name"), Attribute("policy_arn", arn))
        yield Block("resource", ("aws_iam_role_policy_attachment", f"{label}_{number}"), attached)


def _role_resource(name: str, policies: Iterable[str], role: _Role) -> dict[str, Any]:
    settings = role.settings
    properties = {
        "RoleName": name,
        "Path": settings.path,
        "PermissionsBoundary": settings.boundary,
        "Tags": [{"Key": key, "Value": value} for key, value in settings.tags.items()],
        "AssumeRolePolicyDocument": role.trust,
        "ManagedPolicyArns": [*({"Ref": one} for one in policies), *role.left],
    }
    return {"Type": "AWS::IAM::Role", "Properties": {key: value for key, value in properties.items() if value}}
