"""The `evidence.json` in the folder of a principal's replacement, schema `lpgen.evidence/1`.

Keys are only ever added under this name; a change of meaning takes a new number.

- `principal`, `principal_id`, `class`, `proposal`, `safe`, `not_safe_because`, `expected_denials`, `accepted`: the
  proposal, and whether it is called safe.
- `as_of`, `catalog`, `coverage`: its inputs; `coverage` is null where no log of the account was read. `inputs` is
  everything that the output folder was made from (`lpgen/core/digests.py`).
- `replaces`: managed policies to `detach`, inline ones to `delete_inline`, groups to leave; the boundary, which is
  kept; and `policies_sha256`, the fingerprint of all these but the boundary (`lpgen/core/rollout/fingerprint.py`).
- `left_attached`: the policies of AWS that are left attached: ARN, the id of the version (null: not known), the SHA-256
  of the document as JSON with sorted keys and Python's default separators, the file below the output folder that
  holds it, and where it is left because a copy would be equal, the `lines` of the copy.
- `policies`: the documents in this file's folder, with name, type (`managed` or `inline`), size in IAM characters, and
  the SHA-256 of the file.
- `lines`: one entry for each file, Sid, action and scope: `resources`, or `not_resources` for all but these, which the
  statement of the Sid covers; `parent`, the old statement it narrows; and `evidence`, each with its `kind` (observed,
  inferred, attempted, kept, review or decided), `why`, the scoping `rule` and the seen use.
- `denies`: each Deny of the old policies with the file that carries it.
- `rules`: the scoping rules in use, what each adds, and the patterns it wrote. `dropped`: lines that decisions keep
  out.
- `ungranted`: use that no policy grants; it is not in the replacement.
- `checks`: the verification, null where none ran.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from lpgen.core.digests import Inputs, digest_of_text
from lpgen.core.evidence import StatementRef
from lpgen.core.findings import Proposal, Report
from lpgen.core.folders import file_of_left_policy
from lpgen.core.iam.pattern_index import PatternIndex
from lpgen.core.iam.policy import statement_depends_on_version, text_without_sid
from lpgen.core.model import CURRENT_VERSION, Effect, Policy
from lpgen.core.replacements import LeftPolicy, Line, Replacement, ReplacementDocument, ReplacementStatement, Scope
from lpgen.core.rollout.fingerprint import policies_sha256
from lpgen.core.schemas import EVIDENCE_SCHEMA
from lpgen.report.json.facts import (
    facts_of_accepted,
    facts_of_account,
    facts_of_checks,
    facts_of_dropped,
    facts_of_evidence,
    facts_of_proposal,
    facts_of_scope,
    facts_of_statement,
    facts_of_ungranted,
)
from lpgen.report.json.layout import Json, Row, lay_out
from lpgen.report.plan import document_file
from lpgen.report.views import PrincipalView


def evidence_json(proposal: Proposal, report: Report, inputs: Inputs) -> str:
    """The evidence file of one principal as JSON text; without a replacement its lists are empty."""
    diff, summary = proposal.diff, PrincipalView(proposal).summary
    coverage = report.diff.coverage.account(diff.principal.account)
    replacement = proposal.replacement or Replacement(diff.principal, (), (), ())
    return lay_out(
        {
            "schema": EVIDENCE_SCHEMA,
            "principal": diff.principal.arn,
            "principal_id": diff.principal.principal_id,
            **facts_of_proposal(summary),
            "accepted": facts_of_accepted(summary.accepted),
            "as_of": report.diff.as_of.isoformat(),
            "catalog": Row(version=report.diff.catalog_version, date=report.diff.catalog_date),
            "coverage": None if coverage is None else facts_of_account(coverage),
            "inputs": Row(inputs.to_facts()),
            "replaces": _facts_of_detachment(proposal),
            "left_attached": list(map(_facts_of_left, replacement.left)),
            "policies": list(_facts_of_documents(replacement)),
            "lines": [
                row
                for number, document in enumerate(replacement.documents, start=1)
                for statement in document.statements
                for row in _facts_of_lines(document_file(number), statement)
            ],
            "denies": _facts_of_denies(proposal, replacement),
            "rules": [
                Row(rule=one.rule, sentence=one.adds, tightens=one.tightens, pattern=one.pattern, records=one.records)
                for one in replacement.rules
            ],
            "dropped": facts_of_dropped(diff),
            "ungranted": [facts_of_ungranted(one) for one in diff.ungranted],
            "checks": None if proposal.verification is None else facts_of_checks(proposal.verification.checks),
        }
    )


def _facts_of_detachment(proposal: Proposal) -> Json:
    detach, boundary = proposal.diff.detach, proposal.diff.principal.boundary
    return {
        "detach": list(detach.managed),
        "delete_inline": list(detach.inline),
        "leave_groups": list(detach.groups),
        "boundary_stays": None if boundary is None else boundary.arn or boundary.name,
        "policies_sha256": policies_sha256(proposal.diff.principal, with_boundary=False),
    }


def _facts_of_left(policy: LeftPolicy) -> Json:
    sha256 = policy.sha256
    return {
        "arn": policy.arn,
        "version": policy.version or None,
        "sha256": sha256,
        "file": file_of_left_policy(policy.arn, sha256),
        "lines": [_facts_of_line(line.action, line.scope, line.parent, [line]) for line in policy.lines],
    }


def _facts_of_documents(replacement: Replacement) -> Iterable[Row]:
    for number, document in enumerate(replacement.documents, start=1):
        kind = "inline" if document.inline else "managed"
        yield Row(
            file=document_file(number),
            name=document.name,
            type=kind,
            characters=document.size,
            sha256=digest_of_text(document.text),
        )


# ---------------------------------------------------------------- lines


def explained_lines(statement: ReplacementStatement) -> Iterable[tuple[str, Scope, list[Line]]]:
    """Each action and scope of a statement with the lines that explain it, sorted.

    A line's scope is cut to what this statement covers of it, since large statements are split; a line that it covers
    nothing of belongs to another part, unless nothing else explains the action. A line may be narrower than the scope:
    the statement took the place of a redundant one.
    """
    found: dict[tuple[str, Scope], list[Line]] = defaultdict(list)
    for line in statement.lines:
        found[line.action, _scope_within(line.scope, statement.scope)].append(line)
    explained = {action for action, scope in found if scope.resources}
    for (action, scope), lines in sorted(found.items()):
        if scope.resources:
            yield action, scope, lines
        elif action not in explained:
            yield action, statement.scope, lines


def _facts_of_lines(file: str, statement: ReplacementStatement) -> Iterable[Json]:
    for action, scope, lines in explained_lines(statement):
        yield {"file": file, "sid": statement.sid, **_facts_of_line(action, scope, statement.parent, lines)}


def _facts_of_line(action: str, scope: Scope, parent: StatementRef, lines: Iterable[Line]) -> Json:
    return {
        "action": action,
        **facts_of_scope(scope),
        "parent": facts_of_statement(parent),
        "evidence": [
            Row(kind=line.kind, why=line.why, rule=line.rule, **facts_of_evidence(line.evidence)) for line in lines
        ],
    }


def _scope_within(scope: Scope, whole: Scope) -> Scope:
    if scope.not_resource or whole.not_resource:
        return scope
    index = PatternIndex(whole.resources)
    return Scope(tuple(one for one in scope.resources if one in whole.resources or any(index.containing(one))))


# ---------------------------------------------------------------- denies


def _facts_of_denies(proposal: Proposal, replacement: Replacement) -> list[Row]:
    """Each old Deny with where it is carried; `carried_in` is null where no document holds it."""
    carried = _carried_denies(replacement)
    found: list[Row] = []
    for policy in proposal.diff.principal.policies:
        document = policy.document or Policy(CURRENT_VERSION, ())
        for one in document.statements:
            if one.effect is Effect.DENY:
                ref = StatementRef(policy.arn or policy.name, policy.kind, policy.group, one.index, one.sid)
                version = document.version if statement_depends_on_version(one) else CURRENT_VERSION
                place = carried.get((version, text_without_sid(one.text)))
                found.append(Row({"from": facts_of_statement(ref), "carried_in": place}))
    return found


def _carried_denies(replacement: Replacement) -> dict[tuple[str, str], Row]:
    found: dict[tuple[str, str], Row] = {}
    for number, document in enumerate(replacement.documents, start=1):
        for key, sid in _denies_of_document(document):
            found.setdefault(key, Row(file=document_file(number), sid=sid))
    return found


def _denies_of_document(document: ReplacementDocument) -> Iterable[tuple[tuple[str, str], str]]:
    written: dict[str, Any] = json.loads(document.text)
    statements = written["Statement"]
    for fields in statements if isinstance(statements, list) else [statements]:
        if fields["Effect"] == "Deny":
            text = json.dumps(fields)
            version = written.get("Version", "") if "${" in text else CURRENT_VERSION
            yield (version, text_without_sid(text)), fields.get("Sid", "")
