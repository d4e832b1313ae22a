"""The files of conditions on tags: new policies, guards, AWS CLI commands, and evidence."""

from __future__ import annotations

import hashlib
import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from lpgen.core.arns import split_arn
from lpgen.core.perimeter.reasons import ProposalState
from lpgen.core.tags.model import TagProposal, TagReport
from lpgen.report.render import TAGS

_OTHER: Final = re.compile(r"[^A-Za-z0-9]+")
_SCRIPT: Final = '#!/bin/sh\nset -eu\ncd "$(dirname "$0")"\n{command}\n'
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
    for one in report.principals:
        digest = hashlib.sha256(one.principal.encode(errors="surrogatepass")).hexdigest()[:8]
        folder = f"{_plain(split_arn(one.principal).name)}-{digest}"
        yield f"{folder}/evidence.md", TAGS.text(replace(report, principals=(one,)), "markdown")
        for proposal in one.proposals:
            place = _plain(f"{proposal.policy.rpartition('/')[2]} {proposal.statement + 1} {proposal.type}")
            safe = "" if proposal.state is ProposalState.SAFE else "not-safe-yet/"
            if proposal.document:
                yield f"{folder}/{safe}{place}/policy.json", json.dumps(proposal.document, indent=2) + "\n"
                yield f"{folder}/{safe}{place}/apply.sh", _SCRIPT.format(command=_command(one.principal, proposal))
            if proposal.guard:
                yield f"{folder}/{safe}{place}/scp.json", json.dumps(proposal.guard, separators=(",", ":")) + "\n"


def _plain(text: str) -> str:
    return _OTHER.sub("-", text).strip("-")[:80]


def _command(principal: str, proposal: TagProposal) -> str:
    policy = shlex.quote(proposal.policy)
    if proposal.policy.startswith("arn:"):
        return _MANAGED.format(policy=policy)
    kind, _, rest = split_arn(principal).name.partition("/")
    kind, name = ("group", proposal.group) if proposal.group else (kind, rest.rpartition("/")[2])
    return _INLINE.format(kind=kind, name=shlex.quote(name), policy=policy)
