"""WAF: web ACLs and their parts, whose ARN holds the scope, the name and the id that AWS assigns.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awswafv2.html and
https://docs.aws.amazon.com/waf/latest/developerguide/waf-chapter-cloudtrail-integration.html; a call that makes a
resource refer to others needs access to those too:
https://docs.aws.amazon.com/waf/latest/developerguide/waf-api-permissions-ref.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from lpgen.core.cloudtrail.records import Json
from lpgen.core.cloudtrail.rules.call import Call, Rule, RuleTable, texts_at, values_at
from lpgen.core.cloudtrail.rules.inferences import TAG_ON_CREATE
from lpgen.core.cloudtrail.rules.listed import exact, fold, is_arn_of
from lpgen.core.cloudtrail.rules.types import mapped, resource_from_arn
from lpgen.core.globs.match import has_wildcard
from lpgen.core.model import MappedAction, Resource

_SOURCE: Final = "wafv2.amazonaws.com"

_SCOPES: Final = {"REGIONAL": "regional", "CLOUDFRONT": "global"}

_TYPES: Final = {
    "IPSet": "ipset",
    "ManagedRuleSet": "managedruleset",
    "RegexPatternSet": "regexpatternset",
    "RuleGroup": "rulegroup",
    "WebACL": "webacl",
}


_ARN_KEYS: Final = ("aRN", "arn", "ARN")


def _read_named(call: Call, kind: str) -> Iterator[Resource]:
    """The resource that the call names by ARN, or by scope, name and id; a new one has no id yet."""
    arn = call.text("aRN") or call.text("arn") or call.text("ARN")
    if arn.startswith("arn:") and f"/{kind}/" in arn and not has_wildcard(arn):
        yield resource_from_arn(arn)
        return
    scope, name, identifier = _SCOPES.get(call.text("scope"), ""), call.text("name"), call.text("id")
    if scope and name and not has_wildcard(name + identifier):
        yield resource_from_arn(call.arn("wafv2", f"{scope}/{kind}/{name}/{identifier or '*'}"))


def _read_referenced(call: Call) -> Iterator[Resource]:
    """The resources that the rules of the request refer to: sets and rule groups by ARN, and any managed rule set."""
    open_values: list[object] = list(values_at(call.request, ("rules",)))
    while open_values:
        value = open_values.pop()
        if isinstance(value, list):
            open_values.extend(value)
        elif isinstance(value, dict):
            open_values.extend(value.values())
            yield from _read_reference(call, value)


def _read_reference(call: Call, statement: Json) -> Iterator[Resource]:
    for key in _ARN_KEYS:
        arn = statement.get(key)
        if isinstance(arn, str) and is_arn_of(arn, "wafv2"):
            yield exact(arn)
    scope = _SCOPES.get(call.text("scope"), "")
    if scope and "vendorName" in statement:
        yield fold(call.arn("wafv2", f"{scope}/managedruleset/"), "*")


def _map_named(kind: str) -> Rule:
    def map_call(call: Call) -> tuple[MappedAction, ...]:
        found = tuple(_read_named(call, kind))
        main = mapped(f"wafv2:{call.operation}", (*found, *_read_referenced(call)) if found else ())
        if call.operation.startswith("Create") and call.has("tags"):
            return (main, mapped("wafv2:TagResource", found, how=TAG_ON_CREATE))
        return (main,)

    return map_call


def _map_rate_based_keys(call: Call) -> tuple[MappedAction, ...]:
    """GetRateBasedStatementManagedKeys, which names its web ACL in parameters of its own."""
    scope, name, identifier = _SCOPES.get(call.text("scope"), ""), call.text("webACLName"), call.text("webACLId")
    named = scope and name and identifier and not has_wildcard(name + identifier)
    web_acl = (exact(call.arn("wafv2", f"{scope}/webacl/{name}/{identifier}")),) if named else ()
    return (mapped("wafv2:GetRateBasedStatementManagedKeys", web_acl),)


def _map_put_versions(call: Call) -> tuple[MappedAction, ...]:
    """PutManagedRuleSetVersions, on the managed rule set and the rule groups that become its versions."""
    groups = (
        arn for arn in texts_at(list(_new_versions(call)), ("associatedRuleGroupArn",)) if is_arn_of(arn, "wafv2")
    )
    found = tuple(_read_named(call, "managedruleset"))
    return (mapped("wafv2:PutManagedRuleSetVersions", (*found, *map(exact, groups)) if found else ()),)


def _new_versions(call: Call) -> Iterator[object]:
    """The versions to publish, which the request holds by their names."""
    for versions in values_at(call.request, ("versionsToPublish",)):
        if isinstance(versions, dict):
            yield from versions.values()


RULES: RuleTable = {
    (_SOURCE, f"{verb}{name}"): _map_named(kind)
    for name, kind in _TYPES.items()
    for verb in ("Create", "Get", "Update", "Delete")
    if name != "ManagedRuleSet" or verb == "Get"
} | {
    (_SOURCE, "GetRateBasedStatementManagedKeys"): _map_rate_based_keys,
    (_SOURCE, "UpdateManagedRuleSetVersionExpiryDate"): _map_named("managedruleset"),
    (_SOURCE, "PutManagedRuleSetVersions"): _map_put_versions,
}
