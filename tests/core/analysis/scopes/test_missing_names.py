"""Names of what wasn't there keep an action and make no scope."""

from __future__ import annotations

from dataclasses import replace

from lpgen.core.analysis.synthesis.lines import MISSING_NAME
from lpgen.core.evidence import Use
from lpgen.core.findings import PrincipalDiff
from lpgen.core.model import Outcome, Resource, ResourceKind
from tests.core.analysis.test_diff import caveats, diff_of
from tests.support.worlds import allow, policy, role, use

BUCKET = "arn:aws:s3:::data"
QUEUE = "arn:aws:sqs:us-east-1:111122223333:"


def scopes(found: PrincipalDiff) -> dict[str, set[str]]:
    lines: dict[str, set[str]] = {}
    for line in found.draft.lines:
        lines.setdefault(line.action, set()).update(line.scope.resources)
    return lines


def missing(action: str, name: str, error: str = "NoSuchBucket") -> Use:
    return use(action, name, error=error)


def test_missing_name_keeps_the_old_scope_and_says_why() -> None:
    found = diff_of(role(policy(allow("s3:ListBucket", "arn:aws:s3:::data*"))), [missing("s3:ListBucket", BUCKET)])
    (line,) = found.draft.lines
    assert (line.action, line.scope.resources, line.rule) == (
        "s3:ListBucket",
        ("arn:aws:s3:::data*",),
        MISSING_NAME.name,
    )
    assert line.evidence is not None
    assert line.evidence.example_resource == BUCKET
    assert found.assessment.open_caveats == ()


def test_missing_name_makes_no_pattern() -> None:
    probes = [missing("sqs:SendMessage", f"{QUEUE}job-{at:08x}", "QueueDoesNotExist") for at in range(8)]
    real = use("sqs:SendMessage", f"{QUEUE}jobs")
    found = diff_of(role(policy(allow("sqs:*"))), [*probes, real])
    assert scopes(found)["sqs:SendMessage"] == {f"{QUEUE}jobs"}
    known = [use(probe.action, probe.resource.text) for probe in probes]
    assert scopes(diff_of(role(policy(allow("sqs:*"))), known))["sqs:SendMessage"] == {
        use.resource.text for use in known
    }


def test_missing_name_counts_once_something_of_that_name_was_there() -> None:
    created = use("s3:CreateBucket", BUCKET)
    found = diff_of(role(policy(allow("s3:*"))), [missing("s3:ListBucket", BUCKET), created])
    assert scopes(found)["s3:ListBucket"] == {BUCKET}
    denied = use("s3:CreateBucket", BUCKET, outcome=Outcome.DENIED)
    found = diff_of(role(policy(allow("s3:*"))), [missing("s3:ListBucket", BUCKET), denied])
    assert scopes(found)["s3:ListBucket"] == {"*"}


def test_missing_name_keeps_a_statement_that_no_other_name_shows() -> None:
    two = policy(allow("s3:ListBucket", "arn:aws:s3:::logs*"), allow("s3:ListBucket", "arn:aws:s3:::data*"))
    uses = [missing("s3:ListBucket", BUCKET), use("s3:ListBucket", "arn:aws:s3:::logs-1")]
    assert scopes(diff_of(role(two), uses))["s3:ListBucket"] >= {"arn:aws:s3:::data*"}


def test_missing_names_without_end_are_no_reason_for_a_wide_scope() -> None:
    overflow = replace(missing("s3:DeleteObject", "*", "NoSuchKey"), resource=Resource(ResourceKind.OVERFLOW))
    found = diff_of(role(policy(allow("s3:*"))), [overflow, use("s3:DeleteObject", f"{BUCKET}/a/b")])
    assert scopes(found)["s3:DeleteObject"] == {f"{BUCKET}/a/b"}
    assert caveats(found) == set()


def test_missing_name_outside_the_grants_still_wants_an_explanation() -> None:
    found = diff_of(role(policy(allow("s3:ListBucket", "arn:aws:s3:::logs*"))), [missing("s3:ListBucket", BUCKET)])
    assert [caveat.item for caveat in found.assessment.open_caveats] == ["unexplained s3:ListBucket"]
