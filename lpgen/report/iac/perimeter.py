"""The files of new resource policies: JSON, an AWS CLI command, Terraform, a CloudFormation template, and evidence."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from lpgen.core.arns import split_arn
from lpgen.core.iam.policy_reader import document_json
from lpgen.core.model import CURRENT_VERSION, Policy
from lpgen.core.perimeter.kinds import with_added
from lpgen.core.perimeter.proposals import PerimeterReport, ResourcePerimeter
from lpgen.core.perimeter.reasons import ProposalState
from lpgen.core.perimeter.resources import PolicyResource
from lpgen.report.iac.hcl import Attribute, Block, hcl_heredoc, hcl_string, render_block
from lpgen.report.iac.scripts import folder_of, script
from lpgen.report.iac.yaml import REPLACED, yaml_text
from lpgen.report.render import PERIMETER


def files_of_perimeter(report: PerimeterReport) -> Iterator[tuple[str, str]]:
    """The path below the output folder and the text of each file. Each resource has a folder.

    Its policy has the safe Deny statements. Documents that aren't safe yet are in `not-safe-yet`.
    """
    for one in report.resources:
        arn = one.resource.arn
        folder = folder_of(arn, f"{one.resource.row.service} {split_arn(arn).name}")
        yield f"{folder}/evidence.md", PERIMETER.text(replace(report, resources=(one,)), "markdown")
        for name, document in _documents(one):
            indent = 2 if one.resource.row.fits(document, indent=2) else None
            yield f"{folder}/{name}", document_json(document, indent=indent)
            if name == "policy.json":
                yield from ((f"{folder}/{file}", text) for file, text in _code(one.resource, document, folder))


def _documents(one: ResourcePerimeter) -> Iterator[tuple[str, dict[str, Any]]]:
    safe: tuple[Policy, ...] = ()
    protected: dict[str, Any] = {}
    for proposal in one.proposals:
        protected |= {json.dumps(statement): statement for statement in proposal.protection}
        if proposal.state is ProposalState.UNSAFE and proposal.policy:
            yield f"not-safe-yet/{proposal.kind}.json", proposal.policy
        if proposal.state is ProposalState.SAFE and proposal.added:
            more = (*safe, proposal.added)
            # Each fits alone, but the service may not accept all of them in one policy.
            safe = more if one.resource.row.fits(with_added(one.resource, more)) else safe
    if protected:
        yield "scp.json", {"Version": CURRENT_VERSION, "Statement": list(protected.values())}
    if safe:
        yield "policy.json", with_added(one.resource, safe)


def _code(resource: PolicyResource, document: Mapping[str, Any], folder: str) -> Iterator[tuple[str, str]]:
    row, texts, policy = resource.row, _texts(resource), json.dumps(document)
    if "attributes.json" in row.cli:
        yield "attributes.json", json.dumps({"Policy": policy}) + "\n"
    quoted = {name: shlex.quote(text) for name, text in texts.items()}
    yield "apply.sh", script(f"{row.before}\n{row.cli}".strip().format_map(quoted))
    if row.terraform:
        type_, key, value, member = row.terraform
        where = Attribute(key, hcl_string(value.format_map(texts)))
        body = (where, Attribute(member, hcl_heredoc(json.dumps(document, indent=2))))
        yield "policy.tf", render_block(Block("resource", (type_, folder.replace("-", "_").lower()), body))
    if row.cloudformation and not REPLACED.search(policy):
        type_, key, value, member = row.cloudformation
        name = value.format_map(texts)
        properties = {key: [name] if key in ("Queues", "Topics") else name, member: document}
        resources = {"Policy": {"Type": type_, "Properties": properties}}
        yield "template.yaml", yaml_text({"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources})


def _texts(resource: PolicyResource) -> dict[str, str]:
    """The texts that commands and code may name."""
    fields = split_arn(resource.arn)
    domain = "amazonaws.com.cn" if fields.partition == "aws-cn" else "amazonaws.com"
    url = f"https://sqs.{fields.region}.{domain}/{fields.account}/{fields.name}"
    name = fields.name.removeprefix(resource.row.prefix)
    return {"arn": resource.arn, "name": name, "region": fields.region, "account": resource.account, "url": url}
