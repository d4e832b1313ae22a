"""The proof that nothing new is allowed, against requests whose values it can't know."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st

from lpgen.core.analysis.verification.containment import check_within_grants
from lpgen.core.analysis.verification.documents import WrittenDocument, new_allows
from lpgen.core.iam.authorize import decide
from lpgen.core.iam.decision import AbsentKeys, PolicySet, Request, Result
from lpgen.core.iam.policy import policy_from_json
from lpgen.core.model import Policy, Resource, ResourceKind
from lpgen.core.replacements import CheckStatus
from tests.support.law_examples import examples
from tests.support.variable_patterns import Values, contexts, patterns, resources, wider_patterns
from tests.support.worlds import allow, catalog, grants_of, policy, role

ACTION = "sns:Publish"
versions = st.sampled_from(["2012-10-17"] * 4 + ["2008-10-17"])
"""Before 2012-10-17, `${` is literal text."""


@settings(max_examples=examples(600), deadline=None)
@given(st.data(), patterns, contexts, versions, versions)
def test_what_is_proven_within_the_old_grants_has_no_counterexample(
    data: st.DataObject, pattern: str, context: Values, old_version: str, new_version: str
) -> None:
    others = st.one_of(wider_patterns(pattern), wider_patterns(pattern), patterns, st.just(pattern))
    before = data.draw(st.lists(others, min_size=1, max_size=3))
    is_outside = data.draw(st.sampled_from([False, False, True]))
    held = policy(_statement(before, is_outside=is_outside), version=old_version)
    document = json.dumps({"Version": new_version, "Statement": allow(ACTION, pattern)})
    written = WrittenDocument("policy-1.json", False, policy_from_json(document, place="policy-1.json"))
    check = check_within_grants(new_allows([written], catalog()), grants_of(role(held)))
    event(f"the check has {check.status}")
    if check.status is not CheckStatus.PASSED:
        return
    assert held.document is not None
    for resource in data.draw(st.lists(resources(pattern, context), min_size=5, max_size=5)):
        if _allows(written.policy, resource, context):
            event("the new policy allows a request")
            assert _allows(held.document, resource, context), (pattern, before, resource, context)


def _statement(resources: list[str], *, is_outside: bool) -> dict[str, Any]:
    statement = allow(ACTION, resources)
    if is_outside:
        statement["NotResource"] = statement.pop("Resource")
    return statement


def _allows(document: Policy, resource: str, context: Values) -> bool:
    values = {key: (value,) for key, value in context.items()}
    who = role().arn
    request = Request(who, ACTION, Resource(ResourceKind.ARN, resource), values, AbsentKeys.MISSING)
    return decide(request, PolicySet(identity=(document,)), catalog=catalog()).result is Result.ALLOWED
