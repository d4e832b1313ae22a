"""The files of guardrails: JSON documents, commands, Terraform, CloudFormation templates, and evidence."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from lpgen.core.guardrails.boundary import BoundaryReport
from lpgen.core.guardrails.scp import ScpReport
from lpgen.core.perimeter.reasons import ProposalState
from lpgen.report.iac.hcl import Attribute, Block, hcl_heredoc, hcl_string, render_block
from lpgen.report.iac.yaml import REPLACED, yaml_text
from lpgen.report.render import BOUNDARY, SCPS

_OTHER: Final = re.compile(r"[^A-Za-z0-9-]+")
_SCRIPT: Final = '#!/bin/sh\n# Attach it to one test account first\nset -eu\ncd "$(dirname "$0")"\n{commands}\n'
_UNSAFE: Final = "not-safe-yet/"


def files_of_scps(report: ScpReport) -> Iterator[tuple[str, str]]:
    """The path below the output folder and the text of each file. Each unit has a folder, with one for each SCP.

    Documents are compact, because AWS counts white space. Those that aren't safe yet are in `not-safe-yet`.
    """
    for one in report.units:
        unit = _OTHER.sub("-", one.unit.id)
        for proposal in one.proposals:
            if proposal.policy is not None:
                folder = f"{_folder(proposal.state)}{unit}/{proposal.kind}"
                name = f"lpgen-{proposal.kind}-{unit}"
                yield f"{folder}/policy.json", json.dumps(proposal.policy, separators=(",", ":"))
                yield f"{folder}/test.sh", _SCRIPT.format(commands=proposal.test)
                types = ("aws_organizations_policy", "AWS::Organizations::Policy")
                more = {"Type": "SERVICE_CONTROL_POLICY"}
                yield from policy_code(folder, name, proposal.policy, types, ("content", "Name", "Content"), more)
        yield f"{unit}/evidence.md", SCPS.text(replace(report, units=(one,)), "markdown")


def files_of_boundary(report: BoundaryReport) -> Iterator[tuple[str, str]]:
    """The path below the output folder and the text of each file."""
    folder = _folder(report.state).rstrip("/") or "boundary"
    if report.boundary is not None:
        yield f"{folder}/boundary.json", json.dumps(report.boundary, indent=2) + "\n"
        types = ("aws_iam_policy", "AWS::IAM::ManagedPolicy")
        names = ("policy", "ManagedPolicyName", "PolicyDocument")
        yield from policy_code(folder, report.name, report.boundary, types, names, {})
        for name, document in (report.creator_policies or {}).items():
            yield f"{folder}/creators/{_OTHER.sub('-', name)}.json", json.dumps(document, indent=2) + "\n"
    yield "evidence.md", BOUNDARY.text(report, "markdown")


def _folder(state: ProposalState) -> str:
    return "" if state is ProposalState.SAFE else _UNSAFE


def policy_code(
    folder: str,
    name: str,
    document: Mapping[str, Any],
    types: tuple[str, str],
    names: tuple[str, str, str],
    more: Mapping[str, str],
) -> Iterator[tuple[str, str]]:
    """Terraform for a policy, and a CloudFormation template unless CloudFormation would replace some of its text.

    `names` are what Terraform calls the document, and what CloudFormation calls the name and the document. `more` are
    further properties; Terraform calls a `RoleName` `role`.
    """
    fixed = [Attribute(key.lower().removesuffix("name"), hcl_string(value)) for key, value in more.items()]
    content = Attribute(names[0], hcl_heredoc(json.dumps(document, indent=2)))
    body = (Attribute("name", hcl_string(name)), *fixed, content)
    label = re.sub(r"\W+", "_", name, flags=re.ASCII).lower()
    yield f"{folder}/policy.tf", render_block(Block("resource", (types[0], label), body))
    if REPLACED.search(json.dumps([name, more, document])):
        return
    properties = {names[1]: name, **more, names[2]: document}
    resources = {"Policy": {"Type": types[1], "Properties": properties}}
    yield f"{folder}/template.yaml", yaml_text({"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources})
