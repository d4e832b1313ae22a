"""What a plan promised to decide is used, removed, open or gone, by what a review says of it today."""

from __future__ import annotations

from lpgen.core.analysis.grants.principal_grants import grants_from_principals
from lpgen.core.model import Action
from lpgen.core.observe.open_uses import OutcomeStatus, Promise, outcomes_of_plan
from lpgen.core.options import Options
from lpgen.edge.catalog.files import bundled_catalog
from tests.support.diffs import diff_usage
from tests.support.worlds import allow, policy, role, usage_of, use

GRANTED = ["sqs:ListQueues", "sqs:CreateQueue", "sqs:SendMessage"]


def test_outcomes_say_what_a_review_says_today() -> None:
    app, catalog = role(policy(allow(GRANTED))), bundled_catalog()
    usage = usage_of({app.arn: [use("sqs:ListQueues")]})
    diff = diff_usage(usage, grants_from_principals([app], catalog), catalog, Options())
    promises = [Promise(app.arn, Action(one)) for one in (*GRANTED, "sqs:DeleteQueue")]
    promises.append(Promise("arn:aws:iam::111122223333:role/deleted", Action("sqs:SendMessage")))
    found = outcomes_of_plan(
        [*promises, promises[0]], {principal.principal.arn: principal for principal in diff.principals}
    )
    statuses = {(outcome.promise.principal, outcome.promise.action): outcome.status for outcome in found}
    assert len(found) == len(promises)
    assert [statuses[promise.principal, promise.action] for promise in promises] == [
        OutcomeStatus.USED,
        OutcomeStatus.REMOVED,
        OutcomeStatus.OPEN,
        OutcomeStatus.GONE,
        OutcomeStatus.GONE,
    ]
    assert [outcome.promise for outcome in found if outcome.why] == [Promise(app.arn, Action("sqs:SendMessage"))]
