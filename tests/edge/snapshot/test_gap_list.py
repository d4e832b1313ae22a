"""Gaps: what failed in the same way is told once."""

from __future__ import annotations

from lpgen.core.snapshots import Gap, Subject
from lpgen.edge.snapshot.gap_list import GapList
from lpgen.errors import AwsError

ACCOUNT = "111122223333"


def refused(where: str) -> AwsError:
    return AwsError(f"can't read {where}", code="AccessDenied")


def test_what_fails_alike_in_many_places_is_one_gap() -> None:
    gaps = GapList()
    for number in range(5):
        gaps.add(ACCOUNT, Subject.RESOURCE_POLICIES, refused(f"{number}"), what="sqs", where=f"region-{number}")
    (gap,) = gaps.gaps()
    place = "sqs in region-0, region-1, region-2 and 2 more"
    assert gap == Gap(ACCOUNT, Subject.RESOURCE_POLICIES, place, "can't read 0")


def test_other_reasons_subjects_and_accounts_stay_apart() -> None:
    gaps = GapList()
    gaps.add(ACCOUNT, Subject.RESOURCE_POLICIES, refused("a"), what="sqs", where="x")
    gaps.add(ACCOUNT, Subject.RESOURCE_POLICIES, AwsError("gone", code="Throttling"), what="sqs", where="x")
    gaps.add(ACCOUNT, Subject.RESOURCE_POLICIES, refused("a"), what="sns", where="x")
    gaps.add("", Subject.ORGANIZATION, refused("a"))
    assert len(gaps.gaps()) == 4
    assert gaps.gaps() == tuple(sorted(gaps.gaps()))


def test_only_errors_of_aws_become_gaps() -> None:
    gaps = GapList()
    with gaps.catch(ACCOUNT, Subject.TRAILS):
        raise refused("a")
    assert [str(gap) for gap in gaps.gaps()] == [f"trails ({ACCOUNT}): can't read a"]
    try:
        with gaps.catch(ACCOUNT, Subject.TRAILS):
            raise ValueError
    except ValueError:
        assert len(gaps.gaps()) == 1
    else:
        raise AssertionError("an error of ours was swallowed")
