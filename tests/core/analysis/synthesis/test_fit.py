"""Fitting: what fits is placed whole and within AWS's limits, what doesn't is refused."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from lpgen.core.analysis.synthesis.fit import FittedStatement, Purpose, Space, fit_documents, space_of
from lpgen.core.iam.limits import MANAGED_POLICY_LIMIT, ROLE_INLINE_LIMIT, USER_INLINE_LIMIT
from lpgen.core.iam.policy import policy_from_statements, policy_size, statement_from_parts
from lpgen.core.model import CURRENT_VERSION, LEGACY_VERSION, PrincipalKind


def item(service: str, actions: Sequence[str], *, version: str = CURRENT_VERSION) -> FittedStatement:
    written = statement_from_parts(sid="", actions=actions, resources=["*"])
    return FittedStatement(Purpose.USED, service, version, written, None)


def parts(whole: FittedStatement, room: int) -> Sequence[FittedStatement]:
    actions = sorted(whole.written.patterns)
    for count in range(len(actions) - 1, 0, -1):
        first = item(whole.service, actions[:count], version=whole.version)
        if first.size <= room:
            return [first, item(whole.service, actions[count:], version=whole.version)]
    return []


def names(service: str, count: int, length: int = 40) -> list[str]:
    return [f"{service}:{number:0{length}d}" for number in range(count)]


services = st.lists(
    st.tuples(st.sampled_from(["ec2", "iam", "s3", "sqs"]), st.integers(1, 400), st.booleans()), max_size=6
)


@settings(deadline=None)
@given(services)
def test_fit_documents_places_every_action_once_within_the_limits(wanted: list[tuple[str, int, bool]]) -> None:
    items = sorted(
        (
            item(f"{service}{at}", names(f"{service}{at}", count), version=LEGACY_VERSION if old else CURRENT_VERSION)
            for at, (service, count, old) in enumerate(wanted)
        ),
        key=lambda statement: (statement.version, statement.service),
    )
    space = space_of(PrincipalKind.ROLE, managed=10, inline=True)
    documents = fit_documents(items, space, split=parts)
    total = sum(statement.size for statement in items)
    if documents is None:
        assert total > space.managed * MANAGED_POLICY_LIMIT * 0.95
        return
    placed = sorted(action for document in documents for part in document.items for action in part.written.patterns)
    assert placed == sorted(action for statement in items for action in statement.written.patterns)
    sizes = [policy_size(policy_from_statements(part.written for part in document.items)) for document in documents]
    managed = [size for size, document in zip(sizes, documents, strict=True) if not document.inline]
    inline = [size for size, document in zip(sizes, documents, strict=True) if document.inline]
    assert len(managed) <= 10
    assert all(size <= MANAGED_POLICY_LIMIT for size in managed)
    assert sum(inline) <= ROLE_INLINE_LIMIT
    assert all(part.version == document.version for document in documents for part in document.items)


def test_fit_documents_keeps_a_service_together_where_it_fits() -> None:
    small = [item("ec2", names("ec2", 80)), item("s3", names("s3", 80)), item("s3", names("s3x", 10))]
    documents = fit_documents(small, Space(10, 0), split=parts)
    assert documents is not None
    assert [[part.service for part in document.items] for document in documents] == [["ec2"], ["s3", "s3"]]


def test_fit_documents_refuses_what_is_too_large() -> None:
    space = space_of(PrincipalKind.USER, managed=0, inline=True)
    assert space.inline == USER_INLINE_LIMIT
    assert fit_documents([item("s3", names("s3", 60))], space, split=parts) is None
    assert fit_documents([item("s3", names("s3", 40))], space, split=parts) is not None
