"""A verification as a page: the outcome, the checks on the folder, failed replacements, then passed checks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lpgen.core.replacements import CheckStatus, OutputVerification, Verification
from lpgen.report.blocks import (
    Block,
    Bullets,
    Fold,
    Heading,
    Item,
    Paragraph,
    Span,
    bad,
    bullets,
    count,
    good,
    line,
    name,
    plural,
)
from lpgen.report.pages.principal import check_item
from lpgen.report.words import label_of


def verification_page(verification: OutputVerification) -> tuple[Block, ...]:
    """The page of a verification. Replacements that didn't pass come first; otherwise, the order is unchanged."""
    ordered = sorted(verification.principals, key=lambda principal: _RANK[principal.status])
    return (
        Heading(line("lpgen verify"), level=1),
        Paragraph(line(_outcome(verification))),
        *_folder(verification),
        *(_fold(principal) for principal in ordered if principal.status is not CheckStatus.PASSED),
        *_passed([principal for principal in ordered if principal.status is CheckStatus.PASSED]),
    )


def _folder(verification: OutputVerification) -> Iterable[Block]:
    if verification.checks:
        yield Bullets(tuple(check_item(check, most=50) for check in verification.checks))
    if verification.choices:
        yield Paragraph(line("Generated with these options: ", name(", ".join(verification.choices)), "."))
    if verification.changed_inputs:
        yield Paragraph(
            line(
                "The folder wasn't generated again because its inputs have changed. Give the original inputs, or run ",
                name("lpgen generate"),
                " again.",
            )
        )


def _passed(verifications: Sequence[Verification]) -> Iterable[Block]:
    """The checks that passed, without details."""
    if verifications:
        names = dict.fromkeys(check.name for verification in verifications for check in verification.checks)
        examined = sum(check.examined for verification in verifications for check in verification.checks)
        number = plural(len(verifications), "replacement")
        yield Paragraph(line(f"{number} passed all checks ({plural(examined, 'item')} examined):"))
        yield bullets(*names)
        yield Paragraph(
            line(name("lpgen review"), " shows what the logs can't show and why a replacement isn't called safe.")
        )


_RANK = {CheckStatus.FAILED: 0, CheckStatus.UNPROVEN: 1, CheckStatus.PASSED: 2}


def _outcome(verification: OutputVerification) -> Span:
    principals = verification.principals
    if not principals:
        return bad("Failed: no replacements to verify.")
    number = {status: sum(principal.status is status for principal in principals) for status in CheckStatus}
    if number[CheckStatus.PASSED] < len(principals):
        parts = [f"{count(found)} {status}" for status, found in number.items() if found]
        return bad(f"Not proven safe: of {plural(len(principals), 'replacement')}, {', '.join(parts)}.")
    if verification.status is not CheckStatus.PASSED:
        return bad("Failed: the folder differs from what lpgen generated.")
    return good(f"Passed: {plural(len(principals), 'replacement')}.")


def _fold(failed: Verification) -> Fold:
    checks = tuple(check_item(check, most=50) for check in failed.checks)
    items = checks or (Item(line(bad("failed"), "  no check ran")),)
    return Fold(line(name(label_of(failed.principal)), "  ", bad(failed.status)), (Bullets(items),))
