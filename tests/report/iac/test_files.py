"""The folder of code: a file per principal, what isn't safe apart, and what isn't written said."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from markdown_it import MarkdownIt

from lpgen.report.iac.files import CodeForm
from tests.report.cases import with_detach
from tests.report.golden import check_golden
from tests.report.hostile import ALLOWED_TAGS, CORPUS, PageReader, poison
from tests.report.rendered import code_files
from tests.report.reports import organization
from tests.report.safe_cases import applied, deployer, storefront
from tests.report.unsafe_cases import failing


@pytest.mark.parametrize("form", CodeForm)
def test_code_files_print_the_golden_readme(form: CodeForm) -> None:
    check_golden(f"code-{form}-README.md", code_files(organization().proposals, form)[f"{form}/README.md"])


@pytest.mark.parametrize(("form", "ending"), [(CodeForm.TERRAFORM, "tf"), (CodeForm.CLOUDFORMATION, "yaml")])
def test_code_files_put_apart_what_is_not_safe(form: CodeForm, ending: str) -> None:
    files = code_files([deployer().proposal(), failing().proposal()], form)
    assert f"{form}/111122223333/platform-deployer.{ending}" in files
    assert f"{form}/444455556666/not-safe-yet/partner-share.{ending}" in files
    assert [name for name in files if "partner-share" in name and "not-safe-yet" not in name] == []


@pytest.mark.parametrize(("form", "ending"), [(CodeForm.TERRAFORM, "tf"), (CodeForm.CLOUDFORMATION, "yaml")])
def test_code_files_keep_what_is_in_place_where_it_was(form: CodeForm, ending: str) -> None:
    files = code_files([applied().proposal()], form)
    text = files[f"{form}/111122223333/price-watcher.{ending}"]
    assert "NOT SAFE YET" not in text
    assert "NotSafeYet" not in text


@pytest.mark.parametrize("form", CodeForm)
def test_code_files_never_take_away_what_they_made(form: CodeForm) -> None:
    proposal = deployer().proposal()
    assert proposal.replacement
    made = [document.name for document in proposal.replacement.documents if not document.inline]
    arns = tuple(f"arn:aws:iam::111122223333:policy/lpgen/{name}" for name in made)
    other = "arn:aws:iam::111122223333:policy/lpgen/lpgen-another"
    files = code_files([with_detach(proposal, managed=(*arns, other))], form)
    (text,) = (text for name, text in files.items() if "platform-deployer" in name)
    assert made
    assert other in text
    said = "\n".join(
        splitline for splitline in text.splitlines() if not splitline.startswith("  id = ")
    )  # which adopts a policy
    assert not any(re.search(rf"{re.escape(arn)}(?![\w-])", said) for arn in arns)


def test_code_files_leave_out_what_has_no_replacement() -> None:
    files = code_files(organization().proposals, CodeForm.TERRAFORM)
    assert not any("mesh-router" in name or "break-glass" in name for name in files)
    assert {name.rpartition("/")[0] for name in files if name.endswith("versions.tf")} == {
        name.rpartition("/")[0] for name in files if name.endswith(".tf") and not name.endswith("versions.tf")
    }


@pytest.mark.parametrize("form", CodeForm)
def test_code_files_are_the_same_in_any_order_and_change_only_where_a_principal_does(form: CodeForm) -> None:
    proposals = organization().proposals
    files = code_files(proposals, form)
    assert files == code_files(proposals[::-1], form)
    assert list(files) == sorted(files)
    without = code_files([proposal for proposal in proposals if proposal.diff.principal.name != "storefront-api"], form)
    changed = {name for name in files.keys() | without.keys() if files.get(name) != without.get(name)}
    assert all("storefront-api" in name for name in changed)
    assert storefront().name == "storefront-api"


@pytest.mark.parametrize("form", CodeForm)
@pytest.mark.parametrize("text", [*CORPUS, "x" * 300])
def test_code_files_take_no_path_or_page_from_a_name(form: CodeForm, text: str) -> None:
    proposal = deployer().proposal()
    assert proposal.replacement
    principal = poison(proposal.diff.principal, lambda _old: text if text.isalpha() else f"../{text}")
    named = replace(proposal, replacement=replace(proposal.replacement, principal=principal))
    files = code_files([named], form)
    assert list(files) == [f"{form}/README.md"]
    page = PageReader(MarkdownIt("commonmark").render(files[f"{form}/README.md"]))
    assert page.tags <= ALLOWED_TAGS
    assert "## Not written" in files[f"{form}/README.md"]
