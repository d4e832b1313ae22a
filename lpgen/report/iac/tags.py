"""The files of conditions on tags: new policies, guards, AWS CLI commands, code, and evidence."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from typing import Any, Final

from msgspec.structs import replace

from lpgen.core.arns import split_arn
from lpgen.core.perimeter.reasons import ProposalState
from lpgen.core.tags.model import TagProposal, TagReport
from lpgen.report.iac.guardrails import policy_code
from lpgen.report.iac.scripts import folder_of, plain, script
from lpgen.report.render import TAGS

_MANAGED: Final = (
    "aws iam create-policy-version --policy-arn {policy} --policy-document file://policy.json --set-as-default"
)
_INLINE: Final = (
    "aws iam put-{kind}-policy --{kind}-name {name} --policy-name {policy} --policy-document file://policy.json"
)


def files_of_tags(report: TagReport) -> Iterator[tuple[str, str]]:
    """The path below the output folder and the text of each file.

    Each principal has a folder, with one for each proposal. Proposals that aren't safe yet are in `not-safe-yet`. Two
    proposals for one policy exclude each other: apply one, and run lpgen again.
    """
    for tagged in report.principals:
        folder = folder_of(tagged.principal, split_arn(tagged.principal).name)
        yield f"{folder}/evidence.md", TAGS.text(replace(report, principals=(tagged,)), "markdown")
        for proposal in tagged.proposals:
            name = plain(f"{proposal.policy.rpartition('/')[2]} {proposal.statement + 1} {proposal.type}")
            place = f"{folder}/{'' if proposal.state is ProposalState.SAFE else 'not-safe-yet/'}{name}"
            if proposal.document:
                yield f"{place}/policy.json", json.dumps(proposal.document, indent=2) + "\n"
                yield f"{place}/apply.sh", script(_command(tagged.principal, proposal))
                yield from _code(place, tagged.principal, proposal, proposal.document)
            if proposal.guard:
                yield f"{place}/scp.json", json.dumps(proposal.guard, separators=(",", ":")) + "\n"


def _command(principal: str, proposal: TagProposal) -> str:
    policy = shlex.quote(proposal.policy)
    if proposal.policy.startswith("arn:"):
        return _MANAGED.format(policy=policy)
    kind, name = _owner(principal, proposal)
    return _INLINE.format(kind=kind, name=shlex.quote(name), policy=policy)


def _owner(principal: str, proposal: TagProposal) -> tuple[str, str]:
    """The kind and name of the role, user or group that has an inline policy."""
    kind, _, rest = split_arn(principal).name.partition("/")
    return ("group", proposal.group) if proposal.group else (kind, rest.rpartition("/")[2])


def _code(place: str, principal: str, proposal: TagProposal, document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if proposal.policy.startswith("arn:"):
        path, _, name = split_arn(proposal.policy).name.removeprefix("policy").rpartition("/")
        types, names = ("aws_iam_policy", "AWS::IAM::ManagedPolicy"), ("policy", "ManagedPolicyName", "PolicyDocument")
        yield from policy_code(place, name, document, types, names, {"Path": f"{path}/"})
        return
    kind, owner = _owner(principal, proposal)
    types = (f"aws_iam_{kind}_policy", f"AWS::IAM::{kind.title()}Policy")
    names = ("policy", "PolicyName", "PolicyDocument")
    yield from policy_code(place, proposal.policy, document, types, names, {f"{kind.title()}Name": owner})
