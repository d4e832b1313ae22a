"""Reads scenarios and refuses those with mistakes.

`sessions` names the sessions of roles, each by a label of the scenario; a call has the label as its `session`:

| key | meaning |
| --- | --- |
| `of` | the role |
| `name` | the session name |
| `source_identity` | the source identity, if the session has one |
| `resource` | the ARN of the Lambda function, EC2 instance or ECS task that got the credentials, if records show it |
| `asked_by` | who asks for the sessions, one or a list; without it, no record shows that |
| `per_day` | in how many different sessions each call happens on each of its days; by default in one |

`name`, `source_identity` and `resource` may have placeholders, which are filled again for each session: `{number}` of
six digits, `{date}`, `{uuid}`, `{hex}` of 16 and `{hex32}` of 32 digits, `{random}` letters and digits, and `{word}`,
which somebody made up. An asker is `{"service": ...}`, `{"by": ARN}` (also of an account outside the scenario), or
`{"provider": ARN, "subject": ..., "audience": ...}` of SAML or OpenID Connect. Calls without a session are in the
session `work`, and nothing shows who asks for it. A later call (`future`) may also be in a session. `resource_policies`
has policies of resources by ARN.

`checks.splits` has the roles to split. `parts` lists the jobs: `sessions` are labels, all of whose sessions must be in
one part, without those of other jobs; `callers` and `not_callers` are named in the part or not. Sessions that no job
lists may be in any part. Without `parts`, only the state and `against` count. `not_split` has the roles that mustn't be
split, and `never_safe` those without a safe split.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

from bench.guardrails.requests import allowed
from bench.guardrails.scenario_files import matching_actions
from bench.perimeter.evaluator import as_list
from bench.perimeter.scenario_files import account_of
from bench.roles.scenario import ALWAYS_ALLOWED, Scenario, days_of, statements_of
from bench.roles.session_mistakes import session_mistakes
from bench.scenario_reading import Json, document_mistakes, read_scenarios, unknown_keys

_FOLDER: Final = Path(__file__).parent / "scenarios"
FOLDERS: Final = {"open": _FOLDER, "held-back": _FOLDER / "held_back"}
STATES: Final = ("safe", "unsafe")
USER_KINDS: Final = ("person", "workload", "both", "unused", "unknown")
TARGETS: Final = ("permission-set", "role", "question")
EVIDENCE: Final = (
    *("console-sign-in", "mfa", "password", "no-password", "key", "key-unused", "user-agent", "hours", "networks"),
    "name-tag",
)
AGAINST: Final = (
    *("few-days", "unsafe-replacement", "compute-unknown", "shared-key", "suspected-use", "root"),
    *("user-variables", "used-elsewhere", "kind-unknown"),
)
FINDINGS: Final = ("inline-policy", "unused-key", "sign-in-only", "old-key")
LEFTOVERS: Final = (
    *("unattached-policy", "empty-group", "group-without-policies", "empty-instance-profile"),
    "unassumable-role",
)
SESSION_KINDS: Final = ("name", "source-identity", "resource")
SPLIT_AGAINST: Final = (
    *("few-days", "unsafe-replacement", "unproven", "sessions-unknown", "new-sessions", "crossed-before"),
    *("callers-unknown", "named-elsewhere"),
)
_KEYS: Final = {
    name: frozenset(keys.split())
    for name, keys in {
        "scenario": "title sources accounts days principals managed_policies groups instance_profiles "
        "resource_policies sessions calls sign_ins options checks",
        "principal": "arn tags trust policies managed groups boundary password mfa keys",
        "key": "id active age last_used",
        "group": "policies managed",
        "instance profile": "arn roles",
        "call": "by action resource days every weekdays hours key agent network console error future context session",
        "session": "of name source_identity resource asked_by per_day",
        "asker": "service by provider subject audience",
        "sign-in": "by days every weekdays hours mfa network",
        "checks": "users merges never_together leftovers not_leftovers splits not_split never_safe",
        "user check": "user kind evidence goes_to against not_against findings not_findings state steps_contain why",
        "target": "kind name new",
        "merge check": "members state why",
        "leftover check": "kind arn why",
        "split check": "role parts state against not_against why",
        "part check": "sessions callers not_callers",
        "role check": "role why",
        "document": "Version Id Statement",
        "statement": "Sid Effect Principal NotPrincipal Action NotAction Resource NotResource Condition",
    }.items()
}


_unknown_keys = partial(unknown_keys, _KEYS)


def load_scenarios(half: str, folder: Path) -> list[Scenario]:
    """The scenarios of a folder, by name.

    Raises:
        ValueError: Files have mistakes; the message has a line per mistake, which names its file and place.
    """
    return read_scenarios(half, folder, Scenario, _mistakes)


def _mistakes(scenario: Scenario) -> Iterator[str]:
    """The mistakes of a scenario, each with its place."""
    content = scenario.content
    yield from _unknown_keys("scenario", "scenario", content)
    if missing := [key for key in ("title", "accounts", "days", "principals", "checks") if not content[key]]:
        yield f"scenario: no {', '.join(missing)}"
    if not all(source.startswith("https://") for source in content.get("sources", ())):
        yield "sources: not an https address"
    if not all(re.fullmatch(r"\d{12}", account) for account in scenario.accounts):
        yield "accounts: not ids of 12 digits"
    if len(scenario.principals) != len(content["principals"]) + len(scenario.accounts):
        yield "principals: an ARN occurs twice"
    found = [
        f"principals[{index}]: {mistake}"
        for index, principal in enumerate(content["principals"])
        for mistake in _principal_mistakes(scenario, principal)
    ]
    found += [*_part_mistakes(scenario), *_document_mistakes(scenario)]
    found += session_mistakes(scenario, _unknown_keys)
    yield from found
    for index, call in enumerate(content.get("calls", ())):
        told = [*_call_mistakes(scenario, call), *([] if found else _refused_call(scenario, call))]
        yield from (f"calls[{index}]: {mistake}" for mistake in told)
    for index, sign_in in enumerate(scenario.sign_ins):
        yield from _unknown_keys("sign-in", f"sign_ins[{index}]", sign_in)
        if sign_in["by"] not in scenario.users:
            yield f"sign_ins[{index}]: {sign_in['by']} isn't a user of the scenario"
    yield from _check_mistakes(scenario)


def _principal_mistakes(scenario: Scenario, found: Json) -> Iterator[str]:
    arn = found["arn"]
    yield from _unknown_keys("principal", "principal", found)
    if not re.fullmatch(r"arn:aws:iam::\d{12}:(?:role|user)/.+", arn) or account_of(arn) not in scenario.accounts:
        yield "no role or user of the accounts"
    if ("trust" in found) != (":role/" in arn):
        yield "a role has a trust policy, and a user has none"
    if ":role/" in arn and found.keys() & {"groups", "password", "mfa", "keys"}:
        yield "only users have groups, passwords and keys"
    for key in found.get("keys", ()):
        yield from _unknown_keys("key", f"key {key['id']}", key)
    if unknown := {f"{account_of(arn)}/{name}" for name in found.get("groups", ())} - set(scenario.groups):
        yield f"unknown groups {', '.join(sorted(unknown))}"
    boundary = [found["boundary"]] if "boundary" in found else []
    if unknown := {*found.get("managed", ()), *boundary} - set(scenario.managed_policies):
        yield f"unknown policies {', '.join(sorted(unknown))}"


def _part_mistakes(scenario: Scenario) -> Iterator[str]:
    for key, group in scenario.groups.items():
        yield from _unknown_keys("group", f"groups.{key}", group)
        if key.partition("/")[0] not in scenario.accounts:
            yield f"groups.{key}: of no account"
        if unknown := set(group.get("managed", ())) - set(scenario.managed_policies):
            yield f"groups.{key}: unknown policies {', '.join(sorted(unknown))}"
    for profile in scenario.content.get("instance_profiles", ()):
        yield from _unknown_keys("instance profile", profile["arn"], profile)
        if set(profile.get("roles", ())) - set(scenario.principals) or len(profile.get("roles", ())) > 1:
            yield f"{profile['arn']}: an instance profile has at most one role of the scenario"


def _document_mistakes(scenario: Scenario) -> Iterator[str]:
    keys = ("principals", "managed_policies", "groups", "resource_policies")
    documents = {key: scenario.content.get(key) for key in keys}
    yield from document_mistakes(_KEYS, documents)


def _call_mistakes(scenario: Scenario, call: Json) -> Iterator[str]:
    yield from _unknown_keys("call", "call", call)
    by = call["by"]
    if by not in scenario.principals:
        yield f"{by} isn't a principal of the scenario"
    service, _, name = call["action"].partition(":")
    if name not in matching_actions(service, name.lower()):
        yield f"unknown action {call['action']}"
    if not re.fullmatch(r"\*|arn:aws:[a-z0-9-]+:[a-z0-9-]*:\d*:.+", call["resource"]):
        yield f"no resource {call['resource']}"
    if not call.get("future") and not any(days_of(call, scenario.content["days"])):
        yield "on no day"
    if "key" in call and ":user/" not in by:
        yield "only users have keys"
    if "session" in call and scenario.sessions.get(call["session"], {}).get("of") != by:
        yield f"{by} has no session {call['session']}"


def _refused_call(scenario: Scenario, call: Json) -> Iterator[str]:
    by = call["by"]
    if by not in scenario.principals or call.get("error") or call["action"] in ALWAYS_ALLOWED:
        return
    if not allowed(statements_of(scenario.documents_of(by)), scenario.request(call)):
        yield f"{call['action']} on {call['resource']} isn't allowed by the policies of {by}"


def _check_mistakes(scenario: Scenario) -> Iterator[str]:
    checks, known = scenario.checks, set(scenario.principals)
    yield from _unknown_keys("checks", "checks", checks)
    for check in checks.get("users", ()):
        yield from (f"checks.users {check['user']}: {mistake}" for mistake in _user_check_mistakes(scenario, check))
    for check in checks.get("merges", ()):
        yield from _unknown_keys("merge check", "checks.merges", check)
        if len(set(check["members"])) < 2 or set(check["members"]) - known:
            yield f"checks.merges: fewer than two members of the scenario: {check['members']}"
        if "state" in check and not set(as_list(check["state"])) <= set(STATES):
            yield "checks.merges: no such state"
    for pair in checks.get("never_together", ()):
        if len(set(pair)) != 2 or set(pair) - known:
            yield f"checks.never_together: not two principals of the scenario: {pair}"
    for check in checks.get("leftovers", ()):
        yield from _unknown_keys("leftover check", "checks.leftovers", check)
        if check["kind"] not in LEFTOVERS:
            yield f"checks.leftovers: no such kind {check['kind']}"
    for check in checks.get("splits", ()):
        yield from (f"checks.splits {check['role']}: {mistake}" for mistake in _split_check_mistakes(scenario, check))
    for key in ("not_split", "never_safe"):
        for check in checks.get(key, ()):
            yield from _unknown_keys("role check", f"checks.{key}", check)
            if check["role"] not in known or ":role/" not in check["role"]:
                yield f"checks.{key}: {check['role']} isn't a role of the scenario"


def _split_check_mistakes(scenario: Scenario, check: Json) -> Iterator[str]:
    yield from _unknown_keys("split check", "check", check)
    parts = check.get("parts", [])
    for part in parts:
        yield from _unknown_keys("part check", "parts", part)
    listed = [label for part in parts for label in part["sessions"]]
    own = {label for label, session in scenario.sessions.items() if session["of"] == check["role"]}
    if len(parts) == 1 or len(set(listed)) != len(listed) or not set(listed) <= own:
        yield "parts: not two or more with sessions of the role, each session once"
    if not own:
        yield "the role has no sessions"
    if not set(as_list(check.get("state"))) <= set(STATES):
        yield "no such state"
    if unknown := {*check.get("against", ()), *check.get("not_against", ())} - set(SPLIT_AGAINST):
        yield f"against: unknown {', '.join(sorted(unknown))}"


def _user_check_mistakes(scenario: Scenario, check: Json) -> Iterator[str]:
    yield from _unknown_keys("user check", "check", check)
    yield from _unknown_keys("target", "goes_to", check.get("goes_to", {}))
    if check["user"] not in scenario.users:
        yield "isn't a user of the scenario"
    known = {"kind": USER_KINDS, "state": STATES, "against": AGAINST, "not_against": AGAINST, "findings": FINDINGS}
    for key, values in {**known, "not_findings": FINDINGS, "evidence": EVIDENCE}.items():
        if unknown := set(as_list(check.get(key))) - set(values):
            yield f"{key}: unknown {', '.join(sorted(unknown))}"
    if not set(as_list(check.get("goes_to", {}).get("kind"))) <= set(TARGETS):
        yield "goes_to: no such kind"
