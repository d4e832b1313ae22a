"""Which requests documents refuse or allow, and what the checks of both commands share.

https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from bench.guardrails.scenario import (
    Scenario,
    account_of_caller,
    arn_of_caller,
    is_service_linked,
    region_of,
    statements_of,
)
from bench.perimeter.evaluator import Request, applies, as_list
from bench.scenario_reading import Json

_NEED_DOCUMENT: Final = frozenset(
    ("denies", "denies_list", "boundary_allows", "boundary_denies", "creator_allows", "creator_denies")
)
"""What a check without a state can ask only of a document."""


def caught(rule: Callable[..., Iterable[str]], *arguments: object) -> tuple[str, ...]:
    """The faults that a rule finds. An output of another form than the agreed one is a fault too."""
    try:
        return tuple(rule(*arguments))
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        return (f"not of the agreed form: {error!r}",)


def state_faults(check: Json, found: Json, told: object) -> Iterator[str]:
    """What a check finds wrong with a state, its reasons, and the names that the output tells."""
    kinds = {reason["kind"] for reason in found["reasons"]}
    if "state" in check and found["state"] not in as_list(check["state"]):
        yield f"{found['state']} ({', '.join(sorted(kinds))}), not {' or '.join(as_list(check['state']))}"
    if "state" not in check and found["state"] == "refused" and set(check) & _NEED_DOCUMENT:
        yield f"refused ({', '.join(sorted(kinds))}), but the check is about a document"
    if missing := sorted(set(check.get("reasons", ())) - kinds):
        yield f"no reason {', '.join(missing)}"
    if present := sorted(set(check.get("not_reasons", ())) & kinds):
        yield f"a wrong reason {', '.join(present)}"
    text = json.dumps(told)
    if unnamed := [name for name in check.get("names", ()) if json.dumps(name)[1:-1] not in text]:
        yield f"{', '.join(unnamed)} isn't named"


def scp_denies(scenario: Scenario, policy: Json, asked: Json) -> bool:
    """Whether an SCP refuses a request. SCPs restrict neither the management account, nor AWS's own callers."""
    by = arn_of_caller(asked["by"])
    account = account_of_caller(asked["by"], asked["resource"])
    if by.startswith("service:") or is_service_linked(by) or account == scenario.management:
        return False
    kind = by.split(":")[5].split("/")[0]
    context: Json = {
        "aws:PrincipalArn": by,
        "aws:PrincipalAccount": account,
        "aws:PrincipalOrgID": scenario.content["organization"]["organization"],
        "aws:PrincipalType": {"user": "User", "root": "Account"}.get(kind, "AssumedRole"),
        "aws:PrincipalIsAWSService": "false",
        "aws:ViaAWSService": "false",
        "aws:RequestedRegion": region_of(asked),
        **asked.get("context", {}),
    }
    request = request_of(asked, context)
    return any(one["Effect"] == "Deny" and applies(one, request, principal=False) for one in statements_of([policy]))


def request_of(asked: Json, context: Json) -> Request:
    """A request with these condition keys."""
    values = {key.lower(): tuple(map(_text, as_list(value))) for key, value in context.items() if value is not None}
    return Request(arn_of_caller(asked.get("by", "")), asked["action"], asked["resource"], values)


def allowed(statements: Iterable[Json], request: Request) -> bool:
    """Whether identity policies allow a request: an Allow applies, and no Deny."""
    effects = {one["Effect"] for one in statements if applies(one, request, principal=False)}
    return effects == {"Allow"}


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
