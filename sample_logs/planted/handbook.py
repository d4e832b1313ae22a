"""The README of the sample logs, written from the expectations, so the two can't disagree."""

from __future__ import annotations

import json
from collections.abc import Iterator

from sample_logs.planted.identities import Json

_INTRODUCTION = """\
# Sample logs: Larkspur Outdoor

A fictional shop with two AWS accounts, 120 days of CloudTrail logs and the matching authorization details.
`lpgen demo`, the quickstart and the end-to-end test use it. All data is generated and fictional. Account ids, domain
names and public addresses are the ones that AWS and the RFCs reserve for documentation.

- `AWSLogs/`: {files} files in the layout of CloudTrail's buckets, one per account, Region and day. As in real buckets,
  a digest, an Insights file and a Config history are among them.
- `authorization-details/ACCOUNT.json`: the output of `aws iam get-account-authorization-details` at the end of the
  window.
- `compute.json`: everything that runs with a role, for `lpgen graph --compute`.
- `expected.json`: what lpgen should conclude, per principal. The end-to-end test checks it.
- `generate.py` and `planted/`: the generator. `python -m sample_logs.generate` writes all of these files again, with
  the same bytes every time. (Compressed files may differ between versions of zlib, but not their content.)

## The organization

| account | who | recorded |
|---|---|---|
| 111122223333 | the shop's production account | management events in us-east-1 and eu-west-1 every day, in us-west-2 \
on two nights; DynamoDB item-level data events in us-east-1 |
| 444455556666 | the security team's account | management events in us-east-1 every day |

Data events of S3, Lambda, SNS and SQS aren't recorded. The window is {first} to {last}.

## The records

| what | records |
|---|---|
{counts}

A reason such as `root_caller|no_permission` means that both are correct, because two rules apply to the record. One
DynamoDB record (`{again}`) was delivered twice, in two files. Each AssumeRole of the auditor is in
the logs of both accounts under one `sharedEventID`.

## What is planted, and what lpgen should conclude

`safe` says whether the replacement is called safe by default. A dash means that there is no replacement.

| principal | class | planted | conclusion | safe |
|---|---|---|---|---|
{principals}

## The way to administrative rights

`app/orders-worker` may change the code of a function of `lambda/checkout-tax`, which may run commands on the instances
of `fleet-node`, which may run a state machine as `platform/platform-deployer`, an administrator. No step was used in
the 120 days. The safe replacements of the first three cut each of the three steps.

## Users, shared roles, jobs and leftovers

`lpgen roles` should propose:

{proposals}

## The details
"""

_FIELDS = """
In `expected.json`, `used_actions` are all actions with the verdict *used*. The replacement must allow each pair of
`must_keep` (some of the observed resources, and pairs that are kept without recorded use). It must not contain any
action of `must_drop`, must not allow the pairs of `must_not_allow`, and must contain each statement or string of
`must_carry` unchanged. `statements_per_action` is the number of statements that must grant an action. `verdicts` are by
action, `reasons` say why the replacement isn't safe, and `flags` must be visible in the review. A resource with a
policy variable is meant literally, and conditions count as met.
"""


def handbook_from_expected(expected: Json, files: int) -> str:
    """The README as Markdown."""
    principals: Json = expected["principals"]
    head = _INTRODUCTION.format(
        files=files,
        first=expected["window"]["first_day"],
        last=expected["window"]["last_day"],
        counts="\n".join(_count_rows(expected["counts"])),
        again=expected["counts"]["redelivered_event_id"],
        principals="\n".join(_row(arn, found) for arn, found in principals.items()),
        proposals="\n".join(_proposals(expected["roles"])),
    )
    return head + _FIELDS + "".join(_section(arn, found) for arn, found in principals.items())


def _count_rows(counts: Json) -> list[str]:
    rows = [
        (name.replace("_records", "").replace("records_", ""), counts[name])
        for name in counts
        if name.endswith("_records") or name == "records_read"
    ]
    plain = [f"| {name} | {number} |" for name, number in rows if isinstance(number, int)]
    return plain + [f"| skipped: {_cell(reason)} | {number} |" for reason, number in counts["skipped_records"].items()]


def _row(arn: str, found: Json) -> str:
    safe = {True: "yes", False: "no: " + ", ".join(found["reasons"]), None: "–"}[found["safe"]]
    return f"| `{_short(arn)}` | {found['class']} | {found['planted']} | {found['conclusion']} | {safe} |"


def _proposals(found: Json) -> Iterator[str]:
    for user, target in found["users"].items():
        yield f"- {'a new ' if target['new'] else ''}{target['kind']} `{target['name']}` for `{_short(user)}`"
    for members in found["merges"]:
        yield f"- one role for {_code(list(map(_short, members)))}"
    for role, jobs in found["splits"].items():
        parts = " and ".join(f"`{name}` for the sessions {_code(sessions)}" for name, sessions in jobs.items())
        yield f"- in place of `{_short(role)}`, {parts}"
    for leftover, kind in found["leftovers"].items():
        yield f"- nobody can use `{_short(leftover)}` ({kind})"


def _short(arn: str) -> str:
    account, name = arn.split(":")[4:6]
    return f"{account} {name}"


def _section(arn: str, found: Json) -> str:
    lines = [f"\n### `{arn}`\n", *_verdict_lines(found), *_kept_lines(found)]
    if found["must_drop"]:
        lines.append(f"- not in the replacement: {_code(found['must_drop'])}")
    lines += [f"- must not be allowed: `{action}` on `{resource}`" for action, resource in found["must_not_allow"]]
    lines += [f"- carried unchanged: `{_written(carried)}`" for carried in found["must_carry"]]
    lines += [f"- `{action}` in {number} statements" for action, number in found["statements_per_action"].items()]
    lines += [f"- reason: {reason}" for reason in found["reasons"]]
    if found["flags"]:
        lines.append(f"- flagged: {', '.join(found['flags'])}")
    return "\n".join(lines) + "\n"


def _verdict_lines(found: Json) -> list[str]:
    by_verdict: dict[str, list[str]] = {}
    for action, verdict in found["verdicts"].items():
        if verdict != "used":
            by_verdict.setdefault(verdict, []).append(action)
    return [f"- {verdict}: {_code(actions)}" for verdict, actions in sorted(by_verdict.items())]


def _kept_lines(found: Json) -> list[str]:
    kept: dict[str, list[str]] = {}
    for action, resource in found["must_keep"]:
        kept.setdefault(action, []).append(resource)
    return [
        f"- {'used' if action in found['used_actions'] else 'kept without use'}: `{action}` on {_code(resources)}"
        for action, resources in kept.items()
    ]


def _written(carried: Json | str) -> str:
    return carried if isinstance(carried, str) else json.dumps(carried)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _code(actions: list[str]) -> str:
    return ", ".join(f"`{action}`" for action in actions)
