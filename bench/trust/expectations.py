"""What a scenario expects, and what the records show, compared with the output."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from typing import Final

from bench.trust.assumptions import Assumption
from bench.trust.case import Case, lost_requests, summarize
from bench.trust.referee import (
    Json,
    account_of_root,
    allows,
    conditions_of,
    is_met,
    principal_entries,
    request_from_json,
    statements_of,
)
from bench.trust.scenario_files import COVERED_DAYS, SEVERITIES

NEEDS_LOGS: Final = ("unused",)
"""Findings that need logs."""


# ---- Findings


def check_findings(case: Case) -> Iterator[str]:
    """Every expected finding is there, and no wrong one."""
    kinds = {finding["kind"] for finding in case.output["findings"]}
    yield from (f"`{kind}` is missing" for kind in case.expected.get("findings", []) if kind not in kinds)
    yield from (f"`{kind}` is wrong" for kind in case.expected.get("absent", []) if kind in kinds)


def check_findings_without_logs(case: Case) -> Iterator[str]:
    """The same for an output without logs, which has no proposal and nothing never seen."""
    kinds = {finding["kind"] for finding in case.output["findings"]}
    wanted = [kind for kind in case.expected.get("findings", []) if kind not in NEEDS_LOGS]
    yield from (f"`{kind}` is missing" for kind in wanted if kind not in kinds)
    yield from (f"`{kind}` is wrong" for kind in (*case.expected.get("absent", []), *NEEDS_LOGS) if kind in kinds)
    if case.output.get("never_seen"):
        yield "`never_seen` must be empty without logs"
    if case.new is not None:
        yield "there is a proposal without logs"


def check_finding_form(case: Case) -> Iterator[str]:
    """Every finding has a known kind, a severity of that kind, a message and parameters."""
    for finding in case.output["findings"]:
        kind, severity = finding["kind"], finding["severity"]
        if severity not in SEVERITIES.get(kind, ()):
            yield f"`{kind}` can't have the severity `{severity}`"
        if not isinstance(finding["parameters"], dict) or not finding["message"].strip():
            yield f"`{kind}` has no message or parameters"
        if kind == "other-account":
            yield from _other_account_problems(finding)


def _other_account_problems(finding: Json) -> Iterator[str]:
    parameters = finding["parameters"]
    if missing := {"account", "vendor", "external_id", "last_assumed"} - set(parameters):
        yield f"`other-account` lacks the parameters {sorted(missing)}"
    elif (finding["severity"] == "high") == bool(parameters["external_id"]):
        yield f"`other-account` is {finding['severity']}, although external_id is {parameters['external_id']}"


# ---- What the records show


def check_assumed_by(case: Case) -> Iterator[str]:
    """Every recorded assumption is shown with its principal, subject, days and number of records."""
    rows: list[Json] = case.output["assumed_by"]
    events = {record["eventID"] for record in case.scenario.content["records"]}
    if any(row["example_event_id"] not in events for row in rows):
        yield "an example is no event of the records"
    groups: dict[str, list[Assumption]] = defaultdict(list)
    for success in case.successes:
        if success.method == "AssumeRoleWithWebIdentity" and success.subject:
            groups[success.subject].append(success)
    if len(groups) <= 20:
        for subject, successes in groups.items():
            yield from _row_problems(rows, subject, successes)
    named = {row["principal"] for row in rows if row["outcome"] == "allowed"}
    for success in case.successes:
        request = success.request
        names = {request.id, request.account, *request.context.get("aws:principalarn", ())} - {""}
        if names and not names & named:
            yield f"`assumed_by` lacks {sorted(names)}"


def _row_problems(rows: Iterable[Json], subject: str, successes: list[Assumption]) -> Iterator[str]:
    # The subjects of people and commits may be folded, which keeps the report small and names nobody.
    found = [row for row in rows if fnmatchcase(subject, row["subject"]) and row["outcome"] == "allowed"]
    if not found:
        yield f"`assumed_by` lacks {subject}"
    elif len(found) == 1 and found[0]["subject"] == subject:
        days = sorted({success.day for success in successes})
        said = (found[0]["first_day"], found[0]["last_day"], found[0]["days"], found[0]["records"])
        if said != (days[0], days[-1], len(days), len(successes)):
            yield f"`assumed_by` says {said} of {subject}"


def check_never_seen(case: Case) -> Iterator[str]:
    """What no record shows is named as the policy writes it, and nothing else."""
    said, written, seen = set(case.output["never_seen"]), _trusted_texts(case.old), _seen_texts(case)
    unseen = written - seen - {"*"} if _is_covered(case) else set()
    missing = {*case.expected.get("never_seen", []), *unseen} - said
    yield from (f"lacks {text}" for text in sorted(missing))
    yield from (f"{text} isn't in the policy" for text in sorted(said - written))
    yield from (f"{text} was seen" for text in sorted(said & _surely_seen(case)))


def _is_covered(case: Case) -> bool:
    """Whether the logs have records of the role's account on most days."""
    account = case.arn.split(":")[4]
    records = case.scenario.content["records"]
    return len({row["eventTime"][:10] for row in records if row["recipientAccountId"] == account}) >= COVERED_DAYS


def _trusted_texts(policy: Json) -> set[str]:
    """The principals of Allow statements and the values of their conditions on subjects."""
    found: set[str] = set()
    for statement in statements_of(policy, "Allow"):
        found.update(value for _, value in principal_entries(statement) if "Principal" in statement)
        for operator, key, values in conditions_of(statement):
            found.update(values if key.lower().endswith(":sub") and "not" not in operator.lower() else ())
    return found


def _surely_seen(case: Case) -> set[str]:
    """The principals and subjects of the policy that a successful record shows for certain."""
    return {text for text in _trusted_texts(case.old) for success in case.successes if _is_shown(text, case, success)}


def _seen_texts(case: Case) -> set[str]:
    """The same of all attempts, with those that a hidden caller may be."""
    accounts = {attempt.request.account for attempt in case.attempts if attempt.request.caller_hidden}
    return {
        text
        for text in _trusted_texts(case.old)
        if (text.startswith("arn:") and text.split(":")[4] in accounts)
        or any(_is_shown(text, case, attempt) for attempt in case.attempts)
    }


def _is_shown(text: str, case: Case, attempt: Assumption) -> bool:
    request = attempt.request
    if text in (request.id, *request.context.get("aws:principalarn", ())):
        return True
    if account_of_root(text):
        return account_of_root(text) == request.account
    return any(
        text in values and is_met(operator, (text,), request.context[key.lower()])
        for statement in statements_of(case.old, "Allow")
        for operator, key, values in conditions_of(statement)
        if key.lower().endswith(":sub") and key.lower() in request.context
    )


# ---- What the scenario expects of the proposal


def check_proposal(case: Case) -> Iterator[str]:
    """There is a proposal, none or a refusal, as the scenario expects."""
    wanted, refusals = case.expected.get("proposal", "any"), case.output["refusals"]
    if case.new is None:
        if wanted == "narrowed":
            yield f"there is no proposal; refusals: {[refusal.get('kind') for refusal in refusals]}"
        if wanted == "refused" and not refusals:
            yield "there is no refusal"
    elif wanted in ("none", "refused"):
        yield f"there is a proposal: {json.dumps(case.new)}"
    elif case.new == case.old:
        yield "the proposal repeats the old policy"
    elif wanted == "narrowed" and not any(
        allows(case.old, probe) and not allows(case.new, probe) for probe in case.probes
    ):
        yield "the proposal isn't narrower"


def check_accepted(case: Case) -> Iterator[str]:
    """The policy afterwards allows what the scenario says it must."""
    for asked in case.expected.get("accepted", []):
        if not allows(case.in_force, request_from_json(asked)):
            yield f"denied: {summarize(request_from_json(asked))}"


def check_rejected(case: Case) -> Iterator[str]:
    """The proposal allows nothing that the scenario forbids."""
    for asked in case.expected.get("rejected", []) if case.new else []:
        if allows(case.in_force, request_from_json(asked)):
            yield f"allowed: {summarize(request_from_json(asked))}"


def check_future(case: Case) -> Iterator[str]:
    """The policy afterwards allows the later assumptions."""
    future = [attempt for attempt in case.scenario.future if attempt.role == case.arn]
    yield from lost_requests(case, future)
