"""Who owns a principal."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lpgen.core.analysis.caveats.incomplete_logs import LogsCaveat
from lpgen.report.summary import PrincipalSummary
from lpgen.report.views import PrincipalView
from lpgen.report.words import Owner, owner_of
from tests.report.safe_cases import storefront
from tests.support.registry_examples import example_caveat


def summary(*, path: str = "/", tags: tuple[tuple[str, str], ...] = (), accepted_by: str = "") -> PrincipalSummary:
    found = PrincipalView(storefront().proposal()).summary
    accepted = (replace(example_caveat(LogsCaveat.YOUNG), accepted_by=accepted_by),) if accepted_by else ()
    return replace(found, principal=replace(found.principal, path=path, tags=tags), accepted=accepted)


@pytest.mark.parametrize("key", ["owner", "Owner", "team", "TEAM", "squad", "acme:owner", "acme/Team"])
def test_a_tag_names_the_owner_before_all_else(key: str) -> None:
    found = summary(path="/app/", tags=((key, " payments "), ("stage", "prod")), accepted_by="ops: known")
    assert owner_of(found) == Owner("payments", f"tag {key}")


def test_of_several_tags_owner_counts_before_team() -> None:
    assert owner_of(summary(tags=(("Team", "payments"), ("owner", "ada")))) == Owner("ada", "tag owner")


def test_an_empty_tag_and_one_with_another_meaning_name_nobody() -> None:
    tags = (("owner", " "), ("ownership-model", "x"), ("aws:cloudformation:stack-name", "y"))
    assert owner_of(summary(tags=tags)) is None


def test_who_accepted_a_reason_counts_before_the_path() -> None:
    assert owner_of(summary(path="/app/", accepted_by="ops: known: since June")) == Owner("ops", "decision")


def test_the_first_part_of_the_path_counts_last() -> None:
    assert owner_of(summary(path="/app/web/")) == Owner("app", "path")


@pytest.mark.parametrize("path", ["/", "/service-role/", "/aws-service-role/x/", "/aws-reserved/sso.amazonaws.com/"])
def test_paths_that_aws_gives_name_nobody(path: str) -> None:
    assert owner_of(summary(path=path)) is None
