"""A rollout plan as JSON, schema `lpgen.rollout/2`: `lpgen rollout plan` writes it, `apply` and `undo` read it.

Keys are only ever added under this name; a change of meaning takes a new number. Principals are sorted by ARN.

- `attached_quota`: how many managed policies a principal may have.
- `source`: the output folder that the documents come from. `inputs`, `files`, `digest` and `report` are its chain of
  digests (`lpgen/core/digests.py`); `summary` is its `summary.json` without them, `signature` its `summary.sig` or
  null. `trust` is why it was believed: `data` (the data folder gave the same again), `signature` (a valid one), or
  `output` (by `--trust-output`).
- `principal`, `principal_id`, `account`, `kind`, `name`, `safe`, `folder`: the principal of the plan, and the folder of
  its replacement.
- `policies_sha256`: the fingerprint of the policies that it was computed from (`lpgen/core/rollout/fingerprint.py`).
- `refusals`: why nothing is done, each with its `kind`, a sentence, and the option that overrides it or null. Where
  there is one there are no calls.
- `calls`: the calls to IAM in order, by operation and parameters as in IAM's API reference; `policy` is the ARN or the
  inline policy's name. `inverse`: the calls that undo them, in order. For a deleted inline policy the plan has the
  document without its white space; undoing restores the bytes that were read just before it was deleted.
- `peak`: the most that the principal holds meanwhile: attached policies, characters of inline ones, and of the largest
  new managed one.
- `before`, `after`: the documents of all its own policies, as compact JSON.
- `documents`: the documents of the replacement to the byte, with the SHA-256 of each and the old policies that its
  lines come from. Calls, notes and peak follow from them and `before`: `apply` derives them again and refuses others.
- `boundary`: the ARN of the permissions boundary, which is kept, or null. `left_attached`: the ARNs of the policies of
  AWS that are left attached.
- `permission_set`: for a role of IAM Identity Center, the inline policy to put into its permission set; else null.
- `code`: for a principal that is managed as code, what to change in its CloudFormation template; else null.
"""

from __future__ import annotations

from dataclasses import asdict

from lpgen.core.digests import digest_of_text
from lpgen.core.rollout.calls import Call
from lpgen.core.rollout.plan import NewDocument, PolicyText, PrincipalPlan
from lpgen.core.rollout.source import RolloutPlan, Source
from lpgen.core.schemas import ROLLOUT_SCHEMA
from lpgen.report.json.layout import Json, Row, lay_out


def rollout_json(plan: RolloutPlan) -> str:
    """The plan as JSON text."""
    return lay_out(
        {
            "schema": ROLLOUT_SCHEMA,
            "as_of": plan.as_of,
            "catalog": plan.catalog,
            "attached_quota": plan.attached_quota,
            "source": _facts_of_source(plan.source),
            "principals": [_facts_of_principal(one) for one in plan.principals],
        }
    )


def _facts_of_source(source: Source) -> Json:
    return {
        "trust": source.trust,
        **source.digests.to_facts(),
        "signature": source.signature or None,
        "summary": source.summary,
    }


def _facts_of_principal(one: PrincipalPlan) -> Json:
    return {
        "principal": one.principal,
        "principal_id": one.principal_id,
        "account": one.account,
        "kind": one.kind,
        "name": one.name,
        "safe": one.safe,
        "folder": one.folder,
        "policies_sha256": one.sha256,
        "boundary": one.boundary or None,
        "left_attached": list(one.left),
        "refusals": [Row(kind=why.kind, why=why.why, override=why.override or None) for why in one.refusals],
        "notes": list(one.notes),
        "calls": list(map(_facts_of_call, one.calls)),
        "inverse": list(map(_facts_of_call, one.inverse)),
        "peak": Row(asdict(one.peak)),
        "documents": list(map(_facts_of_document, one.documents)),
        "before": list(map(_facts_of_text, one.before)),
        "after": list(map(_facts_of_text, one.after)),
        "permission_set": one.permission_set or None,
        "code": one.code or None,
    }


def _facts_of_call(call: Call) -> Row:
    return Row(operation=call.operation, policy=call.policy, parameters=call.parameters())


def _facts_of_document(one: NewDocument) -> Row:
    return Row(
        file=one.file,
        name=one.name,
        type="inline" if one.inline else "managed",
        sha256=digest_of_text(one.text),
        narrows=list(one.narrows),
        document=one.text,
    )


def _facts_of_text(one: PolicyText) -> Row:
    return Row(policy=one.policy, type="inline" if one.inline else "managed", document=one.text)
