"""WAF: web ACLs and their parts, whose ARN holds the scope, the name and the id that AWS assigns.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awswafv2.html and
https://docs.aws.amazon.com/waf/latest/developerguide/waf-chapter-cloudtrail-integration.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from lpgen.core.events.rules.call import Call, Rule, RuleTable
from lpgen.core.events.rules.declared import mapped, resource_from_arn
from lpgen.core.events.rules.inferences import TAG_ON_CREATE
from lpgen.core.model import MappedAction, Resource

SOURCE: Final = "wafv2.amazonaws.com"

_SCOPES: Final = {"REGIONAL": "regional", "CLOUDFRONT": "global"}

_TYPES: Final = {
    "IPSet": "ipset",
    "ManagedRuleSet": "managedruleset",
    "RegexPatternSet": "regexpatternset",
    "RuleGroup": "rulegroup",
    "WebACL": "webacl",
}


def _read_named(call: Call, kind: str) -> Iterator[Resource]:
    """The resource that the call names by ARN, or by scope, name and id; a new one has no id yet."""
    arn = call.text("aRN") or call.text("arn") or call.text("ARN")
    if arn.startswith("arn:") and f"/{kind}/" in arn and "*" not in arn:
        yield resource_from_arn(arn)
        return
    scope, name, identifier = _SCOPES.get(call.text("scope"), ""), call.text("name"), call.text("id")
    if scope and name and "*" not in name + identifier:
        yield resource_from_arn(call.arn("wafv2", f"{scope}/{kind}/{name}/{identifier or '*'}"))


def _map_named(kind: str) -> Rule:
    def map_call(call: Call) -> tuple[MappedAction, ...]:
        found = tuple(_read_named(call, kind))
        main = mapped(f"wafv2:{call.operation}", found)
        if call.operation.startswith("Create") and call.has("tags"):
            return (main, mapped("wafv2:TagResource", found, how=TAG_ON_CREATE))
        return (main,)

    return map_call


RULES: RuleTable = {
    (SOURCE, f"{verb}{name}"): _map_named(kind)
    for name, kind in _TYPES.items()
    for verb in ("Create", "Get", "Update", "Delete")
    if name != "ManagedRuleSet" or verb == "Get"
}
