"""What is true of every answer about a user, and of the leftovers, whatever the scenario checks."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from bench.perimeter.records import key_of
from bench.perimeter.scenario_files import account_of
from bench.roles.leftovers import leftovers_of
from bench.roles.merge_laws import documents_in, new_dangers, new_for_all, refused_calls
from bench.roles.scenario import Scenario
from bench.roles.scenario_files import AGAINST, EVIDENCE, FINDINGS, LEFTOVERS, STATES, TARGETS, USER_KINDS
from bench.scenario_reading import Json

_SHOWN: Final = 3
_RESERVED: Final = "role/aws-reserved/sso.amazonaws.com/"


def parts_of(scenario: Scenario) -> list[str]:
    """The parts of the output that the scenario's options ask for."""
    options = scenario.content.get("options", [])
    asked = [after for before, after in pairwise(options) if before == "--only"]
    return asked or ["users", "merges", "splits", "leftovers"]


def broken_list_laws(scenario: Scenario, output: Json) -> Iterator[str]:
    """Whether the output has all users, and exactly what is left over."""
    parts = parts_of(scenario)
    told = [found["user"] for found in output["users"]] if "users" in parts else []
    is_whole = "--principal" not in scenario.content.get("options", [])
    if "users" in parts and is_whole and sorted(told) != sorted(scenario.users):
        yield f"the users are {', '.join(told)}"
    if "leftovers" not in parts or not is_whole:
        return
    listed = [(found["kind"], found["arn"]) for found in output["leftovers"]]
    wanted = leftovers_of(scenario)
    if len(set(listed)) != len(listed) or any(kind not in LEFTOVERS for kind, _ in listed):
        yield "leftovers occur twice, or are of no such kind"
    for kind, arn in sorted(set(listed) - wanted):
        yield f"no {kind}: {arn}"
    empty = {arn for kind, arn in listed if kind == "empty-group"}
    for kind, arn in sorted(wanted - set(listed)):
        if kind != "group-without-policies" or arn not in empty:
            yield f"a missing {kind}: {arn}"
    if silent := [found["arn"] for found in output["leftovers"] if not found["text"].strip()]:
        yield f"no text: {', '.join(silent)}"


def broken_user_laws(scenario: Scenario, found: Json) -> Iterator[str]:
    """The laws that an answer about a user breaks, a sentence each."""
    yield from _form_faults(found)
    yield from _step_faults(found)
    yield from _key_faults(scenario, found)
    yield from _target_faults(scenario, found)


def _form_faults(found: Json) -> Iterator[str]:
    kinds = {one["kind"] for one in found["against"]}
    if found["kind"] not in USER_KINDS or found["state"] not in STATES or kinds - set(AGAINST):
        yield f"no such kind, state or reason: {found['kind']}, {found['state']}, {', '.join(sorted(kinds))}"
    if (found["state"] == "safe") != (not kinds):
        yield f"a user is {found['state']} with {', '.join(sorted(kinds)) or 'nothing'} against it"
    if unknown := {one["kind"] for one in found["evidence"]} - set(EVIDENCE):
        yield f"no such evidence: {', '.join(sorted(unknown))}"
    if unknown := {one["kind"] for one in found["findings"]} - set(FINDINGS):
        yield f"no such finding: {', '.join(sorted(unknown))}"
    if not all(one["text"].strip() for one in (*found["evidence"], *found["against"])):
        yield "evidence or reasons without a text"
    if found["kind"] not in ("unused", "unknown") and not found["evidence"]:
        yield f"a {found['kind']} without evidence"
    target = found["goes_to"]
    if target and (target["kind"] not in TARGETS or not 0 <= target["harmful"] <= target["over_grant"]):
        yield f"no such target: {target}"


def _step_faults(found: Json) -> Iterator[str]:
    """Deactivating comes before deleting, deleting is the last step, and each step has a check.

    Keys that are inactive need no deactivating. Deleting a password is no such step: it does for the console what
    deactivating does for a key, and IAM can create another one.
    """
    steps = found["steps"]
    if not steps or not all(one["text"].strip() and one["check"].strip() for one in steps):
        yield "no steps, or a step without a text or check"
        return
    if "delet" not in steps[-1]["text"].lower():
        yield f"the last step deletes nothing: {steps[-1]['text']}"
    texts = [one["text"].strip().lower() for one in steps]
    deleting = [at for at, text in enumerate(texts) if text.startswith("delete") and "password" not in text]
    deactivating = [at for at, text in enumerate(texts) if "deactivat" in text]
    if any(key["active"] is not False for key in found["keys"]) and not deactivating:
        yield "keys are never deactivated"
    if deleting and deactivating and min(deleting) < min(deactivating):
        yield "a step deletes before one deactivates"
    if deleting and deleting != list(range(deleting[0], len(steps))):
        yield "steps follow those that delete"


def _key_faults(scenario: Scenario, found: Json) -> Iterator[str]:
    """Every key in the logs and of the user is listed."""
    user = found["user"]
    seen = {
        call.get("key") or key_of("AKIA", user)
        for call in scenario.seen_calls
        if call["by"] == user and not call.get("console")
    }
    told = [one["id"] for one in found["keys"]]
    known = {one["id"] for one in scenario.principals[user].get("keys", ())}
    if missing := sorted((seen | known) - set(told)):
        yield f"keys are missing: {', '.join(missing)}"
    if len(set(told)) != len(told):
        yield "a key occurs twice"
    if made_up := sorted(key for key in set(told) - seen - known if key.startswith("AKIA")):
        yield f"keys of nobody: {', '.join(made_up)}"


def _target_faults(scenario: Scenario, found: Json) -> Iterator[str]:
    """The target allows what the user does and, if it is new, nothing dangerous more."""
    user, target = found["user"], found["goes_to"]
    if not target or target["kind"] == "question":
        return
    is_new = target["new"]
    if is_new != bool(found["policy"]):
        yield f"a {'new' if is_new else 'known'} role {'lacks' if is_new else 'has'} a policy"
        return
    role = None if is_new else role_named(scenario, account_of(user), target)
    if not is_new and role is None:
        yield f"no {target['kind']} {target['name']} exists"
        return
    documents = scenario.documents_of(role) if role else documents_in(found["policy"])
    if lost := refused_calls(scenario, user, documents, future=False):
        yield f"recorded calls are refused: {'; '.join(lost[:_SHOWN])}"
    lost = refused_calls(scenario, user, documents, future=True)
    if found["state"] == "safe" and lost:
        yield f"later calls are refused: {'; '.join(lost[:_SHOWN])}"
    if is_new and (gained := new_dangers(scenario, user, documents)):
        yield f"the user gains {'; '.join(gained[:_SHOWN])}"
    if is_new and (gained := new_for_all(scenario, [user], documents)):
        yield f"newly allowed: {'; '.join(gained[:_SHOWN])}"


def role_named(scenario: Scenario, account: str, target: Json) -> str | None:
    """The role of an account that an answer names: by its ARN, name, or permission set."""
    name = str(target["name"]).rpartition("/")[2]
    for arn in scenario.principals:
        last = arn.rpartition("/")[2]
        is_set = _RESERVED in arn and last.startswith(f"AWSReservedSSO_{name}_")
        if ":role/" in arn and account_of(arn) == account and (name == last or is_set):
            return arn
    return None
